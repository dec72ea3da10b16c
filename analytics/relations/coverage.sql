-- What SLIs about flows read: `coverage`, one row a due window, scope and part.
--
-- Parameters: as `slices.sql`; windows are whole minutes, as the flows' tier is.
--
-- | column | what it is |
-- |---|---|
-- | host, window_ns, data_revision | the window |
-- | scope, scope_key | `vif`, `host` or `uplink`; wider scopes have those that count and have a flow source |
-- | part | `ingress` or `egress` where flows of that direction are known of it, `both` where flows without a direction, or of both, are; `critical_covered`, of the host |
-- | vifs_count, compared_count | VIFs behind the row; those whose flows and counters can be compared |
-- | flow_bytes, counter_bytes | of the latter: scaled `skb_bytes` of one exporter's flows; what their counters added in that direction |
-- | samples_count, is_sampled | exported packets behind `flow_bytes`; whether any of them stands for more than itself |
-- | critical_count, critical_covered_count | links with a critical end; those of which an end has a flow source |
-- | expected_ns, observed_ns | how long its VIFs lived in the window; how much of that counters cover, times the share of flow bytes whose rate is known |
-- | gap_ns, reset_ns | time that only `gap` and `reset` rows cover |
-- | incomparable_reason | why nothing can be compared, or empty |
--
-- A VIF has a flow source while any flow of it is known within the hour before the window's end. One whose packets pass the
-- agent's program by has one too, as far as the agent said so within that hour, but nothing to compare: its counters may not
-- move either.
WITH
toInt64({window_seconds:UInt32}) * 1000000000 AS length_ns,

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
            (side, counting_point, if(link_id = 0, vif_id, link_id), criticality),
            (valid_from_time, received_time, sequence),
            toUnixTimestamp64Nano(valid_from_time) < due.2 + length_ns
                OR valid_from_time <= born_time + INTERVAL 60 SECOND
        ) AS state
    FROM {database}.inventory
    ARRAY JOIN {windows:Array(Tuple(String, Int64, UInt64))} AS due
    WHERE host = due.1
        AND time >= fromUnixTimestamp64Nano({from_ns:Int64} - 176400000000000, 'UTC')
    GROUP BY host, due.2, due.3, vif_id
    HAVING state.1 != ''
        AND born_ns < window_ns + length_ns
        AND gone_ns > window_ns
),

-- Flows of each VIF, minute, exporter and direction, an hour further back: (scaled bytes, bytes of known rate, bytes of
-- unknown rate, exported packets, scaled packets).
flowed AS
(
    SELECT
        host,
        vif_id,
        toUnixTimestamp64Nano(time) AS minute_ns,
        (source_kind, exporter_address) AS exporter,
        flow_direction,
        sampling_origin NOT IN ('', 'unknown') AS has_rate,
        sum(scaled_skb_bytes) AS scaled_sum_bytes,
        sumIf(skb_bytes, has_rate) AS known_sum_bytes,
        sumIf(skb_bytes, NOT has_rate) AS unknown_sum_bytes,
        sumIf(packets, has_rate) AS known_sum_packets,
        sum(scaled_packets) AS scaled_sum_packets
    FROM {database}.flows_1m_revisions FINAL
    WHERE NOT vanished
        AND time > fromUnixTimestamp64Nano({from_ns:Int64} - 3600000000000, 'UTC')
        AND time < fromUnixTimestamp64Nano({to_ns:Int64}, 'UTC')
        AND has(arrayMap(due -> due.1, {windows:Array(Tuple(String, Int64, UInt64))}), host)
    GROUP BY host, vif_id, minute_ns, exporter, flow_direction, has_rate
),

-- What each exporter tells of each VIF: at ingress, at egress and of both (is there a source, the five sums above).
told AS
(
    WITH {added}
    SELECT
        host,
        window_ns,
        vif_id,
        exporter,
        maxIf(directed, flow_direction = 'ingress') AS ingress,
        maxIf(directed, flow_direction = 'egress') AS egress,
        maxIf(directed, flow_direction = '') AS untold,
        if(
            untold.1 OR (ingress.1 AND egress.1), added(added(ingress, egress), untold), (false, 0., 0., 0., 0, 0)
        ) AS both
    FROM
    (
        SELECT
            host,
            due.2 AS window_ns,
            vif_id,
            exporter,
            flow_direction,
            (
                true,
                toFloat64(sumIf(scaled_sum_bytes, minute_ns = due.2)),
                toFloat64(sumIf(known_sum_bytes, minute_ns = due.2)),
                toFloat64(sumIf(unknown_sum_bytes, minute_ns = due.2)),
                sumIf(known_sum_packets, minute_ns = due.2),
                sumIf(scaled_sum_packets, minute_ns = due.2)
            ) AS directed
        FROM flowed
        ARRAY JOIN {windows:Array(Tuple(String, Int64, UInt64))} AS due
        WHERE host = due.1
            AND minute_ns <= due.2
            AND minute_ns > due.2 - 3600000000000
        GROUP BY host, due.2, vif_id, exporter, flow_direction
    )
    GROUP BY host, window_ns, vif_id, exporter
),

