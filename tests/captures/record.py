"""Record the captures of real exporters: `python -m tests.captures.record [NAME…]`, as root, with `.ci/run`'s packages.

Each capture is made anew in namespaces of its own: two ends with addresses from documentation ranges talk across a
switch, the exporter watches the switch's port, and tcpdump records what arrives at the collector. A recorded capture is
kept in the repository: the tests read it, and never record.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.lab import conversations, exporters, traffic
from tests.lab.exporters import Collector, OpenVSwitch, nfprobe, offloads_off, running, sfprobe
from tests.lab.network import Interface, Lab, lab, run

HERE = Path(__file__).parent
MOST_BYTES = 200_000
LEFT, RIGHT, LEFT6, RIGHT6 = "198.51.100.10", "203.0.113.20", "2001:db8:1::10", "2001:db8:1::20"
EXPORTER, COLLECTOR = "192.0.2.1", "192.0.2.2"
PORTS = (2055, 4739, 6343, 9995)
EXPERIMENTAL, FILLING = 0x88B5, 2500  # local experimental ethertype; more frames than fit into two blocks of 256 KiB
NETFLOW, IPFIX, SFLOW, OTHER = (Collector(COLLECTOR, port) for port in PORTS)


@dataclass
class Scene:
    """Two ends, a switch between them, and a collector behind a link of its own.

    Attributes:
        left, right: The ends' `eth0`.
        left_port, right_port: The switch's ends of the two links.
        folder: For the exporters' files.
    """

    laboratory: Lab
    folder: Path
    left: Interface = field(init=False)
    right: Interface = field(init=False)
    left_port: Interface = field(init=False)
    right_port: Interface = field(init=False)
    collector: Interface = field(init=False)

    def __post_init__(self) -> None:
        """Make the namespaces and links; the switch's ports belong to no bridge yet."""
        names = [self.laboratory.namespace(name) for name in ("left", "right", "switch", "collector")]
        left, right, switch, collector = names
        links = (
            (left, "eth0", switch, "tapl", "00:00:5e:00:53:10"),
            (right, "eth0", switch, "tapr", "00:00:5e:00:53:20"),
            (collector, "eth0", switch, "export0", "00:00:5e:00:53:02"),
        )
        for namespace, name, other, port, mac in links:
            run("ip", "-n", other, "link", "add", port, "type", "veth", "peer", "name", name, "netns", namespace)
            run("ip", "-n", namespace, "link", "set", name, "address", mac)
        run("ip", "-n", switch, "link", "set", "export0", "address", "00:00:5e:00:53:01")
        self.left, self.right = Interface("eth0", left), Interface("eth0", right)
        self.left_port, self.right_port = Interface("tapl", switch), Interface("tapr", switch)
        self.collector, export = Interface("eth0", collector), Interface("export0", switch)
        offloads_off(self.left, self.right, self.left_port, self.right_port, self.collector, export)
        for end in (self.left_port, self.right_port, export):
            run("ip", "-n", switch, "link", "set", end.name, "up")
        for end, address, net in ((self.left, LEFT, "203.0.113.0/24"), (self.right, RIGHT, "198.51.100.0/24")):
            self.give(end, f"{address}/24")
            run("ip", "-n", end.namespace, "route", "add", net, "dev", end.name)
        self.give(self.collector, f"{COLLECTOR}/24")
        self.give(export, f"{EXPORTER}/24")

    @property
    def switch(self) -> str:
        """The switch's namespace."""
        return self.left_port.namespace

    def give(self, end: Interface, address: str) -> None:
        """Give an interface an address and bring it up; IPv6 is on only where it has an address."""
        if ":" in address:
            run(*end.prefix(), "sysctl", "-qw", f"net.ipv6.conf.{end.name}.addr_gen_mode=1")
            run(*end.prefix(), "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=0")
            run(*end.prefix(), "sysctl", "-qw", f"net.ipv6.conf.{end.name}.disable_ipv6=0")
        more = ["nodad"] if ":" in address else []
        run("ip", "-n", end.namespace, "addr", "add", address, "dev", end.name, *more)
        run("ip", "-n", end.namespace, "link", "set", end.name, "up")

    def ipv6(self) -> None:
        """Give both ends an IPv6 address."""
        self.give(self.left, f"{LEFT6}/64")
        self.give(self.right, f"{RIGHT6}/64")

    def bridge(self) -> None:
        """Join the two ports by the kernel's bridge."""
        run("ip", "-n", self.switch, "link", "add", "br0", "type", "bridge", "mcast_snooping", "0")
        for port in (self.left_port, self.right_port):
            run("ip", "-n", self.switch, "link", "set", port.name, "master", "br0")
        run("ip", "-n", self.switch, "link", "set", "br0", "up")

    def talk(self, to: str, *words: str, source: str = "") -> None:
        """Make conversations from the left end."""
        script = [sys.executable, conversations.__file__, "talk", to, *(["--source", source] if source else [])]
        run(*self.left.prefix(), *script, *words)

    def ping(self, to: str, count: int = 3, size: int = 56) -> None:
        """Send echo requests; answers are not waited for longer than they take."""
        run(
            *self.left.prefix(),
            "ping",
            "-q",
            "-i",
            "0.05",
            "-c",
            str(count),
            "-s",
            str(size),
            "-W",
            "1",
            to,
            check=False,
        )

    def fill(self) -> None:
        """Send frames that no exporter counts, so that the kernel hands over the block that holds the last packets.

        softflowd and fprobe set libpcap's time-out to 0, by which a block of the capture ring is handed over only when
        it is full.
        """
        words = [sys.executable, traffic.__file__, "frames", self.left.name, str(EXPERIMENTAL), str(FILLING)]
        run(*self.left.prefix(), *words)

    def mixed(self, *, ipv6: bool = False) -> None:
        """Talk TCP, UDP and ICMP, refused and fragmented packets among them."""
        for left, right in ((LEFT, RIGHT), *(((LEFT6, RIGHT6),) if ipv6 else ())):
            for size in (20_000, 1, 3_000):
                self.talk(right, "--tcp", "3", "--size", str(size), source=left)
            for size in (0, 60, 300, 4_000):
                self.talk(right, "--udp", "3", "--sockets", "3", "--size", str(size), source=left)
            self.ping(right)
            self.ping(right, 2, 3000)
            refused = [sys.executable, conversations.__file__, "talk", right, "--port", "81", "--tcp", "1"]
            run(*self.left.prefix(), *refused, check=False)


