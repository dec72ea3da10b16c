"""From the bus to the tables: the store, the processor, the ledger."""
