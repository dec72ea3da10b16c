"""Instants as a person writes them: `2026-11-22T10:00:00Z`, `2h` for two hours ago, `now`."""

from __future__ import annotations

from datetime import UTC, datetime

from viflux.settings.units import Duration


def parse_instant(text: str, now_ns: int) -> int:
    """Return nanoseconds since the epoch.

    Args:
        text: RFC 3339, with or without a zone (UTC then); a duration, for so long ago; or `now`.
        now_ns: The time.

    Raises:
        ValueError: It is none of these; the message says what was expected.
    """
    if text == "now":
        return now_ns
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        try:
            return now_ns - Duration.parse(text)
        except ValueError:
            raise ValueError(
                f"expected an instant such as 2026-11-22T10:00:00Z, a time ago such as 2h, or now, got {text!r}"
            ) from None
    zoned = parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=UTC)
    return int(zoned.timestamp()) * 1_000_000_000 + zoned.microsecond * 1_000


def instant_text(ns: int) -> str:
    """Return an instant as RFC 3339 in UTC, to the second."""
    return datetime.fromtimestamp(ns // 1_000_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
