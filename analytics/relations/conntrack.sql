-- What SLIs about connection tracking read: `conntrack`, one row a due window and network namespace, and one of a host of which
-- none was read.
--
-- Parameters: as `slices.sql`.
--
-- | column | what it is |
-- |---|---|
-- | host, window_ns, data_revision | the window |
-- | namespace | empty for the host's own |
-- | is_read | the row is about a namespace |
-- | from_ns, until_ns, observed_ns | of the window the time from its first to its last reading, and what of that rows cover |
-- | peak_count, max_count | entries where the table was fullest of all rows, and how many it could hold then; 0 for no limit that is known |
-- | full_seconds | how long until it is full, as the newest row says; null where it does not grow |
-- | counted_ns | time in which it is known what was dropped |
-- | dropped_packets, early_dropped_count | in that time |
WITH
due_windows AS
(
    SELECT
        due.1 AS host,
        due.2 AS window_ns,
        due.3 AS data_revision
    FROM (SELECT arrayJoin({windows:Array(Tuple(String, Int64, UInt64))}) AS due)
),

-- A row that reaches over the window's end is in each window by the part of it that lies there.
read AS
(
    WITH {snap}
    SELECT
        host,
        namespace,
        snap(toUnixTimestamp64Nano(time)) AS row_from_ns,
        greatest(row_from_ns, snap(toUnixTimestamp64Nano(time) + toInt64(duration_ns))) AS row_until_ns,
        ifNull(conntrack_peak_count, 0) AS row_peak_count,
        ifNull(conntrack_max_count, 0) AS row_max_count,
        conntrack_full_seconds AS row_full_seconds,
        conntrack_dropped_packets AS row_dropped_packets,
        conntrack_early_dropped_count AS row_early_dropped_count
    FROM {database}.hosts
    WHERE {within}
        AND conntrack_readings_count > 0
),

tables AS
(
    WITH
        greatest(read.row_from_ns, due_windows.window_ns) AS begun_ns,
        least(read.row_until_ns, due_windows.window_ns + {window_seconds:UInt32} * 1000000000) AS ended_ns,
        (ended_ns - begun_ns) / greatest(1, read.row_until_ns - read.row_from_ns) AS part_ratio,
        isNotNull(read.row_dropped_packets) AS is_counted,
        argMax(
            (read.row_peak_count, read.row_max_count),
            (if(read.row_max_count = 0, 0., read.row_peak_count / read.row_max_count), read.row_peak_count)
        ) AS fullest
    SELECT
        due_windows.host AS host,
        due_windows.window_ns AS window_ns,
        read.namespace AS namespace,
        min(begun_ns) AS from_ns,
        max(ended_ns) AS until_ns,
        sum(ended_ns - begun_ns) AS observed_ns,
        fullest.1 AS peak_count,
        fullest.2 AS max_count,
        tupleElement(argMax(tuple(read.row_full_seconds), read.row_until_ns), 1) AS full_seconds,
        sumIf(ended_ns - begun_ns, is_counted) AS counted_ns,
        sumIf(ifNull(read.row_dropped_packets, 0) * part_ratio, is_counted) AS dropped_packets,
        sumIf(ifNull(read.row_early_dropped_count, 0) * part_ratio, is_counted) AS early_dropped_count
    FROM read
    INNER JOIN due_windows ON read.host = due_windows.host
    WHERE ended_ns > begun_ns
    GROUP BY host, window_ns, namespace
),

conntrack AS
(
    SELECT
        due_windows.host AS host,
        due_windows.window_ns AS window_ns,
        due_windows.data_revision AS data_revision,
        tables.namespace AS namespace,
        tables.observed_ns > 0 AS is_read,
        tables.from_ns AS from_ns,
        tables.until_ns AS until_ns,
        tables.observed_ns AS observed_ns,
        tables.peak_count AS peak_count,
        tables.max_count AS max_count,
        tables.full_seconds AS full_seconds,
        tables.counted_ns AS counted_ns,
        tables.dropped_packets AS dropped_packets,
        tables.early_dropped_count AS early_dropped_count
    FROM due_windows
    LEFT JOIN tables ON due_windows.host = tables.host AND due_windows.window_ns = tables.window_ns
)
