//! Readings of counters to rows: each row is what was added since the last row of the VIF that was written for good.

use std::collections::{HashMap, HashSet};

use columns::generated::counters::Rows;
use wire::record::{LinkStats, QdiscStats};

use crate::delta::{between, values, Fall, Values, COUNTERS};
use crate::dump::Look;
use crate::history::Happening;
use crate::readings::Row;
use crate::table::Table;
use crate::vif::{Appeared, Coordinate};

/// Position of the root queue's counters in `Values`.
const QUEUE: usize = 11;

/// The readings of one namespace in a sweep.
#[derive(Debug, Clone, Copy)]
pub struct NamespaceReading<'a> {
    /// Cookie of the namespace.
    pub namespace: u64,
    /// When it was read.
    pub time_ns: i64,
    /// (ifindex, statistics).
    pub links: &'a [(u32, LinkStats)],
    pub qdiscs: &'a [QdiscStats],
}

/// Rows of a sweep, and what it noticed.
#[derive(Debug, Default)]
pub struct Proposal {
    pub rows: Rows,
    /// Namespaces with links that the table does not have, or with a queue that came, went or started again: read them anew.
    pub stale: HashSet<u64>,
}

/// One reading that is written, or about to be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record {
    pub time_ns: i64,
    pub values: Values,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct LastReading {
    pub id: u64,
    pub appeared: Appeared,
    pub stats: LinkStats,
    pub time_ns: i64,
    /// For one end of a pair the other one, 0 where that is not known.
    pub other_end: Option<u64>,
}

/// The last written reading of each VIF: where its next delta begins.
#[derive(Debug)]
pub(crate) struct Counters {
    longest_ns: i64,
    written: HashMap<u64, Record>,
    /// VIFs of an earlier run whose readings are lost: their next reading is a first one.
    forgotten: HashSet<u64>,
    proposed: Vec<(u64, Record)>,
    last_readings: Vec<LastReading>,
    last_readings_proposed: usize,
}

impl Counters {
    pub fn new(interval_ns: u64) -> Self {
        let interval = i64::try_from(interval_ns).unwrap_or(i64::MAX / 2);
        Self {
            longest_ns: interval.saturating_add(interval / 2),
            written: HashMap::new(),
            forgotten: HashSet::new(),
            proposed: Vec::new(),
            last_readings: Vec::new(),
            last_readings_proposed: 0,
        }
    }

    /// All readings that are about to be written, by VIF.
    pub fn proposed_values(&self) -> HashMap<u64, &Values> {
        self.proposed
            .iter()
            .map(|(id, record)| (*id, &record.values))
            .collect()
    }

    /// Put back what an earlier run wrote.
    pub fn restore(&mut self, id: u64, record: Record) {
        self.written.insert(id, record);
    }

    pub fn has(&self, id: u64) -> bool {
        self.written.contains_key(&id)
    }

    pub fn has_last_readings(&self) -> bool {
        !self.last_readings.is_empty()
    }

    pub fn forget(&mut self, is_gone: impl Fn(u64) -> bool) {
        self.written.retain(|id, _| !is_gone(*id));
    }

    /// Whether link statistics are lower than the last ones: another device may have taken the place.
    pub fn fell(&self, id: u64, stats: Option<&LinkStats>) -> bool {
        match (self.written.get(&id), stats) {
            (Some(record), Some(stats)) => {
                let new = values(stats, None);
                new[..QUEUE]
                    .iter()
                    .zip(&record.values[..QUEUE])
                    .any(|(new, old)| new < old)
            }
            _ => false,
        }
    }

    /// Keep the statistics that came with a VIF's end for its last row; of two that nobody has seen yet the later one counts.
    pub fn keep(&mut self, last: LastReading) {
        let mut unseen = self
            .last_readings
            .iter_mut()
            .skip(self.last_readings_proposed);
        match unseen.find(|earlier| earlier.id == last.id) {
            Some(earlier) => *earlier = last,
            None => self.last_readings.push(last),
        }
    }

