//! What is remembered of rules from interval to interval, and what follows from it for a packet.

use std::collections::HashMap;

use crate::rules::attribution::{Attribution, How, RuleName};
use crate::rules::ruleset::{Id, LastingKey, Ruleset};
use crate::rules::walk;
use crate::tally::{Key, Tuple};

/// Functions in which rules of nf_tables drop; elsewhere netfilter drops for others, too, such as the older iptables.
const SURE_PLACE: &str = "nft_do_chain";
/// Rules of all namespaces together that are remembered.
const MOST_RULES: usize = 40_000;
/// Steps of rules that are gone through for one namespace and interval: some 20 ms.
const MOST_WORK: u64 = 2_000_000;
/// Readings of counters that are kept: a drop may have been before the last one.
const MOST_READINGS: usize = 3;

/// A packet that was dropped, or several of which no more is known.
#[derive(Debug, Clone)]
pub struct Case<'a> {
    pub key: &'a Key,
    pub ifname: &'a str,
    pub tuple: Option<&'a Tuple>,
    /// When the first of its kind was dropped, by the kernel's clock that programs have.
    pub first_ns: i64,
}

impl Case<'_> {
    /// On its way in.
    pub(super) fn is_in(&self) -> bool {
        !self.key.is_egress() && !self.key.is_nowhere()
    }

    pub(super) fn is_nowhere(&self) -> bool {
        self.key.is_nowhere()
    }
}

type Counts = HashMap<LastingKey, u64>;

#[derive(Debug)]
struct Known {
    set: Ruleset,
    /// When counters were read, and what they said, the oldest first; the last is of `set`.
    readings: Vec<(i64, Counts)>,
    /// Read for the interval that is asked about.
    is_fresh: bool,
    wants_counters: bool,
    used: u64,
}

/// Rules of all namespaces in which some dropped packets lately.
#[derive(Debug, Default)]
pub struct Book {
    known: HashMap<u64, Known>,
    /// Generation of each namespace's rules before the interval began.
    begun_with: HashMap<u64, u32>,
    /// Work that is left in a namespace, for the interval.
    left: HashMap<u64, u64>,
    interval: u64,
}

impl Book {
    /// Whether rules have to be read, given the generation that they have now.
    pub fn wants(&self, cookie: u64, generation: u32) -> bool {
        self.known
            .get(&cookie)
            .is_none_or(|known| known.set.generation != generation || known.wants_counters)
    }

    /// Remember what was read.
    pub fn learn(&mut self, cookie: u64, set: Ruleset) {
        let mut readings = match self.known.remove(&cookie) {
            // Of rules that were changed the counters may be those of others.
            Some(known) if known.set.generation == set.generation => known.readings,
            _ => Vec::new(),
        };
        readings.push((set.ended_ns, set.counts()));
        if readings.len() > MOST_READINGS {
            readings.remove(0);
        }
        let known = Known {
            set,
            readings,
            is_fresh: true,
            wants_counters: false,
            used: self.interval,
        };
        self.known.insert(cookie, known);
        self.forget_some(cookie);
    }

    /// Nothing is known of a namespace any more.
    pub fn forget(&mut self, cookie: u64) {
        self.known.remove(&cookie);
    }

    /// The interval is over; with the generations that were asked before the next one began.
    pub fn turn(&mut self, generations: impl IntoIterator<Item = (u64, u32)>) {
        self.begun_with = generations.into_iter().collect();
        self.left.clear();
        self.interval += 1;
        for known in self.known.values_mut() {
            known.is_fresh = false;
        }
    }

    /// Which rule dropped it.
    pub fn attribute(&mut self, case: &Case) -> Attribution {
        let cookie = case.key.namespace_cookie;
        let Some(known) = self.known.get_mut(&cookie) else {
            return Attribution::without_rule(How::Unread);
        };
        known.used = self.interval;
        let left = self.left.entry(cookie).or_insert(MOST_WORK);
        let Some(found) = walk::candidates(&known.set, case, left) else {
            *left = 0;
            return Attribution::without_rule(How::Unread);
        };
        let rules = if found.rules.is_empty() {
            found.failing
        } else {
            found.rules
        };
        if self.begun_with.get(&cookie) != Some(&known.set.generation) {
            return Attribution::among(How::Changed, &names(&known.set, &rules));
        }
        known.judge(case, &rules)
    }

    fn forget_some(&mut self, but: u64) {
        let mut count: usize = self.known.values().map(|known| known.set.len()).sum();
        while count > MOST_RULES {
            let oldest = self
                .known
                .iter()
                .filter(|(cookie, _)| **cookie != but)
                .min_by_key(|(cookie, known)| (known.used, **cookie))
                .map(|(cookie, known)| (*cookie, known.set.len()));
            let Some((cookie, rules)) = oldest else {
                return;
            };
            self.known.remove(&cookie);
            count -= rules;
        }
    }
}

impl Known {
    fn judge(&mut self, case: &Case, rules: &[Id]) -> Attribution {
        let is_sure = case.key.place == SURE_PLACE;
        let moved: Vec<Id> = rules
            .iter()
            .copied()
            .filter(|rule| self.moved(case, *rule) != Some(false))
            .collect();
        match (rules, moved.as_slice()) {
            ([], _) => Attribution::without_rule(How::None),
            // Its counter says that it was not the one.
            ([_], []) => Attribution::without_rule(How::None),
            ([rule], _) if is_sure => Attribution::of(How::Exact, self.set.name(*rule)),
            (_, [rule]) if is_sure || self.moved(case, *rule) == Some(true) => {
                self.wants_counters = true;
                Attribution::of(How::Counter, self.set.name(*rule))
            }
            _ => {
                self.wants_counters = rules.iter().any(|rule| self.set.packets(*rule).is_some());
                let left = if moved.is_empty() { rules } else { &moved };
                Attribution::among(How::Ambiguous, &names(&self.set, left))
            }
        }
    }

    /// Whether a rule's counter moved since before the first drop; `None` where it does not say.
    fn moved(&self, case: &Case, rule: Id) -> Option<bool> {
        if !self.is_fresh {
            return None;
        }
        let now = self.set.packets(rule)?;
        if now == 0 {
            return Some(false);
        }
        let key = self.set.key(rule);
        let earlier = self
            .readings
            .iter()
            .rev()
            .find(|(ended_ns, _)| *ended_ns <= case.first_ns)?;
        match earlier.1.get(&key) {
            Some(before) => Some(*before != now),
            None => Some(true),
        }
    }
}

fn names(set: &Ruleset, rules: &[Id]) -> Vec<RuleName> {
    rules.iter().map(|rule| set.name(*rule)).collect()
}
