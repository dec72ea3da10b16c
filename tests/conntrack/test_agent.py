"""A real agent, and connections that really are in the tables of namespaces."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.collectors.agent_process import AgentProcess
from tests.lab.network import Lab, lab, need_root, run
from tests.running import wait_for

pytestmark = pytest.mark.root

ROUTER = "198.51.100.254"
CLIENTS = ("198.51.100.1", "198.51.100.2")


class Street:
    """Two clients, each on a veth of its own to a router that tracks connections, and on to a server."""

    def __init__(self, network: Lab) -> None:
        self.network = network
        self.router, self.server = network.namespace("r"), network.namespace("s")
        self.clients = [network.namespace(name) for name in ("a", "b")]
        self._join(self.router, "out", self.server, "203.0.113.254", "203.0.113.1")
        for number, client in enumerate(self.clients):
            self._join(self.router, f"in{number}", client, f"198.51.{100 + number}.254", f"198.51.{100 + number}.1")
        run("ip", "netns", "exec", self.router, "sysctl", "-qw", "net.ipv4.ip_forward=1")
        rules = "table ip t { chain f { type filter hook forward priority 0; ct state new accept; }; }"
        run("ip", "netns", "exec", self.router, "nft", rules)

    @staticmethod
    def _join(router: str, name: str, end: str, gateway: str, address: str) -> None:
        run("ip", "-n", router, "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", end)
        for namespace, link, own in ((router, name, gateway), (end, "eth0", address)):
            run("ip", "-n", namespace, "addr", "add", f"{own}/24", "dev", link)
            run("ip", "-n", namespace, "link", "set", link, "up")
        run("ip", "-n", end, "route", "add", "default", "via", gateway)

    def connect(self, client: int, flows: int) -> None:
        """Send one datagram of each of so many flows to the server."""
        program = (
            "import socket\n"
            f"for n in range({flows}):\n"
            "    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
            "    s.sendto(b'x', ('203.0.113.1', 9000 + n))\n"
            "    s.close()\n"
        )
        run("ip", "netns", "exec", self.clients[client], "python3", "-c", program)

    def entries(self) -> int:
        """Return what the kernel's own file says of the router."""
        return int(run("ip", "netns", "exec", self.router, "cat", "/proc/sys/net/netfilter/nf_conntrack_count"))

    def index_of(self, namespace: str, name: str) -> int:
        (link,) = json.loads(run("ip", "-n", namespace, "-j", "link", "show", name))
        return int(link["ifindex"])


@pytest.fixture
def street() -> Iterator[Street]:
    need_root("makes namespaces")
    with lab() as network:
        yield Street(network)


def agent_with(tmp_path: Path, *settings: str) -> AgentProcess:
    words = ("agent.sources=inventory,counters,conntrack", "counters.interval=1s", *settings)
    return AgentProcess(tmp_path / "data", *[word for one in words for word in ("--set", one)])


def newest(rows: list[dict[str, Any]], namespace: str) -> dict[str, Any] | None:
    return next((row for row in reversed(rows) if row["namespace"] == namespace), None)


def test_each_namespace_has_its_number_its_peak_and_the_hosts_limit(street: Street, tmp_path: Path) -> None:
    """As the kernel's own files say; a namespace without connections has 0, and is not left out."""
    limit = int(Path("/proc/sys/net/netfilter/nf_conntrack_max").read_text())
    agent = agent_with(tmp_path, "counters.interval=3s")
    agent.start()
    try:
        agent.next_sweep()
        street.connect(0, 300)
        held = street.entries()
        assert held >= 300

        def told() -> dict[str, Any] | None:
            row = newest(agent.rows("hosts.conntrack"), street.router)
            return row if row and row["conntrack_entries_count"] == held else None

        row = wait_for("the router's connections", told, 30)
        assert row["conntrack_max_count"] == limit
        assert row["conntrack_peak_count"] == held
        assert row["conntrack_readings_count"] >= 2
        assert row["component"] == ""
        run("ip", "netns", "exec", street.router, "conntrack", "-F")
        wait_for(
            "an emptied table",
            lambda: (newest(agent.rows("hosts.conntrack"), street.router) or row)["conntrack_entries_count"] == 0,
            30,
        )
        assert agent.stop()[0] == 0
    finally:
        agent.close()
    rows = agent.rows("hosts.conntrack")
    idle = newest(rows, street.server)
    assert idle is not None
    assert (idle["conntrack_entries_count"], idle["conntrack_full_seconds"]) == (0, None)
    assert idle["conntrack_dropped_packets"] == 0
    assert newest(rows, "") is not None


def test_who_holds_the_connections_is_told_by_address_and_by_vif(street: Street, tmp_path: Path) -> None:
    """Of the router's table: the address of the client with most, and the router's end of the veth to it."""
    agent = agent_with(tmp_path)
    agent.start()
    try:
        agent.next_sweep()
        street.connect(0, 50)
        street.connect(1, 200)
        held = street.entries()

        def told() -> list[dict[str, Any]] | None:
            rows = [row for row in agent.rows("holders.conntrack") if row["namespace"] == street.router]
            rows = [row for row in rows if row["seen_count"] == held]
            return [row for row in rows if row["time"] == rows[-1]["time"]] if rows else None

        rows = wait_for("who holds the router's connections", told, 30)
        assert agent.stop()[0] == 0
    finally:
        agent.close()
    addresses = [row for row in rows if row["holder"] == "address"]
    shown = [(str(ipaddress.ip_address(row["holder_address"]).ipv4_mapped), row["held_count"]) for row in addresses]
    assert shown[:2] == [("198.51.101.1", 200), ("198.51.100.1", 50)]
    assert {row["holder_reach"] for row in addresses[:2]} == {"link"}
    inventory = agent.rows("inventory.netlink")
    named = {row["vif_id"]: (row["namespace"], row["ifname"]) for row in inventory}
    vifs = [row for row in rows if row["holder"] == "vif"]
    assert [(named[row["vif_id"]], row["held_count"]) for row in vifs[:2]] == [
        ((street.router, "in1"), 200),
        ((street.router, "in0"), 50),
    ]


def test_tables_are_not_looked_into_where_that_is_not_wanted(street: Street, tmp_path: Path) -> None:
    """The numbers are told all the same."""
    agent = agent_with(tmp_path, "conntrack.holders=0")
    agent.start()
    try:
        street.connect(0, 10)
        wait_for(
            "the router's connections",
            lambda: (newest(agent.rows("hosts.conntrack"), street.router) or {}).get("conntrack_entries_count"),
            30,
        )
        assert agent.stop()[0] == 0
    finally:
        agent.close()
    assert agent.rows("holders.conntrack") == []
