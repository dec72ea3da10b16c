//! Programs at the ingress and egress of interfaces by filters of a `clsact`, for kernels without tcx.
//!
//! Unlike links, filters stay when the process that made them is killed. What they need to be taken back then is kept in the
//! kernel, in the filters themselves: the names of their programs, and in the handle whether the queue is theirs too.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use wire::clsact::{self, Filter, Place};
use wire::rtnetlink::{RTM_NEWQDISC, RTM_NEWTFILTER};

use crate::bpf;
use crate::failure::{Failure, Kind, Result};
use crate::socket::{Buffer, Socket};

/// Before what others put there: they choose the number that is free below 49152, or 1. Or behind all of them.
const FIRST: u16 = 1;
const LAST: u16 = u16::MAX;
/// A priority holds filters of one kind and protocol: so many are tried.
const PRIORITIES: u16 = 16;
/// Upper half of the handles of filters that are made here; the lowest bit says that the queue was made for them.
const HANDLES: u32 = 0x7666_0000;
const IS_QUEUE_OWN: u32 = 1;
/// Agents that may watch one interface at the same time.
const AGENTS: u32 = 16;
/// What the name of a program's socket begins with; its number follows.
const MARK: &str = "viflux-program-";

/// The filters at one interface: at ingress and at egress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filters {
    ingress: Place,
    egress: Place,
}

/// A program and the name that its filter bears.
#[derive(Debug, Clone, Copy)]
pub struct Program<'a> {
    pub descriptor: BorrowedFd<'a>,
    pub name: &'a str,
}

/// Filters of the namespace that this process lives in.
#[derive(Debug)]
pub struct Clsact {
    socket: Socket,
    buffer: Buffer,
    /// By the numbers of the programs that are in filters made here.
    marks: HashMap<u32, Option<UnixDatagram>>,
}

impl Clsact {
    /// For the namespace of the calling thread.
    ///
    /// # Errors
    /// The kernel has no netlink socket for us.
    pub fn open() -> Result<Self> {
        Ok(Self {
            socket: Socket::open()?,
            buffer: Buffer::default(),
            marks: HashMap::new(),
        })
    }

    /// Has two programs see what comes in at an interface and what goes out, before what others have there or behind it.
    ///
    /// # Errors
    /// [`Kind::Gone`] where the interface is; [`Kind::Unsupported`] where its filters are shared with other interfaces, or a
    /// queue of kind `ingress` is there, which has no egress side.
    pub fn attach(
        &mut self,
        ingress: Program<'_>,
        egress: Program<'_>,
        ifindex: u32,
        is_last: bool,
    ) -> Result<Filters> {
        // Before the filters, so that nobody takes them for left over.
        for program in [ingress, egress] {
            let number = bpf::program_number(program.descriptor)?;
            if let Entry::Vacant(entry) = self.marks.entry(number) {
                entry.insert(mark(number)?);
            }
        }
        let is_own = self.ensure_queue(ifindex)?;
        let added = self
            .add(ingress, ifindex, false, is_own, is_last)
            .and_then(|ingress| {
                let egress = self
                    .add(egress, ifindex, true, is_own, is_last)
                    .inspect_err(|_| self.remove(ingress))?;
                Ok(Filters { ingress, egress })
            });
        if added.is_err() && is_own {
            self.remove_empty_queue(ifindex);
        }
        added
    }

    /// Removes the filters, and the queue where it was made for them and nobody else has filters there.
    pub fn detach(&mut self, filters: Filters) {
        self.remove(filters.ingress);
        self.remove(filters.egress);
        if is_queue_own(filters.ingress) {
            self.remove_empty_queue(filters.ingress.ifindex);
        }
    }

    /// Removes all filters with such names whose programs no process has at work any more; how many they were.
    ///
    /// # Errors
    /// The kernel does not list its queues, or the namespace's sockets.
    pub fn reclaim(&mut self, names: &[&str]) -> Result<usize> {
        let mut found = Vec::new();
        for ifindex in self.interfaces()? {
            let filters = self.filters(ifindex)?;
            found.extend(
                filters
                    .into_iter()
                    .filter(|one| names.contains(&one.name.as_str())),
            );
        }
        if found.is_empty() {
            return Ok(0);
        }
        let at_work = at_work()?;
        found.retain(|one| !at_work.contains(&one.program));
        for filter in &found {
            self.remove(filter.place);
        }
        for filter in &found {
            if is_queue_own(filter.place) {
                self.remove_empty_queue(filter.place.ifindex);
            }
        }
        Ok(found.len())
    }

    /// Whether the queue was made now; one that is there already is somebody's.
    fn ensure_queue(&mut self, ifindex: u32) -> Result<bool> {
        match self.order(|sequence| clsact::add_queue(sequence, ifindex)) {
            Ok(()) => Ok(true),
            Err(failure) if failure.errno == libc::EEXIST => match self.queue_at(ifindex)? {
                // It has just gone, and the interface with it.
                None => Err(Failure::new(Kind::Gone, "a clsact")),
                Some(kind) if kind == "clsact" => Ok(false),
                Some(kind) => Err(Failure::new(
                    Kind::Unsupported,
                    format!(
                        "the interface has a queue of kind {kind}, beside which no clsact can be"
                    ),
                )),
            },
            Err(failure) => Err(failure),
        }
    }

