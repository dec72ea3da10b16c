"""A batch as rows: its payload decoded and checked, its event times held to the rule."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from ingest.processor.arrow import TIME, schema_of
from viflux.registry import KINDS
from viflux.spool import Entry

DAY_NS = 86_400 * 1_000_000_000
_OLDEST_NS = DAY_NS
_NEWEST_NS = 60 * 1_000_000_000
_MOST_ROWS = 1_000_000


class UnusableBatchError(Exception):
    """A batch whose rows cannot be had: it goes to the dead letters.

    Attributes:
        cause: `unknown_kind`, `unknown_version` or `unreadable`.
    """

    def __init__(self, cause: str, reason: str) -> None:
        super().__init__(reason)
        self.cause = cause


@dataclass(frozen=True)
class Rows:
    """A batch's rows of one day.

    Attributes:
        entry: The batch.
        day: Days since the epoch (UTC) of their event time.
        table: The kind's record columns and `time_origin`.
        first_time_ns: Earliest event time.
        last_time_ns: Latest event time.
        last_end_ns: Latest event end: event time and duration.
    """

    entry: Entry
    day: int
    table: pa.Table
    first_time_ns: int
    last_time_ns: int
    last_end_ns: int


def rows_of(entry: Entry) -> list[Rows]:
    """Decode a batch; return its rows by day, in the order of the days.

    An event time outside [received - 24 h, received + 60 s] is replaced by the received time, and `time_origin` says
    so: one bad clock must not open a hundred partitions.

    Raises:
        UnusableBatchError: The kind or version is not known, or the payload is not what the frame says.
    """
    table = _with_true_times(_decoded(entry), entry.frame.metadata.sealed_time_ns)
    times = table["time"].cast(pa.int64())
    first, last = _bounds(times)
    if first // DAY_NS == last // DAY_NS:
        return [_rows(entry, first // DAY_NS, table, times)]
    days = pc.divide(times, pa.scalar(DAY_NS, pa.int64()))
    return [
        _rows(entry, day, table.filter(mask), times.filter(mask))
        for day in sorted(pc.unique(days).to_pylist())
        for mask in [pc.equal(days, day)]
    ]


def replaced_times(table: pa.Table) -> int:
    """Return how many rows have the received time in place of their event time."""
    return int(pc.sum(pc.equal(table["time_origin"], "received")).as_py() or 0)


def _decoded(entry: Entry) -> pa.Table:
    said = entry.frame.metadata
    if said.kind not in KINDS or not KINDS[said.kind].record:
        raise UnusableBatchError("unknown_kind", f"record kind {said.kind!r} is not known to this version")
    if said.version != KINDS[said.kind].version:
        known = KINDS[said.kind].version
        raise UnusableBatchError(
            "unknown_version", f"schema version {said.version} of {said.kind}; this version knows {known}"
        )
    if not 0 < said.rows <= _MOST_ROWS:
        raise UnusableBatchError("unreadable", f"the frame says {said.rows} rows; 1 to {_MOST_ROWS} are possible")
    try:
        table = pa.ipc.open_stream(pa.py_buffer(entry.frame.payload)).read_all()
        table.validate(full=True)
        wanted = schema_of(said.kind)
        table = table if table.schema.equals(wanted) else table.cast(wanted)
    except (pa.ArrowException, ValueError, OSError) as error:
        raise UnusableBatchError("unreadable", f"the payload is not a {said.kind} batch: {_one_line(error)}") from error
    if table.num_rows != said.rows:
        raise UnusableBatchError("unreadable", f"the frame says {said.rows} rows and the payload has {table.num_rows}")
    for field in table.schema:
        if not field.nullable and table[field.name].null_count:
            raise UnusableBatchError("unreadable", f"column {field.name} has nulls and must not")
    return table


def _with_true_times(table: pa.Table, received_ns: int) -> pa.Table:
    times = table["time"].cast(pa.int64())
    first, last = _bounds(times)
    low, high = received_ns - _OLDEST_NS, received_ns + _NEWEST_NS
    if low <= first and last <= high:
        origin = pa.repeat(pa.scalar("event"), table.num_rows)
    else:
        bad = pc.or_(pc.less(times, low), pc.greater(times, high))
        origin = pc.if_else(bad, "received", "event")
        true_times = pc.if_else(bad, pa.scalar(received_ns, pa.int64()), times).cast(TIME)
        table = table.set_column(
            table.schema.get_field_index("time"), pa.field("time", TIME, nullable=False), true_times
        )
    return table.append_column("time_origin", origin)


def _rows(entry: Entry, day: int, table: pa.Table, times: pa.ChunkedArray) -> Rows:
    first, last = _bounds(times)
    end = last
    if "duration_ns" in table.schema.names:
        longest = pc.min(pc.subtract(pa.scalar(2**62, pa.int64()), times)).as_py()
        durations = pc.min_element_wise(table["duration_ns"], pa.scalar(longest, pa.uint64())).cast(pa.int64())
        end = int(pc.max(pc.add(times, durations)).as_py())
    return Rows(entry, day, table, first, last, end)


def _bounds(times: pa.ChunkedArray) -> tuple[int, int]:
    found = pc.min_max(times).as_py()
    return int(found["min"]), int(found["max"])


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
