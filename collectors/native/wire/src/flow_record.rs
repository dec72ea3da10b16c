//! Records of a probe, rendered from its object by `make probes`. Do not edit.

/// The bytes at a place of a record.
fn part<const LENGTH: usize, const SIZE: usize>(bytes: &[u8; SIZE], offset: usize) -> [u8; LENGTH] {
    let mut part = [0; LENGTH];
    part.copy_from_slice(&bytes[offset..offset + LENGTH]);
    part
}

/// `struct viflux_flow`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Flow {
    pub first_tick: u64,
    pub last_tick: u64,
    pub skb_bytes: u64,
    pub more_bytes: u64,
    pub packets: u64,
    pub tcp_flags: u16,
    pub ip_tos: u8,
    pub ip_ttl: u8,
    pub macs: [u8; 12],
}

impl Flow {
    /// Bytes of a record.
    pub const SIZE: usize = 56;
    /// Name, offset and bytes of each member, in order.
    pub const LAYOUT: [(&'static str, usize, usize); 9] = [
        ("first_tick", 0, 8),
        ("last_tick", 8, 8),
        ("skb_bytes", 16, 8),
        ("more_bytes", 24, 8),
        ("packets", 32, 8),
        ("tcp_flags", 40, 2),
        ("ip_tos", 42, 1),
        ("ip_ttl", 43, 1),
        ("macs", 44, 12),
    ];

    /// Read a record as it lies in this machine's memory.
    pub fn read(bytes: &[u8; Self::SIZE]) -> Self {
        Self {
            first_tick: u64::from_ne_bytes(part(bytes, 0)),
            last_tick: u64::from_ne_bytes(part(bytes, 8)),
            skb_bytes: u64::from_ne_bytes(part(bytes, 16)),
            more_bytes: u64::from_ne_bytes(part(bytes, 24)),
            packets: u64::from_ne_bytes(part(bytes, 32)),
            tcp_flags: u16::from_ne_bytes(part(bytes, 40)),
            ip_tos: u8::from_ne_bytes(part(bytes, 42)),
            ip_ttl: u8::from_ne_bytes(part(bytes, 43)),
            macs: part(bytes, 44),
        }
    }
}

/// `struct viflux_flow4_key`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Flow4Key {
    pub ifindex: u32,
    pub src_address: [u8; 4],
    pub dst_address: [u8; 4],
    pub src_port: u16,
    pub dst_port: u16,
    pub vlan: u16,
    pub customer_vlan: u16,
    pub protocol: u8,
    pub marks: u8,
}

impl Flow4Key {
    /// Bytes of a record.
    pub const SIZE: usize = 24;
    /// Name, offset and bytes of each member, in order.
    pub const LAYOUT: [(&'static str, usize, usize); 10] = [
        ("ifindex", 0, 4),
        ("src_address", 4, 4),
        ("dst_address", 8, 4),
        ("src_port", 12, 2),
        ("dst_port", 14, 2),
        ("vlan", 16, 2),
        ("customer_vlan", 18, 2),
        ("protocol", 20, 1),
        ("marks", 21, 1),
        ("padding", 22, 2),
    ];

    /// Read a record as it lies in this machine's memory.
    pub fn read(bytes: &[u8; Self::SIZE]) -> Self {
        Self {
            ifindex: u32::from_ne_bytes(part(bytes, 0)),
            src_address: part(bytes, 4),
            dst_address: part(bytes, 8),
            src_port: u16::from_ne_bytes(part(bytes, 12)),
            dst_port: u16::from_ne_bytes(part(bytes, 14)),
            vlan: u16::from_ne_bytes(part(bytes, 16)),
            customer_vlan: u16::from_ne_bytes(part(bytes, 18)),
            protocol: u8::from_ne_bytes(part(bytes, 20)),
            marks: u8::from_ne_bytes(part(bytes, 21)),
        }
    }
}

/// `struct viflux_flow6_key`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Flow6Key {
    pub ifindex: u32,
    pub src_address: [u8; 16],
    pub dst_address: [u8; 16],
    pub src_port: u16,
    pub dst_port: u16,
    pub vlan: u16,
    pub customer_vlan: u16,
    pub protocol: u8,
    pub marks: u8,
}

