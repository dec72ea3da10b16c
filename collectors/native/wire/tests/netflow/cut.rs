//! Messages that end too early.

use crate::messages::{ipfix, options_template, record, set, template, v9, Exporter, Told, USUAL};
use wire::fault::Fault;

const NAMED: &[Told<'static>] = &[(0, 4, 1, &[6]), (0, 96, 65535, b"abc")];
const OPTION: &[Told<'static>] = &[(0, 143, 4, &[0, 0, 0, 1]), (0, 34, 4, &[0, 0, 0, 9])];

fn flows(count: usize) -> Vec<u8> {
    (0..count).flat_map(|_| record(USUAL)).collect()
}

/// Sets and, for each, the rows that each of its bytes completes.
fn message() -> (Vec<Vec<u8>>, usize) {
    let sets = vec![
        set(2, &[template(256, USUAL), template(257, NAMED)].concat()),
        set(256, &flows(3)),
        set(3, &options_template(400, 1, OPTION)),
        set(257, &[record(NAMED), record(NAMED)].concat()),
        set(400, &record(OPTION)),
        set(256, &flows(1)),
    ];
    (sets, 6)
}

/// Rows that are complete in the first `cut` bytes.
fn complete(sets: &[Vec<u8>], cut: usize) -> usize {
    let (mut at, mut rows) = (16, 0);
    for set in sets {
        let width = match u16::from_be_bytes([set[0], set[1]]) {
            256 => record(USUAL).len(),
            257 => record(NAMED).len(),
            _ => usize::MAX,
        };
        let there = cut.saturating_sub(at + 4).min(set.len() - 4);
        rows += there / width;
        at += set.len();
    }
    rows
}

/// The structure that the cut goes through: a set, or the message where it goes between two.
fn broken(sets: &[Vec<u8>], cut: usize) -> (usize, usize) {
    let mut at = 16;
    for set in sets {
        if cut == at {
            break;
        }
        if cut < at + set.len() {
            let needed = if cut < at + 4 { 4 } else { set.len() };
            return (at, needed);
        }
        at += set.len();
    }
    (0, 16 + sets.iter().map(Vec::len).sum::<usize>())
}

#[test]
fn every_prefix_gives_a_fault_and_no_row_of_what_is_missing() {
    let (sets, rows) = message();
    let whole = ipfix(&sets);
    assert_eq!(Exporter::new().hear(&whole).rows(), rows);
    for cut in 16..whole.len() {
        let mut exporter = Exporter::new();
        exporter.hear(&whole[..cut]);
        assert_eq!(exporter.rows(), complete(&sets, cut), "cut to {cut}");
        let (offset, needed) = broken(&sets, cut);
        let faults: Vec<_> = exporter
            .out
            .faults
            .iter()
            .map(|fault| (fault.offset, fault.needed, fault.present))
            .collect();
        assert_eq!(
            faults[0],
            (offset, needed, cut - offset),
            "cut to {cut}: {faults:?}"
        );
        assert_eq!(faults.len(), 1, "{faults:?}");
    }
}

#[test]
fn a_template_that_is_cut_is_not_learned() {
    let whole = ipfix(&[set(2, &template(256, USUAL))]);
    for cut in 16..whole.len() {
        let mut exporter = Exporter::new();
        exporter.hear(&whole[..cut]);
        assert_eq!(exporter.domain.templates(), 0);
        assert_eq!(exporter.out.faults.len(), 1, "cut to {cut}");
    }
}

#[test]
fn a_set_that_claims_more_than_the_message_is_one() {
    let mut bytes = ipfix(&[set(2, &template(256, USUAL)), set(256, &flows(2))]);
    let at = 16 + 4 + template(256, USUAL).len();
    bytes[at + 2..at + 4].copy_from_slice(&5000_u16.to_be_bytes());
    let mut exporter = Exporter::new();
    exporter.hear(&bytes);
    assert_eq!(exporter.rows(), 2);
    let [Fault {
        offset,
        needed,
        present,
        ..
    }] = exporter.out.faults[..]
    else {
        panic!("{:?}", exporter.out.faults);
    };
    assert_eq!((offset, needed, present), (at, 5000, bytes.len() - at));
}

#[test]
fn netflow_9_that_ends_between_sets_is_told_by_its_count() {
    let sets = [
        set(0, &template(256, USUAL)),
        set(256, &flows(2)),
        set(256, &flows(1)),
    ];
    let whole = v9(4, &sets);
    assert_eq!(Exporter::new().hear(&whole).out.faults, []);
    for cut in 20..whole.len() {
        let mut exporter = Exporter::new();
        exporter.hear(&whole[..cut]);
        assert!(!exporter.out.faults.is_empty(), "cut to {cut}");
        let fault = exporter.out.faults[0];
        assert_eq!(fault.offset + fault.present, cut);
    }
}

#[test]
fn a_set_too_short_for_one_record_is_a_fault() {
    let width = record(USUAL).len();
    let mut exporter = Exporter::new();
    exporter.hear(&ipfix(&[
        set(2, &template(256, USUAL)),
        set(256, &flows(1)[..width - 1]),
        set(256, &flows(1)),
    ]));
    assert_eq!(exporter.rows(), 1);
    let at = 16 + 4 + template(256, USUAL).len() + 4;
    let fault = exporter.out.faults[0];
    assert_eq!(fault.layer, "data record");
    assert_eq!(
        (fault.offset, fault.needed, fault.present),
        (at, width, width - 1)
    );
}

#[test]
fn nothing_behind_the_end_of_an_ipfix_message_is_read() {
    let mut bytes = ipfix(&[set(2, &template(256, USUAL)), set(256, &flows(1))]);
    bytes.extend(set(256, &flows(1)));
    let mut exporter = Exporter::new();
    exporter.hear(&bytes);
    assert_eq!(exporter.rows(), 1);
    assert_eq!(exporter.out.faults.len(), 1);
}
