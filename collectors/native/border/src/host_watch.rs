//! `HostWatch`: the Python face of a watch.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use columns::message::Message;
use probes::{capability, Failure};
use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use wire::identity::Boot;

use crate::flow_probe::FlowProbe;
use crate::watch::{Counts, Watch};

/// Payload, rows, first and last event time.
pub(crate) type Encoded = (Py<PyBytes>, usize, i64, i64);

/// This host's interfaces under watch: asks the kernel, keeps the table of VIFs, gives rows as encoded batches.
///
/// Not for several threads at once: a second caller waits for the first.
#[pyclass(frozen, module = "collectors._native")]
pub struct HostWatch(Mutex<Watch>);

/// What a watch counted since it was made.
#[pyclass(frozen, get_all, module = "collectors._native")]
pub struct WatchCounts {
    vifs: usize,
    namespaces: usize,
    events: u64,
    overflows: u64,
    malformed: u64,
    corrections: u64,
    scans: u64,
    unread_namespaces: u64,
}

impl HostWatch {
    fn watch(&self) -> MutexGuard<'_, Watch> {
        // A panic under the lock leaves a table that is still whole: each step ends before the next begins.
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Ask the table of VIFs; it does not change meanwhile.
    pub(crate) fn with_table<T>(&self, ask: impl FnOnce(&vifs::Table) -> T) -> T {
        ask(&self.watch().table)
    }

    /// Ask something of namespaces, by their cookies.
    pub(crate) fn with_places<T>(
        &self,
        ask: impl FnOnce(&probes::Home, &std::collections::HashMap<u64, probes::NamespacePlace>) -> T,
    ) -> T {
        let watch = self.watch();
        ask(&watch.home, &watch.places)
    }

    /// Interfaces of the agent's own namespace.
    pub(crate) fn home(&self) -> Vec<vifs::HomeInterface> {
        self.watch().table.home()
    }
}

#[pymethods]
impl HostWatch {
    // Keyword-only in Python, so each has its name at the call.
    #[allow(clippy::too_many_arguments)]
    #[new]
    #[pyo3(signature = (*, host, machine_id, boot_id, interval_ns, namespace_dirs, all_namespaces, uplinks=Vec::new()))]
    fn new(
        py: Python<'_>,
        host: String,
        machine_id: &[u8],
        boot_id: &[u8],
        interval_ns: u64,
        namespace_dirs: Vec<PathBuf>,
        all_namespaces: bool,
        uplinks: Vec<String>,
    ) -> PyResult<Self> {
        let sixteen = |bytes: &[u8], name: &str| {
            <[u8; 16]>::try_from(bytes)
                .map_err(|_| PyValueError::new_err(format!("{name}: expected 16 bytes")))
        };
        let boot = Boot {
            machine_id: sixteen(machine_id, "machine_id")?,
            boot_id: sixteen(boot_id, "boot_id")?,
        };
        py.detach(|| {
            Watch::open(
                host,
                boot,
                interval_ns,
                namespace_dirs,
                all_namespaces,
                uplinks,
            )
        })
        .map(|watch| Self(Mutex::new(watch)))
        .map_err(os_error)
    }

    #[pyo3(signature = (inventory, counters, *, is_newest=true))]
    fn restore(
        &self,
        py: Python<'_>,
        inventory: Vec<Vec<u8>>,
        counters: Vec<Vec<u8>>,
        is_newest: bool,
    ) -> PyResult<(usize, usize)> {
        py.detach(|| self.watch().restore(&inventory, &counters, is_newest))
            .map_err(PyValueError::new_err)
    }

    fn poll(&self, py: Python<'_>, timeout_ns: u64) -> PyResult<bool> {
        py.detach(|| self.watch().poll(Duration::from_nanos(timeout_ns)))
            .map_err(os_error)
    }

