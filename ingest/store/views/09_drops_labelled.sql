-- Drops with the labels of their VIF that held at each row's time; of an interface that is no known VIF what the row says.
CREATE VIEW {database}.drops_labelled AS
SELECT
    drops.* EXCEPT (namespace, ifname),
    if(drops.vif_id = 0, drops.namespace, history.namespace) AS namespace,
    if(drops.vif_id = 0, drops.ifname, history.ifname) AS ifname,
    history.vif_key AS vif_key,
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
FROM {database}.drops AS drops
ASOF LEFT JOIN {database}.vif_history AS history
    ON drops.vif_id = history.vif_id AND drops.time >= history.holds_from_time;
