//! Headers of the versions, and NetFlow v5.

use crate::messages::{ipfix, mapped, v9, Exporter, DOMAIN, EXPORTED_SECONDS, SEQUENCE, UPTIME_MS};
use wire::fault::Reason;
use wire::netflow::head;
use wire::rows::source_kind;

pub fn v5(count: u16, flows: usize) -> Vec<u8> {
    let mut bytes = vec![0, 5];
    bytes.extend(count.to_be_bytes());
    bytes.extend(UPTIME_MS.to_be_bytes());
    bytes.extend(EXPORTED_SECONDS.to_be_bytes());
    bytes.extend(500_000_000_u32.to_be_bytes());
    bytes.extend(SEQUENCE.to_be_bytes());
    bytes.extend([3, 9]);
    bytes.extend((1_u16 << 14 | 100).to_be_bytes());
    for index in 0..flows {
        bytes.extend([192, 0, 2, index as u8, 198, 51, 100, 1, 203, 0, 113, 1]);
        bytes.extend([0, 3, 0, 4]);
        bytes.extend(7_u32.to_be_bytes());
        bytes.extend(700_u32.to_be_bytes());
        bytes.extend((UPTIME_MS - 2_000).to_be_bytes());
        bytes.extend((UPTIME_MS - 1_000).to_be_bytes());
        bytes.extend([0, 0, 8, 0, 0xee, 0x1b, 1, 4]);
        bytes.extend([0xfd, 0xe8, 0xfd, 0xe9, 24, 16, 0xee, 0xee]);
    }
    bytes
}

#[test]
fn heads() {
    let five = head(&v5(2, 2)).unwrap();
    assert_eq!(
        (five.source_kind, five.domain_id),
        (source_kind::NETFLOW5, 0x0309)
    );
    assert_eq!(
        (five.sampling, five.count, five.length),
        (Some((1, 100)), Some(2), 120)
    );
    assert_eq!(
        five.export_time_ns,
        i64::from(EXPORTED_SECONDS) * 1_000_000_000 + 500_000_000
    );
    let nine = head(&v9(3, &[])).unwrap();
    assert_eq!(
        (nine.source_kind, nine.domain_id, nine.sequence),
        (source_kind::NETFLOW9, DOMAIN, SEQUENCE)
    );
    assert_eq!(
        (nine.uptime_ms, nine.count, nine.sampling),
        (Some(UPTIME_MS), Some(3), None)
    );
    let ten = head(&ipfix(&[])).unwrap();
    assert_eq!(
        (ten.source_kind, ten.domain_id, ten.sequence),
        (source_kind::IPFIX, DOMAIN, SEQUENCE)
    );
    assert_eq!((ten.uptime_ms, ten.count, ten.length), (None, None, 16));
}

#[test]
fn a_head_that_is_cut_says_what_it_needs() {
    for (whole, needed) in [(v5(0, 0), 24), (v9(0, &[]), 20), (ipfix(&[]), 16)] {
        for cut in 0..whole.len() {
            let fault = head(&whole[..cut]).unwrap_err();
            let needed = if cut < 2 { 2 } else { needed };
            assert_eq!(
                (fault.offset, fault.needed, fault.present),
                (0, needed, cut)
            );
            assert_eq!(fault.reason, Reason::Short);
        }
    }
    assert_eq!(head(&[0, 7, 0, 0]).unwrap_err().reason, Reason::Version);
    let mut lie = ipfix(&[]);
    lie[3] = 15;
    assert_eq!(head(&lie).unwrap_err().reason, Reason::Length);
}

#[test]
fn all_fields_of_version_5() {
    let mut exporter = Exporter::new();
    exporter.hear(&v5(3, 3));
    assert_eq!(exporter.out.faults, []);
    assert_eq!(exporter.out.records, 3);
    assert_eq!(exporter.out.observed, [3, 3, 3]);
    let flows = &exporter.out.flows;
    let exported = i64::from(EXPORTED_SECONDS) * 1_000_000_000 + 500_000_000;
    assert_eq!(flows.source_kind.values(), [source_kind::NETFLOW5; 3]);
    assert_eq!(flows.observation_domain_id.values(), [0x0309; 3]);
    assert_eq!(flows.src_address.get(2), Some(&mapped([192, 0, 2, 2])));
    assert_eq!(flows.dst_address.get(2), Some(&mapped([198, 51, 100, 1])));
    assert_eq!(flows.next_hop.get(2), Some(&mapped([203, 0, 113, 1])));
    assert_eq!(
        (flows.in_if_index.get(0), flows.out_if_index.get(0)),
        (Some(&3), Some(&4))
    );
    assert_eq!(
        (
            flows.bytes.get(0),
            flows.packets.get(0),
            flows.skb_bytes.get(0)
        ),
        (Some(&700), Some(&7), Some(&798))
    );
    assert_eq!(
        flows.flow_start_time.get(0),
        Some(&(exported - 2_000_000_000))
    );
    assert_eq!(flows.time.get(0), Some(&(exported - 1_000_000_000)));
    assert_eq!(flows.duration_ns.get(0), Some(&1_000_000_000));
    assert_eq!(
        (flows.src_port.get(0), flows.dst_port.get(0)),
        (Some(&0), Some(&0x0800))
    );
    assert_eq!(
        (
            flows.tcp_flags.get(0),
            flows.protocol.get(0),
            flows.ip_tos.get(0)
        ),
        (Some(&0x1b), Some(&1), Some(&4))
    );
    assert_eq!(
        (flows.icmp_type.get(0), flows.icmp_code.get(0)),
        (Some(&8), Some(&0))
    );
    assert_eq!(
        (flows.src_as.get(0), flows.dst_as.get(0)),
        (Some(&65000), Some(&65001))
    );
    assert_eq!(
        (
            flows.src_prefix_length.get(0),
            flows.dst_prefix_length.get(0)
        ),
        (Some(&24), Some(&16))
    );
    assert_eq!(exporter.out.skipped_elements, 0);
}

#[test]
fn version_5_is_decoded_as_far_as_it_is_there() {
    let whole = v5(3, 3);
    for cut in 24..whole.len() {
        let mut exporter = Exporter::new();
        exporter.hear(&whole[..cut]);
        let complete = (cut - 24) / 48;
        assert_eq!(exporter.rows(), complete);
        let [fault] = exporter.out.faults[..] else {
            panic!("{:?}", exporter.out.faults);
        };
        assert_eq!((fault.offset, fault.needed), (24 + 48 * complete, 48));
        assert_eq!(fault.offset + fault.present, cut);
    }
    let mut lie = v5(65535, 2);
    assert_eq!(Exporter::new().hear(&lie).rows(), 2);
    lie[2..4].copy_from_slice(&1_u16.to_be_bytes());
    assert_eq!(Exporter::new().hear(&lie).rows(), 1);
}
