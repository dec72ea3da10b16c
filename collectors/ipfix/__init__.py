"""IPFIX and NetFlow: flows as routers, switches and probes export them."""
