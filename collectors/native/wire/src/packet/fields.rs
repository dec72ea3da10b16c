//! What a packet's headers say.

/// What was read; absent fields are `None` or 0 as said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet {
    /// Whether the two MAC addresses were there.
    pub has_ethernet: bool,
    /// 48 bits each.
    pub src_mac: u64,
    pub dst_mac: u64,
    /// Outer and inner VLAN id, with `None` where there is no tag.
    pub vlan: Option<u16>,
    pub customer_vlan: Option<u16>,
    /// Bytes of all VLAN tags.
    pub vlan_bytes: u8,
    /// EtherType of the payload, behind tags and labels: MPLS itself where the labels carry no IP, SNAP's type, 0 where none was read.
    pub ether_type: u16,
    /// MPLS labels (20 bits each) from the top, the first `mpls_count` of them.
    pub mpls_labels: [u32; MOST_LABELS],
    pub mpls_count: u8,
    /// The outer IP header and what it carries.
    pub ip: Ip,
    /// One of `rows::tunnel`.
    pub tunnel: u8,
    /// VXLAN or Geneve VNI, GRE key.
    pub vni: Option<u32>,
    pub inner_src_mac: u64,
    pub inner_dst_mac: u64,
    pub has_inner_ethernet: bool,
    /// The inner IP header and what it carries.
    pub inner: Ip,
    /// One of `rows::header_problem`; 0 for none.
    pub problem: u8,
    /// Where the structure that `problem` is about begins, in bytes from the header's first byte.
    pub problem_offset: u16,
}

/// Deepest label stack that is kept.
pub const MOST_LABELS: usize = 10;

/// An IP header and the transport header behind it. All of it is absent unless `version` is 4 or 6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ip {
    /// 4, 6, or 0 for no IP header, or for one whose fixed part is cut.
    pub version: u8,
    /// IPv4 mapped into IPv6.
    pub src_address: [u8; 16],
    pub dst_address: [u8; 16],
    /// The upper protocol, behind extension headers; 0 where it is not known, as one of them is cut.
    pub protocol: u8,
    pub tos: u8,
    pub ttl: u8,
    /// Length as the header says it: total length of IPv4, 40 + payload length of IPv6.
    pub bytes: u32,
    pub flow_label: u32,
    /// Identification; of IPv6 only where there is a fragment header.
    pub fragment_id: Option<u32>,
    /// In units of 8 bytes; of IPv6 only where there is a fragment header.
    pub fragment_offset: Option<u16>,
    pub more_fragments: bool,
    /// Ports of TCP, UDP, UDP-Lite, SCTP, DCCP; absent in later fragments.
    pub ports: Option<(u16, u16)>,
    pub tcp_flags: Option<u16>,
    /// Type and code of ICMP and ICMPv6.
    pub icmp: Option<(u8, u8)>,
}

impl Packet {
    /// A packet of which nothing was read. A constant, as it becomes one clearing of memory.
    pub const NOTHING: Packet = Packet {
        has_ethernet: false,
        src_mac: 0,
        dst_mac: 0,
        vlan: None,
        customer_vlan: None,
        vlan_bytes: 0,
        ether_type: 0,
        mpls_labels: [0; MOST_LABELS],
        mpls_count: 0,
        ip: Ip::NOTHING,
        tunnel: 0,
        vni: None,
        inner_src_mac: 0,
        inner_dst_mac: 0,
        has_inner_ethernet: false,
        inner: Ip::NOTHING,
        problem: 0,
        problem_offset: 0,
    };
}

impl Default for Packet {
    fn default() -> Self {
        Packet::NOTHING
    }
}

impl Ip {
    /// No IP header.
    pub const NOTHING: Ip = Ip {
        version: 0,
        src_address: [0; 16],
        dst_address: [0; 16],
        protocol: 0,
        tos: 0,
        ttl: 0,
        bytes: 0,
        flow_label: 0,
        fragment_id: None,
        fragment_offset: None,
        more_fragments: false,
        ports: None,
        tcp_flags: None,
        icmp: None,
    };
}

impl Default for Ip {
    fn default() -> Self {
        Ip::NOTHING
    }
}
