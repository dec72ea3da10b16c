-- Has anything been handed over since the last look, and has a host's watermark passed the end of a minute? Cheap enough
-- for each second.
SELECT
    sum(host_rows_count) AS rows_count,
    toUnixTimestamp64Nano(max(newest_time)) AS newest_ns,
    sum(intDiv(toUnixTimestamp64Nano(counted_time) + 200000000, 60000000000)) AS minutes_count
FROM
(
    SELECT
        host,
        count() AS host_rows_count,
        max(inserted_time) AS newest_time,
        maxIf(watermark_time, of_stream = 'counters.netlink') AS counted_time
    FROM {database}.ledger
    WHERE time >= fromUnixTimestamp64Nano({from_ns:Int64}, 'UTC')
        AND stage = 'processor'
        AND (
            startsWith(of_stream, 'counters.')
            OR startsWith(of_stream, 'inventory.')
            OR of_stream IN ('drops.ebpf', 'hosts.cost', 'hosts.conntrack')
        )
    GROUP BY host
)