-- Several exporters that watch one VIF tell of the same packets, so of each direction one of them is taken: the one that
-- exported the most packets of known rate. That is the one with the least error by chance; how many bytes it makes of
-- them plays no part, so nothing is taken for coming near to the counters. One that exports ingress and another that
-- exports egress make up both.
sourced AS
(
    WITH {added}
    SELECT
        host,
        window_ns,
        vif_id,
        argMaxIf(told.ingress, (told.ingress.5, told.ingress.4, exporter), told.ingress.1) AS ingress,
        argMaxIf(told.egress, (told.egress.5, told.egress.4, exporter), told.egress.1) AS egress,
        argMaxIf(told.both, (told.both.5, told.both.4, exporter), told.both.1) AS whole,
        max(exporter.1 != 'ebpf') AS is_exported,
        if(
            ingress.1 AND egress.1 AND (NOT whole.1 OR ingress.5 + egress.5 > whole.5), added(ingress, egress), whole
        ) AS both
    FROM told
    GROUP BY host, window_ns, vif_id
),

-- VIFs whose packets another program takes past the one that counts them, as the agent last said: collectors/flow/visibility.py.
hidden AS
(
    SELECT
        host,
        due.2 AS window_ns,
        reinterpretAsUInt64(reverse(unhex(substring(subject, 1, 16)))) AS vif_id,
        argMaxIf(event, time, endsWith(subject, ' ingress')) = 'dataplane_not_visible' AS ingress,
        argMaxIf(event, time, endsWith(subject, ' egress')) = 'dataplane_not_visible' AS egress
    FROM {database}.events
    ARRAY JOIN {windows:Array(Tuple(String, Int64, UInt64))} AS due
    WHERE event IN ('dataplane_not_visible', 'dataplane_visible')
        AND time > fromUnixTimestamp64Nano({from_ns:Int64} - 3600000000000, 'UTC')
        AND time < fromUnixTimestamp64Nano({to_ns:Int64}, 'UTC')
        AND host = due.1
        AND toUnixTimestamp64Nano(time) > due.2 - 3600000000000
        AND toUnixTimestamp64Nano(time) < due.2 + length_ns
    GROUP BY host, due.2, vif_id
),

-- Readings shared out over the windows that they overlap, as in `slices.sql`, with each VIF's own receive and send side.
counted AS
(
    SELECT
        host,
        vif_id,
        window_ns,
        sumIf(overlap_ns, NOT is_broken) AS covered_ns,
        sumIf(overlap_ns, delta_kind = 'gap') AS gap_ns,
        sumIf(overlap_ns, delta_kind = 'reset') AS reset_ns,
        sumIf(rx_bytes * share, NOT is_broken) AS rx_sum_bytes,
        sumIf(tx_bytes * share, NOT is_broken) AS tx_sum_bytes
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
            arrayJoin(range(intDiv(span.1, length_ns) * length_ns, span.2, length_ns)) AS window_ns,
            least(span.2, window_ns + length_ns) - greatest(span.1, window_ns) AS overlap_ns,
            overlap_ns / (span.2 - span.1) AS share,
            delta_kind IN ('gap', 'reset') AS is_broken
        FROM {database}.counters
        WHERE {within}
            AND duration_ns > 0
    )
    GROUP BY host, vif_id, window_ns
),

