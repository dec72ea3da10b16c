//! `TransitProbe`: the Python face of the probe `transit` and of the histograms that come of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use columns::message::{encode, Message};
use probes::clock::realtime_ns;
use probes::memory::give_back_freed;
use probes::transit::{Fates, Options, TransitProbe as Probe};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use transits::{Interval, Lost, Tally};

use crate::host_watch::{encoded, os_error, Encoded, HostWatch};
use crate::listener::locked;
use crate::transit_windows::{Plan, Windows, Work};

/// What one drain hands over; see the stub for what each part is.
#[pyclass(frozen, get_all, module = "collectors._native")]
pub struct TransitHarvest {
    messages: Vec<Encoded>,
    settled_time_ns: i64,
    begun: u64,
    told: u64,
    expired: u64,
    changed: u64,
    unplaced: u64,
    missed: u64,
    runs: u64,
    buckets: usize,
    problem: String,
}

/// What was told by the last drain.
struct Told {
    since_ns: i64,
    fates: Fates,
    void: u64,
    missed: u64,
}

/// The loaded probe.
#[pyclass(frozen, module = "collectors._native")]
pub struct TransitProbe {
    work: Arc<Mutex<Work>>,
    told: Mutex<Told>,
    windows: Mutex<Option<Windows>>,
    plan: Plan,
}

struct Harvest {
    messages: Vec<Message>,
    settled_time_ns: i64,
    fates: Fates,
    lost: Lost,
    missed: u64,
    buckets: usize,
    problem: String,
}

/// A share that leaves pauses of a length that can be reckoned with.
fn least(share: f64) -> f64 {
    share.clamp(0.0001, 1.0)
}

fn added(now: Fates, before: Fates) -> Fates {
    Fates {
        runs: now.runs.saturating_sub(before.runs),
        begun: now.begun.saturating_sub(before.begun),
        settled: now.settled.saturating_sub(before.settled),
        told: now.told.saturating_sub(before.told),
        slot_taken: now.slot_taken.saturating_sub(before.slot_taken),
        expired: now.expired.saturating_sub(before.expired),
        changed: now.changed.saturating_sub(before.changed),
        ring_full: now.ring_full.saturating_sub(before.ring_full),
    }
}

impl TransitProbe {
    fn harvest(&self, watch: &HostWatch, last: bool) -> Result<Harvest, String> {
        if last {
            // No window is open any more, so all samples are told or void.
            *locked(&self.windows) = None;
        }
        let mut told = locked(&self.told);
        let mut work = locked(&self.work);
        work.look();
        work.take_time();
        let end_ns = realtime_ns();
        let now = work.probe.fates().map_err(|failure| failure.to_string())?;
        let missed = work
            .probe
            .runs()
            .map_err(|failure| failure.to_string())?
            .missed;
        let fates = added(now, told.fates);
        let interval = Interval {
            // A clock that was set back makes an interval of no length, not one that ends before it begins.
            start_ns: told.since_ns.min(end_ns),
            end_ns,
        };
        let length_ns = (end_ns - interval.start_ns) as f64;
        let sampled_ns = std::mem::take(&mut work.sampled_ns);
        let rate = if sampled_ns > 0.0 {
            length_ns / sampled_ns
        } else {
            0.0
        };
        let mut lost = Lost {
            expired: fates.expired + work.void.saturating_sub(told.void),
            changed: fates.changed,
            unplaced: fates.slot_taken + fates.ring_full,
        };
        let buckets = work.tally.buckets();
        let rows = watch.with_table(|table| {
            work.tally.rows(
                interval,
                rate,
                lost,
                |(cookie, ifindex), time_ns| table.vif_at(cookie, ifindex, time_ns).unwrap_or(0),
                last,
            )
        });
        lost.unplaced = rows.unplaced_packets.first().copied().unwrap_or(0);
        let batch = rows.into_batch().map_err(|error| error.to_string())?;
        let messages = encode(&batch, &HashMap::new()).map_err(|error| error.to_string())?;
        let harvest = Harvest {
            messages,
            settled_time_ns: work.tally.oldest_ns().unwrap_or(i64::MAX).min(end_ns),
            fates,
            lost,
            missed: missed.saturating_sub(told.missed),
            buckets,
            problem: work
                .failure
                .take()
                .map_or_else(String::new, |failure| failure.to_string()),
        };
        *told = Told {
            since_ns: end_ns,
            fates: now,
            void: work.void,
            missed,
        };
        Ok(harvest)
    }
}

