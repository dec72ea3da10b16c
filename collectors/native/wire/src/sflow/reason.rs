//! Why an exporter threw a packet away.

/// Whose affair a discarded packet is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// The network lost a packet that it should have carried: no buffer, no route, no neighbour, broken on the way.
    Loss,
    /// A rule refused it: access list, VLAN membership, reverse path, addresses that must not be on the wire.
    Denied,
    /// The host that it was for refused it: no such port, a state of TCP.
    Endpoint,
    /// It should go nowhere: a copy that nobody is to get, a port that is kept silent.
    Benign,
}

impl Class {
    /// The class as a label.
    pub const fn name(self) -> &'static str {
        match self {
            Class::Loss => "loss",
            Class::Denied => "denied",
            Class::Endpoint => "endpoint",
            Class::Benign => "benign",
        }
    }
}

/// Name and class of a reason code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DropReason {
    pub name: &'static str,
    pub class: Class,
}

/// A code that the table does not have. It counts as loss, because nothing says that the packet was not wanted.
const UNLISTED: DropReason = DropReason {
    name: "unlisted",
    class: Class::Loss,
};

/// Name and class of a reason code of discarded_packet (0:5).
pub fn reason(code: u32) -> DropReason {
    match REASONS.binary_search_by_key(&code, |&(code, _, _)| code) {
        Ok(index) => REASONS
            .get(index)
            .map_or(UNLISTED, |&(_, name, class)| DropReason { name, class }),
        Err(_) => UNLISTED,
    }
}