    fn add(
        &mut self,
        program: Program<'_>,
        ifindex: u32,
        is_egress: bool,
        is_queue_own: bool,
        is_last: bool,
    ) -> Result<Place> {
        let mut place = Place {
            ifindex,
            is_egress,
            priority: if is_last { LAST } else { FIRST },
            handle: HANDLES | u32::from(is_queue_own),
        };
        let (mut priorities, mut agents) = (PRIORITIES, AGENTS);
        loop {
            let outcome = self.order(|sequence| {
                let number = program.descriptor.as_raw_fd();
                clsact::add_filter(sequence, place, number, program.name)
            });
            match outcome {
                Ok(()) => return Ok(place),
                // Another agent's.
                Err(failure) if failure.errno == libc::EEXIST && agents > 1 => {
                    agents -= 1;
                    place.handle += 2;
                }
                // Somebody's filters of another kind.
                Err(failure) if failure.errno == libc::EINVAL && priorities > 1 => {
                    priorities -= 1;
                    place.priority = if is_last {
                        place.priority - 1
                    } else {
                        place.priority + 1
                    };
                }
                Err(failure) => return Err(failure),
            }
        }
    }

    /// What is not there any more needs no removal.
    fn remove(&mut self, place: Place) {
        let _ = self.order(|sequence| clsact::remove_filter(sequence, place));
    }

    fn remove_empty_queue(&mut self, ifindex: u32) {
        if self
            .filters(ifindex)
            .is_ok_and(|filters| filters.is_empty())
        {
            let _ = self.order(|sequence| clsact::remove_queue(sequence, ifindex));
        }
    }

    /// The kind of what hangs where a clsact does.
    fn queue_at(&mut self, ifindex: u32) -> Result<Option<String>> {
        let mut found = None;
        self.socket.ask(
            &mut self.buffer,
            |sequence| clsact::queue_at(sequence, ifindex),
            RTM_NEWQDISC,
            &mut found,
            |_| (),
            |found, body| {
                *found = clsact::queue(body)?.map(|(_, kind)| kind);
                Ok(())
            },
        )?;
        Ok(found)
    }

    /// Interfaces that have a clsact.
    fn interfaces(&mut self) -> Result<Vec<u32>> {
        let mut found = Vec::new();
        self.socket.ask(
            &mut self.buffer,
            wire::request::qdiscs,
            RTM_NEWQDISC,
            &mut found,
            Vec::clear,
            |found, body| {
                let queue = clsact::queue(body)?.filter(|(_, kind)| kind == "clsact");
                found.extend(queue.map(|(ifindex, _)| ifindex));
                Ok(())
            },
        )?;
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// All filters at both sides of an interface.
    fn filters(&mut self, ifindex: u32) -> Result<Vec<Filter>> {
        let mut found = Vec::new();
        for is_egress in [false, true] {
            let mut side = Vec::new();
            self.socket.ask(
                &mut self.buffer,
                |sequence| clsact::filters(sequence, ifindex, is_egress),
                RTM_NEWTFILTER,
                &mut side,
                Vec::clear,
                |side, body| {
                    side.push(clsact::filter(body)?);
                    Ok(())
                },
            )?;
            found.append(&mut side);
        }
        Ok(found)
    }

    fn order(&mut self, request: impl Fn(u32) -> Vec<u8>) -> Result<()> {
        let nothing = wire::netlink::NLMSG_DONE;
        self.socket
            .ask(
                &mut self.buffer,
                request,
                nothing,
                &mut (),
                |()| (),
                |(), _| Ok(()),
            )
            .map(|_| ())
            .map_err(|mut failure| {
                if failure.errno == libc::ENODEV {
                    failure.kind = Kind::Gone;
                }
                failure.what = "a filter of clsact".into();
                failure
            })
    }
}

fn is_queue_own(place: Place) -> bool {
    place.handle & IS_QUEUE_OWN != 0
}

/// Programs of this namespace that a process has at work: each has a socket of its name, which every process of the namespace sees
/// whatever it may look at, and which ends with its process (unix(7), abstract addresses).
fn at_work() -> Result<HashSet<u32>> {
    let path = "/proc/thread-self/net/unix";
    let text = std::fs::read_to_string(path).map_err(|error| Failure::from_io(&error, path))?;
    Ok(text
        .lines()
        .filter_map(|line| line.rsplit_once('@')?.1.strip_prefix(MARK)?.parse().ok())
        .collect())
}

/// The socket that says that a program is at work; `None` where somebody else has one of that name, which says the same.
fn mark(program: u32) -> Result<Option<UnixDatagram>> {
    let bound = SocketAddr::from_abstract_name(format!("{MARK}{program}"))
        .and_then(|address| UnixDatagram::bind_addr(&address));
    match bound {
        Ok(socket) => Ok(Some(socket)),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Ok(None),
        Err(error) => Err(Failure::from_io(
            &error,
            "a socket that says that a program is at work",
        )),
    }
}
