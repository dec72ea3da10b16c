//! What the kernel says of interfaces, as plain records. Units and names are the kernel's.

/// One link, from RTM_NEWLINK or RTM_DELLINK (linux/if_link.h).
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Link {
    /// `ifi_index`, unique within its namespace.
    pub ifindex: u32,
    /// `ifi_flags` (IFF_UP and so on).
    pub flags: u32,
    /// `ifi_type` (ARPHRD_…).
    pub hardware_type: u16,
    /// IFLA_IFNAME.
    pub name: String,
    /// IFLA_INFO_KIND, such as `veth`; empty for physical ports and loopback.
    pub kind: String,
    /// IFLA_ADDRESS, six bytes for Ethernet, empty for none.
    pub hardware_address: Vec<u8>,
    /// IFLA_MTU in bytes.
    pub mtu_bytes: u32,
    /// IFLA_OPERSTATE (RFC 2863): 0 unknown … 6 up.
    pub operstate: u8,
    /// IFLA_CARRIER.
    pub carrier: bool,
    /// IFLA_IFALIAS, empty for none.
    pub alias: String,
    /// IFLA_LINK: ifindex of the peer (veth) or of the device below; 0 for none.
    pub link: u32,
    /// IFLA_LINK_NETNSID: where `link` lives, as a nsid of this link's namespace; `None` means in the same namespace,
    /// -1 that it is elsewhere and has no nsid here.
    pub link_netnsid: Option<i32>,
    /// IFLA_MASTER: ifindex of the bridge, bond, VRF or OVS datapath; 0 for none.
    pub master: u32,
    /// IFLA_VXLAN_ID.
    pub vni: Option<u32>,
    /// IFLA_VLAN_ID.
    pub vlan_id: Option<u16>,
    /// For kind `tun`: IFLA_TUN_TYPE is IFF_TAP.
    pub is_tap: bool,
    /// IFLA_PARENT_DEV_NAME: the bus device of a physical port, empty for virtual kinds.
    pub parent_device: String,
    /// IFLA_NEW_NETNSID on RTM_DELLINK: the link moved there and is not gone.
    pub new_netnsid: Option<i32>,
    /// IFLA_NEW_IFINDEX on RTM_DELLINK of a move.
    pub new_ifindex: Option<u32>,
    /// IFLA_STATS64, when the message carried it.
    pub stats: Option<LinkStats>,
}

/// `struct rtnl_link_stats64`, the members that Viflux keeps.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct LinkStats {
    pub rx_packets: u64,
    pub tx_packets: u64,
    pub rx_bytes: u64,
    pub tx_bytes: u64,
    pub rx_errors: u64,
    pub tx_errors: u64,
    pub rx_dropped: u64,
    pub tx_dropped: u64,
    pub multicast: u64,
    pub rx_missed: u64,
    pub rx_nohandler: u64,
}

/// One address, from RTM_NEWADDR or RTM_DELADDR.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    pub ifindex: u32,
    /// 16 bytes, IPv4 mapped (RFC 4291, 2.5.5.2).
    pub address: [u8; 16],
    /// As the family counts it: 0 to 32 or 0 to 128.
    pub prefix_length: u8,
}

/// One root queue, from RTM_NEWQDISC with parent TC_H_ROOT (linux/pkt_sched.h, linux/gen_stats.h).
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Qdisc {
    pub ifindex: u32,
    /// TCA_KIND.
    pub kind: String,
    /// Bytes and packets that left the queue (TCA_STATS_BASIC, with TCA_STATS_PKT64 where present).
    pub bytes: u64,
    pub packets: u64,
    pub drops: u32,
    pub overlimits: u32,
    pub requeues: u32,
    pub backlog_bytes: u32,
    pub backlog_packets: u32,
    /// Rate of a `tbf` root, or of a `htb` root whose default class exists (the sum over its top classes), in bytes per second.
    pub rate_bytes_per_second: Option<u64>,
}

/// The counters of one root queue, without what needs memory: what a sweep reads. Members as in [`Qdisc`].
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct QdiscStats {
    pub ifindex: u32,
    pub bytes: u64,
    pub packets: u64,
    pub drops: u32,
    pub overlimits: u32,
    pub requeues: u32,
    pub backlog_bytes: u32,
    pub backlog_packets: u32,
}
