//! Templates belong to who sent them, and what waits for one is decoded when it comes.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::*;
use exports::{Decoder, Known, Settings};

fn configured() -> Settings {
    let known = |last| Known {
        address: address(last),
        port: None,
        domain: None,
        interface: None,
        sampling_rate: Some(1.0),
        interfaces: None,
        ifname: None,
        direction: None,
        byte_layer: None,
        name: None,
    };
    Settings {
        known: vec![known(1), known(2)],
        ..settings()
    }
}

fn decoder() -> Decoder {
    Decoder::new(configured(), NOON)
}

/// The bytes of all rows that were not taken.
fn bytes(decoder: &mut Decoder) -> Vec<u64> {
    decoder.take_flows().bytes.values().to_vec()
}

fn data(bytes: u32) -> Vec<u8> {
    flows(256, &[flow(bytes, 3, 4, &[])])
}

#[test]
fn datagrams_wait_for_their_template_and_are_decoded_in_order() {
    let mut decoder = decoder();
    let from = source(1, 5000);
    for at in 0..3 {
        decoder.datagram(from, NOON, &ipfix(7, at, &[data(100 + at)]));
    }
    let waiting = decoder.take_exporters(NOON + SECOND);
    assert_eq!(
        (waiting.parked_datagrams_count[0], decoder.flows_rows()),
        (3, 0)
    );
    let template = ipfix(7, 3, &[flow_template(2, 256, &[])]);
    decoder.datagram(from, NOON + SECOND, &template);
    assert_eq!(bytes(&mut decoder), [100, 101, 102]);
    let done = decoder.take_exporters(NOON + 2 * SECOND);
    assert_eq!(
        (
            done.parked_datagrams_count[0],
            done.decoded_datagrams_count[0]
        ),
        (0, 4)
    );
    assert_eq!(done.missed_count[0], 0);
    assert_eq!(done.templates_count[0], 1);
}

#[test]
fn a_template_later_in_the_same_message_serves_what_is_before_it() {
    let mut decoder = decoder();
    let message = ipfix(7, 0, &[data(100), flow_template(2, 256, &[])]);
    decoder.datagram(source(1, 5000), NOON, &message);
    assert_eq!(bytes(&mut decoder), [100]);
}

#[test]
fn a_template_that_never_comes_costs_the_datagram_but_not_its_other_sets() {
    let mut decoder = decoder();
    let from = source(1, 5000);
    decoder.datagram(from, NOON, &ipfix(7, 0, &[flow_template(2, 256, &[])]));
    let unknown = flows(999, &[flow(1, 3, 4, &[])]);
    decoder.datagram(from, NOON, &ipfix(7, 0, &[data(100), unknown]));
    assert_eq!(decoder.flows_rows(), 0);
    decoder.tick(NOON + 61 * SECOND);
    assert_eq!(bytes(&mut decoder), [100]);
    let row = decoder.take_exporters(NOON + 61 * SECOND);
    assert_eq!(row.parked_dropped_datagrams_count[0], 1);
    assert_eq!(row.parked_datagrams_count[0], 0);
    assert!(!decoder.take_faults().is_empty());
}

#[test]
fn exporters_behind_one_address_keep_their_templates_apart_from_the_first_datagram_on() {
    let mut decoder = decoder();
    let (one, other) = (source(1, 5000), source(1, 5001));
    // The same id in the same domain, but another layout.
    let reversed = {
        let mut content = vec![1, 0, 0, 2];
        content.extend([0, 2, 0, 4, 0, 1, 0, 4]);
        set(2, &content)
    };
    decoder.datagram(one, NOON, &ipfix(0, 0, &[flow_template(2, 256, &[])]));
    decoder.datagram(other, NOON, &ipfix(0, 0, &[reversed]));
    decoder.datagram(one, NOON, &ipfix(0, 0, &[data(100)]));
    let pair = [1_u32.to_be_bytes(), 900_u32.to_be_bytes()].concat();
    decoder.datagram(other, NOON, &ipfix(0, 0, &[flows(256, &[pair])]));
    assert_eq!(bytes(&mut decoder), [100, 900]);
    let rows = decoder.take_exporters(NOON + SECOND);
    let mut ports = rows.exporter_port.clone();
    ports.sort_unstable();
    assert_eq!(ports, [5000, 5001]);
}

