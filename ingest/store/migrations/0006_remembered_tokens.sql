-- A processor that stalls in an insert while its partition is taken over still meets the token of that insert.
ALTER TABLE {database}.inventory MODIFY SETTING non_replicated_deduplication_window = 10000;

ALTER TABLE {database}.counters MODIFY SETTING non_replicated_deduplication_window = 10000;

ALTER TABLE {database}.flows MODIFY SETTING non_replicated_deduplication_window = 10000;

ALTER TABLE {database}.drops MODIFY SETTING non_replicated_deduplication_window = 10000;

ALTER TABLE {database}.hosts MODIFY SETTING non_replicated_deduplication_window = 10000;

ALTER TABLE {database}.exporters MODIFY SETTING non_replicated_deduplication_window = 10000;

ALTER TABLE {database}.events MODIFY SETTING non_replicated_deduplication_window = 10000;

ALTER TABLE {database}.ledger MODIFY SETTING non_replicated_deduplication_window = 10000;
