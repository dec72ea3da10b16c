"""Time as an argument: stages take a `Clock`, tests give them one that they move by hand."""

from __future__ import annotations

import threading
import time
from typing import Protocol

NANOSECONDS = 1_000_000_000
DAY_NS = 86_400 * NANOSECONDS


class Clock(Protocol):
    """Where a stage gets the time from and how it waits."""

    def now_ns(self) -> int:
        """Return UTC nanoseconds since the epoch."""
        ...

    def monotonic_ns(self) -> int:
        """Return nanoseconds that never go back; only differences mean something."""
        ...

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait until `event` is set, at most `seconds`; return whether it is set."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now_ns(self) -> int:
        """Return UTC nanoseconds since the epoch (`CLOCK_REALTIME`)."""
        return time.time_ns()

    def monotonic_ns(self) -> int:
        """Return `CLOCK_MONOTONIC` in nanoseconds."""
        return time.monotonic_ns()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait until `event` is set, at most `seconds`; return whether it is set."""
        return event.wait(max(0.0, seconds))


class ManualClock:
    """A clock for tests: it stands still until `advance`, and waiting advances it."""

    def __init__(self, now_ns: int) -> None:
        self._now_ns = now_ns
        self._monotonic_ns = 0

    def now_ns(self) -> int:
        """Return the time that was set."""
        return self._now_ns

    def monotonic_ns(self) -> int:
        """Return how far the clock was advanced since it was made."""
        return self._monotonic_ns

    def advance(self, seconds: float) -> None:
        """Move both clocks forward by `seconds`."""
        step = int(seconds * NANOSECONDS)
        self._now_ns += step
        self._monotonic_ns += step

    def step(self, seconds: float) -> None:
        """Set the time of day forward or back, as an operator or NTP does; the other clock does not notice."""
        self._now_ns += int(seconds * NANOSECONDS)

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Advance by `seconds` at once; return whether `event` is set."""
        self.advance(max(0.0, seconds))
        return event.is_set()


def next_boundary_ns(now_ns: int, interval_ns: int) -> int:
    """Return the first multiple of `interval_ns` that lies strictly after `now_ns`."""
    return (now_ns // interval_ns + 1) * interval_ns
