//! IPv4 (RFC 791), IPv6 with extension headers (RFC 8200) and UDP (RFC 768), as far as it takes to find a datagram.

/// An IPv4 address is mapped into IPv6 (RFC 4291, 2.5.5.2).
pub type Address = [u8; 16];

/// The sender or the receiver of a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct End {
    pub address: Address,
    pub port: u16,
}

/// What an IP packet has inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packet<'a> {
    Udp(Udp<'a>),
    Fragment(Fragment<'a>),
    /// Another protocol.
    Other,
    /// Headers that make no sense, or end before the datagram begins.
    Broken,
}

/// A UDP datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Udp<'a> {
    pub source: End,
    pub destination: End,
    /// What is there of it.
    pub payload: &'a [u8],
    /// Whether the headers say that there is more.
    pub is_cut: bool,
}

/// A fragment of an IP packet that may carry UDP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fragment<'a> {
    pub whole: Whole,
    /// Protocol at the beginning of the payload of the first fragment.
    pub next: u8,
    /// Where the payload belongs, in bytes.
    pub offset: usize,
    pub has_more: bool,
    pub payload: &'a [u8],
    /// Whether the headers say that the payload is longer.
    pub is_cut: bool,
}

/// Which packet a fragment is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Whole {
    pub source: Address,
    pub destination: Address,
    pub identification: u32,
    /// IPv4 tells packets apart by it too; with IPv6 it is 0 here.
    pub protocol: u8,
}

const HOP_BY_HOP: u8 = 0;
const UDP: u8 = 17;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const AUTHENTICATION: u8 = 51;
const DESTINATION: u8 = 60;
const MOBILITY: u8 = 135;
const HOST_IDENTITY: u8 = 139;
const SHIM6: u8 = 140;

/// Nobody sends more; a packet that nests them without end must not cost time.
const MOST_EXTENSIONS: usize = 16;

/// Look into an IP packet.
#[inline]
pub fn inside(packet: &[u8]) -> Packet<'_> {
    match packet.first().map(|first| first >> 4) {
        Some(4) => inside_ipv4(packet),
        Some(6) => inside_ipv6(packet),
        _ => Packet::Broken,
    }
}

fn inside_ipv4(packet: &[u8]) -> Packet<'_> {
    let Some(header) = packet.first_chunk::<20>() else {
        return Packet::Broken;
    };
    let header_length = usize::from(header[0] & 0x0f) * 4;
    // 0 where the sending host's card was to cut a longer packet: then the frame tells.
    let length = match u16::from_be_bytes([header[2], header[3]]) {
        0 => packet.len(),
        length => usize::from(length),
    };
    if header_length < 20 || length < header_length {
        return Packet::Broken;
    }
    let protocol = header[9];
    if protocol != UDP {
        return Packet::Other;
    }
    let Some(payload) = packet.get(header_length..packet.len().min(length)) else {
        return Packet::Broken;
    };
    let is_cut = packet.len() < length;
    let (source, destination) = (mapped(&header[12..16]), mapped(&header[16..20]));
    let place = u16::from_be_bytes([header[6], header[7]]);
    let (offset, has_more) = (usize::from(place & 0x1fff) * 8, place & 0x2000 != 0);
    if offset == 0 && !has_more {
        return udp(source, destination, payload);
    }
    Packet::Fragment(Fragment {
        whole: Whole {
            source,
            destination,
            identification: u32::from(u16::from_be_bytes([header[4], header[5]])),
            protocol,
        },
        next: UDP,
        offset,
        has_more,
        payload,
        is_cut,
    })
}

