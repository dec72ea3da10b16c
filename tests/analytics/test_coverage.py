"""M9: the flows of a VIF against its counters, and interfaces that only an exporter knows in the other SLIs."""

from __future__ import annotations

import pytest

from analytics.catalogue import CATALOGUE
from analytics.hurts import now_hurting
from tests.analytics.scenario import HOST, Scenario
from viflux.clock import NANOSECONDS

NOW = 60 + 150


def tap(scenario: Scenario, vif_id: int = 1, rx_bytes: int = 1000, tx_bytes: int = 2000) -> None:
    """A tap whose counters add so much in each 10 s of the first minute."""
    scenario.vif(vif_id, "host", "tap", counting_point=True)
    scenario.sweeps(vif_id, 0, 60, rx_bytes=rx_bytes, tx_bytes=tx_bytes)


def test_each_direction_against_its_own_counter(scenario: Scenario) -> None:
    """Ingress against received, egress against sent bytes; scaled by the rate, with the packets that it stands on."""
    tap(scenario)
    scenario.hand_over(0, 60)
    scenario.flows(1, 0, 59, packets=7, rate=100, direction="ingress")
    scenario.flows(1, 0, 11_400, packets=12, direction="egress")
    scenario.compute(NOW)
    ingress, egress = scenario.figure("M9", "ingress", 1), scenario.figure("M9", "egress", 1)
    assert (ingress["numerator"], ingress["denominator"], ingress["samples_count"]) == (5900, 6000, 7)
    assert (egress["value"], egress["samples_count"], egress["value_lower"]) == (0.95, 12, 0.95)
    assert (ingress["value_lower"], ingress["value_upper"], ingress["completeness_ratio"]) == (None, None, 1)
    both = scenario.figure("M9", "both", 1)
    assert (both["numerator"], both["denominator"], both["samples_count"]) == (17_300, 18_000, 19)
    assert scenario.figure("M9", "both", HOST)["value"] == both["value"]


def test_without_a_direction_both_sums_are_compared(scenario: Scenario) -> None:
    """One flow without a direction: only the sum can be compared; one with one only: only that."""
    tap(scenario)
    tap(scenario, 2)
    scenario.hand_over(0, 60)
    scenario.flows(1, 0, 18_000)
    scenario.flows(2, 0, 6000, direction="ingress")
    scenario.compute(NOW)
    assert scenario.value("M9", "both", 1) == scenario.value("M9", "ingress", 2) == 1
    for part, vif_id in (("ingress", 1), ("egress", 1), ("egress", 2), ("both", 2)):
        assert scenario.figure("M9", part, vif_id) == {}, (part, vif_id)


def test_of_several_exporters_one_is_counted(scenario: Scenario) -> None:
    """Of exporters that watch one VIF that with the most packets of known rate, however near the others come."""
    tap(scenario)
    tap(scenario, 2)
    tap(scenario, 3)
    scenario.hand_over(0, 60)
    # Every packet, some lost on the way; 1 in 100, right by chance; more still, of an unknown rate.
    scenario.flows(1, 0, 17_000, packets=170, exporter="192.0.2.1")
    scenario.flows(1, 0, 180, packets=2, rate=100, exporter="192.0.2.2")
    scenario.flows(1, 0, 90_000, packets=900, origin="unknown", exporter="192.0.2.3")
    # One tells ingress, another egress, a third samples both.
    scenario.flows(2, 0, 6000, packets=60, direction="ingress", exporter="192.0.2.1")
    scenario.flows(2, 0, 11_000, packets=120, direction="egress", exporter="192.0.2.2")
    scenario.flows(2, 0, 70, packets=1, rate=100, direction="ingress", exporter="192.0.2.3")
    scenario.flows(2, 0, 150, packets=1, rate=100, direction="egress", exporter="192.0.2.3")
    # Both directions without telling which, and one of them again.
    scenario.flows(3, 0, 18_000, packets=180, exporter="192.0.2.1")
    scenario.flows(3, 0, 6000, packets=60, direction="ingress", exporter="192.0.2.2")
    scenario.compute(NOW)
    first = scenario.figure("M9", "both", 1)
    assert (first["numerator"], first["samples_count"], first["completeness_ratio"]) == (17_000, 170, 1)
    parts = {part: scenario.figure("M9", part, 2)["numerator"] for part in ("ingress", "egress", "both")}
    assert parts == {"ingress": 6000, "egress": 11_000, "both": 17_000}
    assert (scenario.value("M9", "both", 3), scenario.value("M9", "ingress", 3)) == (1, 1)
    assert scenario.figure("M9", "both", HOST)["numerator"] == 17_000 + 17_000 + 18_000


