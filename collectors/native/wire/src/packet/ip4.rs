//! IPv4 headers (RFC 791 3.1).

use super::extension;
use super::ip::{Place, NOTHING};
use super::view::Problem;
use super::Ip;
use crate::internet::mapped;
use crate::rows::header_problem::{BAD_IP_LENGTH, BAD_IP_VERSION, CUT_IP};

const MORE_FRAGMENTS: u16 = 0x2000;
const OFFSET: u16 = 0x1fff;

/// Read the header at `place` into `ip`, and go to what it carries.
///
/// # Errors
/// It is cut, is not version 4, or has lengths that cannot be; `ip` is untouched unless its 20 fixed bytes are there.
#[inline(always)]
pub(super) fn read(place: &mut Place<'_>, ip: &mut Ip) -> Result<(), Problem> {
    let Place { view, offset, .. } = *place;
    let &[first] = view.need(offset, CUT_IP)?;
    if first >> 4 != 4 {
        return Problem::at(BAD_IP_VERSION, offset);
    }
    let &[_, tos, t0, t1, i0, i1, f0, f1, ttl, protocol, _, _, s0, s1, s2, s3, d0, d1, d2, d3] =
        view.need(offset, CUT_IP)?;
    let fragment = u16::from_be_bytes([f0, f1]);
    let total = usize::from(u16::from_be_bytes([t0, t1]));
    let size = usize::from(first & 15) * 4;
    ip.version = 4;
    ip.src_address = mapped([s0, s1, s2, s3]);
    ip.dst_address = mapped([d0, d1, d2, d3]);
    // What an authentication header hides is not known until that is read.
    ip.protocol = match protocol {
        extension::AUTHENTICATION => 0,
        protocol => protocol,
    };
    ip.tos = tos;
    ip.ttl = ttl;
    ip.bytes = u32::from(u16::from_be_bytes([t0, t1]));
    ip.fragment_id = Some(u32::from(u16::from_be_bytes([i0, i1])));
    ip.fragment_offset = Some(fragment & OFFSET);
    ip.more_fragments = fragment & MORE_FRAGMENTS != 0;
    // Total length 0 is a packet above 64 KiB before segmentation, as a sample on the sending host has it (BIG TCP).
    if size < 20 || (total != 0 && total < size) {
        return Problem::at(BAD_IP_LENGTH, offset);
    }
    view.reach(offset, size, CUT_IP)?;
    if total != 0 {
        place.view = view.until(offset + total, ip.more_fragments);
    }
    place.offset = offset + size;
    place.protocol = protocol;
    if fragment & OFFSET != 0 {
        place.protocol = NOTHING;
    } else if protocol == extension::AUTHENTICATION {
        *place = extension::behind_authentication(*place, ip)?;
    }
    Ok(())
}
