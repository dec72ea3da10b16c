//! Learning, replacing, withdrawing, saving templates; messages that wait for one.

use crate::messages::{
    ipfix, options_template, record, set, template, v9, Exporter, Told, BOUNDS, EXPORTER,
    RECEIVED_NS, USUAL,
};
use wire::fault::Reason;
use wire::netflow::{Bounds, Domain};

const PORT: &[Told<'static>] = &[(0, 7, 2, &[0, 80])];
const PROTOCOL: &[Told<'static>] = &[(0, 4, 1, &[6]), (0, 5, 1, &[8])];

#[test]
fn several_sets_and_padding_in_one_message() {
    let mut exporter = Exporter::new();
    let mut data = record(USUAL);
    data.extend(record(USUAL));
    data.extend([0; 3]);
    exporter.hear(&ipfix(&[
        set(2, &[template(256, USUAL), template(257, PORT)].concat()),
        set(256, &data),
        set(257, &[0, 1, 0, 2, 0, 3]),
        set(256, &record(USUAL)),
    ]));
    assert_eq!(exporter.out.faults, []);
    assert_eq!(exporter.out.records, 6);
    assert_eq!(exporter.rows(), 6);
    assert!(exporter.out.templates_changed);
    let flows = &exporter.out.flows;
    assert_eq!(flows.src_port.values(), [12345, 12345, 1, 2, 3, 12345]);
    assert_eq!(flows.protocol.get(3), None);
    assert_eq!(flows.bytes.get(5), Some(&1500));
}

#[test]
fn a_redefinition_holds_from_where_it_stands() {
    let mut exporter = Exporter::new();
    exporter.hear(&ipfix(&[
        set(2, &template(256, PORT)),
        set(256, &[0, 80]),
        set(2, &template(256, PROTOCOL)),
        set(256, &[6, 8]),
    ]));
    assert_eq!(exporter.out.faults, []);
    let flows = &exporter.out.flows;
    assert_eq!(
        (flows.src_port.get(0), flows.protocol.get(0)),
        (Some(&80), None)
    );
    assert_eq!(
        (flows.src_port.get(1), flows.protocol.get(1)),
        (None, Some(&6))
    );
    assert_eq!(exporter.domain.templates(), 1);
}

#[test]
fn announcing_again_changes_nothing() {
    let mut exporter = Exporter::new();
    exporter.hear(&ipfix(&[set(2, &template(256, PORT))]));
    assert!(exporter.out.templates_changed);
    exporter.hear(&ipfix(&[set(2, &template(256, PORT))]));
    assert!(!exporter.out.templates_changed);
    exporter.hear(&ipfix(&[set(2, &template(256, PROTOCOL))]));
    assert!(exporter.out.templates_changed);
}

#[test]
fn withdrawal_of_one_and_of_all() {
    let mut exporter = Exporter::new();
    let options = options_template(400, 1, &[(0, 143, 4, &[]), (0, 34, 4, &[])]);
    let all = [
        template(256, PORT),
        template(257, PROTOCOL),
        template(258, USUAL),
    ]
    .concat();
    exporter.hear(&ipfix(&[set(2, &all), set(3, &options)]));
    assert_eq!(exporter.domain.templates(), 4);
    exporter.hear(&ipfix(&[set(2, &[1, 1, 0, 0])]));
    assert_eq!(exporter.domain.templates(), 3);
    assert!(exporter.out.templates_changed);
    exporter.hear(&ipfix(&[set(257, &[6, 8])]));
    assert_eq!(exporter.out.missing_templates, [257]);
    exporter.hear(&ipfix(&[set(2, &[0, 2, 0, 0])]));
    assert_eq!(exporter.domain.templates(), 1);
    exporter.hear(&ipfix(&[set(3, &[0, 3, 0, 0])]));
    assert_eq!(exporter.domain.templates(), 0);
    exporter.hear(&ipfix(&[set(2, &[0, 2, 0, 0])]));
    assert!(!exporter.out.templates_changed);
    assert_eq!(exporter.out.faults, []);
}

#[test]
fn a_message_without_its_template_leaves_no_row_and_waits() {
    let mut exporter = Exporter::new();
    let message = ipfix(&[
        set(2, &template(256, PORT)),
        set(256, &[0, 1]),
        set(300, &[6, 8]),
        set(300, &[17, 8]),
    ]);
    exporter.hear(&message);
    assert_eq!(exporter.out.missing_templates, [300]);
    assert_eq!((exporter.rows(), exporter.out.records), (0, 0));
    assert_eq!(
        exporter.domain.templates(),
        1,
        "what it defines is learned all the same"
    );
    exporter.hear(&ipfix(&[set(2, &template(300, PROTOCOL))]));
    exporter.take_up(&message);
    assert_eq!(exporter.out.missing_templates, []);
    assert_eq!(exporter.rows(), 3);
    assert_eq!(exporter.out.faults, []);
}

#[test]
fn a_parked_message_does_not_bring_its_old_template_back() {
    let mut exporter = Exporter::new();
    let parked = ipfix(&[
        set(2, &template(256, PORT)),
        set(256, &[0, 1]),
        set(300, &[6, 8]),
    ]);
    exporter.hear(&parked);
    exporter.hear(&ipfix(&[set(
        2,
        &[template(300, PROTOCOL), template(256, PROTOCOL)].concat(),
    )]));
    exporter.take_up(&parked);
    assert_eq!(
        exporter.out.flows.src_port.get(0),
        Some(&1),
        "its own sets are of its own form"
    );
    exporter.hear(&ipfix(&[set(256, &[17, 0])]));
    assert_eq!(exporter.out.flows.protocol.get(2), Some(&17));
}

#[test]
fn a_message_that_waits_no_longer_is_decoded_as_far_as_it_goes() {
    let mut exporter = Exporter::new();
    let message = ipfix(&[
        set(2, &template(256, PORT)),
        set(300, &[6, 8]),
        set(256, &[0, 1]),
    ]);
    exporter.hear(&message).give_up(&message);
    assert_eq!(exporter.rows(), 1);
    let [fault] = exporter.out.faults[..] else {
        panic!("{:?}", exporter.out.faults);
    };
    assert_eq!((fault.layer, fault.reason), ("data set", Reason::Template));
    assert_eq!(fault.offset, 16 + 4 + template(256, PORT).len());
}

#[test]
fn definitions_are_saved_and_restored() {
    let mut exporter = Exporter::new();
    let option: &[Told<'_>] = &[(0, 143, 4, &[0, 0, 0, 1]), (0, 34, 4, &[0, 0, 0, 9])];
    exporter.hear(&ipfix(&[
        set(2, &template(256, USUAL)),
        set(3, &options_template(400, 1, option)),
    ]));
    exporter.hear(&v9(1, &[set(0, &template(256, PROTOCOL))]));
    let saved: Vec<_> = exporter.domain.definitions().collect();
    assert_eq!(saved.len(), 3);
    let mut other = Exporter::new();
    for definition in &saved {
        other.domain.define(definition).unwrap();
    }
    assert_eq!(other.domain.definitions().collect::<Vec<_>>(), saved);
    other.hear(&ipfix(&[
        set(256, &record(USUAL)),
        set(400, &record(option)),
    ]));
    other.hear(&v9(1, &[set(256, &[6, 8])]));
    assert_eq!(other.rows(), 2, "of both protocols, whose ids are apart");
    assert_eq!(other.out.options.len(), 1);
}

#[test]
fn a_broken_definition_is_refused() {
    let mut exporter = Exporter::new();
    exporter.hear(&ipfix(&[set(2, &template(256, USUAL))]));
    let saved = exporter.domain.definitions().next().unwrap();
    for cut in 0..saved.record.len() {
        let mut broken = saved.clone();
        broken.record.truncate(cut);
        let mut domain = Domain::new(EXPORTER, BOUNDS, false);
        assert!(domain.define(&broken).is_err(), "cut to {cut}");
        assert_eq!(domain.templates(), 0);
    }
    let mut kind = saved.clone();
    kind.source_kind = 99;
    assert!(exporter.domain.define(&kind).is_err());
}

#[test]
fn templates_age_when_neither_announced_nor_used() {
    let bounds = Bounds {
        age_ns: 1_000,
        ..BOUNDS
    };
    let mut exporter = Exporter::bounded(bounds);
    exporter.hear(&ipfix(&[set(
        2,
        &[template(256, PORT), template(257, PORT)].concat(),
    )]));
    exporter.hear_at(RECEIVED_NS + 900, &ipfix(&[set(256, &[0, 1])]));
    assert!(exporter.domain.expire(RECEIVED_NS + 1_800));
    assert_eq!(exporter.domain.templates(), 1);
    exporter.hear(&ipfix(&[set(256, &[0, 1])]));
    assert_eq!(exporter.out.missing_templates, []);
}
