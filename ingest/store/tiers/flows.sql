-- What each raw row of `flows` adds to the minutes that it lasted. It belongs to the minute in which it ended, the one that
-- holds its last nanosecond: that minute's fill reads it, once, and leaves rows in every minute that it lasted, each with
-- the minute of the end. So late flows touch only the minute of their end.
--
-- `{condition}` is about `raw.time`, the end of the flow, and `raw.host`.
WITH
-- The whole part of a sum that belongs to so many nanoseconds of the flow.
(
    (whole, part_ns) -> toUInt64(intDiv(toUInt128(whole) * toUInt128(part_ns), toUInt128(span_ns)))
) AS part_of,

-- What of a sum belongs to the minute: parts are rounded down, and the last minute takes the rest.
(
    whole -> multiIf(
        first_minute = last_minute, whole,
        of_minute = first_minute, part_of(whole, first_ns),
        of_minute < last_minute, part_of(whole, 60000000000),
        toUInt64(whole - part_of(whole, first_ns) - (last_minute - first_minute - 1) * part_of(whole, 60000000000))
    )
) AS share_of
SELECT
    spread.last_minute AS window_number,
    fromUnixTimestamp64Nano(spread.of_minute * 60000000000, 'UTC') AS row_time,
    row_time AS raw_time,
    fromUnixTimestamp64Nano(spread.last_minute * 60000000000, 'UTC') AS end_minute_time,
    spread.host AS host,
    spread.vif_id AS vif_id,
    spread.protocol AS protocol,
    spread.service_port AS service_port,
    spread.peer_network AS peer_network,
    spread.sampling_origin AS sampling_origin,
    spread.flow_direction AS flow_direction,
    spread.source_kind AS source_kind,
    spread.exporter_address AS exporter_address,
    share_of(spread.bytes) AS bytes,
    share_of(spread.packets) AS packets,
    share_of(spread.skb_bytes) AS skb_bytes,
    -- Most flows are told unsampled, and their shares are known.
    if(spread.scaled_bytes = spread.bytes, bytes, share_of(spread.scaled_bytes)) AS scaled_bytes,
    if(spread.scaled_packets = spread.packets, packets, share_of(spread.scaled_packets)) AS scaled_packets,
    if(spread.scaled_skb_bytes = spread.skb_bytes, skb_bytes, share_of(spread.scaled_skb_bytes)) AS scaled_skb_bytes,
    toUInt64(spread.of_minute = spread.last_minute) AS flows_count
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
        host,
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
        arrayJoin(range(first_minute, last_minute + 1)) AS of_minute,
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
    FROM flows AS raw
    WHERE {condition}
) AS spread
