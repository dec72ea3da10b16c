//! Tunnels and VLAN tags that are told beside the sampled packet.

use crate::datagrams::*;
use crate::rows::{assert_whole, value};
use wire::rows::{header_problem, tunnel};
use wire::sflow::{decode, Output};

/// The rows of samples of these structures, a sample each.
fn decoded(samples: &[&[Vec<u8>]]) -> Output {
    let samples: Vec<_> = samples.iter().map(|structures| flow(structures)).collect();
    let mut out = Output::default();
    decode(&datagram(&samples), RECEIVED_NS, &mut out).expect("a header");
    assert_eq!(
        (out.faults.as_slice(), out.unknown_structures),
        ([].as_slice(), 0)
    );
    assert_whole(&out);
    out
}

/// Kind, network, and outer ends of a row's tunnel.
fn told(out: &Output, row: usize) -> [String; 4] {
    ["tunnel", "vni", "tunnel_src_address", "tunnel_dst_address"].map(|name| value(out, row, name))
}

fn ends(last: [u8; 2]) -> [String; 2] {
    last.map(|last| {
        let mut address = [0; 16];
        address[10..].copy_from_slice(&[0xff, 0xff, 203, 0, 113, last]);
        format!("{address:?}")
    })
}

#[test]
fn the_outer_header_is_kept_and_the_packet_stays_as_it_was_seen() {
    let plain = decoded(&[&[header()]]);
    let names = [
        "src_address",
        "dst_address",
        "src_port",
        "dst_port",
        "bytes",
        "inner_src_address",
    ];
    let [src, dst] = ends([8, 9]);
    for (outer_format, vni_format) in [(1023, 1029), (1024, 1030)] {
        let structures = [
            header(),
            outer4(outer_format, 17, 4789),
            tagged(1021, &ethernet()[8..]),
            tagged(vni_format, &words(&[5000])),
        ];
        let out = decoded(&[&structures, &[header()]]);
        assert_eq!(
            told(&out, 0),
            [
                tunnel::VXLAN.to_string(),
                "5000".into(),
                src.clone(),
                dst.clone()
            ]
        );
        assert_eq!(told(&out, 1), [(); 4].map(|()| String::new()));
        for name in names {
            assert_eq!(value(&out, 0, name), value(&plain, 0, name), "{name}");
        }
    }
}

#[test]
fn of_two_tunnels_the_one_on_the_way_in_holds_as_a_whole() {
    let leaving = [outer6(1025, 47), tagged(1029, &words(&[5000]))];
    let coming = [outer4(1024, 17, 6081), tagged(1030, &words(&[6000]))];
    let [out_net, in_net] = [&leaving[1], &coming[1]].map(Clone::clone);
    let [out_head, in_head] = [&leaving[0], &coming[0]].map(Clone::clone);
    let out = decoded(&[
        &[
            header(),
            out_head.clone(),
            out_net.clone(),
            in_head.clone(),
            in_net,
        ],
        &[header(), out_head.clone(), out_net.clone(), in_head],
        &[header(), out_head, out_net],
    ]);
    let [src, dst] = ends([8, 9]);
    let geneve = tunnel::GENEVE.to_string();
    assert_eq!(
        told(&out, 0),
        [geneve.clone(), "6000".into(), src.clone(), dst.clone()]
    );
    assert_eq!(told(&out, 1), [geneve, String::new(), src, dst]);
    let (src, dst) = (format!("{V6_SRC:?}"), format!("{V6_DST:?}"));
    assert_eq!(
        told(&out, 2),
        [tunnel::GRE.to_string(), "5000".into(), src, dst]
    );
}

#[test]
fn protocol_and_port_name_the_kind() {
    // Open vSwitch on a little-endian machine turns the bytes of a port round.
    let turned = |port: u16| u32::from(port.swap_bytes());
    for (outer, kind) in [
        (outer4(1024, 17, 4789), tunnel::VXLAN),
        (outer4(1024, 17, 8472), tunnel::VXLAN),
        (outer4(1024, 17, turned(4789)), tunnel::VXLAN),
        (outer4(1024, 17, 6081), tunnel::GENEVE),
        (outer4(1024, 17, turned(6081)), tunnel::GENEVE),
        (outer4(1024, 17, 2152), tunnel::OTHER),
        (outer4(1024, 17, 4789 << 16), tunnel::OTHER),
        (outer4(1024, 6, 7471), tunnel::OTHER),
        (outer4(1024, 47, 0), tunnel::GRE),
        (outer4(1024, 4, 0), tunnel::IPIP),
        (outer4(1024, 41, 0), tunnel::SIX_IN_FOUR),
        (outer6(1026, 41), tunnel::IPIP),
        (outer6(1026, 4), tunnel::IPIP),
        (outer6(1026, 17), tunnel::VXLAN),
    ] {
        let out = decoded(&[&[header(), outer.clone()]]);
        assert_eq!(value(&out, 0, "tunnel"), kind.to_string(), "{outer:?}");
    }
    let nameless = decoded(&[&[header(), outer4(1024, 0, 0)]]);
    let [src, dst] = ends([8, 9]);
    assert_eq!(told(&nameless, 0), [String::new(), String::new(), src, dst]);
}