    fn resync(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.watch().resync()).map_err(os_error)
    }

    #[pyo3(signature = (flows=None))]
    fn sweep(
        &self,
        py: Python<'_>,
        flows: Option<&Bound<'_, FlowProbe>>,
    ) -> PyResult<(Vec<Encoded>, i64, usize)> {
        let flows = flows.map(Bound::get);
        let handover = py
            .detach(|| {
                let mut watch = self.watch();
                let handover = watch.sweep(|time_ns| {
                    if let Some(flows) = flows {
                        flows.cut(time_ns);
                    }
                })?;
                if let Some(flows) = flows {
                    flows.set_readings(watch.table.home_readings());
                }
                Ok::<_, String>(handover)
            })
            .map_err(PyRuntimeError::new_err)?;
        Ok((
            encoded(py, handover.messages),
            handover.watermark_ns,
            handover.unread,
        ))
    }

    fn inventory(&self, py: Python<'_>, now_ns: i64, whole: bool) -> PyResult<Vec<Encoded>> {
        py.detach(|| self.watch().inventory(now_ns, whole))
            .map(|messages| encoded(py, messages))
            .map_err(PyRuntimeError::new_err)
    }

    fn events(&self, py: Python<'_>) -> PyResult<Vec<Encoded>> {
        py.detach(|| self.watch().events())
            .map(|messages| encoded(py, messages))
            .map_err(PyRuntimeError::new_err)
    }

    fn last_readings(&self, py: Python<'_>) -> PyResult<Vec<Encoded>> {
        py.detach(|| self.watch().last_readings())
            .map(|messages| encoded(py, messages))
            .map_err(PyRuntimeError::new_err)
    }

    fn commit(&self) {
        self.watch().table.commit();
    }

    fn discard(&self) {
        self.watch().table.discard();
    }

    fn settled_time_ns(&self) -> i64 {
        self.watch().settled_ns
    }

    fn problems(&self) -> Vec<(String, String)> {
        std::mem::take(&mut self.watch().problems)
            .into_iter()
            .map(|problem| (problem.subject, problem.detail))
            .collect()
    }

    fn corrected(&self) -> Vec<String> {
        std::mem::take(&mut self.watch().samples)
    }

    fn sees_all_namespaces(&self) -> bool {
        let watch = self.watch();
        watch.all_namespaces && watch.monitor.hears_all_namespaces()
    }

    fn local_interfaces(&self) -> Vec<(u32, String, u64)> {
        self.watch().table.home_interfaces()
    }

    fn counts(&self) -> WatchCounts {
        let watch = self.watch();
        let Counts {
            events,
            overflows,
            malformed,
            corrections,
            scans,
            unread_namespaces,
        } = watch.counts;
        WatchCounts {
            vifs: watch.table.len(),
            namespaces: watch.table.namespace_count(),
            events,
            overflows,
            malformed,
            corrections,
            scans,
            unread_namespaces,
        }
    }
}

/// Name and consequence of each capability that is missing for a full view.
#[pyfunction]
pub fn missing_capabilities() -> PyResult<Vec<(String, String)>> {
    let capabilities = capability::Capabilities::read().map_err(os_error)?;
    Ok(capabilities
        .missing()
        .into_iter()
        .map(|missing| (missing.name().to_owned(), missing.without().to_owned()))
        .collect())
}

/// `/etc/machine-id` or D-Bus's copy; None where there is neither.
#[pyfunction]
pub fn machine_id(py: Python<'_>) -> Option<Py<PyBytes>> {
    let id = probes::host::machine_id().ok()?;
    Some(PyBytes::new(py, &id).unbind())
}

/// The host's boot.
#[pyfunction]
pub fn boot_id(py: Python<'_>) -> PyResult<Py<PyBytes>> {
    let id = probes::host::boot_id().map_err(os_error)?;
    Ok(PyBytes::new(py, &id).unbind())
}

pub(crate) fn encoded(py: Python<'_>, messages: Vec<Message>) -> Vec<Encoded> {
    messages
        .into_iter()
        .map(|message| {
            (
                PyBytes::new(py, &message.payload).unbind(),
                message.rows,
                message.first_time_ns,
                message.last_time_ns,
            )
        })
        .collect()
}

pub(crate) fn os_error(failure: Failure) -> PyErr {
    PyOSError::new_err((failure.errno, failure.to_string()))
}
