-- Hosts of the last hour: what share of their rows arrived, how far behind they are, what is parked and dead.
--
-- Parameters: `now_ns`, `most_rows`. In place of `arrived` comes the SELECT of the view `completeness`, over the hour.
SELECT
    hosts.host AS host,
    if(arrivals.rows > 0, arrivals.stored_rows / arrivals.rows, NULL) AS completeness_ratio,
    if(arrivals.rows > 0, arrivals.least_ratio, NULL) AS least_completeness_ratio,
    arrivals.worst AS worst,
    ({now_ns:Int64} - toUnixTimestamp64Nano(hosts.watermark_time)) / 1e9 AS lag_seconds,
    parked.parked_datagrams_count AS parked_datagrams_count,
    letters.letters_count AS letters_count
FROM
(
    SELECT host, max(watermark_time) AS watermark_time
    FROM {database}.ledger
    WHERE time >= fromUnixTimestamp64Nano({now_ns:Int64} - 3600000000000, 'UTC') AND stage = 'processor'
    GROUP BY host
) AS hosts
LEFT JOIN
(
    SELECT
        host,
        sum(arrived.stored_rows) AS stored_rows,
        sum(arrived.stored_rows + lost_rows) AS rows,
        min(completeness_ratio) AS least_ratio,
        argMin((time, of_stream), completeness_ratio) AS worst
    FROM
    (
{arrived}
    ) AS arrived
    WHERE time >= fromUnixTimestamp64Nano({now_ns:Int64} - 3600000000000, 'UTC')
    GROUP BY host
) AS arrivals ON hosts.host = arrivals.host
LEFT JOIN
(
    SELECT host, sum(newest) AS parked_datagrams_count
    FROM
    (
        SELECT host, argMax(exporters.parked_datagrams_count, time) AS newest
        FROM {database}.exporters AS exporters
        WHERE time >= fromUnixTimestamp64Nano({now_ns:Int64} - 3600000000000, 'UTC')
        GROUP BY host, listener, exporter_address, source_kind, observation_domain_id, exporter_port
    )
    GROUP BY host
) AS parked ON hosts.host = parked.host
LEFT JOIN
(
    SELECT host, count() AS letters_count
    FROM {database}.events
    WHERE event = 'batch_dead_lettered' AND time >= fromUnixTimestamp64Nano({now_ns:Int64} - 3600000000000, 'UTC')
    GROUP BY host
) AS letters ON hosts.host = letters.host
ORDER BY completeness_ratio, host
LIMIT {most_rows:UInt32}