#[test]
fn ends_of_zeros_are_not_told() {
    let mut outer = outer4(1024, 47, 0);
    outer[16..20].fill(0);
    let mut outer6 = outer6(1026, 47);
    outer6[32..48].fill(0);
    let out = decoded(&[&[header(), outer], &[header(), outer6]]);
    let [_, dst] = ends([8, 9]);
    let gre = tunnel::GRE.to_string();
    assert_eq!(
        told(&out, 0),
        [gre.clone(), String::new(), String::new(), dst]
    );
    assert_eq!(
        told(&out, 1),
        [gre, String::new(), format!("{V6_SRC:?}"), String::new()]
    );
}

/// A frame of the packet 203.0.113.1 → .2, UDP to port 7777 and eight bytes, around `inside`; where that begins is 50.
fn around(inside: &[u8]) -> Vec<u8> {
    let mut bytes = frame()[..14].to_vec();
    let length = (36 + inside.len()) as u8;
    bytes.extend([
        0x45, 0, 0, length, 0, 1, 0, 0, 64, 17, 0, 0, 203, 0, 113, 1, 203, 0, 113, 2,
    ]);
    bytes.extend([0x9c, 0x40, 0x1e, 0x61, 0, length - 20, 0, 0]);
    bytes.extend([8, 0, 0, 0, 0, 0, 77, 0]);
    bytes.extend(inside);
    bytes
}

/// The frame of all samples with the right checksum in its IPv4 header.
fn provable() -> Vec<u8> {
    let mut bytes = frame();
    bytes[24..26].fill(0);
    let words = bytes[14..34].chunks(2);
    let mut sum: u32 = words
        .map(|word| u32::from(word[0]) << 8 | u32::from(word[1]))
        .sum();
    sum = (sum & 0xffff) + (sum >> 16);
    bytes[24..26].copy_from_slice(&(!(sum as u16)).to_be_bytes());
    bytes
}

#[test]
fn an_offset_opens_a_tunnel_that_the_header_does_not_name() {
    let inside = provable();
    for format in [1027, 1028] {
        for (inside, has_mac) in [(&inside[..], true), (&inside[14..], false)] {
            let bytes = around(inside);
            let sampled = header_of(1, 200, 4, &bytes);
            let offset = tagged(format, &words(&[50]));
            let out = decoded(&[&[sampled.clone(), offset], &[sampled]]);
            assert_eq!(value(&out, 0, "dst_port"), "7777");
            assert_eq!(value(&out, 0, "tunnel"), tunnel::OTHER.to_string());
            assert_eq!(value(&out, 0, "inner_dst_port"), "443");
            assert_eq!(value(&out, 0, "inner_protocol"), "6");
            assert_eq!(value(&out, 0, "inner_src_mac").is_empty(), !has_mac);
            assert_eq!(value(&out, 0, "header_problem"), "");
            assert_eq!(value(&out, 1, "tunnel"), "");
            assert_eq!(value(&out, 1, "inner_dst_port"), "");
        }
    }
}

#[test]
fn an_offset_is_only_believed_where_it_can_be() {
    let bytes = around(&provable());
    let sampled = header_of(1, 200, 4, &bytes);
    let at = |offset: u32| {
        let out = decoded(&[&[sampled.clone(), tagged(1027, &words(&[offset]))]]);
        ["tunnel", "inner_protocol", "header_problem"].map(|name| value(&out, 0, name))
    };
    let (other, cut) = (
        tunnel::OTHER.to_string(),
        header_problem::CUT_INNER.to_string(),
    );
    let nothing = String::new;
    assert_eq!(at(0), [nothing(), nothing(), nothing()]);
    assert_eq!(at(14), [nothing(), nothing(), nothing()]);
    // What begins there proves nothing.
    assert_eq!(at(51), [other.clone(), nothing(), nothing()]);
    for beyond in [bytes.len() as u32, u32::MAX] {
        assert_eq!(at(beyond), [other.clone(), nothing(), cut.clone()]);
    }
}

#[test]
fn stripped_tags_are_those_of_the_frame_before_the_ones_it_has() {
    let tags = |ids: &[u32]| {
        let stack: Vec<_> = ids.iter().map(|id| 0x88a8_e000 | id).collect();
        tagged(1012, &list(&stack))
    };
    let mut bytes = frame();
    bytes.splice(12..12, [0x81, 0, 0, 20]);
    let has_tag = header_of(1, 1522, 8, &bytes);
    let out = decoded(&[
        &[header(), tags(&[100])],
        &[header(), tags(&[100, 200, 300])],
        &[has_tag.clone(), tags(&[100])],
        &[has_tag.clone(), tags(&[])],
        // The switch's own VLAN of the way in is 42, of the way out 43.
        &[has_tag.clone(), switch(), tags(&[100])],
        &[has_tag, switch(), tags(&[])],
    ]);
    let found =
        |row: usize| ["src_vlan", "customer_vlan", "dst_vlan"].map(|name| value(&out, row, name));
    assert_eq!(found(0), ["100", "", ""]);
    assert_eq!(found(1), ["100", "200", ""]);
    assert_eq!(found(2), ["100", "20", ""]);
    assert_eq!(found(3), ["20", "", ""]);
    assert_eq!(found(4), ["100", "20", "43"]);
    assert_eq!(found(5), ["42", "", "43"]);
}
