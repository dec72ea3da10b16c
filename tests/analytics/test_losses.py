"""What is known to be lost is in the completeness of every SLI that reads it."""

from __future__ import annotations

import pytest

from tests.analytics.scenario import HOST, Scenario


def test_lost_flows_lower_the_completeness_of_coverage_and_of_nothing_else(scenario: Scenario) -> None:
    """A quarter of the minute's flow rows was shed, none of the next minute's, all of the third's."""
    scenario.vif(1, "host", counting_point=True, born=-600)
    scenario.sweeps(1, -60, 240, rx_bytes=1000, tx_bytes=1000)
    for minute in (0.0, 60.0, 120.0):
        scenario.flows(1, minute, 6000, direction="ingress")
    scenario.hand_over(-60, 240, watermark=240)
    scenario.hand_over(1, 59, of_stream="flows.ipfix", out_rows_count=300)
    scenario.hand_over(61, 119, of_stream="flows.ipfix", out_rows_count=300)
    scenario.lose(1, 59, "flows.ipfix", "shed", 100)
    scenario.lose(121, 179, "flows.ipfix", "spool_evicted", 50)
    scenario.compute(now=600)
    shed, whole, gone = (scenario.figure("M9", "ingress", 1, window) for window in (0.0, 60.0, 120.0))
    assert shed["completeness_ratio"] == pytest.approx(0.75)
    assert whole["completeness_ratio"] == 1
    assert (gone["completeness_ratio"], gone["value"], gone["reason"]) == (0, None, "lost")
    assert scenario.figure("M1", "to", 1, 0.0)["completeness_ratio"] == 1


def test_lost_readings_are_no_silence(scenario: Scenario) -> None:
    """Of a minute whose sweeps were all evicted nothing is known, and it is said that they were lost."""
    scenario.vif(1, "host", counting_point=True, born=-600)
    scenario.sweeps(1, -60, 60)
    scenario.sweeps(1, 120, 180)
    scenario.hand_over(-60, 60, watermark=60, out_rows_count=12)
    scenario.hand_over(120, 180, watermark=180, out_rows_count=6)
    scenario.lose(60, 119, "counters.netlink", "spool_evicted", 6)
    scenario.compute(now=300)
    for part in ("to", "from"):
        lost = scenario.figure("M1", part, 1, 60.0)
        assert (lost["completeness_ratio"], lost["value"], lost["reason"]) == (0, None, "lost")
    assert scenario.figure("M1", "to", 1, 120.0)["completeness_ratio"] == 1


def test_lost_readings_of_vifs_that_nobody_knows_are_missing_in_the_hosts_figures(scenario: Scenario) -> None:
    """Half of the minute's readings were lost together with the births of their VIFs."""
    scenario.vif(1, "host", counting_point=True, born=-600)
    scenario.sweeps(1, 0, 60)
    scenario.hand_over(0, 60, watermark=60, out_rows_count=6)
    scenario.lose(0, 59, "counters.netlink", "spool_evicted", 6)
    scenario.compute(now=180)
    assert scenario.figure("M1", "to", 1)["completeness_ratio"] == 1
    assert scenario.figure("M1", "to", HOST)["completeness_ratio"] == pytest.approx(0.5, abs=0.01)


def test_numbers_that_never_came_count_with_the_mean_rows_of_a_batch(scenario: Scenario) -> None:
    """Two of six batches are missing and nobody tells how many rows they had."""
    scenario.hand_over(0, 59, of_stream="flows.ipfix", out_rows_count=400, in_rows_count=400, batches_count=4)
    scenario.lose(0, 59, "flows.ipfix", "missing", 0, stage="processor", lost_batches_count=2, lost_through_sequence=6)
    scenario.flush()
    rows = scenario.store.query_rows(f"SELECT * FROM {scenario.store.database}.completeness")
    assert [(row["stored_rows"], row["lost_rows"], bool(row["is_estimated"])) for row in rows] == [(400, 200, True)]
    assert rows[0]["completeness_ratio"] == pytest.approx(2 / 3)
