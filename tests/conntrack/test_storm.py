"""A storm of connections through a router that translates: when its table is full, who fills it, what is refused."""

from __future__ import annotations

import ipaddress
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conntrack.test_agent import Street, agent_with, newest
from tests.lab.network import lab, need_root, run
from tests.running import ended, wait_for

pytestmark = [pytest.mark.root, pytest.mark.slow]

LIMIT = Path("/proc/sys/net/netfilter/nf_conntrack_max")
ENTRIES = 20_000
RATE = 600
"""New connections a second: the table is full after half a minute."""

STORM = """
import socket, sys, time
rate, port = int(sys.argv[1]), 1024
begun = time.monotonic()
sent = 0
while True:
    due = int((time.monotonic() - begun) * rate)
    while sent < due:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.sendto(b'x', ('203.0.113.1', 1024 + sent % 60000))
        sent += 1
    time.sleep(0.01)
"""


@contextmanager
def limited(entries: int) -> Iterator[None]:
    """Lower the host's limit; no other table of the host may be nearly as full."""
    before = LIMIT.read_text()
    LIMIT.write_text(str(entries))
    try:
        yield
    finally:
        LIMIT.write_text(before)


@pytest.fixture
def street() -> Iterator[Street]:
    need_root("makes namespaces and lowers net.netfilter.nf_conntrack_max for a while")
    with lab() as network:
        yield Street(network)


def test_a_storm_is_foreseen_attributed_and_seen_when_it_refuses(street: Street, tmp_path: Path) -> None:
    """Time to full is within 20 % of what it then takes; the client that storms comes first; refusals are the kernel's.

    The independent figures are the kernel's own files, read in the router's namespace.
    """
    rules = "table ip n { chain p { type nat hook postrouting priority 100; masquerade; }; }"
    run("ip", "netns", "exec", street.router, "nft", rules)
    # A connection without an answer must outlast the storm.
    run("ip", "netns", "exec", street.router, "sysctl", "-qw", "net.netfilter.nf_conntrack_udp_timeout=300")
    agent = agent_with(tmp_path, "counters.interval=5s", "conntrack.holders=5")
    with limited(ENTRIES):
        agent.start()
        try:
            agent.next_sweep()
            street.connect(1, 200)
            words = ("ip", "netns", "exec", street.clients[0], "python3", "-c", STORM, str(RATE))
            storm = subprocess.Popen(words)
            with ended(storm, 10):
                foretold = _foretold(agent, street)
                full_ns = wait_for("a full table", lambda: street.entries() >= ENTRIES and time.time_ns(), 90)
                for row in foretold:
                    end_ns = row["time"] + row["duration_ns"]
                    took = (full_ns - end_ns) / 1e9
                    assert row["conntrack_full_seconds"] == pytest.approx(took, rel=0.2, abs=1.5), row
                refused = wait_for("refusals", lambda: _refused(agent.rows("hosts.conntrack"), street.router), 60)
            assert refused["conntrack_full_seconds"] == 0 or refused["conntrack_peak_count"] >= 0.95 * ENTRIES
            agent.next_sweep()
            agent.next_sweep()
            counted = _kernels_refusals(street.router)
            assert agent.stop()[0] == 0
        finally:
            agent.close()
    rows = [row for row in agent.rows("hosts.conntrack") if row["namespace"] == street.router]
    told = sum((row["conntrack_dropped_packets"] or 0) + (row["conntrack_early_dropped_count"] or 0) for row in rows)
    assert told == counted > 0
    for other in (street.server, *street.clients):
        quiet = [row for row in agent.rows("hosts.conntrack") if row["namespace"] == other]
        assert not any(row["conntrack_dropped_packets"] for row in quiet)
    assert any(
        row["event"] == "conntrack_full" and row["subject"] == street.router for row in agent.rows("events.agent")
    )
    looks = [row for row in agent.rows("holders.conntrack") if row["namespace"] == street.router]
    last = [row for row in looks if row["time"] == looks[-1]["time"]]
    first = next(row for row in last if row["holder"] == "address")
    assert str(ipaddress.ip_address(first["holder_address"]).ipv4_mapped) == "198.51.100.1"
    assert first["held_count"] / first["seen_count"] > 0.9
    inventory = {row["vif_id"]: (row["namespace"], row["ifname"]) for row in agent.rows("inventory.netlink")}
    vif = next(row for row in last if row["holder"] == "vif")
    assert inventory[vif["vif_id"]] == (street.router, "in0")


def _foretold(agent: Any, street: Street) -> list[dict[str, Any]]:
    """Return the router's rows with a time to full of intervals that lie wholly in the storm."""

    def rows() -> list[dict[str, Any]] | None:
        found = [row for row in agent.rows("hosts.conntrack") if row["namespace"] == street.router]
        # The interval in which it began saw only a part of it.
        growing = [row for row in found if (row["conntrack_growth_per_second"] or 0) > RATE / 2][1:]
        return growing if len(growing) >= 2 else None

    return wait_for("a time to full", rows, 40)


def _refused(rows: list[dict[str, Any]], namespace: str) -> dict[str, Any] | None:
    row = newest(rows, namespace)
    return row if row and (row["conntrack_dropped_packets"] or row["conntrack_early_dropped_count"]) else None


def _kernels_refusals(namespace: str) -> int:
    """Return `drop` and `early_drop` of /proc/net/stat/nf_conntrack, all processors together."""
    head, *lines = run("ip", "netns", "exec", namespace, "cat", "/proc/net/stat/nf_conntrack").splitlines()
    names = head.split()
    return sum(int(line.split()[names.index(name)], 16) for line in lines for name in ("drop", "early_drop"))
