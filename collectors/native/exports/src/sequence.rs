//! Sequence numbers of one exporter: what was missed, what came late, and when it began anew.

use std::collections::VecDeque;

/// Holes that are remembered, so that what comes late is not counted as missed.
const MOST_HOLES: usize = 8;
/// How far behind the newest number a datagram still is a late one, in datagrams.
const LATE_DATAGRAMS: u32 = 64;
/// Datagrams whose number fits only if it counts their own units, until that is believed.
const MOST_HINTS: u8 = 2;

/// Numbers that were skipped and may still come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Hole {
    first: u32,
    count: u32,
}

/// What one datagram's number means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// The first of all, or the next one.
    Next,
    /// This many numbers were skipped.
    Gap(u32),
    /// It was skipped before.
    Late,
    /// It was there already, or the exporter began anew: the next one shows.
    Doubtful,
    /// The exporter began anew.
    Restart,
}

/// Whether a datagram's number is that of its first unit (RFC 7011 section 3.1), or counts its own units already, as softflowd's
/// does. It shows as soon as two datagrams in a row have different numbers of units.
#[derive(Debug, Default, Clone)]
struct Numbering {
    counts_own: bool,
    /// A datagram fitted the RFC's way and not the other: no doubt any more.
    is_sure: bool,
    hints: u8,
    /// What was taken for missed on the way to that belief.
    falsely_missed: i64,
    /// The number of the last datagram, as told, and its units.
    last: Option<(u32, u32)>,
}

/// The numbers of one exporter; each datagram takes as many numbers as it has units (datagrams, flows or records).
#[derive(Debug, Default, Clone)]
pub(crate) struct Sequence {
    /// The number that comes next; `None` before the first datagram.
    next: Option<u32>,
    /// Units of the largest datagram so far.
    widest: u32,
    /// Where it would go on if the last doubtful datagram was the first after a restart.
    doubtful: Option<u32>,
    uptime_ms: Option<u32>,
    numbering: Numbering,
    holes: Vec<Hole>,
    /// It is not known how many units the newest datagram has: its template is missing.
    is_open: bool,
    /// Such datagrams before it (their first number), and how many numbers there are to the next datagram.
    unsized_before: VecDeque<(u32, u32)>,
    /// Since they were last taken. Negative where something came late that was told as missed before.
    pub missed: i64,
    pub reordered: u64,
    pub restarts: u64,
}

impl Sequence {
    /// Go on where an earlier run stopped.
    pub fn resume(next: Option<u32>, uptime_ms: Option<u32>, counts_own: bool) -> Self {
        let numbering = Numbering {
            counts_own,
            ..Numbering::default()
        };
        Self {
            next,
            uptime_ms,
            numbering,
            ..Self::default()
        }
    }

    /// The number that comes next, where that is known.
    pub fn next(&self) -> Option<u32> {
        self.next.filter(|_| !self.is_open)
    }

    pub fn uptime_ms(&self) -> Option<u32> {
        self.uptime_ms
    }

    /// Whether a datagram's number counts its own units.
    pub fn counts_own(&self) -> bool {
        self.numbering.counts_own
    }

    /// Take in a datagram with the number `told` that has `units` units; `None` where that will only be known when its template
    /// came.
    ///
    /// `uptime_ms` is how long the exporter runs, where it says so: it is told modulo 2^32.
    #[inline]
    pub fn observe(&mut self, told: u32, units: Option<u32>, uptime_ms: Option<u32>) -> Step {
        let before = self.numbering.last;
        self.numbering.last = units.map(|units| (told, units));
        let own = if self.numbering.counts_own {
            units
        } else {
            None
        };
        let first = told.wrapping_sub(own.unwrap_or(0));
        let is_regular = !self.is_open && !self.is_back(uptime_ms);
        if let (Some(units), true) = (units, is_regular && self.next == Some(first)) {
            self.next = Some(first.wrapping_add(units));
            self.widest = self.widest.max(units);
            self.uptime_ms = uptime_ms;
            self.doubtful = None;
            self.numbering.is_sure |= before.is_some_and(|(_, last)| last != units);
            return Step::Next;
        }
        self.out_of_numbering(before, told, first, units, uptime_ms)
    }

    /// A number that does not fit: another one of the same sort, or the first sign that the numbers mean something else.
    #[cold]
    fn out_of_numbering(
        &mut self,
        before: Option<(u32, u32)>,
        told: u32,
        first: u32,
        units: Option<u32>,
        uptime_ms: Option<u32>,
    ) -> Step {
        let fits_otherwise = match (before, units) {
            (Some((last, _)), Some(units)) => last.wrapping_add(units) == told,
            _ => false,
        };
        if self.numbering.is_sure || self.numbering.counts_own || !fits_otherwise {
            return self.out_of_line(first, units, uptime_ms);
        }
        self.numbering.hints += 1;
        if self.numbering.hints < MOST_HINTS {
            let missed = self.missed;
            let step = self.out_of_line(first, units, uptime_ms);
            self.numbering.falsely_missed += self.missed - missed;
            return step;
        }
        self.numbering.counts_own = true;
        self.missed -= self.numbering.falsely_missed;
        self.holes.clear();
        self.doubtful = None;
        self.next = Some(told);
        self.uptime_ms = uptime_ms;
        Step::Next
    }

