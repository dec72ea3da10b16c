"""What tshark reads of packets, in the words of the flow columns."""

from __future__ import annotations

import ipaddress
import json
import struct
import subprocess
from collections.abc import Iterable
from pathlib import Path

Facts = dict[str, str]

_ETHERNET = 1
# Pseudowires are signalled, not told by the packet: these labels of `odd.py` carry frames, with and without control
# word.
_DECODE_AS = ("-d", "mpls.label==78,pwethcw", "-d", "mpls.label==79,pwethnocw")
_PORTS = ("tcp", "udp", "sctp")
_PROTOCOLS = {"tcp": 6, "udp": 17, "sctp": 132, "icmp": 1, "icmpv6": 58, "esp": 50, "gre": 47, "ip": 4, "ipv6": 41}


def capture(packets: Iterable[bytes], path: Path) -> None:
    """Write Ethernet frames to a pcap file."""
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, _ETHERNET))
        for number, packet in enumerate(packets):
            file.write(struct.pack("<IIII", number, 0, len(packet), len(packet)) + packet)


def dissect(path: Path) -> list[Facts]:
    """Return what tshark reads of each packet of a capture file, as texts by column name.

    Raises:
        subprocess.CalledProcessError: tshark failed.
    """
    arguments = ["tshark", "-n", "-r", str(path), "-T", "json", "--no-duplicate-keys", *_DECODE_AS]
    arguments += ["-o", "ip.defragment:false", "-o", "ipv6.defragment:false"]
    printed = subprocess.run(arguments, check=True, capture_output=True, text=True).stdout
    return [_facts(packet["_source"]["layers"]) for packet in json.loads(printed)]


def _every(value: object) -> list[dict[str, object]]:
    """Return the layers of one name, of which tshark makes a list only if there are several."""
    layers = value if isinstance(value, list) else [value]
    return [layer for layer in layers if isinstance(layer, dict)]


def _facts(layers: dict[str, object]) -> Facts:
    order = str(layers["frame"]["frame.protocols"]).split(":")  # type: ignore[index]
    waiting = {name: _every(layers[name]) for name in set(order) if name in layers}
    facts: Facts = {}
    labels = [str(layer["mpls.label"]) for layer in waiting.get("mpls", ())]
    level = ""
    seen_ip = 0
    for place, name in enumerate(order):
        layer = waiting[name].pop(0) if waiting.get(name) else {}
        if name == "eth":
            level = "inner_" if "src_mac" in facts else ""
            facts[f"{level}src_mac"] = str(layer["eth.src"])
            facts[f"{level}dst_mac"] = str(layer["eth.dst"])
        elif name in {"vlan", "ieee8021ad"} and not level:
            facts.setdefault("customer_vlan" if "src_vlan" in facts else "src_vlan", str(layer[f"{name}.id"]))
        elif name in {"ip", "ipv6"}:
            level = "inner_" if seen_ip or level else ""
            seen_ip += 1
            facts |= _ip(name, layer, level, order[place + 1 :])
        else:
            facts |= _upper(name, layer, level)
    if labels:
        facts["mpls_labels"] = ",".join(labels)
    return facts


def _upper(name: str, layer: dict[str, object], level: str) -> Facts:
    """Return what a transport or tunnel header tells."""
    facts: Facts = {}
    if name in _PORTS:
        facts = {f"{level}src_port": str(layer[f"{name}.srcport"]), f"{level}dst_port": str(layer[f"{name}.dstport"])}
    if name == "tcp" and not level:
        facts["tcp_flags"] = str(int(str(layer["tcp.flags"]), 16))
    if name in {"icmp", "icmpv6"} and not level:
        facts = {"icmp_type": str(layer[f"{name}.type"]), "icmp_code": str(layer[f"{name}.code"])}
    number = layer.get({"gre": "gre.key"}.get(name, f"{name}.vni"))
    if number is not None:
        facts["vni"] = str(int(str(number), 0))
    return facts


def _ip(name: str, layer: dict[str, object], level: str, behind: list[str]) -> Facts:
    facts = {
        f"{level}src_address": str(ipaddress.ip_address(str(layer[f"{name}.src"]))),
        f"{level}dst_address": str(ipaddress.ip_address(str(layer[f"{name}.dst"]))),
    }
    following = next((_PROTOCOLS[upper] for upper in behind if upper in _PROTOCOLS), None)
    told = layer.get("ip.proto") or layer.get("ipv6.nxt")
    facts[f"{level}protocol"] = str(following or told)
    if level:
        return facts
    if name == "ip":
        facts["ip_ttl"], facts["ip_tos"] = str(layer["ip.ttl"]), str(int(str(layer["ip.dsfield"]), 16))
        facts["ip_fragment_id"] = str(int(str(layer["ip.id"]), 16))
    else:
        facts["ip_ttl"], facts["ip_tos"] = str(layer["ipv6.hlim"]), str(int(str(layer["ipv6.tclass"]), 16))
        facts["ipv6_flow_label"] = str(int(str(layer["ipv6.flow"]), 16))
        fragment = layer.get("ipv6.fraghdr")
        if isinstance(fragment, dict):
            facts["ip_fragment_id"] = str(int(str(fragment["ipv6.fraghdr.ident"]), 16))
            facts["protocol"] = str(following or fragment["ipv6.fraghdr.nxt"])
    return facts
