//! The order of the layers: the frame, one packet, and at most one more inside it.

use super::ethernet::{self, BRIDGED, IP4, IP6, MPLS, MPLS_UPSTREAM, PPPOE};
use super::ip::Place;
use super::pseudowire::{self, Guess};
use super::tunnel::{self, Inside};
use super::view::{Problem, View};
use super::vlan::{self, Tags};
use super::{ip, mpls, pppoe, Link, Packet};
use crate::rows::header_problem::{CUT_ETHERNET, CUT_INNER, CUT_TUNNEL, TOO_MANY_LAYERS};
use crate::rows::tunnel::{MPLS_PSEUDOWIRE, OTHER};

/// Read all layers into `packet`.
///
/// # Errors
/// Why the reading ended early; `packet` has what comes before.
// Only these two words are handed down: to pass a `View`, its flag is stored and loaded with its padding, which stalls for 10 ns.
#[inline]
pub(super) fn read(link: Link, header: &[u8], packet: &mut Packet) -> Result<(), Problem> {
    let view = View::new(header);
    match link {
        Link::Ethernet => {
            (packet.dst_mac, packet.src_mac) = ethernet::addresses(view, 0)?;
            packet.has_ethernet = true;
            let kind = ethernet::kind(view, 0)?;
            let (kind, offset) = match vlan::is_tag(kind) {
                true => tagged(view, 14, packet)?,
                false => (kind, 14),
            };
            let (kind, offset) = ethernet::payload(view, kind, offset)?;
            payload(header, kind, offset, packet)
        }
        Link::Ipv4 => payload(header, IP4, 0, packet),
        Link::Ipv6 => payload(header, IP6, 0, packet),
        Link::Mpls => payload(header, MPLS, 0, packet),
    }
}

/// The type behind the tags at `offset`, and where that payload begins.
#[inline]
fn tagged(view: View<'_>, offset: usize, packet: &mut Packet) -> Result<(u16, usize), Problem> {
    let mut tags = Tags::default();
    let next = vlan::read(view, offset, &mut tags);
    packet.vlan = tags.outer;
    packet.customer_vlan = tags.inner;
    packet.vlan_bytes = tags.bytes;
    next
}

/// What a frame of type `kind` carries.
#[inline]
fn payload(header: &[u8], kind: u16, offset: usize, packet: &mut Packet) -> Result<(), Problem> {
    match kind {
        IP4 | IP6 => {
            packet.ether_type = kind;
            outer(header, kind, offset, packet)
        }
        MPLS | MPLS_UPSTREAM => match mpls::read(View::new(header), offset, packet)? {
            Guess::Ip(inner_kind, offset) => {
                packet.ether_type = inner_kind;
                outer(header, inner_kind, offset, packet)
            }
            Guess::Frame(offset) => {
                packet.ether_type = kind;
                packet.tunnel = MPLS_PSEUDOWIRE;
                inner(View::new(header), BRIDGED, offset, packet)
            }
            Guess::Nothing => {
                packet.ether_type = kind;
                Ok(())
            }
        },
        PPPOE => {
            packet.ether_type = kind;
            match pppoe::read(View::new(header), offset)? {
                Some((kind, offset)) => outer(header, kind, offset, packet),
                None => Ok(()),
            }
        }
        _ => {
            packet.ether_type = kind;
            Ok(())
        }
    }
}

/// The outer packet, and what is in it if that is a tunnel.
#[inline]
fn outer(header: &[u8], kind: u16, offset: usize, packet: &mut Packet) -> Result<(), Problem> {
    let mut place = Place::new(View::new(header), offset);
    ip::read(&mut place, kind, &mut packet.ip)?;
    let Some(tunnel) = tunnel::read(&place, &packet.ip)? else {
        return Ok(());
    };
    packet.tunnel = tunnel.kind;
    packet.vni = tunnel.vni;
    let Inside { view, kind, offset } = tunnel.inside;
    view.reach(tunnel.offset, offset - tunnel.offset, CUT_TUNNEL)?;
    inner(view, kind, offset, packet)
}

/// The packet inside a tunnel of a kind that is not known.
///
/// # Errors
/// Too little of it is there to tell what it is, or it is cut.
pub(super) fn read_inside(
    header: &[u8],
    offset: usize,
    packet: &mut Packet,
) -> Result<(), Problem> {
    let least = if packet.ip.version == 4 { 20 } else { 40 };
    if offset < least {
        return Ok(());
    }
    packet.tunnel = OTHER;
    let view = View::new(header);
    match pseudowire::guess(view, offset) {
        Ok(Guess::Ip(kind, offset)) => inner(view, kind, offset, packet),
        Ok(Guess::Frame(offset)) => inner(view, BRIDGED, offset, packet),
        Ok(Guess::Nothing) => Ok(()),
        Err(Problem { offset, .. }) => Problem::at(CUT_INNER, offset),
    }
}

/// The packet inside. Whatever of it is cut is `cut_inner`, and a tunnel in it is not followed.
#[cold]
fn inner(view: View<'_>, kind: u16, offset: usize, packet: &mut Packet) -> Result<(), Problem> {
    match second(view, kind, offset, packet) {
        Err(Problem {
            code: CUT_ETHERNET..=CUT_TUNNEL,
            offset,
        }) => Problem::at(CUT_INNER, offset),
        result => result,
    }
}

fn second(view: View<'_>, kind: u16, offset: usize, packet: &mut Packet) -> Result<(), Problem> {
    let (kind, offset) = match kind {
        BRIDGED => {
            (packet.inner_dst_mac, packet.inner_src_mac) = ethernet::addresses(view, offset)?;
            packet.has_inner_ethernet = true;
            let kind = ethernet::kind(view, offset)?;
            let (kind, offset) = match vlan::is_tag(kind) {
                true => vlan::read(view, offset + 14, &mut Tags::default())?,
                false => (kind, offset + 14),
            };
            ethernet::payload(view, kind, offset)?
        }
        kind => (kind, offset),
    };
    match kind {
        IP4 | IP6 => {}
        MPLS | MPLS_UPSTREAM | PPPOE => return Problem::at(TOO_MANY_LAYERS, offset),
        _ => return Ok(()),
    }
    let mut place = Place::new(view, offset);
    ip::read(&mut place, kind, &mut packet.inner)?;
    match tunnel::read(&place, &packet.inner)? {
        Some(third) => Problem::at(TOO_MANY_LAYERS, third.offset),
        None => Ok(()),
    }
}
