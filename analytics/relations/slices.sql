-- What every SLI reads: `slices`, one row a due window, scope, VIF, direction and 10 s slice.
--
-- Parameters: `windows` (host, start in ns, data revision), `window_seconds`, `from_ns` and `to_ns` (the span of all
-- windows), `margin_ns` (how long before a window a row that reaches into it may start).
--
-- | column | what it is |
-- |---|---|
-- | host, window_ns, data_revision | the window |
-- | scope, scope_key | `vif`, `host` or `uplink`; a VIF is in its own scope, and in the wider ones where it counts |
-- | slice_ns | start of the slice |
-- | vif_id | whose figure it is; 0 in the rows that stand for a host without counting points |
-- | direction | `to` or `from`, as the workload behind the VIF sees it |
-- | is_sender | the counters are those of the end that sends, so what its queue drops is lost in this direction |
-- | rate_bits_per_second | what the VIF was promised; 0 for unknown |
-- | expected_ns, covered_ns | how much of the slice the VIF lived, and how much of that clean readings cover |
-- | gap_ns, reset_ns | time that only `gap` and `reset` rows cover |
-- | bytes, sent_packets, lost_packets | prorated to the slice; lost: dropped by the queue or the device, or not sent |
WITH
-- A sweep comes a little after the full 10 s, never exactly then; within 200 ms it is taken as on the grid, so that its
-- numbers stay whole and no slice is 0.1 % incomplete.
(
    instant_ns -> if(
        abs(intDiv(instant_ns + 5000000000, 10000000000) * 10000000000 - instant_ns) <= 200000000,
        intDiv(instant_ns + 5000000000, 10000000000) * 10000000000,
        instant_ns
    )
) AS snap,

windows AS
(
    SELECT
        tupleElement(due, 1) AS host,
        tupleElement(due, 2) AS window_ns,
        tupleElement(due, 2) + toInt64({window_seconds:UInt32}) * 1000000000 AS end_ns,
        tupleElement(due, 3) AS data_revision
    FROM (SELECT arrayJoin({windows:Array(Tuple(String, Int64, UInt64))}) AS due)
),

-- The agent states all VIFs each UTC day, so two days back is far enough. Rows after the windows are read too: they tell
-- when a VIF ended, and what was settled within 60 s of its birth.
histories AS
(
    SELECT
        host,
        vif_id,
        toUnixTimestamp64Nano(min(coalesce(born_time, valid_from_time))) AS first_known_ns,
        ifNull(toUnixTimestamp64Nano(min(born_time)), 0) AS birth_ns,
        arraySort(groupArray((
            toUnixTimestamp64Nano(valid_from_time),
            toUnixTimestamp64Nano(received_time),
            sequence,
            side,
            counting_point,
            peer_vif_id,
            -- The speed of a virtual link is fiction, so only a physical port's stands in for a promised rate.
            if(
                provisioned_rate_origin = 'link_speed' AND kind NOT IN ('physical', 'vf'),
                0,
                provisioned_rate_bits_per_second
            ),
            ifNull(toUnixTimestamp64Nano(gone_time), 4000000000000000000)
        ))) AS states
    FROM {database}.inventory
    WHERE time >= fromUnixTimestamp64Nano({from_ns:Int64} - 176400000000000, 'UTC')
        AND host IN (SELECT host FROM windows)
    GROUP BY host, vif_id
),

