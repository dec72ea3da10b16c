//! Batch schemas, rendered from the column registry by `make generate`. Do not edit.

use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef, TimeUnit};

use crate::arrays;

/// A VIF's state from `valid_from_time` on.
pub mod inventory {
    #[allow(unused_imports)]
    use super::*;

    /// The record kind's name, which is its table's name too.
    pub const NAME: &str = "inventory";
    /// Version of this schema.
    pub const VERSION: u16 = 1;

    /// Rows in columns; all vectors have the same length.
    #[derive(Debug, Default, Clone)]
    pub struct Rows {
        /// Start of the interval, or the instant; for flows the end of the interval. [ns] Source: agent.
        pub time: Vec<i64>,
        /// The VIF, for the life of its kernel device; 0 where a row is about none. Source: agent.
        pub vif_id: Vec<u64>,
        /// Since when this state of the VIF holds. [ns] Source: agent.
        pub valid_from_time: Vec<i64>,
        /// Why the row was written: `baseline`, `born`, `changed`, `renamed`, `moved`, `restated`, `gone`. Source: agent.
        pub change: Vec<Cow<'static, str>>,
        /// How `vif_id` was made: `sysfs`, `cookie` or `exporter`. Source: agent.
        pub identity_origin: Vec<Cow<'static, str>>,
        /// Lineage that lasts across reboots: host/namespace/ifname, or exported/site/address/domain/index. Source: agent.
        pub vif_key: Vec<String>,
        /// Empty for the host's own, else its name, else `net:[inode]`. Source: /run/netns.
        pub namespace: Vec<Cow<'static, str>>,
        /// Namespace id in the host's namespace, -1 where it has none. Source: RTM_GETNSID.
        pub nsid: Vec<i32>,
        /// Interface name. Source: IFLA_IFNAME, RTM_NEWLINK, linux/rtnetlink.h and linux/if_link.h.
        pub ifname: Vec<Cow<'static, str>>,
        /// Interface index within its namespace. Source: ifi_index, RTM_NEWLINK, linux/rtnetlink.h and linux/if_link.h.
        pub ifindex: Vec<u32>,
        /// veth, tap, tun, bridge, vxlan, macvlan, vlan, physical, loopback, exported, … Source: IFLA_INFO_KIND.
        pub kind: Vec<Cow<'static, str>>,
        /// `workload`, `host`, `uplink`, `overlay`, `bridge` or `exported`. Source: agent.
        pub side: Vec<Cow<'static, str>>,
        /// Whether wider scopes add this VIF up. Source: agent.
        pub counting_point: Vec<bool>,
        /// The same on both ends of a veth; 0 for a VIF without a peer. Source: agent.
        pub link_id: Vec<u64>,
        /// The other end of a veth; 0 for none or unknown. Source: IFLA_LINK, IFLA_LINK_NETNSID.
        pub peer_vif_id: Vec<u64>,
        /// The device below (macvlan, vlan, vxlan); 0 for none. Source: IFLA_LINK.
        pub parent_vif_id: Vec<u64>,
        /// The bridge or other master that this VIF is a port of; 0 for none. Source: IFLA_MASTER.
        pub bridge_vif_id: Vec<u64>,
        /// VXLAN network identifier. Source: IPFIX 351, 6876/892; IFLA_VXLAN_ID, RFC 7348.
        pub vni: Vec<Option<u32>>,
        /// VLAN identifier. Source: IFLA_VLAN_ID, IEEE 802.1Q.
        pub vlan_id: Vec<Option<u16>>,
        /// Hardware address, aa:bb:cc:dd:ee:ff; empty for none. Source: IFLA_ADDRESS.
        pub mac_address: Vec<Cow<'static, str>>,
        /// Addresses, IPv4 mapped into IPv6. Source: RTM_NEWADDR, IFA_LOCAL, IFA_ADDRESS.
        pub addresses: Vec<Vec<[u8; 16]>>,
        /// Prefix length of each of `addresses`. Source: ifa_prefixlen.
        pub prefix_lengths: Vec<Vec<u8>>,
        /// Maximum transmission unit. [bytes] Source: IFLA_MTU.
        pub mtu_bytes: Vec<u32>,
        /// Administratively up. Source: IFF_UP.
        pub is_up: Vec<bool>,
        /// unknown, notpresent, down, lowerlayerdown, testing, dormant or up. Source: RFC 2863, IFLA_OPERSTATE.
        pub operstate: Vec<Cow<'static, str>>,
        /// Carrier is present. Source: IFLA_CARRIER.
        pub has_carrier: Vec<bool>,
        /// Speed of a physical or exported port; 0 for unknown and for virtual kinds, whose speed is fiction. [bit/s] Source: /sys/class/net/*/speed.
        pub link_speed_bits_per_second: Vec<u64>,
        /// Rate that the VIF was promised; 0 for unknown. [bit/s] Source: TCA_TBF_PARMS, TCA_HTB_PARMS, alias, settings or the link's speed.
        pub provisioned_rate_bits_per_second: Vec<u64>,
        /// `alias`, `tbf`, `htb`, `link_speed`, or empty where the rate is unknown. Source: agent.
        pub provisioned_rate_origin: Vec<Cow<'static, str>>,
        /// Kind of the root queue. Source: TCA_KIND.
        pub qdisc: Vec<Cow<'static, str>>,
        /// Interface alias as set by the operator. Source: IFLA_IFALIAS.
        pub alias: Vec<String>,
        /// Driver of a physical port. Source: /sys/class/net/*/device/driver.
        pub driver: Vec<Cow<'static, str>>,
        /// Container id, pod uid or VM behind the VIF; empty for unknown. Source: cgroup, command line.
        pub workload: Vec<Cow<'static, str>>,
        /// Who is told when this VIF hurts. Source: orchestrator, alias `owner=`.
        pub owner: Vec<Cow<'static, str>>,
        /// Whose traffic it carries. Source: orchestrator, alias `tenant=`.
        pub tenant: Vec<Cow<'static, str>>,
        /// The service that it belongs to. Source: orchestrator, alias `service=`.
        pub service: Vec<Cow<'static, str>>,
        /// How much it matters, such as `critical`. Source: orchestrator, alias `criticality=`.
        pub criticality: Vec<Cow<'static, str>>,
        /// When the device was made; null where nobody saw it. [ns] Source: agent.
        pub born_time: Vec<Option<i64>>,
        /// When the device ended; null while it lives. [ns] Source: agent.
        pub gone_time: Vec<Option<i64>>,
    }

    /// The Arrow schema of a batch.
    pub fn schema() -> SchemaRef {
        Arc::new(Schema::new(vec![
            Field::new(
                "time",
                DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
                false,
            ),
            Field::new("vif_id", DataType::UInt64, false),
            Field::new(
                "valid_from_time",
                DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
                false,
            ),
            Field::new("change", DataType::Utf8, false),
            Field::new("identity_origin", DataType::Utf8, false),
            Field::new("vif_key", DataType::Utf8, false),
            Field::new("namespace", DataType::Utf8, false),
            Field::new("nsid", DataType::Int32, false),
            Field::new("ifname", DataType::Utf8, false),
            Field::new("ifindex", DataType::UInt32, false),
            Field::new("kind", DataType::Utf8, false),
            Field::new("side", DataType::Utf8, false),
            Field::new("counting_point", DataType::Boolean, false),
            Field::new("link_id", DataType::UInt64, false),
            Field::new("peer_vif_id", DataType::UInt64, false),
            Field::new("parent_vif_id", DataType::UInt64, false),
            Field::new("bridge_vif_id", DataType::UInt64, false),
            Field::new("vni", DataType::UInt32, true),
            Field::new("vlan_id", DataType::UInt16, true),
            Field::new("mac_address", DataType::Utf8, false),
            Field::new(
                "addresses",
                DataType::List(Arc::new(Field::new(
                    "item",
                    DataType::FixedSizeBinary(16),
                    false,
                ))),
                false,
            ),
            Field::new(
                "prefix_lengths",
                DataType::List(Arc::new(Field::new("item", DataType::UInt8, false))),
                false,
            ),
            Field::new("mtu_bytes", DataType::UInt32, false),
            Field::new("is_up", DataType::Boolean, false),
            Field::new("operstate", DataType::Utf8, false),
            Field::new("has_carrier", DataType::Boolean, false),
            Field::new("link_speed_bits_per_second", DataType::UInt64, false),
            Field::new("provisioned_rate_bits_per_second", DataType::UInt64, false),
            Field::new("provisioned_rate_origin", DataType::Utf8, false),
            Field::new("qdisc", DataType::Utf8, false),
            Field::new("alias", DataType::Utf8, false),
            Field::new("driver", DataType::Utf8, false),
            Field::new("workload", DataType::Utf8, false),
            Field::new("owner", DataType::Utf8, false),
            Field::new("tenant", DataType::Utf8, false),
            Field::new("service", DataType::Utf8, false),
            Field::new("criticality", DataType::Utf8, false),
            Field::new(
                "born_time",
                DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
                true,
            ),
            Field::new(
                "gone_time",
                DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
                true,
            ),
        ]))
    }

    impl Rows {
        /// How many rows there are.
        pub fn len(&self) -> usize {
            self.time.len()
        }

        /// Whether there is no row.
        pub fn is_empty(&self) -> bool {
            self.len() == 0
        }

        /// Bring every column to the length of `time`, with null, 0 or nothing where it had no value.
        pub fn fill(&mut self) {
            let rows = self.len();
            self.vif_id.resize(rows, Default::default());
            self.valid_from_time.resize(rows, Default::default());
            self.change.resize(rows, Default::default());
            self.identity_origin.resize(rows, Default::default());
            self.vif_key.resize(rows, Default::default());
            self.namespace.resize(rows, Default::default());
            self.nsid.resize(rows, Default::default());
            self.ifname.resize(rows, Default::default());
            self.ifindex.resize(rows, Default::default());
            self.kind.resize(rows, Default::default());
            self.side.resize(rows, Default::default());
            self.counting_point.resize(rows, Default::default());
            self.link_id.resize(rows, Default::default());
            self.peer_vif_id.resize(rows, Default::default());
            self.parent_vif_id.resize(rows, Default::default());
            self.bridge_vif_id.resize(rows, Default::default());
            self.vni.resize(rows, Default::default());
            self.vlan_id.resize(rows, Default::default());
            self.mac_address.resize(rows, Default::default());
            self.addresses.resize(rows, Default::default());
            self.prefix_lengths.resize(rows, Default::default());
            self.mtu_bytes.resize(rows, Default::default());
            self.is_up.resize(rows, Default::default());
            self.operstate.resize(rows, Default::default());
            self.has_carrier.resize(rows, Default::default());
            self.link_speed_bits_per_second
                .resize(rows, Default::default());
            self.provisioned_rate_bits_per_second
                .resize(rows, Default::default());
            self.provisioned_rate_origin
                .resize(rows, Default::default());
            self.qdisc.resize(rows, Default::default());
            self.alias.resize(rows, Default::default());
            self.driver.resize(rows, Default::default());
            self.workload.resize(rows, Default::default());
            self.owner.resize(rows, Default::default());
            self.tenant.resize(rows, Default::default());
            self.service.resize(rows, Default::default());
            self.criticality.resize(rows, Default::default());
            self.born_time.resize(rows, Default::default());
            self.gone_time.resize(rows, Default::default());
        }

        /// Turn the rows into a record batch; an error means that the vectors differ in length.
        pub fn into_batch(self) -> Result<RecordBatch, ArrowError> {
            RecordBatch::try_new(
                schema(),
                vec![
                    arrays::times(self.time),
                    arrays::uint64s(self.vif_id),
                    arrays::times(self.valid_from_time),
                    arrays::texts(self.change),
                    arrays::texts(self.identity_origin),
                    arrays::texts(self.vif_key),
                    arrays::texts(self.namespace),
                    arrays::int32s(self.nsid),
                    arrays::texts(self.ifname),
                    arrays::uint32s(self.ifindex),
                    arrays::texts(self.kind),
                    arrays::texts(self.side),
                    arrays::booleans(self.counting_point),
                    arrays::uint64s(self.link_id),
                    arrays::uint64s(self.peer_vif_id),
                    arrays::uint64s(self.parent_vif_id),
                    arrays::uint64s(self.bridge_vif_id),
                    arrays::uint32s_or_null(self.vni),
                    arrays::uint16s_or_null(self.vlan_id),
                    arrays::texts(self.mac_address),
                    arrays::address_lists(self.addresses),
                    arrays::length_lists(self.prefix_lengths),
                    arrays::uint32s(self.mtu_bytes),
                    arrays::booleans(self.is_up),
                    arrays::texts(self.operstate),
                    arrays::booleans(self.has_carrier),
                    arrays::uint64s(self.link_speed_bits_per_second),
                    arrays::uint64s(self.provisioned_rate_bits_per_second),
                    arrays::texts(self.provisioned_rate_origin),
                    arrays::texts(self.qdisc),
                    arrays::texts(self.alias),
                    arrays::texts(self.driver),
                    arrays::texts(self.workload),
                    arrays::texts(self.owner),
                    arrays::texts(self.tenant),
                    arrays::texts(self.service),
                    arrays::texts(self.criticality),
                    arrays::times_or_null(self.born_time),
                    arrays::times_or_null(self.gone_time),
                ],
            )
        }
    }
}

