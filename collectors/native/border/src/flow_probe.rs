//! `FlowProbe`: the Python face of the probe `flow` and of the table of its flows.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant as Stopwatch};

use columns::flows::Encoder;
use flows::{
    Cut, Instant, Losses, Reading, Sampling, Sight, Table, Timeouts, Visibility, Volume, Watched,
};
use probes::attachment::Way;
use probes::clock::{monotonic_ns, realtime_ns};
use probes::flow::{slot, Drained, FlowProbe as Probe, Options, SLOTS};
use probes::memory::give_back_freed;
use probes::{Failure, Kind};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use vifs::{HomeInterface, HomeReading};
use wire::flow_record::FlowOverflow;

use crate::host_watch::{os_error, HostWatch};
use crate::payload::{views, Viewed};

/// How long interfaces are attached to at one go. The kernel waits for a grace period at each direction of each (tcx), some 20 ms
/// together: a thousand interfaces at once must not keep the agent from all else.
const LONGEST_FOLLOW: Duration = Duration::from_millis(250);

/// What one drain hands over; see the stub for what each part is.
#[pyclass(frozen, get_all, module = "collectors._native")]
pub struct FlowHarvest {
    messages: Vec<Viewed>,
    settled_time_ns: i64,
    lost: Vec<(u64, bool, u64, u64)>,
    drained: usize,
    overflowed: usize,
    waiting: usize,
    runs: u64,
    map_entries: usize,
    unmatched: u64,
    sights: Vec<(u64, bool, bool, u64, u64, u64)>,
}

/// Of interfaces one packet of so many is counted.
#[derive(Debug, Clone, Copy)]
struct Rates {
    critical: u32,
    others: u32,
}

struct State {
    probe: Probe,
    table: Table,
    watched: Watched,
    losses: Losses,
    sampling: Sampling,
    rates: Rates,
    /// Interfaces that are selected, and whether they are critical.
    critical: HashMap<u32, bool>,
    /// Some are still to be attached to, or to be left.
    is_behind: bool,
    /// Slots of interfaces that were watched since the last drain.
    used_slots: HashSet<u32>,
    /// Packets that came through the ring and belong to the maps that are written now.
    early: Vec<FlowOverflow>,
    /// When the counters were read that go with what waits for the drain.
    reading_ns: Option<i64>,
    /// What they were, until the drain.
    readings: Vec<HomeReading>,
    visibility: Visibility,
    /// They were read at least once: only readings end an interval.
    has_readings: bool,
    encoder: Encoder,
    /// Whom attaching failed, so that it is told once and tried again only when something changed.
    refused: HashSet<u64>,
    buffer: Drained,
    overflowed: usize,
    /// Losses of interfaces that are gone, until they are told.
    gone: Vec<(u32, flows::Lost)>,
}

/// The loaded probe.
#[pyclass(frozen, module = "collectors._native")]
pub struct FlowProbe(Mutex<State>);

impl State {
    /// Attach to those that are selected, detach from the others; what went wrong, as (name, reason).
    fn follow(&mut self, selected: &[HomeInterface]) -> Vec<(String, String)> {
        let now_ns = monotonic_ns();
        let begun = Stopwatch::now();
        let mut problems = Vec::new();
        self.is_behind = false;
        for (ifindex, vif_id) in self.watched.now() {
            let stays = selected
                .iter()
                .any(|one| one.ifindex == ifindex && one.vif_id == vif_id);
            if stays {
                continue;
            }
            if begun.elapsed() > LONGEST_FOLLOW {
                self.is_behind = true;
                break;
            }
            self.probe.detach(ifindex);
            let lost = self.losses.since(vif_id, self.probe.lost(ifindex));
            self.gone.extend(lost.into_iter().map(|one| (ifindex, one)));
            self.losses.forget(vif_id);
            self.probe.forget(ifindex);
            self.watched.end(ifindex, now_ns);
        }
        self.refused
            .retain(|vif_id| selected.iter().any(|one| one.vif_id == *vif_id));
        let shown = selected.iter().map(|one| (one.ifindex, one.is_critical));
        self.critical = shown.collect();
        self.plan();
        // Critical ones first.
        let (critical, others): (Vec<_>, Vec<_>) = selected.iter().partition(|one| one.is_critical);
        for one in critical.into_iter().chain(others) {
            if self.watched.vif_of(one.ifindex).is_some() || self.refused.contains(&one.vif_id) {
                continue;
            }
            if begun.elapsed() > LONGEST_FOLLOW {
                self.is_behind = true;
                break;
            }
            if let Err(failure) = self.begin_rate(one.ifindex) {
                problems.push((one.name.clone(), failure.to_string()));
            }
            match self.probe.attach(one.ifindex, one.has_ethernet) {
                Ok(()) => self.watched.begin(one.ifindex, one.vif_id, now_ns),
                // It ended before its turn came; the table will know soon.
                Err(failure) if failure.kind == Kind::Gone => {}
                Err(failure) => {
                    self.refused.insert(one.vif_id);
                    problems.push((one.name.clone(), failure.to_string()));
                }
            }
        }
        self.watched.forget(now_ns);
        problems
    }

