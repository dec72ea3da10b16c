-- Who held the connections of each network namespace at the newest look of the span into its table.
WITH
    looks AS
    (
        SELECT *, max(time) OVER (PARTITION BY host, namespace) AS newest
        FROM holders
        WHERE
            time >= fromUnixTimestamp64Nano({from_ns:Int64})
            AND time < fromUnixTimestamp64Nano({to_ns:Int64})
            AND ({host:String} = '' OR host = {host:String})
            AND ({every:Bool} OR namespace = {namespace:String})
    ),
    -- A VIF is stated once a UTC day at least.
    vifs AS
    (
        SELECT
            vif_id,
            argMax(namespace, (valid_from_time, time)) AS vif_namespace,
            argMax(ifname, (valid_from_time, time)) AS vif_ifname,
            argMax(workload, (valid_from_time, time)) AS vif_workload
        FROM inventory
        WHERE
            time >= fromUnixTimestamp64Nano({from_ns:Int64}) - toIntervalDay(2)
            AND time < fromUnixTimestamp64Nano({to_ns:Int64})
            AND vif_id IN (SELECT vif_id FROM looks)
        GROUP BY vif_id
    )
SELECT
    looks.host AS host,
    looks.namespace AS namespace,
    if(holder = 'vif', '', replaceRegexpOne(toString(holder_address), '^::ffff:([0-9.]+)$', '\\1')) AS address,
    conntrack_zone AS zone,
    vif_namespace AS holder_namespace,
    vif_ifname AS ifname,
    vif_workload AS workload,
    lower(leftPad(hex(looks.vif_id), 16, '0')) AS vif_id,
    holder_reach AS reach,
    held_count,
    round(held_count / seen_count, 4) AS share_ratio,
    toUInt64(round(held_count / seen_count * conntrack_entries_count)) AS estimated_count,
    seen_count,
    conntrack_entries_count AS entries_count,
    time AS look_time
FROM looks
LEFT JOIN vifs ON looks.vif_id = vifs.vif_id
WHERE time = newest AND holder = {holder:String}
ORDER BY estimated_count DESC, host, namespace, address, vif_id
LIMIT {top:UInt32}
