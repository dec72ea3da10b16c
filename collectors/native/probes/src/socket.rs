//! A netlink socket of the calling thread's namespace, closed when it goes out of scope.

use std::io;
use std::mem::size_of;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr;
use std::time::Duration;

use wire::netlink::{messages, Message, NLMSG_DONE, NLMSG_ERROR, NLM_F_DUMP_INTR};

use crate::failure::{Failure, Kind, Result};
use crate::wait;

/// The kernel fills a dump's datagrams up to 32 KiB when the reader offers that much.
const RECEIVE_BYTES: usize = 64 * 1024;
/// No single message of the kernel comes near this; a longer one is not believed.
const RECEIVE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Tries of a dump that changes disturb, before the last answer is taken as it is.
const TRIES: usize = 4;
/// Answers to a request are made while it is sent, so waiting for one is only a guard against hanging for ever.
const ANSWER: Duration = Duration::from_secs(5);

/// Memory that datagrams are received into; keep it between sockets.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    bytes: Vec<u8>,
}

impl Buffer {
    fn ready(&mut self) -> &mut [u8] {
        if self.bytes.len() < RECEIVE_BYTES {
            self.bytes.resize(RECEIVE_BYTES, 0);
        }
        &mut self.bytes
    }

    /// Makes room for a datagram of `needed` bytes; whether that is allowed.
    fn grow(&mut self, needed: usize) -> bool {
        if needed > RECEIVE_BYTES_MAX {
            return false;
        }
        self.bytes.resize(needed.next_power_of_two(), 0);
        true
    }
}

/// How a dump ended.
enum Ending {
    Complete,
    /// Changes disturbed it (NLM_F_DUMP_INTR): what came may be incomplete or double.
    Interrupted,
    /// A datagram was cut or thrown away: what came is incomplete for certain.
    Cut,
}

/// What a datagram came with.
pub(crate) struct Received {
    /// Bytes of it in the buffer.
    pub length: usize,
    /// Bytes that it had.
    pub sent: usize,
    /// Where it came from, when the socket listens to all namespaces and that was not its own.
    pub nsid: Option<i32>,
}

#[derive(Debug)]
pub(crate) struct Socket {
    descriptor: OwnedFd,
    protocol: i32,
    sequence: u32,
    is_strict: bool,
}

impl Socket {
    /// A socket of the namespace that the calling thread is in now.
    pub(crate) fn open() -> Result<Self> {
        Self::of(libc::NETLINK_ROUTE)
    }

    /// The same, to ask nf_tables by.
    pub(crate) fn netfilter() -> Result<Self> {
        Self::of(libc::NETLINK_NETFILTER)
    }

    fn of(protocol: i32) -> Result<Self> {
        let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC;
        // SAFETY: no pointer is handed over; the result is checked before it is used.
        let descriptor = unsafe { libc::socket(libc::AF_NETLINK, kind, protocol) };
        if descriptor < 0 {
            return Err(Failure::last("netlink socket"));
        }
        // SAFETY: `descriptor` was just made by socket(2), is open, and nobody else owns it.
        let descriptor = unsafe { OwnedFd::from_raw_fd(descriptor) };
        Ok(Self {
            descriptor,
            protocol,
            sequence: 0,
            is_strict: false,
        })
    }

    /// A socket whose dump filters the kernel heeds; without it a dump of another namespace's nsids lists the own.
    pub(crate) fn strict() -> Result<Self> {
        let mut socket = Self::open()?;
        socket.set(
            libc::SOL_NETLINK,
            libc::NETLINK_GET_STRICT_CHK,
            1,
            "NETLINK_GET_STRICT_CHK",
        )?;
        socket.is_strict = true;
        Ok(socket)
    }

    /// `SO_NETNS_COOKIE` of the socket's namespace (Linux 5.14).
    pub(crate) fn cookie(&self) -> Result<u64> {
        let mut cookie = 0_u64;
        let mut length = size_of::<u64>() as libc::socklen_t;
        // SAFETY: `cookie` and `length` live through the call, and `length` is the size of `cookie`.
        let code = unsafe {
            libc::getsockopt(
                self.descriptor.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_NETNS_COOKIE,
                ptr::from_mut(&mut cookie).cast(),
                &mut length,
            )
        };
        if code < 0 {
            return Err(Failure::last("SO_NETNS_COOKIE"));
        }
        Ok(cookie)
    }

