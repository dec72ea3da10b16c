"""Namespaces: all are found, none is kept alive, and what happens in them is a row within a second."""

from __future__ import annotations

import subprocess
import time
from functools import partial
from pathlib import Path

import pytest

from tests.collectors.agent_process import AgentProcess, wait_for
from tests.lab.network import Lab, run

pytestmark = pytest.mark.root


def is_gone(port: Path) -> bool:
    return not port.exists()


@pytest.mark.timeout(180)
def test_a_deleted_namespace_frees_its_veth_within_a_second(agent: AgentProcess, network: Lab) -> None:
    """With 60 namespaces under watch none is held: each deletion takes the veth with it at once, and is a row."""
    agent.start()
    bridge = network.bridge()
    made = [network.container(f"n{at}", bridge, f"192.0.2.{at + 1}") for at in range(60)]
    agent.next_sweep()
    for container in made[::6]:
        vif = agent.vif(container.outer.name)
        port = Path("/sys/class/net", container.outer.name)
        begun = time.monotonic()
        run("ip", "netns", "del", container.namespace)
        wait_for("the veth's end", partial(is_gone, port), 1)
        wait_for("a row of it", partial(agent.inventory, vif_id=vif["vif_id"], change="gone"), 2)
        assert time.monotonic() - begun < 2.5
    agent.next_sweep()
    ended = {container.namespace for container in made[::6]}
    gone = {row["namespace"] for row in agent.inventory(change="gone", ifname="eth0")}
    assert ended <= gone


@pytest.mark.timeout(180)
def test_a_thousand_interfaces_born_at_once(agent: AgentProcess, network: Lab) -> None:
    """Each has exactly one birth, the ids differ, and nothing needs a correction."""
    agent.start()
    namespace = network.namespace("many")
    lines = "".join(f"link add m{at} type veth peer name p{at}\n" for at in range(500))
    subprocess.run(["ip", "-n", namespace, "-batch", "-"], input=lines.encode(), check=True)

    def born() -> list[dict[str, object]] | None:
        rows = [row for row in agent.inventory(namespace=namespace, change="born") if row["ifname"] != "lo"]
        return rows if len(rows) >= 1_000 else None

    rows = wait_for("a thousand births", born, 20)
    assert len({row["vif_id"] for row in rows}) == len(rows) == 1_000
    assert all(row["identity_origin"] == "sysfs" for row in rows)
    agent.next_sweep()
    table = agent.table("inventory.netlink")
    assert table is not None
    latest = {row["vif_id"]: row for row in agent.inventory(namespace=namespace)}
    pairs = [row for row in latest.values() if row["kind"] == "veth"]
    assert all(latest[row["peer_vif_id"]]["peer_vif_id"] == row["vif_id"] for row in pairs)
    assert sum(row["counting_point"] for row in pairs) == 500
    scans = agent.scans()
    wait_for("two resyncs", lambda: agent.scans() >= scans + 2, 20)
    told_late = [row["detail"] for row in agent.events("resync_corrected")]
    # What others do on this host at the same time is not this test's.
    assert not [detail for detail in told_late if network.tag in detail]


def test_a_namespace_without_a_name_is_found_by_its_process(agent: AgentProcess, network: Lab) -> None:
    """A container's namespace is found when its veth names it, and goes when the process ends."""
    agent.start()
    holder = subprocess.Popen(["unshare", "-n", "sleep", "100"])
    try:
        name = f"{network.tag}u"
        here = Path("/proc/self/ns/net").readlink()
        own = wait_for(
            "the namespace",
            lambda: (link := Path(f"/proc/{holder.pid}/ns/net").readlink()) != here and link,
            5,
        )
        run("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", str(holder.pid))
        network.adopt(name)
        inner = agent.vif("eth0", str(own), seconds=3)
        outer = agent.vif(name, seconds=3, peer_vif_id=inner["vif_id"])
        assert (outer["side"], outer["counting_point"]) == ("host", True)
        assert inner["born_time"] == outer["born_time"]
        # An inode number is another one after each start, and so no part of a lineage.
        assert "net:[" not in outer["vif_key"]
        assert outer["vif_key"] == inner["vif_key"]
    finally:
        holder.kill()
        holder.wait()
    wait_for("its end", lambda: agent.inventory(vif_id=inner["vif_id"], change="gone"), 3)


def test_a_change_in_another_namespace_is_a_row_within_a_second(agent: AgentProcess, network: Lab) -> None:
    """MTU, address and state of an interface in a named namespace: the events of it are heard."""
    agent.start()
    made = network.container("c", network.bridge(), "192.0.2.77")
    vif = agent.vif("eth0", made.namespace, side="workload")
    run("ip", "-n", made.namespace, "link", "set", "eth0", "mtu", "1400")
    agent.vif("eth0", made.namespace, seconds=1.5, mtu_bytes=1400)
    run("ip", "-n", made.namespace, "addr", "add", "198.51.100.7/25", "dev", "eth0")
    wanted = (b"\0" * 10 + b"\xff\xff" + bytes((198, 51, 100, 7)), 25)

    def has_address() -> bool:
        row = agent.inventory(vif_id=vif["vif_id"])[-1]
        return wanted in zip(row["addresses"], row["prefix_lengths"], strict=True)

    wait_for("the address", has_address, 1.5)
    run("ip", "-n", made.namespace, "link", "set", "eth0", "down")
    agent.vif("eth0", made.namespace, seconds=1.5, is_up=False)


def test_the_ledger_accounts_for_every_row(agent: AgentProcess, network: Lab) -> None:
    """Rows and bytes of each stream are in the ledger, and no watermark goes back."""
    agent.start()
    network.container("a", network.bridge(), "192.0.2.1")
    agent.next_sweep()
    assert agent.stop()[0] == 0
    for stream in ("inventory.netlink", "counters.netlink", "events.agent"):
        said = agent.batches(stream)
        rows = agent.rows("ledger.agent", of_stream=stream)
        assert sum(row["out_rows_count"] for row in rows) == sum(table.num_rows for _, table in said)
        marks = [row["watermark_time"] for row in rows]
        assert marks == sorted(marks)
        ends = [row["time"] + row["duration_ns"] for row in rows]
        assert [row["time"] for row in rows[1:]] == ends[:-1]
