-- How much of an interval a probe counted: without it an interval without drops could as well be one without the probe.
ALTER TABLE {database}.hosts
    ADD COLUMN IF NOT EXISTS `counted_ns` UInt64 COMMENT 'How much of the interval the probe counted; none of one in which it was taken out of the kernel or put in again. 0 of the agent.' CODEC(T64, ZSTD(1)) AFTER uncounted_packets;
