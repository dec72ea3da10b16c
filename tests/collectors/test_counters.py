"""Counters: what is stored adds up to what the kernel counts, whatever happens to the agent or the interface."""

from __future__ import annotations

import itertools
import time

import pytest

from tests.collectors.agent_process import AgentProcess, wait_for
from tests.lab.network import SYSFS_COUNTERS, Container, Interface, Lab, run

pytestmark = pytest.mark.root


def assert_sums_equal_the_kernel(agent: AgentProcess, interface: Interface) -> None:
    """The deltas since birth are the readings, intervals join without a gap or an overlap, and nothing is negative."""
    vif = agent.inventory(ifname=interface.name, namespace=interface.namespace)[-1]
    kernel = interface.counters()
    rows = agent.counters(vif["vif_id"])
    for column in SYSFS_COUNTERS:
        assert sum(row[column] for row in rows) == kernel[column], (interface, column)
        assert rows[-1][f"{column}_total"] == kernel[column], (interface, column)
    queue = interface.qdisc()
    for column, key in (("qdisc_packets", "packets"), ("qdisc_bytes", "bytes"), ("qdisc_dropped_packets", "drops")):
        assert sum(row[column] for row in rows) == queue[key], (interface, column)
    for before, after in itertools.pairwise(rows):
        assert before["time"] + before["duration_ns"] == after["time"]


def two_containers(network: Lab) -> tuple[Container, Container]:
    bridge = network.bridge()
    return network.container("a", bridge, "192.0.2.1"), network.container("b", bridge, "192.0.2.2")


def test_an_interface_that_is_seen_being_born_counts_from_zero(agent: AgentProcess, network: Lab) -> None:
    """Known packets, a queue that drops some: stored deltas equal the kernel's statistics."""
    agent.start()
    a, b = two_containers(network)
    a.inner.set_queue("tbf", "rate", "1mbit", "burst", "2kb", "limit", "4kb")
    a.send(b, 200, size=1_000)
    wait_for("an empty queue", lambda: a.inner.qdisc()["backlog"] == 0)
    assert a.inner.qdisc()["drops"], "the queue was meant to drop"
    agent.next_sweep()
    for interface in (a.inner, a.outer, b.inner, b.outer):
        assert_sums_equal_the_kernel(agent, interface)
    tbf = wait_for("the queue's rate", lambda: agent.inventory(ifname="eth0", namespace=a.namespace, qdisc="tbf"))
    assert tbf[-1]["provisioned_rate_bits_per_second"] == 1_000_000
    assert tbf[-1]["provisioned_rate_origin"] == "tbf"


def test_an_interface_from_before_has_a_baseline(agent: AgentProcess, network: Lab) -> None:
    """What was counted before the first start is not in the deltas; the first row is read at once."""
    a, b = two_containers(network)
    a.send(b, 100)
    before = a.inner.counters()["tx_packets"]
    agent.start()
    vif = agent.vif("eth0", a.namespace)
    assert (vif["change"], vif["born_time"]) == ("baseline", None)
    first = agent.counters(vif["vif_id"])[0]
    assert (first["delta_kind"], first["duration_ns"], first["tx_packets"]) == ("new", 0, 0)
    assert first["tx_packets_total"] == before
    a.send(b, 50)
    agent.next_sweep()
    assert sum(row["tx_packets"] for row in agent.counters(vif["vif_id"])) == 50


def test_a_deleted_interface_has_its_last_reading(agent: AgentProcess, network: Lab) -> None:
    """What was counted between the last sweep and the deletion comes with the deletion."""
    agent.start()
    a, b = two_containers(network)
    vif = agent.vif(a.outer.name, side="host")
    agent.next_sweep()
    a.send(b, 333)
    kernel = a.outer.counters()
    run("ip", "link", "del", a.outer.name)
    gone = wait_for("its end", lambda: agent.inventory(vif_id=vif["vif_id"], change="gone"), 2)[-1]
    rows = agent.counters(vif["vif_id"])
    for column in ("rx_packets", "rx_bytes", "tx_packets", "tx_bytes"):
        assert sum(row[column] for row in rows) == kernel[column], column
    assert kernel["rx_packets"] == 333
    assert rows[-1]["delta_kind"] == "clean"
    assert rows[-1]["time"] + rows[-1]["duration_ns"] == gone["gone_time"]


