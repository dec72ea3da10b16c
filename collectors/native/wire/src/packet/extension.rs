//! IPv6 extension headers (RFC 8200 4, RFC 4302 for AH, RFC 6275 for mobility, RFC 7401 for HIP, RFC 5533 for SHIM6).

use super::ip::{Place, NOTHING};
use super::view::{u16_of, u32_of, Problem};
use super::Ip;
use crate::rows::header_problem::{CUT_EXTENSION, TOO_MANY_LAYERS};

/// RFC 8200 4.1 needs seven in one packet; nobody sends more in earnest.
pub(super) const MOST_EXTENSIONS: usize = 10;

const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
pub(super) const AUTHENTICATION: u8 = 51;
const DESTINATION: u8 = 60;
const MOBILITY: u8 = 135;
const HIP: u8 = 139;
const SHIM6: u8 = 140;

/// Whether a number is an extension header that can be stepped over; ESP is none, as what it carries is encrypted.
pub(super) fn is_extension(protocol: u8) -> bool {
    matches!(
        protocol,
        HOP_BY_HOP | ROUTING | FRAGMENT | AUTHENTICATION | DESTINATION | MOBILITY | HIP | SHIM6
    )
}

/// Step over the extension headers at `first`.
///
/// `ip.protocol` is set only when the upper protocol was found.
///
/// # Errors
/// A header is cut or there are too many.
#[inline(never)]
pub(super) fn read<'a>(first: Place<'a>, ip: &mut Ip) -> Result<Place<'a>, Problem> {
    let mut at = first;
    for _ in 0..MOST_EXTENSIONS {
        let next = match at.protocol {
            FRAGMENT => fragment(at, ip)?,
            _ => step(at, ip)?,
        };
        let Some(next) = next else {
            return Ok(Place {
                protocol: NOTHING,
                ..at
            });
        };
        if !is_extension(next.protocol) {
            ip.protocol = next.protocol;
            return Ok(next);
        }
        at = next;
    }
    Problem::at(TOO_MANY_LAYERS, at.offset)
}

/// What follows the extension header at `at`, or `None` where that is nothing, and `ip.protocol` says what the packet is.
fn step<'a>(at: Place<'a>, ip: &mut Ip) -> Result<Option<Place<'a>>, Problem> {
    let size = size_of(at)?;
    let &[protocol] = at.view.need(at.offset, CUT_EXTENSION)?;
    at.view.reach(at.offset, size, CUT_EXTENSION)?;
    // Nothing ever follows these three (RFC 6275 6.1.1, RFC 7401 5.1, RFC 5533 5.1): they are what the packet is about.
    if protocol == NOTHING && matches!(at.protocol, MOBILITY | HIP | SHIM6) {
        ip.protocol = at.protocol;
        return Ok(None);
    }
    Ok(Some(Place {
        view: at.view,
        offset: at.offset + size,
        protocol,
    }))
}

/// What follows the fragment header at `at` (RFC 8200 4.5), or `None` where that is in an earlier fragment.
///
/// The outermost one says which fragment the packet is. One behind it is of what was cut up, and only tells where the
/// upper protocol cannot be.
fn fragment<'a>(at: Place<'a>, ip: &mut Ip) -> Result<Option<Place<'a>>, Problem> {
    let header: &[u8; 8] = at.view.need(at.offset, CUT_EXTENSION)?;
    let &[protocol, ..] = header;
    let bits = u16_of(header, 2);
    let goes_on = bits & 1 != 0;
    if ip.fragment_id.is_none() {
        ip.fragment_id = Some(u32_of(header, 4));
        ip.fragment_offset = Some(bits >> 3);
        ip.more_fragments = goes_on;
    }
    if bits >> 3 != 0 {
        // Of a later fragment only the number is known, and an extension header is not the upper protocol.
        ip.protocol = if is_extension(protocol) { 0 } else { protocol };
        return Ok(None);
    }
    Ok(Some(Place {
        view: match goes_on {
            true => at.view.goes_on(),
            false => at.view,
        },
        offset: at.offset + 8,
        protocol,
    }))
}

/// Bytes of the extension header at `at`, which is no fragment header.
fn size_of(at: Place<'_>) -> Result<usize, Problem> {
    let &[_, length] = at.view.need(at.offset, CUT_EXTENSION)?;
    Ok(match at.protocol {
        AUTHENTICATION => (usize::from(length) + 2) * 4,
        _ => (usize::from(length) + 1) * 8,
    })
}

/// What follows the authentication header of an IPv4 packet (RFC 4302 2).
///
/// # Errors
/// The header is cut.
#[inline(never)]
pub(super) fn behind_authentication<'a>(at: Place<'a>, ip: &mut Ip) -> Result<Place<'a>, Problem> {
    let size = size_of(at)?;
    let &[next] = at.view.need(at.offset, CUT_EXTENSION)?;
    at.view.reach(at.offset, size, CUT_EXTENSION)?;
    ip.protocol = next;
    Ok(Place {
        offset: at.offset + size,
        protocol: next,
        ..at
    })
}
