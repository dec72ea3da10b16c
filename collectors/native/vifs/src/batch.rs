//! Several events at once: who is who when links come, go, move and come again faster than sysfs can be asked.

use std::collections::{HashMap, HashSet};

use wire::record::{Address, Link};

use crate::table::Table;
use crate::vif::{Appeared, Coordinate, Device};

/// One event, with namespaces named by their cookies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Cookie of the namespace that it is of.
    pub namespace: u64,
    pub time_ns: i64,
    pub change: Change,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A link is new or changed.
    NewLink(Box<Link>),
    /// A link died, with its final statistics.
    DelLink(Box<Link>),
    /// A link left for another namespace (its cookie, where it is known) and has this ifindex there.
    Moved {
        ifindex: u32,
        to: Option<u64>,
        new_ifindex: u32,
    },
    NewAddress(Address),
    DelAddress(Address),
    /// The namespace ended.
    NamespaceGone,
}

/// What events left to do.
#[derive(Debug, Default)]
pub struct Applied {
    /// Coordinates that an event named.
    pub touched: HashSet<Coordinate>,
    /// Coordinates where a link came or went.
    pub turned_over: HashSet<Coordinate>,
    /// Namespaces with a link that could not be identified: read them anew.
    pub unsettled: HashSet<u64>,
}

impl Applied {
    fn name(&mut self, event: &Event) {
        let (ifindex, is_turnover) = match &event.change {
            Change::NewLink(link) | Change::DelLink(link) => (link.ifindex, true),
            Change::Moved { ifindex, .. } => (*ifindex, true),
            Change::NewAddress(address) | Change::DelAddress(address) => (address.ifindex, false),
            Change::NamespaceGone => return,
        };
        self.touched.insert((event.namespace, ifindex));
        if is_turnover {
            self.turned_over.insert((event.namespace, ifindex));
        }
    }
}

/// What became of the device at a coordinate by the end of the events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Is(Coordinate),
    Dead,
    /// It left for a namespace that is not known yet, where it is found with that.
    Lost,
}

impl Table {
    /// The links that must be looked up in sysfs before `apply`: those that are there after all events and are not identified.
    pub fn wanted(&self, events: &[Event]) -> Vec<(u64, Link)> {
        let mut last: HashMap<Coordinate, Option<&Link>> = HashMap::new();
        for event in events {
            let cookie = event.namespace;
            match &event.change {
                Change::NewLink(link) => {
                    let place = (cookie, link.ifindex);
                    let is_new = last
                        .get(&place)
                        .map_or(!self.index.contains_key(&place), |_| true);
                    if is_new {
                        last.insert(place, Some(link));
                    }
                }
                Change::DelLink(link) => {
                    last.insert((cookie, link.ifindex), None);
                }
                Change::Moved { ifindex, .. } => {
                    last.insert((cookie, *ifindex), None);
                }
                Change::NamespaceGone => {
                    for (place, link) in &mut last {
                        if place.0 == cookie {
                            *link = None;
                        }
                    }
                }
                Change::NewAddress(_) | Change::DelAddress(_) => {}
            }
        }
        let mut wanted: Vec<(u64, Link)> = last
            .into_iter()
            .filter_map(|((cookie, _), link)| Some((cookie, link?.clone())))
            .collect();
        wanted.sort_unstable_by_key(|(cookie, link)| (*cookie, link.ifindex));
        wanted
    }

    /// Where in the events the first link comes that `devices` does not identify; their number where there is none.
    pub fn first_unidentified(
        &self,
        events: &[Event],
        devices: &HashMap<Coordinate, Device>,
    ) -> usize {
        let wanted: HashSet<Coordinate> = self
            .wanted(events)
            .into_iter()
            .map(|(cookie, link)| (cookie, link.ifindex))
            .filter(|place| !devices.contains_key(place))
            .collect();
        fates(events)
            .iter()
            .zip(events)
            .position(|(fate, event)| match (fate, &event.change) {
                (Fate::Is(end), Change::NewLink(_)) => wanted.contains(end),
                _ => false,
            })
            .unwrap_or(events.len())
    }

