-- Whether the ledger tells of any loss that may touch a span of windows.
--
-- Parameters: `from_ns`, the start of the span; `hosts`.
SELECT count() > 0 AS has_losses
FROM {database}.ledger
WHERE time >= fromUnixTimestamp64Nano({from_ns:Int64} - 3600000000000, 'UTC')
    AND host IN {hosts:Array(String)}
    AND cause NOT IN ('', 'late', 'replayed')
    AND last_event_time >= fromUnixTimestamp64Nano({from_ns:Int64} - 60000000000, 'UTC')
