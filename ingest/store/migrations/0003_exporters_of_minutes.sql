-- The flows' minute tier tells exporters apart: two that watch one VIF tell of the same packets.
ALTER TABLE {database}.flows_1m_revisions
    ADD COLUMN IF NOT EXISTS `source_kind` LowCardinality(String) COMMENT 'What told it.' AFTER flow_direction,
    ADD COLUMN IF NOT EXISTS `exporter_address` IPv6 COMMENT 'The exporter: sFlow\'s agent address, else the sender\'s.' CODEC(ZSTD(1)) AFTER source_kind,
    MODIFY ORDER BY (toStartOfHour(time), vif_id, time, host, end_minute_time, protocol, service_port, peer_network, sampling_origin, flow_direction, source_kind, exporter_address);

-- Rows of before would stand beside those of the next fill. The processor fills minutes again whose raw rows are all there;
-- older ones are never filled again, and keep an exporter without a name.
ALTER TABLE {database}.flows_1m_revisions DELETE
WHERE source_kind = '' AND end_minute_time >= now() - INTERVAL 60 HOUR
SETTINGS mutations_sync = 2;

-- What flows left in each minute, of the newest revision of each minute in which they ended. Where several exporters watch a
-- VIF, each of them tells of the same packets: their rows are alternatives, not parts.
CREATE OR REPLACE VIEW {database}.flows_1m AS
SELECT
    time,
    host,
    vif_id,
    protocol,
    service_port,
    peer_network,
    sampling_origin,
    flow_direction,
    source_kind,
    exporter_address,
    sum(revisions.bytes) AS bytes,
    sum(revisions.packets) AS packets,
    sum(revisions.skb_bytes) AS skb_bytes,
    sum(revisions.scaled_bytes) AS scaled_bytes,
    sum(revisions.scaled_packets) AS scaled_packets,
    sum(revisions.scaled_skb_bytes) AS scaled_skb_bytes,
    sum(revisions.flows_count) AS flows_count
FROM {database}.flows_1m_revisions AS revisions FINAL
GROUP BY
    time,
    host,
    vif_id,
    protocol,
    service_port,
    peer_network,
    sampling_origin,
    flow_direction,
    source_kind,
    exporter_address
SETTINGS do_not_merge_across_partitions_select_final = 1;
