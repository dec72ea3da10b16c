//! `DecodeFiles`: the Python face of a session.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema};
use arrow_array::{Array, RecordBatch, StructArray};
use arrow_schema::ArrowError;
use columns::text::{self, Printer};
use exports::Settings;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyCapsule};

use crate::export_listener::{known_of, KnownExporter};

use super::kind::Kind;
use super::session::{Next, Plan, Session};
use super::writer::widened;
use super::writer_face::wanted;

/// Capture files as an iterator of batches.
///
/// Not for several threads at once: a second caller waits for the first.
#[pyclass(frozen, module = "collectors._native")]
pub struct DecodeFiles(Mutex<Session>);

/// What a stream of captures had, and what became of it.
#[pyclass(frozen, get_all, module = "collectors._native")]
pub struct DecodeCounts {
    bytes: u64,
    packets: u64,
    datagrams: u64,
    cut_datagrams: u64,
    other_packets: u64,
    other_port_datagrams: u64,
    unknown_link_packets: u64,
    broken_packets: u64,
    fragments: u64,
    lost_fragments: u64,
    exporters: u64,
    decoded_datagrams: u64,
    undecodable_datagrams: u64,
    template_missing_datagrams: u64,
    missed: u64,
    flows: u64,
    unknown_rate_flows: u64,
}

/// One batch; speaks the Arrow PyCapsule interface.
#[pyclass(frozen, module = "collectors._native")]
pub struct DecodedBatch {
    pub batch: RecordBatch,
    pub kind: Kind,
}

pub fn flaw(error: ArrowError) -> PyErr {
    PyRuntimeError::new_err(format!("rows do not fit their schema: {error}"))
}

impl DecodeFiles {
    fn session(&self) -> MutexGuard<'_, Session> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl DecodeFiles {
    // Keyword-only in Python, so each has its name at the call.
    #[allow(clippy::too_many_arguments)]
    #[new]
    #[pyo3(signature = (
        files, *, records="flows", ports=Vec::new(), rows=16_384, site=String::new(), known=Vec::new(),
        park_bytes=32 << 20, park_time_ns=60_000_000_000, max_exporters=4_096, max_templates=1_024, raw_elements=false
    ))]
    fn new(
        files: Vec<PathBuf>,
        records: &str,
        ports: Vec<u16>,
        rows: usize,
        site: String,
        known: Vec<KnownExporter>,
        park_bytes: usize,
        park_time_ns: i64,
        max_exporters: usize,
        max_templates: usize,
        raw_elements: bool,
    ) -> PyResult<Self> {
        let kind = Kind::of(records)
            .ok_or_else(|| PyValueError::new_err(format!("records: {records:?} is not known")))?;
        let plan = Plan {
            files,
            kind,
            ports: ports.into_iter().collect(),
            rows: rows.max(1),
            decoder: Settings {
                listeners: vec!["decode".to_owned()],
                site,
                known: known.into_iter().map(known_of).collect::<PyResult<_>>()?,
                park_bytes,
                park_time_ns,
                max_exporters,
                max_templates,
                raw_elements,
                ..Settings::default()
            },
        };
        Ok(Self(Mutex::new(Session::new(plan))))
    }

    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<DecodedBatch>> {
        loop {
            match py.detach(|| self.session().next()).map_err(flaw)? {
                Next::Batch(batch) => {
                    let kind = self.session().kind();
                    return Ok(Some(DecodedBatch { batch, kind }));
                }
                Next::Pause => py.check_signals()?,
                Next::End => return Ok(None),
            }
        }
    }

    fn finish(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.session().end()).map_err(flaw)
    }

    fn failures(&self) -> Vec<(String, String)> {
        self.session().take_failures()
    }

    fn progress(&self) -> (u64, Option<u64>) {
        let session = self.session();
        (session.counts().bytes, session.size())
    }

    fn counts(&self) -> DecodeCounts {
        let session = self.session();
        let (counts, totals) = (session.counts(), session.totals());
        DecodeCounts {
            bytes: counts.bytes,
            packets: counts.packets,
            datagrams: session.datagrams(),
            cut_datagrams: counts.cut_datagrams,
            other_packets: counts.other_packets,
            other_port_datagrams: session.other_port_datagrams(),
            unknown_link_packets: counts.unknown_link_packets,
            broken_packets: counts.broken_packets,
            fragments: counts.fragments,
            lost_fragments: counts.lost_fragments,
            exporters: totals.exporters,
            decoded_datagrams: totals.decoded_datagrams,
            undecodable_datagrams: totals.undecodable_datagrams,
            template_missing_datagrams: totals.template_missing_datagrams,
            missed: totals.missed,
            flows: totals.flows,
            unknown_rate_flows: totals.unknown_rate_flows,
        }
    }
}

#[pymethods]
impl DecodedBatch {
    fn __len__(&self) -> usize {
        self.batch.num_rows()
    }

    fn jsonl<'py>(
        &self,
        py: Python<'py>,
        columns: Vec<(String, String)>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let printer = Printer::new(text::Form::Json, wanted(columns)?);
        let text = py
            .detach(|| {
                let mut text = Vec::new();
                printer.rows(&self.batch, &mut text).map(|()| text)
            })
            .map_err(flaw)?;
        Ok(PyBytes::new(py, &text))
    }

    fn slice(&self, first: usize, rows: usize) -> DecodedBatch {
        let first = first.min(self.batch.num_rows());
        let rows = rows.min(self.batch.num_rows() - first);
        DecodedBatch {
            batch: self.batch.slice(first, rows),
            kind: self.kind,
        }
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        let schema = FFI_ArrowSchema::try_from(self.kind.schema().as_ref()).map_err(flaw)?;
        PyCapsule::new_with_value(py, schema, c"arrow_schema")
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_array__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<(Bound<'py, PyCapsule>, Bound<'py, PyCapsule>)> {
        // Another schema may be given as it is: the interface leaves a conversion to the one who asks.
        let _ = requested_schema;
        let batch = widened(&self.batch, &self.kind.schema()).map_err(flaw)?;
        let array = FFI_ArrowArray::new(&StructArray::from(batch).into_data());
        Ok((
            self.__arrow_c_schema__(py)?,
            PyCapsule::new_with_value(py, array, c"arrow_array")?,
        ))
    }
}
