"""SQL for the rows that raw rows, or those of a finer tier, add to a tier.

The columns are `window_number` (windows since the epoch; the one whose fill reads the row), `row_time`, where rows are
spread `end_minute_time`, then `host`, `vif_id`, and the keys, sums and maxima of the kind's `Rollup`. What has the same
keys is yet to be added up.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib import resources

from viflux.clock import NANOSECONDS
from viflux.registry.rollups import LENGTHS, ROLLUPS, Length, Rollup

MINUTE_NS = 60 * NANOSECONDS
EARLIER_NS = 200 * 1_000_000
"""How long before its minute the start of a raw row may be; kinds whose `time` is the end have no such margin."""

_COMMENT = re.compile(r"^ *--.*\n", re.MULTILINE)
# Lines of the text behind which further columns go, in the spread rows and in those that are read.
_SPREAD = "    spread.vif_id AS vif_id,\n"
_RAW = "    SELECT\n        host,\n        vif_id,\n"


def of_raw(rollup: Rollup, condition: str, more: Sequence[str] = ()) -> str:
    """Return the rows that raw rows add to the finest tier.

    Args:
        rollup: The kind's.
        condition: SQL about `raw.time`, `raw.host` and other columns of the raw table.
        more: Further columns of the raw table that each row is to have; of a kind that is spread only.

    Raises:
        ValueError: The kind's text has no place for further columns.
    """
    text = _text(rollup.kind)
    for anchor, prefix in ((_SPREAD, "spread."), (_RAW, "")) if more else ():
        named = "".join(f"{prefix}{name} AS {name},\n" if prefix else f"{name},\n" for name in more)
        head, found, tail = text.partition(anchor)
        if not found:
            raise ValueError(f"{rollup.kind}.sql has no line {anchor.strip()!r}, behind which further columns go")
        text = f"{head}{found}{named}{tail}"
    return text.replace("{condition}", condition)


def of_finer(rollup: Rollup, length: Length, condition: str) -> str:
    """Return the rows that the next finer tier adds to a tier.

    Args:
        rollup: The kind's.
        length: The tier's, not the finest.
        condition: SQL about `finer.time` and `finer.host`.
    """
    finer = finer_of(length)
    names = ("host", "vif_id", *rollup.keys, *rollup.measures)
    listed = ", ".join(f"finer.{name} AS {name}" for name in names)
    return (
        f"SELECT {window_of('finer.time', length)} AS window_number, {start_of('window_number', length)} AS row_time, "
        f"{listed} FROM {rollup.kind}_{finer.suffix} AS finer WHERE {condition}"
    )


def finer_of(length: Length) -> Length:
    """Return the next finer length; of the finest there is none (`IndexError`)."""
    at = LENGTHS.index(length)
    if at == 0:
        raise IndexError(length.suffix)
    return LENGTHS[at - 1]


def window_of(time: str, length: Length) -> str:
    """Return SQL: the number of the window that an instant lies in."""
    return f"toInt64(intDiv(toUnixTimestamp64Nano({time}), {length.seconds * NANOSECONDS}))"


def start_of(window: str, length: Length) -> str:
    """Return SQL: the start of a window, from its number."""
    return f"fromUnixTimestamp64Nano({window} * {length.seconds * NANOSECONDS}, 'UTC')"


def added_up(rollup: Rollup, keys: tuple[str, ...], rows: str, more: str = "") -> str:
    """Return the rows of `rows` with the same keys as one.

    Args:
        rollup: Says what adds up and of what the highest counts.
        keys: Columns that stay.
        rows: A SELECT.
        more: Further columns, each with a comma before it; `part` is the row.
    """
    named = [f"part.{key} AS {key}" for key in keys]
    named += [f"sum(part.{name}) AS {name}" for name in rollup.sums]
    named += [f"max(part.{name}) AS {name}" for name in rollup.maxima]
    group = ", ".join(f"part.{key}" for key in keys)
    return f"SELECT {', '.join(named)}{more} FROM ({rows}) AS part GROUP BY {group}"


@cache
def _text(kind: str) -> str:
    if kind not in ROLLUPS:
        raise KeyError(kind)
    text = (resources.files("ingest.store.tiers") / f"{kind}.sql").read_text(encoding="utf-8")
    # A comment that names the condition would be one only up to the first end of a line in it.
    return _COMMENT.sub("", text)
