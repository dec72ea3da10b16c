"""Encoded rows of a probe that wait until the spool takes them, and what is in none."""

from __future__ import annotations

import math
from collections import Counter, deque
from typing import TYPE_CHECKING

from viflux.spool import Unread

if TYPE_CHECKING:
    from collections.abc import Iterable

    from viflux.spool import Batch

_MOST_TAKEN_BYTES = 8 << 20
"""Proposed at one go: half of what the spool's writer takes before it commits."""

_MOST_WAITING_BYTES = 64 << 20
"""What waits while the spool takes nothing; rows beyond it are lost, and counted."""

_FEWEST_MISSED_PER_SECOND = 0.2
"""Where no rows came before a pause, none is known to be missing; but the pause is not complete either."""

_LATELY = 7
"""Drains whose rows say how many there are in a second: a minute of them."""


class Waiting:
    """Batches of one stream in order; what is proposed stays until it is committed.

    Args:
        stream: Its name.
    """

    def __init__(self, stream: str) -> None:
        self._stream = stream
        self._batches: list[Batch] = []
        self._bytes = 0
        self._proposed = 0
        self._has_more = False
        self._settled_time_ns = 0
        self._dropped_rows = 0
        self._lost_packets: Counter[str] = Counter()
        self._lately: deque[tuple[int, int]] = deque(maxlen=_LATELY)
        # Of a pause: how many rows a second it costs, and until when that is in the rows that are not told yet.
        self._missing_per_second = 0.0
        self._missed_until_ns = 0
        self._missed_rows = 0.0
        self._told_missed = 0

    @property
    def has_more(self) -> bool:
        """Whether more waits than the last proposal could take."""
        return self._has_more

    @property
    def watermark_ns(self) -> int:
        """The instant before which everything is in committed or proposed rows."""
        return 0 if self.has_more else self._settled_time_ns

    def add(self, fresh: Iterable[Batch], settled_time_ns: int) -> None:
        """Take in batches, up to 64 MiB of them; with them everything before the instant has come."""
        self._settled_time_ns = max(self._settled_time_ns, settled_time_ns)
        fresh = list(fresh)
        self._lately.append((settled_time_ns, sum(batch.rows for batch in fresh)))
        for batch in fresh:
            if self._bytes + len(batch.payload) > _MOST_WAITING_BYTES:
                self._dropped_rows += batch.rows
            else:
                self._batches.append(batch)
                self._bytes += len(batch.payload)

    def lose(self, cause: str, packets: int) -> None:
        """Note packets that are in no row."""
        self._lost_packets[cause] += packets

    @property
    def rows_per_second(self) -> float:
        """How many rows there were in the last minute or so, a second; 0 where that is not known yet."""
        if len(self._lately) < 2:
            return 0.0
        length_ns = self._lately[-1][0] - self._lately[0][0]
        rows = sum(rows for _, rows in list(self._lately)[1:])
        return rows * 1e9 / length_ns if length_ns > 0 else 0.0

    def miss_from(self, since_ns: int, rows_per_second: float) -> None:
        """From an instant on nothing is counted though there is something to count: about so many rows a second."""
        self._missing_per_second = max(rows_per_second, _FEWEST_MISSED_PER_SECOND)
        self._missed_until_ns = since_ns

    def miss_until(self, now_ns: int) -> None:
        """It is counted again."""
        self._miss(now_ns)
        self._missed_rows = math.ceil(self._missed_rows)
        self._missing_per_second = 0.0
        self._lately.clear()

    def _miss(self, now_ns: int) -> None:
        if self._missing_per_second and now_ns > self._missed_until_ns:
            self._missed_rows += self._missing_per_second * (now_ns - self._missed_until_ns) / 1e9
            self._missed_until_ns = now_ns

    def lost(self, now_ns: int = 0) -> list[Unread]:
        """Return what was lost since the last commit; a packet that is in no row is one row at most."""
        found = [
            Unread(self._stream, cause, packets, rows_origin="at_most") for cause, packets in self._lost_packets.items()
        ]
        self._miss(now_ns)
        self._told_missed = int(self._missed_rows)
        if self._told_missed:
            found.append(Unread(self._stream, "paused", self._told_missed, rows_origin="estimated"))
        if self._dropped_rows:
            found.append(Unread(self._stream, "spool_refused", self._dropped_rows))
        return found

    def propose(self) -> list[Batch]:
        """Return what was not committed yet, about 8 MiB of it at most."""
        size = self._proposed = 0
        for batch in self._batches:
            if self._proposed and size + len(batch.payload) > _MOST_TAKEN_BYTES:
                break
            size += len(batch.payload)
            self._proposed += 1
        self._has_more = self._proposed < len(self._batches)
        return self._batches[: self._proposed]

    def commit(self) -> None:
        """What was proposed is written, and what was lost is told."""
        self._bytes -= sum(len(batch.payload) for batch in self._batches[: self._proposed])
        del self._batches[: self._proposed]
        self._proposed = 0
        self._dropped_rows = 0
        self._missed_rows -= self._told_missed
        self._told_missed = 0
        self._lost_packets.clear()
