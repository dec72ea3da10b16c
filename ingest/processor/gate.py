"""The order between topics: a watermark is not believed before the rows are stored that it speaks of.

A spool's batches come in the order of the hand-overs, so a ledger batch is behind all that it accounts for. In Kafka
each kind has its own topic. There a ledger batch waits until the high water of each stream that it names has reached
the row's `through_sequence`: as the lane of that kind knows it, or else as the ledger in the store has it. What does
not come any more (evicted from the spool, deleted by the brokers before it was read) is waited for as long as
`window.grace` after the stream's last progress, and after that of a lane that is working off a backlog; then the
watermark is taken, and this is counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import pyarrow.compute as pc
from prometheus_client import Counter

from ingest.processor.adoption import Newcomers, dealt_with
from ingest.processor.batches import Rows
from ingest.processor.delivery import Store
from ingest.processor.intent import Stream
from ingest.processor.patience import Patience
from viflux import logs
from viflux.clock import NANOSECONDS, Clock
from viflux.settings.schema import Keep
from viflux.spool import Entry

_ASK_EVERY_NS = NANOSECONDS
_UNREACHED = Counter(
    "viflux_processor_unreached_watermarks", "Streams whose watermark was taken before its batches came."
)


class Heights(Protocol):
    """How far the other lanes of this process are."""

    def height(self, stream: Stream) -> int | None:
        """Return a stream's high water, None where no lane has met it."""
        ...

    def worked_off_ns(self, kind: str) -> int:
        """Return when a lane of the kind last did an intent with more behind it, monotonic; 0 for never."""
        ...


@dataclass
class _Wait:
    height: int
    since_ns: int
    is_over: bool = False


class Gate:
    """Says which ledger batches may be taken."""

    def __init__(
        self, heights: Heights, store: Store, patience: Patience, clock: Clock, *, grace_ns: int, keep: Keep
    ) -> None:
        self._heights = heights
        self._store = store
        self._patience = patience
        self._clock = clock
        self._grace_ns = grace_ns
        self._keep = keep
        self._waits: dict[Stream, _Wait] = {}
        # What the store said of streams that no lane has met: height, and when it was asked.
        self._asked: dict[Stream, tuple[int, int]] = {}

    def admits(self, entry: Entry, days: Sequence[Rows]) -> bool:
        """Whether a batch may be taken; of other kinds than `ledger` each."""
        if entry.frame.metadata.kind != "ledger":
            return True
        wanted = {(entry.spool_id, stream): through for rows in days for stream, through in _through(rows)}
        low = {
            stream: height
            for stream, through in wanted.items()
            if (height := self._height(stream, through, entry.frame.metadata.host)) < through
        }
        for stream in wanted.keys() - low.keys():
            self._waits.pop(stream, None)
            self._asked.pop(stream, None)
        # Each of them, not only the first: all waits run at the same time.
        return not [stream for stream, height in low.items() if self._has_to_wait(stream, height)]

    def _height(self, stream: Stream, through: int, host: str) -> int:
        known = self._heights.height(stream)
        if known is not None:
            return known
        height, asked_ns = self._asked.get(stream, (0, 0))
        now_ns = self._clock.monotonic_ns()
        if height < through and (not asked_ns or now_ns >= asked_ns + _ASK_EVERY_NS):
            new = Newcomers(stream[1].partition(".")[0], {stream: through}, {host})
            height = self._patience.ask(lambda: dealt_with(self._store, new, self._keep)).get(stream, 0)
            self._asked[stream] = (height, now_ns)
        return height

    def _has_to_wait(self, stream: Stream, height: int) -> bool:
        now_ns = self._clock.monotonic_ns()
        wait = self._waits.get(stream)
        if wait is None or wait.height != height:
            wait = self._waits[stream] = _Wait(height, now_ns)
        if wait.is_over:
            return False
        since_ns = max(wait.since_ns, self._heights.worked_off_ns(stream[1].partition(".")[0]))
        if now_ns < since_ns + self._grace_ns:
            return True
        wait.is_over = True
        _UNREACHED.inc()
        logs.get("processor").warning(
            "a watermark is taken although batches that it covers have not come", spool=stream[0], stream=stream[1]
        )
        return False


def _through(rows: Rows) -> list[tuple[str, int]]:
    """Return for each stream that an agent's rows name the newest batch that their watermark covers."""
    table = rows.table.filter(pc.equal(rows.table["stage"], "agent")).select(["of_stream", "through_sequence"])
    highest = table.group_by("of_stream").aggregate([("through_sequence", "max")])
    return [
        (stream, through)
        for stream, through in zip(
            highest["of_stream"].to_pylist(), highest["through_sequence_max"].to_pylist(), strict=True
        )
        if through
    ]
