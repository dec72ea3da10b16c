"""What the kernel says when it drops, situation by situation: reason, class, interface, way, place and number."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import pytest

from collectors import _native
from collectors.drop.places import PLACES, UNSPECIFIED
from collectors.drop.reasons import CLASSES, MEANINGS, ORIGINS
from tests.drop.conftest import PACKETS, RECEIVER, SENDER, Road, Told, in_namespace, nft
from tests.lab.network import Interface, need_root, run

pytestmark = pytest.mark.root

UDP = 17
IPV4 = 0x0800


@pytest.fixture(autouse=True)
def _nothing_before(road: Road) -> None:
    road.drain()


def only(told: Counter[Told], *expected: tuple[Interface, int, str, str, str, int]) -> None:
    """Nothing but this was dropped."""
    assert told == {Told(*one[:5]): one[5] for one in expected}


def test_a_rule_of_nftables(road: Road) -> None:
    """Denied where it came in; on the way out of the host that sends, at the interface that it was to leave by."""
    rule = "table ip t {{\n chain c {{\n type filter hook {} priority 0\n udp dport 5000 drop\n }}\n}}\n"
    nft(road.router, rule.format("forward"))
    nft(road.sender, rule.format("output").replace("5000", "5001"))
    road.send(road.sender, "udp", RECEIVER, 5000, 7, 100)
    road.send(road.sender, "udp", RECEIVER, 5001, 2, 100)
    in_namespace(road.router, "nft", "flush", "ruleset")
    in_namespace(road.sender, "nft", "flush", "ruleset")
    only(
        road.drain(),
        (road.ends[1], 0, "denied", "NETFILTER_DROP", "nft_do_chain", 7),
        (road.ends[0], 1, "denied", "NETFILTER_DROP", "nft_do_chain", 2),
    )
    (row,) = (row for row in road.rows if row["direction"] == 0)
    assert (row["ether_type"], row["protocol"], row["packets"], row["bytes"]) == (IPV4, UDP, 7, 7 * 128)
    assert (row["drop_origin"], row["sampling_rate"], row["namespace"], row["ifname"]) == ("core", 1.0, "", "")


def test_a_full_queue(road: Road) -> None:
    """Loss on the way out, as many as the queue's own counter has."""
    right = road.ends[2]
    right.set_queue("tbf", "rate", "8kbit", "burst", "1600", "limit", "3000")
    road.send(road.sender, "udp", RECEIVER, 53, 50, 1000)
    dropped = int(right.qdisc()["drops"])
    told = road.drain()
    assert dropped >= 40
    assert told[Told(right, 1, "loss", "QDISC_DROP", "__dev_queue_xmit")] == dropped
    assert {row["drop_origin"] for row in road.rows if row["reason"] == "QDISC_DROP"} == {"qdisc"}
    run("ip", "netns", "exec", road.router, "tc", "qdisc", "del", "dev", "right", "root")
    assert sum(road.drain().values()) + sum(told.values()) == 50, "what was queued, and what arrived at no socket"


def test_no_way_on(road: Road) -> None:
    """No route, a way on that is too narrow, and a time to live that ends are loss, where the packet came in."""
    road.send(road.sender, "udp", "192.0.2.9", 5000, 4, 100)
    run("ip", "-n", road.router, "link", "set", "right", "mtu", "1000")
    road.send(road.sender, "whole", RECEIVER, 5000, 3, 1200)
    run("ip", "-n", road.router, "link", "set", "right", "mtu", "1500")
    road.send(road.sender, "from", "eth0", road.macs[road.ends[1]], SENDER, RECEIVER, 2, 1)
    left = road.ends[1]
    only(
        road.drain(),
        (left, 0, "loss", "IP_INNOROUTES", "ip_error", 4),
        (left, 0, "loss", "PKT_TOO_BIG", "ip_forward", 3),
        (left, 0, "loss", "IP_INHDR", "ip_forward", 2),
    )


