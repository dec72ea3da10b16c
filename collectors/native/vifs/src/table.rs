//! The table of VIFs: where each device is, and what dumps and events say of it.

use std::collections::{HashMap, HashSet};

use wire::identity::{vif_id, Boot, Identity};
use wire::record::{Address, Link, LinkStats, Qdisc};

use crate::counters::{Counters, LastReading};
use crate::history::Happening;
use crate::namespace::{Elsewhere, Namespace, NamespaceFacts};
use crate::restore::Restored;
use crate::state::State;
use crate::topology::kind;
use crate::vif::{is_pair, Appeared, Coordinate, Device, Queue, Vif, Written};

/// How long a VIF that went is remembered, in case it only moved through a namespace that ended (a physical port falls
/// back into the first namespace).
const REMEMBERED_NS: i64 = 120_000_000_000;

/// One whole namespace, as a dump read it.
#[derive(Debug, Default)]
pub struct Dump {
    /// Cookie of the namespace; it must have been told of by `namespace_seen`.
    pub namespace: u64,
    pub time_ns: i64,
    pub links: Vec<Link>,
    pub addresses: Vec<Address>,
    pub qdiscs: Vec<Qdisc>,
    /// What sysfs says, by ifindex, at least of the links that `unidentified` names. A link that is not identified and not in
    /// here went away while it was read.
    pub devices: HashMap<u32, Device>,
}

