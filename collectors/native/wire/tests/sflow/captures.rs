//! What real exporters sent (`tests/captures`): as many samples and bytes as tshark 4.0 finds, and every datagram cut at every length.

use crate::rows::{assert_whole, rows};
use std::path::Path;
use wire::fault::Reason;
use wire::rows::tunnel;
use wire::sflow::{decode, Output};

/// The UDP payloads of a little-endian pcap file of Ethernet frames without tags.
fn datagrams(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/captures");
    let bytes = std::fs::read(folder.join(name)).expect("a capture");
    assert_eq!(bytes[..4], [0xd4, 0xc3, 0xb2, 0xa1]);
    assert_eq!(bytes[20..24], [1, 0, 0, 0]);
    let mut datagrams = Vec::new();
    let mut rest = &bytes[24..];
    while let Some((head, behind)) = rest.split_at_checked(16) {
        let length = u32::from_le_bytes([head[8], head[9], head[10], head[11]]) as usize;
        let (frame, behind) = behind.split_at(length);
        let udp = &frame[14 + usize::from(frame[14] & 15) * 4..];
        let length = usize::from(u16::from_be_bytes([udp[4], udp[5]]));
        datagrams.push(udp[8..length].to_vec());
        rest = behind;
    }
    datagrams
}

/// Samples of flows and of counters, and the sum of frame lengths.
fn found(name: &str) -> (usize, usize, u64) {
    let mut out = Output::default();
    for bytes in datagrams(name) {
        decode(&bytes, 1, &mut out).expect("a header");
    }
    assert_whole(&out);
    assert_eq!(
        (out.faults.as_slice(), out.unknown_structures),
        ([].as_slice(), 0)
    );
    assert!(out.observed.iter().all(|&if_index| if_index != 0));
    let bytes = out.flows.bytes.values().iter().sum();
    (out.flows.rows, out.counters.len(), bytes)
}

#[test]
fn captures_have_as_many_samples_and_bytes_as_another_decoder_finds() {
    assert_eq!(found("ovs_sflow.pcap"), (326, 9, 181_555));
    assert_eq!(found("ovs_sflow_tunnel.pcap"), (321, 6, 180_473));
    assert_eq!(found("ovs_sflow_vxlan.pcap"), (86, 6, 25_340));
    assert_eq!(found("ovs_sflow_vlan_mpls.pcap"), (98, 7, 29_724));
    assert_eq!(found("pmacctd_sflow.pcap"), (298, 1, 171_138));
}

/// A tunnel of VNI 77 between 198.51.100.129 and .130 that the switch itself ends; counts by a reading of the bytes apart from this one.
#[test]
fn outer_ends_of_open_vswitchs_tunnel_are_kept() {
    let mut out = Output::default();
    for bytes in datagrams("ovs_sflow_tunnel.pcap") {
        decode(&bytes, 1, &mut out).expect("a header");
    }
    let flows = &out.flows;
    let end = |address: Option<&[u8; 16]>| address.map(|address| address[10..].to_vec());
    let mut found = [0; 3];
    for row in 0..flows.rows {
        let ends = (
            end(flows.tunnel_src_address.get(row)),
            end(flows.tunnel_dst_address.get(row)),
        );
        let told = (flows.tunnel.get(row), flows.vni.get(row));
        let [here, there] = [129, 130].map(|last| vec![0xff, 0xff, 198, 51, 100, last]);
        let index = match ends {
            (Some(src), Some(dst)) if src == there && dst == here => 0,
            (Some(src), Some(dst)) if src == here && dst == there => 1,
            (None, None) => 2,
            other => panic!("{other:?}"),
        };
        let expected = match index {
            2 => (None, None),
            _ => (Some(&tunnel::VXLAN), Some(&77)),
        };
        assert_eq!(told, expected);
        found[index] += 1;
    }
    assert_eq!(found, [151, 22, 321 - 151 - 22]);
}

#[test]
fn ports_of_open_vswitch_have_names_and_speeds() {
    let mut out = Output::default();
    for bytes in datagrams("ovs_sflow.pcap") {
        decode(&bytes, 1, &mut out).expect("a header");
    }
    let mut ports: Vec<_> = out
        .counters
        .iter()
        .filter_map(|sample| {
            let generic = sample.generic?;
            Some((sample.name.clone()?, sample.source_index, generic.if_speed))
        })
        .collect();
    ports.sort();
    ports.dedup();
    let speed = 10_000_000_000;
    let named = |name: &str, if_index| (name.to_owned(), if_index, speed);
    assert_eq!(ports, [named("br0", 6), named("tapl", 2), named("tapr", 3)]);
}

#[test]
fn every_shorter_prefix_of_a_real_datagram_is_told_and_adds_nothing() {
    for name in ["ovs_sflow.pcap", "pmacctd_sflow.pcap"] {
        for bytes in datagrams(name).iter().take(3) {
            let mut whole = Output::default();
            decode(bytes, 1, &mut whole).expect("a header");
            let all = rows(&whole);
            for cut in 0..bytes.len() {
                let mut out = Output::default();
                let result = decode(&bytes[..cut], 1, &mut out);
                let faults: Vec<_> = result
                    .err()
                    .into_iter()
                    .chain(out.faults.iter().copied())
                    .collect();
                let [fault] = faults.as_slice() else {
                    panic!("{faults:?}");
                };
                assert_eq!(fault.reason, Reason::Short);
                assert_eq!(fault.offset + fault.present, cut);
                assert!(fault.offset + fault.needed <= bytes.len());
                assert_eq!(rows(&out), all[..out.flows.rows]);
            }
        }
    }
}
