//! `DropProbe`: the Python face of the probe `drop` and of what it counted.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard};

use columns::message::{encode, Message};
use drops::{Interval, Meaning, Reasons, Tally};
use probes::clock::{monotonic_ns, realtime_ns};
use probes::drop::{Drained, DropProbe as Probe, Options, Uncounted};
use probes::memory::give_back_freed;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use wire::drop_record::{self, DropKey};

use crate::host_watch::{encoded, os_error, Encoded, HostWatch};
use crate::rules::Rules;

/// What one drain hands over; see the stub for what each part is.
#[pyclass(frozen, get_all, module = "collectors._native")]
pub struct DropHarvest {
    messages: Vec<Encoded>,
    settled_time_ns: i64,
    map_full: (u64, u64),
    missed: u64,
    messages_count: u64,
    unsampled: u64,
    unknown_reasons: Vec<String>,
    drained: usize,
    runs: u64,
}

struct State {
    probe: Probe,
    tally: Tally,
    reasons: Reasons,
    places: HashMap<u64, String>,
    rules: Rules,
    /// Numbers of parts of the kernel for which its modules were looked through.
    sought: HashSet<u32>,
    since_ns: i64,
    uncounted: Uncounted,
    missed: u64,
}

/// The loaded probe.
#[pyclass(frozen, module = "collectors._native")]
pub struct DropProbe(Mutex<State>);

struct Harvest {
    messages: Vec<Message>,
    settled_time_ns: i64,
    uncounted: Uncounted,
    of_trial_runs: u64,
    missed: u64,
    unknown_reasons: Vec<String>,
    drained: usize,
    runs: u64,
}

fn added(now: (u64, u64), before: (u64, u64)) -> (u64, u64) {
    (
        now.0.saturating_sub(before.0),
        now.1.saturating_sub(before.1),
    )
}

impl State {
    fn drain(&mut self, watch: &HostWatch, last: bool) -> Result<Harvest, String> {
        self.rules.look(watch);
        let mut drained = Drained::default();
        let outcome = self.probe.drain(&mut drained);
        let end_ns = realtime_ns();
        let offset_ns = end_ns - monotonic_ns();
        let interval = Interval {
            // A clock that was set back makes an interval of no length, not one that ends before it begins.
            start_ns: self.since_ns.min(end_ns),
            end_ns,
        };
        self.learn(&drained.keys);
        let Self {
            probe,
            tally,
            reasons,
            places,
            rules,
            ..
        } = self;
        let of_trial_runs = tally.take(
            interval,
            (&drained.keys, &drained.drops),
            &drained.samples,
            offset_ns,
            |location| {
                places
                    .entry(location)
                    .or_insert_with(|| probe.place(location))
                    .clone()
            },
        );
        rules.attribute(watch, tally, interval, offset_ns);
        // What was taken out is kept; the next drain tells it.
        outcome.map_err(|failure| failure.to_string())?;
        self.since_ns = end_ns;
        let rows = watch.with_table(|table| {
            tally.rows(
                reasons,
                |cookie, ifindex, time_ns| {
                    let vif_id = table.vif_at(cookie, ifindex, time_ns).unwrap_or(0);
                    (vif_id, table.namespace_name(cookie).map(str::to_owned))
                },
                last,
            )
        });
        let batch = rows.into_batch().map_err(|error| error.to_string())?;
        let messages = encode(&batch, &HashMap::new()).map_err(|error| error.to_string())?;
        let now = self
            .probe
            .uncounted()
            .map_err(|failure| failure.to_string())?;
        let missed = self
            .probe
            .runs()
            .map_err(|failure| failure.to_string())?
            .missed;
        let counted = drained
            .drops
            .chunks_exact(drop_record::Drop::SIZE)
            .filter_map(|drop| Some(drop_record::Drop::read(drop.first_chunk()?).skb_packets))
            .sum::<u64>();
        let uncounted = Uncounted {
            map_full: added(now.map_full, self.uncounted.map_full),
            messages: added(now.messages, self.uncounted.messages),
            unsampled: added(now.unsampled, self.uncounted.unsampled),
        };
        let harvest = Harvest {
            messages,
            runs: counted + uncounted.map_full.0 + uncounted.messages.0,
            settled_time_ns: self.tally.oldest_ns().unwrap_or(i64::MAX).min(end_ns),
            uncounted,
            of_trial_runs,
            missed: missed.saturating_sub(self.missed),
            unknown_reasons: self.reasons.take_unknown(),
            drained: drained.drops.len() / drop_record::Drop::SIZE,
        };
        self.uncounted = now;
        self.missed = missed;
        Ok(harvest)
    }

