//! Flow samples: a row each.

use super::sampled::Sampled;
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

    /// The interface that saw the packet: the source, or, where that is a whole switch or a VLAN, the one that the packet came in by,
    /// or else left by.
    #[inline]
    fn observed(&self) -> u32 {
        match (self.head.source_type, self.head.source_index) {
            (source_type::INTERFACE, index @ 1..) => index,
            _ => self.input.index().or(self.output.index()).unwrap_or(0),
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
        match self.input.index() {
            Ok(index) => flows.in_if_index.set(row, index),
            Err(meaning) => flows.in_if_meaning.set(row, meaning),
        }
        match self.output.index() {
            Ok(index) => flows.out_if_index.set(row, index),
            Err(meaning) => {
                flows.out_if_meaning.set(row, meaning);
                if meaning == out_if_meaning::DISCARDED || meaning == out_if_meaning::MULTIPLE {
                    flows.out_if_detail.set(row, self.output.value);
                }
            }
        }
    }
}
