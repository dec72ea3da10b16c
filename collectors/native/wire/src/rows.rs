//! Rows of the wide record kinds, rendered from the column registry by `make generate`. Do not edit.

use crate::column::Column;

/// One flow seen at one VIF over one interval, as its exporter told it. Columns grow on their own; `rows` says how many rows there are.
#[derive(Debug, Default, Clone)]
pub struct Flows {
    /// How many rows are complete.
    pub rows: usize,
    /// Start of the interval, or the instant; for flows the end of the interval. [ns] Source: agent.
    pub time: Column<i64>,
    /// Length of the interval. [ns] Source: agent.
    pub duration_ns: Column<u64>,
    /// The VIF, for the life of its kernel device; 0 where a row is about none. Source: agent.
    pub vif_id: Column<u64>,
    /// When the agent closed the batch; of a flow, when its datagram came. [ns] Source: batch frame.
    pub received_time: Column<i64>,
    /// What told it. Source: listener.
    pub source_kind: Column<u8>,
    /// The exporter: sFlow's agent address, else the sender's. Source: listener.
    pub exporter_address: Column<[u8; 16]>,
    /// The exporter's part that saw it; sFlow's sub-agent id, NetFlow v9's source id, v5's engine type and id. Source: RFC 7011 3.1, IPFIX 149.
    pub observation_domain_id: Column<u32>,
    /// Sequence number of the datagram. Source: RFC 7011 3.1, sFlow v5.
    pub sequence_number: Column<u32>,
    /// When the flow began, as told. [ns] Source: IPFIX 156, 154, 152, 150, 22, 158.
    pub flow_start_time: Column<i64>,
    /// When the flow, or this part of it, ended, as told. [ns] Source: IPFIX 157, 155, 153, 151, 21, 159, 322-325.
    pub flow_end_time: Column<i64>,
    /// EtherType of the payload, 0x0800 for IPv4. Source: IPFIX 256; sFlow sampled_header (0:1), sampled_ethernet (0:2).
    pub ether_type: Column<u16>,
    /// Source address, IPv4 mapped into IPv6. Source: IPFIX 8, 27; sFlow sampled_header (0:1), sampled_ipv4/6 (0:3, 0:4).
    pub src_address: Column<[u8; 16]>,
    /// Destination address, IPv4 mapped into IPv6. Source: IPFIX 12, 28; sFlow sampled_header (0:1), sampled_ipv4/6 (0:3, 0:4).
    pub dst_address: Column<[u8; 16]>,
    /// Source port. Source: IPFIX 7, 180, 182; sFlow sampled_header (0:1), sampled_ipv4/6 (0:3, 0:4).
    pub src_port: Column<u16>,
    /// Destination port. Source: IPFIX 11, 181, 183; sFlow sampled_header (0:1), sampled_ipv4/6 (0:3, 0:4).
    pub dst_port: Column<u16>,
    /// IP protocol number. Source: IPFIX 4; sFlow sampled_header (0:1), sampled_ipv4/6 (0:3, 0:4).
    pub protocol: Column<u8>,
    /// TCP flags seen, or-ed. Source: IPFIX 6; sFlow sampled_header (0:1), sampled_ipv4/6 (0:3, 0:4).
    pub tcp_flags: Column<u16>,
    /// Type of service, or traffic class. Source: IPFIX 5; sFlow sampled_header (0:1), sampled_ipv4/6 (0:3, 0:4).
    pub ip_tos: Column<u8>,
    /// Time to live, or hop limit. Source: IPFIX 192, 52, 53; sFlow sampled_header (0:1).
    pub ip_ttl: Column<u8>,
    /// Bytes as exported, unscaled; of an sFlow sample the frame length that it reports. [bytes] Source: IPFIX 1, 231, 232, 85, 352, 353, 23, 171, 312, 224; frame_length of sampled_header.
    pub bytes: Column<u64>,
    /// Packets as exported, unscaled; 1 for an sFlow sample. [packets] Source: IPFIX 2, 298, 299, 86, 24, 172.
    pub packets: Column<u64>,
    /// What an interface's counter adds for these packets: with Ethernet and VLAN headers, without frame check. [bytes] Source: IPFIX 352, 353, 312; listener.
    pub skb_bytes: Column<u64>,
    /// What an interface's counter adds for these packets, a GSO packet once; 0 where it is not told. [packets] Source: probe flow.
    pub skb_packets: Column<u64>,
    /// Each exported packet stands for so many; 0 for unknown. [packets] Source: IPFIX 34, 50, 305, 306, 309, 310, 311; sampling_rate of flow_sample; NetFlow v5 header.
    pub sampling_rate: Column<f64>,
    /// Where the rate came from; rows of `unknown` are left out of volumes. Source: listener.
    pub sampling_origin: Column<u8>,
    /// Interface that it came in by. Source: IPFIX 10, 252; input of flow_sample.
    pub in_if_index: Column<u32>,
    /// Interface that it left by. Source: IPFIX 14, 253; output of flow_sample.
    pub out_if_index: Column<u32>,
    /// Why `in_if_index` is missing: internal, discarded, multiple, unknown. Source: interface format of sFlow v5.
    pub in_if_meaning: Column<u8>,
    /// Why `out_if_index` is missing: internal, discarded, multiple, unknown. Source: interface format of sFlow v5.
    pub out_if_meaning: Column<u8>,
    /// Reason code of a discarded sample, number of interfaces of a multiple one. Source: interface format of sFlow v5.
    pub out_if_detail: Column<u32>,
    /// Seen at ingress (0) or egress (1) of the interface. Source: IPFIX 61.
    pub direction: Column<u8>,
    /// Empty where `direction` is the VIF's; `own` where it is the exporter's and says nothing of the VIF. Source: listener.
    pub direction_meaning: Column<u8>,
    /// Source MAC address. Source: IPFIX 56, 81; sFlow sampled_header (0:1), sampled_ethernet (0:2).
    pub src_mac: Column<u64>,
    /// Destination MAC address. Source: IPFIX 80, 57; sFlow sampled_header (0:1), sampled_ethernet (0:2).
    pub dst_mac: Column<u64>,
    /// VLAN on the way in. Source: IPFIX 58, 243; extended_switch (0:1001), extended_vlantunnel (0:1012).
    pub src_vlan: Column<u16>,
    /// VLAN on the way out. Source: IPFIX 59, 254; extended_switch (0:1001).
    pub dst_vlan: Column<u16>,
    /// Inner VLAN of a stacked pair. Source: IPFIX 245, 255; 802.1ad header, extended_vlantunnel (0:1012).
    pub customer_vlan: Column<u16>,
    /// AS of the source. Source: IPFIX 16; extended_gateway (0:1003).
    pub src_as: Column<u32>,
    /// AS of the destination. Source: IPFIX 17; extended_gateway (0:1003).
    pub dst_as: Column<u32>,
    /// Neighbour AS that it came from. Source: IPFIX 129; extended_gateway (0:1003).
    pub previous_as: Column<u32>,
    /// Neighbour AS that it goes to. Source: IPFIX 128; extended_gateway (0:1003).
    pub next_as: Column<u32>,
    /// IP next hop. Source: IPFIX 15, 62; extended_router (0:1002).
    pub next_hop: Column<[u8; 16]>,
    /// BGP next hop. Source: IPFIX 18, 63; extended_gateway (0:1003).
    pub bgp_next_hop: Column<[u8; 16]>,
    /// Prefix length of the source's route. Source: IPFIX 9, 29.
    pub src_prefix_length: Column<u8>,
    /// Prefix length of the destination's route. Source: IPFIX 13, 30.
    pub dst_prefix_length: Column<u8>,
    /// ICMP or ICMPv6 type. Source: IPFIX 32, 139, 176, 178; sFlow sampled_header (0:1).
    pub icmp_type: Column<u8>,
    /// ICMP or ICMPv6 code. Source: IPFIX 32, 139, 177, 179; sFlow sampled_header (0:1).
    pub icmp_code: Column<u8>,
    /// IPv6 flow label. Source: IPFIX 31; sFlow sampled_header (0:1).
    pub ipv6_flow_label: Column<u32>,
    /// Identification of an IP packet or fragment. Source: IPFIX 54; sFlow sampled_header (0:1).
    pub ip_fragment_id: Column<u32>,
    /// Offset of an IP fragment. [8 bytes] Source: IPFIX 88; sFlow sampled_header (0:1).
    pub ip_fragment_offset: Column<u16>,
    /// MPLS labels from the top, 20 bits each. Source: IPFIX 70-79; MPLS header, extended_mpls (0:1006).
    pub mpls_labels: Column<Vec<u32>>,
    /// Kind of tunnel around the inner columns; without those, of the one with the ends `tunnel_src_address` and `tunnel_dst_address`. Source: IPFIX 351, 6876/891; sFlow sampled_header (0:1), extended_ipv4/6_tunnel (0:1023-1026).
    pub tunnel: Column<u8>,
    /// VXLAN network identifier. Source: IPFIX 351, 6876/892; IFLA_VXLAN_ID, RFC 7348.
    pub vni: Column<u32>,
    /// Outer source address of the tunnel that the packet came through, else goes through, as told beside the packet; the outer header of a tunnel that is seen in the packet itself fills the main columns. Source: IPFIX 6876/893; extended_ipv4/6_tunnel (0:1023-1026).
    pub tunnel_src_address: Column<[u8; 16]>,
    /// Outer destination address of the tunnel that the packet came through, else goes through, as told beside the packet; the outer header of a tunnel that is seen in the packet itself fills the main columns. Source: IPFIX 6876/894; extended_ipv4/6_tunnel (0:1023-1026).
    pub tunnel_dst_address: Column<[u8; 16]>,
    /// Source address inside the tunnel. Source: sFlow sampled_header (0:1).
    pub inner_src_address: Column<[u8; 16]>,
    /// Destination address inside the tunnel. Source: sFlow sampled_header (0:1).
    pub inner_dst_address: Column<[u8; 16]>,
    /// Source port inside the tunnel. Source: sFlow sampled_header (0:1).
    pub inner_src_port: Column<u16>,
    /// Destination port inside the tunnel. Source: sFlow sampled_header (0:1).
    pub inner_dst_port: Column<u16>,
    /// IP protocol inside the tunnel. Source: sFlow sampled_header (0:1).
    pub inner_protocol: Column<u8>,
    /// Source MAC address inside the tunnel. Source: sFlow sampled_header (0:1).
    pub inner_src_mac: Column<u64>,
    /// Destination MAC address inside the tunnel. Source: sFlow sampled_header (0:1).
    pub inner_dst_mac: Column<u64>,
    /// Why a sampled header was read in part. Source: sFlow sampled_header (0:1).
    pub header_problem: Column<u8>,
    /// Forwarding status. Source: IPFIX 89.
    pub forwarding_status: Column<u8>,
    /// Why the flow was exported. Source: IPFIX 136.
    pub flow_end_reason: Column<u8>,
    /// Engine in the top byte, selector below. Source: IPFIX 95.
    pub application_id: Column<u64>,
    /// VRF that it came in by. Source: IPFIX 234.
    pub in_vrf_id: Column<u32>,
    /// VRF that it left by. Source: IPFIX 235.
    pub out_vrf_id: Column<u32>,
    /// Where in the exporter it was seen. Source: IPFIX 138.
    pub observation_point_id: Column<u64>,
    /// What a firewall did. Source: IPFIX 233, 40005.
    pub firewall_event: Column<u8>,
    /// What a NAT did. Source: IPFIX 230.
    pub nat_event: Column<u8>,
    /// Source address after NAT. Source: IPFIX 225, 281, 40001; extended_nat (0:1007).
    pub post_nat_src_address: Column<[u8; 16]>,
    /// Destination address after NAT. Source: IPFIX 226, 282, 40002; extended_nat.
    pub post_nat_dst_address: Column<[u8; 16]>,
    /// Source port after NAT. Source: IPFIX 227, 40003; extended_nat_port (0:1020).
    pub post_nat_src_port: Column<u16>,
    /// Destination port after NAT. Source: IPFIX 228, 40004; extended_nat_port (0:1020).
    pub post_nat_dst_port: Column<u16>,
    /// Elements that no column takes, enterprise/number to bytes in hex; only where it was asked for. Source: RFC 7011.
    pub raw_elements: Column<crate::column::RawElement>,
}

