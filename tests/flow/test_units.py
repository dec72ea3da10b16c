"""Known traffic through the probe: wire units are the sender's own count, skb units are the interface's counters."""

from __future__ import annotations

import sys
import time
from typing import Any

import pytest

from tests.flow.conftest import Street, scaled, total
from tests.lab.network import lab, need_root, run

pytestmark = pytest.mark.root

INGRESS, EGRESS = 0, 1
ETHERNET, IP4, IP6, UDP, TCP, VXLAN = 14, 20, 40, 8, 32, 8
"""Header lengths; of TCP with timestamps. A SYN has 8 more."""


def balanced(street: Street, rows: list[dict[str, Any]]) -> None:
    """Every packet that an interface counted is in a flow, once, in its own units."""
    more, interfaces = street.settle()
    rows = [*rows, *more]
    for end in (street.one, street.two):
        vif_id = street.vif_id(end.outer)
        counted = interfaces[end.outer.name]
        for direction, side in ((INGRESS, "rx"), (EGRESS, "tx")):
            for unit in ("packets", "bytes"):
                told = total(rows, f"skb_{unit}", vif_id=vif_id, direction=direction)
                assert told == counted[f"{side}_{unit}"], (end, side, unit)
    assert not street.lost


def test_all_kinds_of_traffic(street_each_way: Street) -> None:
    """TCP with GSO and UDP over both families, ICMP, fragments, broadcast: per VIF and direction."""
    street = street_each_way
    street.with_ipv6()
    one, two = street.vif_id(street.one.outer), street.vif_id(street.two.outer)
    every = []
    for address, port, ip in ((street.two.address, 5001, IP4), ("2001:db8::2", 5002, IP6)):
        with street.server(street.two, address, port):
            sent = street.talk(street.one, "tcp", address, port, 3_000_000)
        udp = street.talk(street.one, "udp", address, port, 50, 700)
        gso = street.talk(street.one, "segmented", address, port, 20, 10, 1000)
        cut = street.talk(street.one, "udp", address, port, 7, 4000)
        street.counted(street.one)
        rows = street.drain()
        for vif_id, direction in ((one, INGRESS), (two, EGRESS)):
            here = {"vif_id": vif_id, "direction": direction, "dst_port": port}
            flow = {**here, "src_port": sent["port"], "protocol": 6}
            # The last acknowledgement goes out after the sender was asked.
            segments = total(rows, "packets", **flow)
            assert sent["segments"] <= segments <= sent["segments"] + 2
            assert total(rows, "bytes", **flow) == sent["payload"] + 8 + segments * (ETHERNET + ip + TCP)
            assert total(rows, "skb_packets", **flow) < segments / 2, "nothing of it was GSO"
            flags = [row["tcp_flags"] for row in rows if all(row.get(key) == value for key, value in flow.items())]
            assert flags == [0x1B], "FIN, SYN, PSH, ACK"
            flow = {**here, "src_port": udp["port"], "protocol": 17}
            assert total(rows, "packets", **flow) == total(rows, "skb_packets", **flow) == 50
            assert total(rows, "bytes", **flow) == 50 * (ETHERNET + ip + UDP + 700)
            flow = {**here, "src_port": gso["port"], "protocol": 17}
            assert total(rows, "packets", **flow) == 200
            assert total(rows, "bytes", **flow) == 200 * (ETHERNET + ip + UDP + 1000)
            # 4,008 bytes of UDP are three fragments, of IPv6 with a header of 8 bytes more; all under its ports.
            flow = {**here, "src_port": cut["port"], "protocol": 17}
            assert total(rows, "packets", **flow) == 21
            more = 8 if ip == IP6 else 0
            assert total(rows, "bytes", **flow) == 7 * (3 * (ETHERNET + ip + more) + UDP + 4000)
        every += rows
    run(*street.one.inner.prefix(), "ping", "-q", "-c", "4", "-i", "0.05", "-s", "100", street.two.address)
    street.one.send_frames(0x88B5, 9)
    street.counted(street.one)
    rows = street.drain()
    echo = {"vif_id": one, "protocol": 1, "icmp_code": 0}
    assert total(rows, "bytes", direction=INGRESS, icmp_type=8, **echo) == 4 * (ETHERNET + IP4 + 8 + 100)
    assert total(rows, "packets", direction=EGRESS, icmp_type=0, **echo) == 4
    frames = {"ether_type": 0x88B5, "dst_mac": (1 << 48) - 1}
    assert total(rows, "packets", vif_id=one, direction=INGRESS, **frames) == 9
    assert total(rows, "packets", vif_id=two, direction=EGRESS, **frames) == 9
    balanced(street, [*every, *rows])


