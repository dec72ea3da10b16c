"""What is done to whom and when: a plan is made from a seed, printed, and the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

CALM_SECONDS = 3.0
"""So long nothing happens at the start."""

_STEPS = (7200, -7200)


@dataclass(frozen=True)
class Fault:
    """One thing that is done to one target.

    Attributes:
        second: When it begins, from the start of the run.
        kind: `kill` (SIGKILL, and started again), `leave` (SIGTERM, and started again), `freeze` (SIGSTOP, SIGCONT),
            `step` (the clock of this process alone), `fill` (the disk).
        target: A process, `brokers` for all of them, or for `fill` whom it stops: `store`, `spool` or `all`.
        seconds: How long it stays so: down, frozen, stepped, full.
        amount: For `step` the seconds by which the clock is wrong; else 0.
    """

    second: float
    kind: str
    target: str
    seconds: float
    amount: int = 0

    @property
    def end(self) -> float:
        """When it is over."""
        return self.second + self.seconds

    def __str__(self) -> str:
        amount = f" {self.amount:+d} s" if self.amount else ""
        return f"{self.second:7.1f} s  {self.kind:<6} {self.target:<12}{amount} for {self.seconds:.1f} s"


@dataclass(frozen=True)
class Shape:
    """What runs.

    Attributes:
        brokers: How many; 0 where the processor reads the spool.
        processors: How many.
    """

    brokers: int
    processors: int

    @property
    def processes(self) -> tuple[str, ...]:
        """Names of the product's processes, in the order in which they are started."""
        numbered = tuple(f"processor-{number + 1}" for number in range(self.processors))
        return ("store", "agent", *(("shipper",) if self.brokers else ()), *numbered)

    @property
    def broker_names(self) -> tuple[str, ...]:
        """Names of the brokers."""
        return tuple(f"broker-{number + 1}" for number in range(self.brokers))

    def deck(self) -> tuple[tuple[str, str], ...]:
        """Return every (kind, target) there is."""
        cards = [("kill", name) for name in self.processes]
        cards += [("kill", name) for name in self.broker_names]
        cards += [("freeze", name) for name in (*self.processes, *self.broker_names)]
        cards += [("leave", name) for name in self.processes if name.startswith("processor")]
        if self.brokers > 1:
            cards += [("kill", "brokers")]
        cards += [("fill", whom) for whom in ("store", "spool", "all")]
        cards += [("step", name) for name in self.processes]
        return tuple(cards)


def make(seed: int, seconds: float, shape: Shape, *, pace: float = 4.0, longest: float = 8.0) -> tuple[Fault, ...]:
    """Deal every kind of fault to every target, again and again in another order, until the time is over.

    Args:
        seed: Same seed, seconds and shape, same plan.
        seconds: When the last fault is over at the latest.
        shape: What runs.
        pace: Mean seconds between two faults; they overlap, but never on one target.
        longest: Longest fault in seconds.
    """
    chance = random.Random(f"{seed} {shape}")  # noqa: S311 - not a secret
    faults: list[Fault] = []
    free: dict[str, float] = {}
    hand: list[tuple[str, str]] = []
    at = CALM_SECONDS
    while True:
        if not hand:
            hand = list(shape.deck())
            chance.shuffle(hand)
        kind, target = hand.pop()
        lasts = chance.uniform(0.3, longest)
        amount = chance.choice(_STEPS) if kind == "step" else 0
        place = "disk" if kind == "fill" else target
        begin = max(at, *(free.get(each, 0.0) for each in _touches(place, shape)))
        if begin + lasts > seconds:
            return tuple(sorted(faults, key=lambda fault: fault.second))
        fault = Fault(round(begin, 1), kind, target, round(lasts, 1), amount)
        faults.append(fault)
        for each in _touches(place, shape):
            free[each] = fault.end + 0.5
        at += chance.expovariate(1 / pace)


def _touches(place: str, shape: Shape) -> Sequence[str]:
    return shape.broker_names if place == "brokers" else (place,)


def as_text(plan: Iterable[Fault]) -> str:
    """Return a plan for people, one line a fault."""
    return "\n".join(map(str, plan))