impl Flows {
    /// Bring every column to the length of `rows`, with missing values where it had none.
    pub fn fill(&mut self) {
        let rows = self.rows;
        self.time.fill(rows);
        self.duration_ns.fill(rows);
        self.vif_id.fill(rows);
        self.received_time.fill(rows);
        self.source_kind.fill(rows);
        self.exporter_address.fill(rows);
        self.observation_domain_id.fill(rows);
        self.sequence_number.fill(rows);
        self.flow_start_time.fill(rows);
        self.flow_end_time.fill(rows);
        self.ether_type.fill(rows);
        self.src_address.fill(rows);
        self.dst_address.fill(rows);
        self.src_port.fill(rows);
        self.dst_port.fill(rows);
        self.protocol.fill(rows);
        self.tcp_flags.fill(rows);
        self.ip_tos.fill(rows);
        self.ip_ttl.fill(rows);
        self.bytes.fill(rows);
        self.packets.fill(rows);
        self.skb_bytes.fill(rows);
        self.skb_packets.fill(rows);
        self.sampling_rate.fill(rows);
        self.sampling_origin.fill(rows);
        self.in_if_index.fill(rows);
        self.out_if_index.fill(rows);
        self.in_if_meaning.fill(rows);
        self.out_if_meaning.fill(rows);
        self.out_if_detail.fill(rows);
        self.direction.fill(rows);
        self.direction_meaning.fill(rows);
        self.src_mac.fill(rows);
        self.dst_mac.fill(rows);
        self.src_vlan.fill(rows);
        self.dst_vlan.fill(rows);
        self.customer_vlan.fill(rows);
        self.src_as.fill(rows);
        self.dst_as.fill(rows);
        self.previous_as.fill(rows);
        self.next_as.fill(rows);
        self.next_hop.fill(rows);
        self.bgp_next_hop.fill(rows);
        self.src_prefix_length.fill(rows);
        self.dst_prefix_length.fill(rows);
        self.icmp_type.fill(rows);
        self.icmp_code.fill(rows);
        self.ipv6_flow_label.fill(rows);
        self.ip_fragment_id.fill(rows);
        self.ip_fragment_offset.fill(rows);
        self.mpls_labels.fill(rows);
        self.tunnel.fill(rows);
        self.vni.fill(rows);
        self.tunnel_src_address.fill(rows);
        self.tunnel_dst_address.fill(rows);
        self.inner_src_address.fill(rows);
        self.inner_dst_address.fill(rows);
        self.inner_src_port.fill(rows);
        self.inner_dst_port.fill(rows);
        self.inner_protocol.fill(rows);
        self.inner_src_mac.fill(rows);
        self.inner_dst_mac.fill(rows);
        self.header_problem.fill(rows);
        self.forwarding_status.fill(rows);
        self.flow_end_reason.fill(rows);
        self.application_id.fill(rows);
        self.in_vrf_id.fill(rows);
        self.out_vrf_id.fill(rows);
        self.observation_point_id.fill(rows);
        self.firewall_event.fill(rows);
        self.nat_event.fill(rows);
        self.post_nat_src_address.fill(rows);
        self.post_nat_dst_address.fill(rows);
        self.post_nat_src_port.fill(rows);
        self.post_nat_dst_port.fill(rows);
        self.raw_elements.fill(rows);
    }

