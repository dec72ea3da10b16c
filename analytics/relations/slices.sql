-- What SLIs about VIFs read: `slices`, one row a due window, scope, direction and 10 s slice.
--
-- Parameters: `windows` (host, start in ns, data revision), `window_seconds`, `from_ns` and `to_ns` (the span of all
-- windows), `margin_ns` (how long before a window a row that reaches into it may start).
--
-- | column | what it is |
-- |---|---|
-- | host, window_ns, data_revision | the window |
-- | scope, scope_key | `vif`, `host` or `uplink`; a VIF is in its own scope, and in the wider ones where it counts; `elsewhere` is what of a host counts nowhere, and is there for drops alone |
-- | direction | `to` or `from`, as the workload behind the VIF sees it |
-- | slice_ns | start of the slice |
-- | is_exported | the VIF is an interface that only an exporter knows: where no counters of it come, none are expected |
-- | has_sender | the counters of an end that sends are among these, so that what its queue drops is known |
-- | rate_bits_per_second | what its VIFs were promised in this direction, summed over those where it is known |
-- | expected_ns, observed_ns | how long its VIFs lived in the slice, and how much of that clean readings cover |
-- | covered_ns, sent_covered_ns | time in which any of its VIFs was read; any of its senders |
-- | gap_ns, reset_ns | time that only `gap` and `reset` rows cover |
-- | bytes, rated_bytes | in that direction; of VIFs with a known rate |
-- | sent_packets, queue_lost_packets, device_lost_packets | of senders: sent; dropped by their queue; dropped by the device, or not sent |
-- | probed_ns | time in which the kernel's drops were counted, of what the longest lived of its VIFs lived |
-- | probed_observed_ns | of `expected_ns` the part in which they were |
-- | core_sent_packets, core_taken_packets | what the kernel dropped as loss and no counter has, in packets as counters count: before an end sent it; behind that, at the end that took it in |
-- | clean_core_sent_packets, clean_core_taken_packets | of these what fell where no counter was broken, so that both may be added |
-- | denied_packets, unsampled_denied_packets | what policy dropped, in packets of a wire; of which the flow is not known |
-- | denied_flows | hashes of the 5-tuples of the others |
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
        max(state.2) AS has_counting_end,
        maxIf((known.vif_id, state.1, born_ns, gone_ns, state.4, state.5), keyed.2) AS own,
        maxIf((known.vif_id, state.1, born_ns, gone_ns, state.4, state.5), NOT keyed.2) AS peer
    FROM known
    ARRAY JOIN [(known.vif_id, true), (state.3, false)] AS keyed
    GROUP BY host, window_ns, data_revision, keyed.1
    HAVING own.1 != 0
),

-- Which rows tell what goes to and from the workload: (direction, what they are, the VIF that is read, slice). Of a pair, the
-- end on the host sends to the workload and the end in it sends from it; what one end sends is what the other receives,
-- and only the sender knows what it dropped, so both ends are read from the two senders and show the same figures. An
-- uplink or overlay sends out of the host.
--
-- | what | of the VIF |
-- |---|---|
-- | `sent` | what it sent, and what was dropped on its way out |
-- | `received` | what it received, for the sender is not visible, and what was dropped behind that |
-- | `taken` | only what was dropped behind it, for the sender says what it received |
-- | empty | nothing: the row says that the window was computed |
directed AS
(
    SELECT
        host,
        window_ns,
        data_revision,
        vif_id,
        own.2 AS side,
        counting_point,
        has_counting_end,
        reads,
        reads.2 = 'sent' AS is_sent,
        reads.2 IN ('sent', 'received') AS is_read,
        -- A queue holds back what its own end sends, so its rate is one of that direction; an alias and a port's speed are
        -- promises for both.
        multiIf(
            NOT is_read, 0,
            is_sent AND reads.3.6, reads.3.5,
            NOT own.6, own.5,
            NOT peer.6, peer.5,
            0
        ) AS rate_bits_per_second,
        arrayJoin(range(
            window_ns, window_ns + toInt64({window_seconds:UInt32}) * 1000000000, 10000000000
        )) AS slice_ns
    FROM
    (
        SELECT
            *,
            own.2 NOT IN ('uplink', 'overlay') AND multiIf(
                peer.1 != 0 AND own.2 = 'host' AND peer.2 != 'host', true,
                peer.1 != 0 AND own.2 = 'workload' AND peer.2 != 'workload', false,
                peer.1 != 0, counting_point,
                own.2 != 'workload'
            ) AS is_outer,
            -- Who sends to the workload, and who from it; of an uplink or overlay nobody is behind it.
            multiIf(is_outer, own, own.2 IN ('uplink', 'overlay'), (0, '', 0, 0, 0, false), peer) AS outer,
            if(is_outer, peer, own) AS inner
        FROM paired
    )
    ARRAY JOIN
        arrayFilter(
            row -> row.3.1 != 0,
            [
                ('to', 'sent', outer),
                ('to', if(outer.1 = 0, 'received', 'taken'), inner),
                ('from', 'sent', inner),
                ('from', if(inner.1 = 0, 'received', 'taken'), outer)
            ]
        ) AS reads

    -- The host's own rows are there without any counting point too; with what was dropped at no VIF that is known.
    UNION ALL
    SELECT
        due.1,
        due.2,
        due.3,
        0,
        '',
        told.2 = '',
        told.2 = '',
        (told.1, told.2, (0, '', 0, 0, 0, false)),
        told.2 = 'sent',
        false,
        0,
        arrayJoin(range(due.2, due.2 + toInt64({window_seconds:UInt32}) * 1000000000, 10000000000))
    FROM
    (
        SELECT
            arrayJoin({windows:Array(Tuple(String, Int64, UInt64))}) AS due,
            arrayJoin([('to', ''), ('from', ''), ('to', 'taken'), ('from', 'sent')]) AS told
    )
),