/// A complete look at all namespaces: what it did not find was not there.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// When it was made.
    pub time_ns: i64,
    /// Greatest inode of any device's sysfs directory. Inodes of sysfs only grow within a boot, so that a device with a greater
    /// one was born since.
    pub highest_inode: u64,
}

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
    by_nsid: HashMap<i32, u64>,
    home: u64,
    pub(crate) vifs: HashMap<u64, Vif>,
    pub(crate) index: HashMap<Coordinate, u64>,
    /// VIFs whose IFLA_LINK or master names a coordinate.
    references: HashMap<Coordinate, HashSet<u64>>,
    /// VIFs whose IFLA_LINK is in a namespace that is not known (yet).
    unresolved: HashSet<u64>,
    /// Workload that holds a tap, by VIF.
    pub(crate) holders: HashMap<u64, String>,
    pub(crate) dirty: HashSet<u64>,
    pub(crate) proposed: HashMap<u64, Written>,
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

    /// Those of `links` whose device must be looked up in sysfs: new ones, and those that look like another device than the one
    /// that is known there (a birth or death may have been missed).
    pub fn unidentified<'a>(&self, cookie: u64, links: &'a [Link]) -> Vec<&'a Link> {
        links
            .iter()
            .filter(|link| match self.at((cookie, link.ifindex)) {
                None => true,
                Some(vif) => {
                    vif.link.kind != link.kind
                        || vif.link.hardware_address != link.hardware_address
                        || is_pair(link) && vif.link.link != link.link
                        // The speed of a port is settled when its carrier comes.
                        || kind(link) == "physical"
                        || self.counters.fell(vif.id, link.stats.as_ref())
                }
            })
            .collect()
    }

    /// Take in one whole namespace.
    ///
    /// `touched` are coordinates of which an event was read since the dump was begun: events are newer than the dump there.
    /// Returns the differences to the table that events should have told of: each names a VIF and what was different.
    pub fn dump_seen(&mut self, mut dump: Dump, touched: &HashSet<Coordinate>) -> Vec<String> {
        let cookie = dump.namespace;
        let Some(namespace) = self.namespaces.get_mut(&cookie) else {
            return Vec::new();
        };
        let expects_events = namespace.was_read && namespace.facts.is_heard;
        let appeared = |look: Option<Look>, device: &Device| match (look, device.inode) {
            (Some(look), Some(inode)) if inode > look.highest_inode => {
                Appeared::Unseen(look.time_ns)
            }
            _ => Appeared::Before,
        };
        namespace.was_read = true;
        let mut corrections = Vec::new();
        let mut addresses: HashMap<u32, Vec<([u8; 16], u8)>> = HashMap::new();
        for address in &dump.addresses {
            addresses
                .entry(address.ifindex)
                .or_default()
                .push((address.address, address.prefix_length));
        }
        let mut queues: HashMap<u32, Queue> = dump
            .qdiscs
            .iter()
            .map(|qdisc| (qdisc.ifindex, Queue::from(qdisc)))
            .collect();
        let mut present = HashSet::new();
        for link in std::mem::take(&mut dump.links) {
            let place = (cookie, link.ifindex);
            present.insert(link.ifindex);
            let queue = queues.remove(&link.ifindex);
            if touched.contains(&place) {
                self.queue_seen(place, queue, dump.time_ns);
                continue;
            }
            let device = dump.devices.remove(&link.ifindex);
            let how = device
                .as_ref()
                .map_or(Appeared::Before, |device| appeared(self.look, device));
            let mut own = addresses.remove(&link.ifindex).unwrap_or_default();
            own.sort_unstable();
            let before = self.at(place).map(|vif| (vif.id, self.state_of(vif)));
            self.link_seen(cookie, link, device, how, dump.time_ns);
            if let Some(vif) = self.index.get(&place).and_then(|id| self.vifs.get_mut(id)) {
                if vif.addresses != own {
                    vif.addresses = own;
                    let id = vif.id;
                    self.touch(id, dump.time_ns);
                }
            }
            // Compared as rows tell it: that the end of a pair that was made first has a peer is known from the other end, though
            // no event says so. Queues have no event; theirs comes after the comparison.
            let after = self.at(place).map(|vif| (vif.id, self.state_of(vif)));
            corrections.extend(correction(before, after));
            self.queue_seen(place, queue, dump.time_ns);
        }
        let missing: Vec<u64> = self
            .index
            .iter()
            .filter(|((at, ifindex), _)| {
                *at == cookie
                    && !present.contains(ifindex)
                    && !touched.contains(&(cookie, *ifindex))
            })
            .map(|(_, id)| *id)
            .collect();
        for id in missing {
            let before = self.vifs.get(&id).map(|vif| (id, self.state_of(vif)));
            corrections.extend(correction(before, None));
            self.depart(id, dump.time_ns);
        }
        if !expects_events {
            corrections.clear();
        }
        corrections
    }

    /// Take in one link, from a dump or an event.
    ///
    /// `device` is what sysfs says of it, where it was looked up; `how` is its beginning should it be new.
    pub(crate) fn link_seen(
        &mut self,
        cookie: u64,
        mut link: Link,
        device: Option<Device>,
        how: Appeared,
        time_ns: i64,
    ) {
        // Statistics change all the time; they belong to sweeps.
        link.stats = None;
        let place = (cookie, link.ifindex);
        let known = self.index.get(&place).copied();
        if let Some(vif) = known.and_then(|id| self.vifs.get(&id)) {
            // A pair is one for life. While it is taken down it names no peer any more, and that is no news.
            if is_pair(&link) && link.link == 0 {
                (link.link, link.link_netnsid) = (vif.link.link, vif.link.link_netnsid);
            }
        }
        let Some(device) = device else {
            let Some(vif) = known.and_then(|id| self.vifs.get_mut(&id)) else {
                return;
            };
            if vif.link == link {
                return;
            }
            let id = vif.id;
            self.update(id, |vif| vif.link = link, time_ns);
            return;
        };
        let identity = match device.inode {
            Some(inode) => Identity::Sysfs { inode },
            None => match known.and_then(|id| self.vifs.get(&id)) {
                Some(vif) => vif.identity,
                None => self.next_incarnation(cookie, link.ifindex),
            },
        };
        let id = vif_id(self.boot, identity);
        if let Some(other) = known.filter(|known| *known != id) {
            self.depart(other, time_ns);
        }
        if let Some(vif) = self.vifs.get_mut(&id) {
            let same = vif.link == link
                && vif.device == device
                && vif.namespace == cookie
                && vif.left_time.is_none();
            if !same {
                self.update(
                    id,
                    |vif| {
                        vif.link = link;
                        vif.device = device;
                        vif.namespace = cookie;
                        vif.left_time = None;
                    },
                    time_ns,
                );
            }
            return;
        }
        let vif = match self.remembered.remove(&id) {
            Some((_, mut vif)) => {
                self.departures.retain(|departure| departure.id != id);
                vif.link = link;
                vif.device = device;
                vif.namespace = cookie;
                vif.left_time = None;
                vif.changed_time = time_ns;
                vif
            }
            None => self.made(id, identity, link, device, cookie, how, time_ns),
        };
        self.vifs.insert(id, vif);
        self.settle(id);
    }

    #[allow(clippy::too_many_arguments)]
    fn made(
        &mut self,
        id: u64,
        identity: Identity,
        link: Link,
        device: Device,
        namespace: u64,
        how: Appeared,
        time_ns: i64,
    ) -> Vif {
        let restored = self.restored.remove(&id);
        let mut vif = Vif {
            id,
            identity,
            link,
            addresses: Vec::new(),
            queue: None,
            device,
            namespace,
            left_time: None,
            appeared: how,
            first_seen_time: time_ns,
            changed_time: time_ns,
            written: None,
            pointing_at: Vec::new(),
            paired_as: None,
        };
        if let Some(restored) = restored {
            // Written, but never read, and younger than the last written sweep: it still counts from zero.
            if restored.appeared != Appeared::Before {
                vif.appeared = restored.appeared;
            } else if self.counters.has(id) {
                vif.appeared = Appeared::Before;
            }
            vif.first_seen_time = restored.first_seen_time;
            vif.written = Some(restored.written);
        }
        vif
    }

    fn next_incarnation(&mut self, cookie: u64, ifindex: u32) -> Identity {
        let identity = |incarnation| Identity::Cookie {
            netns_cookie: cookie,
            ifindex,
            incarnation,
        };
        // After a restart the number under which a device is known is the one whose id was written down.
        let is_known = |restored: &Restored| restored.written.state.identity_origin == "cookie";
        if self.restored.values().any(is_known) {
            for earlier in 1..=self.incarnation {
                if self
                    .restored
                    .contains_key(&vif_id(self.boot, identity(earlier)))
                {
                    return identity(earlier);
                }
            }
        }
        self.incarnation += 1;
        identity(self.incarnation)
    }

    fn queue_seen(&mut self, place: Coordinate, queue: Option<Queue>, time_ns: i64) {
        let Some(vif) = self.index.get(&place).and_then(|id| self.vifs.get_mut(id)) else {
            return;
        };
        if vif.queue != queue {
            vif.queue = queue;
            let id = vif.id;
            self.touch(id, time_ns);
        }
    }

    /// Take in an address that came (`is_new`) or went.
    pub(crate) fn address_seen(
        &mut self,
        cookie: u64,
        address: &Address,
        is_new: bool,
        time_ns: i64,
    ) {
        let place = (cookie, address.ifindex);
        let Some(vif) = self.index.get(&place).and_then(|id| self.vifs.get_mut(id)) else {
            return;
        };
        let entry = (address.address, address.prefix_length);
        match (vif.addresses.binary_search(&entry), is_new) {
            (Err(at), true) => vif.addresses.insert(at, entry),
            (Ok(at), false) => {
                vif.addresses.remove(at);
            }
            _ => return,
        }
        let id = vif.id;
        self.touch(id, time_ns);
    }

    /// A link left its namespace for another one, where it is found again by its identity.
    pub(crate) fn link_moved(&mut self, cookie: u64, ifindex: u32, time_ns: i64) {
        let Some(id) = self.index.get(&(cookie, ifindex)).copied() else {
            return;
        };
        self.part(id);
        if let Some(vif) = self.vifs.get_mut(&id) {
            vif.changed_time = vif.changed_time.max(time_ns);
        }
        self.unsettle(id);
        if let Some(vif) = self.vifs.get_mut(&id) {
            vif.left_time = Some(time_ns);
        }
        // Where it is now is not known; it has no other state until it is found or given up.
        self.dirty.remove(&id);
    }

    /// A link died; `stats` are its final statistics.
    pub(crate) fn link_died(
        &mut self,
        cookie: u64,
        ifindex: u32,
        stats: Option<&LinkStats>,
        time_ns: i64,
    ) {
        let Some(id) = self.index.get(&(cookie, ifindex)).copied() else {
            return;
        };
        if let (Some(stats), Some(vif)) = (stats, self.vifs.get(&id)) {
            let other_end = is_pair(&vif.link).then(|| {
                let paired = vif.paired_as.as_ref().map_or(0, |pair| pair.peer_vif_id);
                self.peer_of(vif).map_or(paired, |peer| peer.id)
            });
            let last = LastReading {
                id,
                appeared: vif.appeared,
                stats: *stats,
                time_ns,
                other_end,
            };
            self.counters.keep(last);
        }
        self.depart(id, time_ns);
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

    /// All namespaces were read: what is in transit was not found, and what an earlier run knew is gone.
    ///
    /// `is_whole` is false where some namespaces could not be read: an earlier run may have known VIFs in them.
    pub fn look_complete(&mut self, time_ns: i64, is_whole: bool) {
        let lost: Vec<(u64, i64)> = self
            .vifs
            .values()
            .filter_map(|vif| vif.left_time.map(|left| (vif.id, left)))
            .collect();
        for (id, left_time) in lost {
            self.depart(id, left_time);
        }
        self.restored_gone(time_ns, is_whole);
        self.remembered
            .retain(|_, (gone_time, _)| time_ns - *gone_time < REMEMBERED_NS);
        let (vifs, remembered) = (&self.vifs, &self.remembered);
        self.counters
            .forget(|id| !vifs.contains_key(&id) && !remembered.contains_key(&id));
        let highest = self
            .vifs
            .values()
            .filter_map(|vif| vif.device.inode)
            .max()
            .unwrap_or(0);
        let before = self.look.map_or(0, |look| look.highest_inode);
        self.look_proposed = Some(Look {
            time_ns,
            highest_inode: highest.max(before),
        });
    }

    /// The VIF at a coordinate.
    pub(crate) fn at(&self, place: Coordinate) -> Option<&Vif> {
        self.vifs.get(self.index.get(&place)?)
    }

    /// Where IFLA_LINK points to, if its namespace is known.
    pub(crate) fn target_of(&self, vif: &Vif) -> Option<Coordinate> {
        let link = &vif.link;
        if link.link == 0 {
            return None;
        }
        let cookie = match link.link_netnsid {
            None => vif.namespace,
            Some(local) => self.resolve(vif.namespace, local)?,
        };
        Some((cookie, link.link))
    }

    /// The other end of a pair.
    ///
    /// When each names the other there is no doubt. But the end that is made first is told of before it knows its peer, and
    /// no event says that the other end moved: then one that names the other is enough, unless that one has a sure peer.
    pub(crate) fn peer_of(&self, vif: &Vif) -> Option<&Vif> {
        if !is_pair(&vif.link) || vif.left_time.is_some() {
            return None;
        }
        let place = vif.coordinate();
        let named = self
            .target_of(vif)
            .and_then(|target| self.at(target))
            .filter(|peer| is_pair(&peer.link) && peer.id != vif.id);
        if named.is_some_and(|peer| self.target_of(peer) == Some(place)) {
            return named;
        }
        let naming = self.references.get(&place).and_then(|ids| {
            ids.iter()
                .filter_map(|id| self.vifs.get(id))
                .filter(|peer| {
                    is_pair(&peer.link) && peer.id != vif.id && self.target_of(peer) == Some(place)
                })
                .max_by_key(|peer| (peer.changed_time, peer.id))
        });
        naming.or_else(|| {
            named.filter(|peer| {
                let other = self.target_of(peer).and_then(|target| self.at(target));
                other.is_none_or(|other| self.target_of(other) != Some(peer.coordinate()))
            })
        })
    }

    /// Before a VIF leaves: its peer keeps what it is known as, for the two ends of a pair stay together for life.
    fn part(&mut self, id: u64) {
        let Some(vif) = self.vifs.get(&id) else {
            return;
        };
        let Some(peer) = self.peer_of(vif) else {
            return;
        };
        let (peer_id, state) = (peer.id, self.state_of(peer));
        if let Some(peer) = self.vifs.get_mut(&peer_id) {
            peer.paired_as = Some(Box::new(state));
        }
    }

    /// Note that a VIF, and so its peer, may have another state now.
    pub(crate) fn touch(&mut self, id: u64, time_ns: i64) {
        let peer = self
            .vifs
            .get(&id)
            .and_then(|vif| self.peer_of(vif))
            .map(|peer| peer.id);
        for id in [Some(id), peer].into_iter().flatten() {
            self.mark(id, time_ns);
        }
    }

    fn mark(&mut self, id: u64, time_ns: i64) {
        if let Some(vif) = self.vifs.get_mut(&id) {
            vif.changed_time = vif.changed_time.max(time_ns);
            self.dirty.insert(id);
        }
    }

    fn touch_all_pointing_at(&mut self, place: Coordinate, time_ns: i64) {
        let pointing: Vec<u64> = self
            .references
            .get(&place)
            .map_or_else(Vec::new, |ids| ids.iter().copied().collect());
        for id in pointing {
            self.touch(id, time_ns);
        }
    }

    /// Change what is known of a VIF. Others look at where it is, what it is and what it points at.
    fn update(&mut self, id: u64, change: impl FnOnce(&mut Vif), time_ns: i64) {
        let Some(vif) = self.vifs.get(&id) else {
            return;
        };
        let mut changed = vif.clone();
        change(&mut changed);
        changed.changed_time = vif.changed_time.max(time_ns);
        let stays = vif.coordinate() == changed.coordinate()
            && vif.left_time.is_none()
            && vif.link.kind == changed.link.kind
            && vif.link.link == changed.link.link
            && vif.link.link_netnsid == changed.link.link_netnsid
            && vif.link.master == changed.link.master;
        if stays {
            self.vifs.insert(id, changed);
            self.touch(id, time_ns);
        } else {
            self.unsettle(id);
            self.vifs.insert(id, changed);
            self.settle(id);
        }
    }

    /// Enter a VIF into the index and the references, and touch all that it concerns.
    fn settle(&mut self, id: u64) {
        let Some(vif) = self.vifs.get(&id) else {
            return;
        };
        let time_ns = vif.changed_time;
        let place = vif.coordinate();
        let target = self.target_of(vif);
        let is_unresolved = vif.link.link != 0 && target.is_none();
        let master = (vif.link.master != 0).then_some((vif.namespace, vif.link.master));
        let pointing_at: Vec<Coordinate> = target.into_iter().chain(master).collect();
        if let Some(other) = self.index.get(&place).copied().filter(|other| *other != id) {
            self.depart(other, time_ns);
        }
        self.index.insert(place, id);
        for target in &pointing_at {
            self.references.entry(*target).or_default().insert(id);
        }
        if is_unresolved {
            self.unresolved.insert(id);
        }
        if let Some(vif) = self.vifs.get_mut(&id) {
            vif.pointing_at = pointing_at;
        }
        self.touch(id, time_ns);
        self.touch_all_pointing_at(place, time_ns);
    }

    /// Take a VIF out of the index and the references, and touch all that it concerned.
    fn unsettle(&mut self, id: u64) {
        let Some(vif) = self.vifs.get(&id) else {
            return;
        };
        let time_ns = vif.changed_time;
        let place = vif.coordinate();
        let pointed_at = vif.pointing_at.clone();
        self.touch(id, time_ns);
        if self.index.get(&place) == Some(&id) {
            self.index.remove(&place);
        }
        for target in pointed_at {
            if let Some(pointing) = self.references.get_mut(&target) {
                pointing.remove(&id);
                if pointing.is_empty() {
                    self.references.remove(&target);
                }
            }
        }
        self.unresolved.remove(&id);
        self.touch_all_pointing_at(place, time_ns);
    }

    fn resolve_again(&mut self) {
        let ready: Vec<u64> = self
            .unresolved
            .iter()
            .filter(|id| {
                self.vifs
                    .get(id)
                    .is_some_and(|vif| self.target_of(vif).is_some())
            })
            .copied()
            .collect();
        for id in ready {
            self.unresolved.remove(&id);
            self.settle(id);
        }
    }

    /// A VIF is gone: keep its last state until it is written.
    pub(crate) fn depart(&mut self, id: u64, time_ns: i64) {
        let Some(vif) = self.vifs.get(&id) else {
            return;
        };
        let state = self.state_of(vif);
        self.part(id);
        let Some(vif) = self.vifs.get(&id) else {
            return;
        };
        self.departures.push(Departure {
            id,
            state,
            born_time: vif.born_time(),
            first: vif
                .written
                .is_none()
                .then(|| (vif.begin_time(), vif.first_change())),
            gone_time: time_ns,
        });
        if let Some(vif) = self.vifs.get_mut(&id) {
            // The others change because it went, and when it went.
            vif.changed_time = vif.changed_time.max(time_ns);
        }
        self.unsettle(id);
        self.dirty.remove(&id);
        self.holders.remove(&id);
        if let Some(vif) = self.vifs.remove(&id) {
            self.remembered.insert(id, (time_ns, vif));
        }
    }
}

/// In words, how the table and a dump differ about a VIF; none where they agree.
fn correction(before: Option<(u64, State)>, after: Option<(u64, State)>) -> Option<String> {
    match (before, after) {
        (Some((id, before)), Some((same, after))) if id == same => {
            let columns = before.differing(&after);
            (!columns.is_empty()).then(|| format!("{}: {}", after.vif_key, columns.join(", ")))
        }
        (Some((_, before)), Some((_, after))) => Some(format!(
            "{}: another device than {}",
            after.vif_key, before.vif_key
        )),
        (Some((_, before)), None) => Some(format!("{}: gone", before.vif_key)),
        (None, Some((_, after))) => Some(format!("{}: born", after.vif_key)),
        (None, None) => None,
    }
}
