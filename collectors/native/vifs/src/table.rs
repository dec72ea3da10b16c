//! The table of VIFs: where each device is, and what dumps and events say of it.

use std::collections::{HashMap, HashSet};

use wire::identity::Boot;

use crate::counters::Counters;
use crate::dump::Look;
use crate::history::Happening;
use crate::namespace::{Elsewhere, Namespace, NamespaceFacts};
use crate::restore::Restored;
use crate::state::State;
use crate::vif::{Coordinate, Vif, Written};

/// A VIF that went, until its row is written.
#[derive(Debug, Clone)]
pub(crate) struct Departure {
    pub id: u64,
    pub state: State,
    pub born_time: Option<i64>,
    /// For a VIF of which nothing was written yet: since when it was there, and why.
    pub first: Option<(i64, &'static str)>,
    pub gone_time: i64,
}

/// All VIFs of a host, over time.
///
/// What it tells (`propose_inventory`, `propose_counters`, `take_events`) is handed over in proposals: `commit` says that
/// it was written down for good, `discard` that it was not; then the next proposal has it again.
#[derive(Debug)]
pub struct Table {
    pub(crate) boot: Boot,
    pub(crate) host: String,
    pub(crate) namespaces: HashMap<u64, Namespace>,
    pub(crate) by_nsid: HashMap<i32, u64>,
    pub(crate) home: u64,
    pub(crate) vifs: HashMap<u64, Vif>,
    pub(crate) index: HashMap<Coordinate, u64>,
    /// VIFs whose IFLA_LINK or master names a coordinate.
    pub(crate) references: HashMap<Coordinate, HashSet<u64>>,
    /// VIFs whose IFLA_LINK is in a namespace that is not known (yet).
    pub(crate) unresolved: HashSet<u64>,
    /// Workload that holds a tap, by VIF.
    pub(crate) holders: HashMap<u64, String>,
    pub(crate) dirty: HashSet<u64>,
    pub(crate) proposed: HashMap<u64, Written>,
    /// VIFs on their way, by the place that the event of their leaving named.
    pub(crate) arrivals: HashMap<Coordinate, u64>,
    pub(crate) departures: Vec<Departure>,
    /// How many of `departures` are in the open proposal.
    pub(crate) departures_proposed: usize,
    pub(crate) remembered: HashMap<u64, (i64, Vif)>,
    /// States of an earlier run of this boot that were not seen again yet.
    pub(crate) restored: HashMap<u64, Restored>,
    pub(crate) counters: Counters,
    /// The latest complete look whose rows are written.
    pub(crate) look: Option<Look>,
    pub(crate) look_proposed: Option<Look>,
    pub(crate) incarnation: u64,
    /// Names in the agent's namespace that lead out of this host though they are virtual.
    pub(crate) uplinks: HashSet<String>,
    pub(crate) events: Vec<Happening>,
    pub(crate) events_proposed: usize,
}

impl Table {
    /// An empty table.
    ///
    /// `interval_ns` is the time between two sweeps.
    pub fn new(host: impl Into<String>, boot: Boot, interval_ns: u64) -> Self {
        Self {
            boot,
            host: host.into(),
            namespaces: HashMap::new(),
            by_nsid: HashMap::new(),
            home: 0,
            vifs: HashMap::new(),
            index: HashMap::new(),
            references: HashMap::new(),
            unresolved: HashSet::new(),
            holders: HashMap::new(),
            dirty: HashSet::new(),
            proposed: HashMap::new(),
            arrivals: HashMap::new(),
            departures: Vec::new(),
            departures_proposed: 0,
            remembered: HashMap::new(),
            restored: HashMap::new(),
            counters: Counters::new(interval_ns),
            look: None,
            look_proposed: None,
            incarnation: 0,
            uplinks: HashSet::new(),
            events: Vec::new(),
            events_proposed: 0,
        }
    }

    /// Count these interfaces of the agent's namespace as physical ports: a veth that leads out of a container does.
    #[must_use]
    pub fn with_uplinks(mut self, names: impl IntoIterator<Item = String>) -> Self {
        self.uplinks.extend(names);
        self
    }

    /// How many VIFs live.
    pub fn len(&self) -> usize {
        self.vifs.len()
    }

    /// Whether no VIF lives.
    pub fn is_empty(&self) -> bool {
        self.vifs.is_empty()
    }

    /// Interfaces of the agent's own namespace: ifindex, name, id; by ifindex.
    pub fn home_interfaces(&self) -> Vec<(u32, String, u64)> {
        let mut interfaces: Vec<_> = self
            .vifs
            .values()
            .filter(|vif| vif.namespace == self.home && vif.left_time.is_none())
            .map(|vif| (vif.link.ifindex, vif.link.name.clone(), vif.id))
            .collect();
        interfaces.sort_unstable();
        interfaces
    }

    /// Which VIF an interface number of a namespace meant at a time: one that is there, or one that went lately.
    pub fn vif_at(&self, cookie: u64, ifindex: u32, time_ns: i64) -> Option<u64> {
        let place = (cookie, ifindex);
        let now = self.at(place);
        if let Some(vif) = now.filter(|vif| vif.first_seen_time <= time_ns) {
            return Some(vif.id);
        }
        // What is there came later, or its birth was heard of later than its first packet: then nobody else was there.
        let gone = self
            .remembered
            .values()
            .filter(|(gone_time, vif)| {
                vif.coordinate() == place && (now.is_none() || *gone_time >= time_ns)
            })
            .max_by_key(|(gone_time, _)| *gone_time);
        gone.map(|(_, vif)| vif.id).or(now.map(|vif| vif.id))
    }

