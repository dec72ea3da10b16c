//! Registration of the Python module `collectors._native`; nothing else lives here.

use pyo3::prelude::*;

/// The native core of the collectors.
#[pymodule]
mod _native {}
