//! A UDP socket that receives for one listener: its buffer, its clock, and what the kernel threw away for it.

use std::io;
use std::mem::size_of;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr;

use crate::failure::{Failure, Result};

/// Index of the drops in what SO_MEMINFO gives (SK_MEMINFO_DROPS, linux/sock_diag.h).
const MEMINFO_DROPS: usize = 8;
const MEMINFO_LENGTH: usize = 9;

/// How a socket is to be made.
#[derive(Debug, Clone, Copy)]
pub struct UdpOptions {
    /// Bytes of datagrams that the kernel shall hold. It counts its own overhead too, and doubles the number for that.
    pub receive_buffer: usize,
    /// Several sockets share the address; the kernel spreads senders over them.
    pub shared: bool,
}

/// A bound UDP socket. IPv6 sockets take no IPv4: `0.0.0.0` and `[::]` are two listeners.
#[derive(Debug)]
pub struct UdpSocket {
    descriptor: OwnedFd,
    address: SocketAddr,
    granted: usize,
}

impl UdpSocket {
    /// Binds a socket.
    ///
    /// # Errors
    /// The kernel refuses: EADDRINUSE, EADDRNOTAVAIL, EACCES for a low port, or it knows no IPv6.
    pub fn open(address: SocketAddr, options: UdpOptions) -> Result<Self> {
        let family = if address.is_ipv4() {
            libc::AF_INET
        } else {
            libc::AF_INET6
        };
        let kind = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
        // SAFETY: no pointer is handed over; the result is checked before it is used.
        let descriptor = unsafe { libc::socket(family, kind, 0) };
        if descriptor < 0 {
            return Err(Failure::last("UDP socket"));
        }
        // SAFETY: `descriptor` was just made by socket(2), is open, and nobody else owns it.
        let descriptor = unsafe { OwnedFd::from_raw_fd(descriptor) };
        if address.is_ipv6() {
            set(&descriptor, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, 1)
                .map_err(|error| Failure::from_io(&error, "IPV6_V6ONLY"))?;
        }
        if options.shared {
            set(&descriptor, libc::SOL_SOCKET, libc::SO_REUSEPORT, 1)
                .map_err(|error| Failure::from_io(&error, "SO_REUSEPORT"))?;
        }
        set(&descriptor, libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, 1)
            .map_err(|error| Failure::from_io(&error, "SO_TIMESTAMPNS"))?;
        let granted = size_buffer(&descriptor, options.receive_buffer)?;
        bind(&descriptor, address)?;
        Ok(Self {
            address: own_address(&descriptor, address),
            descriptor,
            granted,
        })
    }

    /// Where it listens, with the port that the kernel chose where 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Bytes of datagrams, without the kernel's overhead, that it holds.
    pub fn granted(&self) -> usize {
        self.granted
    }

