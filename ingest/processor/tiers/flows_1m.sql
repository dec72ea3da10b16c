-- Spread the flows of one host that ended in some minutes over the minutes that they lasted.
--
-- Parameters: `host`; `minutes` (since the epoch, sorted) and their `revisions`; `from_ns` and `to_ns`, the span of these
-- minutes; `day`, since the epoch: only rows of this day are made, for a block is to be one part.
INSERT INTO flows_1m_revisions
(
    time,
    end_minute_time,
    host,
    vif_id,
    revision,
    protocol,
    service_port,
    peer_network,
    sampling_origin,
    flow_direction,
    source_kind,
    exporter_address,
    bytes,
    packets,
    skb_bytes,
    scaled_bytes,
    scaled_packets,
    scaled_skb_bytes,
    flows_count
)
WITH
-- The whole part of a sum that belongs to so many nanoseconds of the flow.
(
    (whole, part_ns) -> toUInt64(intDiv(toUInt128(whole) * toUInt128(part_ns), toUInt128(span_ns)))
) AS part,

-- What of a sum belongs to the minute: parts are rounded down, and the last minute takes the rest.
(
    whole -> multiIf(
        first_minute = last_minute, whole,
        minute = first_minute, part(whole, first_ns),
        minute < last_minute, part(whole, 60000000000),
        toUInt64(whole - part(whole, first_ns) - (last_minute - first_minute - 1) * part(whole, 60000000000))
    )
) AS share
SELECT
    fromUnixTimestamp64Nano(minute * 60000000000, 'UTC'),
    fromUnixTimestamp64Nano(last_minute * 60000000000, 'UTC'),
    {host:String},
    vif_id,
    toUInt64(transform(last_minute, {minutes:Array(Int64)}, {revisions:Array(UInt64)}, 0)),
    protocol,
    service_port,
    peer_network,
    sampling_origin,
    flow_direction,
    source_kind,
    exporter_address,
    sum(share(bytes)),
    sum(share(packets)),
    sum(share(skb_bytes)),
    sum(share(scaled_bytes)),
    sum(share(scaled_packets)),
    sum(share(scaled_skb_bytes)),
    countIf(minute = last_minute)
FROM
(
    WITH
    -- Each flow is scaled to a whole number, so that sums of flows and sums of minutes are the same. What is beyond
    -- 64 bits is no traffic.
    (
        whole -> multiIf(
            NOT has_rate, 0,
            sampling_rate = 1, whole,
            toUInt64(least(round(toFloat64(whole) * sampling_rate), 9e18))
        )
    ) AS scaled,

    -- An IPv4 address is mapped into IPv6, so its /24 is the /120 there.
    (
        address -> if(
            address >= toIPv6('::ffff:0.0.0.0') AND address <= toIPv6('::ffff:255.255.255.255'),
            IPv6CIDRToRange(address, 120).1,
            IPv6CIDRToRange(address, 48).1
        )
    ) AS network
    SELECT
        vif_id,
        protocol,
        sampling_origin,
        source_kind,
        exporter_address,
        bytes,
        packets,
        skb_bytes,
        toUnixTimestamp64Nano(time) AS end_ns,
        -- What a flow of more than an hour moved before is spread over its last hour.
        toInt64(least(duration_ns, 3600000000000)) AS span_ns,
        intDiv(end_ns - span_ns, 60000000000) AS first_minute,
        intDiv(end_ns - (span_ns > 0), 60000000000) AS last_minute,
        (first_minute + 1) * 60000000000 - (end_ns - span_ns) AS first_ns,
        arrayJoin(range(first_minute, last_minute + 1)) AS minute,
        sampling_origin NOT IN ('', 'unknown') AND sampling_rate > 0 AS has_rate,
        scaled(bytes) AS scaled_bytes,
        scaled(packets) AS scaled_packets,
        scaled(skb_bytes) AS scaled_skb_bytes,
        -- TCP, UDP, DCCP, SCTP and UDP-Lite have ports; a port of 0 is one that was not told.
        if(
            protocol IN (6, 17, 33, 132, 136),
            if(src_port = 0 OR dst_port = 0, greatest(src_port, dst_port), least(src_port, dst_port)),
            0
        ) AS service_port,
        multiIf(direction_meaning != '', '', direction = 0, 'ingress', direction = 1, 'egress', '') AS flow_direction,
        network(multiIf(
            flow_direction = 'ingress', dst_address,
            flow_direction = 'egress', src_address,
            service_port > 0 AND src_port = service_port AND dst_port != service_port, src_address,
            dst_address
        )) AS peer_network
    FROM flows
    WHERE time >= fromUnixTimestamp64Nano({from_ns:Int64}, 'UTC')
        AND time <= fromUnixTimestamp64Nano({to_ns:Int64}, 'UTC')
        AND host = {host:String}
)
WHERE has({minutes:Array(Int64)}, last_minute)
    AND intDiv(minute, 1440) = {day:Int64}
GROUP BY
    minute,
    last_minute,
    vif_id,
    protocol,
    service_port,
    peer_network,
    sampling_origin,
    flow_direction,
    source_kind,
    exporter_address