    /// Nothing is known of what these VIFs counted before.
    pub fn forget_pasts(&mut self, ids: impl IntoIterator<Item = u64>) {
        self.forgotten.extend(ids);
    }

    pub fn commit(&mut self) {
        for (id, record) in self.proposed.drain(..) {
            self.written.insert(id, record);
        }
        for last in self.last_readings.drain(..self.last_readings_proposed) {
            self.written.remove(&last.id);
        }
        self.last_readings_proposed = 0;
    }

    pub fn discard(&mut self) {
        self.proposed.clear();
        self.last_readings_proposed = 0;
    }

    /// The reading that a VIF's next delta begins with, and how that delta is called when nothing fell. None: this reading is
    /// the first of a VIF whose past is not known.
    fn start(&self, id: u64, appeared: Appeared, time_ns: i64) -> Option<(Record, &'static str)> {
        let zero = |time_ns| Record {
            time_ns,
            values: [0; COUNTERS],
        };
        let (record, kind) = match (self.written.get(&id), appeared) {
            (Some(record), _) => (*record, "clean"),
            (None, _) if self.forgotten.contains(&id) => return None,
            (None, Appeared::Born(born)) => (zero(born), "new"),
            (None, Appeared::Unseen(since)) => (zero(since), "gap"),
            (None, Appeared::Before) => return None,
        };
        // A clock that was set back makes a duration that means nothing: such a row must not enter a rate.
        let is_gap = time_ns - record.time_ns > self.longest_ns || time_ns < record.time_ns;
        Some((record, if is_gap { "gap" } else { kind }))
    }
}

impl Table {
    /// Rows of the VIFs that ended with a last reading since the last commit.
    pub fn propose_last_readings(&mut self) -> Rows {
        let mut rows = Rows::default();
        for last in &self.counters.last_readings {
            let Some((start, kind)) = self.counters.start(last.id, last.appeared, last.time_ns)
            else {
                continue;
            };
            let (stats, kind) = match last.other_end {
                None => (last.stats, kind),
                Some(other) => {
                    let sent = self
                        .counters
                        .last_readings
                        .iter()
                        .find(|end| end.id == other);
                    received_by_pair(last.stats, sent.map(|end| &end.stats), &start.values, kind)
                }
            };
            let mut new = values(&stats, None);
            // RTM_DELLINK says nothing of the queue: its last known reading stays.
            new[QUEUE..].copy_from_slice(&start.values[QUEUE..]);
            let (added, fall) = between(&start.values, &new);
            let row = Row {
                id: last.id,
                start_ns: start.time_ns,
                end_ns: last.time_ns,
                kind: named(fall, kind),
            };
            row.push(&mut rows, &added, &new, [0, 0]);
        }
        self.counters.last_readings_proposed = self.counters.last_readings.len();
        rows
    }

