//! Whether bytes that nobody announced are a certain header: proved, refuted, or open because too few are there.
//!
//! A verdict other than open never changes when more bytes come.

use super::view::{u16_of, View};

/// What the bytes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Proved,
    Refuted,
    Open,
}

/// An IPv4 header with the right checksum (RFC 791 3.1, RFC 1071).
pub(super) fn ip4(view: View<'_>, offset: usize) -> Verdict {
    let Some(&[first]) = view.at(offset) else {
        return Verdict::Open;
    };
    let words = usize::from(first & 15) * 2;
    if first >> 4 != 4 || words < 10 {
        return Verdict::Refuted;
    }
    let mut sum = 0_u32;
    for word in 0..words {
        let Some(&bytes) = view.at(offset + word * 2) else {
            return Verdict::Open;
        };
        let value = u16::from_be_bytes(bytes);
        if word == 1 && usize::from(value) < words * 2 {
            return Verdict::Refuted;
        }
        sum += u32::from(value);
    }
    // At most 30 words: two folds are enough.
    let folded = (sum & 0xffff) + (sum >> 16);
    match (folded & 0xffff) + (folded >> 16) {
        0xffff => Verdict::Proved,
        _ => Verdict::Refuted,
    }
}

/// An IPv6 header of addresses that are in use (RFC 8200 3, RFC 4291 2.4, IANA "IPv6 address space").
pub(super) fn ip6(view: View<'_>, offset: usize) -> Verdict {
    match view.at(offset) {
        Some(&[first]) if first >> 4 == 6 => {}
        Some(_) => return Verdict::Refuted,
        None => return Verdict::Open,
    }
    let Some(header) = view.at::<40>(offset) else {
        return Verdict::Open;
    };
    let (fixed, addresses) = header.split_at(8);
    let (src, dst) = addresses.split_at(16);
    let is_from = is_unicast(src) || src == [0; 16];
    let is_to = is_unicast(dst) || matches!(dst, [0xff, ..]);
    let &[.., next, hop_limit] = fixed else {
        return Verdict::Open;
    };
    let has_room = least_payload(next).is_some_and(|least| u16_of(fixed, 4) >= least);
    if is_from && is_to && has_room && hop_limit != 0 {
        Verdict::Proved
    } else {
        Verdict::Refuted
    }
}

/// Global, unique local, link-local, or translated from IPv4 (RFC 6052).
fn is_unicast(address: &[u8]) -> bool {
    matches!(
        address,
        [0x20..=0x3f | 0xfc | 0xfd, ..] | [0xfe, 0x80..=0xbf, ..] | [0, 0x64, 0xff, 0x9b, ..]
    )
}

/// The fewest payload bytes of a packet with this next header, or `None` for one that nobody uses.
fn least_payload(next: u8) -> Option<u16> {
    Some(match next {
        // Hop-by-hop, with a jumbogram's payload length of 0; no next header.
        0 | 59 => 0,
        // IPv4, TCP, IPv6.
        4 | 6 | 41 => 20,
        // AH, DCCP, SCTP, EIGRP, OSPF.
        51 | 33 | 132 | 88 | 89 => 12,
        // UDP, routing, fragment, destination, mobility, HIP, SHIM6, ESP, VRRP, UDP-Lite.
        17 | 43 | 44 | 60 | 135 | 139 | 140 | 50 | 112 | 136 => 8,
        // GRE, ICMPv6, PIM.
        47 | 58 | 103 => 4,
        _ => return None,
    })
}

/// An ARP packet of IPv4 on Ethernet, sent by the frame's own source (RFC 826).
pub(super) fn arp(view: View<'_>, offset: usize, src: &[u8]) -> Verdict {
    let Some(packet) = view.at::<14>(offset) else {
        return Verdict::Open;
    };
    let (fixed, sender) = packet.split_at(8);
    match fixed {
        [0, 1, 8, 0, 6, 4, 0, 1 | 2] if sender == src => Verdict::Proved,
        _ => Verdict::Refuted,
    }
}