    #[cold]
    fn out_of_line(&mut self, first: u32, units: Option<u32>, uptime_ms: Option<u32>) -> Step {
        let is_sized = units.is_some();
        let units = units.unwrap_or(0);
        self.widest = self.widest.max(units);
        let after = first.wrapping_add(units);
        let Some(next) = self.next else {
            self.next = Some(after);
            self.uptime_ms = uptime_ms;
            self.is_open = !is_sized;
            return Step::Next;
        };
        let late_by = next.wrapping_sub(first);
        let is_behind = late_by != 0 && late_by < 1 << 31;
        if is_behind && self.fill(first, units) {
            self.reordered += 1;
            return Step::Late;
        }
        if self.is_back(uptime_ms) {
            return self.restart(after, is_sized, uptime_ms);
        }
        if !is_behind {
            let skipped = first.wrapping_sub(next);
            let was_open = std::mem::replace(&mut self.is_open, !is_sized);
            if was_open {
                self.unsized_before.push_back((next, skipped));
            }
            if was_open || skipped == 0 {
                self.next = Some(after);
                self.uptime_ms = uptime_ms;
                return Step::Next;
            }
            self.missed += i64::from(skipped);
            if self.holes.len() == MOST_HOLES {
                self.holes.remove(0);
            }
            self.holes.push(Hole {
                first: next,
                count: skipped,
            });
            self.doubtful = None;
            self.next = Some(after);
            self.uptime_ms = uptime_ms;
            return Step::Gap(skipped);
        }
        let window = self.widest.max(1).saturating_mul(LATE_DATAGRAMS);
        if late_by > window || self.doubtful == Some(first) {
            return self.restart(after, is_sized, uptime_ms);
        }
        self.doubtful = Some(after);
        Step::Doubtful
    }

    /// The units of a datagram became known later than it came.
    pub fn widen(&mut self, first: u32, units: u32) {
        self.widest = self.widest.max(units);
        if self.is_open && self.next == Some(first) {
            self.next = Some(first.wrapping_add(units));
            self.is_open = false;
        } else if let Some(skipped) = self.take_unsized(first) {
            self.missed += i64::from(skipped.saturating_sub(units));
        }
    }

    /// The units of a datagram will never be known.
    pub fn give_up(&mut self, first: u32) {
        if self.is_open && self.next == Some(first) {
            self.next = None;
            self.is_open = false;
        } else {
            self.take_unsized(first);
        }
    }

    fn take_unsized(&mut self, first: u32) -> Option<u32> {
        let at = self
            .unsized_before
            .iter()
            .position(|(number, _)| *number == first)?;
        self.unsized_before.remove(at).map(|(_, skipped)| skipped)
    }

    /// What was missed since the last call; what came late after it was told is owed to the next ones.
    pub fn take_missed(&mut self) -> u64 {
        let missed = u64::try_from(self.missed).unwrap_or(0);
        self.missed = self.missed.min(0);
        missed
    }

    fn restart(&mut self, next: u32, is_sized: bool, uptime_ms: Option<u32>) -> Step {
        self.next = Some(next);
        self.is_open = !is_sized;
        self.unsized_before.clear();
        self.uptime_ms = uptime_ms;
        self.doubtful = None;
        self.holes.clear();
        self.restarts += 1;
        Step::Restart
    }

    /// Whether the exporter runs for a shorter time than it did: more than what re-ordering or a wrap explains.
    fn is_back(&self, uptime_ms: Option<u32>) -> bool {
        const LATE_MS: u32 = 10_000;
        match (self.uptime_ms, uptime_ms) {
            (Some(before), Some(now)) => {
                let back = before.wrapping_sub(now);
                back > LATE_MS && back < 1 << 31
            }
            _ => false,
        }
    }

