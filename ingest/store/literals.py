"""Values as SQL."""

from __future__ import annotations


def quoted(text: str) -> str:
    """Return a string literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def instant(ns: int) -> str:
    """Return an instant, given in nanoseconds since the epoch."""
    return f"fromUnixTimestamp64Nano({ns}, 'UTC')"
