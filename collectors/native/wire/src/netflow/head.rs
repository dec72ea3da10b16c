//! The header of an export message: NetFlow v5, NetFlow v9 (RFC 3954 §5.1), IPFIX (RFC 7011 §3.1).

use crate::fault::{Fault, Reason};
use crate::rows::source_kind;

/// Bytes of the headers.
pub const V5_HEADER: usize = 24;
pub const V9_HEADER: usize = 20;
pub const IPFIX_HEADER: usize = 16;
/// Bytes of a NetFlow v5 flow record.
pub const V5_RECORD: usize = 48;

/// What the header of an export message says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// One of `rows::source_kind`.
    pub source_kind: u8,
    /// 5, 9 or 10.
    pub version: u16,
    /// Observation domain id; v9's source id; v5's engine type in the high byte and engine id in the low one.
    pub domain_id: u32,
    /// v5: flows, IPFIX: data records (both: sent before this message); v9: messages.
    pub sequence: u32,
    /// When the exporter made the message, by its own clock. UTC nanoseconds; v9 and IPFIX have whole seconds.
    pub export_time_ns: i64,
    /// Milliseconds since the exporter's start at that time, modulo 2³². v5 and v9 only.
    pub uptime_ms: Option<u32>,
    /// v5: flow records, v9: records of all kinds in the message. IPFIX has none.
    pub count: Option<u16>,
    /// v5 only: the two bits of mode and the interval of the sampling field; an interval of 0 tells nothing.
    pub sampling: Option<(u8, u16)>,
    /// Bytes that the message says it has; of v9, which does not say, those that are there.
    pub length: usize,
}

impl Head {
    /// The protocol as faults name it, which is the source kind's name.
    pub fn protocol(&self) -> &'static str {
        match self.source_kind {
            source_kind::NETFLOW5 => "netflow5",
            source_kind::NETFLOW9 => "netflow9",
            _ => "ipfix",
        }
    }

    /// Bytes of the header itself.
    pub fn bytes(&self) -> usize {
        match self.version {
            5 => V5_HEADER,
            9 => V9_HEADER,
            _ => IPFIX_HEADER,
        }
    }
}

/// Reads the header of a NetFlow v5, v9 or IPFIX message; the version is told by its first two bytes, never by a port.
///
/// # Errors
/// The version is none of 5, 9, 10; the header is cut; an IPFIX length is smaller than the header. Nothing of such a datagram
/// can be decoded.
pub fn head(bytes: &[u8]) -> Result<Head, Fault> {
    let Some(&[high, low]) = bytes.first_chunk::<2>() else {
        return Err(short("unknown", 2, bytes.len()));
    };
    match u16::from_be_bytes([high, low]) {
        5 => v5(bytes),
        9 => v9(bytes),
        10 => ipfix(bytes),
        _ => Err(Fault {
            protocol: "unknown",
            layer: "message header",
            offset: 0,
            needed: 0,
            present: bytes.len(),
            reason: Reason::Version,
        }),
    }
}

fn short(protocol: &'static str, needed: usize, present: usize) -> Fault {
    Fault {
        protocol,
        layer: "message header",
        offset: 0,
        needed,
        present,
        reason: Reason::Short,
    }
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

const SECOND: i64 = 1_000_000_000;

fn v5(bytes: &[u8]) -> Result<Head, Fault> {
    let Some(header) = bytes.first_chunk::<V5_HEADER>() else {
        return Err(short("netflow5", V5_HEADER, bytes.len()));
    };
    let count = u16_at(header, 2);
    let sampling = u16_at(header, 22);
    Ok(Head {
        source_kind: source_kind::NETFLOW5,
        version: 5,
        domain_id: u32::from(header[20]) << 8 | u32::from(header[21]),
        sequence: u32_at(header, 16),
        export_time_ns: i64::from(u32_at(header, 8)) * SECOND + i64::from(u32_at(header, 12)),
        uptime_ms: Some(u32_at(header, 4)),
        count: Some(count),
        sampling: Some(((sampling >> 14) as u8, sampling & 0x3fff)),
        length: V5_HEADER + V5_RECORD * usize::from(count),
    })
}

fn v9(bytes: &[u8]) -> Result<Head, Fault> {
    let Some(header) = bytes.first_chunk::<V9_HEADER>() else {
        return Err(short("netflow9", V9_HEADER, bytes.len()));
    };
    Ok(Head {
        source_kind: source_kind::NETFLOW9,
        version: 9,
        domain_id: u32_at(header, 16),
        sequence: u32_at(header, 12),
        export_time_ns: i64::from(u32_at(header, 8)) * SECOND,
        uptime_ms: Some(u32_at(header, 4)),
        count: Some(u16_at(header, 2)),
        sampling: None,
        length: bytes.len(),
    })
}

fn ipfix(bytes: &[u8]) -> Result<Head, Fault> {
    let Some(header) = bytes.first_chunk::<IPFIX_HEADER>() else {
        return Err(short("ipfix", IPFIX_HEADER, bytes.len()));
    };
    let length = usize::from(u16_at(header, 2));
    if length < IPFIX_HEADER {
        return Err(Fault {
            protocol: "ipfix",
            layer: "message header",
            offset: 0,
            needed: IPFIX_HEADER,
            present: length,
            reason: Reason::Length,
        });
    }
    Ok(Head {
        source_kind: source_kind::IPFIX,
        version: 10,
        domain_id: u32_at(header, 12),
        sequence: u32_at(header, 8),
        export_time_ns: i64::from(u32_at(header, 4)) * SECOND,
        uptime_ms: None,
        count: None,
        sampling: None,
        length,
    })
}
