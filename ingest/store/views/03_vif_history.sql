-- One row a state of a VIF and the instant from which it holds. What was settled within 60 s of birth holds from birth,
-- and the first known state of a VIF that nobody saw being born holds from before all of its rows.
CREATE VIEW {database}.vif_history AS
SELECT
    vif_id,
    if(
        change IN ('born', 'baseline') OR valid_from_time <= born_time + INTERVAL 60 SECOND,
        toDateTime64(0, 9, 'UTC'),
        valid_from_time
    ) AS holds_from_time,
    argMax(vif_key, (valid_from_time, time)) AS vif_key,
    argMax(namespace, (valid_from_time, time)) AS namespace,
    argMax(ifname, (valid_from_time, time)) AS ifname,
    argMax(kind, (valid_from_time, time)) AS kind,
    argMax(side, (valid_from_time, time)) AS side,
    argMax(counting_point, (valid_from_time, time)) AS counting_point,
    argMax(link_id, (valid_from_time, time)) AS link_id,
    argMax(peer_vif_id, (valid_from_time, time)) AS peer_vif_id,
    argMax(workload, (valid_from_time, time)) AS workload,
    argMax(owner, (valid_from_time, time)) AS owner,
    argMax(tenant, (valid_from_time, time)) AS tenant,
    argMax(service, (valid_from_time, time)) AS service,
    argMax(criticality, (valid_from_time, time)) AS criticality
FROM {database}.inventory
GROUP BY vif_id, holds_from_time;
