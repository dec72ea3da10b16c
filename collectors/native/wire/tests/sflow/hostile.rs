//! Datagrams that are cut, and such that lie.

use crate::datagrams::*;
use crate::rows::{assert_whole, rows, value};
use wire::fault::{Fault, Reason};
use wire::sflow::{decode, Output};

/// What a fault says, as one value.
fn told(fault: &Fault) -> (&'static str, usize, usize, usize, Reason) {
    assert_eq!(fault.protocol, "sflow");
    (
        fault.layer,
        fault.offset,
        fault.needed,
        fault.present,
        fault.reason,
    )
}

fn decoded(bytes: &[u8]) -> Output {
    let mut out = Output::default();
    decode(bytes, RECEIVED_NS, &mut out).expect("a header");
    assert_whole(&out);
    out
}

/// How much there is of everything.
fn sizes(out: &Output) -> [usize; 5] {
    [
        out.flows.rows,
        out.counters.len(),
        out.hosts.len(),
        out.discards.len(),
        out.samples.len(),
    ]
}

#[test]
fn a_header_that_is_cut_is_an_error_and_nothing_else() {
    let v6 = join(&[words(&[5]), address(&V6_SRC), words(&[7, 1000, 5000, 0])]);
    for (bytes, whole) in [(datagram(&[]), 28), (v6, 40)] {
        assert_eq!(bytes.len(), whole);
        for cut in 0..whole {
            let mut out = Output::default();
            let fault = decode(&bytes[..cut], RECEIVED_NS, &mut out).expect_err("cut");
            // Before the kind of address is known, the shortest header is missed.
            let needed = if cut < 8 { 24 } else { whole };
            assert_eq!(
                told(&fault),
                ("datagram header", 0, needed, cut, Reason::Short)
            );
            assert_eq!((sizes(&out), out.faults.len()), ([0; 5], 0));
        }
        assert!(decode(&bytes, RECEIVED_NS, &mut Output::default()).is_ok());
    }
}

#[test]
fn another_version_and_another_kind_of_address_are_errors() {
    let fault = |bytes: &[u8]| decode(bytes, 0, &mut Output::default()).expect_err("broken");
    let mut bytes = datagram(&[]);
    bytes[3] = 4;
    assert_eq!(
        told(&fault(&bytes)),
        ("datagram header", 0, 0, 28, Reason::Version)
    );
    let mut bytes = datagram(&[]);
    bytes[7] = 3;
    assert_eq!(
        told(&fault(&bytes)),
        ("datagram header", 0, 0, 28, Reason::Value)
    );
}

#[test]
fn every_shorter_prefix_says_where_it_ends_and_has_nothing_of_the_missing_part() {
    let samples = rich();
    let bytes = datagram(&samples);
    let whole = decoded(&bytes);
    assert_eq!(
        (whole.faults.as_slice(), whole.unknown_structures),
        ([].as_slice(), 1)
    );
    assert_eq!(sizes(&whole), [4, 2, 1, 1, 7]);
    let layers = [
        "flow_sample",
        "counters_sample",
        "flow_sample_expanded",
        "flow_sample",
        "discarded_packet",
        "counters_sample_expanded",
        "flow_sample",
        "unknown sample",
    ];
    let mut start = 28;
    for (index, sample) in samples.iter().enumerate() {
        let before = decoded(&datagram(&samples[..index]));
        for present in 0..sample.len() {
            let out = decoded(&bytes[..start + present]);
            let expected = match present {
                ..8 => ("sample", start, 8, present, Reason::Short),
                _ => (
                    layers[index],
                    start + 8,
                    sample.len() - 8,
                    present - 8,
                    Reason::Short,
                ),
            };
            let faults: Vec<_> = out.faults.iter().map(told).collect();
            assert_eq!(faults, [expected], "{present} bytes of sample {index}");
            assert_eq!(sizes(&out), sizes(&before));
            assert_eq!(rows(&out), rows(&before));
        }
        start += sample.len();
    }
    assert_eq!(start, bytes.len());
}

