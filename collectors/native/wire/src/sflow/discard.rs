//! Discarded packets: the sFlow drop notification.

use super::sampled::Sampled;
use super::xdr::{text, Reader};
use super::{Datagram, Output, SampleHead, SampleKind};
use crate::fault::Fault;
use crate::packet::Packet;

/// One packet that the exporter threw away, not sampled: each such packet is told, up to the exporter's own rate limit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Discard {
    /// The agent, IPv4 mapped into IPv6.
    pub agent: [u8; 16],
    pub sub_agent: u32,
    /// One of [`super::source_type`].
    pub source_type: u32,
    pub source_index: u32,
    pub sequence: u32,
    pub received_ns: i64,
    /// Notifications that the exporter could not send, since it started.
    pub drops: u32,
    /// ifIndex; 0 for unknown.
    pub in_if_index: u32,
    /// ifIndex, of packets that were dropped on the way out; 0 otherwise.
    pub out_if_index: u32,
    /// See [`super::reason`].
    pub reason_code: u32,
    /// Length of the packet like a sampled one's; 0 where it is not told.
    pub bytes: u64,
    /// What an interface's counter has for it: without frame check.
    pub skb_bytes: u64,
    /// What could be read of it.
    pub packet: Packet,
    /// The function that dropped it (0:1038), the access list that denied it (0:1037), the hardware trap that took it (0:1041), the
    /// kernel's reason (0:1042); empty where not told.
    pub function: String,
    pub access_list: String,
    pub trap: String,
    pub kernel_reason: String,
}

/// Reads a discarded_packet (0:5).
pub(super) fn discarded(
    mut body: Reader<'_>,
    datagram: &Datagram,
    out: &mut Output,
) -> Result<(), Fault> {
    let [sequence, source_type, source_index, drops, in_if_index, out_if_index, reason_code] =
        body.words()?;
    out.samples.push(SampleHead {
        kind: SampleKind::Discard,
        source_type,
        source_index,
        sequence,
        sampling_rate: 0,
        pool: 0,
        drops,
    });
    let mut sampled = Sampled::default();
    sampled.read(&mut body)?;
    let (bytes, skb_bytes) = sampled.lengths();
    let mut packet = Packet::default();
    sampled.packet(&mut packet);
    let more = sampled.more.unwrap_or_default();
    let told = |bytes: Option<&[u8]>| bytes.map(text).unwrap_or_default();
    out.discards.push(Discard {
        agent: datagram.header.agent_address,
        sub_agent: datagram.header.sub_agent_id,
        source_type,
        source_index,
        sequence,
        received_ns: datagram.received_ns,
        drops,
        in_if_index,
        out_if_index,
        reason_code,
        bytes,
        skb_bytes,
        packet,
        function: told(more.function),
        access_list: told(more.access_list),
        trap: told(more.trap),
        kernel_reason: told(more.kernel_reason),
    });
    out.unknown_structures += u64::from(sampled.unknown);
    Ok(())
}