def test_a_vif_without_a_flow_source_has_no_row_and_is_in_no_sum(scenario: Scenario) -> None:
    """It is not connected; of a host without any flow there is no row at all."""
    tap(scenario)
    tap(scenario, 2)
    scenario.hand_over(0, 60)
    scenario.compute(NOW)
    assert scenario.figure("M9", "both", HOST) == {}
    scenario.flows(1, 0, 18_000)
    scenario.compute(NOW + 61)
    assert scenario.figure("M9", "both", 2) == {}
    host = scenario.figure("M9", "both", HOST)
    assert (host["numerator"], host["denominator"]) == (18_000, 18_000)


def test_a_source_that_fell_silent_is_one_for_an_hour(scenario: Scenario) -> None:
    """Counters go on and no flow comes: 0 covered; nothing passes: unknown, and says why."""
    scenario.vif(1, "host", "tap", counting_point=True)
    scenario.sweeps(1, 0, 120, rx_bytes=1000)
    scenario.sweeps(1, 120, 180, rx_bytes=0)
    scenario.hand_over(0, 180)
    scenario.flows(1, 0, 6000)
    scenario.compute(180 + 150)
    assert scenario.value("M9", "both", 1) == 1
    assert scenario.value("M9", "both", 1, window=60) == 0
    idle = scenario.figure("M9", "both", 1, window=120)
    assert (idle["value"], idle["reason"]) == (None, "nothing_offered")
    scenario.compute(4000)
    assert scenario.figure("M9", "both", 1, window=3540)["reason"] == "silent"
    assert scenario.figure("M9", "both", 1, window=3600) == {}


def test_flows_of_unknown_rate_are_missing_data_not_volume(scenario: Scenario) -> None:
    """A quarter of the bytes is of unknown rate: left out, completeness 0.75; all of it: no value."""
    tap(scenario)
    tap(scenario, 2)
    scenario.hand_over(0, 60)
    scenario.flows(1, 0, 9000)
    scenario.flows(1, 0, 3000, origin="unknown")
    scenario.flows(2, 0, 3000, origin="unknown")
    scenario.compute(NOW)
    part, none = scenario.figure("M9", "both", 1), scenario.figure("M9", "both", 2)
    assert (part["value"], part["completeness_ratio"]) == (0.5, 0.75)
    assert (none["value"], none["numerator"], none["completeness_ratio"]) == (None, None, 0)
    assert none["reason"] == "sampling_rate_unknown"
    host = scenario.figure("M9", "both", HOST)
    assert (host["numerator"], host["denominator"], host["completeness_ratio"]) == (9000, 18_000, 0.375)


def test_a_minute_waits_for_its_flows_and_is_computed_again(scenario: Scenario) -> None:
    """Not before it has settled; flows that end minutes later add what they left in it."""
    tap(scenario)
    scenario.hand_over(0, 60)
    scenario.flows(1, 0, 9000)
    scenario.compute(NOW - 1)
    assert scenario.figure("M9", "both", 1) == {}
    scenario.compute(NOW + 60)
    assert scenario.value("M9", "both", 1) == 0.5
    scenario.flows(1, 0, 6300, ended=240)
    assert scenario.compute(NOW + 120) > 0
    assert scenario.value("M9", "both", 1) == 0.85
    scenario.flows(1, 0, 9000, ended=240, revision=2)
    assert scenario.compute(NOW + 180) > 0
    assert scenario.value("M9", "both", 1) == 1
    computed = scenario.figure("M9", "both", 1)["computed_time"]
    scenario.compute(NOW + 240)
    assert scenario.figure("M9", "both", 1)["computed_time"] == computed


