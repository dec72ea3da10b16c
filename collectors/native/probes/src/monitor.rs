//! Link, address and nsid events of the home namespace and of all namespaces that have a nsid in it.

use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use wire::flaw::Flaw;
use wire::netlink::{messages, Message};
use wire::record::{Address, Link};
use wire::rtnetlink::{
    RTM_DELADDR, RTM_DELLINK, RTM_DELNSID, RTM_DELQDISC, RTM_DELTCLASS, RTM_NEWADDR, RTM_NEWLINK,
    RTM_NEWNSID, RTM_NEWQDISC, RTM_NEWTCLASS, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
    RTNLGRP_LINK, RTNLGRP_NSID, RTNLGRP_TC,
};

use crate::clock::realtime_ns;
use crate::failure::{Failure, Kind, Result};
use crate::namespace::Home;
use crate::socket::{Buffer, Socket};
use crate::wait;

/// What may wait unread: the kernel counts each event as some KiB, and a thousand interfaces born at once make several each.
const WAITING_BYTES: i32 = 32 * 1024 * 1024;
/// Datagrams taken at one call, so that a storm cannot keep the caller from its other work.
const DATAGRAMS: usize = 4096;

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
    /// The root queue, or one below it, of the link with this ifindex came, went or was changed; a dump says what it is now.
    Queue(u32),
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
    socket: Socket,
    buffer: Buffer,
    hears_all_namespaces: bool,
}

impl Monitor {
    /// Starts to listen; events from now on are kept until [`Monitor::read`]. Listen first, then dump: so nothing falls between.
    ///
    /// # Errors
    /// No socket can be had, or the calling thread is not at home.
    pub fn open(home: &Home) -> Result<Monitor> {
        Self::with_room(home, WAITING_BYTES)
    }

    /// As [`Monitor::open`], with room for `waiting_bytes` of unread events as the kernel counts them.
    ///
    /// # Errors
    /// As [`Monitor::open`].
    pub fn with_room(home: &Home, waiting_bytes: i32) -> Result<Monitor> {
        let socket = Socket::open()?;
        // A listener in a wrong namespace would report everything under wrong names, for ever.
        if socket.cookie()? != home.cookie() {
            return Err(Failure::new(
                Kind::System,
                "the monitor was opened on a thread that is away from home",
            ));
        }
        let hears_all_namespaces = allowed(socket.set(
            libc::SOL_NETLINK,
            libc::NETLINK_LISTEN_ALL_NSID,
            1,
            "NETLINK_LISTEN_ALL_NSID",
        ))?;
        if !allowed(socket.set(
            libc::SOL_SOCKET,
            libc::SO_RCVBUFFORCE,
            waiting_bytes,
            "SO_RCVBUFFORCE",
        ))? {
            // Without CAP_NET_ADMIN as much as net.core.rmem_max allows.
            socket.set(
                libc::SOL_SOCKET,
                libc::SO_RCVBUF,
                waiting_bytes,
                "SO_RCVBUF",
            )?;
        }
        socket.bind()?;
        for group in [
            RTNLGRP_LINK,
            RTNLGRP_IPV4_IFADDR,
            RTNLGRP_IPV6_IFADDR,
            RTNLGRP_NSID,
            RTNLGRP_TC,
        ] {
            let group = group.cast_signed();
            socket.set(
                libc::SOL_NETLINK,
                libc::NETLINK_ADD_MEMBERSHIP,
                group,
                "NETLINK_ADD_MEMBERSHIP",
            )?;
        }
        Ok(Monitor {
            socket,
            buffer: Buffer::default(),
            hears_all_namespaces,
        })
    }

    /// Whether other namespaces are heard too; false without CAP_NET_BROADCAST.
    pub fn hears_all_namespaces(&self) -> bool {
        self.hears_all_namespaces
    }

    /// Appends what has happened to `events`, waiting up to `timeout` for the first. Returns at most some thousands at once.
    ///
    /// # Errors
    /// The socket broke; an overflow is an event, not an error.
    pub fn read(&mut self, timeout: Duration, events: &mut Vec<Event>) -> Result<()> {
        if !timeout.is_zero() {
            wait::readable(&[self.socket.as_fd()], timeout)?;
        }
        for _ in 0..DATAGRAMS {
            match self.socket.receive(&mut self.buffer) {
                Ok(None) => break,
                Ok(Some(received)) => {
                    let time_ns = realtime_ns();
                    let nsid = received.nsid;
                    if received.sent > received.length {
                        // What was cut off could be anything.
                        events.push(Event {
                            nsid,
                            time_ns,
                            change: Change::Overflow,
                        });
                        continue;
                    }
                    for message in messages(self.buffer.datagram(&received)) {
                        let change = message
                            .and_then(|message| change(&message, nsid))
                            .unwrap_or_else(malformed);
                        events.extend(change.map(|change| Event {
                            nsid,
                            time_ns,
                            change,
                        }));
                    }
                }
                Err(failure) if failure.errno == libc::ENOBUFS => {
                    events.push(Event {
                        nsid: None,
                        time_ns: realtime_ns(),
                        change: Change::Overflow,
                    });
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(())
    }
}

fn malformed(flaw: Flaw) -> Option<Change> {
    Some(Change::Malformed(flaw.to_string()))
}

fn change(message: &Message<'_>, nsid: Option<i32>) -> std::result::Result<Option<Change>, Flaw> {
    let body = message.body;
    Ok(match message.kind {
        RTM_NEWLINK => wire::link::link(body)?.map(|link| Change::NewLink(Box::new(link))),
        RTM_DELLINK => wire::link::link(body)?.map(|link| Change::DelLink(Box::new(link))),
        RTM_NEWADDR => wire::address::address(body)?.map(Change::NewAddress),
        RTM_DELADDR => wire::address::address(body)?.map(Change::DelAddress),
        // struct tcmsg, linux/rtnetlink.h: family and padding, then the ifindex.
        RTM_NEWQDISC | RTM_DELQDISC | RTM_NEWTCLASS | RTM_DELTCLASS => body
            .get(4..8)
            .and_then(|bytes| bytes.try_into().ok())
            .map(|bytes| Change::Queue(u32::from_ne_bytes(bytes))),
        // Other namespaces have nsids of their own; only home's are spoken of here.
        RTM_NEWNSID if nsid.is_none() => wire::nsid::nsid(body)?.nsid.map(Change::NewNsid),
        RTM_DELNSID if nsid.is_none() => wire::nsid::nsid(body)?.nsid.map(Change::DelNsid),
        _ => None,
    })
}

/// Whether an option that needs a capability could be set.
fn allowed(set: Result<()>) -> Result<bool> {
    match set {
        Ok(()) => Ok(true),
        Err(failure) if failure.kind == Kind::Refused => Ok(false),
        Err(failure) => Err(failure),
    }
}

impl AsFd for Monitor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
