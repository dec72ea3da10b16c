"""Batches of wide kinds: columns and values that are missing, rows that say themselves when they were received."""

from __future__ import annotations

import time
from pathlib import Path

import pyarrow as pa
import pytest

from ingest.processor.batches import UnusableBatchError, replaced_times, rows_of
from ingest.processor.intent import Intent
from ingest.processor.pieces import pieces_of
from tests.processor.making import (
    DAY,
    FLOWS,
    SECOND,
    ask,
    assert_stored_once,
    batch_of,
    encoded,
    open_spool,
    processor,
    state_of,
    v4,
    wait_done,
    wide_batch,
)
from tests.running import RunningStore, until
from viflux.clock import ManualClock
from viflux.frame import Frame, Metadata
from viflux.registry import COLUMNS, KINDS, Type
from viflux.spool import Batch, Entry, Position

NOON = 20_000 * DAY + DAY // 2
SCALARS = {
    Type.TIME: 1_700_000_000_123_456_789,
    Type.UINT64: 2**64 - 1,
    Type.COUNT: 2**64 - 1,
    Type.UINT32: 2**32 - 1,
    Type.UINT32_OR_NULL: 2**32 - 1,
    Type.UINT16: 65_535,
    Type.UINT16_OR_NULL: 65_535,
    Type.UINT8: 255,
    Type.UINT8_OR_NULL: 255,
    Type.FLOAT64: 0.125,
    Type.MAC: 2**48 - 1,
    Type.ADDRESS: bytes(range(16)),
    Type.TAGS: [1, 2**20 - 1],
    Type.ELEMENTS: [("29305/1", "00ff")],
}
ZEROS = {Type.CODE: "", Type.ADDRESS: "::", Type.TAGS: [], Type.ELEMENTS: {}}


def entry_of(payload: bytes, rows: int, sealed_ns: int = NOON, sequence: int = 1) -> Entry:
    said = Metadata(FLOWS, sequence, "flows", 1, rows, NOON, NOON, sealed_ns, "host-1", "boot-1")
    return Entry("ab" * 16, Frame(said, payload, 7, len(payload)), Position(1, sequence), Position(1, sequence + 1))


def flow(instant_ns: int, **columns: object) -> dict[str, object]:
    return {"time": instant_ns, "received_time": instant_ns, "vif_id": 7, **columns}


def value_of(name: str) -> object:
    column = COLUMNS[name]
    return column.names[-1] if column.type is Type.CODE else SCALARS[column.type]


@pytest.mark.parametrize("compression", ["lz4", "zstd"])
def test_every_column_comes_through_or_is_its_zero(tmp_path: Path, store: RunningStore, compression: str) -> None:
    """A row with all columns, one with none, and batches that have each column alone, in one piece."""
    now = time.time_ns()
    names = [name for name in KINDS["flows"].record if name not in ("time", "received_time")]
    whole = {"time": now, "received_time": now, **{name: value_of(name) for name in names}}
    batches = [[whole, {"time": now}], *([flow(now, **{name: value_of(name)})] for name in names)]
    writer = open_spool(tmp_path / "data")
    for rows in batches:
        payload = encoded(wide_batch("flows", rows), compression)
        writer.append([Batch(FLOWS, "flows", 1, len(rows), now, now, payload)])
    writer.commit()
    with processor(store) as running:
        wait_done(running, tmp_path / "data")
    assert_stored_once(store, {"flows": len(names) + 2})
    parts = ask(store, "SELECT count() AS parts FROM system.parts WHERE table = 'flows' AND level = 0 AND rows > 0")
    assert parts[0]["parts"] <= 1
    stored = ask(store, "SELECT * FROM flows ORDER BY sequence, src_port DESC")
    full, bare = stored[0], stored[1]
    for number, name in enumerate(names):
        column, alone = COLUMNS[name], stored[number + 2]
        assert alone[name] == full[name], name
        zero = None if column.nullable else ZEROS.get(column.type, 0)
        if column.type is Type.TIME:
            zero = "1970-01-01T00:00:00.000000000Z"
        assert (bare[name] or zero) == zero, name
        assert full[name] != zero, name
        others = [row[name] for at, row in enumerate(stored[2:]) if at != number and name != "vif_id"]
        assert all(other == zero for other in others), name
    assert bare["received_time"] > full["received_time"]
    assert (full["src_address"], full["mpls_labels"]) == ("1:203:405:607:809:a0b:c0d:e0f", [1, 1_048_575])
    assert (full["raw_elements"], full["source_kind"]) == ({"29305/1": "00ff"}, value_of("source_kind"))