-- One row a VIF, window and part.
compared AS
(
    SELECT
        known.host AS host,
        known.window_ns AS window_ns,
        known.data_revision AS data_revision,
        known.vif_id AS vif_id,
        known.state.1 AS side,
        known.state.2 AS counting_point,
        known.state.3 AS link,
        sourced.ingress.1 OR sourced.egress.1 OR sourced.both.1 AS has_source,
        least(gone_ns, window_ns + length_ns) - greatest(born_ns, window_ns) AS life_ns,
        counted.covered_ns AS covered_ns,
        counted.gap_ns AS gap_ns,
        counted.reset_ns AS reset_ns,
        -- An exporter that sends flows need not send counters: then there is nothing to expect.
        side = 'exported' AND covered_ns + gap_ns + reset_ns = 0 AS is_uncounted,
        -- An exporter may see what the agent does not.
        hidden.ingress AND NOT sourced.is_exported AS is_ingress_hidden,
        hidden.egress AND NOT sourced.is_exported AS is_egress_hidden,
        arrayJoin(arrayFilter(
            candidate -> candidate.2,
            [
                ('ingress', sourced.ingress.1 OR is_ingress_hidden, counted.rx_sum_bytes, sourced.ingress),
                ('egress', sourced.egress.1 OR is_egress_hidden, counted.tx_sum_bytes, sourced.egress),
                (
                    'both',
                    sourced.both.1 OR is_ingress_hidden OR is_egress_hidden,
                    counted.rx_sum_bytes + counted.tx_sum_bytes,
                    sourced.both
                ),
                ('critical_covered', side != 'exported', 0., (known.state.4 = 'critical', 0., 0., 0., 0, 0))
            ]
        )) AS figure,
        figure.1 AS part,
        (is_ingress_hidden AND part IN ('ingress', 'both')) OR (is_egress_hidden AND part IN ('egress', 'both')) AS is_hidden,
        -- Conditions that are columns here are resolved once, in the sums behind for each use.
        part = 'critical_covered' AND figure.4.1 AS is_critical,
        part = 'critical_covered' AND has_source AS is_sourced_link,
        figure.4.3 / nullIf(figure.4.3 + figure.4.4, 0) AS known_ratio,
        multiIf(
            part = 'critical_covered', '',
            is_uncounted, 'no_counters',
            is_hidden, 'dataplane_not_visible',
            known_ratio = 0, 'sampling_rate_unknown',
            covered_ns > 0 AND covered_ns < life_ns * 0.95, 'counters_incomplete',
            ''
        ) AS reason,
        multiIf(
            part = 'critical_covered', 1,
            is_hidden, 0,
            ifNull(known_ratio, 1) * least(covered_ns, life_ns) / life_ns
        ) AS observed_ratio
    FROM known
    LEFT JOIN sourced
        ON known.host = sourced.host AND known.window_ns = sourced.window_ns AND known.vif_id = sourced.vif_id
    LEFT JOIN counted
        ON known.host = counted.host AND known.window_ns = counted.window_ns AND known.vif_id = counted.vif_id
    LEFT JOIN hidden
        ON known.host = hidden.host AND known.window_ns = hidden.window_ns AND known.vif_id = hidden.vif_id

    -- The host's own rows are there without any VIF too: they say that the window was computed.
    UNION ALL
    SELECT
        due.1,
        due.2,
        due.3,
        0,
        '',
        true,
        0,
        false,
        0,
        0,
        0,
        0,
        true,
        false,
        false,
        ('', true, 0., (true, 0., 0., 0., 0, 0)),
        arrayJoin(['both', 'critical_covered']),
        false,
        false,
        false,
        NULL,
        '',
        0.
    FROM (SELECT arrayJoin({windows:Array(Tuple(String, Int64, UInt64))}) AS due)
),

coverage AS
(
    SELECT
        compared.host AS host,
        compared.window_ns AS window_ns,
        compared.data_revision AS data_revision,
        belongs.1 AS scope,
        belongs.2 AS scope_key,
        compared.part AS part,
        countIf(vif_id != 0) AS vifs_count,
        countIf(vif_id != 0 AND compared.reason = '') AS compared_count,
        sumIf(figure.4.2, compared.reason = '') AS flow_bytes,
        sumIf(figure.3, compared.reason = '') AS counter_bytes,
        sumIf(figure.4.5, compared.reason = '') AS samples_count,
        maxIf(figure.4.5 != figure.4.6, compared.reason = '') AS is_sampled,
        groupUniqArrayIf(link, is_critical) AS critical_links,
        length(critical_links) AS critical_count,
        length(arrayIntersect(critical_links, groupUniqArrayIf(link, is_sourced_link))) AS critical_covered_count,
        sum(if(is_uncounted, 0, life_ns)) AS expected_ns,
        sum(if(is_uncounted, 0, life_ns) * observed_ratio) AS observed_ns,
        sum(compared.gap_ns) AS gap_ns,
        sum(compared.reset_ns) AS reset_ns,
        if(compared_count = 0, max(compared.reason), '') AS incomparable_reason
    FROM compared
    ARRAY JOIN
        arrayFilter(
            candidate -> candidate.3,
            [
                ('vif', lower(leftPad(hex(compared.vif_id), 16, '0')), vif_id != 0 AND part != 'critical_covered'),
                ('host', toString(compared.host), counting_point OR part = 'critical_covered'),
                ('uplink', toString(compared.host), side = 'uplink' AND part != 'critical_covered')
            ]
        ) AS belongs
    GROUP BY host, window_ns, data_revision, belongs, part
)
