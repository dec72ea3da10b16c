"""Namespaces, bridges and links with unique names, and everything removed again however the test ends."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

TRAFFIC = Path(__file__).with_name("traffic.py")

# The kernel's statistics that the counters table stores, by the name that `ip -s -s -j link` and sysfs give them.
SYSFS_COUNTERS = {
    "rx_packets": "rx_packets",
    "tx_packets": "tx_packets",
    "rx_bytes": "rx_bytes",
    "tx_bytes": "tx_bytes",
    "rx_errors_packets": "rx_errors",
    "tx_errors_packets": "tx_errors",
    "rx_dropped_packets": "rx_dropped",
    "tx_dropped_packets": "tx_dropped",
    "rx_missed_packets": "rx_missed_errors",
    "rx_nohandler_packets": "rx_nohandler",
    "multicast_packets": "multicast",
}


def run(*words: str, check: bool = True) -> str:
    """Run a command and return what it printed; its errors are in the exception."""
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


@dataclass(frozen=True)
class Interface:
    """An interface and the namespace that it is in; `namespace` is empty for the host's own."""

    name: str
    namespace: str = ""

    def prefix(self) -> list[str]:
        """Words that run a command in the interface's namespace."""
        return ["ip", "netns", "exec", self.namespace] if self.namespace else []

    def counters(self) -> dict[str, int]:
        """Read the kernel's statistics, under the names of the counters table."""
        names = list(SYSFS_COUNTERS.values())
        folder = f"/sys/class/net/{self.name}/statistics"
        text = run(*self.prefix(), "cat", *(f"{folder}/{name}" for name in names))
        values = dict(zip(names, (int(line) for line in text.split()), strict=True))
        return {column: values[name] for column, name in SYSFS_COUNTERS.items()}

    def qdisc(self) -> dict[str, int | str]:
        """Read the root queue's statistics."""
        queues = json.loads(run(*self.prefix(), "tc", "-s", "-j", "qdisc", "show", "dev", self.name, "root"))
        return queues[0]

    def set_queue(self, *words: str) -> None:
        """Replace the root queue: `set_queue("tbf", "rate", "1mbit", …)`."""
        run(*self.prefix(), "tc", "qdisc", "replace", "dev", self.name, "root", *words)


@dataclass(frozen=True)
class Container:
    """A namespace that is joined to a bridge by a veth: `inner` is its eth0, `outer` the bridge port."""

    namespace: str
    address: str
    mac: str
    inner: Interface
    outer: Interface

    def send(self, to: Container, packets: int, size: int = 100) -> None:
        """Send exactly `packets` UDP datagrams with `size` bytes of payload to another container."""
        words = [sys.executable, str(TRAFFIC), "udp", to.address, str(packets), str(size)]
        run(*self.inner.prefix(), *words)

    def flood(self, to: Container, rate: int) -> subprocess.Popen[bytes]:
        """Send datagrams at about `rate` a second until the process is ended."""
        words = [sys.executable, str(TRAFFIC), "flood", to.address, str(rate)]
        return subprocess.Popen([*self.inner.prefix(), *words])

    def send_frames(self, ethertype: int, frames: int) -> None:
        """Send frames of an ethertype that nobody handles, to everybody on the bridge."""
        run(*self.inner.prefix(), sys.executable, str(TRAFFIC), "frames", self.inner.name, str(ethertype), str(frames))


@dataclass
class Lab:
    """A set of namespaces and links that ends with the test."""

    tag: str = field(default_factory=lambda: f"vx{secrets.token_hex(2)}")
    _namespaces: list[str] = field(default_factory=list)
    _links: list[str] = field(default_factory=list)
    _containers: list[Container] = field(default_factory=list)

    def namespace(self, name: str) -> str:
        """Make a namespace with loopback up and no IPv6, so that it sends nothing by itself."""
        full = f"{self.tag}-{name}"
        run("ip", "netns", "add", full)
        self._namespaces.append(full)
        for key in ("all", "default"):
            run("ip", "netns", "exec", full, "sysctl", "-qw", f"net.ipv6.conf.{key}.disable_ipv6=1")
        run("ip", "-n", full, "link", "set", "lo", "up")
        return full

    def bridge(self, name: str = "br") -> Interface:
        """Make a bridge in the host's namespace, without an address and without multicast chatter."""
        full = f"{self.tag}{name}"
        run("ip", "link", "add", full, "type", "bridge", "mcast_snooping", "0")
        self._links.append(full)
        self._quiet(full)
        run("ip", "link", "set", full, "up")
        return Interface(full)

    def container(self, name: str, bridge: Interface, address: str, alias: str = "") -> Container:
        """Make a namespace with an `eth0` whose other end is a port of `bridge`."""
        namespace = self.namespace(name)
        outer = f"{self.tag}{name}"
        run("ip", "link", "add", outer, "type", "veth", "peer", "name", "eth0", "netns", namespace)
        self._links.append(outer)
        self._quiet(outer)
        if alias:
            run("ip", "link", "set", outer, "alias", alias)
        run("ip", "link", "set", outer, "master", bridge.name, "up")
        run("ip", "-n", namespace, "addr", "add", f"{address}/24", "dev", "eth0")
        run("ip", "-n", namespace, "link", "set", "eth0", "up")
        mac = json.loads(run("ip", "-n", namespace, "-j", "link", "show", "eth0"))[0]["address"]
        made = Container(namespace, address, mac, Interface("eth0", namespace), Interface(outer))
        # Neighbours are set by hand: a known number of packets is sent, and not one more for ARP.
        for other in self._containers:
            run("ip", "-n", namespace, "neigh", "replace", other.address, "lladdr", other.mac, "dev", "eth0")
            run("ip", "-n", other.namespace, "neigh", "replace", address, "lladdr", mac, "dev", "eth0")
        self._containers.append(made)
        return made

    def adopt(self, *links: str) -> None:
        """Remove these links of the host's namespace too when the lab closes."""
        self._links += links

    def close(self) -> None:
        """Remove everything, in an order that works also when half of it is gone."""
        for namespace in self._namespaces:
            for pid in run("ip", "netns", "pids", namespace, check=False).split():
                try:
                    os.kill(int(pid), 9)
                except ProcessLookupError:
                    continue
        for link in reversed(self._links):
            run("ip", "link", "del", link, check=False)
        for namespace in self._namespaces:
            run("ip", "netns", "del", namespace, check=False)

    @staticmethod
    def _quiet(link: str) -> None:
        run("sysctl", "-qw", f"net.ipv6.conf.{link}.disable_ipv6=1", check=False)


@contextmanager
def lab() -> Iterator[Lab]:
    """A lab that is removed at the end, also when the test fails."""
    made = Lab()
    try:
        yield made
    finally:
        made.close()


def need_root(reason: str = "makes network namespaces") -> None:
    """Skip by name when not root; a failure where every real part must be there."""
    import pytest  # noqa: PLC0415 - benchmarks use this module without pytest

    if os.geteuid() != 0:
        if os.environ.get("REQUIRE_REAL_PARTS") == "1":
            pytest.fail(f"needs root: {reason}")
        pytest.skip(f"needs root: {reason}")
