"""What the agent itself has to tell: rows of `events` that are about no VIF."""

from __future__ import annotations

from dataclasses import dataclass

from collectors import _native
from collectors.agent.batches import batches
from viflux import logs
from viflux.spool import Batch

STREAM = "events.agent"


@dataclass(frozen=True)
class _Happening:
    time_ns: int
    event: str
    subject: str
    detail: str
    count: int


class Problems:
    """What a person should know, kept until the next hand-over tells it.

    Args:
        room: Of the log, where each is a warning.
    """

    def __init__(self, room: str) -> None:
        self._log = logs.get(room)
        self._found: list[tuple[str, str, str, int]] = []

    def add(self, event: str, subject: str, detail: str, count: int = 1) -> None:
        """Keep one; arguments as `Happenings.tell`."""
        self._found.append((event, subject, detail, count))

    def tell(self, happenings: Happenings, now_ns: int) -> None:
        """Make events and log lines of them."""
        found, self._found = self._found, []
        for event, subject, detail, count in found:
            happenings.tell(now_ns, event, subject, detail, count)
            self._log.warning(detail, kind=event, subject=subject, count=count)


class Happenings:
    """Events that wait for the next hand-over; bounded, for they also come while the spool is full."""

    MOST = 1_000

    def __init__(self) -> None:
        self._waiting: list[_Happening] = []
        self._proposed = 0
        self._left_out = 0

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def tell(self, time_ns: int, event: str, subject: str, detail: str, count: int = 1) -> None:
        """Add an event; beyond 1,000 waiting ones only their number is kept."""
        if len(self._waiting) < self.MOST:
            self._waiting.append(_Happening(time_ns, event, subject, detail, count))
        else:
            self._left_out += 1

    def propose(self) -> list[Batch]:
        """Return batches of all that wait; they wait on until `commit`."""
        if self._left_out and self._waiting:
            last = self._waiting[-1].time_ns
            text = "events that were left out while the spool could not be written"
            self._waiting.append(_Happening(last, "events_left_out", "agent", text, self._left_out))
            self._left_out = 0
        waiting = self._waiting
        self._proposed = len(waiting)
        if not waiting:
            return []
        encoded = _native.encode_events(
            time=[happening.time_ns for happening in waiting],
            event=[happening.event for happening in waiting],
            subject=[happening.subject for happening in waiting],
            detail=[happening.detail for happening in waiting],
            event_count=[happening.count for happening in waiting],
        )
        return batches(STREAM, encoded)

    def commit(self) -> None:
        """What was proposed is written."""
        del self._waiting[: self._proposed]
        self._proposed = 0
