//! Waiting on several descriptors at once.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::Duration;

use crate::failure::{Failure, Result};

/// Waits until one of `descriptors` can be read or `timeout` is over; says which. A signal ends the wait early with none.
///
/// A regular file can always be read, so for one only POLLPRI counts: that is how `/proc/self/mountinfo` tells of a change.
///
/// # Errors
/// The kernel refuses to poll.
pub fn readable(descriptors: &[BorrowedFd<'_>], timeout: Duration) -> Result<Vec<bool>> {
    let mut polled: Vec<libc::pollfd> = descriptors
        .iter()
        .map(|descriptor| libc::pollfd {
            fd: descriptor.as_raw_fd(),
            events: if is_regular(*descriptor) {
                libc::POLLPRI
            } else {
                libc::POLLIN
            },
            revents: 0,
        })
        .collect();
    // Rounded up: a wait for 100 µs must not become a busy loop.
    let milliseconds = timeout
        .as_nanos()
        .div_ceil(1_000_000)
        .try_into()
        .unwrap_or(i32::MAX);
    // SAFETY: `polled` lives through the call and the count is its length; the borrowed descriptors are open by their type.
    let count = unsafe {
        libc::poll(
            polled.as_mut_ptr(),
            polled.len() as libc::nfds_t,
            milliseconds,
        )
    };
    if count < 0 {
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(Failure::from_io(&error, "poll"));
        }
        return Ok(vec![false; descriptors.len()]);
    }
    Ok(polled.iter().map(|one| one.revents != 0).collect())
}

fn is_regular(descriptor: BorrowedFd<'_>) -> bool {
    // SAFETY: all-zero is a valid value of this plain struct.
    let mut status: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: the descriptor is open by its type, and `status` lives through the call.
    let code = unsafe { libc::fstat(descriptor.as_raw_fd(), &mut status) };
    code == 0 && status.st_mode & libc::S_IFMT == libc::S_IFREG
}
