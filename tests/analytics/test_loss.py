"""Loss is what the sender's queue and device lost of what was offered to them, and nothing else."""

from __future__ import annotations

from tests.analytics.scenario import HOST, Scenario

TBF = {"provisioned_rate_bits_per_second": 1000, "provisioned_rate_origin": "tbf"}


def test_tbf_drops_over_offered(scenario: Scenario) -> None:
    """A queue on the host end that drops 60 of 1,560 is loss to the workload, of exactly that share."""
    scenario.pair(1, 2)
    scenario.sweeps(1, 0, 60, tx_packets=250, qdisc_dropped_packets=10)
    scenario.sweeps(2, 0, 60, tx_packets=500, rx_packets=250)
    scenario.hand_over(0, 60)
    scenario.compute(61)
    for vif_id in (1, 2):
        row = scenario.figure("M2", "local_to", vif_id)
        assert (row["numerator"], row["denominator"], row["value"]) == (60, 1560, 60 / 1560)
        assert row["value_lower"] == row["value_upper"] == row["value"]
        assert scenario.value("M2", "local_from", vif_id) == 0
    assert scenario.value("M2", "local_to", HOST) == 60 / 1560


def test_a_full_queue_inside_the_container_is_loss_from_it(scenario: Scenario) -> None:
    """All three causes on the sending end count, in the numerator and in what was offered."""
    scenario.pair(1, 2)
    scenario.sweeps(1, 0, 60, tx_packets=500)
    scenario.sweeps(2, 0, 60, tx_packets=900, qdisc_dropped_packets=50, tx_dropped_packets=30, tx_errors_packets=20)
    scenario.hand_over(0, 60)
    scenario.compute(61)
    assert scenario.value("M2", "local_from", 1) == 0.1
    assert scenario.value("M2", "local_to", 1) == 0


def test_unhandled_frames_are_not_loss(scenario: Scenario) -> None:
    """100 frames of an unhandled ethertype move rx_dropped and no figure of M2."""
    scenario.pair(1, 2)
    scenario.vif(9, "uplink", "physical")
    for vif_id in (1, 2, 9):
        scenario.sweeps(vif_id, 0, 60, tx_packets=500, rx_packets=20, rx_dropped_packets=100, rx_nohandler_packets=100)
    scenario.hand_over(0, 60)
    scenario.compute(61)
    assert scenario.value("M2", "local_to", 1) == scenario.value("M2", "local_from", 1) == 0
    row = scenario.figure("M2", "local_from", HOST, scope="uplink")
    assert (row["numerator"], row["denominator"], row["value"]) == (0, 3000, 0)


def test_below_a_thousand_packets_there_is_no_ratio(scenario: Scenario) -> None:
    """999 offered packets give counts and no value; 1,000 give one."""
    scenario.pair(1, 2)
    scenario.count(1, 0, 60, tx_packets=989, qdisc_dropped_packets=10)
    scenario.count(2, 0, 60, tx_packets=990, qdisc_dropped_packets=10)
    scenario.hand_over(0, 60)
    scenario.compute(61)
    row = scenario.figure("M2", "local_to", 1)
    assert (row["numerator"], row["denominator"], row["value"], row["reason"]) == (10, 999, None, "below_1000_packets")
    assert scenario.value("M2", "local_from", 1) == 0.01


def test_wider_scopes_sum_counts_and_never_ratios(scenario: Scenario) -> None:
    """A small VIF with 50 % loss and a big one with none are 0.5 % together, and taps count where they are seen."""
    scenario.pair(1, 2)
    scenario.pair(3, 4)
    scenario.vif(5, "host", "tap", counting_point=True)
    scenario.count(1, 0, 60, tx_packets=50, tx_dropped_packets=50)
    scenario.count(3, 0, 60, tx_packets=9900)
    scenario.count(5, 0, 60, tx_packets=10_000, rx_packets=7)
    for vif_id in (2, 4):
        scenario.count(vif_id, 0, 60, tx_packets=1000)
    scenario.hand_over(0, 60)
    scenario.compute(61)
    row = scenario.figure("M2", "local_to", HOST)
    assert (row["numerator"], row["denominator"], row["value"]) == (50, 20_000, 0.0025)
    assert scenario.figure("M2", "local_from", HOST)["denominator"] == 2000


