//! Option data of both protocols.

use crate::messages::{ipfix, options_template, record, set, v9, Exporter, Told};
use wire::netflow::{OptionRecord, V9_SCOPE};

#[test]
fn scopes_and_fields_of_ipfix() {
    let told: &[Told<'_>] = &[
        (0, 149, 4, &[0, 0, 0, 5]),
        (0, 302, 2, &[0, 7]),
        (0, 304, 2, &[0, 1]),
        (9, 8232, 65535, b"eth0"),
        (0, 82, 65535, b""),
    ];
    let mut exporter = Exporter::new();
    exporter.hear(&ipfix(&[
        set(3, &options_template(500, 2, told)),
        set(500, &record(told)),
    ]));
    assert_eq!(exporter.out.faults, []);
    assert_eq!((exporter.rows(), exporter.out.records), (0, 1));
    let expected = OptionRecord {
        template_id: 500,
        scope: vec![(0, 149, vec![0, 0, 0, 5]), (0, 302, vec![0, 7])],
        fields: vec![(0, 304, vec![0, 1]), (9, 8232, b"eth0".to_vec())],
    };
    assert_eq!(exporter.out.options, [expected]);
}

#[test]
fn scopes_of_netflow_9_have_numbers_of_their_own() {
    // Template 300: scope interface (2, 4 bytes), options sampler 48, 49, 50; two bytes of padding.
    #[rustfmt::skip]
    let options = [
        1, 44, 0, 4, 0, 12,
        0, 2, 0, 4,
        0, 48, 0, 1, 0, 49, 0, 1, 0, 50, 0, 4,
        0, 0,
    ];
    let data = [
        0, 0, 0, 8, 1, 2, 0, 0, 0, 100, 0, 0, 0, 9, 2, 2, 0, 0, 0, 200,
    ];
    let mut exporter = Exporter::new();
    exporter.hear(&v9(3, &[set(1, &options), set(300, &data)]));
    assert_eq!(exporter.out.faults, []);
    assert_eq!(exporter.out.options.len(), 2);
    assert_eq!(
        exporter.out.options[1].scope,
        [(V9_SCOPE, 2, vec![0, 0, 0, 9])]
    );
    let fields = [
        (0, 48, vec![2]),
        (0, 49, vec![2]),
        (0, 50, vec![0, 0, 0, 200]),
    ];
    assert_eq!(exporter.out.options[1].fields, fields);
}

#[test]
fn a_scope_of_netflow_9_without_bytes_is_the_exporter_itself() {
    let options = [1, 44, 0, 4, 0, 4, 0, 1, 0, 0, 0, 34, 0, 4, 0, 0];
    let mut exporter = Exporter::new();
    exporter.hear(&v9(2, &[set(1, &options), set(300, &[0, 0, 0, 64])]));
    assert_eq!(exporter.out.faults, []);
    assert_eq!(exporter.out.options[0].scope, [(V9_SCOPE, 1, vec![])]);
    assert_eq!(exporter.out.options[0].fields, [(0, 34, vec![0, 0, 0, 64])]);
}

#[test]
fn an_options_template_of_ipfix_without_scope_is_refused() {
    let mut exporter = Exporter::new();
    let told: &[Told<'_>] = &[(0, 34, 4, &[])];
    exporter.hear(&ipfix(&[set(3, &options_template(500, 0, told))]));
    exporter.hear(&ipfix(&[set(3, &options_template(501, 2, told))]));
    assert_eq!(exporter.out.faults.len(), 2);
    assert_eq!(exporter.domain.templates(), 0);
}
