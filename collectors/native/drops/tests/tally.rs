//! Drained entries to rows: whose they are, what is exact and what is a sample, and what waits.

#![allow(clippy::unwrap_used)]

use columns::generated::drops::Rows;
use drops::rules::{Attribution, How};
use drops::{Interval, Meaning, Reasons, Tally};
use wire::drop_record::{DropKey, DropSample};

const SECOND: i64 = 1_000_000_000;
const INTERVAL: Interval = Interval {
    start_ns: 1_000 * SECOND,
    end_ns: 1_010 * SECOND,
};
const NAMESPACE: u64 = 77;
const EGRESS: u8 = 1;
const NOWHERE: u8 = 2;
/// Numbers of reasons here.
const NETFILTER: u32 = 8;
const FULL_QUEUE: u32 = 9;

fn key(ifindex: u32, reason: u32, marks: u8) -> DropKey {
    DropKey {
        namespace_cookie: NAMESPACE,
        location: 0xf00,
        ifindex,
        reason,
        ether_type: 0x0800,
        protocol: 17,
        marks,
    }
}

/// As the kernel has it (drop.h): the members of a key in their order, and four bytes of padding.
fn key_bytes(key: &DropKey) -> Vec<u8> {
    let mut bytes = key.namespace_cookie.to_ne_bytes().to_vec();
    bytes.extend(key.location.to_ne_bytes());
    bytes.extend(key.ifindex.to_ne_bytes());
    bytes.extend(key.reason.to_ne_bytes());
    bytes.extend(key.ether_type.to_ne_bytes());
    bytes.extend([key.protocol, key.marks, 0, 0, 0, 0]);
    bytes
}

/// So many packets of 100 bytes, the last of them at `last_ns` after the epoch.
fn drop_bytes(skbs: u64, last_ns: i64) -> Vec<u8> {
    let numbers = [last_ns as u64, last_ns as u64, skbs, 3 * skbs, 100 * skbs];
    let mut bytes: Vec<u8> = numbers.iter().flat_map(|n| n.to_ne_bytes()).collect();
    bytes.extend(4_026_531_840_u32.to_ne_bytes());
    bytes.extend(0_u32.to_ne_bytes());
    bytes.extend(*b"eth0\0\0\0\0\0\0\0\0\0\0\0\0");
    bytes
}

fn sample(key: DropKey, port: u16) -> DropSample {
    let mut address = [0; 16];
    address[..4].copy_from_slice(&[192, 0, 2, 1]);
    DropSample {
        key,
        src_address: address,
        dst_address: address,
        src_port: port,
        dst_port: 53,
        bytes: 100,
        packets: 3,
        written: 1,
        macs: [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2],
        is_whole: 1,
        ct_state: 0,
    }
}

fn reasons() -> Reasons {
    let meaning = |class: &str, origin: &str| Meaning {
        class: class.to_owned(),
        origin: origin.to_owned(),
    };
    let names = [(NETFILTER, "NETFILTER_DROP"), (FULL_QUEUE, "QDISC_DROP")];
    Reasons::new(
        names.map(|(number, name)| (number, name.to_owned())).into(),
        [
            (
                "NETFILTER_DROP".to_owned(),
                String::new(),
                meaning("denied", "core"),
            ),
            (
                "QDISC_DROP".to_owned(),
                String::new(),
                meaning("loss", "qdisc"),
            ),
        ],
    )
}

fn take(tally: &mut Tally, key: DropKey, skbs: u64, last_ns: i64, samples: &[DropSample]) {
    let (keys, drops) = (key_bytes(&key), drop_bytes(skbs, last_ns));
    tally.take(INTERVAL, (&keys, &drops), samples, 0, |_| {
        "a_function".to_owned()
    });
}

fn rows(tally: &mut Tally, vif_id: u64, last: bool) -> Rows {
    tally.rows(&mut reasons(), |_, _, _| (vif_id, None), last)
}

#[test]
fn samples_are_part_of_the_exact_count() {
    let key = key(4, NETFILTER, 0);
    let samples = [sample(key, 1), sample(key, 1), sample(key, 2)];
    let mut tally = Tally::default();
    take(&mut tally, key, 10, INTERVAL.start_ns, &samples);
    let rows = rows(&mut tally, 9, false);
    assert_eq!(rows.skb_packets, [2, 1, 7]);
    assert_eq!(rows.src_port, [1, 2, 0]);
    assert_eq!(rows.packets.iter().sum::<u64>(), 30);
    assert_eq!(rows.bytes.iter().sum::<u64>(), 1_000);
    assert_eq!(&rows.src_address[0][10..], [0xff, 0xff, 192, 0, 2, 1]);
    assert_eq!(
        rows.src_address[2], [0; 16],
        "of all others nothing is known"
    );
    assert_eq!(
        (rows.src_mac[0], rows.dst_mac[0]),
        (0x0200_0000_0002, 0x0200_0000_0001)
    );
    assert!(rows.direction.iter().all(|direction| *direction == Some(0)));
    assert!(rows.into_batch().is_ok());
}