/// Every prefix of a structure inside a sample that is complete.
fn every_prefix(
    layer: &'static str,
    structure: &[u8],
    least: usize,
    sample: fn(&[Vec<u8>]) -> Vec<u8>,
) {
    let format = u32::from_be_bytes([structure[0], structure[1], structure[2], structure[3]]);
    let body = &structure[8..];
    for cut in 0..least {
        // Cut to whole words, because a sample's parts have whole words; the length says what is meant.
        let mut bytes = join(&[words(&[format, cut as u32]), body[..cut].to_vec()]);
        bytes.resize(bytes.len().next_multiple_of(4), 0xee);
        let out = decoded(&datagram(&[sample(&[bytes.clone()]), flow(&[header()])]));
        let [fault] = out.faults.as_slice() else {
            panic!("{layer} of {cut} bytes: {:?}", out.faults);
        };
        let first_structure = 28 + sample(&[]).len();
        assert_eq!(
            (fault.layer, fault.offset),
            (layer, first_structure + 8),
            "{cut}"
        );
        assert_eq!(fault.present, cut, "{layer}");
        assert!(
            fault.needed > cut,
            "{layer} needs {} of {cut}",
            fault.needed
        );
        assert!(
            fault.needed <= least,
            "{layer} needs {} of {least}",
            fault.needed
        );
        // Nothing of the sample but its head, and the one behind it as if nothing had been.
        assert_eq!(sizes(&out), [1, 0, 0, 0, 2], "{layer} of {cut} bytes");
        assert_eq!(value(&out, 0, "dst_port"), "443");
    }
    let out = decoded(&datagram(&[sample(&[structure.to_vec()])]));
    assert_eq!(out.faults, [], "{layer}");
}

#[test]
fn every_shorter_prefix_of_a_structure_breaks_its_sample_and_no_other() {
    let without_padding = 16 + frame().len();
    every_prefix("sampled_header", &header(), without_padding, flow);
    for (layer, structure) in [
        ("sampled_ethernet", ethernet()),
        ("sampled_ipv4", ip4(6)),
        ("sampled_ipv6", ip6()),
        ("extended_switch", switch()),
        ("extended_router", router()),
        ("extended_gateway", gateway()),
        ("extended_mpls", mpls()),
        ("extended_nat", nat()),
        ("extended_nat_port", nat_ports()),
        ("extended_vlantunnel", tagged(1012, &list(&[0x88a8_0064]))),
        ("extended_ipv4_tunnel_egress", outer4(1023, 47, 0)),
        ("extended_ipv4_tunnel_ingress", outer4(1024, 47, 0)),
        ("extended_ipv6_tunnel_egress", outer6(1025, 41)),
        ("extended_ipv6_tunnel_ingress", outer6(1026, 41)),
        ("extended_decapsulate_egress", tagged(1027, &words(&[50]))),
        ("extended_decapsulate_ingress", tagged(1028, &words(&[50]))),
        ("extended_vni_egress", tagged(1029, &words(&[1]))),
        ("extended_vni_ingress", tagged(1030, &words(&[1]))),
    ] {
        every_prefix(layer, &structure, structure.len() - 8, flow);
        every_prefix(layer, &structure, structure.len() - 8, discarded);
    }
    every_prefix("extended_function", &function(), 4 + 12, discarded);
    every_prefix(
        "extended_linux_drop_reason",
        &kernel_reason(),
        4 + 14,
        discarded,
    );
    every_prefix("extended_acl", &acl(), 8 + 7, discarded);
    every_prefix("extended_hw_trap", &trap(), 16 + 4 + 24, discarded);
    for (layer, structure) in [
        ("if_counters", generic()),
        ("ethernet_counters", ethernet_counters()),
        ("vlan_counters", vlan_counters()),
        ("of_port", open_flow()),
        ("port_name", port_name(b"tap1")),
        ("processor", processor()),
        ("host_adapters", adapters()),
        ("host_parent", parent()),
        ("host_cpu", cpu(14)),
        ("host_memory", memory()),
        ("host_disk_io", disk()),
        ("host_net_io", net()),
    ] {
        every_prefix(layer, &structure, structure.len() - 8, counters);
        every_prefix(layer, &structure, structure.len() - 8, counters_expanded);
    }
    every_prefix("host_descr", &description(), 12 + 16 + 8 + 4 + 14, counters);
}

