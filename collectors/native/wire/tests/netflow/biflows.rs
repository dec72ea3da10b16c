//! Both directions of a flow in one record (RFC 5103), and connections of firewalls.

use crate::messages::{flow, ipfix, mapped, record, set, template, Exporter, Told};

const REVERSE: u32 = 29305;

#[rustfmt::skip]
const BOTH: &[Told<'static>] = &[
    (0, 8, 4, &[192, 0, 2, 10]), (0, 12, 4, &[198, 51, 100, 20]), (0, 7, 2, &[0x30, 0x39]), (0, 11, 2, &[1, 187]), (0, 4, 1, &[6]),
    (0, 6, 1, &[0x1b]), (0, 5, 1, &[8]), (0, 192, 1, &[64]), (0, 1, 4, &[0, 0, 3, 0]), (0, 2, 2, &[0, 4]),
    (0, 10, 4, &[0, 0, 0, 1]), (0, 14, 4, &[0, 0, 0, 2]), (0, 61, 1, &[0]), (0, 16, 4, &[0, 0, 0xfd, 0xe8]), (0, 17, 4, &[0, 0, 0xfd, 0xe9]),
    (0, 56, 6, &[2, 0, 0, 0, 0, 1]), (0, 80, 6, &[2, 0, 0, 0, 0, 2]), (0, 9, 1, &[24]), (0, 13, 1, &[16]), (0, 58, 2, &[0, 7]),
    (0, 15, 4, &[192, 0, 2, 254]), (0, 136, 1, &[3]), (0, 152, 8, &[0, 0, 1, 0, 0, 0, 0, 0]), (0, 153, 8, &[0, 0, 1, 0, 0, 0, 1, 0]),
    (REVERSE, 1, 4, &[0, 0, 9, 0]), (REVERSE, 2, 2, &[0, 7]), (REVERSE, 6, 1, &[0x12]), (REVERSE, 152, 8, &[0, 0, 1, 0, 0, 0, 0, 9]),
];

#[test]
fn the_reverse_row_has_swapped_ends_and_reverse_elements() {
    let exporter = flow(BOTH);
    assert_eq!(exporter.rows(), 2);
    assert_eq!(exporter.out.observed, [1, 1]);
    let flows = &exporter.out.flows;
    let (one, two) = (mapped([192, 0, 2, 10]), mapped([198, 51, 100, 20]));
    assert_eq!(flows.src_address.values(), [one, two]);
    assert_eq!(flows.dst_address.values(), [two, one]);
    assert_eq!(flows.src_port.values(), [12345, 443]);
    assert_eq!(flows.dst_port.values(), [443, 12345]);
    assert_eq!(flows.protocol.values(), [6, 6]);
    assert_eq!(flows.tcp_flags.values(), [0x1b, 0x12]);
    assert_eq!(flows.bytes.values(), [0x300, 0x900]);
    assert_eq!(flows.packets.values(), [4, 7]);
    assert_eq!(flows.skb_bytes.values(), [0x300 + 4 * 18, 0x900 + 7 * 18]);
    assert_eq!(flows.in_if_index.values(), [1, 2]);
    assert_eq!(flows.out_if_index.values(), [2, 1]);
    assert_eq!(flows.direction.values(), [0, 1]);
    assert_eq!(flows.src_as.values(), [65000, 65001]);
    assert_eq!(flows.dst_as.values(), [65001, 65000]);
    assert_eq!(flows.src_mac.values(), [0x0200_0000_0001, 0x0200_0000_0002]);
    assert_eq!(flows.src_prefix_length.values(), [24, 16]);
    assert_eq!(flows.flow_end_reason.values(), [3, 3]);
    assert_eq!(
        (flows.src_vlan.get(1), flows.dst_vlan.get(1)),
        (None, Some(&7))
    );
    assert_eq!(
        (
            flows.ip_tos.get(1),
            flows.ip_ttl.get(1),
            flows.next_hop.get(1)
        ),
        (None, None, None)
    );
    assert_eq!(
        flows.flow_start_time.values()[1] - flows.flow_start_time.values()[0],
        9_000_000
    );
    assert_eq!(
        flows.flow_end_time.values()[0],
        flows.flow_end_time.values()[1]
    );
    assert_eq!(flows.sequence_number.values().len(), 2);
}

#[test]
fn a_direction_without_packets_is_no_row() {
    let told = |packets: &'static [u8]| -> Vec<Told<'static>> {
        vec![(0, 4, 1, &[6]), (0, 2, 1, &[1]), (REVERSE, 2, 1, packets)]
    };
    assert_eq!(flow(&told(&[0])).rows(), 1);
    assert_eq!(flow(&told(&[1])).rows(), 2);
    let mut exporter = Exporter::new();
    let data = [1, 0, 2, 5, 3, 6, 4, 0, 5, 7].map(|byte| vec![byte]);
    let data: Vec<u8> = data
        .chunks(2)
        .flat_map(|pair| vec![6, pair[0][0], pair[1][0]])
        .collect();
    exporter.hear(&ipfix(&[
        set(2, &template(256, &told(&[0]))),
        set(256, &data),
    ]));
    assert_eq!(
        exporter.out.flows.packets.values(),
        [1, 2, 3, 4, 5, 5, 6, 7]
    );
    assert_eq!(exporter.out.records, 5);
}

#[test]
fn reverse_elements_beside_variable_ones() {
    let told: &[Told<'_>] = &[
        (0, 96, 65535, b"web"),
        (0, 8, 4, &[192, 0, 2, 1]),
        (0, 12, 4, &[192, 0, 2, 2]),
        (0, 1, 1, &[10]),
        (REVERSE, 1, 1, &[20]),
    ];
    let exporter = flow(told);
    assert_eq!(exporter.out.flows.bytes.values(), [10, 20]);
    assert_eq!(
        exporter.out.flows.src_address.get(1),
        Some(&mapped([192, 0, 2, 2]))
    );
}

#[test]
fn a_responder_is_the_reverse_direction() {
    let told: &[Told<'_>] = &[
        (0, 8, 4, &[192, 0, 2, 1]),
        (0, 12, 4, &[192, 0, 2, 2]),
        (0, 231, 4, &[0, 0, 0, 10]),
        (0, 232, 4, &[0, 0, 0, 20]),
        (0, 298, 4, &[0, 0, 0, 1]),
        (0, 299, 4, &[0, 0, 0, 2]),
        (0, 233, 1, &[5]),
    ];
    let exporter = flow(told);
    let flows = &exporter.out.flows;
    assert_eq!(flows.bytes.values(), [10, 20]);
    assert_eq!(flows.packets.values(), [1, 2]);
    assert_eq!(flows.dst_address.get(1), Some(&mapped([192, 0, 2, 1])));
    assert_eq!(flows.firewall_event.values(), [5, 5]);
    assert_eq!(exporter.out.skipped_elements, 0);
}

#[test]
fn hidden_icmp_is_not_sought_in_the_turned_port() {
    let told: &[Told<'_>] = &[
        (0, 4, 1, &[1]),
        (0, 7, 2, &[0, 0]),
        (0, 11, 2, &[8, 0]),
        (REVERSE, 2, 1, &[1]),
    ];
    let exporter = flow(told);
    assert_eq!(exporter.out.flows.icmp_type.get(0), Some(&8));
    assert_eq!(exporter.out.flows.icmp_type.get(1), None);
    let bytes = ipfix(&[set(2, &template(256, told)), set(256, &record(told))]);
    assert!(!bytes.is_empty());
}
