//! Capture files of every form give the same datagrams; bad ones give those before the damage and one failure.
#![allow(clippy::unwrap_used, clippy::panic)]

mod writing;

use captures::failure::Problem;
use captures::{Step, Stream};
use writing::{
    block, cut_record, enhanced, ethernet, interface, ipv4, ipv6, pcap, read, read_on, record,
    section, udp, Order,
};

const MICRO: u32 = 0xa1b2_c3d4;
const NANO: u32 = 0xa1b2_3c4d;
const PATCHED: u32 = 0xa1b2_cd34;
const SECONDS: u32 = 1_700_000_000;
const NS: i64 = 1_700_000_000_000_000_000;

fn frame(text: &str) -> Vec<u8> {
    ethernet(&ipv4(7, 0, &udp(text.as_bytes())))
}

#[test]
fn pcap_of_both_byte_orders_and_units_is_read() {
    for order in [Order::Little, Order::Big] {
        for (magic, fraction) in [(MICRO, 5_000), (NANO, 5_000_000)] {
            let mut file = pcap(order, magic, 1);
            file.extend(record(order, SECONDS, fraction, &frame("one")));
            file.extend(record(
                order,
                SECONDS + 1,
                0,
                &ethernet(&ipv6(17, &udp(b"two"))),
            ));
            let (seen, end) = read(&file);
            end.unwrap();
            assert_eq!(
                seen,
                [
                    (1, NS + 5_000_000, b"one".to_vec(), false),
                    (2, NS + 1_000_000_000, b"two".to_vec(), false)
                ],
                "{order:?} {magic:x}"
            );
        }
    }
}

#[test]
fn patched_records_and_old_lengths_are_read() {
    let order = Order::Little;
    let mut patched = pcap(order, PATCHED, 1);
    for text in ["one", "two"] {
        let whole = record(order, SECONDS, 0, &frame(text));
        patched.extend(&whole[..16]);
        patched.extend([9; 8]);
        patched.extend(&whole[16..]);
    }
    let mut old = pcap(order, MICRO, 1);
    old[6] = 2;
    for text in ["one", "two"] {
        let mut whole = cut_record(order, SECONDS, 0, &frame(text), 70);
        let (captured, original) = (whole[8..12].to_vec(), whole[12..16].to_vec());
        whole[8..12].copy_from_slice(&original);
        whole[12..16].copy_from_slice(&captured);
        old.extend(whole);
    }
    for file in [patched, old] {
        let (seen, end) = read(&file);
        end.unwrap();
        let texts: Vec<_> = seen.into_iter().map(|(_, _, payload, _)| payload).collect();
        assert_eq!(texts, [b"one", b"two"]);
    }
}

#[test]
fn pcapng_with_sections_interfaces_and_strange_blocks_is_read() {
    let mut file = section(Order::Big);
    file.extend(interface(
        Order::Big,
        1,
        &[(9, &[9]), (14, &(-5_i64).to_be_bytes())],
    ));
    file.extend(interface(Order::Big, 101, &[(2, b"eth1"), (0, b"")]));
    file.extend(enhanced(
        Order::Big,
        0,
        (NS as u64) + 5_000_000_007,
        &frame("nano"),
    ));
    file.extend(block(Order::Big, 5, &[1; 13]));
    file.extend(enhanced(
        Order::Big,
        1,
        NS as u64 / 1_000,
        &ipv4(7, 0, &udp(b"raw")),
    ));
    file.extend(section(Order::Little));
    file.extend(block(Order::Little, 0x8000_1234, &vec![7; 3 << 20]));
    file.extend(interface(Order::Little, 1, &[]));
    let framed = frame("simple");
    let mut simple = u32::try_from(framed.len()).unwrap().to_le_bytes().to_vec();
    simple.extend(&framed);
    file.extend(block(Order::Little, 3, &simple));
    let framed = frame("old");
    let mut old = vec![0, 0, 0, 0];
    let ticks = NS as u64 / 1_000;
    old.extend(((ticks >> 32) as u32).to_le_bytes());
    old.extend((ticks as u32).to_le_bytes());
    old.extend(u32::try_from(framed.len()).unwrap().to_le_bytes());
    old.extend(u32::try_from(framed.len()).unwrap().to_le_bytes());
    old.extend(&framed);
    file.extend(block(Order::Little, 2, &old));
    let (seen, end) = read(&file);
    end.unwrap();
    assert_eq!(
        seen,
        [
            (1, NS + 7, b"nano".to_vec(), false),
            (2, NS, b"raw".to_vec(), false),
            // Its block has no time: that of the packet before.
            (3, NS, b"simple".to_vec(), false),
            (4, NS, b"old".to_vec(), false),
        ]
    );
}

