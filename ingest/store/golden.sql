-- A VIF's state from `valid_from_time` on.
-- Sorted by (vif_id, time): labels are looked up by VIF, as of a time.
CREATE TABLE {database}.inventory
(
    `time` DateTime64(9, 'UTC') COMMENT 'Start of the interval, or the instant; for flows the end of the interval.' CODEC(DoubleDelta, ZSTD(1)),
    `vif_id` UInt64 COMMENT 'The VIF, for the life of its kernel device; 0 where a row is about none.' CODEC(ZSTD(1)),
    `valid_from_time` DateTime64(9, 'UTC') COMMENT 'Since when this state of the VIF holds.' CODEC(DoubleDelta, ZSTD(1)),
    `change` LowCardinality(String) COMMENT 'Why the row was written: `baseline`, `born`, `changed`, `renamed`, `moved`, `restated`, `gone`.',
    `identity_origin` LowCardinality(String) COMMENT 'How `vif_id` was made: `sysfs`, `cookie` or `exporter`.',
    `vif_key` String COMMENT 'Lineage that lasts across reboots: host/namespace/ifname, or exported/site/address/domain/index.' CODEC(ZSTD(1)),
    `namespace` LowCardinality(String) COMMENT 'Empty for the host\'s own, else its name, else `net:[inode]`.',
    `nsid` Int32 COMMENT 'Namespace id in the host\'s namespace, -1 where it has none.',
    `ifname` LowCardinality(String) COMMENT 'Interface name.',
    `ifindex` UInt32 COMMENT 'Interface index within its namespace.',
    `kind` LowCardinality(String) COMMENT 'veth, tap, tun, bridge, vxlan, macvlan, vlan, physical, loopback, exported, …',
    `side` LowCardinality(String) COMMENT '`workload`, `host`, `uplink`, `overlay`, `bridge` or `exported`.',
    `counting_point` Bool COMMENT 'Whether wider scopes add this VIF up.',
    `link_id` UInt64 COMMENT 'The same on both ends of a veth; 0 for a VIF without a peer.' CODEC(ZSTD(1)),
    `peer_vif_id` UInt64 COMMENT 'The other end of a veth; 0 for none or unknown.' CODEC(ZSTD(1)),
    `parent_vif_id` UInt64 COMMENT 'The device below (macvlan, vlan, vxlan); 0 for none.' CODEC(ZSTD(1)),
    `bridge_vif_id` UInt64 COMMENT 'The bridge or other master that this VIF is a port of; 0 for none.' CODEC(ZSTD(1)),
    `vni` Nullable(UInt32) COMMENT 'VXLAN network identifier.',
    `vlan_id` Nullable(UInt16) COMMENT 'VLAN identifier.',
    `mac_address` LowCardinality(String) COMMENT 'Hardware address, aa:bb:cc:dd:ee:ff; empty for none.',
    `addresses` Array(IPv6) COMMENT 'Addresses, IPv4 mapped into IPv6.',
    `prefix_lengths` Array(UInt8) COMMENT 'Prefix length of each of `addresses`.',
    `mtu_bytes` UInt32 COMMENT 'Maximum transmission unit.',
    `is_up` Bool COMMENT 'Administratively up.',
    `operstate` LowCardinality(String) COMMENT 'unknown, notpresent, down, lowerlayerdown, testing, dormant or up.',
    `has_carrier` Bool COMMENT 'Carrier is present.',
    `link_speed_bits_per_second` UInt64 COMMENT 'Speed of a physical or exported port; 0 for unknown and for virtual kinds, whose speed is fiction.' CODEC(ZSTD(1)),
    `provisioned_rate_bits_per_second` UInt64 COMMENT 'Rate that the VIF was promised; 0 for unknown.' CODEC(ZSTD(1)),
    `provisioned_rate_origin` LowCardinality(String) COMMENT '`alias`, `tbf`, `htb`, `link_speed`, or empty where the rate is unknown.',
    `qdisc` LowCardinality(String) COMMENT 'Kind of the root queue.',
    `alias` String COMMENT 'Interface alias as set by the operator.' CODEC(ZSTD(1)),
    `driver` LowCardinality(String) COMMENT 'Driver of a physical port.',
    `workload` LowCardinality(String) COMMENT 'Container id, pod uid or VM behind the VIF; empty for unknown.',
    `owner` LowCardinality(String) COMMENT 'Who is told when this VIF hurts.',
    `tenant` LowCardinality(String) COMMENT 'Whose traffic it carries.',
    `service` LowCardinality(String) COMMENT 'The service that it belongs to.',
    `criticality` LowCardinality(String) COMMENT 'How much it matters, such as `critical`.',
    `born_time` Nullable(DateTime64(9, 'UTC')) COMMENT 'When the device was made; null where nobody saw it.',
    `gone_time` Nullable(DateTime64(9, 'UTC')) COMMENT 'When the device ended; null while it lives.',
    `host` LowCardinality(String) COMMENT 'Name of the host that the row is about.',
    `boot_id` LowCardinality(String) COMMENT 'The host\'s boot, /proc/sys/kernel/random/boot_id.',
    `spool_id` LowCardinality(String) COMMENT 'Random 128-bit id of the spool that the row came from, 32 hex digits.',
    `stream` LowCardinality(String) COMMENT 'One record kind from one source, such as `counters.netlink`.',
    `sequence` UInt64 COMMENT 'Number of the row\'s batch in its stream, from 1, without holes.' CODEC(Delta, ZSTD(1)),
    `received_time` DateTime64(9, 'UTC') COMMENT 'When the agent closed the batch; of a flow, when its datagram came.' CODEC(DoubleDelta, ZSTD(1)),
    `time_origin` LowCardinality(String) COMMENT '`event`, or `received` where the event time lay outside [received - 24 h, received + 60 s].',
    `inserted_time` DateTime64(9, 'UTC') DEFAULT now64(9, 'UTC') COMMENT 'When the store took the row.' CODEC(DoubleDelta, ZSTD(1)),
    INDEX by_sequence sequence TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toDate(time)
ORDER BY (vif_id, time)
TTL toDateTime(time) + INTERVAL 400 DAY
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

-- One VIF over one interval: absolute readings and what was added since the last one.
-- Sorted by (toStartOfHour(time), vif_id, time): one VIF's hour lies together, so a page on one VIF reads few granules and deltas compress.
CREATE TABLE {database}.counters
(
    `time` DateTime64(9, 'UTC') COMMENT 'Start of the interval, or the instant; for flows the end of the interval.' CODEC(DoubleDelta, ZSTD(1)),
    `duration_ns` UInt64 COMMENT 'Length of the interval.' CODEC(T64, ZSTD(1)),
    `vif_id` UInt64 COMMENT 'The VIF, for the life of its kernel device; 0 where a row is about none.' CODEC(ZSTD(1)),
    `delta_kind` LowCardinality(String) COMMENT '`clean`, `wrap`, `reset`, `new` or `gap`.',
    `rx_packets` UInt64 COMMENT 'Packets received, as the interface counts them (GSO counts once).' CODEC(T64, ZSTD(1)),
    `rx_packets_total` UInt64 COMMENT 'Absolute reading of `rx_packets` at the end of the interval.' CODEC(Delta, ZSTD(1)),
    `tx_packets` UInt64 COMMENT 'Packets sent, as the interface counts them (GSO counts once).' CODEC(T64, ZSTD(1)),
    `tx_packets_total` UInt64 COMMENT 'Absolute reading of `tx_packets` at the end of the interval.' CODEC(Delta, ZSTD(1)),
    `rx_bytes` UInt64 COMMENT 'Bytes received.' CODEC(T64, ZSTD(1)),
    `rx_bytes_total` UInt64 COMMENT 'Absolute reading of `rx_bytes` at the end of the interval.' CODEC(Delta, ZSTD(1)),
    `tx_bytes` UInt64 COMMENT 'Bytes sent.' CODEC(T64, ZSTD(1)),
    `tx_bytes_total` UInt64 COMMENT 'Absolute reading of `tx_bytes` at the end of the interval.' CODEC(Delta, ZSTD(1)),
    `rx_errors_packets` UInt64 COMMENT 'Receive errors of all kinds.' CODEC(T64, ZSTD(1)),
    `rx_errors_packets_total` UInt64 COMMENT 'Absolute reading of `rx_errors_packets` at the end of the interval.' CODEC(Delta, ZSTD(1)),
    `tx_errors_packets` UInt64 COMMENT 'Send errors of all kinds.' CODEC(T64, ZSTD(1)),
    `tx_errors_packets_total` UInt64 COMMENT 'Absolute reading of `tx_errors_packets` at the end of the interval.' CODEC(Delta, ZSTD(1)),
    `rx_dropped_packets` UInt64 COMMENT 'Received and not handed on; includes frames of unhandled types.' CODEC(T64, ZSTD(1)),
    `rx_dropped_packets_total` UInt64 COMMENT 'Absolute reading of `rx_dropped_packets` at the end of the interval.' CODEC(Delta, ZSTD(1)),
    `tx_dropped_packets` UInt64 COMMENT 'Dropped by the device on the way out.' CODEC(T64, ZSTD(1)),
    `tx_dropped_packets_total` UInt64 COMMENT 'Absolute reading of `tx_dropped_packets` at the end of the interval.' CODEC(Delta, ZSTD(1)),
    `rx_missed_packets` UInt64 COMMENT 'Missed by the device for want of buffers.' CODEC(T64, ZSTD(1)),
    `rx_missed_packets_total` UInt64 COMMENT 'Absolute reading of `rx_missed_packets` at the end of the interval.' CODEC(Delta, ZSTD(1)),
    `rx_nohandler_packets` UInt64 COMMENT 'Dropped for an inactive device.' CODEC(T64, ZSTD(1)),
    `rx_nohandler_packets_total` UInt64 COMMENT 'Absolute reading of `rx_nohandler_packets` at the end of the interval.' CODEC(Delta, ZSTD(1)),
    `multicast_packets` UInt64 COMMENT 'Multicast packets received.' CODEC(T64, ZSTD(1)),
    `multicast_packets_total` UInt64 COMMENT 'Absolute reading of `multicast_packets` at the end of the interval.' CODEC(Delta, ZSTD(1)),
    `qdisc_packets` UInt64 COMMENT 'Packets that left the root queue.' CODEC(T64, ZSTD(1)),
    `qdisc_packets_total` UInt64 COMMENT 'Absolute reading of `qdisc_packets` at the end of the interval.' CODEC(Delta, ZSTD(1)),
    `qdisc_bytes` UInt64 COMMENT 'Bytes that left the root queue.' CODEC(T64, ZSTD(1)),
    `qdisc_bytes_total` UInt64 COMMENT 'Absolute reading of `qdisc_bytes` at the end of the interval.' CODEC(Delta, ZSTD(1)),
    `qdisc_dropped_packets` UInt64 COMMENT 'Packets that the root queue dropped.' CODEC(T64, ZSTD(1)),
    `qdisc_dropped_packets_total` UInt64 COMMENT 'Absolute reading of `qdisc_dropped_packets` at the end of the interval.' CODEC(Delta, ZSTD(1)),
    `qdisc_overlimits_count` UInt64 COMMENT 'Times that the root queue held a packet back.' CODEC(T64, ZSTD(1)),
    `qdisc_overlimits_count_total` UInt64 COMMENT 'Absolute reading of `qdisc_overlimits_count` at the end of the interval.' CODEC(Delta, ZSTD(1)),
    `qdisc_requeues_count` UInt64 COMMENT 'Packets that the device gave back to the root queue.' CODEC(T64, ZSTD(1)),
    `qdisc_requeues_count_total` UInt64 COMMENT 'Absolute reading of `qdisc_requeues_count` at the end of the interval.' CODEC(Delta, ZSTD(1)),
    `qdisc_backlog_bytes` UInt64 COMMENT 'Bytes waiting in the root queue at the end.' CODEC(T64, ZSTD(1)),
    `qdisc_backlog_packets` UInt64 COMMENT 'Packets waiting in the root queue at the end.' CODEC(T64, ZSTD(1)),
    `host` LowCardinality(String) COMMENT 'Name of the host that the row is about.',
    `boot_id` LowCardinality(String) COMMENT 'The host\'s boot, /proc/sys/kernel/random/boot_id.',
    `spool_id` LowCardinality(String) COMMENT 'Random 128-bit id of the spool that the row came from, 32 hex digits.',
    `stream` LowCardinality(String) COMMENT 'One record kind from one source, such as `counters.netlink`.',
    `sequence` UInt64 COMMENT 'Number of the row\'s batch in its stream, from 1, without holes.' CODEC(Delta, ZSTD(1)),
    `received_time` DateTime64(9, 'UTC') COMMENT 'When the agent closed the batch; of a flow, when its datagram came.' CODEC(DoubleDelta, ZSTD(1)),
    `time_origin` LowCardinality(String) COMMENT '`event`, or `received` where the event time lay outside [received - 24 h, received + 60 s].',
    `inserted_time` DateTime64(9, 'UTC') DEFAULT now64(9, 'UTC') COMMENT 'When the store took the row.' CODEC(DoubleDelta, ZSTD(1)),
    INDEX by_sequence sequence TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toDate(time)
ORDER BY (toStartOfHour(time), vif_id, time)
TTL toDateTime(time) + INTERVAL 3 DAY
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

-- One flow seen at one VIF over one interval, as its exporter told it.
-- Sorted by (toStartOfFiveMinutes(time), vif_id, time): five minutes of one VIF lie together, in the order of time.
CREATE TABLE {database}.flows
(
    `time` DateTime64(9, 'UTC') COMMENT 'Start of the interval, or the instant; for flows the end of the interval.' CODEC(GCD, ZSTD(1)),
    `duration_ns` UInt64 COMMENT 'Length of the interval.' CODEC(GCD, ZSTD(1)),
    `vif_id` UInt64 COMMENT 'The VIF, for the life of its kernel device; 0 where a row is about none.' CODEC(ZSTD(1)),
    `received_time` DateTime64(9, 'UTC') COMMENT 'When the agent closed the batch; of a flow, when its datagram came.' CODEC(ZSTD(1)),
    `source_kind` LowCardinality(String) COMMENT 'What told it.',
    `exporter_address` IPv6 COMMENT 'The exporter: sFlow\'s agent address, else the sender\'s.' CODEC(ZSTD(1)),
    `observation_domain_id` UInt32 COMMENT 'The exporter\'s part that saw it; sFlow\'s sub-agent id, NetFlow v9\'s source id, v5\'s engine type and id.',
    `sequence_number` UInt32 COMMENT 'Sequence number of the datagram.' CODEC(ZSTD(1)),
    `flow_start_time` DateTime64(9, 'UTC') COMMENT 'When the flow began, as told.' CODEC(GCD, ZSTD(1)),
    `flow_end_time` DateTime64(9, 'UTC') COMMENT 'When the flow, or this part of it, ended, as told.' CODEC(GCD, ZSTD(1)),
    `ether_type` UInt16 COMMENT 'EtherType of the payload, 0x0800 for IPv4.',
    `src_address` IPv6 COMMENT 'Source address, IPv4 mapped into IPv6.' CODEC(ZSTD(1)),
    `dst_address` IPv6 COMMENT 'Destination address, IPv4 mapped into IPv6.' CODEC(ZSTD(1)),
    `src_port` UInt16 COMMENT 'Source port.',
    `dst_port` UInt16 COMMENT 'Destination port.',
    `protocol` UInt8 COMMENT 'IP protocol number.',
    `tcp_flags` Nullable(UInt16) COMMENT 'TCP flags seen, or-ed.',
    `ip_tos` Nullable(UInt8) COMMENT 'Type of service, or traffic class.',
    `ip_ttl` UInt8 COMMENT 'Time to live, or hop limit.',
    `bytes` UInt64 COMMENT 'Bytes as exported, unscaled; of an sFlow sample the frame length that it reports.' CODEC(T64, ZSTD(1)),
    `packets` UInt64 COMMENT 'Packets as exported, unscaled; 1 for an sFlow sample.' CODEC(T64, ZSTD(1)),
    `skb_bytes` UInt64 COMMENT 'What an interface\'s counter adds for these packets: with Ethernet and VLAN headers, without frame check.' CODEC(T64, ZSTD(1)),
    `skb_packets` UInt64 COMMENT 'What an interface\'s counter adds for these packets, a GSO packet once; 0 where it is not told.' CODEC(T64, ZSTD(1)),
    `sampling_rate` Float64 COMMENT 'Each exported packet stands for so many; 0 for unknown.' CODEC(ZSTD(1)),
    `sampling_origin` LowCardinality(String) COMMENT 'Where the rate came from; rows of `unknown` are left out of volumes.',
    `in_if_index` UInt32 COMMENT 'Interface that it came in by.',
    `out_if_index` UInt32 COMMENT 'Interface that it left by.',
    `in_if_meaning` LowCardinality(String) COMMENT 'Why `in_if_index` is missing: internal, discarded, multiple, unknown.',
    `out_if_meaning` LowCardinality(String) COMMENT 'Why `out_if_index` is missing: internal, discarded, multiple, unknown.',
    `out_if_detail` UInt32 COMMENT 'Reason code of a discarded sample, number of interfaces of a multiple one.',
    `direction` Nullable(UInt8) COMMENT 'Seen at ingress (0) or egress (1) of the interface.',
    `direction_meaning` LowCardinality(String) COMMENT 'Empty where `direction` is the VIF\'s; `own` where it is the exporter\'s and says nothing of the VIF.',
    `src_mac` UInt64 COMMENT 'Source MAC address.' CODEC(ZSTD(1)),
    `dst_mac` UInt64 COMMENT 'Destination MAC address.' CODEC(ZSTD(1)),
    `src_vlan` UInt16 COMMENT 'VLAN on the way in.',
    `dst_vlan` UInt16 COMMENT 'VLAN on the way out.',
    `customer_vlan` UInt16 COMMENT 'Inner VLAN of a stacked pair.',
    `src_as` UInt32 COMMENT 'AS of the source.',
    `dst_as` UInt32 COMMENT 'AS of the destination.',
    `previous_as` UInt32 COMMENT 'Neighbour AS that it came from.',
    `next_as` UInt32 COMMENT 'Neighbour AS that it goes to.',
    `next_hop` IPv6 COMMENT 'IP next hop.' CODEC(ZSTD(1)),
    `bgp_next_hop` IPv6 COMMENT 'BGP next hop.' CODEC(ZSTD(1)),
    `src_prefix_length` UInt8 COMMENT 'Prefix length of the source\'s route.',
    `dst_prefix_length` UInt8 COMMENT 'Prefix length of the destination\'s route.',
    `icmp_type` Nullable(UInt8) COMMENT 'ICMP or ICMPv6 type.',
    `icmp_code` Nullable(UInt8) COMMENT 'ICMP or ICMPv6 code.',
    `ipv6_flow_label` UInt32 COMMENT 'IPv6 flow label.',
    `ip_fragment_id` UInt32 COMMENT 'Identification of an IP packet or fragment.',
    `ip_fragment_offset` UInt16 COMMENT 'Offset of an IP fragment.',
    `mpls_labels` Array(UInt32) COMMENT 'MPLS labels from the top, 20 bits each.' CODEC(ZSTD(1)),
    `tunnel` LowCardinality(String) COMMENT 'Kind of tunnel around the inner columns; without those, of the one with the ends `tunnel_src_address` and `tunnel_dst_address`.',
    `vni` Nullable(UInt32) COMMENT 'VXLAN network identifier.',
    `tunnel_src_address` IPv6 COMMENT 'Outer source address of the tunnel that the packet came through, else goes through, as told beside the packet; the outer header of a tunnel that is seen in the packet itself fills the main columns.' CODEC(ZSTD(1)),
    `tunnel_dst_address` IPv6 COMMENT 'Outer destination address of the tunnel that the packet came through, else goes through, as told beside the packet; the outer header of a tunnel that is seen in the packet itself fills the main columns.' CODEC(ZSTD(1)),
    `inner_src_address` IPv6 COMMENT 'Source address inside the tunnel.' CODEC(ZSTD(1)),
    `inner_dst_address` IPv6 COMMENT 'Destination address inside the tunnel.' CODEC(ZSTD(1)),
    `inner_src_port` UInt16 COMMENT 'Source port inside the tunnel.',
    `inner_dst_port` UInt16 COMMENT 'Destination port inside the tunnel.',
    `inner_protocol` UInt8 COMMENT 'IP protocol inside the tunnel.',
    `inner_src_mac` UInt64 COMMENT 'Source MAC address inside the tunnel.' CODEC(ZSTD(1)),
    `inner_dst_mac` UInt64 COMMENT 'Destination MAC address inside the tunnel.' CODEC(ZSTD(1)),
    `header_problem` LowCardinality(String) COMMENT 'Why a sampled header was read in part.',
    `forwarding_status` UInt8 COMMENT 'Forwarding status.',
    `flow_end_reason` UInt8 COMMENT 'Why the flow was exported.',
    `application_id` UInt64 COMMENT 'Engine in the top byte, selector below.' CODEC(ZSTD(1)),
    `in_vrf_id` UInt32 COMMENT 'VRF that it came in by.',
    `out_vrf_id` UInt32 COMMENT 'VRF that it left by.',
    `observation_point_id` UInt64 COMMENT 'Where in the exporter it was seen.' CODEC(ZSTD(1)),
    `firewall_event` UInt8 COMMENT 'What a firewall did.',
    `nat_event` UInt8 COMMENT 'What a NAT did.',
    `post_nat_src_address` IPv6 COMMENT 'Source address after NAT.' CODEC(ZSTD(1)),
    `post_nat_dst_address` IPv6 COMMENT 'Destination address after NAT.' CODEC(ZSTD(1)),
    `post_nat_src_port` UInt16 COMMENT 'Source port after NAT.',
    `post_nat_dst_port` UInt16 COMMENT 'Destination port after NAT.',
    `raw_elements` Map(LowCardinality(String), String) COMMENT 'Elements that no column takes, enterprise/number to bytes in hex; only where it was asked for.' CODEC(ZSTD(1)),
    `host` LowCardinality(String) COMMENT 'Name of the host that the row is about.',
    `boot_id` LowCardinality(String) COMMENT 'The host\'s boot, /proc/sys/kernel/random/boot_id.',
    `spool_id` LowCardinality(String) COMMENT 'Random 128-bit id of the spool that the row came from, 32 hex digits.',
    `stream` LowCardinality(String) COMMENT 'One record kind from one source, such as `counters.netlink`.',
    `sequence` UInt64 COMMENT 'Number of the row\'s batch in its stream, from 1, without holes.' CODEC(T64, ZSTD(1)),
    `time_origin` LowCardinality(String) COMMENT '`event`, or `received` where the event time lay outside [received - 24 h, received + 60 s].',
    `inserted_time` DateTime64(9, 'UTC') DEFAULT now64(9, 'UTC') COMMENT 'When the store took the row.' CODEC(ZSTD(1)),
    INDEX by_sequence sequence TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toDate(time)
ORDER BY (toStartOfFiveMinutes(time), vif_id, time)
TTL toDateTime(time) + INTERVAL 3 DAY
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, min_bytes_for_wide_part = 134217728, max_bytes_to_merge_at_max_space_in_pool = 536870912;

-- Packets dropped at one VIF over one interval, for one reason, as the kernel or an exporter told.
-- Sorted by (toStartOfHour(time), vif_id, time): one VIF's hour lies together.
CREATE TABLE {database}.drops
(
    `time` DateTime64(9, 'UTC') COMMENT 'Start of the interval, or the instant; for flows the end of the interval.' CODEC(DoubleDelta, ZSTD(1)),
    `duration_ns` UInt64 COMMENT 'Length of the interval.' CODEC(T64, ZSTD(1)),
    `vif_id` UInt64 COMMENT 'The VIF, for the life of its kernel device; 0 where a row is about none.' CODEC(ZSTD(1)),
    `source_kind` LowCardinality(String) COMMENT 'What told it.',
    `exporter_address` IPv6 COMMENT 'The exporter: sFlow\'s agent address, else the sender\'s.' CODEC(ZSTD(1)),
    `observation_domain_id` UInt32 COMMENT 'The exporter\'s part that saw it; sFlow\'s sub-agent id, NetFlow v9\'s source id, v5\'s engine type and id.',
    `namespace` LowCardinality(String) COMMENT 'Empty for the host\'s own, else its name, else `net:[inode]`.',
    `ifname` LowCardinality(String) COMMENT 'Interface name.',
    `direction` Nullable(UInt8) COMMENT 'Seen at ingress (0) or egress (1) of the interface.',
    `drop_class` LowCardinality(String) COMMENT '`loss`, `denied`, `endpoint` or `benign`; only `loss` is packet loss of the network.',
    `drop_origin` LowCardinality(String) COMMENT 'Who else counted it: `qdisc` its interface\'s queue, `device` its interface, `core` none; empty for not told.',
    `reason` LowCardinality(String) COMMENT 'Why `value` is null, or why packets were dropped; empty where nothing is to be said.',
    `reason_code` UInt32 COMMENT 'The reason\'s number as it was told.',
    `place` LowCardinality(String) COMMENT 'Where in the packet\'s path it was dropped; empty for not told.',
    `packets` UInt64 COMMENT 'Packets as exported, unscaled; 1 for an sFlow sample.' CODEC(T64, ZSTD(1)),
    `bytes` UInt64 COMMENT 'Bytes as exported, unscaled; of an sFlow sample the frame length that it reports.' CODEC(T64, ZSTD(1)),
    `skb_packets` UInt64 COMMENT 'What an interface\'s counter adds for these packets, a GSO packet once; 0 where it is not told.' CODEC(T64, ZSTD(1)),
    `sampling_rate` Float64 COMMENT 'Each exported packet stands for so many; 0 for unknown.' CODEC(ZSTD(1)),
    `sampling_origin` LowCardinality(String) COMMENT 'Where the rate came from; rows of `unknown` are left out of volumes.',
    `in_if_index` UInt32 COMMENT 'Interface that it came in by.',
    `out_if_index` UInt32 COMMENT 'Interface that it left by.',
    `ether_type` UInt16 COMMENT 'EtherType of the payload, 0x0800 for IPv4.',
    `src_address` IPv6 COMMENT 'Source address, IPv4 mapped into IPv6.' CODEC(ZSTD(1)),
    `dst_address` IPv6 COMMENT 'Destination address, IPv4 mapped into IPv6.' CODEC(ZSTD(1)),
    `src_port` UInt16 COMMENT 'Source port.',
    `dst_port` UInt16 COMMENT 'Destination port.',
    `protocol` UInt8 COMMENT 'IP protocol number.',
    `src_mac` UInt64 COMMENT 'Source MAC address.' CODEC(ZSTD(1)),
    `dst_mac` UInt64 COMMENT 'Destination MAC address.' CODEC(ZSTD(1)),
    `src_vlan` UInt16 COMMENT 'VLAN on the way in.',
    `rule_attribution` LowCardinality(String) COMMENT 'How the rule of nftables that dropped it is known: `exact` no other can have, `counter` of all that can have its counter alone moved; or why it is not: `ambiguous` several can have, `changed` rules were changed meanwhile, `unread` they could not be read, `none` no rule of nftables can have. Empty for what netfilter did not drop.',
    `rule_family` LowCardinality(String) COMMENT 'Family of the rule\'s table: `inet`, `ip`, `ip6`, `bridge`, ….',
    `rule_table` LowCardinality(String) COMMENT 'Table of the rule that dropped it; empty where none is known.',
    `rule_chain` LowCardinality(String) COMMENT 'Its chain.',
    `rule_handle` UInt64 COMMENT 'Its handle in the table; 0 for the policy of the chain.' CODEC(ZSTD(1)),
    `rule_comment` LowCardinality(String) COMMENT 'What its maker wrote beside it.',
    `rule_log_prefix` LowCardinality(String) COMMENT 'What it writes before a packet\'s line in a log.',
    `rule_candidates` LowCardinality(String) COMMENT 'Where it is not known which rule it was: those that it can have been, some of them where they are many.',
    `host` LowCardinality(String) COMMENT 'Name of the host that the row is about.',
    `boot_id` LowCardinality(String) COMMENT 'The host\'s boot, /proc/sys/kernel/random/boot_id.',
    `spool_id` LowCardinality(String) COMMENT 'Random 128-bit id of the spool that the row came from, 32 hex digits.',
    `stream` LowCardinality(String) COMMENT 'One record kind from one source, such as `counters.netlink`.',
    `sequence` UInt64 COMMENT 'Number of the row\'s batch in its stream, from 1, without holes.' CODEC(Delta, ZSTD(1)),
    `received_time` DateTime64(9, 'UTC') COMMENT 'When the agent closed the batch; of a flow, when its datagram came.' CODEC(DoubleDelta, ZSTD(1)),
    `time_origin` LowCardinality(String) COMMENT '`event`, or `received` where the event time lay outside [received - 24 h, received + 60 s].',
    `inserted_time` DateTime64(9, 'UTC') DEFAULT now64(9, 'UTC') COMMENT 'When the store took the row.' CODEC(DoubleDelta, ZSTD(1)),
    INDEX by_sequence sequence TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toDate(time)
ORDER BY (toStartOfHour(time), vif_id, time)
TTL toDateTime(time) + INTERVAL 3 DAY
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

-- Sampled packets that took about the same time from one VIF to another, over one interval: one bucket of the histogram of that pair. The row without VIFs is about all samples of the host.
-- Sorted by (toStartOfHour(time), vif_id, out_vif_id, time, bucket_from_ns): the histograms of one pair lie together, so that a page on one VIF reads few granules.
CREATE TABLE {database}.latency
(
    `time` DateTime64(9, 'UTC') COMMENT 'Start of the interval, or the instant; for flows the end of the interval.' CODEC(DoubleDelta, ZSTD(1)),
    `duration_ns` UInt64 COMMENT 'Length of the interval.' CODEC(T64, ZSTD(1)),
    `vif_id` UInt64 COMMENT 'The VIF, for the life of its kernel device; 0 where a row is about none.' CODEC(ZSTD(1)),
    `out_vif_id` UInt64 COMMENT 'VIF that the packets left by; 0 where it is none that is known, and in the row about all samples.' CODEC(ZSTD(1)),
    `in_if_index` UInt32 COMMENT 'Interface that it came in by.',
    `out_if_index` UInt32 COMMENT 'Interface that it left by.',
    `bucket_from_ns` UInt64 COMMENT 'Least transit time of the bucket; the same buckets everywhere, each at most 2.8 % wide.' CODEC(T64, ZSTD(1)),
    `bucket_to_ns` UInt64 COMMENT 'Transit time from which on the next bucket has it.' CODEC(T64, ZSTD(1)),
    `sampled_packets` UInt64 COMMENT 'Sampled packets whose transit time is in the bucket.' CODEC(T64, ZSTD(1)),
    `sampling_rate` Float64 COMMENT 'Each exported packet stands for so many; 0 for unknown.' CODEC(ZSTD(1)),
    `expired_packets` UInt64 COMMENT 'Of the row about all samples: were on their way when their window closed, or left later than is told.' CODEC(T64, ZSTD(1)),
    `changed_packets` UInt64 COMMENT 'Of the row about all samples: what left was not what came in, so that no time is told.' CODEC(T64, ZSTD(1)),
    `unplaced_packets` UInt64 COMMENT 'Of the row about all samples: found no room in the probe, or in the agent.' CODEC(T64, ZSTD(1)),
    `host` LowCardinality(String) COMMENT 'Name of the host that the row is about.',
    `boot_id` LowCardinality(String) COMMENT 'The host\'s boot, /proc/sys/kernel/random/boot_id.',
    `spool_id` LowCardinality(String) COMMENT 'Random 128-bit id of the spool that the row came from, 32 hex digits.',
    `stream` LowCardinality(String) COMMENT 'One record kind from one source, such as `counters.netlink`.',
    `sequence` UInt64 COMMENT 'Number of the row\'s batch in its stream, from 1, without holes.' CODEC(Delta, ZSTD(1)),
    `received_time` DateTime64(9, 'UTC') COMMENT 'When the agent closed the batch; of a flow, when its datagram came.' CODEC(DoubleDelta, ZSTD(1)),
    `time_origin` LowCardinality(String) COMMENT '`event`, or `received` where the event time lay outside [received - 24 h, received + 60 s].',
    `inserted_time` DateTime64(9, 'UTC') DEFAULT now64(9, 'UTC') COMMENT 'When the store took the row.' CODEC(DoubleDelta, ZSTD(1)),
    INDEX by_sequence sequence TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toDate(time)
ORDER BY (toStartOfHour(time), vif_id, out_vif_id, time, bucket_from_ns)
TTL toDateTime(time) + INTERVAL 3 DAY
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

-- One host over one interval, as its exporter told it; or one part of Viflux on it, with what that costs; or one network namespace of it, with its connection tracking.
-- Sorted by (toStartOfHour(time), exporter_address, time): an exporting host's hour lies together; what agents tell themselves is of the exporter `::`.
CREATE TABLE {database}.hosts
(
    `time` DateTime64(9, 'UTC') COMMENT 'Start of the interval, or the instant; for flows the end of the interval.' CODEC(DoubleDelta, ZSTD(1)),
    `duration_ns` UInt64 COMMENT 'Length of the interval.' CODEC(T64, ZSTD(1)),
    `source_kind` LowCardinality(String) COMMENT 'What told it.',
    `exporter_address` IPv6 COMMENT 'The exporter: sFlow\'s agent address, else the sender\'s.' CODEC(ZSTD(1)),
    `observation_domain_id` UInt32 COMMENT 'The exporter\'s part that saw it; sFlow\'s sub-agent id, NetFlow v9\'s source id, v5\'s engine type and id.',
    `host_name` LowCardinality(String) COMMENT 'Name that the host gives itself.',
    `operating_system` LowCardinality(String) COMMENT 'Operating system and its release.',
    `cpu_count` UInt32 COMMENT 'Processors; 0 for not told.',
    `cpu_busy_ratio` Nullable(Float64) COMMENT 'Share of all processors\' time that was not idle in the interval; null for the first reading.' CODEC(ZSTD(1)),
    `load_1m` Nullable(Float64) COMMENT 'Load average of one minute.' CODEC(ZSTD(1)),
    `load_5m` Nullable(Float64) COMMENT 'Load average of five minutes.' CODEC(ZSTD(1)),
    `load_15m` Nullable(Float64) COMMENT 'Load average of fifteen minutes.' CODEC(ZSTD(1)),
    `memory_total_bytes` UInt64 COMMENT 'Main memory; 0 for not told.' CODEC(T64, ZSTD(1)),
    `memory_free_bytes` UInt64 COMMENT 'Free main memory; 0 for not told.' CODEC(T64, ZSTD(1)),
    `memory_buffers_bytes` UInt64 COMMENT 'Main memory in buffers; 0 for not told.' CODEC(T64, ZSTD(1)),
    `memory_cached_bytes` UInt64 COMMENT 'Main memory in the page cache; 0 for not told.' CODEC(T64, ZSTD(1)),
    `swap_total_bytes` UInt64 COMMENT 'Swap space; 0 for not told.' CODEC(T64, ZSTD(1)),
    `swap_free_bytes` UInt64 COMMENT 'Free swap space; 0 for not told.' CODEC(T64, ZSTD(1)),
    `uptime_seconds` Nullable(UInt32) COMMENT 'Time since the host started.',
    `component` LowCardinality(String) COMMENT 'What of Viflux the row is about: `agent` the process and the whole, `flow`, `drop` or `transit` a probe\'s programs and maps; empty where it is about the host.',
    `cpu_ns` Nullable(UInt64) COMMENT 'Processor time of the agent\'s process, user and system, or of a probe\'s programs in the kernel; null where it is not known, and `cost_reason` says why.' CODEC(T64, ZSTD(1)),
    `cost_reason` LowCardinality(String) COMMENT 'Why `cpu_ns` or `cost_cores` is null; empty where they are known.',
    `runs_count` Nullable(UInt64) COMMENT 'How often the probe\'s programs ran, as its maps say; null of the agent, and where it is not known.' CODEC(T64, ZSTD(1)),
    `run_ns` Nullable(Float64) COMMENT 'Time of one run in the part of the interval in which the kernel took it; `cpu_ns` is this times `runs_count`.' CODEC(ZSTD(1)),
    `resident_bytes` UInt64 COMMENT 'Resident memory of the agent\'s process; 0 of a probe.' CODEC(T64, ZSTD(1)),
    `resident_private_bytes` UInt64 COMMENT 'Of it what is no file\'s: the part that no other process can share.' CODEC(T64, ZSTD(1)),
    `map_memory_bytes` UInt64 COMMENT 'Memory of the kernel that a probe\'s maps hold; of the agent that of all probes.' CODEC(T64, ZSTD(1)),
    `map_entries_count` UInt64 COMMENT 'Most entries that were taken at once out of one of the maps that count, of the fullest one.' CODEC(T64, ZSTD(1)),
    `map_capacity_count` UInt64 COMMENT 'How many that map holds; 0 of the agent.' CODEC(T64, ZSTD(1)),
    `overflowed_packets` UInt64 COMMENT 'Packets for which the maps had no room, and that came through the ring.' CODEC(T64, ZSTD(1)),
    `uncounted_packets` UInt64 COMMENT 'Packets that are in no row, for neither map nor ring had room.' CODEC(T64, ZSTD(1)),
    `counted_ns` UInt64 COMMENT 'How much of the interval the probe counted; none of one in which it was taken out of the kernel or put in again. 0 of the agent.' CODEC(T64, ZSTD(1)),
    `budget_cores` Float64 COMMENT 'Setting agent.budget; 0 of a probe.' CODEC(ZSTD(1)),
    `cost_cores` Nullable(Float64) COMMENT 'Of the agent: processor time of its process and of all probes, by the time that passed; of a probe its own.' CODEC(ZSTD(1)),
    `shed` LowCardinality(String) COMMENT 'What is left out to stay in the budget, at the end of the interval: `none`, `drop_samples`, `transit_share` (the time in which packets are looked at), `other_flows` (packets of VIFs that are not critical) or `all_flows`; each with what comes before it.',
    `shed_level` UInt8 COMMENT 'How many steps that took: 0 for none; each halves what is counted.',
    `flow_sampling_rate` UInt32 COMMENT 'One of so many packets of VIFs that are not critical is counted by flow; 0 where no flows are counted.',
    `critical_flow_sampling_rate` UInt32 COMMENT 'The same of VIFs with the label criticality=critical.',
    `namespace` LowCardinality(String) COMMENT 'Empty for the host\'s own, else its name, else `net:[inode]`.',
    `conntrack_entries_count` Nullable(UInt64) COMMENT 'Connections that the namespace\'s table held at the last reading.' CODEC(T64, ZSTD(1)),
    `conntrack_peak_count` Nullable(UInt64) COMMENT 'Most of them at a reading of the interval; `conntrack_readings_count` says how many readings there were.' CODEC(T64, ZSTD(1)),
    `conntrack_max_count` Nullable(UInt64) COMMENT 'How many it may hold, 0 for no limit; null where the kernel does not tell. It is the host\'s setting `net.netfilter.nf_conntrack_max`, which the kernel holds against each namespace\'s own number.' CODEC(T64, ZSTD(1)),
    `conntrack_readings_count` Nullable(UInt64) COMMENT 'How often the number of entries was read in the interval, about once a second; less on a host with more namespaces than can be asked in 2 ms.' CODEC(T64, ZSTD(1)),
    `conntrack_growth_per_second` Nullable(Float64) COMMENT 'How fast the number of entries grew, by a straight line through the readings; null with less than three.' CODEC(ZSTD(1)),
    `conntrack_full_seconds` Nullable(Float64) COMMENT 'How long until the table is full, at that growth; 0 for full, null where it does not grow or has no limit.' CODEC(ZSTD(1)),
    `conntrack_dropped_packets` Nullable(UInt64) COMMENT 'Packets dropped, for the table was full and nothing could be thrown out of it; null of the first interval.' CODEC(T64, ZSTD(1)),
    `conntrack_early_dropped_count` Nullable(UInt64) COMMENT 'Entries thrown out of the full table to make room for others; null of the first interval.' CODEC(T64, ZSTD(1)),
    `conntrack_insert_failed_packets` Nullable(UInt64) COMMENT 'Packets dropped, for an entry with the same addresses came into the table just before; null of the first interval. It happens to two packets of one connection at once and is no sign of a full table.' CODEC(T64, ZSTD(1)),
    `conntrack_invalid_packets` Nullable(UInt64) COMMENT 'Packets that belong to no connection that could be; null of the first interval.' CODEC(T64, ZSTD(1)),
    `host` LowCardinality(String) COMMENT 'Name of the host that the row is about.',
    `boot_id` LowCardinality(String) COMMENT 'The host\'s boot, /proc/sys/kernel/random/boot_id.',
    `spool_id` LowCardinality(String) COMMENT 'Random 128-bit id of the spool that the row came from, 32 hex digits.',
    `stream` LowCardinality(String) COMMENT 'One record kind from one source, such as `counters.netlink`.',
    `sequence` UInt64 COMMENT 'Number of the row\'s batch in its stream, from 1, without holes.' CODEC(Delta, ZSTD(1)),
    `received_time` DateTime64(9, 'UTC') COMMENT 'When the agent closed the batch; of a flow, when its datagram came.' CODEC(DoubleDelta, ZSTD(1)),
    `time_origin` LowCardinality(String) COMMENT '`event`, or `received` where the event time lay outside [received - 24 h, received + 60 s].',
    `inserted_time` DateTime64(9, 'UTC') DEFAULT now64(9, 'UTC') COMMENT 'When the store took the row.' CODEC(DoubleDelta, ZSTD(1)),
    INDEX by_sequence sequence TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toDate(time)
ORDER BY (toStartOfHour(time), exporter_address, time)
TTL toDateTime(time) + INTERVAL 3 DAY
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

-- One of those with the most connections in a network namespace's table, at one instant.
-- Sorted by (toStartOfHour(time), namespace, time): a namespace's holders are asked for at one time.
CREATE TABLE {database}.holders
(
    `time` DateTime64(9, 'UTC') COMMENT 'Start of the interval, or the instant; for flows the end of the interval.' CODEC(DoubleDelta, ZSTD(1)),
    `vif_id` UInt64 COMMENT 'The VIF, for the life of its kernel device; 0 where a row is about none.' CODEC(ZSTD(1)),
    `namespace` LowCardinality(String) COMMENT 'Empty for the host\'s own, else its name, else `net:[inode]`.',
    `holder` LowCardinality(String) COMMENT 'What the row is about: `vif` or `address`.',
    `holder_address` IPv6 COMMENT 'Source of the connections\' first packets, before any translation; `::` of a row about a VIF.' CODEC(ZSTD(1)),
    `holder_reach` LowCardinality(String) COMMENT 'How the VIF was found: the address is of one of the namespace\'s `own` interfaces, or of one whose `link` ends in it, or of the `only` one of the host that has it. `ambiguous` where several have it and `unknown` where none has: there `vif_id` is 0.',
    `conntrack_zone` UInt16 COMMENT 'Zone of the connections; 0 where there are none.',
    `held_count` UInt64 COMMENT 'Connections of this holder among those that were seen.' CODEC(T64, ZSTD(1)),
    `seen_count` UInt64 COMMENT 'Connections that were seen: all of the namespace\'s, or as many as the time sufficed for. They come in the order of a hash with a secret key, so that shares of a part are near those of the whole.' CODEC(T64, ZSTD(1)),
    `conntrack_entries_count` Nullable(UInt64) COMMENT 'Connections that the namespace\'s table held at the last reading.' CODEC(T64, ZSTD(1)),
    `host` LowCardinality(String) COMMENT 'Name of the host that the row is about.',
    `boot_id` LowCardinality(String) COMMENT 'The host\'s boot, /proc/sys/kernel/random/boot_id.',
    `spool_id` LowCardinality(String) COMMENT 'Random 128-bit id of the spool that the row came from, 32 hex digits.',
    `stream` LowCardinality(String) COMMENT 'One record kind from one source, such as `counters.netlink`.',
    `sequence` UInt64 COMMENT 'Number of the row\'s batch in its stream, from 1, without holes.' CODEC(Delta, ZSTD(1)),
    `received_time` DateTime64(9, 'UTC') COMMENT 'When the agent closed the batch; of a flow, when its datagram came.' CODEC(DoubleDelta, ZSTD(1)),
    `time_origin` LowCardinality(String) COMMENT '`event`, or `received` where the event time lay outside [received - 24 h, received + 60 s].',
    `inserted_time` DateTime64(9, 'UTC') DEFAULT now64(9, 'UTC') COMMENT 'When the store took the row.' CODEC(DoubleDelta, ZSTD(1)),
    INDEX by_sequence sequence TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toDate(time)
ORDER BY (toStartOfHour(time), namespace, time)
TTL toDateTime(time) + INTERVAL 3 DAY
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

-- One exporter over one interval: what came, what became of it, and how it samples.
-- Sorted by (toStartOfHour(time), exporter_address, observation_domain_id, time): what was sent lately is asked for all exporters at once.
CREATE TABLE {database}.exporters
(
    `time` DateTime64(9, 'UTC') COMMENT 'Start of the interval, or the instant; for flows the end of the interval.' CODEC(DoubleDelta, ZSTD(1)),
    `duration_ns` UInt64 COMMENT 'Length of the interval.' CODEC(T64, ZSTD(1)),
    `source_kind` LowCardinality(String) COMMENT 'What told it.',
    `exporter_address` IPv6 COMMENT 'The exporter: sFlow\'s agent address, else the sender\'s.' CODEC(ZSTD(1)),
    `observation_domain_id` UInt32 COMMENT 'The exporter\'s part that saw it; sFlow\'s sub-agent id, NetFlow v9\'s source id, v5\'s engine type and id.',
    `listener` LowCardinality(String) COMMENT 'Address and port that the datagrams came in at.',
    `exporter_port` UInt16 COMMENT 'Port that the datagrams came from; 0 where it may vary.',
    `exporter_name` LowCardinality(String) COMMENT 'What the settings call it; empty for nothing.',
    `received_datagrams_count` UInt64 COMMENT 'Datagrams received, decoded or not.' CODEC(T64, ZSTD(1)),
    `received_bytes` UInt64 COMMENT 'Bytes of these datagrams, without UDP and IP headers.' CODEC(T64, ZSTD(1)),
    `decoded_datagrams_count` UInt64 COMMENT 'Datagrams decoded whole.' CODEC(T64, ZSTD(1)),
    `refused_datagrams_count` UInt64 COMMENT 'Datagrams of exporters that `exporters.allow` does not name.' CODEC(T64, ZSTD(1)),
    `undecodable_datagrams_count` UInt64 COMMENT 'Datagrams that are no export, or cut.' CODEC(T64, ZSTD(1)),
    `parked_datagrams_count` UInt64 COMMENT 'Datagrams that wait for a template or a sampling rate, at the end of the interval.' CODEC(T64, ZSTD(1)),
    `parked_dropped_datagrams_count` UInt64 COMMENT 'Datagrams that waited in vain, or for which there was no room to wait.' CODEC(T64, ZSTD(1)),
    `shed_packets` UInt64 COMMENT 'Datagrams shed so that others are not delayed.' CODEC(T64, ZSTD(1)),
    `flows_count` UInt64 COMMENT 'Flow rows made.' CODEC(T64, ZSTD(1)),
    `unknown_rate_flows_count` UInt64 COMMENT 'Flow rows of an unknown sampling rate.' CODEC(T64, ZSTD(1)),
    `counter_samples_count` UInt64 COMMENT 'Counter samples read.' CODEC(T64, ZSTD(1)),
    `missed_count` UInt64 COMMENT 'What the sequence numbers skipped, in `missed_unit`.' CODEC(T64, ZSTD(1)),
    `missed_unit` LowCardinality(String) COMMENT '`flows`, `datagrams` or `samples`: what the exporter numbers.',
    `reordered_count` UInt64 COMMENT 'Datagrams that came behind a later one.' CODEC(T64, ZSTD(1)),
    `restarts_count` UInt64 COMMENT 'Times that the exporter began anew.' CODEC(T64, ZSTD(1)),
    `socket_dropped_count` UInt64 COMMENT 'Datagrams that the kernel dropped at the full socket; told by the listener\'s own row, exporter `::`.' CODEC(T64, ZSTD(1)),
    `templates_count` UInt64 COMMENT 'Templates known at the end of the interval.' CODEC(T64, ZSTD(1)),
    `exporter_dropped_packets` UInt64 COMMENT 'Samples that the exporter says it lost itself.' CODEC(T64, ZSTD(1)),
    `clock_skew_ns` Nullable(Int64) COMMENT 'The exporter\'s clock minus ours, by its export times; null where it told none.' CODEC(ZSTD(1)),
    `last_received_time` DateTime64(9, 'UTC') COMMENT 'When its newest datagram came.' CODEC(DoubleDelta, ZSTD(1)),
    `sampling_rate` Float64 COMMENT 'Each exported packet stands for so many; 0 for unknown.' CODEC(ZSTD(1)),
    `sampling_origin` LowCardinality(String) COMMENT 'Where the rate came from; rows of `unknown` are left out of volumes.',
    `host` LowCardinality(String) COMMENT 'Name of the host that the row is about.',
    `boot_id` LowCardinality(String) COMMENT 'The host\'s boot, /proc/sys/kernel/random/boot_id.',
    `spool_id` LowCardinality(String) COMMENT 'Random 128-bit id of the spool that the row came from, 32 hex digits.',
    `stream` LowCardinality(String) COMMENT 'One record kind from one source, such as `counters.netlink`.',
    `sequence` UInt64 COMMENT 'Number of the row\'s batch in its stream, from 1, without holes.' CODEC(Delta, ZSTD(1)),
    `received_time` DateTime64(9, 'UTC') COMMENT 'When the agent closed the batch; of a flow, when its datagram came.' CODEC(DoubleDelta, ZSTD(1)),
    `time_origin` LowCardinality(String) COMMENT '`event`, or `received` where the event time lay outside [received - 24 h, received + 60 s].',
    `inserted_time` DateTime64(9, 'UTC') DEFAULT now64(9, 'UTC') COMMENT 'When the store took the row.' CODEC(DoubleDelta, ZSTD(1)),
    INDEX by_sequence sequence TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toDate(time)
ORDER BY (toStartOfHour(time), exporter_address, observation_domain_id, time)
TTL toDateTime(time) + INTERVAL 30 DAY
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

-- Something that happened.
-- Sorted by (event, time): events are asked for by what happened.
CREATE TABLE {database}.events
(
    `time` DateTime64(9, 'UTC') COMMENT 'Start of the interval, or the instant; for flows the end of the interval.' CODEC(DoubleDelta, ZSTD(1)),
    `vif_id` UInt64 COMMENT 'The VIF, for the life of its kernel device; 0 where a row is about none.' CODEC(ZSTD(1)),
    `event` LowCardinality(String) COMMENT 'What happened, such as `agent_started` or `resync_corrected`.',
    `subject` String COMMENT 'What it happened to, in words: a VIF\'s key, a namespace, a stream.' CODEC(ZSTD(1)),
    `detail` String COMMENT 'One sentence for a person.' CODEC(ZSTD(1)),
    `event_count` UInt64 COMMENT 'How many such things this row stands for.' CODEC(ZSTD(1)),
    `host` LowCardinality(String) COMMENT 'Name of the host that the row is about.',
    `boot_id` LowCardinality(String) COMMENT 'The host\'s boot, /proc/sys/kernel/random/boot_id.',
    `spool_id` LowCardinality(String) COMMENT 'Random 128-bit id of the spool that the row came from, 32 hex digits.',
    `stream` LowCardinality(String) COMMENT 'One record kind from one source, such as `counters.netlink`.',
    `sequence` UInt64 COMMENT 'Number of the row\'s batch in its stream, from 1, without holes.' CODEC(Delta, ZSTD(1)),
    `received_time` DateTime64(9, 'UTC') COMMENT 'When the agent closed the batch; of a flow, when its datagram came.' CODEC(DoubleDelta, ZSTD(1)),
    `time_origin` LowCardinality(String) COMMENT '`event`, or `received` where the event time lay outside [received - 24 h, received + 60 s].',
    `inserted_time` DateTime64(9, 'UTC') DEFAULT now64(9, 'UTC') COMMENT 'When the store took the row.' CODEC(DoubleDelta, ZSTD(1)),
    INDEX by_sequence sequence TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toDate(time)
ORDER BY (event, time)
TTL toDateTime(time) + INTERVAL 400 DAY
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

-- What one stream handed over in an interval, and what it knows it lost.
-- Sorted by (host, of_stream, time): watermarks are polled by host and stream.
CREATE TABLE {database}.ledger
(
    `time` DateTime64(9, 'UTC') COMMENT 'Start of the interval, or the instant; for flows the end of the interval.' CODEC(DoubleDelta, ZSTD(1)),
    `duration_ns` UInt64 COMMENT 'Length of the interval.' CODEC(T64, ZSTD(1)),
    `stage` LowCardinality(String) COMMENT 'Who wrote the row: `agent` or `processor`.',
    `of_stream` LowCardinality(String) COMMENT 'The stream that the row accounts for.',
    `in_rows_count` UInt64 COMMENT 'Rows that came in.' CODEC(T64, ZSTD(1)),
    `out_rows_count` UInt64 COMMENT 'Rows that were handed on.' CODEC(T64, ZSTD(1)),
    `out_bytes` UInt64 COMMENT 'Encoded bytes that were handed on.' CODEC(T64, ZSTD(1)),
    `batches_count` UInt64 COMMENT 'Batches that the row accounts for: those up to `through_sequence`, without a hole.' CODEC(T64, ZSTD(1)),
    `through_sequence` UInt64 COMMENT 'Newest batch of the stream when the row was made; `watermark_time` holds once it is stored. 0 for unknown.' CODEC(Delta, ZSTD(1)),
    `of_spool_id` LowCardinality(String) COMMENT 'Spool whose batches the row accounts for; empty where it is the row\'s own.',
    `lost_rows_count` UInt64 COMMENT 'Rows that are known to be lost; see `lost_rows_origin`.' CODEC(T64, ZSTD(1)),
    `lost_rows_origin` LowCardinality(String) COMMENT '`counted`; `estimated` from the mean of others; `at_most`; `unknown` where only batches are known.',
    `lost_batches_count` UInt64 COMMENT 'Batches that are known to be lost; of flow exports whole datagrams.' CODEC(T64, ZSTD(1)),
    `lost_through_sequence` UInt64 COMMENT 'Newest of the lost batches, which have no hole; 0 where the loss is not one of batches on their way.' CODEC(Delta, ZSTD(1)),
    `cause` LowCardinality(String) COMMENT 'Why they were lost, such as `spool_evicted`; empty where none was.',
    `watermark_time` DateTime64(9, 'UTC') COMMENT 'All events of the stream before this instant were handed on.' CODEC(DoubleDelta, ZSTD(1)),
    `first_event_time` DateTime64(9, 'UTC') COMMENT 'Earliest event time among the rows; the epoch for none.' CODEC(DoubleDelta, ZSTD(1)),
    `last_event_time` DateTime64(9, 'UTC') COMMENT 'Latest event end among the rows; the epoch for none.' CODEC(DoubleDelta, ZSTD(1)),
    `host` LowCardinality(String) COMMENT 'Name of the host that the row is about.',
    `boot_id` LowCardinality(String) COMMENT 'The host\'s boot, /proc/sys/kernel/random/boot_id.',
    `spool_id` LowCardinality(String) COMMENT 'Random 128-bit id of the spool that the row came from, 32 hex digits.',
    `stream` LowCardinality(String) COMMENT 'One record kind from one source, such as `counters.netlink`.',
    `sequence` UInt64 COMMENT 'Number of the row\'s batch in its stream, from 1, without holes.' CODEC(Delta, ZSTD(1)),
    `received_time` DateTime64(9, 'UTC') COMMENT 'When the agent closed the batch; of a flow, when its datagram came.' CODEC(DoubleDelta, ZSTD(1)),
    `time_origin` LowCardinality(String) COMMENT '`event`, or `received` where the event time lay outside [received - 24 h, received + 60 s].',
    `inserted_time` DateTime64(9, 'UTC') DEFAULT now64(9, 'UTC') COMMENT 'When the store took the row.' CODEC(DoubleDelta, ZSTD(1)),
    `touched_minutes` Array(UInt32) COMMENT 'Minutes since the epoch whose tiers the rows that were handed on belong to; empty for kinds without tiers.' CODEC(ZSTD(1)),
    INDEX by_sequence sequence TYPE minmax GRANULARITY 1,
    INDEX by_received_time received_time TYPE minmax GRANULARITY 1,
    INDEX by_lost_through_sequence lost_through_sequence TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toDate(time)
ORDER BY (host, of_stream, time)
TTL toDateTime(time) + INTERVAL 30 DAY
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

-- One VIF over one minute, filled from `counters` when the window has closed.
-- Sorted by (toStartOfHour(time), vif_id, time, host): windows of one VIF lie together; of all revisions of a row one remains.
CREATE TABLE {database}.counters_1m_revisions
(
    `time` DateTime64(9, 'UTC') COMMENT 'Start of the interval, or the instant; for flows the end of the interval.' CODEC(DoubleDelta, ZSTD(1)),
    `host` LowCardinality(String) COMMENT 'Name of the host that the row is about.',
    `vif_id` UInt64 COMMENT 'The VIF, for the life of its kernel device; 0 where a row is about none.' CODEC(ZSTD(1)),
    `revision` UInt64 COMMENT 'How many hand-overs had touched the window when it was filled; of a coarser tier the sum of the finer\'s.' CODEC(ZSTD(1)),
    `covered_ns` UInt64 COMMENT 'Time that clean readings cover.' CODEC(T64, ZSTD(1)),
    `gap_ns` UInt64 COMMENT 'Time that only `gap` and `reset` rows cover.' CODEC(T64, ZSTD(1)),
    `rows_count` UInt64 COMMENT 'Raw rows behind the row.' CODEC(T64, ZSTD(1)),
    `rx_packets` UInt64 COMMENT 'Packets received, as the interface counts them (GSO counts once).' CODEC(T64, ZSTD(1)),
    `tx_packets` UInt64 COMMENT 'Packets sent, as the interface counts them (GSO counts once).' CODEC(T64, ZSTD(1)),
    `rx_bytes` UInt64 COMMENT 'Bytes received.' CODEC(T64, ZSTD(1)),
    `tx_bytes` UInt64 COMMENT 'Bytes sent.' CODEC(T64, ZSTD(1)),
    `rx_errors_packets` UInt64 COMMENT 'Receive errors of all kinds.' CODEC(T64, ZSTD(1)),
    `tx_errors_packets` UInt64 COMMENT 'Send errors of all kinds.' CODEC(T64, ZSTD(1)),
    `rx_dropped_packets` UInt64 COMMENT 'Received and not handed on; includes frames of unhandled types.' CODEC(T64, ZSTD(1)),
    `tx_dropped_packets` UInt64 COMMENT 'Dropped by the device on the way out.' CODEC(T64, ZSTD(1)),
    `rx_missed_packets` UInt64 COMMENT 'Missed by the device for want of buffers.' CODEC(T64, ZSTD(1)),
    `rx_nohandler_packets` UInt64 COMMENT 'Dropped for an inactive device.' CODEC(T64, ZSTD(1)),
    `multicast_packets` UInt64 COMMENT 'Multicast packets received.' CODEC(T64, ZSTD(1)),
    `qdisc_packets` UInt64 COMMENT 'Packets that left the root queue.' CODEC(T64, ZSTD(1)),
    `qdisc_bytes` UInt64 COMMENT 'Bytes that left the root queue.' CODEC(T64, ZSTD(1)),
    `qdisc_dropped_packets` UInt64 COMMENT 'Packets that the root queue dropped.' CODEC(T64, ZSTD(1)),
    `qdisc_overlimits_count` UInt64 COMMENT 'Times that the root queue held a packet back.' CODEC(T64, ZSTD(1)),
    `qdisc_requeues_count` UInt64 COMMENT 'Packets that the device gave back to the root queue.' CODEC(T64, ZSTD(1)),
    `rx_bytes_per_second_max` Float64 COMMENT 'Highest clean reading\'s receive rate.' CODEC(ZSTD(1)),
    `tx_bytes_per_second_max` Float64 COMMENT 'Highest clean reading\'s send rate.' CODEC(ZSTD(1)),
    `qdisc_backlog_bytes_max` UInt64 COMMENT 'Longest backlog seen at a reading.' CODEC(T64, ZSTD(1)),
    `vanished` Bool COMMENT 'An earlier fill of the window had the row and the newest has not.'
)
ENGINE = ReplacingMergeTree(revision)
PARTITION BY toDate(time)
ORDER BY (toStartOfHour(time), vif_id, time, host)
TTL toDateTime(time) + INTERVAL 30 DAY
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1;

-- One VIF over five minutes, filled from `counters_1m` when the window has closed.
-- Sorted by (toStartOfHour(time), vif_id, time, host): windows of one VIF lie together; of all revisions of a row one remains.
CREATE TABLE {database}.counters_5m_revisions
(
    `time` DateTime64(9, 'UTC') COMMENT 'Start of the interval, or the instant; for flows the end of the interval.' CODEC(DoubleDelta, ZSTD(1)),
    `host` LowCardinality(String) COMMENT 'Name of the host that the row is about.',
    `vif_id` UInt64 COMMENT 'The VIF, for the life of its kernel device; 0 where a row is about none.' CODEC(ZSTD(1)),
    `revision` UInt64 COMMENT 'How many hand-overs had touched the window when it was filled; of a coarser tier the sum of the finer\'s.' CODEC(ZSTD(1)),
    `covered_ns` UInt64 COMMENT 'Time that clean readings cover.' CODEC(T64, ZSTD(1)),
    `gap_ns` UInt64 COMMENT 'Time that only `gap` and `reset` rows cover.' CODEC(T64, ZSTD(1)),
    `rows_count` UInt64 COMMENT 'Raw rows behind the row.' CODEC(T64, ZSTD(1)),
    `rx_packets` UInt64 COMMENT 'Packets received, as the interface counts them (GSO counts once).' CODEC(T64, ZSTD(1)),
    `tx_packets` UInt64 COMMENT 'Packets sent, as the interface counts them (GSO counts once).' CODEC(T64, ZSTD(1)),
    `rx_bytes` UInt64 COMMENT 'Bytes received.' CODEC(T64, ZSTD(1)),
    `tx_bytes` UInt64 COMMENT 'Bytes sent.' CODEC(T64, ZSTD(1)),
    `rx_errors_packets` UInt64 COMMENT 'Receive errors of all kinds.' CODEC(T64, ZSTD(1)),
    `tx_errors_packets` UInt64 COMMENT 'Send errors of all kinds.' CODEC(T64, ZSTD(1)),
    `rx_dropped_packets` UInt64 COMMENT 'Received and not handed on; includes frames of unhandled types.' CODEC(T64, ZSTD(1)),
    `tx_dropped_packets` UInt64 COMMENT 'Dropped by the device on the way out.' CODEC(T64, ZSTD(1)),
    `rx_missed_packets` UInt64 COMMENT 'Missed by the device for want of buffers.' CODEC(T64, ZSTD(1)),
    `rx_nohandler_packets` UInt64 COMMENT 'Dropped for an inactive device.' CODEC(T64, ZSTD(1)),
    `multicast_packets` UInt64 COMMENT 'Multicast packets received.' CODEC(T64, ZSTD(1)),
    `qdisc_packets` UInt64 COMMENT 'Packets that left the root queue.' CODEC(T64, ZSTD(1)),
    `qdisc_bytes` UInt64 COMMENT 'Bytes that left the root queue.' CODEC(T64, ZSTD(1)),
    `qdisc_dropped_packets` UInt64 COMMENT 'Packets that the root queue dropped.' CODEC(T64, ZSTD(1)),
    `qdisc_overlimits_count` UInt64 COMMENT 'Times that the root queue held a packet back.' CODEC(T64, ZSTD(1)),
    `qdisc_requeues_count` UInt64 COMMENT 'Packets that the device gave back to the root queue.' CODEC(T64, ZSTD(1)),
    `rx_bytes_per_second_max` Float64 COMMENT 'Highest clean reading\'s receive rate.' CODEC(ZSTD(1)),
    `tx_bytes_per_second_max` Float64 COMMENT 'Highest clean reading\'s send rate.' CODEC(ZSTD(1)),
    `qdisc_backlog_bytes_max` UInt64 COMMENT 'Longest backlog seen at a reading.' CODEC(T64, ZSTD(1)),
    `vanished` Bool COMMENT 'An earlier fill of the window had the row and the newest has not.'
)
ENGINE = ReplacingMergeTree(revision)
PARTITION BY toDate(time)
ORDER BY (toStartOfHour(time), vif_id, time, host)
TTL toDateTime(time) + INTERVAL 90 DAY
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1;

-- One VIF over one hour, filled from `counters_5m` when the window has closed.
-- Sorted by (toDate(time), vif_id, time, host): windows of one VIF lie together; of all revisions of a row one remains.
CREATE TABLE {database}.counters_1h_revisions
(
    `time` DateTime64(9, 'UTC') COMMENT 'Start of the interval, or the instant; for flows the end of the interval.' CODEC(DoubleDelta, ZSTD(1)),
    `host` LowCardinality(String) COMMENT 'Name of the host that the row is about.',
    `vif_id` UInt64 COMMENT 'The VIF, for the life of its kernel device; 0 where a row is about none.' CODEC(ZSTD(1)),
    `revision` UInt64 COMMENT 'How many hand-overs had touched the window when it was filled; of a coarser tier the sum of the finer\'s.' CODEC(ZSTD(1)),
    `covered_ns` UInt64 COMMENT 'Time that clean readings cover.' CODEC(T64, ZSTD(1)),
    `gap_ns` UInt64 COMMENT 'Time that only `gap` and `reset` rows cover.' CODEC(T64, ZSTD(1)),
    `rows_count` UInt64 COMMENT 'Raw rows behind the row.' CODEC(T64, ZSTD(1)),
    `rx_packets` UInt64 COMMENT 'Packets received, as the interface counts them (GSO counts once).' CODEC(T64, ZSTD(1)),
    `tx_packets` UInt64 COMMENT 'Packets sent, as the interface counts them (GSO counts once).' CODEC(T64, ZSTD(1)),
    `rx_bytes` UInt64 COMMENT 'Bytes received.' CODEC(T64, ZSTD(1)),
    `tx_bytes` UInt64 COMMENT 'Bytes sent.' CODEC(T64, ZSTD(1)),
    `rx_errors_packets` UInt64 COMMENT 'Receive errors of all kinds.' CODEC(T64, ZSTD(1)),
    `tx_errors_packets` UInt64 COMMENT 'Send errors of all kinds.' CODEC(T64, ZSTD(1)),
    `rx_dropped_packets` UInt64 COMMENT 'Received and not handed on; includes frames of unhandled types.' CODEC(T64, ZSTD(1)),
    `tx_dropped_packets` UInt64 COMMENT 'Dropped by the device on the way out.' CODEC(T64, ZSTD(1)),
    `rx_missed_packets` UInt64 COMMENT 'Missed by the device for want of buffers.' CODEC(T64, ZSTD(1)),
    `rx_nohandler_packets` UInt64 COMMENT 'Dropped for an inactive device.' CODEC(T64, ZSTD(1)),
    `multicast_packets` UInt64 COMMENT 'Multicast packets received.' CODEC(T64, ZSTD(1)),
    `qdisc_packets` UInt64 COMMENT 'Packets that left the root queue.' CODEC(T64, ZSTD(1)),
    `qdisc_bytes` UInt64 COMMENT 'Bytes that left the root queue.' CODEC(T64, ZSTD(1)),
    `qdisc_dropped_packets` UInt64 COMMENT 'Packets that the root queue dropped.' CODEC(T64, ZSTD(1)),
    `qdisc_overlimits_count` UInt64 COMMENT 'Times that the root queue held a packet back.' CODEC(T64, ZSTD(1)),
    `qdisc_requeues_count` UInt64 COMMENT 'Packets that the device gave back to the root queue.' CODEC(T64, ZSTD(1)),
    `rx_bytes_per_second_max` Float64 COMMENT 'Highest clean reading\'s receive rate.' CODEC(ZSTD(1)),
    `tx_bytes_per_second_max` Float64 COMMENT 'Highest clean reading\'s send rate.' CODEC(ZSTD(1)),
    `qdisc_backlog_bytes_max` UInt64 COMMENT 'Longest backlog seen at a reading.' CODEC(T64, ZSTD(1)),
    `vanished` Bool COMMENT 'An earlier fill of the window had the row and the newest has not.'
)
ENGINE = ReplacingMergeTree(revision)
PARTITION BY toYYYYMM(time)
ORDER BY (toDate(time), vif_id, time, host)
TTL toDateTime(time) + INTERVAL 400 DAY
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1;

-- One VIF over one day, filled from `counters_1h` when the window has closed.
-- Sorted by (toStartOfMonth(time), vif_id, time, host): windows of one VIF lie together; of all revisions of a row one remains.
CREATE TABLE {database}.counters_1d_revisions
(
    `time` DateTime64(9, 'UTC') COMMENT 'Start of the interval, or the instant; for flows the end of the interval.' CODEC(DoubleDelta, ZSTD(1)),
    `host` LowCardinality(String) COMMENT 'Name of the host that the row is about.',
    `vif_id` UInt64 COMMENT 'The VIF, for the life of its kernel device; 0 where a row is about none.' CODEC(ZSTD(1)),
    `revision` UInt64 COMMENT 'How many hand-overs had touched the window when it was filled; of a coarser tier the sum of the finer\'s.' CODEC(ZSTD(1)),
    `covered_ns` UInt64 COMMENT 'Time that clean readings cover.' CODEC(T64, ZSTD(1)),
    `gap_ns` UInt64 COMMENT 'Time that only `gap` and `reset` rows cover.' CODEC(T64, ZSTD(1)),
    `rows_count` UInt64 COMMENT 'Raw rows behind the row.' CODEC(T64, ZSTD(1)),
    `rx_packets` UInt64 COMMENT 'Packets received, as the interface counts them (GSO counts once).' CODEC(T64, ZSTD(1)),
    `tx_packets` UInt64 COMMENT 'Packets sent, as the interface counts them (GSO counts once).' CODEC(T64, ZSTD(1)),
    `rx_bytes` UInt64 COMMENT 'Bytes received.' CODEC(T64, ZSTD(1)),
    `tx_bytes` UInt64 COMMENT 'Bytes sent.' CODEC(T64, ZSTD(1)),
    `rx_errors_packets` UInt64 COMMENT 'Receive errors of all kinds.' CODEC(T64, ZSTD(1)),
    `tx_errors_packets` UInt64 COMMENT 'Send errors of all kinds.' CODEC(T64, ZSTD(1)),
    `rx_dropped_packets` UInt64 COMMENT 'Received and not handed on; includes frames of unhandled types.' CODEC(T64, ZSTD(1)),
    `tx_dropped_packets` UInt64 COMMENT 'Dropped by the device on the way out.' CODEC(T64, ZSTD(1)),
    `rx_missed_packets` UInt64 COMMENT 'Missed by the device for want of buffers.' CODEC(T64, ZSTD(1)),
    `rx_nohandler_packets` UInt64 COMMENT 'Dropped for an inactive device.' CODEC(T64, ZSTD(1)),
    `multicast_packets` UInt64 COMMENT 'Multicast packets received.' CODEC(T64, ZSTD(1)),
    `qdisc_packets` UInt64 COMMENT 'Packets that left the root queue.' CODEC(T64, ZSTD(1)),
    `qdisc_bytes` UInt64 COMMENT 'Bytes that left the root queue.' CODEC(T64, ZSTD(1)),
    `qdisc_dropped_packets` UInt64 COMMENT 'Packets that the root queue dropped.' CODEC(T64, ZSTD(1)),
    `qdisc_overlimits_count` UInt64 COMMENT 'Times that the root queue held a packet back.' CODEC(T64, ZSTD(1)),
    `qdisc_requeues_count` UInt64 COMMENT 'Packets that the device gave back to the root queue.' CODEC(T64, ZSTD(1)),
    `rx_bytes_per_second_max` Float64 COMMENT 'Highest clean reading\'s receive rate.' CODEC(ZSTD(1)),
    `tx_bytes_per_second_max` Float64 COMMENT 'Highest clean reading\'s send rate.' CODEC(ZSTD(1)),
    `qdisc_backlog_bytes_max` UInt64 COMMENT 'Longest backlog seen at a reading.' CODEC(T64, ZSTD(1)),
    `vanished` Bool COMMENT 'An earlier fill of the window had the row and the newest has not.'
)
ENGINE = ReplacingMergeTree(revision)
PARTITION BY toYYYYMM(time)
ORDER BY (toStartOfMonth(time), vif_id, time, host)
TTL toDateTime(time) + INTERVAL 1825 DAY
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1;

-- Flows of one VIF over one minute, filled from `flows` when the window has closed; a longer flow is spread over its minutes.
-- Sorted by (toStartOfHour(time), vif_id, time, host, end_minute_time, protocol, service_port, peer_network, sampling_origin, flow_direction, source_kind, exporter_address): windows of one VIF lie together; of all revisions of a row one remains.
CREATE TABLE {database}.flows_1m_revisions
(
    `time` DateTime64(9, 'UTC') COMMENT 'Start of the interval, or the instant; for flows the end of the interval.' CODEC(DoubleDelta, ZSTD(1)),
    `end_minute_time` DateTime64(9, 'UTC') COMMENT 'Start of the minute in which the flows behind the row ended.' CODEC(DoubleDelta, ZSTD(1)),
    `host` LowCardinality(String) COMMENT 'Name of the host that the row is about.',
    `vif_id` UInt64 COMMENT 'The VIF, for the life of its kernel device; 0 where a row is about none.' CODEC(ZSTD(1)),
    `revision` UInt64 COMMENT 'How many hand-overs had touched the window when it was filled; of a coarser tier the sum of the finer\'s.' CODEC(ZSTD(1)),
    `protocol` UInt8 COMMENT 'IP protocol number.',
    `service_port` UInt16 COMMENT 'The lower of the two ports, which is the service\'s wherever clients take high ones; 0 without ports.',
    `peer_network` IPv6 COMMENT 'Network of whom the VIF\'s workload talked to, /24 of IPv4 and /48 of IPv6: of the destination at ingress, of the source at egress; where the direction is not told, of the end that has the service port.' CODEC(ZSTD(1)),
    `sampling_origin` LowCardinality(String) COMMENT 'Where the rate came from; rows of `unknown` are left out of volumes.',
    `flow_direction` LowCardinality(String) COMMENT '`ingress` or `egress` of the VIF, as `direction` tells; empty where the exporter did not say.',
    `source_kind` LowCardinality(String) COMMENT 'What told it.',
    `exporter_address` IPv6 COMMENT 'The exporter: sFlow\'s agent address, else the sender\'s.' CODEC(ZSTD(1)),
    `bytes` UInt64 COMMENT 'Bytes as exported, unscaled; of an sFlow sample the frame length that it reports.' CODEC(T64, ZSTD(1)),
    `packets` UInt64 COMMENT 'Packets as exported, unscaled; 1 for an sFlow sample.' CODEC(T64, ZSTD(1)),
    `skb_bytes` UInt64 COMMENT 'What an interface\'s counter adds for these packets: with Ethernet and VLAN headers, without frame check.' CODEC(T64, ZSTD(1)),
    `scaled_bytes` UInt64 COMMENT '`bytes` times the sampling rate, rounded for each flow; of flows of unknown rate nothing.' CODEC(T64, ZSTD(1)),
    `scaled_packets` UInt64 COMMENT '`packets` times the sampling rate, rounded for each flow; of flows of unknown rate nothing.' CODEC(T64, ZSTD(1)),
    `scaled_skb_bytes` UInt64 COMMENT '`skb_bytes` times the sampling rate, rounded for each flow; of flows of unknown rate nothing.' CODEC(T64, ZSTD(1)),
    `flows_count` UInt64 COMMENT 'Flow rows made.' CODEC(T64, ZSTD(1)),
    `vanished` Bool COMMENT 'An earlier fill of the window had the row and the newest has not.'
)
ENGINE = ReplacingMergeTree(revision)
PARTITION BY toDate(time)
PRIMARY KEY (toStartOfHour(time), vif_id, time, host, end_minute_time, protocol, service_port, peer_network, sampling_origin, flow_direction)
ORDER BY (toStartOfHour(time), vif_id, time, host, end_minute_time, protocol, service_port, peer_network, sampling_origin, flow_direction, source_kind, exporter_address)
TTL toDateTime(time) + INTERVAL 30 DAY
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1;

-- Flows of one VIF over five minutes, filled from `flows_1m` when the window has closed.
-- Sorted by (toStartOfHour(time), vif_id, time, host, protocol, service_port, peer_network, sampling_origin, flow_direction, source_kind, exporter_address): windows of one VIF lie together; of all revisions of a row one remains.
CREATE TABLE {database}.flows_5m_revisions
(
    `time` DateTime64(9, 'UTC') COMMENT 'Start of the interval, or the instant; for flows the end of the interval.' CODEC(DoubleDelta, ZSTD(1)),
    `host` LowCardinality(String) COMMENT 'Name of the host that the row is about.',
    `vif_id` UInt64 COMMENT 'The VIF, for the life of its kernel device; 0 where a row is about none.' CODEC(ZSTD(1)),
    `revision` UInt64 COMMENT 'How many hand-overs had touched the window when it was filled; of a coarser tier the sum of the finer\'s.' CODEC(ZSTD(1)),
    `protocol` UInt8 COMMENT 'IP protocol number.',
    `service_port` UInt16 COMMENT 'The lower of the two ports, which is the service\'s wherever clients take high ones; 0 without ports.',
    `peer_network` IPv6 COMMENT 'Network of whom the VIF\'s workload talked to, /24 of IPv4 and /48 of IPv6: of the destination at ingress, of the source at egress; where the direction is not told, of the end that has the service port.' CODEC(ZSTD(1)),
    `sampling_origin` LowCardinality(String) COMMENT 'Where the rate came from; rows of `unknown` are left out of volumes.',
    `flow_direction` LowCardinality(String) COMMENT '`ingress` or `egress` of the VIF, as `direction` tells; empty where the exporter did not say.',
    `source_kind` LowCardinality(String) COMMENT 'What told it.',
    `exporter_address` IPv6 COMMENT 'The exporter: sFlow\'s agent address, else the sender\'s.' CODEC(ZSTD(1)),
    `bytes` UInt64 COMMENT 'Bytes as exported, unscaled; of an sFlow sample the frame length that it reports.' CODEC(T64, ZSTD(1)),
    `packets` UInt64 COMMENT 'Packets as exported, unscaled; 1 for an sFlow sample.' CODEC(T64, ZSTD(1)),
    `skb_bytes` UInt64 COMMENT 'What an interface\'s counter adds for these packets: with Ethernet and VLAN headers, without frame check.' CODEC(T64, ZSTD(1)),
    `scaled_bytes` UInt64 COMMENT '`bytes` times the sampling rate, rounded for each flow; of flows of unknown rate nothing.' CODEC(T64, ZSTD(1)),
    `scaled_packets` UInt64 COMMENT '`packets` times the sampling rate, rounded for each flow; of flows of unknown rate nothing.' CODEC(T64, ZSTD(1)),
    `scaled_skb_bytes` UInt64 COMMENT '`skb_bytes` times the sampling rate, rounded for each flow; of flows of unknown rate nothing.' CODEC(T64, ZSTD(1)),
    `flows_count` UInt64 COMMENT 'Flow rows made.' CODEC(T64, ZSTD(1)),
    `vanished` Bool COMMENT 'An earlier fill of the window had the row and the newest has not.'
)
ENGINE = ReplacingMergeTree(revision)
PARTITION BY toDate(time)
PRIMARY KEY (toStartOfHour(time), vif_id, time, host, protocol, service_port, peer_network, sampling_origin, flow_direction)
ORDER BY (toStartOfHour(time), vif_id, time, host, protocol, service_port, peer_network, sampling_origin, flow_direction, source_kind, exporter_address)
TTL toDateTime(time) + INTERVAL 90 DAY
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1;

-- Flows of one VIF over one hour, filled from `flows_5m` when the window has closed.
-- Sorted by (toDate(time), vif_id, time, host, protocol, service_port, peer_network, sampling_origin, flow_direction, source_kind, exporter_address): windows of one VIF lie together; of all revisions of a row one remains.
CREATE TABLE {database}.flows_1h_revisions
(
    `time` DateTime64(9, 'UTC') COMMENT 'Start of the interval, or the instant; for flows the end of the interval.' CODEC(DoubleDelta, ZSTD(1)),
    `host` LowCardinality(String) COMMENT 'Name of the host that the row is about.',
    `vif_id` UInt64 COMMENT 'The VIF, for the life of its kernel device; 0 where a row is about none.' CODEC(ZSTD(1)),
    `revision` UInt64 COMMENT 'How many hand-overs had touched the window when it was filled; of a coarser tier the sum of the finer\'s.' CODEC(ZSTD(1)),
    `protocol` UInt8 COMMENT 'IP protocol number.',
    `service_port` UInt16 COMMENT 'The lower of the two ports, which is the service\'s wherever clients take high ones; 0 without ports.',
    `peer_network` IPv6 COMMENT 'Network of whom the VIF\'s workload talked to, /24 of IPv4 and /48 of IPv6: of the destination at ingress, of the source at egress; where the direction is not told, of the end that has the service port.' CODEC(ZSTD(1)),
    `sampling_origin` LowCardinality(String) COMMENT 'Where the rate came from; rows of `unknown` are left out of volumes.',
    `flow_direction` LowCardinality(String) COMMENT '`ingress` or `egress` of the VIF, as `direction` tells; empty where the exporter did not say.',
    `source_kind` LowCardinality(String) COMMENT 'What told it.',
    `exporter_address` IPv6 COMMENT 'The exporter: sFlow\'s agent address, else the sender\'s.' CODEC(ZSTD(1)),
    `bytes` UInt64 COMMENT 'Bytes as exported, unscaled; of an sFlow sample the frame length that it reports.' CODEC(T64, ZSTD(1)),
    `packets` UInt64 COMMENT 'Packets as exported, unscaled; 1 for an sFlow sample.' CODEC(T64, ZSTD(1)),
    `skb_bytes` UInt64 COMMENT 'What an interface\'s counter adds for these packets: with Ethernet and VLAN headers, without frame check.' CODEC(T64, ZSTD(1)),
    `scaled_bytes` UInt64 COMMENT '`bytes` times the sampling rate, rounded for each flow; of flows of unknown rate nothing.' CODEC(T64, ZSTD(1)),
    `scaled_packets` UInt64 COMMENT '`packets` times the sampling rate, rounded for each flow; of flows of unknown rate nothing.' CODEC(T64, ZSTD(1)),
    `scaled_skb_bytes` UInt64 COMMENT '`skb_bytes` times the sampling rate, rounded for each flow; of flows of unknown rate nothing.' CODEC(T64, ZSTD(1)),
    `flows_count` UInt64 COMMENT 'Flow rows made.' CODEC(T64, ZSTD(1)),
    `vanished` Bool COMMENT 'An earlier fill of the window had the row and the newest has not.'
)
ENGINE = ReplacingMergeTree(revision)
PARTITION BY toYYYYMM(time)
PRIMARY KEY (toDate(time), vif_id, time, host, protocol, service_port, peer_network, sampling_origin, flow_direction)
ORDER BY (toDate(time), vif_id, time, host, protocol, service_port, peer_network, sampling_origin, flow_direction, source_kind, exporter_address)
TTL toDateTime(time) + INTERVAL 400 DAY
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1;

-- Flows of one VIF over one day, filled from `flows_1h` when the window has closed.
-- Sorted by (toStartOfMonth(time), vif_id, time, host, protocol, service_port, peer_network, sampling_origin, flow_direction, source_kind, exporter_address): windows of one VIF lie together; of all revisions of a row one remains.
CREATE TABLE {database}.flows_1d_revisions
(
    `time` DateTime64(9, 'UTC') COMMENT 'Start of the interval, or the instant; for flows the end of the interval.' CODEC(DoubleDelta, ZSTD(1)),
    `host` LowCardinality(String) COMMENT 'Name of the host that the row is about.',
    `vif_id` UInt64 COMMENT 'The VIF, for the life of its kernel device; 0 where a row is about none.' CODEC(ZSTD(1)),
    `revision` UInt64 COMMENT 'How many hand-overs had touched the window when it was filled; of a coarser tier the sum of the finer\'s.' CODEC(ZSTD(1)),
    `protocol` UInt8 COMMENT 'IP protocol number.',
    `service_port` UInt16 COMMENT 'The lower of the two ports, which is the service\'s wherever clients take high ones; 0 without ports.',
    `peer_network` IPv6 COMMENT 'Network of whom the VIF\'s workload talked to, /24 of IPv4 and /48 of IPv6: of the destination at ingress, of the source at egress; where the direction is not told, of the end that has the service port.' CODEC(ZSTD(1)),
    `sampling_origin` LowCardinality(String) COMMENT 'Where the rate came from; rows of `unknown` are left out of volumes.',
    `flow_direction` LowCardinality(String) COMMENT '`ingress` or `egress` of the VIF, as `direction` tells; empty where the exporter did not say.',
    `source_kind` LowCardinality(String) COMMENT 'What told it.',
    `exporter_address` IPv6 COMMENT 'The exporter: sFlow\'s agent address, else the sender\'s.' CODEC(ZSTD(1)),
    `bytes` UInt64 COMMENT 'Bytes as exported, unscaled; of an sFlow sample the frame length that it reports.' CODEC(T64, ZSTD(1)),
    `packets` UInt64 COMMENT 'Packets as exported, unscaled; 1 for an sFlow sample.' CODEC(T64, ZSTD(1)),
    `skb_bytes` UInt64 COMMENT 'What an interface\'s counter adds for these packets: with Ethernet and VLAN headers, without frame check.' CODEC(T64, ZSTD(1)),
    `scaled_bytes` UInt64 COMMENT '`bytes` times the sampling rate, rounded for each flow; of flows of unknown rate nothing.' CODEC(T64, ZSTD(1)),
    `scaled_packets` UInt64 COMMENT '`packets` times the sampling rate, rounded for each flow; of flows of unknown rate nothing.' CODEC(T64, ZSTD(1)),
    `scaled_skb_bytes` UInt64 COMMENT '`skb_bytes` times the sampling rate, rounded for each flow; of flows of unknown rate nothing.' CODEC(T64, ZSTD(1)),
    `flows_count` UInt64 COMMENT 'Flow rows made.' CODEC(T64, ZSTD(1)),
    `vanished` Bool COMMENT 'An earlier fill of the window had the row and the newest has not.'
)
ENGINE = ReplacingMergeTree(revision)
PARTITION BY toYYYYMM(time)
PRIMARY KEY (toStartOfMonth(time), vif_id, time, host, protocol, service_port, peer_network, sampling_origin, flow_direction)
ORDER BY (toStartOfMonth(time), vif_id, time, host, protocol, service_port, peer_network, sampling_origin, flow_direction, source_kind, exporter_address)
TTL toDateTime(time) + INTERVAL 1825 DAY
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1;

-- One bucket of the histogram of a pair of VIFs over one minute, filled from `latency` when the window has closed.
-- Sorted by (toStartOfHour(time), vif_id, time, host, out_vif_id, bucket_from_ns, bucket_to_ns): windows of one VIF lie together; of all revisions of a row one remains.
CREATE TABLE {database}.latency_1m_revisions
(
    `time` DateTime64(9, 'UTC') COMMENT 'Start of the interval, or the instant; for flows the end of the interval.' CODEC(DoubleDelta, ZSTD(1)),
    `host` LowCardinality(String) COMMENT 'Name of the host that the row is about.',
    `vif_id` UInt64 COMMENT 'The VIF, for the life of its kernel device; 0 where a row is about none.' CODEC(ZSTD(1)),
    `revision` UInt64 COMMENT 'How many hand-overs had touched the window when it was filled; of a coarser tier the sum of the finer\'s.' CODEC(ZSTD(1)),
    `out_vif_id` UInt64 COMMENT 'VIF that the packets left by; 0 where it is none that is known, and in the row about all samples.' CODEC(ZSTD(1)),
    `bucket_from_ns` UInt64 COMMENT 'Least transit time of the bucket; the same buckets everywhere, each at most 2.8 % wide.' CODEC(T64, ZSTD(1)),
    `bucket_to_ns` UInt64 COMMENT 'Transit time from which on the next bucket has it.' CODEC(T64, ZSTD(1)),
    `covered_ns` UInt64 COMMENT 'Time that clean readings cover.' CODEC(T64, ZSTD(1)),
    `sampled_packets` UInt64 COMMENT 'Sampled packets whose transit time is in the bucket.' CODEC(T64, ZSTD(1)),
    `expired_packets` UInt64 COMMENT 'Of the row about all samples: were on their way when their window closed, or left later than is told.' CODEC(T64, ZSTD(1)),
    `changed_packets` UInt64 COMMENT 'Of the row about all samples: what left was not what came in, so that no time is told.' CODEC(T64, ZSTD(1)),
    `unplaced_packets` UInt64 COMMENT 'Of the row about all samples: found no room in the probe, or in the agent.' CODEC(T64, ZSTD(1)),
    `vanished` Bool COMMENT 'An earlier fill of the window had the row and the newest has not.'
)
ENGINE = ReplacingMergeTree(revision)
PARTITION BY toDate(time)
ORDER BY (toStartOfHour(time), vif_id, time, host, out_vif_id, bucket_from_ns, bucket_to_ns)
TTL toDateTime(time) + INTERVAL 30 DAY
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1;

-- One bucket of the histogram of a pair of VIFs over five minutes, filled from `latency_1m` when the window has closed.
-- Sorted by (toStartOfHour(time), vif_id, time, host, out_vif_id, bucket_from_ns, bucket_to_ns): windows of one VIF lie together; of all revisions of a row one remains.
CREATE TABLE {database}.latency_5m_revisions
(
    `time` DateTime64(9, 'UTC') COMMENT 'Start of the interval, or the instant; for flows the end of the interval.' CODEC(DoubleDelta, ZSTD(1)),
    `host` LowCardinality(String) COMMENT 'Name of the host that the row is about.',
    `vif_id` UInt64 COMMENT 'The VIF, for the life of its kernel device; 0 where a row is about none.' CODEC(ZSTD(1)),
    `revision` UInt64 COMMENT 'How many hand-overs had touched the window when it was filled; of a coarser tier the sum of the finer\'s.' CODEC(ZSTD(1)),
    `out_vif_id` UInt64 COMMENT 'VIF that the packets left by; 0 where it is none that is known, and in the row about all samples.' CODEC(ZSTD(1)),
    `bucket_from_ns` UInt64 COMMENT 'Least transit time of the bucket; the same buckets everywhere, each at most 2.8 % wide.' CODEC(T64, ZSTD(1)),
    `bucket_to_ns` UInt64 COMMENT 'Transit time from which on the next bucket has it.' CODEC(T64, ZSTD(1)),
    `covered_ns` UInt64 COMMENT 'Time that clean readings cover.' CODEC(T64, ZSTD(1)),
    `sampled_packets` UInt64 COMMENT 'Sampled packets whose transit time is in the bucket.' CODEC(T64, ZSTD(1)),
    `expired_packets` UInt64 COMMENT 'Of the row about all samples: were on their way when their window closed, or left later than is told.' CODEC(T64, ZSTD(1)),
    `changed_packets` UInt64 COMMENT 'Of the row about all samples: what left was not what came in, so that no time is told.' CODEC(T64, ZSTD(1)),
    `unplaced_packets` UInt64 COMMENT 'Of the row about all samples: found no room in the probe, or in the agent.' CODEC(T64, ZSTD(1)),
    `vanished` Bool COMMENT 'An earlier fill of the window had the row and the newest has not.'
)
ENGINE = ReplacingMergeTree(revision)
PARTITION BY toDate(time)
ORDER BY (toStartOfHour(time), vif_id, time, host, out_vif_id, bucket_from_ns, bucket_to_ns)
TTL toDateTime(time) + INTERVAL 90 DAY
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1;

-- One bucket of the histogram of a pair of VIFs over one hour, filled from `latency_5m` when the window has closed.
-- Sorted by (toDate(time), vif_id, time, host, out_vif_id, bucket_from_ns, bucket_to_ns): windows of one VIF lie together; of all revisions of a row one remains.
CREATE TABLE {database}.latency_1h_revisions
(
    `time` DateTime64(9, 'UTC') COMMENT 'Start of the interval, or the instant; for flows the end of the interval.' CODEC(DoubleDelta, ZSTD(1)),
    `host` LowCardinality(String) COMMENT 'Name of the host that the row is about.',
    `vif_id` UInt64 COMMENT 'The VIF, for the life of its kernel device; 0 where a row is about none.' CODEC(ZSTD(1)),
    `revision` UInt64 COMMENT 'How many hand-overs had touched the window when it was filled; of a coarser tier the sum of the finer\'s.' CODEC(ZSTD(1)),
    `out_vif_id` UInt64 COMMENT 'VIF that the packets left by; 0 where it is none that is known, and in the row about all samples.' CODEC(ZSTD(1)),
    `bucket_from_ns` UInt64 COMMENT 'Least transit time of the bucket; the same buckets everywhere, each at most 2.8 % wide.' CODEC(T64, ZSTD(1)),
    `bucket_to_ns` UInt64 COMMENT 'Transit time from which on the next bucket has it.' CODEC(T64, ZSTD(1)),
    `covered_ns` UInt64 COMMENT 'Time that clean readings cover.' CODEC(T64, ZSTD(1)),
    `sampled_packets` UInt64 COMMENT 'Sampled packets whose transit time is in the bucket.' CODEC(T64, ZSTD(1)),
    `expired_packets` UInt64 COMMENT 'Of the row about all samples: were on their way when their window closed, or left later than is told.' CODEC(T64, ZSTD(1)),
    `changed_packets` UInt64 COMMENT 'Of the row about all samples: what left was not what came in, so that no time is told.' CODEC(T64, ZSTD(1)),
    `unplaced_packets` UInt64 COMMENT 'Of the row about all samples: found no room in the probe, or in the agent.' CODEC(T64, ZSTD(1)),
    `vanished` Bool COMMENT 'An earlier fill of the window had the row and the newest has not.'
)
ENGINE = ReplacingMergeTree(revision)
PARTITION BY toYYYYMM(time)
ORDER BY (toDate(time), vif_id, time, host, out_vif_id, bucket_from_ns, bucket_to_ns)
TTL toDateTime(time) + INTERVAL 400 DAY
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1;

-- One bucket of the histogram of a pair of VIFs over one day, filled from `latency_1h` when the window has closed.
-- Sorted by (toStartOfMonth(time), vif_id, time, host, out_vif_id, bucket_from_ns, bucket_to_ns): windows of one VIF lie together; of all revisions of a row one remains.
CREATE TABLE {database}.latency_1d_revisions
(
    `time` DateTime64(9, 'UTC') COMMENT 'Start of the interval, or the instant; for flows the end of the interval.' CODEC(DoubleDelta, ZSTD(1)),
    `host` LowCardinality(String) COMMENT 'Name of the host that the row is about.',
    `vif_id` UInt64 COMMENT 'The VIF, for the life of its kernel device; 0 where a row is about none.' CODEC(ZSTD(1)),
    `revision` UInt64 COMMENT 'How many hand-overs had touched the window when it was filled; of a coarser tier the sum of the finer\'s.' CODEC(ZSTD(1)),
    `out_vif_id` UInt64 COMMENT 'VIF that the packets left by; 0 where it is none that is known, and in the row about all samples.' CODEC(ZSTD(1)),
    `bucket_from_ns` UInt64 COMMENT 'Least transit time of the bucket; the same buckets everywhere, each at most 2.8 % wide.' CODEC(T64, ZSTD(1)),
    `bucket_to_ns` UInt64 COMMENT 'Transit time from which on the next bucket has it.' CODEC(T64, ZSTD(1)),
    `covered_ns` UInt64 COMMENT 'Time that clean readings cover.' CODEC(T64, ZSTD(1)),
    `sampled_packets` UInt64 COMMENT 'Sampled packets whose transit time is in the bucket.' CODEC(T64, ZSTD(1)),
    `expired_packets` UInt64 COMMENT 'Of the row about all samples: were on their way when their window closed, or left later than is told.' CODEC(T64, ZSTD(1)),
    `changed_packets` UInt64 COMMENT 'Of the row about all samples: what left was not what came in, so that no time is told.' CODEC(T64, ZSTD(1)),
    `unplaced_packets` UInt64 COMMENT 'Of the row about all samples: found no room in the probe, or in the agent.' CODEC(T64, ZSTD(1)),
    `vanished` Bool COMMENT 'An earlier fill of the window had the row and the newest has not.'
)
ENGINE = ReplacingMergeTree(revision)
PARTITION BY toYYYYMM(time)
ORDER BY (toStartOfMonth(time), vif_id, time, host, out_vif_id, bucket_from_ns, bucket_to_ns)
TTL toDateTime(time) + INTERVAL 1825 DAY
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1;

-- One SLI figure of one scope over one window.
-- Sorted by (sli, part, scope, window_seconds, toStartOfHour(time), scope_key, time): a panel asks for one figure of one scope over a time range.
CREATE TABLE {database}.sli_revisions
(
    `time` DateTime64(9, 'UTC') COMMENT 'Start of the interval, or the instant; for flows the end of the interval.' CODEC(DoubleDelta, ZSTD(1)),
    `host` LowCardinality(String) COMMENT 'Name of the host that the row is about.',
    `window_seconds` UInt32 COMMENT 'Length of the window.',
    `sli` LowCardinality(String) COMMENT 'Id in the catalogue, `M1` and so on.',
    `part` LowCardinality(String) COMMENT 'Which figure of the SLI.',
    `scope` LowCardinality(String) COMMENT '`vif`, `service`, `tenant`, `owner`, `host`, `uplink` or `fleet`.',
    `scope_key` String COMMENT 'Which one; for `vif` its 16 hex digits.' CODEC(ZSTD(1)),
    `numerator` Nullable(Float64) COMMENT 'Sum of bad or measured units.' CODEC(ZSTD(1)),
    `denominator` Nullable(Float64) COMMENT 'Sum of units that it is compared with.' CODEC(ZSTD(1)),
    `value` Nullable(Float64) COMMENT 'The figure; null where it is not known, and `reason` says why.' CODEC(ZSTD(1)),
    `value_lower` Nullable(Float64) COMMENT 'Lower bound of the value; equal to it where nothing was sampled.' CODEC(ZSTD(1)),
    `value_upper` Nullable(Float64) COMMENT 'Upper bound of the value; equal to it where nothing was sampled.' CODEC(ZSTD(1)),
    `completeness_ratio` Float64 COMMENT 'Share of the expected data that arrived, 0 to 1.' CODEC(ZSTD(1)),
    `samples_count` UInt64 COMMENT 'Exported packets behind the numerator, before scaling; 0 where nothing was sampled.' CODEC(T64, ZSTD(1)),
    `reason` LowCardinality(String) COMMENT 'Why `value` is null, or why packets were dropped; empty where nothing is to be said.',
    `definition_version` UInt32 COMMENT 'Version of the SLI\'s definition.',
    `data_revision` UInt64 COMMENT 'How many hand-overs touched the window when it was computed.' CODEC(ZSTD(1)),
    `computed_time` DateTime64(9, 'UTC') COMMENT 'When it was computed.' CODEC(DoubleDelta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(computed_time)
PARTITION BY (window_seconds, toDate(time))
ORDER BY (sli, part, scope, window_seconds, toStartOfHour(time), scope_key, time)
TTL toDateTime(time) + INTERVAL 3 DAY DELETE WHERE window_seconds = 10, toDateTime(time) + INTERVAL 30 DAY DELETE WHERE window_seconds = 60
SETTINGS index_granularity = 8192;

-- The newest revision of each window of one minute.
CREATE VIEW {database}.counters_1m AS
SELECT
    time,
    host,
    vif_id,
    revision,
    covered_ns,
    gap_ns,
    rows_count,
    rx_packets,
    tx_packets,
    rx_bytes,
    tx_bytes,
    rx_errors_packets,
    tx_errors_packets,
    rx_dropped_packets,
    tx_dropped_packets,
    rx_missed_packets,
    rx_nohandler_packets,
    multicast_packets,
    qdisc_packets,
    qdisc_bytes,
    qdisc_dropped_packets,
    qdisc_overlimits_count,
    qdisc_requeues_count,
    rx_bytes_per_second_max,
    tx_bytes_per_second_max,
    qdisc_backlog_bytes_max
FROM {database}.counters_1m_revisions AS revisions FINAL
WHERE NOT vanished
SETTINGS do_not_merge_across_partitions_select_final = 1;

-- The newest revision of each window of five minutes.
CREATE VIEW {database}.counters_5m AS
SELECT
    time,
    host,
    vif_id,
    revision,
    covered_ns,
    gap_ns,
    rows_count,
    rx_packets,
    tx_packets,
    rx_bytes,
    tx_bytes,
    rx_errors_packets,
    tx_errors_packets,
    rx_dropped_packets,
    tx_dropped_packets,
    rx_missed_packets,
    rx_nohandler_packets,
    multicast_packets,
    qdisc_packets,
    qdisc_bytes,
    qdisc_dropped_packets,
    qdisc_overlimits_count,
    qdisc_requeues_count,
    rx_bytes_per_second_max,
    tx_bytes_per_second_max,
    qdisc_backlog_bytes_max
FROM {database}.counters_5m_revisions AS revisions FINAL
WHERE NOT vanished
SETTINGS do_not_merge_across_partitions_select_final = 1;

-- The newest revision of each window of one hour.
CREATE VIEW {database}.counters_1h AS
SELECT
    time,
    host,
    vif_id,
    revision,
    covered_ns,
    gap_ns,
    rows_count,
    rx_packets,
    tx_packets,
    rx_bytes,
    tx_bytes,
    rx_errors_packets,
    tx_errors_packets,
    rx_dropped_packets,
    tx_dropped_packets,
    rx_missed_packets,
    rx_nohandler_packets,
    multicast_packets,
    qdisc_packets,
    qdisc_bytes,
    qdisc_dropped_packets,
    qdisc_overlimits_count,
    qdisc_requeues_count,
    rx_bytes_per_second_max,
    tx_bytes_per_second_max,
    qdisc_backlog_bytes_max
FROM {database}.counters_1h_revisions AS revisions FINAL
WHERE NOT vanished
SETTINGS do_not_merge_across_partitions_select_final = 1;

-- The newest revision of each window of one day.
CREATE VIEW {database}.counters_1d AS
SELECT
    time,
    host,
    vif_id,
    revision,
    covered_ns,
    gap_ns,
    rows_count,
    rx_packets,
    tx_packets,
    rx_bytes,
    tx_bytes,
    rx_errors_packets,
    tx_errors_packets,
    rx_dropped_packets,
    tx_dropped_packets,
    rx_missed_packets,
    rx_nohandler_packets,
    multicast_packets,
    qdisc_packets,
    qdisc_bytes,
    qdisc_dropped_packets,
    qdisc_overlimits_count,
    qdisc_requeues_count,
    rx_bytes_per_second_max,
    tx_bytes_per_second_max,
    qdisc_backlog_bytes_max
FROM {database}.counters_1d_revisions AS revisions FINAL
WHERE NOT vanished
SETTINGS do_not_merge_across_partitions_select_final = 1;

-- What flows left in each minute, of the newest revision of each minute in which they ended.
-- Where several exporters watch a VIF, each of them tells of the same packets: their rows are alternatives, not parts.
CREATE VIEW {database}.flows_1m AS
SELECT
    time,
    host,
    vif_id,
    protocol,
    service_port,
    peer_network,
    sampling_origin,
    flow_direction,
    source_kind,
    exporter_address,
    sum(revisions.bytes) AS bytes,
    sum(revisions.packets) AS packets,
    sum(revisions.skb_bytes) AS skb_bytes,
    sum(revisions.scaled_bytes) AS scaled_bytes,
    sum(revisions.scaled_packets) AS scaled_packets,
    sum(revisions.scaled_skb_bytes) AS scaled_skb_bytes,
    sum(revisions.flows_count) AS flows_count
FROM {database}.flows_1m_revisions AS revisions FINAL
WHERE NOT vanished
GROUP BY time, host, vif_id, protocol, service_port, peer_network, sampling_origin, flow_direction, source_kind, exporter_address
SETTINGS do_not_merge_across_partitions_select_final = 1;

-- The newest revision of each window of five minutes.
-- Where several exporters watch a VIF, each of them tells of the same packets: their rows are alternatives, not parts.
CREATE VIEW {database}.flows_5m AS
SELECT
    time,
    host,
    vif_id,
    protocol,
    service_port,
    peer_network,
    sampling_origin,
    flow_direction,
    source_kind,
    exporter_address,
    revision,
    bytes,
    packets,
    skb_bytes,
    scaled_bytes,
    scaled_packets,
    scaled_skb_bytes,
    flows_count
FROM {database}.flows_5m_revisions AS revisions FINAL
WHERE NOT vanished
SETTINGS do_not_merge_across_partitions_select_final = 1;

-- The newest revision of each window of one hour.
-- Where several exporters watch a VIF, each of them tells of the same packets: their rows are alternatives, not parts.
CREATE VIEW {database}.flows_1h AS
SELECT
    time,
    host,
    vif_id,
    protocol,
    service_port,
    peer_network,
    sampling_origin,
    flow_direction,
    source_kind,
    exporter_address,
    revision,
    bytes,
    packets,
    skb_bytes,
    scaled_bytes,
    scaled_packets,
    scaled_skb_bytes,
    flows_count
FROM {database}.flows_1h_revisions AS revisions FINAL
WHERE NOT vanished
SETTINGS do_not_merge_across_partitions_select_final = 1;

-- The newest revision of each window of one day.
-- Where several exporters watch a VIF, each of them tells of the same packets: their rows are alternatives, not parts.
CREATE VIEW {database}.flows_1d AS
SELECT
    time,
    host,
    vif_id,
    protocol,
    service_port,
    peer_network,
    sampling_origin,
    flow_direction,
    source_kind,
    exporter_address,
    revision,
    bytes,
    packets,
    skb_bytes,
    scaled_bytes,
    scaled_packets,
    scaled_skb_bytes,
    flows_count
FROM {database}.flows_1d_revisions AS revisions FINAL
WHERE NOT vanished
SETTINGS do_not_merge_across_partitions_select_final = 1;

-- The newest revision of each window of one minute.
CREATE VIEW {database}.latency_1m AS
SELECT
    time,
    host,
    vif_id,
    out_vif_id,
    bucket_from_ns,
    bucket_to_ns,
    revision,
    covered_ns,
    sampled_packets,
    expired_packets,
    changed_packets,
    unplaced_packets
FROM {database}.latency_1m_revisions AS revisions FINAL
WHERE NOT vanished
SETTINGS do_not_merge_across_partitions_select_final = 1;

-- The newest revision of each window of five minutes.
CREATE VIEW {database}.latency_5m AS
SELECT
    time,
    host,
    vif_id,
    out_vif_id,
    bucket_from_ns,
    bucket_to_ns,
    revision,
    covered_ns,
    sampled_packets,
    expired_packets,
    changed_packets,
    unplaced_packets
FROM {database}.latency_5m_revisions AS revisions FINAL
WHERE NOT vanished
SETTINGS do_not_merge_across_partitions_select_final = 1;

-- The newest revision of each window of one hour.
CREATE VIEW {database}.latency_1h AS
SELECT
    time,
    host,
    vif_id,
    out_vif_id,
    bucket_from_ns,
    bucket_to_ns,
    revision,
    covered_ns,
    sampled_packets,
    expired_packets,
    changed_packets,
    unplaced_packets
FROM {database}.latency_1h_revisions AS revisions FINAL
WHERE NOT vanished
SETTINGS do_not_merge_across_partitions_select_final = 1;

-- The newest revision of each window of one day.
CREATE VIEW {database}.latency_1d AS
SELECT
    time,
    host,
    vif_id,
    out_vif_id,
    bucket_from_ns,
    bucket_to_ns,
    revision,
    covered_ns,
    sampled_packets,
    expired_packets,
    changed_packets,
    unplaced_packets
FROM {database}.latency_1d_revisions AS revisions FINAL
WHERE NOT vanished
SETTINGS do_not_merge_across_partitions_select_final = 1;

-- From when on `counters` and its tiers are kept, and up to which instant windows of each tier are filled; one row,
-- in nanoseconds since the epoch.
CREATE VIEW {database}.counters_filled AS
SELECT
    raw_kept_from_ns,
    kept_from_1m_ns,
    filled_1m_ns,
    kept_from_5m_ns,
    filled_5m_ns,
    kept_from_1h_ns,
    filled_1h_ns,
    kept_from_1d_ns,
    filled_1d_ns
FROM
(SELECT *, least((SELECT if(count() = 0, 53375, min(computed.window_number)) FROM (SELECT host, window_number, sum(revision) AS revision FROM (SELECT host, time, toInt64(intDiv(toUnixTimestamp64Nano(time), 86400000000000)) AS window_number, max(revision) AS revision FROM {database}.counters_1h_revisions WHERE vif_id = 18446744073709551615 AND time >= fromUnixTimestamp64Nano(intDiv(intDiv(toUnixTimestamp64Nano(now64(9)) - 14400000000000, 3600000000000) * 3600000000000, 86400000000000) * 86400000000000 + (0), 'UTC') AND time < fromUnixTimestamp64Nano(intDiv(toUnixTimestamp64Nano(now64(9)) + 60000000000, 86400000000000) * 86400000000000 + (86400000000000), 'UTC') GROUP BY host, time) GROUP BY host, window_number) AS computed LEFT JOIN (SELECT host, toInt64(intDiv(toUnixTimestamp64Nano(time), 86400000000000)) AS window_number, max(revision) AS revision FROM {database}.counters_1d_revisions WHERE vif_id = 18446744073709551615 AND time >= fromUnixTimestamp64Nano(intDiv(intDiv(toUnixTimestamp64Nano(now64(9)) - 14400000000000, 3600000000000) * 3600000000000, 86400000000000) * 86400000000000 + (0), 'UTC') AND time < fromUnixTimestamp64Nano(intDiv(toUnixTimestamp64Nano(now64(9)) + 60000000000, 86400000000000) * 86400000000000 + (86400000000000), 'UTC') GROUP BY host, window_number) AS stored ON computed.host = stored.host AND computed.window_number = stored.window_number WHERE computed.revision > stored.revision), intDiv(filled_1h_ns, 86400000000000)) * 86400000000000 AS filled_1d_ns FROM (SELECT *, least((SELECT if(count() = 0, 1281023, min(computed.window_number)) FROM (SELECT host, window_number, sum(revision) AS revision FROM (SELECT host, time, toInt64(intDiv(toUnixTimestamp64Nano(time), 3600000000000)) AS window_number, max(revision) AS revision FROM {database}.counters_5m_revisions WHERE vif_id = 18446744073709551615 AND time >= fromUnixTimestamp64Nano(intDiv(intDiv(toUnixTimestamp64Nano(now64(9)) - 14400000000000, 3600000000000) * 3600000000000, 3600000000000) * 3600000000000 + (0), 'UTC') AND time < fromUnixTimestamp64Nano(intDiv(toUnixTimestamp64Nano(now64(9)) + 60000000000, 3600000000000) * 3600000000000 + (3600000000000), 'UTC') GROUP BY host, time) GROUP BY host, window_number) AS computed LEFT JOIN (SELECT host, toInt64(intDiv(toUnixTimestamp64Nano(time), 3600000000000)) AS window_number, max(revision) AS revision FROM {database}.counters_1h_revisions WHERE vif_id = 18446744073709551615 AND time >= fromUnixTimestamp64Nano(intDiv(intDiv(toUnixTimestamp64Nano(now64(9)) - 14400000000000, 3600000000000) * 3600000000000, 3600000000000) * 3600000000000 + (0), 'UTC') AND time < fromUnixTimestamp64Nano(intDiv(toUnixTimestamp64Nano(now64(9)) + 60000000000, 3600000000000) * 3600000000000 + (3600000000000), 'UTC') GROUP BY host, window_number) AS stored ON computed.host = stored.host AND computed.window_number = stored.window_number WHERE computed.revision > stored.revision), intDiv(filled_5m_ns, 3600000000000)) * 3600000000000 AS filled_1h_ns FROM (SELECT *, least((SELECT if(count() = 0, 15372286, min(computed.window_number)) FROM (SELECT host, window_number, sum(revision) AS revision FROM (SELECT host, time, toInt64(intDiv(toUnixTimestamp64Nano(time), 300000000000)) AS window_number, max(revision) AS revision FROM {database}.counters_1m_revisions WHERE vif_id = 18446744073709551615 AND time >= fromUnixTimestamp64Nano(intDiv(intDiv(toUnixTimestamp64Nano(now64(9)) - 14400000000000, 3600000000000) * 3600000000000, 300000000000) * 300000000000 + (0), 'UTC') AND time < fromUnixTimestamp64Nano(intDiv(toUnixTimestamp64Nano(now64(9)) + 60000000000, 300000000000) * 300000000000 + (300000000000), 'UTC') GROUP BY host, time) GROUP BY host, window_number) AS computed LEFT JOIN (SELECT host, toInt64(intDiv(toUnixTimestamp64Nano(time), 300000000000)) AS window_number, max(revision) AS revision FROM {database}.counters_5m_revisions WHERE vif_id = 18446744073709551615 AND time >= fromUnixTimestamp64Nano(intDiv(intDiv(toUnixTimestamp64Nano(now64(9)) - 14400000000000, 3600000000000) * 3600000000000, 300000000000) * 300000000000 + (0), 'UTC') AND time < fromUnixTimestamp64Nano(intDiv(toUnixTimestamp64Nano(now64(9)) + 60000000000, 300000000000) * 300000000000 + (300000000000), 'UTC') GROUP BY host, window_number) AS stored ON computed.host = stored.host AND computed.window_number = stored.window_number WHERE computed.revision > stored.revision), intDiv(filled_1m_ns, 300000000000)) * 300000000000 AS filled_5m_ns FROM (SELECT *, least((SELECT if(count() = 0, 76861433, min(computed.window_number)) FROM (SELECT host, toInt64(arrayJoin(if(empty(touched_minutes), range(toUInt32(intDiv(toUnixTimestamp64Nano(first_event_time), 60000000000)), toUInt32(intDiv(toUnixTimestamp64Nano(last_event_time), 60000000000) + 1)), touched_minutes))) AS window_number, count() AS revision FROM {database}.ledger WHERE time >= fromUnixTimestamp64Nano(intDiv(intDiv(toUnixTimestamp64Nano(now64(9)) - 14400000000000, 3600000000000) * 3600000000000, 60000000000) * 60000000000 + (-21600000000000), 'UTC') AND stage = 'processor' AND startsWith(of_stream, 'counters.') AND out_rows_count > 0 AND last_event_time >= fromUnixTimestamp64Nano(intDiv(intDiv(toUnixTimestamp64Nano(now64(9)) - 14400000000000, 3600000000000) * 3600000000000, 60000000000) * 60000000000 + (-200000000), 'UTC') AND first_event_time <= fromUnixTimestamp64Nano(intDiv(toUnixTimestamp64Nano(now64(9)) + 60000000000, 60000000000) * 60000000000 + (60000000000), 'UTC') GROUP BY host, window_number HAVING window_number BETWEEN intDiv(intDiv(toUnixTimestamp64Nano(now64(9)) - 14400000000000, 3600000000000) * 3600000000000, 60000000000) AND intDiv(toUnixTimestamp64Nano(now64(9)) + 60000000000, 60000000000)) AS computed LEFT JOIN (SELECT host, toInt64(intDiv(toUnixTimestamp64Nano(time), 60000000000)) AS window_number, max(revision) AS revision FROM {database}.counters_1m_revisions WHERE vif_id = 18446744073709551615 AND time >= fromUnixTimestamp64Nano(intDiv(intDiv(toUnixTimestamp64Nano(now64(9)) - 14400000000000, 3600000000000) * 3600000000000, 60000000000) * 60000000000 + (0), 'UTC') AND time < fromUnixTimestamp64Nano(intDiv(toUnixTimestamp64Nano(now64(9)) + 60000000000, 60000000000) * 60000000000 + (60000000000), 'UTC') GROUP BY host, window_number) AS stored ON computed.host = stored.host AND computed.window_number = stored.window_number WHERE stored.revision = 0), intDiv(now_ns, 60000000000)) * 60000000000 AS filled_1m_ns FROM (
    SELECT
        toUnixTimestamp64Nano(now64(9)) AS now_ns,
        if((SELECT max(toInt64OrZero(extract(create_table_query, 'toIntervalDay\\((\\d+)\\)'))) FROM system.tables WHERE database = '{database}' AND name = 'counters') > 0, now_ns - (SELECT max(toInt64OrZero(extract(create_table_query, 'toIntervalDay\\((\\d+)\\)'))) FROM system.tables WHERE database = '{database}' AND name = 'counters') * 86400000000000 + 600000000000, 0) AS raw_kept_from_ns,
        if((SELECT max(toInt64OrZero(extract(create_table_query, 'toIntervalDay\\((\\d+)\\)'))) FROM system.tables WHERE database = '{database}' AND name = 'counters_1m_revisions') > 0, now_ns - (SELECT max(toInt64OrZero(extract(create_table_query, 'toIntervalDay\\((\\d+)\\)'))) FROM system.tables WHERE database = '{database}' AND name = 'counters_1m_revisions') * 86400000000000 + 600000000000, 0) AS kept_from_1m_ns,
        if((SELECT max(toInt64OrZero(extract(create_table_query, 'toIntervalDay\\((\\d+)\\)'))) FROM system.tables WHERE database = '{database}' AND name = 'counters_5m_revisions') > 0, now_ns - (SELECT max(toInt64OrZero(extract(create_table_query, 'toIntervalDay\\((\\d+)\\)'))) FROM system.tables WHERE database = '{database}' AND name = 'counters_5m_revisions') * 86400000000000 + 600000000000, 0) AS kept_from_5m_ns,
        if((SELECT max(toInt64OrZero(extract(create_table_query, 'toIntervalDay\\((\\d+)\\)'))) FROM system.tables WHERE database = '{database}' AND name = 'counters_1h_revisions') > 0, now_ns - (SELECT max(toInt64OrZero(extract(create_table_query, 'toIntervalDay\\((\\d+)\\)'))) FROM system.tables WHERE database = '{database}' AND name = 'counters_1h_revisions') * 86400000000000 + 600000000000, 0) AS kept_from_1h_ns,
        if((SELECT max(toInt64OrZero(extract(create_table_query, 'toIntervalDay\\((\\d+)\\)'))) FROM system.tables WHERE database = '{database}' AND name = 'counters_1d_revisions') > 0, now_ns - (SELECT max(toInt64OrZero(extract(create_table_query, 'toIntervalDay\\((\\d+)\\)'))) FROM system.tables WHERE database = '{database}' AND name = 'counters_1d_revisions') * 86400000000000 + 600000000000, 0) AS kept_from_1d_ns
)))));

-- `counters` from `from_ms` (in it) to `to_ms` (not in it), milliseconds since the epoch: rows of the coarsest tiers
-- that answer steps of `grain_seconds`, and raw rows where no tier has them yet. docs/sql.md has what they say.
CREATE VIEW {database}.counters_over AS
WITH (SELECT (toInt64(to_ns), toInt64(raw_begin_ns), toInt64(covered_begin_ns), toInt64(covered_end_ns), toInt64(filled_ns), toInt64(begin_1m_ns), toInt64(end_1m_ns), toInt64(coarser_begin_1m_ns), toInt64(coarser_end_1m_ns), toInt64(begin_5m_ns), toInt64(end_5m_ns), toInt64(coarser_begin_5m_ns), toInt64(coarser_end_5m_ns), toInt64(begin_1h_ns), toInt64(end_1h_ns), toInt64(coarser_begin_1h_ns), toInt64(coarser_end_1h_ns), toInt64(begin_1d_ns), toInt64(end_1d_ns), toInt64(coarser_begin_1d_ns), toInt64(coarser_end_1d_ns)) FROM (SELECT *, if(begin_1m_ns < end_1m_ns, least(begin_1m_ns, coarser_begin_1m_ns), coarser_begin_1m_ns) AS covered_begin_ns, if(begin_1m_ns < end_1m_ns, greatest(end_1m_ns, coarser_end_1m_ns), coarser_end_1m_ns) AS covered_end_ns, greatest(from_ns, raw_kept_from_ns) AS raw_begin_ns FROM (SELECT *, if(begin_5m_ns < end_5m_ns, least(begin_5m_ns, coarser_begin_5m_ns), coarser_begin_5m_ns) AS coarser_begin_1m_ns, if(begin_5m_ns < end_5m_ns, greatest(end_5m_ns, coarser_end_5m_ns), coarser_end_5m_ns) AS coarser_end_1m_ns FROM (SELECT *, if(begin_1h_ns < end_1h_ns, least(begin_1h_ns, coarser_begin_1h_ns), coarser_begin_1h_ns) AS coarser_begin_5m_ns, if(begin_1h_ns < end_1h_ns, greatest(end_1h_ns, coarser_end_1h_ns), coarser_end_1h_ns) AS coarser_end_5m_ns FROM (SELECT *, if(begin_1d_ns < end_1d_ns, least(begin_1d_ns, coarser_begin_1d_ns), coarser_begin_1d_ns) AS coarser_begin_1h_ns, if(begin_1d_ns < end_1d_ns, greatest(end_1d_ns, coarser_end_1d_ns), coarser_end_1d_ns) AS coarser_end_1h_ns FROM (SELECT *, 4611686018427387904 AS coarser_begin_1d_ns, 0 AS coarser_end_1d_ns FROM (SELECT *, intDiv(greatest(from_ns, kept_from_1m_ns) + 59999999999, 60000000000) * 60000000000 AS begin_1m_ns, intDiv(least(to_ns, filled_1m_ns, if(grain_ns % 60000000000 = 0, 4611686018427387904, raw_kept_from_ns)), 60000000000) * 60000000000 AS end_1m_ns, intDiv(greatest(from_ns, kept_from_5m_ns) + 299999999999, 300000000000) * 300000000000 AS begin_5m_ns, intDiv(least(to_ns, least(filled_5m_ns, filled_ns - 0), if(grain_ns % 300000000000 = 0, 4611686018427387904, kept_from_1m_ns)), 300000000000) * 300000000000 AS end_5m_ns, intDiv(greatest(from_ns, kept_from_1h_ns) + 3599999999999, 3600000000000) * 3600000000000 AS begin_1h_ns, intDiv(least(to_ns, least(filled_1h_ns, filled_ns - 0), if(grain_ns % 3600000000000 = 0, 4611686018427387904, kept_from_5m_ns)), 3600000000000) * 3600000000000 AS end_1h_ns, intDiv(greatest(from_ns, kept_from_1d_ns) + 86399999999999, 86400000000000) * 86400000000000 AS begin_1d_ns, intDiv(least(to_ns, least(filled_1d_ns, filled_ns - 0), if(grain_ns % 86400000000000 = 0, 4611686018427387904, kept_from_1h_ns)), 86400000000000) * 86400000000000 AS end_1d_ns FROM (SELECT *, {from_ms:Int64} * 1000000 AS from_ns, {to_ms:Int64} * 1000000 AS to_ns, greatest(1, {grain_seconds:Int64}) * 1000000000 AS grain_ns, filled_1m_ns AS filled_ns FROM {database}.counters_filled)))))))) AS cut
SELECT time, toUInt32(86400) AS window_seconds, host, vif_id, covered_ns, gap_ns, rows_count, rx_packets, tx_packets, rx_bytes, tx_bytes, rx_errors_packets, tx_errors_packets, rx_dropped_packets, tx_dropped_packets, rx_missed_packets, rx_nohandler_packets, multicast_packets, qdisc_packets, qdisc_bytes, qdisc_dropped_packets, qdisc_overlimits_count, qdisc_requeues_count, rx_bytes_per_second_max, tx_bytes_per_second_max, qdisc_backlog_bytes_max
FROM {database}.counters_1d
WHERE time >= fromUnixTimestamp64Nano(cut.18, 'UTC') AND time < fromUnixTimestamp64Nano(cut.19, 'UTC')
    AND NOT (time >= fromUnixTimestamp64Nano(cut.20, 'UTC') AND time < fromUnixTimestamp64Nano(cut.21, 'UTC'))
UNION ALL
WITH (SELECT (toInt64(to_ns), toInt64(raw_begin_ns), toInt64(covered_begin_ns), toInt64(covered_end_ns), toInt64(filled_ns), toInt64(begin_1m_ns), toInt64(end_1m_ns), toInt64(coarser_begin_1m_ns), toInt64(coarser_end_1m_ns), toInt64(begin_5m_ns), toInt64(end_5m_ns), toInt64(coarser_begin_5m_ns), toInt64(coarser_end_5m_ns), toInt64(begin_1h_ns), toInt64(end_1h_ns), toInt64(coarser_begin_1h_ns), toInt64(coarser_end_1h_ns), toInt64(begin_1d_ns), toInt64(end_1d_ns), toInt64(coarser_begin_1d_ns), toInt64(coarser_end_1d_ns)) FROM (SELECT *, if(begin_1m_ns < end_1m_ns, least(begin_1m_ns, coarser_begin_1m_ns), coarser_begin_1m_ns) AS covered_begin_ns, if(begin_1m_ns < end_1m_ns, greatest(end_1m_ns, coarser_end_1m_ns), coarser_end_1m_ns) AS covered_end_ns, greatest(from_ns, raw_kept_from_ns) AS raw_begin_ns FROM (SELECT *, if(begin_5m_ns < end_5m_ns, least(begin_5m_ns, coarser_begin_5m_ns), coarser_begin_5m_ns) AS coarser_begin_1m_ns, if(begin_5m_ns < end_5m_ns, greatest(end_5m_ns, coarser_end_5m_ns), coarser_end_5m_ns) AS coarser_end_1m_ns FROM (SELECT *, if(begin_1h_ns < end_1h_ns, least(begin_1h_ns, coarser_begin_1h_ns), coarser_begin_1h_ns) AS coarser_begin_5m_ns, if(begin_1h_ns < end_1h_ns, greatest(end_1h_ns, coarser_end_1h_ns), coarser_end_1h_ns) AS coarser_end_5m_ns FROM (SELECT *, if(begin_1d_ns < end_1d_ns, least(begin_1d_ns, coarser_begin_1d_ns), coarser_begin_1d_ns) AS coarser_begin_1h_ns, if(begin_1d_ns < end_1d_ns, greatest(end_1d_ns, coarser_end_1d_ns), coarser_end_1d_ns) AS coarser_end_1h_ns FROM (SELECT *, 4611686018427387904 AS coarser_begin_1d_ns, 0 AS coarser_end_1d_ns FROM (SELECT *, intDiv(greatest(from_ns, kept_from_1m_ns) + 59999999999, 60000000000) * 60000000000 AS begin_1m_ns, intDiv(least(to_ns, filled_1m_ns, if(grain_ns % 60000000000 = 0, 4611686018427387904, raw_kept_from_ns)), 60000000000) * 60000000000 AS end_1m_ns, intDiv(greatest(from_ns, kept_from_5m_ns) + 299999999999, 300000000000) * 300000000000 AS begin_5m_ns, intDiv(least(to_ns, least(filled_5m_ns, filled_ns - 0), if(grain_ns % 300000000000 = 0, 4611686018427387904, kept_from_1m_ns)), 300000000000) * 300000000000 AS end_5m_ns, intDiv(greatest(from_ns, kept_from_1h_ns) + 3599999999999, 3600000000000) * 3600000000000 AS begin_1h_ns, intDiv(least(to_ns, least(filled_1h_ns, filled_ns - 0), if(grain_ns % 3600000000000 = 0, 4611686018427387904, kept_from_5m_ns)), 3600000000000) * 3600000000000 AS end_1h_ns, intDiv(greatest(from_ns, kept_from_1d_ns) + 86399999999999, 86400000000000) * 86400000000000 AS begin_1d_ns, intDiv(least(to_ns, least(filled_1d_ns, filled_ns - 0), if(grain_ns % 86400000000000 = 0, 4611686018427387904, kept_from_1h_ns)), 86400000000000) * 86400000000000 AS end_1d_ns FROM (SELECT *, {from_ms:Int64} * 1000000 AS from_ns, {to_ms:Int64} * 1000000 AS to_ns, greatest(1, {grain_seconds:Int64}) * 1000000000 AS grain_ns, filled_1m_ns AS filled_ns FROM {database}.counters_filled)))))))) AS cut
SELECT time, toUInt32(3600) AS window_seconds, host, vif_id, covered_ns, gap_ns, rows_count, rx_packets, tx_packets, rx_bytes, tx_bytes, rx_errors_packets, tx_errors_packets, rx_dropped_packets, tx_dropped_packets, rx_missed_packets, rx_nohandler_packets, multicast_packets, qdisc_packets, qdisc_bytes, qdisc_dropped_packets, qdisc_overlimits_count, qdisc_requeues_count, rx_bytes_per_second_max, tx_bytes_per_second_max, qdisc_backlog_bytes_max
FROM {database}.counters_1h
WHERE time >= fromUnixTimestamp64Nano(cut.14, 'UTC') AND time < fromUnixTimestamp64Nano(cut.15, 'UTC')
    AND NOT (time >= fromUnixTimestamp64Nano(cut.16, 'UTC') AND time < fromUnixTimestamp64Nano(cut.17, 'UTC'))
UNION ALL
WITH (SELECT (toInt64(to_ns), toInt64(raw_begin_ns), toInt64(covered_begin_ns), toInt64(covered_end_ns), toInt64(filled_ns), toInt64(begin_1m_ns), toInt64(end_1m_ns), toInt64(coarser_begin_1m_ns), toInt64(coarser_end_1m_ns), toInt64(begin_5m_ns), toInt64(end_5m_ns), toInt64(coarser_begin_5m_ns), toInt64(coarser_end_5m_ns), toInt64(begin_1h_ns), toInt64(end_1h_ns), toInt64(coarser_begin_1h_ns), toInt64(coarser_end_1h_ns), toInt64(begin_1d_ns), toInt64(end_1d_ns), toInt64(coarser_begin_1d_ns), toInt64(coarser_end_1d_ns)) FROM (SELECT *, if(begin_1m_ns < end_1m_ns, least(begin_1m_ns, coarser_begin_1m_ns), coarser_begin_1m_ns) AS covered_begin_ns, if(begin_1m_ns < end_1m_ns, greatest(end_1m_ns, coarser_end_1m_ns), coarser_end_1m_ns) AS covered_end_ns, greatest(from_ns, raw_kept_from_ns) AS raw_begin_ns FROM (SELECT *, if(begin_5m_ns < end_5m_ns, least(begin_5m_ns, coarser_begin_5m_ns), coarser_begin_5m_ns) AS coarser_begin_1m_ns, if(begin_5m_ns < end_5m_ns, greatest(end_5m_ns, coarser_end_5m_ns), coarser_end_5m_ns) AS coarser_end_1m_ns FROM (SELECT *, if(begin_1h_ns < end_1h_ns, least(begin_1h_ns, coarser_begin_1h_ns), coarser_begin_1h_ns) AS coarser_begin_5m_ns, if(begin_1h_ns < end_1h_ns, greatest(end_1h_ns, coarser_end_1h_ns), coarser_end_1h_ns) AS coarser_end_5m_ns FROM (SELECT *, if(begin_1d_ns < end_1d_ns, least(begin_1d_ns, coarser_begin_1d_ns), coarser_begin_1d_ns) AS coarser_begin_1h_ns, if(begin_1d_ns < end_1d_ns, greatest(end_1d_ns, coarser_end_1d_ns), coarser_end_1d_ns) AS coarser_end_1h_ns FROM (SELECT *, 4611686018427387904 AS coarser_begin_1d_ns, 0 AS coarser_end_1d_ns FROM (SELECT *, intDiv(greatest(from_ns, kept_from_1m_ns) + 59999999999, 60000000000) * 60000000000 AS begin_1m_ns, intDiv(least(to_ns, filled_1m_ns, if(grain_ns % 60000000000 = 0, 4611686018427387904, raw_kept_from_ns)), 60000000000) * 60000000000 AS end_1m_ns, intDiv(greatest(from_ns, kept_from_5m_ns) + 299999999999, 300000000000) * 300000000000 AS begin_5m_ns, intDiv(least(to_ns, least(filled_5m_ns, filled_ns - 0), if(grain_ns % 300000000000 = 0, 4611686018427387904, kept_from_1m_ns)), 300000000000) * 300000000000 AS end_5m_ns, intDiv(greatest(from_ns, kept_from_1h_ns) + 3599999999999, 3600000000000) * 3600000000000 AS begin_1h_ns, intDiv(least(to_ns, least(filled_1h_ns, filled_ns - 0), if(grain_ns % 3600000000000 = 0, 4611686018427387904, kept_from_5m_ns)), 3600000000000) * 3600000000000 AS end_1h_ns, intDiv(greatest(from_ns, kept_from_1d_ns) + 86399999999999, 86400000000000) * 86400000000000 AS begin_1d_ns, intDiv(least(to_ns, least(filled_1d_ns, filled_ns - 0), if(grain_ns % 86400000000000 = 0, 4611686018427387904, kept_from_1h_ns)), 86400000000000) * 86400000000000 AS end_1d_ns FROM (SELECT *, {from_ms:Int64} * 1000000 AS from_ns, {to_ms:Int64} * 1000000 AS to_ns, greatest(1, {grain_seconds:Int64}) * 1000000000 AS grain_ns, filled_1m_ns AS filled_ns FROM {database}.counters_filled)))))))) AS cut
SELECT time, toUInt32(300) AS window_seconds, host, vif_id, covered_ns, gap_ns, rows_count, rx_packets, tx_packets, rx_bytes, tx_bytes, rx_errors_packets, tx_errors_packets, rx_dropped_packets, tx_dropped_packets, rx_missed_packets, rx_nohandler_packets, multicast_packets, qdisc_packets, qdisc_bytes, qdisc_dropped_packets, qdisc_overlimits_count, qdisc_requeues_count, rx_bytes_per_second_max, tx_bytes_per_second_max, qdisc_backlog_bytes_max
FROM {database}.counters_5m
WHERE time >= fromUnixTimestamp64Nano(cut.10, 'UTC') AND time < fromUnixTimestamp64Nano(cut.11, 'UTC')
    AND NOT (time >= fromUnixTimestamp64Nano(cut.12, 'UTC') AND time < fromUnixTimestamp64Nano(cut.13, 'UTC'))
UNION ALL
WITH (SELECT (toInt64(to_ns), toInt64(raw_begin_ns), toInt64(covered_begin_ns), toInt64(covered_end_ns), toInt64(filled_ns), toInt64(begin_1m_ns), toInt64(end_1m_ns), toInt64(coarser_begin_1m_ns), toInt64(coarser_end_1m_ns), toInt64(begin_5m_ns), toInt64(end_5m_ns), toInt64(coarser_begin_5m_ns), toInt64(coarser_end_5m_ns), toInt64(begin_1h_ns), toInt64(end_1h_ns), toInt64(coarser_begin_1h_ns), toInt64(coarser_end_1h_ns), toInt64(begin_1d_ns), toInt64(end_1d_ns), toInt64(coarser_begin_1d_ns), toInt64(coarser_end_1d_ns)) FROM (SELECT *, if(begin_1m_ns < end_1m_ns, least(begin_1m_ns, coarser_begin_1m_ns), coarser_begin_1m_ns) AS covered_begin_ns, if(begin_1m_ns < end_1m_ns, greatest(end_1m_ns, coarser_end_1m_ns), coarser_end_1m_ns) AS covered_end_ns, greatest(from_ns, raw_kept_from_ns) AS raw_begin_ns FROM (SELECT *, if(begin_5m_ns < end_5m_ns, least(begin_5m_ns, coarser_begin_5m_ns), coarser_begin_5m_ns) AS coarser_begin_1m_ns, if(begin_5m_ns < end_5m_ns, greatest(end_5m_ns, coarser_end_5m_ns), coarser_end_5m_ns) AS coarser_end_1m_ns FROM (SELECT *, if(begin_1h_ns < end_1h_ns, least(begin_1h_ns, coarser_begin_1h_ns), coarser_begin_1h_ns) AS coarser_begin_5m_ns, if(begin_1h_ns < end_1h_ns, greatest(end_1h_ns, coarser_end_1h_ns), coarser_end_1h_ns) AS coarser_end_5m_ns FROM (SELECT *, if(begin_1d_ns < end_1d_ns, least(begin_1d_ns, coarser_begin_1d_ns), coarser_begin_1d_ns) AS coarser_begin_1h_ns, if(begin_1d_ns < end_1d_ns, greatest(end_1d_ns, coarser_end_1d_ns), coarser_end_1d_ns) AS coarser_end_1h_ns FROM (SELECT *, 4611686018427387904 AS coarser_begin_1d_ns, 0 AS coarser_end_1d_ns FROM (SELECT *, intDiv(greatest(from_ns, kept_from_1m_ns) + 59999999999, 60000000000) * 60000000000 AS begin_1m_ns, intDiv(least(to_ns, filled_1m_ns, if(grain_ns % 60000000000 = 0, 4611686018427387904, raw_kept_from_ns)), 60000000000) * 60000000000 AS end_1m_ns, intDiv(greatest(from_ns, kept_from_5m_ns) + 299999999999, 300000000000) * 300000000000 AS begin_5m_ns, intDiv(least(to_ns, least(filled_5m_ns, filled_ns - 0), if(grain_ns % 300000000000 = 0, 4611686018427387904, kept_from_1m_ns)), 300000000000) * 300000000000 AS end_5m_ns, intDiv(greatest(from_ns, kept_from_1h_ns) + 3599999999999, 3600000000000) * 3600000000000 AS begin_1h_ns, intDiv(least(to_ns, least(filled_1h_ns, filled_ns - 0), if(grain_ns % 3600000000000 = 0, 4611686018427387904, kept_from_5m_ns)), 3600000000000) * 3600000000000 AS end_1h_ns, intDiv(greatest(from_ns, kept_from_1d_ns) + 86399999999999, 86400000000000) * 86400000000000 AS begin_1d_ns, intDiv(least(to_ns, least(filled_1d_ns, filled_ns - 0), if(grain_ns % 86400000000000 = 0, 4611686018427387904, kept_from_1h_ns)), 86400000000000) * 86400000000000 AS end_1d_ns FROM (SELECT *, {from_ms:Int64} * 1000000 AS from_ns, {to_ms:Int64} * 1000000 AS to_ns, greatest(1, {grain_seconds:Int64}) * 1000000000 AS grain_ns, filled_1m_ns AS filled_ns FROM {database}.counters_filled)))))))) AS cut
SELECT time, toUInt32(60) AS window_seconds, host, vif_id, covered_ns, gap_ns, rows_count, rx_packets, tx_packets, rx_bytes, tx_bytes, rx_errors_packets, tx_errors_packets, rx_dropped_packets, tx_dropped_packets, rx_missed_packets, rx_nohandler_packets, multicast_packets, qdisc_packets, qdisc_bytes, qdisc_dropped_packets, qdisc_overlimits_count, qdisc_requeues_count, rx_bytes_per_second_max, tx_bytes_per_second_max, qdisc_backlog_bytes_max
FROM {database}.counters_1m
WHERE time >= fromUnixTimestamp64Nano(cut.6, 'UTC') AND time < fromUnixTimestamp64Nano(cut.7, 'UTC')
    AND NOT (time >= fromUnixTimestamp64Nano(cut.8, 'UTC') AND time < fromUnixTimestamp64Nano(cut.9, 'UTC'))
UNION ALL
WITH (SELECT (toInt64(to_ns), toInt64(raw_begin_ns), toInt64(covered_begin_ns), toInt64(covered_end_ns), toInt64(filled_ns), toInt64(begin_1m_ns), toInt64(end_1m_ns), toInt64(coarser_begin_1m_ns), toInt64(coarser_end_1m_ns), toInt64(begin_5m_ns), toInt64(end_5m_ns), toInt64(coarser_begin_5m_ns), toInt64(coarser_end_5m_ns), toInt64(begin_1h_ns), toInt64(end_1h_ns), toInt64(coarser_begin_1h_ns), toInt64(coarser_end_1h_ns), toInt64(begin_1d_ns), toInt64(end_1d_ns), toInt64(coarser_begin_1d_ns), toInt64(coarser_end_1d_ns)) FROM (SELECT *, if(begin_1m_ns < end_1m_ns, least(begin_1m_ns, coarser_begin_1m_ns), coarser_begin_1m_ns) AS covered_begin_ns, if(begin_1m_ns < end_1m_ns, greatest(end_1m_ns, coarser_end_1m_ns), coarser_end_1m_ns) AS covered_end_ns, greatest(from_ns, raw_kept_from_ns) AS raw_begin_ns FROM (SELECT *, if(begin_5m_ns < end_5m_ns, least(begin_5m_ns, coarser_begin_5m_ns), coarser_begin_5m_ns) AS coarser_begin_1m_ns, if(begin_5m_ns < end_5m_ns, greatest(end_5m_ns, coarser_end_5m_ns), coarser_end_5m_ns) AS coarser_end_1m_ns FROM (SELECT *, if(begin_1h_ns < end_1h_ns, least(begin_1h_ns, coarser_begin_1h_ns), coarser_begin_1h_ns) AS coarser_begin_5m_ns, if(begin_1h_ns < end_1h_ns, greatest(end_1h_ns, coarser_end_1h_ns), coarser_end_1h_ns) AS coarser_end_5m_ns FROM (SELECT *, if(begin_1d_ns < end_1d_ns, least(begin_1d_ns, coarser_begin_1d_ns), coarser_begin_1d_ns) AS coarser_begin_1h_ns, if(begin_1d_ns < end_1d_ns, greatest(end_1d_ns, coarser_end_1d_ns), coarser_end_1d_ns) AS coarser_end_1h_ns FROM (SELECT *, 4611686018427387904 AS coarser_begin_1d_ns, 0 AS coarser_end_1d_ns FROM (SELECT *, intDiv(greatest(from_ns, kept_from_1m_ns) + 59999999999, 60000000000) * 60000000000 AS begin_1m_ns, intDiv(least(to_ns, filled_1m_ns, if(grain_ns % 60000000000 = 0, 4611686018427387904, raw_kept_from_ns)), 60000000000) * 60000000000 AS end_1m_ns, intDiv(greatest(from_ns, kept_from_5m_ns) + 299999999999, 300000000000) * 300000000000 AS begin_5m_ns, intDiv(least(to_ns, least(filled_5m_ns, filled_ns - 0), if(grain_ns % 300000000000 = 0, 4611686018427387904, kept_from_1m_ns)), 300000000000) * 300000000000 AS end_5m_ns, intDiv(greatest(from_ns, kept_from_1h_ns) + 3599999999999, 3600000000000) * 3600000000000 AS begin_1h_ns, intDiv(least(to_ns, least(filled_1h_ns, filled_ns - 0), if(grain_ns % 3600000000000 = 0, 4611686018427387904, kept_from_5m_ns)), 3600000000000) * 3600000000000 AS end_1h_ns, intDiv(greatest(from_ns, kept_from_1d_ns) + 86399999999999, 86400000000000) * 86400000000000 AS begin_1d_ns, intDiv(least(to_ns, least(filled_1d_ns, filled_ns - 0), if(grain_ns % 86400000000000 = 0, 4611686018427387904, kept_from_1h_ns)), 86400000000000) * 86400000000000 AS end_1d_ns FROM (SELECT *, {from_ms:Int64} * 1000000 AS from_ns, {to_ms:Int64} * 1000000 AS to_ns, greatest(1, {grain_seconds:Int64}) * 1000000000 AS grain_ns, filled_1m_ns AS filled_ns FROM {database}.counters_filled)))))))) AS cut
SELECT raw_time AS time, toUInt32(0) AS window_seconds, host, vif_id, covered_ns, gap_ns, rows_count, rx_packets, tx_packets, rx_bytes, tx_bytes, rx_errors_packets, tx_errors_packets, rx_dropped_packets, tx_dropped_packets, rx_missed_packets, rx_nohandler_packets, multicast_packets, qdisc_packets, qdisc_bytes, qdisc_dropped_packets, qdisc_overlimits_count, qdisc_requeues_count, rx_bytes_per_second_max, tx_bytes_per_second_max, qdisc_backlog_bytes_max
FROM
(
SELECT
    intDiv(toUnixTimestamp64Nano(raw.time) + 200000000, 60000000000) AS window_number,
    fromUnixTimestamp64Nano(window_number * 60000000000, 'UTC') AS row_time,
    greatest(raw.time, row_time) AS raw_time,
    raw.host AS host,
    raw.vif_id AS vif_id,
    raw.delta_kind NOT IN ('gap', 'reset') AS is_measured,
    if(is_measured, raw.duration_ns, 0) AS covered_ns,
    if(is_measured, 0, raw.duration_ns) AS gap_ns,
    toUInt64(1) AS rows_count,
    raw.rx_packets AS rx_packets,
    raw.tx_packets AS tx_packets,
    raw.rx_bytes AS rx_bytes,
    raw.tx_bytes AS tx_bytes,
    raw.rx_errors_packets AS rx_errors_packets,
    raw.tx_errors_packets AS tx_errors_packets,
    raw.rx_dropped_packets AS rx_dropped_packets,
    raw.tx_dropped_packets AS tx_dropped_packets,
    raw.rx_missed_packets AS rx_missed_packets,
    raw.rx_nohandler_packets AS rx_nohandler_packets,
    raw.multicast_packets AS multicast_packets,
    raw.qdisc_packets AS qdisc_packets,
    raw.qdisc_bytes AS qdisc_bytes,
    raw.qdisc_dropped_packets AS qdisc_dropped_packets,
    raw.qdisc_overlimits_count AS qdisc_overlimits_count,
    raw.qdisc_requeues_count AS qdisc_requeues_count,
    if(is_measured AND raw.duration_ns > 0, raw.rx_bytes * 1e9 / raw.duration_ns, 0) AS rx_bytes_per_second_max,
    if(is_measured AND raw.duration_ns > 0, raw.tx_bytes * 1e9 / raw.duration_ns, 0) AS tx_bytes_per_second_max,
    if(is_measured, raw.qdisc_backlog_bytes, 0) AS qdisc_backlog_bytes_max
FROM {database}.counters AS raw
WHERE raw.time >= fromUnixTimestamp64Nano(cut.2 + (-200000000), 'UTC') AND raw.time < fromUnixTimestamp64Nano(cut.1, 'UTC') AND NOT (raw.time >= fromUnixTimestamp64Nano(cut.3, 'UTC') AND raw.time < fromUnixTimestamp64Nano(cut.4 + (-200000000), 'UTC'))
)
WHERE raw_time >= fromUnixTimestamp64Nano(cut.2, 'UTC') AND raw_time < fromUnixTimestamp64Nano(cut.1, 'UTC')
    AND NOT (raw_time >= fromUnixTimestamp64Nano(cut.3, 'UTC') AND raw_time < fromUnixTimestamp64Nano(cut.4, 'UTC'));

-- From when on `flows` and its tiers are kept, and up to which instant windows of each tier are filled; one row,
-- in nanoseconds since the epoch.
CREATE VIEW {database}.flows_filled AS
SELECT
    raw_kept_from_ns,
    kept_from_1m_ns,
    filled_1m_ns,
    kept_from_5m_ns,
    filled_5m_ns,
    kept_from_1h_ns,
    filled_1h_ns,
    kept_from_1d_ns,
    filled_1d_ns
FROM
(SELECT *, least((SELECT if(count() = 0, 53375, min(computed.window_number)) FROM (SELECT host, window_number, sum(revision) AS revision FROM (SELECT host, time, toInt64(intDiv(toUnixTimestamp64Nano(time), 86400000000000)) AS window_number, max(revision) AS revision FROM {database}.flows_1h_revisions WHERE vif_id = 18446744073709551615 AND time >= fromUnixTimestamp64Nano(intDiv(intDiv(toUnixTimestamp64Nano(now64(9)) - 14400000000000, 3600000000000) * 3600000000000, 86400000000000) * 86400000000000 + (0), 'UTC') AND time < fromUnixTimestamp64Nano(intDiv(toUnixTimestamp64Nano(now64(9)) + 60000000000, 86400000000000) * 86400000000000 + (86400000000000), 'UTC') GROUP BY host, time) GROUP BY host, window_number) AS computed LEFT JOIN (SELECT host, toInt64(intDiv(toUnixTimestamp64Nano(time), 86400000000000)) AS window_number, max(revision) AS revision FROM {database}.flows_1d_revisions WHERE vif_id = 18446744073709551615 AND time >= fromUnixTimestamp64Nano(intDiv(intDiv(toUnixTimestamp64Nano(now64(9)) - 14400000000000, 3600000000000) * 3600000000000, 86400000000000) * 86400000000000 + (0), 'UTC') AND time < fromUnixTimestamp64Nano(intDiv(toUnixTimestamp64Nano(now64(9)) + 60000000000, 86400000000000) * 86400000000000 + (86400000000000), 'UTC') GROUP BY host, window_number) AS stored ON computed.host = stored.host AND computed.window_number = stored.window_number WHERE computed.revision > stored.revision), intDiv(filled_1h_ns, 86400000000000)) * 86400000000000 AS filled_1d_ns FROM (SELECT *, least((SELECT if(count() = 0, 1281023, min(computed.window_number)) FROM (SELECT host, window_number, sum(revision) AS revision FROM (SELECT host, time, toInt64(intDiv(toUnixTimestamp64Nano(time), 3600000000000)) AS window_number, max(revision) AS revision FROM {database}.flows_5m_revisions WHERE vif_id = 18446744073709551615 AND time >= fromUnixTimestamp64Nano(intDiv(intDiv(toUnixTimestamp64Nano(now64(9)) - 14400000000000, 3600000000000) * 3600000000000, 3600000000000) * 3600000000000 + (0), 'UTC') AND time < fromUnixTimestamp64Nano(intDiv(toUnixTimestamp64Nano(now64(9)) + 60000000000, 3600000000000) * 3600000000000 + (3600000000000), 'UTC') GROUP BY host, time) GROUP BY host, window_number) AS computed LEFT JOIN (SELECT host, toInt64(intDiv(toUnixTimestamp64Nano(time), 3600000000000)) AS window_number, max(revision) AS revision FROM {database}.flows_1h_revisions WHERE vif_id = 18446744073709551615 AND time >= fromUnixTimestamp64Nano(intDiv(intDiv(toUnixTimestamp64Nano(now64(9)) - 14400000000000, 3600000000000) * 3600000000000, 3600000000000) * 3600000000000 + (0), 'UTC') AND time < fromUnixTimestamp64Nano(intDiv(toUnixTimestamp64Nano(now64(9)) + 60000000000, 3600000000000) * 3600000000000 + (3600000000000), 'UTC') GROUP BY host, window_number) AS stored ON computed.host = stored.host AND computed.window_number = stored.window_number WHERE computed.revision > stored.revision), intDiv(filled_5m_ns, 3600000000000)) * 3600000000000 AS filled_1h_ns FROM (SELECT *, least((SELECT if(count() = 0, 15372286, min(computed.window_number)) FROM (SELECT host, window_number, sum(revision) AS revision FROM (SELECT host, time, end_minute_time, toInt64(intDiv(toUnixTimestamp64Nano(time), 300000000000)) AS window_number, max(revision) AS revision FROM {database}.flows_1m_revisions WHERE vif_id = 18446744073709551615 AND time >= fromUnixTimestamp64Nano(intDiv(intDiv(toUnixTimestamp64Nano(now64(9)) - 14400000000000, 3600000000000) * 3600000000000, 300000000000) * 300000000000 + (0), 'UTC') AND time < fromUnixTimestamp64Nano(intDiv(toUnixTimestamp64Nano(now64(9)) + 60000000000, 300000000000) * 300000000000 + (300000000000), 'UTC') GROUP BY host, time, end_minute_time) GROUP BY host, window_number) AS computed LEFT JOIN (SELECT host, toInt64(intDiv(toUnixTimestamp64Nano(time), 300000000000)) AS window_number, max(revision) AS revision FROM {database}.flows_5m_revisions WHERE vif_id = 18446744073709551615 AND time >= fromUnixTimestamp64Nano(intDiv(intDiv(toUnixTimestamp64Nano(now64(9)) - 14400000000000, 3600000000000) * 3600000000000, 300000000000) * 300000000000 + (0), 'UTC') AND time < fromUnixTimestamp64Nano(intDiv(toUnixTimestamp64Nano(now64(9)) + 60000000000, 300000000000) * 300000000000 + (300000000000), 'UTC') GROUP BY host, window_number) AS stored ON computed.host = stored.host AND computed.window_number = stored.window_number WHERE computed.revision > stored.revision), intDiv(filled_1m_ns, 300000000000)) * 300000000000 AS filled_5m_ns FROM (SELECT *, least((SELECT if(count() = 0, 76861433, min(computed.window_number)) FROM (SELECT host, toInt64(arrayJoin(if(empty(touched_minutes), range(toUInt32(intDiv(toUnixTimestamp64Nano(first_event_time), 60000000000)), toUInt32(intDiv(toUnixTimestamp64Nano(last_event_time), 60000000000) + 1)), touched_minutes))) AS window_number, count() AS revision FROM {database}.ledger WHERE time >= fromUnixTimestamp64Nano(intDiv(intDiv(toUnixTimestamp64Nano(now64(9)) - 14400000000000, 3600000000000) * 3600000000000, 60000000000) * 60000000000 + (-21600000000000), 'UTC') AND stage = 'processor' AND startsWith(of_stream, 'flows.') AND out_rows_count > 0 AND last_event_time >= fromUnixTimestamp64Nano(intDiv(intDiv(toUnixTimestamp64Nano(now64(9)) - 14400000000000, 3600000000000) * 3600000000000, 60000000000) * 60000000000 + (-200000000), 'UTC') AND first_event_time <= fromUnixTimestamp64Nano(intDiv(toUnixTimestamp64Nano(now64(9)) + 60000000000, 60000000000) * 60000000000 + (60000000000), 'UTC') GROUP BY host, window_number HAVING window_number BETWEEN intDiv(intDiv(toUnixTimestamp64Nano(now64(9)) - 14400000000000, 3600000000000) * 3600000000000, 60000000000) AND intDiv(toUnixTimestamp64Nano(now64(9)) + 60000000000, 60000000000)) AS computed LEFT JOIN (SELECT host, toInt64(intDiv(toUnixTimestamp64Nano(time), 60000000000)) AS window_number, max(revision) AS revision FROM {database}.flows_1m_revisions WHERE vif_id = 18446744073709551615 AND time >= fromUnixTimestamp64Nano(intDiv(intDiv(toUnixTimestamp64Nano(now64(9)) - 14400000000000, 3600000000000) * 3600000000000, 60000000000) * 60000000000 + (0), 'UTC') AND time < fromUnixTimestamp64Nano(intDiv(toUnixTimestamp64Nano(now64(9)) + 60000000000, 60000000000) * 60000000000 + (60000000000), 'UTC') AND time = end_minute_time GROUP BY host, window_number) AS stored ON computed.host = stored.host AND computed.window_number = stored.window_number WHERE stored.revision = 0), intDiv(now_ns, 60000000000)) * 60000000000 AS filled_1m_ns FROM (
    SELECT
        toUnixTimestamp64Nano(now64(9)) AS now_ns,
        if((SELECT max(toInt64OrZero(extract(create_table_query, 'toIntervalDay\\((\\d+)\\)'))) FROM system.tables WHERE database = '{database}' AND name = 'flows') > 0, now_ns - (SELECT max(toInt64OrZero(extract(create_table_query, 'toIntervalDay\\((\\d+)\\)'))) FROM system.tables WHERE database = '{database}' AND name = 'flows') * 86400000000000 + 600000000000, 0) AS raw_kept_from_ns,
        if((SELECT max(toInt64OrZero(extract(create_table_query, 'toIntervalDay\\((\\d+)\\)'))) FROM system.tables WHERE database = '{database}' AND name = 'flows_1m_revisions') > 0, now_ns - (SELECT max(toInt64OrZero(extract(create_table_query, 'toIntervalDay\\((\\d+)\\)'))) FROM system.tables WHERE database = '{database}' AND name = 'flows_1m_revisions') * 86400000000000 + 600000000000, 0) AS kept_from_1m_ns,
        if((SELECT max(toInt64OrZero(extract(create_table_query, 'toIntervalDay\\((\\d+)\\)'))) FROM system.tables WHERE database = '{database}' AND name = 'flows_5m_revisions') > 0, now_ns - (SELECT max(toInt64OrZero(extract(create_table_query, 'toIntervalDay\\((\\d+)\\)'))) FROM system.tables WHERE database = '{database}' AND name = 'flows_5m_revisions') * 86400000000000 + 600000000000, 0) AS kept_from_5m_ns,
        if((SELECT max(toInt64OrZero(extract(create_table_query, 'toIntervalDay\\((\\d+)\\)'))) FROM system.tables WHERE database = '{database}' AND name = 'flows_1h_revisions') > 0, now_ns - (SELECT max(toInt64OrZero(extract(create_table_query, 'toIntervalDay\\((\\d+)\\)'))) FROM system.tables WHERE database = '{database}' AND name = 'flows_1h_revisions') * 86400000000000 + 600000000000, 0) AS kept_from_1h_ns,
        if((SELECT max(toInt64OrZero(extract(create_table_query, 'toIntervalDay\\((\\d+)\\)'))) FROM system.tables WHERE database = '{database}' AND name = 'flows_1d_revisions') > 0, now_ns - (SELECT max(toInt64OrZero(extract(create_table_query, 'toIntervalDay\\((\\d+)\\)'))) FROM system.tables WHERE database = '{database}' AND name = 'flows_1d_revisions') * 86400000000000 + 600000000000, 0) AS kept_from_1d_ns
)))));

-- `flows` from `from_ms` (in it) to `to_ms` (not in it), milliseconds since the epoch: rows of the coarsest tiers
-- that answer steps of `grain_seconds`, and raw rows where no tier has them yet. docs/sql.md has what they say.
CREATE VIEW {database}.flows_over AS
WITH (SELECT (toInt64(to_ns), toInt64(raw_begin_ns), toInt64(covered_begin_ns), toInt64(covered_end_ns), toInt64(filled_ns), toInt64(begin_1m_ns), toInt64(end_1m_ns), toInt64(coarser_begin_1m_ns), toInt64(coarser_end_1m_ns), toInt64(begin_5m_ns), toInt64(end_5m_ns), toInt64(coarser_begin_5m_ns), toInt64(coarser_end_5m_ns), toInt64(begin_1h_ns), toInt64(end_1h_ns), toInt64(coarser_begin_1h_ns), toInt64(coarser_end_1h_ns), toInt64(begin_1d_ns), toInt64(end_1d_ns), toInt64(coarser_begin_1d_ns), toInt64(coarser_end_1d_ns)) FROM (SELECT *, if(begin_1m_ns < end_1m_ns, least(begin_1m_ns, coarser_begin_1m_ns), coarser_begin_1m_ns) AS covered_begin_ns, if(begin_1m_ns < end_1m_ns, greatest(end_1m_ns, coarser_end_1m_ns), coarser_end_1m_ns) AS covered_end_ns, greatest(from_ns, filled_ns - 3600000000000) AS raw_begin_ns FROM (SELECT *, if(begin_5m_ns < end_5m_ns, least(begin_5m_ns, coarser_begin_5m_ns), coarser_begin_5m_ns) AS coarser_begin_1m_ns, if(begin_5m_ns < end_5m_ns, greatest(end_5m_ns, coarser_end_5m_ns), coarser_end_5m_ns) AS coarser_end_1m_ns FROM (SELECT *, if(begin_1h_ns < end_1h_ns, least(begin_1h_ns, coarser_begin_1h_ns), coarser_begin_1h_ns) AS coarser_begin_5m_ns, if(begin_1h_ns < end_1h_ns, greatest(end_1h_ns, coarser_end_1h_ns), coarser_end_1h_ns) AS coarser_end_5m_ns FROM (SELECT *, if(begin_1d_ns < end_1d_ns, least(begin_1d_ns, coarser_begin_1d_ns), coarser_begin_1d_ns) AS coarser_begin_1h_ns, if(begin_1d_ns < end_1d_ns, greatest(end_1d_ns, coarser_end_1d_ns), coarser_end_1d_ns) AS coarser_end_1h_ns FROM (SELECT *, 4611686018427387904 AS coarser_begin_1d_ns, 0 AS coarser_end_1d_ns FROM (SELECT *, intDiv(greatest(from_ns, kept_from_1m_ns) + 59999999999, 60000000000) * 60000000000 AS begin_1m_ns, intDiv(least(to_ns, filled_1m_ns, if(grain_ns % 60000000000 = 0, 4611686018427387904, raw_kept_from_ns)), 60000000000) * 60000000000 AS end_1m_ns, intDiv(greatest(from_ns, kept_from_5m_ns) + 299999999999, 300000000000) * 300000000000 AS begin_5m_ns, intDiv(least(to_ns, least(filled_5m_ns, filled_ns - 3600000000000), if(grain_ns % 300000000000 = 0, 4611686018427387904, kept_from_1m_ns)), 300000000000) * 300000000000 AS end_5m_ns, intDiv(greatest(from_ns, kept_from_1h_ns) + 3599999999999, 3600000000000) * 3600000000000 AS begin_1h_ns, intDiv(least(to_ns, least(filled_1h_ns, filled_ns - 3600000000000), if(grain_ns % 3600000000000 = 0, 4611686018427387904, kept_from_5m_ns)), 3600000000000) * 3600000000000 AS end_1h_ns, intDiv(greatest(from_ns, kept_from_1d_ns) + 86399999999999, 86400000000000) * 86400000000000 AS begin_1d_ns, intDiv(least(to_ns, least(filled_1d_ns, filled_ns - 3600000000000), if(grain_ns % 86400000000000 = 0, 4611686018427387904, kept_from_1h_ns)), 86400000000000) * 86400000000000 AS end_1d_ns FROM (SELECT *, intDiv({from_ms:Int64} * 1000000, 60000000000) * 60000000000 AS from_ns, intDiv({to_ms:Int64} * 1000000 + 59999999999, 60000000000) * 60000000000 AS to_ns, intDiv(greatest(60, {grain_seconds:Int64}), 60) * 60000000000 AS grain_ns, filled_1m_ns AS filled_ns FROM {database}.flows_filled)))))))) AS cut
SELECT time, toUInt32(86400) AS window_seconds, host, vif_id, protocol, service_port, peer_network, sampling_origin, flow_direction, source_kind, exporter_address, bytes, packets, skb_bytes, scaled_bytes, scaled_packets, scaled_skb_bytes, flows_count
FROM {database}.flows_1d
WHERE time >= fromUnixTimestamp64Nano(cut.18, 'UTC') AND time < fromUnixTimestamp64Nano(cut.19, 'UTC')
    AND NOT (time >= fromUnixTimestamp64Nano(cut.20, 'UTC') AND time < fromUnixTimestamp64Nano(cut.21, 'UTC'))
UNION ALL
WITH (SELECT (toInt64(to_ns), toInt64(raw_begin_ns), toInt64(covered_begin_ns), toInt64(covered_end_ns), toInt64(filled_ns), toInt64(begin_1m_ns), toInt64(end_1m_ns), toInt64(coarser_begin_1m_ns), toInt64(coarser_end_1m_ns), toInt64(begin_5m_ns), toInt64(end_5m_ns), toInt64(coarser_begin_5m_ns), toInt64(coarser_end_5m_ns), toInt64(begin_1h_ns), toInt64(end_1h_ns), toInt64(coarser_begin_1h_ns), toInt64(coarser_end_1h_ns), toInt64(begin_1d_ns), toInt64(end_1d_ns), toInt64(coarser_begin_1d_ns), toInt64(coarser_end_1d_ns)) FROM (SELECT *, if(begin_1m_ns < end_1m_ns, least(begin_1m_ns, coarser_begin_1m_ns), coarser_begin_1m_ns) AS covered_begin_ns, if(begin_1m_ns < end_1m_ns, greatest(end_1m_ns, coarser_end_1m_ns), coarser_end_1m_ns) AS covered_end_ns, greatest(from_ns, filled_ns - 3600000000000) AS raw_begin_ns FROM (SELECT *, if(begin_5m_ns < end_5m_ns, least(begin_5m_ns, coarser_begin_5m_ns), coarser_begin_5m_ns) AS coarser_begin_1m_ns, if(begin_5m_ns < end_5m_ns, greatest(end_5m_ns, coarser_end_5m_ns), coarser_end_5m_ns) AS coarser_end_1m_ns FROM (SELECT *, if(begin_1h_ns < end_1h_ns, least(begin_1h_ns, coarser_begin_1h_ns), coarser_begin_1h_ns) AS coarser_begin_5m_ns, if(begin_1h_ns < end_1h_ns, greatest(end_1h_ns, coarser_end_1h_ns), coarser_end_1h_ns) AS coarser_end_5m_ns FROM (SELECT *, if(begin_1d_ns < end_1d_ns, least(begin_1d_ns, coarser_begin_1d_ns), coarser_begin_1d_ns) AS coarser_begin_1h_ns, if(begin_1d_ns < end_1d_ns, greatest(end_1d_ns, coarser_end_1d_ns), coarser_end_1d_ns) AS coarser_end_1h_ns FROM (SELECT *, 4611686018427387904 AS coarser_begin_1d_ns, 0 AS coarser_end_1d_ns FROM (SELECT *, intDiv(greatest(from_ns, kept_from_1m_ns) + 59999999999, 60000000000) * 60000000000 AS begin_1m_ns, intDiv(least(to_ns, filled_1m_ns, if(grain_ns % 60000000000 = 0, 4611686018427387904, raw_kept_from_ns)), 60000000000) * 60000000000 AS end_1m_ns, intDiv(greatest(from_ns, kept_from_5m_ns) + 299999999999, 300000000000) * 300000000000 AS begin_5m_ns, intDiv(least(to_ns, least(filled_5m_ns, filled_ns - 3600000000000), if(grain_ns % 300000000000 = 0, 4611686018427387904, kept_from_1m_ns)), 300000000000) * 300000000000 AS end_5m_ns, intDiv(greatest(from_ns, kept_from_1h_ns) + 3599999999999, 3600000000000) * 3600000000000 AS begin_1h_ns, intDiv(least(to_ns, least(filled_1h_ns, filled_ns - 3600000000000), if(grain_ns % 3600000000000 = 0, 4611686018427387904, kept_from_5m_ns)), 3600000000000) * 3600000000000 AS end_1h_ns, intDiv(greatest(from_ns, kept_from_1d_ns) + 86399999999999, 86400000000000) * 86400000000000 AS begin_1d_ns, intDiv(least(to_ns, least(filled_1d_ns, filled_ns - 3600000000000), if(grain_ns % 86400000000000 = 0, 4611686018427387904, kept_from_1h_ns)), 86400000000000) * 86400000000000 AS end_1d_ns FROM (SELECT *, intDiv({from_ms:Int64} * 1000000, 60000000000) * 60000000000 AS from_ns, intDiv({to_ms:Int64} * 1000000 + 59999999999, 60000000000) * 60000000000 AS to_ns, intDiv(greatest(60, {grain_seconds:Int64}), 60) * 60000000000 AS grain_ns, filled_1m_ns AS filled_ns FROM {database}.flows_filled)))))))) AS cut
SELECT time, toUInt32(3600) AS window_seconds, host, vif_id, protocol, service_port, peer_network, sampling_origin, flow_direction, source_kind, exporter_address, bytes, packets, skb_bytes, scaled_bytes, scaled_packets, scaled_skb_bytes, flows_count
FROM {database}.flows_1h
WHERE time >= fromUnixTimestamp64Nano(cut.14, 'UTC') AND time < fromUnixTimestamp64Nano(cut.15, 'UTC')
    AND NOT (time >= fromUnixTimestamp64Nano(cut.16, 'UTC') AND time < fromUnixTimestamp64Nano(cut.17, 'UTC'))
UNION ALL
WITH (SELECT (toInt64(to_ns), toInt64(raw_begin_ns), toInt64(covered_begin_ns), toInt64(covered_end_ns), toInt64(filled_ns), toInt64(begin_1m_ns), toInt64(end_1m_ns), toInt64(coarser_begin_1m_ns), toInt64(coarser_end_1m_ns), toInt64(begin_5m_ns), toInt64(end_5m_ns), toInt64(coarser_begin_5m_ns), toInt64(coarser_end_5m_ns), toInt64(begin_1h_ns), toInt64(end_1h_ns), toInt64(coarser_begin_1h_ns), toInt64(coarser_end_1h_ns), toInt64(begin_1d_ns), toInt64(end_1d_ns), toInt64(coarser_begin_1d_ns), toInt64(coarser_end_1d_ns)) FROM (SELECT *, if(begin_1m_ns < end_1m_ns, least(begin_1m_ns, coarser_begin_1m_ns), coarser_begin_1m_ns) AS covered_begin_ns, if(begin_1m_ns < end_1m_ns, greatest(end_1m_ns, coarser_end_1m_ns), coarser_end_1m_ns) AS covered_end_ns, greatest(from_ns, filled_ns - 3600000000000) AS raw_begin_ns FROM (SELECT *, if(begin_5m_ns < end_5m_ns, least(begin_5m_ns, coarser_begin_5m_ns), coarser_begin_5m_ns) AS coarser_begin_1m_ns, if(begin_5m_ns < end_5m_ns, greatest(end_5m_ns, coarser_end_5m_ns), coarser_end_5m_ns) AS coarser_end_1m_ns FROM (SELECT *, if(begin_1h_ns < end_1h_ns, least(begin_1h_ns, coarser_begin_1h_ns), coarser_begin_1h_ns) AS coarser_begin_5m_ns, if(begin_1h_ns < end_1h_ns, greatest(end_1h_ns, coarser_end_1h_ns), coarser_end_1h_ns) AS coarser_end_5m_ns FROM (SELECT *, if(begin_1d_ns < end_1d_ns, least(begin_1d_ns, coarser_begin_1d_ns), coarser_begin_1d_ns) AS coarser_begin_1h_ns, if(begin_1d_ns < end_1d_ns, greatest(end_1d_ns, coarser_end_1d_ns), coarser_end_1d_ns) AS coarser_end_1h_ns FROM (SELECT *, 4611686018427387904 AS coarser_begin_1d_ns, 0 AS coarser_end_1d_ns FROM (SELECT *, intDiv(greatest(from_ns, kept_from_1m_ns) + 59999999999, 60000000000) * 60000000000 AS begin_1m_ns, intDiv(least(to_ns, filled_1m_ns, if(grain_ns % 60000000000 = 0, 4611686018427387904, raw_kept_from_ns)), 60000000000) * 60000000000 AS end_1m_ns, intDiv(greatest(from_ns, kept_from_5m_ns) + 299999999999, 300000000000) * 300000000000 AS begin_5m_ns, intDiv(least(to_ns, least(filled_5m_ns, filled_ns - 3600000000000), if(grain_ns % 300000000000 = 0, 4611686018427387904, kept_from_1m_ns)), 300000000000) * 300000000000 AS end_5m_ns, intDiv(greatest(from_ns, kept_from_1h_ns) + 3599999999999, 3600000000000) * 3600000000000 AS begin_1h_ns, intDiv(least(to_ns, least(filled_1h_ns, filled_ns - 3600000000000), if(grain_ns % 3600000000000 = 0, 4611686018427387904, kept_from_5m_ns)), 3600000000000) * 3600000000000 AS end_1h_ns, intDiv(greatest(from_ns, kept_from_1d_ns) + 86399999999999, 86400000000000) * 86400000000000 AS begin_1d_ns, intDiv(least(to_ns, least(filled_1d_ns, filled_ns - 3600000000000), if(grain_ns % 86400000000000 = 0, 4611686018427387904, kept_from_1h_ns)), 86400000000000) * 86400000000000 AS end_1d_ns FROM (SELECT *, intDiv({from_ms:Int64} * 1000000, 60000000000) * 60000000000 AS from_ns, intDiv({to_ms:Int64} * 1000000 + 59999999999, 60000000000) * 60000000000 AS to_ns, intDiv(greatest(60, {grain_seconds:Int64}), 60) * 60000000000 AS grain_ns, filled_1m_ns AS filled_ns FROM {database}.flows_filled)))))))) AS cut
SELECT time, toUInt32(300) AS window_seconds, host, vif_id, protocol, service_port, peer_network, sampling_origin, flow_direction, source_kind, exporter_address, bytes, packets, skb_bytes, scaled_bytes, scaled_packets, scaled_skb_bytes, flows_count
FROM {database}.flows_5m
WHERE time >= fromUnixTimestamp64Nano(cut.10, 'UTC') AND time < fromUnixTimestamp64Nano(cut.11, 'UTC')
    AND NOT (time >= fromUnixTimestamp64Nano(cut.12, 'UTC') AND time < fromUnixTimestamp64Nano(cut.13, 'UTC'))
UNION ALL
WITH (SELECT (toInt64(to_ns), toInt64(raw_begin_ns), toInt64(covered_begin_ns), toInt64(covered_end_ns), toInt64(filled_ns), toInt64(begin_1m_ns), toInt64(end_1m_ns), toInt64(coarser_begin_1m_ns), toInt64(coarser_end_1m_ns), toInt64(begin_5m_ns), toInt64(end_5m_ns), toInt64(coarser_begin_5m_ns), toInt64(coarser_end_5m_ns), toInt64(begin_1h_ns), toInt64(end_1h_ns), toInt64(coarser_begin_1h_ns), toInt64(coarser_end_1h_ns), toInt64(begin_1d_ns), toInt64(end_1d_ns), toInt64(coarser_begin_1d_ns), toInt64(coarser_end_1d_ns)) FROM (SELECT *, if(begin_1m_ns < end_1m_ns, least(begin_1m_ns, coarser_begin_1m_ns), coarser_begin_1m_ns) AS covered_begin_ns, if(begin_1m_ns < end_1m_ns, greatest(end_1m_ns, coarser_end_1m_ns), coarser_end_1m_ns) AS covered_end_ns, greatest(from_ns, filled_ns - 3600000000000) AS raw_begin_ns FROM (SELECT *, if(begin_5m_ns < end_5m_ns, least(begin_5m_ns, coarser_begin_5m_ns), coarser_begin_5m_ns) AS coarser_begin_1m_ns, if(begin_5m_ns < end_5m_ns, greatest(end_5m_ns, coarser_end_5m_ns), coarser_end_5m_ns) AS coarser_end_1m_ns FROM (SELECT *, if(begin_1h_ns < end_1h_ns, least(begin_1h_ns, coarser_begin_1h_ns), coarser_begin_1h_ns) AS coarser_begin_5m_ns, if(begin_1h_ns < end_1h_ns, greatest(end_1h_ns, coarser_end_1h_ns), coarser_end_1h_ns) AS coarser_end_5m_ns FROM (SELECT *, if(begin_1d_ns < end_1d_ns, least(begin_1d_ns, coarser_begin_1d_ns), coarser_begin_1d_ns) AS coarser_begin_1h_ns, if(begin_1d_ns < end_1d_ns, greatest(end_1d_ns, coarser_end_1d_ns), coarser_end_1d_ns) AS coarser_end_1h_ns FROM (SELECT *, 4611686018427387904 AS coarser_begin_1d_ns, 0 AS coarser_end_1d_ns FROM (SELECT *, intDiv(greatest(from_ns, kept_from_1m_ns) + 59999999999, 60000000000) * 60000000000 AS begin_1m_ns, intDiv(least(to_ns, filled_1m_ns, if(grain_ns % 60000000000 = 0, 4611686018427387904, raw_kept_from_ns)), 60000000000) * 60000000000 AS end_1m_ns, intDiv(greatest(from_ns, kept_from_5m_ns) + 299999999999, 300000000000) * 300000000000 AS begin_5m_ns, intDiv(least(to_ns, least(filled_5m_ns, filled_ns - 3600000000000), if(grain_ns % 300000000000 = 0, 4611686018427387904, kept_from_1m_ns)), 300000000000) * 300000000000 AS end_5m_ns, intDiv(greatest(from_ns, kept_from_1h_ns) + 3599999999999, 3600000000000) * 3600000000000 AS begin_1h_ns, intDiv(least(to_ns, least(filled_1h_ns, filled_ns - 3600000000000), if(grain_ns % 3600000000000 = 0, 4611686018427387904, kept_from_5m_ns)), 3600000000000) * 3600000000000 AS end_1h_ns, intDiv(greatest(from_ns, kept_from_1d_ns) + 86399999999999, 86400000000000) * 86400000000000 AS begin_1d_ns, intDiv(least(to_ns, least(filled_1d_ns, filled_ns - 3600000000000), if(grain_ns % 86400000000000 = 0, 4611686018427387904, kept_from_1h_ns)), 86400000000000) * 86400000000000 AS end_1d_ns FROM (SELECT *, intDiv({from_ms:Int64} * 1000000, 60000000000) * 60000000000 AS from_ns, intDiv({to_ms:Int64} * 1000000 + 59999999999, 60000000000) * 60000000000 AS to_ns, intDiv(greatest(60, {grain_seconds:Int64}), 60) * 60000000000 AS grain_ns, filled_1m_ns AS filled_ns FROM {database}.flows_filled)))))))) AS cut
SELECT time, toUInt32(60) AS window_seconds, host, vif_id, protocol, service_port, peer_network, sampling_origin, flow_direction, source_kind, exporter_address, bytes, packets, skb_bytes, scaled_bytes, scaled_packets, scaled_skb_bytes, flows_count
FROM {database}.flows_1m_revisions FINAL
WHERE time >= fromUnixTimestamp64Nano(cut.6, 'UTC') AND time < fromUnixTimestamp64Nano(cut.7, 'UTC')
    AND NOT (time >= fromUnixTimestamp64Nano(cut.8, 'UTC') AND time < fromUnixTimestamp64Nano(cut.9, 'UTC'))
    AND NOT vanished AND end_minute_time < fromUnixTimestamp64Nano(cut.5, 'UTC')
UNION ALL
WITH (SELECT (toInt64(to_ns), toInt64(raw_begin_ns), toInt64(covered_begin_ns), toInt64(covered_end_ns), toInt64(filled_ns), toInt64(begin_1m_ns), toInt64(end_1m_ns), toInt64(coarser_begin_1m_ns), toInt64(coarser_end_1m_ns), toInt64(begin_5m_ns), toInt64(end_5m_ns), toInt64(coarser_begin_5m_ns), toInt64(coarser_end_5m_ns), toInt64(begin_1h_ns), toInt64(end_1h_ns), toInt64(coarser_begin_1h_ns), toInt64(coarser_end_1h_ns), toInt64(begin_1d_ns), toInt64(end_1d_ns), toInt64(coarser_begin_1d_ns), toInt64(coarser_end_1d_ns)) FROM (SELECT *, if(begin_1m_ns < end_1m_ns, least(begin_1m_ns, coarser_begin_1m_ns), coarser_begin_1m_ns) AS covered_begin_ns, if(begin_1m_ns < end_1m_ns, greatest(end_1m_ns, coarser_end_1m_ns), coarser_end_1m_ns) AS covered_end_ns, greatest(from_ns, filled_ns - 3600000000000) AS raw_begin_ns FROM (SELECT *, if(begin_5m_ns < end_5m_ns, least(begin_5m_ns, coarser_begin_5m_ns), coarser_begin_5m_ns) AS coarser_begin_1m_ns, if(begin_5m_ns < end_5m_ns, greatest(end_5m_ns, coarser_end_5m_ns), coarser_end_5m_ns) AS coarser_end_1m_ns FROM (SELECT *, if(begin_1h_ns < end_1h_ns, least(begin_1h_ns, coarser_begin_1h_ns), coarser_begin_1h_ns) AS coarser_begin_5m_ns, if(begin_1h_ns < end_1h_ns, greatest(end_1h_ns, coarser_end_1h_ns), coarser_end_1h_ns) AS coarser_end_5m_ns FROM (SELECT *, if(begin_1d_ns < end_1d_ns, least(begin_1d_ns, coarser_begin_1d_ns), coarser_begin_1d_ns) AS coarser_begin_1h_ns, if(begin_1d_ns < end_1d_ns, greatest(end_1d_ns, coarser_end_1d_ns), coarser_end_1d_ns) AS coarser_end_1h_ns FROM (SELECT *, 4611686018427387904 AS coarser_begin_1d_ns, 0 AS coarser_end_1d_ns FROM (SELECT *, intDiv(greatest(from_ns, kept_from_1m_ns) + 59999999999, 60000000000) * 60000000000 AS begin_1m_ns, intDiv(least(to_ns, filled_1m_ns, if(grain_ns % 60000000000 = 0, 4611686018427387904, raw_kept_from_ns)), 60000000000) * 60000000000 AS end_1m_ns, intDiv(greatest(from_ns, kept_from_5m_ns) + 299999999999, 300000000000) * 300000000000 AS begin_5m_ns, intDiv(least(to_ns, least(filled_5m_ns, filled_ns - 3600000000000), if(grain_ns % 300000000000 = 0, 4611686018427387904, kept_from_1m_ns)), 300000000000) * 300000000000 AS end_5m_ns, intDiv(greatest(from_ns, kept_from_1h_ns) + 3599999999999, 3600000000000) * 3600000000000 AS begin_1h_ns, intDiv(least(to_ns, least(filled_1h_ns, filled_ns - 3600000000000), if(grain_ns % 3600000000000 = 0, 4611686018427387904, kept_from_5m_ns)), 3600000000000) * 3600000000000 AS end_1h_ns, intDiv(greatest(from_ns, kept_from_1d_ns) + 86399999999999, 86400000000000) * 86400000000000 AS begin_1d_ns, intDiv(least(to_ns, least(filled_1d_ns, filled_ns - 3600000000000), if(grain_ns % 86400000000000 = 0, 4611686018427387904, kept_from_1h_ns)), 86400000000000) * 86400000000000 AS end_1d_ns FROM (SELECT *, intDiv({from_ms:Int64} * 1000000, 60000000000) * 60000000000 AS from_ns, intDiv({to_ms:Int64} * 1000000 + 59999999999, 60000000000) * 60000000000 AS to_ns, intDiv(greatest(60, {grain_seconds:Int64}), 60) * 60000000000 AS grain_ns, filled_1m_ns AS filled_ns FROM {database}.flows_filled)))))))) AS cut
SELECT raw_time AS time, toUInt32(60) AS window_seconds, host, vif_id, protocol, service_port, peer_network, sampling_origin, flow_direction, source_kind, exporter_address, bytes, packets, skb_bytes, scaled_bytes, scaled_packets, scaled_skb_bytes, flows_count
FROM
(
WITH
(
    (whole, part_ns) -> toUInt64(intDiv(toUInt128(whole) * toUInt128(part_ns), toUInt128(span_ns)))
) AS part_of,

(
    whole -> multiIf(
        first_minute = last_minute, whole,
        of_minute = first_minute, part_of(whole, first_ns),
        of_minute < last_minute, part_of(whole, 60000000000),
        toUInt64(whole - part_of(whole, first_ns) - (last_minute - first_minute - 1) * part_of(whole, 60000000000))
    )
) AS share_of
SELECT
    spread.last_minute AS window_number,
    fromUnixTimestamp64Nano(spread.of_minute * 60000000000, 'UTC') AS row_time,
    row_time AS raw_time,
    fromUnixTimestamp64Nano(spread.last_minute * 60000000000, 'UTC') AS end_minute_time,
    spread.host AS host,
    spread.vif_id AS vif_id,
    spread.protocol AS protocol,
    spread.service_port AS service_port,
    spread.peer_network AS peer_network,
    spread.sampling_origin AS sampling_origin,
    spread.flow_direction AS flow_direction,
    spread.source_kind AS source_kind,
    spread.exporter_address AS exporter_address,
    share_of(spread.bytes) AS bytes,
    share_of(spread.packets) AS packets,
    share_of(spread.skb_bytes) AS skb_bytes,
    if(spread.scaled_bytes = spread.bytes, bytes, share_of(spread.scaled_bytes)) AS scaled_bytes,
    if(spread.scaled_packets = spread.packets, packets, share_of(spread.scaled_packets)) AS scaled_packets,
    if(spread.scaled_skb_bytes = spread.skb_bytes, skb_bytes, share_of(spread.scaled_skb_bytes)) AS scaled_skb_bytes,
    toUInt64(spread.of_minute = spread.last_minute) AS flows_count
FROM
(
    WITH
    (
        whole -> multiIf(
            NOT has_rate, 0,
            sampling_rate = 1, whole,
            toUInt64(least(round(toFloat64(whole) * sampling_rate), 9e18))
        )
    ) AS scaled,

    (
        address -> if(
            address >= toIPv6('::ffff:0.0.0.0') AND address <= toIPv6('::ffff:255.255.255.255'),
            IPv6CIDRToRange(address, 120).1,
            IPv6CIDRToRange(address, 48).1
        )
    ) AS network
    SELECT
        host,
        vif_id,
        protocol,
        sampling_origin,
        source_kind,
        exporter_address,
        bytes,
        packets,
        skb_bytes,
        toUnixTimestamp64Nano(time) AS end_ns,
        toInt64(least(duration_ns, 3600000000000)) AS span_ns,
        intDiv(end_ns - span_ns, 60000000000) AS first_minute,
        intDiv(end_ns - (span_ns > 0), 60000000000) AS last_minute,
        (first_minute + 1) * 60000000000 - (end_ns - span_ns) AS first_ns,
        arrayJoin(range(first_minute, last_minute + 1)) AS of_minute,
        sampling_origin NOT IN ('', 'unknown') AND sampling_rate > 0 AS has_rate,
        scaled(bytes) AS scaled_bytes,
        scaled(packets) AS scaled_packets,
        scaled(skb_bytes) AS scaled_skb_bytes,
        if(
            protocol IN (6, 17, 33, 132, 136),
            if(src_port = 0 OR dst_port = 0, greatest(src_port, dst_port), least(src_port, dst_port)),
            0
        ) AS service_port,
        multiIf(direction_meaning != '', '', direction = 0, 'ingress', direction = 1, 'egress', '') AS flow_direction,
        network(multiIf(
            flow_direction = 'ingress', dst_address,
            flow_direction = 'egress', src_address,
            service_port > 0 AND src_port = service_port AND dst_port != service_port, src_address,
            dst_address
        )) AS peer_network
    FROM {database}.flows AS raw
    WHERE raw.time >= fromUnixTimestamp64Nano(cut.2, 'UTC') AND raw.time >= fromUnixTimestamp64Nano(cut.5, 'UTC') AND raw.time <= fromUnixTimestamp64Nano(cut.1 + (3600000000000), 'UTC')
) AS spread
)
WHERE raw_time >= fromUnixTimestamp64Nano(cut.2, 'UTC') AND raw_time < fromUnixTimestamp64Nano(cut.1, 'UTC')
    AND window_number >= intDiv(cut.5, 60000000000);

-- From when on `latency` and its tiers are kept, and up to which instant windows of each tier are filled; one row,
-- in nanoseconds since the epoch.
CREATE VIEW {database}.latency_filled AS
SELECT
    raw_kept_from_ns,
    kept_from_1m_ns,
    filled_1m_ns,
    kept_from_5m_ns,
    filled_5m_ns,
    kept_from_1h_ns,
    filled_1h_ns,
    kept_from_1d_ns,
    filled_1d_ns
FROM
(SELECT *, least((SELECT if(count() = 0, 53375, min(computed.window_number)) FROM (SELECT host, window_number, sum(revision) AS revision FROM (SELECT host, time, toInt64(intDiv(toUnixTimestamp64Nano(time), 86400000000000)) AS window_number, max(revision) AS revision FROM {database}.latency_1h_revisions WHERE vif_id = 18446744073709551615 AND time >= fromUnixTimestamp64Nano(intDiv(intDiv(toUnixTimestamp64Nano(now64(9)) - 14400000000000, 3600000000000) * 3600000000000, 86400000000000) * 86400000000000 + (0), 'UTC') AND time < fromUnixTimestamp64Nano(intDiv(toUnixTimestamp64Nano(now64(9)) + 60000000000, 86400000000000) * 86400000000000 + (86400000000000), 'UTC') GROUP BY host, time) GROUP BY host, window_number) AS computed LEFT JOIN (SELECT host, toInt64(intDiv(toUnixTimestamp64Nano(time), 86400000000000)) AS window_number, max(revision) AS revision FROM {database}.latency_1d_revisions WHERE vif_id = 18446744073709551615 AND time >= fromUnixTimestamp64Nano(intDiv(intDiv(toUnixTimestamp64Nano(now64(9)) - 14400000000000, 3600000000000) * 3600000000000, 86400000000000) * 86400000000000 + (0), 'UTC') AND time < fromUnixTimestamp64Nano(intDiv(toUnixTimestamp64Nano(now64(9)) + 60000000000, 86400000000000) * 86400000000000 + (86400000000000), 'UTC') GROUP BY host, window_number) AS stored ON computed.host = stored.host AND computed.window_number = stored.window_number WHERE computed.revision > stored.revision), intDiv(filled_1h_ns, 86400000000000)) * 86400000000000 AS filled_1d_ns FROM (SELECT *, least((SELECT if(count() = 0, 1281023, min(computed.window_number)) FROM (SELECT host, window_number, sum(revision) AS revision FROM (SELECT host, time, toInt64(intDiv(toUnixTimestamp64Nano(time), 3600000000000)) AS window_number, max(revision) AS revision FROM {database}.latency_5m_revisions WHERE vif_id = 18446744073709551615 AND time >= fromUnixTimestamp64Nano(intDiv(intDiv(toUnixTimestamp64Nano(now64(9)) - 14400000000000, 3600000000000) * 3600000000000, 3600000000000) * 3600000000000 + (0), 'UTC') AND time < fromUnixTimestamp64Nano(intDiv(toUnixTimestamp64Nano(now64(9)) + 60000000000, 3600000000000) * 3600000000000 + (3600000000000), 'UTC') GROUP BY host, time) GROUP BY host, window_number) AS computed LEFT JOIN (SELECT host, toInt64(intDiv(toUnixTimestamp64Nano(time), 3600000000000)) AS window_number, max(revision) AS revision FROM {database}.latency_1h_revisions WHERE vif_id = 18446744073709551615 AND time >= fromUnixTimestamp64Nano(intDiv(intDiv(toUnixTimestamp64Nano(now64(9)) - 14400000000000, 3600000000000) * 3600000000000, 3600000000000) * 3600000000000 + (0), 'UTC') AND time < fromUnixTimestamp64Nano(intDiv(toUnixTimestamp64Nano(now64(9)) + 60000000000, 3600000000000) * 3600000000000 + (3600000000000), 'UTC') GROUP BY host, window_number) AS stored ON computed.host = stored.host AND computed.window_number = stored.window_number WHERE computed.revision > stored.revision), intDiv(filled_5m_ns, 3600000000000)) * 3600000000000 AS filled_1h_ns FROM (SELECT *, least((SELECT if(count() = 0, 15372286, min(computed.window_number)) FROM (SELECT host, window_number, sum(revision) AS revision FROM (SELECT host, time, toInt64(intDiv(toUnixTimestamp64Nano(time), 300000000000)) AS window_number, max(revision) AS revision FROM {database}.latency_1m_revisions WHERE vif_id = 18446744073709551615 AND time >= fromUnixTimestamp64Nano(intDiv(intDiv(toUnixTimestamp64Nano(now64(9)) - 14400000000000, 3600000000000) * 3600000000000, 300000000000) * 300000000000 + (0), 'UTC') AND time < fromUnixTimestamp64Nano(intDiv(toUnixTimestamp64Nano(now64(9)) + 60000000000, 300000000000) * 300000000000 + (300000000000), 'UTC') GROUP BY host, time) GROUP BY host, window_number) AS computed LEFT JOIN (SELECT host, toInt64(intDiv(toUnixTimestamp64Nano(time), 300000000000)) AS window_number, max(revision) AS revision FROM {database}.latency_5m_revisions WHERE vif_id = 18446744073709551615 AND time >= fromUnixTimestamp64Nano(intDiv(intDiv(toUnixTimestamp64Nano(now64(9)) - 14400000000000, 3600000000000) * 3600000000000, 300000000000) * 300000000000 + (0), 'UTC') AND time < fromUnixTimestamp64Nano(intDiv(toUnixTimestamp64Nano(now64(9)) + 60000000000, 300000000000) * 300000000000 + (300000000000), 'UTC') GROUP BY host, window_number) AS stored ON computed.host = stored.host AND computed.window_number = stored.window_number WHERE computed.revision > stored.revision), intDiv(filled_1m_ns, 300000000000)) * 300000000000 AS filled_5m_ns FROM (SELECT *, least((SELECT if(count() = 0, 76861433, min(computed.window_number)) FROM (SELECT host, toInt64(arrayJoin(if(empty(touched_minutes), range(toUInt32(intDiv(toUnixTimestamp64Nano(first_event_time), 60000000000)), toUInt32(intDiv(toUnixTimestamp64Nano(last_event_time), 60000000000) + 1)), touched_minutes))) AS window_number, count() AS revision FROM {database}.ledger WHERE time >= fromUnixTimestamp64Nano(intDiv(intDiv(toUnixTimestamp64Nano(now64(9)) - 14400000000000, 3600000000000) * 3600000000000, 60000000000) * 60000000000 + (-21600000000000), 'UTC') AND stage = 'processor' AND startsWith(of_stream, 'latency.') AND out_rows_count > 0 AND last_event_time >= fromUnixTimestamp64Nano(intDiv(intDiv(toUnixTimestamp64Nano(now64(9)) - 14400000000000, 3600000000000) * 3600000000000, 60000000000) * 60000000000 + (-200000000), 'UTC') AND first_event_time <= fromUnixTimestamp64Nano(intDiv(toUnixTimestamp64Nano(now64(9)) + 60000000000, 60000000000) * 60000000000 + (60000000000), 'UTC') GROUP BY host, window_number HAVING window_number BETWEEN intDiv(intDiv(toUnixTimestamp64Nano(now64(9)) - 14400000000000, 3600000000000) * 3600000000000, 60000000000) AND intDiv(toUnixTimestamp64Nano(now64(9)) + 60000000000, 60000000000)) AS computed LEFT JOIN (SELECT host, toInt64(intDiv(toUnixTimestamp64Nano(time), 60000000000)) AS window_number, max(revision) AS revision FROM {database}.latency_1m_revisions WHERE vif_id = 18446744073709551615 AND time >= fromUnixTimestamp64Nano(intDiv(intDiv(toUnixTimestamp64Nano(now64(9)) - 14400000000000, 3600000000000) * 3600000000000, 60000000000) * 60000000000 + (0), 'UTC') AND time < fromUnixTimestamp64Nano(intDiv(toUnixTimestamp64Nano(now64(9)) + 60000000000, 60000000000) * 60000000000 + (60000000000), 'UTC') GROUP BY host, window_number) AS stored ON computed.host = stored.host AND computed.window_number = stored.window_number WHERE stored.revision = 0), intDiv(now_ns, 60000000000)) * 60000000000 AS filled_1m_ns FROM (
    SELECT
        toUnixTimestamp64Nano(now64(9)) AS now_ns,
        if((SELECT max(toInt64OrZero(extract(create_table_query, 'toIntervalDay\\((\\d+)\\)'))) FROM system.tables WHERE database = '{database}' AND name = 'latency') > 0, now_ns - (SELECT max(toInt64OrZero(extract(create_table_query, 'toIntervalDay\\((\\d+)\\)'))) FROM system.tables WHERE database = '{database}' AND name = 'latency') * 86400000000000 + 600000000000, 0) AS raw_kept_from_ns,
        if((SELECT max(toInt64OrZero(extract(create_table_query, 'toIntervalDay\\((\\d+)\\)'))) FROM system.tables WHERE database = '{database}' AND name = 'latency_1m_revisions') > 0, now_ns - (SELECT max(toInt64OrZero(extract(create_table_query, 'toIntervalDay\\((\\d+)\\)'))) FROM system.tables WHERE database = '{database}' AND name = 'latency_1m_revisions') * 86400000000000 + 600000000000, 0) AS kept_from_1m_ns,
        if((SELECT max(toInt64OrZero(extract(create_table_query, 'toIntervalDay\\((\\d+)\\)'))) FROM system.tables WHERE database = '{database}' AND name = 'latency_5m_revisions') > 0, now_ns - (SELECT max(toInt64OrZero(extract(create_table_query, 'toIntervalDay\\((\\d+)\\)'))) FROM system.tables WHERE database = '{database}' AND name = 'latency_5m_revisions') * 86400000000000 + 600000000000, 0) AS kept_from_5m_ns,
        if((SELECT max(toInt64OrZero(extract(create_table_query, 'toIntervalDay\\((\\d+)\\)'))) FROM system.tables WHERE database = '{database}' AND name = 'latency_1h_revisions') > 0, now_ns - (SELECT max(toInt64OrZero(extract(create_table_query, 'toIntervalDay\\((\\d+)\\)'))) FROM system.tables WHERE database = '{database}' AND name = 'latency_1h_revisions') * 86400000000000 + 600000000000, 0) AS kept_from_1h_ns,
        if((SELECT max(toInt64OrZero(extract(create_table_query, 'toIntervalDay\\((\\d+)\\)'))) FROM system.tables WHERE database = '{database}' AND name = 'latency_1d_revisions') > 0, now_ns - (SELECT max(toInt64OrZero(extract(create_table_query, 'toIntervalDay\\((\\d+)\\)'))) FROM system.tables WHERE database = '{database}' AND name = 'latency_1d_revisions') * 86400000000000 + 600000000000, 0) AS kept_from_1d_ns
)))));

-- `latency` from `from_ms` (in it) to `to_ms` (not in it), milliseconds since the epoch: rows of the coarsest tiers
-- that answer steps of `grain_seconds`, and raw rows where no tier has them yet. docs/sql.md has what they say.
CREATE VIEW {database}.latency_over AS
WITH (SELECT (toInt64(to_ns), toInt64(raw_begin_ns), toInt64(covered_begin_ns), toInt64(covered_end_ns), toInt64(filled_ns), toInt64(begin_1m_ns), toInt64(end_1m_ns), toInt64(coarser_begin_1m_ns), toInt64(coarser_end_1m_ns), toInt64(begin_5m_ns), toInt64(end_5m_ns), toInt64(coarser_begin_5m_ns), toInt64(coarser_end_5m_ns), toInt64(begin_1h_ns), toInt64(end_1h_ns), toInt64(coarser_begin_1h_ns), toInt64(coarser_end_1h_ns), toInt64(begin_1d_ns), toInt64(end_1d_ns), toInt64(coarser_begin_1d_ns), toInt64(coarser_end_1d_ns)) FROM (SELECT *, if(begin_1m_ns < end_1m_ns, least(begin_1m_ns, coarser_begin_1m_ns), coarser_begin_1m_ns) AS covered_begin_ns, if(begin_1m_ns < end_1m_ns, greatest(end_1m_ns, coarser_end_1m_ns), coarser_end_1m_ns) AS covered_end_ns, greatest(from_ns, raw_kept_from_ns) AS raw_begin_ns FROM (SELECT *, if(begin_5m_ns < end_5m_ns, least(begin_5m_ns, coarser_begin_5m_ns), coarser_begin_5m_ns) AS coarser_begin_1m_ns, if(begin_5m_ns < end_5m_ns, greatest(end_5m_ns, coarser_end_5m_ns), coarser_end_5m_ns) AS coarser_end_1m_ns FROM (SELECT *, if(begin_1h_ns < end_1h_ns, least(begin_1h_ns, coarser_begin_1h_ns), coarser_begin_1h_ns) AS coarser_begin_5m_ns, if(begin_1h_ns < end_1h_ns, greatest(end_1h_ns, coarser_end_1h_ns), coarser_end_1h_ns) AS coarser_end_5m_ns FROM (SELECT *, if(begin_1d_ns < end_1d_ns, least(begin_1d_ns, coarser_begin_1d_ns), coarser_begin_1d_ns) AS coarser_begin_1h_ns, if(begin_1d_ns < end_1d_ns, greatest(end_1d_ns, coarser_end_1d_ns), coarser_end_1d_ns) AS coarser_end_1h_ns FROM (SELECT *, 4611686018427387904 AS coarser_begin_1d_ns, 0 AS coarser_end_1d_ns FROM (SELECT *, intDiv(greatest(from_ns, kept_from_1m_ns) + 59999999999, 60000000000) * 60000000000 AS begin_1m_ns, intDiv(least(to_ns, filled_1m_ns, if(grain_ns % 60000000000 = 0, 4611686018427387904, raw_kept_from_ns)), 60000000000) * 60000000000 AS end_1m_ns, intDiv(greatest(from_ns, kept_from_5m_ns) + 299999999999, 300000000000) * 300000000000 AS begin_5m_ns, intDiv(least(to_ns, least(filled_5m_ns, filled_ns - 0), if(grain_ns % 300000000000 = 0, 4611686018427387904, kept_from_1m_ns)), 300000000000) * 300000000000 AS end_5m_ns, intDiv(greatest(from_ns, kept_from_1h_ns) + 3599999999999, 3600000000000) * 3600000000000 AS begin_1h_ns, intDiv(least(to_ns, least(filled_1h_ns, filled_ns - 0), if(grain_ns % 3600000000000 = 0, 4611686018427387904, kept_from_5m_ns)), 3600000000000) * 3600000000000 AS end_1h_ns, intDiv(greatest(from_ns, kept_from_1d_ns) + 86399999999999, 86400000000000) * 86400000000000 AS begin_1d_ns, intDiv(least(to_ns, least(filled_1d_ns, filled_ns - 0), if(grain_ns % 86400000000000 = 0, 4611686018427387904, kept_from_1h_ns)), 86400000000000) * 86400000000000 AS end_1d_ns FROM (SELECT *, {from_ms:Int64} * 1000000 AS from_ns, {to_ms:Int64} * 1000000 AS to_ns, greatest(1, {grain_seconds:Int64}) * 1000000000 AS grain_ns, filled_1m_ns AS filled_ns FROM {database}.latency_filled)))))))) AS cut
SELECT time, toUInt32(86400) AS window_seconds, host, vif_id, out_vif_id, bucket_from_ns, bucket_to_ns, covered_ns, sampled_packets, expired_packets, changed_packets, unplaced_packets
FROM {database}.latency_1d
WHERE time >= fromUnixTimestamp64Nano(cut.18, 'UTC') AND time < fromUnixTimestamp64Nano(cut.19, 'UTC')
    AND NOT (time >= fromUnixTimestamp64Nano(cut.20, 'UTC') AND time < fromUnixTimestamp64Nano(cut.21, 'UTC'))
UNION ALL
WITH (SELECT (toInt64(to_ns), toInt64(raw_begin_ns), toInt64(covered_begin_ns), toInt64(covered_end_ns), toInt64(filled_ns), toInt64(begin_1m_ns), toInt64(end_1m_ns), toInt64(coarser_begin_1m_ns), toInt64(coarser_end_1m_ns), toInt64(begin_5m_ns), toInt64(end_5m_ns), toInt64(coarser_begin_5m_ns), toInt64(coarser_end_5m_ns), toInt64(begin_1h_ns), toInt64(end_1h_ns), toInt64(coarser_begin_1h_ns), toInt64(coarser_end_1h_ns), toInt64(begin_1d_ns), toInt64(end_1d_ns), toInt64(coarser_begin_1d_ns), toInt64(coarser_end_1d_ns)) FROM (SELECT *, if(begin_1m_ns < end_1m_ns, least(begin_1m_ns, coarser_begin_1m_ns), coarser_begin_1m_ns) AS covered_begin_ns, if(begin_1m_ns < end_1m_ns, greatest(end_1m_ns, coarser_end_1m_ns), coarser_end_1m_ns) AS covered_end_ns, greatest(from_ns, raw_kept_from_ns) AS raw_begin_ns FROM (SELECT *, if(begin_5m_ns < end_5m_ns, least(begin_5m_ns, coarser_begin_5m_ns), coarser_begin_5m_ns) AS coarser_begin_1m_ns, if(begin_5m_ns < end_5m_ns, greatest(end_5m_ns, coarser_end_5m_ns), coarser_end_5m_ns) AS coarser_end_1m_ns FROM (SELECT *, if(begin_1h_ns < end_1h_ns, least(begin_1h_ns, coarser_begin_1h_ns), coarser_begin_1h_ns) AS coarser_begin_5m_ns, if(begin_1h_ns < end_1h_ns, greatest(end_1h_ns, coarser_end_1h_ns), coarser_end_1h_ns) AS coarser_end_5m_ns FROM (SELECT *, if(begin_1d_ns < end_1d_ns, least(begin_1d_ns, coarser_begin_1d_ns), coarser_begin_1d_ns) AS coarser_begin_1h_ns, if(begin_1d_ns < end_1d_ns, greatest(end_1d_ns, coarser_end_1d_ns), coarser_end_1d_ns) AS coarser_end_1h_ns FROM (SELECT *, 4611686018427387904 AS coarser_begin_1d_ns, 0 AS coarser_end_1d_ns FROM (SELECT *, intDiv(greatest(from_ns, kept_from_1m_ns) + 59999999999, 60000000000) * 60000000000 AS begin_1m_ns, intDiv(least(to_ns, filled_1m_ns, if(grain_ns % 60000000000 = 0, 4611686018427387904, raw_kept_from_ns)), 60000000000) * 60000000000 AS end_1m_ns, intDiv(greatest(from_ns, kept_from_5m_ns) + 299999999999, 300000000000) * 300000000000 AS begin_5m_ns, intDiv(least(to_ns, least(filled_5m_ns, filled_ns - 0), if(grain_ns % 300000000000 = 0, 4611686018427387904, kept_from_1m_ns)), 300000000000) * 300000000000 AS end_5m_ns, intDiv(greatest(from_ns, kept_from_1h_ns) + 3599999999999, 3600000000000) * 3600000000000 AS begin_1h_ns, intDiv(least(to_ns, least(filled_1h_ns, filled_ns - 0), if(grain_ns % 3600000000000 = 0, 4611686018427387904, kept_from_5m_ns)), 3600000000000) * 3600000000000 AS end_1h_ns, intDiv(greatest(from_ns, kept_from_1d_ns) + 86399999999999, 86400000000000) * 86400000000000 AS begin_1d_ns, intDiv(least(to_ns, least(filled_1d_ns, filled_ns - 0), if(grain_ns % 86400000000000 = 0, 4611686018427387904, kept_from_1h_ns)), 86400000000000) * 86400000000000 AS end_1d_ns FROM (SELECT *, {from_ms:Int64} * 1000000 AS from_ns, {to_ms:Int64} * 1000000 AS to_ns, greatest(1, {grain_seconds:Int64}) * 1000000000 AS grain_ns, filled_1m_ns AS filled_ns FROM {database}.latency_filled)))))))) AS cut
SELECT time, toUInt32(3600) AS window_seconds, host, vif_id, out_vif_id, bucket_from_ns, bucket_to_ns, covered_ns, sampled_packets, expired_packets, changed_packets, unplaced_packets
FROM {database}.latency_1h
WHERE time >= fromUnixTimestamp64Nano(cut.14, 'UTC') AND time < fromUnixTimestamp64Nano(cut.15, 'UTC')
    AND NOT (time >= fromUnixTimestamp64Nano(cut.16, 'UTC') AND time < fromUnixTimestamp64Nano(cut.17, 'UTC'))
UNION ALL
WITH (SELECT (toInt64(to_ns), toInt64(raw_begin_ns), toInt64(covered_begin_ns), toInt64(covered_end_ns), toInt64(filled_ns), toInt64(begin_1m_ns), toInt64(end_1m_ns), toInt64(coarser_begin_1m_ns), toInt64(coarser_end_1m_ns), toInt64(begin_5m_ns), toInt64(end_5m_ns), toInt64(coarser_begin_5m_ns), toInt64(coarser_end_5m_ns), toInt64(begin_1h_ns), toInt64(end_1h_ns), toInt64(coarser_begin_1h_ns), toInt64(coarser_end_1h_ns), toInt64(begin_1d_ns), toInt64(end_1d_ns), toInt64(coarser_begin_1d_ns), toInt64(coarser_end_1d_ns)) FROM (SELECT *, if(begin_1m_ns < end_1m_ns, least(begin_1m_ns, coarser_begin_1m_ns), coarser_begin_1m_ns) AS covered_begin_ns, if(begin_1m_ns < end_1m_ns, greatest(end_1m_ns, coarser_end_1m_ns), coarser_end_1m_ns) AS covered_end_ns, greatest(from_ns, raw_kept_from_ns) AS raw_begin_ns FROM (SELECT *, if(begin_5m_ns < end_5m_ns, least(begin_5m_ns, coarser_begin_5m_ns), coarser_begin_5m_ns) AS coarser_begin_1m_ns, if(begin_5m_ns < end_5m_ns, greatest(end_5m_ns, coarser_end_5m_ns), coarser_end_5m_ns) AS coarser_end_1m_ns FROM (SELECT *, if(begin_1h_ns < end_1h_ns, least(begin_1h_ns, coarser_begin_1h_ns), coarser_begin_1h_ns) AS coarser_begin_5m_ns, if(begin_1h_ns < end_1h_ns, greatest(end_1h_ns, coarser_end_1h_ns), coarser_end_1h_ns) AS coarser_end_5m_ns FROM (SELECT *, if(begin_1d_ns < end_1d_ns, least(begin_1d_ns, coarser_begin_1d_ns), coarser_begin_1d_ns) AS coarser_begin_1h_ns, if(begin_1d_ns < end_1d_ns, greatest(end_1d_ns, coarser_end_1d_ns), coarser_end_1d_ns) AS coarser_end_1h_ns FROM (SELECT *, 4611686018427387904 AS coarser_begin_1d_ns, 0 AS coarser_end_1d_ns FROM (SELECT *, intDiv(greatest(from_ns, kept_from_1m_ns) + 59999999999, 60000000000) * 60000000000 AS begin_1m_ns, intDiv(least(to_ns, filled_1m_ns, if(grain_ns % 60000000000 = 0, 4611686018427387904, raw_kept_from_ns)), 60000000000) * 60000000000 AS end_1m_ns, intDiv(greatest(from_ns, kept_from_5m_ns) + 299999999999, 300000000000) * 300000000000 AS begin_5m_ns, intDiv(least(to_ns, least(filled_5m_ns, filled_ns - 0), if(grain_ns % 300000000000 = 0, 4611686018427387904, kept_from_1m_ns)), 300000000000) * 300000000000 AS end_5m_ns, intDiv(greatest(from_ns, kept_from_1h_ns) + 3599999999999, 3600000000000) * 3600000000000 AS begin_1h_ns, intDiv(least(to_ns, least(filled_1h_ns, filled_ns - 0), if(grain_ns % 3600000000000 = 0, 4611686018427387904, kept_from_5m_ns)), 3600000000000) * 3600000000000 AS end_1h_ns, intDiv(greatest(from_ns, kept_from_1d_ns) + 86399999999999, 86400000000000) * 86400000000000 AS begin_1d_ns, intDiv(least(to_ns, least(filled_1d_ns, filled_ns - 0), if(grain_ns % 86400000000000 = 0, 4611686018427387904, kept_from_1h_ns)), 86400000000000) * 86400000000000 AS end_1d_ns FROM (SELECT *, {from_ms:Int64} * 1000000 AS from_ns, {to_ms:Int64} * 1000000 AS to_ns, greatest(1, {grain_seconds:Int64}) * 1000000000 AS grain_ns, filled_1m_ns AS filled_ns FROM {database}.latency_filled)))))))) AS cut
SELECT time, toUInt32(300) AS window_seconds, host, vif_id, out_vif_id, bucket_from_ns, bucket_to_ns, covered_ns, sampled_packets, expired_packets, changed_packets, unplaced_packets
FROM {database}.latency_5m
WHERE time >= fromUnixTimestamp64Nano(cut.10, 'UTC') AND time < fromUnixTimestamp64Nano(cut.11, 'UTC')
    AND NOT (time >= fromUnixTimestamp64Nano(cut.12, 'UTC') AND time < fromUnixTimestamp64Nano(cut.13, 'UTC'))
UNION ALL
WITH (SELECT (toInt64(to_ns), toInt64(raw_begin_ns), toInt64(covered_begin_ns), toInt64(covered_end_ns), toInt64(filled_ns), toInt64(begin_1m_ns), toInt64(end_1m_ns), toInt64(coarser_begin_1m_ns), toInt64(coarser_end_1m_ns), toInt64(begin_5m_ns), toInt64(end_5m_ns), toInt64(coarser_begin_5m_ns), toInt64(coarser_end_5m_ns), toInt64(begin_1h_ns), toInt64(end_1h_ns), toInt64(coarser_begin_1h_ns), toInt64(coarser_end_1h_ns), toInt64(begin_1d_ns), toInt64(end_1d_ns), toInt64(coarser_begin_1d_ns), toInt64(coarser_end_1d_ns)) FROM (SELECT *, if(begin_1m_ns < end_1m_ns, least(begin_1m_ns, coarser_begin_1m_ns), coarser_begin_1m_ns) AS covered_begin_ns, if(begin_1m_ns < end_1m_ns, greatest(end_1m_ns, coarser_end_1m_ns), coarser_end_1m_ns) AS covered_end_ns, greatest(from_ns, raw_kept_from_ns) AS raw_begin_ns FROM (SELECT *, if(begin_5m_ns < end_5m_ns, least(begin_5m_ns, coarser_begin_5m_ns), coarser_begin_5m_ns) AS coarser_begin_1m_ns, if(begin_5m_ns < end_5m_ns, greatest(end_5m_ns, coarser_end_5m_ns), coarser_end_5m_ns) AS coarser_end_1m_ns FROM (SELECT *, if(begin_1h_ns < end_1h_ns, least(begin_1h_ns, coarser_begin_1h_ns), coarser_begin_1h_ns) AS coarser_begin_5m_ns, if(begin_1h_ns < end_1h_ns, greatest(end_1h_ns, coarser_end_1h_ns), coarser_end_1h_ns) AS coarser_end_5m_ns FROM (SELECT *, if(begin_1d_ns < end_1d_ns, least(begin_1d_ns, coarser_begin_1d_ns), coarser_begin_1d_ns) AS coarser_begin_1h_ns, if(begin_1d_ns < end_1d_ns, greatest(end_1d_ns, coarser_end_1d_ns), coarser_end_1d_ns) AS coarser_end_1h_ns FROM (SELECT *, 4611686018427387904 AS coarser_begin_1d_ns, 0 AS coarser_end_1d_ns FROM (SELECT *, intDiv(greatest(from_ns, kept_from_1m_ns) + 59999999999, 60000000000) * 60000000000 AS begin_1m_ns, intDiv(least(to_ns, filled_1m_ns, if(grain_ns % 60000000000 = 0, 4611686018427387904, raw_kept_from_ns)), 60000000000) * 60000000000 AS end_1m_ns, intDiv(greatest(from_ns, kept_from_5m_ns) + 299999999999, 300000000000) * 300000000000 AS begin_5m_ns, intDiv(least(to_ns, least(filled_5m_ns, filled_ns - 0), if(grain_ns % 300000000000 = 0, 4611686018427387904, kept_from_1m_ns)), 300000000000) * 300000000000 AS end_5m_ns, intDiv(greatest(from_ns, kept_from_1h_ns) + 3599999999999, 3600000000000) * 3600000000000 AS begin_1h_ns, intDiv(least(to_ns, least(filled_1h_ns, filled_ns - 0), if(grain_ns % 3600000000000 = 0, 4611686018427387904, kept_from_5m_ns)), 3600000000000) * 3600000000000 AS end_1h_ns, intDiv(greatest(from_ns, kept_from_1d_ns) + 86399999999999, 86400000000000) * 86400000000000 AS begin_1d_ns, intDiv(least(to_ns, least(filled_1d_ns, filled_ns - 0), if(grain_ns % 86400000000000 = 0, 4611686018427387904, kept_from_1h_ns)), 86400000000000) * 86400000000000 AS end_1d_ns FROM (SELECT *, {from_ms:Int64} * 1000000 AS from_ns, {to_ms:Int64} * 1000000 AS to_ns, greatest(1, {grain_seconds:Int64}) * 1000000000 AS grain_ns, filled_1m_ns AS filled_ns FROM {database}.latency_filled)))))))) AS cut
SELECT time, toUInt32(60) AS window_seconds, host, vif_id, out_vif_id, bucket_from_ns, bucket_to_ns, covered_ns, sampled_packets, expired_packets, changed_packets, unplaced_packets
FROM {database}.latency_1m
WHERE time >= fromUnixTimestamp64Nano(cut.6, 'UTC') AND time < fromUnixTimestamp64Nano(cut.7, 'UTC')
    AND NOT (time >= fromUnixTimestamp64Nano(cut.8, 'UTC') AND time < fromUnixTimestamp64Nano(cut.9, 'UTC'))
UNION ALL
WITH (SELECT (toInt64(to_ns), toInt64(raw_begin_ns), toInt64(covered_begin_ns), toInt64(covered_end_ns), toInt64(filled_ns), toInt64(begin_1m_ns), toInt64(end_1m_ns), toInt64(coarser_begin_1m_ns), toInt64(coarser_end_1m_ns), toInt64(begin_5m_ns), toInt64(end_5m_ns), toInt64(coarser_begin_5m_ns), toInt64(coarser_end_5m_ns), toInt64(begin_1h_ns), toInt64(end_1h_ns), toInt64(coarser_begin_1h_ns), toInt64(coarser_end_1h_ns), toInt64(begin_1d_ns), toInt64(end_1d_ns), toInt64(coarser_begin_1d_ns), toInt64(coarser_end_1d_ns)) FROM (SELECT *, if(begin_1m_ns < end_1m_ns, least(begin_1m_ns, coarser_begin_1m_ns), coarser_begin_1m_ns) AS covered_begin_ns, if(begin_1m_ns < end_1m_ns, greatest(end_1m_ns, coarser_end_1m_ns), coarser_end_1m_ns) AS covered_end_ns, greatest(from_ns, raw_kept_from_ns) AS raw_begin_ns FROM (SELECT *, if(begin_5m_ns < end_5m_ns, least(begin_5m_ns, coarser_begin_5m_ns), coarser_begin_5m_ns) AS coarser_begin_1m_ns, if(begin_5m_ns < end_5m_ns, greatest(end_5m_ns, coarser_end_5m_ns), coarser_end_5m_ns) AS coarser_end_1m_ns FROM (SELECT *, if(begin_1h_ns < end_1h_ns, least(begin_1h_ns, coarser_begin_1h_ns), coarser_begin_1h_ns) AS coarser_begin_5m_ns, if(begin_1h_ns < end_1h_ns, greatest(end_1h_ns, coarser_end_1h_ns), coarser_end_1h_ns) AS coarser_end_5m_ns FROM (SELECT *, if(begin_1d_ns < end_1d_ns, least(begin_1d_ns, coarser_begin_1d_ns), coarser_begin_1d_ns) AS coarser_begin_1h_ns, if(begin_1d_ns < end_1d_ns, greatest(end_1d_ns, coarser_end_1d_ns), coarser_end_1d_ns) AS coarser_end_1h_ns FROM (SELECT *, 4611686018427387904 AS coarser_begin_1d_ns, 0 AS coarser_end_1d_ns FROM (SELECT *, intDiv(greatest(from_ns, kept_from_1m_ns) + 59999999999, 60000000000) * 60000000000 AS begin_1m_ns, intDiv(least(to_ns, filled_1m_ns, if(grain_ns % 60000000000 = 0, 4611686018427387904, raw_kept_from_ns)), 60000000000) * 60000000000 AS end_1m_ns, intDiv(greatest(from_ns, kept_from_5m_ns) + 299999999999, 300000000000) * 300000000000 AS begin_5m_ns, intDiv(least(to_ns, least(filled_5m_ns, filled_ns - 0), if(grain_ns % 300000000000 = 0, 4611686018427387904, kept_from_1m_ns)), 300000000000) * 300000000000 AS end_5m_ns, intDiv(greatest(from_ns, kept_from_1h_ns) + 3599999999999, 3600000000000) * 3600000000000 AS begin_1h_ns, intDiv(least(to_ns, least(filled_1h_ns, filled_ns - 0), if(grain_ns % 3600000000000 = 0, 4611686018427387904, kept_from_5m_ns)), 3600000000000) * 3600000000000 AS end_1h_ns, intDiv(greatest(from_ns, kept_from_1d_ns) + 86399999999999, 86400000000000) * 86400000000000 AS begin_1d_ns, intDiv(least(to_ns, least(filled_1d_ns, filled_ns - 0), if(grain_ns % 86400000000000 = 0, 4611686018427387904, kept_from_1h_ns)), 86400000000000) * 86400000000000 AS end_1d_ns FROM (SELECT *, {from_ms:Int64} * 1000000 AS from_ns, {to_ms:Int64} * 1000000 AS to_ns, greatest(1, {grain_seconds:Int64}) * 1000000000 AS grain_ns, filled_1m_ns AS filled_ns FROM {database}.latency_filled)))))))) AS cut
SELECT raw_time AS time, toUInt32(0) AS window_seconds, host, vif_id, out_vif_id, bucket_from_ns, bucket_to_ns, covered_ns, sampled_packets, expired_packets, changed_packets, unplaced_packets
FROM
(
SELECT
    intDiv(toUnixTimestamp64Nano(raw.time) + 200000000, 60000000000) AS window_number,
    fromUnixTimestamp64Nano(window_number * 60000000000, 'UTC') AS row_time,
    greatest(raw.time, row_time) AS raw_time,
    raw.host AS host,
    raw.vif_id AS vif_id,
    raw.out_vif_id AS out_vif_id,
    raw.bucket_from_ns AS bucket_from_ns,
    raw.bucket_to_ns AS bucket_to_ns,
    if(raw.vif_id = 0 AND raw.bucket_to_ns = 0, raw.duration_ns, 0) AS covered_ns,
    raw.sampled_packets AS sampled_packets,
    raw.expired_packets AS expired_packets,
    raw.changed_packets AS changed_packets,
    raw.unplaced_packets AS unplaced_packets
FROM {database}.latency AS raw
WHERE raw.time >= fromUnixTimestamp64Nano(cut.2 + (-200000000), 'UTC') AND raw.time < fromUnixTimestamp64Nano(cut.1, 'UTC') AND NOT (raw.time >= fromUnixTimestamp64Nano(cut.3, 'UTC') AND raw.time < fromUnixTimestamp64Nano(cut.4 + (-200000000), 'UTC'))
)
WHERE raw_time >= fromUnixTimestamp64Nano(cut.2, 'UTC') AND raw_time < fromUnixTimestamp64Nano(cut.1, 'UTC')
    AND NOT (raw_time >= fromUnixTimestamp64Nano(cut.3, 'UTC') AND raw_time < fromUnixTimestamp64Nano(cut.4, 'UTC'));

-- The newest result of each window.
CREATE VIEW {database}.sli AS
SELECT *
FROM {database}.sli_revisions FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1;

-- One row a state of a VIF and the instant from which it holds. What was settled within 60 s of birth holds from birth,
-- and the first known state of a VIF that nobody saw being born holds from before all of its rows.
CREATE VIEW {database}.vif_history AS
SELECT
    vif_id,
    if(
        change IN ('born', 'baseline') OR valid_from_time <= born_time + INTERVAL 60 SECOND,
        toDateTime64(0, 9, 'UTC'),
        valid_from_time
    ) AS holds_from_time,
    argMax(vif_key, (valid_from_time, time)) AS vif_key,
    argMax(namespace, (valid_from_time, time)) AS namespace,
    argMax(ifname, (valid_from_time, time)) AS ifname,
    argMax(kind, (valid_from_time, time)) AS kind,
    argMax(side, (valid_from_time, time)) AS side,
    argMax(counting_point, (valid_from_time, time)) AS counting_point,
    argMax(link_id, (valid_from_time, time)) AS link_id,
    argMax(peer_vif_id, (valid_from_time, time)) AS peer_vif_id,
    argMax(workload, (valid_from_time, time)) AS workload,
    argMax(owner, (valid_from_time, time)) AS owner,
    argMax(tenant, (valid_from_time, time)) AS tenant,
    argMax(service, (valid_from_time, time)) AS service,
    argMax(criticality, (valid_from_time, time)) AS criticality
FROM {database}.inventory
GROUP BY vif_id, holds_from_time;

-- Counters with the labels that held at each row's time.
CREATE VIEW {database}.counters_labelled AS
SELECT
    counters.*,
    history.vif_key AS vif_key,
    history.namespace AS namespace,
    history.ifname AS ifname,
    history.kind AS kind,
    history.side AS side,
    history.counting_point AS counting_point,
    history.link_id AS link_id,
    history.peer_vif_id AS peer_vif_id,
    history.workload AS workload,
    history.owner AS owner,
    history.tenant AS tenant,
    history.service AS service,
    history.criticality AS criticality
FROM {database}.counters AS counters
ASOF LEFT JOIN {database}.vif_history AS history
    ON counters.vif_id = history.vif_id AND counters.time >= history.holds_from_time;

-- Flows with the labels of their VIF that held at each row's time.
CREATE VIEW {database}.flows_labelled AS
SELECT
    flows.*,
    history.vif_key AS vif_key,
    history.namespace AS namespace,
    history.ifname AS ifname,
    history.kind AS kind,
    history.side AS side,
    history.counting_point AS counting_point,
    history.link_id AS link_id,
    history.peer_vif_id AS peer_vif_id,
    history.workload AS workload,
    history.owner AS owner,
    history.tenant AS tenant,
    history.service AS service,
    history.criticality AS criticality
FROM {database}.flows AS flows
ASOF LEFT JOIN {database}.vif_history AS history
    ON flows.vif_id = history.vif_id AND flows.time >= history.holds_from_time;

-- Where the ledger balances and where not: one row a minute of hand-over, host and stream.
--
-- handed_over_rows = stored_rows + in_flight_rows + lost_rows + difference_rows, and the last is 0 unless something is wrong.
-- The agent's row on a hand-over and the processor's rows on the batches of it are of the same `received_time`, so the two
-- sides are compared hand-over by hand-over; what never came is found by its number. docs/ledger.md has the equation.
CREATE VIEW {database}.ledger_balance AS
WITH
-- What a spool lost on the way, by the numbers of its batches: (number before the first, last, rows, cause, origin, whether
-- an agent's row accounts for a batch among them). Such rows follow one another, so the last that begins before the loss
-- ends decides. It is decided here once a loss: decided at each hand-over it took more memory than a question may.
spool_losses AS
(
    SELECT
        losses.spool_id AS spool_id,
        losses.of_stream AS of_stream,
        groupArray((
            losses.before_first,
            losses.last,
            losses.rows,
            losses.cause,
            losses.origin,
            account.last > losses.before_first
        )) AS spans
    FROM
    (
        SELECT DISTINCT
            spool_id,
            of_stream,
            toInt64(lost_through_sequence) - toInt64(lost_batches_count) AS before_first,
            toInt64(lost_through_sequence) AS last,
            lost_rows_count AS rows,
            toString(ledger.cause) AS cause,
            toString(lost_rows_origin) AS origin
        FROM {database}.ledger
        WHERE stage = 'agent' AND lost_through_sequence > 0
    ) AS losses
    ASOF LEFT JOIN
    (
        SELECT
            spool_id,
            of_stream,
            toInt64(through_sequence) - toInt64(batches_count) AS before_first,
            toInt64(through_sequence) AS last
        FROM {database}.ledger
        WHERE stage = 'agent' AND batches_count > 0
    ) AS account
        ON losses.spool_id = account.spool_id
            AND losses.of_stream = account.of_stream
            AND losses.last > account.before_first
    GROUP BY spool_id, of_stream
),

-- Numbers that the processor did not get: (number before the first, last, cause).
processor_holes AS
(
    SELECT
        of_spool_id AS spool_id,
        of_stream,
        groupArray((lost_through_sequence - lost_batches_count, lost_through_sequence, toString(cause))) AS spans
    FROM {database}.ledger
    WHERE stage = 'processor' AND lost_through_sequence > 0
    GROUP BY spool_id, of_stream
),

-- Of streams with such numbers: the batches that the agent's own rows account for.
accounted AS
(
    SELECT
        spool_id,
        of_stream,
        groupArray((through_sequence - batches_count, through_sequence)) AS spans
    FROM {database}.ledger
    WHERE stage = 'agent'
        AND batches_count > 0
        AND (spool_id, of_stream) IN (SELECT spool_id, of_stream FROM processor_holes)
    GROUP BY spool_id, of_stream
),

-- How far the processor came with each stream, and until when a spool has told of its losses.
reached AS
(
    SELECT
        if(of_spool_id = '', spool_id, of_spool_id) AS spool_id,
        of_stream,
        maxIf(through_sequence, stage = 'processor') AS reached_sequence
    FROM {database}.ledger
    WHERE time >= now() - INTERVAL 1 DAY
    GROUP BY spool_id, of_stream
),

told AS
(
    SELECT spool_id, max(received_time) AS told_time
    FROM {database}.ledger
    WHERE stage = 'agent' AND time >= now() - INTERVAL 1 DAY
    GROUP BY spool_id
),

hand_overs AS
(
    SELECT
        host,
        if(of_spool_id = '', spool_id, of_spool_id) AS spool_id,
        of_stream,
        received_time,
        sumIf(batches_count, stage = 'agent') AS agent_batches,
        sumIf(out_rows_count, stage = 'agent' AND batches_count > 0) AS agent_rows,
        maxIf(through_sequence, stage = 'agent') AS agent_through,
        sumIf(batches_count, stage = 'processor') AS processor_batches,
        sumIf(in_rows_count, stage = 'processor') AS processor_rows,
        sumIf(out_rows_count, stage = 'processor') AS stored_rows,
        -- Dead letters without those that were replayed since: the row of a replay names what it takes back.
        sumMapIf(
            if(
                startsWith(cause, 'replayed:'),
                map(toString(substring(cause, 10)), -toInt64(out_rows_count)),
                map(toString(cause), toInt64(lost_rows_count))
            ),
            stage = 'processor' AND lost_through_sequence = 0 AND cause NOT IN ('', 'late')
        ) AS refused,
        sumIf(lost_rows_count, cause = 'late') AS late_rows,
        sumMapIf(
            map(toString(cause), toInt64(lost_rows_count)),
            stage = 'agent' AND lost_through_sequence = 0 AND cause != ''
        ) AS unread,
        max(lost_rows_origin IN ('estimated', 'at_most')) AS is_estimated,
        groupArrayIf(
            (lost_through_sequence - lost_batches_count, lost_through_sequence, time),
            stage = 'processor' AND lost_through_sequence > 0
        ) AS holes,
        notEmpty(holes) OR agent_batches > processor_batches AS is_lacking
    FROM {database}.ledger
    GROUP BY host, spool_id, of_stream, received_time
),

explained AS
(
    SELECT
        hand_overs.host AS host,
        hand_overs.spool_id AS spool_id,
        hand_overs.of_stream AS of_stream,
        hand_overs.received_time AS received_time,
        hand_overs.stored_rows AS stored_rows,
        hand_overs.late_rows AS late_rows,
        hand_overs.refused AS refused,
        hand_overs.unread AS unread,
        toInt64(agent_rows) - toInt64(processor_rows) AS more_rows,
        toInt64(agent_batches) - toInt64(processor_batches) AS absent_batches,
        agent_batches > 0 AND absent_batches > 0 AND agent_through > reached.reached_sequence AS is_in_flight,
        agent_batches > 0 AND absent_batches > 0 AND NOT is_in_flight AS is_missed,
        if(agent_batches > 0, agent_rows, processor_rows) AS accounted_rows,
        toInt64(processor_rows) - toInt64(stored_rows) - arraySum(mapValues(hand_overs.refused)) AS undecided_rows,
        -- What took the batches of this hand-over that did not come: damage where that is known, else it is not known.
        ifNull(nullIf(arrayFirst(
            cause -> cause != '',
            [
                arrayFirst(
                    loss -> loss.2 > agent_through - agent_batches AND loss.1 < agent_through, spool_losses.spans
                ).4,
                arrayFirst(
                    hole -> hole.2 > agent_through - agent_batches AND hole.1 < agent_through, processor_holes.spans
                ).3
            ]
        ), ''), 'missing') AS missed_cause,
        -- Of each hole: (cause, rows, is it an upper bound, batches) of each loss of the spool that is in it.
        arrayFlatten(arrayMap(
            hole -> arrayMap(
                loss -> (
                    loss.4,
                    loss.3,
                    loss.5 = 'at_most' OR loss.1 < hole.1 OR loss.2 > hole.2,
                    least(loss.2, hole.2) - greatest(loss.1, hole.1),
                    loss.5 = 'unknown'
                ),
                arrayFilter(
                    loss -> loss.2 > hole.1
                        AND loss.1 < hole.2
                        AND NOT loss.6,
                    spool_losses.spans
                )
            ),
            hand_overs.holes
        )) AS lost,
        arraySum(hole -> hole.2 - hole.1, hand_overs.holes) AS hole_batches,
        arraySum(hole -> arraySum(
            span -> greatest(0, toInt64(least(span.2, hole.2)) - toInt64(greatest(span.1, hole.1))), accounted.spans
        ), hand_overs.holes) AS accounted_batches,
        -- Losses of the spool without rows: how many batches they are is known.
        toInt64(hole_batches) - toInt64(arraySum(loss -> if(loss.5, 0, loss.4), lost)) - accounted_batches AS unknown_batches,
        agent_batches > 0 AS agent_batches_known,
        arrayMax(hole -> toUnixTimestamp64Nano(hole.3), hand_overs.holes) >= toUnixTimestamp64Nano(told.told_time)
            AS is_untold,
        hand_overs.is_estimated OR arrayExists(loss -> loss.3, lost) AS is_estimated
    FROM hand_overs
    -- Lists of a stream are put beside those hand-overs only that look into them.
    LEFT JOIN spool_losses
        ON if(hand_overs.is_lacking, hand_overs.spool_id, '') = spool_losses.spool_id
            AND hand_overs.of_stream = spool_losses.of_stream
    LEFT JOIN processor_holes
        ON if(hand_overs.is_lacking, hand_overs.spool_id, '') = processor_holes.spool_id
            AND hand_overs.of_stream = processor_holes.of_stream
    LEFT JOIN accounted
        ON if(hand_overs.is_lacking, hand_overs.spool_id, '') = accounted.spool_id
            AND hand_overs.of_stream = accounted.of_stream
    LEFT JOIN reached ON hand_overs.spool_id = reached.spool_id AND hand_overs.of_stream = reached.of_stream
    LEFT JOIN told ON hand_overs.spool_id = told.spool_id
)
SELECT
    toStartOfMinute(received_time) AS time,
    host,
    of_stream,
    sumMap(unread) AS unread_by_cause,
    toInt64(arraySum(mapValues(unread_by_cause))) AS unread_rows,
    toInt64(sum(accounted_rows)) + toInt64(sum(arraySum(loss -> loss.2, lost))) AS handed_over_rows,
    toInt64(sum(explained.stored_rows)) AS stored_rows,
    sumIf(more_rows, is_in_flight) AS in_flight_rows,
    mapFilter((cause, rows) -> rows != 0, mapAdd(
        sumMap(refused),
        mapAdd(
            sumMapIf(map(missed_cause, more_rows), is_missed),
            sumMap(CAST(
                (arrayMap(loss -> loss.1, lost), arrayMap(loss -> toInt64(loss.2), lost)), 'Map(String, Int64)'
            ))
        )
    )) AS lost_by_cause,
    toInt64(arraySum(mapValues(lost_by_cause))) AS lost_rows,
    sumIf(more_rows, agent_batches_known AND absent_batches <= 0) + sum(undecided_rows) AS difference_rows,
    toUInt64(sumIf(greatest(0, unknown_batches), NOT is_untold)) AS unknown_batches_count,
    toUInt64(sumIf(greatest(0, unknown_batches), is_untold)) AS unexplained_batches_count,
    -- Numbers that damage made the spool skip: at most so many batches were in it, perhaps none.
    toUInt64(sum(arraySum(loss -> if(loss.1 = 'numbers_skipped', greatest(0, loss.4), 0), lost))) AS at_most_batches_count,
    sum(explained.late_rows) AS late_rows,
    max(explained.is_estimated) AS is_estimated,
    multiIf(
        difference_rows != 0, 'short',
        unknown_batches_count > 0, 'unknown',
        in_flight_rows > 0 OR unexplained_batches_count > 0, 'in flight',
        'balanced'
    ) AS state
FROM explained
GROUP BY time, host, of_stream;

-- What share of each stream's rows arrived in each minute: stored rows over those and the rows that are known to be lost,
-- by the time of their events. Rows of one hand-over, and lost ones, are spread evenly over the time that they are of.
--
-- A batch of which only its number is known counts with the stream's mean rows of a batch. The SLIs and `viflux ledger
-- --completeness` read the same text over a bounded time: with an instant in place of `toInt64(0)`.
CREATE VIEW {database}.completeness AS
WITH
toInt64(0) AS since_ns,

spool_losses AS
(
    SELECT
        spool_id,
        of_stream,
        groupUniqArray((lost_through_sequence - lost_batches_count, lost_through_sequence)) AS spans
    FROM {database}.ledger
    WHERE time >= fromUnixTimestamp64Nano(since_ns, 'UTC') AND stage = 'agent' AND lost_through_sequence > 0
    GROUP BY spool_id, of_stream
),

means AS
(
    SELECT
        of_stream,
        sum(in_rows_count) / greatest(1, sum(batches_count)) AS rows_per_batch
    FROM {database}.ledger
    WHERE time >= fromUnixTimestamp64Nano(since_ns, 'UTC') AND stage = 'processor'
    GROUP BY of_stream
),

spans AS
(
    SELECT
        ledger.host AS host,
        ledger.of_stream AS of_stream,
        toUnixTimestamp64Nano(first_event_time) AS first_ns,
        toUnixTimestamp64Nano(last_event_time) AS last_ns,
        stage = 'processor' AND lost_through_sequence > 0 AS is_hole,
        if(stage = 'processor' AND (cause = '' OR startsWith(cause, 'replayed:')), out_rows_count, 0) AS stored_span_rows,
        -- Of numbers that never came: those that the spool does not tell of itself.
        greatest(0, toInt64(lost_batches_count) - toInt64(arraySum(
            loss -> if(
                loss.2 > lost_through_sequence - lost_batches_count AND loss.1 < lost_through_sequence,
                least(loss.2, lost_through_sequence) - greatest(loss.1, lost_through_sequence - lost_batches_count),
                0
            ),
            spool_losses.spans
        ))) AS untold_batches,
        multiIf(
            cause IN ('', 'late'), 0.,
            startsWith(cause, 'replayed:'), -toFloat64(out_rows_count),
            is_hole, untold_batches * means.rows_per_batch,
            toFloat64(lost_rows_count)
        ) AS lost_span_rows,
        (is_hole AND untold_batches > 0) OR lost_rows_origin NOT IN ('', 'counted', 'unknown') AS is_estimated_span
    FROM {database}.ledger AS ledger
    LEFT JOIN spool_losses ON ledger.of_spool_id = spool_losses.spool_id AND ledger.of_stream = spool_losses.of_stream
    LEFT JOIN means ON ledger.of_stream = means.of_stream
    WHERE ledger.time >= fromUnixTimestamp64Nano(since_ns, 'UTC')
        AND first_ns > 0
        AND last_ns >= greatest(first_ns, since_ns)
        AND (stored_span_rows > 0 OR lost_span_rows > 0)
)
SELECT
    fromUnixTimestamp64Nano(minute * 60000000000, 'UTC') AS time,
    host,
    of_stream,
    round(sum(stored_span_rows * share), 1) AS stored_rows,
    greatest(0, round(sum(lost_span_rows * share), 1)) AS lost_rows,
    least(1, 1 - sum(lost_span_rows * share) / sum((stored_span_rows + lost_span_rows) * share)) AS completeness_ratio,
    max(is_estimated_span AND lost_span_rows > 0) AS is_estimated
FROM
(
    SELECT
        *,
        arrayJoin(range(intDiv(greatest(first_ns, since_ns), 60000000000), intDiv(last_ns, 60000000000) + 1)) AS minute,
        if(
            last_ns = first_ns,
            1,
            (least(last_ns, (minute + 1) * 60000000000) - greatest(first_ns, minute * 60000000000)) / (last_ns - first_ns)
        ) AS share
    FROM spans
)
GROUP BY minute, host, of_stream
HAVING stored_rows + lost_rows > 0;

-- Drops with the labels of their VIF that held at each row's time; of an interface that is no known VIF what the row says.
CREATE VIEW {database}.drops_labelled AS
SELECT
    drops.* EXCEPT (namespace, ifname),
    if(drops.vif_id = 0, drops.namespace, history.namespace) AS namespace,
    if(drops.vif_id = 0, drops.ifname, history.ifname) AS ifname,
    history.vif_key AS vif_key,
    history.kind AS kind,
    history.side AS side,
    history.counting_point AS counting_point,
    history.link_id AS link_id,
    history.peer_vif_id AS peer_vif_id,
    history.workload AS workload,
    history.owner AS owner,
    history.tenant AS tenant,
    history.service AS service,
    history.criticality AS criticality
FROM {database}.drops AS drops
ASOF LEFT JOIN {database}.vif_history AS history
    ON drops.vif_id = history.vif_id AND drops.time >= history.holds_from_time;