    /// No rows, and room for as many as these in the columns that have a value here.
    pub fn empty_like(&self) -> Self {
        Self {
            rows: 0,
            time: self.time.empty_like(),
            duration_ns: self.duration_ns.empty_like(),
            vif_id: self.vif_id.empty_like(),
            received_time: self.received_time.empty_like(),
            source_kind: self.source_kind.empty_like(),
            exporter_address: self.exporter_address.empty_like(),
            observation_domain_id: self.observation_domain_id.empty_like(),
            sequence_number: self.sequence_number.empty_like(),
            flow_start_time: self.flow_start_time.empty_like(),
            flow_end_time: self.flow_end_time.empty_like(),
            ether_type: self.ether_type.empty_like(),
            src_address: self.src_address.empty_like(),
            dst_address: self.dst_address.empty_like(),
            src_port: self.src_port.empty_like(),
            dst_port: self.dst_port.empty_like(),
            protocol: self.protocol.empty_like(),
            tcp_flags: self.tcp_flags.empty_like(),
            ip_tos: self.ip_tos.empty_like(),
            ip_ttl: self.ip_ttl.empty_like(),
            bytes: self.bytes.empty_like(),
            packets: self.packets.empty_like(),
            skb_bytes: self.skb_bytes.empty_like(),
            skb_packets: self.skb_packets.empty_like(),
            sampling_rate: self.sampling_rate.empty_like(),
            sampling_origin: self.sampling_origin.empty_like(),
            in_if_index: self.in_if_index.empty_like(),
            out_if_index: self.out_if_index.empty_like(),
            in_if_meaning: self.in_if_meaning.empty_like(),
            out_if_meaning: self.out_if_meaning.empty_like(),
            out_if_detail: self.out_if_detail.empty_like(),
            direction: self.direction.empty_like(),
            direction_meaning: self.direction_meaning.empty_like(),
            src_mac: self.src_mac.empty_like(),
            dst_mac: self.dst_mac.empty_like(),
            src_vlan: self.src_vlan.empty_like(),
            dst_vlan: self.dst_vlan.empty_like(),
            customer_vlan: self.customer_vlan.empty_like(),
            src_as: self.src_as.empty_like(),
            dst_as: self.dst_as.empty_like(),
            previous_as: self.previous_as.empty_like(),
            next_as: self.next_as.empty_like(),
            next_hop: self.next_hop.empty_like(),
            bgp_next_hop: self.bgp_next_hop.empty_like(),
            src_prefix_length: self.src_prefix_length.empty_like(),
            dst_prefix_length: self.dst_prefix_length.empty_like(),
            icmp_type: self.icmp_type.empty_like(),
            icmp_code: self.icmp_code.empty_like(),
            ipv6_flow_label: self.ipv6_flow_label.empty_like(),
            ip_fragment_id: self.ip_fragment_id.empty_like(),
            ip_fragment_offset: self.ip_fragment_offset.empty_like(),
            mpls_labels: self.mpls_labels.empty_like(),
            tunnel: self.tunnel.empty_like(),
            vni: self.vni.empty_like(),
            tunnel_src_address: self.tunnel_src_address.empty_like(),
            tunnel_dst_address: self.tunnel_dst_address.empty_like(),
            inner_src_address: self.inner_src_address.empty_like(),
            inner_dst_address: self.inner_dst_address.empty_like(),
            inner_src_port: self.inner_src_port.empty_like(),
            inner_dst_port: self.inner_dst_port.empty_like(),
            inner_protocol: self.inner_protocol.empty_like(),
            inner_src_mac: self.inner_src_mac.empty_like(),
            inner_dst_mac: self.inner_dst_mac.empty_like(),
            header_problem: self.header_problem.empty_like(),
            forwarding_status: self.forwarding_status.empty_like(),
            flow_end_reason: self.flow_end_reason.empty_like(),
            application_id: self.application_id.empty_like(),
            in_vrf_id: self.in_vrf_id.empty_like(),
            out_vrf_id: self.out_vrf_id.empty_like(),
            observation_point_id: self.observation_point_id.empty_like(),
            firewall_event: self.firewall_event.empty_like(),
            nat_event: self.nat_event.empty_like(),
            post_nat_src_address: self.post_nat_src_address.empty_like(),
            post_nat_dst_address: self.post_nat_dst_address.empty_like(),
            post_nat_src_port: self.post_nat_src_port.empty_like(),
            post_nat_dst_port: self.post_nat_dst_port.empty_like(),
            raw_elements: self.raw_elements.empty_like(),
        }
    }

