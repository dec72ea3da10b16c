"""Batches with real Arrow payloads, a processor as a child process, and questions to the store."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from ingest.processor.arrow import schema_of
from ingest.store.client import StoreClient
from tests.running import ROOT, RunningStore, ended, until, viflux
from viflux.clock import Clock, SystemClock
from viflux.paths import DataPaths
from viflux.registry import COLUMNS, KINDS, Type
from viflux.spool import Batch, SpoolReader, SpoolWriter

COUNTERS, LEDGER, INVENTORY, EVENTS = "counters.netlink", "ledger.agent", "inventory.netlink", "events.agent"
FLOWS = "flows.ipfix"
SECOND = 10**9
MINUTE = 60 * SECOND
DAY = 86_400 * SECOND
_EMPTY: dict[Type, Any] = {
    Type.TEXT: "",
    Type.LABEL: "",
    Type.CODE: "",
    Type.ADDRESS: bytes(16),
    Type.BOOL: False,
    Type.ADDRESSES: [],
    Type.LENGTHS: [],
}


def payload_of(kind: str, rows: Sequence[dict[str, Any]]) -> bytes:
    """One Arrow IPC stream as the native core makes it.

    Columns that are not named are empty or zero; of a wide kind they are not there, and a value that is not named is
    null.
    """
    if KINDS[kind].wide:
        return encoded(wide_batch(kind, rows), "lz4")
    table = {
        name: [row.get(name, None if COLUMNS[name].nullable else _EMPTY.get(COLUMNS[name].type, 0)) for row in rows]
        for name in KINDS[kind].record
    }
    return encoded(pa.RecordBatch.from_pydict(table, schema=schema_of(kind)), "zstd")


def wide_batch(kind: str, rows: Sequence[dict[str, Any]]) -> pa.RecordBatch:
    """A batch with those columns that any row has; a code's dictionary is always the whole table of its texts."""
    schema = pa.schema([field for field in schema_of(kind) if any(field.name in row for row in rows)])
    return pa.RecordBatch.from_arrays(
        [_wide_array(field, [row.get(field.name) for row in rows]) for field in schema], schema=schema
    )


def _wide_array(field: pa.Field, values: list[Any]) -> pa.Array:
    names = COLUMNS[field.name].names
    if not names:
        return pa.array(values, field.type)
    codes = pa.array([None if value is None else names.index(value) for value in values], pa.uint8())
    return pa.DictionaryArray.from_arrays(codes, pa.array(names, pa.string()))


def encoded(batch: pa.RecordBatch, compression: str) -> bytes:
    """One Arrow IPC stream with compressed buffers."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as stream:
        stream.write_batch(batch)
    return sink.getvalue().to_pybytes()


def v4(*octets: int) -> bytes:
    """An IPv4 address as a batch has it."""
    return bytes(10) + b"\xff\xff" + bytes(octets)


def batch_of(stream: str, rows: Sequence[dict[str, Any]], statement: int = 0) -> Batch:
    kind = stream.partition(".")[0]
    return Batch(
        stream=stream,
        kind=kind,
        version=KINDS[kind].version,
        rows=len(rows),
        first_time_ns=min(row["time"] for row in rows),
        last_time_ns=max(row["time"] + (0 if KINDS[kind].time_is_end else row.get("duration_ns", 0)) for row in rows),
        payload=payload_of(kind, rows),
        statement=statement,
    )


def sweep(start_ns: int, vifs: int = 3, *, duration_ns: int = 10 * SECOND, **changed: Any) -> list[dict[str, Any]]:
    """One counters row a VIF; VIF n has n times as many bytes."""
    return [
        {
            "time": start_ns,
            "duration_ns": duration_ns,
            "vif_id": vif,
            "delta_kind": "clean",
            "rx_bytes": vif * 1000,
            "tx_bytes": vif * 10,
            "rx_packets": vif,
            **changed,
        }
        for vif in range(1, vifs + 1)
    ]


def heartbeat(now_ns: int, watermark_ns: int, stream: str = COUNTERS) -> Batch:
    """The agent's ledger row: all events of the stream before the watermark are in the spool."""
    row = {"time": now_ns, "stage": "agent", "of_stream": stream, "watermark_time": watermark_ns}
    return batch_of(LEDGER, [row])


def open_spool(data_dir: Path, clock: Clock | None = None, **changed: Any) -> SpoolWriter:
    options = {"max_bytes": 64 << 20, "segment_bytes": 1 << 20, "keep_acknowledged_ns": 300 * 10**9, **changed}
    return SpoolWriter.open(
        DataPaths(data_dir).spool, host="host-1", boot_id="boot-1", clock=clock or SystemClock(), **options
    )


@dataclass
class RunningProcessor:
    """A processor that runs for a test."""

    process: subprocess.Popen[bytes]
    log: Path

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(30)


@contextmanager
def processor(
    store: RunningStore, *assignments: str, under: Sequence[str] = (), data_dir: Path | None = None
) -> Iterator[RunningProcessor]:
    """Run `viflux processor` against a store until the block ends."""
    folder = data_dir or store.settings.data_dir
    every = [f"store.listen={store.settings.store.listen}", "processor.linger=20ms", *assignments]
    flags = [flag for assignment in every for flag in ("--set", assignment)]
    log = folder.with_name(f"{folder.name}.processor.log")
    with log.open("ab") as stderr:
        process = subprocess.Popen(
            [*under, *viflux("processor", "--data-dir", folder, *flags)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stderr=stderr,
        )
    with ended(process, 20):
        yield RunningProcessor(process, log)


def state_of(data_dir: Path) -> dict[str, Any]:
    """What the processor has written down; empty where it has not yet."""
    try:
        found: dict[str, Any] = msgspec.json.decode((DataPaths(data_dir).processor / "spool.json").read_bytes())
    except (FileNotFoundError, msgspec.DecodeError):
        return {}
    return found


def done(data_dir: Path) -> bool:
    """Whether the cursor has reached the committed offset and no intent is open."""
    state, committed = state_of(data_dir), SpoolReader(DataPaths(data_dir).spool).committed()
    if not state or committed is None:
        return False
    behind = SpoolReader(DataPaths(data_dir).spool).has_news(type(committed)(*state["cursor"]))
    return state["intent"] is None and not behind


def wait_done(running: RunningProcessor, data_dir: Path, seconds: float = 30) -> None:
    def finished() -> bool:
        assert running.process.poll() is None, running.log.read_text()[-3000:]
        return done(data_dir)

    until("everything in the spool is stored", finished, seconds)


_clients: dict[Path, StoreClient] = {}


def ask(store: RunningStore, sql: str) -> list[dict[str, Any]]:
    """Return rows; over one client a store, for those who wait ask again and again."""
    # Not by address: a later store of the same test run may get an earlier one's port, and has another key.
    if store.settings.data_dir not in _clients:
        while _clients:
            _clients.popitem()[1].close()
        _clients[store.settings.data_dir] = store.writer()
    return _clients[store.settings.data_dir].query_rows(sql)


def assert_stored_once(store: RunningStore, expected: dict[str, int]) -> None:
    """Each batch's rows are there once: no identity is missing, short or doubled."""
    for table, rows in expected.items():
        found = ask(
            store,
            f"SELECT count() AS rows, uniqExact(spool_id, stream, sequence) AS batches FROM {table} "
            "WHERE stream NOT LIKE '%.processor'",
        )[0]
        assert found["rows"] == rows, (table, found, rows)
