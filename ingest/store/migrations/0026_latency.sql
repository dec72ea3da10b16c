-- How long packets take from one VIF to another: histograms, a row a bucket, and their tiers.
-- Sampled packets that took about the same time from one VIF to another, over one interval: one bucket of the histogram of that pair. The row without VIFs is about all samples of the host.
-- Sorted by (toStartOfHour(time), vif_id, out_vif_id, time, bucket_from_ns): the histograms of one pair lie together, so that a page on one VIF reads few granules.
CREATE TABLE IF NOT EXISTS {database}.latency
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

-- One bucket of the histogram of a pair of VIFs over one minute, filled from `latency` when the window has closed.
-- Sorted by (toStartOfHour(time), vif_id, time, host, out_vif_id, bucket_from_ns, bucket_to_ns): windows of one VIF lie together; of all revisions of a row one remains.
CREATE TABLE IF NOT EXISTS {database}.latency_1m_revisions
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
CREATE TABLE IF NOT EXISTS {database}.latency_5m_revisions
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
CREATE TABLE IF NOT EXISTS {database}.latency_1h_revisions
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
CREATE TABLE IF NOT EXISTS {database}.latency_1d_revisions
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

-- The newest revision of each window of one minute.
CREATE OR REPLACE VIEW {database}.latency_1m AS
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
CREATE OR REPLACE VIEW {database}.latency_5m AS
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
CREATE OR REPLACE VIEW {database}.latency_1h AS
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
CREATE OR REPLACE VIEW {database}.latency_1d AS
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

-- From when on `latency` and its tiers are kept, and up to which instant windows of each tier are filled; one row,
-- in nanoseconds since the epoch.
CREATE OR REPLACE VIEW {database}.latency_filled AS
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
CREATE OR REPLACE VIEW {database}.latency_over AS
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

-- What it costs stands beside the other probes.
ALTER TABLE {database}.hosts
    MODIFY COLUMN `component` LowCardinality(String) COMMENT 'What of Viflux the row is about: `agent` the process and the whole, `flow`, `drop` or `transit` a probe\'s programs and maps; empty where it is about the host.',
    MODIFY COLUMN `shed` LowCardinality(String) COMMENT 'What is left out to stay in the budget, at the end of the interval: `none`, `drop_samples`, `transit_share` (the time in which packets are looked at), `other_flows` (packets of VIFs that are not critical) or `all_flows`; each with what comes before it.';
