//! Sequence numbers of one exporter: what was missed, what came late, and when it began anew.
//!
//! A datagram's number is that of its first unit (RFC 7011 section 3.1), or counts its own units already, as softflowd's does. It
//! shows where datagrams have different numbers of units: one reading fits then and the other one does not. Both are kept, so that
//! what is told can be put right once that is known; until then what is told is what both say.

use serde::{Deserialize, Serialize};
use wire::rows::source_kind;

use crate::account::MOST_COUNTED;
use crate::numbers::{Numbers, Step, Units};

/// Datagrams that fitted one reading only, more than those that fitted only the other one, until that is believed.
const MOST_HINTS: i8 = 2;
/// What counts of them: an exporter that is replaced by another one is believed again after so many.
const MOST_MEMORY: i8 = 16;

/// What was missed, what came late, how often it began anew.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Tally {
    missed: i64,
    reordered: u64,
    restarts: u64,
}

/// The numbers of one exporter in both readings.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Sequence {
    first: Numbers,
    /// The other reading, where a datagram may take other than one number.
    own: Option<Numbers>,
    /// Which one is believed: above 0 the other reading.
    belief: i8,
    /// sFlow: what the samples' numbers say; those of the datagrams say less.
    samples: Option<i64>,
    told: Tally,
}

impl Sequence {
    /// Nothing came yet of an exporter of this kind, one of `wire::rows::source_kind`.
    pub fn new(kind: u8) -> Self {
        let counts_units = ![source_kind::SFLOW, source_kind::NETFLOW9].contains(&kind);
        Self {
            first: Numbers::new(false),
            own: counts_units.then(|| Numbers::new(true)),
            belief: 0,
            samples: (kind == source_kind::SFLOW).then_some(0),
            told: Tally::default(),
        }
    }

    /// Go on where an earlier run was killed: what waited in it waits no more.
    pub fn resume(mut self, kind: u8, keeps_account: bool) -> Self {
        let anew = Self::new(kind);
        let same_form = self.own.is_some() == anew.own.is_some()
            && self.samples.is_some() == anew.samples.is_some();
        if !same_form || !self.is_possible() {
            return anew;
        }
        self.belief = self.belief.clamp(-MOST_MEMORY, MOST_MEMORY);
        self.first.give_up_all();
        if let Some(own) = &mut self.own {
            own.give_up_all();
        }
        if !keeps_account {
            self.told = self.counted();
        }
        self
    }

    fn is_possible(&self) -> bool {
        let counts = [
            self.samples.unwrap_or(0).unsigned_abs(),
            self.told.missed.unsigned_abs(),
        ];
        self.first.is_possible()
            && self.own.as_ref().is_none_or(Numbers::is_possible)
            && counts.iter().all(|count| *count <= MOST_COUNTED)
    }

    /// The number that comes next, where that is known.
    pub fn next(&self) -> Option<u32> {
        self.believed().unwrap_or(&self.first).next()
    }

    /// Whether a datagram's number counts its own units, as far as that is known.
    #[cfg(test)]
    pub fn counts_own(&self) -> Option<bool> {
        (self.own.is_some() && self.belief.abs() >= MOST_HINTS).then_some(self.belief > 0)
    }

    /// Take in a datagram with the number `told`.
    ///
    /// `uptime_ms` is how long the exporter runs, where it says so: it is told modulo 2^32.
    #[inline]
    pub fn observe(&mut self, told: u32, units: Units, uptime_ms: Option<u32>) -> Step {
        self.observe_with_options(told, units, 0, uptime_ms)
    }

    /// The same for a datagram of which so many units are records of options. Who counts a datagram's own units counts flows only:
    /// softflowd's options take no number.
    #[inline]
    pub fn observe_with_options(
        &mut self,
        told: u32,
        units: Units,
        options: u32,
        uptime_ms: Option<u32>,
    ) -> Step {
        let Some(own) = &mut self.own else {
            return self.first.observe(told, units, uptime_ms);
        };
        let mut flows = units;
        if let (Units::Known(units), Units::Known(flows)) = (units, &mut flows) {
            *flows = units.saturating_sub(options);
            let hint = i8::from(own.fits(told, *flows)) - i8::from(self.first.fits(told, units));
            self.belief = (self.belief + hint).clamp(-MOST_MEMORY, MOST_MEMORY);
        }
        let otherwise = own.observe(told, flows, uptime_ms);
        let step = self.first.observe(told, units, uptime_ms);
        if self.belief >= MOST_HINTS {
            otherwise
        } else {
            step
        }
    }

