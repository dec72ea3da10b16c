//! Network namespaces: how one is named, entered for a question, and left again.

use std::borrow::Cow;
use std::cell::Cell;
use std::fs::{File, OpenOptions};
use std::marker::PhantomData;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Kind, Result};
use crate::socket::Socket;

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
    /// `SO_NETNS_COOKIE`, once known (see [`crate::dump::NamespaceDump::cookie`]); set it, and asking another namespace that
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
        if self.is_home {
            return String::new();
        }
        match self.paths.first().and_then(|path| path.file_name()) {
            Some(name) => name.to_string_lossy().into_owned(),
            None => format!("net:[{}]", self.id.inode),
        }
    }

    /// Opens the namespace by the first of its files that still means it. Close the result soon: it keeps the namespace alive.
    pub(crate) fn open(&self) -> Result<File> {
        let mut refused = None;
        let processes = self
            .pids
            .iter()
            .map(|pid| Cow::Owned(PathBuf::from(format!("/proc/{pid}/ns/net"))));
        for path in self
            .paths
            .iter()
            .map(|path| Cow::Borrowed(path.as_path()))
            .chain(processes)
        {
            match open_file(&path) {
                Ok((file, id)) if id == self.id => return Ok(file),
                Ok(_) => {}
                Err(failure) if failure.kind == Kind::Gone => {}
                // `ip netns` makes its file without any rights and mounts the namespace on it; before and after that the file
                // refuses to be opened, and is none.
                Err(_) if !self.is_at(&path) => {}
                Err(failure) => refused = Some(failure),
            }
        }
        Err(refused.unwrap_or_else(|| {
            Failure::new(Kind::Gone, format!("namespace {} ended", self.name()))
        }))
    }

    fn is_at(&self, path: &Path) -> bool {
        std::fs::metadata(path)
            .is_ok_and(|status| (status.dev(), status.ino()) == (self.id.device, self.id.inode))
    }

    /// A request socket of this place, for a thread that is inside it; checks that it still is the namespace once seen.
    pub(crate) fn socket(&self) -> Result<(Socket, u64)> {
        self.checked(Socket::open()?)
    }

    /// The same, to ask nf_tables by.
    pub(crate) fn netfilter_socket(&self) -> Result<Socket> {
        Ok(self.checked(Socket::netfilter()?)?.0)
    }

    fn checked(&self, socket: Socket) -> Result<(Socket, u64)> {
        let cookie = socket.cookie()?;
        if self.cookie.is_some_and(|known| known != cookie) {
            return Err(Failure::new(
                Kind::Gone,
                format!("namespace {} ended, another has its inode", self.name()),
            ));
        }
        Ok((socket, cookie))
    }
}

/// O_NONBLOCK: whatever lies in a foreign folder, opening it must not wait.
fn open_file(path: &Path) -> Result<(File, NamespaceId)> {
    let what = || path.display().to_string();
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
        .open(path)
        .map_err(|error| Failure::from_io(&error, what()))?;
    // SAFETY: all-zero is a valid value of this plain struct.
    let mut status: libc::stat = unsafe { std::mem::zeroed() };
    // fstat and not `File::metadata`: that asks statx for everything, and this is done for each namespace of each sweep.
    // SAFETY: the descriptor is open, and `status` lives through the call.
    if unsafe { libc::fstat(file.as_raw_fd(), &mut status) } < 0 {
        return Err(Failure::last(what()));
    }
    let id = NamespaceId {
        device: status.st_dev,
        inode: status.st_ino,
    };
    Ok((file, id))
}

/// The namespace that this process lives in; its descriptor is what every visit elsewhere comes back by.
#[derive(Debug)]
pub struct Home {
    file: File,
    id: NamespaceId,
    cookie: u64,
}

thread_local! {
    static IS_VISITING: Cell<bool> = const { Cell::new(false) };
}