@contextmanager
def scene() -> Iterator[Scene]:
    """A scene whose right end answers, and whose collector takes everything."""
    with lab() as laboratory, tempfile.TemporaryDirectory() as folder:
        made = Scene(laboratory, Path(folder))
        children = [
            conversations.started(made.right.prefix(), "serve", str(conversations.PORT)),
            conversations.started(made.collector.prefix(), "sink", *map(str, PORTS)),
        ]
        try:
            yield made
        finally:
            for child in children:
                child.kill()
                child.wait()


@contextmanager
def recorded(made: Scene, name: str, most: int = 0) -> Iterator[None]:
    """Record what UDP arrives at the collector while the block runs; the first `most` datagrams where that is not 0."""
    file = HERE / f"{name}.pcap"
    words = [
        str(exporters.find("tcpdump")),
        "-i",
        "eth0",
        "-U",
        "-n",
        "-Z",
        "root",
        "--immediate-mode",
        "-w",
        str(file),
    ]
    words += [*(["-c", str(most)] if most else []), "udp"]
    with subprocess.Popen([*made.collector.prefix(), *words], stderr=subprocess.PIPE) as child:
        assert child.stderr is not None
        try:
            while b"listening" not in (said := child.stderr.readline()):
                assert said, "tcpdump ended"
            yield
            settle(file)
        finally:
            child.terminate()
    size = file.stat().st_size
    sys.stdout.write(f"{name}: {size} bytes\n")
    assert size <= MOST_BYTES, f"{file} has {size} bytes, more than {MOST_BYTES}"
    assert size > 24, f"{file} is empty"


def settle(file: Path, quiet: float = 1.5, seconds: float = 20) -> None:
    """Return when nothing has been recorded for a while."""
    deadline = time.monotonic() + seconds
    size, since = -1, time.monotonic()
    while time.monotonic() < deadline and time.monotonic() - since < quiet:
        if (now := file.stat().st_size) != size:
            size, since = now, time.monotonic()
        time.sleep(0.05)


@contextmanager
def exporting(made: Scene, name: str, *processes: exporters.Process, most: int = 0) -> Iterator[None]:
    """Record while exporters run, talk inside, and end the exporters so that they send everything."""
    with recorded(made, name, most), running(*processes):
        time.sleep(1.0)  # libpcap opens its socket without a sign of it
        yield
        made.fill()
        time.sleep(7)  # the probes' own expiry, which some do not do when they are ended