/// One VIF over one interval: absolute readings and what was added since the last one.
pub mod counters {
    #[allow(unused_imports)]
    use super::*;

    /// The record kind's name, which is its table's name too.
    pub const NAME: &str = "counters";
    /// Version of this schema.
    pub const VERSION: u16 = 1;

    /// Rows in columns; all vectors have the same length.
    #[derive(Debug, Default, Clone)]
    pub struct Rows {
        /// Start of the interval, or the instant; for flows the end of the interval. [ns] Source: agent.
        pub time: Vec<i64>,
        /// Length of the interval. [ns] Source: agent.
        pub duration_ns: Vec<u64>,
        /// The VIF, for the life of its kernel device; 0 where a row is about none. Source: agent.
        pub vif_id: Vec<u64>,
        /// `clean`, `wrap`, `reset`, `new` or `gap`. Source: agent.
        pub delta_kind: Vec<Cow<'static, str>>,
        /// Packets received, as the interface counts them (GSO counts once). [packets] Source: struct rtnl_link_stats64 in linux/if_link.h.
        pub rx_packets: Vec<u64>,
        /// Absolute reading of `rx_packets` at the end of the interval. [packets] Source: struct rtnl_link_stats64 in linux/if_link.h.
        pub rx_packets_total: Vec<u64>,
        /// Packets sent, as the interface counts them (GSO counts once). [packets] Source: struct rtnl_link_stats64 in linux/if_link.h.
        pub tx_packets: Vec<u64>,
        /// Absolute reading of `tx_packets` at the end of the interval. [packets] Source: struct rtnl_link_stats64 in linux/if_link.h.
        pub tx_packets_total: Vec<u64>,
        /// Bytes received. [bytes] Source: struct rtnl_link_stats64 in linux/if_link.h.
        pub rx_bytes: Vec<u64>,
        /// Absolute reading of `rx_bytes` at the end of the interval. [bytes] Source: struct rtnl_link_stats64 in linux/if_link.h.
        pub rx_bytes_total: Vec<u64>,
        /// Bytes sent. [bytes] Source: struct rtnl_link_stats64 in linux/if_link.h.
        pub tx_bytes: Vec<u64>,
        /// Absolute reading of `tx_bytes` at the end of the interval. [bytes] Source: struct rtnl_link_stats64 in linux/if_link.h.
        pub tx_bytes_total: Vec<u64>,
        /// Receive errors of all kinds. [packets] Source: struct rtnl_link_stats64 in linux/if_link.h.
        pub rx_errors_packets: Vec<u64>,
        /// Absolute reading of `rx_errors_packets` at the end of the interval. [packets] Source: struct rtnl_link_stats64 in linux/if_link.h.
        pub rx_errors_packets_total: Vec<u64>,
        /// Send errors of all kinds. [packets] Source: struct rtnl_link_stats64 in linux/if_link.h.
        pub tx_errors_packets: Vec<u64>,
        /// Absolute reading of `tx_errors_packets` at the end of the interval. [packets] Source: struct rtnl_link_stats64 in linux/if_link.h.
        pub tx_errors_packets_total: Vec<u64>,
        /// Received and not handed on; includes frames of unhandled types. [packets] Source: struct rtnl_link_stats64 in linux/if_link.h.
        pub rx_dropped_packets: Vec<u64>,
        /// Absolute reading of `rx_dropped_packets` at the end of the interval. [packets] Source: struct rtnl_link_stats64 in linux/if_link.h.
        pub rx_dropped_packets_total: Vec<u64>,
        /// Dropped by the device on the way out. [packets] Source: struct rtnl_link_stats64 in linux/if_link.h.
        pub tx_dropped_packets: Vec<u64>,
        /// Absolute reading of `tx_dropped_packets` at the end of the interval. [packets] Source: struct rtnl_link_stats64 in linux/if_link.h.
        pub tx_dropped_packets_total: Vec<u64>,
        /// Missed by the device for want of buffers. [packets] Source: struct rtnl_link_stats64 in linux/if_link.h.
        pub rx_missed_packets: Vec<u64>,
        /// Absolute reading of `rx_missed_packets` at the end of the interval. [packets] Source: struct rtnl_link_stats64 in linux/if_link.h.
        pub rx_missed_packets_total: Vec<u64>,
        /// Dropped for an inactive device. [packets] Source: struct rtnl_link_stats64 in linux/if_link.h.
        pub rx_nohandler_packets: Vec<u64>,
        /// Absolute reading of `rx_nohandler_packets` at the end of the interval. [packets] Source: struct rtnl_link_stats64 in linux/if_link.h.
        pub rx_nohandler_packets_total: Vec<u64>,
        /// Multicast packets received. [packets] Source: struct rtnl_link_stats64 in linux/if_link.h.
        pub multicast_packets: Vec<u64>,
        /// Absolute reading of `multicast_packets` at the end of the interval. [packets] Source: struct rtnl_link_stats64 in linux/if_link.h.
        pub multicast_packets_total: Vec<u64>,
        /// Packets that left the root queue. [packets] Source: TCA_STATS2 of the root qdisc, linux/gen_stats.h.
        pub qdisc_packets: Vec<u64>,
        /// Absolute reading of `qdisc_packets` at the end of the interval. [packets] Source: TCA_STATS2 of the root qdisc, linux/gen_stats.h.
        pub qdisc_packets_total: Vec<u64>,
        /// Bytes that left the root queue. [bytes] Source: TCA_STATS2 of the root qdisc, linux/gen_stats.h.
        pub qdisc_bytes: Vec<u64>,
        /// Absolute reading of `qdisc_bytes` at the end of the interval. [bytes] Source: TCA_STATS2 of the root qdisc, linux/gen_stats.h.
        pub qdisc_bytes_total: Vec<u64>,
        /// Packets that the root queue dropped. [packets] Source: TCA_STATS2 of the root qdisc, linux/gen_stats.h.
        pub qdisc_dropped_packets: Vec<u64>,
        /// Absolute reading of `qdisc_dropped_packets` at the end of the interval. [packets] Source: TCA_STATS2 of the root qdisc, linux/gen_stats.h.
        pub qdisc_dropped_packets_total: Vec<u64>,
        /// Times that the root queue held a packet back. [events] Source: TCA_STATS2 of the root qdisc, linux/gen_stats.h.
        pub qdisc_overlimits_count: Vec<u64>,
        /// Absolute reading of `qdisc_overlimits_count` at the end of the interval. [events] Source: TCA_STATS2 of the root qdisc, linux/gen_stats.h.
        pub qdisc_overlimits_count_total: Vec<u64>,
        /// Packets that the device gave back to the root queue. [events] Source: TCA_STATS2 of the root qdisc, linux/gen_stats.h.
        pub qdisc_requeues_count: Vec<u64>,
        /// Absolute reading of `qdisc_requeues_count` at the end of the interval. [events] Source: TCA_STATS2 of the root qdisc, linux/gen_stats.h.
        pub qdisc_requeues_count_total: Vec<u64>,
        /// Bytes waiting in the root queue at the end. [bytes] Source: TCA_STATS2 of the root qdisc, linux/gen_stats.h.
        pub qdisc_backlog_bytes: Vec<u64>,
        /// Packets waiting in the root queue at the end. [packets] Source: TCA_STATS2 of the root qdisc, linux/gen_stats.h.
        pub qdisc_backlog_packets: Vec<u64>,
    }

    /// The Arrow schema of a batch.
    pub fn schema() -> SchemaRef {
        Arc::new(Schema::new(vec![
            Field::new(
                "time",
                DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
                false,
            ),
            Field::new("duration_ns", DataType::UInt64, false),
            Field::new("vif_id", DataType::UInt64, false),
            Field::new("delta_kind", DataType::Utf8, false),
            Field::new("rx_packets", DataType::UInt64, false),
            Field::new("rx_packets_total", DataType::UInt64, false),
            Field::new("tx_packets", DataType::UInt64, false),
            Field::new("tx_packets_total", DataType::UInt64, false),
            Field::new("rx_bytes", DataType::UInt64, false),
            Field::new("rx_bytes_total", DataType::UInt64, false),
            Field::new("tx_bytes", DataType::UInt64, false),
            Field::new("tx_bytes_total", DataType::UInt64, false),
            Field::new("rx_errors_packets", DataType::UInt64, false),
            Field::new("rx_errors_packets_total", DataType::UInt64, false),
            Field::new("tx_errors_packets", DataType::UInt64, false),
            Field::new("tx_errors_packets_total", DataType::UInt64, false),
            Field::new("rx_dropped_packets", DataType::UInt64, false),
            Field::new("rx_dropped_packets_total", DataType::UInt64, false),
            Field::new("tx_dropped_packets", DataType::UInt64, false),
            Field::new("tx_dropped_packets_total", DataType::UInt64, false),
            Field::new("rx_missed_packets", DataType::UInt64, false),
            Field::new("rx_missed_packets_total", DataType::UInt64, false),
            Field::new("rx_nohandler_packets", DataType::UInt64, false),
            Field::new("rx_nohandler_packets_total", DataType::UInt64, false),
            Field::new("multicast_packets", DataType::UInt64, false),
            Field::new("multicast_packets_total", DataType::UInt64, false),
            Field::new("qdisc_packets", DataType::UInt64, false),
            Field::new("qdisc_packets_total", DataType::UInt64, false),
            Field::new("qdisc_bytes", DataType::UInt64, false),
            Field::new("qdisc_bytes_total", DataType::UInt64, false),
            Field::new("qdisc_dropped_packets", DataType::UInt64, false),
            Field::new("qdisc_dropped_packets_total", DataType::UInt64, false),
            Field::new("qdisc_overlimits_count", DataType::UInt64, false),
            Field::new("qdisc_overlimits_count_total", DataType::UInt64, false),
            Field::new("qdisc_requeues_count", DataType::UInt64, false),
            Field::new("qdisc_requeues_count_total", DataType::UInt64, false),
            Field::new("qdisc_backlog_bytes", DataType::UInt64, false),
            Field::new("qdisc_backlog_packets", DataType::UInt64, false),
        ]))
    }

    impl Rows {
        /// How many rows there are.
        pub fn len(&self) -> usize {
            self.time.len()
        }

        /// Whether there is no row.
        pub fn is_empty(&self) -> bool {
            self.len() == 0
        }

        /// Bring every column to the length of `time`, with null, 0 or nothing where it had no value.
        pub fn fill(&mut self) {
            let rows = self.len();
            self.duration_ns.resize(rows, Default::default());
            self.vif_id.resize(rows, Default::default());
            self.delta_kind.resize(rows, Default::default());
            self.rx_packets.resize(rows, Default::default());
            self.rx_packets_total.resize(rows, Default::default());
            self.tx_packets.resize(rows, Default::default());
            self.tx_packets_total.resize(rows, Default::default());
            self.rx_bytes.resize(rows, Default::default());
            self.rx_bytes_total.resize(rows, Default::default());
            self.tx_bytes.resize(rows, Default::default());
            self.tx_bytes_total.resize(rows, Default::default());
            self.rx_errors_packets.resize(rows, Default::default());
            self.rx_errors_packets_total
                .resize(rows, Default::default());
            self.tx_errors_packets.resize(rows, Default::default());
            self.tx_errors_packets_total
                .resize(rows, Default::default());
            self.rx_dropped_packets.resize(rows, Default::default());
            self.rx_dropped_packets_total
                .resize(rows, Default::default());
            self.tx_dropped_packets.resize(rows, Default::default());
            self.tx_dropped_packets_total
                .resize(rows, Default::default());
            self.rx_missed_packets.resize(rows, Default::default());
            self.rx_missed_packets_total
                .resize(rows, Default::default());
            self.rx_nohandler_packets.resize(rows, Default::default());
            self.rx_nohandler_packets_total
                .resize(rows, Default::default());
            self.multicast_packets.resize(rows, Default::default());
            self.multicast_packets_total
                .resize(rows, Default::default());
            self.qdisc_packets.resize(rows, Default::default());
            self.qdisc_packets_total.resize(rows, Default::default());
            self.qdisc_bytes.resize(rows, Default::default());
            self.qdisc_bytes_total.resize(rows, Default::default());
            self.qdisc_dropped_packets.resize(rows, Default::default());
            self.qdisc_dropped_packets_total
                .resize(rows, Default::default());
            self.qdisc_overlimits_count.resize(rows, Default::default());
            self.qdisc_overlimits_count_total
                .resize(rows, Default::default());
            self.qdisc_requeues_count.resize(rows, Default::default());
            self.qdisc_requeues_count_total
                .resize(rows, Default::default());
            self.qdisc_backlog_bytes.resize(rows, Default::default());
            self.qdisc_backlog_packets.resize(rows, Default::default());
        }

