//! Flow samples: a row each.

use super::sampled::{Gateway, More, Mpls, Router, Sampled, Switch};
use super::xdr::Reader;
use super::{source, source_type, Output, SampleHead, SampleKind};
use crate::fault::Fault;
use crate::packet::{self, Packet};
use crate::rows::{in_if_meaning, out_if_meaning, sampling_origin, Flows};

/// An interface as a sample tells it: a format, and a value that the format gives its meaning.
#[derive(Clone, Copy)]
struct Interface {
    format: u32,
    value: u32,
}

/// What a flow sample says beside its structures.
struct Sample {
    head: SampleHead,
    input: Interface,
    output: Interface,
}

/// Reads a flow_sample (0:1), in which interfaces and source have one word each.
#[inline]
pub(super) fn compact(
    mut body: Reader<'_>,
    packet: &mut Packet,
    out: &mut Output,
) -> Result<(), Fault> {
    let [sequence, source_word, sampling_rate, pool, drops, input, output] = body.words()?;
    let (source_type, source_index) = source(source_word);
    let interface = |word: u32| Interface {
        format: word >> 30,
        value: word & INTERNAL,
    };
    let sample = Sample {
        head: SampleHead {
            kind: SampleKind::Flow,
            source_type,
            source_index,
            sequence,
            sampling_rate,
            pool,
            drops,
        },
        input: interface(input),
        output: interface(output),
    };
    sample.read(body, packet, out)
}

/// Reads a flow_sample_expanded (0:3).
#[inline]
pub(super) fn expanded(
    mut body: Reader<'_>,
    packet: &mut Packet,
    out: &mut Output,
) -> Result<(), Fault> {
    let [sequence, source_type, source_index, sampling_rate, pool, drops, in_format, input, out_format, output] =
        body.words()?;
    let sample = Sample {
        head: SampleHead {
            kind: SampleKind::Flow,
            source_type,
            source_index,
            sequence,
            sampling_rate,
            pool,
            drops,
        },
        input: Interface {
            format: in_format,
            value: input,
        },
        output: Interface {
            format: out_format,
            value: output,
        },
    };
    sample.read(body, packet, out)
}

/// The interface of packets that the device itself sends or takes.
const INTERNAL: u32 = 0x3fff_ffff;

impl Interface {
    /// The ifIndex, or why there is none (a code of `rows::in_if_meaning`).
    #[inline]
    fn index(self) -> Result<u32, u8> {
        match (self.format, self.value) {
            (0, 0) => Err(in_if_meaning::UNKNOWN),
            // The expanded form has room for more ones.
            (0, INTERNAL | u32::MAX) => Err(in_if_meaning::INTERNAL),
            (0, index) => Ok(index),
            (1, _) => Err(in_if_meaning::DISCARDED),
            (2, _) => Err(in_if_meaning::MULTIPLE),
            _ => Err(in_if_meaning::UNKNOWN),
        }
    }
}

const _: () = assert!(
    in_if_meaning::INTERNAL == out_if_meaning::INTERNAL
        && in_if_meaning::DISCARDED == out_if_meaning::DISCARDED
        && in_if_meaning::MULTIPLE == out_if_meaning::MULTIPLE
        && in_if_meaning::UNKNOWN == out_if_meaning::UNKNOWN
);

impl Sample {
    #[inline]
    fn read(
        &self,
        mut body: Reader<'_>,
        packet: &mut Packet,
        out: &mut Output,
    ) -> Result<(), Fault> {
        out.samples.push(self.head);
        let mut sampled = Sampled::default();
        sampled.read(&mut body)?;
        if sampled.has_packet() {
            let (bytes, skb_bytes) = sampled.lengths();
            sampled.packet(packet);
            let row = out.flows.rows;
            self.write(row, &mut out.flows);
            out.flows.bytes.set(row, bytes);
            out.flows.skb_bytes.set(row, skb_bytes);
            packet::write(packet, row, &mut out.flows);
            sampled.write(row, packet, &mut out.flows);
            out.flows.rows = row + 1;
            out.observed.push(self.observed());
        }
        out.unknown_structures += u64::from(sampled.unknown);
        Ok(())
    }

