-- Which rule of nftables dropped a packet, as far as that can be told.
ALTER TABLE {database}.drops
    ADD COLUMN IF NOT EXISTS `rule_attribution` LowCardinality(String) COMMENT 'How the rule of nftables that dropped it is known: `exact` no other can have, `counter` of all that can have its counter alone moved; or why it is not: `ambiguous` several can have, `changed` rules were changed meanwhile, `unread` they could not be read, `none` no rule of nftables can have. Empty for what netfilter did not drop.' AFTER src_vlan,
    ADD COLUMN IF NOT EXISTS `rule_family` LowCardinality(String) COMMENT 'Family of the rule\'s table: `inet`, `ip`, `ip6`, `bridge`, ….' AFTER rule_attribution,
    ADD COLUMN IF NOT EXISTS `rule_table` LowCardinality(String) COMMENT 'Table of the rule that dropped it; empty where none is known.' AFTER rule_family,
    ADD COLUMN IF NOT EXISTS `rule_chain` LowCardinality(String) COMMENT 'Its chain.' AFTER rule_table,
    ADD COLUMN IF NOT EXISTS `rule_handle` UInt64 COMMENT 'Its handle in the table; 0 for the policy of the chain.' CODEC(ZSTD(1)) AFTER rule_chain,
    ADD COLUMN IF NOT EXISTS `rule_comment` LowCardinality(String) COMMENT 'What its maker wrote beside it.' AFTER rule_handle,
    ADD COLUMN IF NOT EXISTS `rule_log_prefix` LowCardinality(String) COMMENT 'What it writes before a packet\'s line in a log.' AFTER rule_comment,
    ADD COLUMN IF NOT EXISTS `rule_candidates` LowCardinality(String) COMMENT 'Where it is not known which rule it was: those that it can have been, some of them where they are many.' AFTER rule_log_prefix;

-- The view has the columns that its table had when it was made.
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
