"""Which counters tell what goes to and from a workload, and how often a byte is counted in wider scopes."""

from __future__ import annotations

from tests.analytics.scenario import HOST, Scenario


def test_container_to_container_is_one_from_and_one_to(scenario: Scenario) -> None:
    """A sends 6,000 bytes, B receives 5,400: the host's from is A's and its to is B's, at both ends of each pair."""
    scenario.pair(1, 2)
    scenario.pair(3, 4)
    scenario.sweeps(2, 0, 60, tx_bytes=1000)
    scenario.sweeps(1, 0, 60, rx_bytes=1000)
    scenario.sweeps(3, 0, 60, tx_bytes=900)
    scenario.sweeps(4, 0, 60, rx_bytes=900)
    scenario.hand_over(0, 60)
    scenario.compute(61)
    for vif_id in (1, 2):
        assert scenario.value("M1", "from", vif_id) == 100
        assert scenario.value("M1", "to", vif_id) == 0
    for vif_id in (3, 4):
        assert scenario.value("M1", "to", vif_id) == 90
        assert scenario.value("M1", "from", vif_id) == 0
    row = scenario.figure("M1", "from", HOST)
    assert (row["numerator"], row["denominator"], row["value"]) == (6000, 60, 100)
    assert scenario.value("M1", "to", HOST) == 90
    assert scenario.figure("M1", "to", HOST, scope="uplink") == {}


def test_container_to_uplink_is_once_in_each_scope(scenario: Scenario) -> None:
    """Bytes that leave the host are from-workload of the host once, and from of the uplink once."""
    scenario.pair(1, 2)
    scenario.vif(9, "uplink", "physical")
    scenario.vif(8, "bridge", "bridge")
    scenario.sweeps(2, 0, 60, tx_bytes=1000)
    scenario.sweeps(1, 0, 60, rx_bytes=1000)
    scenario.sweeps(8, 0, 60, rx_bytes=1000)
    scenario.sweeps(9, 0, 60, tx_bytes=1000, rx_bytes=10)
    scenario.hand_over(0, 60)
    scenario.compute(61)
    assert scenario.value("M1", "from", HOST) == 100
    uplink = {part: scenario.figure("M1", part, HOST, scope="uplink")["value"] for part in ("to", "from")}
    assert uplink == {"to": 1, "from": 100}


def test_macvlan_is_read_from_its_own_side(scenario: Scenario) -> None:
    """What a macvlan sends is from the workload, and its loss; what was lost on the way to it is not visible."""
    scenario.vif(1, "workload", "macvlan", counting_point=True)
    scenario.sweeps(1, 0, 60, tx_bytes=700, rx_bytes=300, tx_packets=990, tx_dropped_packets=10)
    scenario.hand_over(0, 60)
    scenario.compute(61)
    assert scenario.value("M1", "to", 1) == 30
    assert scenario.value("M1", "from", 1) == 70
    assert scenario.value("M1", "from", HOST) == 70
    assert scenario.value("M2", "local_from", 1) == 0.01
    row = scenario.figure("M2", "local_to", 1)
    assert (row["value"], row["numerator"], row["reason"]) == (None, None, "sender_not_visible")


def test_tap_is_read_from_the_host_side(scenario: Scenario) -> None:
    """A tap sends to its VM; what the VM dropped before sending is not visible, its rate is."""
    scenario.vif(1, "host", "tap", counting_point=True)
    scenario.sweeps(1, 0, 60, tx_bytes=700, rx_bytes=300, tx_packets=980, tx_errors_packets=20, rx_packets=5000)
    scenario.hand_over(0, 60)
    scenario.compute(61)
    assert scenario.value("M1", "to", 1) == 70
    assert scenario.value("M1", "from", 1) == 30
    assert scenario.value("M2", "local_to", 1) == 0.02
    row = scenario.figure("M2", "local_from", 1)
    assert (row["value"], row["reason"]) == (None, "sender_not_visible")


def test_a_pair_within_the_host_goes_by_its_counting_point(scenario: Scenario) -> None:
    """Where both ends have one side, what the counting end sends goes to the workload."""
    scenario.vif(1, "host", counting_point=True, peer_vif_id=2)
    scenario.vif(2, "host", peer_vif_id=1)
    scenario.sweeps(1, 0, 60, tx_bytes=100)
    scenario.sweeps(2, 0, 60, tx_bytes=50)
    scenario.hand_over(0, 60)
    scenario.compute(61)
    assert (scenario.value("M1", "to", 1), scenario.value("M1", "from", 1)) == (10, 5)
    assert (scenario.value("M1", "to", 2), scenario.value("M1", "from", 2)) == (10, 5)


def test_a_veth_whose_peer_is_not_seen_falls_back_to_its_own_rx(scenario: Scenario) -> None:
    """Without the peer the rate from the workload is what arrived; its loss there is not visible."""
    scenario.vif(1, "host", counting_point=True, peer_vif_id=77)
    scenario.sweeps(1, 0, 60, tx_bytes=100, rx_bytes=50, rx_packets=2000)
    scenario.hand_over(0, 60)
    scenario.compute(61)
    assert scenario.value("M1", "from", 1) == 5
    assert scenario.figure("M2", "local_from", 1)["reason"] == "sender_not_visible"


def test_a_peer_that_is_settled_soon_after_birth_holds_from_birth(scenario: Scenario) -> None:
    """A window that was computed before the peer was known is computed again, with it."""
    scenario.vif(1, "host", counting_point=True, at=5, born=5)
    scenario.count(1, 5, 5, "new", tx_bytes=500, rx_bytes=100)
    scenario.count(2, 5, 5, "new", tx_bytes=250)
    scenario.hand_over(5, 5, of_stream="inventory.netlink")
    scenario.hand_over(5, 10)
    scenario.compute(10.5)
    assert scenario.value("M1", "from", 1, seconds=10) == 20
    scenario.vif(2, "workload", at=12, born=5, peer_vif_id=1)
    scenario.vif(1, "host", at=12, born=5, counting_point=True, peer_vif_id=2)
    scenario.hand_over(12, 12, of_stream="inventory.netlink")
    scenario.compute(13)
    assert scenario.value("M1", "from", 1, seconds=10) == 50
