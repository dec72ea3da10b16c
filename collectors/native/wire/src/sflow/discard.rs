//! Discarded packets: the sFlow drop notification.

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
    /// See `reason_name`.
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
