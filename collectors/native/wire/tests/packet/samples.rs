//! One packet of every structure, what is in it, and where its structures end.

use crate::frames::*;
use wire::packet::{decode, Ip, Link, Packet};
use wire::rows::{header_problem as problem, tunnel};

/// A packet and what has to be read of it.
pub struct Sample {
    pub name: &'static str,
    pub link: Link,
    pub bytes: Vec<u8>,
    /// Bytes of each structure, in order, and the problem of a sample that is cut in it.
    pub structures: Vec<(usize, u8)>,
    pub expected: Packet,
}

/// An IPv4 address mapped into IPv6.
pub fn v4(address: [u8; 4]) -> [u8; 16] {
    std::net::Ipv4Addr::from(address).to_ipv6_mapped().octets()
}

/// What [`ip4`] gives, without what it carries.
pub fn ip4_read(protocol: u8, payload: usize) -> Ip {
    Ip {
        version: 4,
        src_address: v4([192, 0, 2, 1]),
        dst_address: v4([198, 51, 100, 2]),
        protocol,
        tos: 0xb8,
        ttl: 61,
        bytes: 20 + payload as u32,
        fragment_id: Some(0x1234),
        fragment_offset: Some(0),
        ..Ip::NOTHING
    }
}

/// What [`ip6`] gives, without what it carries.
pub fn ip6_read(protocol: u8, payload: usize) -> Ip {
    Ip {
        version: 6,
        src_address: IP6_SRC,
        dst_address: IP6_DST,
        protocol,
        tos: 0xb8,
        ttl: 61,
        bytes: 40 + payload as u32,
        flow_label: 0x5_4321,
        ..Ip::NOTHING
    }
}

/// With what [`tcp`] gives.
pub fn with_tcp(ip: Ip) -> Ip {
    Ip {
        ports: Some((51_234, 443)),
        tcp_flags: Some(0x0c2),
        ..ip
    }
}

/// With what [`udp`] gives.
pub fn with_udp(ip: Ip, dst: u16) -> Ip {
    Ip {
        ports: Some((40_000, dst)),
        ..ip
    }
}

/// In a frame with the outer Ethernet addresses.
pub fn framed(ether_type: u16, ip: Ip) -> Packet {
    Packet {
        has_ethernet: true,
        src_mac: SRC_MAC,
        dst_mac: DST_MAC,
        ether_type,
        ip,
        ..Packet::NOTHING
    }
}

/// With a packet inside, in a frame of its own.
pub fn with_frame(packet: Packet, inner: Ip) -> Packet {
    Packet {
        has_inner_ethernet: true,
        inner_src_mac: INNER_SRC_MAC,
        inner_dst_mac: INNER_DST_MAC,
        inner,
        ..packet
    }
}

/// A whole frame of the inner addresses.
pub fn inner_frame() -> Vec<u8> {
    join(&[&inner_ethernet(0x0800), &ip4(6, &tcp())])
}

/// The three structures of [`inner_frame`].
const INNER: [(usize, u8); 3] = [
    (14, problem::CUT_INNER),
    (20, problem::CUT_INNER),
    (20, problem::CUT_INNER),
];
const ETHERNET: (usize, u8) = (14, problem::CUT_ETHERNET);
const TAG: (usize, u8) = (4, problem::CUT_VLAN);
const LABEL: (usize, u8) = (4, problem::CUT_MPLS);
const IP4: (usize, u8) = (20, problem::CUT_IP);
const IP6: (usize, u8) = (40, problem::CUT_IP);

const fn transport(size: usize) -> (usize, u8) {
    (size, problem::CUT_TRANSPORT)
}

const fn extension(size: usize) -> (usize, u8) {
    (size, problem::CUT_EXTENSION)
}

const fn header(size: usize) -> (usize, u8) {
    (size, problem::CUT_TUNNEL)
}

