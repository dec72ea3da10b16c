//! Datagrams in fragments come out whole, whatever the order; hostile fragments cost bounded memory.
#![allow(clippy::unwrap_used)]

mod writing;

use captures::fragments::{Bounds, Fragments};
use captures::internet::{Fragment, Whole};
use captures::Stream;
use writing::{ethernet, ipv4, ipv6, pcap, read_on, record, udp, Order};

const SECOND: i64 = 1_000_000_000;

fn file_of(packets: &[Vec<u8>]) -> Vec<u8> {
    let mut file = pcap(Order::Little, 0xa1b2_c3d4, 1);
    for packet in packets {
        file.extend(record(Order::Little, 5, 0, &ethernet(packet)));
    }
    file
}

fn long_text() -> Vec<u8> {
    (0..3_000_u32).flat_map(u32::to_be_bytes).collect()
}

fn ipv4_fragments(identification: u16, datagram: &[u8]) -> Vec<Vec<u8>> {
    let most = 1_480;
    let last = datagram.len().div_ceil(most) - 1;
    datagram
        .chunks(most)
        .enumerate()
        .map(|(number, part)| {
            let more = if number == last { 0 } else { 0x2000 };
            ipv4(
                identification,
                u16::try_from(number * most / 8).unwrap() | more,
                part,
            )
        })
        .collect()
}

#[test]
fn fragments_of_both_versions_become_datagrams_in_any_order() {
    let text = long_text();
    let mut forth = ipv4_fragments(1, &udp(&text));
    let mut back = ipv4_fragments(2, &udp(&text));
    back.reverse();
    forth.append(&mut back);
    // IPv6: an extension header is a part of what is cut into fragments.
    let mut whole = vec![17, 0, 0, 0, 0, 0, 0, 0];
    whole.extend(udp(&text));
    for (number, part) in whole.chunks(1_232).enumerate() {
        let offset = u16::try_from(number * 1_232).unwrap();
        let more = u16::from((number + 1) * 1_232 < whole.len());
        let mut payload = vec![60, 0];
        payload.extend((offset | more).to_be_bytes());
        payload.extend([0, 0, 0, 9]);
        payload.extend(part);
        forth.push(ipv6(44, &payload));
    }
    let mut stream = Stream::default();
    let (seen, end) = read_on(&mut stream, &file_of(&forth));
    end.unwrap();
    assert_eq!(seen.len(), 3);
    assert!(seen
        .iter()
        .all(|(_, _, payload, is_cut)| payload == &text && !is_cut));
    assert_eq!(stream.counts().fragments, forth.len() as u64);
    assert_eq!(stream.counts().lost_fragments, 0);
}

#[test]
fn fragments_go_on_in_the_next_file_and_what_never_comes_is_counted() {
    let text = long_text();
    let parts = ipv4_fragments(1, &udp(&text));
    let mut stream = Stream::default();
    let (seen, _) = read_on(&mut stream, &file_of(&parts[..4]));
    assert!(seen.is_empty());
    let (seen, _) = read_on(&mut stream, &file_of(&parts[4..]));
    assert_eq!(seen[0].2, text);
    assert_eq!(seen[0].0, parts.len() as u64 - 4);
    read_on(&mut stream, &file_of(&parts[..3])).1.unwrap();
    stream.finish();
    assert_eq!(stream.counts().lost_fragments, 3);
}

#[test]
fn a_repeated_fragment_is_harmless_and_an_overlapping_one_spoils_the_packet() {
    let text = long_text();
    let parts = ipv4_fragments(1, &udp(&text));
    let mut repeated = parts.clone();
    repeated.insert(1, parts[0].clone());
    let mut stream = Stream::default();
    assert_eq!(read_on(&mut stream, &file_of(&repeated)).0.len(), 1);

    let mut overlapping = parts.clone();
    overlapping.insert(2, ipv4(1, 0x2000 | (1_480 / 8), &[0xee; 1_480]));
    let mut stream = Stream::default();
    let (seen, _) = read_on(&mut stream, &file_of(&overlapping));
    assert!(seen.is_empty());
    assert_eq!(stream.counts().lost_fragments, overlapping.len() as u64);
}

