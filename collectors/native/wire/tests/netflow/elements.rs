//! Each element and the column that takes it.

use crate::messages::{
    flow, flow9, ipfix, mapped, record, set, template, Exporter, Told, DOMAIN, EXPORTER,
    RECEIVED_NS, SEQUENCE, USUAL, VARIABLE,
};
use wire::column::Column;
use wire::rows::{source_kind, tunnel, Flows};

fn one<T: Clone + Default>(told: Told<'_>, column: fn(&Flows) -> &Column<T>) -> Option<T> {
    let exporter = flow(&[told]);
    assert_eq!(exporter.rows(), 1);
    column(&exporter.out.flows).get(0).cloned()
}

#[test]
fn what_all_rows_get_comes_from_message_and_caller() {
    let exporter = flow(USUAL);
    let flows = &exporter.out.flows;
    assert_eq!(flows.source_kind.get(0), Some(&source_kind::IPFIX));
    assert_eq!(flows.exporter_address.get(0), Some(&EXPORTER));
    assert_eq!(flows.observation_domain_id.get(0), Some(&DOMAIN));
    assert_eq!(flows.sequence_number.get(0), Some(&SEQUENCE));
    assert_eq!(flows.received_time.get(0), Some(&RECEIVED_NS));
    assert_eq!(flows.time.get(0), Some(&RECEIVED_NS));
    assert_eq!(flows.duration_ns.get(0), Some(&0));
    assert_eq!(flows.flow_end_time.get(0), None);
    assert!(flows.vif_id.is_untold());
    assert!(flows.sampling_rate.is_untold());
    assert!(flows.sampling_origin.is_untold());
}

#[test]
fn addresses_and_ports() {
    let exporter = flow(USUAL);
    let flows = &exporter.out.flows;
    assert_eq!(flows.src_address.get(0), Some(&mapped([192, 0, 2, 10])));
    assert_eq!(flows.dst_address.get(0), Some(&mapped([198, 51, 100, 20])));
    assert_eq!(flows.src_port.get(0), Some(&12345));
    assert_eq!(flows.dst_port.get(0), Some(&443));
    assert_eq!(flows.protocol.get(0), Some(&6));
    let long = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9];
    assert_eq!(one((0, 27, 16, &long), |f| &f.src_address), Some(long));
    assert_eq!(one((0, 28, 16, &long), |f| &f.dst_address), Some(long));
    assert_eq!(one((0, 62, 16, &long), |f| &f.next_hop), Some(long));
    assert_eq!(one((0, 63, 16, &long), |f| &f.bgp_next_hop), Some(long));
    assert_eq!(
        one((0, 281, 16, &long), |f| &f.post_nat_src_address),
        Some(long)
    );
    assert_eq!(
        one((0, 282, 16, &long), |f| &f.post_nat_dst_address),
        Some(long)
    );
    let short = mapped([203, 0, 113, 7]);
    assert_eq!(one((0, 15, 4, &short[12..]), |f| &f.next_hop), Some(short));
    assert_eq!(
        one((0, 18, 4, &short[12..]), |f| &f.bgp_next_hop),
        Some(short)
    );
    assert_eq!(
        one((0, 225, 4, &short[12..]), |f| &f.post_nat_src_address),
        Some(short)
    );
    assert_eq!(
        one((0, 226, 4, &short[12..]), |f| &f.post_nat_dst_address),
        Some(short)
    );
}

