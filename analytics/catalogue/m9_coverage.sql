/*
id = "M9"
name = "Flow coverage"
question = "Do the flows of a VIF, counted in the kernel or told by an exporter, tell of all that its counters counted?"
unit = "ratio"
definition_version = 4
windows = [60]
relation = "coverage"
completeness = "Share of the VIF's life in the minute that clean readings cover, times the share of its flows' bytes whose sampling rate is known, times the share of flow rows that are not known to be lost."
cannot_see = "Where flows of the source `ebpf` begin and end within a minute: their rows are of the interval between two sweeps, as counters are, and both are shared out by its length (`ebpf.active_timeout` beyond a minute: of several). Packets that pass in the instant between the reading of the counters and the change of the maps, under a millisecond on a host that is not busy, are in the one interval by counters and in the other by flows. Flows of exporters that have not ended, or were not exported yet: a minute is computed two and a half minutes after its end, and again as flows come. How far a sampled ratio may be off by chance; `samples_count` says on how many packets it stands. VIFs of which no flow was seen for an hour have no row, unless the agent found that their packets are taken past its program: what is handed to a container's end directly it finds only where it reads that end's counters too (`agent.all_namespaces`). Which exporter is short where several watch one VIF: of each direction the one counts that exported the most packets, and exporters that send the same protocol from one address are taken as one."
runbook = "docs/slis.md#m9"
profile = "flows"
instead = ["sflow", "ipfix"]

[streams]
counters = "observed"
flows = "share"

[target]
parts = ["ingress", "egress", "both"]
at_least = 0.95
at_most = 1.05
hurts = false

[scopes]
vif = "The VIF's own counters: received bytes at ingress, sent bytes at egress."
host = "Flow bytes and counter bytes of all counting points that have a flow source, summed."
uplink = "Flow bytes and counter bytes of all physical ports that have a flow source, summed."

[[parts]]
name = "both"
unit = "ratio"
meaning = "Bytes of the flows of the agent or of an exporter, scaled by their sampling rate, over received and sent bytes; where flows come without a direction, or from both."

[[parts]]
name = "ingress"
unit = "ratio"
meaning = "Bytes of flows seen at ingress, scaled, over received bytes; where any such flow was seen within the hour."

[[parts]]
name = "egress"
unit = "ratio"
meaning = "Bytes of flows seen at egress, scaled, over sent bytes; where any such flow was seen within the hour."

[[parts]]
name = "critical_covered"
unit = "ratio"
meaning = "Share of the host's links with the label criticality=critical of which an end has any flow source."
scopes = ["host"]

[[reasons]]
name = "no_counters"
meaning = "The exporter tells flows of the interface and no counters, so there is nothing to compare with."

[[reasons]]
name = "sampling_rate_unknown"
meaning = "The rate at which the flows were sampled is not known, so they stand for an unknown volume; see `viflux exporters`."

[[reasons]]
name = "dataplane_not_visible"
meaning = "Another program takes the VIF's packets past the place where the agent counts flows (`bpf_redirect_peer`, netkit, XDP), so its flows tell of few of them or none, and no exporter watches it; the event of that name says what was counted and what was seen."

[[reasons]]
name = "counters_incomplete"
meaning = "Readings cover less than 95 % of the minute, so its flows would be compared with a part of its bytes."
*/
SELECT
    host,
    window_ns,
    data_revision,
    scope,
    scope_key,
    part,
    multiIf(
        part = 'critical_covered', toFloat64(critical_covered_count),
        compared_count > 0, flow_bytes,
        NULL
    ) AS numerator,
    NULL AS numerator_upper,
    multiIf(
        part = 'critical_covered', toFloat64(critical_count),
        compared_count > 0, counter_bytes,
        NULL
    ) AS denominator,
    samples_count,
    is_sampled,
    observed_ns,
    expected_ns,
    gap_ns,
    reset_ns,
    incomparable_reason AS own_reason
FROM coverage
