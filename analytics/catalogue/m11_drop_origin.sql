/*
id = "M11"
name = "Where packets are dropped"
question = "How many packets that should have arrived were dropped, and by whom: a queue, a device, or the kernel's network stack?"
unit = "packets/s"
definition_version = 1
windows = [60]
completeness = "Of a queue and a device: share of the VIF's life in the minute that clean readings of the end that sends cover. Of the stack: share in which the kernel's drops were counted, times the share of their rows that are not known to be lost."
cannot_see = "Drops inside a card or a hypervisor that neither tells. What an exporter says that it discarded (`viflux drops --exporter`). Reason, place, flow and queue of a drop: `viflux drops --by reason,place` has them."
runbook = "docs/slis.md#m11"
profile = "counters"

[streams]
counters = "observed"
drops = "share"

[target]
parts = ["queue_to", "queue_from", "device_to", "device_from", "core_to", "core_from"]
at_most = 1.0
hurts = false

[scopes]
vif = "The VIF as its workload sees it; both ends of a pair show the same figures."
host = "All counting points, summed; what was dropped at a bridge, an overlay, an uplink or no known interface is `core_elsewhere`, so that each packet is in one part."
uplink = "All physical ports, summed; they are in `core_elsewhere` of the host too."

[[parts]]
name = "queue_to"
unit = "packets/s"
meaning = "Towards the workload: dropped by the queue of the end that sends, over the time in which its counters were read."

[[parts]]
name = "queue_from"
unit = "packets/s"
meaning = "From the workload: the same, on the end inside it."

[[parts]]
name = "device_to"
unit = "packets/s"
meaning = "Towards the workload: dropped by the device of the end that sends (tx_dropped, tx_errors)."

[[parts]]
name = "device_from"
unit = "packets/s"
meaning = "From the workload: the same, on the end inside it."

[[parts]]
name = "core_to"
unit = "packets/s"
meaning = "Towards the workload: dropped by the kernel for a reason of class `loss`, and neither by a queue nor by a device: before the one end sent it, or behind the other one. Over the time in which drops were counted."
profile = "deep"

[[parts]]
name = "core_from"
unit = "packets/s"
meaning = "From the workload: the same."
profile = "deep"

[[parts]]
name = "core_elsewhere"
unit = "packets/s"
meaning = "Of the host: the same at interfaces that are no end of a counting point, or where the packet had none."
scopes = ["host"]
profile = "deep"

[[reasons]]
name = "sender_not_visible"
meaning = "The end that sends in this direction is no VIF of this host, so what its queue and its device dropped is not known."

[[reasons]]
name = "drops_not_counted"
meaning = "Not connected: the kernel's drops were not counted on this host. That needs profile `deep`, with `ebpf` among agent.sources, and an agent that is not paused; `viflux doctor` says what is missing."
*/
SELECT
    host,
    window_ns,
    data_revision,
    if(scope = 'elsewhere', 'host', scope) AS scope,
    scope_key,
    if(figure.1 = 'core_elsewhere', figure.1, concat(figure.1, '_', direction)) AS part,
    figure.2 AS numerator,
    NULL AS numerator_upper,
    figure.3 AS denominator,
    0 AS samples_count,
    false AS is_sampled,
    toInt64(figure.4) AS observed_ns,
    toInt64(figure.5) AS expected_ns,
    if(startsWith(part, 'core'), 0, gap_sum_ns) AS gap_ns,
    if(startsWith(part, 'core'), 0, reset_sum_ns) AS reset_ns,
    multiIf(
        startsWith(part, 'core'), if(probed_seconds > 0 OR (expected_sum_ns = 0 AND part != 'core_elsewhere'), '', 'drops_not_counted'),
        expected_sum_ns > 0 AND NOT is_sender_there, 'sender_not_visible',
        ''
    ) AS own_reason
FROM
(
    SELECT
        host,
        window_ns,
        data_revision,
        scope,
        scope_key,
        if(scope = 'elsewhere', '', direction) AS direction,
        max(has_sender) AS is_sender_there,
        sum(slices.gap_ns) AS gap_sum_ns,
        sum(slices.reset_ns) AS reset_sum_ns,
        toFloat64(sum(slices.expected_ns)) AS expected_sum_ns,
        toFloat64(sum(slices.observed_ns)) AS observed_sum_ns,
        sum(sent_covered_ns) / 1e9 AS sent_seconds,
        -- Both directions are of the same time.
        sum(probed_ns) / 1e9 / if(scope = 'elsewhere', 2, 1) AS probed_seconds,
        sum(core_sent_packets + core_taken_packets) AS core_packets,
        arrayFilter(
            figure -> figure.6,
            [
                ('queue', sum(queue_lost_packets), sent_seconds, observed_sum_ns, expected_sum_ns, scope != 'elsewhere'),
                ('device', sum(device_lost_packets), sent_seconds, observed_sum_ns, expected_sum_ns, scope != 'elsewhere'),
                (
                    'core',
                    core_packets,
                    probed_seconds,
                    sum(probed_observed_ns),
                    expected_sum_ns,
                    scope != 'elsewhere' AND NOT max(is_exported) AND (probed_seconds > 0 OR scope = 'host')
                ),
                (
                    'core_elsewhere',
                    core_packets,
                    probed_seconds,
                    probed_seconds * 1e9,
                    {window_seconds:UInt32} * 1e9,
                    scope = 'elsewhere'
                )
            ]
        ) AS figures
    FROM slices
    GROUP BY host, window_ns, data_revision, scope, scope_key, direction
    HAVING NOT max(is_exported) OR sum(covered_ns) + gap_sum_ns + reset_sum_ns > 0
)
ARRAY JOIN figures AS figure
