"""The course of one VIF's traffic over a range, as its charts draw it: a figure a step, null where none is."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import msgspec

from dashboards.boards.vif import COURSE
from dashboards.web.figures import REASONS
from dashboards.web.fresh import Fresh, Remembered
from ingest.store.client import StoreClient, StoreRefused
from ingest.store.connection import StoreUnavailable
from viflux.clock import NANOSECONDS, Clock
from viflux.settings import Settings

_FRESH_NS = 5 * NANOSECONDS
_MOST_REMEMBERED = 64
_NOT_YET = "not computed yet"
_NO_WINDOW = "nothing was computed of this time: no agent or no stage for SLIs ran, or the VIF did not live"


class Range(msgspec.Struct, frozen=True):
    """How far back a chart reaches.

    Attributes:
        name: In the page's address.
        title: What screens call it.
        seconds: Its length.
        step_seconds: Length of what one point is of.
        window_seconds: Length of the SLI windows that it is made of.
    """

    name: str
    title: str
    seconds: int
    step_seconds: int
    window_seconds: int


RANGES = {
    each.name: each
    for each in (
        Range("5m", "5 minutes", 300, 10, 10),
        Range("1h", "1 hour", 3600, 60, 60),
        Range("6h", "6 hours", 21_600, 300, 60),
    )
}
"""The ranges by name; the first one is taken where none is asked for."""


class Direction(msgspec.Struct, frozen=True):
    """One direction's figures, an item a step each; None where it is not known.

    Attributes:
        bits_per_second: Mean over the time that readings cover.
        packets_per_second: The same of packets that were offered, lost ones too.
        lost_packets: Packets of M2's numerator.
        completeness_ratio: Share of the expected readings that arrived, 0 to 1.
        reasons: Why the rate is not known, in words; empty where it is.
        loss_reasons: The same of packets.
    """

    bits_per_second: list[float | None] = []
    packets_per_second: list[float | None] = []
    lost_packets: list[float | None] = []
    completeness_ratio: list[float] = []
    reasons: list[str] = []
    loss_reasons: list[str] = []


class Course(msgspec.Struct, frozen=True):
    """What the charts of one VIF draw.

    Attributes:
        vif_id: 16 hex digits.
        range: Name of the range.
        step_seconds: Length of a step.
        times: Start of each step, seconds since the epoch; without holes.
        to: To the workload, as M1 has it.
        from_: From it.
        store_trouble: Why the figures are not of now; empty while the store answers.
    """

    vif_id: str
    range: str
    step_seconds: int
    times: list[int] = []
    to: Direction = Direction()
    from_: Direction = msgspec.field(default=Direction(), name="from")
    store_trouble: str = ""


@dataclass
class Courses:
    """Asks the store at most every few seconds of each VIF and range, however many look at it.

    Attributes:
        store: A client that may read.
        settings: `store.database`.
        clock: The time.
    """

    store: StoreClient
    settings: Settings
    clock: Clock
    _courses: Remembered[tuple[int, str], Course] = field(default_factory=lambda: Remembered(_MOST_REMEMBERED))

    def current(self, vif_id: int, over: Range) -> Course:
        """Return the figures of at most five seconds ago."""

        def made() -> Fresh[Course]:
            first = Course(f"{vif_id:016x}", over.name, over.step_seconds)
            return Fresh(partial(self._take, over), first, _FRESH_NS, self.clock)

        return self._courses.get((vif_id, over.name), made).current()

    def _take(self, over: Range, before: Course) -> Course:
        now_ns = self.clock.now_ns()
        step_ns = over.step_seconds * NANOSECONDS
        # The step that runs has no whole figure yet.
        to_ns = now_ns // step_ns * step_ns
        from_ns = to_ns - over.seconds * NANOSECONDS
        parameters = {
            "vif_id": before.vif_id,
            "from_ns": from_ns,
            "to_ns": to_ns,
            "step_seconds": over.step_seconds,
            "window_seconds": over.window_seconds,
            "most_rows": COURSE.most_rows,
        }
        try:
            rows = self.store.query_rows(COURSE.query(self.settings.store.database), parameters)
        except (StoreUnavailable, StoreRefused) as error:
            return msgspec.structs.replace(before, store_trouble=f"Not known: {' '.join(str(error).split())[:200]}")
        times = list(range(from_ns // NANOSECONDS, to_ns // NANOSECONDS, over.step_seconds))
        to, from_ = (direction([row for row in rows if row["direction"] == way], times) for way in ("to", "from"))
        return msgspec.structs.replace(before, times=times, to=to, from_=from_, store_trouble="")


def direction(rows: list[dict[str, Any]], times: list[int]) -> Direction:
    """Put a direction's rows into their steps.

    Args:
        rows: Of the query `course`.
        times: Start of each step.
    """
    by_time = {int(row["step_time"]): row for row in rows}
    newest = max(by_time, default=0)
    found = Direction([], [], [], [], [], [])
    for time in times:
        row = by_time.get(time)
        absent = _NOT_YET if time > newest and by_time else _NO_WINDOW
        seconds = row["seconds"] if row else None
        found.bits_per_second.append(_ratio(row["bytes"], seconds, 8) if row else None)
        found.packets_per_second.append(_ratio(row["offered_packets"], seconds, 1) if row else None)
        found.lost_packets.append(row["lost_packets"] if row else None)
        found.completeness_ratio.append(min(1.0, row["rate_completeness"]) if row else 0.0)
        found.reasons.append(_why(row["bytes"], row["reasons"]) if row else absent)
        found.loss_reasons.append(_why(row["offered_packets"], row["loss_reasons"]) if row else absent)
    return found


def _ratio(amount: float | None, seconds: float | None, factor: int) -> float | None:
    return amount * factor / seconds if amount is not None and seconds else None


def _why(value: float | None, reasons: list[str]) -> str:
    if value is not None:
        return ""
    return "; ".join(REASONS.get(reason, reason) for reason in reasons) or "not known"
