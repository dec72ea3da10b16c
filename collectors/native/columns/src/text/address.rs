//! Addresses to text: IPv4 that is mapped into IPv6 as a dotted quad, IPv6 as RFC 5952 wants it.

use super::number::unsigned;

const MAPPED: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/// Append an address.
#[inline]
pub fn write(address: &[u8; 16], out: &mut Vec<u8>) {
    if address.starts_with(&MAPPED) {
        for (number, byte) in address[12..].iter().enumerate() {
            if number > 0 {
                out.push(b'.');
            }
            unsigned(u64::from(*byte), out);
        }
    } else {
        ipv6(address, out);
    }
}

fn ipv6(address: &[u8; 16], out: &mut Vec<u8>) {
    let mut groups = [0_u16; 8];
    for (group, bytes) in groups.iter_mut().zip(address.chunks_exact(2)) {
        *group = u16::from_be_bytes([bytes[0], bytes[1]]);
    }
    let zeros = longest_zeros(&groups);
    let mut at = 0;
    while at < groups.len() {
        if at == zeros.0 && zeros.1 > 1 {
            out.extend_from_slice(b"::");
            at += zeros.1;
            continue;
        }
        let follows_zeros = zeros.1 > 1 && at == zeros.0 + zeros.1;
        if at > 0 && !follows_zeros {
            out.push(b':');
        }
        group(groups[at], out);
        at += 1;
    }
}

/// The first of the longest runs of zero groups: where it begins, how long it is.
fn longest_zeros(groups: &[u16; 8]) -> (usize, usize) {
    let (mut longest, mut run) = ((0, 0), (0, 0));
    for (at, group) in groups.iter().enumerate() {
        if *group != 0 {
            run = (at + 1, 0);
            continue;
        }
        run.1 += 1;
        if run.1 > longest.1 {
            longest = run;
        }
    }
    longest
}

fn group(number: u16, out: &mut Vec<u8>) {
    let digits = (4 - number.leading_zeros() / 4).max(1);
    for digit in (0..digits).rev() {
        out.push(b"0123456789abcdef"[usize::from(number >> (4 * digit) & 15)]);
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    fn text(address: &[u8; 16]) -> String {
        let mut out = Vec::new();
        super::write(address, &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn every_pattern_of_zero_groups_is_written_as_the_standard_library_does() {
        for pattern in 0..256_u32 {
            for value in [0x1, 0x20, 0xdb8, 0xffff] {
                let groups: [u16; 8] =
                    std::array::from_fn(|at| if pattern >> at & 1 == 1 { value } else { 0 });
                let address = Ipv6Addr::from(groups);
                if address.to_ipv4_mapped().is_none() {
                    assert_eq!(text(&address.octets()), address.to_string());
                }
            }
        }
    }

    #[test]
    fn a_mapped_address_is_a_dotted_quad() {
        let address = Ipv4Addr::new(192, 0, 2, 255).to_ipv6_mapped();
        assert_eq!(text(&address.octets()), "192.0.2.255");
    }
}
