-- Percentiles of transit times, by pair of VIFs: of the histograms of a span, added up bucket by bucket.
--
-- `rows` is what the coarsest tiers say that answer the span. A percentile is the middle of the first bucket up to which
-- that share of the samples is; of fewer samples than lie beyond it once, it is not known.
WITH
    buckets AS
    (
        SELECT host, vif_id, out_vif_id, bucket_from_ns, bucket_to_ns, sum(sampled_packets) AS packets
        FROM rows
        WHERE
            bucket_to_ns > 0
            AND ({host:String} = '' OR host = {host:String})
            AND ({any_end:Bool} OR vif_id IN {ends:Array(UInt64)} OR out_vif_id IN {ends:Array(UInt64)})
            AND ({any_in:Bool} OR vif_id IN {ins:Array(UInt64)})
            AND ({any_out:Bool} OR out_vif_id IN {outs:Array(UInt64)})
        GROUP BY host, vif_id, out_vif_id, bucket_from_ns, bucket_to_ns
    ),
    pairs AS
    (
        SELECT
            host,
            vif_id,
            out_vif_id,
            arraySort(groupArray((bucket_from_ns, bucket_to_ns, packets))) AS histogram,
            arrayCumSum(arrayMap(bucket -> bucket.3, histogram)) AS reached,
            reached[-1] AS samples
        FROM buckets
        GROUP BY host, vif_id, out_vif_id
    ),
    -- A VIF is stated once a UTC day at least.
    vifs AS
    (
        SELECT
            vif_id,
            argMax(namespace, (valid_from_time, time)) AS namespace,
            argMax(ifname, (valid_from_time, time)) AS ifname,
            argMax(workload, (valid_from_time, time)) AS workload
        FROM inventory
        WHERE
            time >= fromUnixTimestamp64Nano({from_ns:Int64}) - toIntervalDay(2)
            AND time < fromUnixTimestamp64Nano({to_ns:Int64})
            AND vif_id IN (SELECT arrayJoin([vif_id, out_vif_id]) FROM pairs)
        GROUP BY vif_id
    )
SELECT
    pairs.host AS host,
    entered.namespace AS in_namespace,
    entered.ifname AS in_ifname,
    entered.workload AS in_workload,
    left.namespace AS out_namespace,
    left.ifname AS out_ifname,
    left.workload AS out_workload,
    lower(leftPad(hex(pairs.vif_id), 16, '0')) AS vif_id,
    lower(leftPad(hex(pairs.out_vif_id), 16, '0')) AS out_vif_id,
    samples AS sampled_packets,
    arrayMap(
        share -> if(
            samples * (1 - share) >= 0.999,
            toNullable(intDiv(
                histogram[arrayFirstIndex(n -> n >= share * samples, reached)].1
                    + histogram[arrayFirstIndex(n -> n >= share * samples, reached)].2,
                2
            )),
            NULL
        ),
        [0.5, 0.95, 0.99]
    ) AS percentiles,
    percentiles[1] AS p50_ns,
    percentiles[2] AS p95_ns,
    percentiles[3] AS p99_ns,
    histogram[-1].2 AS max_ns,
    histogram
FROM pairs
LEFT JOIN vifs AS entered ON pairs.vif_id = entered.vif_id
LEFT JOIN vifs AS left ON pairs.out_vif_id = left.vif_id
ORDER BY p95_ns DESC NULLS LAST, sampled_packets DESC, vif_id, out_vif_id
LIMIT {top:UInt32}
