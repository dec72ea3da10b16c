-- What each raw row of `latency` adds to its minute: the one that holds its start + 200 ms, because an interval that is
-- aligned to the clock may begin a little early. Histograms add up bucket by bucket; the row without VIFs says what was
-- looked at, and for how long.
--
-- `{condition}` is about `raw.time` and `raw.host`.
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
FROM latency AS raw
WHERE {condition}
