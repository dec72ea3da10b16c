//! What is below an MPLS label stack: an IP packet, an Ethernet frame with a control word, one without, or something else.
//!
//! Nothing in the packet says so (RFC 4928); only those who signalled the label know. The first four bits alone are not enough:
//! a frame whose destination address begins with 4 or 6 reads as IP (RFC 8469), one that begins with 00:00 like a control
//! word. So each of the four readings has to prove itself by what cannot be there by chance, and a reading is taken only if it is
//! the one that does, and all others are refuted by bytes that are there. Else nothing is read:
//!
//! * IPv4: version, header length, total length, and the header's checksum.
//! * IPv6, which has no checksum: version, addresses of ranges that are in use, a next header that exists, room for it.
//! * Ethernet (RFC 4448): a source address that is no group's, and IPv4, IPv6 or ARP behind at most two tags that proves itself.
//! * the control word (RFC 4448 4.6): the 16 bits that must be 0, and such a frame behind it.
//!
//! Random bytes pass for IPv4 in 1 of 2²⁰ cases, for an Ethernet frame in 1 of 2³⁰, for IPv6 in 1 of 2¹³: that reading is the weak
//! one, and can be wrong where a frame without control word carries neither IP nor ARP and its addresses look like an IPv6 header.
//! Who can choose all bytes of a frame can make one that reads as another packet; no collector can tell.

use super::ethernet::{ARP, IP4, IP6};
use super::plausible::{arp, ip4, ip6, Verdict};
use super::view::{u16_of, Problem, View};
use super::vlan::is_tag;
use crate::rows::header_problem::CUT_MPLS;

/// Bytes of the control word.
const CONTROL_WORD: usize = 4;
/// The bit of an address's first byte that makes it a group's.
const GROUP: u8 = 0x01;

/// What is below the labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Guess {
    /// An IP packet of this EtherType.
    Ip(u16, usize),
    /// An Ethernet frame.
    Frame(usize),
    /// None of the readings proved itself, or more than one.
    Nothing,
}

/// Tell what begins at `offset`.
///
/// # Errors
/// `cut_mpls`: too few bytes to tell.
pub(super) fn guess(view: View<'_>, offset: usize) -> Result<Guess, Problem> {
    let readings = [
        (ip4(view, offset), Guess::Ip(IP4, offset)),
        (ip6(view, offset), Guess::Ip(IP6, offset)),
        (frame(view, offset), Guess::Frame(offset)),
        (
            controlled(view, offset),
            Guess::Frame(offset + CONTROL_WORD),
        ),
    ];
    let mut proved = Guess::Nothing;
    let mut count = 0;
    for (verdict, reading) in readings {
        match verdict {
            Verdict::Proved => {
                proved = reading;
                count += 1;
            }
            Verdict::Refuted => {}
            Verdict::Open => return Problem::at(CUT_MPLS, offset),
        }
    }
    Ok(if count == 1 { proved } else { Guess::Nothing })
}

/// Whether a control word and a frame begin at `offset`.
fn controlled(view: View<'_>, offset: usize) -> Verdict {
    match view.at(offset) {
        Some(&[0, 0]) => frame(view, offset + CONTROL_WORD),
        Some(_) => Verdict::Refuted,
        None => Verdict::Open,
    }
}

/// Whether an Ethernet frame begins at `offset`.
fn frame(view: View<'_>, offset: usize) -> Verdict {
    let Some(header) = view.at::<14>(offset) else {
        return Verdict::Open;
    };
    let (dst, rest) = header.split_at(6);
    let (src, _) = rest.split_at(6);
    let is_group = matches!(src, [first, ..] if first & GROUP != 0);
    if is_group || src == [0; 6] || dst == [0; 6] {
        return Verdict::Refuted;
    }
    let mut kind = u16_of(header, 12);
    let mut offset = offset + 14;
    for _ in 0..2 {
        if is_tag(kind) {
            let Some(tag) = view.at::<4>(offset) else {
                return Verdict::Open;
            };
            kind = u16_of(tag, 2);
            offset += 4;
        }
    }
    match kind {
        IP4 => ip4(view, offset),
        IP6 => ip6(view, offset),
        ARP => arp(view, offset, src),
        _ => Verdict::Refuted,
    }
}
