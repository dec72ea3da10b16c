//! Addresses to text: IPv4 that is mapped into IPv6 as a dotted quad, IPv6 as RFC 5952 wants it.

const MAPPED: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/// Each number of a dotted quad with the dot behind it.
const OCTETS: [[u8; 4]; 256] = {
    let mut octets = [[b'.'; 4]; 256];
    let mut number = 0;
    while number < 256 {
        let digits = [number / 100, number / 10 % 10, number % 10];
        let mut at = if number >= 100 {
            0
        } else {
            2 - (number >= 10) as usize
        };
        let mut to = 0;
        while at < 3 {
            octets[number][to] = b'0' + digits[at] as u8;
            (at, to) = (at + 1, to + 1);
        }
        number += 1;
    }
    octets
};

/// Append an address.
#[inline]
pub fn write(address: &[u8; 16], out: &mut Vec<u8>) {
    if address.starts_with(&MAPPED) {
        let mut text = [0; 16];
        let mut end = 0;
        for byte in &address[12..] {
            let octet = &OCTETS[usize::from(*byte)];
            text[end..end + 4].copy_from_slice(octet);
            end += 2 + usize::from(*byte >= 10) + usize::from(*byte >= 100);
        }
        // All of it and back: a copy of a fixed size is a few moves.
        let from = out.len();
        out.extend_from_slice(&text);
        out.truncate(from + end - 1);
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
        for number in 0..=255 {
            let address = Ipv4Addr::new(192, number, 255 - number, 1);
            assert_eq!(
                text(&address.to_ipv6_mapped().octets()),
                address.to_string()
            );
        }
    }
}
