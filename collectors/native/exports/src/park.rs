//! What waits for a template or for a sampling rate: bounded in bytes and in time.

use std::collections::VecDeque;

use wire::netflow::{Head, Output};

use crate::sampling::{Rate, UNKNOWN};

/// Rows of a block that is held; a block is let go as a whole.
const MOST_ROWS: usize = 1_024;
/// What a datagram costs beside its bytes.
const OVERHEAD_BYTES: usize = 160;

/// A datagram whose template is missing.
#[derive(Debug)]
pub(crate) struct Parked {
    pub id: u64,
    pub received_ns: i64,
    pub head: Head,
    pub bytes: Box<[u8]>,
}

impl Parked {
    pub fn memory_bytes(&self) -> usize {
        self.bytes.len() + OVERHEAD_BYTES
    }
}

/// Rows that were decoded and whose sampling rate may still come: what their templates meant then holds.
#[derive(Debug)]
pub(crate) struct Held {
    pub id: u64,
    pub datagrams: u64,
    pub output: Box<Output>,
    /// By row, as far as they are known.
    pub rates: Vec<Rate>,
    /// Rows without a rate.
    pub open_rows: usize,
    pub bytes: usize,
}

impl Held {
    pub fn new(id: u64) -> Self {
        Self {
            id,
            datagrams: 0,
            output: Box::default(),
            rates: Vec::new(),
            open_rows: 0,
            bytes: 0,
        }
    }

    pub fn has_room(&self) -> bool {
        self.rates.len() < MOST_ROWS
    }

    pub fn memory_bytes(&self) -> usize {
        self.output.flows.memory_bytes()
            + self.output.selector.memory_bytes()
            + self.output.record_rate.memory_bytes()
            + self.output.observed.capacity() * size_of::<u32>()
            + self.rates.capacity() * size_of::<Rate>()
            + size_of::<Output>()
            + OVERHEAD_BYTES
    }

    /// Give the rows without a rate what `rate` says by now.
    pub fn resolve(&mut self, mut rate: impl FnMut(usize, &Output) -> Rate) {
        if self.open_rows == 0 {
            return;
        }
        let mut open_rows = 0;
        for (row, known) in self.rates.iter_mut().enumerate() {
            if *known == UNKNOWN {
                *known = rate(row, &self.output);
                open_rows += usize::from(*known == UNKNOWN);
            }
        }
        self.open_rows = open_rows;
    }
}

/// How much waits in all, and in which order it came.
#[derive(Debug, Default)]
pub(crate) struct ParkOrder {
    /// Memory of all that waits.
    pub bytes: usize,
    next_id: u64,
    /// (id, slot of the exporter, its generation), oldest first; what does not wait any more is passed over.
    order: VecDeque<(u64, u32, u32)>,
}

impl ParkOrder {
    /// Note something that waits from now on.
    pub fn enter(&mut self, slot: u32, generation: u32) -> u64 {
        self.next_id += 1;
        self.order.push_back((self.next_id, slot, generation));
        self.next_id
    }

    /// Take the entry that came first, whether it waits still or not.
    pub fn oldest(&mut self) -> Option<(u64, u32, u32)> {
        self.order.pop_front()
    }

    /// Drop entries that `waits` does not know any more, once they are many.
    pub fn tidy(&mut self, waiting: usize, mut waits: impl FnMut(u64, u32, u32) -> bool) {
        if self.order.len() > 1_024 && self.order.len() > 4 * waiting {
            self.order
                .retain(|&(id, slot, generation)| waits(id, slot, generation));
        }
    }
}
