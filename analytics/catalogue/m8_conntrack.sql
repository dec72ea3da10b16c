/*
id = "M8"
name = "Connection tracking"
question = "How full is the connection tracking of the host's network namespaces, when will it be full, and what was refused because it was?"
unit = "ratio"
definition_version = 1
windows = [60]
completeness = "Share of the minute that rows of the source `conntrack` cover; of a namespace, of the time between its first and its last one in the minute."
cannot_see = "What was full between two readings, a second apart, without a packet being refused. Offloaded connections that a card tracks. Who holds the connections: `viflux conntrack --by vif` has it. Packets that the kernel drops for two of one connection coming at once (`insert_failed`) are no sign of a full table and are in `viflux conntrack` alone."
runbook = "docs/slis.md#m8"
profile = "counters"
source = "conntrack"
relation = "conntrack"

[streams]
hosts = "observed"

[target]
parts = ["occupancy"]
at_most = 0.7
hurts = false

[scopes]
namespace = "One network namespace; the key is `host/namespace`, and ends in `/` for the host's own. The limit is the host's setting, which the kernel holds against each namespace's own number."
host = "The fullest of its namespaces, the one that is full soonest, and the sum of what was refused."

[[parts]]
name = "occupancy"
unit = "ratio"
meaning = "Most entries at a reading over how many the table may hold (net.netfilter.nf_conntrack_max)."

[[parts]]
name = "time_to_full"
unit = "s"
meaning = "How long until the table is full, at the growth of the last interval; 0 for full."

[[parts]]
name = "dropped"
unit = "packets/min"
meaning = "Packets dropped, for the table was full and nothing could be thrown out of it."

[[parts]]
name = "early_dropped"
unit = "connections/min"
meaning = "Connections thrown out of the full table to make room for others."

[[reasons]]
name = "conntrack_not_read"
meaning = "Not connected: nothing was read of it. `conntrack` must be among agent.sources, and the kernel needs its module nf_conntrack_netlink; `viflux doctor` says what is missing."

[[reasons]]
name = "no_limit"
meaning = "The tables have no limit, or the kernel (before Linux 5.11) does not tell it."

[[reasons]]
name = "not_growing"
meaning = "No table grew at the end of the minute, so none becomes full."

[[reasons]]
name = "first_reading"
meaning = "What was refused before the first reading is not known, and there was none before this minute."
*/
SELECT
    host,
    window_ns,
    data_revision,
    scope,
    scope_key,
    figure.1 AS part,
    figure.2 AS numerator,
    NULL AS numerator_upper,
    figure.3 AS denominator,
    0 AS samples_count,
    false AS is_sampled,
    toInt64(observed_sum_ns) AS observed_ns,
    toInt64(expected_sum_ns) AS expected_ns,
    0 AS gap_ns,
    0 AS reset_ns,
    if(is_any_read, figure.4, 'conntrack_not_read') AS own_reason
FROM
(
    WITH
        if(max_count = 0, 0., peak_count / max_count) AS fill_ratio,
        argMax((toFloat64(peak_count), toFloat64(max_count)), (fill_ratio, max_count > 0, peak_count)) AS fullest
    SELECT
        host,
        window_ns,
        data_revision,
        arrayJoin(arrayFilter(
            candidate -> candidate.3,
            [('namespace', concat(host, '/', namespace), is_read), ('host', toString(host), true)]
        )) AS belongs,
        belongs.1 AS scope,
        belongs.2 AS scope_key,
        max(is_read) AS is_any_read,
        max(conntrack.observed_ns) AS observed_sum_ns,
        if(scope = 'host', toInt64({window_seconds:UInt32}) * 1000000000, max(until_ns) - min(from_ns)) AS expected_sum_ns,
        min(full_seconds) AS soonest_seconds,
        max(counted_ns) / 6e10 AS counted_minutes,
        [
            ('occupancy', fullest.1, fullest.2, if(fullest.2 > 0, '', 'no_limit')),
            (
                'time_to_full',
                ifNull(soonest_seconds, 0.),
                1.,
                multiIf(isNotNull(soonest_seconds), '', fullest.2 > 0, 'not_growing', 'no_limit')
            ),
            ('dropped', toFloat64(sum(dropped_packets)), counted_minutes, if(counted_minutes > 0, '', 'first_reading')),
            ('early_dropped', toFloat64(sum(early_dropped_count)), counted_minutes, if(counted_minutes > 0, '', 'first_reading'))
        ] AS figures
    FROM conntrack
    GROUP BY host, window_ns, data_revision, belongs
)
ARRAY JOIN figures AS figure
