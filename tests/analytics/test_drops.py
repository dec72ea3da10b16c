"""What the kernel dropped is in M2, M6 and M11 where it belongs, once, and only where it was counted."""

from __future__ import annotations

from typing import Any

import pytest

from tests.analytics.scenario import HOST, Scenario

PARTS = [f"{origin}_{direction}" for origin in ("queue", "device", "core") for direction in ("to", "from")]


def origins(scenario: Scenario, key: int | str) -> dict[str, float]:
    """Return the packets of each part of M11 that are not 0, of the first minute."""
    figures = {part: scenario.figure("M11", part, key)["numerator"] for part in PARTS}
    return {part: packets for part, packets in figures.items() if packets}


def counted(scenario: Scenario, *, packets: int = 200, **columns: int) -> None:
    """Store a minute of a pair, of which each end sends so many packets each 10 s, and that drops were counted."""
    scenario.pair(1, 2)
    for vif_id in (1, 2):
        scenario.sweeps(vif_id, 0, 60, tx_packets=packets, rx_packets=packets, **columns)
    scenario.probe(0, 60)
    scenario.hand_over(0, 60)


@pytest.mark.parametrize(
    ("vif_id", "way", "part", "offered"),
    [
        (1, "egress", "to", 1200 + 60),  # never sent, so the sender's counter has not got it
        (2, "ingress", "to", 1200),  # sent by the host, dropped in the container
        (2, "egress", "from", 1200 + 60),
        (1, "ingress", "from", 1200),  # sent by the container, dropped in the host
    ],
)
def test_what_the_stack_dropped_is_loss_of_that_direction(
    scenario: Scenario, vif_id: int, way: str, part: str, offered: int
) -> None:
    """In M2 and M11 of both ends and of the host, in the one direction alone, over what was offered."""
    counted(scenario)
    for start in range(0, 60, 10):
        scenario.drop(vif_id, start, 10, way=way)
    scenario.compute(61)
    other = {"to": "from", "from": "to"}[part]
    for key in (1, 2, HOST):
        row = scenario.figure("M2", f"local_{part}", key)
        assert (row["numerator"], row["denominator"], row["value"]) == (60, offered, 60 / offered)
        assert scenario.value("M2", f"local_{other}", key) == 0
        assert origins(scenario, key) == {f"core_{part}": 60}
        figure = scenario.figure("M11", f"core_{part}", key)
        assert (figure["denominator"], figure["value"], figure["completeness_ratio"]) == (60, 1, 1)
    assert scenario.value("M2", f"local_{part}", 1, seconds=10) is None  # below 1,000 packets
    assert scenario.figure("M2", f"local_{part}", 1, seconds=10)["numerator"] == 10
    assert scenario.figure("M11", "core_elsewhere", HOST)["numerator"] == 0


def test_a_packet_that_a_counter_has_is_not_added(scenario: Scenario) -> None:
    """Drops of a queue and a device are told by both and counted by the counters; M11's parts add up to M2's loss."""
    counted(scenario, qdisc_dropped_packets=3, tx_dropped_packets=2, tx_errors_packets=1)
    for start in range(0, 60, 10):
        scenario.drop(1, start, 3, way="egress", origin="qdisc")
        scenario.drop(1, start, 2, way="egress", origin="device")
        scenario.drop(1, start, 4, way="egress")
    scenario.compute(61)
    assert origins(scenario, 1) == {"queue_to": 18, "queue_from": 18, "device_to": 18, "device_from": 18, "core_to": 24}
    row = scenario.figure("M2", "local_to", 1)
    assert (row["numerator"], row["denominator"]) == (60, 1260)
    assert scenario.figure("M2", "local_from", 1)["numerator"] == 36


def test_what_is_no_loss_is_in_no_loss(scenario: Scenario) -> None:
    """What policy denied, what nobody listened for, and what was never for us; what an exporter tells of a VIF, too."""
    counted(scenario)
    for drop_class in ("denied", "endpoint", "benign"):
        scenario.drop(1, 0, 1000, drop_class=drop_class)
    scenario.drop(1, 0, 1000, kind="sflow")
    scenario.compute(61)
    for key in (1, 2, HOST):
        assert scenario.value("M2", "local_from", key) == 0
        assert origins(scenario, key) == {}


def test_units_are_those_of_the_counter_for_loss_and_of_a_wire_for_denials(scenario: Scenario) -> None:
    """A GSO packet is one to the counters that loss is compared with, and ten that policy denied."""
    counted(scenario)
    scenario.drop(1, 0, 10, skb_packets=1)
    scenario.drop(1, 0, 10, skb_packets=1, drop_class="denied")
    scenario.compute(61)
    assert scenario.figure("M2", "local_from", 1)["numerator"] == 1
    assert scenario.value("M6", "packets_from", 1) == 10


