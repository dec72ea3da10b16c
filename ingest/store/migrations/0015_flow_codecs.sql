-- Flows lie by VIF and peer: neighbours are of any second of five minutes. Their times are multiples of a millisecond, and what is
-- of one datagram, batch or insert comes again and again. Parts that are there are written anew when they are merged.
ALTER TABLE {database}.flows
    MODIFY COLUMN `time` CODEC(GCD, ZSTD(1)),
    MODIFY COLUMN `duration_ns` CODEC(GCD, ZSTD(1)),
    MODIFY COLUMN `received_time` CODEC(ZSTD(1)),
    MODIFY COLUMN `sequence_number` CODEC(ZSTD(1)),
    MODIFY COLUMN `flow_start_time` CODEC(GCD, ZSTD(1)),
    MODIFY COLUMN `flow_end_time` CODEC(GCD, ZSTD(1)),
    MODIFY COLUMN `sequence` CODEC(T64, ZSTD(1)),
    MODIFY COLUMN `inserted_time` CODEC(ZSTD(1));
