"""Where batches come from. The spool is one such source; Kafka's partitions are others with the same face."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Protocol

from ingest.processor.intent import State, StateFile
from viflux import logs
from viflux.clock import Clock
from viflux.paths import DataPaths
from viflux.spool import Damaged, Entry, Hole, Position, SpoolReader


class Source(Protocol):
    """A log of batches with a cursor and an intent that outlive this process."""

    name: str

    def assign(self) -> State:
        """Return what was written down for this source, or a new state."""
        ...

    def wait(self, cursor: Position, seconds: float, stop: threading.Event) -> bool:
        """Wait for something behind the cursor; return whether there is something."""
        ...

    def follow(self, cursor: Position, until: Position | None = None) -> Iterator[Entry | Damaged]:
        """Yield what lies behind the cursor."""
        ...

    def open(self, state: State) -> bool:
        """Write down a state with an open intent; return False, writing nothing, if its batches are gone."""
        ...

    def confirm(self, state: State) -> None:
        """Write down a state whose intent is done."""
        ...

    def behind(self, cursor: Position) -> bool:
        """Whether something lies behind the cursor now."""
        ...

    def replaced(self, state: State) -> bool:
        """Whether another log has taken the place of the one that the state is about."""
        ...


class SpoolSource:
    """The spool of this host as a source."""

    def __init__(self, paths: DataPaths, clock: Clock) -> None:
        self.name = "spool"
        self._reader = SpoolReader(paths.spool)
        self._file = StateFile(paths.processor / "spool.json")
        self._clock = clock
        self._log = logs.get("processor")

    def assign(self) -> State:
        """Return what was written down for this spool; a new state where there is nothing, or another spool now.

        Raises:
            SpoolCorrupt: A newer version wrote the spool.
        """
        state = self._file.read()
        if state is None:
            return self._anew()
        if self.replaced(state):
            self._log.warning(
                "the spool was made anew: starting from its first batch",
                before=state.spool_id,
                open_intent=state.intent.number if state.intent else None,
            )
            return self._anew()
        return state

    def wait(self, cursor: Position, seconds: float, stop: threading.Event) -> bool:
        """Wait for something behind the cursor, at most `seconds` or until `stop`; return whether it came."""
        return self._reader.wait(cursor, seconds, stop, self._clock)

    def follow(self, cursor: Position, until: Position | None = None) -> Iterator[Entry | Damaged]:
        """Yield batches and damaged bytes behind the cursor.

        Segments that are gone are passed over: what is missing shows in the sequences.
        """
        for item in self._reader.read(cursor, until):
            if isinstance(item, Hole):
                self._log.info("segments of the spool are gone", first=item.start.segment, next=item.end.segment)
            else:
                yield item

    def open(self, state: State) -> bool:
        """Write down a state with an open intent, unless a segment of it was evicted meanwhile.

        From then on the spool's writer leaves its segments alone: both hold the same lock.
        """
        if state.intent is None:
            raise ValueError("open() needs a state with an intent")
        with self._reader.claiming():
            if not self._reader.has_segments(max(state.intent.start.segment, 1), self._last_segment(state.intent.end)):
                return False
            self._file.write(state)
        return True

    def confirm(self, state: State) -> None:
        """Write down a state whose intent is done."""
        self._file.write(state)

    def behind(self, cursor: Position) -> bool:
        """Whether something lies behind the cursor now."""
        return self._reader.has_news(cursor)

    def replaced(self, state: State) -> bool:
        """Whether the folder holds another spool than the one that the state is about."""
        ids = self._reader.spool_ids()
        return bool(state.spool_id and ids) and state.spool_id not in ids

    def _anew(self) -> State:
        # Whatever is there now may have been in an intent that nobody knows of any more: it is counted first.
        return State(tried_until=self._reader.committed())

    @staticmethod
    def _last_segment(end: Position) -> int:
        return end.segment if end.offset > 0 else end.segment - 1
