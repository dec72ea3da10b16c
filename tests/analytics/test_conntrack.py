"""Connection tracking (M8) of rows whose figures are known."""

from __future__ import annotations

import pytest

from tests.analytics.scenario import HOST, Scenario

OWN, BLUE = f"{HOST}/", f"{HOST}/blue"


def computed(scenario: Scenario, until: float = 60) -> None:
    """Compute what is due when everything until then was handed over."""
    scenario.vif(1, "host", "tap", counting_point=True, born=-600)
    scenario.sweeps(1, 0, until)
    scenario.hand_over(0, until)
    scenario.hand_over(0, until, of_stream="hosts.conntrack")
    assert scenario.compute(until + 5)


def figure(scenario: Scenario, part: str, key: str = HOST, window: float = 0.0) -> tuple[object, object, str]:
    """Return value, completeness and reason."""
    row = scenario.figure("M8", part, key, window, scope="namespace" if "/" in key else "host")
    return row["value"], row["completeness_ratio"], row["reason"]


def test_of_a_host_the_fullest_namespace_and_the_sum_of_what_was_refused(scenario: Scenario) -> None:
    """Each namespace has its own figures; the limit is held against each one's number, so they are never added."""
    scenario.track(0, 60, 300, dropped_packets=1)
    scenario.track(0, 60, 650, namespace="blue", full_seconds=40.0, dropped_packets=2, early_dropped_count=5)
    computed(scenario)
    assert figure(scenario, "occupancy", OWN) == (pytest.approx(0.3), 1, "")
    assert figure(scenario, "occupancy", BLUE) == (pytest.approx(0.65), 1, "")
    assert figure(scenario, "occupancy") == (pytest.approx(0.65), 1, "")
    assert figure(scenario, "time_to_full") == (40, 1, "")
    assert figure(scenario, "time_to_full", OWN) == (None, 1, "not_growing")
    assert figure(scenario, "dropped") == (pytest.approx(18), 1, "")
    assert figure(scenario, "early_dropped", BLUE) == (pytest.approx(30), 1, "")
    assert figure(scenario, "early_dropped", OWN) == (0, 1, "")


def test_the_peak_of_the_minute_counts_and_the_growth_of_its_end(scenario: Scenario) -> None:
    """A storm that is over was as full as it was, and does not become full any more."""
    scenario.track(0, 10, 100, peak_count=990, full_seconds=3.0)
    scenario.track(10, 60, 100)
    computed(scenario)
    assert figure(scenario, "occupancy") == (pytest.approx(0.99), 1, "")
    assert figure(scenario, "time_to_full") == (None, 1, "not_growing")


def test_a_full_table_needs_no_time(scenario: Scenario) -> None:
    """That is 0 and not null, which would say that it never becomes full."""
    scenario.track(0, 60, 1000, full_seconds=0.0)
    computed(scenario)
    assert figure(scenario, "time_to_full") == (0, 1, "")
    assert figure(scenario, "occupancy") == (1, 1, "")


def test_without_a_limit_there_is_no_occupancy(scenario: Scenario) -> None:
    """And one with a limit beside it has its own."""
    scenario.track(0, 60, 5000, most=0)
    scenario.track(0, 60, 10, namespace="blue")
    computed(scenario)
    assert figure(scenario, "occupancy", OWN) == (None, 1, "no_limit")
    assert figure(scenario, "time_to_full", OWN) == (None, 1, "no_limit")
    assert figure(scenario, "occupancy") == (pytest.approx(0.01), 1, "")


def test_where_nothing_was_read_it_is_not_connected(scenario: Scenario) -> None:
    """Other rows of the same table change nothing about that."""
    scenario.probe(0, 60)
    computed(scenario)
    for part in ("occupancy", "time_to_full", "dropped", "early_dropped"):
        assert figure(scenario, part) == (None, 0, "conntrack_not_read")


def test_a_hole_lowers_the_completeness_and_rates_are_of_the_time_that_was_read(scenario: Scenario) -> None:
    """Of the namespace that lived on as of the host; of one that was born in the minute nothing is missing."""
    scenario.track(0, 20, 100, dropped_packets=5)
    scenario.track(50, 60, 100, dropped_packets=5)
    scenario.track(50, 60, 7, namespace="blue")
    computed(scenario)
    value, completeness, reason = figure(scenario, "dropped", OWN)
    assert (value, completeness, reason) == (pytest.approx(30), pytest.approx(0.5), "")
    assert figure(scenario, "occupancy") == (pytest.approx(0.1), pytest.approx(0.5), "")
    assert figure(scenario, "occupancy", BLUE) == (pytest.approx(0.007), 1, "")


def test_what_was_refused_before_the_first_reading_is_not_known(scenario: Scenario) -> None:
    """The first row has no counters; the rest of the minute has."""
    scenario.track(0, 60, 100, namespace="blue", dropped_packets=None, early_dropped_count=None)
    scenario.track(0, 10, 100, dropped_packets=None, early_dropped_count=None)
    scenario.track(10, 60, 100, dropped_packets=2)
    computed(scenario)
    assert figure(scenario, "dropped", BLUE) == (None, 1, "first_reading")
    assert figure(scenario, "dropped", OWN) == (pytest.approx(12), 1, "")


def test_a_row_that_reaches_over_a_minute_is_shared_out(scenario: Scenario) -> None:
    """By time; its peak may have been in either minute, so it is in both."""
    scenario.track(0, 120, 500, every=40.0, dropped_packets=40)
    computed(scenario, 120)
    assert figure(scenario, "dropped", window=0.0) == (pytest.approx(60), 1, "")
    assert figure(scenario, "dropped", window=60.0) == (pytest.approx(60), 1, "")
    assert figure(scenario, "occupancy", window=60.0) == (pytest.approx(0.5), 1, "")