#[pymethods]
impl TransitProbe {
    #[new]
    #[pyo3(signature = (*, ring_bytes, most_buckets, one_of, window_ns, longest_ns, share))]
    fn new(
        py: Python<'_>,
        ring_bytes: u32,
        most_buckets: usize,
        one_of: u32,
        window_ns: u64,
        longest_ns: u64,
        share: f64,
    ) -> PyResult<Self> {
        let probe = py
            .detach(|| {
                let opened = Probe::open(Options {
                    ring_bytes,
                    longest_ns,
                });
                give_back_freed();
                opened
            })
            .map_err(os_error)?;
        Ok(Self {
            work: Arc::new(Mutex::new(Work::new(
                probe,
                Tally::new(most_buckets),
                one_of,
                least(share),
            ))),
            told: Mutex::new(Told {
                since_ns: realtime_ns(),
                fates: Fates::default(),
                void: 0,
                missed: 0,
            }),
            windows: Mutex::new(None),
            plan: Plan {
                window: Duration::from_nanos(window_ns),
                longest: Duration::from_nanos(longest_ns),
            },
        })
    }

    fn attach(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| {
            let mut windows = locked(&self.windows);
            if windows.is_none() {
                locked(&self.told).since_ns = realtime_ns();
                *windows = Some(Windows::start(&self.work, self.plan)?);
            }
            Ok(())
        })
        .map_err(os_error)
    }

    #[pyo3(signature = (watch, *, last=false))]
    fn drain(&self, py: Python<'_>, watch: &HostWatch, last: bool) -> PyResult<TransitHarvest> {
        let harvest = py
            .detach(|| self.harvest(watch, last))
            .map_err(PyRuntimeError::new_err)?;
        Ok(TransitHarvest {
            messages: encoded(py, harvest.messages),
            settled_time_ns: harvest.settled_time_ns,
            begun: harvest.fates.begun,
            told: harvest.fates.told,
            expired: harvest.lost.expired,
            changed: harvest.lost.changed,
            unplaced: harvest.lost.unplaced,
            missed: harvest.missed,
            runs: harvest.fates.runs,
            buckets: harvest.buckets,
            problem: harvest.problem,
        })
    }

    /// Whether samples found no room in the agent since the last drain.
    fn is_full(&self, py: Python<'_>) -> bool {
        py.detach(|| locked(&self.work).tally.is_full())
    }

    /// One of so many packets is sampled while the programs are in the kernel, from now on.
    fn set_rate(&self, py: Python<'_>, one_of: u32) {
        py.detach(|| locked(&self.work).set_rate(one_of));
    }

    /// The programs are in the kernel for this share of the time, from the next window on.
    fn set_share(&self, py: Python<'_>, share: f64) {
        py.detach(|| locked(&self.work).share = least(share));
    }

    /// Memory of the kernel that the maps hold.
    fn memory_bytes(&self, py: Python<'_>) -> u64 {
        py.detach(|| locked(&self.work).probe.memory_bytes())
    }

    /// Runs and ns of the programs while the kernel's statistics were on.
    fn runs(&self, py: Python<'_>) -> PyResult<(u64, u64)> {
        let runs = py
            .detach(|| locked(&self.work).probe.runs())
            .map_err(os_error)?;
        Ok((runs.count, runs.ns))
    }
}

impl Drop for TransitProbe {
    fn drop(&mut self) {
        *locked(&self.windows) = None;
    }
}
