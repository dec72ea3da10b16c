-- The minutes of which SLIs about flows have no result at this definition and data revision, newest first.
--
-- Parameters: `slis` (id, first part, definition version); `now_ns`; `from_ns`, the oldest minute that is looked at;
-- `until_ns`, minutes that end behind it wait for their flows; `late_ns`; `most_windows`.
WITH
-- What was filled into each minute: one number that changes with every fill. It is told by the fills' marks.
filled AS
(
    SELECT
        host,
        toUnixTimestamp64Nano(time) AS window_ns,
        sum(end_revision) AS fill_revision
    FROM
    (
        SELECT
            host,
            time,
            end_minute_time,
            max(revision) AS end_revision
        FROM {database}.flows_1m_revisions
        WHERE vif_id = 18446744073709551615
            AND time > fromUnixTimestamp64Nano({from_ns:Int64} - 3600000000000, 'UTC')
        GROUP BY host, time, end_minute_time
    )
    GROUP BY host, window_ns
),

-- Each minute with flows, and those of the hour that follows: a flow source that fell silent is one still.
sourced AS
(
    SELECT
        host,
        arrayJoin(range(window_ns, window_ns + 3600000000000, 60000000000)) AS window_ns,
        sum(fill_revision * (window_ns = filled.window_ns)) AS fill_revision
    FROM filled
    GROUP BY host, window_ns
    HAVING window_ns >= {from_ns:Int64} AND window_ns + 60000000000 <= {until_ns:Int64}
),

-- As in `due.sql`.
touched AS
(
    SELECT
        host,
        window_ns,
        count() AS data_revision
    FROM
    (
        SELECT
            host,
            toUnixTimestamp64Nano(last_event_time) AS last_ns,
            toUnixTimestamp64Nano(first_event_time)
                - if(startsWith(of_stream, 'inventory.'), 60000000000, 0) AS first_ns
        FROM {database}.ledger
        WHERE time >= fromUnixTimestamp64Nano({from_ns:Int64} - 3600000000000, 'UTC')
            AND (
                (stage = 'processor' AND (startsWith(of_stream, 'counters.') OR startsWith(of_stream, 'inventory.')))
                OR (cause != '' AND (startsWith(of_stream, 'counters.') OR startsWith(of_stream, 'flows.')))
            )
    )
    ARRAY JOIN range(
        intDiv(greatest(first_ns, {from_ns:Int64}), 60000000000) * 60000000000,
        least(last_ns, {now_ns:Int64}) + 1,
        60000000000
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
        AND window_seconds = 60
        AND time >= fromUnixTimestamp64Nano({from_ns:Int64}, 'UTC')
    GROUP BY sli, host, window_ns
)
SELECT
    wanted.sli AS sli,
    wanted.host AS host,
    wanted.window_ns AS window_ns,
    wanted.fill_revision + touched.data_revision AS data_revision,
    computed.host != '' AS is_recomputed,
    computed.computed_revision > 0
        AND {now_ns:Int64} > wanted.window_ns + 60000000000 + {late_ns:Int64} AS is_late
FROM
(
    SELECT
        host,
        window_ns,
        fill_revision,
        sli_and_part.1 AS sli
    FROM sourced
    ARRAY JOIN {slis:Array(Tuple(String, String, UInt32))} AS sli_and_part
) AS wanted
LEFT JOIN touched ON wanted.host = touched.host AND wanted.window_ns = touched.window_ns
LEFT JOIN computed
    ON wanted.sli = computed.sli AND wanted.host = computed.host AND wanted.window_ns = computed.window_ns
WHERE NOT is_recomputed OR data_revision != computed.computed_revision
ORDER BY is_late, window_ns DESC, host, sli
LIMIT {most_windows:UInt32}
