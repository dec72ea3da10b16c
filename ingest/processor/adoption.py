"""What the store has of streams that a source has not met yet: asked once, for all that are new in a range.

Each intent leaves a ledger row in the store that names the spool, the stream and the newest batch, before it is done.
So where what was written down is whole (cursor and open intent), the ledger says how far each stream was dealt with,
and answers by host. Where it is not, rows may be there of an intent that nobody knows of, and the raw tables
themselves are asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from ingest.processor.batches import OLDEST_EVENT_NS
from ingest.processor.delivery import Store
from ingest.processor.intent import State, Stream
from ingest.processor.patience import Patience
from ingest.processor.source import Source
from ingest.store.keep import kept_ns
from ingest.store.literals import quoted
from viflux import logs
from viflux.clock import DAY_NS
from viflux.registry import KINDS
from viflux.settings.schema import Keep
from viflux.spool import Entry

_MOST_IN_A_STATEMENT = 1000


@dataclass
class Newcomers:
    """Streams of one record kind that are met for the first time.

    Attributes:
        kind: The record kind.
        first: For each stream the sequence of its first batch.
        hosts: Whose they are.
        sealed_ns: When the earliest of their batches was closed.
    """

    kind: str
    first: dict[Stream, int] = field(default_factory=dict)
    hosts: set[str] = field(default_factory=set)
    sealed_ns: int = 1 << 62


class Adoption:
    """Completes the state of one source as its streams are met."""

    def __init__(self, source: Source, store: Store, patience: Patience, keep: Keep) -> None:
        self._source = source
        self._store = store
        self._keep = keep
        self._patience = patience
        # Streams of which it is known what the store has.
        self._adopted: set[Stream] = set()
        self._is_behind = False

    def begin(self) -> None:
        """Start anew with a state as it was written down."""
        self._adopted = set()
        self._is_behind = False

    def adopt(self, state: State, entries: Sequence[Entry]) -> State:
        """Return the state with what the store has of the streams of these batches; it may be the same object."""
        source_id = self._source.source_id or (entries[0].spool_id if entries else state.source_id)
        if state.source_id != source_id:
            # Another spool has taken the place of the one before; the host is the same.
            state = State(
                source_id=source_id, cursor=state.cursor, tried_until=state.tried_until, watermarks=state.watermarks
            )
            self._adopted = set()
        if not self._adopted and entries:
            newest = self._patience.ask(lambda: newest_intent(self._store, source_id, self._keep))
            if newest > state.number:
                state = replace(state, number=newest)
                self._is_behind = True
                logs.get("processor").warning(
                    "what was written down of this source is older than what the store has: counting what is there",
                    source=self._source.name,
                    intent=newest,
                )
        for new in newcomers(entries, self._adopted):
            self._meet(state, new)
            self._adopted.update(new.first)
        return state

    def _meet(self, state: State, new: Newcomers) -> None:
        found: dict[Stream, int] = {}
        takes_up = self._is_behind or not self._source.knows_streams
        if takes_up:
            found = self._patience.ask(lambda: dealt_with(self._store, new, self._keep))
        # Rows of an intent that nobody knows of are of batches before `tried_until`, and no ledger row names them.
        if self._is_behind or self._source.knows_streams or state.tried_until is not None:
            for stream, sequence in self._patience.ask(lambda: highest_rows(self._store, new)).items():
                found[stream] = max(sequence, found.get(stream, 0))
        for stream, first in new.first.items():
            # A stream that nothing is known of is gone on with where it is met: what came before is not missing.
            unknown = first - 1 if takes_up and stream not in state.high_water else 0
            highest = max(state.high_water.get(stream, 0), found.get(stream, unknown))
            if highest:
                state.high_water[stream] = highest
        if new.kind == "ledger" and not self._source.knows_streams:
            for host, of_stream, instant in self._patience.ask(lambda: list(watermarks(self._store, new.hosts))):
                known = state.watermarks.setdefault(host, {})
                known[of_stream] = max(instant, known.get(of_stream, 0))


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
        of_kind.hosts.add(said.host)
        of_kind.sealed_ns = min(of_kind.sealed_ns, said.sealed_time_ns)
    return list(found.values())


def highest_rows(store: Store, new: Newcomers) -> dict[Stream, int]:
    """Return for each of the streams that have raw rows the highest sequence among them.

    Rows of a batch that comes after the streams' first ones here are no older than the oldest event time that such a
    batch can have, so nothing earlier is looked at.
    """
    found: dict[Stream, int] = {}
    names = _listed({stream for _, stream in new.first})
    for spools in _some({spool_id for spool_id, _ in new.first}):
        sql = (
            f"SELECT spool_id, stream, max(sequence) AS highest FROM {KINDS[new.kind].table_name} "
            f"WHERE time >= fromUnixTimestamp64Nano({new.sealed_ns - OLDEST_EVENT_NS}, 'UTC') "
            f"AND spool_id IN ({_listed(spools)}) AND stream IN ({names}) GROUP BY spool_id, stream"
        )
        for row in store.query_rows(sql):
            found[str(row["spool_id"]), str(row["stream"])] = int(str(row["highest"]))
    return found


def dealt_with(store: Store, new: Newcomers, keep: Keep) -> dict[Stream, int]:
    """Return for each of the streams that the ledger knows the newest batch that an intent was done with.

    All that the ledger keeps is looked at: a host that was away for so long goes on with the number after that.
    """
    found: dict[Stream, int] = {}
    spools = {spool_id for spool_id, _ in new.first}
    names = _listed({stream for _, stream in new.first})
    for hosts in _some(new.hosts):
        sql = (
            "SELECT of_spool_id, of_stream, max(greatest(through_sequence, lost_through_sequence)) AS highest "
            f"FROM ledger WHERE host IN ({_listed(hosts)}) AND of_stream IN ({names}) "
            f"AND {_kept('ledger', keep)} AND stage = 'processor' GROUP BY of_spool_id, of_stream"
        )
        for row in store.query_rows(sql):
            if (spool_id := str(row["of_spool_id"])) in spools:
                found[spool_id, str(row["of_stream"])] = int(str(row["highest"]))
    return found


def newest_intent(store: Store, source_id: str, keep: Keep) -> int:
    """Return the highest number among the intents of a source that are in the store, 0 for none."""
    newest = 0
    for table in ("ledger", "events"):
        sql = (
            f"SELECT max(sequence) AS newest FROM {table} WHERE {_kept(table, keep)} "
            f"AND spool_id = '{source_id}' AND stream = '{table}.processor'"
        )
        newest = max(newest, int(str(store.query_rows(sql)[0]["newest"])))
    return newest


def watermarks(store: Store, hosts: Iterable[str]) -> Iterator[tuple[str, str, int]]:
    """Yield host, stream and the highest watermark that was written for it within the last two days."""
    for some in _some(hosts):
        sql = (
            "SELECT host, of_stream, max(toUnixTimestamp64Nano(watermark_time)) AS instant FROM ledger "
            f"WHERE host IN ({_listed(some)}) AND time >= now() - INTERVAL 2 DAY AND stage = 'processor' "
            "GROUP BY host, of_stream HAVING instant > 0"
        )
        for row in store.query_rows(sql):
            yield str(row["host"]), str(row["of_stream"]), int(str(row["instant"]))


def _kept(table: str, keep: Keep) -> str:
    """Return SQL: rows that a table keeps by its setting; older ones may be there yet, and tell the same."""
    return f"time >= now() - INTERVAL {kept_ns(KINDS[table], keep) // DAY_NS} DAY"


def _some(texts: Iterable[str]) -> Iterator[list[str]]:
    """Yield so many at once as fit into a statement."""
    every = sorted(texts)
    for at in range(0, len(every), _MOST_IN_A_STATEMENT):
        yield every[at : at + _MOST_IN_A_STATEMENT]


def _listed(texts: Iterable[str]) -> str:
    return ", ".join(quoted(text) for text in sorted(texts))