/// In an Ethernet frame.
fn on_ethernet(
    name: &'static str,
    layers: &[&[u8]],
    structures: &[(usize, u8)],
    expected: Packet,
) -> Sample {
    let mut all = vec![ETHERNET];
    all.extend(structures);
    Sample {
        name,
        link: Link::Ethernet,
        bytes: join(layers),
        structures: all,
        expected,
    }
}

fn frames_and_tags() -> Vec<Sample> {
    let packet = ip4(6, &tcp());
    let ip = with_tcp(ip4_read(6, 20));
    let behind = [IP4, transport(20)];
    let tagged = |outer, inner, bytes| Packet {
        vlan: Some(outer),
        customer_vlan: inner,
        vlan_bytes: bytes,
        ..framed(0x0800, ip)
    };
    let mut samples = vec![
        on_ethernet(
            "plain",
            &[&ethernet(0x0800), &packet],
            &behind,
            framed(0x0800, ip),
        ),
        on_ethernet(
            "SNAP",
            &[&ethernet(8 + 40), &[0xaa, 0xaa, 3, 0, 0, 0, 8, 0], &packet],
            &[(8, problem::CUT_ETHERNET), IP4, transport(20)],
            framed(0x0800, ip),
        ),
        on_ethernet(
            "spanning tree",
            &[&ethernet(38), &[0x42, 0x42, 3]],
            &[(3, problem::CUT_ETHERNET)],
            framed(0, Ip::NOTHING),
        ),
        on_ethernet(
            "LLDP",
            &[&ethernet(0x88cc), &[2, 7, 4]],
            &[],
            framed(0x88cc, Ip::NOTHING),
        ),
        on_ethernet(
            "three tags",
            &[
                &ethernet(0x9100),
                &tag(10, 0x88a8),
                &tag(20, 0x8100),
                &tag(30, 0x0800),
                &packet,
            ],
            &[TAG, TAG, TAG, IP4, transport(20)],
            tagged(10, Some(20), 12),
        ),
        on_ethernet(
            "PPPoE",
            &[&ethernet(0x8864), &[0x11, 0, 0, 7, 0, 42, 0, 0x21], &packet],
            &[header(8), IP4, transport(20)],
            framed(0x8864, ip),
        ),
    ];
    for kind in [0x8100, 0x88a8, 0x9100, 0x9200, 0x9300] {
        samples.push(on_ethernet(
            "one tag",
            &[&ethernet(kind), &tag(4094, 0x0800), &packet],
            &[TAG, IP4, transport(20)],
            tagged(4094, None, 4),
        ));
        samples.push(on_ethernet(
            "two tags",
            &[&ethernet(kind), &tag(0, 0x8100), &tag(7, 0x0800), &packet],
            &[TAG, TAG, IP4, transport(20)],
            tagged(0, Some(7), 8),
        ));
    }
    samples
}

