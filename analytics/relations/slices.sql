-- What every SLI reads: `slices`, one row a due window, scope, direction and 10 s slice.
--
-- Parameters: `windows` (host, start in ns, data revision), `window_seconds`, `from_ns` and `to_ns` (the span of all
-- windows), `margin_ns` (how long before a window a row that reaches into it may start).
--
-- | column | what it is |
-- |---|---|
-- | host, window_ns, data_revision | the window |
-- | scope, scope_key | `vif`, `host` or `uplink`; a VIF is in its own scope, and in the wider ones where it counts |
-- | direction | `to` or `from`, as the workload behind the VIF sees it |
-- | slice_ns | start of the slice |
-- | is_exported | the VIF is an interface that only an exporter knows: where no counters of it come, none are expected |
-- | has_sender | the counters of an end that sends are among these, so that what its queue drops is known |
-- | rate_bits_per_second | what its VIFs were promised in this direction, summed over those where it is known |
-- | expected_ns, observed_ns | how long its VIFs lived in the slice, and how much of that clean readings cover |
-- | covered_ns, sent_covered_ns | time in which any of its VIFs was read; any of its senders |
-- | gap_ns, reset_ns | time that only `gap` and `reset` rows cover |
-- | bytes, rated_bytes | in that direction; of VIFs with a known rate |
-- | sent_packets, lost_packets | of senders: sent; dropped by the queue or the device, or not sent |
--
-- It is kept flat on purpose: the engine resolves each column through all levels below it, and a level more costs more
-- than the rows of a thousand VIFs. An alias costs its whole expression anew at each use; so what is long and used often is
-- a column, of a subquery or an `ARRAY JOIN`.
WITH
-- One row a window and VIF that is known in it: its life, and the state that held at the window's end; what was settled
-- within 60 s of its birth holds from birth. The agent states all VIFs each UTC day, so two days back is far enough;
-- later rows are read too, they tell when it ended. Lives are snapped as readings are, else a birth just before a slice
-- would leave a hole in it.
known AS
(
    WITH {snap}
    SELECT
        host,
        due.2 AS window_ns,
        due.3 AS data_revision,
        vif_id,
        snap(ifNull(toUnixTimestamp64Nano(min(born_time)), 0)) AS born_ns,
        snap(toInt64(argMax(
            ifNull(toUnixTimestamp64Nano(gone_time), 4000000000000000000),
            (valid_from_time, received_time, sequence)
        ))) AS gone_ns,
        argMaxIf(
            (
                side,
                counting_point,
                peer_vif_id,
                -- The speed of a virtual link is fiction, so only that of a port stands in for a promised rate.
                multiIf(
                    kind = 'exported' AND provisioned_rate_bits_per_second = 0, link_speed_bits_per_second,
                    provisioned_rate_origin = 'link_speed' AND kind NOT IN ('physical', 'vf', 'exported'), 0,
                    provisioned_rate_bits_per_second
                ),
                provisioned_rate_origin IN ('tbf', 'htb')
            ),
            (valid_from_time, received_time, sequence),
            toUnixTimestamp64Nano(valid_from_time) < due.2 + {window_seconds:UInt32} * 1000000000
                OR valid_from_time <= born_time + INTERVAL 60 SECOND
        ) AS state
    FROM {database}.inventory
    ARRAY JOIN {windows:Array(Tuple(String, Int64, UInt64))} AS due
    WHERE host = due.1
        AND time >= fromUnixTimestamp64Nano({from_ns:Int64} - 176400000000000, 'UTC')
    GROUP BY host, due.2, due.3, vif_id
    HAVING state.1 != ''
        AND born_ns < window_ns + {window_seconds:UInt32} * 1000000000
        AND gone_ns > window_ns
),

