//! Link, address and nsid events of the home namespace and of all namespaces that have a nsid in it.

use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use wire::record::{Address, Link};

use crate::failure::Result;
use crate::namespace::Home;

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A link is new or changed.
    NewLink(Box<Link>),
    /// A link died, or moved where `new_netnsid` is set (a nsid of the namespace it left, see [`crate::dump::elsewhere`]).
    /// `stats` are its final statistics.
    DelLink(Box<Link>),
    NewAddress(Address),
    DelAddress(Address),
    /// A namespace got a nsid in home.
    NewNsid(i32),
    /// The namespace with that nsid in home ended, and its links with it: no DelLink comes for them.
    DelNsid(i32),
    /// The kernel threw events away (ENOBUFS): ask every namespace anew.
    Overflow,
    /// A message that could not be understood; counted, not fatal.
    Malformed(String),
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Where: nsid in home, `None` for home itself.
    pub nsid: Option<i32>,
    /// CLOCK_REALTIME when it was read, ns.
    pub time_ns: i64,
    pub change: Change,
}

/// A listening socket in the home namespace.
#[derive(Debug)]
pub struct Monitor {
    _private: (),
}

impl Monitor {
    /// Starts to listen; events from now on are kept until [`Monitor::read`]. Listen first, then dump: so nothing falls between.
    ///
    /// # Errors
    /// No socket can be had.
    pub fn open(_home: &Home) -> Result<Monitor> {
        todo!()
    }

    /// Whether other namespaces are heard too; false without CAP_NET_BROADCAST.
    pub fn hears_all_namespaces(&self) -> bool {
        todo!()
    }

    /// Appends what has happened to `events`, waiting up to `timeout` for the first. Returns at most some thousands at once.
    ///
    /// # Errors
    /// The socket broke; an overflow is an event, not an error.
    pub fn read(&mut self, _timeout: Duration, _events: &mut Vec<Event>) -> Result<()> {
        todo!()
    }
}

impl AsFd for Monitor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        todo!()
    }
}
