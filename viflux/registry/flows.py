"""The columns of `flows`: what flow exporters, and later the kernel, tell of conversations."""

from __future__ import annotations

from viflux.registry.column import Column, Type

_LISTENER = "listener"


def _ie(number: str, rest: str = "") -> str:
    """Name the IPFIX information elements (IANA registry, also NetFlow v9 field types below 128) behind a column."""
    return f"IPFIX {number}" + (f"; {rest}" if rest else "")


_HEADER = "sFlow sampled_header (0:1)"
_ETHERNET = f"{_HEADER}, sampled_ethernet (0:2)"
_IP = f"{_HEADER}, sampled_ipv4/6 (0:3, 0:4)"

SOURCE_KINDS = ("sflow", "netflow5", "netflow9", "ipfix", "ebpf", "agent")
SAMPLING_ORIGINS = ("unknown", "announced", "configured", "measured")
INTERFACE_MEANINGS = ("", "internal", "discarded", "multiple", "unknown")
DIRECTION_MEANINGS = ("", "own")
TUNNELS = ("", "vxlan", "geneve", "gre", "ipip", "6in4", "mpls_pseudowire", "other")
HEADER_PROBLEMS = (
    "",
    "cut_ethernet",
    "cut_vlan",
    "cut_mpls",
    "cut_ip",
    "cut_extension",
    "cut_transport",
    "cut_tunnel",
    "cut_inner",
    "bad_ip_version",
    "bad_ip_length",
    "too_many_layers",
    "unknown_link_type",
)

VNI = Column(
    "vni", Type.UINT32_OR_NULL, "", "VXLAN network identifier.", _ie("351, 6876/892", "IFLA_VXLAN_ID, RFC 7348")
)

