-- What an exporter that watches one interface calls a direction is not always that of the interface.
ALTER TABLE {database}.flows
    ADD COLUMN IF NOT EXISTS `direction_meaning` LowCardinality(String) COMMENT 'Empty where `direction` is the VIF\'s; `own` where it is the exporter\'s and says nothing of the VIF.' AFTER direction;

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
