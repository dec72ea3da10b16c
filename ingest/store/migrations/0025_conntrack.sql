-- Connection tracking: rows of `hosts` about network namespaces, and who holds most of the connections of each.
ALTER TABLE {database}.hosts
    ADD COLUMN IF NOT EXISTS `namespace` LowCardinality(String) COMMENT 'Empty for the host\'s own, else its name, else `net:[inode]`.' AFTER critical_flow_sampling_rate,
    ADD COLUMN IF NOT EXISTS `conntrack_entries_count` Nullable(UInt64) COMMENT 'Connections that the namespace\'s table held at the last reading.' CODEC(T64, ZSTD(1)) AFTER namespace,
    ADD COLUMN IF NOT EXISTS `conntrack_peak_count` Nullable(UInt64) COMMENT 'Most of them at a reading of the interval; `conntrack_readings_count` says how many readings there were.' CODEC(T64, ZSTD(1)) AFTER conntrack_entries_count,
    ADD COLUMN IF NOT EXISTS `conntrack_max_count` Nullable(UInt64) COMMENT 'How many it may hold, 0 for no limit; null where the kernel does not tell. It is the host\'s setting `net.netfilter.nf_conntrack_max`, which the kernel holds against each namespace\'s own number.' CODEC(T64, ZSTD(1)) AFTER conntrack_peak_count,
    ADD COLUMN IF NOT EXISTS `conntrack_readings_count` Nullable(UInt64) COMMENT 'How often the number of entries was read in the interval, about once a second; less on a host with more namespaces than can be asked in 2 ms.' CODEC(T64, ZSTD(1)) AFTER conntrack_max_count,
    ADD COLUMN IF NOT EXISTS `conntrack_growth_per_second` Nullable(Float64) COMMENT 'How fast the number of entries grew, by a straight line through the readings; null with less than three.' CODEC(ZSTD(1)) AFTER conntrack_readings_count,
    ADD COLUMN IF NOT EXISTS `conntrack_full_seconds` Nullable(Float64) COMMENT 'How long until the table is full, at that growth; 0 for full, null where it does not grow or has no limit.' CODEC(ZSTD(1)) AFTER conntrack_growth_per_second,
    ADD COLUMN IF NOT EXISTS `conntrack_dropped_packets` Nullable(UInt64) COMMENT 'Packets dropped, for the table was full and nothing could be thrown out of it; null of the first interval.' CODEC(T64, ZSTD(1)) AFTER conntrack_full_seconds,
    ADD COLUMN IF NOT EXISTS `conntrack_early_dropped_count` Nullable(UInt64) COMMENT 'Entries thrown out of the full table to make room for others; null of the first interval.' CODEC(T64, ZSTD(1)) AFTER conntrack_dropped_packets,
    ADD COLUMN IF NOT EXISTS `conntrack_insert_failed_packets` Nullable(UInt64) COMMENT 'Packets dropped, for an entry with the same addresses came into the table just before; null of the first interval. It happens to two packets of one connection at once and is no sign of a full table.' CODEC(T64, ZSTD(1)) AFTER conntrack_early_dropped_count,
    ADD COLUMN IF NOT EXISTS `conntrack_invalid_packets` Nullable(UInt64) COMMENT 'Packets that belong to no connection that could be; null of the first interval.' CODEC(T64, ZSTD(1)) AFTER conntrack_insert_failed_packets;

CREATE TABLE IF NOT EXISTS {database}.holders
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
