-- Where a flow is told unsampled, the shares of what is scaled are those of what was told, and not reckoned twice.
-- `flows` from `from_ms` (in it) to `to_ms` (not in it), milliseconds since the epoch: rows of the coarsest tiers
-- that answer steps of `grain_seconds`, and raw rows where no tier has them yet. docs/sql.md has what they say.
CREATE OR REPLACE VIEW {database}.flows_over AS
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