    /// Move all rows of `other` behind the own ones.
    pub fn append(&mut self, other: &mut Self) {
        let rows = self.rows;
        self.time.append(rows, &mut other.time);
        self.duration_ns.append(rows, &mut other.duration_ns);
        self.vif_id.append(rows, &mut other.vif_id);
        self.received_time.append(rows, &mut other.received_time);
        self.source_kind.append(rows, &mut other.source_kind);
        self.exporter_address
            .append(rows, &mut other.exporter_address);
        self.observation_domain_id
            .append(rows, &mut other.observation_domain_id);
        self.sequence_number
            .append(rows, &mut other.sequence_number);
        self.flow_start_time
            .append(rows, &mut other.flow_start_time);
        self.flow_end_time.append(rows, &mut other.flow_end_time);
        self.ether_type.append(rows, &mut other.ether_type);
        self.src_address.append(rows, &mut other.src_address);
        self.dst_address.append(rows, &mut other.dst_address);
        self.src_port.append(rows, &mut other.src_port);
        self.dst_port.append(rows, &mut other.dst_port);
        self.protocol.append(rows, &mut other.protocol);
        self.tcp_flags.append(rows, &mut other.tcp_flags);
        self.ip_tos.append(rows, &mut other.ip_tos);
        self.ip_ttl.append(rows, &mut other.ip_ttl);
        self.bytes.append(rows, &mut other.bytes);
        self.packets.append(rows, &mut other.packets);
        self.skb_bytes.append(rows, &mut other.skb_bytes);
        self.skb_packets.append(rows, &mut other.skb_packets);
        self.sampling_rate.append(rows, &mut other.sampling_rate);
        self.sampling_origin
            .append(rows, &mut other.sampling_origin);
        self.in_if_index.append(rows, &mut other.in_if_index);
        self.out_if_index.append(rows, &mut other.out_if_index);
        self.in_if_meaning.append(rows, &mut other.in_if_meaning);
        self.out_if_meaning.append(rows, &mut other.out_if_meaning);
        self.out_if_detail.append(rows, &mut other.out_if_detail);
        self.direction.append(rows, &mut other.direction);
        self.direction_meaning
            .append(rows, &mut other.direction_meaning);
        self.src_mac.append(rows, &mut other.src_mac);
        self.dst_mac.append(rows, &mut other.dst_mac);
        self.src_vlan.append(rows, &mut other.src_vlan);
        self.dst_vlan.append(rows, &mut other.dst_vlan);
        self.customer_vlan.append(rows, &mut other.customer_vlan);
        self.src_as.append(rows, &mut other.src_as);
        self.dst_as.append(rows, &mut other.dst_as);
        self.previous_as.append(rows, &mut other.previous_as);
        self.next_as.append(rows, &mut other.next_as);
        self.next_hop.append(rows, &mut other.next_hop);
        self.bgp_next_hop.append(rows, &mut other.bgp_next_hop);
        self.src_prefix_length
            .append(rows, &mut other.src_prefix_length);
        self.dst_prefix_length
            .append(rows, &mut other.dst_prefix_length);
        self.icmp_type.append(rows, &mut other.icmp_type);
        self.icmp_code.append(rows, &mut other.icmp_code);
        self.ipv6_flow_label
            .append(rows, &mut other.ipv6_flow_label);
        self.ip_fragment_id.append(rows, &mut other.ip_fragment_id);
        self.ip_fragment_offset
            .append(rows, &mut other.ip_fragment_offset);
        self.mpls_labels.append(rows, &mut other.mpls_labels);
        self.tunnel.append(rows, &mut other.tunnel);
        self.vni.append(rows, &mut other.vni);
        self.tunnel_src_address
            .append(rows, &mut other.tunnel_src_address);
        self.tunnel_dst_address
            .append(rows, &mut other.tunnel_dst_address);
        self.inner_src_address
            .append(rows, &mut other.inner_src_address);
        self.inner_dst_address
            .append(rows, &mut other.inner_dst_address);
        self.inner_src_port.append(rows, &mut other.inner_src_port);
        self.inner_dst_port.append(rows, &mut other.inner_dst_port);
        self.inner_protocol.append(rows, &mut other.inner_protocol);
        self.inner_src_mac.append(rows, &mut other.inner_src_mac);
        self.inner_dst_mac.append(rows, &mut other.inner_dst_mac);
        self.header_problem.append(rows, &mut other.header_problem);
        self.forwarding_status
            .append(rows, &mut other.forwarding_status);
        self.flow_end_reason
            .append(rows, &mut other.flow_end_reason);
        self.application_id.append(rows, &mut other.application_id);
        self.in_vrf_id.append(rows, &mut other.in_vrf_id);
        self.out_vrf_id.append(rows, &mut other.out_vrf_id);
        self.observation_point_id
            .append(rows, &mut other.observation_point_id);
        self.firewall_event.append(rows, &mut other.firewall_event);
        self.nat_event.append(rows, &mut other.nat_event);
        self.post_nat_src_address
            .append(rows, &mut other.post_nat_src_address);
        self.post_nat_dst_address
            .append(rows, &mut other.post_nat_dst_address);
        self.post_nat_src_port
            .append(rows, &mut other.post_nat_src_port);
        self.post_nat_dst_port
            .append(rows, &mut other.post_nat_dst_port);
        self.raw_elements.append(rows, &mut other.raw_elements);
        self.rows += std::mem::take(&mut other.rows);
    }

