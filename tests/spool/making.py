"""Making spools and batches for tests."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from viflux.clock import Clock, ManualClock
from viflux.spool import START, Batch, Damaged, Entry, Hole, Position, ReaderState, SpoolReader, SpoolWriter, Unread
from viflux.spool.position import write_state

STREAM = "counters.netlink"
NOON_NS = 1_795_348_800_000_000_000
GAP = Unread("flows.ipfix", "exporter_gap", 1, 0, "counted", NOON_NS, NOON_NS + 10**9)


def open_writer(folder: Path, clock: Clock | None = None, **changed: Any) -> SpoolWriter:
    options = {"max_bytes": 64 << 20, "segment_bytes": 1 << 20, "keep_acknowledged_ns": 300 * 10**9, **changed}
    return SpoolWriter.open(folder, host="host-1", boot_id="boot-1", clock=clock or ManualClock(NOON_NS), **options)


def payload_of(stream: str, number: int, size: int = 300) -> bytes:
    """Bytes that only this batch has, so that a mixed-up or stale frame shows."""
    return hashlib.shake_128(f"{stream}/{number}".encode()).digest(size)


def batch(number: int, stream: str = STREAM, size: int = 300, statement: int = 0) -> Batch:
    """The batch that becomes `number` in its stream; its content follows from that."""
    return Batch(
        stream=stream,
        kind=stream.partition(".")[0],
        version=1,
        rows=number % 7 + 1,
        first_time_ns=NOON_NS + number,
        last_time_ns=NOON_NS + number + 10,
        payload=payload_of(stream, number, size),
        statement=statement,
    )


def write(writer: SpoolWriter, numbers: range, size: int = 300, stream: str = STREAM) -> None:
    """Append and commit one batch at a time."""
    for number in numbers:
        writer.append([batch(number, stream, size)])
        writer.commit()


def items_of(folder: Path, cursor: Position = START) -> list[Entry | Damaged | Hole]:
    return list(SpoolReader(folder).read(cursor))


def entries_of(folder: Path, cursor: Position = START) -> list[Entry]:
    return [item for item in items_of(folder, cursor) if isinstance(item, Entry)]


def sequences(entries: list[Entry], stream: str = STREAM) -> list[int]:
    return [entry.frame.metadata.sequence for entry in entries if entry.frame.metadata.stream == stream]


def assert_true_content(entries: list[Entry]) -> None:
    for entry in entries:
        said = entry.frame.metadata
        assert entry.frame.payload == payload_of(said.stream, said.sequence, len(entry.frame.payload))


def acknowledge(folder: Path, spool_id: str, cursor: Position, open_until: Position | None = None) -> None:
    """Say, as a reader does, that everything before `cursor` is done and what follows is in an intent."""
    path = folder.parent / "processor" / "spool.json"
    path.parent.mkdir(exist_ok=True)
    open_from = cursor if open_until is not None else None
    write_state(path, ReaderState(spool_id=spool_id, cursor=cursor, open_from=open_from, open_until=open_until))


def unread_rows(folder: Path) -> int:
    """Rows lost before the spool that it still tells of: in batches, or in files of what was in evicted ones."""
    in_batches = sum(unread.rows for entry in entries_of(folder) for unread in entry.frame.metadata.unread)
    files = (folder / "losses").glob("*.json")
    lost = (loss for path in files for loss in json.loads(path.read_bytes()))
    return in_batches + sum(loss["rows"] for loss in lost if loss["cause"] == GAP.cause)


def segments_in(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.segment"))


def need_strace() -> str:
    path = shutil.which("strace")
    if path is None:
        missing("strace is not installed")
    return str(path)


def missing(part: str) -> None:
    """Skip for want of a real part; where the environment says that all must be there, fail."""
    if os.environ.get("REQUIRE_REAL_PARTS") == "1":
        pytest.fail(part)
    pytest.skip(part)
