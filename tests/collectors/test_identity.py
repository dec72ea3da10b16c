"""A VIF's id lasts exactly as long as its kernel device."""

from __future__ import annotations

import pytest

from tests.collectors.agent_process import AgentProcess, wait_for
from tests.lab.network import Lab, run

pytestmark = pytest.mark.root


def add_pair(name: str, index: int, peer: str, namespace: str) -> None:
    run("ip", "link", "add", name, "index", str(index), "type", "veth", "peer", "name", peer, "netns", namespace)


def test_a_rename_and_a_move_keep_the_id_and_are_rows(agent: AgentProcess, network: Lab) -> None:
    """A renamed and moved interface is the same VIF with two more rows, and its counters go on."""
    agent.start()
    first, second = network.namespace("a"), network.namespace("b")
    name = f"{network.tag}v"
    run("ip", "link", "add", name, "type", "veth", "peer", "name", "in0", "netns", first)
    network.adopt(name)
    born = agent.vif(name)
    assert born["change"] == "born"
    assert born["born_time"] == born["valid_from_time"]
    inner = agent.vif("in0", first)
    run("ip", "link", "set", name, "up")
    run("ip", "-n", first, "link", "set", "in0", "name", "in1")
    renamed = agent.vif("in1", first, seconds=2)
    assert (renamed["vif_id"], renamed["change"]) == (inner["vif_id"], "renamed")
    run("ip", "-n", first, "link", "set", "in1", "netns", second)
    moved = agent.vif("in1", second, seconds=2)
    assert (moved["vif_id"], moved["change"]) == (inner["vif_id"], "moved")
    assert moved["peer_vif_id"] == born["vif_id"]
    assert moved["link_id"] == born["link_id"]
    agent.next_sweep()
    assert not [row for row in agent.inventory(vif_id=inner["vif_id"]) if row["change"] == "gone"]
    assert {row["delta_kind"] for row in agent.counters(inner["vif_id"])} <= {"new", "clean"}


def test_both_ends_of_a_pair_share_key_and_labels(agent: AgentProcess, network: Lab) -> None:
    """The bridge port is the counting point, the container's end gives the key, the alias of one end labels both."""
    agent.start()
    made = network.container("c", network.bridge(), "192.0.2.9", alias="owner=net-team;service=shop;rate=100mbit")

    def settled() -> bool:
        outer = agent.inventory(ifname=made.outer.name)
        return bool(outer) and outer[-1]["owner"] == "net-team" and outer[-1]["side"] == "host"

    wait_for("the port's labels", settled, 3)
    agent.next_sweep()
    outer = agent.inventory(ifname=made.outer.name)[-1]
    inner = agent.inventory(ifname="eth0", namespace=made.namespace)[-1]
    assert (outer["kind"], outer["side"], outer["counting_point"]) == ("veth", "host", True)
    assert (inner["kind"], inner["side"], inner["counting_point"]) == ("veth", "workload", False)
    assert outer["vif_key"] == inner["vif_key"]
    assert outer["vif_key"].endswith(f"/{made.namespace}/eth0")
    assert (outer["peer_vif_id"], inner["peer_vif_id"]) == (inner["vif_id"], outer["vif_id"])
    assert outer["link_id"] == inner["link_id"] != 0
    assert (inner["owner"], inner["service"]) == ("net-team", "shop")
    assert (outer["provisioned_rate_bits_per_second"], outer["provisioned_rate_origin"]) == (100_000_000, "alias")
    assert outer["bridge_vif_id"] == agent.vif(f"{network.tag}br")["vif_id"]
    # What was settled within a minute of its birth holds from its birth.
    assert outer["valid_from_time"] == outer["born_time"]


@pytest.mark.parametrize("is_stopped", [False, True], ids=["while it runs", "while it is stopped"])
def test_a_recreated_interface_is_another_vif(agent: AgentProcess, network: Lab, is_stopped: bool) -> None:
    """The same namespace, name and ifindex again: another id, the same key, no spike and nothing negative."""
    agent.start()
    namespace = network.namespace("a")
    name = f"{network.tag}v"
    add_pair(name, 7071, "in0", namespace)
    network.adopt(name)
    run("ip", "link", "set", name, "up")
    run("ip", "-n", namespace, "link", "set", "in0", "up")
    agent.next_sweep()
    before = agent.vif(name)
    if is_stopped:
        assert agent.stop()[0] == 0
    run("ip", "link", "del", name)
    add_pair(name, 7071, "in0", namespace)
    run("ip", "link", "set", name, "up")
    if is_stopped:
        agent.start()
    after = wait_for(
        "the new VIF", lambda: [row for row in agent.inventory(ifname=name) if row["vif_id"] != before["vif_id"]], 5
    )[-1]
    assert (after["ifindex"], after["vif_key"]) == (before["ifindex"], before["vif_key"])
    gone = wait_for("the old one's end", lambda: agent.inventory(vif_id=before["vif_id"], change="gone"), 5)
    assert gone[-1]["gone_time"] is not None
    agent.next_sweep()
    first = agent.counters(after["vif_id"])[0]
    kernel = first["tx_packets_total"]
    assert first["tx_packets"] == kernel, "it counts from zero: it was born while it was watched for"
    assert first["delta_kind"] == ("gap" if is_stopped else "new")
    for vif in (before, after):
        rows = agent.counters(vif["vif_id"])
        assert all(0 <= row["tx_packets"] <= row["tx_packets_total"] for row in rows)
        assert not {"reset", "wrap"} & {row["delta_kind"] for row in rows}


def test_a_restart_keeps_ids_and_births(agent: AgentProcess, network: Lab) -> None:
    """After a restart the whole inventory is stated again, with the same ids and birth times."""
    agent.start()
    namespace = network.namespace("a")
    name = f"{network.tag}v"
    run("ip", "link", "add", name, "type", "veth", "peer", "name", "in0", "netns", namespace)
    network.adopt(name)
    agent.next_sweep()
    before = agent.vif(name)
    agent.kill()
    agent.start()
    after = agent.inventory(ifname=name)[-1]
    assert after["change"] == "restated"
    for column in ("vif_id", "born_time", "valid_from_time", "vif_key", "peer_vif_id", "side", "counting_point"):
        assert after[column] == before[column], column
    statements = [said.statement for said, _ in agent.batches("inventory.netlink") if said.statement]
    assert len(statements) == 2
