"""A switch with two containers, watched by every exporter at once, each with a loopback address of its own.

Everything is in the agent's own network namespace, so that what exporters saw at an interface can be laid beside the
kernel's counters of it. What is sent to an address that belongs to the loopback device comes from that address too.
"""

from __future__ import annotations

import secrets
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from tests.captures.datagrams import destinations
from tests.lab import conversations, exporters
from tests.lab.exporters import Collector, OpenVSwitch, Process, nfprobe, offloads_off, running, sfprobe
from tests.lab.network import Container, Interface, Lab, lab, run
from tests.running import wait_for

LEFT, RIGHT = "198.51.100.10", "198.51.100.20"
SFLOW_SAMPLING = 16
# Frames that nobody handles push out what probes hold.
FILLING_TYPE = 0x88B5


@dataclass(frozen=True)
class Exporter:
    """One exporter.

    Attributes:
        name: Software and protocol.
        address: It sends from here to here.
        setting: `sflow.listen` or `ipfix.listen`.
        known: What else an operator says of it, as TOML; empty for nothing.
        watches: The interface that an operator says all of it was seen at; empty for nothing.
        ways: Which of that port's counters its flows make up: `both`, `ingress`, or empty for none of them.
        agent: Its address in sFlow, where that differs.
    """

    name: str
    address: str
    setting: str
    known: str
    ways: str
    watches: str = ""
    agent: str = ""

    @property
    def entry(self) -> str:
        """What an operator says of it, as TOML; empty for nothing."""
        said = (f'ifname = "{self.watches}"' if self.watches else "", self.known)
        return ", ".join(part for part in said if part)

    @property
    def exporter_address(self) -> str:
        """What its rows say."""
        return self.agent or self.address


