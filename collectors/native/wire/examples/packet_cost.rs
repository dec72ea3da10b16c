//! What decoding and writing one sampled header costs: `cargo run --release -p wire --example packet_cost [WORDS]`, of all packets or those whose name begins with the words.

use std::hint::black_box;
use std::time::Instant;
use wire::packet::{read, write, Link, Packet};
use wire::rows::Flows;

#[path = "../tests/packet/frames.rs"]
mod frames;
use frames::*;

const ROWS: usize = 4096;
const ROUNDS: usize = 400;

fn clear(flows: &mut Flows) {
    flows.src_mac.clear();
    flows.dst_mac.clear();
    flows.ether_type.clear();
    flows.src_vlan.clear();
    flows.customer_vlan.clear();
    flows.src_address.clear();
    flows.dst_address.clear();
    flows.ip_tos.clear();
    flows.ip_ttl.clear();
    flows.protocol.clear();
    flows.src_port.clear();
    flows.dst_port.clear();
    flows.tcp_flags.clear();
    flows.icmp_type.clear();
    flows.icmp_code.clear();
    flows.ipv6_flow_label.clear();
    flows.ip_fragment_id.clear();
    flows.ip_fragment_offset.clear();
    flows.mpls_labels.clear();
    flows.tunnel.clear();
    flows.vni.clear();
    flows.inner_src_mac.clear();
    flows.inner_dst_mac.clear();
    flows.inner_src_address.clear();
    flows.inner_dst_address.clear();
    flows.inner_protocol.clear();
    flows.inner_src_port.clear();
    flows.inner_dst_port.clear();
    flows.header_problem.clear();
}

/// Best of all rounds, in nanoseconds a packet.
fn best(mut round: impl FnMut()) -> f64 {
    let mut least = f64::MAX;
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        round();
        least = least.min(begin.elapsed().as_secs_f64());
    }
    least * 1e9 / ROWS as f64
}

fn main() {
    let inner = join(&[&inner_ethernet(0x0800), &ip4(6, &tcp())]);
    let vxlan = join(&[&[8, 0, 0, 0, 0, 0x12, 0x34, 0], &inner]);
    let packets = [
        (
            "Ethernet IPv4 TCP",
            join(&[&ethernet(0x0800), &ip4(6, &tcp()), &[0; 74]]),
        ),
        (
            "Ethernet VLAN IPv4 TCP",
            join(&[&ethernet(0x8100), &tag(100, 0x0800), &ip4(6, &tcp())]),
        ),
        (
            "Ethernet IPv6 UDP",
            join(&[&ethernet(0x86dd), &ip6(17, &udp(53, &[0; 60]))]),
        ),
        (
            "Ethernet IPv4 VXLAN Ethernet IPv4 TCP",
            join(&[&ethernet(0x0800), &ip4(17, &udp(4789, &vxlan))]),
        ),
        (
            "Ethernet MPLS control word Ethernet IPv4 TCP",
            join(&[&ethernet(0x8847), &label(77, true), &[0; 4], &inner]),
        ),
    ];
    let only = std::env::args().nth(1).unwrap_or_default();
    for (name, bytes) in packets {
        if !name.starts_with(&only) {
            continue;
        }
        // Copies at different places, as the samples of a datagram are.
        let samples = vec![bytes; 64];
        let mut packet = Packet::default();
        let decoding = best(|| {
            for row in 0..ROWS {
                read(Link::Ethernet, black_box(&samples[row % 64]), &mut packet);
                black_box(&packet);
            }
        });
        let mut flows = Flows::default();
        let both = best(|| {
            clear(&mut flows);
            for row in 0..ROWS {
                read(Link::Ethernet, black_box(&samples[row % 64]), &mut packet);
                write(&packet, row, &mut flows);
            }
            black_box(&flows);
        });
        println!("{name}: decode {decoding:.1} ns, decode and write {both:.1} ns");
    }
}
