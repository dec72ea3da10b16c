"""The writer of a spool: appends batches, commits them in groups, and removes what is no longer needed."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from viflux import frame
from viflux.clock import Clock
from viflux.frame import Batch, Metadata
from viflux.spool import segment
from viflux.spool.committed import CommittedOffset
from viflux.spool.disk import DiskGuard
from viflux.spool.durable import replace_file, write_parts
from viflux.spool.errors import SpoolCorrupt, SpoolFull
from viflux.spool.kept import KeptStatements
from viflux.spool.lock import lock_for_writing, make_retention_lock
from viflux.spool.losses import Loss, Losses
from viflux.spool.position import Position, ReaderState, read_state
from viflux.spool.recovery import Found, recover
from viflux.spool.retention import Closed, Retention
from viflux.spool.segment import Header
from viflux.spool.statements import Reference, Statements

DEFAULT_PENDING_BYTES = 16 << 20
_SMALLEST_SPOOL_BYTES = 64 << 10


@dataclass(frozen=True)
class _Pending:
    batch: Batch
    sealed_time_ns: int
    settles: tuple[int, ...]


class SpoolWriter:
    """The only writer of a spool folder.

    What was appended lies in memory until `commit`, which writes it with one `write` and one `fdatasync` and then
    publishes the committed offset. After a crash or power loss a commit is there whole or not at all; one whose
    `commit` had returned is always there. Not safe for several threads.

    Attributes:
        spool_id: Random 128-bit id of this spool, 32 hex digits; with stream and sequence it names a batch for ever.
    """

    spool_id: str

    def __init__(
        self,
        directory: Path,
        lock: int,
        *,
        host: str,
        boot_id: str,
        max_bytes: int,
        segment_bytes: int,
        keep_acknowledged_ns: int,
        clock: Clock,
        reader_file: Path,
        pending_bytes: int,
        min_free_bytes: int,
    ) -> None:
        self._directory = directory
        self._lock = lock
        self._host = host
        self._boot_id = boot_id
        # Four segments at least: evicting one must not take a large part of what is stored.
        self._segment_bytes = min(segment_bytes, max_bytes // 4)
        self._clock = clock
        self._pending: list[_Pending] = []
        self._pending_bytes = 0
        self._most_pending_bytes = pending_bytes
        self._statements = Statements()
        kept = KeptStatements(directory / "kept")
        covers = kept.load(self._statements)
        self._losses = Losses(directory / "losses")
        found = recover(directory, self._statements, covers, self._losses, _state_of(reader_file))
        self._disk = DiskGuard(directory, min_free_bytes)
        self._retention = Retention(
            directory,
            reader_file,
            max_bytes=max_bytes,
            keep_acknowledged_ns=keep_acknowledged_ns,
            clock=clock,
            statements=self._statements,
            kept=kept,
            lost=self._losses,
            disk=self._disk,
        )
        for closed in found.closed:
            self._retention.close_segment(closed)
        self._next_sequence = found.next_sequence
        self._rotate = False
        self._committed = CommittedOffset(directory)
        self._start(found)

    @classmethod
    def open(
        cls,
        directory: Path,
        *,
        host: str,
        boot_id: str,
        max_bytes: int,
        segment_bytes: int,
        keep_acknowledged_ns: int,
        clock: Clock,
        reader_file: Path | None = None,
        pending_bytes: int = DEFAULT_PENDING_BYTES,
        min_free_bytes: int = 0,
    ) -> SpoolWriter:
        """Open a spool, or make one: take the lock, cut the torn tail, finish what a crash left half done.

        Args:
            directory: The spool's folder; it is made if missing.
            host: Name of the host in every batch.
            boot_id: The host's boot in every batch.
            max_bytes: Bound of all segments together, at least 64 KiB.
            segment_bytes: Size at which a segment is closed.
            keep_acknowledged_ns: How long acknowledged segments are kept.
            clock: Where the time comes from.
            reader_file: Where the reader says how far it has come; default `../processor/spool.json`.
            pending_bytes: Most bytes that wait for a commit in memory.
            min_free_bytes: What stays free of its file system, of a small one at most a twentieth; 0 for no guard.

        Raises:
            SpoolLocked: Another process writes this spool.
            SpoolCorrupt: A newer version wrote it, or the bound is too small.
            SpoolFull: The first segment could not be made.
        """
        if max_bytes < _SMALLEST_SPOOL_BYTES:
            raise SpoolCorrupt(f"spool.max_bytes is {max_bytes}; a spool needs at least {_SMALLEST_SPOOL_BYTES} bytes")
        try:
            directory.mkdir(parents=True, exist_ok=True)
            lock = lock_for_writing(directory)
        except OSError as error:
            raise SpoolFull(f"the spool {directory} cannot be opened: {error.strerror}; check the folder") from error
        try:
            make_retention_lock(directory)
            return cls(
                directory,
                lock,
                host=host,
                boot_id=boot_id,
                max_bytes=max_bytes,
                segment_bytes=segment_bytes,
                keep_acknowledged_ns=keep_acknowledged_ns,
                clock=clock,
                reader_file=reader_file or directory.parent / "processor" / "spool.json",
                pending_bytes=pending_bytes,
                min_free_bytes=min_free_bytes,
            )
        except OSError as error:
            os.close(lock)
            raise SpoolFull(f"the spool {directory} cannot be opened: {error}; check its disk") from error
        except BaseException:
            os.close(lock)
            raise

    def append(self, batches: Sequence[Batch], settles: Sequence[int] = ()) -> None:
        """Take batches for the next commit; they get their sequence there and their `received_time` now.

        Where memory for waiting batches is used up, those that were appended before are committed first.

        Args:
            batches: In the order of the log. A stream's ledger batch comes after the batches that it accounts for.
            settles: Numbers of losses that these batches have written into the ledger.

        Raises:
            SpoolFull: The commit of earlier batches failed; none of `batches` was taken.
            frame.FrameTooLargeError: A payload is longer than 512 KiB; none of `batches` was taken.
        """
        for batch in batches:
            if len(batch.payload) > frame.MAX_PAYLOAD_BYTES:
                raise frame.FrameTooLargeError(
                    f"payload of {len(batch.payload)} bytes in {batch.stream}; the limit is {frame.MAX_PAYLOAD_BYTES}"
                )
        size = sum(len(batch.payload) for batch in batches)
        if self._pending and self._pending_bytes + size > self._most_pending_bytes:
            self.commit()
        now_ns = self._clock.now_ns()
        for index, batch in enumerate(batches):
            self._pending.append(_Pending(batch, now_ns, tuple(settles) if index == len(batches) - 1 else ()))
        self._pending_bytes += size

    def commit(self) -> None:
        """Make all that was appended durable, and visible to readers.

        Raises:
            SpoolFull: It could not be written; nothing of it remains, and later commits may work.
        """
        pending, self._pending, self._pending_bytes = self._pending, [], 0
        if pending:
            said, parts = self._encoded(pending)
            size = sum(map(len, parts))
            try:
                self._make_room(size)
                self._write(parts)
            except OSError as error:
                raise SpoolFull(
                    f"the spool {self._directory} could not take {size} bytes: {error.strerror}; free space on its disk"
                ) from error
            self._take_over(said, [len(head) + len(payload) for head, payload in _pairs(parts)])
        self._retention.tend()

    def baseline(self, stream: str) -> list[Batch]:
        """Return the newest complete statement of a stream and all after it, as committed; empty without one."""
        references = self._statements.baseline(stream)
        return [frame.decode(self._retention.read(stream, reference)).batch() for reference in references]

    def baseline_bytes(self, stream: str) -> int:
        """Return the encoded size of a stream's baseline; when it grows large, a new statement makes it small again."""
        return sum(reference.length for reference in self._statements.baseline(stream))

    def baseline_is_newest(self, stream: str) -> bool:
        """Return whether no batch of the stream was lost after its baseline, as damage to the log can do."""
        references = self._statements.baseline(stream)
        return not references or references[-1].sequence + 1 == self.next_sequence(stream)

    def next_sequence(self, stream: str) -> int:
        """Return the sequence that the stream's next committed batch gets."""
        return self._next_sequence.get(stream, 1)

    @property
    def disk_guard(self) -> str:
        """One line while the disk is nearly full, as the last commit saw it; else empty."""
        return self._disk.reason

    def losses(self) -> list[Loss]:
        """Return what was lost and no committed ledger batch names, oldest first; see `loss_numbers`.

        Of very many only the oldest: the rest when these were told.
        """
        return self._losses.all()

    def loss_numbers(self) -> list[int]:
        """Return the numbers of all that `losses` returns; of losses that were joined each one's."""
        return self._losses.numbers()

    def close(self) -> None:
        """Free the files and the lock; what was not committed is dropped."""
        self._committed.close()
        os.close(self._descriptor)
        os.close(self._lock)

    def _start(self, found: Found) -> None:
        self.spool_id = found.spool_id or secrets.token_hex(16)
        if found.active is not None:
            self._number, self._first, self._end = found.active.number, found.active.first, found.active.end
            self._descriptor = os.open(segment.path_of(self._directory, self._number), os.O_RDWR | os.O_CLOEXEC)
        else:
            previous_end = found.closed[-1].end if found.closed else 0
            self._begin_segment(found.last_number + 1, previous_end)
        self._retention.active_spool_id = self.spool_id
        self._committed.publish(Position(self._number, self._end))

    def _begin_segment(self, number: int, previous_end: int) -> None:
        header = segment.encode_header(Header(self.spool_id, number, dict(self._next_sequence), previous_end))
        path = segment.path_of(self._directory, number)
        replace_file(path, header)
        self._descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        self._number, self._first, self._end = number, len(header), len(header)

    def _encoded(self, pending: list[_Pending]) -> tuple[list[Metadata], list[bytes | memoryview]]:
        """Return what each frame says, and of each frame its head and its payload."""
        following = dict(self._next_sequence)
        said: list[Metadata] = []
        for index, waiting in enumerate(pending):
            batch = waiting.batch
            sequence = following.get(batch.stream, 1)
            following[batch.stream] = sequence + 1
            said.append(
                Metadata(
                    stream=batch.stream,
                    sequence=sequence,
                    kind=batch.kind,
                    version=batch.version,
                    rows=batch.rows,
                    first_time_ns=batch.first_time_ns,
                    last_time_ns=batch.last_time_ns,
                    sealed_time_ns=waiting.sealed_time_ns,
                    host=self._host,
                    boot_id=self._boot_id,
                    statement=batch.statement,
                    ends_commit=index == len(pending) - 1,
                    settles=waiting.settles,
                    unread=batch.unread,
                )
            )
        parts: list[bytes | memoryview] = []
        for what, waiting in zip(said, pending, strict=True):
            parts += (frame.head_of(what, waiting.batch.payload), waiting.batch.payload)
        return said, parts

    def _make_room(self, incoming: int) -> None:
        full = self._end > self._first and self._end + incoming > self._segment_bytes
        if full or self._rotate:
            closed = Closed(self._number, self.spool_id, self._first, self._end)
            before = self._descriptor
            # If this fails, the new header may be there already and say where this segment ends: it takes nothing more.
            self._rotate = True
            self._begin_segment(self._number + 1, self._end)
            os.close(before)
            self._rotate = False
            self._retention.close_segment(closed)
        self._retention.make_room(self._end, incoming)

    def _write(self, parts: list[bytes | memoryview]) -> None:
        try:
            write_parts(self._descriptor, parts, self._end)
            os.fdatasync(self._descriptor)
        except OSError:
            # What the kernel holds of a failed sync is not known: the next commit goes into a new file.
            self._rotate = True
            with suppress(OSError):
                os.ftruncate(self._descriptor, self._end)
            raise

    def _take_over(self, said: list[Metadata], lengths: list[int]) -> None:
        offset = self._end
        for what, length in zip(said, lengths, strict=True):
            self._statements.add(what.stream, what.statement, Reference(self._number, offset, length, what.sequence))
            self._next_sequence[what.stream] = what.sequence + 1
            offset += length
        self._end = offset
        self._committed.publish(Position(self._number, offset))
        self._losses.settle((number for what in said for number in what.settles), self._number)


def _state_of(reader_file: Path) -> ReaderState:
    try:
        return read_state(reader_file) or ReaderState()
    except (msgspec.MsgspecError, OSError):
        return ReaderState()


def _pairs(parts: list[bytes | memoryview]) -> Iterator[tuple[bytes | memoryview, bytes | memoryview]]:
    return zip(parts[::2], parts[1::2], strict=True)
