//! What the exporter did with the packet: switched, routed, labelled, translated (0:1001 and on).

use super::xdr::Reader;
use crate::fault::Fault;
use crate::packet::{Packet, MOST_LABELS};
use crate::rows::Flows;

/// VLAN ids in and out (0:1001).
#[derive(Clone, Copy)]
pub(super) struct Switch {
    src_vlan: u32,
    dst_vlan: u32,
}

/// The route that was taken (0:1002).
#[derive(Clone, Copy)]
pub(super) struct Router {
    next_hop: Option<[u8; 16]>,
    src_prefix_length: u32,
    dst_prefix_length: u32,
}

/// The BGP route that was taken (0:1003); autonomous systems, 0 for not told.
#[derive(Clone, Copy)]
pub(super) struct Gateway {
    next_hop: Option<[u8; 16]>,
    src_as: u32,
    src_peer_as: u32,
    /// First and last of the path to the destination.
    dst_peer_as: u32,
    dst_as: u32,
}

/// Label stacks (0:1006).
#[derive(Clone, Copy)]
pub(super) struct Mpls<'a> {
    next_hop: Option<[u8; 16]>,
    /// Entries of the received stack from the top, as on the wire (RFC 3032).
    in_stack: &'a [[u8; 4]],
}

/// VLAN tags that were taken off the packet before it was sampled (0:1012), TPID and TCI of each, from the outermost.
#[derive(Clone, Copy)]
pub(super) struct VlanTunnel<'a> {
    stack: &'a [[u8; 4]],
}

/// Addresses behind a NAT (0:1007).
#[derive(Clone, Copy)]
pub(super) struct Nat {
    src_address: Option<[u8; 16]>,
    dst_address: Option<[u8; 16]>,
}

/// Ports behind a NAT (0:1020).
#[derive(Clone, Copy)]
pub(super) struct NatPorts {
    src_port: u32,
    dst_port: u32,
}

impl Switch {
    #[inline]
    pub(super) fn read(mut body: Reader<'_>) -> Result<Self, Fault> {
        let [src_vlan, _, dst_vlan, _] = body.words()?;
        Ok(Switch { src_vlan, dst_vlan })
    }

    /// Only the way out.
    pub(super) fn without_source(self) -> Self {
        Switch {
            src_vlan: 0,
            ..self
        }
    }

    #[inline]
    pub(super) fn write(&self, row: usize, flows: &mut Flows) {
        // 0 is untagged; all ones, and all else that is no VLAN id, is unknown.
        let id = |vlan: u32| {
            u16::try_from(vlan)
                .ok()
                .filter(|id| (1..=MOST_VLAN).contains(id))
        };
        if let Some(vlan) = id(self.src_vlan) {
            flows.src_vlan.set(row, vlan);
        }
        if let Some(vlan) = id(self.dst_vlan) {
            flows.dst_vlan.set(row, vlan);
        }
    }
}

const MOST_VLAN: u16 = 4095;

impl Router {
    pub(super) fn read(mut body: Reader<'_>) -> Result<Self, Fault> {
        Ok(Router {
            next_hop: body.address()?,
            src_prefix_length: body.word()?,
            dst_prefix_length: body.word()?,
        })
    }

    pub(super) fn write(&self, row: usize, flows: &mut Flows) {
        if let Some(address) = self.next_hop {
            flows.next_hop.set(row, address);
        }
        let length = |bits: u32| u8::try_from(bits).ok().filter(|&bits| bits <= 128);
        if let Some(bits) = length(self.src_prefix_length) {
            flows.src_prefix_length.set(row, bits);
        }
        if let Some(bits) = length(self.dst_prefix_length) {
            flows.dst_prefix_length.set(row, bits);
        }
    }
}

