//! PPP over Ethernet, session stage (RFC 2516 4 and 6).

use super::ethernet::{IP4, IP6};
use super::view::{u16_of, Problem, View};
use crate::rows::header_problem::CUT_TUNNEL;

/// Version 1, type 1; code 0.
const SESSION: [u8; 2] = [0x11, 0];
const PPP_IP4: u16 = 0x0021;
const PPP_IP6: u16 = 0x0057;

/// The EtherType of the IP packet in a session frame at `offset` and where it begins, or `None` for what is no IP.
///
/// # Errors
/// The PPPoE header or the PPP protocol behind it is cut.
#[cold]
pub(super) fn read(view: View<'_>, offset: usize) -> Result<Option<(u16, usize)>, Problem> {
    let header: &[u8; 8] = view.need(offset, CUT_TUNNEL)?;
    if !header.starts_with(&SESSION) {
        return Ok(None);
    }
    Ok(match u16_of(header, 6) {
        PPP_IP4 => Some((IP4, offset + 8)),
        PPP_IP6 => Some((IP6, offset + 8)),
        _ => None,
    })
}
