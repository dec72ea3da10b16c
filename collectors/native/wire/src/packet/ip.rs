//! One IP packet: its header and the transport header behind it.

use super::ethernet::IP4;
use super::view::{Problem, View};
use super::{ip4, ip6, transport, Ip};

/// How far an IP packet was read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    /// The packet's bytes up to its own end, without what pads the frame.
    pub view: View<'a>,
    /// Where the next header begins.
    pub offset: usize,
    /// Which header that is, by IP protocol number: [`NOTHING`] where there is none, or it is in an earlier fragment.
    pub protocol: u8,
}

impl<'a> Place<'a> {
    /// Where an IP header begins.
    #[inline]
    pub fn new(view: View<'a>, offset: usize) -> Self {
        Place {
            view,
            offset,
            protocol: NOTHING,
        }
    }
}

/// "No next header" (RFC 8200 4.7), which no other protocol can be taken for.
pub(super) const NOTHING: u8 = 59;

/// Read a packet of EtherType `kind` at `place`, and its transport header; `place` is then where that begins.
///
/// # Errors
/// Something is cut or cannot be; `ip` has what comes before.
// Always, here and in what it calls: the compiler no longer does so by itself, and calls between them cost 9 ns a packet.
#[inline(always)]
pub(super) fn read(place: &mut Place<'_>, kind: u16, ip: &mut Ip) -> Result<(), Problem> {
    if kind == IP4 {
        ip4::read(place, ip)?;
    } else {
        ip6::read(place, ip)?;
    }
    transport::read(place, ip)
}
