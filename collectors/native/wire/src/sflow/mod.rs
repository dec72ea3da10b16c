//! sFlow version 5 datagrams: flow samples, counter samples, discarded packets.
//!
//! Everything of a datagram that can be read is appended to an [`Output`] that the caller owns; what cannot is a [`Fault`] in it.
//! Structures that are not known are passed over by their length and counted. A sample that is broken anywhere leaves no row: it
//! is read as a whole before anything is written.
//!
//! Bytes behind the last field of a structure are passed over, because sFlow extends structures at their end. Work is bounded by
//! the datagram's length: a count is believed only if its elements can be there, and nothing is allocated for a count.
//!
//! Source: sFlow Version 5 (sflow.org, July 2004, with errata), sFlow Host Structures (2010), sFlow Tunnel Structures (2012), sFlow
//! Dropped Packet Notification Structures (2020), sFlow Port NAT Structure (2009), sFlow OpenFlow Structures (2014).

use crate::fault::{Fault, Reason};
use crate::packet::Packet;
use crate::rows::{source_kind, Flows};

pub mod counters;
mod decoded;
pub mod discard;
mod extended;
mod flow;
pub mod host;
mod reason;
mod sampled;
mod tunnel;
mod xdr;

pub use counters::CounterSample;
pub use discard::Discard;
pub use host::HostSample;
pub use reason::{reason, Class, DropReason};
use xdr::Reader;
pub use xdr::MOST_TEXT_BYTES;

/// What the datagram says of itself and its sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Header {
    /// The agent, IPv4 mapped into IPv6; all zeros where the datagram says that it is unknown.
    pub agent_address: [u8; 16],
    pub sub_agent_id: u32,
    /// Number of the datagram, of this sub-agent.
    pub sequence: u32,
    /// Time since the sub-agent started.
    pub uptime_ms: u32,
    /// How many samples the datagram says that it has.
    pub sample_count: u32,
}

/// Where samples come from.
pub mod source_type {
    pub const INTERFACE: u32 = 0;
    pub const VLAN: u32 = 1;
    pub const PHYSICAL_ENTITY: u32 = 2;
    pub const LOGICAL_ENTITY: u32 = 3;
}

/// What kind of sample a [`SampleHead`] is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SampleKind {
    Flow,
    Counters,
    Discard,
}

/// The beginning of a sample. Every sample whose beginning could be read gives one, also those that are broken further on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SampleHead {
    pub kind: SampleKind,
    /// One of [`source_type`].
    pub source_type: u32,
    /// ifIndex of an interface, VLAN id of a VLAN, number of an entity.
    pub source_index: u32,
    /// Number of the sample, of this kind and source.
    pub sequence: u32,
    /// 0 for unknown, and for samples that are not of flows.
    pub sampling_rate: u32,
    /// Packets that could have been sampled; of flows only.
    pub pool: u32,
    /// Samples that the exporter lost; of flows and discarded packets.
    pub drops: u32,
}

/// What datagrams gave, since the caller last cleared it.
#[derive(Debug, Default)]
pub struct Output {
    /// A row a sampled packet; `vif_id` and `direction` are the caller's.
    pub flows: Flows,
    /// The interface that saw it (ifIndex), a row of `flows` each: the source of the sample, or, where that is a whole switch as of Open
    /// vSwitch, the one that the packet came in by, or else left by; 0 where none is known.
    pub observed: Vec<u32>,
    pub counters: Vec<CounterSample>,
    pub hosts: Vec<HostSample>,
    pub discards: Vec<Discard>,
    pub samples: Vec<SampleHead>,
    pub faults: Vec<Fault>,
    /// Samples and structures that were passed over because nobody knows them.
    pub unknown_structures: u64,
}

/// What all samples of a datagram share.
struct Datagram {
    header: Header,
    received_ns: i64,
}

/// Decode one datagram and append what it holds to `out`.
///
/// # Errors
///
/// The header of the datagram cannot be read; then nothing was appended. All else that is wrong goes to `out.faults`.
pub fn decode(bytes: &[u8], received_ns: i64, out: &mut Output) -> Result<Header, Fault> {
    let mut reader = Reader::new("datagram header", 0, bytes);
    let header = header(&mut reader)?;
    let datagram = Datagram {
        header,
        received_ns,
    };
    let first = out.flows.rows;
    let mut samples = Reader::new("samples", reader.position(), &bytes[reader.position()..]);
    let mut packet = Packet::default();
    let mut told = 0;
    while told < header.sample_count {
        match sample(&mut samples, &datagram, &mut packet, out) {
            Ok(()) => told += 1,
            Err(fault) => {
                out.faults.push(fault);
                break;
            }
        }
    }
    if told == header.sample_count && samples.left() > 0 {
        out.faults.push(Fault {
            protocol: "sflow",
            layer: "samples",
            offset: samples.position(),
            needed: 0,
            present: samples.left(),
            reason: Reason::Length,
        });
    }
    shared(&datagram, first, &mut out.flows);
    Ok(header)
}

