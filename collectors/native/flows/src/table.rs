//! Flows that were taken out of the kernel and whose row is not due yet.

use std::collections::hash_map::Entry;
use std::collections::HashMap;

use wire::flow_reading::Ticks;
use wire::flow_record::{Flow, Flow4Key, Flow6Key, FlowOverflow};
use wire::rows::Flows;

use crate::key::Key;
use crate::row::{push, Common, End};
use crate::sampling::Sampling;
use crate::watched::Watched;

/// When a row is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// A flow that goes on has a row at least this often; with 0 each drain makes rows of all flows.
    pub active_ns: i64,
    /// A flow without packets for so long has ended.
    pub inactive_ns: i64,
}

/// One instant on both clocks, ns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instant {
    pub real_ns: i64,
    /// CLOCK_MONOTONIC, which the kernel's programs read.
    pub monotonic_ns: i64,
}

/// The two counts of packets share a word: a row is written before the lower one runs over.
const MOST_PACKETS: u32 = 1 << 31;

/// Flows whose row is not due yet, by VIF and key.
#[derive(Debug)]
pub struct Table {
    timeouts: Timeouts,
    ticks: Ticks,
    waiting: HashMap<(u64, Key), Flow>,
    taken: Vec<(u64, Key, Flow)>,
}

impl Table {
    pub fn new(timeouts: Timeouts) -> Self {
        Self {
            timeouts,
            ticks: Ticks::default(),
            waiting: HashMap::new(),
            taken: Vec::new(),
        }
    }

    /// How many flows wait for their row.
    pub fn len(&self) -> usize {
        self.waiting.len() + self.taken.len()
    }

    /// Whether none does.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// From now on ticks mean this.
    pub fn set_ticks(&mut self, ticks: Ticks) {
        self.ticks = ticks;
    }

    /// When the oldest flow that waits began, by CLOCK_MONOTONIC.
    pub fn oldest_ns(&self) -> Option<i64> {
        let oldest = self.waiting.values().map(|flow| flow.first_tick).min()?;
        Some(self.ticks.ns(oldest))
    }

    /// Take in drained maps: keys and flows of each family, one behind the other.
    pub fn take(
        &mut self,
        watched: &Watched,
        sampling: &mut Sampling,
        v4: (&[u8], &[u8]),
        v6: (&[u8], &[u8]),
    ) {
        let (keys, _) = v4.0.as_chunks::<{ Flow4Key::SIZE }>();
        let (flows, _) = v4.1.as_chunks::<{ Flow::SIZE }>();
        for (key, flow) in keys.iter().zip(flows) {
            self.add(
                watched,
                sampling,
                Flow4Key::read(key).into(),
                Flow::read(flow),
            );
        }
        let (keys, _) = v6.0.as_chunks::<{ Flow6Key::SIZE }>();
        let (flows, _) = v6.1.as_chunks::<{ Flow::SIZE }>();
        for (key, flow) in keys.iter().zip(flows) {
            self.add(
                watched,
                sampling,
                Flow6Key::read(key).into(),
                Flow::read(flow),
            );
        }
    }

    /// Take in a packet that the maps had no room for. A flood of them becomes one flow for each key.
    pub fn take_overflow(
        &mut self,
        watched: &Watched,
        sampling: &mut Sampling,
        record: &FlowOverflow,
    ) {
        let key = Key::of_overflow(record.key, record.is_ipv6 != 0);
        let vif_id = watched.vif_at(key.key.ifindex, self.ticks.ns(record.flow.first_tick));
        sampling.count(key.key.ifindex, key.is_egress(), 1);
        self.merge(vif_id, key, record.flow);
    }

    fn add(&mut self, watched: &Watched, sampling: &mut Sampling, key: Key, flow: Flow) {
        let vif_id = watched.vif_at(key.key.ifindex, self.ticks.ns(flow.first_tick));
        sampling.count(key.key.ifindex, key.is_egress(), flow.packets & 0xffff_ffff);
        if self.timeouts.active_ns == 0 {
            self.taken.push((vif_id, key, flow));
        } else {
            self.merge(vif_id, key, flow);
        }
    }

    fn merge(&mut self, vif_id: u64, key: Key, flow: Flow) {
        match self.waiting.entry((vif_id, key)) {
            Entry::Vacant(entry) => {
                entry.insert(flow);
            }
            Entry::Occupied(mut entry) => {
                let known = entry.get_mut();
                known.first_tick = known.first_tick.min(flow.first_tick);
                known.last_tick = known.last_tick.max(flow.last_tick);
                known.skb_bytes += flow.skb_bytes;
                known.more_bytes += flow.more_bytes;
                known.packets = known.packets.wrapping_add(flow.packets);
                known.tcp_flags |= flow.tcp_flags;
            }
        }
    }

    /// Rows of all flows that are due; with `all` of every flow.
    ///
    /// Rates are those of what was taken in since the last call; of interfaces with a rate, or that `will_have_rate` from now on, all
    /// are due: a row has one rate.
    pub fn due(
        &mut self,
        now: Instant,
        all: bool,
        sampling: &Sampling,
        will_have_rate: impl Fn(u32) -> bool,
    ) -> Flows {
        let common = Common {
            offset_ns: now.real_ns - now.monotonic_ns,
            received_ns: now.real_ns,
            ticks: self.ticks,
        };
        let ticks = self.ticks;
        let mut rows = Flows::default();
        for (vif_id, key, flow) in self.taken.drain(..) {
            let rate = sampling.rate(key.key.ifindex, key.is_egress());
            push(
                &mut rows,
                common,
                (vif_id, &key, &flow),
                rate.unwrap_or(1.0),
                End::Active,
            );
        }
        let Timeouts {
            active_ns,
            inactive_ns,
        } = self.timeouts;
        self.waiting.retain(|(vif_id, key), flow| {
            let rate = sampling.rate(key.key.ifindex, key.is_egress());
            let age_ns = now.monotonic_ns - ticks.ns(flow.first_tick);
            let idle_ns = now.monotonic_ns - ticks.ns(flow.last_tick);
            let end = if idle_ns >= inactive_ns {
                End::Idle
            } else if age_ns >= active_ns || flow.packets as u32 > MOST_PACKETS {
                End::Active
            } else if all || rate.is_some() || will_have_rate(key.key.ifindex) {
                End::Forced
            } else {
                return true;
            };
            push(
                &mut rows,
                common,
                (*vif_id, key, flow),
                rate.unwrap_or(1.0),
                end,
            );
            false
        });
        // A burst of short flows must not hold its memory for ever.
        if self.waiting.capacity() > 4 * self.waiting.len().max(1024) {
            self.waiting.shrink_to_fit();
        }
        self.taken.shrink_to(self.taken.capacity() / 2);
        rows.fill();
        rows
    }
}
