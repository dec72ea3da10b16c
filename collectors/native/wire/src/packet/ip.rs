//! One IP packet: its header and the transport header behind it.

use super::ethernet::{IP4, IP6};
use super::view::{Problem, View};
use super::{ip4, ip6, transport, Ip};

/// What an IP header carries.
#[derive(Debug, Clone, Copy)]
pub(super) struct Payload<'a> {
    /// The packet's bytes up to its own end, without what pads the frame.
    pub view: View<'a>,
    pub offset: usize,
    pub protocol: u8,
}

/// Read a packet at `offset` whose EtherType is `kind`: what it carries, or `None` where nothing of that can be read.
///
/// # Errors
/// Something is cut or cannot be; `ip` has what comes before.
#[inline]
pub(super) fn read<'a>(
    view: View<'a>,
    kind: u16,
    offset: usize,
    ip: &mut Ip,
) -> Result<Option<Payload<'a>>, Problem> {
    let payload = match kind {
        IP4 => ip4::read(view, offset, ip)?,
        IP6 => ip6::read(view, offset, ip)?,
        _ => None,
    };
    if let Some(payload) = payload {
        transport::read(payload, ip)?;
    }
    Ok(payload)
}
