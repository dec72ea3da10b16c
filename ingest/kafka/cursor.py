"""How far the shipper has come, as the spool's writer reads it: what it may remove and what it must leave alone."""

from __future__ import annotations

from pathlib import Path

import msgspec

from viflux import logs
from viflux.clock import NANOSECONDS, Clock
from viflux.spool import START, Position, ReaderState, SpoolReader
from viflux.spool.position import read_state, write_state

_SYNC_EVERY_NS = NANOSECONDS


class Cursor:
    """The file `shipper/spool.json`: everything before the cursor is acknowledged by the brokers.

    What lies between the cursor and `reserved` was sent, or is about to be: the spool's writer must not evict it and
    count it as lost, for it may reach the brokers all the same. Segments are reserved whole, so the file is written
    when the reading enters a new one, and at most once a second besides. After a crash it is at most a second old, and
    what was acknowledged since is sent again.
    """

    def __init__(self, path: Path, reader: SpoolReader, clock: Clock) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._reader = reader
        self._clock = clock
        self._written_ns = clock.monotonic_ns() - _SYNC_EVERY_NS
        self._log = logs.get("shipper")
        self._on_disk = self._read()
        self.acknowledged = self._on_disk.cursor
        self._spool_id = self._on_disk.spool_id
        self._reserved = self._on_disk.open_until

    @property
    def is_replaced(self) -> bool:
        """Whether the folder holds another spool than the one that the cursor is about."""
        ids = self._reader.spool_ids()
        return bool(self._spool_id and ids) and self._spool_id not in ids

    def start_over(self) -> None:
        """Go to the first batch of a spool that was made anew."""
        self._log.warning("the spool was made anew: starting from its first batch", before=self._spool_id)
        self.acknowledged, self._spool_id, self._reserved = START, "", None

    def reserve(self, spool_id: str, start: Position) -> bool:
        """Keep the segment in which a batch begins from being evicted; durable when this returns.

        Returns:
            False where the segment is gone: then it was counted as lost, and must not be sent.

        Raises:
            OSError: The file could not be written, or there is no spool.
        """
        reserved = self._reserved
        if spool_id == self._spool_id and reserved is not None and start.segment <= reserved.segment:
            return True
        with self._reader.claiming():
            if not self._reader.has_segments(start.segment, start.segment):
                return False
            self._spool_id, self._reserved = spool_id, start
            try:
                self._write()
            except OSError:
                self._reserved = reserved
                raise
        return True

    def advance(self, acknowledged: Position) -> None:
        """Note that everything before a position is acknowledged."""
        self.acknowledged = acknowledged

    def sync(self, *, now: bool = False) -> None:
        """Write the cursor down if it moved and the last time was a second ago; `now` does not wait for that.

        Raises:
            OSError: The file could not be written.
        """
        is_due = now or self._clock.monotonic_ns() - self._written_ns >= _SYNC_EVERY_NS
        if is_due and self._on_disk.cursor != self.acknowledged:
            self._write()

    def _write(self) -> None:
        state = ReaderState(spool_id=self._spool_id, cursor=self.acknowledged)
        if self._reserved is not None and self._reserved.segment >= self.acknowledged.segment:
            state.open_from, state.open_until = self.acknowledged, max(self._reserved, self.acknowledged)
        write_state(self._path, state)
        self._on_disk = state
        self._written_ns = self._clock.monotonic_ns()

    def _read(self) -> ReaderState:
        try:
            return read_state(self._path) or ReaderState()
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            self._log.error(
                "the cursor's file is damaged; sending from the oldest batch, the processor drops what it knows",
                file=str(self._path),
                reason=str(error),
            )
            return ReaderState()