def test_counters_that_come_later_are_compared_too(scenario: Scenario) -> None:
    """Half of the counters: no value; when the rest has come, one."""
    scenario.vif(1, "host", "tap", counting_point=True)
    scenario.sweeps(1, 0, 30, rx_bytes=1000)
    scenario.hand_over(0, 30)
    scenario.flows(1, 0, 6000)
    scenario.compute(NOW)
    row = scenario.figure("M9", "both", 1)
    assert (row["value"], row["reason"], row["completeness_ratio"]) == (None, "counters_incomplete", 0.5)
    scenario.sweeps(1, 30, 60, rx_bytes=1000)
    scenario.hand_over(30, 60)
    scenario.compute(NOW + 61)
    assert scenario.value("M9", "both", 1) == 1


@pytest.mark.parametrize(("flows_at", "covered"), [((), 0), ((12,), 0.5), ((11, 12), 0.5), ((12, 21), 1)])
def test_the_share_of_critical_links_with_a_flow_source(
    scenario: Scenario, flows_at: tuple[int, ...], covered: float
) -> None:
    """A pair is one link, whichever end is labelled and whichever is watched; others are not asked."""
    for outer in (11, 21, 31):
        critical = {"criticality": "critical"} if outer != 31 else {}
        scenario.vif(outer, "host", counting_point=True, peer_vif_id=outer + 1, link_id=outer)
        scenario.vif(outer + 1, "workload", peer_vif_id=outer, link_id=outer, **critical)
    scenario.hand_over(0, 60)
    for vif_id in (*flows_at, 31):
        scenario.flows(vif_id, 0, 100)
    scenario.compute(NOW)
    row = scenario.figure("M9", "critical_covered", HOST)
    assert (row["value"], row["denominator"]) == (covered, 2)


def test_no_critical_link_is_unknown(scenario: Scenario) -> None:
    """Nothing to cover is not all covered."""
    tap(scenario)
    scenario.hand_over(0, 60)
    scenario.flows(1, 0, 100)
    scenario.compute(NOW)
    assert scenario.figure("M9", "critical_covered", HOST)["value"] is None


def test_an_exported_interface_with_counters_has_its_own_figures_and_is_in_no_sum(scenario: Scenario) -> None:
    """Its speed is what it was promised; host and uplink stay as they are without it."""
    tap(scenario)
    scenario.vif(5, "exported", "exported", link_speed_bits_per_second=8000)
    scenario.vif(6, "exported", "exported", provisioned_rate_bits_per_second=800, provisioned_rate_origin="link_speed")
    for vif_id in (5, 6):
        for start, seconds in ((-7, 30), (23, 30), (53, 30)):
            scenario.count(vif_id, start, seconds, rx_bytes=3000, tx_bytes=1500)
    scenario.hand_over(0, 60)
    scenario.hand_over(-7, 83, of_stream="counters.sflow")
    scenario.flows(5, 0, 6000, direction="ingress")
    scenario.compute(NOW)
    assert (scenario.value("M1", "to", 5), scenario.value("M1", "from", 5)) == (50, 100)
    assert (scenario.value("M1", "utilisation", 5), scenario.value("M1", "utilisation", 6)) == (0.1, 1)
    assert scenario.figure("M2", "local_to", 5)["reason"] == "below_1000_packets"
    assert scenario.value("M9", "ingress", 5) == 1
    assert scenario.figure("M9", "ingress", HOST) == {}
    host = scenario.figure("M1", "to", HOST)
    assert (host["numerator"], host["completeness_ratio"]) == (12_000, 1)
    assert scenario.figure("M1", "to", HOST, scope="uplink") == {}