    /// Rows of a sweep of all VIFs, together with those of the last readings.
    ///
    /// `touched` are the coordinates that changed hands while the sweep was made: whose reading it is, is not known.
    /// A VIF that could not be read but has an earlier reading gets a row of no duration with that reading, so that the sweep
    /// is a whole statement.
    pub fn propose_counters(
        &mut self,
        readings: &[NamespaceReading<'_>],
        touched: &HashSet<Coordinate>,
    ) -> Proposal {
        self.settle_births();
        let mut proposal = Proposal {
            rows: self.propose_last_readings(),
            stale: HashSet::new(),
        };
        let mut read: HashSet<u64> = HashSet::with_capacity(self.vifs.len());
        let mut falls = Vec::new();
        let mut queues: HashMap<u32, &QdiscStats> = HashMap::new();
        for reading in readings {
            queues.clear();
            queues.extend(reading.qdiscs.iter().map(|qdisc| (qdisc.ifindex, qdisc)));
            for (ifindex, stats) in reading.links {
                let place = (reading.namespace, *ifindex);
                if touched.contains(&place) {
                    continue;
                }
                let Some(vif) = self.at(place) else {
                    proposal.stale.insert(reading.namespace);
                    continue;
                };
                let queue = queues.get(ifindex).copied();
                if queue.is_some() != vif.queue.is_some() {
                    proposal.stale.insert(reading.namespace);
                }
                let new = values(stats, queue);
                let backlog = queue.map_or([0, 0], |queue| {
                    [
                        u64::from(queue.backlog_bytes),
                        u64::from(queue.backlog_packets),
                    ]
                });
                let record = Record {
                    time_ns: reading.time_ns,
                    values: new,
                };
                let row = |start_ns, kind| Row {
                    id: vif.id,
                    start_ns,
                    end_ns: reading.time_ns,
                    kind,
                };
                match self.counters.start(vif.id, vif.appeared, reading.time_ns) {
                    None => {
                        row(reading.time_ns, "new").push(
                            &mut proposal.rows,
                            &[0; COUNTERS],
                            &new,
                            backlog,
                        );
                    }
                    Some((start, kind)) => {
                        let (added, fall) = between(&start.values, &new);
                        if fall == Fall::Reset {
                            falls.push((vif.id, reading.time_ns));
                            proposal.stale.insert(reading.namespace);
                        }
                        row(start.time_ns, named(fall, kind)).push(
                            &mut proposal.rows,
                            &added,
                            &new,
                            backlog,
                        );
                    }
                }
                read.insert(vif.id);
                self.counters.proposed.push((vif.id, record));
            }
        }
        for id in self.vifs.keys().filter(|id| !read.contains(id)) {
            if let Some(record) = self.counters.written.get(id) {
                let row = Row {
                    id: *id,
                    start_ns: record.time_ns,
                    end_ns: record.time_ns,
                    kind: "clean",
                };
                row.push(&mut proposal.rows, &[0; COUNTERS], &record.values, [0, 0]);
            }
        }
        for (id, time) in falls {
            let subject = self
                .vifs
                .get(&id)
                .and_then(|vif| vif.written.as_ref())
                .map_or_else(String::new, |written| written.state.vif_key.clone());
            self.happened(Happening {
                time,
                vif_id: id,
                event: "counters_reset",
                subject,
                detail: "a counter of this interface fell: it was reset, or its queue was replaced"
                    .into(),
                event_count: 1,
            });
        }
        proposal
    }

    /// The complete look that the rows of an open proposal rest on, for the next run; and how many ids were made without sysfs.
    pub fn look(&self) -> (Option<Look>, u64) {
        (self.look_proposed.or(self.look), self.incarnation)
    }
}

/// The final statistics of one end of a pair.
///
/// veth counts what an end receives as what its peer sent (veth_get_stats64), and when it ends the peer is forgotten first:
/// then nothing was received. What it was is known from the other end's last reading; without that (the other end ended with
/// its namespace) the rest stays unread, and the row is a gap.
fn received_by_pair(
    mut own: LinkStats,
    other: Option<&LinkStats>,
    start: &Values,
    kind: &'static str,
) -> (LinkStats, &'static str) {
    let [rx_packets, _, rx_bytes, ..] = *start;
    if let Some(other) = other {
        if own.rx_packets < other.tx_packets {
            own.rx_packets += other.tx_packets;
            own.rx_bytes += other.tx_bytes;
        }
        return (own, kind);
    }
    own.rx_packets = own.rx_packets.max(rx_packets);
    own.rx_bytes = own.rx_bytes.max(rx_bytes);
    (own, "gap")
}

fn named(fall: Fall, otherwise: &'static str) -> &'static str {
    match (fall, otherwise) {
        (Fall::Reset, _) => "reset",
        (Fall::Wrap, "clean") => "wrap",
        _ => otherwise,
    }
}
