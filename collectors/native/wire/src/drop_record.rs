//! Records of a probe, rendered from its object by `make probes`. Do not edit.

/// The bytes at a place of a record.
fn part<const LENGTH: usize, const SIZE: usize>(bytes: &[u8; SIZE], offset: usize) -> [u8; LENGTH] {
    let mut part = [0; LENGTH];
    part.copy_from_slice(&bytes[offset..offset + LENGTH]);
    part
}

/// `struct viflux_drop`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Drop {
    pub first_ns: u64,
    pub last_ns: u64,
    pub skb_packets: u64,
    pub packets: u64,
    pub bytes: u64,
    pub namespace_inode: u32,
    pub samples: u32,
    pub ifname: [u8; 16],
}

impl Drop {
    /// Bytes of a record.
    pub const SIZE: usize = 64;
    /// Name, offset and bytes of each member, in order.
    pub const LAYOUT: [(&'static str, usize, usize); 8] = [
        ("first_ns", 0, 8),
        ("last_ns", 8, 8),
        ("skb_packets", 16, 8),
        ("packets", 24, 8),
        ("bytes", 32, 8),
        ("namespace_inode", 40, 4),
        ("samples", 44, 4),
        ("ifname", 48, 16),
    ];

    /// Read a record as it lies in this machine's memory.
    pub fn read(bytes: &[u8; Self::SIZE]) -> Self {
        Self {
            first_ns: u64::from_ne_bytes(part(bytes, 0)),
            last_ns: u64::from_ne_bytes(part(bytes, 8)),
            skb_packets: u64::from_ne_bytes(part(bytes, 16)),
            packets: u64::from_ne_bytes(part(bytes, 24)),
            bytes: u64::from_ne_bytes(part(bytes, 32)),
            namespace_inode: u32::from_ne_bytes(part(bytes, 40)),
            samples: u32::from_ne_bytes(part(bytes, 44)),
            ifname: part(bytes, 48),
        }
    }
}

/// `struct viflux_drop_key`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DropKey {
    pub namespace_cookie: u64,
    pub location: u64,
    pub ifindex: u32,
    pub reason: u32,
    pub ether_type: u16,
    pub protocol: u8,
    pub marks: u8,
}

impl DropKey {
    /// Bytes of a record.
    pub const SIZE: usize = 32;
    /// Name, offset and bytes of each member, in order.
    pub const LAYOUT: [(&'static str, usize, usize); 8] = [
        ("namespace_cookie", 0, 8),
        ("location", 8, 8),
        ("ifindex", 16, 4),
        ("reason", 20, 4),
        ("ether_type", 24, 2),
        ("protocol", 26, 1),
        ("marks", 27, 1),
        ("padding", 28, 4),
    ];

    /// Read a record as it lies in this machine's memory.
    pub fn read(bytes: &[u8; Self::SIZE]) -> Self {
        Self {
            namespace_cookie: u64::from_ne_bytes(part(bytes, 0)),
            location: u64::from_ne_bytes(part(bytes, 8)),
            ifindex: u32::from_ne_bytes(part(bytes, 16)),
            reason: u32::from_ne_bytes(part(bytes, 20)),
            ether_type: u16::from_ne_bytes(part(bytes, 24)),
            protocol: u8::from_ne_bytes(part(bytes, 26)),
            marks: u8::from_ne_bytes(part(bytes, 27)),
        }
    }
}

/// `struct viflux_drop_lost`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DropLost {
    pub packets: u64,
    pub bytes: u64,
}

impl DropLost {
    /// Bytes of a record.
    pub const SIZE: usize = 16;
    /// Name, offset and bytes of each member, in order.
    pub const LAYOUT: [(&'static str, usize, usize); 2] = [("packets", 0, 8), ("bytes", 8, 8)];

    /// Read a record as it lies in this machine's memory.
    pub fn read(bytes: &[u8; Self::SIZE]) -> Self {
        Self {
            packets: u64::from_ne_bytes(part(bytes, 0)),
            bytes: u64::from_ne_bytes(part(bytes, 8)),
        }
    }
}

/// `struct viflux_drop_place`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DropPlace {
    pub name: [u8; 64],
}

impl DropPlace {
    /// Bytes of a record.
    pub const SIZE: usize = 64;
    /// Name, offset and bytes of each member, in order.
    pub const LAYOUT: [(&'static str, usize, usize); 1] = [("name", 0, 64)];

    /// Read a record as it lies in this machine's memory.
    pub fn read(bytes: &[u8; Self::SIZE]) -> Self {
        Self {
            name: part(bytes, 0),
        }
    }
}

/// `struct viflux_drop_sample`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DropSample {
    pub key: DropKey,
    pub src_address: [u8; 16],
    pub dst_address: [u8; 16],
    pub src_port: u16,
    pub dst_port: u16,
    pub bytes: u32,
    pub packets: u32,
    pub written: u32,
    pub macs: [u8; 12],
    pub is_whole: u8,
    pub ct_state: u8,
}

impl DropSample {
    /// Bytes of a record.
    pub const SIZE: usize = 96;
    /// Name, offset and bytes of each member, in order.
    pub const LAYOUT: [(&'static str, usize, usize); 12] = [
        ("key", 0, 32),
        ("src_address", 32, 16),
        ("dst_address", 48, 16),
        ("src_port", 64, 2),
        ("dst_port", 66, 2),
        ("bytes", 68, 4),
        ("packets", 72, 4),
        ("written", 76, 4),
        ("macs", 80, 12),
        ("is_whole", 92, 1),
        ("ct_state", 93, 1),
        ("padding", 94, 2),
    ];

    /// Read a record as it lies in this machine's memory.
    pub fn read(bytes: &[u8; Self::SIZE]) -> Self {
        Self {
            key: DropKey::read(&part(bytes, 0)),
            src_address: part(bytes, 32),
            dst_address: part(bytes, 48),
            src_port: u16::from_ne_bytes(part(bytes, 64)),
            dst_port: u16::from_ne_bytes(part(bytes, 66)),
            bytes: u32::from_ne_bytes(part(bytes, 68)),
            packets: u32::from_ne_bytes(part(bytes, 72)),
            written: u32::from_ne_bytes(part(bytes, 76)),
            macs: part(bytes, 80),
            is_whole: u8::from_ne_bytes(part(bytes, 92)),
            ct_state: u8::from_ne_bytes(part(bytes, 93)),
        }
    }
}

/// `struct viflux_drop_switch`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DropSwitch {
    pub written: u32,
    pub samples: u32,
}

impl DropSwitch {
    /// Bytes of a record.
    pub const SIZE: usize = 8;
    /// Name, offset and bytes of each member, in order.
    pub const LAYOUT: [(&'static str, usize, usize); 2] = [("written", 0, 4), ("samples", 4, 4)];

    /// Read a record as it lies in this machine's memory.
    pub fn read(bytes: &[u8; Self::SIZE]) -> Self {
        Self {
            written: u32::from_ne_bytes(part(bytes, 0)),
            samples: u32::from_ne_bytes(part(bytes, 4)),
        }
    }
}
