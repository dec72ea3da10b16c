//! Addresses as all records have them: 16 bytes, IPv4 mapped into IPv6.

use std::net::Ipv6Addr;

/// An IPv4 address, mapped into IPv6 (RFC 4291 section 2.5.5.2).
#[inline]
pub fn mapped(address: [u8; 4]) -> [u8; 16] {
    let [a, b, c, d] = address;
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d]
}

/// The four bytes of an IPv4 address that was mapped into IPv6; `None` for one of IPv6.
#[inline]
pub fn unmapped(address: &[u8; 16]) -> Option<[u8; 4]> {
    Ipv6Addr::from(*address)
        .to_ipv4_mapped()
        .map(|address| address.octets())
}

/// Whether an address is 127.0.0.0/8 or ::1, which every host has.
#[inline]
pub fn is_loopback(address: &[u8; 16]) -> bool {
    const MAPPED: [u8; 13] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127];
    address[..13] == MAPPED || *address == Ipv6Addr::LOCALHOST.octets()
}
