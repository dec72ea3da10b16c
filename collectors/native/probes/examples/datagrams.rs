//! Sends small datagrams as fast as it can: `datagrams ADDRESS:PORT SECONDS`; prints how many of 64 bytes a second were taken.

use std::error::Error;
use std::mem::zeroed;
use std::net::UdpSocket;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

const BURST: usize = 64;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [address, seconds] = &words[..] else {
        return Err("datagrams ADDRESS:PORT SECONDS".into());
    };
    let length = Duration::from_secs_f64(seconds.parse()?);
    let socket = UdpSocket::bind("0.0.0.0:0")?;
    socket.connect(address)?;
    let payload = [0_u8; 64];
    let mut part = libc::iovec {
        iov_base: payload.as_ptr().cast_mut().cast(),
        iov_len: payload.len(),
    };
    // SAFETY: all-zero is a valid value of this plain struct.
    let mut messages: [libc::mmsghdr; BURST] = unsafe { zeroed() };
    for message in &mut messages {
        message.msg_hdr.msg_iov = &mut part;
        message.msg_hdr.msg_iovlen = 1;
    }
    let begun = Instant::now();
    let mut sent = 0_u64;
    while begun.elapsed() < length {
        // SAFETY: messages, their part and the payload live through the call, and the lengths are their own. A refused burst counts for
        // nothing.
        let count =
            unsafe { libc::sendmmsg(socket.as_raw_fd(), messages.as_mut_ptr(), BURST as u32, 0) };
        sent += u64::try_from(count).unwrap_or(0);
    }
    println!("{:.0}", sent as f64 / begun.elapsed().as_secs_f64());
    Ok(())
}
