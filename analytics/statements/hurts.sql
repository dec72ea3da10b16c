-- What hurts now on one host, in one row: the judged VIFs (counting points and physical ports) against their targets.
--
-- Parameters: `host`; `now_ns`; `targets` (SLI, part, highest good value). The newest 10 s window is judged, and the newest
-- minute where it ended not long ago: a VIF with few packets has a loss ratio only there.
WITH
vifs AS
(
    SELECT
        lower(leftPad(hex(vif_id), 16, '0')) AS scope_key,
        state.1 AS namespace,
        state.2 AS ifname,
        state.6 AS vif_key,
        state.7 AND state.8 AS is_on,
        first_seen_time
    FROM
    (
        SELECT
            vif_id,
            min(received_time) AS first_seen_time,
            argMax(
                (namespace, ifname, side, counting_point, gone_time, vif_key, is_up, has_carrier),
                (valid_from_time, received_time, sequence)
            ) AS state
        FROM {database}.inventory
        WHERE host = {host:String}
            AND time >= fromUnixTimestamp64Nano({now_ns:Int64} - 176400000000000, 'UTC')
        GROUP BY vif_id
    )
    WHERE isNull(state.5) AND (state.4 OR state.3 = 'uplink')
),

done AS
(
    SELECT
        maxIf(time, window_seconds = 10) AS newest_slice_time,
        maxIf(time, window_seconds = 60) AS newest_minute_time
    FROM {database}.sli_revisions
    WHERE sli = 'M1'
        AND part = 'to'
        AND scope = 'host'
        AND scope_key = {host:String}
        AND time >= fromUnixTimestamp64Nano({now_ns:Int64} - 259200000000000, 'UTC')
),

figures AS
(
    SELECT
        scope_key,
        sli,
        part,
        window_seconds,
        time AS window_time,
        argMax((value, completeness_ratio, reason, numerator, denominator), computed_time) AS newest
    FROM {database}.sli_revisions
    WHERE scope = 'vif'
        AND host = {host:String}
        AND window_seconds IN (10, 60)
        AND time >= fromUnixTimestamp64Nano({now_ns:Int64} - 900000000000, 'UTC')
        AND scope_key IN (SELECT scope_key FROM vifs)
    GROUP BY scope_key, sli, part, window_seconds, window_time
),

judged AS
(
    SELECT
        figures.scope_key AS scope_key,
        figures.sli AS sli,
        figures.part AS part,
        figures.window_seconds AS window_seconds,
        figures.window_time AS window_time,
        figures.newest.1 AS value,
        figures.newest.2 AS completeness_ratio,
        figures.newest.3 AS reason,
        figures.newest.4 AS numerator,
        figures.newest.5 AS denominator,
        arrayFirst(
            target -> target.1 = figures.sli AND target.2 = figures.part,
            {targets:Array(Tuple(String, String, Float64))}
        ).3 AS at_most,
        window_seconds = 10 AND window_time = done.newest_slice_time AS is_newest_slice,
        window_seconds = 60
            AND window_time = done.newest_minute_time
            AND toUnixTimestamp64Nano(window_time) + 150000000000 >= {now_ns:Int64} AS is_newest_minute
    FROM figures
    CROSS JOIN done
),

per_figure AS
(
    SELECT
        scope_key,
        sli,
        part,
        countIf(is_newest_slice) > 0 AS is_there,
        -- The worst breach, of the newest slice before the minute: (is it of the slice, times the target, value, target, …)
        maxIf(
            (is_newest_slice, assumeNotNull(value) / at_most, assumeNotNull(value), at_most, sli, part, window_seconds),
            (is_newest_slice OR is_newest_minute) AND at_most > 0 AND value > at_most
        ) AS worst_figure,
        minIf(completeness_ratio, is_newest_slice) AS figure_ratio,
        maxIf(
            window_time + INTERVAL 10 SECOND, window_seconds = 10 AND completeness_ratio = 1
        ) AS figure_complete_time,
        countIf((is_newest_slice OR is_newest_minute) AND isNotNull(value)) > 0 AS is_known,
        maxIf(toString(reason), is_newest_slice) AS slice_reason,
        ifNull(maxIf(numerator, is_newest_slice), 0) AS slice_numerator,
        ifNull(maxIf(denominator, is_newest_slice), 0) AS slice_denominator
    FROM judged
    GROUP BY scope_key, sli, part
),

per_vif AS
(
    SELECT
        scope_key,
        max(is_there) AS is_judged,
        max(worst_figure) AS worst,
        minIf(figure_ratio, is_there) AS least_ratio,
        minIf(figure_complete_time, is_there) AS last_complete_time,
        countIf(part = 'utilisation' AND is_known) AS known_utilisations,
        countIf(sli = 'M2' AND is_known) AS known_losses,
        countIf(sli = 'M2' AND NOT is_known AND slice_reason = 'sender_not_visible') AS unseen_losses,
        countIf(sli = 'M2' AND NOT is_known AND slice_reason = 'below_1000_packets' AND slice_denominator > 0) AS few_losses,
        countIf(sli = 'M2' AND NOT is_known AND slice_reason = 'below_1000_packets' AND slice_denominator = 0) AS idle_losses,
        sumIf(slice_numerator, sli = 'M2' AND NOT is_known AND slice_reason = 'below_1000_packets') AS few_lost
    FROM per_figure
    GROUP BY scope_key
)
SELECT
    count() AS vifs_count,
    -- First seen within the window or after it: that such a VIF has no figures, or not whole ones, is no lack of data.
    countIf(
        (vifs.first_seen_time > done.newest_slice_time AND NOT (is_judged AND least_ratio = 1)) AS is_new
    ) AS new_count,
    countIf(is_judged AND NOT is_new) AS judged_count,
    countIf(NOT vifs.is_on AND NOT is_new) AS off_count,
    countIf(known_utilisations + known_losses > 0) AS known_count,
    countIf(known_utilisations > 0) AS with_utilisation_count,
    sum(known_losses) AS known_directions_count,
    sumIf(few_losses, vifs.is_on AND NOT is_new) AS few_packets_directions_count,
    sumIf(few_lost, vifs.is_on AND NOT is_new) AS few_lost_packets,
    sumIf(idle_losses, vifs.is_on AND NOT is_new) AS idle_directions_count,
    sumIf(unseen_losses, vifs.is_on AND NOT is_new) AS unseen_directions_count,
    countIf(worst.7 > 0) AS hurting_count,
    countIf(is_judged AND NOT is_new AND least_ratio < 1) AS incomplete_count,
    minIf(least_ratio, is_judged AND NOT is_new) AS least_completeness_ratio,
    minIf(last_complete_time, is_judged AND NOT is_new AND least_ratio < 1) AS incomplete_since_time,
    any(done.newest_slice_time) AS newest_slice_time,
    arraySlice(arrayReverseSort(groupArrayIf(
        CAST(
            (worst.2, worst.3, worst.4, worst.5, worst.6, worst.7, vifs.namespace, vifs.ifname, vifs.vif_key, vifs.scope_key),
            'Tuple(times Float64, value Float64, at_most Float64, sli String, part String, window_seconds UInt32, namespace String, ifname String, vif_key String, vif_id String)'
        ),
        worst.7 > 0
    )), 1, 5) AS worst_vifs
FROM vifs
LEFT JOIN per_vif ON vifs.scope_key = per_vif.scope_key
CROSS JOIN done
