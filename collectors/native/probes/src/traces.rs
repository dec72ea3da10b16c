//! What of ours is in the kernel: programs, their links and their maps, and which processes hold them.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::os::fd::AsFd;
use std::path::PathBuf;

use crate::bpf;
use crate::discovery::discover;
use crate::failure::{Kind, Result};
use crate::namespace::Home;

/// What the names of our programs and maps begin with; the kernel keeps 15 letters of a name.
const PREFIX: &str = "viflux_";

/// What a trace is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Thing {
    Program,
    Link,
    Map,
}

impl Thing {
    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Thing::Program => "program",
            Thing::Link => "link",
            Thing::Map => "map",
        }
    }

    /// What a descriptor of it says in /proc (proc(5), fdinfo).
    fn field(self) -> &'static str {
        match self {
            Thing::Program => "prog_id:",
            Thing::Link => "link_id:",
            Thing::Map => "map_id:",
        }
    }
}

/// One thing of ours in the kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    pub thing: Thing,
    /// As bpf(2) numbers it.
    pub id: u32,
    /// Of a link: its program's.
    pub name: String,
    /// Processes that hold it, lowest first; none where something else does, such as a filter or a pin.
    pub holders: Vec<u32>,
}

/// Finds all of ours, whoever loaded it.
///
/// # Errors
/// [`crate::Kind::Refused`] without `CAP_SYS_ADMIN`; `/proc` cannot be listed.
pub fn find() -> Result<Vec<Trace>> {
    let mut found = Vec::new();
    for thing in [Thing::Program, Thing::Map] {
        for id in bpf::ids(thing)? {
            // One that ended meanwhile is none.
            let Ok(descriptor) = bpf::by_id(thing, id) else {
                continue;
            };
            let name = bpf::name_of(thing, descriptor.as_fd())?;
            if name.starts_with(PREFIX) {
                found.push((thing, id, name));
            }
        }
    }
    let programs: HashMap<u32, String> = found
        .iter()
        .filter(|(thing, ..)| *thing == Thing::Program)
        .map(|(_, id, name)| (*id, name.clone()))
        .collect();
    for id in bpf::ids(Thing::Link)? {
        let Ok(descriptor) = bpf::by_id(Thing::Link, id) else {
            continue;
        };
        if let Some(name) = programs.get(&bpf::program_of_link(descriptor.as_fd())?) {
            found.push((Thing::Link, id, name.clone()));
        }
    }
    let holders = holders(&found.iter().map(|(thing, id, _)| (*thing, *id)).collect())?;
    Ok(found
        .into_iter()
        .map(|(thing, id, name)| Trace {
            thing,
            id,
            name,
            holders: holders.get(&(thing, id)).cloned().unwrap_or_default(),
        })
        .collect())
}

/// Removes the filters that killed runs left at interfaces of this host's namespaces; of each namespace, by its name, how many.
///
/// # Errors
/// `/proc` cannot be listed. What goes wrong in one namespace is told with it; one that ended meanwhile is left out.
pub fn reclaim(folders: &[PathBuf]) -> Result<Vec<(String, Result<usize>)>> {
    let home = Home::open()?;
    let found = discover(&home, folders, true)?;
    Ok(found
        .places
        .iter()
        .map(|place| (place.name(), home.visit(place, crate::flow::reclaim)))
        .filter(|(_, outcome)| !matches!(outcome, Err(failure) if failure.kind == Kind::Gone))
        .collect())
}

/// The other processes that have a descriptor of one of these.
fn holders(wanted: &HashSet<(Thing, u32)>) -> Result<HashMap<(Thing, u32), Vec<u32>>> {
    let mut found: HashMap<(Thing, u32), Vec<u32>> = HashMap::new();
    if wanted.is_empty() {
        return Ok(found);
    }
    let mut processes: Vec<u32> = fs::read_dir("/proc")
        .map_err(|error| crate::Failure::from_io(&error, "/proc"))?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid| *pid != std::process::id())
        .collect();
    processes.sort_unstable();
    for pid in processes {
        // A process that ended holds nothing.
        let Ok(entries) = fs::read_dir(format!("/proc/{pid}/fdinfo")) else {
            continue;
        };
        for entry in entries.flatten() {
            let Ok(text) = fs::read_to_string(entry.path()) else {
                continue;
            };
            for held in held_by(&text) {
                if wanted.contains(&held) {
                    let pids = found.entry(held).or_default();
                    if pids.last() != Some(&pid) {
                        pids.push(pid);
                    }
                }
            }
        }
    }
    Ok(found)
}

/// What a descriptor is of; a link's names its program too.
fn held_by(text: &str) -> Vec<(Thing, u32)> {
    [Thing::Program, Thing::Link, Thing::Map]
        .into_iter()
        .filter_map(|thing| {
            let line = text
                .lines()
                .find_map(|line| line.strip_prefix(thing.field()))?;
            Some((thing, line.trim().parse().ok()?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{held_by, Thing};

    #[test]
    fn a_descriptor_says_what_it_is_of() {
        let link = "pos:\t0\nflags:\t02000002\nlink_type:\ttcx\nlink_id:\t7\nprog_tag:\tab\nprog_id:\t41\n";
        assert_eq!(held_by(link), [(Thing::Program, 41), (Thing::Link, 7)]);
        assert_eq!(held_by("map_type:\t1\nmap_id:\t12\n"), [(Thing::Map, 12)]);
        assert!(held_by("pos:\t0\n").is_empty());
    }
}
