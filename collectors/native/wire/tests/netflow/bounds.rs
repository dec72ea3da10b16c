//! Hostile templates: what is refused, what is bounded.

use crate::messages::{
    ipfix, record, set, template, v9, Exporter, Told, BOUNDS, RECEIVED_NS, USUAL,
};
use wire::fault::Reason;
use wire::netflow::Bounds;

fn fields(id: u16, count: u16, field: &[u8]) -> Vec<u8> {
    let mut bytes = id.to_be_bytes().to_vec();
    bytes.extend(count.to_be_bytes());
    for _ in 0..count {
        bytes.extend(field);
    }
    bytes
}

fn reasons(exporter: &Exporter) -> Vec<Reason> {
    exporter
        .out
        .faults
        .iter()
        .map(|fault| fault.reason)
        .collect()
}

#[test]
fn records_of_no_length_are_no_template() {
    let mut exporter = Exporter::new();
    exporter.hear(&ipfix(&[set(2, &fields(256, 3, &[0, 96, 0, 0]))]));
    assert_eq!(reasons(&exporter), [Reason::Length]);
    exporter.hear(&v9(1, &[set(0, &fields(256, 0, &[])), set(256, &[0; 40])]));
    assert_eq!(exporter.rows(), 0);
    assert_eq!(exporter.domain.templates(), 0);
}

#[test]
fn fields_without_bytes_cost_no_step_for_each_record() {
    let mut content = fields(256, 200, &[0, 96, 0, 0]);
    content[2..4].copy_from_slice(&202_u16.to_be_bytes());
    content.extend([0, 4, 0, 1, 0, 96, 255, 255]);
    let mut exporter = Exporter::bounded(Bounds {
        fields: 1_000,
        ..BOUNDS
    });
    exporter.hear(&ipfix(&[set(2, &content)]));
    let data: Vec<u8> = [6, 0].repeat(32_000);
    exporter.hear(&ipfix(&[set(256, &data[..60_000])]));
    assert_eq!(exporter.rows(), 30_000);
}

#[test]
fn too_many_fields_are_refused_and_stepped_over() {
    let mut exporter = Exporter::new();
    let content = [fields(256, 201, &[0, 4, 0, 1]), template(257, USUAL)].concat();
    exporter.hear(&ipfix(&[set(2, &content)]));
    assert_eq!(reasons(&exporter), [Reason::TooMany]);
    assert_eq!(exporter.domain.templates(), 1);
    exporter.hear(&ipfix(&[set(257, &record(USUAL))]));
    assert_eq!(exporter.rows(), 1);
}

#[test]
fn a_claim_of_65535_fields_ends_with_the_set() {
    let mut content = fields(256, 10, &[0, 4, 0, 1]);
    content[2..4].copy_from_slice(&65535_u16.to_be_bytes());
    let mut exporter = Exporter::new();
    exporter.hear(&ipfix(&[set(2, &content), set(2, &template(257, USUAL))]));
    assert_eq!(reasons(&exporter), [Reason::Length]);
    assert_eq!(exporter.out.faults[0].offset, 20);
    assert_eq!(exporter.out.faults[0].needed, 4 + 4 * 65535);
    assert_eq!(exporter.domain.templates(), 1);
}

#[test]
fn a_field_of_an_enterprise_that_is_cut_needs_eight_bytes() {
    let mut content = fields(256, 2, &[0, 4, 0, 1]);
    content[8] = 0x80;
    let mut exporter = Exporter::new();
    exporter.hear(&ipfix(&[set(2, &content)]));
    let fault = exporter.out.faults[0];
    assert_eq!((fault.needed, fault.present), (16, 12));
}

#[test]
fn a_refused_redefinition_takes_the_old_one_away() {
    let mut exporter = Exporter::new();
    exporter.hear(&ipfix(&[set(2, &template(256, USUAL))]));
    exporter.hear(&ipfix(&[set(2, &fields(256, 201, &[0, 4, 0, 1]))]));
    exporter.hear(&ipfix(&[set(256, &record(USUAL))]));
    assert_eq!(exporter.out.missing_templates, [256]);
    assert_eq!(exporter.rows(), 0);
}