    /// Memory of all columns in bytes, without what lists point to.
    pub fn memory_bytes(&self) -> usize {
        self.time.memory_bytes()
            + self.duration_ns.memory_bytes()
            + self.vif_id.memory_bytes()
            + self.received_time.memory_bytes()
            + self.source_kind.memory_bytes()
            + self.exporter_address.memory_bytes()
            + self.observation_domain_id.memory_bytes()
            + self.sequence_number.memory_bytes()
            + self.flow_start_time.memory_bytes()
            + self.flow_end_time.memory_bytes()
            + self.ether_type.memory_bytes()
            + self.src_address.memory_bytes()
            + self.dst_address.memory_bytes()
            + self.src_port.memory_bytes()
            + self.dst_port.memory_bytes()
            + self.protocol.memory_bytes()
            + self.tcp_flags.memory_bytes()
            + self.ip_tos.memory_bytes()
            + self.ip_ttl.memory_bytes()
            + self.bytes.memory_bytes()
            + self.packets.memory_bytes()
            + self.skb_bytes.memory_bytes()
            + self.skb_packets.memory_bytes()
            + self.sampling_rate.memory_bytes()
            + self.sampling_origin.memory_bytes()
            + self.in_if_index.memory_bytes()
            + self.out_if_index.memory_bytes()
            + self.in_if_meaning.memory_bytes()
            + self.out_if_meaning.memory_bytes()
            + self.out_if_detail.memory_bytes()
            + self.direction.memory_bytes()
            + self.direction_meaning.memory_bytes()
            + self.src_mac.memory_bytes()
            + self.dst_mac.memory_bytes()
            + self.src_vlan.memory_bytes()
            + self.dst_vlan.memory_bytes()
            + self.customer_vlan.memory_bytes()
            + self.src_as.memory_bytes()
            + self.dst_as.memory_bytes()
            + self.previous_as.memory_bytes()
            + self.next_as.memory_bytes()
            + self.next_hop.memory_bytes()
            + self.bgp_next_hop.memory_bytes()
            + self.src_prefix_length.memory_bytes()
            + self.dst_prefix_length.memory_bytes()
            + self.icmp_type.memory_bytes()
            + self.icmp_code.memory_bytes()
            + self.ipv6_flow_label.memory_bytes()
            + self.ip_fragment_id.memory_bytes()
            + self.ip_fragment_offset.memory_bytes()
            + self.mpls_labels.memory_bytes()
            + self.tunnel.memory_bytes()
            + self.vni.memory_bytes()
            + self.tunnel_src_address.memory_bytes()
            + self.tunnel_dst_address.memory_bytes()
            + self.inner_src_address.memory_bytes()
            + self.inner_dst_address.memory_bytes()
            + self.inner_src_port.memory_bytes()
            + self.inner_dst_port.memory_bytes()
            + self.inner_protocol.memory_bytes()
            + self.inner_src_mac.memory_bytes()
            + self.inner_dst_mac.memory_bytes()
            + self.header_problem.memory_bytes()
            + self.forwarding_status.memory_bytes()
            + self.flow_end_reason.memory_bytes()
            + self.application_id.memory_bytes()
            + self.in_vrf_id.memory_bytes()
            + self.out_vrf_id.memory_bytes()
            + self.observation_point_id.memory_bytes()
            + self.firewall_event.memory_bytes()
            + self.nat_event.memory_bytes()
            + self.post_nat_src_address.memory_bytes()
            + self.post_nat_dst_address.memory_bytes()
            + self.post_nat_src_port.memory_bytes()
            + self.post_nat_dst_port.memory_bytes()
            + self.raw_elements.memory_bytes()
    }
}