def softflowd(name: str, version: str, to: Collector, *more: str, ipv6: bool = True, most: int = 0) -> None:
    """Record softflowd on the left port."""
    with scene() as made:
        made.bridge()
        made.ipv6()
        with exporting(made, name, exporters.softflowd(made.left_port, to, version, made.folder, *more), most=most):
            made.mixed(ipv6=ipv6)


def softflowd_over_ipv6() -> None:
    """Record softflowd that sends over IPv6."""
    with scene() as made:
        made.bridge()
        export = Interface("export0", made.switch)
        made.give(export, "2001:db8:2::1/64")
        made.give(made.collector, "2001:db8:2::2/64")
        collector = Collector("2001:db8:2::2", 4739)
        with exporting(made, "softflowd_over_ipv6", exporters.softflowd(made.left_port, collector, "10", made.folder)):
            made.mixed()


def fprobe(name: str, version: str) -> None:
    """Record fprobe on the left port."""
    with scene() as made:
        made.bridge()
        probe = exporters.fprobe(made.left_port, NETFLOW, version, made.folder, "-x", "7:8")
        with exporting(made, name, probe):
            made.mixed()
            time.sleep(3)


def pmacctd(name: str, *plugins: tuple[str, dict[str, str]], ipv6: bool = True, **general: str) -> None:
    """Record pmacctd on the left port."""
    with scene() as made:
        made.bridge()
        made.ipv6()
        with exporting(made, name, exporters.pmacctd(made.left_port, made.folder, plugins, **general)):
            made.mixed(ipv6=ipv6)
            time.sleep(3)


def ovs(name: str, export: Callable[[OpenVSwitch], None]) -> None:
    """Record Open vSwitch as the switch between the ends."""
    with scene() as made:
        made.ipv6()
        switch = OpenVSwitch(made.folder, made.switch)
        with recorded(made, name), running(switch):
            switch.bridge("br0")
            for port in (made.left_port, made.right_port):
                switch.add_port("br0", port.name)
            export(switch)
            made.mixed(ipv6=True)
            time.sleep(4)
            switch.stop_exporting("br0")


def ovs_tagged() -> None:
    """Record sFlow of a switch that gets VLAN, stacked VLAN and MPLS frames, made by a switch before it."""
    with scene() as made:
        switch = OpenVSwitch(made.folder, made.switch)
        with recorded(made, "ovs_sflow_vlan_mpls"), running(switch):
            run("ip", "-n", made.switch, "link", "add", "mid0", "type", "veth", "peer", "name", "mid1")
            for end in ("mid0", "mid1"):
                run("ip", "-n", made.switch, "link", "set", end, "mtu", "1600", "up")
                offloads_off(Interface(end, made.switch))
            switch.vsctl("set", "Open_vSwitch", ".", "other_config:vlan-limit=2")
            switch.bridge("br0")
            switch.bridge("br1")
            switch.add_port("br0", "tapl", "--", "set", "interface", "tapl", "ofport_request=1")
            switch.add_port("br0", "mid0", "--", "set", "interface", "mid0", "ofport_request=2")
            switch.add_port("br1", "mid1", "--", "set", "interface", "mid1", "ofport_request=1")
            switch.add_port("br1", "tapr", "--", "set", "interface", "tapr", "ofport_request=2")
            switch.export_sflow("br1", SFLOW, "export0", 1, 2)
            for push, pop in (
                ("push_vlan:0x8100,set_field:4196->vlan_vid", "strip_vlan"),
                (
                    "push_vlan:0x8100,set_field:4197->vlan_vid,push_vlan:0x88a8,set_field:4298->vlan_vid",
                    "strip_vlan,strip_vlan",
                ),
                ("push_mpls:0x8847,set_field:1000->mpls_label,push_mpls:0x8847,set_field:2000->mpls_label", ""),
            ):
                plain = "pop_mpls:0x8847,pop_mpls:0x0800" if "mpls" in push else pop
                for bridge, (near, far) in (("br0", (1, 2)), ("br1", (2, 1))):
                    switch.ofctl("del-flows", bridge)
                    arp = "priority=20,arp,actions=normal"
                    switch.ofctl("add-flow", bridge, arp)
                    switch.ofctl("add-flow", bridge, f"priority=10,in_port={near},ip,actions={push},output:{far}")
                    match = "mpls" if "mpls" in push else "vlan_tci=0x1000/0x1000"
                    back = f"priority=10,in_port={far},{match},actions={plain},output:{near}"
                    switch.ofctl("add-flow", bridge, back, version="OpenFlow13" if "mpls" in push else "OpenFlow10")
                made.talk(RIGHT, "--udp", "3", "--sockets", "2", "--size", "300", source=LEFT)
                made.talk(RIGHT, "--tcp", "1", "--size", "4000", source=LEFT)
                made.ping(RIGHT)
            time.sleep(3)
            switch.stop_exporting("br1")