fn transports() -> Vec<Sample> {
    let mut samples = Vec::new();
    let ports = Some((40_000, 53));
    let cases: [(&'static str, u8, Vec<u8>, Ip); 6] = [
        (
            "UDP",
            17,
            udp(53, &[]),
            Ip {
                ports,
                ..Ip::NOTHING
            },
        ),
        (
            "UDP-Lite",
            136,
            udp(53, &[]),
            Ip {
                ports,
                ..Ip::NOTHING
            },
        ),
        (
            "SCTP",
            132,
            udp(53, &[0; 4]),
            Ip {
                ports,
                ..Ip::NOTHING
            },
        ),
        (
            "DCCP",
            33,
            udp(53, &[0; 4]),
            Ip {
                ports,
                ..Ip::NOTHING
            },
        ),
        (
            "ICMP",
            1,
            vec![3, 4, 0, 0],
            Ip {
                icmp: Some((3, 4)),
                ..Ip::NOTHING
            },
        ),
        (
            "ICMPv6",
            58,
            vec![135, 0, 0, 0],
            Ip {
                icmp: Some((135, 0)),
                ..Ip::NOTHING
            },
        ),
    ];
    for (name, protocol, payload, read) in cases {
        let size = payload.len();
        let with = |ip: Ip| Ip {
            ports: read.ports,
            icmp: read.icmp,
            ..ip
        };
        samples.push(on_ethernet(
            name,
            &[&ethernet(0x0800), &ip4(protocol, &payload)],
            &[IP4, transport(size)],
            framed(0x0800, with(ip4_read(protocol, size))),
        ));
        samples.push(on_ethernet(
            name,
            &[&ethernet(0x86dd), &ip6(protocol, &payload)],
            &[IP6, transport(size)],
            framed(0x86dd, with(ip6_read(protocol, size))),
        ));
    }
    samples.push(Sample {
        name: "IPv4 without frame",
        link: Link::Ipv4,
        bytes: ip4(6, &tcp()),
        structures: vec![IP4, transport(20)],
        expected: Packet {
            ether_type: 0x0800,
            ip: with_tcp(ip4_read(6, 20)),
            ..Packet::NOTHING
        },
    });
    samples.push(Sample {
        name: "IPv6 without frame",
        link: Link::Ipv6,
        bytes: ip6(6, &tcp()),
        structures: vec![IP6, transport(20)],
        expected: Packet {
            ether_type: 0x86dd,
            ip: with_tcp(ip6_read(6, 20)),
            ..Packet::NOTHING
        },
    });
    samples
}

fn ip4_forms() -> Vec<Sample> {
    let form = |options: &'static [u8], flags_offset, protocol| Ip4 {
        options,
        flags_offset,
        protocol,
    };
    let authentication = join(&[&[6, 4, 0, 0], &[1; 8], &[2; 12], &tcp()]);
    vec![
        on_ethernet(
            "options",
            &[
                &ethernet(0x0800),
                &ip4_of(&form(&[7, 7, 4, 0, 0, 0, 0, 0], 0, 6), &tcp()),
            ],
            &[(28, problem::CUT_IP), transport(20)],
            framed(0x0800, with_tcp(ip4_read(6, 28))),
        ),
        on_ethernet(
            "first fragment",
            &[
                &ethernet(0x0800),
                &ip4_of(&form(&[], 0x2000, 17), &udp(53, &[1; 16])),
            ],
            &[IP4, transport(8)],
            framed(
                0x0800,
                Ip {
                    more_fragments: true,
                    ..with_udp(ip4_read(17, 24), 53)
                },
            ),
        ),
        on_ethernet(
            "later fragment",
            &[
                &ethernet(0x0800),
                &ip4_of(&form(&[], 0x0003, 17), &[0x55; 16]),
            ],
            &[IP4],
            framed(
                0x0800,
                Ip {
                    fragment_offset: Some(3),
                    ..ip4_read(17, 16)
                },
            ),
        ),
        on_ethernet(
            "authentication behind options",
            &[
                &ethernet(0x0800),
                &ip4_of(&form(&[1, 1, 1, 0], 0, 51), &authentication),
            ],
            &[(24, problem::CUT_IP), extension(24), transport(20)],
            framed(0x0800, with_tcp(ip4_read(6, 48))),
        ),
        on_ethernet(
            "later fragment behind authentication",
            &[
                &ethernet(0x0800),
                &ip4_of(&form(&[], 0x0003, 51), &[0x55; 16]),
            ],
            &[IP4],
            framed(
                0x0800,
                Ip {
                    fragment_offset: Some(3),
                    ..ip4_read(0, 16)
                },
            ),
        ),
        on_ethernet(
            "authentication",
            &[&ethernet(0x0800), &ip4(51, &authentication)],
            &[IP4, extension(24), transport(20)],
            framed(0x0800, with_tcp(ip4_read(6, 44))),
        ),
    ]
}