    /// Take in the first `count` events in their order, and leave the others in `events`.
    ///
    /// `devices` is what sysfs said, after all of them, of the links that `wanted` named.
    pub fn apply(
        &mut self,
        events: &mut Vec<Event>,
        count: usize,
        devices: &HashMap<Coordinate, Device>,
    ) -> Applied {
        let fates = fates(events);
        let mut applied = Applied::default();
        // What is left is newer than whatever is read meanwhile, too.
        for event in &events[count..] {
            applied.name(event);
        }
        for (event, fate) in events.drain(..count).zip(fates) {
            let (cookie, time_ns) = (event.namespace, event.time_ns);
            match event.change {
                Change::NewLink(link) => {
                    let place = (cookie, link.ifindex);
                    applied.touched.insert(place);
                    if self.index.contains_key(&place) {
                        self.link_seen(cookie, *link, None, Appeared::Before, time_ns);
                        continue;
                    }
                    applied.turned_over.insert(place);
                    let was_read = self
                        .namespaces
                        .get(&cookie)
                        .is_some_and(|namespace| namespace.was_read);
                    let arrived = self.arriving(place);
                    let device = match fate {
                        Fate::Is(end) => devices.get(&end).cloned(),
                        // Where it left the event named this place, so it is known without asking.
                        Fate::Dead if arrived.is_some() => arrived,
                        // It was gone before it could be asked for its inode.
                        Fate::Dead => was_read.then(Device::default),
                        // An id of the other sort would be a second one beside that under which it is found.
                        Fate::Lost => continue,
                    };
                    let Some(device) = device else {
                        let end = match fate {
                            Fate::Is(end) => end.0,
                            Fate::Dead | Fate::Lost => cookie,
                        };
                        applied.unsettled.insert(end);
                        continue;
                    };
                    let is_older = match (self.look, device.inode) {
                        (Some(look), Some(inode)) => inode <= look.highest_inode,
                        // Before the first look is done, nothing that shows can be told from what was there.
                        (None, _) => true,
                        (Some(_), None) => !was_read,
                    };
                    let how = if is_older {
                        Appeared::Before
                    } else {
                        Appeared::Born(time_ns)
                    };
                    self.link_seen(cookie, *link, Some(device), how, time_ns);
                }
                Change::DelLink(link) => {
                    let place = (cookie, link.ifindex);
                    applied.touched.insert(place);
                    applied.turned_over.insert(place);
                    self.link_died(cookie, link.ifindex, link.stats.as_ref(), time_ns);
                }
                Change::Moved {
                    ifindex,
                    to,
                    new_ifindex,
                } => {
                    applied.touched.insert((cookie, ifindex));
                    applied.turned_over.insert((cookie, ifindex));
                    let to = to.map(|to| (to, new_ifindex));
                    self.link_moved((cookie, ifindex), to, time_ns);
                }
                Change::NewAddress(address) => {
                    applied.touched.insert((cookie, address.ifindex));
                    self.address_seen(cookie, &address, true, time_ns);
                }
                Change::DelAddress(address) => {
                    applied.touched.insert((cookie, address.ifindex));
                    self.address_seen(cookie, &address, false, time_ns);
                }
                Change::NamespaceGone => self.namespace_gone(cookie, time_ns),
            }
        }
        applied
    }
}

/// For each event, what becomes of the device that it names.
fn fates(events: &[Event]) -> Vec<Fate> {
    let mut fates = vec![Fate::Dead; events.len()];
    let mut known: HashMap<Coordinate, Fate> = HashMap::new();
    let mut ended: HashSet<u64> = HashSet::new();
    let after = |known: &HashMap<Coordinate, Fate>, ended: &HashSet<u64>, place: Coordinate| {
        let otherwise = if ended.contains(&place.0) {
            Fate::Dead
        } else {
            Fate::Is(place)
        };
        known.get(&place).copied().unwrap_or(otherwise)
    };
    for (at, event) in events.iter().enumerate().rev() {
        let cookie = event.namespace;
        match &event.change {
            Change::NewLink(link) => fates[at] = after(&known, &ended, (cookie, link.ifindex)),
            Change::DelLink(link) => {
                known.insert((cookie, link.ifindex), Fate::Dead);
            }
            Change::Moved {
                ifindex,
                to,
                new_ifindex,
            } => {
                let fate = to.map_or(Fate::Lost, |to| after(&known, &ended, (to, *new_ifindex)));
                known.insert((cookie, *ifindex), fate);
            }
            Change::NamespaceGone => {
                ended.insert(cookie);
                known.retain(|place, _| place.0 != cookie);
            }
            Change::NewAddress(_) | Change::DelAddress(_) => {}
        }
    }
    fates
}
