"""A small host for the console: two containers, a VM and an uplink, read until a few seconds ago."""

from __future__ import annotations

from tests.analytics.scenario import HOST, Scenario

UP = {"is_up": True, "has_carrier": True, "operstate": "up", "mtu_bytes": 1500}


def inventory(scenario: Scenario) -> None:
    """Store the VIFs only, as it is in the first seconds."""
    for outer, namespace, owner in ((11, "blue", "team-blue"), (21, "green", "")):
        key = f"{HOST}/{namespace}/eth0"
        scenario.vif(
            outer,
            "host",
            counting_point=True,
            peer_vif_id=outer + 1,
            ifname=f"veth-{namespace}",
            vif_key=key,
            owner=owner,
            service="shop" if owner else "",
            **UP,
        )
        scenario.vif(
            outer + 1, "workload", peer_vif_id=outer, namespace=namespace, ifname="eth0", vif_key=key, owner=owner, **UP
        )
    scenario.vif(0xFEDCBA9876543210, "host", "tap", counting_point=True, ifname="tap7", vif_key=f"{HOST}//tap7", **UP)
    rate = {"provisioned_rate_bits_per_second": 10**9, "provisioned_rate_origin": "link_speed"}
    scenario.vif(9, "uplink", "physical", ifname="enp1s0", vif_key=f"{HOST}//enp1s0", **rate, **UP)
    scenario.vif(8, "bridge", "bridge", ifname="br0", vif_key=f"{HOST}//br0", **UP)
    scenario.hand_over(-100, -100, of_stream="inventory.netlink")
    scenario.flush()


def sweep(scenario: Scenario, start: float, end: float, blue_bytes: int = 1_250_000, lost: int = 0) -> None:
    """Store counters of `[start, end)` and compute the windows that they close."""
    scenario.sweeps(11, start, end, tx_bytes=blue_bytes, tx_packets=5000 - lost, qdisc_dropped_packets=lost)
    scenario.sweeps(21, start, end, tx_bytes=12_500, tx_packets=2000)
    for vif_id in (12, 22):
        scenario.sweeps(vif_id, start, end, tx_bytes=1250, tx_packets=1500)
    for vif_id in (8, 9, 0xFEDCBA9876543210):
        scenario.sweeps(vif_id, start, end, rx_bytes=125_000, tx_bytes=250_000, tx_packets=3000)
    scenario.hand_over(start, end)
    scenario.compute(end + 1)
