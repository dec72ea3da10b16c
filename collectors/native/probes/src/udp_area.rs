//! Memory that many datagrams are received into by one call.

use std::io;
use std::mem::{size_of, MaybeUninit};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;

use crate::failure::{Failure, Result};

/// The largest payload of a UDP datagram (without jumbograms): a slot of this size cuts none.
pub const LARGEST_DATAGRAM: usize = 65_535;

/// Slots are this much further apart than they are long. With a power of two between them all would compete for the same few
/// lines of the processor's caches.
const APART: usize = 33 * 64;

/// Room for a control message with the time; u64s give it the alignment that cmsghdr needs.
const CONTROL: usize = 8;

/// One received datagram.
#[derive(Debug, Clone, Copy)]
pub struct Received<'a> {
    /// Sender's address, IPv4 mapped into IPv6.
    pub address: [u8; 16],
    /// Sender's port.
    pub port: u16,
    /// When the kernel received it, ns since the epoch; 0 where it did not say.
    pub time_ns: i64,
    /// The payload, cut to the slot's size where it was longer.
    pub bytes: &'a [u8],
    /// It was longer than the slot.
    pub is_cut: bool,
}

/// Slots for datagrams, used again and again so that they stay in the processor's caches. Memory that no datagram reached is
/// never touched.
pub struct Area {
    bytes: Box<[MaybeUninit<u8>]>,
    slot: usize,
    names: Box<[libc::sockaddr_in6]>,
    controls: Box<[[u64; CONTROL]]>,
    vectors: Box<[libc::iovec]>,
    headers: Box<[libc::mmsghdr]>,
    filled: usize,
}

// SAFETY: the raw pointers in `vectors` and `headers` are written anew before each use, and point into this struct's own boxes.
unsafe impl Send for Area {}

impl std::fmt::Debug for Area {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Area")
            .field("slots", &self.headers.len())
            .field("slot_bytes", &self.slot)
            .finish_non_exhaustive()
    }
}

impl Area {
    /// An area of `slots` datagrams of at most `slot` bytes.
    pub fn new(slots: usize, slot: usize) -> Self {
        let apart = slot + APART;
        // SAFETY: all-zero is a valid value of these plain structs.
        let (name, vector, header): (libc::sockaddr_in6, libc::iovec, libc::mmsghdr) =
            unsafe { std::mem::zeroed() };
        Self {
            bytes: Box::new_uninit_slice(slots * apart),
            slot,
            names: vec![name; slots].into_boxed_slice(),
            controls: vec![[0; CONTROL]; slots].into_boxed_slice(),
            vectors: vec![vector; slots].into_boxed_slice(),
            headers: vec![header; slots].into_boxed_slice(),
            filled: 0,
        }
    }

    /// How many datagrams one call can take.
    pub fn slots(&self) -> usize {
        self.headers.len()
    }

    /// Takes what waits in a socket, as far as the slots go; never waits. Returns how many datagrams came.
    ///
    /// # Errors
    /// The kernel refuses to receive; EINTR and an empty queue are no errors.
    pub fn receive(&mut self, socket: BorrowedFd<'_>) -> Result<usize> {
        let apart = self.slot + APART;
        for (index, header) in self.headers.iter_mut().enumerate() {
            let vector = &mut self.vectors[index];
            vector.iov_base = self.bytes[index * apart..].as_mut_ptr().cast();
            vector.iov_len = self.slot;
            let header = &mut header.msg_hdr;
            header.msg_name = ptr::from_mut(&mut self.names[index]).cast();
            header.msg_namelen = size_of::<libc::sockaddr_in6>() as libc::socklen_t;
            header.msg_iov = vector;
            header.msg_iovlen = 1;
            header.msg_control = self.controls[index].as_mut_ptr().cast();
            header.msg_controllen = size_of::<[u64; CONTROL]>();
        }
        self.filled = 0;
        loop {
            // SAFETY: each header points at a name, a vector, a slot and a control buffer inside this struct, with their true
            // lengths; all of them live through the call, and `&mut self` keeps others away.
            let count = unsafe {
                libc::recvmmsg(
                    socket.as_raw_fd(),
                    self.headers.as_mut_ptr(),
                    self.headers.len() as libc::c_uint,
                    libc::MSG_DONTWAIT,
                    ptr::null_mut(),
                )
            };
            if let Ok(count) = usize::try_from(count) {
                self.filled = count;
                return Ok(count);
            }
            let error = io::Error::last_os_error();
            match error.kind() {
                io::ErrorKind::Interrupted => {}
                io::ErrorKind::WouldBlock => return Ok(0),
                _ => return Err(Failure::from_io(&error, "recvmmsg")),
            }
        }
    }

    /// What the last call received, in order.
    pub fn received(&self) -> impl Iterator<Item = Received<'_>> {
        (0..self.filled).map(|index| {
            let header = &self.headers[index];
            let length = (header.msg_len as usize).min(self.slot);
            let start = index * (self.slot + APART);
            let slot = &self.bytes[start..start + length];
            // SAFETY: the kernel wrote `msg_len` bytes into this slot, and `length` is not more than that.
            let bytes = unsafe { std::slice::from_raw_parts(slot.as_ptr().cast::<u8>(), length) };
            let (address, port) = sender(&self.names[index]);
            Received {
                address,
                port,
                time_ns: time(&self.controls[index], header.msg_hdr.msg_controllen),
                bytes,
                is_cut: header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0,
            }
        })
    }
}

fn sender(name: &libc::sockaddr_in6) -> ([u8; 16], u16) {
    let port = u16::from_be(name.sin6_port);
    if i32::from(name.sin6_family) == libc::AF_INET {
        let mut address = [0; 16];
        address[10] = 0xff;
        address[11] = 0xff;
        // `sockaddr_in` has its address where `sockaddr_in6` has the flow information.
        address[12..].copy_from_slice(&name.sin6_flowinfo.to_ne_bytes());
        return (address, port);
    }
    (name.sin6_addr.s6_addr, port)
}

/// The time in a control buffer: the only control message that was asked for is the first one.
fn time(control: &[u64; CONTROL], length: usize) -> i64 {
    const HEADER: usize = size_of::<libc::cmsghdr>();
    if length < HEADER + size_of::<libc::timespec>() {
        return 0;
    }
    // SAFETY: the buffer is aligned for cmsghdr, and longer than a header with a timespec; any bytes are valid values of both.
    let (header, instant) = unsafe {
        let start = control.as_ptr().cast::<u8>();
        (
            start.cast::<libc::cmsghdr>().read(),
            start.add(HEADER).cast::<libc::timespec>().read_unaligned(),
        )
    };
    if header.cmsg_level != libc::SOL_SOCKET || header.cmsg_type != libc::SCM_TIMESTAMPNS {
        return 0;
    }
    instant
        .tv_sec
        .saturating_mul(1_000_000_000)
        .saturating_add(instant.tv_nsec)
}