impl Gateway {
    pub(super) fn read(mut body: Reader<'_>) -> Result<Self, Fault> {
        let next_hop = body.address()?;
        let [_own_as, src_as, src_peer_as] = body.words()?;
        let (mut dst_peer_as, mut dst_as) = (0, 0);
        // A segment has at least its type and its count.
        for segment in 0..body.count(8)? {
            let [_kind] = body.words()?;
            let numbers = body.list()?;
            if let (0, Some(&first)) = (segment, numbers.first()) {
                dst_peer_as = u32::from_be_bytes(first);
            }
            if let Some(&last) = numbers.last() {
                dst_as = u32::from_be_bytes(last);
            }
        }
        let _communities = body.list()?;
        let [_local_preference] = body.words()?;
        Ok(Gateway {
            next_hop,
            src_as,
            src_peer_as,
            dst_peer_as,
            dst_as,
        })
    }

    pub(super) fn write(&self, row: usize, flows: &mut Flows) {
        if let Some(address) = self.next_hop {
            flows.bgp_next_hop.set(row, address);
        }
        // AS 0 is nobody's (RFC 7607).
        for (number, column) in [
            (self.src_as, &mut flows.src_as),
            (self.src_peer_as, &mut flows.previous_as),
            (self.dst_peer_as, &mut flows.next_as),
            (self.dst_as, &mut flows.dst_as),
        ] {
            if number != 0 {
                column.set(row, number);
            }
        }
    }
}

impl<'a> Mpls<'a> {
    pub(super) fn read(mut body: Reader<'a>) -> Result<Self, Fault> {
        let next_hop = body.address()?;
        let in_stack = body.list()?;
        let _out_stack = body.list()?;
        Ok(Mpls { next_hop, in_stack })
    }

    pub(super) fn write(&self, row: usize, packet: &Packet, flows: &mut Flows) {
        if let Some(address) = self.next_hop {
            flows.next_hop.set(row, address);
        }
        let labels = self.labels();
        if packet.mpls_count == 0 && !labels.is_empty() {
            flows.mpls_labels.set(row, labels);
        }
    }

    /// The labels of the received stack, 20 bits each, as many as a packet's.
    fn labels(&self) -> Vec<u32> {
        let entries = self.in_stack.iter().take(MOST_LABELS);
        entries
            .map(|&entry| u32::from_be_bytes(entry) >> 12)
            .collect()
    }
}

impl<'a> VlanTunnel<'a> {
    pub(super) fn read(mut body: Reader<'a>) -> Result<Self, Fault> {
        Ok(VlanTunnel {
            stack: body.list()?,
        })
    }

    /// Whether it has a tag.
    pub(super) fn is_told(&self) -> bool {
        !self.stack.is_empty()
    }

    /// Gives the packet the tags of the frame as it was: those that were taken off, then those that it still has.
    pub(super) fn complete(&self, packet: &mut Packet) {
        let stripped = self
            .stack
            .iter()
            .map(|&[_, _, high, low]| u16::from_be_bytes([high, low]) & MOST_VLAN);
        let mut tags = stripped.chain(packet.vlan).chain(packet.customer_vlan);
        let (outer, inner) = (tags.next(), tags.next());
        packet.vlan = outer;
        packet.customer_vlan = inner;
    }
}

impl Nat {
    pub(super) fn read(mut body: Reader<'_>) -> Result<Self, Fault> {
        Ok(Nat {
            src_address: body.address()?,
            dst_address: body.address()?,
        })
    }

    pub(super) fn write(&self, row: usize, flows: &mut Flows) {
        if let Some(address) = self.src_address {
            flows.post_nat_src_address.set(row, address);
        }
        if let Some(address) = self.dst_address {
            flows.post_nat_dst_address.set(row, address);
        }
    }
}

impl NatPorts {
    pub(super) fn read(mut body: Reader<'_>) -> Result<Self, Fault> {
        Ok(NatPorts {
            src_port: body.word()?,
            dst_port: body.word()?,
        })
    }

    pub(super) fn write(&self, row: usize, flows: &mut Flows) {
        if let (Ok(src), Ok(dst)) = (u16::try_from(self.src_port), u16::try_from(self.dst_port)) {
            flows.post_nat_src_port.set(row, src);
            flows.post_nat_dst_port.set(row, dst);
        }
    }
}
