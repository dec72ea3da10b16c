"""A sender, a router and a receiver, each in a namespace, and what the probe says of packets between them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pytest

from collectors import _native
from collectors.drop.places import meanings as all_meanings
from tests.lab.network import Interface, Lab, lab, need_root, run
from viflux.clock import SystemClock

PACKETS = Path(__file__).with_name("packets.py")
SENDER, ROUTER, RECEIVER = "198.51.100.1", ("198.51.100.254", "203.0.113.254"), "203.0.113.1"


class Told(NamedTuple):
    """What a row says, besides how many."""

    interface: Interface
    direction: int | None
    drop_class: str
    reason: str
    place: str


def rows_of(messages: Sequence[tuple[bytes, int, int, int]]) -> list[dict[str, Any]]:
    """Return the rows of encoded batches."""
    return [row for message in messages for row in pa.ipc.open_stream(message[0]).read_all().to_pylist()]


def loaded(
    *, entries: int = 4096, samples: int = 0, meanings: Sequence[tuple[str, str, str, str]] | None = None
) -> _native.DropProbe:
    """Return a probe at work."""
    listed = all_meanings() if meanings is None else meanings
    probe = _native.DropProbe(entries=entries, ring_bytes=1 << 18, samples=samples, meanings=listed)
    probe.attach()
    return probe


class Road:
    """`sender.eth0` - `router.left`, `router.right` - `receiver.eth0`; neighbours are set by hand, IPv6 is off.

    Attributes:
        rows: Of the last `drain`, those of the road's namespaces.
        harvest: Of the last `drain`.
    """

    def __init__(self, network: Lab) -> None:
        self.sender, self.router, self.receiver = (network.namespace(name) for name in ("a", "r", "b"))
        macs = {}
        for namespace, ifname, address, peer in (
            (self.router, "left", ROUTER[0], self.sender),
            (self.router, "right", ROUTER[1], self.receiver),
        ):
            run("ip", "-n", namespace, "link", "add", ifname, "type", "veth", "peer", "name", "eth0", "netns", peer)
            run("ip", "-n", namespace, "addr", "add", f"{address}/24", "dev", ifname)
        run("ip", "-n", self.sender, "addr", "add", f"{SENDER}/24", "dev", "eth0")
        run("ip", "-n", self.receiver, "addr", "add", f"{RECEIVER}/24", "dev", "eth0")
        self.ends = (
            Interface("eth0", self.sender),
            Interface("left", self.router),
            Interface("right", self.router),
            Interface("eth0", self.receiver),
        )
        for end in self.ends:
            run("ip", "-n", end.namespace, "link", "set", end.name, "up")
            (link,) = json.loads(run("ip", "-n", end.namespace, "-j", "link", "show", end.name))
            macs[end] = link["address"]
        self.macs = macs
        for end, other, address in zip(
            self.ends,
            (self.ends[1], self.ends[0], self.ends[3], self.ends[2]),
            (ROUTER[0], SENDER, RECEIVER, ROUTER[1]),
            strict=True,
        ):
            run("ip", "-n", end.namespace, "neigh", "replace", address, "lladdr", macs[other], "dev", end.name)
        run("ip", "-n", self.sender, "route", "add", "default", "via", ROUTER[0])
        run("ip", "-n", self.receiver, "route", "add", "default", "via", ROUTER[1])
        run("ip", "netns", "exec", self.router, "sysctl", "-qw", "net.ipv4.ip_forward=1")
        self.watch = _native.HostWatch(
            host="test",
            machine_id=bytes(16),
            boot_id=bytes(16),
            interval_ns=10**9,
            namespace_dirs=["/run/netns"],
            all_namespaces=True,
        )
        self.probe = loaded()
        self.rows: list[dict[str, Any]] = []
        self.drain()

    @contextmanager
    def beside(self, **options: Any) -> Iterator[None]:
        """Have another probe beside the road's own, which `drain` asks meanwhile."""
        own, self.probe = self.probe, loaded(**options)
        try:
            self.drain()
            yield
        finally:
            self.probe = own

    def send(self, namespace: str, what: str, *words: object) -> dict[str, Any]:
        """Send packets from a namespace, and return what the sender knows of it."""
        done = run("ip", "netns", "exec", namespace, sys.executable, str(PACKETS), what, *map(str, words))
        told: dict[str, Any] = json.loads(done)
        return told

    def drain(self, *, last: bool = True) -> Counter[Told]:
        """Take out what was dropped in the road's namespaces: skbs by what the rows say."""
        self.watch.poll(0)
        self.watch.resync()
        self.harvest = self.probe.drain(self.watch, last=last)
        rows = rows_of(self.harvest.messages)
        owners = self._owners()
        mine = (self.sender, self.router, self.receiver)
        told: Counter[Told] = Counter()
        self.rows = []
        for row in rows:
            where = owners.get(row["vif_id"], Interface(row["ifname"], row["namespace"]))
            if where.namespace in mine:
                self.rows.append(row)
                told[Told(where, row["direction"], row["drop_class"], row["reason"], row["place"])] += row[
                    "skb_packets"
                ]
        return told

    def _owners(self) -> dict[int, Interface]:
        rows = rows_of(self.watch.inventory(SystemClock().now_ns(), whole=True))
        return {row["vif_id"]: Interface(row["ifname"], row["namespace"]) for row in rows}


@pytest.fixture(scope="module")
def road() -> Iterator[Road]:
    """The probe with its usual settings."""
    need_root("loads programs into the kernel")
    with lab() as network:
        yield Road(network)


def in_namespace(namespace: str, *words: str) -> str:
    """Run a command there."""
    return run("ip", "netns", "exec", namespace, *words)


def nft(namespace: str, text: str) -> None:
    """Have nftables rules in a namespace."""
    words = ["ip", "netns", "exec", namespace, "nft", "-f", "-"]
    subprocess.run(words, input=text, text=True, check=True, capture_output=True)
