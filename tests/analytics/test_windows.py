"""When a window is computed, when again, and that only the tables know."""

from __future__ import annotations

import threading

import msgspec
import pytest
from prometheus_client import REGISTRY

from analytics.catalogue import CATALOGUE
from analytics.stage import OF_FLOWS
from analytics.windows import DueWindow, batches
from tests.analytics.scenario import HOST, Scenario
from viflux.telemetry import Health


def late_windows() -> float:
    return REGISTRY.get_sample_value("viflux_slis_late_windows_total", {"window_seconds": "60"}) or 0.0


def busy_tap(scenario: Scenario, end: float, tx_bytes: int = 1000) -> None:
    scenario.vif(1, "host", "tap", counting_point=True)
    scenario.sweeps(1, 0, end, tx_bytes=tx_bytes)


def test_short_windows_close_by_watermark_alone(scenario: Scenario) -> None:
    """The watermark at 30 s closes three 10 s windows; however late it is, the fourth waits for data."""
    busy_tap(scenario, 30)
    scenario.hand_over(0, 30)
    scenario.compute(300)
    assert scenario.value("M1", "to", 1, window=20, seconds=10) == 100
    assert scenario.figure("M1", "to", 1, window=30, seconds=10) == {}


def test_a_minute_closes_at_its_end_plus_grace(scenario: Scenario) -> None:
    """Half a minute of data: no row before the grace has passed, then one that is half complete."""
    busy_tap(scenario, 30)
    scenario.hand_over(0, 30)
    scenario.compute(89.9)
    assert scenario.figure("M1", "to", 1) == {}
    scenario.compute(90)
    row = scenario.figure("M1", "to", 1)
    assert (row["value"], row["completeness_ratio"], row["data_revision"]) == (100, 0.5, 1)


def test_a_silent_host_is_null_and_expected_for_a_day(scenario: Scenario) -> None:
    """Nothing arrived for a minute: null, completeness 0, silent; never 0."""
    busy_tap(scenario, 60)
    scenario.hand_over(0, 60)
    scenario.compute(250)
    for sli, part, key in (("M1", "to", 1), ("M1", "utilisation", 1), ("M2", "local_to", 1), ("M1", "from", HOST)):
        row = scenario.figure(sli, part, key, window=120)
        assert (row["value"], row["completeness_ratio"], row["reason"]) == (None, 0, "silent"), (sli, part)


def test_late_rows_open_a_window_again(scenario: Scenario) -> None:
    """The newer result replaces the older one, and says of which revision it is."""
    busy_tap(scenario, 30)
    scenario.hand_over(0, 30)
    scenario.compute(100)
    first = scenario.figure("M1", "to", HOST)
    scenario.sweeps(1, 30, 60, tx_bytes=4000)
    scenario.hand_over(30, 60)
    assert scenario.compute(101) > 0
    second = scenario.figure("M1", "to", HOST)
    assert (first["completeness_ratio"], second["completeness_ratio"]) == (0.5, 1)
    assert (first["value"], second["value"]) == (100, 250)
    assert second["data_revision"] == first["data_revision"] + 1
    assert second["computed_time"] > first["computed_time"]


def test_rows_later_than_the_limit_are_counted_and_not_used(scenario: Scenario) -> None:
    """With `window.late` at a minute, data of two minutes ago change nothing but a counter."""
    busy_tap(scenario, 30)
    scenario.hand_over(0, 30)
    scenario.compute(100, window__late="1m")
    scenario.sweeps(1, 30, 60, tx_bytes=4000)
    scenario.hand_over(30, 60)
    before = late_windows()
    scenario.compute(180, window__late="1m")
    assert scenario.value("M1", "to", 1) == 100
    assert late_windows() == before + sum(sli.relation != OF_FLOWS for sli in CATALOGUE.values())


def test_a_window_of_which_nothing_had_come_is_never_too_late(scenario: Scenario) -> None:
    """A processor that was down longer than `window.late` leaves no hole once it has caught up."""
    busy_tap(scenario, 60)
    scenario.hand_over(0, 60)
    scenario.compute(400, window__late="1m")
    assert scenario.figure("M1", "to", 1, window=120)["reason"] == "silent"
    scenario.sweeps(1, 60, 240, tx_bytes=1000)
    scenario.hand_over(60, 240)
    scenario.compute(401, window__late="1m")
    assert scenario.value("M1", "to", 1, window=120) == 100


def test_a_fresh_process_goes_on_from_the_tables(scenario: Scenario) -> None:
    """A second stage finds nothing due; with new data, only what they touched."""
    busy_tap(scenario, 60)
    scenario.hand_over(0, 60)
    # M1 and M2 of each slice, with M6, M8 and M11 of the minute.
    assert scenario.compute(61) == 2 * 6 + 5
    assert scenario.compute(62) == 0
    scenario.sweeps(1, 60, 70, tx_bytes=1000)
    scenario.hand_over(60.001, 70.001)
    assert scenario.compute(71) == 2


