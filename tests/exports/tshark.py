"""What tshark reads from a capture of flow exports, under the names of the `flows` columns."""

from __future__ import annotations

import json
import subprocess
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.lab.exporters import find

Row = dict[str, Any]
_NETFLOW_PORTS = ("2055", "2056", "4739", "9995")


class Tree(list[tuple[str, Any]]):
    """A JSON object whose keys may come several times, in their order."""

    def find(self, name: str) -> Any:
        """Return the first value of a key here or below; None where there is none."""
        return next((value for key, value in self.walk() if key == name), None)

    def walk(self) -> Iterator[tuple[str, Any]]:
        """Yield every key and value from the top, sections of frames left out."""
        for key, value in self:
            yield key, value
            if isinstance(value, Tree) and not key.startswith("cflow.data_link_frame_section"):
                yield from value.walk()


@dataclass
class Domain:
    """What is remembered of an exporter's domain: numbers of its option templates, and when its clock began."""

    options: set[str] = field(default_factory=set)
    boot: int | None = None


def flows(capture: Path, *, late: bool = False) -> list[Row]:
    """Return a row for each flow record and flow sample, in the order of the file.

    Args:
        capture: The file.
        late: Read it twice, so that a template that comes late is known; what comes last holds for the whole file then.
    """
    words = [str(find("tshark")), "-r", str(capture), *(["-2"] if late else []), "-T", "json"]
    if "sflow" in capture.stem:
        # Of a sampled fragment its own header is wanted, not the packet that several samples may make together.
        words += ["-o", "ip.defragment:FALSE", "-o", "ipv6.defragment:FALSE"]
    words += [word for port in _NETFLOW_PORTS for word in ("-d", f"udp.port=={port},cflow")]
    shown = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    domains: dict[tuple[str, str], Domain] = defaultdict(Domain)
    rows = []
    for packet in json.loads(shown, object_pairs_hook=Tree):
        layers = packet.find("layers")
        source = str(layers.find("ip.src") or layers.find("ipv6.src"))
        for name, layer in layers:
            if name == "cflow":
                rows += _records(layer, source, domains)
            elif name == "sflow":
                rows += _samples(layer)
    return rows


# NetFlow and IPFIX

_Take = Callable[[str], Any]


def _number(text: str) -> int:
    return int(text, 0)


def _same(text: str) -> str:
    return text


_FIELDS: dict[str, tuple[str, _Take]] = {
    "cflow.srcaddr": ("src_address", _same),
    "cflow.srcaddrv6": ("src_address", _same),
    "cflow.dstaddr": ("dst_address", _same),
    "cflow.dstaddrv6": ("dst_address", _same),
    "cflow.srcport": ("src_port", _number),
    "cflow.dstport": ("dst_port", _number),
    "cflow.protocol": ("protocol", _number),
    "cflow.tcpflags": ("tcp_flags", _number),
    "cflow.tos": ("ip_tos", _number),
    "cflow.ip_ttl": ("ip_ttl", _number),
    "cflow.octets": ("bytes", _number),
    "cflow.packets": ("packets", _number),
    "cflow.permanent_octets": ("bytes", _number),
    "cflow.permanent_packets": ("packets", _number),
    "cflow.inputint": ("in_if_index", _number),
    "cflow.outputint": ("out_if_index", _number),
    "cflow.direction": ("direction", _number),
    "cflow.srcmac": ("src_mac", _same),
    "cflow.dstmac": ("dst_mac", _same),
    "cflow.post_dstmac": ("dst_mac", _same),
    "cflow.vlanid": ("src_vlan", _number),
    "cflow.dot1q_vlan_id": ("src_vlan", _number),
    "cflow.post_vlanid": ("dst_vlan", _number),
    "cflow.dot1q_customer_vlan_id": ("customer_vlan", _number),
    "cflow.srcas": ("src_as", _number),
    "cflow.dstas": ("dst_as", _number),
    "cflow.nexthop": ("next_hop", _same),
    "cflow.nexthopv6": ("next_hop", _same),
    "cflow.bgpnexthop": ("bgp_next_hop", _same),
    "cflow.srcmask": ("src_prefix_length", _number),
    "cflow.srcmaskv6": ("src_prefix_length", _number),
    "cflow.dstmask": ("dst_prefix_length", _number),
    "cflow.dstmaskv6": ("dst_prefix_length", _number),
    "cflow.icmp_ipv4_type": ("icmp_type", _number),
    "cflow.icmp_ipv4_code": ("icmp_code", _number),
    "cflow.icmp_ipv6_type": ("icmp_type", _number),
    "cflow.icmp_ipv6_code": ("icmp_code", _number),
    "cflow.ipv6flowlabel": ("ipv6_flow_label", _number),
    "cflow.ethernet_type": ("ether_type", _number),
    "cflow.flow_end_reason": ("flow_end_reason", _number),
    "cflow.observation_point_id": ("observation_point_id", _number),
    "cflow.nat_event": ("nat_event", _number),
    "cflow.firewall_event": ("firewall_event", _number),
    "cflow.post_natsource_ipv4_address": ("post_nat_src_address", _same),
    "cflow.post_natdestination_ipv4_address": ("post_nat_dst_address", _same),
    "cflow.post_naptsource_transport_port": ("post_nat_src_port", _number),
    "cflow.post_naptdestination_transport_port": ("post_nat_dst_port", _number),
}