        /// Turn the rows into a record batch; an error means that the vectors differ in length.
        pub fn into_batch(self) -> Result<RecordBatch, ArrowError> {
            RecordBatch::try_new(
                schema(),
                vec![
                    arrays::times(self.time),
                    arrays::uint64s(self.duration_ns),
                    arrays::uint64s(self.vif_id),
                    arrays::texts(self.delta_kind),
                    arrays::uint64s(self.rx_packets),
                    arrays::uint64s(self.rx_packets_total),
                    arrays::uint64s(self.tx_packets),
                    arrays::uint64s(self.tx_packets_total),
                    arrays::uint64s(self.rx_bytes),
                    arrays::uint64s(self.rx_bytes_total),
                    arrays::uint64s(self.tx_bytes),
                    arrays::uint64s(self.tx_bytes_total),
                    arrays::uint64s(self.rx_errors_packets),
                    arrays::uint64s(self.rx_errors_packets_total),
                    arrays::uint64s(self.tx_errors_packets),
                    arrays::uint64s(self.tx_errors_packets_total),
                    arrays::uint64s(self.rx_dropped_packets),
                    arrays::uint64s(self.rx_dropped_packets_total),
                    arrays::uint64s(self.tx_dropped_packets),
                    arrays::uint64s(self.tx_dropped_packets_total),
                    arrays::uint64s(self.rx_missed_packets),
                    arrays::uint64s(self.rx_missed_packets_total),
                    arrays::uint64s(self.rx_nohandler_packets),
                    arrays::uint64s(self.rx_nohandler_packets_total),
                    arrays::uint64s(self.multicast_packets),
                    arrays::uint64s(self.multicast_packets_total),
                    arrays::uint64s(self.qdisc_packets),
                    arrays::uint64s(self.qdisc_packets_total),
                    arrays::uint64s(self.qdisc_bytes),
                    arrays::uint64s(self.qdisc_bytes_total),
                    arrays::uint64s(self.qdisc_dropped_packets),
                    arrays::uint64s(self.qdisc_dropped_packets_total),
                    arrays::uint64s(self.qdisc_overlimits_count),
                    arrays::uint64s(self.qdisc_overlimits_count_total),
                    arrays::uint64s(self.qdisc_requeues_count),
                    arrays::uint64s(self.qdisc_requeues_count_total),
                    arrays::uint64s(self.qdisc_backlog_bytes),
                    arrays::uint64s(self.qdisc_backlog_packets),
                ],
            )
        }
    }
}

/// One flow seen at one VIF over one interval, as its exporter told it.
pub mod flows {
    #[allow(unused_imports)]
    use super::*;

    use arrow_array::ArrayRef;
    use wire::rows::{self, Flows};

    use crate::wide;

    /// The record kind's name, which is its table's name too.
    pub const NAME: &str = "flows";
    /// Version of this schema.
    pub const VERSION: u16 = 1;

    /// The Arrow schema of a batch that has every column.
    pub fn schema() -> SchemaRef {
        Arc::new(Schema::new(vec![
            Field::new(
                "time",
                DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
                true,
            ),
            Field::new("duration_ns", DataType::UInt64, true),
            Field::new("vif_id", DataType::UInt64, true),
            Field::new(
                "received_time",
                DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
                true,
            ),
            Field::new(
                "source_kind",
                DataType::Dictionary(Box::new(DataType::UInt8), Box::new(DataType::Utf8)),
                true,
            ),
            Field::new("exporter_address", DataType::FixedSizeBinary(16), true),
            Field::new("observation_domain_id", DataType::UInt32, true),
            Field::new("sequence_number", DataType::UInt32, true),
            Field::new(
                "flow_start_time",
                DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
                true,
            ),
            Field::new(
                "flow_end_time",
                DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
                true,
            ),
            Field::new("ether_type", DataType::UInt16, true),
            Field::new("src_address", DataType::FixedSizeBinary(16), true),
            Field::new("dst_address", DataType::FixedSizeBinary(16), true),
            Field::new("src_port", DataType::UInt16, true),
            Field::new("dst_port", DataType::UInt16, true),
            Field::new("protocol", DataType::UInt8, true),
            Field::new("tcp_flags", DataType::UInt16, true),
            Field::new("ip_tos", DataType::UInt8, true),
            Field::new("ip_ttl", DataType::UInt8, true),
            Field::new("bytes", DataType::UInt64, true),
            Field::new("packets", DataType::UInt64, true),
            Field::new("skb_bytes", DataType::UInt64, true),
            Field::new("skb_packets", DataType::UInt64, true),
            Field::new("sampling_rate", DataType::Float64, true),
            Field::new(
                "sampling_origin",
                DataType::Dictionary(Box::new(DataType::UInt8), Box::new(DataType::Utf8)),
                true,
            ),
            Field::new("in_if_index", DataType::UInt32, true),
            Field::new("out_if_index", DataType::UInt32, true),
            Field::new(
                "in_if_meaning",
                DataType::Dictionary(Box::new(DataType::UInt8), Box::new(DataType::Utf8)),
                true,
            ),
            Field::new(
                "out_if_meaning",
                DataType::Dictionary(Box::new(DataType::UInt8), Box::new(DataType::Utf8)),
                true,
            ),
            Field::new("out_if_detail", DataType::UInt32, true),
            Field::new("direction", DataType::UInt8, true),
            Field::new(
                "direction_meaning",
                DataType::Dictionary(Box::new(DataType::UInt8), Box::new(DataType::Utf8)),
                true,
            ),
            Field::new("src_mac", DataType::UInt64, true),
            Field::new("dst_mac", DataType::UInt64, true),
            Field::new("src_vlan", DataType::UInt16, true),
            Field::new("dst_vlan", DataType::UInt16, true),
            Field::new("customer_vlan", DataType::UInt16, true),
            Field::new("src_as", DataType::UInt32, true),
            Field::new("dst_as", DataType::UInt32, true),
            Field::new("previous_as", DataType::UInt32, true),
            Field::new("next_as", DataType::UInt32, true),
            Field::new("next_hop", DataType::FixedSizeBinary(16), true),
            Field::new("bgp_next_hop", DataType::FixedSizeBinary(16), true),
            Field::new("src_prefix_length", DataType::UInt8, true),
            Field::new("dst_prefix_length", DataType::UInt8, true),
            Field::new("icmp_type", DataType::UInt8, true),
            Field::new("icmp_code", DataType::UInt8, true),
            Field::new("ipv6_flow_label", DataType::UInt32, true),
            Field::new("ip_fragment_id", DataType::UInt32, true),
            Field::new("ip_fragment_offset", DataType::UInt16, true),
            Field::new(
                "mpls_labels",
                DataType::List(Arc::new(Field::new("item", DataType::UInt32, false))),
                true,
            ),
            Field::new(
                "tunnel",
                DataType::Dictionary(Box::new(DataType::UInt8), Box::new(DataType::Utf8)),
                true,
            ),
            Field::new("vni", DataType::UInt32, true),
            Field::new("tunnel_src_address", DataType::FixedSizeBinary(16), true),
            Field::new("tunnel_dst_address", DataType::FixedSizeBinary(16), true),
            Field::new("inner_src_address", DataType::FixedSizeBinary(16), true),
            Field::new("inner_dst_address", DataType::FixedSizeBinary(16), true),
            Field::new("inner_src_port", DataType::UInt16, true),
            Field::new("inner_dst_port", DataType::UInt16, true),
            Field::new("inner_protocol", DataType::UInt8, true),
            Field::new("inner_src_mac", DataType::UInt64, true),
            Field::new("inner_dst_mac", DataType::UInt64, true),
            Field::new(
                "header_problem",
                DataType::Dictionary(Box::new(DataType::UInt8), Box::new(DataType::Utf8)),
                true,
            ),
            Field::new("forwarding_status", DataType::UInt8, true),
            Field::new("flow_end_reason", DataType::UInt8, true),
            Field::new("application_id", DataType::UInt64, true),
            Field::new("in_vrf_id", DataType::UInt32, true),
            Field::new("out_vrf_id", DataType::UInt32, true),
            Field::new("observation_point_id", DataType::UInt64, true),
            Field::new("firewall_event", DataType::UInt8, true),
            Field::new("nat_event", DataType::UInt8, true),
            Field::new("post_nat_src_address", DataType::FixedSizeBinary(16), true),
            Field::new("post_nat_dst_address", DataType::FixedSizeBinary(16), true),
            Field::new("post_nat_src_port", DataType::UInt16, true),
            Field::new("post_nat_dst_port", DataType::UInt16, true),
            Field::new("raw_elements", crate::wide::elements_type(), true),
        ]))
    }

    /// The columns of a batch in the order of the schema, `None` for a column without any value.
    pub fn arrays(rows: Flows) -> Vec<Option<ArrayRef>> {
        let count = rows.rows;
        vec![
            wide::times(rows.time, count),
            wide::uint64s(rows.duration_ns, count),
            wide::uint64s(rows.vif_id, count),
            wide::times(rows.received_time, count),
            wide::codes(rows.source_kind, count, &rows::source_kind::NAMES),
            wide::addresses(rows.exporter_address, count),
            wide::uint32s(rows.observation_domain_id, count),
            wide::uint32s(rows.sequence_number, count),
            wide::times(rows.flow_start_time, count),
            wide::times(rows.flow_end_time, count),
            wide::uint16s(rows.ether_type, count),
            wide::addresses(rows.src_address, count),
            wide::addresses(rows.dst_address, count),
            wide::uint16s(rows.src_port, count),
            wide::uint16s(rows.dst_port, count),
            wide::uint8s(rows.protocol, count),
            wide::uint16s(rows.tcp_flags, count),
            wide::uint8s(rows.ip_tos, count),
            wide::uint8s(rows.ip_ttl, count),
            wide::uint64s(rows.bytes, count),
            wide::uint64s(rows.packets, count),
            wide::uint64s(rows.skb_bytes, count),
            wide::uint64s(rows.skb_packets, count),
            wide::float64s(rows.sampling_rate, count),
            wide::codes(rows.sampling_origin, count, &rows::sampling_origin::NAMES),
            wide::uint32s(rows.in_if_index, count),
            wide::uint32s(rows.out_if_index, count),
            wide::codes(rows.in_if_meaning, count, &rows::in_if_meaning::NAMES),
            wide::codes(rows.out_if_meaning, count, &rows::out_if_meaning::NAMES),
            wide::uint32s(rows.out_if_detail, count),
            wide::uint8s(rows.direction, count),
            wide::codes(
                rows.direction_meaning,
                count,
                &rows::direction_meaning::NAMES,
            ),
            wide::uint64s(rows.src_mac, count),
            wide::uint64s(rows.dst_mac, count),
            wide::uint16s(rows.src_vlan, count),
            wide::uint16s(rows.dst_vlan, count),
            wide::uint16s(rows.customer_vlan, count),
            wide::uint32s(rows.src_as, count),
            wide::uint32s(rows.dst_as, count),
            wide::uint32s(rows.previous_as, count),
            wide::uint32s(rows.next_as, count),
            wide::addresses(rows.next_hop, count),
            wide::addresses(rows.bgp_next_hop, count),
            wide::uint8s(rows.src_prefix_length, count),
            wide::uint8s(rows.dst_prefix_length, count),
            wide::uint8s(rows.icmp_type, count),
            wide::uint8s(rows.icmp_code, count),
            wide::uint32s(rows.ipv6_flow_label, count),
            wide::uint32s(rows.ip_fragment_id, count),
            wide::uint16s(rows.ip_fragment_offset, count),
            wide::tags(rows.mpls_labels, count),
            wide::codes(rows.tunnel, count, &rows::tunnel::NAMES),
            wide::uint32s(rows.vni, count),
            wide::addresses(rows.tunnel_src_address, count),
            wide::addresses(rows.tunnel_dst_address, count),
            wide::addresses(rows.inner_src_address, count),
            wide::addresses(rows.inner_dst_address, count),
            wide::uint16s(rows.inner_src_port, count),
            wide::uint16s(rows.inner_dst_port, count),
            wide::uint8s(rows.inner_protocol, count),
            wide::uint64s(rows.inner_src_mac, count),
            wide::uint64s(rows.inner_dst_mac, count),
            wide::codes(rows.header_problem, count, &rows::header_problem::NAMES),
            wide::uint8s(rows.forwarding_status, count),
            wide::uint8s(rows.flow_end_reason, count),
            wide::uint64s(rows.application_id, count),
            wide::uint32s(rows.in_vrf_id, count),
            wide::uint32s(rows.out_vrf_id, count),
            wide::uint64s(rows.observation_point_id, count),
            wide::uint8s(rows.firewall_event, count),
            wide::uint8s(rows.nat_event, count),
            wide::addresses(rows.post_nat_src_address, count),
            wide::addresses(rows.post_nat_dst_address, count),
            wide::uint16s(rows.post_nat_src_port, count),
            wide::uint16s(rows.post_nat_dst_port, count),
            wide::elements(rows.raw_elements, count),
        ]
    }
}

