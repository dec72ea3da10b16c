"""What was stored since: each hand-over of flows or drops once, whatever its rows are of.

The time of a row says nothing about when it was stored, and the time of its insert not when it could be seen. But the
processor writes an account of each intent into the ledger, in one block, behind the rows: which batches of which stream
(docs/ledger.md). So an account that is there and was not there before names rows that are all there, and that no other
account names. What a person replays from the dead letters is accounted for in the same way; the batch is then named by
the event with which the replay began.

Accounts are looked for by the time of their insert, some minutes back each time, and by their numbers, which only grow
in each source; so a clock of the store that is set back hides none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ingest.store.client import StoreClient
from ingest.store.keyed import since, until
from ingest.store.literals import instant, quoted
from viflux.clock import DAY_NS, NANOSECONDS

_OVERLAP_NS = 300 * NANOSECONDS
_OPEN_AT_MOST_NS = 2 * DAY_NS
"""How long before its end an intent may have been opened: the partitions that are looked at."""

_MOST_SOURCES = 200
_REPLAYED = "replayed:"


@dataclass(frozen=True)
class Arrival:
    """A run of batches of one stream whose rows are stored.

    Attributes:
        spool_id: Of which spool.
        stream: Which stream.
        above: The batch before its first.
        through: Its last batch.
        rows: How many rows were stored.
        first_ns: The earliest time of a row.
        last_ns: The latest.
        since_ns: Only rows that were inserted from then on: of a replay, which may bring the rest of a batch.
    """

    spool_id: str
    stream: str
    above: int
    through: int
    rows: int
    first_ns: int
    last_ns: int
    since_ns: int = 0

    def pieces(self, most_rows: int) -> Iterator[Arrival]:
        """Yield runs of about so many rows at most, as far as batches can be told apart."""
        batches = self.through - self.above
        count = min(batches, -(-self.rows // most_rows))
        for index in range(count):
            above, through = (self.above + batches * edge // count for edge in (index, index + 1))
            share = -(-self.rows * (through - above) // batches)
            yield Arrival(self.spool_id, self.stream, above, through, share, self.first_ns, self.last_ns, self.since_ns)

    def condition(self, row: str) -> str:
        """Return SQL: whether a row is of it.

        Args:
            row: Alias of rows of the raw table.
        """
        kind, time = self.stream.partition(".")[0], f"{row}.time"
        inserted = f" AND {row}.inserted_time >= {instant(self.since_ns)}" if self.since_ns else ""
        return (
            f"({since(kind, time, self.first_ns)} AND {until(kind, time, self.last_ns, inclusive=True)} "
            f"AND {row}.spool_id = {quoted(self.spool_id)} AND {row}.stream = {quoted(self.stream)} "
            f"AND {row}.sequence > {self.above} AND {row}.sequence <= {self.through}{inserted})"
        )


class Arrivals:
    """Remembers which accounts were seen.

    Args:
        store: The store.
        kind: `flows` or `drops`.
    """

    def __init__(self, store: StoreClient, kind: str) -> None:
        self._store = store
        self._kind = kind
        self._seen: dict[tuple[Any, ...], int] = {}
        self._highest: dict[str, int] = {}
        self._newest_ns = 0

    def begin(self, back_ns: int = 0) -> None:
        """Take all that is there as seen, but for what was inserted within so long before now."""
        now = self._store.query_rows("SELECT toUnixTimestamp64Nano(now64(9)) AS now_ns")[0]["now_ns"]
        self._newest_ns = int(now) - back_ns
        for row in self._accounts():
            if int(row["inserted_ns"]) < self._newest_ns or not back_ns:
                self._remember(row)

    def fresh(self) -> list[Arrival]:
        """Return what came since the last call, in the order in which it was stored.

        Raises:
            StoreRefused: The store said no; nothing is taken as seen.
            StoreUnavailable: It did not answer.
        """
        rows = [row for row in self._accounts() if _key(row) not in self._seen]
        replays = self._replays([row for row in rows if row["cause"]])
        found = []
        for row in rows:
            sequence = replays.get(str(row["source"])) if row["cause"] else int(row["through_sequence"])
            if sequence is None:
                continue
            found.append(
                Arrival(
                    str(row["of_spool_id"]),
                    str(row["of_stream"]),
                    sequence - (1 if row["cause"] else int(row["batches_count"])),
                    sequence,
                    int(row["out_rows_count"]),
                    int(row["first_ns"]),
                    int(row["last_ns"]),
                    int(row["opened_ns"]) if row["cause"] else 0,
                )
            )
        for row in rows:
            self._remember(row)
        oldest_ns = self._newest_ns - 2 * _OVERLAP_NS
        self._seen = {key: inserted_ns for key, inserted_ns in self._seen.items() if inserted_ns >= oldest_ns}
        return found

    def _accounts(self) -> list[dict[str, Any]]:
        from_ns = self._newest_ns - _OVERLAP_NS
        ways = [f"inserted_time >= {instant(from_ns)}"]
        known = list(self._highest.items())[-_MOST_SOURCES:]
        ways += [f"(spool_id = {quoted(source)} AND sequence > {number})" for source, number in known]
        return self._store.query_rows(
            "SELECT spool_id AS source, sequence AS intent, of_spool_id, of_stream, through_sequence, batches_count, "
            "out_rows_count, cause, toUnixTimestamp64Nano(time) AS opened_ns, "
            "toUnixTimestamp64Nano(first_event_time) AS first_ns, toUnixTimestamp64Nano(last_event_time) AS last_ns, "
            "toUnixTimestamp64Nano(inserted_time) AS inserted_ns FROM ledger "
            f"WHERE time >= {instant(from_ns - _OPEN_AT_MOST_NS)} AND stage = 'processor' "
            f"AND startsWith(of_stream, '{self._kind}.') AND out_rows_count > 0 AND ({' OR '.join(ways)}) "
            f"AND (cause = '' OR startsWith(cause, '{_REPLAYED}')) "
            "ORDER BY inserted_time, intent, of_stream, of_spool_id, through_sequence"
        )

    def _replays(self, rows: Sequence[dict[str, Any]]) -> dict[str, int]:
        """Return for sources of replays which batch each brought."""
        if not rows:
            return {}
        sources = ", ".join(quoted(str(row["source"])) for row in rows)
        found = self._store.query_rows(
            "SELECT spool_id AS source, subject FROM events WHERE event = 'batch_replay_begun' "
            f"AND spool_id IN ({sources})"
        )
        return {row["source"]: int(row["subject"].rpartition(" ")[2]) for row in found}

    def _remember(self, row: dict[str, Any]) -> None:
        self._seen[_key(row)] = int(row["inserted_ns"])
        self._newest_ns = max(self._newest_ns, int(row["inserted_ns"]))
        source, intent = str(row["source"]), int(row["intent"])
        # Last in the order is who was heard of last.
        self._highest[source] = max(intent, self._highest.pop(source, 0))


def _key(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("source", "intent", "of_spool_id", "of_stream", "through_sequence", "cause"))
