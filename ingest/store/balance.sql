-- The balance of the ledger over the look back, one row a host and stream; the newest spools' states decide.
SELECT
    host,
    of_stream,
    sum(balance.handed_over_rows) AS handed_over_rows,
    sum(balance.stored_rows) AS stored_rows,
    sum(balance.in_flight_rows) AS in_flight_rows,
    sum(balance.lost_rows) AS lost_rows,
    sum(balance.difference_rows) AS difference_rows,
    sum(balance.unknown_batches_count) AS unknown_batches_count,
    sum(balance.unexplained_batches_count) AS unexplained_batches_count,
    sum(balance.at_most_batches_count) AS at_most_batches_count,
    sum(balance.unread_rows) AS unread_rows,
    sum(balance.late_rows) AS late_rows,
    max(balance.is_estimated) AS is_estimated,
    sumMap(mapAdd(lost_by_cause, unread_by_cause)) AS rows_by_cause,
    multiIf(
        difference_rows != 0, 'short',
        unknown_batches_count > 0, 'unknown',
        in_flight_rows > 0 OR unexplained_batches_count > 0, 'in flight',
        'balanced'
    ) AS state
FROM ledger_balance AS balance
WHERE balance.time >= toStartOfMinute(now() - toIntervalSecond({lookback_seconds:UInt32}))
    AND ({host:String} = '' OR host = {host:String})
    AND ({stream:String} = '' OR of_stream = {stream:String} OR startsWith(of_stream, concat({stream:String}, '.')))
GROUP BY host, of_stream
ORDER BY state = 'balanced', host, of_stream
LIMIT 100000
