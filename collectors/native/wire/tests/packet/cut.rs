//! Samples that end anywhere.

use crate::samples::samples;
use wire::packet::{decode, Ip, Packet};
use wire::rows::header_problem;

/// Assert that `part` says nothing that `whole` does not.
pub fn assert_part(part: &Packet, whole: &Packet, context: &str) {
    let told = |is_told: bool, is_same: bool, field: &str| {
        assert!(
            !is_told || is_same,
            "{field} of {context}: {part:?}\n{whole:?}"
        );
    };
    told(part.has_ethernet, whole.has_ethernet, "has_ethernet");
    let macs = (part.src_mac, part.dst_mac);
    told(
        macs != (0, 0),
        macs == (whole.src_mac, whole.dst_mac),
        "MACs",
    );
    told(part.vlan.is_some(), part.vlan == whole.vlan, "vlan");
    told(
        part.customer_vlan.is_some(),
        part.customer_vlan == whole.customer_vlan,
        "customer_vlan",
    );
    assert!(part.vlan_bytes <= whole.vlan_bytes, "{context}");
    told(
        part.ether_type != 0,
        part.ether_type == whole.ether_type,
        "ether_type",
    );
    let count = usize::from(part.mpls_count);
    assert!(part.mpls_count <= whole.mpls_count, "{context}");
    assert_eq!(
        part.mpls_labels[..count],
        whole.mpls_labels[..count],
        "{context}"
    );
    told(part.tunnel != 0, part.tunnel == whole.tunnel, "tunnel");
    told(part.vni.is_some(), part.vni == whole.vni, "vni");
    told(
        part.has_inner_ethernet,
        whole.has_inner_ethernet,
        "has_inner_ethernet",
    );
    let macs = (part.inner_src_mac, part.inner_dst_mac);
    told(
        macs != (0, 0),
        macs == (whole.inner_src_mac, whole.inner_dst_mac),
        "inner MACs",
    );
    assert_part_ip(&part.ip, &whole.ip, context);
    assert_part_ip(&part.inner, &whole.inner, context);
}

fn assert_part_ip(part: &Ip, whole: &Ip, context: &str) {
    if part.version == 0 {
        assert_eq!(*part, Ip::NOTHING, "{context}");
        return;
    }
    let reduced = Ip {
        protocol: if part.protocol == 0 {
            0
        } else {
            whole.protocol
        },
        fragment_id: part.fragment_id.and(whole.fragment_id),
        fragment_offset: part.fragment_offset.and(whole.fragment_offset),
        more_fragments: part.fragment_offset.is_some() && whole.more_fragments,
        ports: part.ports.and(whole.ports),
        tcp_flags: part.tcp_flags.and(whole.tcp_flags),
        icmp: part.icmp.and(whole.icmp),
        ..*whole
    };
    assert_eq!(*part, reduced, "{context}");
}

#[test]
fn a_sample_that_is_cut_says_in_which_structure_and_nothing_from_behind() {
    for sample in samples() {
        for length in 0..=sample.bytes.len() {
            let read = decode(sample.link, &sample.bytes[..length]);
            let context = format!("{} cut at {length}", sample.name);
            assert_part(&read, &sample.expected, &context);
            let mut begin = 0;
            let mut cut = (header_problem::NONE, 0);
            for &(size, problem) in &sample.structures {
                if begin + size > length {
                    cut = (problem, begin as u16);
                    break;
                }
                begin += size;
            }
            assert_eq!((read.problem, read.problem_offset), cut, "{context}");
            if cut.0 == header_problem::NONE {
                assert_eq!(read, sample.expected, "{context}");
            }
        }
    }
}
