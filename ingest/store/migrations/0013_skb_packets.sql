-- What the kernel's own probe counts of a flow has two units of packets.
ALTER TABLE {database}.flows
    ADD COLUMN IF NOT EXISTS `skb_packets` UInt64 COMMENT 'What an interface\'s counter adds for these packets, a GSO packet once; 0 where it is not told.' CODEC(T64, ZSTD(1)) AFTER skb_bytes;

-- A view has the columns that its table had when it was made.
-- Flows with the labels of their VIF that held at each row's time.
CREATE OR REPLACE VIEW {database}.flows_labelled AS
SELECT
    flows.*,
    history.vif_key AS vif_key,
    history.namespace AS namespace,
    history.ifname AS ifname,
    history.kind AS kind,
    history.side AS side,
    history.counting_point AS counting_point,
    history.link_id AS link_id,
    history.peer_vif_id AS peer_vif_id,
    history.workload AS workload,
    history.owner AS owner,
    history.tenant AS tenant,
    history.service AS service,
    history.criticality AS criticality
FROM {database}.flows AS flows
ASOF LEFT JOIN {database}.vif_history AS history
    ON flows.vif_id = history.vif_id AND flows.time >= history.holds_from_time;