def test_a_row_is_judged_by_when_it_was_received() -> None:
    """The time rule and the day go by the row's own received time; one that cannot be is the batch's."""
    rows = [
        flow(NOON),
        flow(NOON - 30 * 60 * SECOND, received_time=NOON - 30 * 60 * SECOND),
        flow(NOON - DAY - SECOND),
        flow(NOON - 10 * SECOND, received_time=NOON - 71 * SECOND),
        flow(NOON - 3 * DAY, received_time=NOON - 3 * DAY),
        {"time": NOON - 5 * SECOND, "vif_id": 7},
    ]
    (found,) = rows_of(entry_of(encoded(wide_batch("flows", rows), "lz4"), len(rows)))
    told = found.table.select(["time", "received_time"]).cast(
        pa.schema([("time", pa.int64()), ("received_time", pa.int64())])
    )
    assert [(row["time"], row["received_time"]) for row in told.to_pylist()] == [
        (NOON, NOON),
        (NOON - 30 * 60 * SECOND, NOON - 30 * 60 * SECOND),
        (NOON, NOON),
        (NOON - 71 * SECOND, NOON - 71 * SECOND),
        (NOON, NOON),
        (NOON - 5 * SECOND, NOON),
    ]
    assert found.table["time_origin"].to_pylist() == ["event", "event", "received", "received", "received", "event"]
    assert replaced_times(found.table) == 3
    assert found.received_bounds_ns == (NOON - 30 * 60 * SECOND, NOON)
    assert found.last_end_ns == found.last_time_ns == NOON


def test_one_block_of_batches_with_other_columns() -> None:
    """What only some have is null in others; the received time is there once."""
    entries = [
        entry_of(encoded(wide_batch("flows", [flow(NOON, src_port=1, source_kind="sflow")]), "lz4"), 1),
        entry_of(encoded(wide_batch("flows", [flow(NOON, dst_port=2)]), "zstd"), 1, sequence=2),
    ]
    intent = Intent(1, entries[0].start, entries[1].end, 2, NOON, 1000, 1 << 20)
    (piece,) = pieces_of("spool", intent, [rows for entry in entries for rows in rows_of(entry)])
    block = piece.block()
    assert block.schema.names.count("received_time") == 1
    assert all(column.num_chunks == 1 for column in block.columns)
    assert (block["src_port"].to_pylist(), block["dst_port"].to_pylist()) == ([1, None], [None, 2])
    assert block["source_kind"].to_pylist() == ["sflow", None]


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"src_port": pa.array([1], pa.uint16())}, "column time is missing"),
        ({"time": pa.array([None], pa.timestamp("ns", "UTC"))}, "column time has nulls"),
        ({"time": pa.array([NOON], pa.int64()), "colour": pa.array([1])}, "columns that it has not, or twice: colour"),
        ({"time": pa.array([NOON], pa.int64()), "src_port": pa.array(["x"])}, "not a flows batch"),
        ({"time": pa.array([NOON], pa.int64()), "src_port": pa.array([65_536])}, "not a flows batch"),
        ({"time": pa.array([NOON], pa.int64()), "src_address": pa.array([b"abcd"], pa.binary(4))}, "not a flows batch"),
    ],
)
def test_a_batch_of_another_shape_is_a_dead_letter(columns: dict[str, pa.Array], reason: str) -> None:
    """Each wrong column is refused as a whole batch, with a line that says which."""
    payload = encoded(pa.RecordBatch.from_pydict(columns), "lz4")
    with pytest.raises(UnusableBatchError, match=reason) as refused:
        rows_of(entry_of(payload, 1))
    assert refused.value.cause == "unreadable"