    /// The units of a datagram became known later than it came.
    pub fn widen(&mut self, told: u32, units: u32, options: u32) {
        self.first.widen(told, units);
        if let Some(own) = &mut self.own {
            own.widen(told, units.saturating_sub(options));
        }
    }

    /// The units of a datagram will never be known.
    pub fn give_up(&mut self, told: u32) {
        self.first.give_up(told);
        if let Some(own) = &mut self.own {
            own.give_up(told);
        }
    }

    /// What the numbers of samples say was missed; below 0 what came late.
    pub fn missed_samples(&mut self, count: i64) {
        if let Some(samples) = &mut self.samples {
            *samples += count;
        }
    }

    /// What was missed, what came late and how often it began anew since the last call. What came late, or turned out to be no
    /// gap, after it was told is owed to the next calls.
    pub fn take(&mut self) -> (u64, u64, u64) {
        let counted = self.counted();
        let news = (
            u64::try_from(counted.missed - self.told.missed).unwrap_or(0),
            counted.reordered.saturating_sub(self.told.reordered),
            counted.restarts.saturating_sub(self.told.restarts),
        );
        self.told = Tally {
            missed: self.told.missed.max(counted.missed),
            reordered: self.told.reordered.max(counted.reordered),
            restarts: self.told.restarts.max(counted.restarts),
        };
        news
    }

    fn believed(&self) -> Option<&Numbers> {
        match &self.own {
            None => Some(&self.first),
            Some(own) if self.belief >= MOST_HINTS => Some(own),
            Some(_) if self.belief <= -MOST_HINTS => Some(&self.first),
            Some(_) => None,
        }
    }