#[test]
fn a_fragment_that_the_capture_cut_spoils_the_packet() {
    let parts = ipv4_fragments(1, &udp(&long_text()));
    let mut file = pcap(Order::Little, 0xa1b2_c3d4, 1);
    for (number, part) in parts.iter().enumerate() {
        let frame = ethernet(part);
        let kept = if number == 2 { 600 } else { frame.len() };
        file.extend(writing::cut_record(
            Order::Little,
            5,
            0,
            &frame[..kept],
            frame.len(),
        ));
    }
    let mut stream = Stream::default();
    let (seen, end) = read_on(&mut stream, &file);
    end.unwrap();
    assert!(seen.is_empty());
    assert_eq!(stream.counts().lost_fragments, parts.len() as u64);
}

fn fragment(identification: u32, offset: usize, has_more: bool, payload: &[u8]) -> Fragment<'_> {
    Fragment {
        whole: Whole {
            source: [1; 16],
            destination: [2; 16],
            identification,
            protocol: 17,
        },
        next: 17,
        offset,
        has_more,
        payload,
        is_cut: false,
    }
}

#[test]
fn the_oldest_unfinished_packets_go_when_there_are_too_many() {
    let bounds = Bounds {
        packets: 50,
        bytes: 100_000,
        ..Bounds::default()
    };
    let mut fragments = Fragments::new(bounds);
    let mut payload = Vec::new();
    for identification in 0..10_000 {
        let part = vec![1; 8 * (1 + identification as usize % 1_000)];
        fragments.add(&fragment(identification, 0, true, &part), 0, &mut payload);
        assert!(fragments.bytes() <= bounds.bytes);
    }
    assert!(fragments.lost() >= 10_000 - 50);
    let newest = fragment(9_999, 8 * 1_000, false, b"end");
    assert_eq!(fragments.add(&newest, 0, &mut payload), Some(17));
    assert_eq!(payload.len(), 8 * 1_000 + 3);
}

#[test]
fn fragments_of_long_ago_are_forgotten_and_a_reused_number_begins_anew() {
    let mut fragments = Fragments::default();
    let mut payload = Vec::new();
    fragments.add(&fragment(1, 0, true, &[1; 16]), 0, &mut payload);
    assert_eq!(
        fragments.add(&fragment(1, 0, true, &[2; 8]), 31 * SECOND, &mut payload),
        None
    );
    assert_eq!(fragments.lost(), 1);
    let rest = fragment(1, 8, false, &[3; 4]);
    assert_eq!(fragments.add(&rest, 32 * SECOND, &mut payload), Some(17));
    assert_eq!(payload, [2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3]);
}

#[test]
fn ends_that_contradict_each_other_spoil_the_packet() {
    let mut payload = Vec::new();
    for second in [
        fragment(1, 32, false, &[3; 8]),
        fragment(1, 0, false, &[3; 8]),
        fragment(1, 24, true, &[3; 8]),
    ] {
        let mut fragments = Fragments::default();
        fragments.add(&fragment(1, 16, false, &[1; 8]), 0, &mut payload);
        assert_eq!(fragments.add(&second, 0, &mut payload), None);
        assert_eq!(fragments.lost(), 2);
    }
}

#[test]
fn a_flood_of_finished_packets_leaves_nothing() {
    let mut fragments = Fragments::default();
    let mut payload = Vec::new();
    fragments.add(&fragment(u32::MAX, 0, true, &[1; 8]), 0, &mut payload);
    let left = fragments.bytes();
    for identification in 0..100_000 {
        fragments.add(&fragment(identification, 0, true, &[1; 8]), 0, &mut payload);
        let done = fragments.add(
            &fragment(identification, 8, false, &[1; 8]),
            0,
            &mut payload,
        );
        assert_eq!(done, Some(17));
    }
    assert_eq!(fragments.bytes(), left);
}
