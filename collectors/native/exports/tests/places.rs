//! Where a row was seen: the exporter's own interfaces, or the agent's; and what an exporter counts of them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::*;
use exports::{ByteLayer, Decoder, Direction, Interfaces, Known, LocalInterface};
use wire::identity::exported_vif_id;
use wire::rows::direction_meaning;

const AGENT: [u8; 16] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 9];

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

fn sflow(sequence: u32, uptime_ms: u32, samples: &[Vec<u32>]) -> Vec<u8> {
    let mut bytes = words(&[
        5,
        1,
        0xc000_0209,
        3,
        sequence,
        uptime_ms,
        samples.len() as u32,
    ]);
    for sample in samples {
        bytes.extend(words(sample));
    }
    bytes
}

/// A flow sample at interface 4, from 3 to 4.
fn flow_sample(sequence: u32) -> Vec<u32> {
    let mut sample = vec![1, 32 + 8 + 16 + 16, sequence, 4, 64, 64, 0, 3, 4, 1];
    sample.extend([1, 16 + 16, 1, 64, 4, 14]);
    sample.extend([0x0200_0000, 0x0001_0200, 0x0000_0002, 0x0806_0000]);
    sample
}

/// A counter sample of interface 4: so many octets in, 10 Gbit/s, up.
fn counter_sample(sequence: u32, octets: u32) -> Vec<u32> {
    let mut sample = vec![
        2,
        12 + 8 + 88,
        sequence,
        4,
        1,
        1,
        88,
        4,
        6,
        2,
        0x540b_e400,
        1,
        3,
    ];
    sample.extend([0, octets, octets / 100, 0, 0, 0, 0, 0]);
    sample.extend([0, 0, 0, 0, 0, 0, 0, 0]);
    sample
}

fn known(address: [u8; 16]) -> Known {
    Known {
        address,
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

fn with(known: Known) -> Decoder {
    let mut settings = settings();
    settings.known = vec![known];
    let mut decoder = Decoder::new(settings, NOON);
    decoder.local_interfaces_seen(vec![LocalInterface {
        ifindex: 4,
        ifname: "tap1".into(),
        vif_id: 77,
    }]);
    decoder
}

fn vif_ids(decoder: &mut Decoder) -> Vec<Option<u64>> {
    let mut flows = decoder.take_flows();
    flows.fill();
    (0..flows.rows)
        .map(|row| flows.vif_id.get(row).copied())
        .collect()
}

#[test]
fn an_interface_of_an_exporter_is_a_vif_of_its_own_with_name_speed_and_counters() {
    let mut decoder = decoder();
    let from = source(9, 6343);
    decoder.datagram(
        from,
        NOON,
        &sflow(1, 1_000, &[flow_sample(1), counter_sample(1, 5_000)]),
    );
    decoder.datagram(
        from,
        NOON + 20 * SECOND,
        &sflow(2, 21_000, &[counter_sample(2, 9_000)]),
    );
    let id = exported_vif_id("", AGENT, 3, 4);
    let mut flows = decoder.take_flows();
    flows.fill();
    assert_eq!(flows.vif_id.get(0), Some(&id));
    assert_eq!(flows.direction.get(0), Some(&1));
    assert_eq!(flows.sampling_rate.get(0), Some(&64.0));
    let counters = decoder.take_counters();
    assert_eq!(
        (counters.vif_id, counters.rx_bytes),
        (vec![id; 2], vec![0, 4_000])
    );
    assert_eq!(counters.delta_kind, ["new", "clean"]);
    let inventory = decoder.take_inventory(NOON + 20 * SECOND, false);
    assert_eq!(inventory.vif_id, [id]);
    assert_eq!(inventory.link_speed_bits_per_second, [10_000_000_000]);
    assert_eq!(
        (inventory.kind[0].as_ref(), inventory.is_up[0]),
        ("exported", true)
    );
    assert_eq!(inventory.vif_key, ["exported/192.0.2.9/3/4"]);
}

#[test]
fn kernel_numbers_are_the_agents_own_interfaces_whose_counters_are_not_told_twice() {
    let mut decoder = with(Known {
        interfaces: Some(Interfaces::Kernel),
        ..known(AGENT)
    });
    let datagram = sflow(1, 1_000, &[flow_sample(1), counter_sample(1, 5_000)]);
    decoder.datagram(source(9, 6343), NOON, &datagram);
    assert_eq!(vif_ids(&mut decoder), [Some(77)]);
    assert!(decoder.take_counters().is_empty());
    assert!(decoder.take_inventory(NOON, true).is_empty());
    decoder.local_interfaces_seen(Vec::new());
    decoder.datagram(source(9, 6343), NOON, &sflow(2, 1_000, &[flow_sample(2)]));
    assert_eq!(vif_ids(&mut decoder), [None]);
}

#[test]
fn an_exporter_on_one_interface_speaks_of_that_one_only() {
    let mut decoder = with(Known {
        ifname: Some("tap1".into()),
        byte_layer: Some(ByteLayer::Link),
        ..known(address(1))
    });
    decoder.datagram(source(1, 5000), NOON, &v5(0, 1_000, 0x4001, 1));
    let mut flows = decoder.take_flows();
    flows.fill();
    assert_eq!(flows.vif_id.get(0), Some(&77));
    assert_eq!(flows.direction.get(0), None);
    assert_eq!(flows.skb_bytes.get(0), flows.bytes.get(0));
}

#[test]
fn what_a_probe_on_one_interface_calls_a_direction_is_its_own_unless_it_is_said_to_be_told() {
    let datagram = ipfix(
        7,
        0,
        &[
            flow_template(2, 256, &[(61, 1)]),
            flows(256, &[flow(100, 3, 4, &[1])]),
        ],
    );
    let meaning = |ifname: Option<&str>, direction| {
        let mut decoder = with(Known {
            ifname: ifname.map(Into::into),
            sampling_rate: Some(1.0),
            direction,
            ..known(address(1))
        });
        decoder.datagram(source(1, 5000), NOON, &datagram);
        let mut flows = decoder.take_flows();
        flows.fill();
        assert_eq!(flows.direction.get(0), Some(&1));
        flows.direction_meaning.get(0).copied()
    };
    assert_eq!(meaning(Some("tap1"), None), Some(direction_meaning::OWN));
    assert_eq!(meaning(Some("tap1"), Some(Direction::Told)), None);
    assert_eq!(meaning(None, None), None);
    assert_eq!(
        meaning(None, Some(Direction::Unknown)),
        Some(direction_meaning::OWN)
    );
}

#[test]
fn samples_that_are_missing_are_counted_and_a_late_datagram_gives_them_back() {
    let mut decoder = decoder();
    let from = source(9, 6343);
    decoder.datagram(
        from,
        NOON,
        &sflow(1, 1_000, &[flow_sample(1), flow_sample(2)]),
    );
    decoder.datagram(from, NOON, &sflow(3, 1_020, &[flow_sample(5)]));
    decoder.datagram(
        from,
        NOON,
        &sflow(2, 1_010, &[flow_sample(3), flow_sample(4)]),
    );
    decoder.datagram(from, NOON, &sflow(4, 1_030, &[flow_sample(8)]));
    let row = decoder.take_exporters(NOON + SECOND);
    assert_eq!(
        (row.missed_count[0], row.missed_unit[0].as_ref()),
        (2, "samples")
    );
    assert_eq!((row.reordered_count[0], row.restarts_count[0]), (1, 0));
    assert_eq!(row.sampling_rate, [64.0]);
}
