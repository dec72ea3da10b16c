"""One topic-partition as a source of the processor.

What is written down is the committed offset of the consumer group, with the open intent in its metadata
(`ingest.processor.metadata`): one synchronous commit each time, which the brokers refuse from a member that is not the
owner any more.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import xxhash

from ingest.kafka.buffer import Buffer
from ingest.kafka.ends import Place
from ingest.kafka.message import position_of
from ingest.processor import metadata
from ingest.processor.intent import State
from ingest.processor.source import RevokedError, SourceAwayError
from viflux import logs
from viflux.spool import Damaged, Entry, Position

if TYPE_CHECKING:
    from ingest.kafka.group import KafkaSources

MOST_METADATA_BYTES = 1024
"""A quarter of what brokers take by default (`offset.metadata.max.bytes`)."""

_FETCH_SECONDS = 0.25
_AWAY_AFTER_SECONDS = 30.0


@dataclass(frozen=True)
class Found:
    """What the brokers know of a partition.

    Attributes:
        committed: The committed offset, None for none.
        text: Its metadata.
        low: The partition's first offset.
        high: The one behind its last.
    """

    committed: int | None
    text: str
    low: int
    high: int

    @property
    def is_past_the_end(self) -> bool:
        """Whether more was committed than there is: the topic was made anew."""
        return self.committed is not None and self.committed > self.high

    @property
    def begin(self) -> int:
        """Where fetching begins."""
        return self.low if self.committed is None or self.is_past_the_end else max(self.committed, self.low)


class KafkaSource:
    """A topic-partition that is this process's now; see `Source` for what its members promise.

    Attributes:
        topic: Its topic.
        partition: Its number.
        buffer: What was fetched.
        is_revoked: Whether it was taken away.
        is_paused: Whether nothing is fetched, because enough is here.
    """

    def __init__(self, group: KafkaSources, cluster_id: str, place: Place, kind: str, found: Found) -> None:
        self.topic, self.partition = topic, partition = place
        self.name = f"kafka/{topic}/{partition}"
        self.source_id = xxhash.xxh3_128_hexdigest(f"{cluster_id}\0{topic}\0{partition}".encode())
        self.kinds: tuple[str, ...] | None = (kind,)
        self.most_metadata_bytes: int | None = MOST_METADATA_BYTES
        self.knows_streams = False
        self.buffer = Buffer(found.begin)
        self.is_revoked = False
        self.is_paused = False
        self._group = group
        self._is_replaced = False
        self._low = found.low
        self._found: Found | None = found
        self._log = logs.get("processor").bind(source=self.name)

    def assign(self) -> State:
        """Return what was committed; where that says nothing of intents, all that is there now may have been tried."""
        self._require_ours()
        self._is_replaced = False
        found, self._found = self._found or self._group.find(self), None
        self._low = found.low
        cursor = position_of(found.begin if found.committed is None or found.is_past_the_end else found.committed)
        if found.committed is not None and not found.low <= found.committed <= found.high:
            self._log.warning(
                "the topic was made anew, or kept its batches for too short a time: going on where it begins",
                committed=found.committed,
                first=found.low,
                end=found.high,
            )
        if not self.buffer.covers(found.begin):
            self._begin_at(found.begin)
        if found.text and not found.is_past_the_end:
            try:
                return metadata.decode(found.text, cursor, self.source_id)
            except metadata.UnreadableError as error:
                self._log.warning("what was committed cannot be read: counting what may be stored", reason=str(error))
        tried_until = position_of(found.high) if found.high > cursor.offset else None
        return State(source_id=self.source_id, cursor=cursor, tried_until=tried_until)

    def has_news(self, cursor: Position) -> bool:
        """Whether a batch is here at or behind the cursor."""
        return self.buffer.has(cursor.offset)

    def follow(self, cursor: Position, until: Position | None = None) -> Iterator[Entry | Damaged]:
        """Yield what is here at and behind the cursor; with `until`, fetch what is not here yet.

        Raises:
            RevokedError: The partition was taken away.
            SourceAwayError: Nothing comes, and the brokers do not say why.
            StoppedError: The stage is to end.
        """
        self._require_ours()
        # Before the partition's first batch there is nothing to wait for.
        offset = max(cursor.offset, self._low)
        if not self.buffer.covers(offset):
            self._begin_at(offset)
        while True:
            reached = self.buffer.following
            for item in self.buffer.since(offset):
                if until is not None and item.start >= until:
                    return
                yield item
            offset = max(offset, reached)
            if until is None or offset >= until.offset or not self._fetch(offset):
                return

    def open(self, state: State) -> bool:
        """Commit the cursor with the open intent."""
        if state.intent is None:
            raise ValueError("open() needs a state with an intent")
        self._require_ours()
        self._group.commit(self, state.cursor.offset, metadata.encode(state))
        return True

    def confirm(self, state: State) -> None:
        """Commit the cursor, and let go of what lies before it."""
        self._require_ours()
        self._group.commit(self, state.cursor.offset, metadata.encode(state))
        self.buffer.forget(state.cursor.offset)
        self._group.balance()

    def behind(self, cursor: Position) -> bool:
        """Whether the partition has something at or behind the cursor now; asked of the brokers."""
        return self.buffer.has(cursor.offset) or self._group.end_of(self) > cursor.offset

    def replaced(self, state: State) -> bool:  # noqa: ARG002 - the partition itself says it
        """Whether the topic was made anew since it was assigned."""
        return self._is_replaced

    def out_of_range(self) -> None:
        """What is to be fetched next is not there: it was deleted before it was read, or the topic was made anew."""
        low, high = self._group.bounds(self)
        self._low = low
        if self.buffer.following < low:
            self._log.error(
                "batches were deleted before they were read: they are missing; make kafka.retention longer",
                first=self.buffer.following,
                next=low,
            )
            self._group.seek(self, low)
            self.buffer.ended(low)
            self.buffer.ends_at = None
        elif self.buffer.following > high:
            self._is_replaced = True

    def _fetch(self, offset: int) -> bool:
        """Wait for what is at or behind an offset; return False where the partition ends there."""
        began = time.monotonic()
        while self.buffer.following <= offset:
            if self._is_replaced or (self.buffer.ends_at is not None and self._group.bounds(self)[1] <= offset):
                return False
            self._group.pump(_FETCH_SECONDS, wanted=self)
            self._require_ours()
            if time.monotonic() - began > _AWAY_AFTER_SECONDS:
                raise SourceAwayError(f"{self.name}: nothing came for {_AWAY_AFTER_SECONDS:.0f} s")
        return True

    def _begin_at(self, offset: int) -> None:
        self._group.seek(self, offset)
        self.buffer.restart(offset)

    def _require_ours(self) -> None:
        if self.is_revoked:
            raise RevokedError(self.name)