impl Flow6Key {
    /// Bytes of a record.
    pub const SIZE: usize = 48;
    /// Name, offset and bytes of each member, in order.
    pub const LAYOUT: [(&'static str, usize, usize); 10] = [
        ("ifindex", 0, 4),
        ("src_address", 4, 16),
        ("dst_address", 20, 16),
        ("src_port", 36, 2),
        ("dst_port", 38, 2),
        ("vlan", 40, 2),
        ("customer_vlan", 42, 2),
        ("protocol", 44, 1),
        ("marks", 45, 1),
        ("padding", 46, 2),
    ];

    /// Read a record as it lies in this machine's memory.
    pub fn read(bytes: &[u8; Self::SIZE]) -> Self {
        Self {
            ifindex: u32::from_ne_bytes(part(bytes, 0)),
            src_address: part(bytes, 4),
            dst_address: part(bytes, 20),
            src_port: u16::from_ne_bytes(part(bytes, 36)),
            dst_port: u16::from_ne_bytes(part(bytes, 38)),
            vlan: u16::from_ne_bytes(part(bytes, 40)),
            customer_vlan: u16::from_ne_bytes(part(bytes, 42)),
            protocol: u8::from_ne_bytes(part(bytes, 44)),
            marks: u8::from_ne_bytes(part(bytes, 45)),
        }
    }
}

/// `struct viflux_flow_fragment_key`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FlowFragmentKey {
    pub ifindex: u32,
    pub identification: u32,
    pub src_address: [u8; 16],
    pub dst_address: [u8; 16],
    pub protocol: u8,
    pub marks: u8,
}

impl FlowFragmentKey {
    /// Bytes of a record.
    pub const SIZE: usize = 44;
    /// Name, offset and bytes of each member, in order.
    pub const LAYOUT: [(&'static str, usize, usize); 7] = [
        ("ifindex", 0, 4),
        ("identification", 4, 4),
        ("src_address", 8, 16),
        ("dst_address", 24, 16),
        ("protocol", 40, 1),
        ("marks", 41, 1),
        ("padding", 42, 2),
    ];

    /// Read a record as it lies in this machine's memory.
    pub fn read(bytes: &[u8; Self::SIZE]) -> Self {
        Self {
            ifindex: u32::from_ne_bytes(part(bytes, 0)),
            identification: u32::from_ne_bytes(part(bytes, 4)),
            src_address: part(bytes, 8),
            dst_address: part(bytes, 24),
            protocol: u8::from_ne_bytes(part(bytes, 40)),
            marks: u8::from_ne_bytes(part(bytes, 41)),
        }
    }
}

/// `struct viflux_flow_lost`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FlowLost {
    pub packets: u64,
    pub bytes: u64,
    pub skb_packets: u64,
    pub skb_bytes: u64,
}

impl FlowLost {
    /// Bytes of a record.
    pub const SIZE: usize = 32;
    /// Name, offset and bytes of each member, in order.
    pub const LAYOUT: [(&'static str, usize, usize); 4] = [
        ("packets", 0, 8),
        ("bytes", 8, 8),
        ("skb_packets", 16, 8),
        ("skb_bytes", 24, 8),
    ];

    /// Read a record as it lies in this machine's memory.
    pub fn read(bytes: &[u8; Self::SIZE]) -> Self {
        Self {
            packets: u64::from_ne_bytes(part(bytes, 0)),
            bytes: u64::from_ne_bytes(part(bytes, 8)),
            skb_packets: u64::from_ne_bytes(part(bytes, 16)),
            skb_bytes: u64::from_ne_bytes(part(bytes, 24)),
        }
    }
}

/// `struct viflux_flow_lost_key`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FlowLostKey {
    pub ifindex: u32,
    pub is_egress: u32,
}