def test_an_exported_interface_without_counters_is_not_expected(scenario: Scenario) -> None:
    """Flows alone: no throughput, no loss, nothing missing of the host; M9 says why it cannot compare."""
    tap(scenario)
    scenario.vif(5, "exported", "exported")
    scenario.vif(6, "exported", "exported")
    scenario.hand_over(0, 60)
    scenario.flows(5, 0, 6000)
    scenario.compute(NOW)
    for vif_id in (5, 6):
        for sli, part in (("M1", "to"), ("M1", "utilisation"), ("M2", "local_to"), ("M2", "local_from")):
            for seconds in (10, 60):
                assert scenario.figure(sli, part, vif_id, seconds=seconds) == {}, (sli, part, vif_id)
    assert scenario.figure("M1", "to", HOST)["completeness_ratio"] == 1
    row = scenario.figure("M9", "both", 5)
    assert (row["value"], row["reason"], row["completeness_ratio"]) == (None, "no_counters", 1)
    assert scenario.figure("M9", "both", 6) == {}


def test_what_exporters_tell_changes_no_verdict(scenario: Scenario) -> None:
    """Exported ports beyond their speed, losing, silent or half covered: the home page's answer is as without them."""
    tap(scenario)
    scenario.hand_over(0, 60)
    scenario.compute(61)
    now_ns, database = scenario.at(65), scenario.store.database
    before = now_hurting(scenario.store, database, HOST, now_ns, 30 * NANOSECONDS)
    for vif_id in (5, 6, 7):
        scenario.vif(vif_id, "exported", "exported", at=-200, link_speed_bits_per_second=80)
    scenario.sweeps(5, 0, 60, rx_bytes=9000, tx_bytes=9000, tx_packets=5000, tx_dropped_packets=1000)
    scenario.count(6, 0, 15, tx_bytes=1)
    scenario.flows(1, 0, 100)
    scenario.hand_over(0, 60, of_stream="counters.sflow")
    scenario.compute(75)
    assert scenario.value("M1", "utilisation", 5) > 1
    assert now_hurting(scenario.store, database, HOST, now_ns, 30 * NANOSECONDS) == before


def test_the_target_has_two_sides_and_hurts_nobody() -> None:
    """Too few bytes and too many are both wrong, of the numbers and not of the VIF."""
    target = CATALOGUE["M9"].target
    assert [target.is_good(value) for value in (0.94, 0.95, 1.05, 1.06)] == [False, True, True, False]
    assert not target.hurts


def test_a_vif_whose_packets_are_taken_past_the_program_has_no_value_and_says_why(scenario: Scenario) -> None:
    """Of the direction that is hidden, with or without some flows of it; what an exporter sees as well is compared."""
    for vif_id in (1, 2, 3, 4):
        tap(scenario, vif_id)
        scenario.event("dataplane_not_visible", f"{vif_id:016x} egress", 20)
    scenario.event("dataplane_visible", f"{4:016x} egress", 50)
    scenario.hand_over(0, 60)
    for vif_id, kind in ((1, "ebpf"), (3, "ipfix"), (4, "ebpf")):
        scenario.flows(vif_id, 0, 6000, packets=12, direction="ingress", kind=kind)
        scenario.flows(vif_id, 0, 300, packets=2, direction="egress", kind=kind)
    scenario.compute(NOW)
    hidden = (None, "dataplane_not_visible", 0)
    parts: dict[int, list[object]] = {
        vif_id: [
            tuple(scenario.figure("M9", part, vif_id).get(name) for name in ("value", "reason", "completeness_ratio"))
            for part in ("ingress", "egress", "both")
        ]
        for vif_id in (1, 2, 3, 4)
    }
    assert parts[1] == [(1, "", 1), hidden, hidden]
    assert parts[2] == [(None, None, None), hidden, hidden]
    assert parts[3] == parts[4] == [(1, "", 1), (0.025, "", 1), (0.35, "", 1)]
    host = scenario.figure("M9", "both", HOST)
    assert (host["numerator"], host["denominator"], host["completeness_ratio"]) == (12_600, 36_000, 0.5)
