//! The element table: IANA number (of NetFlow v9 field types too), column, rank, conversion, and what the reverse row of a
//! biflow takes.
//!
//! Sources: IANA "IPFIX Entities", RFC 5102/7012, RFC 3954 §8, RFC 5103, RFC 5477 (PSAMP), RFC 6759, RFC 8158; of enterprise 6876
//! what Open vSwitch documents and sends.
//! Where a template has several elements of one column, the lowest rank is taken: what is the flow's own before what is after
//! a change on the way (`post…`), a difference since the last export before a total, network bytes before link bytes.

use super::element::Place::{
    Application, Duration, Icmp, Ipv4, Ipv6, Label, Mac, OfSection, Origin, Outer, Rate, Section,
    Segment, Selector, Time, Tunnel, Version, U16, U32, U64, U8,
};
use super::element::Reverse::{As, Gone, Same, Turned};
use super::element::{Element, Place, Reverse, Told};
use super::instant::Form;
use crate::packet::Link;

const fn iana(
    number: u16,
    column: &'static str,
    rank: u8,
    place: Place,
    reverse: Reverse,
) -> Element {
    of(0, number, column, rank, place, reverse)
}

const fn of(
    enterprise: u32,
    number: u16,
    column: &'static str,
    rank: u8,
    place: Place,
    reverse: Reverse,
) -> Element {
    Element {
        enterprise,
        number,
        column,
        rank,
        place,
        reverse,
    }
}

const VMWARE: u32 = 6876;
const MILLISECOND: u64 = 1_000_000;
const MICROSECOND: u64 = 1_000;

