//! Transport headers: ports, TCP flags, ICMP type and code.

use super::ip::Place;
use super::view::{u16_of, Problem};
use super::Ip;
use crate::rows::header_problem::CUT_TRANSPORT;

const ICMP: u8 = 1;
const TCP: u8 = 6;
pub(super) const UDP: u8 = 17;
const DCCP: u8 = 33;
const ICMP6: u8 = 58;
const SCTP: u8 = 132;
const UDP_LITE: u8 = 136;

/// Read the transport header into `ip`; of other protocols nothing.
///
/// # Errors
/// The fixed header is cut: `ip` has those fields that are there.
#[inline(always)]
pub(super) fn read(place: &Place<'_>, ip: &mut Ip) -> Result<(), Problem> {
    match place.protocol {
        TCP => tcp(place, ip),
        // RFC 768, RFC 3828.
        UDP | UDP_LITE => ports(place, 8, ip),
        // RFC 9260 3.1; RFC 4340 5.1, with short sequence numbers.
        SCTP | DCCP => ports(place, 12, ip),
        // RFC 792, RFC 4443 2.1.
        ICMP | ICMP6 => {
            let &[kind, code, ..]: &[u8; 4] = place.view.need(place.offset, CUT_TRANSPORT)?;
            ip.icmp = Some((kind, code));
            Ok(())
        }
        _ => Ok(()),
    }
}

/// RFC 9293 3.1; the flags are twelve bits, those in reserve with them (RFC 9565).
#[inline]
fn tcp(place: &Place<'_>, ip: &mut Ip) -> Result<(), Problem> {
    ports(place, 4, ip)?;
    if let Some(&[high, low]) = place.view.at(place.offset + 12) {
        ip.tcp_flags = Some(u16::from_be_bytes([high, low]) & 0x0fff);
    }
    place.view.reach(place.offset, 20, CUT_TRANSPORT)
}

/// Source and destination port, the first four of `size` bytes.
#[inline]
fn ports(place: &Place<'_>, size: usize, ip: &mut Ip) -> Result<(), Problem> {
    let header: &[u8; 4] = place.view.need(place.offset, CUT_TRANSPORT)?;
    ip.ports = Some((u16_of(header, 0), u16_of(header, 2)));
    place.view.reach(place.offset, size, CUT_TRANSPORT)
}
