/*
id = "M1"
name = "Throughput and utilisation"
question = "How much goes to and from the workload, and how close is that to what it was promised?"
unit = "bytes/s"
definition_version = 1
windows = [10, 60]
completeness = "Share of the VIF's life in the window that clean readings cover; for a direction, of the end that is read."
cannot_see = "What passed while nothing was read (see completeness); bursts shorter than a reading; frames below the device."
runbook = "docs/slis.md#m1"
profile = "counters"

[streams]
counters = "observed"

[target]
parts = ["utilisation"]
at_most = 0.7

[scopes]
vif = "The VIF as its workload sees it; both ends of a pair show the same figures."
host = "Bytes of all counting points, over the time in which any of them was read."
uplink = "Bytes of all physical ports, over the time in which any of them was read; to is received, from is sent."

[[parts]]
name = "to"
unit = "bytes/s"
meaning = "Mean rate to the workload: bytes over the seconds that readings cover."

[[parts]]
name = "from"
unit = "bytes/s"
meaning = "Mean rate from the workload."

[[parts]]
name = "to_max"
unit = "bytes/s"
meaning = "Rate to the workload in the window's highest 10 s slice; of wider scopes, of their sum in a slice."
windows = [60]

[[parts]]
name = "from_max"
unit = "bytes/s"
meaning = "Rate from the workload in the window's highest 10 s slice."
windows = [60]

[[parts]]
name = "utilisation"
unit = "ratio"
meaning = "Of the busier direction: its mean rate, in bits, over what was promised. A queue (tbf, htb) promises for what its own end sends, an alias or a port's speed for both; of wider scopes, of those with a known rate."

[[reasons]]
name = "rate_unknown"
meaning = "Nobody said what the VIF was promised: no tbf or htb root, no `rate=` in its alias; a virtual link's speed is fiction."
*/
SELECT
    host,
    window_ns,
    data_revision,
    scope,
    scope_key,
    gap_sum_ns AS gap_ns,
    reset_sum_ns AS reset_ns,
    figure.1 AS part,
    figure.2 AS numerator,
    NULL AS numerator_upper,
    figure.3 AS denominator,
    0 AS samples_count,
    false AS is_sampled,
    figure.4 AS observed_ns,
    figure.5 AS expected_ns,
    if(figure.1 = 'utilisation' AND to_rate = 0 AND from_rate = 0, 'rate_unknown', '') AS own_reason
FROM
(
    SELECT
        host,
        window_ns,
        data_revision,
        scope,
        scope_key,
        sum(slices.gap_ns) AS gap_sum_ns,
        sum(slices.reset_ns) AS reset_sum_ns,
        maxIf(rate_bits_per_second, direction = 'to') AS to_rate,
        maxIf(rate_bits_per_second, direction = 'from') AS from_rate,
        sumIf(covered_ns, direction = 'to') / 1e9 AS to_seconds,
        sumIf(covered_ns, direction = 'from') / 1e9 AS from_seconds,
        sumIf(slices.observed_ns, direction = 'to') AS to_observed_ns,
        sumIf(slices.observed_ns, direction = 'from') AS from_observed_ns,
        sumIf(slices.expected_ns, direction = 'to') AS to_expected_ns,
        sumIf(slices.expected_ns, direction = 'from') AS from_expected_ns,
        -- (bytes per second, bytes, seconds) of the highest slice
        maxIf((bytes / covered_ns, bytes, covered_ns / 1e9), direction = 'to' AND covered_ns > 0) AS to_peak,
        maxIf((bytes / covered_ns, bytes, covered_ns / 1e9), direction = 'from' AND covered_ns > 0) AS from_peak,
        -- Bits per second of each direction that something was promised for, null while that was not read.
        if(to_rate > 0, sumIf(rated_bytes, direction = 'to') * 8 / nullIf(to_seconds, 0), 0) AS to_used,
        if(from_rate > 0, sumIf(rated_bytes, direction = 'from') * 8 / nullIf(from_seconds, 0), 0) AS from_used,
        -- Known only where each promised direction is: the greater of some is a guess.
        from_rate = 0 OR (to_rate > 0 AND to_used / to_rate >= from_used / from_rate) AS is_to_busier,
        [
            ('to', if(to_seconds > 0, sumIf(bytes, direction = 'to'), NULL), to_seconds, to_observed_ns, to_expected_ns),
            (
                'from',
                if(from_seconds > 0, sumIf(bytes, direction = 'from'), NULL),
                from_seconds,
                from_observed_ns,
                from_expected_ns
            ),
            (
                'utilisation',
                if(
                    isNull(to_used) OR isNull(from_used) OR (to_rate = 0 AND from_rate = 0),
                    NULL,
                    if(is_to_busier, to_used, from_used)
                ),
                toFloat64(if(is_to_busier, to_rate, from_rate)),
                to_observed_ns + from_observed_ns,
                to_expected_ns + from_expected_ns
            ),
            ('to_max', if(to_seconds > 0, to_peak.2, NULL), to_peak.3, to_observed_ns, to_expected_ns),
            ('from_max', if(from_seconds > 0, from_peak.2, NULL), from_peak.3, from_observed_ns, from_expected_ns)
        ] AS figures
    FROM slices
    WHERE scope != 'elsewhere'
    GROUP BY host, window_ns, data_revision, scope, scope_key
    HAVING NOT max(is_exported) OR to_seconds + gap_sum_ns + reset_sum_ns > 0
)
ARRAY JOIN arrayResize(figures, if({window_seconds:UInt32} > 10, 5, 3)) AS figure
