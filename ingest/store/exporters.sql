-- Exporters that sent anything of late, one row each; rates are of the newest interval, counts of the whole look back.
-- A listener has a row of its own, without address, where it refused or lost what cannot be said of one exporter.
WITH
    max(time + toIntervalNanosecond(duration_ns)) < now64(9) - toIntervalSecond({stale_seconds:UInt32}) AS silent,
    countIf(NOT silent) OVER (PARTITION BY host, listener, exporter_address, source_kind, observation_domain_id) AS sharing
SELECT
    exporter_address,
    argMax(exporter_name, time) AS exporter_name,
    source_kind,
    observation_domain_id,
    exporter_port,
    listener,
    host,
    round(if(silent, 0, argMax(received_datagrams_count / (duration_ns / 1e9), time)), 1) AS datagrams_per_second,
    round(if(silent, 0, argMax(flows_count / (duration_ns / 1e9), time)), 1) AS flows_per_second,
    argMax(templates_count, time) AS templates_count,
    nullIf(argMax(sampling_rate, time), 0) AS sampling_rate,
    argMax(sampling_origin, time) AS sampling_origin,
    sum(unknown_rate_flows_count) AS unknown_rate_flows_count,
    sum(missed_count) AS missed_count,
    argMax(missed_unit, time) AS missed_unit,
    sum(socket_dropped_count) AS socket_dropped_count,
    sum(shed_packets) AS shed_packets,
    sum(refused_datagrams_count) AS refused_datagrams_count,
    sum(undecodable_datagrams_count) AS undecodable_datagrams_count,
    argMax(parked_datagrams_count, time) AS parked_datagrams_count,
    sum(parked_dropped_datagrams_count) AS parked_dropped_datagrams_count,
    argMax(clock_skew_ns, time) / 1e9 AS clock_skew_seconds,
    max(last_received_time) AS last_received_time,
    multiIf(
        exporter_address = toIPv6('::'),
        if(refused_datagrams_count > 0, 'exporters.allow must name those that are refused', ''),
        -- What is parked without any template waits for that, not for a rate.
        sampling_origin = 'unknown'
            AND (unknown_rate_flows_count > 0 OR (parked_datagrams_count > 0 AND templates_count > 0)),
        concat(
            'exporters.known = [{address = "',
            replaceRegexpOne(toString(exporter_address), '^::ffff:([0-9.]+)$', '\\1'),
            -- A port is of one run of most exporters: it is named only where it tells two apart.
            if(exporter_port = 0 OR sharing <= 1, '"', concat('", port = ', toString(exporter_port))),
            ', domain = ', toString(observation_domain_id),
            ', sampling_rate = RATE}]'
        ),
        ''
    ) AS needs
FROM exporters
WHERE exporters.time >= now64(9) - toIntervalSecond({lookback_seconds:UInt32})
GROUP BY host, listener, exporter_address, source_kind, observation_domain_id, exporter_port
HAVING exporter_address != toIPv6('::') OR refused_datagrams_count + socket_dropped_count + shed_packets > 0
ORDER BY host, listener, exporter_address, observation_domain_id, source_kind, exporter_port
LIMIT 100000
