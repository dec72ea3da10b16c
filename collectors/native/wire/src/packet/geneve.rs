//! Geneve (RFC 8926 3).

use super::ethernet::{BRIDGED, IP4, IP6, MPLS};
use super::tunnel::{Inside, Tunnel};
use super::view::{u16_of, u32_of, Problem, View};
use crate::rows::header_problem::CUT_TUNNEL;
use crate::rows::tunnel::GENEVE;

/// Options are counted in words of four bytes.
const OPTION_WORDS: u8 = 0x3f;
const RESERVED: u8 = 0x3f;

/// What is carried in earnest: frames, IP, MPLS, service headers (NSH, RFC 8300). Of the last two nothing is read.
fn is_carried(kind: u16) -> bool {
    matches!(kind, BRIDGED | IP4 | IP6 | MPLS | 0x894f)
}

/// The header at `offset` with its options, if it is one.
///
/// As with VXLAN the port proves nothing: version and the 14 bits in reserve must be 0, and the type one that is in use.
///
/// # Errors
/// Its 8 fixed bytes are cut.
#[cold]
pub(super) fn read(view: View<'_>, offset: usize) -> Result<Option<Tunnel<'_>>, Problem> {
    if view.ends_before(offset, 8) {
        return Ok(None);
    }
    let header: &[u8; 8] = view.need(offset, CUT_TUNNEL)?;
    let &[first, flags, .., last] = header;
    let kind = u16_of(header, 2);
    let is_clear = first & !OPTION_WORDS == 0 && flags & RESERVED == 0 && last == 0;
    if !is_clear || !is_carried(kind) {
        return Ok(None);
    }
    Ok(Some(Tunnel {
        kind: GENEVE,
        offset,
        vni: Some(u32_of(header, 4) >> 8),
        inside: Inside {
            view,
            kind,
            offset: offset + 8 + usize::from(first & OPTION_WORDS) * 4,
        },
    }))
}
