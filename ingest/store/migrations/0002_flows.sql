-- One flow seen at one VIF over one interval, as its exporter told it.
-- Sorted by (toStartOfFiveMinutes(time), vif_id, time): five minutes of one VIF lie together, in the order of time.
CREATE TABLE IF NOT EXISTS {database}.flows
(
    `time` DateTime64(9, 'UTC') COMMENT 'Start of the interval, or the instant; for flows the end of the interval.' CODEC(DoubleDelta, ZSTD(1)),
    `duration_ns` UInt64 COMMENT 'Length of the interval.' CODEC(T64, ZSTD(1)),
    `vif_id` UInt64 COMMENT 'The VIF, for the life of its kernel device; 0 where a row is about none.' CODEC(ZSTD(1)),
    `received_time` DateTime64(9, 'UTC') COMMENT 'When the agent closed the batch; of a flow, when its datagram came.' CODEC(DoubleDelta, ZSTD(1)),
    `source_kind` LowCardinality(String) COMMENT 'What told it.',
    `exporter_address` IPv6 COMMENT 'The exporter: sFlow\'s agent address, else the sender\'s.' CODEC(ZSTD(1)),
    `observation_domain_id` UInt32 COMMENT 'The exporter\'s part that saw it; sFlow\'s sub-agent id, NetFlow v9\'s source id, v5\'s engine type and id.',
    `sequence_number` UInt32 COMMENT 'Sequence number of the datagram.',
    `flow_start_time` DateTime64(9, 'UTC') COMMENT 'When the flow began, as told.' CODEC(DoubleDelta, ZSTD(1)),
    `flow_end_time` DateTime64(9, 'UTC') COMMENT 'When the flow, or this part of it, ended, as told.' CODEC(DoubleDelta, ZSTD(1)),
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
    `sampling_rate` Float64 COMMENT 'Each exported packet stands for so many; 0 for unknown.' CODEC(ZSTD(1)),
    `sampling_origin` LowCardinality(String) COMMENT 'Where the rate came from; rows of `unknown` are left out of volumes.',
    `in_if_index` UInt32 COMMENT 'Interface that it came in by.',
    `out_if_index` UInt32 COMMENT 'Interface that it left by.',
    `in_if_meaning` LowCardinality(String) COMMENT 'Why `in_if_index` is missing: internal, discarded, multiple, unknown.',
    `out_if_meaning` LowCardinality(String) COMMENT 'Why `out_if_index` is missing: internal, discarded, multiple, unknown.',
    `out_if_detail` UInt32 COMMENT 'Reason code of a discarded sample, number of interfaces of a multiple one.',
    `direction` Nullable(UInt8) COMMENT 'Seen at ingress (0) or egress (1) of the interface.',
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
    `sequence` UInt64 COMMENT 'Number of the row\'s batch in its stream, from 1, without holes.' CODEC(Delta, ZSTD(1)),
    `time_origin` LowCardinality(String) COMMENT '`event`, or `received` where the event time lay outside [received - 24 h, received + 60 s].',
    `inserted_time` DateTime64(9, 'UTC') DEFAULT now64(9, 'UTC') COMMENT 'When the store took the row.' CODEC(DoubleDelta, ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toDate(time)
ORDER BY (toStartOfFiveMinutes(time), vif_id, time)
TTL toDateTime(time) + INTERVAL 3 DAY
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- Packets that an exporter dropped at one VIF over one interval, for one reason.
-- Sorted by (toStartOfHour(time), vif_id, time): one VIF's hour lies together.
CREATE TABLE IF NOT EXISTS {database}.drops
(
    `time` DateTime64(9, 'UTC') COMMENT 'Start of the interval, or the instant; for flows the end of the interval.' CODEC(DoubleDelta, ZSTD(1)),
    `duration_ns` UInt64 COMMENT 'Length of the interval.' CODEC(T64, ZSTD(1)),
    `vif_id` UInt64 COMMENT 'The VIF, for the life of its kernel device; 0 where a row is about none.' CODEC(ZSTD(1)),
    `source_kind` LowCardinality(String) COMMENT 'What told it.',
    `exporter_address` IPv6 COMMENT 'The exporter: sFlow\'s agent address, else the sender\'s.' CODEC(ZSTD(1)),
    `observation_domain_id` UInt32 COMMENT 'The exporter\'s part that saw it; sFlow\'s sub-agent id, NetFlow v9\'s source id, v5\'s engine type and id.',
    `drop_class` LowCardinality(String) COMMENT '`loss`, `denied`, `endpoint` or `benign`; only `loss` is packet loss of the network.',
    `reason` LowCardinality(String) COMMENT 'Why `value` is null, or why packets were dropped; empty where nothing is to be said.',
    `reason_code` UInt32 COMMENT 'The reason\'s number as it was told.',
    `place` LowCardinality(String) COMMENT 'Where in the packet\'s path it was dropped; empty for not told.',
    `packets` UInt64 COMMENT 'Packets as exported, unscaled; 1 for an sFlow sample.' CODEC(T64, ZSTD(1)),
    `bytes` UInt64 COMMENT 'Bytes as exported, unscaled; of an sFlow sample the frame length that it reports.' CODEC(T64, ZSTD(1)),
    `sampling_rate` Float64 COMMENT 'Each exported packet stands for so many; 0 for unknown.' CODEC(ZSTD(1)),
    `sampling_origin` LowCardinality(String) COMMENT 'Where the rate came from; rows of `unknown` are left out of volumes.',
    `in_if_index` UInt32 COMMENT 'Interface that it came in by.',
    `out_if_index` UInt32 COMMENT 'Interface that it left by.',
    `src_address` IPv6 COMMENT 'Source address, IPv4 mapped into IPv6.' CODEC(ZSTD(1)),
    `dst_address` IPv6 COMMENT 'Destination address, IPv4 mapped into IPv6.' CODEC(ZSTD(1)),
    `src_port` UInt16 COMMENT 'Source port.',
    `dst_port` UInt16 COMMENT 'Destination port.',
    `protocol` UInt8 COMMENT 'IP protocol number.',
    `src_mac` UInt64 COMMENT 'Source MAC address.' CODEC(ZSTD(1)),
    `dst_mac` UInt64 COMMENT 'Destination MAC address.' CODEC(ZSTD(1)),
    `src_vlan` UInt16 COMMENT 'VLAN on the way in.',
    `host` LowCardinality(String) COMMENT 'Name of the host that the row is about.',
    `boot_id` LowCardinality(String) COMMENT 'The host\'s boot, /proc/sys/kernel/random/boot_id.',
    `spool_id` LowCardinality(String) COMMENT 'Random 128-bit id of the spool that the row came from, 32 hex digits.',
    `stream` LowCardinality(String) COMMENT 'One record kind from one source, such as `counters.netlink`.',
    `sequence` UInt64 COMMENT 'Number of the row\'s batch in its stream, from 1, without holes.' CODEC(Delta, ZSTD(1)),
    `received_time` DateTime64(9, 'UTC') COMMENT 'When the agent closed the batch; of a flow, when its datagram came.' CODEC(DoubleDelta, ZSTD(1)),
    `time_origin` LowCardinality(String) COMMENT '`event`, or `received` where the event time lay outside [received - 24 h, received + 60 s].',
    `inserted_time` DateTime64(9, 'UTC') DEFAULT now64(9, 'UTC') COMMENT 'When the store took the row.' CODEC(DoubleDelta, ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toDate(time)
ORDER BY (toStartOfHour(time), vif_id, time)
TTL toDateTime(time) + INTERVAL 3 DAY
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- One host over one interval, as its exporter told it.
-- Sorted by (toStartOfHour(time), exporter_address, time): one host's hour lies together.
CREATE TABLE IF NOT EXISTS {database}.hosts
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
    `host` LowCardinality(String) COMMENT 'Name of the host that the row is about.',
    `boot_id` LowCardinality(String) COMMENT 'The host\'s boot, /proc/sys/kernel/random/boot_id.',
    `spool_id` LowCardinality(String) COMMENT 'Random 128-bit id of the spool that the row came from, 32 hex digits.',
    `stream` LowCardinality(String) COMMENT 'One record kind from one source, such as `counters.netlink`.',
    `sequence` UInt64 COMMENT 'Number of the row\'s batch in its stream, from 1, without holes.' CODEC(Delta, ZSTD(1)),
    `received_time` DateTime64(9, 'UTC') COMMENT 'When the agent closed the batch; of a flow, when its datagram came.' CODEC(DoubleDelta, ZSTD(1)),
    `time_origin` LowCardinality(String) COMMENT '`event`, or `received` where the event time lay outside [received - 24 h, received + 60 s].',
    `inserted_time` DateTime64(9, 'UTC') DEFAULT now64(9, 'UTC') COMMENT 'When the store took the row.' CODEC(DoubleDelta, ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toDate(time)
ORDER BY (toStartOfHour(time), exporter_address, time)
TTL toDateTime(time) + INTERVAL 3 DAY
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- One exporter over one interval: what came, what became of it, and how it samples.
-- Sorted by (toStartOfHour(time), exporter_address, observation_domain_id, time): what was sent lately is asked for all exporters at once.
CREATE TABLE IF NOT EXISTS {database}.exporters
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
    `inserted_time` DateTime64(9, 'UTC') DEFAULT now64(9, 'UTC') COMMENT 'When the store took the row.' CODEC(DoubleDelta, ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toDate(time)
ORDER BY (toStartOfHour(time), exporter_address, observation_domain_id, time)
TTL toDateTime(time) + INTERVAL 30 DAY
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- Flows of one VIF over one minute, filled from `flows`; a longer flow is spread over its minutes.
-- Sorted by (toStartOfHour(time), vif_id, time, host, end_minute_time, protocol, service_port, peer_network, sampling_origin, flow_direction): one VIF's hour lies together; of all revisions of a minute's flows one row remains.
CREATE TABLE IF NOT EXISTS {database}.flows_1m_revisions
(
    `time` DateTime64(9, 'UTC') COMMENT 'Start of the interval, or the instant; for flows the end of the interval.' CODEC(DoubleDelta, ZSTD(1)),
    `end_minute_time` DateTime64(9, 'UTC') COMMENT 'Start of the minute in which the flows behind the row ended.' CODEC(DoubleDelta, ZSTD(1)),
    `host` LowCardinality(String) COMMENT 'Name of the host that the row is about.',
    `vif_id` UInt64 COMMENT 'The VIF, for the life of its kernel device; 0 where a row is about none.' CODEC(ZSTD(1)),
    `revision` UInt64 COMMENT 'How many hand-overs touched the window when the row was filled.' CODEC(ZSTD(1)),
    `protocol` UInt8 COMMENT 'IP protocol number.',
    `service_port` UInt16 COMMENT 'The lower of the two ports, which is the service\'s wherever clients take high ones; 0 without ports.',
    `peer_network` IPv6 COMMENT 'Network of whom the VIF\'s workload talked to, /24 of IPv4 and /48 of IPv6: of the destination at ingress, of the source at egress; where the direction is not told, of the end that has the service port.' CODEC(ZSTD(1)),
    `sampling_origin` LowCardinality(String) COMMENT 'Where the rate came from; rows of `unknown` are left out of volumes.',
    `flow_direction` LowCardinality(String) COMMENT '`ingress` or `egress` of the VIF, as `direction` tells; empty where the exporter did not say.',
    `bytes` UInt64 COMMENT 'Bytes as exported, unscaled; of an sFlow sample the frame length that it reports.' CODEC(T64, ZSTD(1)),
    `packets` UInt64 COMMENT 'Packets as exported, unscaled; 1 for an sFlow sample.' CODEC(T64, ZSTD(1)),
    `skb_bytes` UInt64 COMMENT 'What an interface\'s counter adds for these packets: with Ethernet and VLAN headers, without frame check.' CODEC(T64, ZSTD(1)),
    `scaled_bytes` UInt64 COMMENT '`bytes` times the sampling rate, rounded for each flow; of flows of unknown rate nothing.' CODEC(T64, ZSTD(1)),
    `scaled_packets` UInt64 COMMENT '`packets` times the sampling rate, rounded for each flow; of flows of unknown rate nothing.' CODEC(T64, ZSTD(1)),
    `scaled_skb_bytes` UInt64 COMMENT '`skb_bytes` times the sampling rate, rounded for each flow; of flows of unknown rate nothing.' CODEC(T64, ZSTD(1)),
    `flows_count` UInt64 COMMENT 'Flow rows made.' CODEC(T64, ZSTD(1))
)
ENGINE = ReplacingMergeTree(revision)
PARTITION BY toDate(time)
ORDER BY (toStartOfHour(time), vif_id, time, host, end_minute_time, protocol, service_port, peer_network, sampling_origin, flow_direction)
TTL toDateTime(time) + INTERVAL 30 DAY
SETTINGS index_granularity = 8192;

ALTER TABLE {database}.inventory COMMENT COLUMN received_time 'When the agent closed the batch; of a flow, when its datagram came.';

ALTER TABLE {database}.counters COMMENT COLUMN received_time 'When the agent closed the batch; of a flow, when its datagram came.';

ALTER TABLE {database}.events COMMENT COLUMN received_time 'When the agent closed the batch; of a flow, when its datagram came.';

ALTER TABLE {database}.ledger COMMENT COLUMN received_time 'When the agent closed the batch; of a flow, when its datagram came.';

ALTER TABLE {database}.inventory COMMENT COLUMN kind 'veth, tap, tun, bridge, vxlan, macvlan, vlan, physical, loopback, exported, …';

ALTER TABLE {database}.inventory COMMENT COLUMN side '`workload`, `host`, `uplink`, `overlay`, `bridge` or `exported`.';

ALTER TABLE {database}.inventory COMMENT COLUMN vif_key 'Lineage that lasts across reboots: host/namespace/ifname, or exported/site/address/domain/index.';

ALTER TABLE {database}.inventory COMMENT COLUMN identity_origin 'How `vif_id` was made: `sysfs`, `cookie` or `exporter`.';

ALTER TABLE {database}.inventory COMMENT COLUMN link_speed_bits_per_second 'Speed of a physical or exported port; 0 for unknown and for virtual kinds, whose speed is fiction.';

ALTER TABLE {database}.sli_revisions COMMENT COLUMN reason 'Why `value` is null, or why packets were dropped; empty where nothing is to be said.';

ALTER TABLE {database}.sli_revisions ADD COLUMN IF NOT EXISTS `samples_count` UInt64 COMMENT 'Exported packets behind the numerator, before scaling; 0 where nothing was sampled.' CODEC(T64, ZSTD(1)) AFTER completeness_ratio;

-- The newest result of each window.
CREATE OR REPLACE VIEW {database}.sli AS
SELECT *
FROM {database}.sli_revisions FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1;

-- What flows left in each minute, of the newest revision of each minute in which they ended.
CREATE OR REPLACE VIEW {database}.flows_1m AS
SELECT
    time,
    host,
    vif_id,
    protocol,
    service_port,
    peer_network,
    sampling_origin,
    flow_direction,
    sum(revisions.bytes) AS bytes,
    sum(revisions.packets) AS packets,
    sum(revisions.skb_bytes) AS skb_bytes,
    sum(revisions.scaled_bytes) AS scaled_bytes,
    sum(revisions.scaled_packets) AS scaled_packets,
    sum(revisions.scaled_skb_bytes) AS scaled_skb_bytes,
    sum(revisions.flows_count) AS flows_count
FROM {database}.flows_1m_revisions AS revisions FINAL
GROUP BY time, host, vif_id, protocol, service_port, peer_network, sampling_origin, flow_direction
SETTINGS do_not_merge_across_partitions_select_final = 1;

-- Flows with the labels of their VIF that held at each row's time.
CREATE OR REPLACE VIEW {database}.flows_labelled AS
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

ALTER TABLE {database}.ledger COMMENT COLUMN lost_rows_count 'Rows that are known to be lost; of lost datagrams reckoned by the mean rows of a datagram.';

ALTER TABLE {database}.ledger COMMENT COLUMN lost_batches_count 'Batches that are known to be lost; of flow exports whole datagrams.';
