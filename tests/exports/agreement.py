"""Rows of one capture as two decoders tell them, put side by side."""

from __future__ import annotations

import json
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.running import ROOT, viflux

Row = dict[str, Any]
# What a row is recognised by; the k-th row with the same values is the same row in both.
_KEY = (
    "src_address",
    "dst_address",
    "protocol",
    "src_port",
    "dst_port",
    "src_mac",
    "ip_fragment_id",
    "ip_fragment_offset",
)
_TIMES = ("flow_start_time", "flow_end_time")
_HEX = ("observation_point_id", "application_id", "vif_id")
_ICMP = (1, 58)


@dataclass(frozen=True)
class Mismatch:
    """A field that two decoders tell differently in one row, and our row; field `row` is a row that only one has."""

    name: str
    ours: Any
    theirs: Any
    row: Row = field(default_factory=dict)


def decoded(capture: Path, *words: str) -> list[Row]:
    """Return the rows that `viflux decode` prints, instants as nanoseconds since the epoch."""
    done = subprocess.run(viflux("decode", *words, capture), cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    for row in rows:
        for name in _TIMES:
            if row.get(name) is not None:
                row[name] = nanoseconds(row[name])
        for name in _HEX:
            if row.get(name) is not None:
                row[name] = int(row[name], 16)
    return rows


def nanoseconds(text: str) -> int:
    """Return an instant of RFC 3339 with nanoseconds."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    return int(datetime.fromisoformat(f"{whole}+00:00").timestamp()) * 10**9 + int(fraction.ljust(9, "0") or 0)


def compared(ours: list[Row], theirs: list[Row], *, zero_is_absent: bool) -> Iterator[Mismatch]:
    """Yield what differs: each field that the other tells, in each row.

    Args:
        ours: Rows of `viflux decode`.
        theirs: Rows of the oracle under our names; a field that it does not know is missing or None.
        zero_is_absent: The oracle prints 0 for what was not exported.
    """
    names = [name for name in _KEY if any(row.get(name) is not None for row in theirs)]
    for left, right in _paired(ours, theirs, names):
        if left is None or right is None:
            yield Mismatch("row", left and _key(left, names), right and _key(right, names), left or {})
            continue
        for name, value in right.items():
            mine = left.get(name)
            if name in _TIMES and zero_is_absent and mine is not None:
                mine -= mine % 1_000_000  # nfdump stores milliseconds
            if mine == value or (mine is None and (value is None or (zero_is_absent and not _tells(value)))):
                continue
            yield Mismatch(name, mine, value, left)


def _tells(value: Any) -> bool:
    return value not in (0, "", "0.0.0.0", "::", "00:00:00:00:00:00")  # noqa: S104 - an address that was not told


def _key(row: Row, names: list[str]) -> tuple[Any, ...]:
    # ICMP has no ports; some hide type and code in one.
    told = [name for name in names if not (name.endswith("_port") and row.get("protocol") in _ICMP)]
    return tuple(value if name in told and _tells(value := row.get(name)) else None for name in names)


def _paired(ours: list[Row], theirs: list[Row], names: list[str]) -> Iterator[tuple[Row | None, Row | None]]:
    waiting: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in ours:
        waiting[_key(row, names)].append(row)
    for row in theirs:
        same = waiting[_key(row, names)]
        yield (same.pop(0) if same else None), row
    for rows in waiting.values():
        for row in rows:
            yield row, None
