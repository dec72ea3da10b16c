-- The newest revision of each minute.
CREATE VIEW {database}.counters_1m AS
SELECT *
FROM {database}.counters_1m_revisions FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1;
