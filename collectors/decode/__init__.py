"""Captures of export datagrams, decoded to the rows that would be stored."""
