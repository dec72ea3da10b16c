-- The ledger names batches by their numbers, so that what was handed over and what was stored can be compared one by one.
ALTER TABLE {database}.ledger
    ADD COLUMN IF NOT EXISTS `batches_count` UInt64 COMMENT 'Batches that the row accounts for: those up to `through_sequence`, without a hole.' CODEC(T64, ZSTD(1)) AFTER out_bytes,
    ADD COLUMN IF NOT EXISTS `through_sequence` UInt64 COMMENT 'Newest batch of the stream when the row was made; `watermark_time` holds once it is stored. 0 for unknown.' CODEC(Delta, ZSTD(1)) AFTER batches_count,
    ADD COLUMN IF NOT EXISTS `of_spool_id` LowCardinality(String) COMMENT 'Spool whose batches the row accounts for; empty where it is the row\'s own.' AFTER through_sequence,
    ADD COLUMN IF NOT EXISTS `lost_rows_origin` LowCardinality(String) COMMENT '`counted`; `estimated` from the mean of others; `at_most`; `unknown` where only batches are known.' AFTER lost_rows_count,
    ADD COLUMN IF NOT EXISTS `lost_through_sequence` UInt64 COMMENT 'Newest of the lost batches, which have no hole; 0 where the loss is not one of batches on their way.' CODEC(Delta, ZSTD(1)) AFTER lost_batches_count,
    COMMENT COLUMN `lost_rows_count` 'Rows that are known to be lost; see `lost_rows_origin`.';
