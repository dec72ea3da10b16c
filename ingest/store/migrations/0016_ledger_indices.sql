-- The balance looks for hand-overs of a span, and for what was lost at any time. Parts that are there are read through
-- until they are merged or too old.
ALTER TABLE {database}.ledger ADD INDEX IF NOT EXISTS by_received_time received_time TYPE minmax GRANULARITY 1;

ALTER TABLE {database}.ledger ADD INDEX IF NOT EXISTS by_lost_through_sequence lost_through_sequence TYPE minmax GRANULARITY 1;
