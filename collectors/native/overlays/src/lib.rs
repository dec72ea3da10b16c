//! Whether the packets of an overlay, with the headers that it puts before them, fit into the path below it. Pure state.

#![forbid(unsafe_code)]

use std::fmt;

use wire::internet::unmapped;
use wire::route::Route;

const IPV4_HEADER: u32 = 20;
const IPV6_HEADER: u32 = 40;
const UDP_HEADER: u32 = 8;
/// RFC 7348 section 5.
const VXLAN_HEADER: u32 = 8;
const ETHERNET_HEADER: u32 = 14;

/// Bytes that VXLAN puts before an inner IP packet, as the MTU of the path below counts them: 50 over IPv4, 70 over IPv6; 14 less
/// where it carries no frames (`is_generic`).
///
/// Without tags of VLANs in the inner frame, which are 4 bytes each and which no interface tells of beforehand.
pub fn vxlan_overhead(remote: &[u8; 16], is_generic: bool) -> u32 {
    let outer = match unmapped(remote) {
        Some(_) => IPV4_HEADER,
        None => IPV6_HEADER,
    };
    let frame = if is_generic { 0 } else { ETHERNET_HEADER };
    outer + UDP_HEADER + VXLAN_HEADER + frame
}

/// The way from an overlay's interface to one other end of it, as the kernel would send a packet now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Way {
    pub route: Route,
    /// MTU of the interface that it leaves by, bytes; `None` where it is not known.
    pub link_mtu_bytes: Option<u32>,
}

impl Way {
    /// Bytes of an outer packet that fit: those of the route, and no more than the interface takes.
    pub fn mtu_bytes(&self) -> Option<u32> {
        let link = self.link_mtu_bytes?;
        Some(self.route.mtu_bytes.map_or(link, |route| route.min(link)))
    }
}

/// Why nothing can be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// No other end is known yet, or each packet brings its own.
    Remote,
    /// The kernel has no route there.
    Route,
    /// The MTU of the interface that packets leave by.
    Link,
}

/// What came of comparing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The largest packet of the overlay becomes `needed_bytes`, which the path takes.
    Fits {
        needed_bytes: u32,
        path_bytes: u32,
    },
    /// It is larger than the path takes; `is_learned` where a router said so by ICMP, not a setting.
    Mismatch {
        needed_bytes: u32,
        path_bytes: u32,
        is_learned: bool,
    },
    Unknown(Missing),
}

/// Compares an overlay's MTU with the way to one other end; `way` is `None` where there is no route.
pub fn judge(mtu_bytes: u32, overhead_bytes: u32, way: Option<&Way>) -> State {
    let Some(way) = way.filter(|way| way.route.ifindex != 0) else {
        return State::Unknown(Missing::Route);
    };
    let Some(path_bytes) = way.mtu_bytes() else {
        return State::Unknown(Missing::Link);
    };
    let needed_bytes = mtu_bytes.saturating_add(overhead_bytes);
    if needed_bytes <= path_bytes {
        return State::Fits {
            needed_bytes,
            path_bytes,
        };
    }
    State::Mismatch {
        needed_bytes,
        path_bytes,
        is_learned: way.route.is_learned && way.route.mtu_bytes == Some(path_bytes),
    }
}

impl State {
    /// As records name it: `fits`, `mismatch` or `unknown`.
    pub fn name(&self) -> &'static str {
        match self {
            State::Fits { .. } => "fits",
            State::Mismatch { .. } => "mismatch",
            State::Unknown(_) => "unknown",
        }
    }
}

/// One clause for a person.
impl fmt::Display for State {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            State::Fits {
                needed_bytes,
                path_bytes,
            } => write!(
                out,
                "{needed_bytes} bytes with headers, and the path takes {path_bytes}"
            ),
            State::Mismatch {
                needed_bytes,
                path_bytes,
                is_learned,
            } => {
                let whose = if *is_learned {
                    ", as a router said"
                } else {
                    ""
                };
                let more = needed_bytes - path_bytes;
                write!(out, "{needed_bytes} bytes with headers, {more} more than the path takes: {path_bytes}{whose}")
            }
            State::Unknown(Missing::Remote) => write!(out, "no other end is known"),
            State::Unknown(Missing::Route) => write!(out, "there is no route to the other end"),
            State::Unknown(Missing::Link) => {
                write!(
                    out,
                    "the MTU of the interface that packets leave by is not known"
                )
            }
        }
    }
}
