"""Batches of flows that are handed on as they were encoded: the same rows, by a shorter way."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from ingest.processor.batches import Rows, UnusableBatchError, rows_of
from ingest.processor.intent import Intent
from ingest.processor.pieces import Piece, pieces_of
from ingest.processor.tiers.touch import touched_minutes
from tests.collectors.test_listeners import exporter, heard
from tests.processor.making import DAY, FLOWS, SECOND, ask, assert_stored_once, open_spool, processor, wait_done
from tests.running import RunningStore
from viflux.frame import Frame, Metadata
from viflux.spool import Batch, Entry, Position

ROWS = 40


@pytest.fixture(scope="module")
def payloads() -> list[tuple[bytes, int]]:
    """Real messages of a listener with the same columns, and how many rows each has."""
    with heard() as listener, exporter(listener.address) as one:
        one.flows(ROWS // 2, announce=True)
        listener.until_rows(ROWS // 2)
        for number in range(1, 4):
            one.flows(ROWS, first_port=2000 + 100 * number)
            listener.until_rows(ROWS // 2 + number * ROWS)
        return [
            (bytes(payload), rows)
            for name, encoded in listener.messages
            if name == "flows.test"
            for payload, rows, *_ in encoded
        ]


def entry_of(payload: bytes, rows: int, sequence: int = 1, sealed_ns: int | None = None) -> Entry:
    sealed_ns = sealed_ns or time.time_ns()
    said = Metadata(FLOWS, sequence, "flows", 1, rows, sealed_ns, sealed_ns, sealed_ns, f"host-{sequence}", "boot-1")
    return Entry("ab" * 16, Frame(said, payload, 7, len(payload)), Position(1, sequence), Position(1, sequence + 1))


def learnt(payloads: list[tuple[bytes, int]]) -> list[Rows]:
    """Return the rows of all batches, none of which has to be decoded any more."""
    for payload, rows in payloads:
        rows_of(entry_of(payload, rows))
    found = [
        part
        for sequence, (payload, rows) in enumerate(payloads, 1)
        for part in rows_of(entry_of(payload, rows, sequence))
    ]
    assert all(part.glance is not None for part in found)
    return found


def piece_of(rows: list[Rows]) -> Piece:
    intent = Intent(1, rows[0].entry.start, rows[-1].entry.end, len(rows), 1, 1_000_000, 1 << 30)
    (piece,) = pieces_of("spool", intent, rows)
    return piece


def test_what_is_seen_of_a_batch_is_what_decoding_it_shows(payloads: list[tuple[bytes, int]]) -> None:
    """Rows, times, minutes and size in memory are the same, so that an intent is the same either way."""
    for part in learnt(payloads):
        (decoded,) = rows_of(replace(part.entry, frame=replace(part.entry.frame, payload=_told_anew(part.table))))
        assert decoded.glance is None
        for name in ("day", "count", "first_time_ns", "last_time_ns", "last_end_ns", "received_bounds_ns", "replaced"):
            assert getattr(part, name) == getattr(decoded, name), name
        assert part.nbytes == part.table.nbytes
        assert sorted(touched_minutes(part)) == sorted(touched_minutes(decoded))


def _told_anew(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    told = table.drop_columns(["time_origin"])
    with pa.ipc.new_stream(sink, told.schema) as stream:
        stream.write(told)
    return bytes(sink.getvalue())


def test_what_is_inserted_is_the_block(payloads: list[tuple[bytes, int]]) -> None:
    """The joined stream has every value of the block that decoding makes, with the frames' columns."""
    piece = piece_of(learnt(payloads)[-3:])
    body = piece.body()
    assert isinstance(body, bytes)
    joined = pa.ipc.open_stream(body).read_all()
    joined.validate(full=True)
    block = piece.block()
    assert joined.schema.names == block.schema.names
    assert joined.to_pylist() == block.to_pylist()


def test_batches_with_other_columns_are_one_block(payloads: list[tuple[bytes, int]]) -> None:
    """One that has a column less, or was decoded, has them all decoded."""
    rows = learnt(payloads)
    decoded = replace(rows[-1], whole=rows[-1].table.drop_columns(["src_port"]))
    block = piece_of([*rows[:-1], decoded]).body()
    assert isinstance(block, pa.Table)
    assert block["src_port"].null_count == decoded.count


def test_a_batch_that_is_not_plain_is_decoded(payloads: list[tuple[bytes, int]]) -> None:
    """A time that cannot be, a false count of rows and a damaged buffer are found, as ever."""
    payload, rows = payloads[-1]
    learnt(payloads)
    late = rows_of(entry_of(payload, rows, sealed_ns=time.time_ns() + 3 * DAY))
    assert sum(part.replaced for part in late) == rows
    with pytest.raises(UnusableBatchError, match="the frame says"):
        rows_of(entry_of(payload, rows + 1))
    with pytest.raises(UnusableBatchError, match="not a flows batch"):
        rows_of(entry_of(payload[:-100], rows))


def test_they_are_stored_once_and_in_one_part(
    tmp_path: Path, store: RunningStore, payloads: list[tuple[bytes, int]]
) -> None:
    """Each row is there once, with its batch's identity."""
    learnt(payloads)
    now = time.time_ns()
    writer = open_spool(tmp_path / "data")
    for payload, rows in payloads:
        writer.append([Batch(FLOWS, "flows", 1, rows, now - SECOND, now, payload)])
    writer.commit()
    with processor(store) as running:
        wait_done(running, tmp_path / "data")
    assert_stored_once(store, {"flows": sum(rows for _, rows in payloads)})
    stored = ask(store, "SELECT sequence, count() AS found, any(time_origin) AS origin FROM flows GROUP BY sequence")
    assert {row["sequence"]: row["found"] for row in stored} == {
        sequence: rows for sequence, (_, rows) in enumerate(payloads, 1)
    }
    assert {row["origin"] for row in stored} == {"event"}
