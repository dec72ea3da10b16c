-- Of each host and minute: what share of a record kind's rows arrived, all its streams together.
arrived AS MATERIALIZED
(
    SELECT
        host,
        minute_ns,
        CAST((groupArray(kind), groupArray(kind_ratio)), 'Map(String, Float64)') AS ratios
    FROM
    (
        SELECT
            host,
            toUnixTimestamp64Nano(time) AS minute_ns,
            substringIndex(of_stream, '.', 1) AS kind,
            arrayProduct(groupArray(completeness_ratio)) AS kind_ratio
        FROM view(
{arrived}
        )
        GROUP BY host, minute_ns, kind
        HAVING kind_ratio < 1
    )
    GROUP BY host, minute_ns
),