    /// A number without a name may be of a module that was loaded since.
    fn learn(&mut self, keys: &[u8]) {
        for key in keys.chunks_exact(DropKey::SIZE) {
            let Some(reason) = key.first_chunk().map(|key| DropKey::read(key).reason) else {
                continue;
            };
            if self.reasons.knows(reason) || !self.sought.insert(reason >> 16) {
                continue;
            }
            if let Ok(names) = probes::drop::reasons() {
                self.reasons.learn(names);
            }
        }
    }
}

impl DropProbe {
    fn state(&self) -> MutexGuard<'_, State> {
        // A panic under the lock leaves counts that are still whole: each step ends before the next begins.
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[pymethods]
impl DropProbe {
    #[new]
    #[pyo3(signature = (*, entries, ring_bytes, samples, meanings))]
    fn new(
        py: Python<'_>,
        entries: u32,
        ring_bytes: u32,
        samples: u32,
        meanings: Vec<(String, String, String, String)>,
    ) -> PyResult<Self> {
        let options = Options {
            entries,
            ring_bytes,
            samples,
        };
        let (probe, names) = py
            .detach(|| {
                let opened = (Probe::open(options)?, probes::drop::reasons()?);
                give_back_freed();
                Ok(opened)
            })
            .map_err(os_error)?;
        let denied = names
            .iter()
            .find(|(_, name)| *name == "NETFILTER_DROP")
            .map(|(number, _)| *number);
        let meanings = meanings
            .into_iter()
            .map(|(reason, place, class, origin)| (reason, place, Meaning { class, origin }));
        Ok(Self(Mutex::new(State {
            probe,
            tally: Tally::default(),
            reasons: Reasons::new(names, meanings),
            places: HashMap::new(),
            rules: Rules::new(denied),
            sought: HashSet::new(),
            since_ns: realtime_ns(),
            uncounted: Uncounted::default(),
            missed: 0,
        })))
    }

    fn attach(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| {
            let mut state = self.state();
            state.since_ns = realtime_ns();
            state.probe.attach()
        })
        .map_err(os_error)
    }

    #[pyo3(signature = (watch, *, last=false))]
    fn drain(&self, py: Python<'_>, watch: &HostWatch, last: bool) -> PyResult<DropHarvest> {
        let harvest = py
            .detach(|| self.state().drain(watch, last))
            .map_err(PyRuntimeError::new_err)?;
        Ok(DropHarvest {
            messages: encoded(py, harvest.messages),
            settled_time_ns: harvest.settled_time_ns,
            map_full: harvest.uncounted.map_full,
            missed: harvest.missed,
            messages_count: harvest.uncounted.messages.0 + harvest.of_trial_runs,
            unsampled: harvest.uncounted.unsampled.0,
            unknown_reasons: harvest.unknown_reasons,
            drained: harvest.drained,
            runs: harvest.runs,
        })
    }

    /// Whether the map ran over since the last drain.
    fn is_full(&self, py: Python<'_>) -> bool {
        py.detach(|| {
            let state = self.state();
            state
                .probe
                .uncounted()
                .is_ok_and(|now| now.map_full != state.uncounted.map_full)
        })
    }

    /// Packets of each kind of drop whose addresses are told between two drains, from the next drain on.
    fn set_samples(&self, samples: u32) {
        self.state().probe.set_samples(samples);
    }

    /// Memory of the kernel that the maps hold.
    fn memory_bytes(&self) -> u64 {
        self.state().probe.memory_bytes()
    }

    /// Runs and ns of the program while the kernel's statistics were on.
    fn runs(&self) -> PyResult<(u64, u64)> {
        let runs = self.state().probe.runs().map_err(os_error)?;
        Ok((runs.count, runs.ns))
    }
}

/// Names of all reasons of the running kernel.
#[pyfunction]
pub fn drop_reasons(py: Python<'_>) -> PyResult<HashMap<u32, String>> {
    py.detach(probes::drop::reasons).map_err(os_error)
}