    /// Whether no datagram waits in it.
    pub fn is_empty(&self) -> bool {
        let mut polled = libc::pollfd {
            fd: self.descriptor.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        // SAFETY: `polled` is one pollfd that lives through the call.
        unsafe { libc::poll(&mut polled, 1, 0) == 0 }
    }

    /// Datagrams that the kernel threw away for this socket since it was opened, because its buffer was full or their checksum was
    /// wrong. The kernel's counter has 32 bits and begins again at 0.
    ///
    /// # Errors
    /// The kernel does not answer SO_MEMINFO (Linux 4.12).
    pub fn dropped(&self) -> Result<u32> {
        let mut numbers = [0_u32; MEMINFO_LENGTH];
        let mut length = size_of::<[u32; MEMINFO_LENGTH]>() as libc::socklen_t;
        // SAFETY: `numbers` and `length` live through the call, and `length` is the size of `numbers`.
        let code = unsafe {
            libc::getsockopt(
                self.descriptor.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_MEMINFO,
                numbers.as_mut_ptr().cast(),
                &mut length,
            )
        };
        if code < 0 {
            return Err(Failure::last("SO_MEMINFO"));
        }
        Ok(numbers[MEMINFO_DROPS])
    }
}

impl AsFd for UdpSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

fn set(descriptor: &OwnedFd, level: i32, option: i32, value: i32) -> io::Result<()> {
    // SAFETY: `value` lives through the call and the length given is its size.
    let code = unsafe {
        libc::setsockopt(
            descriptor.as_raw_fd(),
            level,
            option,
            ptr::from_ref(&value).cast(),
            size_of::<i32>() as libc::socklen_t,
        )
    };
    if code < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Asks for a buffer, with CAP_NET_ADMIN beyond `net.core.rmem_max`, and says what was given.
fn size_buffer(descriptor: &OwnedFd, wanted: usize) -> Result<usize> {
    let wanted = i32::try_from(wanted).unwrap_or(i32::MAX / 2);
    if set(descriptor, libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, wanted).is_err() {
        set(descriptor, libc::SOL_SOCKET, libc::SO_RCVBUF, wanted)
            .map_err(|error| Failure::from_io(&error, "SO_RCVBUF"))?;
    }
    let mut given = 0_i32;
    let mut length = size_of::<i32>() as libc::socklen_t;
    // SAFETY: `given` and `length` live through the call, and `length` is the size of `given`.
    let code = unsafe {
        libc::getsockopt(
            descriptor.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_RCVBUF,
            ptr::from_mut(&mut given).cast(),
            &mut length,
        )
    };
    if code < 0 {
        return Err(Failure::last("SO_RCVBUF"));
    }
    // The kernel shows twice what it was asked for: it counts its own overhead against the buffer (socket(7)).
    Ok(usize::try_from(given / 2).unwrap_or(0))
}

fn bind(descriptor: &OwnedFd, address: SocketAddr) -> Result<()> {
    let what = || format!("bind to {address}");
    // SAFETY: all-zero is a valid value of these plain structs.
    let (mut four, mut six): (libc::sockaddr_in, libc::sockaddr_in6) =
        unsafe { std::mem::zeroed() };
    let (pointer, length): (*const libc::sockaddr, usize) = match address {
        SocketAddr::V4(address) => {
            four.sin_family = libc::AF_INET as libc::sa_family_t;
            four.sin_port = address.port().to_be();
            four.sin_addr.s_addr = u32::from_ne_bytes(address.ip().octets());
            (ptr::from_ref(&four).cast(), size_of::<libc::sockaddr_in>())
        }
        SocketAddr::V6(address) => {
            six.sin6_family = libc::AF_INET6 as libc::sa_family_t;
            six.sin6_port = address.port().to_be();
            six.sin6_addr.s6_addr = address.ip().octets();
            six.sin6_scope_id = address.scope_id();
            (ptr::from_ref(&six).cast(), size_of::<libc::sockaddr_in6>())
        }
    };
    // SAFETY: `pointer` points at a local struct that lives through the call and is `length` bytes long.
    let code = unsafe { libc::bind(descriptor.as_raw_fd(), pointer, length as libc::socklen_t) };
    if code < 0 {
        return Err(Failure::last(what()));
    }
    Ok(())
}

fn own_address(descriptor: &OwnedFd, asked: SocketAddr) -> SocketAddr {
    // SAFETY: all-zero is a valid value of this plain struct.
    let mut own: libc::sockaddr_in6 = unsafe { std::mem::zeroed() };
    let mut length = size_of::<libc::sockaddr_in6>() as libc::socklen_t;
    // SAFETY: `own` and `length` live through the call, and `length` is the size of `own`.
    let code = unsafe {
        libc::getsockname(
            descriptor.as_raw_fd(),
            ptr::from_mut(&mut own).cast(),
            &mut length,
        )
    };
    let mut address = asked;
    if code == 0 {
        // The port lies at the same place in both families.
        address.set_port(u16::from_be(own.sin6_port));
    }
    address
}
