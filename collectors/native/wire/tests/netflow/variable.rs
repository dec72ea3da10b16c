//! Fields whose length each record tells (RFC 7011 §7).

use crate::messages::{ipfix, mapped, set, template, Exporter, Told, VARIABLE};
use wire::fault::Reason;

const NAMED: &[Told<'static>] = &[
    (0, 8, 4, &[]),
    (0, 96, VARIABLE, &[]),
    (0, 7, 2, &[]),
    (9, 12235, VARIABLE, &[]),
    (0, 4, 1, &[]),
];

fn named(last: u8, name: &[u8], more: &[u8], long: bool) -> Vec<u8> {
    let mut bytes = vec![192, 0, 2, last];
    for (text, index) in [(name, 0_u16), (more, 1)] {
        if long {
            bytes.push(255);
            bytes.extend((text.len() as u16).to_be_bytes());
        } else {
            bytes.push(text.len() as u8);
        }
        bytes.extend(text);
        if index == 0 {
            bytes.extend(u16::from(last).to_be_bytes());
        }
    }
    bytes.push(17);
    bytes
}

fn heard(data: &[u8]) -> Exporter {
    let mut exporter = Exporter::new();
    exporter.hear(&ipfix(&[set(2, &template(256, NAMED)), set(256, data)]));
    exporter
}

#[test]
fn one_and_three_byte_lengths() {
    let data = [
        named(1, b"a", b"", false),
        named(2, &[b'x'; 300], b"yy", true),
        named(3, b"", b"", true),
        named(4, &[b'z'; 254], b"", false),
    ]
    .concat();
    let exporter = heard(&data);
    assert_eq!(exporter.out.faults, []);
    assert_eq!(exporter.out.flows.src_port.values(), [1, 2, 3, 4]);
    assert_eq!(exporter.out.flows.protocol.values(), [17; 4]);
    assert_eq!(
        exporter.out.flows.src_address.get(3),
        Some(&mapped([192, 0, 2, 4]))
    );
    assert_eq!(exporter.out.skipped_elements, 8);
}

#[test]
fn padding_shorter_than_a_record_is_left() {
    let mut data = named(1, b"a", b"b", false);
    data.extend([0; 3]);
    let exporter = heard(&data);
    assert_eq!(exporter.out.faults, []);
    assert_eq!(exporter.rows(), 1);
}

#[test]
fn a_length_beyond_the_set_ends_it() {
    let first = named(1, b"a", b"b", false);
    let mut second = named(2, b"c", b"d", false);
    second[4] = 200;
    let data = [first.clone(), second, named(3, b"e", b"f", false)].concat();
    let exporter = heard(&data);
    assert_eq!(exporter.rows(), 1);
    let [fault] = exporter.out.faults[..] else {
        panic!("{:?}", exporter.out.faults);
    };
    assert_eq!(fault.layer, "data record");
    assert_eq!(fault.reason, Reason::Length);
    let content = 16 + 4 + template(256, NAMED).len() + 4;
    assert_eq!(fault.offset, content + first.len());
    assert_eq!(fault.needed, 5 + 200);
    assert_eq!(fault.present, data.len() - first.len());
}

#[test]
fn numbers_of_variable_length() {
    let told: &[Told<'_>] = &[(0, 1, VARIABLE, &[]), (0, 4, VARIABLE, &[])];
    let data = [2, 1, 0, 1, 6, 0, 1, 17, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0];
    let mut exporter = Exporter::new();
    exporter.hear(&ipfix(&[set(2, &template(256, told)), set(256, &data)]));
    assert_eq!(exporter.rows(), 3);
    let flows = &exporter.out.flows;
    let bytes: Vec<_> = (0..3).map(|row| flows.bytes.get(row).copied()).collect();
    assert_eq!(bytes, [Some(256), None, None]);
    let protocols: Vec<_> = (0..3).map(|row| flows.protocol.get(row).copied()).collect();
    assert_eq!(protocols, [Some(6), Some(17), None]);
}

#[test]
fn elements_of_variable_length_are_kept_on_demand() {
    let mut exporter = Exporter::raw();
    let data = named(1, b"dns", b"abc", false);
    exporter.hear(&ipfix(&[set(2, &template(256, NAMED)), set(256, &data)]));
    let kept = vec![(0, 96, b"dns".to_vec()), (9, 12235, b"abc".to_vec())];
    assert_eq!(exporter.out.flows.raw_elements.get(0), Some(&kept));
}
