"""Odd packets, built by scapy: a second hand beside the decoder's own tests. Addresses are of documentation ranges."""

from __future__ import annotations

from scapy.contrib.geneve import GENEVE, GeneveOptions
from scapy.contrib.mpls import MPLS, EoMCW
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_RR
from scapy.layers.inet6 import (
    ICMPv6EchoRequest,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
)
from scapy.layers.ipsec import AH, ESP
from scapy.layers.l2 import ARP, GRE, LLC, SNAP, STP, Dot1AD, Dot1Q, Dot3, Ether
from scapy.layers.ppp import PPP, PPPoE
from scapy.layers.sctp import SCTP, SCTPChunkData
from scapy.layers.vxlan import VXLAN
from scapy.packet import Packet, Raw

SRC, DST = "02:00:5e:00:53:01", "02:00:5e:00:53:02"


def _frame(**more: int) -> Ether:
    return Ether(src=SRC, dst=DST, **more)


def _ip4(number: int = 1, **more: object) -> IP:
    return IP(src=f"192.0.2.{number}", dst=f"198.51.100.{number}", tos=0x28, ttl=57, id=4000 + number, **more)


def _ip6(number: int = 1, **more: object) -> IPv6:
    return IPv6(src=f"2001:db8:1::{number}", dst=f"2001:db8:2::{number}", tc=0x28, fl=0x12345, hlim=57, **more)


def _tcp() -> Packet:
    return TCP(sport=49152, dport=443, flags="PAE", options=[("MSS", 1400)]) / Raw(b"hello")


def _udp() -> Packet:
    return UDP(sport=49153, dport=9999) / Raw(b"hello")


def _inside(number: int = 9) -> Packet:
    return Ether(src="02:00:5e:00:53:a1", dst="02:00:5e:00:53:a2") / _ip4(number) / _tcp()


def _stacks() -> dict[str, Packet]:
    return {
        "tcp": _frame() / _ip4() / _tcp(),
        "options": _frame() / _ip4(options=[IPOption_RR(routers=["192.0.2.9", "192.0.2.10"])]) / _udp(),
        "icmp": _frame() / _ip4() / ICMP(type=8, code=0, id=7, seq=1) / Raw(b"ping"),
        "sctp": _frame() / _ip4() / SCTP(sport=36412, dport=36413) / SCTPChunkData(data=b"hello"),
        "ah": _frame() / _ip4() / AH(nh=17, payloadlen=4, spi=1, seq=1, icv=b"\1" * 12) / _udp(),
        "esp": _frame() / _ip4() / ESP(spi=1, seq=1, data=b"\2" * 24),
        "first fragment": _frame() / _ip4(flags="MF") / _udp(),
        "later fragment": _frame() / _ip4(frag=185, proto=17) / Raw(b"\x55" * 32),
        "vlan": _frame() / Dot1Q(vlan=100, prio=5) / _ip4() / _udp(),
        "qinq": _frame() / Dot1AD(vlan=200) / Dot1Q(vlan=300) / _ip6() / _tcp(),
        "three tags": _frame() / Dot1AD(vlan=1) / Dot1Q(vlan=2) / Dot1Q(vlan=3) / _ip4() / _udp(),
        "snap": Dot3(src=SRC, dst=DST) / LLC() / SNAP(OUI=0, code=0x0800) / _ip4() / _udp(),
        "spanning tree": Dot3(src=SRC, dst="01:80:c2:00:00:00") / LLC() / STP(),
        "arp": _frame() / ARP(op=1, hwsrc=SRC, psrc="192.0.2.1", pdst="192.0.2.2"),
        "pppoe": _frame() / PPPoE(sessionid=7) / PPP() / _ip4() / _tcp(),
    }


def _six() -> dict[str, Packet]:
    options = IPv6ExtHdrDestOpt()
    return {
        "ip6 tcp": _frame() / _ip6() / _tcp(),
        "ip6 echo": _frame() / _ip6() / ICMPv6EchoRequest(id=7, seq=1, data=b"ping"),
        "ip6 chain": _frame()
        / _ip6()
        / IPv6ExtHdrHopByHop()
        / IPv6ExtHdrRouting(addresses=["2001:db8:3::1"])
        / options
        / _udp(),
        "ip6 first fragment": _frame() / _ip6() / IPv6ExtHdrFragment(m=1, id=0xABCD, nh=17) / _udp(),
        "ip6 later fragment": _frame() / _ip6() / IPv6ExtHdrFragment(offset=24, id=0xABCD, nh=17) / Raw(b"\x55" * 32),
        "ip6 atomic fragment": _frame() / _ip6() / IPv6ExtHdrFragment(id=0xABCE) / options / _tcp(),
    }


def _labels() -> dict[str, Packet]:
    return {
        "mpls ip4": _frame() / MPLS(label=1000, s=0, ttl=9) / MPLS(label=77, s=1, ttl=9) / _ip4() / _tcp(),
        "mpls ip6": _frame() / MPLS(label=77, s=1, ttl=9) / _ip6() / _udp(),
        "pseudowire": _frame() / MPLS(label=78, s=1, ttl=9) / EoMCW(seq=5) / _inside(),
        "pseudowire without control word": _frame() / MPLS(label=79, s=1, ttl=9) / _inside(),
    }


def _tunnels() -> dict[str, Packet]:
    option = GeneveOptions(classid=0x0102, type=1, data=b"\0\0\0\7")
    outer = UDP(sport=50000, dport=4789)
    return {
        "vxlan": _frame() / _ip4() / outer / VXLAN(vni=0x123456, flags="Instance") / _inside(),
        "vxlan over ip6": _frame() / _ip6() / outer / VXLAN(vni=9, flags="Instance") / _inside(),
        "vxlan, tag inside": _frame()
        / _ip4()
        / outer
        / VXLAN(vni=9, flags="Instance")
        / Ether(src="02:00:5e:00:53:a1", dst="02:00:5e:00:53:a2")
        / Dot1Q(vlan=55)
        / _ip6(9)
        / _tcp(),
        "geneve": _frame() / _ip4() / UDP(sport=50000, dport=6081) / GENEVE(vni=77, options=[option]) / _inside(),
        "gre": _frame() / _ip4() / GRE() / _ip4(9) / _tcp(),
        "gre with all": _frame()
        / _ip4()
        / GRE(chksum_present=1, key_present=1, seqnum_present=1, key=42, sequence_number=7)
        / _ip6(9)
        / _udp(),
        "gre bridged": _frame() / _ip6() / GRE(proto=0x6558, key_present=1, key=43) / _inside(),
        "ipip": _frame() / _ip4() / _ip4(9) / _udp(),
        "6in4": _frame() / _ip4() / _ip6(9) / _tcp(),
        "4in6": _frame() / _ip6() / _ip4(9) / _tcp(),
        "6in6 behind options": _frame() / _ip6() / IPv6ExtHdrDestOpt() / _ip6(9) / _udp(),
    }


def packets() -> dict[str, bytes]:
    """Return the bytes of each packet, by name."""
    return {name: bytes(packet) for name, packet in (_stacks() | _six() | _labels() | _tunnels()).items()}