    fn observed(&self) -> u32 {
        match self.head.source_type {
            source_type::INTERFACE => self.head.source_index,
            _ => 0,
        }
    }

    /// Writes what the sample says itself.
    #[inline]
    fn write(&self, row: usize, flows: &mut Flows) {
        match self.head.sampling_rate {
            0 => flows.sampling_origin.set(row, sampling_origin::UNKNOWN),
            rate => {
                flows.sampling_rate.set(row, f64::from(rate));
                flows.sampling_origin.set(row, sampling_origin::ANNOUNCED);
            }
        }
        let (input, output) = (self.input.index(), self.output.index());
        match input {
            Ok(index) => flows.in_if_index.set(row, index),
            Err(meaning) => flows.in_if_meaning.set(row, meaning),
        }
        match output {
            Ok(index) => flows.out_if_index.set(row, index),
            Err(meaning) => {
                flows.out_if_meaning.set(row, meaning);
                if meaning == out_if_meaning::DISCARDED || meaning == out_if_meaning::MULTIPLE {
                    flows.out_if_detail.set(row, self.output.value);
                }
            }
        }
        // Where the observing interface is both or none of the two, nothing says which way the packet went through it.
        let observed = self.observed();
        match (input == Ok(observed), output == Ok(observed)) {
            (true, false) => flows.direction.set(row, INGRESS),
            (false, true) => flows.direction.set(row, EGRESS),
            _ => {}
        }
    }
}

const INGRESS: u8 = 0;
const EGRESS: u8 = 1;

impl Sampled<'_> {
    /// Writes what the structures say, behind the packet's own columns: where both say it, the structures hold.
    #[inline]
    fn write(&self, row: usize, packet: &Packet, flows: &mut Flows) {
        if let Some(switch) = &self.switch {
            switch.write(row, flows);
        }
        if let Some(more) = &self.more {
            more.write(row, packet, flows);
        }
    }
}

impl More<'_> {
    #[inline(never)]
    fn write(&self, row: usize, packet: &Packet, flows: &mut Flows) {
        if self.ip.is_some() {
            // sampled_ipv4 and sampled_ipv6 do not have these.
            flows.ip_ttl.truncate(row);
            flows.ipv6_flow_label.truncate(row);
        }
        if let Some(mpls) = &self.mpls {
            mpls.write(row, packet, flows);
        }
        if let Some(router) = &self.router {
            router.write(row, flows);
        }
        if let Some(gateway) = &self.gateway {
            gateway.write(row, flows);
        }
        if let Some([src, dst]) = self.nat {
            if let Some(address) = src {
                flows.post_nat_src_address.set(row, address);
            }
            if let Some(address) = dst {
                flows.post_nat_dst_address.set(row, address);
            }
        }
        if let Some([src, dst]) = self.nat_ports {
            if let (Ok(src), Ok(dst)) = (u16::try_from(src), u16::try_from(dst)) {
                flows.post_nat_src_port.set(row, src);
                flows.post_nat_dst_port.set(row, dst);
            }
        }
        if let (Some(vni), None) = (self.vni, packet.vni) {
            flows.vni.set(row, vni);
        }
    }
}

impl Switch {
    #[inline]
    fn write(&self, row: usize, flows: &mut Flows) {
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
    fn write(&self, row: usize, flows: &mut Flows) {
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
    fn write(&self, row: usize, flows: &mut Flows) {
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

impl Mpls<'_> {
    fn write(&self, row: usize, packet: &Packet, flows: &mut Flows) {
        if let Some(address) = self.next_hop {
            flows.next_hop.set(row, address);
        }
        let labels = self.labels();
        if packet.mpls_count == 0 && !labels.is_empty() {
            flows.mpls_labels.set(row, labels);
        }
    }
}
