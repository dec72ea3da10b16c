//! IPv6 extension headers (RFC 8200 4, RFC 4302 for AH, RFC 6275 for mobility, RFC 7401 for HIP, RFC 5533 for SHIM6).

use super::ip::Payload;
use super::view::{u16_of, u32_of, Problem};
use super::Ip;
use crate::rows::header_problem::{CUT_EXTENSION, TOO_MANY_LAYERS};

/// RFC 8200 4.1 needs seven in one packet; nobody sends more in earnest.
pub(super) const MOST_EXTENSIONS: usize = 10;

const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
pub(super) const AUTHENTICATION: u8 = 51;
const NO_NEXT_HEADER: u8 = 59;
const DESTINATION: u8 = 60;
const MOBILITY: u8 = 135;
const HIP: u8 = 139;
const SHIM6: u8 = 140;

/// Whether a number is an extension header that can be stepped over; ESP is none, as what it carries is encrypted.
fn is_extension(protocol: u8) -> bool {
    matches!(
        protocol,
        HOP_BY_HOP | ROUTING | FRAGMENT | AUTHENTICATION | DESTINATION | MOBILITY | HIP | SHIM6
    )
}

/// Step over extension headers: what follows them, or `None` where that is nothing, or is in an earlier fragment.
///
/// `ip.protocol` is set only when the upper protocol was found.
///
/// # Errors
/// A header is cut or there are too many.
#[inline]
pub(super) fn read<'a>(payload: Payload<'a>, ip: &mut Ip) -> Result<Option<Payload<'a>>, Problem> {
    if is_extension(payload.protocol) {
        chain(payload, ip)
    } else {
        ip.protocol = payload.protocol;
        Ok(Some(payload))
    }
}

#[inline(never)]
fn chain<'a>(first: Payload<'a>, ip: &mut Ip) -> Result<Option<Payload<'a>>, Problem> {
    let mut at = first;
    for _ in 0..MOST_EXTENSIONS {
        let Some(next) = step(at, ip)? else {
            return Ok(None);
        };
        if !is_extension(next.protocol) {
            ip.protocol = next.protocol;
            return Ok(Some(next));
        }
        at = next;
    }
    Problem::at(TOO_MANY_LAYERS, at.offset)
}

/// What follows the extension header at `at`, or `None` where nothing of that can be read.
fn step<'a>(at: Payload<'a>, ip: &mut Ip) -> Result<Option<Payload<'a>>, Problem> {
    if at.protocol == FRAGMENT {
        return fragment(at, ip);
    }
    let size = size_of(at)?;
    let &[protocol] = at.view.need(at.offset, CUT_EXTENSION)?;
    at.view.reach(at.offset, size, CUT_EXTENSION)?;
    // Nothing ever follows these three (RFC 6275 6.1.1, RFC 7401 5.1, RFC 5533 5.1): they are what the packet is about.
    if protocol == NO_NEXT_HEADER && matches!(at.protocol, MOBILITY | HIP | SHIM6) {
        ip.protocol = at.protocol;
        return Ok(None);
    }
    Ok(Some(Payload {
        view: at.view,
        offset: at.offset + size,
        protocol,
    }))
}

/// RFC 8200 4.5.
fn fragment<'a>(at: Payload<'a>, ip: &mut Ip) -> Result<Option<Payload<'a>>, Problem> {
    let header: &[u8; 8] = at.view.need(at.offset, CUT_EXTENSION)?;
    let &[protocol, ..] = header;
    let place = u16_of(header, 2);
    ip.fragment_id = Some(u32_of(header, 4));
    ip.fragment_offset = Some(place >> 3);
    ip.more_fragments = place & 1 != 0;
    if place >> 3 != 0 {
        // Of a later fragment only the number is known, and an extension header is not the upper protocol.
        ip.protocol = if is_extension(protocol) { 0 } else { protocol };
        return Ok(None);
    }
    Ok(Some(Payload {
        view: match ip.more_fragments {
            true => at.view.goes_on(),
            false => at.view,
        },
        offset: at.offset + 8,
        protocol,
    }))
}

/// Bytes of the extension header at `at`, which is no fragment header.
fn size_of(at: Payload<'_>) -> Result<usize, Problem> {
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
#[cold]
pub(super) fn behind_authentication<'a>(
    payload: Payload<'a>,
    ip: &mut Ip,
) -> Result<Payload<'a>, Problem> {
    ip.protocol = 0;
    let size = size_of(payload)?;
    let &[next] = payload.view.need(payload.offset, CUT_EXTENSION)?;
    payload.view.reach(payload.offset, size, CUT_EXTENSION)?;
    ip.protocol = next;
    Ok(Payload {
        offset: payload.offset + size,
        protocol: next,
        ..payload
    })
}
