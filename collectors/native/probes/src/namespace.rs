//! Network namespaces: finding them, entering one for a question, coming back.

use std::path::PathBuf;

use crate::failure::Result;

/// Device and inode of a namespace's file. Inodes are used again after a namespace ended; the cookie is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NamespaceId {
    pub device: u64,
    pub inode: u64,
}

/// How to enter a namespace. Holds no descriptor, so it keeps nothing alive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamespacePlace {
    pub id: NamespaceId,
    /// Whether this is the namespace that this process lives in.
    pub is_home: bool,
    /// Files that are bind mounts of it, in the order of the folders given, such as `/run/netns/blue`.
    pub paths: Vec<PathBuf>,
    /// Up to [`MAX_PIDS`] processes that live in it, lowest first.
    pub pids: Vec<u32>,
    /// `SO_NETNS_COOKIE`, once known (see [`crate::dump::NamespaceDump::cookie`]); set it, and entering another namespace that
    /// got the same inode is refused as [`crate::Kind::Gone`].
    pub cookie: Option<u64>,
    /// Its nsid in the home namespace, once known (see [`crate::nsid::assign`]).
    pub nsid: Option<i32>,
}

/// Processes kept for each namespace.
pub const MAX_PIDS: usize = 4;

impl NamespacePlace {
    /// Name for people and records: empty for home, else the name of its first file, else `net:[inode]`.
    pub fn name(&self) -> String {
        todo!()
    }
}

/// The namespace that this process lives in; its descriptor is what every visit elsewhere comes back by.
#[derive(Debug)]
pub struct Home {
    _private: (),
}

impl Home {
    /// Opens this process's own namespace. Open one at start, before threads move about.
    ///
    /// # Errors
    /// `/proc` is not mounted, or no descriptor is left.
    pub fn open() -> Result<Home> {
        todo!()
    }

    /// Id of the home namespace.
    pub fn id(&self) -> NamespaceId {
        todo!()
    }

    /// `SO_NETNS_COOKIE` of the home namespace.
    pub fn cookie(&self) -> u64 {
        todo!()
    }

    /// The home namespace as a place.
    pub fn place(&self) -> NamespacePlace {
        todo!()
    }

    /// Runs `question` with the calling thread inside `place`, and comes back whatever happens.
    ///
    /// The process aborts if it cannot come back: figures of the wrong namespace must never be reported. Visits do not nest.
    ///
    /// # Errors
    /// [`crate::Kind::Gone`] when the namespace ended or the place now names another one; [`crate::Kind::Refused`] without CAP_SYS_ADMIN.
    pub fn visit<T>(
        &self,
        _place: &NamespacePlace,
        _question: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        todo!()
    }
}

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
pub fn discover(_home: &Home, _folders: &[PathBuf], _processes: bool) -> Result<Discovery> {
    todo!()
}
