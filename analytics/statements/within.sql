-- Rows of the windows' hosts that may reach into their span. The sorting key begins with the hour, which the engine does not
-- derive from the time.
time >= fromUnixTimestamp64Nano({from_ns:Int64} - {margin_ns:Int64}, 'UTC')
AND time < fromUnixTimestamp64Nano({to_ns:Int64}, 'UTC')
AND toStartOfHour(time) >= toStartOfHour(fromUnixTimestamp64Nano({from_ns:Int64} - {margin_ns:Int64}, 'UTC'))
AND has(arrayMap(due -> due.1, {windows:Array(Tuple(String, Int64, UInt64))}), host)
