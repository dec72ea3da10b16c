-- Has anything been handed over since the last look? Cheap enough for each second.
SELECT
    count() AS rows_count,
    toUnixTimestamp64Nano(max(inserted_time)) AS newest_ns
FROM {database}.ledger
WHERE time >= fromUnixTimestamp64Nano({from_ns:Int64}, 'UTC')
    AND stage = 'processor'
