//! Packets put together by hand, layer by layer.

/// Bytes of layers, one after the other.
pub fn join(layers: &[&[u8]]) -> Vec<u8> {
    layers.concat()
}

pub const DST_MAC: u64 = 0x0200_5e00_5302;
pub const SRC_MAC: u64 = 0x0200_5e00_5301;
pub const INNER_DST_MAC: u64 = 0x0200_5e00_53a2;
pub const INNER_SRC_MAC: u64 = 0x0200_5e00_53a1;

/// Addresses of an Ethernet header, without its type.
pub fn addresses(dst: u64, src: u64) -> Vec<u8> {
    join(&[&dst.to_be_bytes()[2..], &src.to_be_bytes()[2..]])
}

/// An outer Ethernet header.
pub fn ethernet(kind: u16) -> Vec<u8> {
    join(&[&addresses(DST_MAC, SRC_MAC), &kind.to_be_bytes()])
}

/// An Ethernet header inside a tunnel.
pub fn inner_ethernet(kind: u16) -> Vec<u8> {
    join(&[
        &addresses(INNER_DST_MAC, INNER_SRC_MAC),
        &kind.to_be_bytes(),
    ])
}

/// The rest of a VLAN tag behind its type: priority 5, the id, the type of what follows.
pub fn tag(id: u16, kind: u16) -> Vec<u8> {
    join(&[&(0xa000 | id).to_be_bytes(), &kind.to_be_bytes()])
}

/// An MPLS label stack entry.
pub fn label(label: u32, bottom: bool) -> Vec<u8> {
    (label << 12 | u32::from(bottom) << 8 | 64)
        .to_be_bytes()
        .to_vec()
}

/// One's complement sum of 16-bit words, inverted (RFC 1071).
pub fn checksum(bytes: &[u8]) -> u16 {
    let mut sum: u32 = bytes
        .chunks(2)
        .map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0)))
        .sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

/// What an IPv4 header says beside addresses, which are 192.0.2.1 and 198.51.100.2.
pub struct Ip4<'a> {
    pub options: &'a [u8],
    pub flags_offset: u16,
    pub protocol: u8,
}

/// An IPv4 packet: TOS 0xb8, id 0x1234, TTL 61, right lengths and checksum.
pub fn ip4_of(form: &Ip4<'_>, payload: &[u8]) -> Vec<u8> {
    let size = 20 + form.options.len();
    let mut header = vec![0x40 | (size / 4) as u8, 0xb8];
    header.extend(((size + payload.len()) as u16).to_be_bytes());
    header.extend([0x12, 0x34]);
    header.extend(form.flags_offset.to_be_bytes());
    header.extend([61, form.protocol, 0, 0, 192, 0, 2, 1, 198, 51, 100, 2]);
    header.extend(form.options);
    let sum = checksum(&header).to_be_bytes();
    header[10..12].copy_from_slice(&sum);
    join(&[&header, payload])
}

/// An IPv4 packet without options that is no fragment.
pub fn ip4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    let form = Ip4 {
        options: &[],
        flags_offset: 0,
        protocol,
    };
    ip4_of(&form, payload)
}

pub const IP6_SRC: [u8; 16] = [0x20, 1, 0x0d, 0xb8, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6];
pub const IP6_DST: [u8; 16] = [0x20, 1, 0x0d, 0xb8, 0, 9, 0, 8, 0, 7, 0, 6, 0, 5, 0, 4];

/// An IPv6 packet: traffic class 0xb8, flow label 0x54321, hop limit 61, right length.
pub fn ip6(next: u8, payload: &[u8]) -> Vec<u8> {
    let word: u32 = 6 << 28 | 0xb8 << 20 | 0x5_4321;
    join(&[
        &word.to_be_bytes(),
        &(payload.len() as u16).to_be_bytes(),
        &[next, 61],
        &IP6_SRC,
        &IP6_DST,
        payload,
    ])
}

/// A TCP header of ports 51234 and 443, flags SYN, ECE and CWR.
pub fn tcp() -> Vec<u8> {
    join(&[
        &51_234_u16.to_be_bytes(),
        &443_u16.to_be_bytes(),
        &[0, 0, 0, 1, 0, 0, 0, 0, 0x50, 0xc2, 0xff, 0xff, 0, 0, 0, 0],
    ])
}

/// A UDP datagram from port 40000.
pub fn udp(dst: u16, payload: &[u8]) -> Vec<u8> {
    join(&[
        &40_000_u16.to_be_bytes(),
        &dst.to_be_bytes(),
        &((8 + payload.len()) as u16).to_be_bytes(),
        &[0, 0],
        payload,
    ])
}
