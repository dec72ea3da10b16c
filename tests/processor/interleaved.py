"""Logs of many spools as sources of a processor, over real files: what a bus is to it, without one.

A log is a file of lines, each of which says where a batch lies in which spool; its number is the line's. What is
written down of a log is one small file: offset, and metadata of at most a kilobyte, as Kafka has it. Whoever starts
last owns all logs, and a commit of an earlier owner is refused. Run as a program it is a processor that can be told
where to die or to stop.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from ingest.deadletter.folder import FolderLetters
from ingest.processor import metadata
from ingest.processor.intent import State
from ingest.processor.loop import Processor
from ingest.processor.source import Changes, RevokedError, Source
from ingest.store.client import StoreClient
from viflux import logs
from viflux.clock import SystemClock
from viflux.paths import DataPaths
from viflux.settings import load
from viflux.spool import Batch, Damaged, Entry, Position, SpoolReader, SpoolWriter
from viflux.spool.durable import replace_file
from viflux.telemetry import Health


class Line(msgspec.Struct, array_like=True):
    """Where a batch lies."""

    folder: str
    start: Position
    end: Position


class Hosts:
    """Spools of some hosts, whose batches are published into a log a kind."""

    def __init__(self, folder: Path, hosts: int, clock: SystemClock | None = None) -> None:
        self.folder = folder
        self.writers = [
            SpoolWriter.open(
                folder / f"spool-{n}",
                host=f"host-{n}",
                boot_id=f"boot-{n}",
                clock=clock or SystemClock(),
                max_bytes=64 << 20,
                segment_bytes=1 << 20,
                keep_acknowledged_ns=300 * 10**9,
            )
            for n in range(hosts)
        ]
        self._cursors = [Position(0, 0)] * hosts

    def hand_over(self, host: int, *batches: Batch, held_back: tuple[str, ...] = ()) -> list[tuple[str, Line]]:
        """Commit batches and publish them, but for those of the kinds that are held back; return these."""
        writer = self.writers[host]
        writer.append(batches)
        writer.commit()
        kept = []
        for item in SpoolReader(self.folder / f"spool-{host}").read(self._cursors[host]):
            assert isinstance(item, Entry)
            self._cursors[host] = item.end
            line = (item.frame.metadata.kind, Line(f"spool-{host}", item.start, item.end))
            if line[0] in held_back:
                kept.append(line)
            else:
                self.publish([line])
        return kept

    def publish(self, lines: list[tuple[str, Line]]) -> None:
        """Append lines to their logs."""
        for kind, line in lines:
            with (self.folder / f"{kind}.log").open("ab") as log:
                log.write(msgspec.json.encode(line) + b"\n")

    def repeat(self, kind: str, last: int) -> None:
        """Publish the newest batches of a kind once more, as a producer does that lost its cursor."""
        path = self.folder / f"{kind}.log"
        lines = path.read_bytes().splitlines()[-last:]
        with path.open("ab") as log:
            log.write(b"".join(line + b"\n" for line in lines))


def lines_of(folder: Path, kind: str) -> list[Line]:
    """Return what is in a log."""
    try:
        data = (folder / f"{kind}.log").read_bytes()
    except FileNotFoundError:
        return []
    return [msgspec.json.decode(line, type=Line) for line in data.splitlines()]


def committed(folder: Path, kind: str) -> tuple[int, str]:
    """Return the offset and the metadata that are written down."""
    try:
        said = msgspec.json.decode((folder / f"{kind}.committed").read_bytes(), type=tuple[int, str])
    except FileNotFoundError:
        return 0, ""
    return said


def is_done(folder: Path, *kinds: str) -> bool:
    """Whether all batches of the logs are dealt with."""
    for kind in kinds:
        offset, text = committed(folder, kind)
        if offset < len(lines_of(folder, kind)):
            return False
        if text and metadata.decode(text, Position(1, offset), "").intent is not None:
            return False
    return True


class LogSource:
    """One log; see `Source`."""

    def __init__(self, owner: LogSources, kind: str, most_metadata_bytes: int) -> None:
        self.name = f"log/{kind}"
        self.kind = kind
        self.source_id = kind.encode().hex().ljust(32, "0")
        self.kinds: tuple[str, ...] | None = (kind,)
        self.most_metadata_bytes: int | None = most_metadata_bytes
        self.knows_streams = False
        self._owner = owner
        self._folder = owner.folder

    def assign(self) -> State:
        offset, text = committed(self._folder, self.kind)
        cursor, end = Position(1, offset), Position(1, len(lines_of(self._folder, self.kind)))
        if not text:
            return State(source_id=self.source_id, cursor=cursor, tried_until=end if end > cursor else None)
        return metadata.decode(text, cursor, self.source_id)

    def has_news(self, cursor: Position) -> bool:
        return cursor.offset < len(lines_of(self._folder, self.kind))

    def follow(self, cursor: Position, until: Position | None = None) -> Iterator[Entry | Damaged]:
        for number, line in enumerate(lines_of(self._folder, self.kind)):
            if number < cursor.offset or (until is not None and number >= until.offset):
                continue
            (found,) = SpoolReader(self._folder / line.folder).read(line.start, line.end)
            assert isinstance(found, Entry)
            yield Entry(found.spool_id, found.frame, Position(1, number), Position(1, number + 1))

    def open(self, state: State) -> bool:
        self._commit(state)
        self._owner.reached(f"open-{self.kind}")
        return True

    def confirm(self, state: State) -> None:
        self._owner.reached(f"confirm-{self.kind}")
        self._commit(state)

    def behind(self, cursor: Position) -> bool:
        return self.has_news(cursor)

    def replaced(self, state: State) -> bool:  # noqa: ARG002 - the face of sources
        return False

    def _commit(self, state: State) -> None:
        text = metadata.encode(state)
        assert self.most_metadata_bytes is not None
        one_batch = state.intent is not None and state.intent.batches == 1
        assert one_batch or len(text) <= self.most_metadata_bytes, len(text)
        with (self._folder / "owner.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._owner.require_ours()
            replace_file(self._folder / f"{self.kind}.committed", msgspec.json.encode((state.cursor.offset, text)))


class LogSources:
    """All logs of a folder, owned by whoever came last; see `Sources`."""

    def __init__(self, folder: Path, kinds: list[str], most_bytes: int, reached: Callable[[str], None]) -> None:
        self.folder = folder
        self.reached = reached
        self._sources = [LogSource(self, kind, most_bytes) for kind in kinds]
        self._assigned = False
        self._epoch = self._owner() + 1
        replace_file(folder / "owner", str(self._epoch).encode())

    def poll(self, seconds: float, stop: threading.Event) -> Changes:
        sources: list[Source] = list(self._sources)
        if not self._assigned:
            self._assigned = True
            return Changes(assigned=sources)
        if self._owner() != self._epoch:
            stop.set()
            return Changes(revoked=sources)
        stop.wait(min(seconds, 0.05))
        return Changes()

    def keep_alive(self, waiting: Source | None) -> None:  # noqa: ARG002 - the face of sources
        self.require_ours()

    def require_ours(self) -> None:
        if self._owner() != self._epoch:
            raise RevokedError("logs")

    def left(self) -> str | None:
        return None

    def close(self) -> None:
        pass

    def _owner(self) -> int:
        try:
            return int((self.folder / "owner").read_bytes())
        except FileNotFoundError:
            return 0


def main(arguments: list[str]) -> None:
    """Run a processor; `--at STEP:N:SIGNAL` sends itself a signal when a step is reached for the n-th time."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("kinds")
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--most-bytes", type=int, default=1024)
    parser.add_argument("--at", default="")
    told = parser.parse_args(arguments)
    where, times, what = (told.at or "never:1:KILL").split(":")
    left = {where: int(times)}

    def reached(step: str) -> None:
        if step in left:
            left[step] -= 1
            if left[step] == 0:
                os.kill(os.getpid(), signal.Signals[f"SIG{what}"])

    settings, _ = load(data_dir=told.data, assignments=told.set, environment={})
    logs.configure("info", "json", "processor")
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    store = StoreClient.writer(settings)
    inserting = store.insert_arrow_stream

    def insert(table: str, *given: Any, **named: Any) -> int:
        reached(f"send-{table}")
        written = inserting(table, *given, **named)
        reached(f"sent-{table}")
        return written

    store.insert_arrow_stream = insert  # type: ignore[method-assign]
    clock = SystemClock()
    sources = LogSources(told.folder, told.kinds.split(","), told.most_bytes, reached)
    letters = FolderLetters(DataPaths(told.folder).deadletter)
    Processor(settings, sources, store, letters, clock, Health("processor", clock), stop).run()


if __name__ == "__main__":
    main(sys.argv[1:])
