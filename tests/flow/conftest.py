"""Two containers on a bridge, the probe at both of their ports, and what it counted."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from collectors import _native
from tests.lab.network import Container, Interface, Lab, lab, need_root, run
from tests.running import until

TALK = Path(__file__).with_name("talk.py")


class Street:
    """Containers `one` and `two` on a bridge, with IPv4 and IPv6; `watch` knows the interfaces.

    Attributes:
        probe: Attached to the bridge ports of both.
        lost: What `drain` said is in no flow.
        sights: What the last drain said of visibility.
        unmatched: Packets for which, it said, no counted one stands.
    """

    def __init__(
        self,
        network: Lab,
        *,
        is_last: bool = False,
        attach: str = "auto",
        all_namespaces: bool = False,
        **options: int,
    ) -> None:
        bridge = network.bridge()
        self.network = network
        self.one = network.container("a", bridge, "198.51.100.1")
        self.two = network.container("b", bridge, "198.51.100.2")
        self.watch = _native.HostWatch(
            host="test",
            machine_id=bytes(16),
            boot_id=bytes(16),
            interval_ns=10**9,
            namespace_dirs=["/run/netns"] if all_namespaces else [],
            all_namespaces=all_namespaces,
        )
        self.probe = _native.FlowProbe(
            is_last=is_last,
            attach=attach,
            **{"entries": 4096, "ring_bytes": 65_536, "sampling": 1, "active_ns": 0, "inactive_ns": 0, **options},
        )
        self.lost: list[tuple[int, bool, int, int]] = []
        self.unmatched = 0
        self.sights: list[tuple[int, bool, bool, int, int, int]] = []
        self.follow()
        self._before = {end.outer.name: end.outer.counters() for end in (self.one, self.two)}

    def follow(self) -> None:
        """Attach to what is there now of this lab."""
        self.watch.resync()
        while True:
            problems = self.probe.follow(self.watch, counting_points=False, names=[f"{self.network.tag}*"])
            assert not problems
            if not self.probe.is_behind():
                return

    def vif_id(self, interface: Interface) -> int:
        """Return the identity of an interface of the agent's namespace."""
        return next(vif_id for _, name, vif_id in self.watch.local_interfaces() if name == interface.name)

    def with_ipv6(self) -> None:
        """Give both an address that needs no announcement first."""
        for end, number in ((self.one, 1), (self.two, 2)):
            run(*end.inner.prefix(), "sysctl", "-qw", "net.ipv6.conf.eth0.disable_ipv6=0")
            run("ip", "-n", end.namespace, "addr", "add", f"2001:db8::{number}/64", "dev", "eth0", "nodad")

    def server(self, at: Container, address: str, port: int) -> AbstractContextManager[None]:
        """Something that reads what comes at a TCP port."""
        return self._at_port("serve", at, address, port)

    def sink(self, at: Container, address: str, port: int) -> AbstractContextManager[None]:
        """Something that holds a UDP port."""
        return self._at_port("sink", at, address, port)

    @contextmanager
    def _at_port(self, what: str, at: Container, address: str, port: int) -> Iterator[None]:
        words = [*at.inner.prefix(), sys.executable, str(TALK), what, address, str(port)]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield
        finally:
            process.kill()
            process.communicate()

    def talk(self, by: Container, what: str, address: str, *numbers: int) -> dict[str, int]:
        """Send, and return what the sender knows of it."""
        words = [sys.executable, str(TALK), what, address, *map(str, numbers)]
        told: dict[str, int] = json.loads(run(*by.inner.prefix(), *words))
        return told

    def send_short_and_long(self) -> int:
        """Send 50 datagrams of 100 bytes to port 6000 of `two`, and 30 of 1,000 to port 6001; how many arrived."""
        before = self.two.inner.counters()["rx_packets"]
        self.talk(self.one, "udp", self.two.address, 6000, 50, 100)
        self.talk(self.one, "udp", self.two.address, 6001, 30, 1000)
        self.counted(self.one)
        return self.two.inner.counters()["rx_packets"] - before

    def counted(self, end: Container) -> dict[str, int]:
        """Return what the interface itself counted since the probe is there, as soon as nothing moves any more."""

        def still() -> dict[str, int] | None:
            first = end.outer.counters()
            with subprocess.Popen(["sleep", "0.2"]) as pause:
                pause.wait()
            return first if first == end.outer.counters() else None

        now = until("the interface is quiet", still, 20)
        return {name: value - self._before[end.outer.name][name] for name, value in now.items()}

    def settle(self) -> tuple[list[dict[str, Any]], dict[str, dict[str, int]]]:
        """Return the flows until nothing moved any more, and what each port's interface counted until then."""
        rows = []

        def still() -> dict[str, dict[str, int]] | None:
            first = {end.outer.name: self.counted(end) for end in (self.one, self.two)}
            rows.extend(self.drain())
            second = {end.outer.name: self.counted(end) for end in (self.one, self.two)}
            return first if first == second else None

        return rows, until("both interfaces are quiet", still, 30)

    def drain(self, *, whole: bool = True) -> list[dict[str, Any]]:
        """Take the flows out; a row is a dict without what is null."""
        harvest = self.probe.drain(all=whole)
        self.lost += harvest.lost
        self.unmatched += harvest.unmatched
        self.sights = harvest.sights
        rows = []
        for payload, count, _, _ in harvest.messages:
            table = pa.ipc.open_stream(payload).read_all()
            assert table.num_rows == count
            rows += [{key: value for key, value in row.items() if value is not None} for row in table.to_pylist()]
        return rows


@pytest.fixture
def street() -> Iterator[Street]:
    """The probe with its usual settings."""
    need_root("loads programs into the kernel")
    with lab() as network:
        yield Street(network)


@pytest.fixture(params=["tcx", "clsact"])
def street_each_way(request: pytest.FixtureRequest) -> Iterator[Street]:
    """The probe with its usual settings, attached by links, and by filters."""
    need_root("loads programs into the kernel")
    with lab() as network:
        street = Street(network, attach=request.param)
        assert street.probe.way() == request.param
        yield street


def scaled(rows: list[dict[str, Any]], column: str, **where: object) -> float:
    """Sum a column over the rows with these values, each row times its rate."""
    return math.fsum(
        row[column] * row["sampling_rate"] for row in rows if all(row.get(key) == value for key, value in where.items())
    )


def total(rows: list[dict[str, Any]], column: str, **where: object) -> int:
    """Sum a column over the rows with these values."""
    return sum(row[column] for row in rows if all(row.get(key) == value for key, value in where.items()))