#[test]
fn numbers_by_their_columns() {
    type Case<T> = (u16, fn(&Flows) -> &Column<T>);
    let bytes: [Case<u8>; 17] = [
        (4, |f| &f.protocol),
        (5, |f| &f.ip_tos),
        (192, |f| &f.ip_ttl),
        (52, |f| &f.ip_ttl),
        (9, |f| &f.src_prefix_length),
        (29, |f| &f.src_prefix_length),
        (13, |f| &f.dst_prefix_length),
        (30, |f| &f.dst_prefix_length),
        (61, |f| &f.direction),
        (89, |f| &f.forwarding_status),
        (136, |f| &f.flow_end_reason),
        (176, |f| &f.icmp_type),
        (178, |f| &f.icmp_type),
        (177, |f| &f.icmp_code),
        (179, |f| &f.icmp_code),
        (230, |f| &f.nat_event),
        (233, |f| &f.firewall_event),
    ];
    for (number, column) in bytes {
        assert_eq!(
            one((0, number, 1, &[7]), column),
            Some(7),
            "element {number}"
        );
    }
    let shorts: [Case<u16>; 15] = [
        (7, |f| &f.src_port),
        (180, |f| &f.src_port),
        (182, |f| &f.src_port),
        (11, |f| &f.dst_port),
        (181, |f| &f.dst_port),
        (183, |f| &f.dst_port),
        (6, |f| &f.tcp_flags),
        (58, |f| &f.src_vlan),
        (243, |f| &f.src_vlan),
        (59, |f| &f.dst_vlan),
        (254, |f| &f.dst_vlan),
        (245, |f| &f.customer_vlan),
        (256, |f| &f.ether_type),
        (227, |f| &f.post_nat_src_port),
        (228, |f| &f.post_nat_dst_port),
    ];
    for (number, column) in shorts {
        assert_eq!(
            one((0, number, 2, &[1, 2]), column),
            Some(258),
            "element {number}"
        );
        assert_eq!(
            one((0, number, 1, &[9]), column),
            Some(9),
            "element {number}, reduced"
        );
    }
    let longs: [Case<u32>; 14] = [
        (10, |f| &f.in_if_index),
        (252, |f| &f.in_if_index),
        (14, |f| &f.out_if_index),
        (253, |f| &f.out_if_index),
        (16, |f| &f.src_as),
        (17, |f| &f.dst_as),
        (128, |f| &f.next_as),
        (129, |f| &f.previous_as),
        (31, |f| &f.ipv6_flow_label),
        (54, |f| &f.ip_fragment_id),
        (234, |f| &f.in_vrf_id),
        (235, |f| &f.out_vrf_id),
        (149, |f| &f.observation_domain_id),
        (10, |f| &f.in_if_index),
    ];
    for (number, column) in longs {
        assert_eq!(
            one((0, number, 4, &[1, 2, 3, 4]), column),
            Some(0x0102_0304),
            "element {number}"
        );
        assert_eq!(
            one((0, number, 3, &[2, 3, 4]), column),
            Some(0x02_0304),
            "element {number}, reduced"
        );
        assert_eq!(
            one((0, number, 8, &[0, 0, 0, 0, 1, 2, 3, 4]), column),
            Some(0x0102_0304),
            "element {number}, wide"
        );
    }
    assert_eq!(
        one((0, 88, 2, &[0, 185]), |f| &f.ip_fragment_offset),
        Some(185)
    );
    assert_eq!(
        one((0, 138, 8, &[1; 8]), |f| &f.observation_point_id),
        Some(0x0101_0101_0101_0101)
    );
}

#[test]
fn a_number_too_big_for_its_column_is_missing() {
    assert_eq!(one((0, 4, 2, &[1, 6]), |f| &f.protocol), None);
    assert_eq!(one((0, 4, 2, &[0, 6]), |f| &f.protocol), Some(6));
    assert_eq!(
        one((0, 10, 8, &[0, 0, 0, 1, 0, 0, 0, 0]), |f| &f.in_if_index),
        None
    );
}

