//! Watch on the folders where namespaces get names.
//!
//! A name is a mount, so the kernel's mount table is watched: it tells of a name at the moment when it can be entered (inotify
//! tells of the empty file before), of folders that do not exist yet, and of a name that is mounted over.

use std::fs::File;
use std::io::{Read, Seek};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};

const MOUNTS: &str = "/proc/thread-self/mountinfo";

/// A watch; holds the mount table open and no namespace.
#[derive(Debug)]
pub struct FolderWatch {
    mounts: File,
    /// As the mount table writes them: real paths, for `/var/run` is a link to `/run`.
    folders: Vec<PathBuf>,
    names: Vec<String>,
}

impl FolderWatch {
    /// Watches `folders`.
    ///
    /// # Errors
    /// `/proc` is not mounted, or no descriptor is left.
    pub fn open(folders: &[PathBuf]) -> Result<FolderWatch> {
        let mounts = File::open(MOUNTS).map_err(|error| Failure::from_io(&error, MOUNTS))?;
        let folders = folders.iter().map(|folder| real(folder)).collect();
        let mut watch = FolderWatch {
            mounts,
            folders,
            names: Vec::new(),
        };
        watch.changed()?;
        Ok(watch)
    }

    /// Whether a name came, went or changed its namespace since the last call. Never waits; use [`crate::wait::readable`],
    /// which also wakes for mounts that are about something else.
    ///
    /// # Errors
    /// The mount table cannot be read.
    pub fn changed(&mut self) -> Result<bool> {
        let failed = |error: std::io::Error| Failure::from_io(&error, MOUNTS);
        let mut table = Vec::new();
        self.mounts.rewind().map_err(failed)?;
        self.mounts.read_to_end(&mut table).map_err(failed)?;
        let table = String::from_utf8_lossy(&table);
        let mut names: Vec<String> = table.lines().filter_map(|line| self.name(line)).collect();
        names.sort();
        if names == self.names {
            return Ok(false);
        }
        self.names = names;
        Ok(true)
    }

    /// For a line about a namespace in one of the folders: `net:[inode] path`. Fields as in proc_pid_mountinfo(5): the fourth
    /// is the namespace, the fifth where it is mounted.
    fn name(&self, line: &str) -> Option<String> {
        let mut fields = line.split(' ').skip(3);
        let namespace = fields.next().filter(|root| root.starts_with("net:["))?;
        let path = fields.next()?;
        let folder = Path::new(path).parent()?;
        self.folders
            .iter()
            .any(|one| one == folder)
            .then(|| format!("{namespace} {path}"))
    }
}

/// Resolves links in as much of `folder` as exists.
fn real(folder: &Path) -> PathBuf {
    folder
        .canonicalize()
        .unwrap_or_else(|_| match (folder.parent(), folder.file_name()) {
            (Some(parent), Some(name)) => real(parent).join(name),
            _ => folder.to_path_buf(),
        })
}

impl AsFd for FolderWatch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.mounts.as_fd()
    }
}
