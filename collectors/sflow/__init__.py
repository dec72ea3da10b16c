"""sFlow: samples of packets, counters of interfaces and hosts, and drops, as switches and hosts export them."""
