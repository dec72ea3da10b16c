-- Tiers of five minutes, an hour and a day beside those of a minute; rows that vanish in a later fill; and which minutes a
-- hand-over touched, so that stale windows are found exactly.
ALTER TABLE {database}.ledger ADD COLUMN IF NOT EXISTS `touched_minutes` Array(UInt32) COMMENT 'Minutes since the epoch whose tiers the rows that were handed on belong to; empty for kinds without tiers.' CODEC(ZSTD(1));

ALTER TABLE {database}.counters_1m_revisions ADD COLUMN IF NOT EXISTS `vanished` Bool COMMENT 'An earlier fill of the window had the row and the newest has not.';

ALTER TABLE {database}.counters_1m_revisions COMMENT COLUMN revision 'How many hand-overs had touched the window when it was filled; of a coarser tier the sum of the finer\'s.';

-- Rows are dropped by whole parts: a merge that only removes what is too old writes the rest again for nothing.
ALTER TABLE {database}.counters_1m_revisions MODIFY SETTING ttl_only_drop_parts = 1;

ALTER TABLE {database}.flows_1m_revisions ADD COLUMN IF NOT EXISTS `vanished` Bool COMMENT 'An earlier fill of the window had the row and the newest has not.';

ALTER TABLE {database}.flows_1m_revisions COMMENT COLUMN revision 'How many hand-overs had touched the window when it was filled; of a coarser tier the sum of the finer\'s.';

-- Rows are dropped by whole parts: a merge that only removes what is too old writes the rest again for nothing.
ALTER TABLE {database}.flows_1m_revisions MODIFY SETTING ttl_only_drop_parts = 1;

-- One VIF over five minutes, filled from `counters_1m` when the window has closed.
-- Sorted by (toStartOfHour(time), vif_id, time, host): windows of one VIF lie together; of all revisions of a row one remains.
CREATE TABLE IF NOT EXISTS {database}.counters_5m_revisions
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
CREATE TABLE IF NOT EXISTS {database}.counters_1h_revisions
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
CREATE TABLE IF NOT EXISTS {database}.counters_1d_revisions
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

-- Flows of one VIF over five minutes, filled from `flows_1m` when the window has closed.
-- Sorted by (toStartOfHour(time), vif_id, time, host, protocol, service_port, peer_network, sampling_origin, flow_direction, source_kind, exporter_address): windows of one VIF lie together; of all revisions of a row one remains.
CREATE TABLE IF NOT EXISTS {database}.flows_5m_revisions
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
CREATE TABLE IF NOT EXISTS {database}.flows_1h_revisions
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
CREATE TABLE IF NOT EXISTS {database}.flows_1d_revisions
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

-- The newest revision of each window of one minute.
CREATE OR REPLACE VIEW {database}.counters_1m AS
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
CREATE OR REPLACE VIEW {database}.counters_5m AS
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
CREATE OR REPLACE VIEW {database}.counters_1h AS
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
CREATE OR REPLACE VIEW {database}.counters_1d AS
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
CREATE OR REPLACE VIEW {database}.flows_5m AS
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
CREATE OR REPLACE VIEW {database}.flows_1h AS
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
CREATE OR REPLACE VIEW {database}.flows_1d AS
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
