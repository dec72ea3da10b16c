//! Flows that were taken out of the kernel and whose row is not due yet.

use std::collections::hash_map::Entry;
use std::collections::HashMap;

use wire::flow_reading::Ticks;
use wire::flow_record::{Flow, Flow4Key, Flow6Key, FlowOverflow};
use wire::rows::Flows;

use crate::interval::{Interval, MINUTE_NS};
use crate::key::Key;
use crate::row::{push, Common, Counted, End};
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

/// Until when all was counted that was taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// By CLOCK_REALTIME, ns.
    pub real_ns: i64,
    /// The interfaces' counters were read at this instant: what is counted from now on is of another interval.
    pub is_reading: bool,
}

/// The two counts of packets share a word: a row is written before the lower one runs over.
const MOST_PACKETS: u32 = 1 << 31;

/// A flow whose row is not due yet.
#[derive(Debug)]
struct Waiting {
    flow: Flow,
    /// When the interval began in which its first packet was counted, and when that of its last one ended.
    interval: Interval,
}

/// Of an interval that has not ended.
const OPEN: i64 = i64::MAX;

/// Flows whose row is not due yet, by VIF and key.
#[derive(Debug)]
pub struct Table {
    timeouts: Timeouts,
    ticks: Ticks,
    /// When the interval began that is counted now, by CLOCK_REALTIME.
    since_ns: i64,
    waiting: HashMap<(u64, Key), Waiting>,
    taken: Vec<(u64, Key, Flow)>,
    /// Without rows, and room for as many as there were last.
    rows: Flows,
}

