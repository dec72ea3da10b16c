-- What the kernel's own probe tells of drops: whose they are where no VIF is known, which way they went, who else counted them.
ALTER TABLE {database}.drops
    ADD COLUMN IF NOT EXISTS `namespace` LowCardinality(String) COMMENT 'Empty for the host\'s own, else its name, else `net:[inode]`.' AFTER observation_domain_id,
    ADD COLUMN IF NOT EXISTS `ifname` LowCardinality(String) COMMENT 'Interface name.' AFTER namespace,
    ADD COLUMN IF NOT EXISTS `direction` Nullable(UInt8) COMMENT 'Seen at ingress (0) or egress (1) of the interface.' AFTER ifname,
    ADD COLUMN IF NOT EXISTS `drop_origin` LowCardinality(String) COMMENT 'Who else counted it: `qdisc` its interface\'s queue, `device` its interface, `core` none; empty for not told.' AFTER drop_class,
    ADD COLUMN IF NOT EXISTS `skb_packets` UInt64 COMMENT 'What an interface\'s counter adds for these packets, a GSO packet once; 0 where it is not told.' CODEC(T64, ZSTD(1)) AFTER bytes,
    ADD COLUMN IF NOT EXISTS `ether_type` UInt16 COMMENT 'EtherType of the payload, 0x0800 for IPv4.' AFTER out_if_index;

-- Drops with the labels of their VIF that held at each row's time; of an interface that is no known VIF what the row says.
CREATE OR REPLACE VIEW {database}.drops_labelled AS
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