@dataclass
class Street:
    """Containers, switch and exporters; nothing runs yet but the switch."""

    laboratory: Lab
    folder: Path
    port: int
    net: str = field(default_factory=lambda: f"127.{64 + secrets.randbelow(128)}.{secrets.randbelow(256)}")
    exporters: dict[str, Exporter] = field(default_factory=dict)
    apart: dict[str, str] = field(default_factory=dict)
    watched: dict[str, Container] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make nothing yet: what is made must be removed however that ends."""
        self.switch = OpenVSwitch(self.folder)

    def build(self) -> None:
        """Make the containers on an Open vSwitch bridge, and the exporters' addresses."""
        self.switch.start()
        self.bridge_name = f"{self.laboratory.tag}ovs"
        self.switch.bridge(self.bridge_name)
        self.spare = self.laboratory.bridge()
        self.left = self._container("a", LEFT)
        self.right = self._container("b", RIGHT)
        rate = "sampling_rate = 1"
        for number, (name, setting, known, ways) in enumerate(
            (
                ("softflowd v5", "ipfix", rate, "both"),
                ("softflowd v9", "ipfix", "", "both"),
                ("softflowd IPFIX", "ipfix", "", "both"),
                ("nfprobe v5", "ipfix", rate, "both"),
                ("nfprobe v9", "ipfix", rate, "both"),
                ("nfprobe IPFIX", "ipfix", rate, "both"),
                ("sfprobe", "sflow", "", "both"),
                ("sfprobe sampled", "sflow", "", "both"),
                ("fprobe v5", "ipfix", rate, "both"),
                ("fprobe v7", "ipfix", "", ""),
                ("Open vSwitch sFlow", "sflow", 'interfaces = "kernel"', "ingress"),
                ("Open vSwitch IPFIX", "ipfix", f'interfaces = "kernel", {rate}', "ingress"),
                ("Open vSwitch v5", "ipfix", f'{rate}, byte_layer = "link"', ""),
            ),
            start=1,
        ):
            address = f"{self.net}.{number}"
            run("ip", "addr", "add", f"{address}/32", "dev", "lo")
            # Open vSwitch takes the agent's address from an interface: the loopback device's first one.
            agent = "127.0.0.1" if name == "Open vSwitch sFlow" else ""
            watches = self.tap.name if ways == "both" else ""
            self.exporters[name] = Exporter(name, address, setting, known, ways, watches, agent)

    def keep_apart(self, names: list[str]) -> None:
        """Say that each of these exporters will have a port of its own, before there is one."""
        for number, name in enumerate(names):
            self.apart[name] = f"w{number}"
            if self.exporters[name].watches:
                watches = f"{self.laboratory.tag}w{number}"
                self.exporters[name] = replace(self.exporters[name], watches=watches)

    def open_ports(self) -> None:
        """Make these ports, and containers behind them that talk instead of the left one."""
        for number, (name, place) in enumerate(self.apart.items()):
            self.watched[name] = self._container(place, f"198.51.100.{100 + number}")

    def watched_port(self, name: str) -> Interface:
        """The switch's port that an exporter watches."""
        return self.watched[name].outer if name in self.watched else self.tap

    @property
    def tap(self) -> Interface:
        """The switch's port of the left container, which everything watches."""
        return self.left.outer

    def settings(self, file: Path, names: list[str]) -> dict[str, str]:
        """Write what an operator says of these exporters into a settings file, and return where to listen."""
        entries = []
        listen: dict[str, list[str]] = {}
        for name in names:
            chosen = self.exporters[name]
            listen.setdefault(f"{chosen.setting}.listen", []).append(f"{chosen.address}:{self.port}")
            if chosen.entry:
                entries.append(f'  {{ address = "{chosen.exporter_address}", {chosen.entry}, name = "{name}" }},')
        file.write_text("\n".join(["[exporters]", "known = [", *entries, "]", ""]), encoding="utf-8")
        # What the kernel tells of the same ports would be one more exporter of them.
        return {"agent.sources": "inventory,counters", **{key: ",".join(found) for key, found in listen.items()}}

    def collector(self, name: str) -> Collector:
        """Where an exporter sends to."""
        return Collector(self.exporters[name].address, self.port)

    @contextmanager
    def exporting(self, names: list[str]) -> Iterator[None]:
        """Run these exporters."""
        with ExitStack() as stack:
            stack.enter_context(running(*self._processes(names)))
            stack.callback(self.switch.stop_exporting, self.bridge_name)
            for name in names:
                if name == "Open vSwitch sFlow":
                    self.switch.export_sflow(self.bridge_name, self.collector(name), "lo", 1, 5)
                elif name == "Open vSwitch IPFIX":
                    self.switch.export_ipfix(self.bridge_name, self.collector(name), 1)
                elif name == "Open vSwitch v5":
                    self.switch.export_netflow(self.bridge_name, self.collector(name))
            time.sleep(1.5)  # libpcap opens its socket without a sign of it
            yield

    def converse(self, seconds: float) -> None:
        """Talk for a while: TCP and UDP of several sizes, and pings."""
        deadline = time.monotonic() + seconds
        turn = 0
        while time.monotonic() < deadline:
            for source in self._talkers():
                size = (200, 3_000, 60_000)[turn % 3]
                self._talk(source, "--tcp", "8", "--size", str(size))
                self._talk(source, "--udp", "40", "--sockets", "3", "--size", str((30, 700, 1_400)[turn % 3]))
                run(*source.inner.prefix(), "ping", "-q", "-c", "2", "-i", "0.01", RIGHT)
            turn += 1

    def flush(self) -> None:
        """Have every probe see all packets, and export the flows that they make up."""
        for source in self._talkers():
            source.send_frames(FILLING_TYPE, 2500)
        time.sleep(8)

    def close(self) -> None:
        """Remove what the laboratory does not know of."""
        self.switch.stop()
        for exporter in self.exporters.values():
            run("ip", "addr", "del", f"{exporter.address}/32", "dev", "lo", check=False)

    def _talkers(self) -> list[Container]:
        return list(self.watched.values()) or [self.left]

    def _talk(self, source: Container, *words: str) -> None:
        talk = [str(conversations.__file__), "talk", RIGHT, "--source", source.address]
        run(*source.inner.prefix(), "python3", *talk, *words)

    def _container(self, name: str, address: str) -> Container:
        made = self.laboratory.container(name, self.spare, address)
        run("ip", "link", "set", made.outer.name, "nomaster")
        offloads_off(made.inner, made.outer)
        self.switch.add_port(self.bridge_name, made.outer.name)
        return made

    def _processes(self, names: list[str]) -> Iterator[Process]:
        for name in names:
            folder = self.folder / name.replace(" ", "-")
            folder.mkdir(exist_ok=True)
            to, address = self.collector(name), self.exporters[name].address
            if name.startswith("softflowd"):
                version = {"v5": "5", "v9": "9", "IPFIX": "10"}[name.split()[1]]
                yield exporters.softflowd(self.watched_port(name), to, version, folder, "-s", "1")
            elif name.startswith("nfprobe"):
                version = {"v5": "5", "v9": "9", "IPFIX": "10"}[name.split()[1]]
                yield exporters.pmacctd(
                    self.watched_port(name), folder, [nfprobe(to, version, nfprobe_source_ip=address)]
                )
            elif name.startswith("sfprobe"):
                sampling = SFLOW_SAMPLING if "sampled" in name else 1
                yield exporters.pmacctd(self.watched_port(name), folder, [sfprobe(to, address, sampling)])
            elif name.startswith("fprobe"):
                yield exporters.fprobe(self.watched_port(name), to, name[-1], folder)


