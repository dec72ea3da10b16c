//! What Viflux itself costs: the kernel's statistics of programs, and rows of `hosts`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::os::fd::IntoRawFd;

use columns::generated::hosts;
use columns::message::encode;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use wire::rows::source_kind;

use crate::host_watch::{encoded, os_error, Encoded};

/// One component over one interval; the members are the columns.
#[derive(FromPyObject)]
pub struct CostRow {
    time: i64,
    duration_ns: u64,
    component: String,
    cpu_ns: Option<u64>,
    cost_reason: String,
    runs_count: Option<u64>,
    run_ns: Option<f64>,
    resident_bytes: u64,
    resident_private_bytes: u64,
    map_memory_bytes: u64,
    map_entries_count: u64,
    map_capacity_count: u64,
    overflowed_packets: u64,
    uncounted_packets: u64,
    counted_ns: u64,
    budget_cores: f64,
    cost_cores: Option<f64>,
    shed: String,
    shed_level: u8,
    flow_sampling_rate: u32,
    critical_flow_sampling_rate: u32,
}

fn push(rows: &mut hosts::Rows, row: CostRow) {
    rows.time.push(row.time);
    rows.duration_ns.push(row.duration_ns);
    rows.source_kind.push(Cow::Borrowed(
        source_kind::NAMES[usize::from(source_kind::AGENT)],
    ));
    rows.component.push(Cow::Owned(row.component));
    rows.cpu_ns.push(row.cpu_ns);
    rows.cost_reason.push(Cow::Owned(row.cost_reason));
    rows.runs_count.push(row.runs_count);
    rows.run_ns.push(row.run_ns);
    rows.resident_bytes.push(row.resident_bytes);
    rows.resident_private_bytes.push(row.resident_private_bytes);
    rows.map_memory_bytes.push(row.map_memory_bytes);
    rows.map_entries_count.push(row.map_entries_count);
    rows.map_capacity_count.push(row.map_capacity_count);
    rows.overflowed_packets.push(row.overflowed_packets);
    rows.uncounted_packets.push(row.uncounted_packets);
    rows.counted_ns.push(row.counted_ns);
    rows.budget_cores.push(row.budget_cores);
    rows.cost_cores.push(row.cost_cores);
    rows.shed.push(Cow::Owned(row.shed));
    rows.shed_level.push(row.shed_level);
    rows.flow_sampling_rate.push(row.flow_sampling_rate);
    rows.critical_flow_sampling_rate
        .push(row.critical_flow_sampling_rate);
    rows.fill();
}

/// Encode rows of `hosts`, one a component.
#[pyfunction]
pub fn encode_cost(py: Python<'_>, rows: Vec<CostRow>) -> PyResult<Vec<Encoded>> {
    let messages = py.detach(|| {
        let mut columns = hosts::Rows::default();
        for row in rows {
            push(&mut columns, row);
        }
        encode(&columns.into_batch()?, &HashMap::new())
    });
    messages
        .map(|messages| encoded(py, messages))
        .map_err(|error| PyValueError::new_err(error.to_string()))
}

/// Have the kernel take the time of all programs' runs until the returned descriptor is closed.
#[pyfunction]
pub fn take_run_times(py: Python<'_>) -> PyResult<i32> {
    py.detach(probes::bpf::take_run_times)
        .map(IntoRawFd::into_raw_fd)
        .map_err(os_error)
}