    /// Plan the rate of each slot from the next drain on: the lowest of the interfaces that share it.
    fn plan(&mut self) {
        let mut rates = HashMap::new();
        for (ifindex, is_critical) in &self.critical {
            let rate = if *is_critical {
                self.rates.critical
            } else {
                self.rates.others
            };
            let known = rates.entry(slot(*ifindex)).or_insert(rate);
            *known = rate.min(*known);
        }
        self.probe.plan_rates(rates);
    }

    /// Have the rate of an interface that is to be watched hold at once, where no other shares its slot.
    fn begin_rate(&mut self, ifindex: u32) -> Result<(), Failure> {
        if self.used_slots.insert(slot(ifindex)) {
            self.probe.begin_slot(slot(ifindex))
        } else {
            Ok(())
        }
    }

    /// Count for another drain from now on, when the interfaces' counters were just read.
    fn cut(&mut self, real_ns: i64) {
        // Where the kernel refuses, the drain asks again and says so.
        if self.reading_ns.is_none() && self.probe.switch().is_ok() {
            self.reading_ns = Some(real_ns);
            self.has_readings = true;
        }
    }

    /// Take in what the ring holds of the maps that are drained next.
    fn relieve(&mut self, side: u32) -> usize {
        let Self {
            probe,
            table,
            watched,
            sampling,
            early,
            ..
        } = self;
        let count = probe.overflowed(|record| {
            if record.written == side {
                table.take_overflow(watched, sampling, record);
            } else {
                early.push(*record);
            }
        });
        self.overflowed += count;
        count
    }

    /// What is lost of the interfaces since it was asked last; it is among what was counted.
    fn lose(&mut self) -> Vec<(u32, flows::Lost)> {
        let mut lost = std::mem::take(&mut self.gone);
        for (ifindex, vif_id) in self.watched.now() {
            let found = self.losses.since(vif_id, self.probe.lost(ifindex));
            lost.extend(found.into_iter().map(|one| (ifindex, one)));
        }
        for (ifindex, one) in &lost {
            self.sampling
                .count(*ifindex, one.is_egress, one.skb_packets, one.skb_bytes);
        }
        lost
    }

    /// Which of the watched interfaces have come into sight or went out of it, where their counters were read for this drain.
    fn judge(&mut self) -> Vec<Sight> {
        let readings: Vec<Reading> = std::mem::take(&mut self.readings)
            .into_iter()
            .filter(|one| self.watched.vif_of(one.ifindex) == Some(one.vif_id))
            .map(|one| Reading {
                vif_id: one.vif_id,
                ifindex: one.ifindex,
                received: volume(one.received),
                sent: volume(one.sent),
            })
            .collect();
        if readings.is_empty() {
            return Vec::new();
        }
        let sampling = &self.sampling;
        self.visibility
            .judge(&readings, slot, |ifindex, is_egress| {
                sampling.seen_bytes(ifindex, is_egress)
            })
    }

    fn read_ticks(&mut self) -> Result<(), Failure> {
        self.table.set_ticks(self.probe.ticks()?);
        Ok(())
    }