@contextmanager
def street(folder: Path, port: int) -> Iterator[Street]:
    """A street that is removed at the end, also when the test fails, with a server in its right container."""
    with lab() as laboratory, ExitStack() as stack:
        made = Street(laboratory, folder, port)
        stack.callback(made.close)
        made.build()
        server = conversations.started(made.right.inner.prefix(), "serve", str(conversations.PORT))
        stack.callback(server.wait)
        stack.callback(server.kill)
        yield made


@contextmanager
def recorded(net: str, file: Path) -> Iterator[None]:
    """Record every datagram that is sent to a net of loopback addresses: what was really sent."""
    words = [str(exporters.find("tcpdump")), "-i", "lo", "-U", "-n", "-Z", "root", "-B", "65536", "--immediate-mode"]
    # Each slot of the kernel's ring is as long as the longest packet: with 256 KiB there would be too few of them.
    words += ["-s", "16000", "-w", str(file), f"udp and dst net {net}.0/24"]
    with subprocess.Popen(words, stderr=subprocess.PIPE) as child:
        assert child.stderr is not None
        try:
            while b"listening" not in (said := child.stderr.readline()):
                assert said, "tcpdump ended"
            yield
            size = -1
            while size != (size := file.stat().st_size):
                time.sleep(0.5)
        finally:
            child.terminate()
            rest = child.stderr.read().decode()
    assert "0 packets dropped by kernel" in rest, rest


def sent(file: Path) -> dict[str, int]:
    """Count the recorded datagrams by address."""
    found: dict[str, int] = {}
    for address in destinations(file.read_bytes()):
        found[address] = found.get(address, 0) + 1
    return found


def listens(address: str, port: int) -> bool:
    """Whether a UDP socket is bound to an IPv4 address and port of this namespace."""
    want = f"{int.from_bytes(bytes(map(int, address.split('.'))), 'little'):08X}:{port:04X}"
    return any(line.split()[1] == want for line in Path("/proc/net/udp").read_text(encoding="ascii").splitlines()[1:])


def wait_until_heard(made: Street, names: list[str]) -> None:
    """Return when somebody listens at the addresses of these exporters."""
    for name in names:
        address = made.exporters[name].address
        wait_for(f"a listener at {address}", partial(listens, address, made.port), 60)
