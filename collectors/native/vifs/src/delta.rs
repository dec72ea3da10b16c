//! What was added between two readings of one interface's counters: never negative, never a spike.

use wire::record::{LinkStats, QdiscStats};

/// How many kernel counters a reading has.
pub const COUNTERS: usize = 16;

/// One reading of all counters of a VIF, in the order of the registry's `counters` columns: rx and tx packets, rx and
/// tx bytes, rx and tx errors, rx and tx dropped, rx missed, rx nohandler, multicast; then the root queue's packets,
/// bytes, drops, overlimits and requeues.
pub type Values = [u64; COUNTERS];

const QDISC_PACKETS: usize = 11;
const QDISC_BYTES: usize = 12;
/// The queue's drops, overlimits and requeues are `__u32` in the kernel (struct gnet_stats_queue).
const FIRST_OF_32_BITS: usize = 13;
const RANGE_OF_32_BITS: u64 = 1 << 32;
/// A step back by more than half of the range is a wrap; by less it cannot be told from a reset.
const LONGEST_WRAP: u64 = 1 << 31;

/// Why a counter was lower than before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fall {
    /// No counter fell.
    None,
    /// A 32-bit counter passed 2^32.
    Wrap,
    /// At least one counter fell for another reason.
    Reset,
}

/// Join the statistics of a link and of its root queue; a VIF without a queue has zeros there.
pub fn values(stats: &LinkStats, qdisc: Option<&QdiscStats>) -> Values {
    let queue = qdisc.map_or([0; 5], |qdisc| {
        [
            qdisc.packets,
            qdisc.bytes,
            u64::from(qdisc.drops),
            u64::from(qdisc.overlimits),
            u64::from(qdisc.requeues),
        ]
    });
    [
        stats.rx_packets,
        stats.tx_packets,
        stats.rx_bytes,
        stats.tx_bytes,
        stats.rx_errors,
        stats.tx_errors,
        stats.rx_dropped,
        stats.tx_dropped,
        stats.rx_missed,
        stats.rx_nohandler,
        stats.multicast,
        queue[0],
        queue[1],
        queue[2],
        queue[3],
        queue[4],
    ]
}

/// Compare two readings.
///
/// A counter that fell to at most half of its old value was set back: its new reading is what was added since. One that
/// fell less belongs to a driver whose sums are not monotonic: nothing was added, for its whole reading would be a spike.
pub fn between(old: &Values, new: &Values) -> (Values, Fall) {
    let mut added = [0; COUNTERS];
    let mut fall = Fall::None;
    // A queue that was replaced starts all of its counters again, also the 64-bit ones; then no 32-bit one wrapped.
    let same_queue =
        new[QDISC_PACKETS] >= old[QDISC_PACKETS] && new[QDISC_BYTES] >= old[QDISC_BYTES];
    for column in 0..COUNTERS {
        let (before, after) = (old[column], new[column]);
        if after >= before {
            added[column] = after - before;
            continue;
        }
        let around = (after + RANGE_OF_32_BITS).saturating_sub(before);
        if column >= FIRST_OF_32_BITS && same_queue && around < LONGEST_WRAP {
            added[column] = around;
            fall = fall.max(Fall::Wrap);
        } else {
            added[column] = if after <= before / 2 { after } else { 0 };
            fall = Fall::Reset;
        }
    }
    (added, fall)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(column: usize, value: u64) -> Values {
        let mut values = [0; COUNTERS];
        values[column] = value;
        values
    }

    #[test]
    fn growth_is_the_difference() {
        let (added, fall) = between(&one(2, 1_000), &one(2, 1_500));
        assert_eq!((added[2], fall), (500, Fall::None));
    }

    #[test]
    fn a_set_back_counter_counts_what_it_shows() {
        let (added, fall) = between(&one(2, 1_000), &one(2, 500));
        assert_eq!((added[2], fall), (500, Fall::Reset));
    }

    #[test]
    fn a_driver_that_steps_back_a_little_adds_nothing() {
        let (added, fall) = between(&one(2, 1_000_000_000), &one(2, 999_999_000));
        assert_eq!((added[2], fall), (0, Fall::Reset));
    }

    #[test]
    fn queue_drops_wrap_at_32_bits() {
        let (added, fall) = between(&one(13, u64::from(u32::MAX) - 9), &one(13, 20));
        assert_eq!((added[13], fall), (30, Fall::Wrap));
    }

    #[test]
    fn a_replaced_queue_is_no_wrap() {
        let mut old = one(13, u64::from(u32::MAX) - 9);
        old[QDISC_BYTES] = 5_000;
        let (added, fall) = between(&old, &one(13, 20));
        assert_eq!((added[13], fall), (20, Fall::Reset));
    }

    #[test]
    fn link_counters_do_not_wrap_at_32_bits() {
        let (added, fall) = between(&one(2, u64::from(u32::MAX) - 9), &one(2, 20));
        assert_eq!((added[2], fall), (20, Fall::Reset));
    }

    /// xorshift64*: the property tests need many numbers, the same ones in each run, and no dependency.
    struct Numbers(u64);

    impl Numbers {
        fn next(&mut self) -> u64 {
            self.0 ^= self.0 >> 12;
            self.0 ^= self.0 << 25;
            self.0 ^= self.0 >> 27;
            self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
        }
    }

    #[test]
    fn without_a_reset_the_deltas_sum_up_to_the_growth() {
        for seed in 1..=200 {
            let mut numbers = Numbers(seed);
            let first: Values = std::array::from_fn(|column| {
                let shift = if column >= FIRST_OF_32_BITS { 33 } else { 8 };
                numbers.next() >> shift
            });
            let (mut truth, mut sums) = (first, [0u64; COUNTERS]);
            let mut last = first;
            for _ in 0..300 {
                for (column, value) in truth.iter_mut().enumerate() {
                    let shift = if column >= FIRST_OF_32_BITS { 34 } else { 30 };
                    *value += numbers.next() >> shift;
                }
                let read: Values = std::array::from_fn(|column| {
                    if column >= FIRST_OF_32_BITS {
                        truth[column] % RANGE_OF_32_BITS
                    } else {
                        truth[column]
                    }
                });
                let (added, fall) = between(&last, &read);
                assert_ne!(fall, Fall::Reset);
                for (sum, add) in sums.iter_mut().zip(added) {
                    *sum += add;
                }
                last = read;
            }
            for column in 0..COUNTERS {
                assert_eq!(
                    sums[column],
                    truth[column] - first[column],
                    "seed {seed} column {column}"
                );
            }
        }
    }

    #[test]
    fn with_resets_and_steps_back_a_delta_is_never_more_than_the_truth() {
        for seed in 1..=200 {
            let mut numbers = Numbers(seed * 7919);
            let mut shown = one(2, 0);
            let mut last = shown;
            let mut grown = 0;
            for _ in 0..500 {
                let step = numbers.next() >> 40;
                match numbers.next() % 10 {
                    0 => {
                        shown[2] = 0; // the device was reset
                    }
                    1 => shown[2] -= (numbers.next() >> 44).min(shown[2] / 4), // a sum that is not monotonic
                    _ => {}
                }
                shown[2] += step;
                grown += step;
                if numbers.next().is_multiple_of(3) {
                    let (added, _) = between(&last, &shown);
                    assert!(added[2] <= grown, "seed {seed}: {} > {grown}", added[2]);
                    last = shown;
                    grown = 0;
                }
            }
        }
    }
}