def test_a_newer_definition_computes_all_windows_again(scenario: Scenario) -> None:
    """Raising the version of M1 leaves M2 alone and gives M1's rows the new version."""
    busy_tap(scenario, 60)
    scenario.hand_over(0, 60)
    scenario.compute(61)
    newer = {**CATALOGUE, "M1": msgspec.structs.replace(CATALOGUE["M1"], definition_version=2)}
    scenario.clock.advance(1)
    assert scenario.stage(newer).step() == 7
    assert scenario.figure("M1", "to", 1)["definition_version"] == 2
    unchanged = CATALOGUE["M2"].definition_version
    assert scenario.figure("M2", "local_to", 1)["definition_version"] == unchanged


def test_hosts_are_apart(scenario: Scenario) -> None:
    """Each host closes by its own watermark, and its scopes hold its own VIFs."""
    busy_tap(scenario, 60)
    scenario.vif(7, "host", "tap", counting_point=True, host="host-b")
    scenario.sweeps(7, 0, 30, tx_bytes=5000, host="host-b")
    scenario.hand_over(0, 60)
    scenario.hand_over(0, 30, host="host-b")
    scenario.compute(61)
    assert scenario.value("M1", "to", HOST) == 100
    assert scenario.figure("M1", "to", "host-b") == {}
    assert scenario.value("M1", "to", "host-b", window=20, seconds=10) == 500


def test_after_an_outage_the_newest_windows_come_first_and_each_step_is_bounded(scenario: Scenario) -> None:
    """Two hours of data handed over at once: the first step computes the newest windows and not all."""
    scenario.origin_ns -= 2 * 3600 * 1_000_000_000
    scenario.vif(1, "host", "tap", counting_point=True)
    scenario.sweeps(1, 0, 7200, every=60, tx_bytes=6000)
    scenario.hand_over(0, 7200)
    scenario.flush()
    scenario.clock.advance(1)
    stage = scenario.stage()
    assert 0 < stage.step() < 2 * (720 + 120)
    assert scenario.value("M1", "to", 1, window=7190, seconds=10) == 100
    assert scenario.figure("M1", "to", 1, window=0, seconds=10) == {}
    scenario.compute(7202)
    assert scenario.value("M1", "to", 1, window=0, seconds=10) == 100
    assert scenario.value("M1", "to", 1, window=0) == 100


def test_a_step_is_left_between_two_statements(scenario: Scenario) -> None:
    """SIGTERM within a long step does not wait for the rest of it; a fresh process computes that."""

    class StopsInStep(threading.Event):
        """Is set from the second question on: the first is the loop's, the second comes from within the step."""

        asked = 0

        def is_set(self) -> bool:
            self.asked += 1
            return self.asked > 1

    busy_tap(scenario, 60)
    scenario.hand_over(0, 60)
    scenario.flush()
    scenario.clock.advance((scenario.at(100) - scenario.clock.now_ns()) / 1_000_000_000)
    scenario.stage().run(StopsInStep(), Health("slis", scenario.clock))
    assert scenario.figure("M1", "to", 1) == {}
    assert scenario.compute(100) > 0
    assert scenario.value("M1", "to", 1) == 100


@pytest.mark.parametrize(
    ("count", "apart_ns", "expected"), [(130, 10, [60, 60, 10]), (3, 3600, [1, 1, 1]), (0, 10, [])]
)
def test_statements_are_bounded_in_windows_and_span(count: int, apart_ns: int, expected: list[int]) -> None:
    """No statement has more than 60 windows, and none spans more than an hour."""
    second = 1_000_000_000
    due = [DueWindow("M1", HOST, (90_000 - index * apart_ns) * second, 1, False, False) for index in range(count)]
    made = list(batches(due, 10, 60, 3600))
    assert [len(batch.windows) for batch in made] == expected
    assert all(batch.to_ns - batch.from_ns <= 3600 * second for batch in made)


def test_slis_that_are_due_of_the_same_windows_share_a_statement() -> None:
    """Two SLIs over the same windows are one statement; a window of which only one is due is another."""
    due = [DueWindow(sli, HOST, window, 1, False, False) for window in (20, 10) for sli in ("M1", "M2")]
    made = list(batches([*due, DueWindow("M1", HOST, 0, 1, True, False)], 10, 60, 3600))
    assert [(batch.slis, [window.window_ns for window in batch.windows]) for batch in made] == [
        (("M1", "M2"), [20, 10]),
        (("M1",), [0]),
    ]