    /// Since the beginning, by the reading that is believed; before that as much as both say.
    fn counted(&self) -> Tally {
        let one = |numbers: &Numbers| Tally {
            missed: self.samples.unwrap_or(numbers.missed),
            reordered: numbers.reordered,
            restarts: numbers.restarts,
        };
        match (self.believed(), &self.own) {
            (None, Some(own)) => Tally {
                missed: self.first.missed.min(own.missed),
                reordered: self.first.reordered.min(own.reordered),
                restarts: self.first.restarts.min(own.restarts),
            },
            (believed, _) => one(believed.unwrap_or(&self.first)),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use Units::{AtMost, Known};

    fn flows() -> Sequence {
        Sequence::new(source_kind::IPFIX)
    }

    fn datagrams() -> Sequence {
        Sequence::new(source_kind::NETFLOW9)
    }

    fn after(mut sequence: Sequence, numbers: &[(u32, u32)]) -> Sequence {
        for &(first, units) in numbers {
            sequence.observe(first, Known(units), None);
        }
        sequence
    }

    fn source_kind_of(sequence: &Sequence) -> u8 {
        match sequence.own {
            Some(_) => source_kind::IPFIX,
            None => source_kind::NETFLOW9,
        }
    }

    /// As a run that was killed hands it on.
    fn killed(sequence: &Sequence) -> Sequence {
        let bytes = postcard::to_allocvec(sequence).unwrap();
        postcard::from_bytes::<Sequence>(&bytes)
            .unwrap()
            .resume(source_kind_of(sequence), true)
    }

    #[test]
    fn what_is_skipped_is_missed_also_where_the_numbers_wrap() {
        let mut sequence = after(datagrams(), &[(u32::MAX - 1, 1), (3, 1)]);
        assert_eq!(sequence.take().0, 4);
        assert_eq!(sequence.observe(4, Known(1), None), Step::Next);
        assert_eq!(sequence.take().0, 0);
    }

    #[test]
    fn units_are_counted_and_not_datagrams() {
        let mut sequence = after(flows(), &[(100, 30), (160, 30)]);
        assert_eq!(sequence.take().0, 30);
    }

    #[test]
    fn numbers_that_count_the_own_units_miss_nothing() {
        // What softflowd sends: the flows so far, with those of the message.
        let units = [0, 14, 9, 14, 3, 8];
        let mut sequence = flows();
        let mut total = 4;
        for units in units {
            total += units;
            sequence.observe(total, Known(units), None);
            assert_eq!(sequence.take(), (0, 0, 0));
        }
        assert_eq!(sequence.counts_own(), Some(true));
        sequence.observe(total + 30, Known(10), None);
        assert_eq!(sequence.take().0, 20, "and a gap is still one");
        sequence.observe(total + 30 + 5 + 2, Known(5), None);
        assert_eq!(sequence.take().0, 2, "also a small one");
    }

    #[test]
    fn options_take_no_number_where_own_units_are_counted() {
        // As softflowd sent them: 336 and 340, the latter with four flows and a record of options.
        let mut sequence = after(flows(), &[(4, 4), (26, 22), (28, 2), (32, 4)]);
        sequence.observe_with_options(36, Known(5), 1, None);
        sequence.observe(46, Known(10), None);
        assert_eq!(
            (sequence.counts_own(), sequence.take()),
            (Some(true), (0, 0, 0))
        );
    }

    #[test]
    fn a_gap_before_the_numbering_is_known_is_told_once_it_is() {
        // Two are missed before the second one, whose number is behind the one that the RFC expects.
        let mut sequence = after(flows(), &[(14, 14), (19, 3)]);
        assert_eq!((sequence.counts_own(), sequence.take().0), (None, 0));
        sequence = killed(&sequence);
        sequence.observe(33, Known(14), None);
        sequence.observe(36, Known(3), None);
        assert_eq!(
            (sequence.counts_own(), sequence.take()),
            (Some(true), (2, 0, 0))
        );
    }

    #[test]
    fn a_gap_that_would_fit_otherwise_does_not_turn_a_regular_exporter() {
        let numbers = [(0, 5), (5, 8), (13, 2), (15, 2), (19, 4), (23, 6)];
        let mut sequence = after(flows(), &numbers);
        assert_eq!(sequence.take().0, 2);
        assert_eq!(sequence.counts_own(), Some(false));
    }

    #[test]
    fn what_comes_late_is_not_missed() {
        let mut sequence = after(
            datagrams(),
            &[(1, 1), (2, 1), (5, 1), (4, 1), (3, 1), (6, 1)],
        );
        assert_eq!(sequence.take(), (0, 2, 0));
    }

    #[test]
    fn what_comes_late_after_it_was_told_is_owed() {
        let mut sequence = after(datagrams(), &[(1, 1), (4, 1)]);
        assert_eq!(sequence.take().0, 2);
        sequence.observe(2, Known(1), None);
        assert_eq!(sequence.take().0, 0);
        let mut next = killed(&sequence);
        next.observe(8, Known(1), None);
        assert_eq!(next.take().0, 2);
    }

    #[test]
    fn a_duplicate_is_neither_missed_nor_a_restart() {
        let numbers = [(7, 1), (8, 1), (8, 1), (9, 1), (10, 1)];
        assert_eq!(after(datagrams(), &numbers).take(), (0, 0, 0));
    }

    #[test]
    fn a_number_far_back_is_a_restart_and_no_gap() {
        let mut sequence = after(datagrams(), &[(50_000, 1), (0, 1), (1, 1)]);
        assert_eq!(sequence.take(), (0, 0, 1));
    }

    #[test]
    fn a_restart_soon_after_the_start_shows_with_the_next_datagram() {
        let numbers = [(0, 1), (1, 1), (2, 1), (0, 1), (1, 1), (2, 1)];
        let mut sequence = after(datagrams(), &numbers);
        assert_eq!(sequence.take(), (0, 0, 1));
        assert_eq!(sequence.next(), Some(3));
    }

    #[test]
    fn an_uptime_that_went_back_is_a_restart_whatever_the_number() {
        let mut sequence = datagrams();
        sequence.observe(10, Known(1), Some(500_000));
        assert_eq!(sequence.observe(11, Known(1), Some(100)), Step::Restart);
        assert_eq!(sequence.observe(400, Known(1), Some(200)), Step::Gap(388));
        let mut wrapped = datagrams();
        wrapped.observe(10, Known(1), Some(u32::MAX - 5));
        assert_eq!(wrapped.observe(11, Known(1), Some(20)), Step::Next);
    }

    #[test]
    fn units_that_become_known_later_were_not_missed() {
        let mut sequence = after(flows(), &[(0, 5), (5, 6), (11, 5), (16, 6), (22, 5)]);
        sequence.observe(27, AtMost(900), None);
        sequence.observe(47, AtMost(900), None);
        sequence.observe(67, Known(5), None);
        assert_eq!(sequence.take().0, 0);
        sequence.widen(27, 20, 0);
        sequence.widen(47, 12, 0);
        assert_eq!(sequence.take().0, 8);
    }

    #[test]
    fn so_it_is_where_numbers_count_their_own_units() {
        let mut sequence = after(flows(), &[(5, 5), (11, 6), (16, 5), (22, 6)]);
        sequence.observe(22 + 20, AtMost(900), None);
        sequence.observe(42 + 3 + 12, AtMost(900), None);
        sequence.observe(57 + 1 + 5, Known(5), None);
        assert_eq!(sequence.take().0, 1);
        sequence.widen(42, 20, 0);
        sequence.widen(57, 12, 0);
        assert_eq!(sequence.take().0, 3);
    }

    #[test]
    fn where_units_never_become_known_what_they_cannot_be_is_missed() {
        let mut sequence = after(flows(), &[(0, 5), (5, 6), (11, 5)]);
        sequence.observe(16, AtMost(100), None);
        sequence.give_up(16);
        sequence.observe(16 + 100 + 7, Known(5), None);
        assert_eq!(sequence.take().0, 7);
        sequence.observe(128, AtMost(100), None);
        let mut next = killed(&sequence);
        next.observe(128 + 100 + 9, Known(5), None);
        assert_eq!(next.take().0, 9);
    }

    #[test]
    fn without_loss_any_order_within_the_window_ends_at_zero() {
        let mut sequence = datagrams();
        sequence.observe(0, Known(1), None);
        let mut order: Vec<u32> = (1..160).collect();
        for block in order.chunks_mut(5) {
            block.reverse();
        }
        for at in order {
            sequence.observe(at, Known(1), None);
        }
        let (missed, _, restarts) = sequence.take();
        assert_eq!((missed, restarts), (0, 0));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

        /// Datagrams of 0 to 30 units, of which some are lost, to a run that is killed after any of them and told of at any time.
        #[test]
        fn what_was_lost_is_told_exactly_across_any_kill(
            counts_own: bool,
            start: u32,
            loss in 0.0..0.4,
            sent in prop::collection::vec((0_u32..30, 0.0..1.0, prop::bool::weighted(0.2)), 60..200),
            killed_after in 0_usize..200,
        ) {
            let mut sequence = flows();
            let (mut number, mut lost, mut told) = (start, 0_u64, 0_u64);
            let mut unseen = None;
            for (at, &(units, chance, is_told)) in sent.iter().enumerate() {
                let own = number.wrapping_add(units);
                let said = if counts_own { own } else { number };
                number = own;
                if chance < loss {
                    // What was lost before the first or after the last one cannot be known.
                    unseen = unseen.map(|unseen: u64| unseen + u64::from(units));
                    continue;
                }
                lost += unseen.replace(0).unwrap_or(0);
                sequence.observe(said, Known(units), None);
                if is_told {
                    told += sequence.take().0;
                    prop_assert!(told <= lost || sequence.counts_own() != Some(counts_own));
                }
                if at == killed_after {
                    sequence = killed(&sequence);
                }
            }
            told += sequence.take().0;
            prop_assert_eq!(sequence.counts_own(), Some(counts_own));
            prop_assert_eq!(told, lost);
        }
    }
}