impl Home {
    /// Opens this process's own namespace. Open one at start, on a thread that is in it.
    ///
    /// # Errors
    /// `/proc` is not mounted, no descriptor is left, or the kernel is older than 5.14.
    pub fn open() -> Result<Home> {
        let (file, id) = open_file(Path::new("/proc/thread-self/ns/net"))?;
        let cookie = Socket::open()?.cookie()?;
        Ok(Home { file, id, cookie })
    }

    /// Id of the home namespace.
    pub fn id(&self) -> NamespaceId {
        self.id
    }

    /// `SO_NETNS_COOKIE` of the home namespace.
    pub fn cookie(&self) -> u64 {
        self.cookie
    }

    /// The home namespace as a place.
    pub fn place(&self) -> NamespacePlace {
        NamespacePlace {
            id: self.id,
            is_home: true,
            paths: Vec::new(),
            pids: Vec::new(),
            cookie: Some(self.cookie),
            nsid: None,
        }
    }

    /// Runs `question` with the calling thread inside `place`, and comes back whatever happens. `question` must start no thread:
    /// it would stay there.
    ///
    /// The process aborts if it cannot come back: figures of the wrong namespace must never be reported. Visits do not nest.
    ///
    /// # Errors
    /// [`Kind::Gone`] when the namespace ended or the place now names another one; [`Kind::Refused`] without CAP_SYS_ADMIN.
    pub fn visit<T>(
        &self,
        place: &NamespacePlace,
        question: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let mut tour = self.tour()?;
        tour.enter(place)?;
        question()
    }

    /// Starts a tour through several places, which spares the way home between them.
    pub(crate) fn tour(&self) -> Result<Tour<'_>> {
        if IS_VISITING.replace(true) {
            return Err(Failure::new(Kind::System, "a visit inside a visit"));
        }
        Ok(Tour {
            home: self,
            is_away: false,
            stays_on_its_thread: PhantomData,
        })
    }

    pub(crate) fn descriptor(&self) -> i32 {
        self.file.as_raw_fd()
    }
}

/// A thread on its way through namespaces; it is led home when this goes out of scope, on return, error and panic alike.
pub(crate) struct Tour<'a> {
    home: &'a Home,
    is_away: bool,
    /// setns changes one thread only.
    stays_on_its_thread: PhantomData<*const ()>,
}

impl Tour<'_> {
    /// Brings the thread into `place`. After an error it is where it was before: nothing may be asked there.
    pub(crate) fn enter(&mut self, place: &NamespacePlace) -> Result<()> {
        if place.is_home {
            self.return_home();
            return Ok(());
        }
        let file = place.open()?;
        set_namespace(file.as_fd()).map_err(|failure| match failure.errno {
            libc::EINVAL => Failure::new(
                Kind::Gone,
                format!("{} is no network namespace", place.name()),
            ),
            errno => Failure::of(errno, format!("setns into {}", place.name())),
        })?;
        self.is_away = true;
        // Inside, the thread itself keeps the namespace; the descriptor, closed here, has done its work.
        Ok(())
    }

    fn return_home(&mut self) {
        if !self.is_away {
            return;
        }
        if let Err(failure) = set_namespace(self.home.file.as_fd()) {
            eprintln!("viflux: cannot return to the own network namespace, so no figure could be trusted: {failure}");
            std::process::abort();
        }
        self.is_away = false;
    }
}

impl Drop for Tour<'_> {
    fn drop(&mut self) {
        self.return_home();
        IS_VISITING.set(false);
    }
}

fn set_namespace(descriptor: BorrowedFd<'_>) -> Result<()> {
    // SAFETY: the descriptor is open by its type; the call changes only the calling thread's namespace, which `Tour` restores.
    if unsafe { libc::setns(descriptor.as_raw_fd(), libc::CLONE_NEWNET) } < 0 {
        return Err(Failure::last("setns"));
    }
    Ok(())
}