    /// Gives the socket a port. Without one it hears no event: the kernel leaves out listeners with the sender's port, which
    /// is 0 for the kernel itself.
    pub(crate) fn bind(&self) -> Result<()> {
        // SAFETY: an all-zero sockaddr_nl is a valid value of that plain struct; port 0 asks the kernel for a free one.
        let mut own: libc::sockaddr_nl = unsafe { std::mem::zeroed() };
        own.nl_family = libc::AF_NETLINK as libc::sa_family_t;
        // SAFETY: `own` lives through the call and the length given is its size.
        let code = unsafe {
            libc::bind(
                self.descriptor.as_raw_fd(),
                ptr::from_ref(&own).cast(),
                size_of::<libc::sockaddr_nl>() as libc::socklen_t,
            )
        };
        if code < 0 {
            return Err(Failure::last("bind of a netlink socket"));
        }
        Ok(())
    }

    /// Sets an option that is a number.
    pub(crate) fn set(&self, level: i32, option: i32, value: i32, what: &str) -> Result<()> {
        // SAFETY: `value` lives through the call and the length given is its size.
        let code = unsafe {
            libc::setsockopt(
                self.descriptor.as_raw_fd(),
                level,
                option,
                ptr::from_ref(&value).cast(),
                size_of::<i32>() as libc::socklen_t,
            )
        };
        if code < 0 {
            return Err(Failure::last(what));
        }
        Ok(())
    }

    fn send(&self, request: &[u8]) -> Result<()> {
        loop {
            // A netlink socket without a peer sends to the kernel.
            // SAFETY: `request` lives through the call and the length is its own.
            let sent = unsafe {
                libc::send(
                    self.descriptor.as_raw_fd(),
                    request.as_ptr().cast(),
                    request.len(),
                    0,
                )
            };
            if sent >= 0 {
                return Ok(());
            }
            let error = io::Error::last_os_error();
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(Failure::from_io(&error, "netlink request"));
            }
        }
    }

    /// Takes the next datagram of the kernel; those of other processes are thrown away. Never waits: EAGAIN is `None`.
    pub(crate) fn receive(&self, buffer: &mut Buffer) -> Result<Option<Received>> {
        // The only control message asked for is one int; u64s give it the alignment that cmsghdr needs.
        let mut control = [0_u64; 8];
        // SAFETY: all-zero is a valid value of these plain structs.
        let (mut sender, mut header): (libc::sockaddr_nl, libc::msghdr) =
            unsafe { std::mem::zeroed() };
        loop {
            let bytes = buffer.ready();
            let mut part = libc::iovec {
                iov_base: bytes.as_mut_ptr().cast(),
                iov_len: bytes.len(),
            };
            header.msg_name = ptr::from_mut(&mut sender).cast();
            header.msg_namelen = size_of::<libc::sockaddr_nl>() as libc::socklen_t;
            header.msg_iov = &mut part;
            header.msg_iovlen = 1;
            header.msg_control = control.as_mut_ptr().cast();
            header.msg_controllen = size_of::<[u64; 8]>();
            // SAFETY: every pointer in `header` points at memory that lives through the call and is as long as its length says.
            let sent = unsafe {
                libc::recvmsg(
                    self.descriptor.as_raw_fd(),
                    &mut header,
                    libc::MSG_DONTWAIT | libc::MSG_TRUNC,
                )
            };
            let Ok(sent) = usize::try_from(sent) else {
                let error = io::Error::last_os_error();
                match error.kind() {
                    io::ErrorKind::Interrupted => continue,
                    io::ErrorKind::WouldBlock => return Ok(None),
                    _ => return Err(Failure::from_io(&error, "netlink answer")),
                }
            };
            // Whoever has CAP_NET_ADMIN may write to this socket; only the kernel (port 0) is believed.
            if sender.nl_pid == 0 {
                return Ok(Some(Received {
                    length: sent.min(bytes.len()),
                    sent,
                    nsid: nsid_of(&header),
                }));
            }
        }
    }

    /// Sends the request that `request` makes of a sequence number, and shows `each` the body of every message of `kind` in
    /// the answer. On a try that was disturbed `restart` is called, and all comes again. Returns whether the last try was
    /// disturbed too. For requests that get a single answer as well as for dumps.
    pub(crate) fn ask<T>(
        &mut self,
        buffer: &mut Buffer,
        request: impl Fn(u32) -> Vec<u8>,
        kind: u16,
        collected: &mut T,
        restart: impl Fn(&mut T),
        mut each: impl FnMut(&mut T, &[u8]) -> wire::flaw::Result<()>,
    ) -> Result<bool> {
        for remaining in (0..TRIES).rev() {
            self.sequence += 1;
            self.send(&request(self.sequence))?;
            match self.answer(buffer, kind, &mut |body| each(collected, body))? {
                Ending::Complete => return Ok(false),
                Ending::Interrupted if remaining == 0 => return Ok(true),
                Ending::Cut if remaining == 0 => {
                    return Err(Failure::new(
                        Kind::System,
                        "netlink answer was cut again and again",
                    ))
                }
                Ending::Interrupted => {}
                // What is left of the old answer stays in the old socket.
                Ending::Cut if self.is_strict => *self = Self::strict()?,
                Ending::Cut => *self = Self::of(self.protocol)?,
            }
            restart(collected);
        }
        Ok(true)
    }

    fn answer(
        &self,
        buffer: &mut Buffer,
        kind: u16,
        each: &mut impl FnMut(&[u8]) -> wire::flaw::Result<()>,
    ) -> Result<Ending> {
        let mut is_interrupted = false;
        loop {
            let received = match self.receive(buffer) {
                Ok(Some(received)) => received,
                Ok(None) if wait::readable(&[self.descriptor.as_fd()], ANSWER)? == [true] => {
                    continue
                }
                Ok(None) => return Err(Failure::of(libc::ETIMEDOUT, "netlink answer")),
                Err(failure) if failure.errno == libc::ENOBUFS => return Ok(Ending::Cut),
                Err(failure) => return Err(failure),
            };
            if received.sent > received.length {
                return if buffer.grow(received.sent) {
                    Ok(Ending::Cut)
                } else {
                    Err(Failure::new(
                        Kind::Malformed,
                        format!("netlink answer of {} bytes", received.sent),
                    ))
                };
            }
            for message in messages(&buffer.bytes[..received.length]) {
                let message = message.map_err(malformed)?;
                if message.sequence != self.sequence {
                    continue;
                }
                is_interrupted |= message.flags & NLM_F_DUMP_INTR != 0;
                match message.kind {
                    NLMSG_DONE | NLMSG_ERROR => return ended(&message, is_interrupted),
                    other if other == kind => each(message.body).map_err(malformed)?,
                    _ => {}
                }
                // A single answer has no NLMSG_DONE behind it.
                if message.flags & libc::NLM_F_MULTI as u16 == 0 {
                    return Ok(Ending::Complete);
                }
            }
        }
    }
}

