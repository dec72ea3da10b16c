"""Where batches come from: the spool of this host, or the partitions of Kafka's topics.

A source is one ordered log of batches with a cursor and an intent that outlive the process. `Sources` says which of
them are this process's to work on. All of it is called from the processor's one thread.

| | spool | topic-partition |
|---|---|---|
| `name`, goes into tokens | `spool` | `kafka/<topic>/<partition>` |
| `source_id` | empty: each spool's own id | 32 hex digits |
| `kinds` | None: all, in the order of the hand-overs | those of the topic |
| holds batches of | one spool and host | many spools and hosts |
| state | a file, all of it | offset and `metadata` of at most 1 KiB |
| position | segment and byte | 1 and the offset |
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ingest.processor.intent import State
from viflux.errors import VifluxError
from viflux.spool import Damaged, Entry, Position


class RevokedError(Exception):
    """The source is another process's now, or may be.

    The lane is dropped at once, without writing anything more: its next owner goes on from what was written down last.
    """


class SourceAwayError(VifluxError):
    """The source does not answer: the same call is repeated after a while. What it did may be done or not."""


class Source(Protocol):
    """A log of batches with a cursor and an intent that outlive this process.

    Every call may raise `RevokedError` or `SourceAwayError`.

    Attributes:
        name: Constant over restarts and owners; it goes into tokens and log lines.
        source_id: Under which the intents' own rows are stored, 32 hex digits. Empty where all batches come from
            one spool at a time, whose id it then is.
        kinds: The record kinds that it can hold; None for all kinds in the order in which they were handed over.
        most_metadata_bytes: How long `metadata.encode(state)` may be; None where the whole state is kept.
        knows_streams: Whether what it wrote down has the high water of all streams, so that a stream that is not there
            begins with its first batch. Else a stream is taken up where it is met.
    """

    name: str
    source_id: str
    kinds: tuple[str, ...] | None
    most_metadata_bytes: int | None
    knows_streams: bool

    def assign(self) -> State:
        """Return what was written down for this source, or a new state.

        Where nothing is known of what was done before (no state, an unreadable one), `tried_until` is the log's end
        now: everything before it may have been tried, and is counted before it is inserted.
        """
        ...

    def has_news(self, cursor: Position) -> bool:
        """Whether `follow(cursor)` has something to yield now."""
        ...

    def follow(self, cursor: Position, until: Position | None = None) -> Iterator[Entry | Damaged]:
        """Yield what lies at and behind the cursor, in order, always the same.

        Args:
            cursor: Where to begin.
            until: None ends with what is at hand. Else everything before this position is yielded that the log still
                has, however long it takes to fetch; reading may be ended earlier by the caller.
        """
        ...

    def open(self, state: State) -> bool:
        """Write down a state with an open intent, durably; return False, writing nothing, if its batches are gone."""
        ...

    def confirm(self, state: State) -> None:
        """Write down a state whose intent is done; batches before its cursor are not needed any more."""
        ...

    def behind(self, cursor: Position) -> bool:
        """Whether something lies behind the cursor that was not dealt with; asked from the health server's thread."""
        ...

    def replaced(self, state: State) -> bool:
        """Whether another log has taken the place of the one that the state is about."""
        ...


@dataclass(frozen=True)
class Changes:
    """What changed since the last poll: revoked sources are dropped first, then those that are assigned are begun."""

    assigned: Sequence[Source] = field(default_factory=tuple)
    revoked: Sequence[Source] = field(default_factory=tuple)


class Sources(Protocol):
    """Says which sources are this process's."""

    def poll(self, seconds: float, stop: threading.Event) -> Changes:
        """Wait for news of any source, for changes or until `stop`, at most `seconds`; return what changed."""
        ...

    def keep_alive(self, waiting: Source | None) -> None:
        """Say that this process lives, while it waits for the store; changes are told by the next poll.

        Args:
            waiting: The source whose lane waits; None where none does.

        Raises:
            RevokedError: That source is not this process's any more.
        """
        ...

    def left(self) -> str | None:
        """Return one line where it is not known yet which sources are this process's; asked from any thread."""
        ...

    def close(self) -> None:
        """Give all sources back."""
        ...
