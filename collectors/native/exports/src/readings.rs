//! Counter samples of sFlow to rows: what was added since the sample before.

use std::borrow::Cow;
use std::collections::HashMap;

use columns::generated::counters::Rows;
use wire::sflow::counters::GenericCounters;

/// Interfaces of one exporter whose last reading is kept.
const MOST: usize = 4_096;
/// Counters of a sample.
const COUNTERS: usize = 12;
const RANGE_OF_32_BITS: u64 = 1 << 32;
/// A step back by more than half of the range is a wrap; by less it cannot be told from a reset.
const LONGEST_WRAP: u64 = 1 << 31;

/// One sample: octets, unicast, multicast, broadcast, discards, errors in; the same out. Unknown counters are [`UNKNOWN`].
type Values = [u64; COUNTERS];
/// A counter that the agent does not know: all ones, in the width that it is told in.
const UNKNOWN: u64 = u64::MAX;

#[derive(Debug, Clone, Copy)]
struct Reading {
    time_ns: i64,
    /// How often the exporter had started anew by then.
    restarts: u64,
    sequence: u32,
    values: Values,
    /// Time between two samples, as far as it was learned; 0 before that.
    interval_ns: i64,
    /// The last interval that was longer than that; samples that stay so are no gaps.
    longer_ns: i64,
}

/// The last readings of one exporter's interfaces.
#[derive(Debug, Default)]
pub(crate) struct Readings {
    by_index: HashMap<u32, Reading>,
}

/// When and how a sample came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub time_ns: i64,
    /// How often the exporter has started anew.
    pub restarts: u64,
    pub sequence: u32,
}

impl Readings {
    /// Take in a sample of an interface and append its row.
    ///
    /// The first sample only is a baseline: what it counted before nobody knows. One that is older than the last is passed over.
    pub fn sample(
        &mut self,
        rows: &mut Rows,
        vif_id: u64,
        moment: Moment,
        if_index: u32,
        counters: &GenericCounters,
    ) {
        let values = values(counters);
        let Some(last) = self.by_index.get_mut(&if_index) else {
            if self.by_index.len() < MOST {
                let reading = Reading {
                    time_ns: moment.time_ns,
                    restarts: moment.restarts,
                    sequence: moment.sequence,
                    values,
                    interval_ns: 0,
                    longer_ns: 0,
                };
                self.by_index.insert(if_index, reading);
                push(
                    rows,
                    vif_id,
                    moment.time_ns,
                    0,
                    "new",
                    &[0; COUNTERS],
                    &values,
                );
            }
            return;
        };
        let behind = last.sequence.wrapping_sub(moment.sequence);
        let has_restarted = moment.restarts != last.restarts || (behind > 16 && behind < 1 << 31);
        if !has_restarted && behind < 1 << 31 {
            return;
        }
        let elapsed = moment.time_ns - last.time_ns;
        let values = last.known(values);
        let (added, fall) = between(&last.values, &values, has_restarted);
        let kind = match (fall, last.learn(elapsed)) {
            (Fall::Reset, _) => "reset",
            (_, true) => "gap",
            (Fall::Wrap, false) => "wrap",
            (Fall::None, false) => "clean",
        };
        let start = last.time_ns.min(moment.time_ns);
        push(rows, vif_id, start, elapsed.max(0), kind, &added, &values);
        last.time_ns = moment.time_ns;
        last.restarts = moment.restarts;
        last.sequence = moment.sequence;
        last.values = values;
    }
}

impl Reading {
    /// The values of a sample, those that it does not know as they were last told.
    fn known(&self, mut values: Values) -> Values {
        for (value, last) in values.iter_mut().zip(self.values) {
            if *value == UNKNOWN {
                *value = last;
            }
        }
        values
    }

    /// Learn from the time since the last sample how often they come. Returns whether it was too long: samples are missing.
    fn learn(&mut self, elapsed_ns: i64) -> bool {
        if elapsed_ns <= 0 {
            return true;
        }
        let longest = self.interval_ns.saturating_add(self.interval_ns / 2);
        if self.interval_ns == 0 || elapsed_ns <= longest {
            self.interval_ns = if self.interval_ns == 0 {
                elapsed_ns
            } else {
                self.interval_ns - self.interval_ns / 4 + elapsed_ns / 4
            };
            self.longer_ns = 0;
            return false;
        }
        // Twice the same: the exporter was told to send less often.
        let is_again = self.longer_ns != 0
            && elapsed_ns.abs_diff(self.longer_ns) < self.longer_ns.unsigned_abs() / 4;
        self.longer_ns = elapsed_ns;
        if is_again {
            self.interval_ns = elapsed_ns;
        }
        !is_again
    }
}

