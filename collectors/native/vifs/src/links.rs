//! One link: how it comes, changes, moves and ends.

use wire::identity::{vif_id, Identity};
use wire::record::{Address, Link, LinkStats};

use crate::counters::LastReading;
use crate::restore::Restored;
use crate::table::{Departure, Table};
use crate::vif::{is_pair, Appeared, Coordinate, Device, Queue, Vif};

impl Table {
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
    pub(crate) fn made(
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

    pub(crate) fn next_incarnation(&mut self, cookie: u64, ifindex: u32) -> Identity {
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

    pub(crate) fn queue_seen(&mut self, place: Coordinate, queue: Option<Queue>, time_ns: i64) {
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

    /// A link left its place for another one (`None` for a namespace that is not known), where it is found again by its identity.
    pub(crate) fn link_moved(&mut self, from: Coordinate, to: Option<Coordinate>, time_ns: i64) {
        let Some(id) = self.index.get(&from).copied() else {
            return;
        };
        if let Some(to) = to {
            self.arrivals.insert(to, id);
        }
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

    /// What sysfs said of the device that was on its way to this place; the next that shows there is another one.
    pub(crate) fn arriving(&mut self, place: Coordinate) -> Option<Device> {
        let id = self.arrivals.remove(&place)?;
        let vif = self.vifs.get(&id)?;
        (vif.left_time.is_some() && vif.device.inode.is_some()).then(|| vif.device.clone())
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
