//! What an IP packet carries when that is another packet.

use super::ethernet::{IP4, IP6};
use super::ip::Place;
use super::view::{Problem, View};
use super::{geneve, gre, transport, vxlan, Ip};
use crate::rows::tunnel::{IPIP, SIX_IN_FOUR};

const IP4_INSIDE: u8 = 4;
const IP6_INSIDE: u8 = 41;
const GRE: u8 = 47;

/// A tunnel's header.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tunnel<'a> {
    /// One of `rows::tunnel`.
    pub kind: u8,
    /// Where its header begins; it ends where `inside` begins.
    pub offset: usize,
    pub vni: Option<u32>,
    pub inside: Inside<'a>,
}

/// The packet inside: its EtherType, `ethernet::BRIDGED` for an Ethernet frame, another one for what is not read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Inside<'a> {
    pub view: View<'a>,
    pub kind: u16,
    pub offset: usize,
}

/// The tunnel that what is at `place` of the packet `ip` is, if it is one; its header may be cut behind the fixed part.
///
/// # Errors
/// The fixed part of the tunnel's header is cut.
#[inline(always)]
pub(super) fn read<'a>(place: &Place<'a>, ip: &Ip) -> Result<Option<Tunnel<'a>>, Problem> {
    match place.protocol {
        transport::UDP => match ip.ports {
            // Linux used 8472 before 4789 was assigned, and still does unless told otherwise.
            Some((_, 4789 | 8472)) => vxlan::read(place.view, place.offset + 8),
            Some((_, 6081)) => geneve::read(place.view, place.offset + 8),
            _ => Ok(None),
        },
        GRE => gre::read(place.view, place.offset),
        IP4_INSIDE => Ok(Some(packet_in_packet(place, IP4, IPIP))),
        IP6_INSIDE if ip.version == 4 => Ok(Some(packet_in_packet(place, IP6, SIX_IN_FOUR))),
        IP6_INSIDE => Ok(Some(packet_in_packet(place, IP6, IPIP))),
        _ => Ok(None),
    }
}

/// IPv4 in IPv4 (RFC 2003), IPv6 in IPv4 (RFC 4213 3), either in IPv6 (RFC 2473).
fn packet_in_packet<'a>(place: &Place<'a>, kind: u16, tunnel: u8) -> Tunnel<'a> {
    Tunnel {
        kind: tunnel,
        offset: place.offset,
        vni: None,
        inside: Inside {
            view: place.view,
            kind,
            offset: place.offset,
        },
    }
}
