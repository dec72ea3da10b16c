//! A row's sampling rate is what was configured or announced, however late that comes; never a guess.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::*;
use exports::{Decoder, Known};

fn template() -> Vec<u8> {
    flow_template(2, 256, &[])
}

fn interval_template() -> Vec<u8> {
    options_template(300, &[(144, 4)], &[(34, 4)])
}

fn interval(rate: u32) -> Vec<u8> {
    set(300, &[1_u32.to_be_bytes(), rate.to_be_bytes()].concat())
}

fn data(bytes: u32) -> Vec<u8> {
    flows(256, &[flow(bytes, 3, 4, &[])])
}

fn known(last: u8) -> Known {
    Known {
        address: address(last),
        port: None,
        domain: None,
        interface: None,
        sampling_rate: None,
        interfaces: None,
        ifname: None,
        direction: None,
        byte_layer: None,
        name: None,
    }
}

#[test]
fn a_rate_that_comes_late_is_that_of_the_rows_before() {
    let mut decoder = decoder();
    let from = source(1, 5000);
    decoder.datagram(from, NOON, &ipfix(7, 0, &[template(), data(100)]));
    decoder.datagram(from, NOON + SECOND, &ipfix(7, 1, &[data(200)]));
    assert_eq!(decoder.flows_rows(), 0);
    let both = ipfix(7, 2, &[interval_template(), interval(10)]);
    decoder.datagram(from, NOON + 2 * SECOND, &both);
    assert_eq!(rates(&mut decoder), [(10.0, "announced"); 2]);
    decoder.datagram(from, NOON + 3 * SECOND, &ipfix(7, 3, &[data(300)]));
    assert_eq!(decoder.flows_rows(), 1);
    let changed = ipfix(7, 4, &[interval(20), data(400)]);
    decoder.datagram(from, NOON + 4 * SECOND, &changed);
    assert_eq!(
        rates(&mut decoder),
        [(10.0, "announced"), (20.0, "announced")]
    );
}

#[test]
fn after_the_deadline_rows_are_unknown_until_a_rate_comes() {
    let mut decoder = decoder();
    let from = source(1, 5000);
    decoder.datagram(from, NOON, &ipfix(7, 0, &[template(), data(100)]));
    decoder.tick(NOON + 59 * SECOND);
    assert_eq!(decoder.flows_rows(), 0);
    decoder.tick(NOON + 60 * SECOND);
    assert_eq!(rates(&mut decoder), [(0.0, "unknown")]);
    decoder.datagram(from, NOON + 61 * SECOND, &ipfix(7, 1, &[data(200)]));
    let told = ipfix(7, 2, &[interval_template(), interval(10), data(300)]);
    decoder.datagram(from, NOON + 62 * SECOND, &told);
    assert_eq!(rates(&mut decoder), [(0.0, "unknown"), (10.0, "announced")]);
}

#[test]
fn two_samplers_keep_their_rows_apart_whichever_is_announced_last() {
    let mut decoder = decoder();
    let from = source(1, 5000);
    let template = flow_template(2, 256, &[(302, 1)]);
    let rows = flows(256, &[flow(1, 3, 4, &[1]), flow(2, 3, 4, &[2])]);
    let samplers = options_template(301, &[(302, 1)], &[(305, 4), (306, 4)]);
    let sampler = |id: u8, space: u32| {
        set(
            301,
            &[&[id][..], &1_u32.to_be_bytes(), &space.to_be_bytes()].concat(),
        )
    };
    decoder.datagram(from, NOON, &ipfix(7, 0, &[template, rows.clone()]));
    decoder.datagram(from, NOON, &ipfix(7, 2, &[samplers, sampler(1, 9)]));
    assert_eq!(decoder.flows_rows(), 0);
    // The rate of the first changes while the rows still wait for the second.
    decoder.datagram(from, NOON, &ipfix(7, 3, &[sampler(1, 29), sampler(2, 99)]));
    assert_eq!(
        rates(&mut decoder),
        [(10.0, "announced"), (100.0, "announced")]
    );
    decoder.datagram(from, NOON + 70 * SECOND, &ipfix(7, 5, &[rows]));
    assert_eq!(
        rates(&mut decoder),
        [(30.0, "announced"), (100.0, "announced")]
    );
}

