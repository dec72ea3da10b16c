//! A message's bytes as Python sees them: where they are, without a copy.

use std::ffi::{c_int, c_void};

use columns::message::Message;
use pyo3::exceptions::PyBufferError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyMemoryView;

/// Owns the bytes for as long as a view of them lives.
#[pyclass(frozen, module = "collectors._native")]
struct Payload(Vec<u8>);

#[pymethods]
impl Payload {
    /// # Safety
    ///
    /// Python calls it with a view that is its own to fill.
    unsafe fn __getbuffer__(
        slf: Bound<'_, Self>,
        view: *mut ffi::Py_buffer,
        flags: c_int,
    ) -> PyResult<()> {
        let bytes = &slf.get().0;
        let length = ffi::Py_ssize_t::try_from(bytes.len())
            .map_err(|_| PyBufferError::new_err("a message is too long"))?;
        let start = bytes.as_ptr().cast::<c_void>().cast_mut();
        // SAFETY: the view is Python's; it is read-only, and holds a reference to this object, whose bytes neither change nor move.
        let done = unsafe { ffi::PyBuffer_FillInfo(view, slf.as_ptr(), start, length, 1, flags) };
        if done == 0 {
            Ok(())
        } else {
            Err(PyErr::fetch(slf.py()))
        }
    }
}

/// A read-only view of these bytes.
fn view(py: Python<'_>, bytes: Vec<u8>) -> PyResult<Py<PyMemoryView>> {
    let payload = Bound::new(py, Payload(bytes))?;
    Ok(PyMemoryView::from(payload.as_any())?.unbind())
}

/// Payload, rows, first and last event time.
pub type Viewed = (Py<PyMemoryView>, usize, i64, i64);

/// Messages whose payloads Python reads where they lie.
pub fn views(py: Python<'_>, messages: Vec<Message>) -> PyResult<Vec<Viewed>> {
    let each = |message: Message| {
        let Message {
            payload,
            rows,
            first_time_ns,
            last_time_ns,
        } = message;
        Ok((view(py, payload)?, rows, first_time_ns, last_time_ns))
    };
    messages.into_iter().map(each).collect()
}