impl FlowLostKey {
    /// Bytes of a record.
    pub const SIZE: usize = 8;
    /// Name, offset and bytes of each member, in order.
    pub const LAYOUT: [(&'static str, usize, usize); 2] = [("ifindex", 0, 4), ("is_egress", 4, 4)];

    /// Read a record as it lies in this machine's memory.
    pub fn read(bytes: &[u8; Self::SIZE]) -> Self {
        Self {
            ifindex: u32::from_ne_bytes(part(bytes, 0)),
            is_egress: u32::from_ne_bytes(part(bytes, 4)),
        }
    }
}

/// `struct viflux_flow_now`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FlowNow {
    pub tick: u64,
    pub monotonic_ns: u64,
}

impl FlowNow {
    /// Bytes of a record.
    pub const SIZE: usize = 16;
    /// Name, offset and bytes of each member, in order.
    pub const LAYOUT: [(&'static str, usize, usize); 2] = [("tick", 0, 8), ("monotonic_ns", 8, 8)];

    /// Read a record as it lies in this machine's memory.
    pub fn read(bytes: &[u8; Self::SIZE]) -> Self {
        Self {
            tick: u64::from_ne_bytes(part(bytes, 0)),
            monotonic_ns: u64::from_ne_bytes(part(bytes, 8)),
        }
    }
}

/// `struct viflux_flow_overflow`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FlowOverflow {
    pub is_ipv6: u32,
    pub written: u32,
    pub key: Flow6Key,
    pub flow: Flow,
}

impl FlowOverflow {
    /// Bytes of a record.
    pub const SIZE: usize = 112;
    /// Name, offset and bytes of each member, in order.
    pub const LAYOUT: [(&'static str, usize, usize); 4] = [
        ("is_ipv6", 0, 4),
        ("written", 4, 4),
        ("key", 8, 48),
        ("flow", 56, 56),
    ];

    /// Read a record as it lies in this machine's memory.
    pub fn read(bytes: &[u8; Self::SIZE]) -> Self {
        Self {
            is_ipv6: u32::from_ne_bytes(part(bytes, 0)),
            written: u32::from_ne_bytes(part(bytes, 4)),
            key: Flow6Key::read(&part(bytes, 8)),
            flow: Flow::read(&part(bytes, 56)),
        }
    }
}

/// `struct viflux_flow_ports`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FlowPorts {
    pub src_port: u16,
    pub dst_port: u16,
}

impl FlowPorts {
    /// Bytes of a record.
    pub const SIZE: usize = 4;
    /// Name, offset and bytes of each member, in order.
    pub const LAYOUT: [(&'static str, usize, usize); 2] = [("src_port", 0, 2), ("dst_port", 2, 2)];

    /// Read a record as it lies in this machine's memory.
    pub fn read(bytes: &[u8; Self::SIZE]) -> Self {
        Self {
            src_port: u16::from_ne_bytes(part(bytes, 0)),
            dst_port: u16::from_ne_bytes(part(bytes, 2)),
        }
    }
}

/// `struct viflux_flow_seen`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FlowSeen {
    pub packets: u64,
    pub skip: u64,
}

impl FlowSeen {
    /// Bytes of a record.
    pub const SIZE: usize = 16;
    /// Name, offset and bytes of each member, in order.
    pub const LAYOUT: [(&'static str, usize, usize); 2] = [("packets", 0, 8), ("skip", 8, 8)];

    /// Read a record as it lies in this machine's memory.
    pub fn read(bytes: &[u8; Self::SIZE]) -> Self {
        Self {
            packets: u64::from_ne_bytes(part(bytes, 0)),
            skip: u64::from_ne_bytes(part(bytes, 8)),
        }
    }
}

/// `struct viflux_flow_switch`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FlowSwitch {
    pub word: u64,
}

impl FlowSwitch {
    /// Bytes of a record.
    pub const SIZE: usize = 8;
    /// Name, offset and bytes of each member, in order.
    pub const LAYOUT: [(&'static str, usize, usize); 1] = [("word", 0, 8)];

    /// Read a record as it lies in this machine's memory.
    pub fn read(bytes: &[u8; Self::SIZE]) -> Self {
        Self {
            word: u64::from_ne_bytes(part(bytes, 0)),
        }
    }
}
