"""A batch as rows: its payload decoded and checked, its event times held to the rule.

A wide kind's batch is left as it is: what is missing in it, a column or a value, becomes the table's default in the
insert (`input_format_null_as_default`), which is the type's zero, or null where the type has one.

Flows come by the hundred thousand a second, and nearly all of their batches are plain: columns that were met before,
each row received and ended when it can have been, all of one day. Of such a batch the native core checks every buffer
and says what has to be known of its rows (`FlowGlance`); it is inserted as it was encoded. Any other batch is decoded
here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property, lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from collectors._native import FlowGlance, FlowGlancer
from ingest.processor.arrow import TIME, schema_of
from viflux.clock import DAY_NS
from viflux.registry import KINDS
from viflux.spool import Entry

_OLDEST_NS = DAY_NS
_NEWEST_NS = 60 * 1_000_000_000
# A datagram is parked for at most a minute, and a batch is closed within seconds.
_OLDEST_RECEIVED_NS = 3600 * 1_000_000_000
OLDEST_EVENT_NS = _OLDEST_RECEIVED_NS + _OLDEST_NS
"""How long before its batch was closed a stored row's event time can be, at most."""
_MOST_ROWS = 1_000_000
# A batch is small: to share its columns out among threads costs more than to decompress them.
_IN_THIS_THREAD = pa.ipc.IpcReadOptions(use_threads=False)
_GLANCER = FlowGlancer()
# Of the column `time_origin` in memory: where each text begins, and the text.
_EVENT_BYTES = 4 + len("event")


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
        whole: `table`, or what was seen of a batch that need not be decoded.
        first_time_ns: Earliest event time.
        last_time_ns: Latest event time.
        last_end_ns: Latest event end: event time and duration, or event time alone where that is the end.
        received_bounds_ns: Earliest and latest received time.
    """

    entry: Entry
    day: int
    whole: pa.Table | FlowGlance
    first_time_ns: int
    last_time_ns: int
    last_end_ns: int
    received_bounds_ns: tuple[int, int]

    @cached_property
    def table(self) -> pa.Table:
        """The kind's record columns, of a wide kind those that it has, and `time_origin`."""
        if isinstance(self.whole, pa.Table):
            return self.whole
        said = self.entry.frame.metadata
        return _with_true_times(_decoded(self.entry), said.kind, said.sealed_time_ns)

    @property
    def glance(self) -> FlowGlance | None:
        """What was seen of a batch that was not decoded."""
        return None if isinstance(self.whole, pa.Table) else self.whole

    @property
    def count(self) -> int:
        """How many rows."""
        return int(self.whole.num_rows if isinstance(self.whole, pa.Table) else self.whole.rows)

    @cached_property
    def nbytes(self) -> int:
        """Bytes of the table in memory, whether it is there or not: how an intent is split must not depend on it."""
        if isinstance(self.whole, pa.Table):
            return int(self.whole.nbytes)
        return self.whole.value_bytes + _EVENT_BYTES * self.whole.rows

    @property
    def held_bytes(self) -> int:
        """Bytes that are in memory."""
        return self.nbytes if isinstance(self.whole, pa.Table) else len(self.entry.frame.payload)

    @cached_property
    def replaced(self) -> int:
        """How many rows have the received time in place of their event time."""
        return replaced_times(self.whole) if isinstance(self.whole, pa.Table) else 0


def rows_of(entry: Entry) -> list[Rows]:
    """Decode a batch; return its rows by day, in the order of the days.

    An event time outside [received - 24 h, received + 60 s] is replaced by the received time, and `time_origin` says
    so: one bad clock must not open a hundred partitions.

    Raises:
        UnusableBatchError: The kind or version is not known, or the payload is not what the frame says.
    """
    said = entry.frame.metadata
    if (seen := _glanced(entry)) is not None:
        return [seen]
    table = _with_true_times(_decoded(entry), said.kind, said.sealed_time_ns)
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


