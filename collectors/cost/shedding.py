"""What is left out to stay within a budget: steps in a declared order, and when to take one. Time is an argument."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from viflux.clock import NANOSECONDS

if TYPE_CHECKING:
    from collections.abc import Collection

MOST_RATE = 1024
"""One packet of so many is the least that is counted by flow: beyond it counting costs less than skipping."""

LEAST_TRANSIT_SHARE = 16
"""Of the time in which packets are looked at for their transit time a part of so many is left at least."""

ENOUGH_RATIO = 0.5
"""A step back comes below this part of the budget: it doubles what the step had halved."""

FIRST_CALM_NS = 30 * NANOSECONDS
LONGEST_CALM_NS = 600 * NANOSECONDS
"""How long it must have been calm before a step back; doubled each time that one had to be taken again."""

_TICKS_AT_FIRST = 2
"""Measurements over the budget before the first step, so that one burst sheds nothing."""


@dataclass(frozen=True)
class Step:
    """One step of what is left out.

    Attributes:
        level: 0 for nothing.
        shed: What: `none`, `drop_samples`, `transit_share`, `other_flows`, `all_flows`; each with what comes before it.
        others: One packet of so many is counted, of VIFs that are not critical.
        critical: The same of critical ones.
        transit: Transit times are taken in a part of so many of the time that is set.
    """

    level: int
    shed: str
    others: int = 1
    critical: int = 1
    transit: int = 1

    @property
    def words(self) -> str:
        """Return what is left out, as a clause."""
        match self.shed:
            case "drop_samples":
                return "dropped packets are counted without their addresses"
            case "transit_share":
                return f"transit times are taken in a part of {self.transit} of the time that is set"
            case "other_flows":
                return f"one packet of {self.others:,} is counted by flow, of VIFs that are not critical"
            case "all_flows":
                return f"one packet of {self.others:,} is counted by flow, of critical VIFs one of {self.critical:,}"
            case _:
                return "nothing is left out"


def steps(probes: Collection[str], rate: int = 1) -> tuple[Step, ...]:
    """Return all steps in order, of the probes that run.

    Args:
        probes: Their names.
        rate: One packet of so many is counted where nothing is shed.
    """
    found = [Step(0, "none", rate, rate)]

    def add(shed: str, others: int = 1, critical: int = 1, transit: int = 1) -> None:
        found.append(Step(len(found), shed, rate * others, rate * critical, max(transit, found[-1].transit)))

    if "drop" in probes:
        add("drop_samples")
    if "transit" in probes:
        for halving in range(1, LEAST_TRANSIT_SHARE.bit_length()):
            add("transit_share", transit=1 << halving)
    if "flow" in probes:
        halvings = range(1, MOST_RATE.bit_length())
        for halving in halvings:
            add("other_flows", 1 << halving)
        for halving in halvings:
            add("all_flows", MOST_RATE, 1 << halving)
    return tuple(found)


class Shedding:
    """Decides by one measurement after the other.

    Args:
        order: All steps.
        budget_cores: What may be spent.
    """

    def __init__(self, order: tuple[Step, ...], budget_cores: float) -> None:
        self._order = order
        self._budget_cores = budget_cores
        self._level = 0
        self._over = 0
        self._calm_since_ns: int | None = None
        self._calm_ns = FIRST_CALM_NS
        self._back_since_ns: int | None = None
        self._has_told_end = False

    @property
    def step(self) -> Step:
        """What is left out now."""
        return self._order[self._level]

    @property
    def last_level(self) -> int:
        """The level at which nothing more can be left out."""
        return len(self._order) - 1

    def judge(self, cost_cores: float, now_ns: int) -> bool:
        """Take a measurement in; return whether the step has changed.

        Args:
            cost_cores: Mean of the time since the last measurement.
            now_ns: Any clock that never goes back.
        """
        if cost_cores > self._budget_cores:
            self._calm_since_ns = None
            self._over += 1
            needed = 1 if self._level else _TICKS_AT_FIRST
            if self._over < needed or self._level == self.last_level:
                return False
            if self._back_since_ns is not None and now_ns - self._back_since_ns <= 2 * self._calm_ns:
                self._calm_ns = min(2 * self._calm_ns, LONGEST_CALM_NS)
            self._move(1)
            self._back_since_ns = None
            return True
        self._over = 0
        if self._level == 0 and self._back_since_ns is not None and now_ns - self._back_since_ns > 2 * self._calm_ns:
            self._calm_ns, self._back_since_ns = FIRST_CALM_NS, None
        if cost_cores >= ENOUGH_RATIO * self._budget_cores or self._level == 0:
            self._calm_since_ns = None
            return False
        if self._calm_since_ns is None:
            self._calm_since_ns = now_ns
        if now_ns - self._calm_since_ns < self._calm_ns:
            return False
        self._move(-1)
        self._back_since_ns = now_ns
        return True

    def _move(self, by: int) -> None:
        self._level += by
        self._over = 0
        self._calm_since_ns = None

    def is_spent(self, cost_cores: float) -> bool:
        """Whether the last step does not suffice; true once, and again only after the budget was kept."""
        is_over = self._level == self.last_level and cost_cores > self._budget_cores
        is_news = is_over and not self._has_told_end
        self._has_told_end = is_over or (self._has_told_end and cost_cores > self._budget_cores)
        return is_news
