//! Flow messages on their way through the processor: looked at, and joined into the body of an insert.

use std::ops::Deref;
use std::sync::{Mutex, PoisonError};

use columns::glance::{Glance, Glancer};
use columns::joined::{join, Part};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::{PyBackedBytes, PyBackedStr};
use pyo3::types::PyBytes;

/// Looks at flow messages.
#[pyclass(frozen, module = "collectors._native")]
#[derive(Default)]
pub struct FlowGlancer(Mutex<Glancer>);

/// What was seen of a message, which it holds.
#[pyclass(frozen, module = "collectors._native")]
pub struct FlowGlance {
    glance: Glance,
    payload: PyBackedBytes,
}

#[pymethods]
impl FlowGlancer {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    /// Look at a message; None where it is not a plain one with known columns, or not sound.
    fn look(&self, py: Python<'_>, payload: PyBackedBytes) -> Option<FlowGlance> {
        let bytes: &[u8] = payload.deref();
        let glance = py.detach(|| self.glancer().look(bytes))?;
        Some(FlowGlance { glance, payload })
    }

    /// Remember the columns of a message that was decoded and found to be sound.
    fn learn(&self, py: Python<'_>, payload: PyBackedBytes) {
        let bytes: &[u8] = payload.deref();
        py.detach(|| self.glancer().learn(bytes));
    }
}

impl FlowGlancer {
    fn glancer(&self) -> std::sync::MutexGuard<'_, Glancer> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl FlowGlance {
    #[getter]
    fn rows(&self) -> usize {
        self.glance.rows
    }

    #[getter]
    fn time(&self) -> (i64, i64) {
        self.glance.time
    }

    #[getter]
    fn received_time(&self) -> (i64, i64) {
        self.glance.received_time
    }

    #[getter]
    fn minutes(&self) -> Vec<i64> {
        self.glance.minutes.clone()
    }

    #[getter]
    fn value_bytes(&self) -> usize {
        self.glance.value_bytes
    }
}

type Told = (
    Py<FlowGlance>,
    PyBackedStr,
    PyBackedStr,
    PyBackedStr,
    PyBackedStr,
    u64,
);

/// One Arrow IPC stream of many messages; None where they have not all the same columns.
#[pyfunction]
pub fn join_flows(py: Python<'_>, parts: Vec<Told>) -> PyResult<Option<Py<PyBytes>>> {
    let parts: Vec<Part<'_>> = parts
        .iter()
        .map(|(seen, host, boot_id, spool_id, stream, sequence)| {
            let seen = seen.get();
            Part {
                glance: &seen.glance,
                payload: &seen.payload,
                host,
                boot_id,
                spool_id,
                stream,
                sequence: *sequence,
            }
        })
        .collect();
    let joined = py
        .detach(|| join(&parts))
        .map_err(|error| PyValueError::new_err(error.to_string()))?;
    Ok(joined.map(|bytes| PyBytes::new(py, &bytes).unbind()))
}
