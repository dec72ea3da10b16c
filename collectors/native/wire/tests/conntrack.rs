//! Messages of ctnetlink: as Linux 6.18 sent them, cut anywhere, and of any bytes.
//!
//! The recorded namespace had two connections: UDP of 127.0.0.1 to itself in zone 7, and of ::1 to itself in none.
#![allow(clippy::expect_used)]

use proptest::prelude::*;
use wire::conntrack::{self as ct, Counters, Occupancy, Origin};

/// Message type within the subsystem, and body.
fn recorded() -> Vec<(u8, Vec<u8>)> {
    include_str!("vectors/conntrack.txt")
        .lines()
        .map(|line| {
            let (kind, text) = line.split_once(' ').expect("a type and a body");
            let bytes = (0..text.len())
                .step_by(2)
                .map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("a byte"))
                .collect();
            (kind.parse().expect("a type"), bytes)
        })
        .collect()
}

fn of(kind: u8) -> Vec<Vec<u8>> {
    let messages = recorded().into_iter();
    messages
        .filter(|message| message.0 == kind)
        .map(|message| message.1)
        .collect()
}

fn read_all(body: &[u8]) {
    let _ = ct::occupancy(body);
    let _ = ct::add_counters(body, &mut Counters::default());
    let _ = ct::origin(body);
}

#[test]
fn what_the_kernel_says_is_understood() {
    assert_eq!(
        ct::occupancy(&of(5)[0]),
        Ok(Occupancy {
            entries: 2,
            max: Some(0x40000)
        })
    );
    let mut origins: Vec<_> = of(0)
        .iter()
        .map(|body| ct::origin(body).expect("an entry").expect("an origin"))
        .collect();
    origins.sort_unstable();
    let loopback = std::net::Ipv4Addr::LOCALHOST.to_ipv6_mapped().octets();
    assert_eq!(
        origins,
        [
            Origin {
                zone: 0,
                address: std::net::Ipv6Addr::LOCALHOST.octets()
            },
            Origin {
                zone: 7,
                address: loopback
            },
        ]
    );
}

#[test]
fn counters_of_all_processors_are_added() {
    let mut sum = Counters::default();
    for mut body in of(4) {
        // Each attribute's value is made its number on this processor: the last byte of eight, behind four of nfgenmsg.
        let attributes = (body.len() - 4) / 8;
        for at in 0..attributes {
            body[4 + 8 * at + 7] = body[4 + 8 * at + 2];
        }
        ct::add_counters(&body, &mut sum).expect("an answer");
    }
    let expected = Counters {
        dropped: 20,
        early_dropped: 22,
        insert_failed: 18,
        invalid: 8,
    };
    assert_eq!(sum, expected);
}

#[test]
fn what_is_cut_is_refused_or_tells_less() {
    for (kind, body) in recorded() {
        for length in 0..body.len() {
            read_all(&body[..length]);
        }
        if kind == 5 {
            assert!(ct::occupancy(&body[..8]).is_err());
            assert!(ct::occupancy(&body[..4]).is_err(), "no number is not 0");
        }
    }
}

#[test]
fn an_entry_of_another_family_has_no_origin() {
    assert_eq!(ct::origin(&[0; 4]), Ok(None));
}

proptest! {
    #[test]
    fn any_bytes(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        read_all(&body);
    }
}