-- Readings and drops shared out over the slices that they overlap, in proportion to time. A row that lies within 200 ms of
-- one grid point would lose all its length, so it keeps its own ends. A row that spans a gap or a reset counts in totals
-- only: when in it the bytes went is not known.
sliced AS
(
    SELECT
        host,
        vif_id,
        slice_ns,
        sumIf(overlap_ns, NOT is_broken AND delta_kind != '') AS covered_ns,
        sumIf(overlap_ns, delta_kind = 'gap') AS gap_ns,
        sumIf(overlap_ns, delta_kind = 'reset') AS reset_ns,
        sumIf(rx_bytes * share, NOT is_broken) AS rx_bytes_sum,
        sumIf(tx_bytes * share, NOT is_broken) AS tx_bytes_sum,
        sumIf(tx_packets * share, NOT is_broken) AS tx_packets_sum,
        sumIf(queue_packets * share, NOT is_broken) AS queue_packets_sum,
        sumIf(device_packets * share, NOT is_broken) AS device_packets_sum,
-- {only for drops
        sumIf(packets * share, drop_class = 'denied' AND is_egress) AS denied_out_packets_sum,
        sumIf(packets * share, drop_class = 'denied' AND NOT is_egress) AS denied_in_packets_sum,
        sumIf(packets * share, drop_class = 'denied' AND is_egress AND flow = 0) AS unsampled_out_packets_sum,
        sumIf(packets * share, drop_class = 'denied' AND NOT is_egress AND flow = 0) AS unsampled_in_packets_sum,
        groupUniqArrayIf(flow, drop_class = 'denied' AND is_egress AND flow != 0) AS denied_out_flows,
        groupUniqArrayIf(flow, drop_class = 'denied' AND NOT is_egress AND flow != 0) AS denied_in_flows,
-- only for drops}
        sumIf(skb_packets * share, drop_class = 'loss' AND is_egress) AS core_out_packets_sum,
        sumIf(skb_packets * share, drop_class = 'loss' AND NOT is_egress) AS core_in_packets_sum
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
        FROM
        (
            SELECT
                host,
                vif_id,
                time,
                duration_ns,
                delta_kind,
                rx_bytes,
                tx_bytes,
                tx_packets,
                qdisc_dropped_packets AS queue_packets,
                tx_dropped_packets + tx_errors_packets AS device_packets,
                '' AS drop_class,
                false AS is_egress,
                0 AS skb_packets,
                0 AS packets,
                0 AS flow
            FROM {database}.counters
            WHERE {within}
                AND duration_ns > 0

            UNION ALL
            -- What has another origin is in the counters of its interface; exporters tell of interfaces of their own.
            SELECT
                host,
                vif_id,
                time,
                duration_ns,
                '',
                0,
                0,
                0,
                0,
                0,
                drop_class,
                ifNull(direction = 1, false),
                if(drop_origin = 'core', skb_packets, 0),
                packets,
                if(dst_address = toIPv6('::'), 0, cityHash64(src_address, dst_address, src_port, dst_port, protocol))
            FROM {database}.drops
            WHERE {within}
                AND duration_ns > 0
                AND source_kind = 'ebpf'
                AND drop_class IN ('loss', 'denied')
        )
    )
    GROUP BY host, vif_id, slice_ns
),

