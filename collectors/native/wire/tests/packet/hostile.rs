//! Bytes that nobody made on purpose, and bytes that somebody did.

use crate::cut::assert_part;
use crate::samples::samples;
use proptest::prelude::*;
use wire::packet::{decode, Link, Packet};
use wire::rows::{header_problem, tunnel};

fn links() -> impl Strategy<Value = Link> {
    prop_oneof![
        Just(Link::Ethernet),
        Just(Link::Ipv4),
        Just(Link::Ipv6),
        Just(Link::Mpls)
    ]
}

/// A packet of [`samples`], with some bytes overwritten and perhaps something behind it.
fn damaged() -> impl Strategy<Value = (Link, Vec<u8>)> {
    let all = samples();
    let writes = proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6);
    let rest = proptest::collection::vec(any::<u8>(), 0..80);
    (0..all.len(), writes, rest).prop_map(move |(which, writes, rest)| {
        let mut bytes = all[which].bytes.clone();
        bytes.extend(rest);
        for (place, value) in writes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        (all[which].link, bytes)
    })
}

/// What holds of every packet.
fn assert_sound(packet: &Packet, length: usize) {
    assert!(usize::from(packet.problem_offset) <= length, "{packet:?}");
    assert!(
        packet.problem != 0 || packet.problem_offset == 0,
        "{packet:?}"
    );
    assert!(usize::from(packet.problem) < header_problem::NAMES.len());
    assert!(usize::from(packet.tunnel) < tunnel::NAMES.len());
    assert!(usize::from(packet.mpls_count) <= packet.mpls_labels.len());
    assert!(
        packet.tunnel != 0
            || (packet.inner.version == 0 && !packet.has_inner_ethernet && packet.vni.is_none())
    );
    for ip in [&packet.ip, &packet.inner] {
        assert!(matches!(ip.version, 0 | 4 | 6));
        let is_later = ip.fragment_offset.is_some_and(|offset| offset != 0);
        assert!(!is_later || (ip.ports.is_none() && ip.icmp.is_none() && ip.tcp_flags.is_none()));
    }
}

/// Assert that each shorter sample of the same bytes tells a part of what the longer ones do.
fn assert_grows(link: Link, bytes: &[u8]) {
    let mut longer = decode(link, bytes);
    assert_sound(&longer, bytes.len());
    for length in (0..bytes.len()).rev() {
        let read = decode(link, &bytes[..length]);
        assert_sound(&read, length);
        assert_part(
            &read,
            &longer,
            &format!("{link:?} {bytes:02x?} at {length}"),
        );
        longer = read;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn random_bytes(link in links(), bytes in proptest::collection::vec(any::<u8>(), 0..160)) {
        assert_grows(link, &bytes);
    }

    #[test]
    fn damaged_packets((link, bytes) in damaged()) {
        assert_grows(link, &bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn packets_longer_than_an_offset_can_say(link in links(), byte in any::<u8>(), length in 65_000_usize..80_000) {
        assert_sound(&decode(link, &vec![byte; length]), length);
    }
}

#[test]
fn every_byte_of_every_structure_takes_every_value() {
    for sample in samples() {
        let mut bytes = sample.bytes.clone();
        for place in 0..bytes.len() {
            let kept = bytes[place];
            for value in 0..=u8::MAX {
                bytes[place] = value;
                assert_sound(&decode(sample.link, &bytes), bytes.len());
            }
            bytes[place] = kept;
        }
    }
}
