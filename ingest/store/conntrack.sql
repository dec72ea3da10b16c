-- Connection tracking of each network namespace: newest figures, and of the whole span the peak and what happened in it.
SELECT
    host,
    namespace,
    toUInt64(argMax(conntrack_entries_count, time)) AS entries_count,
    toUInt64(max(conntrack_peak_count)) AS peak_count,
    -- A tuple, for argMax leaves out nulls, and what is not known any more is not what was known last.
    tupleElement(argMax(tuple(conntrack_max_count), time), 1) AS max_count,
    round(peak_count / nullIf(max_count, 0), 4) AS peak_ratio,
    round(tupleElement(argMax(tuple(conntrack_growth_per_second), time), 1), 1) AS growth_per_second,
    round(tupleElement(argMax(tuple(conntrack_full_seconds), time), 1), 0) AS full_seconds,
    sum(conntrack_dropped_packets) AS dropped_packets,
    sum(conntrack_early_dropped_count) AS early_dropped_count,
    sum(conntrack_insert_failed_packets) AS insert_failed_packets,
    sum(conntrack_invalid_packets) AS invalid_packets,
    max(time + toIntervalNanosecond(duration_ns)) AS read_time
FROM hosts
WHERE
    conntrack_readings_count > 0
    AND time >= fromUnixTimestamp64Nano({from_ns:Int64})
    AND time < fromUnixTimestamp64Nano({to_ns:Int64})
    AND ({host:String} = '' OR host = {host:String})
    AND ({every:Bool} OR namespace = {namespace:String})
GROUP BY host, namespace
ORDER BY peak_ratio DESC NULLS LAST, entries_count DESC, host, namespace
LIMIT {top:UInt32}