#[test]
fn where_all_packets_are_samples_there_is_no_row_of_others() {
    let key = key(4, NETFILTER, 0);
    let mut tally = Tally::default();
    take(&mut tally, key, 1, INTERVAL.start_ns, &[sample(key, 1)]);
    assert_eq!(rows(&mut tally, 9, false).skb_packets, [1]);
}

#[test]
fn a_sample_that_says_nothing_is_among_the_others() {
    let key = key(4, NETFILTER, 0);
    let blank = DropSample {
        src_port: 0,
        dst_port: 0,
        macs: [0; 12],
        is_whole: 0,
        ..sample(key, 0)
    };
    let mut tally = Tally::default();
    take(&mut tally, key, 2, INTERVAL.start_ns, &[blank]);
    assert_eq!(rows(&mut tally, 9, false).skb_packets, [2]);
}

#[test]
fn a_queue_drops_on_the_way_out_whatever_the_packet_says() {
    for (reason, marks, direction) in [
        (FULL_QUEUE, 0, Some(1)),
        (NETFILTER, EGRESS, Some(1)),
        (NETFILTER, 0, Some(0)),
        (NETFILTER, NOWHERE, None),
    ] {
        let mut tally = Tally::default();
        take(&mut tally, key(4, reason, marks), 1, INTERVAL.start_ns, &[]);
        assert_eq!(rows(&mut tally, 9, false).direction, [direction]);
    }
}

#[test]
fn a_new_interface_that_is_not_known_waits_once() {
    let mut tally = Tally::default();
    let just_now = INTERVAL.end_ns - SECOND;
    take(&mut tally, key(4, NETFILTER, 0), 5, just_now, &[]);
    assert!(rows(&mut tally, 0, false).is_empty());
    assert_eq!(tally.oldest_ns(), Some(INTERVAL.start_ns));
    let told = rows(&mut tally, 0, false);
    assert_eq!(told.skb_packets, [5]);
    assert_eq!(
        (&*told.ifname[0], &*told.namespace[0]),
        ("eth0", "net:[4026531840]")
    );
    assert_eq!(tally.oldest_ns(), None);
}

#[test]
fn nothing_waits_where_it_is_the_last_time_or_the_interface_is_old() {
    for (last_ns, last) in [(INTERVAL.end_ns - SECOND, true), (INTERVAL.start_ns, false)] {
        let mut tally = Tally::default();
        take(&mut tally, key(4, NETFILTER, 0), 5, last_ns, &[]);
        assert_eq!(rows(&mut tally, 0, last).skb_packets, [5]);
    }
}

#[test]
fn rules_are_asked_for_each_sample_and_once_for_all_others() {
    let denied = key(4, NETFILTER, 0);
    let samples = [sample(denied, 1), sample(denied, 2)];
    let mut tally = Tally::default();
    take(&mut tally, denied, 10, INTERVAL.start_ns, &samples);
    take(
        &mut tally,
        key(4, FULL_QUEUE, EGRESS),
        3,
        INTERVAL.start_ns,
        &[],
    );
    let namespaces = tally.namespaces(INTERVAL, NETFILTER);
    assert_eq!(namespaces.into_iter().collect::<Vec<_>>(), [NAMESPACE]);
    let mut asked = Vec::new();
    tally.attribute(INTERVAL, NETFILTER, 0, |case| {
        asked.push(case.tuple.map(|tuple| tuple.src_port));
        Attribution {
            how: if case.tuple.is_some() {
                How::Exact
            } else {
                How::Ambiguous
            },
            ..Attribution::default()
        }
    });
    assert_eq!(asked, [Some(1), Some(2), None]);
    let rows = rows(&mut tally, 9, false);
    let told: Vec<_> = rows
        .rule_attribution
        .iter()
        .map(|how| how.as_ref())
        .collect();
    assert_eq!(told, ["exact", "exact", "ambiguous", ""]);
}

#[test]
fn a_drain_that_is_cut_loses_no_count() {
    let key = key(4, NETFILTER, 0);
    let (keys, mut drops) = (key_bytes(&key), drop_bytes(2, INTERVAL.start_ns));
    drops.extend([0; 10]);
    let mut tally = Tally::default();
    for _ in 0..2 {
        tally.take(INTERVAL, (&keys, &drops), &[], 0, |_| String::new());
    }
    assert_eq!(rows(&mut tally, 9, false).skb_packets, [4]);
}

#[test]
fn what_a_trial_run_gives_back_is_no_packet() {
    let key = key(4, NETFILTER, 0);
    let (keys, drops) = (key_bytes(&key), drop_bytes(3, INTERVAL.start_ns));
    let mut tally = Tally::default();
    let place = |_| "bpf_prog_test_run_skb".to_owned();
    assert_eq!(tally.take(INTERVAL, (&keys, &drops), &[], 0, place), 3);
    assert!(rows(&mut tally, 9, true).skb_packets.is_empty());
}