    fn drain(&mut self, all: bool) -> Result<Harvest, String> {
        self.read_ticks().map_err(|failure| failure.to_string())?;
        let mut buffer = std::mem::take(&mut self.buffer);
        let side = self.probe.next_drained();
        let settled_time_ns = self.reading_ns.unwrap_or_else(realtime_ns);
        let cut = Cut {
            real_ns: settled_time_ns,
            is_reading: self.reading_ns.take().is_some() || !self.has_readings,
        };
        let outcome = self.probe.drain(&mut buffer);
        for record in std::mem::take(&mut self.early) {
            self.table
                .take_overflow(&self.watched, &mut self.sampling, &record);
        }
        self.table.take(
            &self.watched,
            &mut self.sampling,
            (&buffer.keys4, &buffer.flows4),
            (&buffer.keys6, &buffer.flows6),
        );
        let entries = [&buffer.flows4, &buffer.flows6]
            .map(|flows| flows.len() / wire::flow_record::Flow::SIZE);
        let seen = std::mem::take(&mut buffer.seen);
        buffer.clear();
        self.buffer = buffer;
        // Before the ring is read: what could not be drained is not lost, but the drain did not go well.
        outcome.map_err(|failure| failure.to_string())?;
        self.relieve(side);
        let lost = self.lose();
        self.sampling.settle(&seen);
        let sights = self.judge();
        self.used_slots = self.critical.keys().map(|ifindex| slot(*ifindex)).collect();
        let now = Instant {
            real_ns: realtime_ns(),
            monotonic_ns: monotonic_ns(),
        };
        let probe = &self.probe;
        let of = (&self.watched, &self.sampling);
        let rows = self.table.due((now, cut), all, of, |ifindex| {
            !probe.is_whole(slot(ifindex))
        });
        let messages = self
            .encoder
            .encode(rows)
            .map_err(|error| error.to_string())?;
        let lost = lost
            .into_iter()
            .map(|(ifindex, mut lost)| {
                let rate = self.sampling.rate(ifindex, lost.is_egress).unwrap_or(1.0);
                lost.packets = (lost.packets as f64 * rate).round() as u64;
                lost.bytes = (lost.bytes as f64 * rate).round() as u64;
                lost
            })
            .collect();
        let oldest_ns = self
            .table
            .oldest_ns()
            .map_or(i64::MAX, |ns| now.real_ns - now.monotonic_ns + ns);
        Ok(Harvest {
            messages,
            settled_time_ns: settled_time_ns.min(oldest_ns),
            lost,
            drained: entries.iter().sum(),
            overflowed: std::mem::take(&mut self.overflowed),
            waiting: self.table.len(),
            runs: self.sampling.take_seen(),
            unmatched: self.sampling.take_unmatched(all),
            map_entries: entries.into_iter().max().unwrap_or(0),
            sights,
        })
    }
}

fn volume((packets, bytes): (u64, u64)) -> Volume {
    Volume { packets, bytes }
}

struct Harvest {
    messages: Vec<columns::message::Message>,
    settled_time_ns: i64,
    lost: Vec<flows::Lost>,
    drained: usize,
    overflowed: usize,
    waiting: usize,
    runs: u64,
    map_entries: usize,
    unmatched: u64,
    sights: Vec<Sight>,
}

impl FlowProbe {
    fn state(&self) -> MutexGuard<'_, State> {
        // A panic under the lock leaves counts that are still whole: each step ends before the next begins.
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// What is counted from now on is of the next interval: the counters of its interfaces were just read, at `real_ns`.
    pub(crate) fn cut(&self, real_ns: i64) {
        self.state().cut(real_ns);
    }

    /// What these counters were.
    pub(crate) fn set_readings(&self, readings: Vec<HomeReading>) {
        self.state().readings = readings;
    }
}

#[pymethods]
impl FlowProbe {
    #[new]
    #[pyo3(signature = (*, entries, ring_bytes, sampling, active_ns, inactive_ns, is_last=false, attach="auto"))]
    #[allow(clippy::too_many_arguments, reason = "Python names each of them")]
    fn new(
        py: Python<'_>,
        entries: u32,
        ring_bytes: u32,
        sampling: u32,
        active_ns: i64,
        inactive_ns: i64,
        is_last: bool,
        attach: &str,
    ) -> PyResult<Self> {
        let way = match attach {
            "auto" => None,
            "tcx" => Some(Way::Tcx),
            "clsact" => Some(Way::Clsact),
            other => return Err(PyValueError::new_err(format!("attach: {other}"))),
        };
        let probe = py
            .detach(|| {
                let opened = Probe::open(Options {
                    entries,
                    ring_bytes,
                    is_last,
                    way,
                });
                give_back_freed();
                opened
            })
            .map_err(os_error)?;
        let timeouts = Timeouts {
            active_ns,
            inactive_ns,
        };
        let mut state = State {
            probe,
            table: Table::new(timeouts, realtime_ns()),
            watched: Watched::default(),
            losses: Losses::default(),
            sampling: Sampling::new(SLOTS),
            rates: Rates {
                critical: sampling,
                others: sampling,
            },
            critical: HashMap::new(),
            is_behind: false,
            used_slots: HashSet::new(),
            early: Vec::new(),
            reading_ns: None,
            readings: Vec::new(),
            visibility: Visibility::default(),
            has_readings: false,
            encoder: Encoder::default(),
            refused: HashSet::new(),
            buffer: Drained::default(),
            overflowed: 0,
            gone: Vec::new(),
        };
        py.detach(|| state.read_ticks()).map_err(os_error)?;
        Ok(Self(Mutex::new(state)))
    }

