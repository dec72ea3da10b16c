"""The one-minute tier of `counters`: filled by `INSERT … SELECT` for each closed minute, and again for late rows.

A tier row names the revision of its minute: how many processor ledger rows touched it when it was filled. The revision
is read before the rows, so whatever comes between makes a higher one, and the minute is filled again. Filling twice
does no harm: the view takes the newest revision. A raw row belongs to the minute that holds its start + 200 ms, because
a sweep that is aligned to the clock may begin a little early.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from prometheus_client import Counter

from ingest.processor.delivery import quoted
from ingest.store.client import StoreClient
from viflux import logs
from viflux.clock import Clock
from viflux.registry import KINDS

STREAM = "counters.netlink"
MINUTE_NS = 60 * 1_000_000_000
ALIGNMENT_NS = 200 * 1_000_000
_LOOK_BACK_NS = 3 * 86_400 * 1_000_000_000
_MOST_MINUTES = 60
_FILLED = Counter("viflux_processor_tier_windows", "Minutes of the one-minute tier that were filled.")
_LATE = Counter("viflux_processor_late_rows", "Raw rows that came too late to re-open their minute.")
_NO_MEASURE = "('gap', 'reset')"
_OWN = ("time", "host", "vif_id", "revision", "covered_ns", "gap_ns", "rows_count")


@dataclass(frozen=True)
class Touched:
    """What an intent stored of the counters of one host.

    Attributes:
        host: The host.
        first_ns: Earliest event time.
        last_ns: Latest event end.
    """

    host: str
    first_ns: int
    last_ns: int


class MinuteTier:
    """Knows which minutes are waiting to be filled; everything in it can be found again from the store."""

    def __init__(self, store: StoreClient, clock: Clock, *, grace_ns: int, late_ns: int) -> None:
        self._store = store
        self._clock = clock
        self._grace_ns = grace_ns
        self._late_ns = late_ns
        self._waiting: dict[str, set[int]] = {}
        self._watermarks: dict[str, int] = {}
        self._heard_ns: dict[str, int] = {}
        self._late_seen: dict[tuple[str, int], int] = {}
        self._log = logs.get("processor")

    def start(self, watermarks: dict[str, int]) -> None:
        """Find the minutes that an earlier process left unfilled or stale.

        Args:
            watermarks: For each host the watermark of its counters.

        Raises:
            StoreUnavailable: The store does not answer.
            StoreRefused: It says no.
        """
        since_ns = self._clock.now_ns() - _LOOK_BACK_NS
        sql = (
            "SELECT ledger.host AS host, ledger.minute AS minute FROM "
            f"({_revisions(since_ns, '1')}) AS ledger LEFT JOIN "
            "(SELECT host, intDiv(toUnixTimestamp(time), 60) AS minute, max(revision) AS revision "
            f"FROM counters_1m_revisions WHERE time >= fromUnixTimestamp64Nano({since_ns - MINUTE_NS}, 'UTC') "
            "GROUP BY host, minute) AS tier ON ledger.host = tier.host AND ledger.minute = tier.minute "
            "WHERE ledger.revision != tier.revision"
        )
        for row in self._store.query_rows(sql):
            self._waiting.setdefault(str(row["host"]), set()).add(int(row["minute"]))
        for host, watermark_ns in watermarks.items():
            self.moved(host, watermark_ns)

    def touch(self, touched: Iterable[Touched]) -> None:
        """Take note of what an intent stored."""
        for each in touched:
            first, last = (each.first_ns + ALIGNMENT_NS) // MINUTE_NS, (each.last_ns + ALIGNMENT_NS) // MINUTE_NS
            self._waiting.setdefault(each.host, set()).update(range(first, last + 1))
            self._heard_ns[each.host] = self._clock.now_ns()

    def moved(self, host: str, watermark_ns: int) -> None:
        """Take note of a host's watermark."""
        self._watermarks[host] = max(watermark_ns, self._watermarks.get(host, 0))
        self._heard_ns[host] = self._clock.now_ns()

    def is_due(self) -> bool:
        """Whether a waiting minute has closed."""
        return any(self._is_closed(host, minute) for host, minutes in self._waiting.items() for minute in minutes)

    def tend(self) -> int:
        """Fill the waiting minutes that have closed; return how many.

        Raises:
            StoreUnavailable: The store does not answer; the minutes go on waiting.
            StoreRefused: It says no; the same.
        """
        filled = 0
        for host in sorted(self._waiting):
            closed = sorted(minute for minute in self._waiting[host] if self._is_closed(host, minute))
            for start in range(0, len(closed), _MOST_MINUTES):
                minutes = closed[start : start + _MOST_MINUTES]
                filled += self._fill(host, minutes)
                self._waiting[host].difference_update(minutes)
        return filled

    def _is_closed(self, host: str, minute: int) -> bool:
        end_ns = (minute + 1) * MINUTE_NS
        if self._watermarks.get(host, 0) >= end_ns:
            return True
        # A host that is catching up is not silent: its minutes close by its watermark.
        quiet_since = max(end_ns, self._heard_ns.get(host, 0))
        return self._clock.now_ns() >= quiet_since + self._grace_ns

    def _fill(self, host: str, minutes: Sequence[int]) -> int:
        minutes = self._without_late(host, minutes)
        if not minutes:
            return 0
        since_ns = minutes[0] * MINUTE_NS - 2 * MINUTE_NS
        revisions = {
            int(row["minute"]): int(row["revision"])
            for row in self._store.query_rows(
                _revisions(since_ns, f"host = {quoted(host)} AND minute IN ({_list(minutes)})")
            )
        }
        due = [minute for minute in minutes if revisions.get(minute)]
        for day in sorted({minute // 1440 for minute in due}):
            of_day = [minute for minute in due if minute // 1440 == day]
            self._store.command(_fill_sql(host, of_day, [revisions[minute] for minute in of_day]))
        _FILLED.inc(len(due))
        return len(due)

    def _without_late(self, host: str, minutes: Sequence[int]) -> list[int]:
        late_before = (self._clock.now_ns() - self._late_ns) // MINUTE_NS
        late = [minute for minute in minutes if minute + 1 <= late_before]
        if not late:
            return list(minutes)
        rows_before = self._rows_in_tier(host, late)
        rows_now = self._rows_in_raw(host, late) if rows_before else {}
        for minute, before in rows_before.items():
            more = rows_now.get(minute, before) - before - self._late_seen.get((host, minute), 0)
            if more > 0:
                _LATE.inc(more)
                self._late_seen[host, minute] = self._late_seen.get((host, minute), 0) + more
                self._log.warning("rows came too late for their minute", host=host, minute_time=minute * 60, rows=more)
        return [minute for minute in minutes if minute not in rows_before]

    def _rows_in_tier(self, host: str, minutes: Sequence[int]) -> dict[int, int]:
        sql = (
            "SELECT minute, sum(rows_count) AS rows FROM (SELECT intDiv(toUnixTimestamp(time), 60) AS minute, vif_id, "
            "argMax(rows_count, revision) AS rows_count FROM counters_1m_revisions "
            f"WHERE {_spanned(minutes, 0)} AND host = {quoted(host)} AND minute IN ({_list(minutes)}) "
            "GROUP BY minute, vif_id) GROUP BY minute"
        )
        return {int(row["minute"]): int(row["rows"]) for row in self._store.query_rows(sql)}

    def _rows_in_raw(self, host: str, minutes: Sequence[int]) -> dict[int, int]:
        sql = (
            f"SELECT {_MINUTE_OF_ROW} AS minute, count() AS rows FROM counters WHERE {_spanned(minutes, ALIGNMENT_NS)} "
            f"AND host = {quoted(host)} AND minute IN ({_list(minutes)}) GROUP BY minute"
        )
        return {int(row["minute"]): int(row["rows"]) for row in self._store.query_rows(sql)}


_MINUTE_OF_ROW = f"intDiv(toUnixTimestamp64Nano(time) + {ALIGNMENT_NS}, {MINUTE_NS})"


def _revisions(since_ns: int, condition: str) -> str:
    """SQL: for each host and minute how many ledger rows touched it; no row of a minute is stored before it begins."""
    return (
        "SELECT host, minute, count() AS revision FROM (SELECT host, arrayJoin(range("
        f"intDiv(toUnixTimestamp64Nano(first_event_time) + {ALIGNMENT_NS}, {MINUTE_NS}), "
        f"intDiv(toUnixTimestamp64Nano(last_event_time) + {ALIGNMENT_NS}, {MINUTE_NS}) + 1)) AS minute FROM ledger "
        f"WHERE time >= fromUnixTimestamp64Nano({since_ns}, 'UTC') AND stage = 'processor' "
        f"AND of_stream = '{STREAM}' AND out_rows_count > 0) WHERE {condition} GROUP BY host, minute"
    )


def _fill_sql(host: str, minutes: Sequence[int], revisions: Sequence[int]) -> str:
    deltas = [name for name in KINDS["counters_1m"].table if name in KINDS["counters"].record and name not in _OWN]
    values = {
        **{name: f"sum(raw.{name})" for name in deltas},
        "rx_bytes_per_second_max": _highest_rate("rx_bytes"),
        "tx_bytes_per_second_max": _highest_rate("tx_bytes"),
        "qdisc_backlog_bytes_max": f"maxIf(raw.qdisc_backlog_bytes, raw.delta_kind NOT IN {_NO_MEASURE})",
    }
    revision = f"transform(minute, [{_list(minutes)}], [{_list(revisions)}], 0)"
    return (
        f"INSERT INTO counters_1m_revisions ({', '.join((*_OWN, *values))}) "
        f"SELECT fromUnixTimestamp64Nano(minute * {MINUTE_NS}, 'UTC'), any(raw.host), raw.vif_id, "
        f"toUInt64({revision}), "
        f"sumIf(raw.duration_ns, raw.delta_kind NOT IN {_NO_MEASURE}), "
        f"sumIf(raw.duration_ns, raw.delta_kind IN {_NO_MEASURE}), count(), {', '.join(values.values())} "
        f"FROM (SELECT *, {_MINUTE_OF_ROW} AS minute FROM counters WHERE {_spanned(minutes, ALIGNMENT_NS)} "
        f"AND host = {quoted(host)}) AS raw WHERE minute IN ({_list(minutes)}) GROUP BY minute, raw.vif_id"
    )


def _highest_rate(name: str) -> str:
    measured = f"raw.delta_kind NOT IN {_NO_MEASURE} AND raw.duration_ns > 0"
    return f"maxIf(raw.{name} * 1e9 / raw.duration_ns, {measured})"


def _spanned(minutes: Sequence[int], earlier_ns: int) -> str:
    first, end = minutes[0] * MINUTE_NS - earlier_ns, (minutes[-1] + 1) * MINUTE_NS - earlier_ns
    return f"time >= fromUnixTimestamp64Nano({first}, 'UTC') AND time < fromUnixTimestamp64Nano({end}, 'UTC')"


def _list(values: Sequence[int]) -> str:
    return ", ".join(str(value) for value in values)
