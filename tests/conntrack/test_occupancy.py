"""Readings of one table, and the row of an interval."""

from __future__ import annotations

import pytest

from collectors.conntrack.occupancy import Counters, Table, seconds_to_full, slope

SECOND = 10**9
NOTHING = Counters(0, 0, 0, 0)


def test_growth_is_the_slope_of_all_readings() -> None:
    """Not only of the first and the last, and none of two or of one instant."""
    assert slope([(0, 100), (SECOND, 300), (2 * SECOND, 500)]) == pytest.approx(200)
    assert slope([(0, 0), (SECOND, 1000), (2 * SECOND, 0)]) == pytest.approx(0)
    assert slope([(5 * SECOND, 30), (6 * SECOND, 20), (7 * SECOND, 10)]) == pytest.approx(-10)
    assert slope([(0, 100), (SECOND, 300)]) is None
    assert slope([(0, 1), (0, 2), (0, 3)]) is None


@pytest.mark.parametrize(
    ("entries", "most", "growth", "seconds"),
    [
        (100, 1000, 10.0, 90.0),
        (1000, 1000, 0.0, 0.0),
        (1200, 1000, -5.0, 0.0),
        (100, 1000, 0.0, None),
        (100, 1000, -1.0, None),
        (100, 1000, None, None),
        (100, 0, 10.0, None),
        (100, None, 10.0, None),
    ],
)
def test_time_to_full(entries: int, most: int | None, growth: float | None, seconds: float | None) -> None:
    """Only of a table that has a limit and grows; a full one needs no time."""
    assert seconds_to_full(entries, most, growth) == seconds


def test_the_row_has_the_peak_of_the_interval_and_what_was_added_in_it() -> None:
    """The first interval has no counters: nobody knows what was before."""
    table = Table("blue", 0)
    table.now = Counters(5, 6, 7, 8)
    for second, entries in enumerate((10, 900, 30)):
        table.read(second * SECOND, entries, 1000)
    first = table.end(3 * SECOND)
    assert first is not None
    assert (first.time, first.duration_ns, first.namespace) == (0, 3 * SECOND, "blue")
    assert (first.conntrack_entries_count, first.conntrack_peak_count, first.conntrack_max_count) == (30, 900, 1000)
    assert first.conntrack_readings_count == 3
    assert first.conntrack_dropped_packets is None
    table.read(4 * SECOND, 31, 1000)
    table.now = Counters(6, 8, 10, 12)
    second = table.end(5 * SECOND)
    assert second is not None
    assert (second.time, second.duration_ns, second.conntrack_peak_count) == (3 * SECOND, 2 * SECOND, 31)
    assert (second.conntrack_dropped_packets, second.conntrack_early_dropped_count) == (1, 2)
    assert (second.conntrack_insert_failed_packets, second.conntrack_invalid_packets) == (3, 4)
    assert second.conntrack_growth_per_second is None


def test_counters_that_go_back_are_not_known() -> None:
    """And the next interval counts from there."""
    table = Table("", 0, before=Counters(9, 9, 9, 9), now=NOTHING)
    table.read(SECOND, 1, None)
    row = table.end(SECOND)
    assert row is not None
    assert row.conntrack_dropped_packets is None
    table.read(2 * SECOND, 1, None)
    table.now = Counters(1, 0, 0, 0)
    row = table.end(2 * SECOND)
    assert row is not None
    assert row.conntrack_dropped_packets == 1


def test_without_a_reading_there_is_no_row_and_a_clock_that_is_set_back_makes_no_negative_length() -> None:
    """It is as long as it can be told."""
    table = Table("", 10 * SECOND)
    assert table.end(20 * SECOND) is None
    table.read(5 * SECOND, 1, None)
    row = table.end(6 * SECOND)
    assert row is not None
    assert (row.time, row.duration_ns) == (6 * SECOND, 0)
