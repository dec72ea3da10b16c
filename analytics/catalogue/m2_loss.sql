/*
id = "M2"
name = "Packet loss at the VIF"
question = "What share of the packets that were offered to a VIF did its queue, its device or the kernel's network stack lose there?"
unit = "ratio"
definition_version = 2
windows = [10, 60]
completeness = "Share of the VIF's life in the window that clean readings cover, of the end that is read."
cannot_see = "What the kernel drops and no counter has (no route, no neighbour, too big for the way on, a broken header), where its drops are not counted: below the profile `deep`, while the agent is paused, and over a gap in the counters; part `core_to` and `core_from` of M11 say where they are counted. Loss between two VIFs; retransmissions; what a sender without a VIF here dropped (a VM behind a tap, the far end of an uplink): that direction is null, and wider scopes sum only the visible senders."
runbook = "docs/slis.md#m2"
profile = "counters"

[streams]
counters = "observed"

[target]
parts = ["local_to", "local_from"]
at_most = 0.001

[scopes]
vif = "The VIF as its workload sees it; both ends of a pair show the same figures."
host = "Lost and offered packets of all counting points whose sender is visible, summed."
uplink = "Lost and offered packets of all physical ports, summed; to comes from outside and has no visible sender."

[[parts]]
name = "local_to"
unit = "ratio"
meaning = "Towards the workload: what was lost over what was offered. Lost: queue drops + tx_dropped + tx_errors of the end that sends, and what the kernel dropped there before it was sent, or at the other end behind it, for a reason of class `loss` that none of these counters has. Offered: tx_packets + what was lost before it was sent. Received and unhandled frames (rx_dropped), packets that policy denied and packets that nobody listened for are not loss."

[[parts]]
name = "local_from"
unit = "ratio"
meaning = "From the workload: the same, on the end inside it, so a full queue in a container is loss here."

[[reasons]]
name = "sender_not_visible"
meaning = "The end that sends in this direction is no VIF of this host, so what it dropped is not known."

[[reasons]]
name = "below_1000_packets"
meaning = "Fewer than 1,000 packets were offered: lost and offered are given, a ratio of so few says nothing."
*/
SELECT
    host,
    window_ns,
    data_revision,
    scope,
    scope_key,
    sum(slices.gap_ns) AS gap_ns,
    sum(slices.reset_ns) AS reset_ns,
    concat('local_', direction) AS part,
    sum(queue_lost_packets + device_lost_packets + clean_core_sent_packets) AS unsent_packets,
    if(sum(sent_covered_ns) > 0, unsent_packets + sum(clean_core_taken_packets), NULL) AS numerator,
    NULL AS numerator_upper,
    if(sum(sent_covered_ns) > 0, sum(sent_packets) + unsent_packets, NULL) AS denominator,
    0 AS samples_count,
    false AS is_sampled,
    sum(slices.observed_ns) AS observed_ns,
    sum(slices.expected_ns) AS expected_ns,
    multiIf(
        expected_ns > 0 AND NOT max(has_sender), 'sender_not_visible',
        round(denominator, 6) < 1000, 'below_1000_packets',
        ''
    ) AS own_reason
FROM slices
WHERE scope != 'elsewhere'
GROUP BY host, window_ns, data_revision, scope, scope_key, direction
HAVING NOT max(is_exported) OR sum(covered_ns) + gap_ns + reset_ns > 0