#[test]
fn a_flood_of_templates_leaves_the_known_ones() {
    let mut exporter = Exporter::bounded(Bounds {
        bytes: 40_000,
        templates: 20,
        ..BOUNDS
    });
    exporter.hear(&ipfix(&[set(2, &template(256, USUAL))]));
    for id in 257..2_000 {
        exporter.hear(&ipfix(&[set(2, &template(id, USUAL))]));
    }
    assert!(exporter.domain.templates() <= 20);
    assert!(exporter.domain.bytes() <= 40_000);
    assert!(reasons(&exporter)
        .iter()
        .all(|reason| *reason == Reason::TooMany));
    exporter.hear(&ipfix(&[set(256, &record(USUAL))]));
    assert_eq!(exporter.rows(), 1);
    let later = RECEIVED_NS + BOUNDS.age_ns + 1;
    let faults = exporter.out.faults.len();
    exporter.hear_at(later, &ipfix(&[set(2, &template(5_000, USUAL))]));
    assert_eq!(exporter.out.faults.len(), faults, "old ones make room");
}

#[test]
fn a_flood_in_one_message_ends_at_the_bounds() {
    let content: Vec<u8> = (0..8_000_u16)
        .flat_map(|index| [&(256 + index).to_be_bytes()[..], &[0, 1, 0, 4, 0, 1]].concat())
        .collect();
    let mut exporter = Exporter::new();
    exporter.hear(&ipfix(&[set(2, &content)]));
    assert_eq!(exporter.domain.templates(), BOUNDS.templates);
    assert_eq!(exporter.out.faults.len(), 8_000 - BOUNDS.templates);
    let known: Vec<_> = exporter.domain.definitions().collect();
    let mut fresh = Exporter::new();
    for definition in &known {
        fresh.domain.define(definition).unwrap();
    }
    assert_eq!(fresh.domain.bytes(), exporter.domain.bytes());
    for id in 256..256 + BOUNDS.templates as u16 {
        exporter.hear(&ipfix(&[set(2, &[id.to_be_bytes(), [0, 0]].concat())]));
    }
    assert_eq!(
        (exporter.domain.templates(), exporter.domain.bytes()),
        (0, 0)
    );
}

#[test]
fn bytes_are_bounded_too() {
    let mut exporter = Exporter::bounded(Bounds {
        bytes: 8_000,
        ..BOUNDS
    });
    for id in 300..400 {
        exporter.hear(&ipfix(&[set(2, &fields(id, 150, &[0, 4, 0, 1]))]));
        assert!(exporter.domain.bytes() <= 8_000);
    }
    assert!(exporter.domain.templates() > 0);
}

#[test]
fn reserved_ids_are_faults() {
    let mut exporter = Exporter::new();
    exporter.hear(&ipfix(&[
        set(2, &template(255, USUAL)),
        set(7, &[1, 2, 3]),
        set(0, &[]),
        set(2, &[0, 3, 0, 0]),
    ]));
    assert_eq!(reasons(&exporter), [Reason::Value; 4]);
    assert_eq!(exporter.domain.templates(), 0);
}

#[test]
fn a_set_shorter_than_its_header_ends_the_message() {
    let mut bytes = ipfix(&[
        set(2, &template(256, USUAL)),
        set(256, &record(USUAL)),
        set(256, &record(USUAL)),
    ]);
    let at = bytes.len() - 4 - record(USUAL).len();
    bytes[at + 3] = 3;
    let mut exporter = Exporter::new();
    exporter.hear(&bytes);
    assert_eq!(exporter.rows(), 1);
    assert_eq!(reasons(&exporter), [Reason::Length]);
    assert_eq!(exporter.out.faults[0].offset, at);
}

#[test]
fn the_smallest_records_make_no_more_rows_than_bytes() {
    let told: &[Told<'_>] = &[(0, 4, 1, &[])];
    let mut exporter = Exporter::new();
    exporter.hear(&ipfix(&[set(2, &template(256, told))]));
    exporter.hear(&ipfix(&[set(256, &vec![6; 65_000])]));
    assert_eq!(exporter.rows(), 65_000);
    assert_eq!(exporter.out.records, 65_000);
}