def test_a_code_may_come_as_text_or_with_its_own_dictionary() -> None:
    """Another writer's encoding of the same column is taken."""
    for codes in (pa.array(["ipfix"]), pa.array(["ipfix"]).dictionary_encode()):
        batch = pa.RecordBatch.from_pydict({"time": pa.array([NOON], pa.timestamp("ns", "UTC")), "source_kind": codes})
        (found,) = rows_of(entry_of(encoded(batch, "lz4"), 1))
        assert found.table["source_kind"].to_pylist() == ["ipfix"]


def test_flows_are_stored_once_through_kills_and_a_lost_cursor(tmp_path: Path, store: RunningStore) -> None:
    """What the store has is recognised by the rows' own received times."""
    now = time.time_ns()
    writer = open_spool(tmp_path / "data", ManualClock(now))
    for number in range(40):
        rows = [
            flow(now - (number * 37 + row) * SECOND, received_time=now - row * SECOND, src_address=v4(10, 0, 0, row))
            | ({"tunnel": "vxlan"} if number % 3 else {})
            for row in range(25)
        ]
        writer.append([batch_of(FLOWS, rows)])
        writer.commit()
    for _ in range(3):
        with processor(store) as running:
            until("an intent", lambda: bool(state_of(tmp_path / "data")), 20)
            running.kill()
    with processor(store) as running:
        wait_done(running, tmp_path / "data")
    (tmp_path / "data" / "processor" / "spool.json").unlink()
    with processor(store) as running:
        wait_done(running, tmp_path / "data")
        assert "other_content" not in running.log.read_text()
    assert_stored_once(store, {"flows": 1000})
    assert list((tmp_path / "data" / "deadletter").glob("*")) == []


def test_the_narrow_kinds_of_exporters_reach_their_tables(tmp_path: Path, store: RunningStore) -> None:
    """Drops, hosts and exporters: codes as texts, addresses, nulls, signed numbers."""
    now = time.time_ns()
    writer = open_spool(tmp_path / "data")
    told = {"time": now, "source_kind": "sflow", "exporter_address": v4(192, 0, 2, 1), "observation_domain_id": 3}
    rows = {
        "drops.sflow": {"drop_class": "loss", "reason": "no_buffer", "packets": 4, "src_address": v4(10, 0, 0, 1)},
        "hosts.sflow": {"host_name": "leaf-1", "load_1m": 0.5, "memory_total_bytes": 2**40, "cpu_busy_ratio": None},
        "exporters.agent": {"listener": "udp:127.0.0.1:6343", "clock_skew_ns": -5, "sampling_origin": "unknown"},
    }
    writer.append([batch_of(stream, [{**told, **row}]) for stream, row in rows.items()])
    writer.commit()
    with processor(store) as running:
        wait_done(running, tmp_path / "data")
    assert_stored_once(store, {"drops": 1, "hosts": 1, "exporters": 1})
    drop, host, exporter = (ask(store, f"SELECT * FROM {table}")[0] for table in ("drops", "hosts", "exporters"))
    assert (drop["exporter_address"], drop["src_address"]) == ("::ffff:192.0.2.1", "::ffff:10.0.0.1")
    assert (host["load_1m"], host["cpu_busy_ratio"], host["uptime_seconds"]) == (0.5, None, None)
    assert (exporter["clock_skew_ns"], exporter["source_kind"], exporter["stream"]) == (-5, "sflow", "exporters.agent")