def _glanced(entry: Entry) -> Rows | None:
    """Return a batch without decoding it; None where it is not a plain one of flows."""
    said = entry.frame.metadata
    if said.kind != "flows" or said.version != KINDS["flows"].version or not 0 < said.rows <= _MOST_ROWS:
        return None
    seen = _GLANCER.look(entry.frame.payload)
    if seen is None or seen.rows != said.rows:
        return None
    (first, last), (earliest, latest) = seen.time, seen.received_time
    sealed_ns = said.sealed_time_ns
    is_received = sealed_ns - _OLDEST_RECEIVED_NS <= earliest and latest <= sealed_ns + _NEWEST_NS
    is_event = latest - _OLDEST_NS <= first and last <= earliest + _NEWEST_NS
    if not (is_received and is_event and first // DAY_NS == last // DAY_NS):
        return None
    return Rows(entry, first // DAY_NS, seen, first, last, last, seen.received_time)


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
        table = pa.ipc.open_stream(pa.py_buffer(entry.frame.payload), options=_IN_THIS_THREAD).read_all()
        table.validate(full=True)
        told, table = table, _typed(table, said.kind)
        if said.kind == "flows" and table is told:
            _GLANCER.learn(entry.frame.payload)
    except (pa.ArrowException, ValueError, OSError) as error:
        raise UnusableBatchError("unreadable", f"the payload is not a {said.kind} batch: {_one_line(error)}") from error
    if table.num_rows != said.rows:
        raise UnusableBatchError("unreadable", f"the frame says {said.rows} rows and the payload has {table.num_rows}")
    for name in _never_null(said.kind):
        if table[name].null_count:
            raise UnusableBatchError("unreadable", f"column {name} has nulls and must not")
    return table


@cache
def _never_null(kind: str) -> tuple[str, ...]:
    return tuple(field.name for field in schema_of(kind) if not field.nullable or field.name == "time")


@lru_cache(maxsize=256)
def _schema_of_some(kind: str, names: tuple[str, ...]) -> pa.Schema:
    whole = schema_of(kind)
    return pa.schema([whole.field(name) for name in names])


def _typed(table: pa.Table, kind: str) -> pa.Table:
    """Return a table with the types of its kind; raises `ValueError` or Arrow's own errors where it cannot be."""
    wanted = schema_of(kind)
    if KINDS[kind].wide:
        names = table.schema.names
        known = set(wanted.names)
        if (strangers := [name for name in names if name not in known]) or len(set(names)) < len(names):
            raise ValueError(f"columns that it has not, or twice: {', '.join(strangers or names)}")
        if "time" not in names:
            raise ValueError("column time is missing")
        wanted = _schema_of_some(kind, tuple(names))
    for name in KINDS[kind].added:
        if name not in table.schema.names:
            field = wanted.field(name)
            zero = None if field.nullable else "" if pa.types.is_string(field.type) else 0
            values = pa.repeat(pa.scalar(zero, field.type), table.num_rows)
            table = table.add_column(wanted.get_field_index(name), field, values)
    return table if table.schema.equals(wanted) else table.cast(wanted)


def _with_true_times(table: pa.Table, kind: str, sealed_ns: int) -> pa.Table:
    """Return the table with event times that hold to the rule and `time_origin`, and with whole received times."""
    low = high = pa.scalar(sealed_ns, pa.int64())
    earliest = latest = sealed_ns
    if "received_time" in KINDS[kind].record:
        received = _received(table, sealed_ns)
        earliest, latest = _bounds(received)
        low = high = received
        told = table["received_time"] if "received_time" in table.schema.names else None
        if told is None or told.null_count or not received.equals(told.cast(pa.int64())):
            table = _with(table, "received_time", received.cast(TIME))
    times = table["time"].cast(pa.int64())
    first, last = _bounds(times)
    if latest - _OLDEST_NS <= first and last <= earliest + _NEWEST_NS:
        return table.append_column("time_origin", pa.repeat(pa.scalar("event"), table.num_rows))
    bad = pc.or_(
        pc.less(times, pc.subtract(low, _OLDEST_NS)),
        pc.greater(times, pc.add(high, _NEWEST_NS)),
    )
    table = _with(table, "time", pc.if_else(bad, low, times).cast(TIME))
    return table.append_column("time_origin", pc.if_else(bad, "received", "event"))


def _received(table: pa.Table, sealed_ns: int) -> pa.ChunkedArray:
    """Return when each row was received; where that is missing or cannot be, when its batch was closed."""
    sealed = pa.scalar(sealed_ns, pa.int64())
    if "received_time" not in table.schema.names:
        return pa.chunked_array([pa.repeat(sealed, table.num_rows)])
    received = table["received_time"].cast(pa.int64())
    if received.null_count:
        received = received.fill_null(sealed)
    earliest, latest = _bounds(received)
    if sealed_ns - _OLDEST_RECEIVED_NS <= earliest and latest <= sealed_ns + _NEWEST_NS:
        return received
    can_be = pc.and_(
        pc.greater_equal(received, sealed_ns - _OLDEST_RECEIVED_NS),
        pc.less_equal(received, sealed_ns + _NEWEST_NS),
    )
    return pc.if_else(can_be, received, sealed)


def _with(table: pa.Table, name: str, values: pa.ChunkedArray) -> pa.Table:
    field = pa.field(name, values.type, nullable=False)
    at = table.schema.get_field_index(name)
    return table.append_column(field, values) if at < 0 else table.set_column(at, field, values)


def _rows(entry: Entry, day: int, table: pa.Table, times: pa.ChunkedArray) -> Rows:
    kind = KINDS[entry.frame.metadata.kind]
    first, last = _bounds(times)
    end = last
    if "duration_ns" in table.schema.names and not kind.time_is_end:
        longest = pc.min(pc.subtract(pa.scalar(2**62, pa.int64()), times)).as_py()
        durations = pc.min_element_wise(table["duration_ns"], pa.scalar(longest, pa.uint64())).cast(pa.int64())
        end = int(pc.max(pc.add(times, durations)).as_py())
    sealed_ns = entry.frame.metadata.sealed_time_ns
    has_received = "received_time" in kind.record
    received = _bounds(table["received_time"].cast(pa.int64())) if has_received else (sealed_ns, sealed_ns)
    return Rows(entry, day, table, first, last, end, received)


def _bounds(times: pa.ChunkedArray) -> tuple[int, int]:
    found = pc.min_max(times).as_py()
    return int(found["min"]), int(found["max"])


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
