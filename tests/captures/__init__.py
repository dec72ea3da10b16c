"""Captures of real exporters, and of odd datagrams that no exporter here sends."""