/// Read the header alone: who sent the datagram, before anything of it is decoded.
///
/// # Errors
///
/// As [`decode`].
pub fn head(bytes: &[u8]) -> Result<Header, Fault> {
    header(&mut Reader::new("datagram header", 0, bytes))
}

/// Reads the header. One whose address is unknown takes 24 bytes, IPv4 28, IPv6 40.
fn header(reader: &mut Reader<'_>) -> Result<Header, Fault> {
    let whole = *reader;
    let short = |needed| move |fault: Fault| Fault { needed, ..fault };
    let version = reader.word().map_err(short(24))?;
    if version != 5 {
        return Err(whole.cut(0, Reason::Version));
    }
    let [kind] = { *reader }.words().map_err(short(24))?;
    let needed = match kind {
        1 => 28,
        2 => 40,
        _ => 24,
    };
    let agent_address = reader.address().map_err(|fault| match fault.reason {
        Reason::Short => short(needed)(fault),
        _ => fault,
    })?;
    let [sub_agent_id, sequence, uptime_ms, sample_count] =
        reader.words().map_err(short(needed))?;
    Ok(Header {
        agent_address: agent_address.unwrap_or_default(),
        sub_agent_id,
        sequence,
        uptime_ms,
        sample_count,
    })
}

/// Reads the next sample. What is wrong inside of it is its own affair: the next one begins where its length says.
///
/// # Errors
///
/// It is not there as a whole, so there is no next one.
#[inline]
fn sample(
    samples: &mut Reader<'_>,
    datagram: &Datagram,
    packet: &mut Packet,
    out: &mut Output,
) -> Result<(), Fault> {
    let offset = samples.position();
    let [format, length] = samples
        .words()
        .map_err(|_| sample_is_cut(offset, samples))?;
    let layer = match format {
        1 => "flow_sample",
        2 => "counters_sample",
        3 => "flow_sample_expanded",
        4 => "counters_sample_expanded",
        5 => "discarded_packet",
        _ => "unknown sample",
    };
    let body = match samples.part(layer, length as usize) {
        Ok(body) => body,
        Err(fault) => {
            return Err(Fault {
                reason: Reason::Short,
                ..fault
            })
        }
    };
    let read = match format {
        1 => flow::compact(body, packet, out),
        2 => counters::compact(body, datagram, out),
        3 => flow::expanded(body, packet, out),
        4 => counters::expanded(body, datagram, out),
        5 => discard::discarded(body, datagram, out),
        _ => {
            out.unknown_structures += 1;
            Ok(())
        }
    };
    if let Err(fault) = read {
        out.faults.push(fault);
    }
    Ok(())
}

/// The datagram ends before a sample's tag and length do.
#[cold]
fn sample_is_cut(offset: usize, samples: &Reader<'_>) -> Fault {
    Reader::new("sample", offset, samples.rest()).cut(8, Reason::Short)
}

/// Gives all rows of a datagram what they share.
fn shared(datagram: &Datagram, first: usize, flows: &mut Flows) {
    let count = flows.rows - first;
    if count == 0 {
        return;
    }
    let header = &datagram.header;
    flows.time.repeat(first, count, datagram.received_ns);
    flows
        .received_time
        .repeat(first, count, datagram.received_ns);
    flows.duration_ns.repeat(first, count, 0);
    flows.source_kind.repeat(first, count, source_kind::SFLOW);
    flows
        .exporter_address
        .repeat(first, count, header.agent_address);
    flows
        .observation_domain_id
        .repeat(first, count, header.sub_agent_id);
    flows.sequence_number.repeat(first, count, header.sequence);
    flows.packets.repeat(first, count, 1);
}

/// Where a sample comes from: type and index, which the compact form has in one word.
fn source(word: u32) -> (u32, u32) {
    (word >> 24, word & 0x00ff_ffff)
}