/// Packets dropped at one VIF over one interval, for one reason, as the kernel or an exporter told.
pub mod drops {
    #[allow(unused_imports)]
    use super::*;

    /// The record kind's name, which is its table's name too.
    pub const NAME: &str = "drops";
    /// Version of this schema.
    pub const VERSION: u16 = 1;

    /// Rows in columns; all vectors have the same length.
    #[derive(Debug, Default, Clone)]
    pub struct Rows {
        /// Start of the interval, or the instant; for flows the end of the interval. [ns] Source: agent.
        pub time: Vec<i64>,
        /// Length of the interval. [ns] Source: agent.
        pub duration_ns: Vec<u64>,
        /// The VIF, for the life of its kernel device; 0 where a row is about none. Source: agent.
        pub vif_id: Vec<u64>,
        /// What told it. Source: listener.
        pub source_kind: Vec<Cow<'static, str>>,
        /// The exporter: sFlow's agent address, else the sender's. Source: listener.
        pub exporter_address: Vec<[u8; 16]>,
        /// The exporter's part that saw it; sFlow's sub-agent id, NetFlow v9's source id, v5's engine type and id. Source: RFC 7011 3.1, IPFIX 149.
        pub observation_domain_id: Vec<u32>,
        /// Empty for the host's own, else its name, else `net:[inode]`. Source: /run/netns.
        pub namespace: Vec<Cow<'static, str>>,
        /// Interface name. Source: IFLA_IFNAME, RTM_NEWLINK, linux/rtnetlink.h and linux/if_link.h.
        pub ifname: Vec<Cow<'static, str>>,
        /// Seen at ingress (0) or egress (1) of the interface. Source: IPFIX 61.
        pub direction: Vec<Option<u8>>,
        /// `loss`, `denied`, `endpoint` or `benign`; only `loss` is packet loss of the network. Source: decoder of exports; probe drop.
        pub drop_class: Vec<Cow<'static, str>>,
        /// Who else counted it: `qdisc` its interface's queue, `device` its interface, `core` none; empty for not told. Source: probe drop.
        pub drop_origin: Vec<Cow<'static, str>>,
        /// Why `value` is null, or why packets were dropped; empty where nothing is to be said. Source: slis.
        pub reason: Vec<Cow<'static, str>>,
        /// The reason's number as it was told. Source: discarded_packet (0:5) of sFlow v5, sflow_drops.txt; enum skb_drop_reason of the running kernel.
        pub reason_code: Vec<u32>,
        /// Where in the packet's path it was dropped; empty for not told. Source: discarded_packet (0:5) of sFlow v5, sflow_drops.txt; the kernel's function.
        pub place: Vec<Cow<'static, str>>,
        /// Packets as exported, unscaled; 1 for an sFlow sample. [packets] Source: IPFIX 2, 298, 299, 86, 24, 172.
        pub packets: Vec<u64>,
        /// Bytes as exported, unscaled; of an sFlow sample the frame length that it reports. [bytes] Source: IPFIX 1, 231, 232, 85, 352, 353, 23, 171, 312, 224; frame_length of sampled_header.
        pub bytes: Vec<u64>,
        /// What an interface's counter adds for these packets, a GSO packet once; 0 where it is not told. [packets] Source: probe flow.
        pub skb_packets: Vec<u64>,
        /// Each exported packet stands for so many; 0 for unknown. [packets] Source: IPFIX 34, 50, 305, 306, 309, 310, 311; sampling_rate of flow_sample; NetFlow v5 header.
        pub sampling_rate: Vec<f64>,
        /// Where the rate came from; rows of `unknown` are left out of volumes. Source: listener.
        pub sampling_origin: Vec<Cow<'static, str>>,
        /// Interface that it came in by. Source: IPFIX 10, 252; input of flow_sample.
        pub in_if_index: Vec<u32>,
        /// Interface that it left by. Source: IPFIX 14, 253; output of flow_sample.
        pub out_if_index: Vec<u32>,
        /// EtherType of the payload, 0x0800 for IPv4. Source: IPFIX 256; sFlow sampled_header (0:1), sampled_ethernet (0:2).
        pub ether_type: Vec<u16>,
        /// Source address, IPv4 mapped into IPv6. Source: IPFIX 8, 27; sFlow sampled_header (0:1), sampled_ipv4/6 (0:3, 0:4).
        pub src_address: Vec<[u8; 16]>,
        /// Destination address, IPv4 mapped into IPv6. Source: IPFIX 12, 28; sFlow sampled_header (0:1), sampled_ipv4/6 (0:3, 0:4).
        pub dst_address: Vec<[u8; 16]>,
        /// Source port. Source: IPFIX 7, 180, 182; sFlow sampled_header (0:1), sampled_ipv4/6 (0:3, 0:4).
        pub src_port: Vec<u16>,
        /// Destination port. Source: IPFIX 11, 181, 183; sFlow sampled_header (0:1), sampled_ipv4/6 (0:3, 0:4).
        pub dst_port: Vec<u16>,
        /// IP protocol number. Source: IPFIX 4; sFlow sampled_header (0:1), sampled_ipv4/6 (0:3, 0:4).
        pub protocol: Vec<u8>,
        /// Source MAC address. Source: IPFIX 56, 81; sFlow sampled_header (0:1), sampled_ethernet (0:2).
        pub src_mac: Vec<u64>,
        /// Destination MAC address. Source: IPFIX 80, 57; sFlow sampled_header (0:1), sampled_ethernet (0:2).
        pub dst_mac: Vec<u64>,
        /// VLAN on the way in. Source: IPFIX 58, 243; extended_switch (0:1001), extended_vlantunnel (0:1012).
        pub src_vlan: Vec<u16>,
        /// How the rule of nftables that dropped it is known: `exact` no other can have, `counter` of all that can have its counter alone moved; or why it is not: `ambiguous` several can have, `changed` rules were changed meanwhile, `unread` they could not be read, `none` no rule of nftables can have. Empty for what netfilter did not drop. Source: nf_tables of the running kernel.
        pub rule_attribution: Vec<Cow<'static, str>>,
        /// Family of the rule's table: `inet`, `ip`, `ip6`, `bridge`, …. Source: nf_tables of the running kernel.
        pub rule_family: Vec<Cow<'static, str>>,
        /// Table of the rule that dropped it; empty where none is known. Source: nf_tables of the running kernel.
        pub rule_table: Vec<Cow<'static, str>>,
        /// Its chain. Source: nf_tables of the running kernel.
        pub rule_chain: Vec<Cow<'static, str>>,
        /// Its handle in the table; 0 for the policy of the chain. Source: nf_tables of the running kernel.
        pub rule_handle: Vec<u64>,
        /// What its maker wrote beside it. Source: nf_tables of the running kernel.
        pub rule_comment: Vec<Cow<'static, str>>,
        /// What it writes before a packet's line in a log. Source: nf_tables of the running kernel.
        pub rule_log_prefix: Vec<Cow<'static, str>>,
        /// Where it is not known which rule it was: those that it can have been, some of them where they are many. Source: nf_tables of the running kernel.
        pub rule_candidates: Vec<Cow<'static, str>>,
    }

    /// The Arrow schema of a batch.
    pub fn schema() -> SchemaRef {
        Arc::new(Schema::new(vec![
            Field::new(
                "time",
                DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
                false,
            ),
            Field::new("duration_ns", DataType::UInt64, false),
            Field::new("vif_id", DataType::UInt64, false),
            Field::new("source_kind", DataType::Utf8, false),
            Field::new("exporter_address", DataType::FixedSizeBinary(16), false),
            Field::new("observation_domain_id", DataType::UInt32, false),
            Field::new("namespace", DataType::Utf8, false),
            Field::new("ifname", DataType::Utf8, false),
            Field::new("direction", DataType::UInt8, true),
            Field::new("drop_class", DataType::Utf8, false),
            Field::new("drop_origin", DataType::Utf8, false),
            Field::new("reason", DataType::Utf8, false),
            Field::new("reason_code", DataType::UInt32, false),
            Field::new("place", DataType::Utf8, false),
            Field::new("packets", DataType::UInt64, false),
            Field::new("bytes", DataType::UInt64, false),
            Field::new("skb_packets", DataType::UInt64, false),
            Field::new("sampling_rate", DataType::Float64, false),
            Field::new("sampling_origin", DataType::Utf8, false),
            Field::new("in_if_index", DataType::UInt32, false),
            Field::new("out_if_index", DataType::UInt32, false),
            Field::new("ether_type", DataType::UInt16, false),
            Field::new("src_address", DataType::FixedSizeBinary(16), false),
            Field::new("dst_address", DataType::FixedSizeBinary(16), false),
            Field::new("src_port", DataType::UInt16, false),
            Field::new("dst_port", DataType::UInt16, false),
            Field::new("protocol", DataType::UInt8, false),
            Field::new("src_mac", DataType::UInt64, false),
            Field::new("dst_mac", DataType::UInt64, false),
            Field::new("src_vlan", DataType::UInt16, false),
            Field::new("rule_attribution", DataType::Utf8, false),
            Field::new("rule_family", DataType::Utf8, false),
            Field::new("rule_table", DataType::Utf8, false),
            Field::new("rule_chain", DataType::Utf8, false),
            Field::new("rule_handle", DataType::UInt64, false),
            Field::new("rule_comment", DataType::Utf8, false),
            Field::new("rule_log_prefix", DataType::Utf8, false),
            Field::new("rule_candidates", DataType::Utf8, false),
        ]))
    }

    impl Rows {
        /// How many rows there are.
        pub fn len(&self) -> usize {
            self.time.len()
        }

        /// Whether there is no row.
        pub fn is_empty(&self) -> bool {
            self.len() == 0
        }

        /// Bring every column to the length of `time`, with null, 0 or nothing where it had no value.
        pub fn fill(&mut self) {
            let rows = self.len();
            self.duration_ns.resize(rows, Default::default());
            self.vif_id.resize(rows, Default::default());
            self.source_kind.resize(rows, Default::default());
            self.exporter_address.resize(rows, Default::default());
            self.observation_domain_id.resize(rows, Default::default());
            self.namespace.resize(rows, Default::default());
            self.ifname.resize(rows, Default::default());
            self.direction.resize(rows, Default::default());
            self.drop_class.resize(rows, Default::default());
            self.drop_origin.resize(rows, Default::default());
            self.reason.resize(rows, Default::default());
            self.reason_code.resize(rows, Default::default());
            self.place.resize(rows, Default::default());
            self.packets.resize(rows, Default::default());
            self.bytes.resize(rows, Default::default());
            self.skb_packets.resize(rows, Default::default());
            self.sampling_rate.resize(rows, Default::default());
            self.sampling_origin.resize(rows, Default::default());
            self.in_if_index.resize(rows, Default::default());
            self.out_if_index.resize(rows, Default::default());
            self.ether_type.resize(rows, Default::default());
            self.src_address.resize(rows, Default::default());
            self.dst_address.resize(rows, Default::default());
            self.src_port.resize(rows, Default::default());
            self.dst_port.resize(rows, Default::default());
            self.protocol.resize(rows, Default::default());
            self.src_mac.resize(rows, Default::default());
            self.dst_mac.resize(rows, Default::default());
            self.src_vlan.resize(rows, Default::default());
            self.rule_attribution.resize(rows, Default::default());
            self.rule_family.resize(rows, Default::default());
            self.rule_table.resize(rows, Default::default());
            self.rule_chain.resize(rows, Default::default());
            self.rule_handle.resize(rows, Default::default());
            self.rule_comment.resize(rows, Default::default());
            self.rule_log_prefix.resize(rows, Default::default());
            self.rule_candidates.resize(rows, Default::default());
        }