fn extensions() -> Vec<Sample> {
    let eight = |next: u8| [next, 0, 1, 4, 0, 0, 0, 0];
    let sixteen = |next: u8| join(&[&[next, 1, 4, 0], &[0; 12]]);
    let authentication = |next: u8| join(&[&[next, 4, 0, 0], &[7; 20]]);
    let fragment = |next: u8, place: u16| {
        join(&[
            &[next, 0],
            &place.to_be_bytes(),
            &0xfeed_f00d_u32.to_be_bytes(),
        ])
    };
    let all = join(&[
        &eight(43),
        &sixteen(44),
        &fragment(51, 0),
        &authentication(60),
        &eight(135),
        &sixteen(139),
        &eight(140),
        &eight(6),
        &tcp(),
    ]);
    let fragmented = |ip: Ip, offset: u16, more: bool| Ip {
        fragment_id: Some(0xfeed_f00d),
        fragment_offset: Some(offset),
        more_fragments: more,
        ..ip
    };
    let read = |payload: &[u8], protocol| ip6_read(protocol, payload.len());
    let sample = |name, next, payload: &[u8], structures: &[(usize, u8)], ip| {
        let mut behind = vec![IP6];
        behind.extend(structures);
        on_ethernet(
            name,
            &[&ethernet(0x86dd), &ip6(next, payload)],
            &behind,
            framed(0x86dd, ip),
        )
    };
    let first = join(&[&fragment(17, 1), &udp(53, &[0; 8])]);
    let later = join(&[&fragment(17, 0x29), &[0x55; 8]]);
    let later_options = join(&[&fragment(60, 0x28), &[0x55; 8]]);
    let within = join(&[
        &fragment(44, 0),
        &[17, 0, 0x01, 0x01, 0, 0, 0, 9],
        &[0x55; 8],
    ]);
    let encrypted = join(&[&sixteen(50), &[0x55; 24]]);
    let ended = eight(59);
    vec![
        sample(
            "all extensions",
            0,
            &all,
            &[
                extension(8),
                extension(16),
                extension(8),
                extension(24),
                extension(8),
                extension(16),
                extension(8),
                extension(8),
                transport(20),
            ],
            with_tcp(fragmented(read(&all, 6), 0, false)),
        ),
        sample(
            "first fragment of IPv6",
            44,
            &first,
            &[extension(8), transport(8)],
            with_udp(fragmented(read(&first, 17), 0, true), 53),
        ),
        sample(
            "later fragment of IPv6",
            44,
            &later,
            &[extension(8)],
            fragmented(read(&later, 17), 5, true),
        ),
        sample(
            "later fragment behind options",
            44,
            &later_options,
            &[extension(8)],
            fragmented(read(&later_options, 0), 5, false),
        ),
        sample(
            "later fragment within a fragment",
            44,
            &within,
            &[extension(8), extension(8)],
            fragmented(read(&within, 17), 0, false),
        ),
        sample(
            "encrypted",
            60,
            &encrypted,
            &[extension(16)],
            read(&encrypted, 50),
        ),
        sample("binding", 135, &ended, &[extension(8)], read(&ended, 135)),
        sample(
            "options alone",
            60,
            &ended,
            &[extension(8)],
            read(&ended, 59),
        ),
        sample("nothing", 59, &[], &[], read(&[], 59)),
    ]
}

fn labels() -> Vec<Sample> {
    let mpls = |ether_type, kept: &[u32], ip| {
        let mut packet = framed(ether_type, ip);
        packet.mpls_labels[..kept.len()].copy_from_slice(kept);
        packet.mpls_count = kept.len() as u8;
        packet
    };
    let ip = with_tcp(ip4_read(6, 20));
    let explicit = join(&[&[0x45, 0], &ip4(6, &tcp())[2..]]);
    let mut wrong_sum = explicit.clone();
    wrong_sum[1] = 0xb8;
    wrong_sum[10] ^= 0xff;
    vec![
        on_ethernet(
            "IPv4 told by its label",
            &[
                &ethernet(0x8847),
                &label(99, false),
                &label(0, true),
                &wrong_sum,
            ],
            &[LABEL, LABEL, IP4, transport(20)],
            mpls(0x0800, &[99, 0], ip),
        ),
        on_ethernet(
            "IPv6 told by its label",
            &[&ethernet(0x8848), &label(2, true), &ip6(6, &tcp())],
            &[LABEL, IP6, transport(20)],
            mpls(0x86dd, &[2], with_tcp(ip6_read(6, 20))),
        ),
        on_ethernet(
            "associated channel",
            &[
                &ethernet(0x8847),
                &label(99, false),
                &label(13, true),
                &[0x10, 0, 0, 7],
            ],
            &[LABEL, LABEL],
            mpls(0x8847, &[99, 13], Ip::NOTHING),
        ),
        Sample {
            name: "labels without frame",
            link: Link::Mpls,
            bytes: join(&[&label(99, true), &ip4(6, &tcp())]),
            // What is below is told only when its header is all there.
            structures: vec![LABEL, (20, problem::CUT_MPLS), transport(20)],
            expected: Packet {
                has_ethernet: false,
                src_mac: 0,
                dst_mac: 0,
                ..mpls(0x0800, &[99], ip)
            },
        },
    ]
}

