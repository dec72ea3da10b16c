//! Discarded packets.

use crate::datagrams::*;
use wire::sflow::{decode, reason, Output, SampleHead, SampleKind};

fn decoded(samples: &[Vec<u8>]) -> Output {
    let mut out = Output::default();
    decode(&datagram(samples), RECEIVED_NS, &mut out).expect("a header");
    assert_eq!(out.faults, []);
    out
}

#[test]
fn a_discarded_packet_has_its_reason_and_its_headers() {
    let structures = [
        header(),
        acl(),
        function(),
        trap(),
        kernel_reason(),
        tagged(1036, &words(&[4])),
    ];
    let out = decoded(&[discarded(&structures)]);
    assert_eq!((out.flows.rows, out.unknown_structures), (0, 0));
    let discard = &out.discards[0];
    assert_eq!(discard.agent[12..], AGENT);
    assert_eq!(
        (discard.sub_agent, discard.source_type, discard.source_index),
        (7, 0, 3)
    );
    assert_eq!(
        (discard.sequence, discard.drops, discard.received_ns),
        (31, 5, RECEIVED_NS)
    );
    assert_eq!((discard.in_if_index, discard.out_if_index), (3, 0));
    assert_eq!(discard.reason_code, 258);
    assert_eq!(reason(discard.reason_code).name, "acl");
    assert_eq!((discard.bytes, discard.skb_bytes), (1518, 1514));
    assert_eq!(discard.packet.ip.ports, Some((51234, 443)));
    assert_eq!(discard.access_list, "edge-in");
    assert_eq!(discard.function, "nf_hook_slow");
    assert_eq!(discard.trap, "ingress_flow_action_drop");
    assert_eq!(discard.kernel_reason, "NETFILTER_DROP");
    assert_eq!(
        out.samples,
        [SampleHead {
            kind: SampleKind::Discard,
            source_type: 0,
            source_index: 3,
            sequence: 31,
            sampling_rate: 0,
            pool: 0,
            drops: 5
        }]
    );
}

#[test]
fn a_discarded_packet_without_headers_is_still_one() {
    let out = decoded(&[discarded(&[]), discarded(&[ip6()])]);
    assert_eq!(out.discards.len(), 2);
    assert_eq!(
        (out.discards[0].bytes, out.discards[0].packet.ip.version),
        (0, 0)
    );
    assert_eq!(out.discards[1].packet.ip.version, 6);
    assert_eq!(out.discards[1].packet.ip.ports, Some((1000, 53)));
}
