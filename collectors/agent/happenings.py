"""The stream `events.agent`: what the watch saw happen to interfaces, and what the agent itself has to tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from collectors import _native
from collectors.agent.batches import batches
from collectors.agent.source import Source
from viflux import logs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from collectors.agent.source import Turn
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


class Happenings(Source):
    """Events that wait for the next hand-over; bounded, for they also come while the spool is full."""

    streams = (STREAM,)
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

    def propose(self, turn: Turn) -> list[Batch]:
        """Return batches of all that wait, which do so until `commit`, behind those of the watch."""
        return [*batches(STREAM, turn.watch.events()), *self._propose_own()]

    def watermarks(self, turn: Turn) -> Mapping[str, int]:
        """Return the instant up to which the kernel's messages were read."""
        return {STREAM: turn.watch.settled_time_ns()}

    def _propose_own(self) -> list[Batch]:
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
