"""The processor: moves batches from a source into the store, exactly once."""