fn inside_ipv6(packet: &[u8]) -> Packet<'_> {
    let Some((header, rest)) = packet.split_first_chunk::<40>() else {
        return Packet::Broken;
    };
    // 0 for a jumbo packet, or as with IPv4.
    let length = match u16::from_be_bytes([header[4], header[5]]) {
        0 => rest.len(),
        length => usize::from(length),
    };
    let payload = &rest[..rest.len().min(length)];
    let (mut source, mut destination) = ([0; 16], [0; 16]);
    source.copy_from_slice(&header[8..24]);
    destination.copy_from_slice(&header[24..40]);
    after_extensions(source, destination, header[6], payload, rest.len() < length)
}

/// Go over IPv6 extension headers.
fn after_extensions(
    source: Address,
    destination: Address,
    mut next: u8,
    mut payload: &[u8],
    is_cut: bool,
) -> Packet<'_> {
    for _ in 0..MOST_EXTENSIONS {
        let length = match next {
            UDP => return udp(source, destination, payload),
            FRAGMENT => {
                let Some((header, rest)) = payload.split_first_chunk::<8>() else {
                    return Packet::Broken;
                };
                let place = u16::from_be_bytes([header[2], header[3]]);
                let (offset, has_more) = (usize::from(place & 0xfff8), place & 1 != 0);
                next = header[0];
                if offset == 0 && !has_more {
                    // A fragment that is the whole packet (RFC 6946) has nothing to do with others.
                    payload = rest;
                    continue;
                }
                if !may_lead_to_udp(next) {
                    return Packet::Other;
                }
                return Packet::Fragment(Fragment {
                    whole: Whole {
                        source,
                        destination,
                        identification: u32::from_be_bytes([
                            header[4], header[5], header[6], header[7],
                        ]),
                        protocol: 0,
                    },
                    next,
                    offset,
                    has_more,
                    payload: rest,
                    is_cut,
                });
            }
            HOP_BY_HOP | ROUTING | DESTINATION | MOBILITY | HOST_IDENTITY | SHIM6 => {
                payload.get(1).map(|length| (usize::from(*length) + 1) * 8)
            }
            AUTHENTICATION => payload.get(1).map(|length| (usize::from(*length) + 2) * 4),
            _ => return Packet::Other,
        };
        match length.and_then(|length| payload.get(length..)) {
            Some(rest) => (next, payload) = (payload[0], rest),
            None => return Packet::Broken,
        }
    }
    Packet::Broken
}

fn may_lead_to_udp(next: u8) -> bool {
    matches!(
        next,
        UDP | HOP_BY_HOP
            | ROUTING
            | DESTINATION
            | AUTHENTICATION
            | MOBILITY
            | HOST_IDENTITY
            | SHIM6
    )
}

/// Look into what fragments were put together to; `first` is the protocol that the first fragment named.
pub fn inside_whole<'a>(whole: &Whole, first: u8, payload: &'a [u8]) -> Packet<'a> {
    match after_extensions(whole.source, whole.destination, first, payload, false) {
        // Fragments of fragments are nothing that a host would send.
        Packet::Fragment(_) => Packet::Broken,
        packet => packet,
    }
}

#[inline]
fn udp(source: Address, destination: Address, datagram: &[u8]) -> Packet<'_> {
    let Some((header, rest)) = datagram.split_first_chunk::<8>() else {
        return Packet::Broken;
    };
    // 0 in a jumbo packet (RFC 2675), or where the sending host's card was to cut it.
    let length = match u16::from_be_bytes([header[4], header[5]]) {
        0 => rest.len(),
        length if length < 8 => return Packet::Broken,
        length => usize::from(length) - 8,
    };
    Packet::Udp(Udp {
        source: End {
            address: source,
            port: u16::from_be_bytes([header[0], header[1]]),
        },
        destination: End {
            address: destination,
            port: u16::from_be_bytes([header[2], header[3]]),
        },
        payload: &rest[..rest.len().min(length)],
        is_cut: rest.len() < length,
    })
}

#[inline]
fn mapped(ipv4: &[u8]) -> Address {
    let mut address = [0; 16];
    address[10] = 0xff;
    address[11] = 0xff;
    address[12..].copy_from_slice(ipv4);
    address
}
