//! Sequence numbers in one reading: what was skipped, what came late, and when the exporter began anew.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::account::MOST_COUNTED;

/// Holes that are remembered, so that what comes late is not counted as missed.
const MOST_HOLES: usize = 8;
/// How far behind the newest number a datagram still is a late one, in datagrams.
const LATE_DATAGRAMS: u32 = 64;

/// Beyond what can wait for a template at once.
const MOST_UNSIZED: usize = 1 << 24;

/// Numbers that were skipped and may still come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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

/// How many numbers a datagram takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Units {
    Known(u32),
    /// Its template is missing: at most as many as it has bytes.
    AtMost(u32),
}

/// The newest datagram, where it is not known how many numbers it takes.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Open {
    most: u32,
    /// It will never be known.
    is_given_up: bool,
}

/// A datagram of unknown units among numbers that were skipped: its own are some of them.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Unsized {
    told: u32,
    skipped: u32,
    most: u32,
}

/// The numbers of one exporter; each datagram takes as many numbers as it has units (datagrams, flows or records).
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(crate) struct Numbers {
    /// A datagram's number is that behind its units, not that of the first one.
    counts_own: bool,
    /// The number that comes next; `None` before the first datagram.
    next: Option<u32>,
    /// Units of the largest datagram so far.
    widest: u32,
    /// Where it would go on if the last doubtful datagram was the first after a restart.
    doubtful: Option<u32>,
    uptime_ms: Option<u32>,
    holes: Vec<Hole>,
    open: Option<Open>,
    unsized_before: VecDeque<Unsized>,
    /// Since the beginning; what came late is taken off again.
    pub missed: i64,
    pub reordered: u64,
    pub restarts: u64,
}

impl Numbers {
    /// Nothing came yet.
    pub fn new(counts_own: bool) -> Self {
        Self {
            counts_own,
            ..Self::default()
        }
    }

    /// Whether these can be counts: so that none overflows, whatever a file says.
    pub fn is_possible(&self) -> bool {
        let counts = [self.missed.unsigned_abs(), self.reordered, self.restarts];
        counts.iter().all(|count| *count <= MOST_COUNTED)
            && self.unsized_before.len() <= MOST_UNSIZED
    }

    /// The number that comes next, where that is known.
    pub fn next(&self) -> Option<u32> {
        self.next.filter(|_| self.open.is_none())
    }

    /// Whether a datagram is exactly the next one.
    #[inline]
    pub fn fits(&self, told: u32, units: u32) -> bool {
        self.open.is_none() && self.next == Some(self.first(told, units))
    }

    #[inline]
    fn first(&self, told: u32, units: u32) -> u32 {
        if self.counts_own {
            told.wrapping_sub(units)
        } else {
            told
        }
    }

    /// Take in a datagram with the number `told`.
    ///
    /// `uptime_ms` is how long the exporter runs, where it says so: it is told modulo 2^32.
    #[inline]
    pub fn observe(&mut self, told: u32, units: Units, uptime_ms: Option<u32>) -> Step {
        if let Units::Known(units) = units {
            if self.fits(told, units) && !self.is_back(uptime_ms) {
                self.next = Some(self.first(told, units).wrapping_add(units));
                self.widest = self.widest.max(units);
                self.uptime_ms = uptime_ms;
                self.doubtful = None;
                return Step::Next;
            }
        }
        self.out_of_line(told, units, uptime_ms)
    }

    #[cold]
    fn out_of_line(&mut self, told: u32, units: Units, uptime_ms: Option<u32>) -> Step {
        // Of unknown units: in this reading its number is either that of its first one or that behind its last one.
        let (count, unknown) = match units {
            Units::Known(count) => (count, None),
            Units::AtMost(most) => (0, Some(most)),
        };
        self.widest = self.widest.max(count);
        let first = self.first(told, count);
        let after = first.wrapping_add(count);
        let open = unknown.filter(|_| !self.counts_own).map(|most| Open {
            most,
            is_given_up: false,
        });
        let Some(next) = self.next else {
            self.go_on(after, open, uptime_ms);
            return Step::Next;
        };
        let late_by = next.wrapping_sub(first);
        let is_behind = late_by != 0 && late_by < 1 << 31;
        let in_hole = if unknown.is_some() && self.counts_own {
            first.wrapping_sub(1)
        } else {
            first
        };
        if is_behind && self.fill(in_hole, count) {
            self.reordered += 1;
            return Step::Late;
        }
        if self.is_back(uptime_ms) {
            return self.restart(after, open, uptime_ms);
        }
        if !is_behind {
            let skipped = first.wrapping_sub(next);
            let before = self.open;
            self.go_on(after, open, uptime_ms);
            match (before, unknown) {
                (Some(before), _) if before.is_given_up => {
                    self.missed += i64::from(skipped.saturating_sub(before.most));
                }
                (Some(Open { most, .. }), _) => self.unsized_before.push_back(Unsized {
                    told: next,
                    skipped,
                    most,
                }),
                (None, Some(most)) if self.counts_own => {
                    self.unsized_before.push_back(Unsized {
                        told,
                        skipped,
                        most,
                    });
                }
                (None, _) if skipped > 0 => {
                    self.missed += i64::from(skipped);
                    if self.holes.len() >= MOST_HOLES {
                        self.holes.remove(0);
                    }
                    self.holes.push(Hole {
                        first: next,
                        count: skipped,
                    });
                    return Step::Gap(skipped);
                }
                (None, _) => {}
            }
            return Step::Next;
        }
        let window = self.widest.max(1).saturating_mul(LATE_DATAGRAMS);
        if late_by > window || self.doubtful == Some(first) {
            return self.restart(after, open, uptime_ms);
        }
        self.doubtful = Some(after);
        Step::Doubtful
    }

    fn go_on(&mut self, next: u32, open: Option<Open>, uptime_ms: Option<u32>) {
        self.next = Some(next);
        self.open = open;
        self.uptime_ms = uptime_ms;
        self.doubtful = None;
    }

    /// The units of a datagram became known later than it came.
    pub fn widen(&mut self, told: u32, units: u32) {
        self.widest = self.widest.max(units);
        if self.open.is_some() && self.next == Some(told) {
            self.next = Some(told.wrapping_add(units));
            self.open = None;
        } else if let Some(found) = self.take_unsized(told) {
            self.missed += i64::from(found.skipped.saturating_sub(units));
        } else {
            // It came late, too.
            self.fill(self.first(told, units), units);
        }
    }

    /// The units of a datagram will never be known: what it cannot have had of the numbers that were skipped is missing.
    pub fn give_up(&mut self, told: u32) {
        match &mut self.open {
            Some(open) if self.next == Some(told) => open.is_given_up = true,
            _ => {
                if let Some(found) = self.take_unsized(told) {
                    self.missed += i64::from(found.skipped.saturating_sub(found.most));
                }
            }
        }
    }

    /// The run ended in which datagrams waited for their template.
    pub fn give_up_all(&mut self) {
        while let Some(found) = self.unsized_before.pop_front() {
            self.missed += i64::from(found.skipped.saturating_sub(found.most));
        }
        if let Some(open) = &mut self.open {
            open.is_given_up = true;
        }
    }

    fn take_unsized(&mut self, told: u32) -> Option<Unsized> {
        let at = self
            .unsized_before
            .iter()
            .position(|found| found.told == told)?;
        self.unsized_before.remove(at)
    }

    fn restart(&mut self, next: u32, open: Option<Open>, uptime_ms: Option<u32>) -> Step {
        // What is asked of them later is answered by nobody any more.
        self.give_up_all();
        self.go_on(next, open, uptime_ms);
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
