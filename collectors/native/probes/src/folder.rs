//! Watch on the folders where namespaces get names.

use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;

use crate::failure::Result;

/// An inotify watch. A folder that does not exist yet is watched for through its nearest existing parent.
#[derive(Debug)]
pub struct FolderWatch {
    _private: (),
}

impl FolderWatch {
    /// Watches `folders`.
    ///
    /// # Errors
    /// No inotify descriptor is left (`fs.inotify.max_user_instances`).
    pub fn open(_folders: &[PathBuf]) -> Result<FolderWatch> {
        todo!()
    }

    /// Whether a name came or went since the last call (or may have: an overflow counts as yes). Never waits; use [`crate::wait`].
    ///
    /// A new name shows when its file is made, a moment before the namespace is mounted on it: when yes, look now and once more
    /// some milliseconds later.
    ///
    /// # Errors
    /// The descriptor broke.
    pub fn changed(&mut self) -> Result<bool> {
        todo!()
    }
}

impl AsFd for FolderWatch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        todo!()
    }
}
