"""Real networks out of namespaces, for tests and benchmarks that need root."""
