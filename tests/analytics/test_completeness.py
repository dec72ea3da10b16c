"""How much of what was expected arrived, and what a window looks like of which part is missing."""

from __future__ import annotations

from tests.analytics.scenario import HOST, Scenario


def test_the_first_partial_minute_has_a_value_and_says_how_much_it_saw(scenario: Scenario) -> None:
    """Read from second 24 on: rates of what was seen, completeness 0.6."""
    scenario.pair(1, 2, at=24)
    for vif_id in (1, 2):
        scenario.count(vif_id, 24, 0, "new")
        scenario.count(vif_id, 24, 6, tx_bytes=600)
        scenario.sweeps(vif_id, 30, 60, tx_bytes=1000)
    scenario.hand_over(24, 60)
    scenario.compute(61)
    row = scenario.figure("M1", "to", 1)
    assert (row["numerator"], row["denominator"], row["value"], row["completeness_ratio"]) == (3600, 36, 100, 0.6)
    assert scenario.figure("M1", "to", HOST)["completeness_ratio"] == 0.6
    assert scenario.figure("M1", "to", 1, window=20, seconds=10)["completeness_ratio"] == 0.6
    assert scenario.figure("M1", "to", 1, window=10, seconds=10) == {}


def test_a_vif_is_expected_only_while_it_lives(scenario: Scenario) -> None:
    """Born at 12.5 s and gone at 47 s, read to the end: complete, and its mean is over its life."""
    scenario.vif(1, "host", "tap", at=12.5, born=12.5, counting_point=True)
    scenario.vif(1, "host", "tap", at=47, born=12.5, gone=47, counting_point=True)
    scenario.count(1, 12.5, 7.5, "new", tx_bytes=750)
    scenario.sweeps(1, 20, 40, tx_bytes=1000)
    scenario.count(1, 40, 7, tx_bytes=700)
    scenario.hand_over(12.5, 60)
    scenario.compute(61)
    row = scenario.figure("M1", "to", 1)
    assert (row["numerator"], row["value"], row["completeness_ratio"]) == (3450, 100, 1)
    assert scenario.figure("M1", "to", 1, window=50, seconds=10) == {}
    scenario.hand_over(60, 120)
    scenario.compute(121)
    assert scenario.figure("M1", "to", 1, window=60) == {}
    nothing = scenario.figure("M1", "to", HOST, window=60)
    assert (nothing["value"], nothing["reason"], nothing["completeness_ratio"]) == (None, "no_vifs", 1)


def test_the_unread_end_of_a_vif_lowers_completeness(scenario: Scenario) -> None:
    """A VIF that ended with its namespace at 55 s and was last read at 50 s is 10/11 complete."""
    scenario.vif(1, "host", "tap", counting_point=True)
    scenario.vif(1, "host", "tap", at=55, gone=55, counting_point=True)
    scenario.sweeps(1, 0, 50, tx_bytes=1000)
    scenario.hand_over(0, 60)
    scenario.compute(61)
    row = scenario.figure("M1", "to", 1)
    assert (row["value"], row["completeness_ratio"]) == (100, 50 / 55)


def test_a_gap_is_left_out_of_rates_loss_and_maxima(scenario: Scenario) -> None:
    """Two slices that only a gap covers: not in any figure but completeness."""
    scenario.vif(1, "host", "tap", counting_point=True)
    scenario.sweeps(1, 0, 40, tx_bytes=1000, tx_packets=500)
    scenario.count(1, 40, 20, "gap", tx_bytes=999_999, tx_packets=5000, qdisc_dropped_packets=5000)
    scenario.hand_over(0, 60)
    scenario.compute(61)
    row = scenario.figure("M1", "to", 1)
    assert (row["value"], row["completeness_ratio"]) == (100, 40 / 60)
    assert scenario.value("M1", "to_max", 1) == 100
    assert scenario.figure("M2", "local_to", 1)["value"] == 0
    alone = scenario.figure("M1", "to", 1, window=50, seconds=10)
    assert (alone["value"], alone["completeness_ratio"], alone["reason"]) == (None, 0, "gap")


def test_a_reset_is_left_out_too(scenario: Scenario) -> None:
    """Counters that started again in a slice: that slice is not known."""
    scenario.vif(1, "host", "tap", counting_point=True)
    scenario.sweeps(1, 0, 50, tx_bytes=1000)
    scenario.count(1, 50, 10, "reset", tx_bytes=5)
    scenario.hand_over(0, 60)
    scenario.compute(61)
    assert scenario.figure("M1", "to", 1)["completeness_ratio"] == 50 / 60
    assert scenario.figure("M1", "to", 1, window=50, seconds=10)["reason"] == "reset"


