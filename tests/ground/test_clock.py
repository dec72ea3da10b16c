"""Time as an argument."""

from __future__ import annotations

import threading
import time

from hypothesis import given
from hypothesis import strategies as st

from viflux.clock import ManualClock, SystemClock, next_boundary_ns

SECOND = 1_000_000_000


@given(st.integers(min_value=0, max_value=2**62), st.integers(min_value=1, max_value=3600 * SECOND))
def test_the_next_boundary(now: int, interval: int) -> None:
    """It is a multiple of the interval, after now, by at most one interval."""
    boundary = next_boundary_ns(now, interval)
    assert boundary % interval == 0
    assert now < boundary <= now + interval


def test_a_manual_clock_moves_only_by_hand() -> None:
    """Both times stand still until `advance`; waiting advances instead of sleeping."""
    clock = ManualClock(5 * SECOND)
    assert (clock.now_ns(), clock.monotonic_ns()) == (5 * SECOND, 0)
    clock.advance(2.5)
    assert (clock.now_ns(), clock.monotonic_ns()) == (7_500_000_000, 2_500_000_000)
    event = threading.Event()
    began = time.monotonic()
    assert clock.wait(event, 3600) is False
    assert time.monotonic() - began < 5
    assert clock.monotonic_ns() == 3602_500_000_000
    event.set()
    assert clock.wait(event, -1) is True
    assert clock.monotonic_ns() == 3602_500_000_000


def test_the_system_clock_wakes_for_its_event() -> None:
    """A wait ends when the event is set, long before its time."""
    clock, event = SystemClock(), threading.Event()
    threading.Timer(0.05, event.set).start()
    began = clock.monotonic_ns()
    assert clock.wait(event, 60) is True
    assert clock.monotonic_ns() - began < 30 * SECOND
    assert abs(clock.now_ns() - time.time_ns()) < 5 * SECOND
    assert clock.wait(threading.Event(), -3) is False
