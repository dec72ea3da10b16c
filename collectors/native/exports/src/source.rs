//! Where a datagram came from, and what could not be decoded of it.

use wire::fault::Fault;

/// Sender of a datagram, and the listener that received it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Source {
    /// IPv4 mapped into IPv6.
    pub address: [u8; 16],
    pub port: u16,
    /// Position of the listener in `Settings::listeners`: which of the configured addresses received it.
    pub listener: u16,
}

/// One thing that could not be decoded, with the beginning of its datagram.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportFault {
    /// The exporter: sFlow's agent address where it was read, else the sender's.
    pub exporter: [u8; 16],
    pub received_ns: i64,
    pub fault: Fault,
    /// The datagram, at most `Settings::fault_sample_bytes` of it.
    pub sample: Vec<u8>,
}
