"""The embedded store over its own interface: real processes, real engine, real clients."""
