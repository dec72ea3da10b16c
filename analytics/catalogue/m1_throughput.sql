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
meaning = "The greater of both mean rates, in bits, over the promised rate; of wider scopes, over those with a known rate."

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
    gap_ns,
    reset_ns,
    figure.1 AS part,
    figure.2 AS numerator,
    figure.3 AS denominator,
    figure.4 AS observed_ns,
    figure.5 AS expected_ns,
    if(figure.1 = 'utilisation' AND rate_bits_per_second = 0, 'rate_unknown', '') AS own_reason
FROM
(
    SELECT
        host,
        window_ns,
        data_revision,
        scope,
        scope_key,
        sum(direction_gap_ns) AS gap_ns,
        sum(direction_reset_ns) AS reset_ns,
        any(direction_rate_bits_per_second) AS rate_bits_per_second,
        groupArrayArray(figures) AS figures_of_directions,
        -- Known only where both directions are: the greater of one is a guess.
        (
            'utilisation',
            if(min(seconds) > 0 AND rate_bits_per_second > 0, max(rated_bits_per_second), NULL),
            toFloat64(nullIf(rate_bits_per_second, 0)),
            sum(observed_of_direction_ns),
            sum(expected_of_direction_ns)
        ) AS utilisation
    FROM
    (
        SELECT
            host,
            window_ns,
            data_revision,
            scope,
            scope_key,
            direction,
            sum(slice_gap_ns) AS direction_gap_ns,
            sum(slice_reset_ns) AS direction_reset_ns,
            any(slice_rate_bits_per_second) AS direction_rate_bits_per_second,
            sum(slice_bytes) AS bytes_sum,
            sum(slice_seconds) AS seconds,
            sum(slice_rated_bytes) * 8 / seconds AS rated_bits_per_second,
            max((if(slice_seconds > 0, slice_bytes / slice_seconds, -1), slice_bytes, slice_seconds)) AS peak,
            sum(slice_observed_ns) AS observed_of_direction_ns,
            sum(slice_expected_ns) AS expected_of_direction_ns,
            arrayResize(
                [
                    (
                        direction,
                        if(seconds > 0, bytes_sum, NULL),
                        toNullable(seconds),
                        observed_of_direction_ns,
                        expected_of_direction_ns
                    ),
                    (
                        concat(direction, '_max'),
                        if(seconds > 0, peak.2, NULL),
                        toNullable(peak.3),
                        observed_of_direction_ns,
                        expected_of_direction_ns
                    )
                ],
                if({window_seconds:UInt32} > 10, 2, 1)
            ) AS figures
        FROM
        (
            SELECT
                host,
                window_ns,
                data_revision,
                scope,
                scope_key,
                direction,
                sum(gap_ns) AS slice_gap_ns,
                sum(reset_ns) AS slice_reset_ns,
                sum(rate_bits_per_second) AS slice_rate_bits_per_second,
                sum(bytes) AS slice_bytes,
                sumIf(bytes, rate_bits_per_second > 0) AS slice_rated_bytes,
                max(covered_ns) / 1e9 AS slice_seconds,
                sum(least(covered_ns, expected_ns)) AS slice_observed_ns,
                sum(expected_ns) AS slice_expected_ns
            FROM slices
            GROUP BY host, window_ns, data_revision, scope, scope_key, direction, slice_ns
        )
        GROUP BY host, window_ns, data_revision, scope, scope_key, direction
    )
    GROUP BY host, window_ns, data_revision, scope, scope_key
)
ARRAY JOIN arrayPushBack(figures_of_directions, utilisation) AS figure
