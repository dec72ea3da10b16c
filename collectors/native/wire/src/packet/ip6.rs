//! IPv6 headers (RFC 8200 3).

use super::extension;
use super::ip::Place;
use super::view::{u16_of, u32_of, Problem};
use super::Ip;
use crate::rows::header_problem::{BAD_IP_VERSION, CUT_IP};

/// Bytes of the fixed header.
const SIZE: usize = 40;

/// Read the header at `place` into `ip`, with the extension headers behind it, and go to what they carry.
///
/// # Errors
/// It is cut, is not version 6, or an extension header cannot be read; `ip` is untouched unless its 40 bytes are there.
#[inline(always)]
pub(super) fn read(place: &mut Place<'_>, ip: &mut Ip) -> Result<(), Problem> {
    let Place { view, offset, .. } = *place;
    let &[first] = view.need(offset, CUT_IP)?;
    if first >> 4 != 6 {
        return Problem::at(BAD_IP_VERSION, offset);
    }
    let header: &[u8; SIZE] = view.need(offset, CUT_IP)?;
    let (fixed, addresses) = header.split_at(8);
    let (src, dst) = addresses.split_at(16);
    let word = u32_of(fixed, 0);
    let length = usize::from(u16_of(fixed, 4));
    ip.version = 6;
    ip.src_address.copy_from_slice(src);
    ip.dst_address.copy_from_slice(dst);
    // Shifted, so that what is above the eight bits falls away.
    ip.tos = (word >> 20) as u8;
    ip.flow_label = word & 0x000f_ffff;
    ip.ttl = header[7];
    ip.bytes = SIZE as u32 + u32::from(u16_of(fixed, 4));
    // Payload length 0 is a jumbogram (RFC 2675), or a packet above 64 KiB before segmentation on the sending host.
    if length != 0 {
        place.view = view.until(offset + SIZE + length, false);
    }
    place.offset = offset + SIZE;
    place.protocol = header[6];
    if extension::is_extension(place.protocol) {
        *place = extension::read(*place, ip)?;
    } else {
        ip.protocol = place.protocol;
    }
    Ok(())
}
