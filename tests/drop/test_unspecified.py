"""Drops whose reason says nothing: the function says whose affair they are, and ordinary traffic loses nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.drop.conftest import RECEIVER, SENDER, Road, Told, in_namespace, loaded
from tests.lab.network import Interface, lab, need_root, run
from tests.running import until

pytestmark = pytest.mark.root

SENDER6, ROUTER6, RECEIVER6 = "2001:db8:1::1", ("2001:db8:1::fe", "2001:db8:2::fe"), "2001:db8:2::1"
_MULTICAST = ("239.1.2.3", "224.0.0.251", "ff02::fb", "ff05::1", "ff02::1")
_BROADCAST = ("255.255.255.255", "198.51.100.255")

_SERVER = """
import socket, sys
listener = socket.create_server(("::", 7006), family=socket.AF_INET6, dualstack_ipv6=True)
print("ready", flush=True)
for _ in range(int(sys.argv[1])):
    peer, _ = listener.accept()
    try:
        peer.recv(100)
        peer.sendall(bytes(50_000))
    except OSError:
        pass
    peer.close()
"""
_CLIENT = """
import socket, struct, sys
for how in ("reads", "leaves", "resets"):
    with socket.create_connection((sys.argv[1], 7006)) as peer:
        peer.sendall(b"hi")
        while how == "reads" and peer.recv(65536):
            pass
        if how == "resets":
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
"""
_SEND = """
import socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
with socket.socket(family, socket.SOCK_DGRAM) as sender:
    sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    if family == socket.AF_INET:
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(sys.argv[3]))
    where = (sys.argv[1], 5353, 0, socket.if_nametoindex("eth0")) if family == socket.AF_INET6 else (sys.argv[1], 5353)
    for _ in range(int(sys.argv[2])):
        try:
            sender.sendto(b"a", where)
        except OSError:
            pass
"""
_TAP = """
import fcntl, os, struct, sys
tap = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tap, 0x400454CA, struct.pack("16sH", b"tap0", 0x0002 | 0x1000))
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def road6() -> Iterator[Road]:
    """The road with both families."""
    need_root("loads programs into the kernel")
    with lab() as network:
        road = Road(network)
        run("ip", "netns", "exec", road.router, "sysctl", "-qw", "net.ipv6.conf.all.forwarding=1")
        for end, address in zip(road.ends, (SENDER6, *ROUTER6, RECEIVER6), strict=True):
            in_namespace(end.namespace, "sysctl", "-qw", f"net.ipv6.conf.{end.name}.disable_ipv6=0")
            run("ip", "-n", end.namespace, "addr", "add", f"{address}/64", "dev", end.name, "nodad")
        run("ip", "-n", road.sender, "-6", "route", "add", "default", "via", ROUTER6[0])
        run("ip", "-n", road.receiver, "-6", "route", "add", "default", "via", ROUTER6[1])
        yield road


@pytest.fixture(autouse=True)
def _nothing_before(road6: Road) -> None:
    road6.drain()


def python(namespace: str, text: str, *words: str) -> None:
    """Run a text there."""
    in_namespace(namespace, sys.executable, "-c", text, *words)


def send(road: Road, address: str, count: int) -> None:
    """Send datagrams from the sender, whatever the kernel says of them."""
    python(road.sender, _SEND, address, str(count), SENDER)


def refused_or_lost(road: Road) -> dict[Told, int]:
    """What of the last packets should have gone somewhere."""
    return {what: count for what, count in road.drain().items() if what.drop_class in ("loss", "denied")}


