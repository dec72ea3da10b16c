"""When windows of a host close where not all of its kinds go on."""

from __future__ import annotations

from ingest.processor.tiers.closing import Closing
from viflux.clock import ManualClock
from viflux.registry.rollups import ROLLUPS

SECOND = 1_000_000_000
NOON_NS = 1_795_348_800 * SECOND
GRACE_NS = 60 * SECOND


def test_a_kind_that_ended_while_others_go_on_is_silent() -> None:
    """Of a bus, sources of other kinds tell nothing of flows: the last minute of these closes by the wall clock."""
    clock = ManualClock(NOON_NS)
    closing = Closing(ROLLUPS["flows"], clock, GRACE_NS)
    end_ns = NOON_NS + 60 * SECOND
    clock.advance(50)
    closing.moved("host-1", {}, clock.now_ns())
    for _ in range(7):
        clock.advance(10)
        closing.moved("host-1", {"counters.netlink": clock.now_ns()}, 0)
    assert clock.now_ns() == end_ns + GRACE_NS
    assert closing.is_closed("host-1", end_ns)
    assert not closing.is_closed("host-1", end_ns + 60 * SECOND)


def test_a_host_that_catches_up_is_not_silent() -> None:
    """However late the hour, its windows close by what was handed over."""
    clock = ManualClock(NOON_NS)
    closing = Closing(ROLLUPS["flows"], clock, GRACE_NS)
    reached_ns = NOON_NS - 3600 * SECOND
    for _ in range(20):
        clock.advance(10)
        reached_ns += 20 * SECOND
        closing.moved("host-1", {}, reached_ns)
    assert closing.is_closed("host-1", reached_ns - GRACE_NS)
    assert not closing.is_closed("host-1", reached_ns - GRACE_NS + 1)
    clock.advance(60)
    assert closing.is_closed("host-1", NOON_NS)
