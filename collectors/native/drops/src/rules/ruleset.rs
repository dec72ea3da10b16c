//! The rules of a namespace at one instant, in the order in which packets meet them.

use std::collections::HashMap;

use wire::nftables::{family, Chain, Rule, Step, Table, Verdict};

use crate::rules::attribution::RuleName;

/// Family, table and name of a map.
pub type MapKey = (u8, String, String);

/// What a rule, or the policy of a chain, keeps between two readings: family, table, chain's handle, and rule's handle or 0.
pub type LastingKey = (u8, String, u64, u64);

/// A rule, or with `None` the policy of a chain, by positions.
pub type Id = (usize, Option<usize>);

/// A chain with its rules.
#[derive(Debug)]
pub struct Ordered {
    pub chain: Chain,
    pub rules: Vec<Rule>,
}

/// All rules of a namespace.
#[derive(Debug, Default)]
pub struct Ruleset {
    /// Another one after each change.
    pub generation: u32,
    /// When it was read, by the kernel's clock that programs have: no counter is younger.
    pub ended_ns: i64,
    /// Bridges and their ports whose packets are shown to the rules for IP, too.
    pub bridged: Vec<u32>,
    pub(super) chains: Vec<Ordered>,
    names: HashMap<(u8, String, String), usize>,
    maps: HashMap<MapKey, Option<Vec<Verdict>>>,
    /// Some rule changes packets.
    pub(super) rewrites: bool,
}

impl Ruleset {
    /// Puts in order what the kernel listed.
    ///
    /// Args: tables; chains; rules with the position of their chain, those of a chain in their order; the verdicts of each map,
    /// `None` where they are not known.
    pub fn new(
        tables: &[Table],
        chains: Vec<Chain>,
        rules: Vec<(usize, Rule)>,
        maps: impl IntoIterator<Item = (MapKey, Option<Vec<Verdict>>)>,
    ) -> Self {
        let mut set = Self::default();
        for mut chain in chains {
            if tables.iter().any(|table| {
                table.is_dormant && (table.family, &table.name) == (chain.family, &chain.table)
            }) {
                chain.base = None;
            }
            let name = (chain.family, chain.table.clone(), chain.name.clone());
            set.names.insert(name, set.chains.len());
            set.chains.push(Ordered {
                chain,
                rules: Vec::new(),
            });
        }
        for (chain, rule) in rules {
            if let Some(ordered) = set.chains.get_mut(chain) {
                set.rewrites |= rule.steps.contains(&Step::Rewrite);
                ordered.rules.push(rule);
            }
        }
        set.maps.extend(maps);
        set
    }

    /// How many rules there are.
    pub fn len(&self) -> usize {
        self.chains.iter().map(|chain| chain.rules.len()).sum()
    }

    /// Whether there is no chain.
    pub fn is_empty(&self) -> bool {
        self.chains.is_empty()
    }

    pub(super) fn find(&self, beside: usize, name: &str) -> Option<usize> {
        let chain = &self.chains[beside].chain;
        let key = (chain.family, chain.table.clone(), name.to_owned());
        self.names.get(&key).copied()
    }

    pub(super) fn map(&self, beside: usize, name: &str) -> Option<&[Verdict]> {
        let chain = &self.chains[beside].chain;
        let key = (chain.family, chain.table.clone(), name.to_owned());
        self.maps.get(&key)?.as_deref()
    }

    pub(super) fn name(&self, (chain, rule): Id) -> RuleName {
        let Ordered { chain, rules } = &self.chains[chain];
        let rule = rule.and_then(|rule| rules.get(rule));
        RuleName {
            family: family::name(chain.family),
            table: chain.table.clone(),
            chain: chain.name.clone(),
            handle: rule.map_or(0, |rule| rule.handle),
            comment: rule.map(|rule| rule.comment.clone()).unwrap_or_default(),
            log_prefix: rule.map(|rule| rule.log_prefix.clone()).unwrap_or_default(),
        }
    }

    /// Packets that a rule, or the policy of a chain, counted; `None` where it does not count.
    pub(super) fn packets(&self, (chain, rule): Id) -> Option<u64> {
        let Ordered { chain, rules } = &self.chains[chain];
        match rule {
            Some(rule) => rules.get(rule)?.packets,
            None => chain.base.as_ref()?.packets,
        }
    }

    /// Packets of all that count.
    pub(super) fn counts(&self) -> HashMap<LastingKey, u64> {
        let of_chain = |(position, ordered): (usize, &Ordered)| {
            let rules = (0..ordered.rules.len()).map(Some).chain([None]);
            rules.map(move |rule| (position, rule))
        };
        let ids = self.chains.iter().enumerate().flat_map(of_chain);
        ids.filter_map(|id| {
            let packets = self.packets(id)?;
            Some((self.key(id), packets))
        })
        .collect()
    }

    pub(super) fn key(&self, (chain, rule): Id) -> LastingKey {
        let Ordered { chain, rules } = &self.chains[chain];
        let handle = rule
            .and_then(|rule| rules.get(rule))
            .map_or(0, |rule| rule.handle);
        (chain.family, chain.table.clone(), chain.handle, handle)
    }
}