#[test]
fn mac_addresses_before_and_after_the_hop() {
    let mac = [0x02, 0, 0x5e, 0x10, 0, 1];
    assert_eq!(
        one((0, 56, 6, &mac), |f| &f.src_mac),
        Some(0x0200_5e10_0001)
    );
    assert_eq!(
        one((0, 80, 6, &mac), |f| &f.dst_mac),
        Some(0x0200_5e10_0001)
    );
    assert_eq!(
        one((0, 57, 6, &mac), |f| &f.dst_mac),
        Some(0x0200_5e10_0001)
    );
    assert_eq!(
        one((0, 81, 6, &mac), |f| &f.src_mac),
        Some(0x0200_5e10_0001)
    );
    let both = flow(&[(0, 57, 6, &[9; 6]), (0, 80, 6, &mac)]);
    assert_eq!(both.out.flows.dst_mac.get(0), Some(&0x0200_5e10_0001));
}

#[test]
fn application_is_engine_and_selector() {
    assert_eq!(
        one((0, 95, 4, &[3, 0, 1, 187]), |f| &f.application_id),
        Some(0x0300_0000_0000_01bb)
    );
    assert_eq!(
        one((0, 95, 1, &[13]), |f| &f.application_id),
        Some(13 << 56)
    );
    assert_eq!(
        one((0, 95, 8, &[20, 0, 0, 1, 2, 3, 4, 5]), |f| &f
            .application_id),
        Some(0x1400_0001_0203_0405)
    );
}

#[test]
fn overlay_segment() {
    let exporter = flow(&[(0, 351, 8, &[1, 0, 0, 0, 0, 0x12, 0x34, 0x56])]);
    assert_eq!(exporter.out.flows.vni.get(0), Some(&0x12_3456));
    assert_eq!(exporter.out.flows.tunnel.get(0), Some(&tunnel::VXLAN));
    assert_eq!(
        one((6876, 892, 8, &[0, 0, 0, 0, 0, 0, 0, 42]), |f| &f.vni),
        Some(42)
    );
}

#[test]
fn the_tunnel_around_the_packet() {
    let told: &[Told<'_>] = &[
        (0, 8, 4, &[192, 0, 2, 10]),
        (6876, 893, 4, &[203, 0, 113, 8]),
        (6876, 894, 4, &[203, 0, 113, 9]),
        (6876, 895, 1, &[17]),
        (6876, 896, 2, &[0x9c, 0x40]),
        (6876, 897, 2, &[0x12, 0xb5]),
        (6876, 891, 1, &[1]),
        (6876, 892, VARIABLE, &[0, 0, 77]),
    ];
    let exporter = flow(told);
    let flows = &exporter.out.flows;
    assert_eq!(flows.src_address.get(0), Some(&mapped([192, 0, 2, 10])));
    assert_eq!(flows.tunnel.get(0), Some(&tunnel::VXLAN));
    assert_eq!(flows.vni.get(0), Some(&77));
    let (src, dst) = (mapped([203, 0, 113, 8]), mapped([203, 0, 113, 9]));
    assert_eq!(flows.tunnel_src_address.get(0), Some(&src));
    assert_eq!(flows.tunnel_dst_address.get(0), Some(&dst));
    for (number, kind) in [
        (0, None),
        (1, Some(tunnel::VXLAN)),
        (2, Some(tunnel::GRE)),
        (3, Some(tunnel::OTHER)),
        (4, Some(tunnel::OTHER)),
        (5, Some(tunnel::GRE)),
        (7, Some(tunnel::GENEVE)),
        (255, Some(tunnel::OTHER)),
    ] {
        let told = one((6876, 891, 1, &[number]), |f| &f.tunnel);
        assert_eq!(told, kind, "{number}");
    }
    // STT's keys have 64 bits, of which a network identifier is none.
    let long = (6876, 892, 8, &[1, 0, 0, 0, 0, 0, 0, 0][..]);
    assert_eq!(one(long, |f| &f.vni), None);
    let unknown = (6876, 893, 4, &[0, 0, 0, 0][..]);
    assert_eq!(one(unknown, |f| &f.tunnel_src_address), None);
}

