//! Which count is taken, and what interfaces would have counted.

use crate::messages::{flow, Told};

fn counts(told: &[Told<'_>]) -> (Option<u64>, Option<u64>, Option<u64>) {
    let exporter = flow(told);
    let flows = &exporter.out.flows;
    (
        flows.bytes.get(0).copied(),
        flows.packets.get(0).copied(),
        flows.skb_bytes.get(0).copied(),
    )
}

#[test]
fn skb_bytes_add_link_headers() {
    let told: &[Told<'_>] = &[(0, 1, 4, &[0, 0, 4, 0]), (0, 2, 2, &[0, 3])];
    assert_eq!(counts(told), (Some(1024), Some(3), Some(1024 + 42)));
    let tagged: &[Told<'_>] = &[
        (0, 1, 4, &[0, 0, 4, 0]),
        (0, 2, 2, &[0, 3]),
        (0, 58, 2, &[0, 9]),
    ];
    assert_eq!(counts(tagged), (Some(1024), Some(3), Some(1024 + 54)));
    let untagged: &[Told<'_>] = &[
        (0, 1, 4, &[0, 0, 4, 0]),
        (0, 2, 2, &[0, 3]),
        (0, 58, 2, &[0, 0]),
    ];
    assert_eq!(counts(untagged), (Some(1024), Some(3), Some(1024 + 42)));
}

#[test]
fn a_count_that_is_not_told_is_missing() {
    assert_eq!(
        counts(&[(0, 1, 4, &[0, 0, 4, 0])]),
        (Some(1024), None, None)
    );
    assert_eq!(counts(&[(0, 2, 4, &[0, 0, 0, 5])]), (None, Some(5), None));
}

#[test]
fn link_octets_are_what_an_interface_counts() {
    let told: &[Told<'_>] = &[(0, 352, 2, &[8, 0]), (0, 1, 2, &[7, 0]), (0, 2, 1, &[4])];
    assert_eq!(counts(told), (Some(1792), Some(4), Some(2048)));
    assert_eq!(counts(&told[..1]), (Some(2048), None, Some(2048)));
}

#[test]
fn differences_before_totals_before_what_was_changed_on_the_way() {
    let told: &[Told<'_>] = &[
        (0, 23, 1, &[1]),
        (0, 352, 1, &[2]),
        (0, 85, 1, &[3]),
        (0, 231, 1, &[4]),
        (0, 1, 1, &[5]),
    ];
    for (first, expected) in (0..told.len()).map(|first| (first, 5)).collect::<Vec<_>>() {
        assert_eq!(counts(&told[first..]).0, Some(expected));
    }
    for last in 1..=told.len() {
        assert_eq!(
            counts(&told[..last]).0,
            Some(last as u64),
            "of the first {last}"
        );
    }
    let packets: &[Told<'_>] = &[
        (0, 24, 1, &[1]),
        (0, 86, 1, &[2]),
        (0, 298, 1, &[3]),
        (0, 2, 1, &[4]),
    ];
    for last in 1..=packets.len() {
        assert_eq!(
            counts(&packets[..last]).1,
            Some(last as u64),
            "of the first {last}"
        );
    }
}

#[test]
fn a_delta_of_zero_is_not_replaced_by_a_total() {
    assert_eq!(counts(&[(0, 1, 1, &[0]), (0, 85, 1, &[9])]).0, Some(0));
}

#[test]
fn counts_beyond_64_bits_stay_at_the_most() {
    let told: &[Told<'_>] = &[(0, 1, 8, &[255; 8]), (0, 2, 8, &[255; 8])];
    assert_eq!(
        counts(told),
        (Some(u64::MAX), Some(u64::MAX), Some(u64::MAX))
    );
}