def test_utilisation_is_the_busier_direction_over_the_promised_rate(scenario: Scenario) -> None:
    """8 bits a byte; the speed of a virtual link is fiction, that of a physical port is not."""
    scenario.pair(1, 2, provisioned_rate_bits_per_second=1000, provisioned_rate_origin="alias")
    scenario.pair(3, 4, provisioned_rate_bits_per_second=10_000_000_000, provisioned_rate_origin="link_speed")
    scenario.vif(9, "uplink", "physical", provisioned_rate_bits_per_second=8000, provisioned_rate_origin="link_speed")
    for vif_id in (1, 3):
        scenario.count(vif_id, 0, 60, tx_bytes=3000)
    for vif_id in (2, 4):
        scenario.count(vif_id, 0, 60, tx_bytes=6000)
    scenario.count(9, 0, 60, tx_bytes=6000, rx_bytes=30_000)
    scenario.hand_over(0, 60)
    scenario.compute(61)
    row = scenario.figure("M1", "utilisation", 1)
    assert (row["numerator"], row["denominator"], row["value"]) == (800, 1000, 0.8)
    unknown = scenario.figure("M1", "utilisation", 3)
    assert (unknown["numerator"], unknown["value"], unknown["reason"]) == (None, None, "rate_unknown")
    assert scenario.value("M1", "utilisation", HOST) == 0.8  # of those whose rate is known
    assert scenario.figure("M1", "utilisation", HOST, scope="uplink")["value"] == 0.5


def test_a_queues_rate_is_for_what_its_own_end_sends(scenario: Scenario) -> None:
    """A tbf towards the workload says nothing of what comes from it, however much that is; a second one does."""
    scenario.vif(1, "host", counting_point=True, peer_vif_id=2, **TBF)
    scenario.vif(2, "workload", peer_vif_id=1)
    scenario.vif(3, "host", counting_point=True, peer_vif_id=4, **TBF)
    scenario.vif(4, "workload", peer_vif_id=3, **TBF)
    for vif_id in (1, 3):
        scenario.count(vif_id, 0, 60, tx_bytes=3000)
    for vif_id in (2, 4):
        scenario.count(vif_id, 0, 60, tx_bytes=60_000)
    scenario.hand_over(0, 60)
    scenario.compute(61)
    for vif_id in (1, 2):
        row = scenario.figure("M1", "utilisation", vif_id)
        assert (row["numerator"], row["denominator"], row["value"]) == (400, 1000, 0.4)
    for vif_id in (3, 4):
        assert scenario.value("M1", "utilisation", vif_id) == 8.0


def test_the_highest_slice_of_a_scope_is_of_its_sum(scenario: Scenario) -> None:
    """Two VIFs that peak at different times have a host peak below the sum of their peaks."""
    scenario.pair(1, 2)
    scenario.pair(3, 4)
    for vif_id in (2, 4):
        scenario.sweeps(vif_id, 0, 60)
    for slice_start in range(0, 60, 10):
        scenario.count(1, slice_start, 10, tx_bytes=1000 if slice_start == 20 else 100)
        scenario.count(3, slice_start, 10, tx_bytes=1000 if slice_start == 40 else 200)
    scenario.hand_over(0, 60)
    scenario.compute(61)
    assert scenario.value("M1", "to_max", 1) == scenario.value("M1", "to_max", 3) == 100
    row = scenario.figure("M1", "to_max", HOST)
    assert (row["numerator"], row["denominator"], row["value"]) == (1200, 10, 120)
    assert scenario.value("M1", "to", 1, window=20, seconds=10) == 100
    assert scenario.figure("M1", "to_max", 1, window=20, seconds=10) == {}