-- One row a window and VIF that is known in it. Lives are snapped to the grid as readings are, else a birth just before a
-- slice would leave a hole in it.
known AS
(
    SELECT
        host,
        window_ns,
        data_revision,
        vif_id,
        snap(birth_ns) AS born_ns,
        snap(death_ns) AS gone_ns,
        held.4 AS side,
        held.5 AS counting_point,
        held.6 AS peer_vif_id,
        held.7 AS rate_bits_per_second
    FROM
    (
        SELECT
            windows.host AS host,
            windows.window_ns AS window_ns,
            windows.end_ns AS end_ns,
            windows.data_revision AS data_revision,
            histories.vif_id AS vif_id,
            histories.birth_ns AS birth_ns,
            histories.states[-1].8 AS death_ns,
            arrayLast(
                state -> state.1 < greatest(windows.end_ns, histories.first_known_ns + 60000000001),
                histories.states
            ) AS held
        FROM windows
        INNER JOIN histories ON windows.host = histories.host
        WHERE histories.first_known_ns < windows.end_ns
    )
    WHERE born_ns < end_ns AND gone_ns > window_ns
),

-- Each VIF together with its peer, (vif_id, side, born, gone); the peer's vif_id is 0 where it has none here.
paired AS
(
    SELECT
        host,
        window_ns,
        data_revision,
        keyed.1 AS vif_id,
        maxIf(counting_point, keyed.2) AS counting_point,
        maxIf(rate_bits_per_second, keyed.2) AS rate_bits_per_second,
        maxIf((known.vif_id, side, born_ns, gone_ns), keyed.2) AS own,
        maxIf((known.vif_id, side, born_ns, gone_ns), NOT keyed.2) AS peer
    FROM known
    ARRAY JOIN [(known.vif_id, true), (known.peer_vif_id, false)] AS keyed
    GROUP BY host, window_ns, data_revision, keyed.1
    HAVING own.1 != 0
),

-- Which end of a pair a VIF is: `host` sends to the workload, `workload` sends from it; `outward` sends out of the host.
placed AS
(
    SELECT
        *,
        multiIf(
            own.2 IN ('uplink', 'overlay'), 'outward',
            peer.1 != 0 AND own.2 = 'host' AND peer.2 != 'host', 'host',
            peer.1 != 0 AND own.2 = 'workload' AND peer.2 != 'workload', 'workload',
            peer.1 != 0, if(counting_point, 'host', 'workload'),
            own.2 = 'workload', 'workload',
            'host'
        ) AS end_at
    FROM paired
),

