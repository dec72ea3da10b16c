//! Ethernet frames: addresses, VLAN tags, LLC/SNAP (IEEE 802.3, 802.1Q, 802.2; RFC 1042).

use super::view::{u16_of, Problem, View};
use crate::rows::header_problem::CUT_ETHERNET;

pub(super) const IP4: u16 = 0x0800;
pub(super) const ARP: u16 = 0x0806;
pub(super) const IP6: u16 = 0x86dd;
pub(super) const MPLS: u16 = 0x8847;
/// Labels that the receiver did not give out (RFC 5332), read alike.
pub(super) const MPLS_UPSTREAM: u16 = 0x8848;
pub(super) const PPPOE: u16 = 0x8864;
/// An Ethernet frame inside something else.
pub(super) const BRIDGED: u16 = 0x6558;

/// What is below it is a length and no type (IEEE 802.3 3.2.6); between the two is nothing that is defined.
const LEAST_TYPE: u16 = 0x0600;
/// DSAP, SSAP and control of SNAP (RFC 1042).
const SNAP: [u8; 3] = [0xaa, 0xaa, 0x03];

/// Destination and source address, 48 bits each, of the frame at `offset`.
///
/// # Errors
/// They are cut.
#[inline]
pub(super) fn addresses(view: View<'_>, offset: usize) -> Result<(u64, u64), Problem> {
    let &[a, b, c, d, e, f, g, h, i, j, k, l] = view.need(offset, CUT_ETHERNET)?;
    let dst = u64::from_be_bytes([0, 0, a, b, c, d, e, f]);
    let src = u64::from_be_bytes([0, 0, g, h, i, j, k, l]);
    Ok((dst, src))
}

/// The type, or length, of the frame at `offset`, or that of the first tag in it.
///
/// # Errors
/// It is cut.
#[inline]
pub(super) fn kind(view: View<'_>, offset: usize) -> Result<u16, Problem> {
    match view.at(offset + 12) {
        Some(&kind) => Ok(u16::from_be_bytes(kind)),
        None => Err(view.short(offset, CUT_ETHERNET)),
    }
}

/// What a frame carries whose type or length, behind tags, is `kind`, and where that begins: 0 for LLC that is not SNAP.
///
/// # Errors
/// The SNAP header is cut.
#[inline]
pub(super) fn payload(view: View<'_>, kind: u16, offset: usize) -> Result<(u16, usize), Problem> {
    if kind < LEAST_TYPE {
        return logical_link(view, offset);
    }
    Ok((kind, offset))
}

/// The type behind an LLC header at `offset`, where it is SNAP of Ethernet types.
#[cold]
fn logical_link(view: View<'_>, offset: usize) -> Result<(u16, usize), Problem> {
    let header: &[u8; 3] = view.need(offset, CUT_ETHERNET)?;
    if *header != SNAP {
        return Ok((0, offset));
    }
    let snap: &[u8; 8] = view.need(offset, CUT_ETHERNET)?;
    match snap {
        // Organisation 0 is RFC 1042; 0x0000f8 the same through old bridges (IEEE 802.1H).
        [_, _, _, 0, 0, 0 | 0xf8, ..] => Ok((u16_of(snap, 6), offset + 8)),
        _ => Ok((0, offset)),
    }
}
