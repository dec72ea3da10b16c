//! Looking for namespaces, and reading them whole.

use std::collections::{HashMap, HashSet};

use probes::capability::Capability;
use probes::clock::realtime_ns;
use probes::discovery::{discover, Discovery};
use probes::dump::NamespaceDump;
use probes::{dump, nsid, tap, workload, Failure, Kind, NamespaceId, NamespacePlace};
use vifs::{Coordinate, Dump, NamespaceFacts};

use crate::hear::elsewhere;
use crate::watch::Watch;

/// Corrections that are told in words.
const MOST_SAMPLES: usize = 5;

/// Descriptors of other processes that one look for the holders of taps goes through; about 1 µs each.
const MOST_DESCRIPTORS: usize = 100_000;

impl Watch {
    /// Read every namespace whole, correct what events missed, and take note of what is gone.
    pub fn resync(&mut self) -> Result<(), Failure> {
        self.apply_events()?;
        self.stale.clear();
        self.hopeless.clear();
        let found = self.discovered(true)?;
        let time_ns = realtime_ns();
        let mut present = HashSet::new();
        let mut is_whole = self.all_namespaces && found.refused_processes == 0;
        let mut dumps = Vec::new();
        let known = self.ids();
        for place in found.places {
            match self.visited(place, &known) {
                Ok(Some((place, dump))) => {
                    present.insert(dump.cookie);
                    dumps.push((place, dump));
                }
                Ok(None) => {}
                Err(_) => is_whole = false,
            }
        }
        self.take_over(dumps)?;
        let gone: Vec<u64> = self
            .places
            .keys()
            .filter(|cookie| !present.contains(cookie))
            .copied()
            .collect();
        for cookie in gone {
            self.places.remove(&cookie);
            self.table.namespace_gone(cookie, time_ns);
        }
        self.name_tap_holders(time_ns)?;
        self.table.look_complete(time_ns, is_whole);
        Ok(())
    }

    /// Find the workloads behind taps: the process that has one open is the virtual machine.
    fn name_tap_holders(&mut self, time_ns: i64) -> Result<(), Failure> {
        if !self.table.has_taps() {
            return Ok(());
        }
        let ids = self.ids();
        let named: Vec<(u64, String, String)> = tap::holders(&self.home, MOST_DESCRIPTORS)?
            .holders
            .into_iter()
            .filter_map(|holder| {
                let cookie = ids.get(&holder.namespace)?;
                Some((*cookie, holder.ifname, holder.workload?.to_string()))
            })
            .collect();
        self.table.holders_seen(&named, time_ns);
        Ok(())
    }

    /// Look for namespaces that are not known yet, or have another name now; `scan` looks at processes too.
    pub(crate) fn look_for_new(&mut self, scan: bool) -> Result<(), Failure> {
        let found = self.discovered(scan)?;
        let known = self.ids();
        let mut dumps = Vec::new();
        for place in found.places {
            let Some(cookie) = known.get(&place.id) else {
                if let Ok(Some(new)) = self.visited(place, &known) {
                    dumps.push(new);
                }
                continue;
            };
            // An inode that another namespace has now is noticed when that is read.
            if let Some(old) = self.places.get(cookie) {
                if old.paths != place.paths || scan && old.pids != place.pids {
                    let mut place = place;
                    (place.cookie, place.nsid) = (old.cookie, old.nsid);
                    if !scan {
                        place.pids.clone_from(&old.pids);
                    }
                    self.tell(&place, *cookie);
                    self.places.insert(*cookie, place);
                }
            }
        }
        if !dumps.is_empty() {
            self.take_over(dumps)?;
        }
        Ok(())
    }

    /// Read some namespaces whole again.
    pub(crate) fn reread(&mut self, cookies: &[u64]) -> Result<(), Failure> {
        let known = self.ids();
        let mut dumps = Vec::new();
        for cookie in cookies {
            let Some(place) = self.places.get(cookie).cloned() else {
                continue;
            };
            if let Ok(Some(read)) = self.visited(place, &known) {
                dumps.push(read);
            }
        }
        self.take_over(dumps)
    }

    fn discovered(&mut self, scan: bool) -> Result<Discovery, Failure> {
        if !self.all_namespaces {
            return Ok(Discovery {
                places: vec![self.home.place()],
                ..Discovery::default()
            });
        }
        self.counts.scans += u64::from(scan);
        let found = discover(&self.home, &self.dirs, scan)?;
        for folder in &found.refused_folders {
            let failure = Failure::of(libc::EACCES, format!("reading {}", folder.display()));
            self.problem("named namespaces", &failure);
        }
        Ok(found)
    }

