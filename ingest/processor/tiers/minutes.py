"""Fills a tier of minutes: by `INSERT … SELECT` for each closed minute, and again for late rows.

A filled row names the revision of its minute: how many processor ledger rows touched it when it was filled. The
revision is read before the rows, so whatever comes between makes a higher one, and the minute is filled again. Filling
twice does no harm: the view takes the newest revision.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from prometheus_client import Counter

from ingest.processor.batches import Rows
from ingest.processor.identity import quoted
from ingest.processor.tiers.tier import MINUTE_NS, Tier, instants, listed
from ingest.store.client import StoreClient
from viflux import logs
from viflux.clock import Clock

_LOOK_BACK_NS = 3 * 86_400 * 1_000_000_000
_MINUTES_OF_DAY = 1440
_FILLED = Counter("viflux_processor_tier_windows", "Minutes of a one-minute tier that were filled.", ["kind"])
_LATE = Counter("viflux_processor_late_rows", "Raw rows that came too late to re-open their minute.", ["kind"])
# Fills of some minutes are one block each, however many rows they make.
_ONE_BLOCK = {"min_insert_block_size_rows": 16_000_000, "min_insert_block_size_bytes": 0}


class MinuteTier:
    """Knows which minutes of a tier wait to be filled; everything in it can be found again from the store."""

    def __init__(self, tier: Tier, store: StoreClient, clock: Clock, *, grace_ns: int, late_ns: int) -> None:
        self._tier = tier
        self._store = store
        self._clock = clock
        self._grace_ns = grace_ns
        self._late_ns = late_ns
        self._waiting: dict[str, set[int]] = {}
        # Of a filled minute: how often, and until when it is left alone.
        self._filled: dict[tuple[str, int], tuple[int, int]] = {}
        self._closed_until_ns: dict[str, int] = {}
        self._reached_ns: dict[str, int] = {}
        self._heard_ns: dict[str, int] = {}
        self._late_seen: dict[tuple[str, int], int] = {}
        self._log = logs.get("processor")

    def start(self, watermarks: Mapping[str, Mapping[str, int]]) -> None:
        """Find the minutes that an earlier process left unfilled or stale.

        Args:
            watermarks: For each host the watermarks of its streams.

        Raises:
            StoreUnavailable: The store does not answer.
            StoreRefused: It says no.
        """
        since_ns = self._clock.now_ns() - _LOOK_BACK_NS
        sql = (
            "SELECT ledger.host AS host, ledger.minute AS minute FROM "
            f"({self._revisions(since_ns, '1')}) AS ledger LEFT JOIN "
            f"(SELECT host, {self._tier.minute_of_filled} AS minute, max(revision) AS revision "
            f"FROM {self._tier.table} WHERE time >= fromUnixTimestamp64Nano({since_ns - MINUTE_NS}, 'UTC') "
            f"AND {self._tier.marks} GROUP BY host, minute) AS tier "
            "ON ledger.host = tier.host AND ledger.minute = tier.minute WHERE ledger.revision != tier.revision"
        )
        stale: dict[str, list[int]] = {}
        for row in self._store.query_rows(sql):
            stale.setdefault(str(row["host"]), []).append(int(row["minute"]))
        for host, minutes in stale.items():
            # A hand-over touches all minutes between its first and its last row, most of which may have none.
            for of_day in _by_day(sorted(minutes), _MINUTES_OF_DAY):
                self._waiting.setdefault(host, set()).update(self._rows_in_raw(host, of_day))
        for host, streams in watermarks.items():
            self.moved(host, streams, max(streams.values(), default=0))

    def touch(self, host: str, parts: Iterable[Rows]) -> None:
        """Take note of rows that were stored for a host."""
        for part in parts:
            if part.entry.frame.metadata.kind == self._tier.kind:
                self._waiting.setdefault(host, set()).update(self._tier.touched(part))

    def moved(self, host: str, watermarks: Mapping[str, int], reached_ns: int) -> None:
        """Take note of how far a host's data are stored.

        Args:
            host: The host.
            watermarks: Those of its streams that are known.
            reached_ns: Everything that was handed over before this instant is stored.
        """
        closed_ns = max(watermarks.get(self._tier.closed_by, 0), reached_ns - self._grace_ns)
        self._closed_until_ns[host] = max(closed_ns, self._closed_until_ns.get(host, 0))
        self._reached_ns[host] = max(reached_ns, self._reached_ns.get(host, 0))
        self._heard_ns[host] = self._clock.now_ns()

    def is_due(self) -> bool:
        """Whether a waiting minute has closed."""
        return any(self._may_fill(host, minute) for host, minutes in self._waiting.items() for minute in minutes)

    def tend(self) -> int:
        """Fill the waiting minutes that have closed; return how many.

        Raises:
            StoreUnavailable: The store does not answer; the minutes go on waiting.
            StoreRefused: It says no; the same.
        """
        filled = 0
        for host in sorted(self._waiting):
            closed = sorted(minute for minute in self._waiting[host] if self._may_fill(host, minute))
            for minutes in _by_day(closed, self._tier.most_minutes):
                filled += self._fill(host, minutes)
                self._waiting[host].difference_update(minutes)
        self._forget()
        return filled

    def _may_fill(self, host: str, minute: int) -> bool:
        end_ns, now_ns = (minute + 1) * MINUTE_NS, self._clock.now_ns()
        if now_ns < self._filled.get((host, minute), (0, 0))[1]:
            return False
        if self._closed_until_ns.get(host, 0) >= end_ns:
            return True
        # A host that is catching up is not silent: its minutes close by what was handed over.
        quiet_since = max(end_ns, self._heard_ns.get(host, 0))
        return now_ns >= quiet_since + self._grace_ns

    def _fill(self, host: str, minutes: Sequence[int]) -> int:
        minutes = self._without_late(host, minutes)
        if not minutes:
            return 0
        since_ns = minutes[0] * MINUTE_NS - 2 * MINUTE_NS
        condition = f"host = {quoted(host)} AND minute IN ({listed(minutes)})"
        revisions = {
            int(row["minute"]): int(row["revision"])
            for row in self._store.query_rows(self._revisions(since_ns, condition))
        }
        due = [minute for minute in minutes if revisions.get(minute)]
        if due:
            for fill in self._tier.fills(host, due, [revisions[minute] for minute in due]):
                self._store.command(fill.sql, fill.parameters, _ONE_BLOCK)
        now_ns = self._clock.now_ns()
        for minute in due:
            # Where rows trickle in for an hour, a minute is still filled only some times.
            fills, _ = self._filled.get((host, minute), (0, 0))
            self._filled[host, minute] = (fills + 1, now_ns + (self._tier.pause_ns << min(fills, 16)))
        _FILLED.labels(self._tier.kind).inc(len(due))
        return len(due)

    def _forget(self) -> None:
        since_ns = self._clock.now_ns() - self._late_ns
        self._filled = {of: (fills, until_ns) for of, (fills, until_ns) in self._filled.items() if until_ns > since_ns}

    def _without_late(self, host: str, minutes: Sequence[int]) -> list[int]:
        # Where a backlog is worked off, rows are late only against the rest of the backlog.
        now_ns = min(self._clock.now_ns(), self._reached_ns.get(host, self._clock.now_ns()))
        late_before = (now_ns - self._late_ns) // MINUTE_NS
        late = [minute for minute in minutes if minute + 1 <= late_before]
        if not late:
            return list(minutes)
        rows_before = self._rows_in_tier(host, late)
        rows_now = self._rows_in_raw(host, late) if rows_before else {}
        for minute, before in rows_before.items():
            more = rows_now.get(minute, before) - before - self._late_seen.get((host, minute), 0)
            if more > 0:
                _LATE.labels(self._tier.kind).inc(more)
                self._late_seen[host, minute] = self._late_seen.get((host, minute), 0) + more
                self._log.warning(
                    "rows came too late for their minute",
                    host=host,
                    kind=self._tier.kind,
                    minute_time=minute * 60,
                    rows=more,
                )
        return [minute for minute in minutes if minute not in rows_before]

    def _rows_in_tier(self, host: str, minutes: Sequence[int]) -> dict[int, int]:
        # Summed over the newest of each minute's revisions, which a merge may not have left alone yet.
        sql = (
            "SELECT minute, argMax(rows, revision) AS rows FROM ("
            f"SELECT {self._tier.minute_of_filled} AS minute, revision, sum({self._tier.rows_of_filled}) AS rows "
            f"FROM {self._tier.table} FINAL WHERE {self._spanned(minutes)} AND {self._tier.marks} "
            f"AND host = {quoted(host)} AND minute IN ({listed(minutes)}) GROUP BY minute, revision) GROUP BY minute"
        )
        return {int(row["minute"]): int(row["rows"]) for row in self._store.query_rows(sql)}

    def _rows_in_raw(self, host: str, minutes: Sequence[int]) -> dict[int, int]:
        sql = (
            f"SELECT {self._tier.minute_of_raw} AS minute, count() AS rows FROM {self._tier.kind} "
            f"WHERE {self._spanned(minutes, self._tier.earlier_ns)} "
            f"AND host = {quoted(host)} AND minute IN ({listed(minutes)}) GROUP BY minute"
        )
        return {int(row["minute"]): int(row["rows"]) for row in self._store.query_rows(sql)}

    def _revisions(self, since_ns: int, condition: str) -> str:
        """SQL: for each host and minute how many ledger rows touched it; no row is stored before its minute begins."""
        return (
            "SELECT host, minute, count() AS revision FROM (SELECT host, arrayJoin(range("
            f"{self._tier.first_minute}, {self._tier.last_minute} + 1)) AS minute FROM ledger "
            f"WHERE time >= fromUnixTimestamp64Nano({since_ns}, 'UTC') AND stage = 'processor' "
            f"AND startsWith(of_stream, '{self._tier.kind}.') AND out_rows_count > 0) "
            f"WHERE {condition} GROUP BY host, minute"
        )

    def _spanned(self, minutes: Sequence[int], earlier_ns: int = 0) -> str:
        return instants(minutes[0] * MINUTE_NS - earlier_ns, (minutes[-1] + 1) * MINUTE_NS - earlier_ns)


def _by_day(minutes: Sequence[int], most: int) -> Iterable[list[int]]:
    """Yield runs of sorted minutes, each of one day and no longer than `most`."""
    run: list[int] = []
    for minute in minutes:
        if run and (len(run) == most or minute // _MINUTES_OF_DAY != run[0] // _MINUTES_OF_DAY):
            yield run
            run = []
        run.append(minute)
    if run:
        yield run
