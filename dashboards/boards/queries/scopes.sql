-- The newest 10 s figures of the host's wider scopes: all counting points, and all physical ports.
SELECT
    scope,
    sli,
    part,
    -- As a tuple: argMax of the value alone would skip a null and show an older figure in its place.
    argMax((value, numerator, denominator, completeness_ratio, reason, time), (time, computed_time)) AS figure
FROM {database}.sli_revisions
WHERE scope IN ('host', 'uplink')
    AND scope_key = {host:String}
    AND window_seconds = 10
    AND time >= fromUnixTimestamp64Nano({now_ns:Int64} - 180000000000, 'UTC')
GROUP BY scope, sli, part
ORDER BY scope, sli, part
LIMIT 100