def _records(layer: Tree, source: str, domains: dict[tuple[str, str], Domain]) -> Iterator[Row]:
    version = layer.find("cflow.version")
    domain = layer.find("cflow.source_id") or layer.find("cflow.od_id") or "0"
    known = domains[source, domain]
    head = _head(layer, version, domain)
    boot = None
    if (uptime := layer.find("cflow.sysuptime")) is not None:
        now = int(layer.find("cflow.unix_secs")) * 10**9 + int(layer.find("cflow.unix_nsecs") or 0)
        boot = now - _nanoseconds(uptime)
    for key, value in layer:
        if key.startswith("pdu "):
            yield {**head, **_record(value, boot)}
        elif isinstance(value, Tree) and "[id=" in key:
            for record in _data_records(value, known):
                yield {**head, **_record(record, known.boot if boot is None else boot)}


def _head(layer: Tree, version: str, domain: str) -> Row:
    head: Row = {
        "source_kind": {"5": "netflow5", "7": "netflow7", "9": "netflow9", "10": "ipfix"}[version],
        "sequence_number": int(layer.find("cflow.sequence")),
        "observation_domain_id": int(domain),
    }
    if version in ("5", "7"):
        engine = [int(layer.find(f"cflow.engine_{part}") or 0) for part in ("type", "id")]
        head["observation_domain_id"] = engine[0] << 8 | engine[1]
        if int(layer.find("cflow.samplerate") or 0):
            head["sampling_rate"] = int(layer.find("cflow.samplerate"))
    return head


def _data_records(flowset: Tree, known: Domain) -> Iterator[Tree]:
    """Yield the flow records of a set; what options say is remembered."""
    for key, body in flowset:
        if key.startswith("Options Template"):
            known.options.add(body.find("cflow.template_id"))
        elif key.startswith("Flow ") and isinstance(body, Tree):
            if (init := body.find("cflow.sys_init_time")) is not None:
                known.boot = _instant(init)
            if flowset.find("cflow.flowset_id") not in known.options:
                yield body


def _record(record: Tree, boot: int | None) -> Row:
    row: Row = {}
    labels: list[int] = []
    for key, value in record.walk():
        if key in _FIELDS and not isinstance(value, Tree):
            name, take = _FIELDS[key]
            # A reverse element (RFC 5103) has the same key: the forward one comes first.
            row.setdefault(name, take(value))
        elif key == "cflow.icmp_type_code_ipv4":
            row["icmp_type"], row["icmp_code"] = divmod(int(value, 0), 256)
        elif key == "cflow.mpls_label":
            labels.append(int(value))
        elif key == "cflow.forwarding_status":
            row["forwarding_status"] = int(value) << 6 | int(record.find("cflow.forwarding_status_forward_code") or 0)
    if labels:
        row["mpls_labels"] = labels
    for key in ("cflow.data_link_frame_section_tree", "cflow.section_header_tree"):
        if (section := record.find(key)) is not None:
            row.update(_headers(section))
    return {**row, **_times(record, boot)}


def _times(record: Tree, boot: int | None) -> Row:
    row: Row = {}
    for name, absolute, relative in (
        ("flow_start_time", "cflow.abstimestart", "cflow.timestart"),
        ("flow_end_time", "cflow.abstimeend", "cflow.timeend"),
    ):
        if (text := record.find(absolute)) is not None:
            row[name] = _instant(text)
        elif (text := record.find(relative)) is not None and boot is not None:
            row[name] = boot + _nanoseconds(text)
    return row


def _nanoseconds(seconds: str) -> int:
    return int(Decimal(seconds) * 10**9)


def _instant(text: str) -> int | None:
    whole, _, fraction = text.removesuffix(" UTC").partition(".")
    if len(whole.split()[2]) > 4:
        return None  # a year that Python cannot count to
    seconds = int(datetime.strptime(whole, "%b %d, %Y %H:%M:%S").replace(tzinfo=UTC).timestamp())
    return seconds * 10**9 + int(fraction or 0)


# sFlow


def _samples(layer: Tree) -> Iterator[Row]:
    head: Row = {
        "source_kind": "sflow",
        "exporter_address": layer.find("sflow_245.agent") or layer.find("sflow_245.agent.v6"),
        "observation_domain_id": int(layer.find("sflow_245.sub_agent_id")),
        "sequence_number": int(layer.find("sflow_245.sequence_number")),
    }
    for key, value in layer:
        if key.startswith(("Flow sample", "Expanded flow sample")):
            yield {**head, **_sample(value)}


