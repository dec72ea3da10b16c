//! Packets made by hand, and what is in them.

use crate::frames::*;
use wire::packet::{decode, Ip, Link, Packet};
use wire::rows::{header_problem, tunnel};

/// An IPv4 address mapped into IPv6.
fn v4(address: [u8; 4]) -> [u8; 16] {
    std::net::Ipv4Addr::from(address).to_ipv6_mapped().octets()
}

/// What [`ip4`] gives, with TCP behind it.
fn ip4_tcp() -> Ip {
    Ip {
        version: 4,
        src_address: v4([192, 0, 2, 1]),
        dst_address: v4([198, 51, 100, 2]),
        protocol: 6,
        tos: 0xb8,
        ttl: 61,
        bytes: 40,
        flow_label: 0,
        fragment_id: Some(0x1234),
        fragment_offset: Some(0),
        more_fragments: false,
        ports: Some((51_234, 443)),
        tcp_flags: Some(0x0c2),
        icmp: None,
    }
}

/// A packet with the outer Ethernet addresses.
fn framed(ether_type: u16, ip: Ip) -> Packet {
    Packet {
        has_ethernet: true,
        src_mac: SRC_MAC,
        dst_mac: DST_MAC,
        ether_type,
        ip,
        ..Packet::default()
    }
}

#[test]
fn ethernet_ip4_tcp() {
    let bytes = join(&[&ethernet(0x0800), &ip4(6, &tcp())]);
    assert_eq!(decode(Link::Ethernet, &bytes), framed(0x0800, ip4_tcp()));
}

#[test]
fn vxlan_gives_outer_inner_and_network() {
    let inside = join(&[&inner_ethernet(0x0800), &ip4(6, &tcp())]);
    let vxlan = join(&[&[8, 0, 0, 0, 0, 0x12, 0x34, 0], &inside]);
    let bytes = join(&[&ethernet(0x0800), &ip4(17, &udp(4789, &vxlan))]);
    let outer = Ip {
        protocol: 17,
        bytes: 20 + 8 + 8 + 14 + 40,
        ports: Some((40_000, 4789)),
        tcp_flags: None,
        ..ip4_tcp()
    };
    let expected = Packet {
        tunnel: tunnel::VXLAN,
        vni: Some(0x1234),
        has_inner_ethernet: true,
        inner_src_mac: INNER_SRC_MAC,
        inner_dst_mac: INNER_DST_MAC,
        inner: ip4_tcp(),
        ..framed(0x0800, outer)
    };
    assert_eq!(decode(Link::Ethernet, &bytes), expected);
}

#[test]
fn a_cut_transport_header_leaves_the_rest() {
    let bytes = join(&[&ethernet(0x0800), &ip4(6, &tcp())]);
    let ip = Ip {
        tcp_flags: None,
        ..ip4_tcp()
    };
    let expected = Packet {
        problem: header_problem::CUT_TRANSPORT,
        problem_offset: 34,
        ..framed(0x0800, ip)
    };
    assert_eq!(decode(Link::Ethernet, &bytes[..40]), expected);
}