fn ended(message: &Message<'_>, is_interrupted: bool) -> Result<Ending> {
    match message.errno().map_err(malformed)? {
        0 if is_interrupted => Ok(Ending::Interrupted),
        0 => Ok(Ending::Complete),
        errno => Err(Failure::of(errno, "netlink request")),
    }
}

pub(crate) fn malformed(flaw: wire::flaw::Flaw) -> Failure {
    Failure::new(Kind::Malformed, format!("netlink answer: {flaw}"))
}

/// The control message of a socket that listens to all namespaces; the kernel leaves it out for the socket's own.
fn nsid_of(header: &libc::msghdr) -> Option<i32> {
    // SAFETY: `header` was filled by recvmsg, so its control pointer and length describe what the kernel wrote; the CMSG
    // functions stay inside that.
    let mut control = unsafe { libc::CMSG_FIRSTHDR(header) };
    while !control.is_null() {
        // SAFETY: CMSG_FIRSTHDR and CMSG_NXTHDR return null or a whole, aligned cmsghdr inside the control memory.
        let cmsg = unsafe { &*control };
        // SAFETY: plain arithmetic.
        let needed = unsafe { libc::CMSG_LEN(size_of::<i32>() as u32) } as usize;
        if cmsg.cmsg_level == libc::SOL_NETLINK
            && cmsg.cmsg_type == libc::NETLINK_LISTEN_ALL_NSID
            && cmsg.cmsg_len as usize >= needed
        {
            // SAFETY: the length was checked to hold the int; it may be unaligned, hence read_unaligned.
            return Some(unsafe { libc::CMSG_DATA(control).cast::<i32>().read_unaligned() });
        }
        // SAFETY: as for CMSG_FIRSTHDR.
        control = unsafe { libc::CMSG_NXTHDR(header, control) };
    }
    None
}

impl Buffer {
    /// The datagram that was just received.
    pub(crate) fn datagram(&self, received: &Received) -> &[u8] {
        &self.bytes[..received.length]
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}
