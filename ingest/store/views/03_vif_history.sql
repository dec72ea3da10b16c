-- One row a state of a VIF and the instant from which it holds. What was settled within 60 s of birth holds from birth,
-- and the first known state holds from before all rows: a row of the VIF that is older than its first state has no other.
CREATE VIEW {database}.vif_history AS
SELECT
    vif_id,
    if(
        valid_from_time <= first_known_time + INTERVAL 60 SECOND,
        toDateTime64(0, 9, 'UTC'),
        valid_from_time
    ) AS holds_from_time,
    argMax(vif_key, (valid_from_time, state_time)) AS vif_key,
    argMax(namespace, (valid_from_time, state_time)) AS namespace,
    argMax(ifname, (valid_from_time, state_time)) AS ifname,
    argMax(kind, (valid_from_time, state_time)) AS kind,
    argMax(side, (valid_from_time, state_time)) AS side,
    argMax(counting_point, (valid_from_time, state_time)) AS counting_point,
    argMax(link_id, (valid_from_time, state_time)) AS link_id,
    argMax(peer_vif_id, (valid_from_time, state_time)) AS peer_vif_id,
    argMax(workload, (valid_from_time, state_time)) AS workload,
    argMax(owner, (valid_from_time, state_time)) AS owner,
    argMax(tenant, (valid_from_time, state_time)) AS tenant,
    argMax(service, (valid_from_time, state_time)) AS service,
    argMax(criticality, (valid_from_time, state_time)) AS criticality
FROM
(
    SELECT
        *,
        time AS state_time,
        min(coalesce(born_time, valid_from_time)) OVER (PARTITION BY vif_id) AS first_known_time
    FROM {database}.inventory
)
GROUP BY vif_id, holds_from_time;
