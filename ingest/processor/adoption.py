"""What the store has of streams that a source has not met yet: asked once, for all that are new in a range."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ingest.processor.batches import OLDEST_EVENT_NS
from ingest.processor.delivery import Store
from ingest.processor.identity import quoted
from ingest.processor.intent import Stream
from viflux.registry import KINDS
from viflux.spool import Entry

# As long as the ledger is kept.
_HISTORY_DAYS = 30
_MOST_IN_A_STATEMENT = 4000


@dataclass
class Newcomers:
    """Streams of one record kind that are met for the first time.

    Attributes:
        kind: The record kind.
        first: For each stream the sequence of its first batch.
        sealed_ns: When the earliest of their batches was closed.
    """

    kind: str
    first: dict[Stream, int] = field(default_factory=dict)
    sealed_ns: int = 1 << 62


def newcomers(entries: Iterable[Entry], adopted: set[Stream]) -> list[Newcomers]:
    """Return the streams of these batches that are not adopted yet, by kind; unknown kinds are passed over."""
    found: dict[str, Newcomers] = {}
    for entry in entries:
        said = entry.frame.metadata
        stream = (entry.spool_id, said.stream)
        if stream in adopted or said.kind not in KINDS or not KINDS[said.kind].record:
            continue
        of_kind = found.setdefault(said.kind, Newcomers(said.kind))
        of_kind.first.setdefault(stream, said.sequence)
        of_kind.sealed_ns = min(of_kind.sealed_ns, said.sealed_time_ns)
    return list(found.values())


def high_water(store: Store, new: Newcomers) -> dict[Stream, int]:
    """Return for each of the streams that have raw rows the highest sequence among them.

    Rows of a batch that comes after the streams' first ones here are no older than the oldest event time that such a
    batch can have, so nothing earlier is looked at.
    """
    return _highest(store, new.kind, list(new.first), new.sealed_ns - OLDEST_EVENT_NS)


def highest_ever(store: Store, kind: str, streams: Sequence[Stream]) -> dict[Stream, int]:
    """Return the highest sequence of streams among all raw rows that the store keeps: reads each of them."""
    return _highest(store, kind, streams, 0) if streams else {}


def _highest(store: Store, kind: str, streams: Sequence[Stream], since_ns: int) -> dict[Stream, int]:
    found: dict[Stream, int] = {}
    names = ", ".join(quoted(name) for name in sorted({stream for _, stream in streams}))
    spools = sorted({spool_id for spool_id, _ in streams})
    for at in range(0, len(spools), _MOST_IN_A_STATEMENT):
        some = ", ".join(quoted(spool_id) for spool_id in spools[at : at + _MOST_IN_A_STATEMENT])
        sql = (
            f"SELECT spool_id, stream, max(sequence) AS highest FROM {KINDS[kind].table_name} "
            f"WHERE time >= fromUnixTimestamp64Nano({since_ns}, 'UTC') "
            f"AND spool_id IN ({some}) AND stream IN ({names}) GROUP BY spool_id, stream"
        )
        for row in store.query_rows(sql):
            found[str(row["spool_id"]), str(row["stream"])] = int(str(row["highest"]))
    return found


def newest_intent(store: Store, source_id: str) -> int:
    """Return the highest number among the intents of a source that are in the store, 0 for none."""
    newest = 0
    for table in ("ledger", "events"):
        sql = (
            f"SELECT max(sequence) AS newest FROM {table} WHERE time >= now() - INTERVAL {_HISTORY_DAYS} DAY "
            f"AND spool_id = '{source_id}' AND stream = '{table}.processor'"
        )
        newest = max(newest, int(str(store.query_rows(sql)[0]["newest"])))
    return newest


def watermarks(store: Store, hosts: Sequence[str]) -> Mapping[str, dict[str, int]]:
    """Return for each host and stream the watermark that was last written for it, within the last two days."""
    found: dict[str, dict[str, int]] = {}
    for at in range(0, len(hosts), _MOST_IN_A_STATEMENT):
        some = ", ".join(quoted(host) for host in hosts[at : at + _MOST_IN_A_STATEMENT])
        sql = (
            "SELECT host, of_stream, max(toUnixTimestamp64Nano(watermark_time)) AS instant FROM ledger "
            f"WHERE time >= now() - INTERVAL 2 DAY AND stage = 'processor' AND host IN ({some}) "
            "GROUP BY host, of_stream HAVING instant > 0"
        )
        for row in store.query_rows(sql):
            found.setdefault(str(row["host"]), {})[str(row["of_stream"])] = int(str(row["instant"]))
    return found
