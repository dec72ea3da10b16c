//! Frames through a socket that writes them as they are, for the examples that measure.

use std::error::Error;
use std::ffi::CString;
use std::mem::{size_of, zeroed};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

pub const FRAME: usize = 60;
const BURST: usize = 64;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The number of an interface.
///
/// # Errors
/// There is none of that name.
pub fn ifindex(name: &str) -> Result<u32> {
    let text = CString::new(name)?;
    // SAFETY: `text` is a string that ends with a zero and lives through the call.
    match unsafe { libc::if_nametoindex(text.as_ptr()) } {
        0 => Err(format!("{name}: no such interface").into()),
        index => Ok(index),
    }
}

/// A socket that sends out of an interface.
///
/// # Errors
/// What the kernel says.
pub fn raw_socket(index: u32) -> Result<OwnedFd> {
    // SAFETY: plain numbers; the result is checked, and nobody else owns it.
    let socket = unsafe {
        let code = libc::socket(libc::AF_PACKET, libc::SOCK_RAW, 0);
        if code < 0 {
            return Err(std::io::Error::last_os_error().into());
        }
        OwnedFd::from_raw_fd(code)
    };
    // SAFETY: all-zero is a valid value of this plain struct.
    let mut address: libc::sockaddr_ll = unsafe { zeroed() };
    address.sll_family = libc::AF_PACKET as u16;
    address.sll_ifindex = index as i32;
    // SAFETY: `address` lives through the call, and the length is its own.
    let code = unsafe {
        libc::bind(
            socket.as_raw_fd(),
            std::ptr::from_ref(&address).cast(),
            size_of::<libc::sockaddr_ll>() as u32,
        )
    };
    if code < 0 {
        return Err(std::io::Error::last_os_error().into());
    }
    Ok(socket)
}

/// Sends frames one after the other, each by its place.
///
/// # Errors
/// What the kernel says, besides that it has no room now.
pub fn send(socket: &OwnedFd, frames: &[[u8; FRAME]], sequence: &[u32]) -> Result<()> {
    for burst in sequence.chunks(BURST) {
        let mut parts: Vec<libc::iovec> = burst
            .iter()
            .map(|flow| libc::iovec {
                iov_base: frames[*flow as usize].as_ptr().cast_mut().cast(),
                iov_len: FRAME,
            })
            .collect();
        let mut messages: Vec<libc::mmsghdr> = parts
            .iter_mut()
            .map(|part| {
                // SAFETY: all-zero is a valid value of this plain struct.
                let mut message: libc::mmsghdr = unsafe { zeroed() };
                message.msg_hdr.msg_iov = part;
                message.msg_hdr.msg_iovlen = 1;
                message
            })
            .collect();
        let mut sent = 0;
        while sent < messages.len() {
            // SAFETY: messages, parts and frames live through the call, and the lengths are their own.
            let code = unsafe {
                libc::sendmmsg(
                    socket.as_raw_fd(),
                    messages[sent..].as_mut_ptr(),
                    (messages.len() - sent) as u32,
                    0,
                )
            };
            match usize::try_from(code) {
                Ok(count) => sent += count,
                Err(_) => {
                    let error = std::io::Error::last_os_error();
                    if error.raw_os_error() != Some(libc::ENOBUFS) {
                        return Err(error.into());
                    }
                }
            }
        }
    }
    Ok(())
}

/// Processor time of this thread.
#[allow(dead_code, reason = "each example uses a part")]
pub fn cpu_ns() -> i64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is a live timespec that the kernel fills.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    time.tv_sec * 1_000_000_000 + time.tv_nsec
}
