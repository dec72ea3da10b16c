//! Whole namespaces and complete looks: what events missed is found here.

use std::collections::{HashMap, HashSet};

use wire::record::{Address, Link, Qdisc};

use crate::state::State;
use crate::table::Table;
use crate::topology::kind;
use crate::vif::{is_pair, Appeared, Coordinate, Device, Queue};

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

impl Table {
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
        self.arrivals.clear();
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