    fn ids(&self) -> HashMap<NamespaceId, u64> {
        self.places
            .iter()
            .map(|(cookie, place)| (place.id, *cookie))
            .collect()
    }

    /// Give a namespace a nsid and read it; none if it ended meanwhile.
    fn visited(
        &mut self,
        mut place: NamespacePlace,
        known: &HashMap<NamespaceId, u64>,
    ) -> Result<Option<(NamespacePlace, NamespaceDump)>, Failure> {
        if let Some(old) = known
            .get(&place.id)
            .and_then(|cookie| self.places.get(cookie))
        {
            (place.cookie, place.nsid) = (old.cookie, old.nsid);
        }
        for _ in 0..2 {
            if place.nsid.is_none() && !place.is_home && self.capabilities.has(Capability::NetAdmin)
            {
                match nsid::assign(&self.home, &place) {
                    Ok(nsid) => place.nsid = Some(nsid),
                    Err(failure) if failure.kind == Kind::Gone => return Ok(None),
                    Err(failure) => self.problem(&place.name(), &failure),
                }
            }
            match dump::namespace(&self.home, &place) {
                Ok(read) => {
                    if read.interrupted {
                        self.stale.insert(read.cookie);
                        self.excused.insert(read.cookie);
                    }
                    place.cookie = Some(read.cookie);
                    return Ok(Some((place, read)));
                }
                // The inode belongs to another namespace by now: meet it as a new one.
                Err(failure) if failure.kind == Kind::Gone && place.cookie.is_some() => {
                    (place.cookie, place.nsid) = (None, None);
                }
                Err(failure) if failure.kind == Kind::Gone => return Ok(None),
                Err(failure) => {
                    self.counts.unread_namespaces += 1;
                    self.problem(&place.name(), &failure);
                    return Err(failure);
                }
            }
        }
        Ok(None)
    }

    /// Tell the table of a namespace.
    fn tell(&mut self, place: &NamespacePlace, cookie: u64) {
        let is_heard = place.is_home || place.nsid.is_some() && self.monitor.hears_all_namespaces();
        let workload = if place.is_home {
            String::new()
        } else {
            workload::of_processes(&place.pids)
                .map_or_else(String::new, |workload| workload.to_string())
        };
        let facts = NamespaceFacts {
            cookie,
            name: place.name(),
            nsid: place.nsid,
            is_home: place.is_home,
            workload,
            is_heard,
        };
        self.table.namespace_seen(facts, realtime_ns());
    }

    /// Tell the table of namespaces that were read. Events that came meanwhile are newer than the dumps, and go first.
    fn take_over(&mut self, dumps: Vec<(NamespacePlace, NamespaceDump)>) -> Result<(), Failure> {
        let mut told = Vec::new();
        let is_doubtful = std::mem::take(&mut self.is_doubtful);
        for (place, read) in dumps {
            let cookie = read.cookie;
            self.tell(&place, cookie);
            self.table
                .elsewhere_seen(cookie, &elsewhere(&read.elsewhere));
            let unidentified = if is_doubtful {
                read.links.iter().collect()
            } else {
                self.table.unidentified(cookie, &read.links)
            };
            let devices = if unidentified.is_empty() {
                HashMap::new()
            } else {
                self.devices_in(&place, &unidentified)
            };
            self.places.insert(cookie, place);
            told.push(Dump {
                namespace: cookie,
                time_ns: read.time_ns,
                links: read.links,
                addresses: read.addresses,
                qdiscs: read.qdiscs,
                devices,
            });
        }
        let mut excused = std::mem::take(&mut self.excused);
        let applied = self.apply_events()?;
        let touched: HashSet<Coordinate> = applied.touched;
        for dump in told {
            let is_excused =
                excused.remove(&dump.namespace) || self.excused.contains(&dump.namespace);
            let corrections = self.table.dump_seen(dump, &touched);
            if is_excused {
                continue;
            }
            self.counts.corrections += corrections.len() as u64;
            let room = MOST_SAMPLES.saturating_sub(self.samples.len());
            self.samples.extend(corrections.into_iter().take(room));
        }
        self.excused.extend(excused);
        Ok(())
    }
}
