//! What stops the reading although nothing is cut.

use crate::frames::*;
use crate::samples::*;
use wire::packet::{decode, Ip, Link, Packet};
use wire::rows::{header_problem as problem, tunnel};

fn stopped(packet: Packet, problem: u8, problem_offset: u16) -> Packet {
    Packet {
        problem,
        problem_offset,
        ..packet
    }
}

#[test]
fn more_tags_than_any_network_has() {
    let tags = tag(1, 0x8100).repeat(100);
    let read = decode(Link::Ethernet, &join(&[&ethernet(0x8100), &tags]));
    assert_eq!(
        (read.problem, read.problem_offset),
        (problem::TOO_MANY_LAYERS, 14 + 6 * 4)
    );
    assert_eq!(read.vlan_bytes, 24);
}

#[test]
fn ten_labels_are_read_and_the_eleventh_is_too_many() {
    let labels: Vec<u8> = (16..26)
        .flat_map(|number| label(number, number == 25))
        .collect();
    let packet = ip4(6, &tcp());
    let read = decode(
        Link::Ethernet,
        &join(&[&ethernet(0x8847), &labels, &packet]),
    );
    assert_eq!(read.mpls_labels, [16, 17, 18, 19, 20, 21, 22, 23, 24, 25]);
    assert_eq!(read.ip, with_tcp(ip4_read(6, 20)));
    let more = join(&[
        &ethernet(0x8847),
        &label(7, false).repeat(10),
        &label(7, true),
        &packet,
    ]);
    let read = decode(Link::Ethernet, &more);
    assert_eq!(
        (read.problem, read.problem_offset),
        (problem::TOO_MANY_LAYERS, 14 + 40)
    );
    assert_eq!((read.mpls_count, read.ip), (10, Ip::NOTHING));
}

#[test]
fn more_extension_headers_than_any_packet_has() {
    let chain = |count: usize| {
        let mut headers = [60, 0, 1, 4, 0, 0, 0, 0].repeat(count);
        let last = headers.len() - 8;
        headers[last] = 6;
        join(&[&ethernet(0x86dd), &ip6(60, &join(&[&headers, &tcp()]))])
    };
    assert_eq!(
        decode(Link::Ethernet, &chain(10)).ip.ports,
        Some((51_234, 443))
    );
    let read = decode(Link::Ethernet, &chain(11));
    assert_eq!(
        (read.problem, read.problem_offset),
        (problem::TOO_MANY_LAYERS, 54 + 80)
    );
    assert_eq!(
        (read.ip.version, read.ip.protocol, read.ip.ports),
        (6, 0, None)
    );
}

#[test]
fn a_tunnel_in_a_tunnel_is_named_and_not_followed() {
    let innermost = ip4(6, &tcp());
    let middle = ip4(4, &innermost);
    let read = decode(
        Link::Ethernet,
        &join(&[&ethernet(0x0800), &ip4(4, &middle)]),
    );
    let expected = Packet {
        tunnel: tunnel::IPIP,
        inner: ip4_read(4, 40),
        ..framed(0x0800, ip4_read(4, 60))
    };
    assert_eq!(
        read,
        stopped(expected, problem::TOO_MANY_LAYERS, 14 + 20 + 20)
    );
    // As deep as one likes.
    let mut deep = ip4(6, &tcp());
    for _ in 0..500 {
        deep = ip4(4, &deep);
    }
    let read = decode(Link::Ipv4, &deep);
    assert_eq!(
        (read.problem, read.problem_offset),
        (problem::TOO_MANY_LAYERS, 40)
    );
}

#[test]
fn another_version_than_was_announced() {
    for (link, bytes) in [(Link::Ipv4, ip6(6, &tcp())), (Link::Ipv6, ip4(6, &tcp()))] {
        let read = decode(link, &bytes);
        assert_eq!(
            (read.problem, read.problem_offset),
            (problem::BAD_IP_VERSION, 0)
        );
        assert_eq!(read.ip, Ip::NOTHING);
    }
    let inside = decode(Link::Ipv4, &ip4(4, &ip6(6, &tcp())));
    assert_eq!(
        (inside.problem, inside.problem_offset),
        (problem::BAD_IP_VERSION, 20)
    );
}

#[test]
fn a_packet_that_ends_before_its_transport_header_does_not_borrow_from_the_padding() {
    let cut = &tcp()[..6];
    let bytes = join(&[&ethernet(0x0800), &ip4(6, cut), &[0x50; 30]]);
    let ip = Ip {
        ports: Some((51_234, 443)),
        ..ip4_read(6, 6)
    };
    let expected = stopped(framed(0x0800, ip), problem::BAD_IP_LENGTH, 34);
    assert_eq!(decode(Link::Ethernet, &bytes), expected);
}

#[test]
fn lengths_that_cannot_be() {
    let mut short = ip4(6, &tcp());
    short[0] = 0x44;
    let mut less = ip4(6, &tcp());
    less[2..4].copy_from_slice(&19_u16.to_be_bytes());
    for bytes in [short, less] {
        let read = decode(Link::Ipv4, &bytes);
        assert_eq!(
            (read.problem, read.problem_offset),
            (problem::BAD_IP_LENGTH, 0)
        );
        assert_eq!((read.ip.protocol, read.ip.ports), (6, None));
    }
}