def ovs_vxlan() -> None:
    """Record sFlow and, in a second capture, IPFIX of a switch that carries VXLAN between two kernel devices."""
    for name, protocol in (("ovs_sflow_vxlan", "sflow"), ("ovs_ipfix_vxlan_underlay", "ipfix")):
        with scene() as made:
            for end, local, remote, inner, inner6 in (
                (made.left, LEFT, RIGHT, "192.0.2.65/26", "2001:db8:9::1/64"),
                (made.right, RIGHT, LEFT, "192.0.2.66/26", "2001:db8:9::2/64"),
            ):
                words = ["id", "5001", "local", local, "remote", remote, "dstport", "4789", "dev", "eth0"]
                run("ip", "-n", end.namespace, "link", "add", "vx0", "type", "vxlan", *words)
                made.give(Interface("vx0", end.namespace), inner)
                made.give(Interface("vx0", end.namespace), inner6)
            switch = OpenVSwitch(made.folder, made.switch)
            with recorded(made, name), running(switch):
                switch.bridge("br0")
                for port in (made.left_port, made.right_port):
                    switch.add_port("br0", port.name)
                if protocol == "sflow":
                    switch.export_sflow("br0", SFLOW, "export0", 1, 2, 256)
                else:
                    switch.export_ipfix("br0", IPFIX, 1)
                for to in ("192.0.2.66", "2001:db8:9::2"):
                    made.talk(to, "--udp", "3", "--sockets", "2", "--size", "200")
                    made.talk(to, "--tcp", "1", "--size", "5000")
                    made.ping(to)
                time.sleep(3)
                switch.stop_exporting("br0")


def ovs_tunnel() -> None:
    """Record IPFIX and sFlow of a switch that ends VXLAN itself: tunnel elements and structures."""
    for name, protocol in (("ovs_ipfix_tunnel", "ipfix"), ("ovs_sflow_tunnel", "sflow")):
        with scene() as made:
            run("ip", "-n", made.left.namespace, "link", "set", "eth0", "mtu", "1400")
            run("ip", "-n", made.right.namespace, "addr", "flush", "dev", "eth0")
            made.give(made.right, "198.51.100.130/25")
            words = [
                "id",
                "77",
                "local",
                "198.51.100.130",
                "remote",
                "198.51.100.129",
                "dstport",
                "4789",
                "dev",
                "eth0",
            ]
            run("ip", "-n", made.right.namespace, "link", "add", "vx0", "type", "vxlan", *words)
            run("ip", "-n", made.right.namespace, "link", "set", "vx0", "mtu", "1400")
            made.give(Interface("vx0", made.right.namespace), f"{RIGHT}/24")
            run("ip", "-n", made.right.namespace, "route", "add", f"{LEFT}/32", "dev", "vx0")
            switch = OpenVSwitch(made.folder, made.switch)
            with recorded(made, name), running(switch):
                switch.bridge("br0")
                under = switch.bridge("under0")
                switch.add_port("under0", "tapr")
                made.give(under, "198.51.100.129/25")
                switch.add_port("br0", "tapl")
                values = ["type=vxlan", "options:remote_ip=198.51.100.130", "options:key=77"]
                switch.add_port("br0", "vx77", "--", "set", "interface", "vx77", *values)
                if protocol == "ipfix":
                    switch.export_ipfix("br0", IPFIX, 1, "other_config:virtual_obs_id=vm-host-1")
                else:
                    switch.export_sflow("br0", SFLOW, "export0", 1, 2)
                made.mixed()
                time.sleep(3)
                switch.stop_exporting("br0")


