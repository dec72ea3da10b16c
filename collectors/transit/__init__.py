"""How long packets take from one interface to another: the probe `transit` as a source of rows of `latency`."""
