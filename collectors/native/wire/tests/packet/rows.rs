//! Packets as rows.

use crate::frames::*;
use crate::samples::*;
use wire::packet::{decode, write, Link, Packet};
use wire::rows::{header_problem, tunnel, Flows};

#[test]
fn a_row_has_what_the_packet_has_and_nothing_else() {
    let mut flows = Flows::default();
    let samples = samples();
    for (row, sample) in samples.iter().enumerate() {
        write(&decode(sample.link, &sample.bytes), row, &mut flows);
    }
    flows.rows = samples.len();
    flows.fill();
    for (row, sample) in samples.iter().enumerate() {
        let Packet { ip, inner, .. } = sample.expected;
        let packet = &sample.expected;
        let name = sample.name;
        let has_ip = |value: u8| (ip.version != 0).then_some(value);
        assert_eq!(
            flows.src_mac.get(row),
            packet.has_ethernet.then_some(&packet.src_mac),
            "{name}"
        );
        assert_eq!(
            flows.dst_mac.get(row),
            packet.has_ethernet.then_some(&packet.dst_mac),
            "{name}"
        );
        assert_eq!(flows.src_vlan.get(row).copied(), packet.vlan, "{name}");
        assert_eq!(
            flows.customer_vlan.get(row).copied(),
            packet.customer_vlan,
            "{name}"
        );
        assert_eq!(
            flows.ether_type.get(row).copied().unwrap_or(0),
            packet.ether_type,
            "{name}"
        );
        assert_eq!(
            flows.src_address.get(row).is_some(),
            ip.version != 0,
            "{name}"
        );
        assert_eq!(
            flows.src_address.get(row).copied().unwrap_or_default(),
            ip.src_address,
            "{name}"
        );
        assert_eq!(
            flows.dst_address.get(row).copied().unwrap_or_default(),
            ip.dst_address,
            "{name}"
        );
        assert_eq!(
            flows.protocol.get(row).copied().unwrap_or(0),
            ip.protocol,
            "{name}"
        );
        assert_eq!(flows.ip_tos.get(row).copied(), has_ip(ip.tos), "{name}");
        assert_eq!(flows.ip_ttl.get(row).copied(), has_ip(ip.ttl), "{name}");
        assert_eq!(
            flows.src_port.get(row).copied(),
            ip.ports.map(|ports| ports.0),
            "{name}"
        );
        assert_eq!(
            flows.dst_port.get(row).copied(),
            ip.ports.map(|ports| ports.1),
            "{name}"
        );
        assert_eq!(flows.tcp_flags.get(row).copied(), ip.tcp_flags, "{name}");
        assert_eq!(
            flows.icmp_type.get(row).copied(),
            ip.icmp.map(|icmp| icmp.0),
            "{name}"
        );
        assert_eq!(
            flows.icmp_code.get(row).copied(),
            ip.icmp.map(|icmp| icmp.1),
            "{name}"
        );
        assert_eq!(
            flows.ip_fragment_id.get(row).copied(),
            ip.fragment_id,
            "{name}"
        );
        assert_eq!(
            flows.ip_fragment_offset.get(row).copied(),
            ip.fragment_offset,
            "{name}"
        );
        let flow_label = (ip.version == 6).then_some(ip.flow_label);
        assert_eq!(
            flows.ipv6_flow_label.get(row).copied(),
            flow_label,
            "{name}"
        );
        let labels = &packet.mpls_labels[..usize::from(packet.mpls_count)];
        assert_eq!(
            flows.mpls_labels.get(row).map_or(&[][..], |kept| kept),
            labels,
            "{name}"
        );
        assert_eq!(
            flows.tunnel.get(row).copied().unwrap_or(0),
            packet.tunnel,
            "{name}"
        );
        assert_eq!(flows.vni.get(row).copied(), packet.vni, "{name}");
        let has_frame = packet.has_inner_ethernet;
        assert_eq!(
            flows.inner_src_mac.get(row),
            has_frame.then_some(&packet.inner_src_mac),
            "{name}"
        );
        assert_eq!(
            flows.inner_dst_mac.get(row),
            has_frame.then_some(&packet.inner_dst_mac),
            "{name}"
        );
        assert_eq!(
            flows.inner_src_address.get(row).is_some(),
            inner.version != 0,
            "{name}"
        );
        assert_eq!(
            flows
                .inner_src_address
                .get(row)
                .copied()
                .unwrap_or_default(),
            inner.src_address,
            "{name}"
        );
        assert_eq!(
            flows
                .inner_dst_address
                .get(row)
                .copied()
                .unwrap_or_default(),
            inner.dst_address,
            "{name}"
        );
        assert_eq!(
            flows.inner_protocol.get(row).copied().unwrap_or(0),
            inner.protocol,
            "{name}"
        );
        assert_eq!(
            flows.inner_src_port.get(row).copied(),
            inner.ports.map(|ports| ports.0),
            "{name}"
        );
        assert_eq!(
            flows.inner_dst_port.get(row).copied(),
            inner.ports.map(|ports| ports.1),
            "{name}"
        );
        assert_eq!(flows.header_problem.get(row), None, "{name}");
    }
}

#[test]
fn what_was_cut_is_missing_and_the_problem_is_there() {
    let mut flows = Flows::default();
    let vxlan = join(&[&[8, 0, 0, 0, 0, 0, 9, 0], &inner_frame()]);
    let bytes = join(&[&ethernet(0x0800), &ip4(17, &udp(4789, &vxlan))]);
    // Five bytes of the inner IP header are there.
    write(
        &decode(Link::Ethernet, &bytes[..14 + 20 + 8 + 8 + 14 + 5]),
        3,
        &mut flows,
    );
    flows.rows = 4;
    flows.fill();
    assert_eq!(
        flows.header_problem.get(3),
        Some(&header_problem::CUT_INNER)
    );
    assert_eq!(flows.tunnel.get(3), Some(&tunnel::VXLAN));
    assert_eq!(flows.vni.get(3), Some(&9));
    assert_eq!(flows.inner_src_mac.get(3), Some(&INNER_SRC_MAC));
    assert_eq!(flows.inner_src_address.get(3), None);
    assert_eq!(flows.inner_protocol.get(3), None);
    assert_eq!(flows.src_address.get(2), None);
}
