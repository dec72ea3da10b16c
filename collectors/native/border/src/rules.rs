//! Rules of nf_tables, read where they dropped something.

use std::collections::HashMap;

use drops::rules::{Book, Ruleset};
use drops::{Interval, Tally};
use probes::nftables::{self, Most};
use probes::{Failure, Home, NamespacePlace};

use crate::host_watch::HostWatch;

/// Read of one namespace; a host with more rules has an attribution of none.
const MOST: Most = Most {
    rules: 10_000,
    elements: 10_000,
};

/// What is known of rules between two drains of drops.
#[derive(Debug, Default)]
pub struct Rules {
    book: Book,
    /// The number of the reason for which netfilter drops; `None` where the kernel has none.
    reason: Option<u32>,
    /// Of rules that are too many, by namespace: they are not read again before they change.
    too_many: HashMap<u64, u32>,
    /// Generations as they were before the drain, for the interval that begins with it.
    next: Vec<(u64, u32)>,
}

impl Rules {
    /// `reason` as the kernel numbers it.
    pub fn new(reason: Option<u32>) -> Self {
        Self {
            reason,
            ..Self::default()
        }
    }

    /// Before a drain: of which generation the rules are that the next interval begins with.
    pub fn look(&mut self, watch: &HostWatch) {
        if self.reason.is_some() {
            self.next =
                watch.with_places(|home, places| nftables::generations(home, places.values()));
        }
    }

    /// After a drain: which rules dropped what was counted in the interval.
    pub fn attribute(
        &mut self,
        watch: &HostWatch,
        tally: &mut Tally,
        interval: Interval,
        offset_ns: i64,
    ) {
        let Some(reason) = self.reason else {
            return;
        };
        for cookie in tally.namespaces(interval, reason) {
            let read = watch.with_places(|home, places| match places.get(&cookie) {
                Some(place) => self.read(home, place, cookie),
                None => Ok(()),
            });
            // Without rights, gone, or changed while it was read: it is said of the packets that nothing is known.
            if read.is_err() {
                self.book.forget(cookie);
            }
        }
        tally.attribute(interval, reason, offset_ns, |case| {
            self.book.attribute(case)
        });
        self.book.turn(std::mem::take(&mut self.next));
    }

    fn read(&mut self, home: &Home, place: &NamespacePlace, cookie: u64) -> Result<(), Failure> {
        let generation = nftables::generation(home, place)?;
        if self.too_many.get(&cookie) == Some(&generation) || !self.book.wants(cookie, generation) {
            return Ok(());
        }
        let Some(reading) = nftables::read(home, place, MOST)? else {
            self.too_many.insert(cookie, generation);
            self.book.forget(cookie);
            return Ok(());
        };
        let maps = reading
            .maps
            .into_iter()
            .map(|map| ((map.family, map.table, map.name), map.verdicts));
        let mut set = Ruleset::new(&reading.tables, reading.chains, reading.rules, maps);
        set.generation = reading.generation;
        set.ended_ns = reading.ended_ns;
        set.bridged = reading.bridged;
        self.book.learn(cookie, set);
        Ok(())
    }
}
