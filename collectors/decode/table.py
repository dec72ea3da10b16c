"""Rows as a table that fits the terminal: the more important columns first, as many as there is room for."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, BinaryIO

import msgspec

from collectors._native import DecodedBatch
from collectors.decode.records import Shown
from viflux import output

_GAP = 2
_ROWS_THAT_SET_WIDTHS = 500
_TIME_LENGTH = len("2026-11-22T14:00:00.000000000Z")


def write(batches: Iterable[DecodedBatch], columns: Sequence[Shown], out: BinaryIO, width: int | None = None) -> int:
    """Write rows as a table.

    Args:
        batches: Where the rows come from; taken one by one.
        columns: The columns, the more important ones first.
        out: Where to.
        width: Leave out the last columns as far as the table would be wider; None for a table of all columns.

    Returns:
        How many rows there were.
    """
    rows = _rows(batches, columns)
    first = list(itertools.islice(rows, _ROWS_THAT_SET_WIDTHS))
    count = len(columns) if width is None else _fitting(columns, first, width)
    shown = [output.Column(column.name, is_number=column.is_number) for column in columns[:count]]
    return output.write_rows(shown, (row[:count] for row in itertools.chain(first, rows)), "table", out)


def width_of_terminal() -> int:
    """Return how many characters a line of the terminal has."""
    return shutil.get_terminal_size().columns


def _rows(batches: Iterable[DecodedBatch], columns: Sequence[Shown]) -> Iterator[list[Any]]:
    names = [(column.name, column.form) for column in columns]
    decoder = msgspec.json.Decoder(dict[str, Any])
    for batch in batches:
        for row in decoder.decode_lines(batch.jsonl(names)):
            yield [_short(value) for value in row.values()]


def _short(value: Any) -> Any:
    # Milliseconds are what a person compares; nobody reads nine digits.
    if isinstance(value, str) and len(value) == _TIME_LENGTH and value[10] == "T" and value[-1] == "Z":
        return f"{value[:23]}Z"
    if isinstance(value, dict):
        return " ".join(f"{key}={part}" for key, part in value.items())
    return value


def _fitting(columns: Sequence[Shown], rows: Sequence[Sequence[Any]], width: int) -> int:
    total = -_GAP
    for count, column in enumerate(columns):
        cells = (len("null" if row[count] is None else str(row[count])) for row in rows)
        total += _GAP + max([len(column.name), *cells])
        if total > width:
            return max(1, count)
    return len(columns)
