//! How the programs of a probe come to the interfaces: by tcx links, and where the kernel has none by filters of clsact.

use std::collections::HashMap;
use std::time::Duration;

use crate::clsact::{Clsact, Filters, Program};
use crate::failure::{Kind, Result};
use crate::tcx::{self, Links};

/// How long it is waited until all interfaces are left.
const LEAVING: Duration = Duration::from_millis(500);

/// How programs are attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Links (Linux 6.6): they end with the process that holds them, and stand beside those of others in an order.
    Tcx,
    /// Filters of a clsact queue: they stay when the process is killed.
    Clsact,
}

/// Interfaces that programs are attached to; they are left when it is dropped.
#[derive(Debug)]
pub struct Attachments {
    way: Way,
    /// The other way is taken where the kernel lacks this one; settled by the first interface.
    is_open: bool,
    is_last: bool,
    links: HashMap<u32, Links>,
    filters: HashMap<u32, Filters>,
    clsact: Option<Clsact>,
}

impl Attachments {
    /// None yet.
    ///
    /// `way`: as it is told, and with none by tcx where the kernel has it. `is_last`: behind what others have at an interface.
    pub fn new(way: Option<Way>, is_last: bool) -> Self {
        Self {
            way: way.unwrap_or(Way::Tcx),
            is_open: way.is_none(),
            is_last,
            links: HashMap::new(),
            filters: HashMap::new(),
            clsact: None,
        }
    }

    /// How programs are attached.
    pub fn way(&self) -> Way {
        self.way
    }

    /// Whether an interface is attached to.
    pub fn contains(&self, ifindex: u32) -> bool {
        self.links.contains_key(&ifindex) || self.filters.contains_key(&ifindex)
    }

    /// How many interfaces are attached to.
    pub fn len(&self) -> usize {
        self.links.len() + self.filters.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Attaches a program of each direction to an interface.
    ///
    /// # Errors
    /// [`Kind::Gone`] where the interface is, [`Kind::Unsupported`] where this way is not to be had.
    pub fn add(&mut self, ingress: Program<'_>, egress: Program<'_>, ifindex: u32) -> Result<()> {
        if self.way == Way::Tcx {
            match tcx::link(ingress.descriptor, egress.descriptor, ifindex, self.is_last) {
                Ok(links) => {
                    self.is_open = false;
                    self.links.insert(ifindex, links);
                    return Ok(());
                }
                Err(failure) if failure.kind == Kind::Unsupported && self.is_open => {
                    self.way = Way::Clsact;
                }
                Err(failure) => return Err(failure),
            }
        }
        let clsact = match &mut self.clsact {
            Some(clsact) => clsact,
            none => none.insert(Clsact::open()?),
        };
        let filters = clsact.attach(ingress, egress, ifindex, self.is_last)?;
        self.filters.insert(ifindex, filters);
        Ok(())
    }

    /// Leaves an interface.
    pub fn remove(&mut self, ifindex: u32) {
        self.links.remove(&ifindex);
        if let (Some(filters), Some(clsact)) = (self.filters.remove(&ifindex), &mut self.clsact) {
            clsact.detach(filters);
        }
    }
}

impl Drop for Attachments {
    /// The kernel waits for two grace periods at each interface with links (tcx), some 20 ms: beyond [`LEAVING`] that goes on in
    /// the background.
    fn drop(&mut self) {
        let watched: Vec<u32> = self.filters.keys().copied().collect();
        for ifindex in watched {
            self.remove(ifindex);
        }
        let links = std::mem::take(&mut self.links);
        let (done, is_done) = std::sync::mpsc::channel();
        let closing = std::thread::Builder::new().name("links".into());
        // Without a thread the links end here, with the closure.
        let closed = closing.spawn(move || {
            drop(links);
            let _ = done.send(());
        });
        if closed.is_ok() {
            let _ = is_done.recv_timeout(LEAVING);
        }
    }
}
