-- A batch is found by its identity whatever time its rows are of. Parts that are there already are read through
-- until they are merged or too old.
ALTER TABLE {database}.inventory ADD INDEX IF NOT EXISTS by_sequence sequence TYPE minmax GRANULARITY 1;

ALTER TABLE {database}.counters ADD INDEX IF NOT EXISTS by_sequence sequence TYPE minmax GRANULARITY 1;

ALTER TABLE {database}.flows ADD INDEX IF NOT EXISTS by_sequence sequence TYPE minmax GRANULARITY 1;

ALTER TABLE {database}.drops ADD INDEX IF NOT EXISTS by_sequence sequence TYPE minmax GRANULARITY 1;

ALTER TABLE {database}.hosts ADD INDEX IF NOT EXISTS by_sequence sequence TYPE minmax GRANULARITY 1;

ALTER TABLE {database}.exporters ADD INDEX IF NOT EXISTS by_sequence sequence TYPE minmax GRANULARITY 1;

ALTER TABLE {database}.events ADD INDEX IF NOT EXISTS by_sequence sequence TYPE minmax GRANULARITY 1;

ALTER TABLE {database}.ledger ADD INDEX IF NOT EXISTS by_sequence sequence TYPE minmax GRANULARITY 1;
