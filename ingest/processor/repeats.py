"""What a source repeats: batches that the store has already, found by identity and checked by content."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ingest.processor.batches import Rows
from ingest.processor.delivery import Store
from ingest.processor.identity import Identity, conditions, identity_of
from ingest.processor.intent import REPEAT, WHOLE_BATCH, Exclusion, Missing, State, Stream
from viflux.registry import KINDS
from viflux.spool import Entry, Position

_REMEMBERED = 32
# A partition has streams of thousands of hosts; what is forgotten is asked of the store.
_MOST_STREAMS = 256


def remember(state: State, entry: Entry) -> None:
    """Take a batch that was dealt with into the state."""
    said = entry.frame.metadata
    stream = (entry.spool_id, said.stream)
    state.high_water[stream] = max(state.high_water.get(stream, 0), said.sequence)
    # Put at the end: the stream that was silent longest is the first.
    recent = state.recent[stream] = state.recent.pop(stream, {})
    recent[said.sequence] = entry.frame.checksum
    while len(recent) > _REMEMBERED:
        del recent[min(recent)]
    while len(state.recent) > _MOST_STREAMS:
        del state.recent[next(iter(state.recent))]


def missing_in(high_water: Mapping[Stream, int], entries: Sequence[Entry]) -> tuple[Missing, ...]:
    """Return where numbers were skipped.

    Args:
        high_water: Before these batches; a stream that is not there begins with 1.
        entries: Batches in the order of their source.
    """
    reached = dict(high_water)
    missing = []
    for entry in entries:
        stream, sequence = (entry.spool_id, entry.frame.metadata.stream), entry.frame.metadata.sequence
        highest = reached.get(stream, 0)
        if sequence > highest + 1:
            missing.append(Missing(entry.start, sequence - highest - 1))
        reached[stream] = max(highest, sequence)
    return tuple(missing)


def exclusions(
    store: Store, state: State, entries: Sequence[Entry], decoded: Mapping[Position, Sequence[Rows]]
) -> list[Exclusion]:
    """Return which batches of a range, or which days of them, the store has already or must not take.

    A batch is a repeat where its checksum is remembered or was met earlier in the range, or where the store has as many
    rows of its identity and day, received at the same instants. None of its identity at any time: it is inserted (the
    intent that held it was not finished). Anything else is another batch under the same identity, which is never "a
    duplicate" and goes to the dead letters.

    Args:
        store: Asked only about batches that are not above their stream's high water and not remembered.
        state: Before these batches.
        entries: Batches in the order of their source.
        decoded: For the start of each usable batch its rows by day.
    """
    found: list[Exclusion] = []
    unknown: list[Rows] = []
    met: dict[Identity, int] = {}
    for entry in entries:
        if entry.start not in decoded:
            continue
        identity = identity_of(entry)
        stream = (identity.spool_id, identity.stream)
        remembered = met.get(identity, state.recent.get(stream, {}).get(identity.sequence))
        met.setdefault(identity, entry.frame.checksum)
        if remembered is not None:
            is_same = remembered == entry.frame.checksum
            found.append(Exclusion(entry.start, WHOLE_BATCH, REPEAT) if is_same else _other_content(entry, WHOLE_BATCH))
        elif identity.sequence <= state.high_water.get(stream, 0):
            unknown += decoded[entry.start]
    for table in sorted({_table_of(rows) for rows in unknown}):
        found += _compared(store, table, [rows for rows in unknown if _table_of(rows) == table])
    return found


def _table_of(rows: Rows) -> str:
    return KINDS[rows.entry.frame.metadata.kind].table_name


def _compared(store: Store, table: str, parts: Sequence[Rows]) -> list[Exclusion]:
    within = min(rows.first_time_ns for rows in parts), max(rows.last_time_ns for rows in parts)
    stored = stored_by_day(store, table, [identity_of(rows.entry) for rows in parts], within)
    repeated = {id(rows) for rows in parts if stored.get((identity_of(rows.entry), rows.day)) == summary(rows)}
    # A foreign batch may be of any other time than the one whose identity it has: a machine that was set back to a
    # snapshot gives its numbers out again hours later.
    others = [rows for rows in parts if id(rows) not in repeated]
    expected = {(identity_of(rows.entry), rows.day): summary(rows) for rows in parts}
    anywhere = stored_by_day(store, table, [identity_of(rows.entry) for rows in others]) if others else {}
    taken = {identity for (identity, day), there in anywhere.items() if expected.get((identity, day)) != there}
    found = []
    for rows in parts:
        if id(rows) in repeated:
            found.append(Exclusion(rows.entry.start, rows.day, REPEAT))
        elif identity_of(rows.entry) in taken:
            found.append(_other_content(rows.entry, rows.day))
    return found


def summary(rows: Rows) -> tuple[int, int, int]:
    """Return what `stored_by_day` tells of a day of a batch that is stored."""
    return (rows.count, *rows.received_bounds_ns)


def stored_by_day(
    store: Store, table: str, identities: Iterable[Identity], within: tuple[int, int] | None = None
) -> dict[tuple[Identity, int], tuple[int, int, int]]:
    """Return what the store has of batches: for each with its day the rows, and when the first and last were received.

    Args:
        store: Where.
        table: The raw table of their kind.
        identities: Theirs.
        within: Earliest and latest event time that are looked at. Without it all that the table keeps is looked
            through: its index on `sequence` leaves little to read, but more than a time does.
    """
    stored: dict[tuple[Identity, int], tuple[int, int, int]] = {}
    times = ""
    if within is not None:
        first_ns, last_ns = within
        times = (
            f"time >= fromUnixTimestamp64Nano({first_ns}, 'UTC') "
            f"AND time <= fromUnixTimestamp64Nano({last_ns}, 'UTC') AND "
        )
    for of in conditions(identities):
        sql = (
            "SELECT spool_id, stream, sequence, intDiv(toUnixTimestamp64Nano(time), 86400000000000) AS day, "
            "count() AS found, toUnixTimestamp64Nano(min(received_time)) AS earliest, "
            "toUnixTimestamp64Nano(max(received_time)) AS latest "
            f"FROM {table} WHERE {times}{of} GROUP BY spool_id, stream, sequence, day"
        )
        for row in store.query_rows(sql):
            identity = Identity(str(row["spool_id"]), str(row["stream"]), int(str(row["sequence"])))
            told = (int(str(row["found"])), int(str(row["earliest"])), int(str(row["latest"])))
            stored[identity, int(str(row["day"]))] = told
    return stored


def _other_content(entry: Entry, day: int) -> Exclusion:
    said = entry.frame.metadata
    reason = f"another batch is stored as {said.stream} {said.sequence} of spool {entry.spool_id}"
    return Exclusion(entry.start, day, "other_content", reason)
