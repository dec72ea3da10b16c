//! One host under watch: the kernel is asked, the table of VIFs is told, rows are encoded.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::time::Duration;

use probes::capability::{Capabilities, Capability};
use probes::clock::{boottime_ns, realtime_ns};
use probes::folder::FolderWatch;
use probes::monitor::Monitor;
use probes::sweep::Sweep;
use probes::{sysfs, wait, Failure, Home, Kind, NamespacePlace};
use vifs::{Applied, Change, Coordinate, Device, Event, Table};
use wire::identity::Boot;
use wire::record::Link;

/// How often sysfs is asked anew while links keep coming and going.
const MOST_ROUNDS: usize = 16;
/// How often in a row events are held back for a link that cannot be identified; then its namespace is read anew.
const MOST_HOLDS: usize = 4;
/// How long to wait for the rest of such a story.
const BETWEEN_HOLDS: Duration = Duration::from_millis(2);
/// Looks that events ask for are at least this far apart: each reads all names, and in a storm of changes one tells of many.
const BETWEEN_LOOKS_NS: i64 = 100_000_000;
/// The same for those that scan /proc.
const BETWEEN_SCANS_NS: i64 = 200_000_000;

/// What a watch counts, since it was made.
#[derive(Debug, Default, Clone, Copy)]
pub struct Counts {
    /// Events of the kernel that were read.
    pub events: u64,
    /// Times that the kernel threw events away.
    pub overflows: u64,
    /// Messages that could not be understood.
    pub malformed: u64,
    /// Differences that a resync found and events should have told of.
    pub corrections: u64,
    /// Scans of /proc.
    pub scans: u64,
    /// Sweeps in which a namespace could not be read.
    pub unread_namespaces: u64,
}

/// Something that a person should know, once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Problem {
    /// Name of the namespace, or of the part.
    pub subject: String,
    /// One clause: what was asked and why there was no answer.
    pub detail: String,
}

/// The state of a watch.
#[derive(Debug)]
pub struct Watch {
    pub(crate) home: Home,
    pub(crate) monitor: Monitor,
    folders: Option<FolderWatch>,
    pub(crate) dirs: Vec<PathBuf>,
    pub(crate) all_namespaces: bool,
    pub(crate) capabilities: Capabilities,
    pub(crate) table: Table,
    /// How to enter each namespace that the table knows, by cookie.
    pub(crate) places: HashMap<u64, NamespacePlace>,
    pub(crate) sweep: Sweep,
    pub(crate) counts: Counts,
    /// What some of the corrections were about, since they were asked for.
    pub(crate) samples: Vec<String>,
    pub(crate) problems: Vec<Problem>,
    pub(crate) told: HashSet<Problem>,
    /// When (by the clock that is never set) to look for namespaces again, and whether /proc is to be scanned then.
    looks: Vec<(i64, bool)>,
    last_look_ns: i64,
    last_scan_ns: i64,
    /// Events that wait for a link before them to be identified, and how often in a row there were such.
    held: Vec<Event>,
    holds: usize,
    /// Nsids that a scan did not find a namespace for; tried again at each resync.
    pub(crate) hopeless: HashSet<i32>,
    /// Events were thrown away: any device may be another one than the one that is known in its place.
    pub(crate) is_doubtful: bool,
    /// Namespaces to read anew, for events of them are missing or could not be matched.
    pub(crate) stale: HashSet<u64>,
    /// Those among them of which an event did tell, or a dump was interrupted: what is found there is no correction.
    pub(crate) excused: HashSet<u64>,
    /// Everything that happened before this instant was taken in.
    pub(crate) settled_ns: i64,
    pub(crate) boot: Boot,
}

