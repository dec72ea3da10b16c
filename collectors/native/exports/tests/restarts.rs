//! What an agent knew before a restart it knows after it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::*;
use exports::{Decoder, Extent};

fn rate(rate: u32) -> Vec<u8> {
    set(300, &[1_u32.to_be_bytes(), rate.to_be_bytes()].concat())
}

fn data(bytes: u32) -> Vec<u8> {
    flows(256, &[flow(bytes, 3, 4, &[])])
}

fn filled() -> Decoder {
    let mut decoder = decoder();
    let all = ipfix(
        7,
        0,
        &[
            flow_template(2, 256, &[]),
            options_template(300, &[(144, 4)], &[(34, 4)]),
            options_template(301, &[(10, 4)], &[(82, 8)]),
            rate(10),
            set(301, &[&3_u32.to_be_bytes()[..], b"eth3\0\0\0\0"].concat()),
            data(1),
        ],
    );
    decoder.datagram(source(1, 5000), NOON, &all);
    assert_eq!(rates(&mut decoder), [(10.0, "announced")]);
    decoder
}

#[test]
fn templates_rates_and_names_are_known_after_a_restart_and_the_gap_is_counted() {
    let mut before = filled();
    before.take_inventory(NOON, false);
    let saved = before.save().unwrap();
    assert_eq!(before.save(), None);
    let mut after = decoder();
    after.restore(&saved, Extent::All).unwrap();
    let later = NOON + 30 * SECOND;
    after.datagram(source(1, 5000), later, &ipfix(7, 103, &[data(2)]));
    assert_eq!(rates(&mut after), [(10.0, "announced")]);
    let row = after.take_exporters(later);
    assert_eq!((row.missed_count[0], row.restarts_count[0]), (100, 0));
    let inventory = after.take_inventory(later, false);
    let at = inventory
        .ifindex
        .iter()
        .position(|index| *index == 3)
        .unwrap();
    assert_eq!(inventory.ifname[at], "eth3");
    assert_eq!(inventory.valid_from_time[at], NOON);
}

/// An sFlow datagram with one flow sample of source 3, at 1:10.
fn sflow(datagram: u32, sample: u32, drops: u32) -> Vec<u8> {
    let head = [5, 1, 0xc000_0201, 7, datagram, datagram * 1_000, 1];
    let body = [sample, 3, 10, sample * 10, drops, 3, 4, 0];
    let words = head.iter().chain(&[1, 32]).chain(&body);
    words.flat_map(|word: &u32| word.to_be_bytes()).collect()
}

#[test]
fn samples_that_were_sent_meanwhile_are_counted() {
    let mut before = decoder();
    for number in 1..=10 {
        before.datagram(source(1, 6343), NOON, &sflow(number, number, 5));
    }
    let saved = before.save().unwrap();
    let mut after = decoder();
    after.restore(&saved, Extent::All).unwrap();
    let later = NOON + 30 * SECOND;
    after.datagram(source(1, 6343), later, &sflow(21, 31, 7));
    let row = after.take_exporters(later);
    assert_eq!((row.missed_count[0], row.restarts_count[0]), (20, 0));
    assert_eq!(row.exporter_dropped_packets[0], 2);
}

#[test]
fn a_damaged_state_is_refused_with_a_reason_and_changes_nothing() {
    let good = filled().save().unwrap();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x41;
        let problem = decoder().restore(&bad, Extent::All).unwrap_err();
        assert!(!problem.reason.is_empty());
        assert!(decoder().restore(&good[..at], Extent::All).is_err());
    }
    assert!(decoder().restore(b"PK\x03\x04", Extent::All).is_err());
    let mut older = good;
    older[4] = 99;
    let problem = decoder().restore(&older, Extent::All).unwrap_err();
    assert!(problem.reason.contains("version 99"), "{}", problem.reason);
}

#[test]
fn an_exporter_that_restarts_is_no_gap() {
    let mut decoder = filled();
    let from = source(1, 5000);
    decoder.datagram(from, NOON, &ipfix(7, 90_000, &[data(1)]));
    decoder.take_exporters(NOON + SECOND);
    decoder.datagram(from, NOON + 2 * SECOND, &ipfix(7, 0, &[data(1)]));
    let row = decoder.take_exporters(NOON + 3 * SECOND);
    assert_eq!((row.missed_count[0], row.restarts_count[0]), (0, 1));
}