def test_a_host_counts_each_dropped_packet_once(scenario: Scenario) -> None:
    """At a bridge, an overlay, an uplink or no known interface it is `core_elsewhere`, and at no counting point."""
    counted(scenario)
    scenario.vif(7, "bridge", "bridge")
    scenario.vif(8, "overlay", "vxlan")
    scenario.vif(9, "uplink", "physical")
    for vif_id in (7, 8, 9):
        scenario.sweeps(vif_id, 0, 60, tx_packets=500)
        scenario.drop(vif_id, 0, 1, way="egress")
        scenario.drop(vif_id, 10, 2)
    scenario.drop(0, 20, 4)
    scenario.drop(0, 20, 8, way="egress")
    scenario.drop(2, 30, 16)
    scenario.compute(61)
    row = scenario.figure("M11", "core_elsewhere", HOST)
    assert (row["numerator"], row["denominator"], row["completeness_ratio"]) == (9 + 12, 60, 1)
    assert origins(scenario, HOST) == {"core_to": 16}
    assert scenario.figure("M11", "core_to", HOST, scope="uplink")["numerator"] == 2
    assert scenario.figure("M11", "core_from", HOST, scope="uplink")["numerator"] == 1
    assert scenario.figure("M2", "local_from", HOST, scope="uplink")["numerator"] == 1
    for vif_id in (8, 9):
        assert origins(scenario, vif_id) == {"core_to": 2, "core_from": 1}
    assert origins(scenario, 7) == {"core_to": 1, "core_from": 2}  # whose other side is the workloads'


def test_a_direction_without_a_sender_has_drops_and_no_ratio(scenario: Scenario) -> None:
    """What a VM behind a tap lost itself is not known; what the host dropped of what came is."""
    scenario.vif(5, "host", "tap", counting_point=True)
    scenario.sweeps(5, 0, 60, tx_packets=500, rx_packets=500)
    scenario.probe(0, 60)
    scenario.drop(5, 0, 30)
    scenario.hand_over(0, 60)
    scenario.compute(61)
    row = scenario.figure("M2", "local_from", 5)
    assert (row["value"], row["reason"]) == (None, "sender_not_visible")
    assert scenario.figure("M11", "queue_from", 5)["reason"] == "sender_not_visible"
    assert scenario.value("M11", "core_from", 5) == 0.5


def test_without_the_probe_nothing_is_said_of_it(scenario: Scenario) -> None:
    """Queue and device are known from counters; of the stack and of denials it is said that nobody counts."""
    scenario.pair(1, 2)
    for vif_id in (1, 2):
        scenario.sweeps(vif_id, 0, 60, tx_packets=500, qdisc_dropped_packets=1)
    scenario.hand_over(0, 60)
    scenario.compute(61)
    for sli, part in (("M11", "core_to"), ("M11", "core_from"), ("M11", "core_elsewhere"), ("M6", "flows_to")):
        row = scenario.figure(sli, part, HOST)
        assert (row["value"], row["completeness_ratio"], row["reason"]) == (None, 0, "drops_not_counted")
        assert scenario.figure(sli, part, 1) == {}
    row = scenario.figure("M11", "queue_to", 1)
    assert (row["numerator"], row["denominator"], row["completeness_ratio"]) == (6, 60, 1)
    assert scenario.value("M2", "local_to", 1) == 6 / 3006


def test_time_in_which_nobody_counted_lowers_the_completeness(scenario: Scenario) -> None:
    """A probe that was away for a third of the minute says nothing of that third."""
    scenario.pair(1, 2)
    for vif_id in (1, 2):
        scenario.sweeps(vif_id, 0, 60, tx_packets=500)
    scenario.probe(0, 40)
    scenario.probe(40, 60, share=0.0)
    scenario.drop(1, 0, 80)
    scenario.drop(1, 10, 3, drop_class="denied", flow=("192.0.2.1", "192.0.2.2", 53))
    scenario.hand_over(0, 60)
    scenario.compute(61)
    for key in (1, 2, HOST):
        row = scenario.figure("M11", "core_from", key)
        assert (row["numerator"], row["denominator"], row["value"]) == (80, 40, 2)
        assert row["completeness_ratio"] == pytest.approx(2 / 3)
        assert scenario.figure("M6", "flows_from", key)["completeness_ratio"] == pytest.approx(2 / 3)
        assert scenario.figure("M11", "queue_from", key)["completeness_ratio"] == 1
    assert scenario.figure("M11", "core_elsewhere", HOST)["completeness_ratio"] == pytest.approx(2 / 3)