        /// Turn the rows into a record batch; an error means that the vectors differ in length.
        pub fn into_batch(self) -> Result<RecordBatch, ArrowError> {
            RecordBatch::try_new(
                schema(),
                vec![
                    arrays::times(self.time),
                    arrays::uint64s(self.duration_ns),
                    arrays::uint64s(self.vif_id),
                    arrays::texts(self.source_kind),
                    arrays::addresses(self.exporter_address),
                    arrays::uint32s(self.observation_domain_id),
                    arrays::texts(self.namespace),
                    arrays::texts(self.ifname),
                    arrays::uint8s_or_null(self.direction),
                    arrays::texts(self.drop_class),
                    arrays::texts(self.drop_origin),
                    arrays::texts(self.reason),
                    arrays::uint32s(self.reason_code),
                    arrays::texts(self.place),
                    arrays::uint64s(self.packets),
                    arrays::uint64s(self.bytes),
                    arrays::uint64s(self.skb_packets),
                    arrays::float64s(self.sampling_rate),
                    arrays::texts(self.sampling_origin),
                    arrays::uint32s(self.in_if_index),
                    arrays::uint32s(self.out_if_index),
                    arrays::uint16s(self.ether_type),
                    arrays::addresses(self.src_address),
                    arrays::addresses(self.dst_address),
                    arrays::uint16s(self.src_port),
                    arrays::uint16s(self.dst_port),
                    arrays::uint8s(self.protocol),
                    arrays::uint64s(self.src_mac),
                    arrays::uint64s(self.dst_mac),
                    arrays::uint16s(self.src_vlan),
                    arrays::texts(self.rule_attribution),
                    arrays::texts(self.rule_family),
                    arrays::texts(self.rule_table),
                    arrays::texts(self.rule_chain),
                    arrays::uint64s(self.rule_handle),
                    arrays::texts(self.rule_comment),
                    arrays::texts(self.rule_log_prefix),
                    arrays::texts(self.rule_candidates),
                ],
            )
        }
    }
}

/// Sampled packets that took about the same time from one VIF to another, over one interval: one bucket of the histogram of that pair. The row without VIFs is about all samples of the host.
pub mod latency {
    #[allow(unused_imports)]
    use super::*;

    /// The record kind's name, which is its table's name too.
    pub const NAME: &str = "latency";
    /// Version of this schema.
    pub const VERSION: u16 = 1;

    /// Rows in columns; all vectors have the same length.
    #[derive(Debug, Default, Clone)]
    pub struct Rows {
        /// Start of the interval, or the instant; for flows the end of the interval. [ns] Source: agent.
        pub time: Vec<i64>,
        /// Length of the interval. [ns] Source: agent.
        pub duration_ns: Vec<u64>,
        /// The VIF, for the life of its kernel device; 0 where a row is about none. Source: agent.
        pub vif_id: Vec<u64>,
        /// VIF that the packets left by; 0 where it is none that is known, and in the row about all samples. Source: probe transit.
        pub out_vif_id: Vec<u64>,
        /// Interface that it came in by. Source: IPFIX 10, 252; input of flow_sample.
        pub in_if_index: Vec<u32>,
        /// Interface that it left by. Source: IPFIX 14, 253; output of flow_sample.
        pub out_if_index: Vec<u32>,
        /// Least transit time of the bucket; the same buckets everywhere, each at most 2.8 % wide. [ns] Source: probe transit.
        pub bucket_from_ns: Vec<u64>,
        /// Transit time from which on the next bucket has it. [ns] Source: probe transit.
        pub bucket_to_ns: Vec<u64>,
        /// Sampled packets whose transit time is in the bucket. [packets] Source: probe transit.
        pub sampled_packets: Vec<u64>,
        /// Each exported packet stands for so many; 0 for unknown. [packets] Source: IPFIX 34, 50, 305, 306, 309, 310, 311; sampling_rate of flow_sample; NetFlow v5 header.
        pub sampling_rate: Vec<f64>,
        /// Of the row about all samples: were on their way when their window closed, or left later than is told. [packets] Source: probe transit.
        pub expired_packets: Vec<u64>,
        /// Of the row about all samples: what left was not what came in, so that no time is told. [packets] Source: probe transit.
        pub changed_packets: Vec<u64>,
        /// Of the row about all samples: found no room in the probe, or in the agent. [packets] Source: probe transit.
        pub unplaced_packets: Vec<u64>,
    }

    /// The Arrow schema of a batch.
    pub fn schema() -> SchemaRef {
        Arc::new(Schema::new(vec![
            Field::new(
                "time",
                DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
                false,
            ),
            Field::new("duration_ns", DataType::UInt64, false),
            Field::new("vif_id", DataType::UInt64, false),
            Field::new("out_vif_id", DataType::UInt64, false),
            Field::new("in_if_index", DataType::UInt32, false),
            Field::new("out_if_index", DataType::UInt32, false),
            Field::new("bucket_from_ns", DataType::UInt64, false),
            Field::new("bucket_to_ns", DataType::UInt64, false),
            Field::new("sampled_packets", DataType::UInt64, false),
            Field::new("sampling_rate", DataType::Float64, false),
            Field::new("expired_packets", DataType::UInt64, false),
            Field::new("changed_packets", DataType::UInt64, false),
            Field::new("unplaced_packets", DataType::UInt64, false),
        ]))
    }

    impl Rows {
        /// How many rows there are.
        pub fn len(&self) -> usize {
            self.time.len()
        }

        /// Whether there is no row.
        pub fn is_empty(&self) -> bool {
            self.len() == 0
        }

        /// Bring every column to the length of `time`, with null, 0 or nothing where it had no value.
        pub fn fill(&mut self) {
            let rows = self.len();
            self.duration_ns.resize(rows, Default::default());
            self.vif_id.resize(rows, Default::default());
            self.out_vif_id.resize(rows, Default::default());
            self.in_if_index.resize(rows, Default::default());
            self.out_if_index.resize(rows, Default::default());
            self.bucket_from_ns.resize(rows, Default::default());
            self.bucket_to_ns.resize(rows, Default::default());
            self.sampled_packets.resize(rows, Default::default());
            self.sampling_rate.resize(rows, Default::default());
            self.expired_packets.resize(rows, Default::default());
            self.changed_packets.resize(rows, Default::default());
            self.unplaced_packets.resize(rows, Default::default());
        }

        /// Turn the rows into a record batch; an error means that the vectors differ in length.
        pub fn into_batch(self) -> Result<RecordBatch, ArrowError> {
            RecordBatch::try_new(
                schema(),
                vec![
                    arrays::times(self.time),
                    arrays::uint64s(self.duration_ns),
                    arrays::uint64s(self.vif_id),
                    arrays::uint64s(self.out_vif_id),
                    arrays::uint32s(self.in_if_index),
                    arrays::uint32s(self.out_if_index),
                    arrays::uint64s(self.bucket_from_ns),
                    arrays::uint64s(self.bucket_to_ns),
                    arrays::uint64s(self.sampled_packets),
                    arrays::float64s(self.sampling_rate),
                    arrays::uint64s(self.expired_packets),
                    arrays::uint64s(self.changed_packets),
                    arrays::uint64s(self.unplaced_packets),
                ],
            )
        }
    }
}

/// One host over one interval, as its exporter told it; or one part of Viflux on it, with what that costs; or one network namespace of it, with its connection tracking.
pub mod hosts {
    #[allow(unused_imports)]
    use super::*;

    /// The record kind's name, which is its table's name too.
    pub const NAME: &str = "hosts";
    /// Version of this schema.
    pub const VERSION: u16 = 1;

    /// Rows in columns; all vectors have the same length.
    #[derive(Debug, Default, Clone)]
    pub struct Rows {
        /// Start of the interval, or the instant; for flows the end of the interval. [ns] Source: agent.
        pub time: Vec<i64>,
        /// Length of the interval. [ns] Source: agent.
        pub duration_ns: Vec<u64>,
        /// What told it. Source: listener.
        pub source_kind: Vec<Cow<'static, str>>,
        /// The exporter: sFlow's agent address, else the sender's. Source: listener.
        pub exporter_address: Vec<[u8; 16]>,
        /// The exporter's part that saw it; sFlow's sub-agent id, NetFlow v9's source id, v5's engine type and id. Source: RFC 7011 3.1, IPFIX 149.
        pub observation_domain_id: Vec<u32>,
        /// Name that the host gives itself. Source: host_descr (0:2000), sFlow host structures, sflow_host.txt.
        pub host_name: Vec<Cow<'static, str>>,
        /// Operating system and its release. Source: host_descr (0:2000), sFlow host structures, sflow_host.txt.
        pub operating_system: Vec<Cow<'static, str>>,
        /// Processors; 0 for not told. [CPUs] Source: host_cpu (0:2003), sFlow host structures, sflow_host.txt.
        pub cpu_count: Vec<u32>,
        /// Share of all processors' time that was not idle in the interval; null for the first reading. [ratio] Source: host_cpu (0:2003), sFlow host structures, sflow_host.txt.
        pub cpu_busy_ratio: Vec<Option<f64>>,
        /// Load average of one minute. [processes] Source: host_cpu (0:2003), sFlow host structures, sflow_host.txt.
        pub load_1m: Vec<Option<f64>>,
        /// Load average of five minutes. [processes] Source: host_cpu (0:2003), sFlow host structures, sflow_host.txt.
        pub load_5m: Vec<Option<f64>>,
        /// Load average of fifteen minutes. [processes] Source: host_cpu (0:2003), sFlow host structures, sflow_host.txt.
        pub load_15m: Vec<Option<f64>>,
        /// Main memory; 0 for not told. [bytes] Source: host_memory (0:2004), sFlow host structures, sflow_host.txt.
        pub memory_total_bytes: Vec<u64>,
        /// Free main memory; 0 for not told. [bytes] Source: host_memory (0:2004), sFlow host structures, sflow_host.txt.
        pub memory_free_bytes: Vec<u64>,
        /// Main memory in buffers; 0 for not told. [bytes] Source: host_memory (0:2004), sFlow host structures, sflow_host.txt.
        pub memory_buffers_bytes: Vec<u64>,
        /// Main memory in the page cache; 0 for not told. [bytes] Source: host_memory (0:2004), sFlow host structures, sflow_host.txt.
        pub memory_cached_bytes: Vec<u64>,
        /// Swap space; 0 for not told. [bytes] Source: host_memory (0:2004), sFlow host structures, sflow_host.txt.
        pub swap_total_bytes: Vec<u64>,
        /// Free swap space; 0 for not told. [bytes] Source: host_memory (0:2004), sFlow host structures, sflow_host.txt.
        pub swap_free_bytes: Vec<u64>,
        /// Time since the host started. [s] Source: host_cpu (0:2003), sFlow host structures, sflow_host.txt.
        pub uptime_seconds: Vec<Option<u32>>,
        /// What of Viflux the row is about: `agent` the process and the whole, `flow`, `drop` or `transit` a probe's programs and maps; empty where it is about the host. Source: agent.
        pub component: Vec<Cow<'static, str>>,
        /// Processor time of the agent's process, user and system, or of a probe's programs in the kernel; null where it is not known, and `cost_reason` says why. [ns] Source: CLOCK_PROCESS_CPUTIME_ID, /proc/self/statm; run_time_ns and run_cnt of struct bpf_prog_info, linux/bpf.h, while BPF_ENABLE_STATS holds.
        pub cpu_ns: Vec<Option<u64>>,
        /// Why `cpu_ns` or `cost_cores` is null; empty where they are known. Source: agent.
        pub cost_reason: Vec<Cow<'static, str>>,
        /// How often the probe's programs ran, as its maps say; null of the agent, and where it is not known. [runs] Source: the probe's maps.
        pub runs_count: Vec<Option<u64>>,
        /// Time of one run in the part of the interval in which the kernel took it; `cpu_ns` is this times `runs_count`. [ns] Source: run_time_ns and run_cnt of struct bpf_prog_info, linux/bpf.h, while BPF_ENABLE_STATS holds.
        pub run_ns: Vec<Option<f64>>,
        /// Resident memory of the agent's process; 0 of a probe. [bytes] Source: CLOCK_PROCESS_CPUTIME_ID, /proc/self/statm.
        pub resident_bytes: Vec<u64>,
        /// Of it what is no file's: the part that no other process can share. [bytes] Source: CLOCK_PROCESS_CPUTIME_ID, /proc/self/statm.
        pub resident_private_bytes: Vec<u64>,
        /// Memory of the kernel that a probe's maps hold; of the agent that of all probes. [bytes] Source: memlock in /proc/self/fdinfo.
        pub map_memory_bytes: Vec<u64>,
        /// Most entries that were taken at once out of one of the maps that count, of the fullest one. [entries] Source: the probe's maps.
        pub map_entries_count: Vec<u64>,
        /// How many that map holds; 0 of the agent. [entries] Source: the probe's maps.
        pub map_capacity_count: Vec<u64>,
        /// Packets for which the maps had no room, and that came through the ring. [packets] Source: the probe's maps.
        pub overflowed_packets: Vec<u64>,
        /// Packets that are in no row, for neither map nor ring had room. [packets] Source: the probe's maps.
        pub uncounted_packets: Vec<u64>,
        /// How much of the interval the probe counted; none of one in which it was taken out of the kernel or put in again. 0 of the agent. [ns] Source: agent.
        pub counted_ns: Vec<u64>,
        /// Setting agent.budget; 0 of a probe. [cores] Source: agent.budget.
        pub budget_cores: Vec<f64>,
        /// Of the agent: processor time of its process and of all probes, by the time that passed; of a probe its own. [cores] Source: agent.
        pub cost_cores: Vec<Option<f64>>,
        /// What is left out to stay in the budget, at the end of the interval: `none`, `drop_samples`, `transit_share` (the time in which packets are looked at), `other_flows` (packets of VIFs that are not critical) or `all_flows`; each with what comes before it. Source: agent.
        pub shed: Vec<Cow<'static, str>>,
        /// How many steps that took: 0 for none; each halves what is counted. Source: agent.
        pub shed_level: Vec<u8>,
        /// One of so many packets of VIFs that are not critical is counted by flow; 0 where no flows are counted. Source: agent.
        pub flow_sampling_rate: Vec<u32>,
        /// The same of VIFs with the label criticality=critical. Source: agent.
        pub critical_flow_sampling_rate: Vec<u32>,
        /// Empty for the host's own, else its name, else `net:[inode]`. Source: /run/netns.
        pub namespace: Vec<Cow<'static, str>>,
        /// Connections that the namespace's table held at the last reading. [entries] Source: CTA_STATS_GLOBAL_ENTRIES, IPCTNL_MSG_CT_GET_STATS.
        pub conntrack_entries_count: Vec<Option<u64>>,
        /// Most of them at a reading of the interval; `conntrack_readings_count` says how many readings there were. [entries] Source: CTA_STATS_GLOBAL_ENTRIES, IPCTNL_MSG_CT_GET_STATS.
        pub conntrack_peak_count: Vec<Option<u64>>,
        /// How many it may hold, 0 for no limit; null where the kernel does not tell. It is the host's setting `net.netfilter.nf_conntrack_max`, which the kernel holds against each namespace's own number. [entries] Source: CTA_STATS_GLOBAL_MAX_ENTRIES, IPCTNL_MSG_CT_GET_STATS.
        pub conntrack_max_count: Vec<Option<u64>>,
        /// How often the number of entries was read in the interval, about once a second; less on a host with more namespaces than can be asked in 2 ms. [readings] Source: agent.
        pub conntrack_readings_count: Vec<Option<u64>>,
        /// How fast the number of entries grew, by a straight line through the readings; null with less than three. [entries/s] Source: agent.
        pub conntrack_growth_per_second: Vec<Option<f64>>,
        /// How long until the table is full, at that growth; 0 for full, null where it does not grow or has no limit. [s] Source: agent.
        pub conntrack_full_seconds: Vec<Option<f64>>,
        /// Packets dropped, for the table was full and nothing could be thrown out of it; null of the first interval. [packets] Source: CTA_STATS_DROP, IPCTNL_MSG_CT_GET_STATS_CPU, linux/netfilter/nfnetlink_conntrack.h.
        pub conntrack_dropped_packets: Vec<Option<u64>>,
        /// Entries thrown out of the full table to make room for others; null of the first interval. [entries] Source: CTA_STATS_EARLY_DROP, IPCTNL_MSG_CT_GET_STATS_CPU, linux/netfilter/nfnetlink_conntrack.h.
        pub conntrack_early_dropped_count: Vec<Option<u64>>,
        /// Packets dropped, for an entry with the same addresses came into the table just before; null of the first interval. It happens to two packets of one connection at once and is no sign of a full table. [packets] Source: CTA_STATS_INSERT_FAILED, IPCTNL_MSG_CT_GET_STATS_CPU, linux/netfilter/nfnetlink_conntrack.h.
        pub conntrack_insert_failed_packets: Vec<Option<u64>>,
        /// Packets that belong to no connection that could be; null of the first interval. [packets] Source: CTA_STATS_INVALID, IPCTNL_MSG_CT_GET_STATS_CPU, linux/netfilter/nfnetlink_conntrack.h.
        pub conntrack_invalid_packets: Vec<Option<u64>>,
    }

