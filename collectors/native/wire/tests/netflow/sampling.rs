//! Rates and selectors that a record itself tells.

use crate::messages::{flow, Told};

fn rate(told: &[Told<'_>]) -> Option<f64> {
    flow(told).out.record_rate.get(0).copied()
}

#[test]
fn each_way_to_tell_a_rate() {
    assert_eq!(rate(&[(0, 34, 4, &[0, 0, 0, 100])]), Some(100.0));
    assert_eq!(rate(&[(0, 50, 4, &[0, 0, 1, 0])]), Some(256.0));
    assert_eq!(
        rate(&[(0, 305, 4, &[0, 0, 0, 1]), (0, 306, 4, &[0, 0, 0, 63])]),
        Some(64.0)
    );
    assert_eq!(
        rate(&[(0, 305, 4, &[0, 0, 0, 2]), (0, 306, 4, &[0, 0, 0, 3])]),
        Some(2.5)
    );
    assert_eq!(
        rate(&[(0, 310, 4, &[0, 0, 0, 10]), (0, 309, 4, &[0, 0, 0, 4])]),
        Some(2.5)
    );
    assert_eq!(rate(&[(0, 311, 8, &0.125_f64.to_be_bytes())]), Some(8.0));
    assert_eq!(rate(&[(0, 311, 4, &0.5_f32.to_be_bytes())]), Some(2.0));
}

#[test]
fn what_tells_no_rate() {
    assert_eq!(rate(&[(0, 34, 4, &[0; 4])]), None);
    assert_eq!(
        rate(&[(0, 305, 4, &[0, 0, 0, 1])]),
        None,
        "without the space"
    );
    assert_eq!(rate(&[(0, 305, 4, &[0; 4]), (0, 306, 4, &[0; 4])]), None);
    assert_eq!(rate(&[(0, 309, 1, &[0]), (0, 310, 1, &[4])]), None);
    assert_eq!(
        rate(&[(0, 309, 1, &[4]), (0, 310, 1, &[1])]),
        None,
        "more than all"
    );
    assert_eq!(rate(&[(0, 311, 8, &[0; 8])]), None);
    assert_eq!(rate(&[(0, 311, 8, &f64::NAN.to_be_bytes())]), None);
    assert_eq!(rate(&[(0, 311, 8, &(-0.5_f64).to_be_bytes())]), None);
}

#[test]
fn the_selector_that_a_record_names() {
    let selector = |told: &[Told<'_>]| flow(told).out.selector.get(0).copied();
    assert_eq!(selector(&[(0, 48, 1, &[3])]), Some(3));
    assert_eq!(
        selector(&[(0, 302, 8, &[0, 0, 0, 1, 0, 0, 0, 0])]),
        Some(1 << 32)
    );
    assert_eq!(selector(&[(0, 48, 1, &[3]), (0, 302, 2, &[0, 9])]), Some(9));
    assert_eq!(selector(&[(0, 4, 1, &[6])]), None);
}
