//! A run that was killed: what waited in it is lost, and counted.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::*;
use exports::Extent;

#[test]
fn what_waited_when_the_run_was_killed_is_counted_as_dropped() {
    let mut killed = decoder();
    let template = flow_template(2, 256, &[]);
    let data = |id: u16| flows(id, &[flow(100, 3, 4, &[])]);
    // One exporter has no rate yet, the other one no template.
    killed.datagram(source(1, 5000), NOON, &ipfix(7, 0, &[template, data(256)]));
    killed.datagram(source(2, 5000), NOON, &ipfix(7, 0, &[data(999)]));
    killed.datagram(source(2, 5000), NOON, &ipfix(7, 1, &[data(999)]));
    let told = killed.take_exporters(NOON + SECOND);
    assert_eq!(told.parked_datagrams_count, [1, 2]);
    let saved = killed.save().unwrap();

    let mut next = decoder();
    next.restore(&saved, Extent::All).unwrap();
    let told = next.take_exporters(NOON + 2 * SECOND);
    assert_eq!(told.parked_datagrams_count, [0, 0]);
    assert_eq!(told.parked_dropped_datagrams_count, [1, 2]);
    assert_eq!(told.received_datagrams_count, [0, 0]);
}

#[test]
fn a_run_that_ended_leaves_nothing_to_count() {
    let mut ended = decoder();
    let data = flows(999, &[flow(100, 3, 4, &[])]);
    ended.datagram(source(2, 5000), NOON, &ipfix(7, 0, &[data]));
    ended.finish();
    let told = ended.take_exporters(NOON + SECOND);
    assert_eq!(told.parked_dropped_datagrams_count, [1]);
    let saved = ended.save().unwrap();

    let mut next = decoder();
    next.restore(&saved, Extent::All).unwrap();
    assert!(next.take_exporters(NOON + 2 * SECOND).time.is_empty());
}