    /// The Arrow schema of a batch.
    pub fn schema() -> SchemaRef {
        Arc::new(Schema::new(vec![
            Field::new(
                "time",
                DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
                false,
            ),
            Field::new("duration_ns", DataType::UInt64, false),
            Field::new("source_kind", DataType::Utf8, false),
            Field::new("exporter_address", DataType::FixedSizeBinary(16), false),
            Field::new("observation_domain_id", DataType::UInt32, false),
            Field::new("host_name", DataType::Utf8, false),
            Field::new("operating_system", DataType::Utf8, false),
            Field::new("cpu_count", DataType::UInt32, false),
            Field::new("cpu_busy_ratio", DataType::Float64, true),
            Field::new("load_1m", DataType::Float64, true),
            Field::new("load_5m", DataType::Float64, true),
            Field::new("load_15m", DataType::Float64, true),
            Field::new("memory_total_bytes", DataType::UInt64, false),
            Field::new("memory_free_bytes", DataType::UInt64, false),
            Field::new("memory_buffers_bytes", DataType::UInt64, false),
            Field::new("memory_cached_bytes", DataType::UInt64, false),
            Field::new("swap_total_bytes", DataType::UInt64, false),
            Field::new("swap_free_bytes", DataType::UInt64, false),
            Field::new("uptime_seconds", DataType::UInt32, true),
            Field::new("component", DataType::Utf8, false),
            Field::new("cpu_ns", DataType::UInt64, true),
            Field::new("cost_reason", DataType::Utf8, false),
            Field::new("runs_count", DataType::UInt64, true),
            Field::new("run_ns", DataType::Float64, true),
            Field::new("resident_bytes", DataType::UInt64, false),
            Field::new("resident_private_bytes", DataType::UInt64, false),
            Field::new("map_memory_bytes", DataType::UInt64, false),
            Field::new("map_entries_count", DataType::UInt64, false),
            Field::new("map_capacity_count", DataType::UInt64, false),
            Field::new("overflowed_packets", DataType::UInt64, false),
            Field::new("uncounted_packets", DataType::UInt64, false),
            Field::new("counted_ns", DataType::UInt64, false),
            Field::new("budget_cores", DataType::Float64, false),
            Field::new("cost_cores", DataType::Float64, true),
            Field::new("shed", DataType::Utf8, false),
            Field::new("shed_level", DataType::UInt8, false),
            Field::new("flow_sampling_rate", DataType::UInt32, false),
            Field::new("critical_flow_sampling_rate", DataType::UInt32, false),
            Field::new("namespace", DataType::Utf8, false),
            Field::new("conntrack_entries_count", DataType::UInt64, true),
            Field::new("conntrack_peak_count", DataType::UInt64, true),
            Field::new("conntrack_max_count", DataType::UInt64, true),
            Field::new("conntrack_readings_count", DataType::UInt64, true),
            Field::new("conntrack_growth_per_second", DataType::Float64, true),
            Field::new("conntrack_full_seconds", DataType::Float64, true),
            Field::new("conntrack_dropped_packets", DataType::UInt64, true),
            Field::new("conntrack_early_dropped_count", DataType::UInt64, true),
            Field::new("conntrack_insert_failed_packets", DataType::UInt64, true),
            Field::new("conntrack_invalid_packets", DataType::UInt64, true),
        ]))
    }

    impl Rows {
        /// How many rows there are.
        pub fn len(&self) -> usize {
            self.time.len()
        }

        /// Whether there is no row.
        pub fn is_empty(&self) -> bool {
            self.len() == 0
        }

        /// Bring every column to the length of `time`, with null, 0 or nothing where it had no value.
        pub fn fill(&mut self) {
            let rows = self.len();
            self.duration_ns.resize(rows, Default::default());
            self.source_kind.resize(rows, Default::default());
            self.exporter_address.resize(rows, Default::default());
            self.observation_domain_id.resize(rows, Default::default());
            self.host_name.resize(rows, Default::default());
            self.operating_system.resize(rows, Default::default());
            self.cpu_count.resize(rows, Default::default());
            self.cpu_busy_ratio.resize(rows, Default::default());
            self.load_1m.resize(rows, Default::default());
            self.load_5m.resize(rows, Default::default());
            self.load_15m.resize(rows, Default::default());
            self.memory_total_bytes.resize(rows, Default::default());
            self.memory_free_bytes.resize(rows, Default::default());
            self.memory_buffers_bytes.resize(rows, Default::default());
            self.memory_cached_bytes.resize(rows, Default::default());
            self.swap_total_bytes.resize(rows, Default::default());
            self.swap_free_bytes.resize(rows, Default::default());
            self.uptime_seconds.resize(rows, Default::default());
            self.component.resize(rows, Default::default());
            self.cpu_ns.resize(rows, Default::default());
            self.cost_reason.resize(rows, Default::default());
            self.runs_count.resize(rows, Default::default());
            self.run_ns.resize(rows, Default::default());
            self.resident_bytes.resize(rows, Default::default());
            self.resident_private_bytes.resize(rows, Default::default());
            self.map_memory_bytes.resize(rows, Default::default());
            self.map_entries_count.resize(rows, Default::default());
            self.map_capacity_count.resize(rows, Default::default());
            self.overflowed_packets.resize(rows, Default::default());
            self.uncounted_packets.resize(rows, Default::default());
            self.counted_ns.resize(rows, Default::default());
            self.budget_cores.resize(rows, Default::default());
            self.cost_cores.resize(rows, Default::default());
            self.shed.resize(rows, Default::default());
            self.shed_level.resize(rows, Default::default());
            self.flow_sampling_rate.resize(rows, Default::default());
            self.critical_flow_sampling_rate
                .resize(rows, Default::default());
            self.namespace.resize(rows, Default::default());
            self.conntrack_entries_count
                .resize(rows, Default::default());
            self.conntrack_peak_count.resize(rows, Default::default());
            self.conntrack_max_count.resize(rows, Default::default());
            self.conntrack_readings_count
                .resize(rows, Default::default());
            self.conntrack_growth_per_second
                .resize(rows, Default::default());
            self.conntrack_full_seconds.resize(rows, Default::default());
            self.conntrack_dropped_packets
                .resize(rows, Default::default());
            self.conntrack_early_dropped_count
                .resize(rows, Default::default());
            self.conntrack_insert_failed_packets
                .resize(rows, Default::default());
            self.conntrack_invalid_packets
                .resize(rows, Default::default());
        }

        /// Turn the rows into a record batch; an error means that the vectors differ in length.
        pub fn into_batch(self) -> Result<RecordBatch, ArrowError> {
            RecordBatch::try_new(
                schema(),
                vec![
                    arrays::times(self.time),
                    arrays::uint64s(self.duration_ns),
                    arrays::texts(self.source_kind),
                    arrays::addresses(self.exporter_address),
                    arrays::uint32s(self.observation_domain_id),
                    arrays::texts(self.host_name),
                    arrays::texts(self.operating_system),
                    arrays::uint32s(self.cpu_count),
                    arrays::float64s_or_null(self.cpu_busy_ratio),
                    arrays::float64s_or_null(self.load_1m),
                    arrays::float64s_or_null(self.load_5m),
                    arrays::float64s_or_null(self.load_15m),
                    arrays::uint64s(self.memory_total_bytes),
                    arrays::uint64s(self.memory_free_bytes),
                    arrays::uint64s(self.memory_buffers_bytes),
                    arrays::uint64s(self.memory_cached_bytes),
                    arrays::uint64s(self.swap_total_bytes),
                    arrays::uint64s(self.swap_free_bytes),
                    arrays::uint32s_or_null(self.uptime_seconds),
                    arrays::texts(self.component),
                    arrays::uint64s_or_null(self.cpu_ns),
                    arrays::texts(self.cost_reason),
                    arrays::uint64s_or_null(self.runs_count),
                    arrays::float64s_or_null(self.run_ns),
                    arrays::uint64s(self.resident_bytes),
                    arrays::uint64s(self.resident_private_bytes),
                    arrays::uint64s(self.map_memory_bytes),
                    arrays::uint64s(self.map_entries_count),
                    arrays::uint64s(self.map_capacity_count),
                    arrays::uint64s(self.overflowed_packets),
                    arrays::uint64s(self.uncounted_packets),
                    arrays::uint64s(self.counted_ns),
                    arrays::float64s(self.budget_cores),
                    arrays::float64s_or_null(self.cost_cores),
                    arrays::texts(self.shed),
                    arrays::uint8s(self.shed_level),
                    arrays::uint32s(self.flow_sampling_rate),
                    arrays::uint32s(self.critical_flow_sampling_rate),
                    arrays::texts(self.namespace),
                    arrays::uint64s_or_null(self.conntrack_entries_count),
                    arrays::uint64s_or_null(self.conntrack_peak_count),
                    arrays::uint64s_or_null(self.conntrack_max_count),
                    arrays::uint64s_or_null(self.conntrack_readings_count),
                    arrays::float64s_or_null(self.conntrack_growth_per_second),
                    arrays::float64s_or_null(self.conntrack_full_seconds),
                    arrays::uint64s_or_null(self.conntrack_dropped_packets),
                    arrays::uint64s_or_null(self.conntrack_early_dropped_count),
                    arrays::uint64s_or_null(self.conntrack_insert_failed_packets),
                    arrays::uint64s_or_null(self.conntrack_invalid_packets),
                ],
            )
        }
    }
}

