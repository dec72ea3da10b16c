-- What flows left in each minute, of the newest revision of each minute in which they ended. Where several exporters watch a
-- VIF, each of them tells of the same packets: their rows are alternatives, not parts.
CREATE VIEW {database}.flows_1m AS
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