#[test]
fn a_sample_cut_inside_by_its_own_length_has_no_row() {
    let sample = flow(&[header(), switch(), router()]);
    for cut in 0..sample.len() - 8 {
        let body = &sample[8..8 + cut];
        let mut short = join(&[words(&[1, cut as u32]), body.to_vec()]);
        short.resize(short.len().next_multiple_of(4), 0);
        let out = decoded(&datagram(&[short, flow(&[header()])]));
        assert_eq!(out.flows.rows, 1, "{cut}");
        assert_eq!(out.faults.len(), 1, "{cut}");
        assert_eq!(out.samples.len(), 1 + usize::from(cut >= 28), "{cut}");
    }
}

#[test]
fn lengths_that_lie_are_told_and_stay_in_their_sample() {
    let lie = |structure: Vec<u8>, at: usize, length: u32| {
        let mut bytes = structure;
        bytes[at..at + 4].copy_from_slice(&length.to_be_bytes());
        bytes
    };
    // Where the structure of the first sample begins, its body, and how much of the sample is left from there.
    let (body, left) = (28 + 8 + 32 + 8, header().len() - 8);
    for length in [left as u32 + 1, 1 << 31, u32::MAX] {
        let out = decoded(&datagram(&[
            flow(&[lie(header(), 4, length)]),
            flow(&[header()]),
        ]));
        let faults: Vec<_> = out.faults.iter().map(told).collect();
        let needed = length as usize;
        assert_eq!(
            faults,
            [("sampled_header", body, needed, left, Reason::Length)]
        );
        assert_eq!(sizes(&out), [1, 0, 0, 0, 2]);

        let out = decoded(&datagram(&[
            flow(&[lie(header(), 20, length)]),
            flow(&[header()]),
        ]));
        let faults: Vec<_> = out.faults.iter().map(told).collect();
        assert_eq!(
            faults,
            [("sampled_header", body, needed + 16, left, Reason::Length)]
        );
        assert_eq!(sizes(&out), [1, 0, 0, 0, 2]);
    }
    // A shorter length than the structure's own makes the rest a structure of its own, which is broken or unknown.
    let out = decoded(&datagram(&[
        flow(&[lie(header(), 4, 12), switch()]),
        flow(&[header()]),
    ]));
    assert_eq!(
        told(&out.faults[0]),
        ("sampled_header", body, 16, 12, Reason::Short)
    );
    assert_eq!(out.flows.rows, 1);
}

#[test]
fn a_sample_that_claims_more_than_the_datagram_is_the_last_one() {
    let mut samples = [flow(&[header()]), flow(&[header()]), flow(&[header()])];
    samples[1][4..8].copy_from_slice(&u32::MAX.to_be_bytes());
    let out = decoded(&datagram(&samples));
    let offset = 28 + samples[0].len() + 8;
    let present = datagram(&samples).len() - offset;
    let expected = (
        "flow_sample",
        offset,
        u32::MAX as usize,
        present,
        Reason::Short,
    );
    assert_eq!(out.faults.iter().map(told).collect::<Vec<_>>(), [expected]);
    assert_eq!(out.flows.rows, 1);
}

