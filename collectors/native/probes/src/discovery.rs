//! Finding the network namespaces of this host.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use crate::failure::{Failure, Result};
use crate::namespace::{Home, NamespaceId, NamespacePlace, MAX_PIDS};

/// What one look found.
#[derive(Debug, Clone, Default)]
pub struct Discovery {
    /// Home first, then those with a name, then the others, each once.
    pub places: Vec<NamespacePlace>,
    /// Processes looked at.
    pub processes: usize,
    /// Processes whose namespace was refused (without CAP_SYS_PTRACE); those that ended meanwhile are not counted.
    pub refused_processes: usize,
    /// Folders that exist and could not be read.
    pub refused_folders: Vec<PathBuf>,
}

/// Finds namespaces with a file in one of `folders`, and those of running processes (about 5 µs a process; threads that left
/// their process's namespace are not seen). With `processes` false only the folders are read.
///
/// # Errors
/// `/proc` cannot be listed.
pub fn discover(home: &Home, folders: &[PathBuf], processes: bool) -> Result<Discovery> {
    let mut look = Look {
        home: home.id(),
        found: Discovery::default(),
        position: HashMap::new(),
    };
    look.found.places.push(home.place());
    look.position.insert(home.id(), 0);
    for folder in folders {
        look.folder(folder);
    }
    if processes {
        look.processes()?;
    }
    Ok(look.found)
}

struct Look {
    home: NamespaceId,
    found: Discovery,
    position: HashMap<NamespaceId, usize>,
}

impl Look {
    fn place(&mut self, id: NamespaceId) -> &mut NamespacePlace {
        let places = &mut self.found.places;
        let position = *self.position.entry(id).or_insert_with(|| {
            places.push(NamespacePlace {
                id,
                is_home: false,
                paths: Vec::new(),
                pids: Vec::new(),
                cookie: None,
                nsid: None,
            });
            places.len() - 1
        });
        &mut places[position]
    }

    fn folder(&mut self, folder: &PathBuf) {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                return
            }
            Err(_) => {
                self.found.refused_folders.push(folder.clone());
                return;
            }
        };
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        // The first name counts, so it must not depend on the folder's hash order.
        paths.sort();
        for path in paths {
            // All namespace files are on one device; a plain file is a name whose namespace is not mounted (yet, or any more).
            let Ok(status) = fs::metadata(&path) else {
                continue;
            };
            if status.dev() == self.home.device {
                let id = NamespaceId {
                    device: status.dev(),
                    inode: status.ino(),
                };
                self.place(id).paths.push(path);
            }
        }
    }

    fn processes(&mut self) -> Result<()> {
        let mut pids: Vec<u32> = processes()?.collect();
        pids.sort_unstable();
        for pid in pids {
            self.found.processes += 1;
            match of_process(self.home.device, pid) {
                Ok(id) => {
                    let place = self.place(id);
                    if place.pids.len() < MAX_PIDS {
                        place.pids.push(pid);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                    self.found.refused_processes += 1
                }
                // It ended meanwhile, or is a zombie.
                Err(_) => {}
            }
        }
        Ok(())
    }
}

/// Ids of all processes that this one can see, in no order.
pub(crate) fn processes() -> Result<impl Iterator<Item = u32>> {
    let entries = fs::read_dir("/proc").map_err(|error| Failure::from_io(&error, "/proc"))?;
    Ok(entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok()))
}

/// The network namespace of a process: its link reads `net:[inode]`, which is cheaper than opening it.
pub(crate) fn of_process(device: u64, pid: u32) -> io::Result<NamespaceId> {
    let target = fs::read_link(format!("/proc/{pid}/ns/net"))?;
    let inode = target
        .to_str()
        .and_then(|text| text.strip_prefix("net:[")?.strip_suffix(']')?.parse().ok())
        .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))?;
    Ok(NamespaceId { device, inode })
}
