"""The source `conntrack`: how full the connection tracking of each network namespace is, and who fills it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import Counter, Gauge

from collectors import _native
from collectors.agent.batches import batches
from collectors.agent.happenings import Problems
from collectors.agent.source import Source
from collectors.agent.waiting import Waiting
from collectors.conntrack.occupancy import Counters, Row, Table
from viflux.clock import NANOSECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from collectors._native import ConntrackHolders, ConntrackReading, HostWatch
    from collectors.agent.happenings import Happenings
    from collectors.agent.source import Turn
    from viflux.settings.schema import Conntrack as Settings
    from viflux.spool import Batch, Unread

STREAM = "hosts.conntrack"
HOLDERS = "holders.conntrack"

PERIOD_NS = NANOSECONDS
"""How often the tables' sizes are read."""

READ_NS = 2_000_000
"""How long that may take; namespaces that are not read then are the first of the next time."""

_REST = 50
"""Looking for holders takes at most one part in so many of a processor: it is that much longer away."""

_MOST_NAMESPACES = 8
"""So many of the fullest tables are looked into at a time."""

_MOST_ORIGINS = 65_536
"""So many origins are told apart: 4 MiB. Entries come in random order, so those with many are among the first."""

_NAMESPACES = Gauge("viflux_agent_conntrack_namespaces", "Network namespaces whose connection tracking is read")
_LOOKS = Counter("viflux_agent_conntrack_looks", "Looks into tables for who holds the entries")
_LOOK_SECONDS = Counter("viflux_agent_conntrack_look_seconds", "Processor time that these took")
_SEEN = Counter("viflux_agent_conntrack_seen_entries", "Entries that these saw")


class Conntrack(Source):
    """Reads the tables' sizes about once a second, what happened in them with each sweep, their entries now and then.

    Args:
        settings: How many holders are told of, and what looking for them may take.
        now_ns: From when on, ns since the epoch.
    """

    streams = (STREAM, HOLDERS)

    def __init__(self, settings: Settings, now_ns: int) -> None:
        self._settings = settings
        self._tables: dict[int, Table] = {}
        self._since_ns = now_ns
        self._next_reading_ns = 0
        self._next_look_ns = 0
        self._after = 0
        self._rows = Waiting(STREAM)
        self._holders = Waiting(HOLDERS)
        self._problems = Problems("conntrack")
        self._told: set[str] = set()

    def look(self, watch: HostWatch, monotonic_ns: int) -> None:
        """Read the tables' sizes, where a second is over."""
        if monotonic_ns < self._next_reading_ns:
            return
        self._next_reading_ns = monotonic_ns + PERIOD_NS
        readings, failures = _native.conntrack_occupancies(watch, after=self._after, budget_ns=READ_NS)
        self._take(readings, failures)
        if readings:
            self._after = readings[-1].namespace

    def propose(self, turn: Turn) -> list[Batch]:
        """Return batches that are not committed; an interval's rows when it ends."""
        if turn.ends_interval:
            readings, failures = _native.conntrack_accounts(turn.watch)
            self._take(readings, failures)
            self._rows.add(batches(STREAM, _native.encode_conntrack(self._end(readings, turn.now_ns))), turn.now_ns)
            self._holders.add(self._look_for_holders(turn, readings), turn.now_ns)
        return [*self._rows.propose(), *self._holders.propose()]

    def _take(self, readings: Sequence[ConntrackReading], failures: Sequence[tuple[str, str]]) -> None:
        for reading in readings:
            table = self._tables.get(reading.namespace)
            if table is None:
                # What is there at start is told of from the start; another one has only just been found.
                since_ns = reading.time_ns if self._tables else self._since_ns
                table = self._tables[reading.namespace] = Table(reading.name, since_ns)
            table.name = reading.name
            table.read(reading.time_ns, reading.entries, reading.max)
            if reading.counters is not None:
                table.now = Counters(*reading.counters)
        for namespace, reason in failures:
            if reason not in self._told and len(self._told) < _MOST_NAMESPACES:
                self._told.add(reason)
                detail = f"connection tracking of {namespace or 'the own namespace'} is not seen: {reason}"
                self._problems.add("conntrack_unreadable", namespace or "own", detail)

    def _end(self, readings: Sequence[ConntrackReading], now_ns: int) -> list[Row]:
        there = {reading.namespace for reading in readings}
        _NAMESPACES.set(len(there))
        rows = []
        for cookie, table in list(self._tables.items()):
            row = table.end(now_ns)
            if row is not None:
                rows.append(row)
                self._tell_full(row)
            if cookie not in there:
                del self._tables[cookie]
        return rows

    def _tell_full(self, row: Row) -> None:
        refused = (row.conntrack_dropped_packets or 0) + (row.conntrack_early_dropped_count or 0)
        if refused:
            where = row.namespace or "the host's own namespace"
            detail = (
                f"the connection tracking of {where} was full: {row.conntrack_dropped_packets} packets dropped, "
                f"{row.conntrack_early_dropped_count} connections thrown out; {row.conntrack_peak_count} entries of "
                f"{row.conntrack_max_count}"
            )
            self._problems.add("conntrack_full", row.namespace or "own", detail, refused)

    def _look_for_holders(self, turn: Turn, readings: Sequence[ConntrackReading]) -> list[Batch]:
        if not self._settings.holders or turn.now_ns < self._next_look_ns:
            return []
        fullest = sorted((one for one in readings if one.entries), key=lambda one: -one.entries)[:_MOST_NAMESPACES]
        left_ns = int(self._settings.look_time)
        looks: list[tuple[int, str, int, ConntrackHolders]] = []
        for reading in fullest:
            if left_ns <= 0:
                break
            found = self._holders_of(turn.watch, reading, left_ns)
            if found is not None:
                left_ns -= found.cpu_ns
                looks.append((turn.now_ns, reading.name, reading.entries, found))
                _LOOKS.inc()
                _SEEN.inc(found.seen)
                _LOOK_SECONDS.inc(found.cpu_ns / 1e9)
        self._next_look_ns = turn.now_ns + _REST * (int(self._settings.look_time) - left_ns)
        return batches(HOLDERS, _native.encode_holders(looks)) if looks else []

    def _holders_of(self, watch: HostWatch, reading: ConntrackReading, cpu_ns: int) -> ConntrackHolders | None:
        try:
            return _native.conntrack_holders(
                watch, namespace=reading.namespace, cpu_ns=cpu_ns, origins=_MOST_ORIGINS, top=self._settings.holders
            )
        except OSError as error:
            self._take([], [(reading.name, str(error))])
            return None

    def watermarks(self, turn: Turn) -> Mapping[str, int]:  # noqa: ARG002
        """Return the instant before which all rows are committed or proposed."""
        return {STREAM: self._rows.watermark_ns, HOLDERS: self._holders.watermark_ns}

    def lost(self, turn: Turn) -> list[Unread]:
        """Return what was lost since the last commit."""
        return [*self._rows.lost(turn.now_ns), *self._holders.lost(turn.now_ns)]

    def commit(self) -> None:
        """What was proposed is written."""
        self._rows.commit()
        self._holders.commit()

    def tell_problems(self, happenings: Happenings, now_ns: int) -> None:
        """Make events and log lines of what a person should know."""
        self._problems.tell(happenings, now_ns)