/// One of those with the most connections in a network namespace's table, at one instant.
pub mod holders {
    #[allow(unused_imports)]
    use super::*;

    /// The record kind's name, which is its table's name too.
    pub const NAME: &str = "holders";
    /// Version of this schema.
    pub const VERSION: u16 = 1;

    /// Rows in columns; all vectors have the same length.
    #[derive(Debug, Default, Clone)]
    pub struct Rows {
        /// Start of the interval, or the instant; for flows the end of the interval. [ns] Source: agent.
        pub time: Vec<i64>,
        /// The VIF, for the life of its kernel device; 0 where a row is about none. Source: agent.
        pub vif_id: Vec<u64>,
        /// Empty for the host's own, else its name, else `net:[inode]`. Source: /run/netns.
        pub namespace: Vec<Cow<'static, str>>,
        /// What the row is about: `vif` or `address`. Source: agent.
        pub holder: Vec<Cow<'static, str>>,
        /// Source of the connections' first packets, before any translation; `::` of a row about a VIF. Source: CTA_TUPLE_ORIG, IPCTNL_MSG_CT_GET, linux/netfilter/nfnetlink_conntrack.h.
        pub holder_address: Vec<[u8; 16]>,
        /// How the VIF was found: the address is of one of the namespace's `own` interfaces, or of one whose `link` ends in it, or of the `only` one of the host that has it. `ambiguous` where several have it and `unknown` where none has: there `vif_id` is 0. Source: agent.
        pub holder_reach: Vec<Cow<'static, str>>,
        /// Zone of the connections; 0 where there are none. Source: CTA_ZONE, IPCTNL_MSG_CT_GET, linux/netfilter/nfnetlink_conntrack.h.
        pub conntrack_zone: Vec<u16>,
        /// Connections of this holder among those that were seen. [entries] Source: IPCTNL_MSG_CT_GET, linux/netfilter/nfnetlink_conntrack.h.
        pub held_count: Vec<u64>,
        /// Connections that were seen: all of the namespace's, or as many as the time sufficed for. They come in the order of a hash with a secret key, so that shares of a part are near those of the whole. [entries] Source: IPCTNL_MSG_CT_GET, linux/netfilter/nfnetlink_conntrack.h.
        pub seen_count: Vec<u64>,
        /// Connections that the namespace's table held at the last reading. [entries] Source: CTA_STATS_GLOBAL_ENTRIES, IPCTNL_MSG_CT_GET_STATS.
        pub conntrack_entries_count: Vec<Option<u64>>,
    }

    /// The Arrow schema of a batch.
    pub fn schema() -> SchemaRef {
        Arc::new(Schema::new(vec![
            Field::new(
                "time",
                DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
                false,
            ),
            Field::new("vif_id", DataType::UInt64, false),
            Field::new("namespace", DataType::Utf8, false),
            Field::new("holder", DataType::Utf8, false),
            Field::new("holder_address", DataType::FixedSizeBinary(16), false),
            Field::new("holder_reach", DataType::Utf8, false),
            Field::new("conntrack_zone", DataType::UInt16, false),
            Field::new("held_count", DataType::UInt64, false),
            Field::new("seen_count", DataType::UInt64, false),
            Field::new("conntrack_entries_count", DataType::UInt64, true),
        ]))
    }

    impl Rows {
        /// How many rows there are.
        pub fn len(&self) -> usize {
            self.time.len()
        }

        /// Whether there is no row.
        pub fn is_empty(&self) -> bool {
            self.len() == 0
        }

        /// Bring every column to the length of `time`, with null, 0 or nothing where it had no value.
        pub fn fill(&mut self) {
            let rows = self.len();
            self.vif_id.resize(rows, Default::default());
            self.namespace.resize(rows, Default::default());
            self.holder.resize(rows, Default::default());
            self.holder_address.resize(rows, Default::default());
            self.holder_reach.resize(rows, Default::default());
            self.conntrack_zone.resize(rows, Default::default());
            self.held_count.resize(rows, Default::default());
            self.seen_count.resize(rows, Default::default());
            self.conntrack_entries_count
                .resize(rows, Default::default());
        }

        /// Turn the rows into a record batch; an error means that the vectors differ in length.
        pub fn into_batch(self) -> Result<RecordBatch, ArrowError> {
            RecordBatch::try_new(
                schema(),
                vec![
                    arrays::times(self.time),
                    arrays::uint64s(self.vif_id),
                    arrays::texts(self.namespace),
                    arrays::texts(self.holder),
                    arrays::addresses(self.holder_address),
                    arrays::texts(self.holder_reach),
                    arrays::uint16s(self.conntrack_zone),
                    arrays::uint64s(self.held_count),
                    arrays::uint64s(self.seen_count),
                    arrays::uint64s_or_null(self.conntrack_entries_count),
                ],
            )
        }
    }
}

/// One exporter over one interval: what came, what became of it, and how it samples.
pub mod exporters {
    #[allow(unused_imports)]
    use super::*;

    /// The record kind's name, which is its table's name too.
    pub const NAME: &str = "exporters";
    /// Version of this schema.
    pub const VERSION: u16 = 1;

    /// Rows in columns; all vectors have the same length.
    #[derive(Debug, Default, Clone)]
    pub struct Rows {
        /// Start of the interval, or the instant; for flows the end of the interval. [ns] Source: agent.
        pub time: Vec<i64>,
        /// Length of the interval. [ns] Source: agent.
        pub duration_ns: Vec<u64>,
        /// What told it. Source: listener.
        pub source_kind: Vec<Cow<'static, str>>,
        /// The exporter: sFlow's agent address, else the sender's. Source: listener.
        pub exporter_address: Vec<[u8; 16]>,
        /// The exporter's part that saw it; sFlow's sub-agent id, NetFlow v9's source id, v5's engine type and id. Source: RFC 7011 3.1, IPFIX 149.
        pub observation_domain_id: Vec<u32>,
        /// Address and port that the datagrams came in at. Source: listener.
        pub listener: Vec<Cow<'static, str>>,
        /// Port that the datagrams came from; 0 where it may vary. Source: listener.
        pub exporter_port: Vec<u16>,
        /// What the settings call it; empty for nothing. Source: exporters.known.
        pub exporter_name: Vec<Cow<'static, str>>,
        /// Datagrams received, decoded or not. [datagrams] Source: listener.
        pub received_datagrams_count: Vec<u64>,
        /// Bytes of these datagrams, without UDP and IP headers. [bytes] Source: listener.
        pub received_bytes: Vec<u64>,
        /// Datagrams decoded whole. [datagrams] Source: decoder of exports.
        pub decoded_datagrams_count: Vec<u64>,
        /// Datagrams of exporters that `exporters.allow` does not name. [datagrams] Source: listener.
        pub refused_datagrams_count: Vec<u64>,
        /// Datagrams that are no export, or cut. [datagrams] Source: decoder of exports.
        pub undecodable_datagrams_count: Vec<u64>,
        /// Datagrams that wait for a template or a sampling rate, at the end of the interval. [datagrams] Source: decoder of exports.
        pub parked_datagrams_count: Vec<u64>,
        /// Datagrams that waited in vain, or for which there was no room to wait. [datagrams] Source: decoder of exports.
        pub parked_dropped_datagrams_count: Vec<u64>,
        /// Datagrams shed so that others are not delayed. [packets] Source: listener.
        pub shed_packets: Vec<u64>,
        /// Flow rows made. [flows] Source: decoder of exports.
        pub flows_count: Vec<u64>,
        /// Flow rows of an unknown sampling rate. [flows] Source: decoder of exports.
        pub unknown_rate_flows_count: Vec<u64>,
        /// Counter samples read. [samples] Source: decoder of exports.
        pub counter_samples_count: Vec<u64>,
        /// What the sequence numbers skipped, in `missed_unit`. Source: decoder of exports.
        pub missed_count: Vec<u64>,
        /// `flows`, `datagrams` or `samples`: what the exporter numbers. Source: decoder of exports.
        pub missed_unit: Vec<Cow<'static, str>>,
        /// Datagrams that came behind a later one. [datagrams] Source: decoder of exports.
        pub reordered_count: Vec<u64>,
        /// Times that the exporter began anew. [events] Source: decoder of exports.
        pub restarts_count: Vec<u64>,
        /// Datagrams that the kernel dropped at the full socket; told by the listener's own row, exporter `::`. [datagrams] Source: SO_RXQ_OVFL, SO_MEMINFO.
        pub socket_dropped_count: Vec<u64>,
        /// Templates known at the end of the interval. [templates] Source: decoder of exports.
        pub templates_count: Vec<u64>,
        /// Samples that the exporter says it lost itself. [packets] Source: drops of sFlow v5 flow_sample.
        pub exporter_dropped_packets: Vec<u64>,
        /// The exporter's clock minus ours, by its export times; null where it told none. [ns] Source: decoder of exports.
        pub clock_skew_ns: Vec<Option<i64>>,
        /// When its newest datagram came. [ns] Source: listener.
        pub last_received_time: Vec<i64>,
        /// Each exported packet stands for so many; 0 for unknown. [packets] Source: IPFIX 34, 50, 305, 306, 309, 310, 311; sampling_rate of flow_sample; NetFlow v5 header.
        pub sampling_rate: Vec<f64>,
        /// Where the rate came from; rows of `unknown` are left out of volumes. Source: listener.
        pub sampling_origin: Vec<Cow<'static, str>>,
    }

    /// The Arrow schema of a batch.
    pub fn schema() -> SchemaRef {
        Arc::new(Schema::new(vec![
            Field::new(
                "time",
                DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
                false,
            ),
            Field::new("duration_ns", DataType::UInt64, false),
            Field::new("source_kind", DataType::Utf8, false),
            Field::new("exporter_address", DataType::FixedSizeBinary(16), false),
            Field::new("observation_domain_id", DataType::UInt32, false),
            Field::new("listener", DataType::Utf8, false),
            Field::new("exporter_port", DataType::UInt16, false),
            Field::new("exporter_name", DataType::Utf8, false),
            Field::new("received_datagrams_count", DataType::UInt64, false),
            Field::new("received_bytes", DataType::UInt64, false),
            Field::new("decoded_datagrams_count", DataType::UInt64, false),
            Field::new("refused_datagrams_count", DataType::UInt64, false),
            Field::new("undecodable_datagrams_count", DataType::UInt64, false),
            Field::new("parked_datagrams_count", DataType::UInt64, false),
            Field::new("parked_dropped_datagrams_count", DataType::UInt64, false),
            Field::new("shed_packets", DataType::UInt64, false),
            Field::new("flows_count", DataType::UInt64, false),
            Field::new("unknown_rate_flows_count", DataType::UInt64, false),
            Field::new("counter_samples_count", DataType::UInt64, false),
            Field::new("missed_count", DataType::UInt64, false),
            Field::new("missed_unit", DataType::Utf8, false),
            Field::new("reordered_count", DataType::UInt64, false),
            Field::new("restarts_count", DataType::UInt64, false),
            Field::new("socket_dropped_count", DataType::UInt64, false),
            Field::new("templates_count", DataType::UInt64, false),
            Field::new("exporter_dropped_packets", DataType::UInt64, false),
            Field::new("clock_skew_ns", DataType::Int64, true),
            Field::new(
                "last_received_time",
                DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
                false,
            ),
            Field::new("sampling_rate", DataType::Float64, false),
            Field::new("sampling_origin", DataType::Utf8, false),
        ]))
    }

