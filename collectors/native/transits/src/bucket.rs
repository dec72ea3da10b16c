//! Buckets of a histogram: log-linear, the same everywhere, so that histograms are merged by adding them up.
//!
//! Each power of two is divided into [`PARTS`] of the same width, so a bucket is at most 1/36 (2.8 %) wide, by what it begins
//! with. Below 36 ns each nanosecond has its own.

/// Parts of each power of two.
pub const PARTS: u64 = 36;

/// The bucket of a time: its least time, and the least that is beyond it, ns.
pub fn bounds(time_ns: u64) -> (u64, u64) {
    if time_ns < PARTS {
        return (time_ns, time_ns + 1);
    }
    let octave = time_ns.ilog2();
    let part = ((u128::from(time_ns - (1 << octave)) * u128::from(PARTS)) >> octave) as u64;
    (start(octave, part), start(octave, part + 1))
}

/// The least time of a part of a power of two.
fn start(octave: u32, part: u64) -> u64 {
    let offset = (u128::from(part) << octave).div_ceil(u128::from(PARTS));
    ((1_u128 << octave) + offset).min(u128::from(u64::MAX)) as u64
}

#[cfg(test)]
mod tests {
    use super::{bounds, PARTS};

    #[test]
    fn each_time_is_in_its_bucket_and_buckets_do_not_overlap() {
        let mut next = 0;
        while next < 1 << 40 {
            let (from, to) = bounds(next);
            assert_eq!(from, next, "a bucket begins where the one before ends");
            assert_eq!(bounds(to - 1), (from, to));
            assert_eq!(bounds(from + (to - from) / 2), (from, to));
            assert!(to - from == 1 || (to - from - 1) * PARTS <= from);
            next = to;
        }
    }

    #[test]
    fn no_time_is_too_long() {
        let (from, to) = bounds(u64::MAX);
        assert!(from < to && to == u64::MAX);
    }
}
