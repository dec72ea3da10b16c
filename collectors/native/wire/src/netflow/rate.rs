//! The sampling rate that a record itself tells (RFC 5477 §8.2, RFC 3954 §8).

use super::number::{float, number};
use super::plan::Rate;
use super::step::Frame;

/// Each packet of the record stands for so many; nothing where the record says 0 or nonsense.
pub fn record_rate(frame: &Frame<'_>, rate: &Rate, record: usize) -> Option<f64> {
    let field = |slot| frame.records.field(record, slot);
    let value = match rate {
        Rate::OneOf(slot) => number(field(slot))? as f64,
        Rate::Spaced(taken, left_out) => {
            let (taken, left_out) = (
                number(field(taken))? as f64,
                number(field(left_out))? as f64,
            );
            (taken + left_out) / taken
        }
        Rate::Sized(size, population) => {
            number(field(population))? as f64 / number(field(size))? as f64
        }
        Rate::Probability(slot) => 1.0 / float(field(slot))?,
    };
    (value.is_finite() && value >= 1.0).then_some(value)
}