#[rustfmt::skip]
pub static ELEMENTS: &[Element] = &[
    // Addresses and ports.
    iana(8, "src_address", 0, Ipv4(|f| &mut f.src_address), As(12)), // sourceIPv4Address
    iana(27, "src_address", 1, Ipv6(|f| &mut f.src_address), As(28)), // sourceIPv6Address
    iana(12, "dst_address", 0, Ipv4(|f| &mut f.dst_address), As(8)), // destinationIPv4Address
    iana(28, "dst_address", 1, Ipv6(|f| &mut f.dst_address), As(27)), // destinationIPv6Address
    iana(7, "src_port", 0, U16(|f| &mut f.src_port), As(11)), // sourceTransportPort
    iana(180, "src_port", 1, U16(|f| &mut f.src_port), As(181)), // udpSourcePort
    iana(182, "src_port", 2, U16(|f| &mut f.src_port), As(183)), // tcpSourcePort
    iana(11, "dst_port", 0, U16(|f| &mut f.dst_port), As(7)), // destinationTransportPort
    iana(181, "dst_port", 1, U16(|f| &mut f.dst_port), As(180)), // udpDestinationPort
    iana(183, "dst_port", 2, U16(|f| &mut f.dst_port), As(182)), // tcpDestinationPort
    iana(60, "ip_version", 0, Version, Same), // ipVersion
    iana(256, "ether_type", 0, U16(|f| &mut f.ether_type), Same), // ethernetType
    // The IP header and what is in it.
    iana(4, "protocol", 0, U8(|f| &mut f.protocol), Same), // protocolIdentifier
    iana(6, "tcp_flags", 0, U16(|f| &mut f.tcp_flags), Gone), // tcpControlBits
    iana(5, "ip_tos", 0, U8(|f| &mut f.ip_tos), Gone), // ipClassOfService
    iana(192, "ip_ttl", 0, U8(|f| &mut f.ip_ttl), Gone), // ipTTL
    iana(52, "ip_ttl", 1, U8(|f| &mut f.ip_ttl), Gone), // minimumTTL
    iana(53, "ip_ttl", 2, U8(|f| &mut f.ip_ttl), Gone), // maximumTTL
    iana(31, "ipv6_flow_label", 0, U32(|f| &mut f.ipv6_flow_label), Gone), // flowLabelIPv6
    iana(54, "ip_fragment_id", 0, U32(|f| &mut f.ip_fragment_id), Gone), // fragmentIdentification
    iana(88, "ip_fragment_offset", 0, U16(|f| &mut f.ip_fragment_offset), Gone), // fragmentOffset
    iana(32, "icmp", 0, Icmp, Gone), // icmpTypeCodeIPv4
    iana(139, "icmp", 1, Icmp, Gone), // icmpTypeCodeIPv6
    iana(176, "icmp_type", 0, U8(|f| &mut f.icmp_type), Gone), // icmpTypeIPv4
    iana(178, "icmp_type", 1, U8(|f| &mut f.icmp_type), Gone), // icmpTypeIPv6
    iana(177, "icmp_code", 0, U8(|f| &mut f.icmp_code), Gone), // icmpCodeIPv4
    iana(179, "icmp_code", 1, U8(|f| &mut f.icmp_code), Gone), // icmpCodeIPv6
    // Volumes.
    iana(1, "bytes", 0, U64(|f| &mut f.bytes), Gone), // octetDeltaCount
    iana(231, "bytes", 1, U64(|f| &mut f.bytes), Gone), // initiatorOctets; 232 is the reverse row's
    iana(85, "bytes", 2, U64(|f| &mut f.bytes), Gone), // octetTotalCount
    iana(352, "bytes", 3, U64(|f| &mut f.bytes), Gone), // layer2OctetDeltaCount
    iana(353, "bytes", 4, U64(|f| &mut f.bytes), Gone), // layer2OctetTotalCount
    iana(23, "bytes", 5, U64(|f| &mut f.bytes), Gone), // postOctetDeltaCount, OUT_BYTES
    iana(171, "bytes", 6, U64(|f| &mut f.bytes), Gone), // postOctetTotalCount
    iana(312, "bytes", 7, U64(|f| &mut f.bytes), Gone), // dataLinkFrameSize
    iana(224, "bytes", 8, U64(|f| &mut f.bytes), Gone), // ipTotalLength
    iana(2, "packets", 0, U64(|f| &mut f.packets), Gone), // packetDeltaCount
    iana(298, "packets", 1, U64(|f| &mut f.packets), Gone), // initiatorPackets; 299 is the reverse row's
    iana(86, "packets", 2, U64(|f| &mut f.packets), Gone), // packetTotalCount
    iana(24, "packets", 3, U64(|f| &mut f.packets), Gone), // postPacketDeltaCount, OUT_PKTS
    iana(172, "packets", 4, U64(|f| &mut f.packets), Gone), // postPacketTotalCount
    iana(352, "skb_bytes", 0, U64(|f| &mut f.skb_bytes), Gone), // layer2OctetDeltaCount
    iana(353, "skb_bytes", 1, U64(|f| &mut f.skb_bytes), Gone), // layer2OctetTotalCount
    iana(312, "skb_bytes", 2, U64(|f| &mut f.skb_bytes), Gone), // dataLinkFrameSize
    // Times. An event's own time (322-325) ends a row that is not told any other end.
    iana(156, "flow_start_time", 0, Time(|f| &mut f.flow_start_time, Form::Nanos), Same), // flowStartNanoseconds
    iana(154, "flow_start_time", 1, Time(|f| &mut f.flow_start_time, Form::Micros), Same), // flowStartMicroseconds
    iana(152, "flow_start_time", 2, Time(|f| &mut f.flow_start_time, Form::Millis), Same), // flowStartMilliseconds
    iana(150, "flow_start_time", 3, Time(|f| &mut f.flow_start_time, Form::Seconds), Same), // flowStartSeconds
    iana(22, "flow_start_time", 4, Time(|f| &mut f.flow_start_time, Form::Uptime), Same), // flowStartSysUpTime
    iana(158, "flow_start_time", 5, Time(|f| &mut f.flow_start_time, Form::DeltaMicros), Same), // flowStartDeltaMicroseconds
    iana(157, "flow_end_time", 0, Time(|f| &mut f.flow_end_time, Form::Nanos), Same), // flowEndNanoseconds
    iana(155, "flow_end_time", 1, Time(|f| &mut f.flow_end_time, Form::Micros), Same), // flowEndMicroseconds
    iana(153, "flow_end_time", 2, Time(|f| &mut f.flow_end_time, Form::Millis), Same), // flowEndMilliseconds
    iana(151, "flow_end_time", 3, Time(|f| &mut f.flow_end_time, Form::Seconds), Same), // flowEndSeconds
    iana(21, "flow_end_time", 4, Time(|f| &mut f.flow_end_time, Form::Uptime), Same), // flowEndSysUpTime
    iana(159, "flow_end_time", 5, Time(|f| &mut f.flow_end_time, Form::DeltaMicros), Same), // flowEndDeltaMicroseconds
    iana(325, "flow_end_time", 6, Time(|f| &mut f.flow_end_time, Form::Nanos), Same), // observationTimeNanoseconds
    iana(324, "flow_end_time", 7, Time(|f| &mut f.flow_end_time, Form::Micros), Same), // observationTimeMicroseconds
    iana(323, "flow_end_time", 8, Time(|f| &mut f.flow_end_time, Form::Millis), Same), // observationTimeMilliseconds
    iana(322, "flow_end_time", 9, Time(|f| &mut f.flow_end_time, Form::Seconds), Same), // observationTimeSeconds
    iana(160, "start_of_exporter", 0, Origin, Same), // systemInitTimeMilliseconds
    iana(162, "duration_ns", 0, Duration(MICROSECOND), Same), // flowDurationMicroseconds
    iana(161, "duration_ns", 1, Duration(MILLISECOND), Same), // flowDurationMilliseconds
    // Interfaces and layer 2.
    iana(10, "in_if_index", 0, U32(|f| &mut f.in_if_index), As(14)), // ingressInterface
    iana(252, "in_if_index", 1, U32(|f| &mut f.in_if_index), As(253)), // ingressPhysicalInterface
    iana(14, "out_if_index", 0, U32(|f| &mut f.out_if_index), As(10)), // egressInterface
    iana(253, "out_if_index", 1, U32(|f| &mut f.out_if_index), As(252)), // egressPhysicalInterface
    iana(61, "direction", 0, U8(|f| &mut f.direction), Turned), // flowDirection
    iana(56, "src_mac", 0, Mac(|f| &mut f.src_mac), As(80)), // sourceMacAddress
    iana(81, "src_mac", 1, Mac(|f| &mut f.src_mac), Gone), // postSourceMacAddress
    iana(80, "dst_mac", 0, Mac(|f| &mut f.dst_mac), As(56)), // destinationMacAddress
    iana(57, "dst_mac", 1, Mac(|f| &mut f.dst_mac), Gone), // postDestinationMacAddress
    iana(58, "src_vlan", 0, U16(|f| &mut f.src_vlan), As(59)), // vlanId
    iana(243, "src_vlan", 1, U16(|f| &mut f.src_vlan), As(254)), // dot1qVlanId
    iana(59, "dst_vlan", 0, U16(|f| &mut f.dst_vlan), As(58)), // postVlanId
    iana(254, "dst_vlan", 1, U16(|f| &mut f.dst_vlan), As(243)), // postDot1qVlanId
    iana(245, "customer_vlan", 0, U16(|f| &mut f.customer_vlan), Same), // dot1qCustomerVlanId
    iana(255, "customer_vlan", 1, U16(|f| &mut f.customer_vlan), Same), // postDot1qCustomerVlanId
    iana(70, "mpls_labels", 0, Label(0), Gone), // mplsTopLabelStackSection
    iana(71, "mpls_labels", 0, Label(1), Gone), // mplsLabelStackSection2 … 10
    iana(72, "mpls_labels", 0, Label(2), Gone),
    iana(73, "mpls_labels", 0, Label(3), Gone),
    iana(74, "mpls_labels", 0, Label(4), Gone),
    iana(75, "mpls_labels", 0, Label(5), Gone),
    iana(76, "mpls_labels", 0, Label(6), Gone),
    iana(77, "mpls_labels", 0, Label(7), Gone),
    iana(78, "mpls_labels", 0, Label(8), Gone),
    iana(79, "mpls_labels", 0, Label(9), Gone),
    iana(351, "vni", 0, Segment, Same), // layer2SegmentId
    // The tunnel around the packet, as Open vSwitch and VMware tell it.
    of(VMWARE, 891, "tunnel", 0, Tunnel, Same), // tunnelType
    of(VMWARE, 892, "vni", 1, U32(|f| &mut f.vni), Same), // tunnelKey
    of(VMWARE, 893, "tunnel_src_address", 0, Outer(|f| &mut f.tunnel_src_address), As(894)), // tunnelSourceIPv4Address
    of(VMWARE, 894, "tunnel_dst_address", 0, Outer(|f| &mut f.tunnel_dst_address), As(893)), // tunnelDestinationIPv4Address
    // Routing.
    iana(16, "src_as", 0, U32(|f| &mut f.src_as), As(17)), // bgpSourceAsNumber
    iana(17, "dst_as", 0, U32(|f| &mut f.dst_as), As(16)), // bgpDestinationAsNumber
    iana(129, "previous_as", 0, U32(|f| &mut f.previous_as), As(128)), // bgpPrevAdjacentAsNumber
    iana(128, "next_as", 0, U32(|f| &mut f.next_as), As(129)), // bgpNextAdjacentAsNumber
    iana(15, "next_hop", 0, Ipv4(|f| &mut f.next_hop), Gone), // ipNextHopIPv4Address
    iana(62, "next_hop", 1, Ipv6(|f| &mut f.next_hop), Gone), // ipNextHopIPv6Address
    iana(18, "bgp_next_hop", 0, Ipv4(|f| &mut f.bgp_next_hop), Gone), // bgpNextHopIPv4Address
    iana(63, "bgp_next_hop", 1, Ipv6(|f| &mut f.bgp_next_hop), Gone), // bgpNextHopIPv6Address
    iana(9, "src_prefix_length", 0, U8(|f| &mut f.src_prefix_length), As(13)), // sourceIPv4PrefixLength
    iana(29, "src_prefix_length", 1, U8(|f| &mut f.src_prefix_length), As(30)), // sourceIPv6PrefixLength
    iana(13, "dst_prefix_length", 0, U8(|f| &mut f.dst_prefix_length), As(9)), // destinationIPv4PrefixLength
    iana(30, "dst_prefix_length", 1, U8(|f| &mut f.dst_prefix_length), As(29)), // destinationIPv6PrefixLength
    iana(234, "in_vrf_id", 0, U32(|f| &mut f.in_vrf_id), As(235)), // ingressVRFID
    iana(235, "out_vrf_id", 0, U32(|f| &mut f.out_vrf_id), As(234)), // egressVRFID
    // What was done with it.
    iana(89, "forwarding_status", 0, U8(|f| &mut f.forwarding_status), Gone), // forwardingStatus
    iana(136, "flow_end_reason", 0, U8(|f| &mut f.flow_end_reason), Same), // flowEndReason
    iana(95, "application_id", 0, Application, Same), // applicationId
    iana(138, "observation_point_id", 0, U64(|f| &mut f.observation_point_id), Same), // observationPointId
    iana(149, "observation_domain_id", 0, U32(|f| &mut f.observation_domain_id), Same), // observationDomainId
    iana(233, "firewall_event", 0, U8(|f| &mut f.firewall_event), Same), // firewallEvent
    iana(40005, "firewall_event", 1, U8(|f| &mut f.firewall_event), Same), // NetFlow v9 of Cisco ASA: NF_F_FW_EVENT
    iana(230, "nat_event", 0, U8(|f| &mut f.nat_event), Gone), // natEvent
    iana(225, "post_nat_src_address", 0, Ipv4(|f| &mut f.post_nat_src_address), Gone), // postNATSourceIPv4Address
    iana(281, "post_nat_src_address", 1, Ipv6(|f| &mut f.post_nat_src_address), Gone), // postNATSourceIPv6Address
    iana(40001, "post_nat_src_address", 2, Ipv4(|f| &mut f.post_nat_src_address), Gone), // ASA: NF_F_XLATE_SRC_ADDR_IPV4
    iana(226, "post_nat_dst_address", 0, Ipv4(|f| &mut f.post_nat_dst_address), Gone), // postNATDestinationIPv4Address
    iana(282, "post_nat_dst_address", 1, Ipv6(|f| &mut f.post_nat_dst_address), Gone), // postNATDestinationIPv6Address
    iana(40002, "post_nat_dst_address", 2, Ipv4(|f| &mut f.post_nat_dst_address), Gone), // ASA: NF_F_XLATE_DST_ADDR_IPV4
    iana(227, "post_nat_src_port", 0, U16(|f| &mut f.post_nat_src_port), Gone), // postNAPTSourceTransportPort
    iana(40003, "post_nat_src_port", 1, U16(|f| &mut f.post_nat_src_port), Gone), // ASA: NF_F_XLATE_SRC_PORT
    iana(228, "post_nat_dst_port", 0, U16(|f| &mut f.post_nat_dst_port), Gone), // postNAPTDestinationTransportPort
    iana(40004, "post_nat_dst_port", 1, U16(|f| &mut f.post_nat_dst_port), Gone), // ASA: NF_F_XLATE_DST_PORT
    // Pieces of packets (RFC 5477 §8.5).
    iana(315, "section", 0, Section(Some(Link::Ethernet)), Gone), // dataLinkFrameSection
    iana(104, "section", 1, Section(Some(Link::Ethernet)), Gone), // layer2packetSectionData
    iana(313, "section", 2, Section(None), Gone), // ipHeaderPacketSection
    iana(408, "section_frame_type", 0, OfSection, Gone), // dataLinkFrameType; 1 is Ethernet
    iana(409, "section_offset", 0, OfSection, Gone), // sectionOffset
    iana(102, "section_offset", 1, OfSection, Gone), // layer2packetSectionOffset
    iana(410, "section_bytes", 0, OfSection, Gone), // sectionExportedOctets; the rest is padding
    iana(103, "section_bytes", 1, OfSection, Gone), // layer2packetSectionSize
    // Sampling that the record itself tells (RFC 5477 §8.2).
    iana(302, "selector", 0, Selector, Same), // selectorId
    iana(48, "selector", 1, Selector, Same), // samplerId, FLOW_SAMPLER_ID
    iana(305, "sampling_interval", 0, Rate(Told::Interval), Same), // samplingPacketInterval
    iana(306, "sampling_space", 0, Rate(Told::Space), Same), // samplingPacketSpace
    iana(309, "sampling_size", 0, Rate(Told::Size), Same), // samplingSize
    iana(310, "sampling_population", 0, Rate(Told::Population), Same), // samplingPopulation
    iana(311, "sampling_probability", 0, Rate(Told::Probability), Same), // samplingProbability
    iana(50, "sampling_one_of", 0, Rate(Told::OneOf), Same), // samplerRandomInterval, FLOW_SAMPLER_RANDOM_INTERVAL
    iana(34, "sampling_one_of", 1, Rate(Told::OneOf), Same), // samplingInterval
];

/// Elements that count what the responder of a connection sent (RFC 5103's idea, in elements of their own): they are to the
/// reverse row what the second is to the forward one.
pub static OF_RESPONDER: &[(u16, u16)] = &[
    (232, 231), // responderOctets
    (299, 298), // responderPackets
];
