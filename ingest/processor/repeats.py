"""What a source repeats: batches that the store has already, found by identity and checked by content."""

from __future__ import annotations

from collections.abc import Sequence

from ingest.processor.batches import Rows
from ingest.processor.delivery import Store, identity_condition
from ingest.processor.intent import REPEAT, WHOLE_BATCH, Exclusion, State
from viflux.registry import KINDS
from viflux.spool import Entry

_REMEMBERED = 32
# As long as the ledger is kept.
_HISTORY_DAYS = 30


def high_water(store: Store, spool_id: str, since_ns: int) -> dict[str, int]:
    """Return for each stream the highest sequence among a spool's raw rows.

    Args:
        store: The store.
        spool_id: The spool.
        since_ns: Nothing earlier is looked at: the oldest event time that an unread batch can have.
    """
    found: dict[str, int] = {}
    for kind in KINDS.values():
        if not kind.record:
            continue
        sql = (
            f"SELECT stream, max(sequence) AS highest FROM {kind.table_name} "
            f"WHERE time >= fromUnixTimestamp64Nano({since_ns}, 'UTC') AND spool_id = '{spool_id}' GROUP BY stream"
        )
        for row in store.query_rows(sql):
            stream = str(row["stream"])
            found[stream] = max(found.get(stream, 0), int(str(row["highest"])))
    return found


def newest_intent(store: Store, spool_id: str) -> int:
    """Return the highest number among the intents of a spool that are in the store, 0 for none."""
    newest = 0
    for table in ("ledger", "events"):
        sql = (
            f"SELECT max(sequence) AS newest FROM {table} WHERE time >= now() - INTERVAL {_HISTORY_DAYS} DAY "
            f"AND spool_id = '{spool_id}' AND stream = '{table}.processor'"
        )
        newest = max(newest, int(str(store.query_rows(sql)[0]["newest"])))
    return newest


def remember(state: State, entry: Entry) -> None:
    """Take a batch that was dealt with into the state."""
    said = entry.frame.metadata
    state.high_water[said.stream] = max(state.high_water.get(said.stream, 0), said.sequence)
    recent = state.recent.setdefault(said.stream, {})
    recent[said.sequence] = entry.frame.checksum
    while len(recent) > _REMEMBERED:
        del recent[min(recent)]


def exclusions(store: Store, state: State, candidates: Sequence[tuple[Entry, Sequence[Rows]]]) -> list[Exclusion]:
    """Return which of these batches, or which days of them, the store has already or must not take.

    A batch is a repeat where its checksum is remembered, or where the store has as many rows of its identity and day,
    received at the same instants. None at all: it is inserted (the intent that held it was not finished). Anything else
    is another batch under the same identity, which is never "a duplicate" and goes to the dead letters.

    Args:
        store: The store.
        state: What is remembered.
        candidates: Batches at or below the high-water mark of their stream, with their rows.
    """
    found: list[Exclusion] = []
    unknown: list[Rows] = []
    for entry, days in candidates:
        said = entry.frame.metadata
        remembered = state.recent.get(said.stream, {}).get(said.sequence)
        if remembered is None:
            unknown += days
        elif remembered == entry.frame.checksum:
            found.append(Exclusion(entry.start, WHOLE_BATCH, REPEAT))
        else:
            found.append(_other_content(entry, WHOLE_BATCH))
    for table in sorted({KINDS[rows.entry.frame.metadata.kind].table_name for rows in unknown}):
        of_table = [rows for rows in unknown if KINDS[rows.entry.frame.metadata.kind].table_name == table]
        found += _compared(store, table, of_table)
    return found


def _compared(store: Store, table: str, parts: Sequence[Rows]) -> list[Exclusion]:
    first, last = min(rows.first_time_ns for rows in parts), max(rows.last_time_ns for rows in parts)
    said = [rows.entry.frame.metadata for rows in parts]
    sql = (
        "SELECT stream, sequence, intDiv(toUnixTimestamp64Nano(time), 86400000000000) AS day, count() AS found, "
        "toUnixTimestamp64Nano(min(received_time)) AS earliest, toUnixTimestamp64Nano(max(received_time)) AS latest "
        f"FROM {table} WHERE time >= fromUnixTimestamp64Nano({first}, 'UTC') "
        f"AND time <= fromUnixTimestamp64Nano({last}, 'UTC') AND spool_id = '{parts[0].entry.spool_id}' "
        f"AND ({identity_condition((what.stream, what.sequence) for what in said)}) GROUP BY stream, sequence, day"
    )
    stored = {
        (row["stream"], int(str(row["sequence"])), int(str(row["day"]))): (
            int(str(row["found"])),
            int(str(row["earliest"])),
            int(str(row["latest"])),
        )
        for row in store.query_rows(sql)
    }
    found = []
    for rows, what in zip(parts, said, strict=True):
        there = stored.get((what.stream, what.sequence, rows.day))
        if there == (rows.table.num_rows, *rows.received_bounds_ns):
            found.append(Exclusion(rows.entry.start, rows.day, REPEAT))
        elif there is not None:
            found.append(_other_content(rows.entry, rows.day))
    return found


def _other_content(entry: Entry, day: int) -> Exclusion:
    said = entry.frame.metadata
    reason = f"another batch is stored as {said.stream} {said.sequence} of spool {entry.spool_id}"
    return Exclusion(entry.start, day, "other_content", reason)