#[test]
fn what_is_configured_goes_first_and_needs_no_wait() {
    let mut settings = settings();
    settings.known = vec![
        Known {
            sampling_rate: Some(64.0),
            ..known(1)
        },
        Known {
            interface: Some(5),
            sampling_rate: Some(128.0),
            ..known(1)
        },
    ];
    let mut decoder = Decoder::new(settings, NOON);
    let rows = flows(256, &[flow(1, 3, 4, &[]), flow(1, 5, 4, &[])]);
    let both = ipfix(7, 0, &[template(), interval_template(), interval(10), rows]);
    decoder.datagram(source(1, 5000), NOON, &both);
    decoder.tick(NOON + 61 * SECOND);
    assert_eq!(
        rates(&mut decoder),
        [(64.0, "configured"), (128.0, "configured")]
    );
}

#[test]
fn an_interface_has_its_own_rate() {
    let mut decoder = decoder();
    let from = source(1, 5000);
    let per_interface = v9_options_template(300, &[(2, 4)], &[(34, 4), (35, 1)]);
    let rate = |interface: u32, rate: u32| {
        set(
            300,
            &[&interface.to_be_bytes()[..], &rate.to_be_bytes(), &[2]].concat(),
        )
    };
    let rows = flows(256, &[flow(1, 3, 4, &[]), flow(1, 5, 4, &[])]);
    let message = v9(
        7,
        0,
        1_000,
        &[
            flow_template(0, 256, &[]),
            per_interface,
            rate(3, 10),
            rate(5, 20),
            rows,
        ],
    );
    decoder.datagram(from, NOON, &message);
    assert_eq!(
        rates(&mut decoder),
        [(10.0, "announced"), (20.0, "announced")]
    );
}

#[test]
fn domain_zero_speaks_for_all_of_an_exporter_but_for_no_other_one() {
    let mut decoder = decoder();
    let (from, other) = (source(1, 5000), source(1, 5001));
    for exporter in [from, other] {
        decoder.datagram(exporter, NOON, &ipfix(7, 0, &[template(), data(1)]));
    }
    decoder.datagram(
        from,
        NOON,
        &ipfix(0, 0, &[interval_template(), interval(10)]),
    );
    assert_eq!(rates(&mut decoder), [(10.0, "announced")]);
    decoder.datagram(from, NOON, &ipfix(8, 0, &[template(), data(1)]));
    assert_eq!(rates(&mut decoder), [(10.0, "announced")]);
    decoder.finish();
    assert_eq!(rates(&mut decoder), [(0.0, "unknown")]);
}

#[test]
fn netflow_5_tells_its_rate_in_each_header() {
    let mut decoder = decoder();
    let from = source(1, 5000);
    decoder.datagram(from, NOON, &v5(0, 1_000, 0x4000 | 100, 1));
    decoder.datagram(from, NOON, &v5(1, 1_000, 0, 1));
    assert_eq!(
        rates(&mut decoder),
        [(100.0, "announced"), (0.0, "unknown")]
    );
}

#[test]
fn rows_that_wait_are_let_go_as_unknown_where_there_is_no_room() {
    let mut settings = settings();
    settings.park_bytes = 1 << 20;
    let mut decoder = Decoder::new(settings, NOON);
    let from = source(1, 5000);
    decoder.datagram(from, NOON, &ipfix(7, 0, &[template()]));
    let many: Vec<_> = (0..40).map(|at| flow(at, 3, 4, &[])).collect();
    for at in 0..2_000 {
        decoder.datagram(from, NOON, &ipfix(7, at * 40, &[flows(256, &many)]));
    }
    let released = decoder.flows_rows();
    assert!(released > 70_000 && released < 80_000, "{released}");
    let first = rates(&mut decoder);
    assert!(first.iter().all(|rate| *rate == (0.0, "unknown")));
    decoder.datagram(
        from,
        NOON,
        &ipfix(7, 80_000, &[interval_template(), interval(10)]),
    );
    let rest = rates(&mut decoder);
    assert_eq!(released + rest.len(), 80_000);
    assert!(rest.iter().all(|rate| *rate == (10.0, "announced")));
    let row = decoder.take_exporters(NOON + SECOND);
    assert_eq!(row.unknown_rate_flows_count[0] as usize, released);
    assert_eq!(
        (
            row.decoded_datagrams_count[0],
            row.parked_datagrams_count[0]
        ),
        (2_002, 0)
    );
}
