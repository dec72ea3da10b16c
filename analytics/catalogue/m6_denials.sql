/*
id = "M6"
name = "Denied by policy"
question = "How many flows of a VIF did policy refuse, and how many packets?"
unit = "flows/min"
definition_version = 1
windows = [60]
completeness = "Share of the VIF's life in the minute in which the kernel's drops were counted, times the share of their rows that are not known to be lost. Flows are known by samples: where there were more packets than samples the figure is the least that it can be, `value_upper` the most."
cannot_see = "What was refused outside the kernel's network stack: by Open vSwitch's own tables, by XDP, by a cloud's security groups, by a device whose exporter tells of it (`viflux drops --class denied --exporter`). Which rule it was: `viflux drops --class denied --by rule`. A packet that was refused on its way in from a workload is told there, not where it was to go."
runbook = "docs/slis.md#m6"
profile = "deep"

[streams]
drops = "share"

[scopes]
vif = "The VIF as its workload sees it; both ends of a pair show the same figures."
host = "All counting points: distinct flows of all of them together, and packets summed."
uplink = "All physical ports, the same way."

[[parts]]
name = "flows_to"
unit = "flows/min"
meaning = "Towards the workload: distinct 5-tuples of packets that were dropped for a reason of class `denied`."

[[parts]]
name = "flows_from"
unit = "flows/min"
meaning = "From the workload: the same."

[[parts]]
name = "packets_to"
unit = "packets/min"
meaning = "Towards the workload: the packets, as they would be on a wire."

[[parts]]
name = "packets_from"
unit = "packets/min"
meaning = "From the workload: the same."

[[reasons]]
name = "drops_not_counted"
meaning = "Not connected: the kernel's drops were not counted on this host. That needs profile `deep`, with `ebpf` among agent.sources, and an agent that is not paused; `viflux doctor` says what is missing."
*/
SELECT
    host,
    window_ns,
    data_revision,
    scope,
    scope_key,
    concat(figure.1, '_', direction) AS part,
    if(is_probed, figure.2, NULL) AS numerator,
    if(is_probed, figure.3, NULL) AS numerator_upper,
    1 AS denominator,
    0 AS samples_count,
    numerator_upper > numerator AS is_sampled,
    toInt64(observed_sum_ns) AS observed_ns,
    expected_sum_ns AS expected_ns,
    0 AS gap_ns,
    0 AS reset_ns,
    if(is_probed OR expected_sum_ns = 0, '', 'drops_not_counted') AS own_reason
FROM
(
    SELECT
        host,
        window_ns,
        data_revision,
        scope,
        scope_key,
        direction,
        sum(probed_ns) > 0 AS is_probed,
        sum(probed_observed_ns) AS observed_sum_ns,
        sum(slices.expected_ns) AS expected_sum_ns,
        toFloat64(length(groupUniqArrayArray(denied_flows))) AS flows_count,
        sum(denied_packets) AS packets_sum,
        [
            ('flows', flows_count, flows_count + sum(unsampled_denied_packets)),
            ('packets', packets_sum, packets_sum)
        ] AS figures
    FROM slices
    WHERE scope != 'elsewhere'
    GROUP BY host, window_ns, data_revision, scope, scope_key, direction
    HAVING is_probed OR scope = 'host'
)
ARRAY JOIN figures AS figure
