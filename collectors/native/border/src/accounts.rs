//! The agent's own few rows, `events` and `ledger`, from columns of Python to encoded batches.

use std::borrow::Cow;
use std::collections::HashMap;

use columns::generated::{events, ledger};
use columns::message::encode;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::host_watch::{encoded, Encoded};

fn labels(texts: Vec<String>) -> Vec<Cow<'static, str>> {
    texts.into_iter().map(Cow::Owned).collect()
}

/// Encode rows of `events`; all lists have the same length.
#[pyfunction]
#[pyo3(signature = (*, time, event, subject, detail, event_count))]
pub fn encode_events(
    py: Python<'_>,
    time: Vec<i64>,
    event: Vec<String>,
    subject: Vec<String>,
    detail: Vec<String>,
    event_count: Vec<u64>,
) -> PyResult<Vec<Encoded>> {
    let rows = events::Rows {
        vif_id: vec![0; time.len()],
        time,
        event: labels(event),
        subject,
        detail,
        event_count,
    };
    let messages = py.detach(|| encode(&rows.into_batch()?, &HashMap::new()));
    messages
        .map(|messages| encoded(py, messages))
        .map_err(|error| PyValueError::new_err(error.to_string()))
}

/// Encode rows of `ledger` with the stage `agent`; all lists have the same length.
#[pyfunction]
#[pyo3(signature = (
    *, time, duration_ns, of_stream, rows_count, out_bytes, batches_count, through_sequence, lost_rows_count,
    lost_rows_origin, lost_batches_count, lost_through_sequence, cause, watermark_time, first_event_time,
    last_event_time
))]
#[allow(clippy::too_many_arguments)]
pub fn encode_ledger(
    py: Python<'_>,
    time: Vec<i64>,
    duration_ns: Vec<u64>,
    of_stream: Vec<String>,
    rows_count: Vec<u64>,
    out_bytes: Vec<u64>,
    batches_count: Vec<u64>,
    through_sequence: Vec<u64>,
    lost_rows_count: Vec<u64>,
    lost_rows_origin: Vec<String>,
    lost_batches_count: Vec<u64>,
    lost_through_sequence: Vec<u64>,
    cause: Vec<String>,
    watermark_time: Vec<i64>,
    first_event_time: Vec<i64>,
    last_event_time: Vec<i64>,
) -> PyResult<Vec<Encoded>> {
    let rows = ledger::Rows {
        stage: vec![Cow::Borrowed("agent"); time.len()],
        // The spool that the rows themselves are in.
        of_spool_id: vec![Cow::Borrowed(""); time.len()],
        time,
        duration_ns,
        of_stream: labels(of_stream),
        // What the agent reads it hands over: what it cannot hand over it reads again.
        in_rows_count: rows_count.clone(),
        out_rows_count: rows_count,
        out_bytes,
        batches_count,
        through_sequence,
        lost_rows_count,
        lost_rows_origin: labels(lost_rows_origin),
        lost_batches_count,
        lost_through_sequence,
        cause: labels(cause),
        watermark_time,
        first_event_time,
        last_event_time,
    };
    let messages = py.detach(|| encode(&rows.into_batch()?, &HashMap::new()));
    messages
        .map(|messages| encoded(py, messages))
        .map_err(|error| PyValueError::new_err(error.to_string()))
}