def test_ordinary_traffic_loses_nothing(road6: Road) -> None:
    """Neighbours found, multicast and broadcast that nobody wants, pings, TCP that ends well, badly, with a reset."""
    for address in (RECEIVER6, RECEIVER):
        run("ip", "netns", "exec", road6.sender, "ping", "-c2", "-i0.2", "-W2", address)
    words = ["ip", "netns", "exec", road6.receiver, sys.executable, "-c", _SERVER, "6"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
        for address in (RECEIVER, RECEIVER6):
            python(road6.sender, _CLIENT, address)
    for address in (*_MULTICAST, *_BROADCAST):
        send(road6, address, 3)
    told = road6.drain()
    left = road6.ends[1]
    assert told[Told(left, 0, "benign", "NOT_SPECIFIED", "ip6_mc_input")] >= 6, "multicast of IPv6, not joined"
    assert told[Told(left, 0, "benign", "NOT_SPECIFIED", "ip_rcv_finish_core")] == 6, "multicast of IPv4, not joined"
    assert told[Told(left, 0, "endpoint", "NOT_SPECIFIED", "__udp4_lib_rcv")] == 6, "broadcast that nobody listens to"
    assert {what.drop_class for what in told} <= {"benign", "endpoint"}


@pytest.mark.parametrize("kind", ["blackhole", "prohibit", "unreachable"])
def test_a_route_that_refuses(road6: Road, kind: str) -> None:
    """It is there for nothing else, so it is denied; IPv6's unreachable is told as a missing route is."""
    for family, network, address in (("-4", "192.0.2.0/24", "192.0.2.9"), ("-6", "2001:db8:9::/64", "2001:db8:9::1")):
        run("ip", "-n", road6.router, family, "route", "add", kind, network)
        send(road6, address, 4)
        run("ip", "-n", road6.router, family, "route", "del", kind, network)
    left = road6.ends[1]
    of_six = {
        "blackhole": ("denied", "NOT_SPECIFIED", "dst_discard_out"),
        "prohibit": ("denied", "IP_INNOROUTES", "ip6_pkt_prohibit"),
        "unreachable": ("loss", "IP_INNOROUTES", "ip6_pkt_discard"),
    }
    assert refused_or_lost(road6) == {
        Told(left, 0, "denied", "NOT_SPECIFIED", "ip_error"): 4,
        Told(left, 0, *of_six[kind]): 4,
    }


def test_a_queue_that_is_taken_away(road6: Road) -> None:
    """What it held is lost, and in no counter of the interface."""
    right = road6.ends[2]
    right.set_queue("tbf", "rate", "8kbit", "burst", "1600", "limit", "30000")
    road6.send(road6.sender, "udp", RECEIVER, 53, 10, 1000)
    held = int(right.qdisc()["qlen"])
    assert held >= 8
    run("ip", "netns", "exec", road6.router, "tc", "qdisc", "del", "dev", "right", "root")
    assert refused_or_lost(road6) == {Told(right, 1, "loss", "NOT_SPECIFIED", "__rtnl_unlock"): held}
    assert right.counters()["tx_dropped_packets"] == 0


def test_what_the_interface_has_counted_is_not_counted_twice(road6: Road) -> None:
    """A peer that is down, and a tunnel that knows no way: both are in tx_dropped."""
    at = road6.router
    run("ip", "-n", at, "link", "add", "up0", "type", "veth", "peer", "name", "down0")
    run("ip", "-n", at, "link", "add", "vx0", "type", "vxlan", "id", "7", "dstport", "4789", "dev", "left")
    for number, name in enumerate(("up0", "vx0")):
        in_namespace(at, "sysctl", "-qw", f"net.ipv6.conf.{name}.disable_ipv6=1")
        run("ip", "-n", at, "link", "set", name, "up")
        run("ip", "-n", at, "addr", "add", f"10.77.{number}.1/24", "dev", name)
        lladdr = ("lladdr", "02:00:00:00:00:05")
        run("ip", "-n", at, "neigh", "replace", f"10.77.{number}.2", *lladdr, "dev", name)
    road6.drain()
    for number in range(2):
        road6.send(at, "udp", f"10.77.{number}.2", 9, 5, 100)
    told = road6.drain()
    for name, reason, place, origin in (
        ("up0", "QDISC_DROP", "__dev_queue_xmit", "qdisc"),
        ("vx0", "NO_TX_TARGET", "vxlan_xmit", "device"),
    ):
        interface = Interface(name, at)
        assert told[Told(interface, 1, "loss", reason, place)] == 5
        assert {row["drop_origin"] for row in road6.rows if row["reason"] == reason} == {origin}
        assert interface.counters()["tx_dropped_packets"] == 5
        run("ip", "-n", at, "link", "del", name)


def test_a_tap_whose_reader_goes(road6: Road) -> None:
    """What it never read is the reader's affair: the interface has sent it."""
    at = road6.router
    words = ["ip", "netns", "exec", at, sys.executable, "-c", _TAP]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "ready\n"
        in_namespace(at, "sysctl", "-qw", "net.ipv6.conf.tap0.disable_ipv6=1")
        run("ip", "-n", at, "link", "set", "tap0", "up")
        run("ip", "-n", at, "addr", "add", "10.78.0.1/24", "dev", "tap0")
        run("ip", "-n", at, "neigh", "replace", "10.78.0.2", "lladdr", "02:00:00:00:00:05", "dev", "tap0")
        road6.drain()
        road6.send(at, "udp", "10.78.0.2", 9, 7, 100)
        reader.communicate()
    told = road6.drain()
    assert told == {Told(Interface("tap0", at), 1, "endpoint", "NOT_SPECIFIED", "tun_queue_purge"): 7}


def test_ports_that_are_kept_apart(road6: Road) -> None:
    """Isolated ports of a bridge: its own rule refuses."""
    at = road6.router
    run("ip", "-n", at, "link", "add", "br0", "type", "bridge", "mcast_snooping", "0")
    run("ip", "-n", at, "link", "set", "br0", "up")
    for number in range(2):
        name, other = f"port{number}", f"far{number}"
        run("ip", "-n", at, "link", "add", name, "type", "veth", "peer", "name", other)
        run("ip", "-n", at, "link", "set", name, "master", "br0", "up")
        run("ip", "-n", at, "link", "set", name, "type", "bridge_slave", "isolated", "on")
        in_namespace(at, "sysctl", "-qw", f"net.ipv6.conf.{other}.disable_ipv6=1")
        run("ip", "-n", at, "link", "set", other, "up")
    address = in_namespace(at, "cat", "/sys/class/net/far1/address").strip()
    run("ip", "netns", "exec", at, "bridge", "fdb", "replace", address, "dev", "port1", "master", "static")
    ports = ["ip", "netns", "exec", at, "bridge", "link"]
    until("both ports forward", lambda: run(*ports).count("state forwarding") == 2)
    road6.drain()
    road6.send(at, "frames", "far0", address, hex(0x88B5), 6)
    told = refused_or_lost(road6)
    assert told == {Told(Interface("port0", at), 0, "denied", "NOT_SPECIFIED", "br_handle_frame_finish"): 6}
    run("ip", "-n", at, "link", "del", "br0")


def test_an_unknown_function_is_loss_and_told(road6: Road) -> None:
    """Nothing says that the packet was not wanted, so it is not hidden."""
    own, road6.probe = road6.probe, loaded(meanings=[("NOT_SPECIFIED", "somewhere_else", "benign", "core")])
    try:
        road6.drain()
        send(road6, "239.1.2.3", 3)
        assert road6.drain()[Told(road6.ends[1], 0, "loss", "NOT_SPECIFIED", "ip_rcv_finish_core")] == 3
        assert "NOT_SPECIFIED at ip_rcv_finish_core" in road6.harvest.unknown_reasons
    finally:
        road6.probe = own