#[test]
fn counts_that_cannot_be_true_are_found_out_at_once() {
    for count in [2, 3, 1 << 16, 1 << 31, u32::MAX] {
        let lie = |sample: Vec<u8>, at: usize| {
            let mut bytes = sample;
            bytes[at..at + 4].copy_from_slice(&count.to_be_bytes());
            bytes
        };
        let least = usize::try_from(count).expect("64 bits").saturating_mul(8);
        for (sample, at, layer) in [
            (flow(&[]), 36, "flow_sample"),
            (expanded_of([0; 10], &[]), 48, "flow_sample_expanded"),
            (counters(&[]), 16, "counters_sample"),
            (counters_expanded(&[]), 20, "counters_sample_expanded"),
            (discarded(&[]), 36, "discarded_packet"),
        ] {
            let out = decoded(&datagram(&[lie(sample, at), flow(&[header()])]));
            let expected = (layer, 36, at - 8 + 4 + least, at - 8 + 4, Reason::Count);
            assert_eq!(out.faults.iter().map(told).collect::<Vec<_>>(), [expected]);
            assert_eq!(sizes(&out), [1, 0, 0, 0, 2]);
        }
    }
}

#[test]
fn counts_inside_structures_are_found_out_too() {
    for count in [100, 1 << 29, 1 << 30, 1 << 31, u32::MAX] {
        let gateway = |segments: u32, numbers: u32, communities: u32| {
            let segment = words(&[2, numbers, 64503]);
            let head = words(&[0, 64500, 64501, 64502, segments]);
            tagged(1003, &join(&[head, segment, words(&[communities, 100])]))
        };
        let labels =
            |inward: u32, outward: u32| tagged(1006, &words(&[0, inward, 5 << 12, outward]));
        for broken in [
            gateway(count, 1, 0),
            gateway(1, count, 0),
            gateway(1, 1, count),
            labels(count, 0),
            labels(1, count),
        ] {
            let out = decoded(&datagram(&[flow(&[header(), broken]), flow(&[header()])]));
            assert_eq!(out.faults.len(), 1);
            assert_eq!(out.faults[0].reason, Reason::Count);
            assert_eq!(sizes(&out), [1, 0, 0, 0, 2]);
        }
        for broken in [words(&[count, 2, 0]), words(&[1, 2, count, 0, 0])] {
            let out = decoded(&datagram(&[counters(&[tagged(2001, &broken)])]));
            assert_eq!(out.faults[0].reason, Reason::Count);
            assert_eq!(sizes(&out), [0, 0, 0, 0, 1]);
        }
    }
}

#[test]
fn a_datagram_that_claims_more_or_less_samples_than_it_has_is_told() {
    let samples = [flow(&[header()]), flow(&[header()])];
    let mut bytes = datagram(&samples);
    let end = bytes.len();
    for (count, expected, rows) in [
        (u32::MAX, ("sample", end, 8, 0, Reason::Short), 2),
        (3, ("sample", end, 8, 0, Reason::Short), 2),
        (
            1,
            (
                "samples",
                end - samples[1].len(),
                0,
                samples[1].len(),
                Reason::Length,
            ),
            1,
        ),
        (0, ("samples", 28, 0, end - 28, Reason::Length), 0),
    ] {
        bytes[24..28].copy_from_slice(&count.to_be_bytes());
        let out = decoded(&bytes);
        assert_eq!(out.faults.iter().map(told).collect::<Vec<_>>(), [expected]);
        assert_eq!(out.flows.rows, rows);
    }
}

#[test]
fn empty_samples_by_the_thousand_cost_a_fault_each_and_no_row() {
    let samples = vec![tagged(1, &[]); 8000];
    let out = decoded(&datagram(&samples));
    assert_eq!((out.faults.len(), out.flows.rows), (8000, 0));
    let samples = vec![tagged(77, &[]); 8000];
    let out = decoded(&datagram(&samples));
    assert_eq!((out.faults.len(), out.unknown_structures), (0, 8000));
}

#[test]
fn a_structure_of_aggregated_frames_is_not_followed_into_itself() {
    // extended_80211_aggregation has flow records, which can be such a structure again.
    let mut nested = words(&[1, 0]);
    for _ in 0..1000 {
        nested = join(&[words(&[1, 1]), tagged(1016, &nested)]);
    }
    let out = decoded(&datagram(&[flow(&[header(), tagged(1016, &nested)])]));
    assert_eq!((out.flows.rows, out.faults.len()), (1, 0));
}
