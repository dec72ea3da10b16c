//! Records of a probe, rendered from its object by `make probes`. Do not edit.

/// The bytes at a place of a record.
fn part<const LENGTH: usize, const SIZE: usize>(bytes: &[u8; SIZE], offset: usize) -> [u8; LENGTH] {
    let mut part = [0; LENGTH];
    part.copy_from_slice(&bytes[offset..offset + LENGTH]);
    part
}

/// `struct viflux_transit_fate`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TransitFate {
    pub left: u64,
    pub runs: u64,
    pub begun: u64,
    pub settled: u64,
    pub told: u64,
    pub slot_taken: u64,
    pub expired: u64,
    pub changed: u64,
    pub ring_full: u64,
}

impl TransitFate {
    /// Bytes of a record.
    pub const SIZE: usize = 128;
    /// Name, offset and bytes of each member, in order.
    pub const LAYOUT: [(&'static str, usize, usize); 10] = [
        ("left", 0, 8),
        ("runs", 8, 8),
        ("begun", 16, 8),
        ("settled", 24, 8),
        ("told", 32, 8),
        ("slot_taken", 40, 8),
        ("expired", 48, 8),
        ("changed", 56, 8),
        ("ring_full", 64, 8),
        ("padding", 72, 56),
    ];

    /// Read a record as it lies in this machine's memory.
    pub fn read(bytes: &[u8; Self::SIZE]) -> Self {
        Self {
            left: u64::from_ne_bytes(part(bytes, 0)),
            runs: u64::from_ne_bytes(part(bytes, 8)),
            begun: u64::from_ne_bytes(part(bytes, 16)),
            settled: u64::from_ne_bytes(part(bytes, 24)),
            told: u64::from_ne_bytes(part(bytes, 32)),
            slot_taken: u64::from_ne_bytes(part(bytes, 40)),
            expired: u64::from_ne_bytes(part(bytes, 48)),
            changed: u64::from_ne_bytes(part(bytes, 56)),
            ring_full: u64::from_ne_bytes(part(bytes, 64)),
        }
    }
}

/// `struct viflux_transit_sample`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TransitSample {
    pub in_cookie: u64,
    pub out_cookie: u64,
    pub transit_ns: u64,
    pub left_ns: u64,
    pub in_ifindex: u32,
    pub out_ifindex: u32,
}

impl TransitSample {
    /// Bytes of a record.
    pub const SIZE: usize = 40;
    /// Name, offset and bytes of each member, in order.
    pub const LAYOUT: [(&'static str, usize, usize); 6] = [
        ("in_cookie", 0, 8),
        ("out_cookie", 8, 8),
        ("transit_ns", 16, 8),
        ("left_ns", 24, 8),
        ("in_ifindex", 32, 4),
        ("out_ifindex", 36, 4),
    ];

    /// Read a record as it lies in this machine's memory.
    pub fn read(bytes: &[u8; Self::SIZE]) -> Self {
        Self {
            in_cookie: u64::from_ne_bytes(part(bytes, 0)),
            out_cookie: u64::from_ne_bytes(part(bytes, 8)),
            transit_ns: u64::from_ne_bytes(part(bytes, 16)),
            left_ns: u64::from_ne_bytes(part(bytes, 24)),
            in_ifindex: u32::from_ne_bytes(part(bytes, 32)),
            out_ifindex: u32::from_ne_bytes(part(bytes, 36)),
        }
    }
}

/// `struct viflux_transit_switch`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TransitSwitch {
    pub longest_ns: u64,
    pub window: u32,
    pub gaps: u32,
}

impl TransitSwitch {
    /// Bytes of a record.
    pub const SIZE: usize = 16;
    /// Name, offset and bytes of each member, in order.
    pub const LAYOUT: [(&'static str, usize, usize); 3] =
        [("longest_ns", 0, 8), ("window", 8, 4), ("gaps", 12, 4)];

    /// Read a record as it lies in this machine's memory.
    pub fn read(bytes: &[u8; Self::SIZE]) -> Self {
        Self {
            longest_ns: u64::from_ne_bytes(part(bytes, 0)),
            window: u32::from_ne_bytes(part(bytes, 8)),
            gaps: u32::from_ne_bytes(part(bytes, 12)),
        }
    }
}