#[test]
fn a_length_of_zero_is_a_packet_before_segmentation() {
    let mut big = ip4(6, &tcp());
    big[2..4].copy_from_slice(&[0, 0]);
    assert_eq!(
        decode(Link::Ipv4, &big).ip,
        Ip {
            bytes: 0,
            ..with_tcp(ip4_read(6, 20))
        }
    );
    let mut big = ip6(6, &tcp());
    big[4..6].copy_from_slice(&[0, 0]);
    assert_eq!(
        decode(Link::Ipv6, &big).ip,
        Ip {
            bytes: 40,
            ..with_tcp(ip6_read(6, 20))
        }
    );
}

#[test]
fn the_port_of_a_tunnel_alone_makes_no_tunnel() {
    // A resolver's answer to somebody whose port is 4789, 8472 or 6081.
    let answer = [
        0x08, 0x35, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0, 3, 119, 119, 119,
    ];
    for port in [4789, 8472, 6081] {
        for payload in [answer.to_vec(), vec![], vec![8, 0, 0, 0], inner_frame()] {
            let bytes = join(&[&ethernet(0x0800), &ip4(17, &udp(port, &payload))]);
            let expected = framed(0x0800, with_udp(ip4_read(17, 8 + payload.len()), port));
            assert_eq!(
                decode(Link::Ethernet, &bytes),
                expected,
                "{port} {payload:?}"
            );
        }
    }
}

#[test]
fn a_first_fragment_that_ends_in_its_transport_header_is_cut_and_not_wrong() {
    let form = Ip4 {
        options: &[],
        flags_offset: 0x2000,
        protocol: 6,
    };
    let read = decode(Link::Ipv4, &ip4_of(&form, &tcp()[..8]));
    assert_eq!(
        (read.problem, read.problem_offset),
        (problem::CUT_TRANSPORT, 20)
    );
    assert_eq!(read.ip.ports, Some((51_234, 443)));
    let fragment = [6, 0, 0, 1, 0, 0, 0, 9];
    let read = decode(Link::Ipv6, &ip6(44, &join(&[&fragment, &tcp()[..8]])));
    assert_eq!(
        (read.problem, read.problem_offset),
        (problem::CUT_TRANSPORT, 48)
    );
    assert_eq!(read.ip.ports, Some((51_234, 443)));
}

#[test]
fn a_packet_of_ip6_does_not_borrow_from_the_padding_either() {
    let bytes = join(&[&ethernet(0x86dd), &ip6(6, &tcp()[..3]), &[0x50; 30]]);
    let expected = stopped(framed(0x86dd, ip6_read(6, 3)), problem::BAD_IP_LENGTH, 54);
    assert_eq!(decode(Link::Ethernet, &bytes), expected);
}

#[test]
fn labels_and_sessions_in_a_tunnel_are_one_layer_too_many() {
    for kind in [0x8847, 0x8848, 0x8864] {
        let frame = join(&[&inner_ethernet(kind), &label(5, true), &ip4(6, &tcp())]);
        let vxlan = udp(4789, &join(&[&[8, 0, 0, 0, 0, 0, 1, 0], &frame]));
        let read = decode(Link::Ipv4, &ip4(17, &vxlan));
        let stop = (read.problem, read.problem_offset);
        assert_eq!(
            stop,
            (problem::TOO_MANY_LAYERS, 20 + 8 + 8 + 14),
            "{kind:x}"
        );
        assert_eq!(
            (read.inner_src_mac, read.inner),
            (INNER_SRC_MAC, Ip::NOTHING)
        );
    }
}

#[test]
fn a_type_of_another_organisation_is_no_ethernet_type() {
    let cisco = [0xaa, 0xaa, 3, 0, 0, 0x0c, 8, 0];
    let bytes = join(&[&ethernet(48), &cisco, &ip4(6, &tcp())]);
    assert_eq!(decode(Link::Ethernet, &bytes), framed(0, Ip::NOTHING));
    let bridged = [0xaa, 0xaa, 3, 0, 0, 0xf8, 8, 0];
    let bytes = join(&[&ethernet(48), &bridged, &ip4(6, &tcp())]);
    assert_eq!(decode(Link::Ethernet, &bytes).ip, with_tcp(ip4_read(6, 20)));
}

#[test]
fn ppp_of_something_else_than_ip() {
    // A discovery code, another version, and LCP.
    for head in [
        [0x11, 9, 0, 7, 0, 42, 0, 0x21],
        [0x21, 0, 0, 7, 0, 42, 0, 0x21],
        [0x11, 0, 0, 7, 0, 42, 0xc0, 0x21],
    ] {
        let bytes = join(&[&ethernet(0x8864), &head, &ip4(6, &tcp())]);
        assert_eq!(decode(Link::Ethernet, &bytes), framed(0x8864, Ip::NOTHING));
    }
    let six = join(&[
        &ethernet(0x8864),
        &[0x11, 0, 0, 7, 0, 62, 0, 0x57],
        &ip6(6, &tcp()),
    ]);
    assert_eq!(
        decode(Link::Ethernet, &six),
        framed(0x8864, with_tcp(ip6_read(6, 20)))
    );
}
