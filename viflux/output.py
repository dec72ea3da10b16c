"""How verbs print rows: as a table on a terminal, else as JSON lines, CSV or Arrow; results to stdout, always.

Rows come in an order of columns; a value is None, a boolean, a number, text, or a list or dict of these.
"""

from __future__ import annotations

import csv
import io
import itertools
import math
import sys
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Literal, TypeVar, get_args

import click
import msgspec

Form = Literal["table", "jsonl", "csv", "arrow"]
FORMS: tuple[str, ...] = get_args(Form)

_ROWS_THAT_SET_WIDTHS = 500
_WIDEST_CELL = 200
_GAP = "  "

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True)
class Column:
    """A column of a result.

    Attributes:
        name: As in the store.
        is_number: Printed to the right in a table.
    """

    name: str
    is_number: bool = False


def format_option(command: Command) -> Command:
    """Give a command the flag `--format`, as its argument `form`; `None` means that the output decides."""
    flag = click.option(
        "--format", "form", type=click.Choice(FORMS), help="How rows are printed; a table on a terminal, else jsonl."
    )
    return flag(command)


def chosen(form: str | None) -> str:
    """Return the form to print in: the asked one, else a table on a terminal and JSON lines in a pipe."""
    return form or ("table" if sys.stdout.isatty() else "jsonl")


def write_rows(columns: Sequence[Column], rows: Iterable[Sequence[Any]], form: str, out: BinaryIO | None = None) -> int:
    """Print rows.

    Args:
        columns: Their names, in order.
        rows: One sequence a row, as long as `columns`; taken one by one.
        form: `table`, `jsonl` or `csv`.
        out: Where to; stdout by default.

    Returns:
        How many rows there were.

    Raises:
        ValueError: The form is none of these; Arrow is written by whoever has Arrow.
    """
    sink = out or sys.stdout.buffer
    writers = {"table": _write_table, "jsonl": _write_jsonl, "csv": _write_csv}
    if form not in writers:
        raise ValueError(f"{form} cannot be written from rows; expected one of {', '.join(writers)}")
    count = writers[form](columns, rows, sink)
    sink.flush()
    return count


class Growing:
    """Prints rows that come one after another, always with the same columns: names once, widths that only grow.

    Args:
        form: `table`, `jsonl` or `csv`.
        out: Where to; stdout by default.
    """

    def __init__(self, form: str, out: BinaryIO | None = None) -> None:
        self._form = form
        self._out = out
        self._widths: list[int] = []

    def write(self, columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> None:
        """Print some rows at once."""
        sink = self._out or sys.stdout.buffer
        is_first, lines = not self._widths, io.BytesIO()
        cells = [_cells(row) for row in rows] if self._form == "table" else []
        before = self._widths or [_width(column.name) for column in columns]
        self._widths = [
            max([width, *(min(_width(row[index]), _WIDEST_CELL) for row in cells)])
            for index, width in enumerate(before)
        ]
        if self._form == "table":
            if is_first:
                head = [column.name for column in columns], ["─" * width for width in self._widths]
                lines.writelines(_line(line, self._widths, columns) for line in head)
            lines.writelines(_line(row, self._widths, columns) for row in cells)
        elif self._form == "csv":
            _write_csv(columns, rows, lines, has_head=is_first)
        else:
            _write_jsonl(columns, rows, lines)
        sink.write(lines.getvalue())
        sink.flush()


def _write_jsonl(columns: Sequence[Column], rows: Iterable[Sequence[Any]], out: BinaryIO) -> int:
    names = [column.name for column in columns]
    encoder = msgspec.json.Encoder()
    count = 0
    for count, row in enumerate(rows, 1):  # noqa: B007
        out.write(encoder.encode(dict(zip(names, map(_known, row), strict=True))) + b"\n")
    return count


def _write_csv(
    columns: Sequence[Column], rows: Iterable[Sequence[Any]], out: BinaryIO, *, has_head: bool = True
) -> int:
    text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\n")
    if has_head:
        writer.writerow([column.name for column in columns])
    count = 0
    for count, row in enumerate(rows, 1):  # noqa: B007
        writer.writerow(["" if _known(value) is None else _text(value) for value in row])
    text.flush()
    text.detach()
    return count


def _write_table(columns: Sequence[Column], rows: Iterable[Sequence[Any]], out: BinaryIO) -> int:
    rest = iter(rows)
    first = [_cells(row) for row in itertools.islice(rest, _ROWS_THAT_SET_WIDTHS)]
    widths = [
        max([_width(column.name), *(min(_width(row[index]), _WIDEST_CELL) for row in first)])
        for index, column in enumerate(columns)
    ]
    rules = ["─" * width for width in widths]
    count = 0
    out.writelines(_line(line, widths, columns) for line in ([column.name for column in columns], rules))
    for count, cells in enumerate(itertools.chain(first, map(_cells, rest)), 1):  # noqa: B007
        out.write(_line(cells, widths, columns))
    return count


def _line(cells: Sequence[str], widths: Sequence[int], columns: Sequence[Column]) -> bytes:
    parts = []
    for cell, width, column in zip(cells, widths, columns, strict=True):
        space = " " * max(0, width - _width(cell))
        parts.append(space + cell if column.is_number else cell + space)
    return _GAP.join(parts).rstrip().encode() + b"\n"


def _cells(row: Sequence[Any]) -> list[str]:
    return ["null" if _known(value) is None else _printable(_text(value)) for value in row]


def _known(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()


def _printable(text: str) -> str:
    # Text of hosts and pods is foreign: a control character must not reach a terminal.
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _width(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else not unicodedata.combining(c) for c in text)
