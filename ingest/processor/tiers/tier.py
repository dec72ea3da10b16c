"""What one tier of minutes says about itself; `minutes.py` fills it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ingest.processor.batches import Rows

MINUTE_NS = 60 * 1_000_000_000


@dataclass(frozen=True)
class Fill:
    """One `INSERT … SELECT`, small enough to be one block and so there whole or not at all.

    Attributes:
        sql: The statement.
        parameters: Its parameters.
    """

    sql: str
    parameters: Mapping[str, Any]


class Filling(Protocol):
    """Makes the statements that fill minutes of one host, all of one day; see `Tier.fills`."""

    def __call__(self, host: str, minutes: Sequence[int], revisions: Sequence[int]) -> Iterable[Fill]:
        """Return them in the order in which they must be run; the last one leaves the rows that mark a minute done."""
        ...


class Touching(Protocol):
    """Says which minutes stored rows belong to."""

    def __call__(self, rows: Rows) -> Iterable[int]:
        """Return minutes since the epoch."""
        ...


@dataclass(frozen=True)
class Tier:
    """A tier of one raw table. A raw row belongs to one minute: the fill of that minute reads it, and no other.

    Attributes:
        kind: Record kind of the raw rows.
        closed_by: Stream whose watermark closes a minute early; without it, or empty, a minute closes when everything
            is stored that was handed over until `window.grace` after its end.
        table: Where the filled rows go.
        minute_of_raw: SQL: minute of a raw row, from its columns.
        earlier_ns: How long before its minute a raw row's `time` may be.
        minute_of_filled: SQL: minute that a filled row was filled for.
        rows_of_filled: Column of a filled row with the number of raw rows that it stands for.
        marks: SQL that is true for the filled rows that a fill leaves last.
        first_minute: SQL: first minute that a ledger row may touch, from its `first_event_time`.
        last_minute: SQL: last minute that it may touch, from its `last_event_time`.
        touched: Minutes of stored rows.
        fills: The statements.
        most_minutes: Most minutes that one call of `fills` is for.
        pause_ns: How long after its first fill a minute is filled again at the earliest; doubled with each fill.
    """

    kind: str
    closed_by: str
    table: str
    minute_of_raw: str
    earlier_ns: int
    minute_of_filled: str
    rows_of_filled: str
    marks: str
    first_minute: str
    last_minute: str
    touched: Touching
    fills: Filling
    most_minutes: int
    pause_ns: int


def listed(values: Sequence[int]) -> str:
    """Return numbers as SQL, separated by commas."""
    return ", ".join(str(value) for value in values)


def instants(first_ns: int, end_ns: int) -> str:
    """Return SQL that is true for `time` from an instant to another, both included."""
    return f"time >= fromUnixTimestamp64Nano({first_ns}, 'UTC') AND time <= fromUnixTimestamp64Nano({end_ns}, 'UTC')"
