"""A dead letter for a person: what it is and why, the rows of it that can be read, and its bytes where they cannot."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import msgspec
import pyarrow as pa

from ingest.deadletter.letter import Letter, entry_of
from viflux import frame
from viflux.clock import NANOSECONDS
from viflux.frame import FrameError

_WIDTH = 16


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What `show` prints of a letter.

    Attributes:
        letter: The letter.
        head: What the frame's head says, of bytes whose checksum is wrong: it may be wrong as well. None where the
            letter says it, or where the head cannot be read.
        rows: The first rows, as far as the payload can be read; names and values as they are in the batch.
        unreadable: Why there are no rows; empty where there are.
        data: The first bytes of what cannot be read.
    """

    letter: Letter
    head: dict[str, Any] | None = None
    rows: list[dict[str, Any]] = []
    unreadable: str = ""
    data: bytes = b""


def shown(letter: Letter, data: bytes | None, most_rows: int, most_bytes: int) -> Shown:
    """Read as much of a letter as can be read.

    Args:
        letter: The letter.
        data: Its bytes; None where they were not kept.
        most_rows: How many rows at most.
        most_bytes: How many bytes at most of what cannot be read.
    """
    if data is None:
        return Shown(letter=letter, unreadable="its bytes were not kept, because there were too many letters")
    try:
        payload = entry_of(letter, data).frame.payload
    except FrameError as error:
        return Shown(letter=letter, head=_head(data), unreadable=str(error), data=data[:most_bytes])
    try:
        with pa.ipc.open_stream(pa.py_buffer(payload)) as stream:
            table = stream.read_all()
        table.validate(full=True)
        return Shown(letter=letter, rows=_rows(table.slice(0, most_rows)))
    except (pa.ArrowException, ValueError, OSError) as error:
        return Shown(letter=letter, unreadable=" ".join(str(error).split())[:300], data=payload[:most_bytes])


def instant(time_ns: int) -> str:
    """Return an instant as RFC 3339 with nanoseconds."""
    seconds, rest = divmod(time_ns, NANOSECONDS)
    try:
        whole = dt.datetime.fromtimestamp(seconds, dt.UTC)
    except (OverflowError, ValueError, OSError):
        return str(time_ns)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def hexdump(data: bytes) -> Iterator[str]:
    """Yield lines of 16 bytes: where they begin, each in hex, and those that are printable ASCII."""
    for at in range(0, len(data), _WIDTH):
        some = data[at : at + _WIDTH]
        left, right = some[: _WIDTH // 2].hex(" "), some[_WIDTH // 2 :].hex(" ")
        text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in some)
        yield f"{at:08x}  {left:<23}  {right:<23}  {text}"


def _head(data: bytes) -> dict[str, Any] | None:
    try:
        return msgspec.structs.asdict(frame.decode_metadata(data))
    except FrameError:
        return None


def _rows(table: pa.Table) -> list[dict[str, Any]]:
    columns = {name: _values(name, table[name]) for name in table.schema.names}
    return [{name: values[index] for name, values in columns.items()} for index in range(table.num_rows)]


def _values(name: str, column: pa.ChunkedArray) -> list[Any]:
    if pa.types.is_timestamp(column.type):
        return [None if value is None else instant(value) for value in column.cast(pa.int64()).to_pylist()]
    values = column.to_pylist()
    if pa.types.is_uint64(column.type) and name.endswith("_id"):
        return [None if value is None else f"{value:016x}" for value in values]
    return [_plain(value) for value in values]


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