def _sample(sample: Tree) -> Row:
    row: Row = {"packets": 1}
    if (rate := sample.find("sflow.flow_sample.sampling_rate")) and int(rate):
        row["sampling_rate"] = int(rate)
    for name, key in (("in_if_index", "input_interface"), ("out_if_index", "output_interface")):
        index = sample.find(f"sflow.flow_sample.{key}") or sample.find(f"sflow.flow_sample.{key}_value")
        # 0 is unknown, the two top bits say that it is no interface, and 0x3fffffff that it is internal.
        row[name] = int(index, 0) if index and 0 < int(index, 0) < 0x3FFFFFFF else None
    for record in (value for _, value in sample if isinstance(value, Tree)):
        if (frame := record.find("sflow_245.header_tree")) is not None:
            row["bytes"] = int(record.find("sflow_245.header.frame_length"))
            row.update(_headers(frame))
        for name, key in (
            ("src_vlan", "sflow_245.vlan.in"),
            ("dst_vlan", "sflow_245.vlan.out"),
            ("src_as", "sflow_245.srcAS"),
            ("previous_as", "sflow_245.peerAS"),
            ("src_prefix_length", "sflow_245.nexthop.src_mask"),
            ("dst_prefix_length", "sflow_245.nexthop.dst_mask"),
        ):
            # VLAN 0 is none, AS 0 is unknown.
            if (text := record.find(key)) is not None and int(text):
                row.setdefault(name, int(text))
    return row


_IP = {
    "ip.src": ("src_address", _same),
    "ip.dst": ("dst_address", _same),
    "ip.proto": ("protocol", _number),
    "ip.dsfield": ("ip_tos", _number),
    "ip.ttl": ("ip_ttl", _number),
    "ip.id": ("ip_fragment_id", _number),
    "ip.frag_offset": ("ip_fragment_offset", _number),
    "ipv6.src": ("src_address", _same),
    "ipv6.dst": ("dst_address", _same),
    "ipv6.hlim": ("ip_ttl", _number),
    "ipv6.tclass": ("ip_tos", _number),
    "ipv6.flow": ("ipv6_flow_label", _number),
    "ipv6.fraghdr.ident": ("ip_fragment_id", _number),
    "ipv6.fraghdr.offset": ("ip_fragment_offset", _number),
    "tcp.srcport": ("src_port", _number),
    "tcp.dstport": ("dst_port", _number),
    "tcp.flags": ("tcp_flags", _number),
    "udp.srcport": ("src_port", _number),
    "udp.dstport": ("dst_port", _number),
    "icmp.type": ("icmp_type", _number),
    "icmp.code": ("icmp_code", _number),
    "icmpv6.type": ("icmp_type", _number),
    "icmpv6.code": ("icmp_code", _number),
    "eth.src": ("src_mac", _same),
    "eth.dst": ("dst_mac", _same),
}
_INNER = ("src_address", "dst_address", "src_port", "dst_port", "protocol", "src_mac", "dst_mac")


def _headers(frame: Tree) -> Row:
    """Read the layers of a sampled frame: what comes a second time is inside a tunnel."""
    row: Row = {}
    labels: list[int] = []
    vlans: list[int] = []
    is_inner = False
    for key, layer in frame:
        if not isinstance(layer, Tree):
            continue
        is_inner |= (key in ("ip", "ipv6") and "src_address" in row) or (
            key == "eth" and ("src_address" in row or bool(labels))
        )
        labels += [int(text) for name, text in layer.walk() if key == "mpls" and name == "mpls.label"]
        vlans += [int(text) for name, text in layer.walk() if name in ("vlan.id", "ieee8021ad.id")]
        if key in ("vxlan", "geneve"):
            row["vni"] = int(layer.find(f"{key}.vni"), 0)
        for column, found in _columns(key, layer).items():
            if not is_inner:
                row.setdefault(column, found)
            elif column in _INNER:
                row.setdefault(f"inner_{column}", found)
    stack = dict(zip(("src_vlan", "customer_vlan"), vlans, strict=False))
    return {**row, **stack, **({"mpls_labels": labels} if labels else {})}


def _columns(key: str, layer: Tree) -> Row:
    if key in ("icmp", "icmpv6"):
        # An error message carries the head of another packet.
        layer = Tree((name, text) for name, text in layer if name not in ("ip", "ipv6", "udp", "tcp"))
    seen: Row = {}
    for name, text in layer.walk():
        if name in _IP and not isinstance(text, Tree):
            column, take = _IP[name]
            seen.setdefault(column, take(text))
    return {**seen, "protocol": _upper(layer)} if key == "ipv6" else seen


def _upper(header: Tree) -> int:
    """Return the protocol behind the extension headers."""
    found = [int(value, 0) for key, value in header.walk() if key.endswith(".nxt") and not isinstance(value, Tree)]
    return found[-1]