/// Codes of `source_kind`.
pub mod source_kind {
    /// The texts, by code.
    pub const NAMES: [&str; 6] = ["sflow", "netflow5", "netflow9", "ipfix", "ebpf", "agent"];
    pub const SFLOW: u8 = 0;
    pub const NETFLOW5: u8 = 1;
    pub const NETFLOW9: u8 = 2;
    pub const IPFIX: u8 = 3;
    pub const EBPF: u8 = 4;
    pub const AGENT: u8 = 5;
}

/// Codes of `sampling_origin`.
pub mod sampling_origin {
    /// The texts, by code.
    pub const NAMES: [&str; 4] = ["unknown", "announced", "configured", "measured"];
    pub const UNKNOWN: u8 = 0;
    pub const ANNOUNCED: u8 = 1;
    pub const CONFIGURED: u8 = 2;
    pub const MEASURED: u8 = 3;
}

/// Codes of `in_if_meaning`.
pub mod in_if_meaning {
    /// The texts, by code.
    pub const NAMES: [&str; 5] = ["", "internal", "discarded", "multiple", "unknown"];
    pub const NONE: u8 = 0;
    pub const INTERNAL: u8 = 1;
    pub const DISCARDED: u8 = 2;
    pub const MULTIPLE: u8 = 3;
    pub const UNKNOWN: u8 = 4;
}

