//! Which packet of which file a datagram was in, for as long as a fault of it may still be told.

use std::collections::{HashMap, VecDeque};

/// Datagrams that are remembered; what is parked for want of a template is told of later.
const MOST: usize = 200_000;

/// A packet of a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Origin {
    /// Number of the file.
    pub file: usize,
    /// Number of the packet in it, from 1.
    pub packet: u64,
}

/// Origins by the time of capture; of two datagrams of one instant the earlier one is meant.
#[derive(Debug, Default)]
pub struct Origins {
    by_time: HashMap<i64, Origin>,
    order: VecDeque<i64>,
}

impl Origins {
    pub fn add(&mut self, time_ns: i64, origin: Origin) {
        if let std::collections::hash_map::Entry::Vacant(free) = self.by_time.entry(time_ns) {
            free.insert(origin);
            self.order.push_back(time_ns);
        }
        if self.order.len() > MOST {
            if let Some(oldest) = self.order.pop_front() {
                self.by_time.remove(&oldest);
            }
        }
    }

    pub fn of(&self, time_ns: i64) -> Option<Origin> {
        self.by_time.get(&time_ns).copied()
    }
}
