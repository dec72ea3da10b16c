//! Nothing that is sent stops the decoder, and what it says of itself stays true.

use crate::messages::{ipfix, options_template, record, set, template, v9, Exporter, Told, USUAL};
use proptest::prelude::*;

const REVERSED: &[Told<'static>] = &[
    (0, 4, 1, &[6]),
    (0, 96, 65535, b"abc"),
    (29305, 2, 2, &[0, 1]),
    (0, 315, 65535, &[0x45; 30]),
];
const OPTION: &[Told<'static>] = &[(0, 143, 4, &[0, 0, 0, 1]), (0, 34, 4, &[0, 0, 0, 9])];

fn messages() -> Vec<Vec<u8>> {
    let usual: Vec<u8> = (0..3).flat_map(|_| record(USUAL)).collect();
    vec![
        ipfix(&[
            set(2, &[template(256, USUAL), template(257, REVERSED)].concat()),
            set(3, &options_template(400, 1, OPTION)),
            set(256, &usual),
            set(257, &[record(REVERSED), record(REVERSED)].concat()),
            set(400, &record(OPTION)),
        ]),
        v9(4, &[set(0, &template(256, USUAL)), set(256, &usual)]),
        crate::versions::v5(2, 2),
    ]
}

/// Rows can be no more than bytes, twice that for biflows.
fn hear(exporter: &mut Exporter, bytes: &[u8]) {
    if wire::netflow::head(bytes).is_err() {
        return;
    }
    let before = exporter.rows();
    exporter.hear(bytes);
    assert!(exporter.rows() - before <= 2 * bytes.len());
    for fault in &exporter.out.faults {
        assert!(fault.offset <= bytes.len());
        assert!(
            fault.needed == 0 || fault.needed > fault.present || fault.layer == "message",
            "{fault:?}"
        );
    }
    if !exporter.out.missing_templates.is_empty() {
        assert_eq!((exporter.rows(), exporter.out.records), (before, 0));
        exporter.take_up(bytes);
        exporter.give_up(bytes);
    }
    exporter.out.clear();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(version in prop::sample::select(vec![5_u8, 9, 10]), bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut exporter = Exporter::raw();
        hear(&mut exporter, &[&[0, version], bytes.as_slice()].concat());
    }

    #[test]
    fn changed_messages(
        which in 0..3_usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
        raw in any::<bool>(),
    ) {
        let mut exporter = if raw { Exporter::raw() } else { Exporter::new() };
        let good = messages().swap_remove(which);
        hear(&mut exporter, &good);
        let mut bad = good.clone();
        for (at, value) in changes {
            let at = at.index(bad.len());
            bad[at] = value;
        }
        hear(&mut exporter, &bad);
        bad.truncate(cut.index(bad.len()));
        hear(&mut exporter, &bad);
        hear(&mut exporter, &good);
    }

    #[test]
    fn any_template(
        fields in prop::collection::vec((0..420_u16, prop::sample::select(vec![0_u16, 1, 2, 3, 4, 6, 8, 16, 65535]), prop::sample::select(vec![0_u32, 9, 29305])), 1..12),
        data in prop::collection::vec(any::<u8>(), 0..400),
        raw in any::<bool>(),
    ) {
        let told: Vec<Told<'_>> = fields.iter().map(|(number, width, enterprise)| (*enterprise, *number, *width, &[][..])).collect();
        let mut exporter = if raw { Exporter::raw() } else { Exporter::new() };
        hear(&mut exporter, &ipfix(&[set(2, &template(256, &told)), set(256, &data)]));
        hear(&mut exporter, &ipfix(&[set(3, &options_template(256, 1, &told)), set(256, &data)]));
    }
}
