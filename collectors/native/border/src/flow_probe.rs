//! `FlowProbe`: the Python face of the probe `flow` and of the table of its flows.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard};

use columns::flows::Encoder;
use flows::{Instant, Losses, Table, Timeouts, Watched};
use probes::clock::{monotonic_ns, realtime_ns};
use probes::flow::{Drained, FlowProbe as Probe, Options};
use probes::Kind;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use vifs::HomeInterface;

use crate::host_watch::{os_error, HostWatch};
use crate::payload::{views, Viewed};

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
}

struct State {
    probe: Probe,
    table: Table,
    watched: Watched,
    losses: Losses,
    encoder: Encoder,
    /// Whom attaching failed, so that it is told once and tried again only when something changed.
    refused: HashSet<u64>,
    buffer: Drained,
    overflowed: usize,
    /// Losses of interfaces that are gone, until they are told.
    gone: Vec<flows::Lost>,
}

/// The loaded probe.
#[pyclass(frozen, module = "collectors._native")]
pub struct FlowProbe(Mutex<State>);

impl State {
    /// Attach to those that are selected, detach from the others; what went wrong, as (name, reason).
    fn follow(&mut self, selected: &[HomeInterface]) -> Vec<(String, String)> {
        let now_ns = monotonic_ns();
        let mut problems = Vec::new();
        for (ifindex, vif_id) in self.watched.now() {
            let stays = selected
                .iter()
                .any(|one| one.ifindex == ifindex && one.vif_id == vif_id);
            if stays {
                continue;
            }
            self.probe.detach(ifindex);
            self.gone
                .extend(self.losses.since(vif_id, self.probe.lost(ifindex)));
            self.losses.forget(vif_id);
            self.probe.forget(ifindex);
            self.watched.end(ifindex, now_ns);
        }
        self.refused
            .retain(|vif_id| selected.iter().any(|one| one.vif_id == *vif_id));
        for one in selected {
            if self.watched.vif_of(one.ifindex).is_some() || self.refused.contains(&one.vif_id) {
                continue;
            }
            match self.probe.attach(one.ifindex, &one.name, one.has_ethernet) {
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

    fn relieve(&mut self) -> usize {
        let Self {
            probe,
            table,
            watched,
            ..
        } = self;
        let count = probe.overflowed(|record| table.take_overflow(watched, record));
        self.overflowed += count;
        count
    }

    fn drain(&mut self, all: bool) -> Result<Harvest, String> {
        let settled_time_ns = realtime_ns();
        let mut buffer = std::mem::take(&mut self.buffer);
        let outcome = self.probe.drain(&mut buffer);
        self.table.take(
            &self.watched,
            (&buffer.keys4, &buffer.flows4),
            (&buffer.keys6, &buffer.flows6),
        );
        let entries = [&buffer.flows4, &buffer.flows6]
            .map(|flows| flows.len() / wire::flow_record::Flow::SIZE);
        buffer.clear();
        self.buffer = buffer;
        // Before the ring is read: what could not be drained is not lost, but the drain did not go well.
        outcome.map_err(|failure| failure.to_string())?;
        self.relieve();
        let now = Instant {
            real_ns: realtime_ns(),
            monotonic_ns: monotonic_ns(),
        };
        let rows = self.table.due(now, all);
        let messages = self
            .encoder
            .encode(rows)
            .map_err(|error| error.to_string())?;
        let mut lost = std::mem::take(&mut self.gone);
        for (ifindex, vif_id) in self.watched.now() {
            lost.extend(self.losses.since(vif_id, self.probe.lost(ifindex)));
        }
        let lost_runs = lost.iter().map(|lost| lost.skb_packets).sum::<u64>();
        let oldest_ns = self
            .table
            .oldest_ns()
            .map_or(i64::MAX, |ns| now.real_ns - now.monotonic_ns + ns as i64);
        Ok(Harvest {
            messages,
            settled_time_ns: settled_time_ns.min(oldest_ns),
            lost,
            drained: entries.iter().sum(),
            overflowed: std::mem::take(&mut self.overflowed),
            waiting: self.table.len(),
            runs: self.table.take_seen_packets() + lost_runs,
            map_entries: entries.into_iter().max().unwrap_or(0),
        })
    }
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
}

impl FlowProbe {
    fn state(&self) -> MutexGuard<'_, State> {
        // A panic under the lock leaves counts that are still whole: each step ends before the next begins.
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[pymethods]
impl FlowProbe {
    #[new]
    #[pyo3(signature = (*, entries, ring_bytes, sampling, active_ns, inactive_ns))]
    fn new(
        py: Python<'_>,
        entries: u32,
        ring_bytes: u32,
        sampling: u32,
        active_ns: i64,
        inactive_ns: i64,
    ) -> PyResult<Self> {
        let probe = py
            .detach(|| {
                Probe::open(Options {
                    entries,
                    ring_bytes,
                    sampling,
                })
            })
            .map_err(os_error)?;
        let timeouts = Timeouts {
            active_ns,
            inactive_ns,
        };
        Ok(Self(Mutex::new(State {
            probe,
            table: Table::new(timeouts, sampling),
            watched: Watched::default(),
            losses: Losses::default(),
            encoder: Encoder::default(),
            refused: HashSet::new(),
            buffer: Drained::default(),
            overflowed: 0,
            gone: Vec::new(),
        })))
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

    /// Take in what the ring holds; how many packets they were.
    fn relieve(&self, py: Python<'_>) -> usize {
        py.detach(|| self.state().relieve())
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
            map_entries: harvest.map_entries,
        })
    }

    /// How many interfaces are watched.
    fn watched(&self) -> usize {
        self.state().probe.watched()
    }

    /// `tcx` or `clsact`.
    fn way(&self) -> &'static str {
        match self.state().probe.way() {
            probes::tcx::Way::Tcx => "tcx",
            probes::tcx::Way::Clsact => "clsact",
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

/// Remove what a killed run left at interfaces of this namespace.
#[pyfunction]
pub fn reclaim_filters(py: Python<'_>, names: Vec<String>) -> usize {
    py.detach(|| probes::flow::reclaim(&names))
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
