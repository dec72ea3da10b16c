"""Real flow exporters from Debian, each a child process of the test in a folder of its own.

An exporter watches one interface (or is the switch itself) and sends to a collector that must listen *before* it
starts: a refused datagram makes Linux refuse the next send too, and what was lost looks like a fault of the collector.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.lab.network import Interface, run

# What an exporter needs: command and the Debian package that it is in.
PACKAGES = {
    "softflowd": "softflowd",
    "pmacctd": "pmacct",
    "fprobe": "fprobe",
    "ovs-vswitchd": "openvswitch-switch",
    "ulogd": "ulogd2",
    "conntrack": "conntrack",
    "nfcapd": "nfdump",
    "nfdump": "nfdump",
    "sfcapd": "nfdump-sflow",
    "sfacctd": "pmacct",
    "nfacctd": "pmacct",
    "tshark": "tshark",
    "tcpdump": "tcpdump",
    "iperf3": "iperf3",
    "ethtool": "ethtool",
}
END_SECONDS = 10.0
# Flows end quickly, so that a short test sees whole ones.
SOFTFLOWD_TIMEOUTS = ("maxlife=5", "udp=3", "icmp=3", "general=3", "tcp=5", "tcp.fin=2", "tcp.rst=2", "expint=1")
NFPROBE_TIMEOUTS = "tcp=5:udp=3:icmp=3:general=3:maxlife=5:tcp.fin=2:tcp.rst=2:expint=1"


def need_command(*commands: str) -> None:
    """Skip by name where a command is missing; a failure where every real part must be there."""
    import pytest  # noqa: PLC0415 - benchmarks use this module without pytest

    missing = sorted({PACKAGES[command] for command in commands if find(command) is None})
    if missing:
        message = f"needs the Debian package {' '.join(missing)}"
        if os.environ.get("REQUIRE_REAL_PARTS") == "1":
            pytest.fail(message)
        pytest.skip(message)


def find(command: str) -> str | None:
    """Return the path of a command, also from the folders that only root has on its path."""
    return shutil.which(command, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


@dataclass(frozen=True)
class Collector:
    """Where an exporter sends to."""

    address: str
    port: int

    @property
    def target(self) -> str:
        """As `address:port`."""
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


@dataclass
class Process:
    """A child in the foreground, ended by its own id.

    Attributes:
        words: Its command line as it was started.
        log: What it printed.
    """

    words: list[str]
    log: Path
    _child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; its output goes to the log."""
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(self.words, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    @property
    def pid(self) -> int:
        """The id of the running process."""
        assert self._child is not None
        return self._child.pid

    def check(self) -> None:
        """Fail with the log where it has ended."""
        assert self._child is not None
        code = self._child.poll()
        assert code is None, f"{self.words} ended with {code}:\n{self.log.read_text(errors='replace')}"

    def stop(self) -> None:
        """End it with SIGTERM, which makes the exporters here send what they still hold; SIGKILL after a while."""
        if self._child is None or self._child.poll() is not None:
            return
        self._child.terminate()
        try:
            self._child.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()


def offloads_off(*interfaces: Interface) -> None:
    """Make each skb one packet on the wire, with a checksum in it: what an exporter sees is what the counters count."""
    for interface in interfaces:
        for feature in ("tso", "gso", "gro", "lro", "tx", "rx"):
            run(*interface.prefix(), str(find("ethtool")), "-K", interface.name, feature, "off", check=False)


def softflowd(interface: Interface, to: Collector, version: str, folder: Path, *more: str) -> Process:
    """Prepare softflowd 1.x with NetFlow 1, 5, 9, IPFIX (10) or `psamp`; `more` are further words, a filter last."""
    timeouts = [word for timeout in SOFTFLOWD_TIMEOUTS for word in ("-t", timeout)]
    # Without a control socket: the path of one is short, and a test's folder is not.
    files = ["-p", str(folder / "softflowd.pid"), "-c", "none"]
    words = [str(find("softflowd")), "-d", "-i", interface.name, "-v", version, "-n", to.target, *files, *timeouts]
    return Process([*interface.prefix(), *words, *more], folder / "softflowd.log")


def fprobe(interface: Interface, to: Collector, version: str, folder: Path, *more: str) -> Process:
    """Prepare fprobe 1.1 with NetFlow 1, 5 or 7; it knows IPv4 only."""
    words = [str(find("fprobe")), "-i", interface.name, "-f", "ip", "-n", version, "-s", "1", "-d", "2", "-e", "5"]
    words += ["-q", "100000", "-l", "2"]
    return Process([*interface.prefix(), *words, *more, to.target], folder / "fprobe.log")


def pmacctd(
    interface: Interface, folder: Path, plugins: Sequence[tuple[str, dict[str, str]]], **general: str
) -> Process:
    """Prepare pmacctd with its probes.

    Args:
        interface: What it watches.
        folder: For its configuration and log.
        plugins: Kind (`nfprobe`, `sfprobe`) and the plugin's keys without the plugin's name.
        general: Keys of the daemon itself.
    """
    names = [f"p{number}" for number in range(len(plugins))]
    lines = [
        "daemonize: false",
        f"pcap_interface: {interface.name}",
        "plugins: " + ", ".join(f"{kind}[{name}]" for (kind, _), name in zip(plugins, names, strict=True)),
        *(f"{key}: {value}" for key, value in general.items()),
    ]
    for (_, keys), name in zip(plugins, names, strict=True):
        lines += [f"{key}[{name}]: {value}" for key, value in keys.items()]
    configuration = folder / "pmacctd.conf"
    configuration.write_text("\n".join(lines) + "\n", encoding="ascii")
    return Process([*interface.prefix(), str(find("pmacctd")), "-f", str(configuration)], folder / "pmacctd.log")


def nfprobe(to: Collector, version: str, sampling: int = 0, **more: str) -> tuple[str, dict[str, str]]:
    """Describe pmacct's NetFlow probe: version 5, 9 or 10 (IPFIX); `sampling` 0 is no sampling."""
    keys = {
        "nfprobe_receiver": to.target,
        "nfprobe_version": version,
        "nfprobe_timeouts": NFPROBE_TIMEOUTS,
        **({"sampling_rate": str(sampling)} if sampling else {}),
        **more,
    }
    return "nfprobe", keys


def sfprobe(to: Collector, agent: str, sampling: int = 1, **more: str) -> tuple[str, dict[str, str]]:
    """Describe pmacct's sFlow probe."""
    keys = {"sfprobe_receiver": to.target, "sfprobe_agentip": agent, "sampling_rate": str(sampling), **more}
    return "sfprobe", keys


def ulogd(namespace: str, to: Collector, folder: Path) -> Process:
    """Prepare ulogd 2, which exports the connections of a namespace's conntrack table as IPFIX when they end."""
    plugins = "/usr/lib/x86_64-linux-gnu/ulogd"
    lines = [
        "[global]",
        f'logfile="{folder / "ulogd.txt"}"',
        "loglevel=3",
        f'plugin="{plugins}/ulogd_inpflow_NFCT.so"',
        f'plugin="{plugins}/ulogd_output_IPFIX.so"',
        "stack=ct1:NFCT,ipfix1:IPFIX",
        "[ct1]",
        "hash_enable=1",
        "[ipfix1]",
        "oid=1",
        f'host="{to.address}"',
        f'port="{to.port}"',
        "proto=udp",
        "send_template=once",
    ]
    configuration = folder / "ulogd.conf"
    configuration.write_text("\n".join(lines) + "\n", encoding="ascii")
    prefix = Interface("lo", namespace).prefix()
    return Process([*prefix, str(find("ulogd")), "-c", str(configuration)], folder / "ulogd.log")


@dataclass
class OpenVSwitch:
    """Open vSwitch with its userspace datapath, in a folder (and, where told, a namespace) of its own."""

    folder: Path
    namespace: str = ""
    _processes: list[Process] = field(default_factory=list)
    _bridges: list[str] = field(default_factory=list)

    @property
    def _prefix(self) -> list[str]:
        return Interface("", self.namespace).prefix()

    @property
    def _environment(self) -> list[str]:
        return ["env", *(f"OVS_{name}DIR={self.folder}" for name in ("RUN", "LOG", "DB"))]

    def start(self) -> None:
        """Make the database, start server and switch, and wait until the database answers."""
        database, socket = self.folder / "conf.db", self.folder / "db.sock"
        run("ovsdb-tool", "create", str(database), "/usr/share/openvswitch/vswitch.ovsschema")
        server = [str(find("ovsdb-server")), str(database), f"--remote=punix:{socket}"]
        self._launch("ovsdb", server)
        _wait(socket.exists, "ovsdb-server makes its socket", self._processes[-1])
        self.vsctl("--no-wait", "init")
        self._launch("vswitchd", [str(find("ovs-vswitchd")), f"unix:{socket}"])
        _wait(lambda: list(self.folder.glob("ovs-vswitchd.*.ctl")), "ovs-vswitchd is up", self._processes[-1])

    def vsctl(self, *words: str) -> str:
        """Change or ask the database; waits until the switch has done it."""
        return run(*self._environment, "ovs-vsctl", "-t", "10", f"--db=unix:{self.folder / 'db.sock'}", *words).strip()

    def ofctl(self, *words: str, version: str = "OpenFlow13") -> str:
        """Speak OpenFlow to a bridge."""
        return run(*self._prefix, *self._environment, "ovs-ofctl", "-O", version, *words)

    def appctl(self, *words: str) -> str:
        """Ask the running switch."""
        control = next(self.folder.glob("ovs-vswitchd.*.ctl"))
        return run(*self._prefix, *self._environment, "ovs-appctl", "-t", str(control), *words)

    def bridge(self, name: str) -> Interface:
        """Make a bridge of the userspace datapath."""
        protocols = "protocols=OpenFlow10,OpenFlow13"
        self.vsctl("add-br", name, "--", "set", "bridge", name, "datapath_type=netdev", protocols)
        self._bridges.append(name)
        made = Interface(name, self.namespace)
        run(*made.prefix(), "sysctl", "-qw", f"net.ipv6.conf.{name}.disable_ipv6=1", check=False)
        run(*made.prefix(), "ip", "link", "set", name, "up")
        return made

    def add_port(self, bridge: str, interface: str, *words: str) -> None:
        """Make an interface a port of a bridge; `words` as `tag=100`."""
        self.vsctl("add-port", bridge, interface, *words)

    def export_sflow(
        self, bridge: str, to: Collector, agent: str, sampling: int, polling: int, header: int = 128
    ) -> None:
        """Turn sFlow on; `agent` is the interface whose address is the agent's."""
        target = f'targets="{to.target}"'
        values = [f"agent={agent}", target, f"header={header}", f"sampling={sampling}", f"polling={polling}"]
        self.vsctl("--", "--id=@s", "create", "sFlow", *values, "--", "set", "bridge", bridge, "sflow=@s")

    def export_ipfix(self, bridge: str, to: Collector, sampling: int, *more: str, domain: int = 123) -> None:
        """Turn IPFIX on, with a cache of flows that is sent after two seconds at the latest."""
        values = [f'targets="{to.target}"', f"obs_domain_id={domain}", "obs_point_id=456", f"sampling={sampling}"]
        values += ["cache_active_timeout=2", "cache_max_flows=1000", *more]
        self.vsctl("--", "--id=@i", "create", "IPFIX", *values, "--", "set", "bridge", bridge, "ipfix=@i")

    def export_netflow(self, bridge: str, to: Collector, active_timeout: int = 2) -> None:
        """Turn NetFlow v5 on."""
        values = [f'targets="{to.target}"', f"active_timeout={active_timeout}"]
        self.vsctl("--", "--id=@n", "create", "NetFlow", *values, "--", "set", "bridge", bridge, "netflow=@n")

    def stop_exporting(self, bridge: str) -> None:
        """Turn all three off; the switch sends what its caches hold."""
        for name in ("sflow", "ipfix", "netflow"):
            self.vsctl("clear", "bridge", bridge, name)

    def stop(self) -> None:
        """Remove the bridges, end switch and server."""
        for bridge in self._bridges:
            try:
                self.vsctl("--if-exists", "del-br", bridge)
            except RuntimeError:
                break
        for process in reversed(self._processes):
            process.stop()

    def version(self) -> str:
        """Return the version of the switch."""
        return run(str(find("ovs-vswitchd")), "--version").split("\n")[0].rsplit(" ", 1)[-1]

    def _launch(self, name: str, words: list[str]) -> None:
        files = [f"--pidfile={self.folder / f'{name}.pid'}", f"--log-file={self.folder / f'{name}.txt'}"]
        process = Process([*self._prefix, *self._environment, *words, *files], self.folder / f"{name}.log")
        self._processes.append(process)
        process.start()


@contextmanager
def running(*exporters: Process | OpenVSwitch) -> Iterator[None]:
    """Run exporters until the block ends, however it ends."""
    with ExitStack() as stack:
        for exporter in exporters:
            stack.callback(exporter.stop)
            exporter.start()
        yield


def _wait(probe: object, what: str, process: Process, seconds: float = 10.0) -> None:
    assert callable(probe)
    deadline = time.monotonic() + seconds
    while not probe():
        process.check()
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.02)
