//! GRE (RFC 2784 2, RFC 2890 2, RFC 7637 for a key that is a network's number).

use super::tunnel::{Inside, Tunnel};
use super::view::{u16_of, u32_of, Problem, View};
use crate::rows::header_problem::CUT_TUNNEL;
use crate::rows::tunnel::GRE;

const CHECKSUM: u16 = 0x8000;
const ROUTING: u16 = 0x4000;
const KEY: u16 = 0x2000;
const SEQUENCE: u16 = 0x1000;
const VERSION: u16 = 0x0007;
/// No EtherType: nothing inside is read.
const NOTHING: u16 = 0;

/// The header at `offset`. What is inside is not read in version 1 (PPTP, RFC 2637) and with source routes (RFC 1701).
///
/// # Errors
/// Its 4 fixed bytes are cut.
#[cold]
pub(super) fn read(view: View<'_>, offset: usize) -> Result<Option<Tunnel<'_>>, Problem> {
    let fixed: &[u8; 4] = view.need(offset, CUT_TUNNEL)?;
    let flags = u16_of(fixed, 0);
    let mut tunnel = Tunnel {
        kind: GRE,
        offset,
        vni: None,
        inside: Inside {
            view,
            kind: NOTHING,
            offset,
        },
    };
    if flags & (ROUTING | VERSION) != 0 {
        return Ok(Some(tunnel));
    }
    let mut end = offset + 4;
    if flags & CHECKSUM != 0 {
        end += 4;
    }
    if flags & KEY != 0 {
        tunnel.vni = view.at::<4>(end).map(|key| u32_of(key, 0));
        end += 4;
    }
    if flags & SEQUENCE != 0 {
        end += 4;
    }
    tunnel.inside.kind = u16_of(fixed, 2);
    tunnel.inside.offset = end;
    Ok(Some(tunnel))
}
