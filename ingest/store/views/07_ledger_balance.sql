-- Where the ledger balances and where not: one row a minute of hand-over, host and stream.
--
-- handed_over_rows = stored_rows + in_flight_rows + lost_rows + difference_rows, and the last is 0 unless something is wrong.
-- The agent's row on a hand-over and the processor's rows on the batches of it are of the same `received_time`, so the two
-- sides are compared hand-over by hand-over; what never came is found by its number. docs/ledger.md has the equation.
CREATE VIEW {database}.ledger_balance AS
WITH
-- What a spool lost on the way, by the numbers of its batches: (number before the first, last, rows, cause, origin, whether
-- an agent's row accounts for a batch among them). Such rows follow one another, so the last that begins before the loss
-- ends decides. It is decided here once a loss: decided at each hand-over it took more memory than a question may.
spool_losses AS
(
    SELECT
        losses.spool_id AS spool_id,
        losses.of_stream AS of_stream,
        groupArray((
            losses.before_first,
            losses.last,
            losses.rows,
            losses.cause,
            losses.origin,
            account.last > losses.before_first
        )) AS spans
    FROM
    (
        SELECT DISTINCT
            spool_id,
            of_stream,
            toInt64(lost_through_sequence) - toInt64(lost_batches_count) AS before_first,
            toInt64(lost_through_sequence) AS last,
            lost_rows_count AS rows,
            toString(ledger.cause) AS cause,
            toString(lost_rows_origin) AS origin
        FROM {database}.ledger
        WHERE stage = 'agent' AND lost_through_sequence > 0
    ) AS losses
    ASOF LEFT JOIN
    (
        SELECT
            spool_id,
            of_stream,
            toInt64(through_sequence) - toInt64(batches_count) AS before_first,
            toInt64(through_sequence) AS last
        FROM {database}.ledger
        WHERE stage = 'agent' AND batches_count > 0
    ) AS account
        ON losses.spool_id = account.spool_id
            AND losses.of_stream = account.of_stream
            AND losses.last > account.before_first
    GROUP BY spool_id, of_stream
),

-- Numbers that the processor did not get: (number before the first, last, cause).
processor_holes AS
(
    SELECT
        of_spool_id AS spool_id,
        of_stream,
        groupArray((lost_through_sequence - lost_batches_count, lost_through_sequence, toString(cause))) AS spans
    FROM {database}.ledger
    WHERE stage = 'processor' AND lost_through_sequence > 0
    GROUP BY spool_id, of_stream
),

-- Of streams with such numbers: the batches that the agent's own rows account for.
accounted AS
(
    SELECT
        spool_id,
        of_stream,
        groupArray((through_sequence - batches_count, through_sequence)) AS spans
    FROM {database}.ledger
    WHERE stage = 'agent'
        AND batches_count > 0
        AND (spool_id, of_stream) IN (SELECT spool_id, of_stream FROM processor_holes)
    GROUP BY spool_id, of_stream
),

-- How far the processor came with each stream, and until when a spool has told of its losses.
reached AS
(
    SELECT
        if(of_spool_id = '', spool_id, of_spool_id) AS spool_id,
        of_stream,
        maxIf(through_sequence, stage = 'processor') AS reached_sequence
    FROM {database}.ledger
    WHERE time >= now() - INTERVAL 1 DAY
    GROUP BY spool_id, of_stream
),

told AS
(
    SELECT spool_id, max(received_time) AS told_time
    FROM {database}.ledger
    WHERE stage = 'agent' AND time >= now() - INTERVAL 1 DAY
    GROUP BY spool_id
),

hand_overs AS
(
    SELECT
        host,
        if(of_spool_id = '', spool_id, of_spool_id) AS spool_id,
        of_stream,
        received_time,
        sumIf(batches_count, stage = 'agent') AS agent_batches,
        sumIf(out_rows_count, stage = 'agent' AND batches_count > 0) AS agent_rows,
        maxIf(through_sequence, stage = 'agent') AS agent_through,
        sumIf(batches_count, stage = 'processor') AS processor_batches,
        sumIf(in_rows_count, stage = 'processor') AS processor_rows,
        sumIf(out_rows_count, stage = 'processor') AS stored_rows,
        -- Dead letters without those that were replayed since: the row of a replay names what it takes back.
        sumMapIf(
            if(
                startsWith(cause, 'replayed:'),
                map(toString(substring(cause, 10)), -toInt64(out_rows_count)),
                map(toString(cause), toInt64(lost_rows_count))
            ),
            stage = 'processor' AND lost_through_sequence = 0 AND cause NOT IN ('', 'late')
        ) AS refused,
        sumIf(lost_rows_count, cause = 'late') AS late_rows,
        sumMapIf(
            map(toString(cause), toInt64(lost_rows_count)),
            stage = 'agent' AND lost_through_sequence = 0 AND cause != ''
        ) AS unread,
        max(lost_rows_origin IN ('estimated', 'at_most')) AS is_estimated,
        groupArrayIf(
            (lost_through_sequence - lost_batches_count, lost_through_sequence, time),
            stage = 'processor' AND lost_through_sequence > 0
        ) AS holes,
        notEmpty(holes) OR agent_batches > processor_batches AS is_lacking
    FROM {database}.ledger
    GROUP BY host, spool_id, of_stream, received_time
),

explained AS
(
    SELECT
        hand_overs.host AS host,
        hand_overs.spool_id AS spool_id,
        hand_overs.of_stream AS of_stream,
        hand_overs.received_time AS received_time,
        hand_overs.stored_rows AS stored_rows,
        hand_overs.late_rows AS late_rows,
        hand_overs.refused AS refused,
        hand_overs.unread AS unread,
        toInt64(agent_rows) - toInt64(processor_rows) AS more_rows,
        toInt64(agent_batches) - toInt64(processor_batches) AS absent_batches,
        agent_batches > 0 AND absent_batches > 0 AND agent_through > reached.reached_sequence AS is_in_flight,
        agent_batches > 0 AND absent_batches > 0 AND NOT is_in_flight AS is_missed,
        if(agent_batches > 0, agent_rows, processor_rows) AS accounted_rows,
        toInt64(processor_rows) - toInt64(stored_rows) - arraySum(mapValues(hand_overs.refused)) AS undecided_rows,
        -- What took the batches of this hand-over that did not come: damage where that is known, else it is not known.
        ifNull(nullIf(arrayFirst(
            cause -> cause != '',
            [
                arrayFirst(
                    loss -> loss.2 > agent_through - agent_batches AND loss.1 < agent_through, spool_losses.spans
                ).4,
                arrayFirst(
                    hole -> hole.2 > agent_through - agent_batches AND hole.1 < agent_through, processor_holes.spans
                ).3
            ]
        ), ''), 'missing') AS missed_cause,
        -- Of each hole: (cause, rows, is it an upper bound, batches) of each loss of the spool that is in it.
        arrayFlatten(arrayMap(
            hole -> arrayMap(
                loss -> (
                    loss.4,
                    loss.3,
                    loss.5 = 'at_most' OR loss.1 < hole.1 OR loss.2 > hole.2,
                    least(loss.2, hole.2) - greatest(loss.1, hole.1),
                    loss.5 = 'unknown'
                ),
                arrayFilter(
                    loss -> loss.2 > hole.1
                        AND loss.1 < hole.2
                        AND NOT loss.6,
                    spool_losses.spans
                )
            ),
            hand_overs.holes
        )) AS lost,
        arraySum(hole -> hole.2 - hole.1, hand_overs.holes) AS hole_batches,
        arraySum(hole -> arraySum(
            span -> greatest(0, toInt64(least(span.2, hole.2)) - toInt64(greatest(span.1, hole.1))), accounted.spans
        ), hand_overs.holes) AS accounted_batches,
        -- Losses of the spool without rows: how many batches they are is known.
        toInt64(hole_batches) - toInt64(arraySum(loss -> if(loss.5, 0, loss.4), lost)) - accounted_batches AS unknown_batches,
        agent_batches > 0 AS agent_batches_known,
        arrayMax(hole -> toUnixTimestamp64Nano(hole.3), hand_overs.holes) >= toUnixTimestamp64Nano(told.told_time)
            AS is_untold,
        hand_overs.is_estimated OR arrayExists(loss -> loss.3, lost) AS is_estimated
    FROM hand_overs
    -- Lists of a stream are put beside those hand-overs only that look into them.
    LEFT JOIN spool_losses
        ON if(hand_overs.is_lacking, hand_overs.spool_id, '') = spool_losses.spool_id
            AND hand_overs.of_stream = spool_losses.of_stream
    LEFT JOIN processor_holes
        ON if(hand_overs.is_lacking, hand_overs.spool_id, '') = processor_holes.spool_id
            AND hand_overs.of_stream = processor_holes.of_stream
    LEFT JOIN accounted
        ON if(hand_overs.is_lacking, hand_overs.spool_id, '') = accounted.spool_id
            AND hand_overs.of_stream = accounted.of_stream
    LEFT JOIN reached ON hand_overs.spool_id = reached.spool_id AND hand_overs.of_stream = reached.of_stream
    LEFT JOIN told ON hand_overs.spool_id = told.spool_id
)
SELECT
    toStartOfMinute(received_time) AS time,
    host,
    of_stream,
    sumMap(unread) AS unread_by_cause,
    toInt64(arraySum(mapValues(unread_by_cause))) AS unread_rows,
    toInt64(sum(accounted_rows)) + toInt64(sum(arraySum(loss -> loss.2, lost))) AS handed_over_rows,
    toInt64(sum(explained.stored_rows)) AS stored_rows,
    sumIf(more_rows, is_in_flight) AS in_flight_rows,
    mapFilter((cause, rows) -> rows != 0, mapAdd(
        sumMap(refused),
        mapAdd(
            sumMapIf(map(missed_cause, more_rows), is_missed),
            sumMap(CAST(
                (arrayMap(loss -> loss.1, lost), arrayMap(loss -> toInt64(loss.2), lost)), 'Map(String, Int64)'
            ))
        )
    )) AS lost_by_cause,
    toInt64(arraySum(mapValues(lost_by_cause))) AS lost_rows,
    sumIf(more_rows, agent_batches_known AND absent_batches <= 0) + sum(undecided_rows) AS difference_rows,
    toUInt64(sumIf(greatest(0, unknown_batches), NOT is_untold)) AS unknown_batches_count,
    toUInt64(sumIf(greatest(0, unknown_batches), is_untold)) AS unexplained_batches_count,
    -- Numbers that damage made the spool skip: at most so many batches were in it, perhaps none.
    toUInt64(sum(arraySum(loss -> if(loss.1 = 'numbers_skipped', greatest(0, loss.4), 0), lost))) AS at_most_batches_count,
    sum(explained.late_rows) AS late_rows,
    max(explained.is_estimated) AS is_estimated,
    multiIf(
        difference_rows != 0, 'short',
        unknown_batches_count > 0, 'unknown',
        in_flight_rows > 0 OR unexplained_batches_count > 0, 'in flight',
        'balanced'
    ) AS state
FROM explained
GROUP BY time, host, of_stream;