def test_an_interface_that_lost_its_peer_to_a_deleted_namespace_is_no_reset(agent: AgentProcess, network: Lab) -> None:
    """What the other end had sent since the last sweep stays unread: nothing is negative, and the row is a gap."""
    agent.start()
    a, b = two_containers(network)
    vif = agent.vif(a.outer.name, side="host")
    a.send(b, 100)
    agent.next_sweep()
    b.send(a, 50)
    sent = a.outer.counters()["tx_packets"]
    run("ip", "netns", "del", a.namespace)
    wait_for("its end", lambda: agent.inventory(vif_id=vif["vif_id"], change="gone"), 2)
    rows = agent.counters(vif["vif_id"])
    assert sum(row["rx_packets"] for row in rows) == 100
    assert sum(row["tx_packets"] for row in rows) >= sent >= 50
    assert rows[-1]["delta_kind"] == "gap"


def test_a_replaced_queue_is_a_reset_and_no_spike(agent: AgentProcess, network: Lab) -> None:
    """A new root queue starts at zero: the row says reset, and no counter adds more than there was."""
    agent.start()
    a, b = two_containers(network)
    a.inner.set_queue("pfifo", "limit", "1000")
    a.send(b, 500)
    agent.next_sweep()
    vif = agent.vif("eth0", a.namespace)
    a.inner.set_queue("bfifo", "limit", "2000000")
    a.send(b, 20)
    agent.next_sweep()
    agent.next_sweep()
    rows = agent.counters(vif["vif_id"])
    resets = [row for row in rows if row["delta_kind"] == "reset"]
    assert len(resets) == 1
    assert resets[0]["qdisc_packets"] <= 20
    assert sum(row["qdisc_packets"] for row in rows) == 520
    assert sum(row["tx_packets"] for row in rows) == a.inner.counters()["tx_packets"]
    assert agent.events("counters_reset")


@pytest.mark.timeout(180)
def test_killing_the_agent_under_traffic_loses_and_doubles_nothing(agent: AgentProcess, network: Lab) -> None:
    """Six times SIGKILL at uneven moments: the deltas still add up to the kernel's statistics."""
    agent.start()
    a, b = two_containers(network)
    agent.next_sweep()
    flood = a.flood(b, 2_000)
    try:
        for at in range(6):
            # Uneven moments on purpose: also in the middle of a sweep's commit.
            time.sleep(0.4 + 0.317 * at)
            agent.kill()
            agent.start()
    finally:
        flood.kill()
        flood.wait()
    agent.next_sweep()
    for interface in (a.inner, a.outer, b.inner, b.outer):
        assert_sums_equal_the_kernel(agent, interface)
    kinds = {row["delta_kind"] for row in agent.counters(agent.vif(a.outer.name)["vif_id"])}
    assert kinds <= {"new", "clean", "gap"}


def test_a_gap_is_called_a_gap(agent: AgentProcess, network: Lab) -> None:
    """A row over more than 1.5 intervals says so, and has everything that was counted meanwhile."""
    agent.start()
    a, b = two_containers(network)
    agent.next_sweep()
    agent.kill()
    a.send(b, 77)
    time.sleep(2)
    agent.start()
    agent.next_sweep()
    vif = agent.vif("eth0", a.namespace)
    gap = [row for row in agent.counters(vif["vif_id"]) if row["delta_kind"] == "gap"]
    assert [row["tx_packets"] for row in gap] == [77]
    assert gap[0]["duration_ns"] > 1_500_000_000
    assert_sums_equal_the_kernel(agent, a.inner)
