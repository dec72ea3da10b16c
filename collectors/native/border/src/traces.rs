//! What of ours is in the kernel, and how filters are taken out in every namespace.

use std::path::PathBuf;

use pyo3::prelude::*;

use crate::host_watch::os_error;

/// By namespace: how many filters were removed, or why it could not be looked into.
type Reclaimed = Vec<(String, usize, String)>;

/// What it is, its id, its name, who holds it.
type Found = Vec<(&'static str, u32, String, Vec<u32>)>;

/// Remove what killed runs left at interfaces of all namespaces.
#[pyfunction]
pub fn reclaim_everywhere(py: Python<'_>, namespace_dirs: Vec<PathBuf>) -> PyResult<Reclaimed> {
    let outcomes = py
        .detach(|| probes::traces::reclaim(&namespace_dirs))
        .map_err(os_error)?;
    Ok(outcomes
        .into_iter()
        .map(|(name, outcome)| match outcome {
            Ok(removed) => (name, removed, String::new()),
            Err(failure) => (name, 0, failure.to_string()),
        })
        .collect())
}

/// Find our programs, links and maps.
#[pyfunction]
pub fn find_traces(py: Python<'_>) -> PyResult<Found> {
    let found = py.detach(probes::traces::find).map_err(os_error)?;
    Ok(found
        .into_iter()
        .map(|one| (one.thing.name(), one.id, one.name, one.holders))
        .collect())
}
