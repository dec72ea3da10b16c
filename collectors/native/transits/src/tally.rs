//! Samples, until it is known whose the interfaces are.

use std::collections::BTreeMap;

use columns::generated::latency::Rows;
use wire::transit_record::TransitSample;

use crate::bucket::bounds;

/// How old samples of an interface that is not known may be to wait for one more call: it may be that new.
const NEW_NS: i64 = 2_000_000_000;

/// The time between two calls, ns since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interval {
    pub start_ns: i64,
    pub end_ns: i64,
}

/// Samples that no bucket has, in an interval.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Lost {
    pub expired: u64,
    pub changed: u64,
    pub unplaced: u64,
}

/// An interface: its namespace's cookie, and its number in it.
pub type Place = (u64, u32);

#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Pair {
    /// Packets by the least time of the bucket.
    buckets: BTreeMap<u64, u64>,
    newest_ns: i64,
    has_waited: bool,
}

/// Samples that have no row yet.
#[derive(Debug)]
pub struct Tally {
    /// Of the interval that is not over.
    open: BTreeMap<(Place, Place), Pair>,
    waiting: BTreeMap<(Interval, u64, Place, Place), Pair>,
    buckets: usize,
    most_buckets: usize,
    /// Since the last call of `rows`.
    unplaced: u64,
}

impl Tally {
    /// A tally that holds at most so many buckets of all pairs.
    pub fn new(most_buckets: usize) -> Self {
        Self {
            open: BTreeMap::new(),
            waiting: BTreeMap::new(),
            buckets: 0,
            most_buckets,
            unplaced: 0,
        }
    }

    /// Count a sample; `offset_ns` is real time minus the kernel's clock.
    pub fn take(&mut self, sample: &TransitSample, offset_ns: i64) {
        let (from_ns, _) = bounds(sample.transit_ns);
        let key = (
            (sample.in_cookie, sample.in_ifindex),
            (sample.out_cookie, sample.out_ifindex),
        );
        let is_known = self
            .open
            .get(&key)
            .is_some_and(|pair| pair.buckets.contains_key(&from_ns));
        if !is_known {
            if self.buckets >= self.most_buckets {
                self.unplaced += 1;
                return;
            }
            self.buckets += 1;
        }
        let pair = self.open.entry(key).or_default();
        *pair.buckets.entry(from_ns).or_default() += 1;
        pair.newest_ns = pair.newest_ns.max(offset_ns + sample.left_ns as i64);
    }

    /// Whether samples found no room since the last call of `rows`.
    pub fn is_full(&self) -> bool {
        self.unplaced > 0
    }

    /// How many buckets are taken.
    pub fn buckets(&self) -> usize {
        self.buckets
    }

    /// End an interval, and return rows of all pairs whose interfaces are known, or will not be; of the others with the next call.
    ///
    /// Args: the interval; one packet of how many was sampled in it; what the probe lost in it; who has an interface at a time, 0
    /// for nobody that is known; there will be no other call.
    pub fn rows(
        &mut self,
        interval: Interval,
        sampling_rate: f64,
        lost: Lost,
        mut vif: impl FnMut(Place, i64) -> u64,
        last: bool,
    ) -> Rows {
        let mut rows = Rows::default();
        push(
            &mut rows,
            interval,
            sampling_rate,
            ((0, (0, 0)), (0, (0, 0))),
            (0, 0),
            0,
        );
        if let (Some(expired), Some(changed), Some(unplaced)) = (
            rows.expired_packets.first_mut(),
            rows.changed_packets.first_mut(),
            rows.unplaced_packets.first_mut(),
        ) {
            *expired = lost.expired;
            *changed = lost.changed;
            *unplaced = lost.unplaced + std::mem::take(&mut self.unplaced);
        }
        for ((inside, outside), pair) in std::mem::take(&mut self.open) {
            let key = (interval, sampling_rate.to_bits(), inside, outside);
            self.waiting.insert(key, pair);
        }
        for (key, mut pair) in std::mem::take(&mut self.waiting) {
            let (of, rate, inside, outside) = key;
            let ids = (vif(inside, pair.newest_ns), vif(outside, pair.newest_ns));
            let is_new = of.end_ns - pair.newest_ns < NEW_NS;
            if (ids.0 == 0 || ids.1 == 0) && is_new && !pair.has_waited && !last {
                pair.has_waited = true;
                self.waiting.insert(key, pair);
                continue;
            }
            self.buckets -= pair.buckets.len();
            let ends = ((ids.0, inside), (ids.1, outside));
            for (from_ns, packets) in pair.buckets {
                push(
                    &mut rows,
                    of,
                    f64::from_bits(rate),
                    ends,
                    bounds(from_ns),
                    packets,
                );
            }
        }
        rows
    }

