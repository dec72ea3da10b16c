-- Every VIF that lives on the host, with its newest 10 s figures; those that matter most come first.
--
-- Figures are (value, numerator, denominator, completeness, reason, end of their window); the window is at most three
-- minutes old, so an old figure is absent rather than shown as if it were new.
WITH figures AS
(
    SELECT
        scope_key,
        argMaxIf((value, numerator, denominator, completeness_ratio, reason, time), (time, computed_time), sli = 'M1' AND part = 'to') AS rate_to,
        argMaxIf((value, numerator, denominator, completeness_ratio, reason, time), (time, computed_time), sli = 'M1' AND part = 'from') AS rate_from,
        argMaxIf((value, numerator, denominator, completeness_ratio, reason, time), (time, computed_time), sli = 'M1' AND part = 'utilisation') AS utilisation,
        argMaxIf((value, numerator, denominator, completeness_ratio, reason, time), (time, computed_time), sli = 'M2' AND part = 'local_to') AS loss_to,
        argMaxIf((value, numerator, denominator, completeness_ratio, reason, time), (time, computed_time), sli = 'M2' AND part = 'local_from') AS loss_from,
        -- Of both directions where that can be compared, else of the one that has a flow source.
        argMaxIf((value, numerator, denominator, completeness_ratio, reason, time), (part = 'both', part = 'ingress', time, computed_time), sli = 'M9') AS coverage,
        argMaxIf((part, samples_count), (part = 'both', part = 'ingress', time, computed_time), sli = 'M9') AS coverage_source
    FROM {database}.sli_revisions
    WHERE scope = 'vif'
        AND host = {host:String}
        -- Flows come later than counters, and are compared by the minute.
        AND window_seconds = if(sli = 'M9', 60, 10)
        AND time >= fromUnixTimestamp64Nano({now_ns:Int64} - 600000000000, 'UTC')
        AND (sli = 'M9' OR time >= fromUnixTimestamp64Nano({now_ns:Int64} - 180000000000, 'UTC'))
    GROUP BY scope_key
),

states AS
(
    SELECT
        vif_id,
        argMax(
            (
                namespace, ifname, kind, side, counting_point, workload, owner, service, is_up, operstate, has_carrier,
                if(provisioned_rate_origin = 'link_speed' AND kind NOT IN ('physical', 'vf'), 0, provisioned_rate_bits_per_second),
                provisioned_rate_origin, mtu_bytes, mac_address, gone_time, ifindex, tenant, vif_key
            ),
            (valid_from_time, received_time, sequence)
        ) AS state,
        min(born_time) AS first_born_time
    FROM {database}.inventory
    WHERE host = {host:String}
        AND time >= fromUnixTimestamp64Nano({now_ns:Int64} - 176400000000000, 'UTC')
    GROUP BY vif_id
)
SELECT
    lower(leftPad(hex(states.vif_id), 16, '0')) AS vif_id,
    states.state.1 AS namespace,
    states.state.2 AS ifname,
    states.state.3 AS kind,
    states.state.4 AS side,
    states.state.5 AS counting_point,
    states.state.6 AS workload,
    states.state.7 AS owner,
    states.state.8 AS service,
    states.state.9 AS is_up,
    states.state.10 AS operstate,
    states.state.11 AS has_carrier,
    states.state.12 AS provisioned_rate_bits_per_second,
    states.state.13 AS provisioned_rate_origin,
    states.state.14 AS mtu_bytes,
    states.state.15 AS mac_address,
    states.state.17 AS ifindex,
    states.state.18 AS tenant,
    states.state.19 AS vif_key,
    states.first_born_time AS born_time,
    figures.rate_to AS rate_to,
    figures.rate_from AS rate_from,
    figures.utilisation AS utilisation,
    figures.loss_to AS loss_to,
    figures.loss_from AS loss_from,
    figures.coverage AS coverage,
    figures.coverage_source.1 AS coverage_part,
    figures.coverage_source.2 AS coverage_samples_count
FROM states
LEFT JOIN figures ON lower(leftPad(hex(states.vif_id), 16, '0')) = figures.scope_key
WHERE isNull(states.state.16)
ORDER BY states.state.5 OR states.state.4 = 'uplink' DESC, namespace, ifname, vif_id
LIMIT {most_rows:UInt32}