fn tunnels() -> Vec<Sample> {
    let frame = inner_frame();
    let packet6 = ip6(6, &tcp());
    let packet4 = ip4(6, &tcp());
    let (read4, read6) = (with_tcp(ip4_read(6, 20)), with_tcp(ip6_read(6, 20)));
    let inner4 = [(20, problem::CUT_INNER), (20, problem::CUT_INNER)];
    let inner6 = [(40, problem::CUT_INNER), (20, problem::CUT_INNER)];
    let mut samples = Vec::new();
    let mut over_udp =
        |name, port, head: &[u8], inside: &[u8], inner: &[(usize, u8)], expected: Packet| {
            let payload = udp(port, &join(&[head, inside]));
            let mut structures = vec![IP4, transport(8), header(head.len())];
            structures.extend(inner);
            samples.push(on_ethernet(
                name,
                &[&ethernet(0x0800), &ip4(17, &payload)],
                &structures,
                Packet {
                    ip: with_udp(ip4_read(17, payload.len()), port),
                    ..expected
                },
            ));
        };
    let told = |kind, vni| Packet {
        tunnel: kind,
        vni,
        ..framed(0x0800, Ip::NOTHING)
    };
    let vxlan = [8, 0, 0, 0, 0x12, 0x34, 0x56, 0];
    let inside = with_frame(told(tunnel::VXLAN, Some(0x12_3456)), read4);
    over_udp("VXLAN", 4789, &vxlan, &frame, &INNER, inside);
    over_udp("VXLAN of Linux", 8472, &vxlan, &frame, &INNER, inside);
    over_udp(
        "VXLAN with group",
        4789,
        &[0x88, 0x40, 0, 9, 0x12, 0x34, 0x56, 0],
        &frame,
        &INNER,
        inside,
    );
    let options = [2, 0, 0x65, 0x58, 0, 0, 7, 0, 1, 2, 0x80, 1, 9, 9, 9, 9];
    let geneve = |kind: u16| join(&[&[0, 0], &kind.to_be_bytes(), &[0, 0, 7, 0]]);
    let told_geneve = told(tunnel::GENEVE, Some(7));
    over_udp(
        "Geneve with options",
        6081,
        &options,
        &frame,
        &INNER,
        with_frame(told_geneve, read4),
    );
    over_udp(
        "Geneve IPv6",
        6081,
        &geneve(0x86dd),
        &packet6,
        &inner6,
        Packet {
            inner: read6,
            ..told_geneve
        },
    );
    over_udp(
        "Geneve of something else",
        6081,
        &geneve(0x894f),
        &[1, 2, 3],
        &[],
        told_geneve,
    );

    let mut over_ip = |name,
                       protocol: u8,
                       head: &[u8],
                       inside: &[u8],
                       inner: &[(usize, u8)],
                       expected: Packet| {
        let payload = join(&[head, inside]);
        let mut structures = vec![IP4];
        if !head.is_empty() {
            structures.push(header(head.len()));
        }
        structures.extend(inner);
        samples.push(on_ethernet(
            name,
            &[&ethernet(0x0800), &ip4(protocol, &payload)],
            &structures,
            Packet {
                ip: ip4_read(protocol, payload.len()),
                ..expected
            },
        ));
    };
    let gre = |vni| told(tunnel::GRE, vni);
    let with = |told, inner| Packet { inner, ..told };
    over_ip(
        "GRE",
        47,
        &[0, 0, 8, 0],
        &packet4,
        &inner4,
        with(gre(None), read4),
    );
    over_ip(
        "GRE with all",
        47,
        &[
            0xb0, 0, 0x86, 0xdd, 1, 2, 0, 0, 0, 0, 0x01, 0x02, 0, 0, 0, 9,
        ],
        &packet6,
        &inner6,
        with(gre(Some(0x102)), read6),
    );
    over_ip(
        "GRE bridged",
        47,
        &[0x20, 0, 0x65, 0x58, 0, 0, 1, 0],
        &frame,
        &INNER,
        with_frame(gre(Some(256)), read4),
    );
    over_ip(
        "ERSPAN",
        47,
        &[0x10, 0, 0x88, 0xbe, 0, 0, 0, 1],
        &[0x10, 1, 0, 0, 0, 0, 0, 0],
        &[],
        gre(None),
    );
    over_ip(
        "PPTP",
        47,
        &[0x30, 1, 0x88, 0x0b],
        &[0, 4, 0, 9, 0, 0, 0, 1],
        &[],
        gre(None),
    );
    over_ip(
        "GRE with a source route",
        47,
        &[0x40, 0, 8, 0],
        &packet4,
        &[],
        gre(None),
    );
    over_ip(
        "IPv4 in IPv4",
        4,
        &[],
        &packet4,
        &inner4,
        with(told(tunnel::IPIP, None), read4),
    );
    over_ip(
        "IPv6 in IPv4",
        41,
        &[],
        &packet6,
        &inner6,
        with(told(tunnel::SIX_IN_FOUR, None), read6),
    );

    for (name, next, inside, structures, inner) in [
        ("IPv4 in IPv6", 4, &packet4, inner4, read4),
        ("IPv6 in IPv6", 41, &packet6, inner6, read6),
    ] {
        let [first, second] = structures;
        samples.push(on_ethernet(
            name,
            &[&ethernet(0x86dd), &ip6(next, inside)],
            &[IP6, first, second],
            Packet {
                tunnel: tunnel::IPIP,
                inner,
                ..framed(0x86dd, ip6_read(next, inside.len()))
            },
        ));
    }
    let tagged = join(&[
        &[8, 0, 0, 0, 0, 0, 1, 0],
        &inner_ethernet(0x8100),
        &tag(5, 0x0800),
        &packet4,
    ]);
    let payload = udp(4789, &tagged);
    samples.push(on_ethernet(
        "a tag inside",
        &[&ethernet(0x86dd), &ip6(17, &payload)],
        &[
            IP6,
            transport(8),
            header(8),
            INNER[0],
            (4, problem::CUT_INNER),
            INNER[1],
            INNER[2],
        ],
        with_frame(
            Packet {
                tunnel: tunnel::VXLAN,
                vni: Some(1),
                ..framed(0x86dd, with_udp(ip6_read(17, payload.len()), 4789))
            },
            read4,
        ),
    ));
    samples
}

/// All of them.
pub fn samples() -> Vec<Sample> {
    [
        frames_and_tags(),
        transports(),
        ip4_forms(),
        extensions(),
        labels(),
        tunnels(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[test]
fn every_structure_is_read_as_it_was_made() {
    for sample in samples() {
        assert_eq!(
            decode(sample.link, &sample.bytes),
            sample.expected,
            "{}",
            sample.name
        );
    }
}

#[test]
fn what_pads_a_frame_is_not_read() {
    for sample in samples() {
        let padded = join(&[&sample.bytes, &[0x08; 60]]);
        let is_open = sample.expected.ip.version == 0;
        if !is_open {
            assert_eq!(
                decode(sample.link, &padded),
                sample.expected,
                "{}",
                sample.name
            );
        }
    }
}
