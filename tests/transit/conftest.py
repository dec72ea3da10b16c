"""A vSwitch in a namespace: a bridge with ports, a routed interface, and what the probe says of packets through it."""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pytest

from collectors import _native
from tests.lab.network import Interface, Lab, lab, need_root, run
from viflux.clock import SystemClock

FRAMES = Path(__file__).with_name("frames.py")
BRIDGED, ROUTED = "198.51.100", "203.0.113"


class Bucket(NamedTuple):
    """One bucket of a histogram, ns."""

    from_ns: int
    to_ns: int
    packets: int


Histograms = Mapping[tuple[str, str], Sequence[Bucket]]


def rows_of(messages: Sequence[tuple[bytes, int, int, int]]) -> list[dict[str, Any]]:
    """Return the rows of encoded batches."""
    return [row for message in messages for row in pa.ipc.open_stream(message[0]).read_all().to_pylist()]


def loaded(*, one_of: int = 1, share: float = 1.0, **others: int) -> _native.TransitProbe:
    """Return a probe at work; by default each packet is a sample."""
    settings = {"ring_bytes": 1 << 20, "most_buckets": 16_384, "window_ns": 50_000_000, "longest_ns": 10**9} | others
    probe = _native.TransitProbe(one_of=one_of, share=share, **settings)
    probe.attach()
    return probe


class Switch:
    """Namespaces `a`, `b`, `c` at ports of the bridge `lan` (.254), and `d` at the routed interface `out`.

    Attributes:
        namespace: Of the switch.
        hosts: The others, by name.
        macs: Of each one's `eth0`, and of the switch's own interfaces.
        totals: Of the last `drain`, the row about all samples.
        harvest: Of the last `drain`.
    """

    def __init__(self, network: Lab) -> None:
        self.namespace = network.namespace("s")
        self.hosts = {name: network.namespace(name) for name in "abcd"}
        self.macs: dict[str, str] = {}
        self.probe: _native.TransitProbe
        inside = ["ip", "-n", self.namespace]
        run(*inside, "link", "add", "name", "lan", "type", "bridge", "mcast_snooping", "0")
        for number, (name, host) in enumerate(self.hosts.items(), 1):
            port = "out" if name == "d" else name
            run(*inside, "link", "add", "name", port, "type", "veth", "peer", "name", "eth0", "netns", host)
            network_part = ROUTED if name == "d" else BRIDGED
            run("ip", "-n", host, "addr", "add", f"{network_part}.{number}/24", "dev", "eth0")
            run("ip", "-n", host, "link", "set", "eth0", "up")
            run("ip", "-n", host, "route", "add", "default", "via", f"{network_part}.254")
            if name != "d":
                run(*inside, "link", "set", "dev", port, "master", "lan")
            run(*inside, "link", "set", "dev", port, "up")
        run(*inside, "addr", "add", f"{BRIDGED}.254/24", "dev", "lan")
        run(*inside, "addr", "add", f"{ROUTED}.254/24", "dev", "out")
        run(*inside, "link", "set", "lan", "up")
        run("ip", "netns", "exec", self.namespace, "sysctl", "-qw", "net.ipv4.ip_forward=1")
        for name, host in (*self.hosts.items(), ("lan", self.namespace), ("out", self.namespace)):
            ifname = name if host == self.namespace else "eth0"
            (link,) = json.loads(run("ip", "-n", host, "-j", "link", "show", "dev", ifname))
            self.macs[name] = link["address"]
        self._set_neighbours()
        self.watch = _native.HostWatch(
            host="test",
            machine_id=bytes(16),
            boot_id=bytes(16),
            interval_ns=10**9,
            namespace_dirs=["/run/netns"],
            all_namespaces=True,
        )
        self.totals: dict[str, Any] = {}
        self.rows: list[dict[str, Any]] = []

    def _set_neighbours(self) -> None:
        """Nobody asks for an address: a known number of packets is sent, and not one more."""
        for name, host in self.hosts.items():
            near = [("out", f"{ROUTED}.254")] if name == "d" else [("lan", f"{BRIDGED}.254")]
            near += [(other, self.address(other)) for other in "abc" if name not in (other, "d")]
            for other, address in near:
                run("ip", "-n", host, "neigh", "replace", address, "lladdr", self.macs[other], "dev", "eth0")
            ifname = "out" if name == "d" else "lan"
            words = ["neigh", "replace", self.address(name), "lladdr", self.macs[name], "dev", ifname]
            run("ip", "-n", self.namespace, *words)
            if name != "d":
                words = ["fdb", "replace", self.macs[name], "dev", name, "master", "static"]
                run("bridge", "-n", self.namespace, *words)

    def address(self, name: str) -> str:
        """Return the address of a host."""
        return f"{ROUTED if name == 'd' else BRIDGED}.{'abcd'.index(name) + 1}"

    def inside(self, *words: str) -> str:
        """Run a command in the switch."""
        return run("ip", "netns", "exec", self.namespace, *words)

    def send(self, name: str, what: str, *words: object) -> dict[str, int]:
        """Send frames from a host; what its sender says."""
        done = run("ip", "netns", "exec", self.hosts[name], sys.executable, str(FRAMES), what, *map(str, words))
        told: dict[str, int] = json.loads(done)
        return told

    @contextmanager
    def probed(self, **options: Any) -> Iterator[None]:
        """Have a probe at work."""
        self.probe = loaded(**options)
        try:
            yield
        finally:
            self.probe.drain(self.watch, last=True)
            del self.probe

    def drain(self, *, last: bool = False) -> Histograms:
        """Return what was told since the last call, by names of interfaces of the switch; others' are left out."""
        self.watch.poll(0)
        self.watch.resync()
        owners = {
            row["vif_id"]: Interface(row["ifname"], row["namespace"])
            for row in rows_of(self.watch.inventory(SystemClock().now_ns(), whole=True))
        }
        self.harvest = self.probe.drain(self.watch, last=last)
        self.rows = rows_of(self.harvest.messages)
        found: dict[tuple[str, str], list[Bucket]] = defaultdict(list)
        for row in self.rows:
            if not row["bucket_to_ns"]:
                self.totals = row
                continue
            ends = [owners.get(row[end], Interface("?")) for end in ("vif_id", "out_vif_id")]
            if any(end.namespace == self.namespace for end in ends):
                bucket = Bucket(row["bucket_from_ns"], row["bucket_to_ns"], row["sampled_packets"])
                found[ends[0].name, ends[1].name].append(bucket)
        return found


