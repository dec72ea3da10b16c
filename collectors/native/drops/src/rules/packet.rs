//! What is known of a dropped packet, as rules read it.

use wire::nftables::{family, Source};

use crate::rules::book::Case;

const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
/// NFT_META_….
const META_PROTOCOL: u32 = 1;
const META_IIF: u32 = 4;
const META_OIF: u32 = 5;
const META_IIFNAME: u32 = 6;
const META_OIFNAME: u32 = 7;
const META_NFPROTO: u32 = 15;
const META_L4PROTO: u32 = 16;
/// NFT_CT_STATE.
const CT_STATE: u32 = 0;

/// Bytes of which some are known: a bit for each that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bytes<const N: usize> {
    pub bytes: [u8; N],
    pub known: u64,
}

impl<const N: usize> Bytes<N> {
    pub const NONE: Self = Self {
        bytes: [0; N],
        known: 0,
    };

    fn put(&mut self, offset: usize, value: &[u8]) {
        for (position, byte) in value.iter().enumerate() {
            self.bytes[offset + position] = *byte;
            self.known |= 1 << (offset + position);
        }
    }
}

/// A value that is read of a packet: 16 bytes at most.
pub type Reading = Bytes<16>;

/// The packet at one hook.
#[derive(Debug, Clone)]
pub struct Packet {
    link: Bytes<14>,
    network: Bytes<40>,
    transport: Bytes<4>,
    ether_type: u16,
    protocol: Option<u8>,
    pub in_device: Option<(u32, [u8; 16])>,
    pub out_device: Option<(u32, [u8; 16])>,
    ct_state: Option<u32>,
}

impl Packet {
    /// What is known of it wherever it was dropped.
    pub fn of(case: &Case) -> Self {
        let mut packet = Self {
            link: Bytes::NONE,
            network: Bytes::NONE,
            transport: Bytes::NONE,
            ether_type: case.key.ether_type,
            protocol: None,
            in_device: None,
            out_device: None,
            ct_state: None,
        };
        let (is_ip4, is_ip6) = (packet.ether_type == IPV4, packet.ether_type == IPV6);
        if packet.ether_type != 0 {
            packet.link.put(12, &packet.ether_type.to_be_bytes());
        }
        // Of IPv6 it is the first header's: behind an extension there is another one.
        let is_last = !matches!(case.key.protocol, 0 | 43 | 44 | 51 | 60 | 135 | 139 | 140);
        if is_ip4 || is_ip6 {
            packet
                .network
                .put(if is_ip4 { 9 } else { 6 }, &[case.key.protocol]);
            packet.protocol = (is_ip4 || is_last).then_some(case.key.protocol);
        }
        let Some(tuple) = case.tuple else {
            return packet;
        };
        let is_known = tuple.src_address != [0; 16] || tuple.dst_address != [0; 16];
        if is_known && is_ip4 {
            packet.network.put(12, &tuple.src_address[12..]);
            packet.network.put(16, &tuple.dst_address[12..]);
        } else if is_known && is_ip6 {
            packet.network.put(8, &tuple.src_address);
            packet.network.put(24, &tuple.dst_address);
        }
        if tuple.src_port != 0 || tuple.dst_port != 0 {
            packet.transport.put(0, &tuple.src_port.to_be_bytes());
            packet.transport.put(2, &tuple.dst_port.to_be_bytes());
        }
        if tuple.src_mac != 0 || tuple.dst_mac != 0 {
            packet.link.put(0, &tuple.dst_mac.to_be_bytes()[2..]);
            packet.link.put(6, &tuple.src_mac.to_be_bytes()[2..]);
        }
        packet.ct_state = tuple.ct_state();
        packet
    }

    /// The state of its connection is not what rules saw here.
    pub fn forget_connection(&mut self) {
        self.ct_state = None;
    }

    /// What a step reads at a chain of a family; `length` is 0 where the source says how long it is. Also how long it is then.
    pub fn read(&self, source: Source, length: u8, family: u8) -> (Reading, usize) {
        let mut reading = Reading::NONE;
        let length = usize::from(length);
        match source {
            Source::Header { layer, offset } => {
                let Ok(offset) = usize::try_from(offset) else {
                    return (reading, length);
                };
                match layer {
                    0 => part(&self.link, offset, length, &mut reading),
                    1 => part(&self.network, offset, length, &mut reading),
                    _ => part(&self.transport, offset, length, &mut reading),
                }
                (reading, length)
            }
            Source::Meta(key) => self.meta(key, family),
            Source::Conntrack(CT_STATE) => {
                if let Some(state) = self.ct_state {
                    reading.put(0, &state.to_ne_bytes());
                }
                (reading, 4)
            }
            Source::Conntrack(_) => (reading, 16),
        }
    }

    fn meta(&self, key: u32, family: u8) -> (Reading, usize) {
        let mut reading = Reading::NONE;
        let mut put = |value: Option<&[u8]>| {
            if let Some(value) = value {
                reading.put(0, value);
            }
        };
        let length = match key {
            META_PROTOCOL => {
                let value = self.ether_type.to_be_bytes();
                put((self.ether_type != 0).then_some(&value[..]));
                // The kernel clears what is left of the register.
                2
            }
            META_IIF => {
                put(self
                    .in_device
                    .map(|(index, _)| index.to_ne_bytes())
                    .as_ref()
                    .map(|value| &value[..]));
                4
            }
            META_OIF => {
                put(self
                    .out_device
                    .map(|(index, _)| index.to_ne_bytes())
                    .as_ref()
                    .map(|value| &value[..]));
                4
            }
            META_IIFNAME => {
                put(self.in_device.as_ref().map(|(_, name)| &name[..]));
                16
            }
            META_OIFNAME => {
                put(self.out_device.as_ref().map(|(_, name)| &name[..]));
                16
            }
            META_NFPROTO => {
                let value = match (family, self.ether_type) {
                    (family::INET, IPV4) => family::IP,
                    (family::INET, IPV6) => family::IP6,
                    _ => family,
                };
                put((value != family::INET).then_some(&[value]));
                1
            }
            META_L4PROTO => {
                put(self.protocol.as_ref().map(std::slice::from_ref));
                1
            }
            _ => 16,
        };
        (reading, length)
    }
}

fn part<const N: usize>(header: &Bytes<N>, offset: usize, length: usize, reading: &mut Reading) {
    for position in 0..length.min(16) {
        let at = offset.saturating_add(position);
        if at < N && header.known >> at & 1 != 0 {
            reading.put(position, &[header.bytes[at]]);
        }
    }
}
