-- The windows of one length that have no result at this definition and data revision, newest first.
--
-- Parameters: `window_seconds`; `slis` (id, first part, definition version); `now_ns`; `from_ns`, the oldest window that is
-- looked at; `by_clock_ns`, windows that end before it are closed even of a host that says nothing (0: never); `late_ns`;
-- `silent_ns`, how long a host may be silent and is still expected; `recompute`, whether results of older data are
-- looked for too; `most_windows`.
WITH
-- The revision of a window is how many hand-overs, and losses, touched it. An inventory row can change what held from a birth in the
-- minute before it, so it touches that minute too.
handed_over AS
(
    SELECT
        host,
        of_stream,
        stage,
        toUnixTimestamp64Nano(watermark_time) AS watermark_ns,
        toUnixTimestamp64Nano(last_event_time) AS last_ns,
        toUnixTimestamp64Nano(first_event_time) - if(startsWith(of_stream, 'inventory.'), 60000000000, 0) AS first_ns
    FROM {database}.ledger
    WHERE time >= fromUnixTimestamp64Nano({from_ns:Int64} - {silent_ns:Int64} - 3600000000000, 'UTC')
        AND (stage = 'processor' OR cause != '')
        AND (
            startsWith(of_stream, 'counters.')
            OR startsWith(of_stream, 'inventory.')
            OR of_stream IN ('drops.ebpf', 'hosts.cost', 'hosts.conntrack')
        )
),

hosts AS
(
    SELECT
        host,
        maxIf(watermark_ns, of_stream = 'counters.netlink') AS counted_ns,
        minIf(first_ns, of_stream = 'counters.netlink' AND last_ns > 0) AS begun_ns
    FROM handed_over
    WHERE stage = 'processor'
    GROUP BY host
    HAVING begun_ns > 0
),

-- A sweep that ends within 200 ms of a window's end is taken as at its end, here as in `slices.sql`.
closed AS
(
    SELECT
        host,
        window_ns
    FROM hosts
    ARRAY JOIN range(
        intDiv(greatest(begun_ns, {from_ns:Int64}), toInt64({window_seconds:UInt32}) * 1000000000)
            * toInt64({window_seconds:UInt32}) * 1000000000,
        greatest(counted_ns + 200000000, least({by_clock_ns:Int64}, counted_ns + {silent_ns:Int64}))
            - toInt64({window_seconds:UInt32}) * 1000000000 + 1,
        toInt64({window_seconds:UInt32}) * 1000000000
    ) AS window_ns
),

touched AS
(
    SELECT
        host,
        window_ns,
        count() AS data_revision
    FROM handed_over
    ARRAY JOIN range(
        intDiv(greatest(first_ns, {from_ns:Int64}), toInt64({window_seconds:UInt32}) * 1000000000)
            * toInt64({window_seconds:UInt32}) * 1000000000,
        least(last_ns, {now_ns:Int64}) + 1,
        toInt64({window_seconds:UInt32}) * 1000000000
    ) AS window_ns
    WHERE last_ns >= {from_ns:Int64}
    GROUP BY host, window_ns
),

computed AS
(
    SELECT
        sli,
        host,
        toUnixTimestamp64Nano(time) AS window_ns,
        argMax(data_revision, computed_time) AS computed_revision
    FROM {database}.sli_revisions
    WHERE (sli, part, definition_version) IN {slis:Array(Tuple(String, String, UInt32))}
        AND scope = 'host'
        AND window_seconds = {window_seconds:UInt32}
        AND time >= fromUnixTimestamp64Nano(
            {from_ns:Int64} - toInt64({window_seconds:UInt32}) * 1000000000, 'UTC'
        )
    GROUP BY sli, host, window_ns
)
SELECT
    wanted.sli AS sli,
    wanted.host AS host,
    wanted.window_ns AS window_ns,
    touched.data_revision AS data_revision,
    computed.host != '' AS is_recomputed,
    -- Rows that come so late change nothing any more; but a window of which nothing at all had come is not late.
    computed.computed_revision > 0
        AND {now_ns:Int64} > wanted.window_ns + toInt64({window_seconds:UInt32}) * 1000000000 + {late_ns:Int64} AS is_late
FROM
(
    SELECT
        host,
        window_ns,
        sli_and_part.1 AS sli
    FROM closed
    ARRAY JOIN {slis:Array(Tuple(String, String, UInt32))} AS sli_and_part
) AS wanted
LEFT JOIN touched ON wanted.host = touched.host AND wanted.window_ns = touched.window_ns
LEFT JOIN computed
    ON wanted.sli = computed.sli AND wanted.host = computed.host AND wanted.window_ns = computed.window_ns
WHERE NOT is_recomputed
    OR ({recompute:Bool} AND touched.data_revision != computed.computed_revision)
ORDER BY is_late, window_ns DESC, host, sli
LIMIT {most_windows:UInt32}