def ulogd() -> None:
    """Record ulogd, which exports the connections of a router that hides the left end's address."""
    with scene() as made:
        for port, address, end, far in (
            (made.left_port, "198.51.100.1", made.left, "203.0.113.0/24"),
            (made.right_port, "203.0.113.1", made.right, "198.51.100.0/24"),
        ):
            made.give(port, f"{address}/24")
            run("ip", "-n", end.namespace, "route", "replace", far, "via", address)
        inside = ["ip", "netns", "exec", made.switch]
        run(*inside, "sysctl", "-qw", "net.ipv4.ip_forward=1")
        run(*inside, "sysctl", "-qw", "net.netfilter.nf_conntrack_acct=1")
        for key in ("udp_timeout", "udp_timeout_stream", "icmp_timeout", "tcp_timeout_time_wait"):
            run(*inside, "sysctl", "-qw", f"net.netfilter.nf_conntrack_{key}=1")
        run(*inside, "nft", "add table ip nat; add chain ip nat post { type nat hook postrouting priority 100; }")
        run(*inside, "nft", "add rule ip nat post oifname tapr masquerade")
        with exporting(made, "ulogd_ipfix_nat", exporters.ulogd(made.switch, IPFIX, made.folder)):
            made.mixed()
            # The kernel's own collector of dead connections comes by each minute or two; a flush tells the same events.
            run(*inside, "conntrack", "-F")
            time.sleep(2)


_ETHER = "src_host, dst_host, src_port, dst_port, proto, tos, tcpflags, src_mac, dst_mac, vlan, etype"
RECORDINGS: dict[str, Callable[[], None]] = {
    "softflowd_v5": lambda: softflowd("softflowd_v5", "5", NETFLOW, "-s", "1", ipv6=False),
    "softflowd_v5_sampled": lambda: softflowd("softflowd_v5_sampled", "5", NETFLOW, "-s", "4", ipv6=False),
    "softflowd_v9": lambda: softflowd("softflowd_v9", "9", NETFLOW, "-s", "1"),
    "softflowd_v9_sampled": lambda: softflowd("softflowd_v9_sampled", "9", NETFLOW, "-s", "4"),
    "softflowd_ipfix": lambda: softflowd("softflowd_ipfix", "10", IPFIX, "-s", "1"),
    "softflowd_ipfix_ether": lambda: softflowd("softflowd_ipfix_ether", "10", IPFIX, "-T", "ether", "-A", "nano"),
    "softflowd_ipfix_biflow": lambda: softflowd("softflowd_ipfix_biflow", "10", IPFIX, "-b", "-A", "milli"),
    "softflowd_psamp": lambda: softflowd("softflowd_psamp", "psamp", IPFIX, most=90),
    "softflowd_over_ipv6": softflowd_over_ipv6,
    "fprobe_v5": lambda: fprobe("fprobe_v5", "5"),
    "fprobe_v7": lambda: fprobe("fprobe_v7", "7"),
    "pmacctd_v5": lambda: pmacctd("pmacctd_v5", nfprobe(NETFLOW, "5", nfprobe_engine="1:2"), ipv6=False),
    "pmacctd_v9": lambda: pmacctd("pmacctd_v9", nfprobe(NETFLOW, "9", nfprobe_engine="9"), aggregate=_ETHER),
    "pmacctd_ipfix": lambda: pmacctd("pmacctd_ipfix", nfprobe(IPFIX, "10", nfprobe_engine="10"), aggregate=_ETHER),
    "pmacctd_two_samplers": lambda: pmacctd(
        "pmacctd_two_samplers",
        nfprobe(IPFIX, "10", 2, nfprobe_engine="1", nfprobe_source_ip=EXPORTER),
        nfprobe(NETFLOW, "9", 5, nfprobe_engine="2", nfprobe_source_ip=EXPORTER),
    ),
    "pmacctd_sflow": lambda: pmacctd("pmacctd_sflow", sfprobe(SFLOW, EXPORTER, 2, sfprobe_agentsubid="7")),
    "ovs_sflow": lambda: ovs("ovs_sflow", lambda switch: switch.export_sflow("br0", SFLOW, "export0", 2, 2)),
    "ovs_ipfix": lambda: ovs("ovs_ipfix", lambda switch: switch.export_ipfix("br0", IPFIX, 1)),
    "ovs_v5": lambda: ovs("ovs_v5", lambda switch: switch.export_netflow("br0", NETFLOW)),
    "ovs_sflow_vlan_mpls": ovs_tagged,
    "ovs_vxlan": ovs_vxlan,
    "ovs_tunnel": ovs_tunnel,
    "ulogd_ipfix_nat": ulogd,
}


def main() -> None:
    """Record what is named, or everything."""
    for name in sys.argv[1:] or RECORDINGS:
        RECORDINGS[name]()


if __name__ == "__main__":
    main()
