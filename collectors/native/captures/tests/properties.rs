//! Whatever the bytes: no panic, flat memory, and nothing that is not in the file.
#![allow(clippy::unwrap_used)]

mod writing;

use captures::internet;
use captures::link;
use captures::Stream;
use proptest::prelude::*;
use writing::{
    enhanced, ethernet, interface, ipv4, pcap, read, read_on, record, section, udp, Order,
};

fn a_capture(is_pcapng: bool, order: Order, payloads: &[Vec<u8>]) -> Vec<u8> {
    let frames = payloads
        .iter()
        .map(|payload| ethernet(&ipv4(1, 0, &udp(payload))));
    if is_pcapng {
        let mut file = section(order);
        file.extend(interface(order, 1, &[(9, &[9])]));
        file.extend(frames.flat_map(|frame| enhanced(order, 0, 77, &frame)));
        file
    } else {
        let mut file = pcap(order, 0xa1b2_3c4d, 1);
        file.extend(frames.flat_map(|frame| record(order, 0, 77, &frame)));
        file
    }
}

fn an_order() -> impl Strategy<Value = Order> {
    prop_oneof![Just(Order::Little), Just(Order::Big)]
}

fn payloads() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..20)
}

proptest! {
    #[test]
    fn what_was_written_is_read(is_pcapng: bool, order in an_order(), payloads in payloads()) {
        let (seen, end) = read(&a_capture(is_pcapng, order, &payloads));
        end.unwrap();
        prop_assert!(seen.iter().all(|(_, time_ns, _, is_cut)| *time_ns == 77 && !is_cut));
        let read: Vec<_> = seen.into_iter().map(|(_, _, payload, _)| payload).collect();
        prop_assert_eq!(read, payloads);
    }

    #[test]
    fn damage_never_panics_and_adds_nothing(
        is_pcapng: bool,
        order in an_order(),
        payloads in payloads(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut file = a_capture(is_pcapng, order, &payloads);
        for (at, byte) in damage {
            let at = at.index(file.len());
            file[at] = byte;
        }
        let mut stream = Stream::default();
        let (seen, _) = read_on(&mut stream, &file);
        let bytes: usize = seen.iter().map(|(_, _, payload, _)| payload.len()).sum();
        prop_assert!(bytes <= file.len());
        prop_assert!(stream.counts().bytes <= file.len() as u64);
    }

    #[test]
    fn any_bytes_are_a_frame_or_a_packet_without_panic(
        number in prop::sample::select(vec![0_u32, 1, 12, 14, 101, 108, 113, 228, 229, 276, 9]),
        bytes in prop::collection::vec(any::<u8>(), 0..120),
    ) {
        let _ = link::inside(number, &bytes);
        let _ = internet::inside(&bytes);
        for version in [0x45, 0x60] {
            let mut packet = bytes.clone();
            if let Some(first) = packet.first_mut() {
                *first = version;
            }
            let _ = internet::inside(&packet);
        }
    }

    #[test]
    fn fragments_in_any_order_are_the_packet(
        length in 1_usize..9_000,
        size in 1_usize..180,
        seed in prop::collection::vec(any::<prop::sample::Index>(), 40),
        repeats in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
    ) {
        let payload: Vec<u8> = (0..length).map(|at| (at * 7 % 251) as u8).collect();
        let datagram = udp(&payload);
        let size = size * 8;
        let mut parts: Vec<Vec<u8>> = datagram
            .chunks(size)
            .enumerate()
            .map(|(number, part)| {
                let more = if (number + 1) * size < datagram.len() { 0x2000 } else { 0 };
                ipv4(9, u16::try_from(number * size / 8).unwrap() | more, part)
            })
            .collect();
        for (at, with) in seed.iter().enumerate() {
            let at = at % parts.len();
            let with = with.index(parts.len());
            parts.swap(at, with);
        }
        for at in repeats {
            // Before the last one, so that the packet is not finished yet.
            let at = at.index(parts.len());
            if at + 1 < parts.len() {
                let again = parts[at].clone();
                parts.insert(at + 1, again);
            }
        }
        let mut file = pcap(Order::Little, 0xa1b2_c3d4, 101);
        for part in &parts {
            file.extend(record(Order::Little, 1, 0, part));
        }
        let (seen, end) = read(&file);
        end.unwrap();
        prop_assert_eq!(seen.len(), 1);
        prop_assert_eq!(&seen[0].2, &payload);
    }
}