    #[pyo3(signature = (watch, *, counting_points, names))]
    fn follow(
        &self,
        py: Python<'_>,
        watch: &HostWatch,
        counting_points: bool,
        names: Vec<String>,
    ) -> Vec<(String, String)> {
        py.detach(|| {
            let mut selected = watch.home();
            selected.retain(|one| {
                counting_points && one.counting_point
                    || names.iter().any(|pattern| matches(pattern, &one.name))
            });
            self.state().follow(&selected)
        })
    }

    /// Whether the last call of `follow` ended before it was through.
    fn is_behind(&self) -> bool {
        self.state().is_behind
    }

    /// Take in what the ring holds; how many packets they were.
    fn relieve(&self, py: Python<'_>) -> usize {
        py.detach(|| {
            let mut state = self.state();
            let side = state.probe.next_drained();
            state.relieve(side)
        })
    }

    #[pyo3(signature = (*, all=false))]
    fn drain(&self, py: Python<'_>, all: bool) -> PyResult<FlowHarvest> {
        let harvest = py
            .detach(|| self.state().drain(all))
            .map_err(PyRuntimeError::new_err)?;
        Ok(FlowHarvest {
            messages: views(py, harvest.messages)?,
            settled_time_ns: harvest.settled_time_ns,
            lost: harvest
                .lost
                .into_iter()
                .map(|lost| (lost.vif_id, lost.is_egress, lost.packets, lost.bytes))
                .collect(),
            drained: harvest.drained,
            overflowed: harvest.overflowed,
            waiting: harvest.waiting,
            runs: harvest.runs,
            unmatched: harvest.unmatched,
            map_entries: harvest.map_entries,
            sights: harvest.sights.into_iter().map(told).collect(),
        })
    }

    /// From the next drain on one packet of so many is counted.
    #[pyo3(signature = (*, critical, others))]
    fn sample(&self, critical: u32, others: u32) {
        let mut state = self.state();
        state.rates = Rates { critical, others };
        state.plan();
    }

    /// How many interfaces are watched.
    fn watched(&self) -> usize {
        self.state().probe.watched()
    }

    /// Whether the kernel has tcx; nothing is attached for it.
    fn has_tcx(&self) -> bool {
        self.state().probe.has_tcx()
    }

    /// `tcx` or `clsact`.
    fn way(&self) -> &'static str {
        match self.state().probe.way() {
            Way::Tcx => "tcx",
            Way::Clsact => "clsact",
        }
    }

    /// Memory of the kernel that the maps hold.
    fn memory_bytes(&self) -> u64 {
        self.state().probe.memory_bytes()
    }

    /// Runs and ns of the programs while the kernel's statistics were on.
    fn runs(&self) -> PyResult<(u64, u64)> {
        self.state().probe.runs().map_err(os_error)
    }
}

fn told(sight: Sight) -> (u64, bool, bool, u64, u64, u64) {
    let Volume { packets, bytes } = sight.counted;
    (
        sight.vif_id,
        sight.is_egress,
        sight.is_hidden,
        packets,
        bytes,
        sight.seen_bytes,
    )
}

/// Remove what a killed run left at interfaces of this namespace.
#[pyfunction]
pub fn reclaim_filters(py: Python<'_>) -> PyResult<usize> {
    py.detach(probes::flow::reclaim).map_err(os_error)
}

/// Whether a name matches a pattern in which `*` stands for any text.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((head, rest)) => name.strip_prefix(head).is_some_and(|left| {
            left.char_indices()
                .map(|(at, _)| at)
                .chain([left.len()])
                .any(|at| matches(rest, &left[at..]))
        }),
    }
}