impl Watch {
    /// Start to listen. Nothing is known before the first `resync`.
    pub fn open(
        host: String,
        boot: Boot,
        interval_ns: u64,
        dirs: Vec<PathBuf>,
        all_namespaces: bool,
        uplinks: Vec<String>,
    ) -> Result<Self, Failure> {
        let home = Home::open()?;
        let monitor = Monitor::open(&home)?;
        let capabilities = Capabilities::read()?;
        let all_namespaces = all_namespaces && capabilities.has(Capability::SysAdmin);
        let mut watch = Self {
            home,
            monitor,
            folders: None,
            dirs,
            all_namespaces,
            capabilities,
            table: Table::new(host, boot, interval_ns).with_uplinks(uplinks),
            places: HashMap::new(),
            sweep: Sweep::default(),
            counts: Counts::default(),
            samples: Vec::new(),
            problems: Vec::new(),
            told: HashSet::new(),
            looks: Vec::new(),
            last_look_ns: 0,
            last_scan_ns: 0,
            held: Vec::new(),
            holds: 0,
            hopeless: HashSet::new(),
            is_doubtful: false,
            stale: HashSet::new(),
            excused: HashSet::new(),
            settled_ns: 0,
            boot,
        };
        if all_namespaces {
            match FolderWatch::open(&watch.dirs) {
                Ok(folders) => watch.folders = Some(folders),
                Err(failure) => watch.problem("named namespaces", &failure),
            }
        }
        Ok(watch)
    }

    /// Take in what happens, waiting up to `timeout` for the first of it. Returns whether there are rows to propose.
    pub fn poll(&mut self, timeout: Duration) -> Result<bool, Failure> {
        let now = boottime_ns();
        let until_look = self.looks.iter().map(|(time, _)| time - now).min();
        let timeout = match until_look {
            Some(left) => timeout.min(Duration::from_nanos(u64::try_from(left).unwrap_or(0))),
            None => timeout,
        };
        let timeout = if self.held.is_empty() {
            timeout
        } else {
            timeout.min(BETWEEN_HOLDS)
        };
        let mut descriptors = vec![std::os::fd::AsFd::as_fd(&self.monitor)];
        descriptors.extend(self.folders.as_ref().map(std::os::fd::AsFd::as_fd));
        let readable = wait::readable(&descriptors, timeout)?;
        self.take_in()?;
        // The mount table of a host with many namespaces is long: it is read only when it changed.
        if readable.get(1) == Some(&true) {
            if let Some(folders) = &mut self.folders {
                if folders.changed()? {
                    self.want_look();
                }
            }
        }
        self.look_if_due()?;
        Ok(self.table.has_news())
    }

    /// Read and apply all events that wait; what they leave unclear is read anew.
    pub(crate) fn take_in(&mut self) -> Result<Applied, Failure> {
        let applied = self.apply_events()?;
        let stale: Vec<u64> = self.stale.drain().collect();
        if !stale.is_empty() {
            self.reread(&stale)?;
        }
        Ok(applied)
    }

    /// Read and apply all events that wait, and ask sysfs who the new links are.
    pub(crate) fn apply_events(&mut self) -> Result<Applied, Failure> {
        let mut events = std::mem::take(&mut self.held);
        let mut begun = realtime_ns();
        self.hear(&mut events)?;
        let mut devices = HashMap::new();
        for _ in 0..MOST_ROUNDS {
            let mut wanted = self.table.wanted(&events);
            wanted.retain(|(cookie, link)| !devices.contains_key(&(*cookie, link.ifindex)));
            if wanted.is_empty() {
                break;
            }
            devices.extend(self.devices_of(&wanted));
            // What sysfs said is of who was there before the events that are heard now.
            let before = events.len();
            begun = realtime_ns();
            self.hear(&mut events)?;
            for event in &events[before..] {
                match &event.change {
                    Change::DelLink(link) => {
                        devices.remove(&(event.namespace, link.ifindex));
                    }
                    Change::Moved { ifindex, .. } => {
                        devices.remove(&(event.namespace, *ifindex));
                    }
                    Change::NamespaceGone => {
                        devices.retain(|(cookie, _), _| *cookie != event.namespace)
                    }
                    _ => {}
                }
            }
        }
        // A link that sysfs does not know has gone, and the event that says so is on its way: who it was, and in which order
        // things happened, is known then.
        let mut count = events.len();
        if self.holds < MOST_HOLDS {
            count = self.table.first_unidentified(&events, &devices);
        }
        self.holds = if count < events.len() {
            self.holds + 1
        } else {
            0
        };
        for event in &events[..count] {
            if matches!(event.change, Change::NamespaceGone) {
                self.places.remove(&event.namespace);
            }
        }
        let applied = self.table.apply(&mut events, count, &devices);
        self.stale.extend(&applied.unsettled);
        self.excused.extend(&applied.unsettled);
        self.settled_ns = events
            .first()
            .map_or(begun, |event| begun.min(event.time_ns));
        self.held = events;
        Ok(applied)
    }