def test_segments_inside_a_tunnel_have_the_headers_of_both(street_each_way: Street) -> None:
    """A GSO packet in VXLAN is on the wire with outer and inner headers for each segment, at ingress as at egress."""
    street = street_each_way
    for end, other, number in ((street.one, street.two, 1), (street.two, street.one, 2)):
        words = ["ip", "-n", end.namespace]
        tunnel = ("id", "7", "remote", other.address, "dstport", "4789", "dev", "eth0")
        run(*words, "link", "add", "vx", "type", "vxlan", *tunnel)
        run(*words, "addr", "add", f"203.0.113.{number}/24", "dev", "vx")
        run(*words, "link", "set", "vx", "up")
    with street.server(street.two, "203.0.113.2", 5003):
        sent = street.talk(street.one, "tcp", "203.0.113.2", 5003, 2_000_000)
    street.counted(street.one)
    rows = street.drain()
    outer = ETHERNET + IP4 + UDP + VXLAN
    for end, direction in ((street.one, INGRESS), (street.two, EGRESS)):
        flow = {"vif_id": street.vif_id(end.outer), "direction": direction, "dst_port": 4789}
        segments = total(rows, "packets", **flow)
        # Besides the connection there is an ARP question and its answer.
        assert sent["segments"] <= segments <= sent["segments"] + 4
        least = sent["payload"] + 8 + sent["segments"] * (outer + ETHERNET + IP4 + TCP)
        more = (segments - sent["segments"]) * (outer + ETHERNET + IP4 + TCP)
        assert least <= total(rows, "bytes", **flow) <= least + more
        assert total(rows, "skb_packets", **flow) < segments / 2, "nothing of it was GSO"
    balanced(street, rows)


def test_stacked_tags(street_each_way: Street) -> None:
    """Of a frame with two VLAN tags both are told, and the packet inside them is a flow of its own."""
    street = street_each_way
    frames = 11
    script = (
        "import socket,struct,sys\n"
        "s=socket.socket(socket.AF_PACKET,socket.SOCK_RAW);s.bind(('eth0',0))\n"
        "udp=struct.pack('>HHHH',7,9,28,0)+bytes(20)\n"
        "ip=struct.pack('>BBHHHBBH4s4s',0x45,0,48,1,0,64,17,0,bytes([192,0,2,1]),bytes([192,0,2,2]))\n"
        "tags=bytes.fromhex('88a80064')+bytes.fromhex('81000007')+bytes.fromhex('0800')\n"
        f"[s.send(b'\\xff'*6+b'\\x02'+bytes(5)+tags+ip+udp) for _ in range({frames})]\n"
    )
    run(*street.one.inner.prefix(), sys.executable, "-c", script)
    street.counted(street.one)
    rows = street.drain()
    one = {"vif_id": street.vif_id(street.one.outer), "direction": INGRESS, "src_vlan": 100, "customer_vlan": 7}
    assert total(rows, "packets", src_port=7, dst_port=9, protocol=17, **one) == frames
    assert total(rows, "bytes", **one) == frames * (ETHERNET + 8 + 48)


def test_malformed_packets_are_counted_as_what_is_known_of_them(street_each_way: Street) -> None:
    """Cut, empty and lying headers make no flow of their own up, and no packet is left out."""
    street = street_each_way
    bodies = (
        "0800",
        "080045",
        "0800" + "45" * 10,
        "0800" + "4f00" + "00" * 18,
        "08004500001c000100004006" + "0000c0000201c00002020001",
        "86dd60",
        "86dd60000000ffff00" + "ff" * 33,
        "86dd6000000000082cff" + ("20010db8" + "00" * 12) * 2 + "2c00000000000001" * 8,
        "88a8",
        "81000001",
        "ffff",
    )
    script = (
        "import socket, sys\n"
        "s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)\n"
        "s.bind(('eth0', 0))\n"
        "for body in sys.argv[1:]: s.send(b'\\xff' * 6 + b'\\x02' + bytes(5) + bytes.fromhex(body))\n"
    )
    run(*street.one.inner.prefix(), sys.executable, "-c", script, *bodies)
    rows, interfaces = street.settle()
    problems = {row.get("header_problem") for row in rows}
    assert {"cut_ip", "cut_transport"} <= problems
    counted = interfaces[street.one.outer.name]
    one = {"vif_id": street.vif_id(street.one.outer), "direction": INGRESS}
    # Two end within a tag: the kernel throws these away when it takes the tag out, before anybody's ingress program.
    assert total(rows, "packets", **one) == counted["rx_packets"] - 2 == 9


def test_a_share_of_packets_is_sampled_and_told() -> None:
    """One packet of ten is counted, and each row says so."""
    need_root("loads programs into the kernel")
    with lab() as network:
        street = Street(network, sampling=10)
        street.talk(street.one, "udp", street.two.address, 5004, 20_000, 10)
        rows = street.drain()
        one = {"vif_id": street.vif_id(street.one.outer), "dst_port": 5004}
        # The chance of a sample this far off is below one in a thousand million.
        assert 1_700 < total(rows, "packets", **one) < 2_300
        # As many as were seen for each that was counted.
        assert scaled(rows, "packets", **one) == pytest.approx(20_000, rel=0.001)
        assert {row["sampling_origin"] for row in rows} == {"measured"}


def test_a_flow_is_told_when_it_was(street: Street) -> None:
    """First and last packet within a few of the kernel's ticks of when they were sent."""
    begun = time.time_ns()
    street.talk(street.one, "udp", street.two.address, 5050, 3, 100)
    ended = time.time_ns()
    street.counted(street.one)
    rows = [row for row in street.drain() if row.get("dst_port") == 5050]
    assert len(rows) == 2
    ticks = 5 * 10_000_000
    for row in rows:
        first, last = (int(row[f"flow_{which}_time"].timestamp() * 1e9) for which in ("start", "end"))
        assert begun - ticks <= first <= last <= ended + ticks
        # The row itself is of the time since the drain before, but for what is near to full ten seconds.
        near = 200_000_000
        assert row["time"].timestamp() * 1e9 >= last - near
        assert row["duration_ns"] >= last - first - near