#[test]
fn an_exporter_that_changes_its_port_and_goes_on_counting_is_the_same_one() {
    let mut decoder = decoder();
    let template = flow_template(2, 256, &[]);
    decoder.datagram(
        source(1, 5000),
        NOON,
        &ipfix(7, 20_000, &[template, data(1)]),
    );
    decoder.datagram(source(1, 6000), NOON, &ipfix(7, 20_001, &[data(2)]));
    assert_eq!(bytes(&mut decoder), [1, 2]);
    decoder.datagram(source(1, 6001), NOON, &ipfix(7, 0, &[data(3)]));
    assert_eq!(decoder.flows_rows(), 0);
}

#[test]
fn a_template_that_is_defined_anew_or_withdrawn_holds_from_then_on() {
    let mut decoder = decoder();
    let from = source(1, 5000);
    let template = flow_template(2, 256, &[]);
    decoder.datagram(from, NOON, &ipfix(7, 0, &[template.clone(), data(100)]));
    let longer = flow_template(2, 256, &[(61, 1)]);
    let row = flows(256, &[flow(200, 3, 4, &[1])]);
    decoder.datagram(from, NOON, &ipfix(7, 1, &[longer, row]));
    assert_eq!(bytes(&mut decoder), [100, 200]);
    let withdrawal = set(2, &[1, 0, 0, 0]);
    decoder.datagram(from, NOON, &ipfix(7, 2, &[withdrawal]));
    decoder.datagram(from, NOON, &ipfix(7, 2, &[data(300)]));
    assert_eq!(decoder.flows_rows(), 0);
    decoder.datagram(from, NOON, &ipfix(7, 3, &[template]));
    assert_eq!(bytes(&mut decoder), [300]);
}

#[test]
fn what_waits_is_bounded_and_the_oldest_goes_first() {
    let mut decoder = Decoder::new(
        Settings {
            park_bytes: 100_000,
            ..configured()
        },
        NOON,
    );
    for at in 0..2_000 {
        decoder.datagram(source(1, 5000), NOON, &ipfix(7, at, &[data(at)]));
        decoder.datagram(source(2, 5000), NOON, &ipfix(7, at, &[data(at)]));
    }
    let template = ipfix(7, 2_000, &[flow_template(2, 256, &[])]);
    decoder.datagram(source(1, 5000), NOON, &template);
    let left = bytes(&mut decoder);
    assert!(left.len() > 50 && left.len() < 200, "{}", left.len());
    assert_eq!(left.last(), Some(&1_999));
    assert!(left.is_sorted());
    let rows = decoder.take_exporters(NOON + SECOND);
    assert_eq!(
        rows.parked_dropped_datagrams_count[0],
        2_000 - left.len() as u64
    );
}

#[test]
fn a_flood_of_made_up_exporters_neither_grows_without_bound_nor_harms_the_others() {
    let mut decoder = Decoder::new(
        Settings {
            max_exporters: 200,
            park_bytes: 1 << 20,
            ..configured()
        },
        NOON,
    );
    let from = source(1, 5000);
    let template = flow_template(2, 256, &[]);
    for at in 0..10 {
        decoder.datagram(from, NOON, &ipfix(7, at, &[template.clone(), data(1)]));
    }
    for at in 0..20_000_u32 {
        let spoofed = exports::Source {
            address: u128::from(at).to_be_bytes(),
            port: at as u16,
            listener: 0,
        };
        decoder.datagram(
            spoofed,
            NOON + 1,
            &ipfix(at, 0, &[template.clone(), data(2)]),
        );
    }
    decoder.take_flows();
    decoder.datagram(from, NOON + 2, &ipfix(7, 10, &[data(3)]));
    assert_eq!(bytes(&mut decoder), [3]);
    let rows = decoder.take_exporters(NOON + SECOND);
    assert!(rows.len() <= 201, "{}", rows.len());
    let received: u64 = rows.received_datagrams_count.iter().sum();
    let decoded: u64 = rows.decoded_datagrams_count.iter().sum();
    let parked: u64 = rows.parked_datagrams_count.iter().sum();
    assert_eq!((received, decoded + parked), (20_011, 20_011));
}