def test_a_wrap_and_a_birth_are_clean(scenario: Scenario) -> None:
    """Rows that say how their delta was corrected count like any other."""
    scenario.vif(1, "host", "tap", counting_point=True)
    scenario.sweeps(1, 0, 50, tx_bytes=1000)
    scenario.count(1, 50, 10, "wrap", tx_bytes=1000)
    scenario.hand_over(0, 60)
    scenario.compute(61)
    row = scenario.figure("M1", "to", 1)
    assert (row["value"], row["completeness_ratio"]) == (100, 1)


def test_a_late_sweep_is_shared_out(scenario: Scenario) -> None:
    """A sweep of 13 s and one of 7 s cover two slices in full, and no byte is lost or counted twice."""
    scenario.vif(1, "host", "tap", counting_point=True)
    scenario.count(1, 0, 13, tx_bytes=1300)
    scenario.count(1, 13, 7, tx_bytes=1400)
    scenario.sweeps(1, 20, 60, tx_bytes=1000)
    scenario.hand_over(0, 60)
    scenario.compute(61)
    first, second = (scenario.figure("M1", "to", 1, window=start, seconds=10) for start in (0, 10))
    assert (first["numerator"], first["completeness_ratio"]) == (1000, 1)
    assert (round(second["numerator"], 6), second["completeness_ratio"]) == (1700, 1)
    row = scenario.figure("M1", "to", 1)
    assert (row["numerator"], row["completeness_ratio"]) == (6700, 1)


def test_a_sweep_some_milliseconds_after_the_full_ten_seconds_stays_whole(scenario: Scenario) -> None:
    """Rows that begin and end 137 ms late give whole numbers and full windows."""
    scenario.vif(1, "host", "tap", counting_point=True)
    scenario.sweeps(1, -9.863, 60.137, tx_bytes=1001)
    scenario.hand_over(-9.863, 60.137)
    scenario.compute(61)
    for window, seconds, expected in ((0, 10, 1001), (50, 10, 1001), (0, 60, 6006)):
        row = scenario.figure("M1", "to", 1, window=window, seconds=seconds)
        assert (row["numerator"], row["completeness_ratio"]) == (expected, 1)


def test_short_rows_beside_the_grid_keep_their_bytes(scenario: Scenario) -> None:
    """A VIF that lived 0.15 s around a full 10 s is not snapped away."""
    scenario.vif(1, "host", "tap", at=19.9, born=19.9, counting_point=True)
    scenario.vif(1, "host", "tap", at=20.05, born=19.9, gone=20.05, counting_point=True)
    scenario.count(1, 19.9, 0.15, "new", tx_bytes=300)
    scenario.hand_over(19.9, 60)
    scenario.compute(61)
    row = scenario.figure("M1", "to", HOST)
    assert round(row["numerator"], 6) == 300


def test_one_second_sweeps(scenario: Scenario) -> None:
    """Ten rows a slice, each a little late, add up to the slice."""
    scenario.vif(1, "host", "tap", counting_point=True)
    scenario.sweeps(1, -0.99, 60.01, every=1, tx_bytes=7)
    scenario.hand_over(-0.99, 60.01)
    scenario.compute(61, counters__interval="1s")
    row = scenario.figure("M1", "to", 1, window=20, seconds=10)
    assert (round(row["numerator"], 6), row["completeness_ratio"]) == (70, 1)
    assert round(scenario.value("M1", "to_max", 1), 6) == 7


def test_a_vif_without_data_while_others_have_some_is_no_data(scenario: Scenario) -> None:
    """One VIF read, one not: its figures are null, the host's completeness is half."""
    scenario.vif(1, "host", "tap", counting_point=True)
    scenario.vif(2, "host", "tap", counting_point=True)
    scenario.sweeps(1, 0, 60, tx_bytes=1000)
    scenario.hand_over(0, 60)
    scenario.compute(61)
    row = scenario.figure("M1", "to", 2)
    assert (row["value"], row["completeness_ratio"], row["reason"]) == (None, 0, "no_data")
    host = scenario.figure("M1", "to", HOST)
    assert (host["value"], host["completeness_ratio"]) == (100, 0.5)
