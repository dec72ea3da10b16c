-- Counters with the labels that held at each row's time.
CREATE VIEW {database}.counters_labelled AS
SELECT
    counters.*,
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
FROM {database}.counters AS counters
ASOF LEFT JOIN {database}.vif_history AS history
    ON counters.vif_id = history.vif_id AND counters.time >= history.holds_from_time;
