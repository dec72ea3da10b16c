//! Counter samples of interfaces, VLANs and switch ports.

/// What one counter sample says of an interface, VLAN or port; counters as on the wire, not differences.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CounterSample {
    /// The agent, IPv4 mapped into IPv6.
    pub agent: [u8; 16],
    pub sub_agent: u32,
    /// One of [`super::source_type`].
    pub source_type: u32,
    pub source_index: u32,
    pub sequence: u32,
    pub received_ns: i64,
    pub generic: Option<GenericCounters>,
    pub ethernet: Option<EthernetCounters>,
    pub vlan: Option<VlanCounters>,
    pub open_flow: Option<OpenFlowPort>,
    /// The port's name, at most [`MOST_NAME_BYTES`] bytes of UTF-8 without control characters.
    pub name: Option<String>,
}

/// Longest name that is kept.
pub const MOST_NAME_BYTES: usize = 255;

/// Generic interface counters (0:1). An unknown counter is all ones, as agents send it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GenericCounters {
    pub if_index: u32,
    /// IANAifType; 6 is Ethernet.
    pub if_type: u32,
    /// Bits per second.
    pub if_speed: u64,
    /// 0 unknown, 1 full duplex, 2 half duplex, 3 in, 4 out.
    pub if_direction: u32,
    /// Bit 0: admin up; bit 1: operationally up.
    pub if_status: u32,
    pub in_octets: u64,
    pub in_unicast_packets: u32,
    pub in_multicast_packets: u32,
    pub in_broadcast_packets: u32,
    pub in_discards: u32,
    pub in_errors: u32,
    pub in_unknown_protocols: u32,
    pub out_octets: u64,
    pub out_unicast_packets: u32,
    pub out_multicast_packets: u32,
    pub out_broadcast_packets: u32,
    pub out_discards: u32,
    pub out_errors: u32,
    pub promiscuous_mode: u32,
}

/// Ethernet interface counters (0:2), EtherLike-MIB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EthernetCounters {
    pub alignment_errors: u32,
    pub fcs_errors: u32,
    pub single_collision_frames: u32,
    pub multiple_collision_frames: u32,
    pub sqe_test_errors: u32,
    pub deferred_transmissions: u32,
    pub late_collisions: u32,
    pub excessive_collisions: u32,
    pub internal_mac_transmit_errors: u32,
    pub carrier_sense_errors: u32,
    pub frame_too_longs: u32,
    pub internal_mac_receive_errors: u32,
    pub symbol_errors: u32,
}

/// VLAN counters (0:5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct VlanCounters {
    pub vlan_id: u32,
    pub octets: u64,
    pub unicast_packets: u32,
    pub multicast_packets: u32,
    pub broadcast_packets: u32,
    pub discards: u32,
}

/// Port of an OpenFlow switch (0:1004).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OpenFlowPort {
    pub datapath_id: u64,
    pub port_number: u32,
}