FLOWS = (
    Column("source_kind", Type.CODE, "", "What told it.", _LISTENER, names=SOURCE_KINDS),
    Column("exporter_address", Type.ADDRESS, "", "The exporter: sFlow's agent address, else the sender's.", _LISTENER),
    Column(
        "observation_domain_id",
        Type.UINT32,
        "",
        "The exporter's part that saw it; sFlow's sub-agent id, NetFlow v9's source id, v5's engine type and id.",
        "RFC 7011 3.1, IPFIX 149",
    ),
    Column("sequence_number", Type.UINT32, "", "Sequence number of the datagram.", "RFC 7011 3.1, sFlow v5"),
    Column(
        "flow_start_time",
        Type.TIME,
        "ns",
        "When the flow began, as told.",
        _ie("156, 154, 152, 150, 22, 158"),
    ),
    Column(
        "flow_end_time",
        Type.TIME,
        "ns",
        "When the flow, or this part of it, ended, as told.",
        _ie("157, 155, 153, 151, 21, 159, 322-325"),
    ),
    Column("ether_type", Type.UINT16, "", "EtherType of the payload, 0x0800 for IPv4.", _ie("256", _ETHERNET)),
    Column("src_address", Type.ADDRESS, "", "Source address, IPv4 mapped into IPv6.", _ie("8, 27", _IP)),
    Column("dst_address", Type.ADDRESS, "", "Destination address, IPv4 mapped into IPv6.", _ie("12, 28", _IP)),
    Column("src_port", Type.UINT16, "", "Source port.", _ie("7, 180, 182", _IP)),
    Column("dst_port", Type.UINT16, "", "Destination port.", _ie("11, 181, 183", _IP)),
    Column("protocol", Type.UINT8, "", "IP protocol number.", _ie("4", _IP)),
    Column("tcp_flags", Type.UINT16_OR_NULL, "", "TCP flags seen, or-ed.", _ie("6", _IP)),
    Column("ip_tos", Type.UINT8_OR_NULL, "", "Type of service, or traffic class.", _ie("5", _IP)),
    Column("ip_ttl", Type.UINT8, "", "Time to live, or hop limit.", _ie("192, 52, 53", _HEADER)),
    Column(
        "bytes",
        Type.COUNT,
        "bytes",
        "Bytes as exported, unscaled; of an sFlow sample the frame length that it reports.",
        _ie("1, 231, 232, 85, 352, 353, 23, 171, 312, 224", "frame_length of sampled_header"),
    ),
    Column(
        "packets",
        Type.COUNT,
        "packets",
        "Packets as exported, unscaled; 1 for an sFlow sample.",
        _ie("2, 298, 299, 86, 24, 172"),
    ),
    Column(
        "skb_bytes",
        Type.COUNT,
        "bytes",
        "What an interface's counter adds for these packets: with Ethernet and VLAN headers, without frame check.",
        _ie("352, 353, 312", _LISTENER),
    ),
    Column(
        "skb_packets",
        Type.COUNT,
        "packets",
        "What an interface's counter adds for these packets, a GSO packet once; 0 where it is not told.",
        "probe flow",
    ),
    Column(
        "sampling_rate",
        Type.FLOAT64,
        "packets",
        "Each exported packet stands for so many; 0 for unknown.",
        _ie("34, 50, 305, 306, 309, 310, 311", "sampling_rate of flow_sample; NetFlow v5 header"),
    ),
    Column(
        "sampling_origin",
        Type.CODE,
        "",
        "Where the rate came from; rows of `unknown` are left out of volumes.",
        _LISTENER,
        names=SAMPLING_ORIGINS,
    ),
    Column("in_if_index", Type.UINT32, "", "Interface that it came in by.", _ie("10, 252", "input of flow_sample")),
    Column("out_if_index", Type.UINT32, "", "Interface that it left by.", _ie("14, 253", "output of flow_sample")),
    Column(
        "in_if_meaning",
        Type.CODE,
        "",
        "Why `in_if_index` is missing: internal, discarded, multiple, unknown.",
        "interface format of sFlow v5",
        names=INTERFACE_MEANINGS,
    ),
    Column(
        "out_if_meaning",
        Type.CODE,
        "",
        "Why `out_if_index` is missing: internal, discarded, multiple, unknown.",
        "interface format of sFlow v5",
        names=INTERFACE_MEANINGS,
    ),
    Column(
        "out_if_detail",
        Type.UINT32,
        "",
        "Reason code of a discarded sample, number of interfaces of a multiple one.",
        "interface format of sFlow v5",
    ),
    Column("direction", Type.UINT8_OR_NULL, "", "Seen at ingress (0) or egress (1) of the interface.", _ie("61")),
    Column(
        "direction_meaning",
        Type.CODE,
        "",
        "Empty where `direction` is the VIF's; `own` where it is the exporter's and says nothing of the VIF.",
        _LISTENER,
        names=DIRECTION_MEANINGS,
    ),
    Column("src_mac", Type.MAC, "", "Source MAC address.", _ie("56, 81", _ETHERNET)),
    Column("dst_mac", Type.MAC, "", "Destination MAC address.", _ie("80, 57", _ETHERNET)),
    Column(
        "src_vlan",
        Type.UINT16,
        "",
        "VLAN on the way in.",
        _ie("58, 243", "extended_switch (0:1001), extended_vlantunnel (0:1012)"),
    ),
    Column("dst_vlan", Type.UINT16, "", "VLAN on the way out.", _ie("59, 254", "extended_switch (0:1001)")),
    Column(
        "customer_vlan",
        Type.UINT16,
        "",
        "Inner VLAN of a stacked pair.",
        _ie("245, 255", "802.1ad header, extended_vlantunnel (0:1012)"),
    ),
    Column("src_as", Type.UINT32, "", "AS of the source.", _ie("16", "extended_gateway (0:1003)")),
    Column("dst_as", Type.UINT32, "", "AS of the destination.", _ie("17", "extended_gateway (0:1003)")),
    Column("previous_as", Type.UINT32, "", "Neighbour AS that it came from.", _ie("129", "extended_gateway (0:1003)")),
    Column("next_as", Type.UINT32, "", "Neighbour AS that it goes to.", _ie("128", "extended_gateway (0:1003)")),
    Column("next_hop", Type.ADDRESS, "", "IP next hop.", _ie("15, 62", "extended_router (0:1002)")),
    Column("bgp_next_hop", Type.ADDRESS, "", "BGP next hop.", _ie("18, 63", "extended_gateway (0:1003)")),
    Column("src_prefix_length", Type.UINT8, "", "Prefix length of the source's route.", _ie("9, 29")),
    Column("dst_prefix_length", Type.UINT8, "", "Prefix length of the destination's route.", _ie("13, 30")),
    Column("icmp_type", Type.UINT8_OR_NULL, "", "ICMP or ICMPv6 type.", _ie("32, 139, 176, 178", _HEADER)),
    Column("icmp_code", Type.UINT8_OR_NULL, "", "ICMP or ICMPv6 code.", _ie("32, 139, 177, 179", _HEADER)),
    Column("ipv6_flow_label", Type.UINT32, "", "IPv6 flow label.", _ie("31", _HEADER)),
    Column("ip_fragment_id", Type.UINT32, "", "Identification of an IP packet or fragment.", _ie("54", _HEADER)),
    Column("ip_fragment_offset", Type.UINT16, "8 bytes", "Offset of an IP fragment.", _ie("88", _HEADER)),
    Column(
        "mpls_labels",
        Type.TAGS,
        "",
        "MPLS labels from the top, 20 bits each.",
        _ie("70-79", "MPLS header, extended_mpls (0:1006)"),
    ),
    Column(
        "tunnel",
        Type.CODE,
        "",
        "Kind of tunnel around the inner columns; without those, of the one with the ends `tunnel_src_address` and "
        "`tunnel_dst_address`.",
        _ie("351, 6876/891", f"{_HEADER}, extended_ipv4/6_tunnel (0:1023-1026)"),
        names=TUNNELS,
    ),
    VNI,
    *(
        Column(
            f"tunnel_{end}_address",
            Type.ADDRESS,
            "",
            f"Outer {side} address of the tunnel that the packet came through, else goes through, as told beside the "
            "packet; the outer header of a tunnel that is seen in the packet itself fills the main columns.",
            _ie(number, "extended_ipv4/6_tunnel (0:1023-1026)"),
        )
        for end, side, number in (("src", "source", "6876/893"), ("dst", "destination", "6876/894"))
    ),
    Column("inner_src_address", Type.ADDRESS, "", "Source address inside the tunnel.", _HEADER),
    Column("inner_dst_address", Type.ADDRESS, "", "Destination address inside the tunnel.", _HEADER),
    Column("inner_src_port", Type.UINT16, "", "Source port inside the tunnel.", _HEADER),
    Column("inner_dst_port", Type.UINT16, "", "Destination port inside the tunnel.", _HEADER),
    Column("inner_protocol", Type.UINT8, "", "IP protocol inside the tunnel.", _HEADER),
    Column("inner_src_mac", Type.MAC, "", "Source MAC address inside the tunnel.", _HEADER),
    Column("inner_dst_mac", Type.MAC, "", "Destination MAC address inside the tunnel.", _HEADER),
    Column("header_problem", Type.CODE, "", "Why a sampled header was read in part.", _HEADER, names=HEADER_PROBLEMS),
    Column("forwarding_status", Type.UINT8, "", "Forwarding status.", _ie("89")),
    Column("flow_end_reason", Type.UINT8, "", "Why the flow was exported.", _ie("136")),
    Column("application_id", Type.UINT64, "", "Engine in the top byte, selector below.", _ie("95")),
    Column("in_vrf_id", Type.UINT32, "", "VRF that it came in by.", _ie("234")),
    Column("out_vrf_id", Type.UINT32, "", "VRF that it left by.", _ie("235")),
    Column("observation_point_id", Type.UINT64, "", "Where in the exporter it was seen.", _ie("138")),
    Column("firewall_event", Type.UINT8, "", "What a firewall did.", _ie("233, 40005")),
    Column("nat_event", Type.UINT8, "", "What a NAT did.", _ie("230")),
    Column(
        "post_nat_src_address",
        Type.ADDRESS,
        "",
        "Source address after NAT.",
        _ie("225, 281, 40001", "extended_nat (0:1007)"),
    ),
    Column(
        "post_nat_dst_address",
        Type.ADDRESS,
        "",
        "Destination address after NAT.",
        _ie("226, 282, 40002", "extended_nat"),
    ),
    Column(
        "post_nat_src_port", Type.UINT16, "", "Source port after NAT.", _ie("227, 40003", "extended_nat_port (0:1020)")
    ),
    Column(
        "post_nat_dst_port",
        Type.UINT16,
        "",
        "Destination port after NAT.",
        _ie("228, 40004", "extended_nat_port (0:1020)"),
    ),
    Column(
        "raw_elements",
        Type.ELEMENTS,
        "",
        "Elements that no column takes, enterprise/number to bytes in hex; only where it was asked for.",
        "RFC 7011",
    ),
)

_TIER = "processor"

FLOWS_TIER = (
    Column("end_minute_time", Type.TIME, "ns", "Start of the minute in which the flows behind the row ended.", _TIER),
    Column(
        "flow_direction",
        Type.LABEL,
        "",
        "`ingress` or `egress` of the VIF, as `direction` tells; empty where the exporter did not say.",
        _TIER,
    ),
    Column(
        "peer_network",
        Type.ADDRESS,
        "",
        "Network of whom the VIF's workload talked to, /24 of IPv4 and /48 of IPv6: of the destination at ingress, of "
        "the source at egress; where the direction is not told, of the end that has the service port.",
        _TIER,
    ),
    Column(
        "service_port",
        Type.UINT16,
        "",
        "The lower of the two ports, which is the service's wherever clients take high ones; 0 without ports.",
        _TIER,
    ),
    *(
        Column(
            f"scaled_{name}",
            Type.COUNT,
            unit,
            f"`{name}` times the sampling rate, rounded for each flow; of flows of unknown rate nothing.",
            _TIER,
        )
        for name, unit in (("bytes", "bytes"), ("packets", "packets"), ("skb_bytes", "bytes"))
    ),
)
