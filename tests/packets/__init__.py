"""Packet headers: what the decoder reads must be what another dissector reads."""