#[test]
fn a_file_cut_at_any_byte_gives_what_is_before_the_cut_and_says_where() {
    let order = Order::Little;
    let mut pcap_file = pcap(order, NANO, 1);
    let mut pcapng_file = section(order);
    pcapng_file.extend(interface(order, 1, &[]));
    let mut pcap_ends = vec![pcap_file.len()];
    let mut pcapng_ends = vec![section(order).len(), pcapng_file.len()];
    for number in 0..3 {
        let frame = frame(&format!("number {number}"));
        pcap_file.extend(record(order, SECONDS, 0, &frame));
        pcap_ends.push(pcap_file.len());
        pcapng_file.extend(enhanced(order, 0, 5, &frame));
        pcapng_ends.push(pcapng_file.len());
    }
    for (file, ends, before) in [(pcap_file, pcap_ends, 1), (pcapng_file, pcapng_ends, 2)] {
        for length in 0..=file.len() {
            let (seen, end) = read(&file[..length]);
            let whole = ends.iter().filter(|end| **end <= length).count();
            assert_eq!(seen.len(), whole.saturating_sub(before), "{length}");
            if ends.contains(&length) {
                end.unwrap();
                continue;
            }
            let failure = end.unwrap_err();
            match failure.problem {
                Problem::Empty => assert_eq!(length, 0),
                Problem::Kind(_) => assert!(length < 12),
                Problem::Cut {
                    needed, present, ..
                } => {
                    let begin = ends.iter().copied().rfind(|end| *end < length).unwrap_or(0);
                    assert_eq!(failure.offset, begin as u64, "{length}");
                    assert_eq!(present, (length - begin) as u64);
                    assert!(needed > present);
                }
                problem => panic!("{length}: {problem:?}"),
            }
        }
    }
}

#[test]
fn lengths_that_lie_are_refused_where_they_stand() {
    let order = Order::Little;
    let mut good = pcap(order, MICRO, 1);
    good.extend(record(order, SECONDS, 0, &frame("one")));
    let mut lying = good.clone();
    lying.extend(order.u32(SECONDS));
    lying.extend([0; 4]);
    lying.extend(order.u32(u32::MAX));
    lying.extend(order.u32(u32::MAX));
    lying.extend(vec![0; 1_000]);
    let (seen, end) = read(&lying);
    assert_eq!(seen.len(), 1);
    let text = end.unwrap_err().to_string();
    assert!(text.contains(&format!("byte {}", good.len())), "{text}");
    assert!(text.contains("4294967295"), "{text}");

    let start: Vec<u8> = [
        section(order),
        interface(order, 1, &[]),
        enhanced(order, 0, 5, &frame("one")),
    ]
    .concat();
    let packet_of_nobody = enhanced(order, 3, 5, &frame("two"));
    let mut too_long = enhanced(order, 0, 5, &frame("two"));
    too_long[20] = 0xff;
    let mut unequal = block(order, 9, &[0; 8]);
    unequal[16] = 24;
    let mut odd = block(order, 9, &[0; 8]);
    odd[4] = 19;
    let mut tiny = block(order, 9, &[0; 8]);
    tiny[4] = 8;
    let mut huge = block(order, 9, &vec![0; 1 << 20]);
    let end = huge.len() - 4;
    huge[end] ^= 1;
    for (what, bad) in [
        ("interface 3", packet_of_nobody),
        ("captured", too_long),
        ("by its end", unequal),
        ("19 bytes", odd),
        ("8 bytes", tiny),
        ("by its end", huge),
    ] {
        let file = [start.clone(), bad].concat();
        let (seen, end) = read(&file);
        assert_eq!(seen.len(), 1, "{what}");
        let failure = end.unwrap_err();
        assert_eq!(failure.offset, start.len() as u64, "{failure}");
        assert!(failure.to_string().contains(what), "{failure}");
    }
}

