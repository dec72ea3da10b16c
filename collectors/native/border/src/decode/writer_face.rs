//! `DecodeWriter`: the Python face of a writer.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use columns::text::{self, Printer, Shown, Wanted};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use super::face::{flaw, DecodedBatch};
use super::kind::Kind;
use super::writer::{Form, Writer};

/// Batches to a file or standard output.
#[pyclass(frozen, module = "collectors._native")]
pub struct DecodeWriter(Mutex<Writer>);

/// Columns by name and by how they are shown: `id`, `mac`, or empty.
pub fn wanted(columns: Vec<(String, String)>) -> PyResult<Vec<Wanted>> {
    columns
        .into_iter()
        .map(|(name, shown)| {
            let shown = match &*shown {
                "" => Shown::AsNumber,
                "id" => Shown::AsId,
                "mac" => Shown::AsMac,
                _ => {
                    let text = format!("{name}: cannot be shown as {shown:?}");
                    return Err(PyValueError::new_err(text));
                }
            };
            Ok(Wanted { name, shown })
        })
        .collect()
}

impl DecodeWriter {
    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Write what is encoded; a signal is looked after in between.
    fn push(&self, py: Python<'_>) -> PyResult<()> {
        while !py.detach(|| self.writer().push())? {
            py.check_signals()?;
        }
        Ok(())
    }
}

#[pymethods]
impl DecodeWriter {
    #[new]
    #[pyo3(signature = (form, *, records, columns, path=None))]
    fn new(
        form: &str,
        records: &str,
        columns: Vec<(String, String)>,
        path: Option<PathBuf>,
    ) -> PyResult<Self> {
        let kind = Kind::of(records)
            .ok_or_else(|| PyValueError::new_err(format!("records: {records:?} is not known")))?;
        let wanted = wanted(columns)?;
        let form = match form {
            "jsonl" => Form::Text(Printer::new(text::Form::Json, wanted)),
            "csv" => Form::Text(Printer::new(text::Form::Csv, wanted)),
            "arrow" => {
                let names: Vec<String> = wanted.into_iter().map(|column| column.name).collect();
                Writer::arrow(kind.projected(&names).map_err(flaw)?).map_err(flaw)?
            }
            _ => {
                return Err(PyValueError::new_err(format!(
                    "form: {form:?} is not known"
                )))
            }
        };
        Ok(Self(Mutex::new(Writer::open(form, path.as_deref())?)))
    }

    fn write(&self, py: Python<'_>, batch: &DecodedBatch) -> PyResult<()> {
        let mut row = 0;
        while row < batch.batch.num_rows() {
            row += py
                .detach(|| self.writer().encode(&batch.batch, row))
                .map_err(flaw)?;
            self.push(py)?;
        }
        Ok(())
    }

    fn finish(&self, py: Python<'_>) -> PyResult<()> {
        self.writer().end().map_err(flaw)?;
        self.push(py)
    }
}
