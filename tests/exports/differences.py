"""Every known difference between `viflux decode` and its oracles on the captures, each with who is right and why.

A difference that is not listed fails the test, and so does one that is listed and does not occur any more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.exports.agreement import Mismatch


@dataclass(frozen=True)
class Difference:
    """A difference that is understood.

    Attributes:
        captures: In each of which it occurs.
        oracle: `tshark` or `nfdump`.
        fields: That differ; `row` is a row that only one of them has.
        why: What each does, and who is right.
        holds: What is true of each mismatch.
    """

    captures: tuple[str, ...]
    oracle: str
    fields: tuple[str, ...]
    why: str
    holds: Callable[[Mismatch], bool]


_SFLOW = (
    "odd_sflow_frames",
    "odd_sflow_structures",
    "ovs_sflow",
    "ovs_sflow_tunnel",
    "ovs_sflow_vlan_mpls",
    "ovs_sflow_vxlan",
    "pmacctd_sflow",
)


def _only_ours(found: Mismatch) -> bool:
    return found.theirs is None


def _only_theirs(found: Mismatch) -> bool:
    return found.ours is None


def _either(_: Mismatch) -> bool:
    return True


def _scaled(found: Mismatch) -> bool:
    return bool(found.theirs == found.ours * (found.row["sampling_rate"] or 1))


def _hidden_icmp(found: Mismatch) -> bool:
    """Ours is in the destination port, where the exporter hid it."""
    return bool(found.ours == _in_port(found) and found.theirs == 0) or _no_icmp(found)


def _no_icmp(found: Mismatch) -> bool:
    """Theirs is in the ports, and no such type and code is assigned, or the form is another one."""
    return bool(found.ours is None and (found.theirs == _in_port(found) or found.row["src_port"]))


def _in_port(found: Mismatch) -> int:
    kind, code = divmod(found.row["dst_port"] or 0, 256)
    return int(kind if found.name == "icmp_type" else code)


DIFFERENCES = (
    # tshark
    Difference(
        ("fprobe_v7",),
        "tshark",
        ("row",),
        "NetFlow v7, a version of one maker's switches, is not decoded here: each datagram is counted as undecodable.",
        _only_theirs,
    ),
    Difference(
        ("odd_biflow", "softflowd_ipfix_biflow"),
        "tshark",
        ("row",),
        "tshark shows a bidirectional flow (RFC 5103) as one record; here it is one row for each direction.",
        _only_ours,
    ),
    Difference(
        ("odd_labels_and_nat",),
        "tshark",
        ("row",),
        "tshark shows ipHeaderPacketSection (313) as bytes; it is an IPv6 packet, and is read like a sampled header.",
        lambda found: found.ours is None or found.row["dst_port"] == 443,
    ),
    Difference(
        ("odd_sflow_structures",),
        "tshark",
        ("row",),
        "tshark 4.0 goes astray at the label stacks of extended_mpls (0:1006), calls the rest of it malformed, "
        "and shows sampled_ethernet and sampled_ipv4/6 without the frame that the others have.",
        _either,
    ),
    Difference(
        ("odd_times", "softflowd_ipfix_ether"),
        "tshark",
        ("flow_start_time", "flow_end_time"),
        "Fractions of the NTP format are 2⁻³² s: tshark rounds down to a nanosecond, Viflux to the nearest.",
        lambda found: found.ours - found.theirs == 1,
    ),
    Difference(
        ("odd_withdrawn",),
        "tshark",
        ("row",),
        "tshark 4.0 goes on with a template that was withdrawn and defined anew; RFC 7011 8.1 ends it.",
        _either,
    ),
    Difference(
        ("softflowd_v9_sampled",),
        "tshark",
        ("row",),
        "softflowd says count 1 in the datagram that has five templates; tshark stops there and misses the others. "
        "The lengths of the sets say that there is more, and it is there.",
        _only_ours,
    ),
    # nfdump
    Difference(
        _SFLOW,
        "nfdump",
        ("flow_start_time", "flow_end_time"),
        "A packet sample has no times of a flow: sfcapd writes when it received it.",
        _only_theirs,
    ),
    Difference(
        (
            "odd_sequence_gaps",
            "odd_sflow_frames",
            "odd_sflow_structures",
            "ovs_sflow",
            "pmacctd_sflow",
            "softflowd_v5_sampled",
        ),
        "nfdump",
        ("packets", "bytes"),
        "nfdump multiplies by the sampling rate; Viflux keeps what was exported, and the rate beside it.",
        lambda found: _scaled(found) or found.row["packets"] == 1,
    ),
    Difference(
        ("fprobe_v7",),
        "nfdump",
        ("row",),
        "NetFlow v7, as above.",
        _only_theirs,
    ),
    Difference(
        ("odd_biflow", "softflowd_ipfix_biflow"),
        "nfdump",
        ("tcp_flags",),
        "nfdump 1.7.1 takes the reverse direction's flags for the forward flow's.",
        lambda found: found.row["tcp_flags"] == found.ours,
    ),
    Difference(
        ("odd_labels_and_nat",),
        "nfdump",
        ("forwarding_status",),
        "nfdump 1.7.1 does not read element 89 here; it was exported as 0x40.",
        lambda found: (found.ours, found.theirs) == (0x40, 0),
    ),
    Difference(
        ("odd_labels_and_nat",),
        "nfdump",
        ("row",),
        "nfdump does not read dataLinkFrameSection and ipHeaderPacketSection, nor ports of a flow without bytes.",
        _either,
    ),
    Difference(
        ("odd_sequence_gaps",),
        "nfdump",
        ("src_prefix_length", "dst_prefix_length"),
        "nfdump 1.7.1 does not keep the prefix lengths of NetFlow v5.",
        lambda found: found.theirs == 0,
    ),
    Difference(
        ("odd_sflow_frames",),
        "nfdump",
        ("row",),
        "sfcapd shows ports that were cut off as 0, and takes the header behind an IPv6 routing header "
        "or a pseudowire for another one.",
        _either,
    ),
    Difference(
        ("odd_sflow_frames", "ovs_sflow_vlan_mpls"),
        "nfdump",
        ("src_vlan",),
        "Of two tags sfcapd keeps the inner one, Viflux the outer one here and the inner one as customer_vlan.",
        lambda found: found.row["customer_vlan"] == found.theirs,
    ),
    Difference(
        ("odd_sflow_structures",),
        "nfdump",
        ("row",),
        "sfcapd does not take samples with rate 0 or without a raw header.",
        _either,
    ),
    Difference(
        ("odd_template_late",),
        "nfdump",
        ("row",),
        "nfcapd throws away data that come before their template; Viflux parks them.",
        _only_ours,
    ),
    Difference(
        ("odd_times", "softflowd_ipfix", "softflowd_over_ipv6"),
        "nfdump",
        ("flow_start_time", "flow_end_time"),
        "nfdump 1.7.1 takes flowStartSysUpTime (22) and flowEndSysUpTime (21) of IPFIX for each other.",
        lambda found: found.row["flow_start_time"] <= found.row["flow_end_time"],
    ),
    Difference(
        ("ovs_ipfix", "ovs_ipfix_tunnel", "ovs_ipfix_vxlan_underlay"),
        "nfdump",
        ("packets", "bytes"),
        "Open vSwitch exports deltas (1, 2) and totals (85, 86): nfdump lets the last one win, Viflux the delta. "
        "Of frames without IP only the layer-2 octets are there, which nfdump does not read.",
        lambda found: found.theirs >= found.ours or found.theirs == 0,
    ),
    Difference(
        (
            "ovs_ipfix",
            "ovs_ipfix_tunnel",
            "ovs_ipfix_vxlan_underlay",
            "ovs_sflow",
            "ovs_sflow_tunnel",
            "ovs_sflow_vlan_mpls",
            "ovs_sflow_vxlan",
            "pmacctd_sflow",
        ),
        "nfdump",
        ("icmp_type",),
        "nfdump 1.7.1 leaves out the ICMP type of these elements and of sampled headers; tshark shows it.",
        lambda found: found.theirs == 0,
    ),
    Difference(
        ("softflowd_v9", "softflowd_v9_sampled"),
        "nfdump",
        ("icmp_type",),
        "nfdump 1.7.1 does not read ICMP_TYPE (32) of NetFlow v9; tshark shows it.",
        lambda found: found.theirs == 0,
    ),
    Difference(
        ("pmacctd_two_samplers", "pmacctd_v9"),
        "nfdump",
        ("icmp_type",),
        "The exporter hides ICMP type and code in the destination port; nfdump 1.7.1 does not look there.",
        _hidden_icmp,
    ),
    Difference(
        ("pmacctd_ipfix", "pmacctd_v5"),
        "nfdump",
        ("icmp_type", "icmp_code"),
        "nfprobe takes the payload of a later fragment for type and code: nothing of the kind is assigned.",
        _no_icmp,
    ),
    Difference(
        ("pmacctd_two_samplers",),
        "nfdump",
        ("icmp_code",),
        "The same.",
        _no_icmp,
    ),
    Difference(
        ("fprobe_v5",),
        "nfdump",
        ("icmp_type",),
        "fprobe has the type in the source port, where others have an identifier: it is left out.",
        _no_icmp,
    ),
    Difference(
        ("ovs_sflow", "ovs_sflow_tunnel", "ovs_sflow_vlan_mpls", "ovs_sflow_vxlan"),
        "nfdump",
        ("out_if_index",),
        "0x80000002 is two interfaces, not interface 2: Viflux has out_if_meaning `multiple` and no index.",
        lambda found: found.row["out_if_meaning"] == "multiple" and found.row["out_if_detail"] == found.theirs,
    ),
    Difference(
        ("pmacctd_sflow",),
        "nfdump",
        ("in_if_index", "out_if_index"),
        "0x3fffffff is the exporter itself, not an interface (sFlow v5, interface format).",
        lambda found: found.theirs == 0x3FFFFFFF and found.ours is None,
    ),
    Difference(
        ("ovs_sflow_tunnel",),
        "nfdump",
        ("row", "bytes", "tcp_flags"),
        "sfcapd gives up datagrams with Open vSwitch's tunnel structures (its log: caught exception), so that other "
        "rows of the same conversation stand beside ours.",
        lambda found: found.name != "row" or found.theirs is None,
    ),
    Difference(
        ("softflowd_psamp",),
        "nfdump",
        ("row",),
        "nfcapd does not take records that only have a packet section.",
        _only_ours,
    ),
)
