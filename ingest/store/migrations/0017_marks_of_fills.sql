-- Parts of flows with up to 256 MiB are kept in one file each, and merged by rows: both take two thirds of the time.
-- Parts of more than 512 MiB are not merged: flows are sorted by five minutes first.
ALTER TABLE {database}.flows
    MODIFY SETTING
        min_bytes_for_wide_part = 268435456,
        vertical_merge_algorithm_min_rows_to_activate = 4000000,
        max_bytes_to_merge_at_max_space_in_pool = 536870912;

-- What counts as filled is what is marked. Windows that are there were written whole, so they get their marks here.
INSERT INTO {database}.counters_1m_revisions (time, host, vif_id, revision, vanished)
SELECT time, host, 18446744073709551615, max(revision), true
FROM {database}.counters_1m_revisions
WHERE vif_id != 18446744073709551615
GROUP BY time, host
SETTINGS max_partitions_per_insert_block = 0;

INSERT INTO {database}.counters_5m_revisions (time, host, vif_id, revision, vanished)
SELECT time, host, 18446744073709551615, max(revision), true
FROM {database}.counters_5m_revisions
WHERE vif_id != 18446744073709551615
GROUP BY time, host
SETTINGS max_partitions_per_insert_block = 0;

INSERT INTO {database}.counters_1h_revisions (time, host, vif_id, revision, vanished)
SELECT time, host, 18446744073709551615, max(revision), true
FROM {database}.counters_1h_revisions
WHERE vif_id != 18446744073709551615
GROUP BY time, host
SETTINGS max_partitions_per_insert_block = 0;

INSERT INTO {database}.counters_1d_revisions (time, host, vif_id, revision, vanished)
SELECT time, host, 18446744073709551615, max(revision), true
FROM {database}.counters_1d_revisions
WHERE vif_id != 18446744073709551615
GROUP BY time, host
SETTINGS max_partitions_per_insert_block = 0;

INSERT INTO {database}.flows_1m_revisions (time, end_minute_time, host, vif_id, revision, vanished)
SELECT time, end_minute_time, host, 18446744073709551615, max(revision), true
FROM {database}.flows_1m_revisions
WHERE vif_id != 18446744073709551615
GROUP BY time, end_minute_time, host
SETTINGS max_partitions_per_insert_block = 0;

INSERT INTO {database}.flows_5m_revisions (time, host, vif_id, revision, vanished)
SELECT time, host, 18446744073709551615, max(revision), true
FROM {database}.flows_5m_revisions
WHERE vif_id != 18446744073709551615
GROUP BY time, host
SETTINGS max_partitions_per_insert_block = 0;

INSERT INTO {database}.flows_1h_revisions (time, host, vif_id, revision, vanished)
SELECT time, host, 18446744073709551615, max(revision), true
FROM {database}.flows_1h_revisions
WHERE vif_id != 18446744073709551615
GROUP BY time, host
SETTINGS max_partitions_per_insert_block = 0;

INSERT INTO {database}.flows_1d_revisions (time, host, vif_id, revision, vanished)
SELECT time, host, 18446744073709551615, max(revision), true
FROM {database}.flows_1d_revisions
WHERE vif_id != 18446744073709551615
GROUP BY time, host
SETTINGS max_partitions_per_insert_block = 0;

-- From when on `counters` and its tiers are kept, and up to which instant windows of each tier are filled; one row,
-- in nanoseconds since the epoch.
CREATE OR REPLACE VIEW {database}.counters_filled AS
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

-- From when on `flows` and its tiers are kept, and up to which instant windows of each tier are filled; one row,
-- in nanoseconds since the epoch.
CREATE OR REPLACE VIEW {database}.flows_filled AS
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
