"""Durations and sizes with their units, as settings and flags write them: `10s`, `64MiB`."""

from __future__ import annotations

import re

_DURATION_NS = {
    "ns": 1,
    "us": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60 * 1_000_000_000,
    "h": 3_600 * 1_000_000_000,
    "d": 86_400 * 1_000_000_000,
    "y": 365 * 86_400 * 1_000_000_000,
}
_SIZE_BYTES = {
    "B": 1,
    "KiB": 1 << 10,
    "MiB": 1 << 20,
    "GiB": 1 << 30,
    "TiB": 1 << 40,
    "kB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
}
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]+)")


class Duration(int):
    """A span of time in nanoseconds; its text form has a unit (`10s`, `500ms`, `3d`)."""

    @classmethod
    def parse(cls, text: str) -> Duration:
        """Read `10s`; raises `ValueError` with what was expected."""
        return cls(_parse(text, _DURATION_NS, "a duration such as 10s, 500ms or 3d"))

    @property
    def seconds(self) -> float:
        """The same span in seconds."""
        return int(self) / 1_000_000_000

    def __str__(self) -> str:
        return _render(int(self), _DURATION_NS)


class Size(int):
    """A number of bytes; its text form has a unit (`64MiB`)."""

    @classmethod
    def parse(cls, text: str) -> Size:
        """Read `64MiB`; raises `ValueError` with what was expected."""
        return cls(_parse(text, _SIZE_BYTES, "a size such as 512KiB, 64MiB or 4GB"))

    def __str__(self) -> str:
        binary = {unit: factor for unit, factor in _SIZE_BYTES.items() if "i" in unit or unit == "B"}
        return _render(int(self), binary)


def _parse(text: str, units: dict[str, int], expected: str) -> int:
    match = _AMOUNT.fullmatch(text.strip())
    if match is None or match[2] not in units:
        raise ValueError(f"expected {expected}, got {text!r}")
    return round(float(match[1]) * units[match[2]])


def _render(amount: int, units: dict[str, int]) -> str:
    for unit, factor in sorted(units.items(), key=lambda item: -item[1]):
        if amount and amount % factor == 0:
            return f"{amount // factor}{unit}"
    return f"0{min(units, key=lambda unit: units[unit])}"
