"""The outer ends of tunnels that an exporter tells beside a packet: as tshark shows the elements' bytes."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from ipaddress import ip_address
from pathlib import Path

from tests.exports.agreement import decoded
from tests.lab.exporters import find, need_command

CAPTURE = Path(__file__).parents[1] / "captures" / "ovs_ipfix_tunnel.pcap"
Told = tuple[str | None, str | None, str | None, int | None, str | None, str | None]


def _shown() -> Counter[Told]:
    """Count the records by addresses of the packet, kind and key of its tunnel, and addresses of its ends."""
    need_command("tshark")
    words = [str(find("tshark")), "-r", str(CAPTURE), "-d", "udp.port==4739,cflow", "-V"]
    text = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    found: Counter[Told] = Counter()
    for record in re.split(r"^\s+Flow \d+$|^Frame \d+", text, flags=re.MULTILINE):
        if "Observation Point Id: " not in record:
            continue
        raw = dict(re.findall(r"Type (\d+): Value \(hex bytes\): ([0-9a-f ]+)", record))
        src, dst = (re.search(rf"{name}Addr: (\S+)", record) for name in ("Src", "Dst"))
        outer_src, outer_dst = (
            str(ip_address(bytes.fromhex(raw[number]))) if number in raw else None for number in ("893", "894")
        )
        kind = {"01": "vxlan"}[raw["891"].strip()] if "891" in raw else None
        key = int.from_bytes(bytes.fromhex(raw["892"])) if "892" in raw else None
        found[src and src[1], dst and dst[1], kind, key, outer_src, outer_dst] += 1
    return found


def test_open_vswitch_tells_the_tunnel_around_each_flow() -> None:
    """Of Open vSwitch's IPFIX, each flow: the packet in the main columns, the tunnel's kind, key and ends beside."""
    names = ("src_address", "dst_address", "tunnel", "vni", "tunnel_src_address", "tunnel_dst_address")
    ours = Counter(tuple(row[name] for name in names) for row in decoded(CAPTURE))
    theirs = _shown()
    assert ours == theirs
    through = sum(count for told, count in ours.items() if told[4] == "198.51.100.130")
    assert 0 < through < sum(ours.values())
