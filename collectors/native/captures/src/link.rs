//! From a frame to the IP packet in it, by the link type of the capture (the registry of pcap, `LINKTYPE_…`).

/// What a frame has inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inside<'a> {
    /// An IP packet; its version is in its first byte.
    Ip(&'a [u8]),
    /// Something else.
    Other,
    /// The frame ends before it says what is inside.
    Broken,
    /// Frames of this type are not known.
    Unknown,
}

const NULL: u32 = 0;
const ETHERNET: u32 = 1;
const RAW_12: u32 = 12;
const RAW_14: u32 = 14;
const RAW: u32 = 101;
const LOOP: u32 = 108;
const LINUX_SLL: u32 = 113;
const IPV4: u32 = 228;
const IPV6: u32 = 229;
const LINUX_SLL2: u32 = 276;

const ETHERTYPE_IPV4: u16 = 0x0800;
const ETHERTYPE_IPV6: u16 = 0x86dd;

/// More VLAN tags than anyone stacks.
const MOST_TAGS: usize = 8;

/// Look into a frame.
#[inline]
pub fn inside(link: u32, frame: &[u8]) -> Inside<'_> {
    match link {
        ETHERNET => by_ether_type(frame, 12, 14),
        LINUX_SLL => by_ether_type(frame, 14, 16),
        LINUX_SLL2 => by_ether_type(frame, 0, 20),
        // Some systems write their loopback under the number that is raw IP elsewhere: four bytes of family come first.
        RAW_12 if !begins_ip(frame) => family(frame),
        RAW | RAW_12 | RAW_14 | IPV4 | IPV6 => ip(frame),
        NULL | LOOP => family(frame),
        _ => Inside::Unknown,
    }
}

fn by_ether_type(frame: &[u8], type_at: usize, payload_at: usize) -> Inside<'_> {
    let (Some(mut ether_type), Some(mut payload)) =
        (u16_at(frame, type_at), frame.get(payload_at..))
    else {
        return Inside::Broken;
    };
    for _ in 0..=MOST_TAGS {
        match ether_type {
            ETHERTYPE_IPV4 | ETHERTYPE_IPV6 => return Inside::Ip(payload),
            // 802.1Q, 802.1ad, and what was used for stacked tags before it.
            0x8100 | 0x88a8 | 0x9100 | 0x9200 => match (u16_at(payload, 2), payload.get(4..)) {
                (Some(inner), Some(rest)) => (ether_type, payload) = (inner, rest),
                _ => return Inside::Broken,
            },
            _ => return Inside::Other,
        }
    }
    Inside::Other
}

/// Four bytes of address family, in either byte order and with another number for IPv6 on each system: the packet tells.
fn family(frame: &[u8]) -> Inside<'_> {
    match frame.get(4..) {
        Some(packet) => ip(packet),
        None => Inside::Broken,
    }
}

fn ip(packet: &[u8]) -> Inside<'_> {
    if packet.is_empty() {
        Inside::Broken
    } else if begins_ip(packet) {
        Inside::Ip(packet)
    } else {
        Inside::Other
    }
}

fn begins_ip(packet: &[u8]) -> bool {
    matches!(packet.first().map(|first| first >> 4), Some(4 | 6))
}

#[inline]
fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::{inside, Inside};

    const PACKET: [u8; 4] = [0x45, 1, 2, 3];

    fn framed(header: &[u8]) -> Vec<u8> {
        [header, &PACKET].concat()
    }

    #[test]
    fn every_link_type_leads_to_the_packet() {
        let ethernet = framed(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0]);
        let tagged = framed(&[
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x88, 0xa8, 0, 5, 0x81, 0, 0, 7, 8, 0,
        ]);
        let sll = framed(&[0, 0, 3, 4, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0]);
        let sll2 = framed(&[8, 0, 0, 0, 0, 0, 0, 1, 3, 4, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0]);
        let null = framed(&[2, 0, 0, 0]);
        for (link, frame) in [
            (1, &ethernet),
            (1, &tagged),
            (113, &sll),
            (276, &sll2),
            (0, &null),
            (108, &null),
            (12, &null),
            (12, &PACKET.to_vec()),
            (14, &PACKET.to_vec()),
            (101, &PACKET.to_vec()),
            (228, &PACKET.to_vec()),
            (229, &PACKET.to_vec()),
        ] {
            assert_eq!(inside(link, frame), Inside::Ip(&PACKET), "{link}");
        }
    }

    #[test]
    fn a_frame_cut_before_its_type_is_broken_and_an_arp_is_something_else() {
        assert_eq!(inside(1, &[0; 13]), Inside::Broken);
        assert_eq!(
            inside(1, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 6]),
            Inside::Other
        );
        let tag_cut = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x81, 0, 0];
        assert_eq!(inside(1, &tag_cut), Inside::Broken);
        assert_eq!(inside(105, &[0; 40]), Inside::Unknown);
        assert_eq!(inside(101, &[]), Inside::Broken);
    }
}