    pub(crate) fn want_scan(&mut self) {
        if self.all_namespaces && !self.looks.iter().any(|(_, scan)| *scan) {
            let time = boottime_ns().max(self.last_scan_ns + BETWEEN_SCANS_NS);
            self.looks.push((time, true));
        }
    }

    fn want_look(&mut self) {
        if self.looks.is_empty() {
            self.looks.push((
                boottime_ns().max(self.last_look_ns + BETWEEN_LOOKS_NS),
                false,
            ));
        }
    }

    fn look_if_due(&mut self) -> Result<(), Failure> {
        let now = boottime_ns();
        if !self.looks.iter().any(|(time, _)| *time <= now) {
            return Ok(());
        }
        let scan = self.looks.iter().any(|(time, scan)| *time <= now && *scan);
        self.looks.retain(|(time, _)| *time > now);
        self.last_look_ns = now;
        if scan {
            self.last_scan_ns = now;
        }
        self.look_for_new(scan)
    }

    /// What sysfs says of links, by coordinate; one that is gone is left out.
    pub(crate) fn devices_of(&mut self, wanted: &[(u64, Link)]) -> HashMap<Coordinate, Device> {
        let mut found = HashMap::new();
        let mut by_namespace: HashMap<u64, Vec<&Link>> = HashMap::new();
        for (cookie, link) in wanted {
            by_namespace.entry(*cookie).or_default().push(link);
        }
        for (cookie, links) in by_namespace {
            let Some(place) = self.places.get(&cookie).cloned() else {
                continue;
            };
            found.extend(
                self.devices_in(&place, &links)
                    .into_iter()
                    .map(|(ifindex, device)| ((cookie, ifindex), device)),
            );
        }
        found
    }

    pub(crate) fn devices_in(
        &mut self,
        place: &NamespacePlace,
        links: &[&Link],
    ) -> HashMap<u32, Device> {
        match sysfs::devices(&self.home, place, links) {
            Ok(devices) => devices
                .into_iter()
                .map(|device| {
                    let told = Device {
                        inode: Some(device.inode),
                        speed_bits_per_second: device.speed_bits_per_second,
                        driver: device.driver,
                    };
                    (device.ifindex, told)
                })
                .collect(),
            Err(failure) if failure.kind == Kind::Gone => HashMap::new(),
            Err(failure) => {
                self.problem(&place.name(), &failure);
                if !matches!(failure.kind, Kind::Refused | Kind::Unsupported) {
                    // It may work at the next look; an id of the other sort would be for good.
                    return HashMap::new();
                }
                // Where sysfs may not be read a device is known by where it is.
                links
                    .iter()
                    .map(|link| (link.ifindex, Device::default()))
                    .collect()
            }
        }
    }

    /// Note a failure for a person; the same one is told once.
    pub(crate) fn problem(&mut self, subject: &str, failure: &Failure) {
        let problem = Problem {
            subject: subject.to_owned(),
            detail: failure.to_string(),
        };
        if self.told.len() < 1_000 && self.told.insert(problem.clone()) {
            self.problems.push(problem);
        }
    }
}