fn values(counters: &GenericCounters) -> Values {
    let narrow = |value: u32| {
        if value == u32::MAX {
            UNKNOWN
        } else {
            u64::from(value)
        }
    };
    [
        counters.in_octets,
        narrow(counters.in_unicast_packets),
        narrow(counters.in_multicast_packets),
        narrow(counters.in_broadcast_packets),
        narrow(counters.in_discards),
        narrow(counters.in_errors),
        counters.out_octets,
        narrow(counters.out_unicast_packets),
        narrow(counters.out_multicast_packets),
        narrow(counters.out_broadcast_packets),
        narrow(counters.out_discards),
        narrow(counters.out_errors),
    ]
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fall {
    None,
    Wrap,
    Reset,
}

/// Compare two samples, as `vifs` compares two readings; here all but the octets have 32 bits, and those of some agents too.
fn between(old: &Values, new: &Values, has_restarted: bool) -> (Values, Fall) {
    let mut added = [0; COUNTERS];
    let mut fall = if has_restarted {
        Fall::Reset
    } else {
        Fall::None
    };
    for at in 0..COUNTERS {
        let (before, after) = (old[at], new[at]);
        if before == UNKNOWN {
            // What it counted before it was known nobody knows.
            continue;
        }
        if after >= before {
            added[at] = after - before;
            continue;
        }
        let around = (after + RANGE_OF_32_BITS).saturating_sub(before);
        if !has_restarted && before < RANGE_OF_32_BITS && around < LONGEST_WRAP {
            added[at] = around;
            fall = fall.max(Fall::Wrap);
        } else {
            added[at] = if after <= before / 2 { after } else { 0 };
            fall = Fall::Reset;
        }
    }
    (added, fall)
}

fn push(
    rows: &mut Rows,
    vif_id: u64,
    start_ns: i64,
    duration_ns: i64,
    kind: &'static str,
    added: &Values,
    total: &Values,
) {
    // The table has no null for a counter: one that was never known is 0.
    let total = &total.map(|value| if value == UNKNOWN { 0 } else { value });
    rows.time.push(start_ns);
    rows.duration_ns
        .push(u64::try_from(duration_ns).unwrap_or(0));
    rows.vif_id.push(vif_id);
    rows.delta_kind.push(Cow::Borrowed(kind));
    let packets = |values: &Values, first: usize| values[first..first + 3].iter().sum::<u64>();
    for (values, columns) in [
        (
            added,
            [
                &mut rows.rx_bytes,
                &mut rows.rx_packets,
                &mut rows.multicast_packets,
                &mut rows.rx_dropped_packets,
                &mut rows.rx_errors_packets,
                &mut rows.tx_bytes,
                &mut rows.tx_packets,
                &mut rows.tx_dropped_packets,
                &mut rows.tx_errors_packets,
            ],
        ),
        (
            total,
            [
                &mut rows.rx_bytes_total,
                &mut rows.rx_packets_total,
                &mut rows.multicast_packets_total,
                &mut rows.rx_dropped_packets_total,
                &mut rows.rx_errors_packets_total,
                &mut rows.tx_bytes_total,
                &mut rows.tx_packets_total,
                &mut rows.tx_dropped_packets_total,
                &mut rows.tx_errors_packets_total,
            ],
        ),
    ] {
        let row = [
            values[0],
            packets(values, 1),
            values[2],
            values[4],
            values[5],
            values[6],
            packets(values, 7),
            values[10],
            values[11],
        ];
        for (column, value) in columns.into_iter().zip(row) {
            column.push(value);
        }
    }
    // An exporter says nothing of these.
    for column in [
        &mut rows.rx_missed_packets,
        &mut rows.rx_missed_packets_total,
        &mut rows.rx_nohandler_packets,
        &mut rows.rx_nohandler_packets_total,
        &mut rows.qdisc_packets,
        &mut rows.qdisc_packets_total,
        &mut rows.qdisc_bytes,
        &mut rows.qdisc_bytes_total,
        &mut rows.qdisc_dropped_packets,
        &mut rows.qdisc_dropped_packets_total,
        &mut rows.qdisc_overlimits_count,
        &mut rows.qdisc_overlimits_count_total,
        &mut rows.qdisc_requeues_count,
        &mut rows.qdisc_requeues_count_total,
        &mut rows.qdisc_backlog_bytes,
        &mut rows.qdisc_backlog_packets,
    ] {
        column.push(0);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    fn generic(octets: u64, packets: u32) -> GenericCounters {
        GenericCounters {
            if_index: 3,
            in_octets: octets,
            in_unicast_packets: packets,
            in_multicast_packets: u32::MAX,
            ..GenericCounters::default()
        }
    }

    /// Rows of samples (second, restarts, sequence, octets, packets).
    fn rows(samples: &[(i64, u64, u32, u64, u32)]) -> Rows {
        let mut readings = Readings::default();
        let mut rows = Rows::default();
        for &(second, restarts, sequence, octets, packets) in samples {
            let moment = Moment {
                time_ns: second * SECOND,
                restarts,
                sequence,
            };
            readings.sample(&mut rows, 1, moment, 3, &generic(octets, packets));
        }
        rows.clone().into_batch().unwrap();
        rows
    }

    #[test]
    fn the_first_sample_is_a_baseline_and_the_others_are_what_was_added() {
        let rows = rows(&[
            (10, 0, 1, 5_000, 50),
            (40, 0, 2, 6_000, 60),
            (70, 0, 3, 6_000, 60),
        ]);
        assert_eq!(rows.delta_kind, ["new", "clean", "clean"]);
        assert_eq!(rows.rx_bytes, [0, 1_000, 0]);
        assert_eq!(rows.rx_packets, [0, 10, 0]);
        assert_eq!(rows.rx_bytes_total, [5_000, 6_000, 6_000]);
        assert_eq!(
            rows.duration_ns,
            [0, 30 * SECOND as u64, 30 * SECOND as u64]
        );
        assert_eq!(rows.time, [10 * SECOND, 10 * SECOND, 40 * SECOND]);
    }

    #[test]
    fn counters_of_32_bits_wrap_also_in_octets_of_an_agent_that_has_no_more() {
        let near = u64::from(u32::MAX) - 99;
        let rows = rows(&[(0, 0, 1, near, u32::MAX - 9), (30, 0, 2, 400, 90)]);
        assert_eq!(rows.delta_kind[1], "wrap");
        assert_eq!((rows.rx_bytes[1], rows.rx_packets[1]), (500, 100));
    }

    #[test]
    fn a_restart_is_a_reset_whatever_the_counters() {
        let fell = rows(&[(0, 0, 9, 5_000, 50), (30, 1, 1, 300, 3)]);
        assert_eq!(
            (fell.delta_kind[1].as_ref(), fell.rx_bytes[1]),
            ("reset", 300)
        );
        let grew = rows(&[(0, 0, 9, 5_000, 50), (30, 1, 1, 5_300, 53)]);
        assert_eq!(
            (grew.delta_kind[1].as_ref(), grew.rx_bytes[1]),
            ("reset", 300)
        );
        let alone = rows(&[(0, 0, 900, 5_000, 50), (30, 0, 1, 300, 3)]);
        assert_eq!(
            (alone.delta_kind[1].as_ref(), alone.rx_bytes[1]),
            ("reset", 300)
        );
    }

    #[test]
    fn a_missing_sample_is_a_gap_and_a_longer_interval_is_learned() {
        let rows = rows(&[
            (0, 0, 1, 0, 0),
            (20, 0, 2, 0, 0),
            (40, 0, 3, 0, 0),
            (80, 0, 5, 0, 0),
            (100, 0, 6, 0, 0),
            (160, 0, 7, 0, 0),
            (220, 0, 8, 0, 0),
            (280, 0, 9, 0, 0),
        ]);
        let kinds = [
            "new", "clean", "clean", "gap", "clean", "gap", "clean", "clean",
        ];
        assert_eq!(rows.delta_kind, kinds);
    }

    #[test]
    fn what_an_unknown_counter_had_counted_when_it_is_told_was_not_added() {
        let unknown = (u64::MAX, u32::MAX);
        let known = (1_000_000_000_000, 1_000_000);
        let later = (known.0 + 500, known.1 + 5);
        let samples = [unknown, known, unknown, later, unknown];
        let samples: Vec<_> = (0..)
            .zip(samples)
            .map(|(at, (octets, packets))| (at * 20, 0, at as u32 + 1, octets, packets))
            .collect();
        let rows = rows(&samples);
        assert_eq!(rows.delta_kind, ["new", "clean", "clean", "clean", "clean"]);
        assert_eq!(rows.rx_bytes, [0, 0, 0, 500, 0]);
        assert_eq!(rows.rx_packets, [0, 0, 0, 5, 0]);
        assert_eq!(rows.rx_bytes_total, [0, known.0, known.0, later.0, later.0]);
    }

    #[test]
    fn a_sample_that_came_late_or_twice_makes_no_row() {
        let rows = rows(&[
            (0, 0, 5, 100, 1),
            (30, 0, 7, 300, 3),
            (30, 0, 7, 300, 3),
            (31, 0, 6, 200, 2),
        ]);
        assert_eq!(rows.rx_bytes, [0, 200]);
    }
}
