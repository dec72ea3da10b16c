-- The newest result of each window.
CREATE VIEW {database}.sli AS
SELECT *
FROM {database}.sli_revisions FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1;