@pytest.fixture(scope="module")
def switch() -> Iterator[Switch]:
    """A vSwitch, without a probe."""
    need_root("loads programs into the kernel")
    with lab() as network:
        yield Switch(network)


def packets(buckets: Sequence[Bucket]) -> int:
    """Return how many samples buckets have."""
    return sum(bucket.packets for bucket in buckets)


def longest_ns(buckets: Sequence[Bucket]) -> int:
    """Return what no sample took, ns; 0 without samples."""
    return max((bucket.to_ns for bucket in buckets), default=0)


def udp_frame(source_mac: str, target_mac: str, source: str, target: str, size: int = 18) -> str:
    """Return an Ethernet frame with a datagram, in hex: the same each time.

    Its checksum is wrong, so who gets it says nothing about it.
    """
    mac = [part.replace(":", "") for part in (target_mac, source_mac)]
    addresses = "".join(f"{int(part):02x}" for part in (*source.split("."), *target.split(".")))
    header = f"4500{28 + size:04x}00004000401100" + "00" + addresses
    words = [int(header[at : at + 4], 16) for at in range(0, 40, 4)]
    total = sum(words)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    header = f"{header[:20]}{~total & 0xFFFF:04x}{header[24:]}"
    return f"{mac[0]}{mac[1]}0800{header}10001000{8 + size:04x}1234{'5a' * size}"
