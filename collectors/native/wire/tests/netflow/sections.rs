//! Pieces of packets in a record.

use crate::messages::{flow, ipfix, mapped, set, template, Exporter, Told};

/// Ethernet, VLAN 5, IPv4 with a total length of 1500, UDP 53 to 1024.
const FRAME: &[u8] = &[
    2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x81, 0, 0, 5, 8, 0, 0x45, 0, 5, 220, 0, 1, 0, 0, 64, 17,
    0, 0, 192, 0, 2, 1, 198, 51, 100, 2, 0, 53, 4, 0, 0, 8, 0, 0,
];

#[test]
fn a_frame_is_a_packet_of_its_own() {
    for (number, width) in [(315, 65535), (104, FRAME.len() as u16)] {
        let exporter = flow(&[(0, number, width, FRAME), (0, 10, 4, &[0, 0, 0, 8])]);
        let flows = &exporter.out.flows;
        assert_eq!(flows.src_address.get(0), Some(&mapped([192, 0, 2, 1])));
        assert_eq!(flows.dst_port.get(0), Some(&1024));
        assert_eq!(flows.src_mac.get(0), Some(&0x0200_0000_0001));
        assert_eq!(flows.src_vlan.get(0), Some(&5));
        assert_eq!(flows.in_if_index.get(0), Some(&8));
        assert_eq!(flows.packets.get(0), Some(&1));
        assert_eq!(flows.bytes.get(0), Some(&1500));
        assert_eq!(flows.skb_bytes.get(0), Some(&1518));
    }
}

#[test]
fn an_ip_header_of_either_version() {
    let exporter = flow(&[(0, 313, 65535, &FRAME[18..])]);
    assert_eq!(
        exporter.out.flows.src_address.get(0),
        Some(&mapped([192, 0, 2, 1]))
    );
    let mut six = vec![0x60, 0, 0, 0, 0, 8, 17, 64];
    six.extend([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    six.extend([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
    six.extend([0, 53, 4, 0, 0, 8, 0, 0]);
    let exporter = flow(&[(0, 313, six.len() as u16, &six)]);
    assert_eq!(exporter.out.flows.src_port.get(0), Some(&53));
    assert_eq!(exporter.out.flows.bytes.get(0), Some(&48));
}

#[test]
fn what_the_record_tells_holds_against_the_piece() {
    let told: &[Told<'_>] = &[
        (0, 2, 1, &[9]),
        (0, 7, 2, &[0, 99]),
        (0, 315, 65535, FRAME),
        (0, 312, 2, &[6, 0]),
    ];
    let exporter = flow(told);
    let flows = &exporter.out.flows;
    assert_eq!(flows.src_port.get(0), Some(&99));
    assert_eq!(flows.packets.get(0), Some(&9));
    assert_eq!(flows.bytes.get(0), Some(&1536));
    assert_eq!(flows.skb_bytes.get(0), Some(&1536));
}

#[test]
fn another_kind_of_frame_is_not_read_as_ethernet() {
    let exporter = flow(&[(0, 408, 2, &[0, 2]), (0, 315, 65535, FRAME)]);
    assert!(exporter.out.flows.src_mac.is_untold());
    let ethernet = flow(&[(0, 408, 2, &[0, 1]), (0, 315, 65535, FRAME)]);
    assert!(!ethernet.out.flows.src_mac.is_untold());
}

#[test]
fn padding_of_a_piece_is_not_read() {
    let mut padded = FRAME[..20].to_vec();
    padded.extend([0; 20]);
    for number in [410, 103] {
        let exporter = flow(&[(0, 315, 40, &padded), (0, number, 2, &[0, 20])]);
        assert_eq!(exporter.out.flows.src_vlan.get(0), Some(&5));
        assert_eq!(exporter.out.flows.src_address.get(0), None);
        assert!(exporter.out.flows.header_problem.get(0).is_some());
        let more = flow(&[(0, 315, 40, &padded), (0, number, 2, &[9, 0])]);
        assert!(more.out.flows.src_address.get(0).is_some());
    }
}

#[test]
fn a_piece_from_the_middle_of_a_packet_is_not_read() {
    for number in [409, 102] {
        let exporter = flow(&[(0, number, 2, &[0, 14]), (0, 315, 65535, FRAME)]);
        assert_eq!(exporter.rows(), 1);
        assert!(exporter.out.flows.src_mac.is_untold());
    }
}

#[test]
fn several_records_with_pieces_keep_their_rows_apart() {
    let told: &[Told<'_>] = &[(0, 315, 65535, &[]), (0, 61, 1, &[])];
    let mut data = Vec::new();
    for (length, direction) in [(FRAME.len(), 0), (16, 1), (0, 1), (FRAME.len(), 1)] {
        data.push(length as u8);
        data.extend(&FRAME[..length]);
        data.push(direction);
    }
    let mut exporter = Exporter::new();
    exporter.hear(&ipfix(&[set(2, &template(256, told)), set(256, &data)]));
    assert_eq!(exporter.rows(), 4);
    let flows = &exporter.out.flows;
    let ports: Vec<_> = (0..4).map(|row| flows.src_port.get(row).copied()).collect();
    assert_eq!(ports, [Some(53), None, None, Some(53)]);
    assert_eq!(flows.direction.values(), [0, 1, 1, 1]);
    assert!(flows.header_problem.get(1).is_some());
    assert_eq!(flows.src_mac.get(2), None);
}
