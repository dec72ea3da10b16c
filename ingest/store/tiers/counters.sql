-- What each raw row of `counters` adds to its minute: the one that holds its start + 200 ms, because a sweep that is aligned
-- to the clock may begin a little early. Sums have all rows; maxima and covered time leave out `gap` and `reset`, whose
-- rate is no measurement.
--
-- `{condition}` is about `raw.time` and `raw.host`.
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
FROM counters AS raw
WHERE {condition}