-- Which counters tell what goes to and from the workload: (direction, is it the sender's own side, the VIF that is read).
-- What one end of a pair sends is what the other receives, and only the sender knows what it dropped, so both ends are
-- read from the two senders and show the same figures.
directed AS
(
    SELECT
        host,
        window_ns,
        data_revision,
        vif_id,
        own.2 AS side,
        counting_point,
        rate_bits_per_second,
        reads.1 AS direction,
        reads.2 AS is_sender,
        reads.3.1 AS source_vif_id,
        reads.3.3 AS source_born_ns,
        reads.3.4 AS source_gone_ns
    FROM placed
    ARRAY JOIN [
        (
            'to',
            end_at = 'host' OR (end_at = 'workload' AND peer.1 != 0),
            if(end_at = 'workload' AND peer.1 != 0, peer, own)
        ),
        (
            'from',
            end_at != 'host' OR peer.1 != 0,
            if(end_at = 'host' AND peer.1 != 0, peer, own)
        )
    ] AS reads
),

readings AS
(
    SELECT
        host,
        vif_id,
        delta_kind IN ('gap', 'reset') AS is_broken,
        delta_kind = 'gap' AS is_gap,
        -- A row that lies within 200 ms of one grid point would lose all its length.
        if(snapped.1 < snapped.2, snapped, (raw_start_ns, raw_start_ns + toInt64(duration_ns))) AS span,
        rx_bytes,
        tx_bytes,
        tx_packets,
        qdisc_dropped_packets + tx_dropped_packets + tx_errors_packets AS tx_lost_packets
    FROM
    (
        SELECT
            *,
            toUnixTimestamp64Nano(time) AS raw_start_ns,
            (snap(raw_start_ns), snap(raw_start_ns + toInt64(duration_ns))) AS snapped
        FROM {database}.counters
        WHERE time >= fromUnixTimestamp64Nano({from_ns:Int64} - {margin_ns:Int64}, 'UTC')
            AND time < fromUnixTimestamp64Nano({to_ns:Int64}, 'UTC')
            AND host IN (SELECT host FROM windows)
            AND duration_ns > 0
    )
),

shared_out AS
(
    SELECT
        *,
        slice_ns,
        least(span.2, slice_ns + 10000000000) - greatest(span.1, slice_ns) AS overlap_ns
    FROM readings
    ARRAY JOIN range(intDiv(span.1, 10000000000) * 10000000000, span.2, 10000000000) AS slice_ns
),

-- A row that spans a gap or a reset counts in totals only: when in it the bytes went is not known.
sliced AS
(
    SELECT
        host,
        vif_id,
        slice_ns,
        sumIf(overlap_ns, NOT is_broken) AS covered_ns,
        sumIf(overlap_ns, is_gap) AS gap_ns,
        sumIf(overlap_ns, is_broken AND NOT is_gap) AS reset_ns,
        sumIf(rx_bytes * (overlap_ns / (span.2 - span.1)), NOT is_broken) AS rx_bytes_sum,
        sumIf(tx_bytes * (overlap_ns / (span.2 - span.1)), NOT is_broken) AS tx_bytes_sum,
        sumIf(tx_packets * (overlap_ns / (span.2 - span.1)), NOT is_broken) AS tx_packets_sum,
        sumIf(tx_lost_packets * (overlap_ns / (span.2 - span.1)), NOT is_broken) AS tx_lost_packets_sum
    FROM shared_out
    GROUP BY host, vif_id, slice_ns
),

slices AS
(
    SELECT
        expected.host AS host,
        expected.window_ns AS window_ns,
        expected.data_revision AS data_revision,
        scope_and_key.1 AS scope,
        scope_and_key.2 AS scope_key,
        expected.slice_ns AS slice_ns,
        expected.vif_id AS vif_id,
        expected.direction AS direction,
        expected.is_sender AS is_sender,
        expected.rate_bits_per_second AS rate_bits_per_second,
        greatest(
            0, least(expected.source_gone_ns, expected.slice_ns + 10000000000)
                - greatest(expected.source_born_ns, expected.slice_ns)
        ) AS expected_ns,
        sliced.covered_ns AS covered_ns,
        sliced.gap_ns AS gap_ns,
        sliced.reset_ns AS reset_ns,
        if(expected.is_sender, sliced.tx_bytes_sum, sliced.rx_bytes_sum) AS bytes,
        -- What was offered and lost is known of the end that sends only.
        if(expected.is_sender, sliced.tx_packets_sum, 0) AS sent_packets,
        if(expected.is_sender, sliced.tx_lost_packets_sum, 0) AS lost_packets
    FROM
    (
        SELECT
            *,
            slice_ns
        FROM directed
        ARRAY JOIN range(
            window_ns, window_ns + toInt64({window_seconds:UInt32}) * 1000000000, 10000000000
        ) AS slice_ns
    ) AS expected
    LEFT JOIN sliced
        ON expected.host = sliced.host
        AND expected.source_vif_id = sliced.vif_id
        AND expected.slice_ns = sliced.slice_ns
    ARRAY JOIN arrayFilter(
        candidate -> candidate.1 = 'vif'
            OR (candidate.1 = 'host' AND expected.counting_point)
            OR (candidate.1 = 'uplink' AND expected.side = 'uplink'),
        [
            ('vif', lower(leftPad(hex(expected.vif_id), 16, '0'))),
            ('host', expected.host),
            ('uplink', expected.host)
        ]
    ) AS scope_and_key

    -- A host without counting points has a row too: it says that the window was computed.
    UNION ALL
    SELECT
        host,
        window_ns,
        data_revision,
        'host',
        host,
        window_ns,
        0,
        direction,
        false,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0
    FROM windows
    ARRAY JOIN ['to', 'from'] AS direction
)