def test_nobody_listens(road: Road) -> None:
    """A closed port is the endpoint's affair: UDP, TCP and a protocol that nobody speaks."""
    road.send(road.sender, "udp", RECEIVER, 5100, 1, 100, 5)
    refused = road.send(road.sender, "connect", RECEIVER, 5200, 4)["refused"]
    road.send(road.sender, "raw", RECEIVER, 253, 3)
    at = road.ends[3]
    assert refused == 4
    only(
        road.drain(),
        (at, 0, "endpoint", "NO_SOCKET", "__udp4_lib_rcv", 5),
        (at, 0, "endpoint", "NO_SOCKET", "tcp_v4_rcv", 4),
        (at, 0, "endpoint", "IP_NOPROTO", "ip_local_deliver_finish", 3),
    )


def test_a_receiver_that_does_not_read(road: Road) -> None:
    """A full socket is the endpoint's affair, though the packet has left its device by then."""
    words = ["ip", "netns", "exec", road.receiver, sys.executable, str(PACKETS), "deaf", RECEIVER, "5300"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as deaf:
        assert deaf.stdout is not None
        assert deaf.stdout.readline() == "ready\n"
        road.send(road.sender, "udp", RECEIVER, 5300, 30, 500)
        told = road.drain()
        deaf.communicate()
    ((what, count),) = told.items()
    assert (what.interface, what.direction, what.drop_class, what.reason) == (
        road.ends[3],
        0,
        "endpoint",
        "SOCKET_RCVBUFF",
    )
    assert 10 <= count < 30


def test_nobody_is_meant(road: Road) -> None:
    """An unhandled EtherType and another host's address are no loss; rx_dropped of the interface has the former."""
    left = road.ends[1]
    before = left.counters()["rx_dropped_packets"]
    road.send(road.sender, "frames", "eth0", road.macs[left], "0x88b5", 6)
    assert left.counters()["rx_dropped_packets"] - before == 6
    road.send(road.sender, "from", "eth0", "02:00:00:00:00:99", SENDER, RECEIVER, 5, 64)
    only(
        road.drain(),
        (left, 0, "benign", "UNHANDLED_PROTO", "__netif_receive_skb_core", 6),
        (left, 0, "benign", "OTHERHOST", "ip_rcv_core", 5),
    )
    origins = {row["reason"]: (row["drop_origin"], row["ether_type"]) for row in road.rows}
    assert origins == {"UNHANDLED_PROTO": ("device", 0x88B5), "OTHERHOST": ("core", IPV4)}


def test_addresses_that_must_not_be(road: Road) -> None:
    """A source that is elsewhere, and one that is on no wire, are denied."""
    for which in ("all", "left"):
        in_namespace(road.router, "sysctl", "-qw", f"net.ipv4.conf.{which}.rp_filter=1")
    for source, count in (("203.0.113.77", 5), ("127.0.0.1", 3)):
        road.send(road.sender, "from", "eth0", road.macs[road.ends[1]], source, RECEIVER, count, 64)
    for which in ("all", "left"):
        in_namespace(road.router, "sysctl", "-qw", f"net.ipv4.conf.{which}.rp_filter=0")
    only(
        road.drain(),
        (road.ends[1], 0, "denied", "IP_RPFILTER", "ip_rcv_finish_core", 5),
        (road.ends[1], 0, "denied", "IP_LOCALNET", "ip_rcv_finish_core", 3),
    )


def test_every_reason_of_this_kernel_has_a_meaning() -> None:
    """The table knows all reasons that this kernel has, apart from the marks between them."""
    need_root("reads the kernel's types")
    names = set(_native.drop_reasons().values())
    assert {"NO_SOCKET", "NETFILTER_DROP", UNSPECIFIED} <= names
    marks = {"SKB_NOT_DROPPED_YET", "SKB_CONSUMED", "MAX", "SUBSYS_MASK"}
    assert names - marks <= {*MEANINGS, UNSPECIFIED}
    assert {meaning[0] for meaning in (*MEANINGS.values(), *PLACES.values())} == set(CLASSES)
    assert {meaning[1] for meaning in (*MEANINGS.values(), *PLACES.values())} == set(ORIGINS)