def test_rows_of_drops_that_are_lost_lower_what_stands_on_them(scenario: Scenario) -> None:
    """Half of a minute's rows: half as complete. None of them: no value; what counters say stays."""
    counted(scenario)
    scenario.drop(1, 0, 6)
    scenario.hand_over(0, 60, of_stream="drops.ebpf", in_rows_count=1, out_rows_count=1)
    scenario.lose(0, 60, "drops.ebpf", "map_full", 1)
    scenario.compute(61)
    row = scenario.figure("M11", "core_from", 1)
    assert (row["numerator"], row["completeness_ratio"]) == (6, 0.5)
    assert scenario.figure("M6", "flows_from", 1)["completeness_ratio"] == 0.5
    assert scenario.figure("M11", "queue_from", 1)["completeness_ratio"] == 1
    assert scenario.figure("M2", "local_from", 1)["completeness_ratio"] == 1


def test_drops_over_a_gap_are_not_set_against_packets_that_were_not_counted(scenario: Scenario) -> None:
    """M2 leaves out what fell where its counters were broken; M11 has it."""
    scenario.pair(1, 2)
    for vif_id in (1, 2):
        scenario.sweeps(vif_id, 0, 30, tx_packets=2000)
        scenario.count(vif_id, 30, 30, "gap", tx_packets=2000)
    scenario.probe(0, 60)
    scenario.drop(1, 10, 60)
    scenario.drop(1, 40, 600)
    scenario.hand_over(0, 60)
    scenario.compute(61)
    row = scenario.figure("M2", "local_from", 1)
    assert (row["numerator"], row["denominator"], row["completeness_ratio"]) == (60, 6000, 0.5)
    assert origins(scenario, 1) == {"core_from": 660}


def test_denied_flows_are_distinct_over_the_minute_and_the_host(scenario: Scenario) -> None:
    """A flow that is refused again and again is one; two VIFs that refuse the same are one flow of the host."""
    counted(scenario)
    scenario.pair(3, 4)
    flow, other = ("192.0.2.1", "192.0.2.2", 53), ("192.0.2.1", "192.0.2.2", 54)
    for start in range(0, 60, 10):
        scenario.drop(1, start, 2, drop_class="denied", flow=flow)
    scenario.drop(1, 10, 5, drop_class="denied", flow=other)
    scenario.drop(3, 10, 1, drop_class="denied", flow=other)
    scenario.drop(4, 10, 1, drop_class="denied", flow=flow)
    scenario.compute(61)

    def told(key: int | str) -> dict[str, Any]:
        parts = ("flows_to", "flows_from", "packets_to", "packets_from")
        return {part: scenario.value("M6", part, key) for part in parts}

    assert told(1) == told(2) == {"flows_to": 0, "flows_from": 2, "packets_to": 0, "packets_from": 17}
    assert told(3) == {"flows_to": 1, "flows_from": 1, "packets_to": 1, "packets_from": 1}
    assert told(HOST) == {"flows_to": 1, "flows_from": 2, "packets_to": 1, "packets_from": 18}
    row = scenario.figure("M6", "flows_from", HOST)
    assert row["value_lower"] == row["value_upper"] == row["value"]


def test_beyond_the_samples_denied_flows_are_the_least_that_they_can_be(scenario: Scenario) -> None:
    """Packets whose addresses were not told may each be another flow: that is the upper bound."""
    counted(scenario)
    scenario.drop(1, 0, 2, drop_class="denied", flow=("192.0.2.1", "192.0.2.2", 53))
    scenario.drop(1, 0, 40, drop_class="denied")
    scenario.compute(61)
    row = scenario.figure("M6", "flows_from", 1)
    assert (row["value"], row["value_lower"], row["value_upper"]) == (1, 1, 41)
    packets = scenario.figure("M6", "packets_from", 1)
    assert (packets["value"], packets["value_lower"], packets["value_upper"]) == (42, 42, 42)


def test_drops_that_come_late_are_added_to_their_windows(scenario: Scenario) -> None:
    """Counters close a window; drops that are stored behind them compute it once more."""
    counted(scenario)
    scenario.compute(61)
    assert scenario.value("M2", "local_from", 1) == 0
    scenario.drop(1, 10, 12)
    scenario.hand_over(10, 20, of_stream="drops.ebpf")
    scenario.compute(75)
    assert scenario.value("M2", "local_from", 1) == 0.01
    assert origins(scenario, 1) == {"core_from": 12}
