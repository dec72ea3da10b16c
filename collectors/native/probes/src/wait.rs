//! Waiting on several descriptors at once.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use crate::failure::Result;

/// Waits until one of `descriptors` can be read or `timeout` is over; says which. A signal ends the wait early with none.
///
/// # Errors
/// The kernel refuses to poll.
pub fn readable(_descriptors: &[BorrowedFd<'_>], _timeout: Duration) -> Result<Vec<bool>> {
    todo!()
}