-- Each VIF together with its peer, (vif_id, side, born, gone, rate, is the rate a queue's); the peer's vif_id is 0 where
-- it has none here.
paired AS
(
    SELECT
        host,
        window_ns,
        data_revision,
        keyed.1 AS vif_id,
        maxIf(state.2, keyed.2) AS counting_point,
        maxIf((known.vif_id, state.1, born_ns, gone_ns, state.4, state.5), keyed.2) AS own,
        maxIf((known.vif_id, state.1, born_ns, gone_ns, state.4, state.5), NOT keyed.2) AS peer
    FROM known
    ARRAY JOIN [(known.vif_id, true), (state.3, false)] AS keyed
    GROUP BY host, window_ns, data_revision, keyed.1
    HAVING own.1 != 0
),

-- Which counters tell what goes to and from the workload: (direction, is it the sender's own side, the VIF that is read,
-- slice). Of a pair, the end on the host sends to the workload and the end in it sends from it; what one end sends is what
-- the other receives, and only the sender knows what it dropped, so both ends are read from the two senders and show the
-- same figures. An uplink or overlay sends out of the host.
directed AS
(
    SELECT
        host,
        window_ns,
        data_revision,
        vif_id,
        own.2 AS side,
        counting_point,
        end_at,
        reads,
        -- A queue holds back what its own end sends, so its rate is one of that direction; an alias and a port's speed are
        -- promises for both.
        multiIf(reads.2 AND reads.3.6, reads.3.5, NOT own.6, own.5, NOT peer.6, peer.5, 0) AS rate_bits_per_second,
        arrayJoin(range(
            window_ns, window_ns + toInt64({window_seconds:UInt32}) * 1000000000, 10000000000
        )) AS slice_ns
    FROM
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
    )
    ARRAY JOIN
        [
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

    -- The host's own row is there without any counting point too: it says that the window was computed.
    UNION ALL
    SELECT
        due.1,
        due.2,
        due.3,
        0,
        '',
        true,
        '',
        (arrayJoin(['to', 'from']), false, (0, '', 0, 0, 0, 0)),
        0,
        due.2
    FROM (SELECT arrayJoin({windows:Array(Tuple(String, Int64, UInt64))}) AS due)
),

-- Readings shared out over the slices that they overlap, in proportion to time. A row that lies within 200 ms of one grid
-- point would lose all its length, so it keeps its own ends. A row that spans a gap or a reset counts in totals only: when
-- in it the bytes went is not known.
sliced AS
(
    SELECT
        host,
        vif_id,
        slice_ns,
        sumIf(overlap_ns, NOT is_broken) AS covered_ns,
        sumIf(overlap_ns, delta_kind = 'gap') AS gap_ns,
        sumIf(overlap_ns, delta_kind = 'reset') AS reset_ns,
        sumIf(rx_bytes * share, NOT is_broken) AS rx_bytes_sum,
        sumIf(tx_bytes * share, NOT is_broken) AS tx_bytes_sum,
        sumIf(tx_packets * share, NOT is_broken) AS tx_packets_sum,
        sumIf((qdisc_dropped_packets + tx_dropped_packets + tx_errors_packets) * share, NOT is_broken) AS lost_packets_sum
    FROM
    (
        WITH {snap}
        SELECT
            *,
            toUnixTimestamp64Nano(time) AS raw_ns,
            if(
                snap(raw_ns) < snap(raw_ns + toInt64(duration_ns)),
                (snap(raw_ns), snap(raw_ns + toInt64(duration_ns))),
                (raw_ns, raw_ns + toInt64(duration_ns))
            ) AS span,
            arrayJoin(range(intDiv(span.1, 10000000000) * 10000000000, span.2, 10000000000)) AS slice_ns,
            least(span.2, slice_ns + 10000000000) - greatest(span.1, slice_ns) AS overlap_ns,
            overlap_ns / (span.2 - span.1) AS share,
            delta_kind IN ('gap', 'reset') AS is_broken
        FROM {database}.counters
        WHERE time >= fromUnixTimestamp64Nano({from_ns:Int64} - {margin_ns:Int64}, 'UTC')
            AND time < fromUnixTimestamp64Nano({to_ns:Int64}, 'UTC')
            AND has(arrayMap(due -> due.1, {windows:Array(Tuple(String, Int64, UInt64))}), host)
            AND duration_ns > 0
    )
    GROUP BY host, vif_id, slice_ns
),

slices AS
(
    WITH
        greatest(
            0,
            least(directed.reads.3.4, directed.slice_ns + 10000000000) - greatest(directed.reads.3.3, directed.slice_ns)
        ) AS life_ns,
        if(directed.reads.2, sliced.tx_bytes_sum, sliced.rx_bytes_sum) AS moved_bytes
    SELECT
        directed.host AS host,
        directed.window_ns AS window_ns,
        directed.data_revision AS data_revision,
        arrayJoin(arrayFilter(
            candidate -> candidate.3,
            [
                ('vif', lower(leftPad(hex(directed.vif_id), 16, '0')), directed.vif_id != 0),
                ('host', toString(directed.host), directed.counting_point),
                ('uplink', toString(directed.host), directed.side = 'uplink')
            ]
        )) AS belongs,
        belongs.1 AS scope,
        belongs.2 AS scope_key,
        directed.reads.1 AS direction,
        directed.slice_ns AS slice_ns,
        max(directed.side = 'exported') AS is_exported,
        max(directed.reads.2) AS has_sender,
        sum(directed.rate_bits_per_second) AS rate_bits_per_second,
        sum(life_ns) AS expected_ns,
        sum(least(sliced.covered_ns, life_ns)) AS observed_ns,
        max(sliced.covered_ns) AS covered_ns,
        maxIf(sliced.covered_ns, directed.reads.2) AS sent_covered_ns,
        sum(sliced.gap_ns) AS gap_ns,
        sum(sliced.reset_ns) AS reset_ns,
        sum(moved_bytes) AS bytes,
        sumIf(moved_bytes, directed.rate_bits_per_second > 0) AS rated_bytes,
        sumIf(sliced.tx_packets_sum, directed.reads.2) AS sent_packets,
        sumIf(sliced.lost_packets_sum, directed.reads.2) AS lost_packets
    FROM directed
    LEFT JOIN sliced
        ON directed.host = sliced.host
        AND directed.reads.3.1 = sliced.vif_id
        AND directed.slice_ns = sliced.slice_ns
    GROUP BY host, window_ns, data_revision, belongs, direction, slice_ns
)
