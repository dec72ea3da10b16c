-- What share of each stream's rows arrived in each minute: stored rows over those and the rows that are known to be lost,
-- by the time of their events. Rows of one hand-over, and lost ones, are spread evenly over the time that they are of.
--
-- A batch of which only its number is known counts with the stream's mean rows of a batch. The SLIs and `viflux ledger
-- --completeness` read the same text over a bounded time: with an instant in place of `toInt64(0)`.
CREATE VIEW {database}.completeness AS
WITH
toInt64(0) AS since_ns,

spool_losses AS
(
    SELECT
        spool_id,
        of_stream,
        groupUniqArray((lost_through_sequence - lost_batches_count, lost_through_sequence)) AS spans
    FROM {database}.ledger
    WHERE time >= fromUnixTimestamp64Nano(since_ns, 'UTC') AND stage = 'agent' AND lost_through_sequence > 0
    GROUP BY spool_id, of_stream
),

means AS
(
    SELECT
        of_stream,
        sum(in_rows_count) / greatest(1, sum(batches_count)) AS rows_per_batch
    FROM {database}.ledger
    WHERE time >= fromUnixTimestamp64Nano(since_ns, 'UTC') AND stage = 'processor'
    GROUP BY of_stream
),

spans AS
(
    SELECT
        ledger.host AS host,
        ledger.of_stream AS of_stream,
        toUnixTimestamp64Nano(first_event_time) AS first_ns,
        toUnixTimestamp64Nano(last_event_time) AS last_ns,
        stage = 'processor' AND lost_through_sequence > 0 AS is_hole,
        if(stage = 'processor' AND (cause = '' OR startsWith(cause, 'replayed:')), out_rows_count, 0) AS stored_span_rows,
        -- Of numbers that never came: those that the spool does not tell of itself.
        greatest(0, toInt64(lost_batches_count) - toInt64(arraySum(
            loss -> if(
                loss.2 > lost_through_sequence - lost_batches_count AND loss.1 < lost_through_sequence,
                least(loss.2, lost_through_sequence) - greatest(loss.1, lost_through_sequence - lost_batches_count),
                0
            ),
            spool_losses.spans
        ))) AS untold_batches,
        multiIf(
            cause IN ('', 'late'), 0.,
            startsWith(cause, 'replayed:'), -toFloat64(out_rows_count),
            is_hole, untold_batches * means.rows_per_batch,
            toFloat64(lost_rows_count)
        ) AS lost_span_rows,
        (is_hole AND untold_batches > 0) OR lost_rows_origin NOT IN ('', 'counted', 'unknown') AS is_estimated_span
    FROM {database}.ledger AS ledger
    LEFT JOIN spool_losses ON ledger.of_spool_id = spool_losses.spool_id AND ledger.of_stream = spool_losses.of_stream
    LEFT JOIN means ON ledger.of_stream = means.of_stream
    WHERE ledger.time >= fromUnixTimestamp64Nano(since_ns, 'UTC')
        AND first_ns > 0
        AND last_ns >= greatest(first_ns, since_ns)
        AND (stored_span_rows > 0 OR lost_span_rows > 0)
)
SELECT
    fromUnixTimestamp64Nano(minute * 60000000000, 'UTC') AS time,
    host,
    of_stream,
    round(sum(stored_span_rows * share), 1) AS stored_rows,
    greatest(0, round(sum(lost_span_rows * share), 1)) AS lost_rows,
    least(1, 1 - sum(lost_span_rows * share) / sum((stored_span_rows + lost_span_rows) * share)) AS completeness_ratio,
    max(is_estimated_span AND lost_span_rows > 0) AS is_estimated
FROM
(
    SELECT
        *,
        arrayJoin(range(intDiv(greatest(first_ns, since_ns), 60000000000), intDiv(last_ns, 60000000000) + 1)) AS minute,
        if(
            last_ns = first_ns,
            1,
            (least(last_ns, (minute + 1) * 60000000000) - greatest(first_ns, minute * 60000000000)) / (last_ns - first_ns)
        ) AS share
    FROM spans
)
GROUP BY minute, host, of_stream
HAVING stored_rows + lost_rows > 0;