    impl Rows {
        /// How many rows there are.
        pub fn len(&self) -> usize {
            self.time.len()
        }

        /// Whether there is no row.
        pub fn is_empty(&self) -> bool {
            self.len() == 0
        }

        /// Bring every column to the length of `time`, with null, 0 or nothing where it had no value.
        pub fn fill(&mut self) {
            let rows = self.len();
            self.duration_ns.resize(rows, Default::default());
            self.source_kind.resize(rows, Default::default());
            self.exporter_address.resize(rows, Default::default());
            self.observation_domain_id.resize(rows, Default::default());
            self.listener.resize(rows, Default::default());
            self.exporter_port.resize(rows, Default::default());
            self.exporter_name.resize(rows, Default::default());
            self.received_datagrams_count
                .resize(rows, Default::default());
            self.received_bytes.resize(rows, Default::default());
            self.decoded_datagrams_count
                .resize(rows, Default::default());
            self.refused_datagrams_count
                .resize(rows, Default::default());
            self.undecodable_datagrams_count
                .resize(rows, Default::default());
            self.parked_datagrams_count.resize(rows, Default::default());
            self.parked_dropped_datagrams_count
                .resize(rows, Default::default());
            self.shed_packets.resize(rows, Default::default());
            self.flows_count.resize(rows, Default::default());
            self.unknown_rate_flows_count
                .resize(rows, Default::default());
            self.counter_samples_count.resize(rows, Default::default());
            self.missed_count.resize(rows, Default::default());
            self.missed_unit.resize(rows, Default::default());
            self.reordered_count.resize(rows, Default::default());
            self.restarts_count.resize(rows, Default::default());
            self.socket_dropped_count.resize(rows, Default::default());
            self.templates_count.resize(rows, Default::default());
            self.exporter_dropped_packets
                .resize(rows, Default::default());
            self.clock_skew_ns.resize(rows, Default::default());
            self.last_received_time.resize(rows, Default::default());
            self.sampling_rate.resize(rows, Default::default());
            self.sampling_origin.resize(rows, Default::default());
        }

        /// Turn the rows into a record batch; an error means that the vectors differ in length.
        pub fn into_batch(self) -> Result<RecordBatch, ArrowError> {
            RecordBatch::try_new(
                schema(),
                vec![
                    arrays::times(self.time),
                    arrays::uint64s(self.duration_ns),
                    arrays::texts(self.source_kind),
                    arrays::addresses(self.exporter_address),
                    arrays::uint32s(self.observation_domain_id),
                    arrays::texts(self.listener),
                    arrays::uint16s(self.exporter_port),
                    arrays::texts(self.exporter_name),
                    arrays::uint64s(self.received_datagrams_count),
                    arrays::uint64s(self.received_bytes),
                    arrays::uint64s(self.decoded_datagrams_count),
                    arrays::uint64s(self.refused_datagrams_count),
                    arrays::uint64s(self.undecodable_datagrams_count),
                    arrays::uint64s(self.parked_datagrams_count),
                    arrays::uint64s(self.parked_dropped_datagrams_count),
                    arrays::uint64s(self.shed_packets),
                    arrays::uint64s(self.flows_count),
                    arrays::uint64s(self.unknown_rate_flows_count),
                    arrays::uint64s(self.counter_samples_count),
                    arrays::uint64s(self.missed_count),
                    arrays::texts(self.missed_unit),
                    arrays::uint64s(self.reordered_count),
                    arrays::uint64s(self.restarts_count),
                    arrays::uint64s(self.socket_dropped_count),
                    arrays::uint64s(self.templates_count),
                    arrays::uint64s(self.exporter_dropped_packets),
                    arrays::int64s_or_null(self.clock_skew_ns),
                    arrays::times(self.last_received_time),
                    arrays::float64s(self.sampling_rate),
                    arrays::texts(self.sampling_origin),
                ],
            )
        }
    }
}

/// Something that happened.
pub mod events {
    #[allow(unused_imports)]
    use super::*;

    /// The record kind's name, which is its table's name too.
    pub const NAME: &str = "events";
    /// Version of this schema.
    pub const VERSION: u16 = 1;

    /// Rows in columns; all vectors have the same length.
    #[derive(Debug, Default, Clone)]
    pub struct Rows {
        /// Start of the interval, or the instant; for flows the end of the interval. [ns] Source: agent.
        pub time: Vec<i64>,
        /// The VIF, for the life of its kernel device; 0 where a row is about none. Source: agent.
        pub vif_id: Vec<u64>,
        /// What happened, such as `agent_started` or `resync_corrected`. Source: agent.
        pub event: Vec<Cow<'static, str>>,
        /// What it happened to, in words: a VIF's key, a namespace, a stream. Source: agent.
        pub subject: Vec<String>,
        /// One sentence for a person. Source: agent.
        pub detail: Vec<String>,
        /// How many such things this row stands for. [events] Source: agent.
        pub event_count: Vec<u64>,
    }

    /// The Arrow schema of a batch.
    pub fn schema() -> SchemaRef {
        Arc::new(Schema::new(vec![
            Field::new(
                "time",
                DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
                false,
            ),
            Field::new("vif_id", DataType::UInt64, false),
            Field::new("event", DataType::Utf8, false),
            Field::new("subject", DataType::Utf8, false),
            Field::new("detail", DataType::Utf8, false),
            Field::new("event_count", DataType::UInt64, false),
        ]))
    }

    impl Rows {
        /// How many rows there are.
        pub fn len(&self) -> usize {
            self.time.len()
        }

        /// Whether there is no row.
        pub fn is_empty(&self) -> bool {
            self.len() == 0
        }

        /// Bring every column to the length of `time`, with null, 0 or nothing where it had no value.
        pub fn fill(&mut self) {
            let rows = self.len();
            self.vif_id.resize(rows, Default::default());
            self.event.resize(rows, Default::default());
            self.subject.resize(rows, Default::default());
            self.detail.resize(rows, Default::default());
            self.event_count.resize(rows, Default::default());
        }

        /// Turn the rows into a record batch; an error means that the vectors differ in length.
        pub fn into_batch(self) -> Result<RecordBatch, ArrowError> {
            RecordBatch::try_new(
                schema(),
                vec![
                    arrays::times(self.time),
                    arrays::uint64s(self.vif_id),
                    arrays::texts(self.event),
                    arrays::texts(self.subject),
                    arrays::texts(self.detail),
                    arrays::uint64s(self.event_count),
                ],
            )
        }
    }
}

/// What one stream handed over in an interval, and what it knows it lost.
pub mod ledger {
    #[allow(unused_imports)]
    use super::*;

    /// The record kind's name, which is its table's name too.
    pub const NAME: &str = "ledger";
    /// Version of this schema.
    pub const VERSION: u16 = 1;

    /// Rows in columns; all vectors have the same length.
    #[derive(Debug, Default, Clone)]
    pub struct Rows {
        /// Start of the interval, or the instant; for flows the end of the interval. [ns] Source: agent.
        pub time: Vec<i64>,
        /// Length of the interval. [ns] Source: agent.
        pub duration_ns: Vec<u64>,
        /// Who wrote the row: `agent` or `processor`. Source: agent.
        pub stage: Vec<Cow<'static, str>>,
        /// The stream that the row accounts for. Source: agent.
        pub of_stream: Vec<Cow<'static, str>>,
        /// Rows that came in. [rows] Source: agent.
        pub in_rows_count: Vec<u64>,
        /// Rows that were handed on. [rows] Source: agent.
        pub out_rows_count: Vec<u64>,
        /// Encoded bytes that were handed on. [bytes] Source: agent.
        pub out_bytes: Vec<u64>,
        /// Batches that the row accounts for: those up to `through_sequence`, without a hole. [batches] Source: agent.
        pub batches_count: Vec<u64>,
        /// Newest batch of the stream when the row was made; `watermark_time` holds once it is stored. 0 for unknown. Source: agent.
        pub through_sequence: Vec<u64>,
        /// Spool whose batches the row accounts for; empty where it is the row's own. Source: processor.
        pub of_spool_id: Vec<Cow<'static, str>>,
        /// Rows that are known to be lost; see `lost_rows_origin`. [rows] Source: agent.
        pub lost_rows_count: Vec<u64>,
        /// `counted`; `estimated` from the mean of others; `at_most`; `unknown` where only batches are known. Source: agent.
        pub lost_rows_origin: Vec<Cow<'static, str>>,
        /// Batches that are known to be lost; of flow exports whole datagrams. [batches] Source: agent.
        pub lost_batches_count: Vec<u64>,
        /// Newest of the lost batches, which have no hole; 0 where the loss is not one of batches on their way. Source: agent.
        pub lost_through_sequence: Vec<u64>,
        /// Why they were lost, such as `spool_evicted`; empty where none was. Source: agent.
        pub cause: Vec<Cow<'static, str>>,
        /// All events of the stream before this instant were handed on. [ns] Source: agent.
        pub watermark_time: Vec<i64>,
        /// Earliest event time among the rows; the epoch for none. [ns] Source: agent.
        pub first_event_time: Vec<i64>,
        /// Latest event end among the rows; the epoch for none. [ns] Source: agent.
        pub last_event_time: Vec<i64>,
    }

    /// The Arrow schema of a batch.
    pub fn schema() -> SchemaRef {
        Arc::new(Schema::new(vec![
            Field::new(
                "time",
                DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
                false,
            ),
            Field::new("duration_ns", DataType::UInt64, false),
            Field::new("stage", DataType::Utf8, false),
            Field::new("of_stream", DataType::Utf8, false),
            Field::new("in_rows_count", DataType::UInt64, false),
            Field::new("out_rows_count", DataType::UInt64, false),
            Field::new("out_bytes", DataType::UInt64, false),
            Field::new("batches_count", DataType::UInt64, false),
            Field::new("through_sequence", DataType::UInt64, false),
            Field::new("of_spool_id", DataType::Utf8, false),
            Field::new("lost_rows_count", DataType::UInt64, false),
            Field::new("lost_rows_origin", DataType::Utf8, false),
            Field::new("lost_batches_count", DataType::UInt64, false),
            Field::new("lost_through_sequence", DataType::UInt64, false),
            Field::new("cause", DataType::Utf8, false),
            Field::new(
                "watermark_time",
                DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
                false,
            ),
            Field::new(
                "first_event_time",
                DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
                false,
            ),
            Field::new(
                "last_event_time",
                DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
                false,
            ),
        ]))
    }

    impl Rows {
        /// How many rows there are.
        pub fn len(&self) -> usize {
            self.time.len()
        }

        /// Whether there is no row.
        pub fn is_empty(&self) -> bool {
            self.len() == 0
        }

        /// Bring every column to the length of `time`, with null, 0 or nothing where it had no value.
        pub fn fill(&mut self) {
            let rows = self.len();
            self.duration_ns.resize(rows, Default::default());
            self.stage.resize(rows, Default::default());
            self.of_stream.resize(rows, Default::default());
            self.in_rows_count.resize(rows, Default::default());
            self.out_rows_count.resize(rows, Default::default());
            self.out_bytes.resize(rows, Default::default());
            self.batches_count.resize(rows, Default::default());
            self.through_sequence.resize(rows, Default::default());
            self.of_spool_id.resize(rows, Default::default());
            self.lost_rows_count.resize(rows, Default::default());
            self.lost_rows_origin.resize(rows, Default::default());
            self.lost_batches_count.resize(rows, Default::default());
            self.lost_through_sequence.resize(rows, Default::default());
            self.cause.resize(rows, Default::default());
            self.watermark_time.resize(rows, Default::default());
            self.first_event_time.resize(rows, Default::default());
            self.last_event_time.resize(rows, Default::default());
        }

        /// Turn the rows into a record batch; an error means that the vectors differ in length.
        pub fn into_batch(self) -> Result<RecordBatch, ArrowError> {
            RecordBatch::try_new(
                schema(),
                vec![
                    arrays::times(self.time),
                    arrays::uint64s(self.duration_ns),
                    arrays::texts(self.stage),
                    arrays::texts(self.of_stream),
                    arrays::uint64s(self.in_rows_count),
                    arrays::uint64s(self.out_rows_count),
                    arrays::uint64s(self.out_bytes),
                    arrays::uint64s(self.batches_count),
                    arrays::uint64s(self.through_sequence),
                    arrays::texts(self.of_spool_id),
                    arrays::uint64s(self.lost_rows_count),
                    arrays::texts(self.lost_rows_origin),
                    arrays::uint64s(self.lost_batches_count),
                    arrays::uint64s(self.lost_through_sequence),
                    arrays::texts(self.cause),
                    arrays::times(self.watermark_time),
                    arrays::times(self.first_event_time),
                    arrays::times(self.last_event_time),
                ],
            )
        }
    }
}