-- {only for drops
-- How long the kernel's drops were counted in each slice.
probed AS
(
    SELECT
        host,
        slice_ns,
        sum(overlap_ns) AS counted_sum_ns
    FROM
    (
        WITH {snap}
        SELECT
            host,
            snap(toUnixTimestamp64Nano(time)) AS from_ns,
            snap(toUnixTimestamp64Nano(time) + toInt64(counted_ns)) AS until_ns,
            arrayJoin(range(intDiv(from_ns, 10000000000) * 10000000000, until_ns, 10000000000)) AS slice_ns,
            least(until_ns, slice_ns + 10000000000) - greatest(from_ns, slice_ns) AS overlap_ns
        FROM {database}.hosts
        WHERE {within}
            AND component = 'drop'
            AND counted_ns > 0
    )
    GROUP BY host, slice_ns
),

-- only for drops}
slices AS
(
    WITH
        greatest(
            0,
            least(directed.reads.3.4, directed.slice_ns + 10000000000) - greatest(directed.reads.3.3, directed.slice_ns)
        ) AS life_ns,
        if(directed.is_sent, sliced.tx_bytes_sum, sliced.rx_bytes_sum) AS moved_bytes,
        sliced.gap_ns + sliced.reset_ns = 0 AS is_clean
    SELECT
        directed.host AS host,
        directed.window_ns AS window_ns,
        directed.data_revision AS data_revision,
        arrayJoin(arrayFilter(
            candidate -> candidate.3,
            [
                ('vif', lower(leftPad(hex(directed.vif_id), 16, '0')), directed.vif_id != 0),
                ('host', toString(directed.host), directed.counting_point),
                ('uplink', toString(directed.host), directed.side = 'uplink'),
                ('elsewhere', toString(directed.host), NOT directed.has_counting_end)
            ]
        )) AS belongs,
        belongs.1 AS scope,
        belongs.2 AS scope_key,
        directed.reads.1 AS direction,
        directed.slice_ns AS slice_ns,
        max(directed.side = 'exported') AS is_exported,
        max(directed.is_sent) AS has_sender,
        sum(directed.rate_bits_per_second) AS rate_bits_per_second,
        sumIf(life_ns, directed.is_read) AS expected_ns,
        sumIf(least(sliced.covered_ns, life_ns), directed.is_read) AS observed_ns,
        maxIf(sliced.covered_ns, directed.is_read) AS covered_ns,
        maxIf(sliced.covered_ns, directed.is_sent) AS sent_covered_ns,
        sumIf(sliced.gap_ns, directed.is_read) AS gap_ns,
        sumIf(sliced.reset_ns, directed.is_read) AS reset_ns,
        sumIf(moved_bytes, directed.is_read) AS bytes,
        sumIf(moved_bytes, directed.rate_bits_per_second > 0) AS rated_bytes,
        sumIf(sliced.tx_packets_sum, directed.is_sent) AS sent_packets,
        sumIf(sliced.queue_packets_sum, directed.is_sent) AS queue_lost_packets,
        sumIf(sliced.device_packets_sum, directed.is_sent) AS device_lost_packets,
-- {only for drops
        max(if(directed.vif_id = 0, probed.counted_sum_ns, least(probed.counted_sum_ns, life_ns))) AS probed_ns,
        sumIf(least(probed.counted_sum_ns / 10000000000, 1) * life_ns, directed.is_read) AS probed_observed_ns,
        sumIf(sliced.core_out_packets_sum, directed.is_sent) AS core_sent_packets,
        sumIf(sliced.core_in_packets_sum, NOT directed.is_sent) AS core_taken_packets,
        sum(if(directed.is_sent, sliced.denied_out_packets_sum, sliced.denied_in_packets_sum)) AS denied_packets,
        sum(if(directed.is_sent, sliced.unsampled_out_packets_sum, sliced.unsampled_in_packets_sum))
            AS unsampled_denied_packets,
        groupUniqArrayArray(if(directed.is_sent, sliced.denied_out_flows, sliced.denied_in_flows)) AS denied_flows,
-- only for drops}
        sumIf(sliced.core_out_packets_sum, directed.is_sent AND is_clean) AS clean_core_sent_packets,
        sumIf(sliced.core_in_packets_sum, NOT directed.is_sent AND is_clean) AS clean_core_taken_packets
    FROM directed
    LEFT JOIN sliced
        ON directed.host = sliced.host
        AND directed.reads.3.1 = sliced.vif_id
        AND directed.slice_ns = sliced.slice_ns
        AND directed.reads.2 != ''
-- {only for drops
    LEFT JOIN probed
        ON directed.host = probed.host
        AND directed.slice_ns = probed.slice_ns
-- only for drops}
    GROUP BY host, window_ns, data_revision, belongs, direction, slice_ns
)