#[test]
fn labels_end_at_the_bottom_of_the_stack() {
    let stack: &[Told<'_>] = &[
        (0, 72, 3, &[0, 0, 0]),
        (0, 70, 3, &[0x06, 0x40, 0x00]),
        (0, 71, 3, &[0x00, 0x03, 0xe1]),
    ];
    let exporter = flow(stack);
    assert_eq!(
        exporter.out.flows.mpls_labels.get(0),
        Some(&vec![0x6400, 62])
    );
    let no_bottom: &[Told<'_>] = &[(0, 70, 3, &[0x06, 0x40, 0x00]), (0, 71, 3, &[0, 0, 0])];
    assert_eq!(
        flow(no_bottom).out.flows.mpls_labels.get(0),
        Some(&vec![0x6400])
    );
    assert_eq!(one((0, 70, 3, &[0, 0, 0]), |f| &f.mpls_labels), None);
}

#[test]
fn icmp_told_and_hidden() {
    let told = flow(&[(0, 4, 1, &[1]), (0, 11, 2, &[0, 0]), (0, 32, 2, &[8, 0])]);
    assert_eq!(told.out.flows.icmp_type.get(0), Some(&8));
    assert_eq!(told.out.flows.icmp_code.get(0), Some(&0));
    let six = flow(&[(0, 4, 1, &[58]), (0, 139, 2, &[128, 0])]);
    assert_eq!(six.out.flows.icmp_type.get(0), Some(&128));
    for protocol in [1, 58] {
        let hidden = flow(&[(0, 4, 1, &[protocol]), (0, 11, 2, &[3, 1])]);
        assert_eq!(hidden.out.flows.icmp_type.get(0), Some(&3));
        assert_eq!(hidden.out.flows.icmp_code.get(0), Some(&1));
        assert_eq!(hidden.out.flows.dst_port.get(0), Some(&0x0301));
    }
    let other = flow(&[(0, 4, 1, &[6]), (0, 11, 2, &[3, 4])]);
    assert_eq!(other.out.flows.icmp_type.get(0), None);
}

#[test]
fn ports_that_may_mean_something_else_are_no_icmp() {
    for (protocol, src_port, dst_port) in [
        // fprobe has type and code apart; an identifier; both.
        (1, [0, 8], [0, 0]),
        (1, [0, 3], [0, 1]),
        (1, [0, 8], [8, 0]),
        (1, [0x12, 0x34], [0, 0]),
        // Assigned to nothing: payload of a later fragment that was taken for a header.
        (1, [0, 0], [192, 193]),
        (1, [0, 0], [8, 1]),
        (58, [0, 0], [160, 161]),
        (58, [0, 0], [8, 0]),
        // Not told, or an echo reply.
        (1, [0, 0], [0, 0]),
    ] {
        let exporter = flow(&[
            (0, 4, 1, &[protocol]),
            (0, 7, 2, &src_port),
            (0, 11, 2, &dst_port),
        ]);
        let icmp = exporter.out.flows.icmp_type.get(0);
        assert_eq!(icmp, None, "{protocol} {src_port:?} {dst_port:?}");
    }
}

#[test]
fn two_ports_of_zero_are_an_echo_reply_of_who_was_seen_to_hide_icmp() {
    let told = |port: [u8; 2]| -> Vec<u8> {
        let told: &[Told<'_>] = &[(0, 4, 1, &[1]), (0, 7, 2, &[0, 0]), (0, 11, 2, &port)];
        ipfix(&[set(2, &template(256, told)), set(256, &record(told))])
    };
    let mut exporter = Exporter::new();
    let mut types = Vec::new();
    for port in [[0, 0], [8, 0], [0, 0]] {
        exporter.hear(&told(port));
        let row = exporter.out.flows.rows - 1;
        types.push(exporter.out.flows.icmp_type.get(row).copied());
    }
    assert_eq!(types, [None, Some(8), Some(0)]);
}

#[test]
fn a_template_for_both_ip_versions() {
    let long = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9];
    let six = flow(&[(0, 8, 4, &[0; 4]), (0, 27, 16, &long)]);
    assert_eq!(six.out.flows.src_address.get(0), Some(&long));
    let four = flow(&[(0, 27, 16, &[0; 16]), (0, 8, 4, &[192, 0, 2, 3])]);
    assert_eq!(
        four.out.flows.src_address.get(0),
        Some(&mapped([192, 0, 2, 3]))
    );
    let unspecified = flow(&[(0, 60, 1, &[6]), (0, 8, 4, &[0; 4]), (0, 27, 16, &[0; 16])]);
    assert_eq!(unspecified.out.flows.src_address.get(0), Some(&[0; 16]));
    let empty = flow(&[(0, 60, 1, &[4]), (0, 8, 4, &[0; 4]), (0, 27, 16, &long)]);
    assert_eq!(empty.out.flows.src_address.get(0), Some(&mapped([0; 4])));
}

#[test]
fn ports_of_either_transport() {
    let told: &[Told<'_>] = &[
        (0, 180, 2, &[0, 0]),
        (0, 182, 2, &[0, 80]),
        (0, 181, 2, &[0, 53]),
        (0, 183, 2, &[0, 0]),
    ];
    let exporter = flow(told);
    assert_eq!(exporter.out.flows.src_port.get(0), Some(&80));
    assert_eq!(exporter.out.flows.dst_port.get(0), Some(&53));
}

#[test]
fn elements_of_cisco_asa() {
    let exporter = flow9(&[
        (0, 40001, 4, &[192, 0, 2, 50]),
        (0, 40002, 4, &[192, 0, 2, 51]),
        (0, 40003, 2, &[1, 0]),
        (0, 40004, 2, &[2, 0]),
        (0, 40005, 1, &[2]),
    ]);
    let flows = &exporter.out.flows;
    assert_eq!(
        flows.post_nat_src_address.get(0),
        Some(&mapped([192, 0, 2, 50]))
    );
    assert_eq!(
        flows.post_nat_dst_address.get(0),
        Some(&mapped([192, 0, 2, 51]))
    );
    assert_eq!(flows.post_nat_src_port.get(0), Some(&256));
    assert_eq!(flows.post_nat_dst_port.get(0), Some(&512));
    assert_eq!(flows.firewall_event.get(0), Some(&2));
}

#[test]
fn what_no_column_takes_is_skipped_and_counted_or_kept() {
    let told: &[Told<'_>] = &[
        (0, 210, 2, &[0, 0]),
        (9, 12235, 3, b"abc"),
        (0, 4, 1, &[17]),
        (0, 8, 3, &[1, 2, 3]),
    ];
    let exporter = flow(told);
    assert_eq!(exporter.out.skipped_elements, 2);
    assert_eq!(exporter.out.flows.protocol.get(0), Some(&17));
    assert!(exporter.out.flows.raw_elements.is_untold());
    let mut raw = Exporter::raw();
    raw.hear(&crate::messages::ipfix(&[
        crate::messages::set(2, &crate::messages::template(300, told)),
        crate::messages::set(300, &crate::messages::record(told)),
    ]));
    let kept = vec![(9, 12235, b"abc".to_vec()), (0, 8, vec![1, 2, 3])];
    assert_eq!(raw.out.flows.raw_elements.get(0), Some(&kept));
}

#[test]
fn the_observing_interface_is_the_one_of_the_direction() {
    let ends = |direction: &'static [u8]| {
        let mut told: Vec<Told<'_>> = vec![(0, 10, 4, &[0, 0, 0, 3]), (0, 14, 4, &[0, 0, 0, 5])];
        if !direction.is_empty() {
            told.push((0, 61, 1, direction));
        }
        flow(&told).out.observed
    };
    assert_eq!(ends(&[0]), [3]);
    assert_eq!(ends(&[1]), [5]);
    assert_eq!(ends(&[]), [3]);
    assert_eq!(flow(&[(0, 14, 2, &[0, 5])]).out.observed, [5]);
    assert_eq!(flow(&[(0, 4, 1, &[6])]).out.observed, [0]);
}
