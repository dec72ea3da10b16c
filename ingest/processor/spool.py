"""The spool of this host as the one source of a processor."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from ingest.processor.intent import State
from ingest.processor.source import Changes, Source
from ingest.processor.statefile import StateFile
from viflux import logs
from viflux.clock import Clock
from viflux.paths import DataPaths
from viflux.spool import START, Damaged, Entry, Hole, Position, SpoolReader


class SpoolSource:
    """The spool of this host as a source; see `Source` for what its members promise."""

    def __init__(self, paths: DataPaths, clock: Clock) -> None:
        self.name = "spool"
        self.source_id = ""
        self.kinds: tuple[str, ...] | None = None
        self.most_metadata_bytes: int | None = None
        self.knows_streams = True
        self._reader = SpoolReader(paths.spool)
        self._file = StateFile(paths.processor_state)
        self._clock = clock
        self._cursor = START
        self._log = logs.get("processor")

    def assign(self) -> State:
        """Return what was written down for this spool; a new state where there is nothing, or another spool now.

        Raises:
            SpoolCorrupt: A newer version wrote the spool.
        """
        state = self._file.read()
        if state is None:
            state = self._anew()
        elif self.replaced(state):
            self._log.warning(
                "the spool was made anew: starting from its first batch",
                before=state.source_id,
                open_intent=state.intent.number if state.intent else None,
            )
            state = self._anew()
        self._cursor = state.cursor
        return state

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        """Wait for something behind the cursor, at most `seconds` or until `stop`; return whether it came."""
        return self._reader.wait(self._cursor, seconds, stop, self._clock)

    def has_news(self, cursor: Position) -> bool:
        """Whether something lies behind the cursor now."""
        return self._reader.has_news(cursor)

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
        self._cursor = state.cursor

    def behind(self, cursor: Position) -> bool:
        """Whether something lies behind the cursor now."""
        return self._reader.has_news(cursor)

    def replaced(self, state: State) -> bool:
        """Whether the folder holds another spool than the one that the state is about."""
        ids = self._reader.spool_ids()
        return bool(state.source_id and ids) and state.source_id not in ids

    def _anew(self) -> State:
        # Whatever is there now may have been in an intent that nobody knows of any more: it is counted first.
        return State(tried_until=self._reader.committed())

    @staticmethod
    def _last_segment(end: Position) -> int:
        return end.segment if end.offset > 0 else end.segment - 1


class SpoolSources:
    """The spool alone: it is assigned at the first poll and never taken away."""

    def __init__(self, source: SpoolSource) -> None:
        self._source = source
        self._is_assigned = False

    def poll(self, seconds: float, stop: threading.Event) -> Changes:
        """Assign the spool, or wait for something behind its cursor."""
        if not self._is_assigned:
            self._is_assigned = True
            source: Source = self._source
            return Changes(assigned=(source,))
        self._source.wait(seconds, stop)
        return Changes()

    def keep_alive(self, waiting: Source | None) -> None:
        """Nobody else can take the spool."""

    def left(self) -> str | None:
        """The spool is always this process's."""
        return None

    def close(self) -> None:
        """Nothing is held."""