impl Table {
    /// Counting begins at `now_ns`, by CLOCK_REALTIME.
    pub fn new(timeouts: Timeouts, now_ns: i64) -> Self {
        Self {
            timeouts,
            ticks: Ticks::default(),
            since_ns: now_ns,
            waiting: HashMap::new(),
            taken: Vec::new(),
            rows: Flows::default(),
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
        let begun = self.waiting.values().map(|waiting| waiting.flow.first_tick);
        Some(self.ticks.ns(begun.min()?))
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
        sampling.count(key.key.ifindex, key.is_egress(), 1, record.flow.skb_bytes);
        self.merge(vif_id, key, record.flow);
    }

    fn add(&mut self, watched: &Watched, sampling: &mut Sampling, key: Key, flow: Flow) {
        let vif_id = watched.vif_at(key.key.ifindex, self.ticks.ns(flow.first_tick));
        sampling.count(
            key.key.ifindex,
            key.is_egress(),
            flow.packets & 0xffff_ffff,
            flow.skb_bytes,
        );
        if self.timeouts.active_ns == 0 {
            self.taken.push((vif_id, key, flow));
        } else {
            self.merge(vif_id, key, flow);
        }
    }

    fn merge(&mut self, vif_id: u64, key: Key, flow: Flow) {
        match self.waiting.entry((vif_id, key)) {
            Entry::Vacant(entry) => {
                let interval = Interval {
                    start_ns: self.since_ns,
                    end_ns: OPEN,
                };
                entry.insert(Waiting { flow, interval });
            }
            Entry::Occupied(mut entry) => {
                let Waiting {
                    flow: known,
                    interval,
                } = entry.get_mut();
                interval.end_ns = OPEN;
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
    /// A row tells in which interval its flow was counted: from a reading of the counters to a later one, as far as its VIF was watched
    /// meanwhile. Where the active timeout is no longer than a minute, no row goes beyond the reading that ends a minute.
    ///
    /// Rates are those of what was taken in since the last call; of interfaces with a rate, or that `will_have_rate` from now on, all
    /// are due: a row has one rate.
    pub fn due(
        &mut self,
        (now, cut): (Instant, Cut),
        all: bool,
        (watched, sampling): (&Watched, &Sampling),
        will_have_rate: impl Fn(u32) -> bool,
    ) -> Flows {
        let common = Common {
            offset_ns: now.real_ns - now.monotonic_ns,
            received_ns: now.real_ns,
            ticks: self.ticks,
        };
        let counted = Interval {
            start_ns: self.since_ns,
            end_ns: cut.real_ns,
        };
        let waiting_since_ns = self.waiting.values().map(|one| one.interval.start_ns);
        let earliest_ns = waiting_since_ns
            .min()
            .unwrap_or(i64::MAX)
            .min(self.since_ns);
        let parts = watched.parts_since(earliest_ns - common.offset_ns);
        let of_life = |vif_id: u64, interval: Interval| {
            let lived = parts
                .get(&vif_id)
                .map_or(interval, |(since_ns, until_ns)| Interval {
                    start_ns: interval.start_ns.max(since_ns + common.offset_ns),
                    end_ns: interval
                        .end_ns
                        .min(until_ns.saturating_add(common.offset_ns)),
                });
            lived.snapped()
        };
        let ticks = self.ticks;
        let mut rows = std::mem::take(&mut self.rows);
        let taken = self.taken.len();
        for (vif_id, key, flow) in self.taken.drain(..) {
            let ifindex = key.key.ifindex;
            let rate = sampling.rate(ifindex, key.is_egress());
            let counted = Counted {
                vif_id,
                key: &key,
                flow: &flow,
                interval: of_life(vif_id, counted),
                sampling_rate: rate.unwrap_or(1.0),
                end: End::Active,
            };
            push(&mut rows, common, counted);
        }
        let Timeouts {
            active_ns,
            inactive_ns,
        } = self.timeouts;
        let ends_minute =
            cut.is_reading && active_ns <= MINUTE_NS && counted.snapped().ends_a_minute();
        self.waiting.retain(|(vif_id, key), waiting| {
            let Waiting { flow, interval } = waiting;
            let ifindex = key.key.ifindex;
            if interval.end_ns == OPEN {
                interval.end_ns = cut.real_ns;
            }
            let rate = sampling.rate(ifindex, key.is_egress());
            let age_ns = now.monotonic_ns - ticks.ns(flow.first_tick);
            let idle_ns = now.monotonic_ns - ticks.ns(flow.last_tick);
            let end = if idle_ns >= inactive_ns {
                End::Idle
            } else if age_ns >= active_ns || ends_minute || flow.packets as u32 > MOST_PACKETS {
                End::Active
            } else if all || rate.is_some() || will_have_rate(ifindex) {
                End::Forced
            } else {
                return true;
            };
            let counted = Counted {
                vif_id: *vif_id,
                key,
                flow,
                interval: of_life(*vif_id, *interval),
                sampling_rate: rate.unwrap_or(1.0),
                end,
            };
            push(&mut rows, common, counted);
            false
        });
        if cut.is_reading {
            self.since_ns = cut.real_ns;
        }
        // A burst of short flows must not hold its memory for ever.
        if self.waiting.capacity() > 4 * self.waiting.len().max(1024) {
            self.waiting.shrink_to_fit();
        }
        self.taken.shrink_to(2 * taken);
        self.rows = rows.empty_like();
        rows.fill();
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;
    const MINUTE: i64 = 28_000_000 * MINUTE_NS;
    const VIF: u64 = 77;
    const IFINDEX: u32 = 5;

    /// Real time is `MINUTE` when the kernel's clock and its ticks are a thousand seconds, and ticks are milliseconds.
    struct World {
        table: Table,
        watched: Watched,
        sampling: Sampling,
    }

    fn monotonic(real_ns: i64) -> i64 {
        real_ns - MINUTE + 1_000 * SECOND
    }

    impl World {
        fn new(active_ns: i64, watched_since_ns: i64) -> Self {
            let timeouts = Timeouts {
                active_ns,
                inactive_ns: 15 * SECOND,
            };
            let mut table = Table::new(timeouts, MINUTE - 30 * SECOND);
            table.set_ticks(Ticks {
                tick: 1_000_000,
                monotonic_ns: 1_000 * SECOND,
                tick_ns: 1_000_000,
            });
            let mut watched = Watched::default();
            watched.begin(IFINDEX, VIF, monotonic(watched_since_ns));
            Self {
                table,
                watched,
                sampling: Sampling::new(16),
            }
        }

        fn packet(&mut self, at_ns: i64, src_port: u16) {
            let tick = (monotonic(at_ns) / 1_000_000) as u64;
            let record = FlowOverflow {
                is_ipv6: 1,
                written: 0,
                key: Flow6Key {
                    ifindex: IFINDEX,
                    src_address: [1; 16],
                    dst_address: [2; 16],
                    src_port,
                    dst_port: 9,
                    vlan: 0,
                    customer_vlan: 0,
                    protocol: 17,
                    marks: 0,
                },
                flow: Flow {
                    first_tick: tick,
                    last_tick: tick,
                    skb_bytes: 100,
                    more_bytes: 0,
                    packets: 1 << 32 | 1,
                    tcp_flags: 0,
                    ip_tos: 0,
                    ip_ttl: 0,
                    macs: [0; 12],
                },
            };
            self.table
                .take_overflow(&self.watched, &mut self.sampling, &record);
        }

        /// Rows of a drain, as (source port, begin and end of the interval from `MINUTE` on, bytes), by port.
        fn due(&mut self, real_ns: i64, is_reading: bool) -> Vec<(u16, i64, i64, u64)> {
            let now = Instant {
                real_ns: real_ns + SECOND / 10,
                monotonic_ns: monotonic(real_ns + SECOND / 10),
            };
            let cut = Cut {
                real_ns,
                is_reading,
            };
            let of = (&self.watched, &self.sampling);
            let rows = self.table.due((now, cut), false, of, |_| false);
            let mut found: Vec<_> = (0..rows.rows)
                .map(|at| {
                    let end_ns = rows.time.values()[at];
                    let lasted_ns = rows.duration_ns.values()[at] as i64;
                    (
                        rows.src_port.values()[at],
                        end_ns - lasted_ns - MINUTE,
                        end_ns - MINUTE,
                        rows.skb_bytes.values()[at],
                    )
                })
                .collect();
            found.sort_unstable();
            found
        }
    }

    #[test]
    fn rows_are_of_the_interval_between_two_readings() {
        let mut world = World::new(1, MINUTE - 3_600 * SECOND);
        assert!(world
            .due(MINUTE - 10 * SECOND + 30_000_000, true)
            .is_empty());
        world.packet(MINUTE - 4 * SECOND, 1);
        // The maps ran over: what is drained for that ends no interval.
        assert_eq!(
            world.due(MINUTE - 3 * SECOND, false),
            [(1, -10 * SECOND, -3 * SECOND, 100)]
        );
        world.packet(MINUTE - 2 * SECOND, 1);
        assert_eq!(
            world.due(MINUTE + 190_000_000, true),
            [(1, -10 * SECOND, 0, 100)]
        );
        world.packet(MINUTE + SECOND, 1);
        // Too late to be taken as on the grid.
        assert_eq!(
            world.due(MINUTE + 10 * SECOND + 570_000_000, true),
            [(1, 0, 10 * SECOND + 570_000_000, 100)]
        );
    }

    #[test]
    fn a_row_is_of_no_time_in_which_its_interface_was_not_watched() {
        let mut world = World::new(1, MINUTE - 7 * SECOND);
        world.due(MINUTE - 10 * SECOND, true);
        world.packet(MINUTE - 5 * SECOND, 1);
        world.watched.end(IFINDEX, monotonic(MINUTE - 2 * SECOND));
        assert_eq!(
            world.due(MINUTE + 400_000_000, true),
            [(1, -7 * SECOND, -2 * SECOND, 100)]
        );
    }

    #[test]
    fn flows_that_wait_are_told_when_a_minute_ends() {
        let mut world = World::new(60 * SECOND, MINUTE - 3_600 * SECOND);
        world.due(MINUTE - 20 * SECOND, true);
        world.packet(MINUTE - 19 * SECOND, 1);
        world.packet(MINUTE - 11 * SECOND, 2);
        assert!(world.due(MINUTE - 10 * SECOND, true).is_empty());
        world.packet(MINUTE - 9 * SECOND, 2);
        assert_eq!(
            world.due(MINUTE + 100_000_000, true),
            [
                // It was idle for its timeout: its interval ended with the reading behind its last packet.
                (1, -20 * SECOND, -10 * SECOND, 100),
                (2, -20 * SECOND, 0, 200),
            ]
        );
        world.packet(MINUTE + SECOND, 1);
        assert!(world.due(MINUTE + 10 * SECOND, true).is_empty());
    }

    #[test]
    fn flows_with_a_longer_timeout_go_beyond_a_minute() {
        let mut world = World::new(3_600 * SECOND, MINUTE - 3_600 * SECOND);
        world.due(MINUTE - 10 * SECOND, true);
        world.packet(MINUTE - SECOND, 1);
        assert!(world.due(MINUTE, true).is_empty());
        assert_eq!(
            world.due(MINUTE + 20 * SECOND, true),
            [(1, -10 * SECOND, 0, 100)]
        );
    }
}