    /// Name of a namespace that is known; empty for the agent's own.
    pub fn namespace_name(&self, cookie: u64) -> Option<&str> {
        self.namespaces
            .get(&cookie)
            .map(|namespace| namespace.facts.name.as_str())
    }

    /// How many namespaces are known.
    pub fn namespace_count(&self) -> usize {
        self.namespaces.len()
    }

    /// The namespace that has a nsid in the agent's own; `None` means the agent's own.
    pub fn cookie_of(&self, nsid: Option<i32>) -> Option<u64> {
        match nsid {
            None => (self.home != 0).then_some(self.home),
            Some(nsid) => self.by_nsid.get(&nsid).copied(),
        }
    }

    /// Whether a nsid that is local to a namespace was already told of.
    pub fn knows_elsewhere(&self, cookie: u64, local: i32) -> bool {
        cookie == self.home
            || self
                .namespaces
                .get(&cookie)
                .is_some_and(|namespace| namespace.elsewhere.contains_key(&local))
    }

    /// The namespace that a local nsid means.
    pub fn resolve(&self, cookie: u64, local: i32) -> Option<u64> {
        if cookie == self.home {
            return self.by_nsid.get(&local).copied();
        }
        match self.namespaces.get(&cookie)?.elsewhere.get(&local)? {
            Elsewhere::Home => Some(self.home),
            Elsewhere::Nsid(nsid) => self.by_nsid.get(nsid).copied(),
            Elsewhere::Unknown => None,
        }
    }

    /// Learn of a namespace, or what changed about it.
    pub fn namespace_seen(&mut self, facts: NamespaceFacts, time_ns: i64) {
        let cookie = facts.cookie;
        if facts.is_home {
            self.home = cookie;
        }
        if let Some(nsid) = facts.nsid {
            self.by_nsid.insert(nsid, cookie);
        }
        let namespace = self.namespaces.entry(cookie).or_default();
        if namespace.facts == facts {
            return;
        }
        if let Some(old) = namespace.facts.nsid.filter(|old| facts.nsid != Some(*old)) {
            self.by_nsid.remove(&old);
        }
        namespace.facts = facts;
        let inside: Vec<u64> = self
            .vifs
            .values()
            .filter(|vif| vif.namespace == cookie)
            .map(|vif| vif.id)
            .collect();
        for id in inside {
            self.touch(id, time_ns);
        }
        self.resolve_again();
    }

    /// Learn what nsids of a namespace mean.
    pub fn elsewhere_seen(&mut self, cookie: u64, meanings: &[(i32, Elsewhere)]) {
        if let Some(namespace) = self.namespaces.get_mut(&cookie) {
            namespace.elsewhere.extend(meanings.iter().copied());
        }
        self.resolve_again();
    }

    /// Whether any tap or tun lives: whether it is worth to look for who holds them.
    pub fn has_taps(&self) -> bool {
        self.vifs.values().any(|vif| vif.link.kind == "tun")
    }

    /// Who holds taps, as (namespace, interface name, workload); replaces what was told before.
    pub fn holders_seen(&mut self, holders: &[(u64, String, String)], time_ns: i64) {
        let mut found = HashMap::new();
        for (namespace, name, workload) in holders {
            let held = self
                .vifs
                .values()
                .find(|vif| vif.namespace == *namespace && vif.link.name == *name);
            if let Some(vif) = held {
                found.insert(vif.id, workload.clone());
            }
        }
        let before = std::mem::replace(&mut self.holders, found);
        let changed: Vec<u64> = before
            .keys()
            .chain(self.holders.keys())
            .filter(|id| before.get(id) != self.holders.get(id))
            .copied()
            .collect();
        for id in changed {
            self.touch(id, time_ns);
        }
    }

    /// The namespaces that are known, with their nsids.
    pub fn namespaces(&self) -> impl Iterator<Item = &NamespaceFacts> {
        self.namespaces.values().map(|namespace| &namespace.facts)
    }

    /// A namespace ended, and its links with it.
    pub fn namespace_gone(&mut self, cookie: u64, time_ns: i64) {
        let Some(namespace) = self.namespaces.remove(&cookie) else {
            return;
        };
        // Its name is needed for the rows that say so.
        let nsid = namespace.facts.nsid;
        self.namespaces.insert(cookie, namespace);
        let inside: Vec<u64> = self
            .vifs
            .values()
            .filter(|vif| vif.namespace == cookie && vif.left_time.is_none())
            .map(|vif| vif.id)
            .collect();
        for id in inside {
            self.depart(id, time_ns);
        }
        self.namespaces.remove(&cookie);
        if let Some(nsid) = nsid {
            if self.by_nsid.get(&nsid) == Some(&cookie) {
                self.by_nsid.remove(&nsid);
            }
            // The number is given away again; what it means elsewhere must be asked anew.
            for namespace in self.namespaces.values_mut() {
                namespace
                    .elsewhere
                    .retain(|_, meaning| *meaning != Elsewhere::Nsid(nsid));
            }
        }
    }

    /// The VIF at a coordinate.
    pub(crate) fn at(&self, place: Coordinate) -> Option<&Vif> {
        self.vifs.get(self.index.get(&place)?)
    }
}