/// Codes, names and classes, by code. Below 256 they are ICMP's destination unreachable codes (RFC 1812), then devlink's packet traps,
/// then the kernel's reasons. Source: enum drop_reason of sFlow Dropped Packet Notification Structures with its later additions; the
/// classes are ours.
const REASONS: &[(u32, &str, Class)] = &[
    (0, "net_unreachable", Class::Loss),
    (1, "host_unreachable", Class::Loss),
    (2, "protocol_unreachable", Class::Endpoint),
    (3, "port_unreachable", Class::Endpoint),
    (4, "frag_needed", Class::Loss),
    (5, "src_route_failed", Class::Loss),
    (6, "dst_net_unknown", Class::Loss),
    (7, "dst_host_unknown", Class::Loss),
    (8, "src_host_isolated", Class::Loss),
    (9, "dst_net_prohibited", Class::Denied),
    (10, "dst_host_prohibited", Class::Denied),
    (11, "dst_net_tos_unreachable", Class::Loss),
    (12, "dst_host_tos_unreachable", Class::Loss),
    (13, "comm_admin_prohibited", Class::Denied),
    (14, "host_precedence_violation", Class::Denied),
    (15, "precedence_cutoff", Class::Denied),
    (256, "unknown", Class::Loss),
    (257, "ttl_exceeded", Class::Loss),
    (258, "acl", Class::Denied),
    (259, "no_buffer_space", Class::Loss),
    (260, "red", Class::Loss),
    (261, "traffic_shaping", Class::Loss),
    (262, "pkt_too_big", Class::Loss),
    (263, "src_mac_is_multicast", Class::Denied),
    (264, "vlan_tag_mismatch", Class::Denied),
    (265, "ingress_vlan_filter", Class::Denied),
    (266, "ingress_spanning_tree_filter", Class::Benign),
    (267, "port_list_is_empty", Class::Benign),
    (268, "port_loopback_filter", Class::Benign),
    (269, "blackhole_route", Class::Denied),
    (270, "non_ip", Class::Denied),
    (271, "uc_dip_over_mc_dmac", Class::Denied),
    (272, "dip_is_loopback_address", Class::Denied),
    (273, "sip_is_mc", Class::Denied),
    (274, "sip_is_loopback_address", Class::Denied),
    (275, "ip_header_corrupted", Class::Loss),
    (276, "ipv4_sip_is_limited_bc", Class::Denied),
    (277, "ipv6_mc_dip_reserved_scope", Class::Denied),
    (278, "ipv6_mc_dip_interface_local_scope", Class::Denied),
    (279, "unresolved_neigh", Class::Loss),
    (280, "mc_reverse_path_forwarding", Class::Benign),
    (281, "non_routable_packet", Class::Benign),
    (282, "decap_error", Class::Loss),
    (283, "overlay_smac_is_mc", Class::Denied),
    (284, "unknown_l2", Class::Loss),
    (285, "unknown_l3", Class::Loss),
    (286, "unknown_l3_exception", Class::Loss),
    (287, "unknown_buffer", Class::Loss),
    (288, "unknown_tunnel", Class::Loss),
    (289, "unknown_l4", Class::Loss),
    (290, "sip_is_unspecified", Class::Denied),
    (291, "mlag_port_isolation", Class::Benign),
    (292, "blackhole_arp_neigh", Class::Denied),
    (293, "src_mac_is_dmac", Class::Denied),
    (294, "dmac_is_reserved", Class::Benign),
    (295, "sip_is_class_e", Class::Denied),
    (296, "mc_dmac_mismatch", Class::Denied),
    (297, "sip_is_dip", Class::Denied),
    (298, "dip_is_local_network", Class::Denied),
    (299, "dip_is_link_local", Class::Denied),
    (300, "overlay_smac_is_dmac", Class::Denied),
    (301, "egress_vlan_filter", Class::Denied),
    (302, "uc_reverse_path_forwarding", Class::Denied),
    (303, "split_horizon", Class::Benign),
    (304, "locked_port", Class::Denied),
    (305, "dmac_filter", Class::Denied),
    (306, "blackhole_nexthop", Class::Denied),
    (307, "vxlan_parsing", Class::Loss),
    (308, "llc_snap_parsing", Class::Loss),
    (309, "vlan_parsing", Class::Loss),
    (310, "pppoe_ppp_parsing", Class::Loss),
    (311, "mpls_parsing", Class::Loss),
    (312, "arp_parsing", Class::Loss),
    (313, "ip_1_parsing", Class::Loss),
    (314, "ip_n_parsing", Class::Loss),
    (315, "gre_parsing", Class::Loss),
    (316, "udp_parsing", Class::Loss),
    (317, "tcp_parsing", Class::Loss),
    (318, "ipsec_parsing", Class::Loss),
    (319, "sctp_parsing", Class::Loss),
    (320, "dccp_parsing", Class::Loss),
    (321, "gtp_parsing", Class::Loss),
    (322, "esp_parsing", Class::Loss),
    (323, "unknown_parsing", Class::Loss),
    (324, "pkt_too_small", Class::Loss),
    (325, "unhandled_proto", Class::Endpoint),
    (326, "ipv6disabled", Class::Endpoint),
    (327, "invalid_proto", Class::Endpoint),
    (328, "ip_noproto", Class::Endpoint),
    (329, "skb_csum", Class::Loss),
    (330, "skb_ucopy_fault", Class::Endpoint),
    (331, "dev_ready", Class::Loss),
    (332, "dev_hdr", Class::Loss),
    (333, "dup_frag", Class::Benign),
    (334, "skb_gso_seg", Class::Loss),
    (335, "reverse_path_forwarding", Class::Denied),
    (336, "icmp_parsing", Class::Loss),
    (337, "tcp_md5notfound", Class::Endpoint),
    (338, "tcp_md5unexpected", Class::Endpoint),
    (339, "tcp_md5failure", Class::Endpoint),
    (340, "tcp_flags", Class::Endpoint),
    (341, "tcp_zerowindow", Class::Endpoint),
    (342, "tcp_old_data", Class::Endpoint),
    (343, "tcp_overwindow", Class::Endpoint),
    (344, "tcp_ofomerge", Class::Endpoint),
    (345, "tcp_rfc7323_paws", Class::Endpoint),
    (346, "tcp_invalid_sequence", Class::Endpoint),
    (347, "tcp_reset", Class::Endpoint),
    (348, "tcp_invalid_syn", Class::Endpoint),
    (349, "tcp_close", Class::Endpoint),
    (350, "tcp_fastopen", Class::Endpoint),
    (351, "tcp_old_ack", Class::Endpoint),
    (352, "tcp_too_old_ack", Class::Endpoint),
    (353, "tcp_ack_unsent_data", Class::Endpoint),
    (354, "tcp_ofo_queue_prune", Class::Endpoint),
    (355, "tcp_ofo_drop", Class::Endpoint),
    (356, "tcp_minttl", Class::Endpoint),
    (357, "ipv6_bad_exthdr", Class::Loss),
    (358, "ipv6_ndisc_frag", Class::Endpoint),
    (359, "ipv6_ndisc_hop_limit", Class::Endpoint),
    (360, "ipv6_ndisc_bad_code", Class::Endpoint),
    (361, "ipv6_ndisc_bad_options", Class::Endpoint),
    (362, "ipv6_ndisc_ns_otherhost", Class::Benign),
    (363, "tap_filter", Class::Denied),
    (364, "tap_txfilter", Class::Denied),
    (365, "tc_ingress", Class::Denied),
    (366, "tc_egress", Class::Denied),
    (367, "xdp", Class::Denied),
    (368, "cpu_backlog", Class::Loss),
    (369, "bpf_cgroup_egress", Class::Denied),
    (370, "xfrm_policy", Class::Denied),
    (371, "socket_filter", Class::Endpoint),
    (372, "bgp_flowspec", Class::Denied),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_order_and_names_are_unique() {
        assert!(REASONS.is_sorted_by(|left, right| left.0 < right.0));
        let mut names: Vec<_> = REASONS.iter().map(|&(_, name, _)| name).collect();
        names.sort_unstable();
        assert!(names.is_sorted_by(|left, right| left < right));
        assert!(!names.contains(&UNLISTED.name));
    }

    #[test]
    fn a_code_has_its_name_and_class() {
        let told = |code| (reason(code).name, reason(code).class.name());
        assert_eq!(told(0), ("net_unreachable", "loss"));
        assert_eq!(told(3), ("port_unreachable", "endpoint"));
        assert_eq!(told(258), ("acl", "denied"));
        assert_eq!(told(303), ("split_horizon", "benign"));
        assert_eq!(told(372), ("bgp_flowspec", "denied"));
        assert_eq!(told(16), ("unlisted", "loss"));
        assert_eq!(told(u32::MAX), ("unlisted", "loss"));
    }
}
