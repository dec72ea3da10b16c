"""What is removed from a spool and when: acknowledged segments after a while, the oldest when space is short."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from viflux import logs
from viflux.clock import Clock
from viflux.spool import losses, segment
from viflux.spool.disk import DiskGuard
from viflux.spool.durable import sync_folder
from viflux.spool.errors import SpoolFull
from viflux.spool.kept import KeptStatements
from viflux.spool.lock import retention_lock
from viflux.spool.losses import Losses
from viflux.spool.position import Position, ReaderState, read_state
from viflux.spool.segment import Damage, Placed
from viflux.spool.statements import KEPT, Reference, Statements

_LOOK_EVERY_NS = 1_000_000_000
# A reader holds the lock for one small synced write; one that was stopped in it must not stop collection.
_PATIENCE_SECONDS = 2.0
# A stream's kept baseline may take this share of the spool, so that it can never leave no room for new batches.
_KEPT_SHARE = 8


@dataclass(frozen=True)
class Closed:
    """A segment that is not written to any more.

    Attributes:
        number: Its number.
        spool_id: The spool that its frames belong to.
        first: Offset of its first frame.
        end: Where its committed bytes end.
    """

    number: int
    spool_id: str
    first: int
    end: int


class Retention:
    """Decides over closed segments; the writer's hand, never the reader's.

    Attributes:
        active_spool_id: Id in the header of the segment that is being written.
    """

    def __init__(
        self,
        folder: Path,
        reader_file: Path,
        *,
        max_bytes: int,
        keep_acknowledged_ns: int,
        clock: Clock,
        statements: Statements,
        kept: KeptStatements,
        lost: Losses,
        disk: DiskGuard,
    ) -> None:
        self.active_spool_id = ""
        self._folder = folder
        self._reader_file = reader_file
        self._max_bytes = max_bytes
        self._keep_ns = keep_acknowledged_ns
        self._clock = clock
        self._statements = statements
        self._kept = kept
        self._losses = lost
        self._disk = disk
        self._closed: dict[int, Closed] = {}
        self._acknowledged_since: dict[int, int] = {}
        self._looked_ns: int | None = None
        self._log = logs.get("spool")

    def close_segment(self, closed: Closed) -> None:
        """Take charge of a segment."""
        self._closed[closed.number] = closed

    def segments(self) -> list[Closed]:
        """Return the closed segments, oldest first."""
        return [self._closed[number] for number in sorted(self._closed)]

    def tend(self) -> None:
        """Remove what was acknowledged long enough ago; looks at the reader at most once a second."""
        now_ns = self._clock.monotonic_ns()
        if self._looked_ns is not None and now_ns - self._looked_ns < _LOOK_EVERY_NS:
            return
        self._looked_ns = now_ns
        if self._closed:
            with suppress(OSError), retention_lock(self._folder, patience_seconds=0.0):
                self._remove_acknowledged(self._reader_state(), now_ns - self._keep_ns)

    def make_room(self, active_bytes: int, incoming_bytes: int) -> None:
        """Remove segments until there is room in the bound and on the disk: acknowledged ones first, then the oldest.

        Unread segments are not evicted for a disk where even all of them would not make the room.

        Args:
            active_bytes: Size of the segment that is being written.
            incoming_bytes: What is about to be written.

        Raises:
            SpoolFull: Too little can be removed: the rest is needed by an open intent, or others fill the disk.
            OSError: The loss could not be recorded or the lock not be had; the segment in question is still there.
        """
        bound = self._max_bytes - active_bytes - incoming_bytes
        stored, missing = self._stored_bytes(), self._disk.missing_bytes(incoming_bytes)
        limit = min(bound, stored - missing) if missing else bound
        if stored <= limit:
            return
        with retention_lock(self._folder, patience_seconds=_PATIENCE_SECONDS):
            state = self._reader_state()
            self._remove_acknowledged(state, self._clock.monotonic_ns(), limit)
            evictable = [closed for closed in self.segments() if not state.holds(closed.number)]
            reaches = self._stored_bytes() - sum(closed.end for closed in evictable) <= limit
            for closed in evictable:
                if self._stored_bytes() <= (limit if reaches else bound):
                    break
                self._evict(closed, state.cursor)
        stored = self._stored_bytes()
        if stored > bound:
            raise SpoolFull(
                f"the spool {self._folder} holds {stored + active_bytes} of {self._max_bytes} bytes and none of it can "
                f"be evicted for {incoming_bytes} more: an open intent needs it; raise spool.max_bytes"
            )
        if stored > limit:
            raise SpoolFull(f"the spool {self._folder} takes nothing: {self._disk.reason}")

    def _stored_bytes(self) -> int:
        return sum(closed.end for closed in self._closed.values()) + self._kept.total_bytes()

    def _reader_state(self) -> ReaderState:
        # A state about another spool (the folder was made anew) says nothing about these segments.
        try:
            state = read_state(self._reader_file)
        except (msgspec.MsgspecError, OSError):
            state = None
        ids = {closed.spool_id for closed in self._closed.values()} | {self.active_spool_id}
        return state if state is not None and state.spool_id in ids else ReaderState()

    def _remove_acknowledged(self, state: ReaderState, not_after_ns: int, limit: int | None = None) -> None:
        now_ns = self._clock.monotonic_ns()
        for closed in self.segments():
            if state.cursor < Position(closed.number, closed.end):
                self._acknowledged_since.pop(closed.number, None)
                continue
            since_ns = self._acknowledged_since.setdefault(closed.number, now_ns)
            wanted = since_ns <= not_after_ns and (limit is None or self._stored_bytes() > limit)
            if wanted and not state.holds(closed.number):
                self._remove(closed)

    def _evict(self, closed: Closed, cursor: Position) -> None:
        unread = [
            placed.metadata
            for placed in placed_in(self._folder, closed)
            if Position(closed.number, placed.offset) >= cursor
        ]
        number = losses.number_of_eviction(closed.number)
        untold = self._losses.told_by(closed.number) & {loss for said in unread for loss in said.settles}
        try:
            if unread:
                self._losses.record(number, losses.of_segment(number, unread, losses.EVICTED))
            self._losses.reopen(untold)
            self._remove(closed)
        except OSError:
            if segment.path_of(self._folder, closed.number).exists():
                # Nothing was lost: the segment may be read yet.
                self._losses.drop([number])
                self._losses.settle(untold, closed.number)
            raise
        self._log.warning(
            "the disk is nearly full: evicted the spool's oldest segment; free space on it"
            if self._disk.reason
            else "the spool is full: evicted its oldest segment; is the store down, or spool.max_bytes too small?",
            segment=closed.number,
            batches=len(unread),
            rows=sum(said.rows for said in unread),
        )

    def _remove(self, closed: Closed) -> None:
        for stream, references in self._statements.held(closed.number).items():
            size = sum(reference.length for reference in references)
            if size > self._max_bytes // _KEPT_SHARE:
                self._statements.give_up(stream)
                self._log.warning(
                    "a stream's baseline outgrew the spool and was given up; its source has to state itself anew",
                    stream=stream,
                    baseline_bytes=size,
                )
                continue
            frames = [(reference, self.read(stream, reference)) for reference in references]
            self._statements.moved(stream, self._kept.keep(stream, closed.spool_id, closed.number, frames))
        segment.path_of(self._folder, closed.number).unlink(missing_ok=True)
        sync_folder(self._folder)
        self._losses.forget(closed.number)
        del self._closed[closed.number]
        self._acknowledged_since.pop(closed.number, None)
        self._kept.forget_unused(self._statements)

    def read(self, stream: str, reference: Reference) -> bytes:
        """Return the bytes of a frame of a baseline."""
        in_kept = reference.segment == KEPT
        path = self._kept.path_of(stream) if in_kept else segment.path_of(self._folder, reference.segment)
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.pread(descriptor, reference.length, reference.offset)
        finally:
            os.close(descriptor)


def placed_in(folder: Path, closed: Closed) -> list[Placed]:
    """Return what a closed segment's frames say; damaged bytes are left out."""
    descriptor = os.open(segment.path_of(folder, closed.number), os.O_RDONLY | os.O_CLOEXEC)
    try:
        found = segment.walk(descriptor, closed.first, closed.end, check=False)
        return [item for item in found if not isinstance(item, Damage)]
    finally:
        os.close(descriptor)
