//! VXLAN (RFC 7348 5), with the group policy extension that Linux, Cilium and switches send (draft-smith-vxlan-group-policy).

use super::ethernet::BRIDGED;
use super::tunnel::{Inside, Tunnel};
use super::view::{u32_of, Problem, View};
use crate::rows::header_problem::CUT_TUNNEL;
use crate::rows::tunnel::VXLAN;

const HAS_VNI: u8 = 0x08;
const HAS_GROUP: u8 = 0x80;
/// "Don't learn" and "policy applied", beside the group.
const GROUP_FLAGS: u8 = 0x48;

/// The header at `offset`, if it is one.
///
/// A port alone proves nothing: 4789 and 8472 are also sources of other conversations, such as a resolver's. So each bit that
/// has to be 0 must be 0, 32 of them with the flag that must be set, before anything behind it is taken for a frame.
///
/// # Errors
/// Its 8 fixed bytes are cut.
#[cold]
pub(super) fn read(view: View<'_>, offset: usize) -> Result<Option<Tunnel<'_>>, Problem> {
    if view.ends_before(offset, 8) {
        return Ok(None);
    }
    let header: &[u8; 8] = view.need(offset, CUT_TUNNEL)?;
    let plausible = match header {
        [HAS_VNI, 0, 0, 0, .., 0] => true,
        [flags, policy, .., 0] => *flags == HAS_VNI | HAS_GROUP && policy & !GROUP_FLAGS == 0,
        _ => false,
    };
    Ok(plausible.then(|| Tunnel {
        kind: VXLAN,
        offset,
        vni: Some(u32_of(header, 4) >> 8),
        inside: Inside {
            view,
            kind: BRIDGED,
            offset: offset + 8,
        },
    }))
}