    /// Start of the earliest interval that waits.
    pub fn oldest_ns(&self) -> Option<i64> {
        self.waiting.keys().next().map(|key| key.0.start_ns)
    }
}

fn push(
    rows: &mut Rows,
    interval: Interval,
    sampling_rate: f64,
    ((vif_id, inside), (out_vif_id, outside)): ((u64, Place), (u64, Place)),
    (from_ns, to_ns): (u64, u64),
    packets: u64,
) {
    rows.time.push(interval.start_ns);
    let length_ns = interval.end_ns - interval.start_ns;
    rows.duration_ns.push(length_ns.max(0) as u64);
    rows.vif_id.push(vif_id);
    rows.out_vif_id.push(out_vif_id);
    rows.in_if_index.push(inside.1);
    rows.out_if_index.push(outside.1);
    rows.bucket_from_ns.push(from_ns);
    rows.bucket_to_ns.push(to_ns);
    rows.sampled_packets.push(packets);
    rows.sampling_rate.push(sampling_rate);
    rows.fill();
}

#[cfg(test)]
mod tests {
    use super::{Interval, Lost, Place, Tally};
    use wire::transit_record::TransitSample;

    const FIRST: Interval = Interval {
        start_ns: 10_000_000_000,
        end_ns: 20_000_000_000,
    };

    fn sample(out_ifindex: u32, transit_ns: u64, left_ns: u64) -> TransitSample {
        TransitSample {
            in_cookie: 7,
            out_cookie: 7,
            transit_ns,
            left_ns,
            in_ifindex: 2,
            out_ifindex,
        }
    }

    fn known(place: Place, _: i64) -> u64 {
        u64::from(place.1) + 100
    }

    #[test]
    fn a_row_is_a_bucket_of_a_pair_and_the_first_is_about_all() {
        let mut tally = Tally::new(100);
        for (out, transit_ns) in [(3, 1_000), (3, 1_001), (3, 900_000), (4, 1_000)] {
            tally.take(&sample(out, transit_ns, 12_000_000_000), 0);
        }
        let lost = Lost {
            expired: 5,
            changed: 6,
            unplaced: 7,
        };
        let rows = tally.rows(FIRST, 80.0, lost, known, false);
        assert_eq!(rows.vif_id, [0, 102, 102, 102]);
        assert_eq!(rows.out_vif_id, [0, 103, 103, 104]);
        assert_eq!(rows.sampled_packets, [0, 2, 1, 1]);
        assert_eq!(rows.expired_packets, [5, 0, 0, 0]);
        assert_eq!(rows.changed_packets[0], 6);
        assert_eq!(rows.unplaced_packets[0], 7);
        assert!(rows.bucket_from_ns[1] <= 1_000 && 1_001 < rows.bucket_to_ns[1]);
        assert_eq!(tally.buckets(), 0);
        assert_eq!(
            tally
                .rows(FIRST, 80.0, Lost::default(), known, false)
                .vif_id,
            [0]
        );
    }

    #[test]
    fn samples_of_a_new_interface_wait_once() {
        let mut tally = Tally::new(100);
        tally.take(&sample(3, 1_000, 19_000_000_000), 0);
        let unknown = |_: Place, _: i64| 0;
        assert_eq!(
            tally
                .rows(FIRST, 1.0, Lost::default(), unknown, false)
                .vif_id,
            [0]
        );
        assert_eq!(tally.oldest_ns(), Some(FIRST.start_ns));
        let second = Interval {
            start_ns: 20_000_000_000,
            end_ns: 30_000_000_000,
        };
        let rows = tally.rows(second, 2.0, Lost::default(), unknown, false);
        assert_eq!(rows.time, [second.start_ns, FIRST.start_ns]);
        assert_eq!(rows.vif_id, [0, 0]);
        assert_eq!(rows.in_if_index[1], 2);
        assert_eq!(rows.sampling_rate[1], 1.0);
    }

    #[test]
    fn what_finds_no_room_is_counted() {
        let mut tally = Tally::new(1);
        for transit_ns in [1_000, 1_000, 900_000, 900_000] {
            tally.take(&sample(3, transit_ns, 0), 0);
        }
        assert!(tally.is_full());
        let rows = tally.rows(FIRST, 1.0, Lost::default(), known, true);
        assert_eq!(rows.sampled_packets, [0, 2]);
        assert_eq!(rows.unplaced_packets, [2, 0]);
        assert!(!tally.is_full());
    }
}
