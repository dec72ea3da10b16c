-- What Viflux itself cost each host in the last five minutes, beside its budget, and what it leaves out now.
--
-- Parameters: `now_ns`, `most_rows`.
SELECT
    host,
    if(known_ns > 0, known_cores_ns / known_ns, NULL) AS cost_cores,
    budget_cores,
    cost_reason,
    shed,
    shed_level,
    flow_sampling_rate,
    critical_flow_sampling_rate,
    resident_bytes,
    map_memory_bytes
FROM
(
    SELECT
        host,
        sumIf(duration_ns, isNotNull(cost_cores)) AS known_ns,
        sumIf(duration_ns * assumeNotNull(cost_cores), isNotNull(cost_cores)) AS known_cores_ns,
        argMax(hosts.budget_cores, time) AS budget_cores,
        argMax(hosts.cost_reason, time) AS cost_reason,
        argMax(hosts.shed, time) AS shed,
        argMax(hosts.shed_level, time) AS shed_level,
        argMax(hosts.flow_sampling_rate, time) AS flow_sampling_rate,
        argMax(hosts.critical_flow_sampling_rate, time) AS critical_flow_sampling_rate,
        argMax(hosts.resident_bytes, time) AS resident_bytes,
        argMax(hosts.map_memory_bytes, time) AS map_memory_bytes
    FROM {database}.hosts AS hosts
    WHERE time >= fromUnixTimestamp64Nano({now_ns:Int64} - 300000000000, 'UTC') AND component = 'agent'
    GROUP BY host
)
ORDER BY cost_cores / budget_cores DESC, host
LIMIT {most_rows:UInt32}
