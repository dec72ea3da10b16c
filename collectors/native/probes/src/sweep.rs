//! Counters of all links of many namespaces, at the smallest cost: enter, one socket, dump, close, leave.

use std::ops::Range;

use wire::record::{LinkStats, QdiscStats};

use crate::failure::Failure;
use crate::namespace::{Home, NamespacePlace};

/// The reading of one namespace; `links` and `qdiscs` are ranges of the sweep's vectors.
#[derive(Debug, Clone)]
pub struct NamespaceReading {
    /// Position in the list of places that was asked for.
    pub place: usize,
    /// CLOCK_REALTIME right after the link statistics were read, ns.
    pub time_ns: i64,
    /// `SO_NETNS_COOKIE`; 0 where the namespace could not be entered.
    pub cookie: u64,
    pub links: Range<usize>,
    pub qdiscs: Range<usize>,
    /// The namespace changed in each of several tries: a link may be missing.
    pub interrupted: bool,
    /// Why there is nothing (or no queues) of this namespace.
    pub failure: Option<Failure>,
}

/// Readings of all namespaces; keep it and read into it again: its memory is re-used.
#[derive(Debug, Default)]
pub struct Sweep {
    pub readings: Vec<NamespaceReading>,
    /// (ifindex, statistics), in the order of the readings.
    pub links: Vec<(u32, LinkStats)>,
    /// Root queues, in the order of the readings; a link without queue has none.
    pub qdiscs: Vec<QdiscStats>,
}

impl Sweep {
    /// Reads the link statistics, and the root queues if `with_qdiscs`, of each place. One namespace's failure is in its reading
    /// and stops nothing.
    pub fn read(&mut self, _home: &Home, _places: &[NamespacePlace], _with_qdiscs: bool) {
        todo!()
    }
}
