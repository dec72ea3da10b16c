//! A packet as a row of `flows`.

use super::{Ip, Packet};
use crate::rows::Flows;

/// Fill the columns of row `row` that a packet's headers tell, and leave those missing that they do not.
///
/// Bytes, packets, times and everything of the exporter are the caller's. `row` must not be before the end of the columns.
#[inline]
pub fn write(packet: &Packet, row: usize, flows: &mut Flows) {
    if packet.has_ethernet {
        flows.src_mac.set(row, packet.src_mac);
        flows.dst_mac.set(row, packet.dst_mac);
    }
    if packet.ether_type != 0 {
        flows.ether_type.set(row, packet.ether_type);
    }
    if let Some(vlan) = packet.vlan {
        flows.src_vlan.set(row, vlan);
    }
    if let Some(vlan) = packet.customer_vlan {
        flows.customer_vlan.set(row, vlan);
    }
    if packet.ip.version != 0 {
        outer(&packet.ip, row, flows);
    }
    if packet.mpls_count != 0 {
        let labels = packet.mpls_labels.iter().copied();
        let labels = labels.take(usize::from(packet.mpls_count)).collect();
        flows.mpls_labels.set(row, labels);
    }
    if packet.tunnel != 0 {
        inside(packet, row, flows);
    }
    if packet.problem != 0 {
        flows.header_problem.set(row, packet.problem);
    }
}

#[inline]
fn outer(ip: &Ip, row: usize, flows: &mut Flows) {
    flows.src_address.set(row, ip.src_address);
    flows.dst_address.set(row, ip.dst_address);
    flows.ip_tos.set(row, ip.tos);
    flows.ip_ttl.set(row, ip.ttl);
    if ip.protocol != 0 {
        flows.protocol.set(row, ip.protocol);
    }
    if let Some((src, dst)) = ip.ports {
        flows.src_port.set(row, src);
        flows.dst_port.set(row, dst);
    }
    if let Some(flags) = ip.tcp_flags {
        flows.tcp_flags.set(row, flags);
    }
    if let Some((kind, code)) = ip.icmp {
        flows.icmp_type.set(row, kind);
        flows.icmp_code.set(row, code);
    }
    if ip.version == 6 {
        flows.ipv6_flow_label.set(row, ip.flow_label);
    }
    if let Some(id) = ip.fragment_id {
        flows.ip_fragment_id.set(row, id);
    }
    if let Some(offset) = ip.fragment_offset {
        flows.ip_fragment_offset.set(row, offset);
    }
}

#[cold]
fn inside(packet: &Packet, row: usize, flows: &mut Flows) {
    flows.tunnel.set(row, packet.tunnel);
    if let Some(vni) = packet.vni {
        flows.vni.set(row, vni);
    }
    if packet.has_inner_ethernet {
        flows.inner_src_mac.set(row, packet.inner_src_mac);
        flows.inner_dst_mac.set(row, packet.inner_dst_mac);
    }
    let ip = &packet.inner;
    if ip.version == 0 {
        return;
    }
    flows.inner_src_address.set(row, ip.src_address);
    flows.inner_dst_address.set(row, ip.dst_address);
    if ip.protocol != 0 {
        flows.inner_protocol.set(row, ip.protocol);
    }
    if let Some((src, dst)) = ip.ports {
        flows.inner_src_port.set(row, src);
        flows.inner_dst_port.set(row, dst);
    }
}
