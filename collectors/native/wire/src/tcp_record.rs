//! Records of a probe, rendered from its object by `make probes`. Do not edit.

/// The bytes at a place of a record.
fn part<const LENGTH: usize, const SIZE: usize>(bytes: &[u8; SIZE], offset: usize) -> [u8; LENGTH] {
    let mut part = [0; LENGTH];
    part.copy_from_slice(&bytes[offset..offset + LENGTH]);
    part
}

/// `struct viflux_tcp_choice`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TcpChoice {
    pub one_of: u32,
    pub seed: u32,
}

impl TcpChoice {
    /// Bytes of a record.
    pub const SIZE: usize = 8;
    /// Name, offset and bytes of each member, in order.
    pub const LAYOUT: [(&'static str, usize, usize); 2] = [("one_of", 0, 4), ("seed", 4, 4)];

    /// Read a record as it lies in this machine's memory.
    pub fn read(bytes: &[u8; Self::SIZE]) -> Self {
        Self {
            one_of: u32::from_ne_bytes(part(bytes, 0)),
            seed: u32::from_ne_bytes(part(bytes, 4)),
        }
    }
}

/// `struct viflux_tcp_connection`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TcpConnection {
    pub coming: TcpSide,
    pub leaving: TcpSide,
}

impl TcpConnection {
    /// Bytes of a record.
    pub const SIZE: usize = 48;
    /// Name, offset and bytes of each member, in order.
    pub const LAYOUT: [(&'static str, usize, usize); 2] = [("coming", 0, 24), ("leaving", 24, 24)];

    /// Read a record as it lies in this machine's memory.
    pub fn read(bytes: &[u8; Self::SIZE]) -> Self {
        Self {
            coming: TcpSide::read(&part(bytes, 0)),
            leaving: TcpSide::read(&part(bytes, 24)),
        }
    }
}

/// `struct viflux_tcp_counts`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TcpCounts {
    pub segments: u64,
    pub payload_bytes: u64,
    pub retransmitted_segments: u64,
    pub retransmitted_bytes: u64,
    pub unsure_segments: u64,
    pub strange_segments: u64,
    pub resets: u64,
    pub syns: u64,
    pub zero_windows: u64,
    pub handshakes: u64,
    pub handshake_ns: u64,
    pub full: u64,
}

impl TcpCounts {
    /// Bytes of a record.
    pub const SIZE: usize = 96;
    /// Name, offset and bytes of each member, in order.
    pub const LAYOUT: [(&'static str, usize, usize); 12] = [
        ("segments", 0, 8),
        ("payload_bytes", 8, 8),
        ("retransmitted_segments", 16, 8),
        ("retransmitted_bytes", 24, 8),
        ("unsure_segments", 32, 8),
        ("strange_segments", 40, 8),
        ("resets", 48, 8),
        ("syns", 56, 8),
        ("zero_windows", 64, 8),
        ("handshakes", 72, 8),
        ("handshake_ns", 80, 8),
        ("full", 88, 8),
    ];

    /// Read a record as it lies in this machine's memory.
    pub fn read(bytes: &[u8; Self::SIZE]) -> Self {
        Self {
            segments: u64::from_ne_bytes(part(bytes, 0)),
            payload_bytes: u64::from_ne_bytes(part(bytes, 8)),
            retransmitted_segments: u64::from_ne_bytes(part(bytes, 16)),
            retransmitted_bytes: u64::from_ne_bytes(part(bytes, 24)),
            unsure_segments: u64::from_ne_bytes(part(bytes, 32)),
            strange_segments: u64::from_ne_bytes(part(bytes, 40)),
            resets: u64::from_ne_bytes(part(bytes, 48)),
            syns: u64::from_ne_bytes(part(bytes, 56)),
            zero_windows: u64::from_ne_bytes(part(bytes, 64)),
            handshakes: u64::from_ne_bytes(part(bytes, 72)),
            handshake_ns: u64::from_ne_bytes(part(bytes, 80)),
            full: u64::from_ne_bytes(part(bytes, 88)),
        }
    }
}

/// `struct viflux_tcp_key`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TcpKey {
    pub ifindex: u32,
    pub near_address: [u8; 16],
    pub far_address: [u8; 16],
    pub near_port: u16,
    pub far_port: u16,
}

impl TcpKey {
    /// Bytes of a record.
    pub const SIZE: usize = 40;
    /// Name, offset and bytes of each member, in order.
    pub const LAYOUT: [(&'static str, usize, usize); 5] = [
        ("ifindex", 0, 4),
        ("near_address", 4, 16),
        ("far_address", 20, 16),
        ("near_port", 36, 2),
        ("far_port", 38, 2),
    ];

    /// Read a record as it lies in this machine's memory.
    pub fn read(bytes: &[u8; Self::SIZE]) -> Self {
        Self {
            ifindex: u32::from_ne_bytes(part(bytes, 0)),
            near_address: part(bytes, 4),
            far_address: part(bytes, 20),
            near_port: u16::from_ne_bytes(part(bytes, 36)),
            far_port: u16::from_ne_bytes(part(bytes, 38)),
        }
    }
}

/// `struct viflux_tcp_side`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TcpSide {
    pub next: u32,
    pub gap_from: u32,
    pub gap_to: u32,
    pub is_known: u32,
    pub opened_ns: u64,
}

impl TcpSide {
    /// Bytes of a record.
    pub const SIZE: usize = 24;
    /// Name, offset and bytes of each member, in order.
    pub const LAYOUT: [(&'static str, usize, usize); 5] = [
        ("next", 0, 4),
        ("gap_from", 4, 4),
        ("gap_to", 8, 4),
        ("is_known", 12, 4),
        ("opened_ns", 16, 8),
    ];

    /// Read a record as it lies in this machine's memory.
    pub fn read(bytes: &[u8; Self::SIZE]) -> Self {
        Self {
            next: u32::from_ne_bytes(part(bytes, 0)),
            gap_from: u32::from_ne_bytes(part(bytes, 4)),
            gap_to: u32::from_ne_bytes(part(bytes, 8)),
            is_known: u32::from_ne_bytes(part(bytes, 12)),
            opened_ns: u64::from_ne_bytes(part(bytes, 16)),
        }
    }
}