#[test]
fn a_snapshot_length_leaves_the_beginning_of_a_datagram() {
    let order = Order::Big;
    let whole = frame("a text that is longer than what was kept");
    let mut file = pcap(order, MICRO, 1);
    file.extend(cut_record(order, SECONDS, 0, &whole[..50], whole.len()));
    file.extend(cut_record(order, SECONDS, 0, &whole[..30], whole.len()));
    let mut stream = Stream::default();
    let (seen, end) = read_on(&mut stream, &file);
    end.unwrap();
    assert_eq!(seen, [(1, NS, b"a text t".to_vec(), true)]);
    let counts = stream.counts();
    assert_eq!(
        (counts.cut_datagrams, counts.broken_packets, counts.packets),
        (1, 1, 2)
    );
}

#[test]
fn what_carries_no_datagram_is_counted() {
    let order = Order::Little;
    let mut file = pcap(order, MICRO, 1);
    let mut tcp = ipv4(7, 0, &[0; 20]);
    tcp[9] = 6;
    let mut arp = ethernet(&tcp);
    (arp[12], arp[13]) = (8, 6);
    for frame in [ethernet(&tcp), arp, vec![0; 9], frame("one")] {
        file.extend(record(order, SECONDS, 0, &frame));
    }
    let mut other_link = pcap(order, MICRO, 105);
    other_link.extend(record(order, SECONDS, 0, &[0; 60]));
    let mut stream = Stream::default();
    read_on(&mut stream, &file).1.unwrap();
    read_on(&mut stream, &other_link).1.unwrap();
    let counts = stream.counts();
    assert_eq!(counts.packets, 5);
    assert_eq!(counts.datagrams, 1);
    assert_eq!(counts.other_packets, 2);
    assert_eq!(counts.broken_packets, 1);
    assert_eq!(counts.unknown_link_packets, 1);
    assert_eq!(counts.bytes, (file.len() + other_link.len()) as u64);
}

#[test]
fn ipv6_extension_headers_are_gone_over() {
    let mut inner = vec![60, 0, 0, 0, 0, 0, 0, 0];
    inner.extend([51, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    inner.extend([17, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    inner.extend(udp(b"deep"));
    let mut file = pcap(Order::Little, MICRO, 229);
    file.extend(record(Order::Little, SECONDS, 0, &ipv6(0, &inner)));
    let endless: Vec<u8> = [60, 0, 0, 0, 0, 0, 0, 0].repeat(200);
    file.extend(record(Order::Little, SECONDS, 0, &ipv6(60, &endless)));
    let mut stream = Stream::default();
    let (seen, end) = read_on(&mut stream, &file);
    end.unwrap();
    assert_eq!(seen, [(1, NS, b"deep".to_vec(), false)]);
    assert_eq!(stream.counts().broken_packets, 1);
}

#[test]
fn a_file_of_nothing_but_other_packets_pauses() {
    let mut file = pcap(Order::Little, MICRO, 1);
    for _ in 0..100_001 {
        file.extend([0; 16]);
    }
    let mut stream = Stream::default();
    stream.begin(Box::new(std::io::Cursor::new(file)));
    assert_eq!(stream.step().unwrap(), Step::Pause);
    assert_eq!(stream.step().unwrap(), Step::EndOfFile);
}

#[test]
fn other_files_are_no_captures_and_say_what_they_look_like() {
    for (bytes, word) in [
        (&b"\x7fELF\x02\x01\x01"[..], "ELF"),
        (b"\x1f\x8b\x08\x08", "gzip"),
        (b"hello, world\n", "text"),
        (b"", "empty"),
        (&[0; 5_000], "zero"),
    ] {
        let (seen, end) = read(bytes);
        assert!(seen.is_empty());
        let text = end.unwrap_err().to_string();
        assert!(text.contains(word), "{text}");
        assert!(!text.contains('\n'));
    }
}