    fn fill(&mut self, first: u32, units: u32) -> bool {
        let Some(at) = self
            .holes
            .iter()
            .position(|hole| first.wrapping_sub(hole.first) < hole.count)
        else {
            return false;
        };
        let hole = self.holes[at];
        let before = first.wrapping_sub(hole.first);
        let own = units.min(hole.count - before);
        self.missed -= i64::from(own);
        let after = hole.count - before - own;
        self.holes[at].count = before;
        if after > 0 {
            let rest = Hole {
                first: first.wrapping_add(own),
                count: after,
            };
            self.holes.insert(at + 1, rest);
            if self.holes.len() > MOST_HOLES {
                self.holes.remove(0);
            }
        }
        self.holes.retain(|hole| hole.count > 0);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(numbers: &[(u32, u32)]) -> Sequence {
        let mut sequence = Sequence::default();
        for &(first, units) in numbers {
            sequence.observe(first, Some(units), None);
        }
        sequence
    }

    #[test]
    fn what_is_skipped_is_missed_also_where_the_numbers_wrap() {
        let mut sequence = after(&[(u32::MAX - 1, 1), (3, 1)]);
        assert_eq!(sequence.take_missed(), 4);
        assert_eq!(sequence.observe(4, Some(1), None), Step::Next);
        assert_eq!(sequence.take_missed(), 0);
    }

    #[test]
    fn units_are_counted_and_not_datagrams() {
        let mut sequence = after(&[(100, 30), (160, 30)]);
        assert_eq!(sequence.take_missed(), 30);
    }

    #[test]
    fn numbers_that_count_the_own_units_miss_nothing() {
        // What softflowd sends: the flows so far, with those of the message.
        let units = [0, 14, 9, 14, 3, 8];
        let mut sequence = Sequence::default();
        let mut total = 4;
        for units in units {
            total += units;
            sequence.observe(total, Some(units), None);
        }
        assert_eq!((sequence.take_missed(), sequence.restarts), (0, 0));
        assert!(sequence.counts_own());
        sequence.observe(total + 30, Some(10), None);
        assert_eq!(sequence.take_missed(), 20, "and a gap is still one");
    }

    #[test]
    fn a_gap_that_would_fit_otherwise_does_not_turn_a_regular_exporter() {
        let mut sequence = after(&[(0, 5), (5, 8), (13, 2), (15, 2), (19, 4), (23, 6)]);
        assert_eq!(sequence.take_missed(), 2);
        assert!(!sequence.counts_own());
    }

    #[test]
    fn what_comes_late_is_not_missed() {
        let mut sequence = after(&[(1, 1), (2, 1), (5, 1), (4, 1), (3, 1), (6, 1)]);
        assert_eq!((sequence.take_missed(), sequence.reordered), (0, 2));
        assert_eq!(sequence.restarts, 0);
    }

    #[test]
    fn what_comes_late_after_it_was_told_is_owed() {
        let mut sequence = after(&[(1, 1), (4, 1)]);
        assert_eq!(sequence.take_missed(), 2);
        sequence.observe(2, Some(1), None);
        sequence.observe(8, Some(1), None);
        assert_eq!(sequence.take_missed(), 2);
    }

    #[test]
    fn a_duplicate_is_neither_missed_nor_a_restart() {
        let mut sequence = after(&[(7, 1), (8, 1), (8, 1), (9, 1), (10, 1)]);
        assert_eq!((sequence.take_missed(), sequence.restarts), (0, 0));
    }

    #[test]
    fn a_number_far_back_is_a_restart_and_no_gap() {
        let mut sequence = after(&[(50_000, 1), (0, 1), (1, 1)]);
        assert_eq!((sequence.take_missed(), sequence.restarts), (0, 1));
    }

    #[test]
    fn a_restart_soon_after_the_start_shows_with_the_next_datagram() {
        let mut sequence = after(&[(0, 1), (1, 1), (2, 1), (0, 1), (1, 1), (2, 1)]);
        assert_eq!((sequence.take_missed(), sequence.restarts), (0, 1));
        assert_eq!(sequence.next(), Some(3));
    }

    #[test]
    fn an_uptime_that_went_back_is_a_restart_whatever_the_number() {
        let mut sequence = Sequence::default();
        sequence.observe(10, Some(1), Some(500_000));
        assert_eq!(sequence.observe(11, Some(1), Some(100)), Step::Restart);
        assert_eq!(sequence.observe(400, Some(1), Some(200)), Step::Gap(388));
        let mut wrapped = Sequence::default();
        wrapped.observe(10, Some(1), Some(u32::MAX - 5));
        assert_eq!(wrapped.observe(11, Some(1), Some(20)), Step::Next);
    }

    #[test]
    fn units_that_become_known_later_were_not_missed() {
        let mut sequence = after(&[(0, 5)]);
        sequence.observe(5, None, None);
        sequence.observe(25, None, None);
        sequence.observe(45, Some(5), None);
        assert_eq!(sequence.take_missed(), 0);
        sequence.widen(5, 20);
        sequence.widen(25, 12);
        assert_eq!(sequence.take_missed(), 8);
        let mut newest = after(&[(0, 5)]);
        newest.observe(5, None, None);
        newest.widen(5, 20);
        assert_eq!(newest.observe(25, Some(1), None), Step::Next);
        newest.observe(26, None, None);
        newest.give_up(26);
        assert_eq!(newest.observe(90, Some(1), None), Step::Next);
        assert_eq!(newest.take_missed(), 0);
    }

    #[test]
    fn without_loss_any_order_within_the_window_ends_at_zero() {
        // A linear congruence shuffles within blocks of 16.
        let mut sequence = Sequence::default();
        sequence.observe(0, Some(3), None);
        let mut order: Vec<u32> = (1..160).collect();
        for block in order.chunks_mut(5) {
            block.reverse();
        }
        for at in order {
            sequence.observe(at * 3, Some(3), None);
        }
        assert_eq!((sequence.take_missed(), sequence.restarts), (0, 0));
    }
}