/// Codes of `out_if_meaning`.
pub mod out_if_meaning {
    /// The texts, by code.
    pub const NAMES: [&str; 5] = ["", "internal", "discarded", "multiple", "unknown"];
    pub const NONE: u8 = 0;
    pub const INTERNAL: u8 = 1;
    pub const DISCARDED: u8 = 2;
    pub const MULTIPLE: u8 = 3;
    pub const UNKNOWN: u8 = 4;
}

/// Codes of `direction_meaning`.
pub mod direction_meaning {
    /// The texts, by code.
    pub const NAMES: [&str; 2] = ["", "own"];
    pub const NONE: u8 = 0;
    pub const OWN: u8 = 1;
}

/// Codes of `tunnel`.
pub mod tunnel {
    /// The texts, by code.
    pub const NAMES: [&str; 8] = [
        "",
        "vxlan",
        "geneve",
        "gre",
        "ipip",
        "6in4",
        "mpls_pseudowire",
        "other",
    ];
    pub const NONE: u8 = 0;
    pub const VXLAN: u8 = 1;
    pub const GENEVE: u8 = 2;
    pub const GRE: u8 = 3;
    pub const IPIP: u8 = 4;
    pub const SIX_IN_FOUR: u8 = 5;
    pub const MPLS_PSEUDOWIRE: u8 = 6;
    pub const OTHER: u8 = 7;
}

/// Codes of `header_problem`.
pub mod header_problem {
    /// The texts, by code.
    pub const NAMES: [&str; 13] = [
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
    ];
    pub const NONE: u8 = 0;
    pub const CUT_ETHERNET: u8 = 1;
    pub const CUT_VLAN: u8 = 2;
    pub const CUT_MPLS: u8 = 3;
    pub const CUT_IP: u8 = 4;
    pub const CUT_EXTENSION: u8 = 5;
    pub const CUT_TRANSPORT: u8 = 6;
    pub const CUT_TUNNEL: u8 = 7;
    pub const CUT_INNER: u8 = 8;
    pub const BAD_IP_VERSION: u8 = 9;
    pub const BAD_IP_LENGTH: u8 = 10;
    pub const TOO_MANY_LAYERS: u8 = 11;
    pub const UNKNOWN_LINK_TYPE: u8 = 12;
}
