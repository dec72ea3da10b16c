"""The datagrams of odd captures, as scapy builds them, are those that tshark finds."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.decode.decoding import read

scapy = pytest.importorskip("scapy.all")

SEED = 20_261_122
# Named, or else scapy asks the network for them.
LEFT, RIGHT = "00:00:5e:00:53:01", "00:00:5e:00:53:02"
TSHARK = ["tshark", "-n", "-Y", "udp", "-T", "fields", "-e", "frame.number", "-e", "udp.payload", "-E", "occurrence=l"]


def payloads(count: int) -> list[bytes]:
    """Return texts that no exporter sends, each of its own."""
    chance = random.Random(SEED)  # noqa: S311 - nothing secret
    return [b"\xff\xfe" + bytes([number]) + chance.randbytes(chance.randrange(20, 3_000)) for number in range(count)]


def odd_packets() -> list[scapy.Packet]:
    """Packets of both versions: whole, with options and extension headers, in fragments that come in any order."""
    chance = random.Random(SEED)  # noqa: S311 - nothing secret
    texts = iter(payloads(60))
    ends4 = {"src": "192.0.2.1", "dst": "192.0.2.2"}
    ends6 = {"src": "2001:db8:2::1", "dst": "2001:db8:2::2"}

    def datagram() -> scapy.Packet:
        return scapy.UDP(sport=50_000, dport=9_999) / scapy.Raw(next(texts))

    packets = []
    for number in range(5):
        option = scapy.IPOption_Router_Alert()
        four = scapy.IP(**ends4, id=1_000 + number, options=[option] * number)
        six = scapy.IPv6(**ends6)
        extensions = [
            scapy.IPv6ExtHdrHopByHop(),
            scapy.IPv6ExtHdrDestOpt(),
            scapy.IPv6ExtHdrRouting(addresses=["2001:db8::9"], segleft=0),
        ]
        for extension in extensions[: number % 4]:
            six /= extension
        packets += [four / datagram(), six / datagram()]
        for size in (64, 536):
            parts = scapy.fragment(scapy.IP(**ends4, id=2_000 + 10 * number + size) / datagram(), fragsize=size)
            whole = scapy.IPv6(**ends6) / scapy.IPv6ExtHdrFragment(id=3_000 + number * 1_000 + size) / datagram()
            for fragments in (parts, scapy.fragment6(whole, 1_280 + size)):
                chance.shuffle(fragments)
                packets += fragments
    return packets


def with_tshark(path: Path) -> dict[int, str]:
    """Return the payload of each datagram, by the packet that ends it."""
    words = [*TSHARK, "-d", "udp.port==9999,data", "-r", str(path)]
    lines = subprocess.run(words, check=True, capture_output=True, text=True).stdout.splitlines()
    return {int(number): payload for number, payload in (line.split("\t") for line in lines)}


@pytest.mark.slow
@pytest.mark.parametrize("tags", [(), (7,), (100, 200)])
@pytest.mark.parametrize("link", ["ethernet", "sll"])
def test_datagrams_are_those_that_tshark_finds(tmp_path: Path, tags: Sequence[int], link: str) -> None:
    """Each is found in the same packet, with the same payload; all of them."""
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed")
    frames = []
    for packet in odd_packets():
        kind = 0x0800 if packet.version == 4 else 0x86DD
        inner = packet
        for tag in reversed(tags):
            inner = scapy.Dot1Q(vlan=tag, type=kind) / inner
            kind = 0x8100
        frame = scapy.Ether(src=LEFT, dst=RIGHT, type=kind) if link == "ethernet" else scapy.CookedLinux(proto=kind)
        frames.append(frame / inner)
    path = tmp_path / "odd.pcap"
    scapy.wrpcap(str(path), frames)
    expected = with_tshark(path)
    rows, failures = read([path], "errors")
    assert failures == []
    assert len(expected) == 30
    assert {row["packet_number"]: row["sample"] for row in rows} == {
        number: payload[:128] for number, payload in expected.items()
    }
