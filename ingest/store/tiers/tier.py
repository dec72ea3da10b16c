"""One tier of one kind: the SQL that finds its stale windows and fills them.

A filled row names the revision of its window. In the finest tier that is how many hand-overs had touched the window, as
the ledger says; in a coarser one the sum of the revisions of what it was filled from. Either only grows, and grows with
every change, so a window is stale where its revision is higher than that of its last fill. It is read before the rows
are, so whatever comes between makes a higher one, and the window is filled again. Filling twice does no harm: of the
same row the newest revision shows, and of the same revision the last.

A fill replaces: rows that an earlier fill left and this one has not are written once more as `vanished`.

A window of millions of flows is written block by block, and a fill may end in the middle. So its last statement leaves
**marks**: rows of the VIF `MARK` that no view shows, one for each window into which the fill put rows. What counts as
filled is what is marked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from ingest.store.keyed import since, until
from ingest.store.literals import instant, quoted
from ingest.store.tiers.rows import EARLIER_NS, added_up, finer_of, of_finer, of_raw, start_of, window_of
from viflux.clock import DAY_NS, NANOSECONDS
from viflux.registry import KINDS
from viflux.registry.rollups import LENGTHS, Length, Rollup

MARK = (1 << 64) - 1
"""`vif_id` of a mark: no VIF has it. A mark is `vanished`, so views leave it out."""

_DAY_SECONDS = 86_400
# How far a processor's clock may be behind those of the hosts: no row is stored before its window, but for that.
_CLOCKS_DIFFER_NS = 6 * 3_600 * NANOSECONDS


class Window(NamedTuple):
    """A window of one host.

    Attributes:
        host: The host.
        number: Windows since the epoch.
    """

    host: str
    number: int


class Vifs(NamedTuple):
    """A range of VIFs.

    Attributes:
        first: The lowest `vif_id`.
        last: The highest, in it.
    """

    first: int
    last: int


EVERY_VIF = Vifs(0, MARK - 1)


@dataclass(frozen=True)
class Tier:
    """One tier of one kind.

    Attributes:
        rollup: What the kind's tiers keep.
        length: How long the windows are.
    """

    rollup: Rollup
    length: Length

    @cached_property
    def name(self) -> str:
        """Name of the view."""
        return f"{self.rollup.kind}_{self.length.suffix}"

    @cached_property
    def table(self) -> str:
        """Name of the table."""
        return self.rollup.table_of(self.length.suffix)

    @cached_property
    def window_ns(self) -> int:
        """Length of a window."""
        return self.length.seconds * NANOSECONDS

    @cached_property
    def is_finest(self) -> bool:
        """Whether it is filled from raw rows."""
        return self.length is LENGTHS[0]

    @cached_property
    def source(self) -> str:
        """Name of what it is filled from: a raw table or the next finer tier's view."""
        return self.rollup.kind if self.is_finest else f"{self.rollup.kind}_{finer_of(self.length).suffix}"

    @cached_property
    def source_table(self) -> str:
        """Name of the table behind `source`, which has marks and vanished rows too."""
        return self.source if self.is_finest else self.rollup.table_of(finer_of(self.length).suffix)

    @cached_property
    def is_spread(self) -> bool:
        """Whether a fill leaves rows in windows before the one that it is for."""
        return "end_minute_time" in self.rollup.row_keys(self.length.suffix)

    @cached_property
    def windows_before(self) -> int:
        """In how many windows before its own a fill may leave rows."""
        return self.rollup.spread_minutes if self.is_spread else 0

    def partition_of(self, number: int) -> int:
        """Return a number that windows of one partition share."""
        day = number * self.length.seconds // _DAY_SECONDS
        if self.length.partition_of == "day":
            return day
        # Civil months from days, in whole years of 400: the era is of no interest, only that months differ.
        shifted = day + 719_468
        of_era = shifted % 146_097
        year = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
        of_year = of_era - (365 * year + year // 4 - year // 100)
        return (shifted // 146_097 * 400 + year) * 12 + (5 * of_year + 2) // 153

    def computed(self, first: int | str, last: int | str, hosts: Iterable[str] = ()) -> str:
        """Return SQL for (host, window_number, revision) as the ledger or the finer tier says.

        Args:
            first: The first window; its number, or SQL for it.
            last: The last one.
            hosts: Only these; empty for all.
        """
        if self.is_finest:
            return self._touches(first, last, hosts)
        finer = finer_of(self.length)
        keys = [key for key in self.rollup.row_keys(finer.suffix) if key in ("time", "end_minute_time")]
        return (
            f"SELECT host, window_number, sum(revision) AS revision FROM (SELECT host, {', '.join(keys)}, "
            f"{window_of('time', self.length)} AS window_number, max(revision) AS revision "
            f"FROM {self.source_table} WHERE vif_id = {MARK} AND {self._span('time', first, last)}{_only(hosts)} "
            f"GROUP BY host, {', '.join(keys)}) GROUP BY host, window_number"
        )

    def stored(self, first: int | str, last: int | str, hosts: Iterable[str] = ()) -> str:
        """Return SQL for (host, window_number, revision) of the marks that are there; arguments as `computed`."""
        # Marks in earlier minutes say how far the window's rows reach; the one in its own, that all of it is there.
        own = " AND time = end_minute_time" if self.is_spread else ""
        return (
            f"SELECT host, {window_of('time', self.length)} AS window_number, max(revision) AS revision "
            f"FROM {self.table} WHERE vif_id = {MARK} AND {self._span('time', first, last)}{own}{_only(hosts)} "
            "GROUP BY host, window_number"
        )

    def stale(self, first: int, last: int, most: int) -> str:
        """Return SQL for (host, window_number, revision, stored_revision) of stale windows, newest first."""
        return (
            "SELECT computed.host AS host, computed.window_number AS window_number, computed.revision AS revision, "
            f"stored.revision AS stored_revision FROM ({self.computed(first, last)}) AS computed "
            f"LEFT JOIN ({self.stored(first, last)}) AS stored "
            "ON computed.host = stored.host AND computed.window_number = stored.window_number "
            "WHERE computed.revision > stored.revision "
            f"ORDER BY window_number DESC, host LIMIT {most}"
        )

    def rows(self, windows: Sequence[Window], vifs: Vifs = EVERY_VIF) -> str:
        """Return SQL for the rows that these windows should have; see `ingest.store.tiers.rows` for the columns."""
        first, last = _bounds(windows)
        hosts = {window.host for window in windows}
        source = self.source_rows(first, last, hosts, vifs)
        return f"SELECT * FROM ({source}) WHERE (host, window_number) IN ({_pairs(windows)})"

    def source_rows(self, first: int, last: int, hosts: Iterable[str] = (), vifs: Vifs = EVERY_VIF) -> str:
        """Return SQL for what the source adds to windows from one to another; arguments as `computed`."""
        if not self.is_finest:
            return of_finer(self.rollup, self.length, self._of_source("finer.", first, last, hosts, vifs))
        whole = of_raw(self.rollup, self._of_source("raw.", first, last, hosts, vifs))
        return f"SELECT * FROM ({whole}) WHERE window_number BETWEEN {first} AND {last}"

    def slices(self, windows: Sequence[Window], most_rows: int) -> str:
        """Return SQL for `first_vif_id`: where ranges of VIFs with about so many of the source's rows each begin.

        One VIF is never divided.
        """
        condition = self._of_source("", *_bounds(windows), {window.host for window in windows})
        counted = f"SELECT vif_id, count() AS rows FROM {self.source_table} WHERE {condition} AND vif_id != {MARK}"
        return (
            "SELECT min(vif_id) AS first_vif_id FROM (SELECT vif_id, "
            f"intDiv(sum(rows) OVER (ORDER BY vif_id ROWS UNBOUNDED PRECEDING) - rows, {most_rows}) AS slice "
            f"FROM ({counted} GROUP BY vif_id)) GROUP BY slice ORDER BY first_vif_id"
        )

    def _of_source(self, prefix: str, first: int, last: int, hosts: Iterable[str] = (), vifs: Vifs = EVERY_VIF) -> str:
        """Return SQL: the condition for rows of the source that windows are filled from."""
        time, from_ns, to_ns = f"{prefix}time", first * self.window_ns, (last + 1) * self.window_ns
        if self.is_finest:
            earlier_ns = 0 if KINDS[self.rollup.kind].time_is_end else EARLIER_NS
            # A flow that ends with the minute is of that minute, if it lasted.
            from_ns, to_ns = from_ns - earlier_ns, to_ns - earlier_ns
            span = f"{since(self.source, time, from_ns)} AND {until(self.source, time, to_ns, inclusive=True)}"
        else:
            span = f"{since(self.source, time, from_ns)} AND {until(self.source, time, to_ns)}"
        return f"{span}{_only(hosts, prefix)}{_of_vifs(vifs, prefix)}"

    def filled_rows(self, first: int, last: int) -> str:
        """Return SQL for the rows that are there of windows from one to another, named as `source_rows` names them."""
        names = (*self.rollup.row_keys(self.length.suffix), *self.rollup.measures)
        named = ", ".join(f"filled.{name} AS {'row_time' if name == 'time' else name}" for name in names)
        named_by = "filled.end_minute_time" if self.is_spread else "filled.time"
        spread = f" AND {self._span(named_by, first, last)}" if self.is_spread else ""
        return (
            f"SELECT {window_of(named_by, self.length)} AS window_number, {named} FROM {self.table} AS filled FINAL "
            f"WHERE NOT filled.vanished AND {self._span('filled.time', first - self.windows_before, last)}{spread}"
        )

    def held(self, first: int, last: int) -> str:
        """Return SQL for `window_number`, windows in which this tier or its source has rows; a few may have none."""
        source = (
            f"SELECT DISTINCT {window_of('time', self.length)} AS window_number FROM {self.source_table} "
            f"WHERE {self._of_source('', first, last)}"
        )
        if self.is_finest:
            # A row may be of the window before, which it ends with, or of the next one, shortly before which it begins.
            source = f"SELECT arrayJoin(range(window_number - 1, window_number + 2)) AS window_number FROM ({source})"
        filled = f"SELECT window_number FROM ({self.filled_rows(first, last)})"
        return (
            f"SELECT DISTINCT window_number FROM (SELECT window_number FROM ({source}) "
            f"UNION ALL SELECT DISTINCT window_number FROM ({filled})) WHERE window_number BETWEEN {first} AND {last}"
        )

    def fills(self, revisions: dict[Window, int], *, again: bool, slices: Sequence[Vifs] = (EVERY_VIF,)) -> list[str]:
        """Return the statements that fill windows, in the order to run them: the rows, in any blocks, then the marks.

        Args:
            revisions: Windows of one partition, near each other, and what to call their rows.
            again: Any of them has been filled before.
            slices: All VIFs, each in one of the ranges: what a statement has in memory.
        """
        windows = sorted(revisions, key=lambda window: (window.number, window.host))
        due = ", ".join(f"({quoted(window.host)}, {window.number}, {revisions[window]})" for window in windows)
        named_due = (
            "SELECT due_window.1 AS host, due_window.2 AS window_number, toUInt64(due_window.3) AS revision "
            f"FROM (SELECT arrayJoin([{due}]) AS due_window)"
        )
        fills = [self._fill(windows, named_due, vifs, again=again) for vifs in slices]
        return [*fills, *self._marks(windows, named_due, again=again)]

    def _fill(self, windows: Sequence[Window], due: str, vifs: Vifs, *, again: bool) -> str:
        keys = self.rollup.row_keys(self.length.suffix)
        names = ["row_time" if key == "time" else key for key in keys]
        listed = ", ".join((*names, *self.rollup.measures))
        rows = f"SELECT window_number, {listed}, 1 AS present FROM ({self.rows(windows, vifs)})"
        if again:
            rows += f" UNION ALL {self._before(windows, keys, vifs)}"
        more = ", any(part.window_number) AS window_number, max(part.present) AS present"
        head = keys[: keys.index("vif_id") + 1]
        tail = (*self.rollup.keys, *self.rollup.measures)
        filled = ["row_time" if key == "time" else key for key in head]
        return (
            f"INSERT INTO {self.table} ({', '.join((*head, 'revision', *tail, 'vanished'))}) "
            f"SELECT {', '.join(f'added.{name}' for name in filled)}, due.revision, "
            f"{', '.join(f'added.{name}' for name in tail)}, added.present = 0 "
            f"FROM ({added_up(self.rollup, tuple(names), rows, more)}) AS added INNER JOIN ({due}) AS due "
            "ON added.host = due.host AND added.window_number = due.window_number"
        )

    def _marks(self, windows: Sequence[Window], due: str, *, again: bool) -> list[str]:
        start = start_of("due.window_number", self.length)
        if not self.is_spread:
            head = f"INSERT INTO {self.table} (time, host, vif_id, revision, vanished)"
            return [f"{head} SELECT {start}, due.host, {MARK}, due.revision, 1 FROM ({due}) AS due"]
        # Each flow leaves rows in every minute from one to its last, so all of them together do.
        reached = (
            "SELECT host, window_number, window_number AS of_minute FROM (" + due + ") UNION ALL "
            f"SELECT host, window_number, {window_of('min(row_time)', self.length)} AS of_minute "
            f"FROM ({self.rows(windows)}) GROUP BY host, window_number"
        )
        if again:
            number, there = self._there_before(windows)
            reached += (
                f" UNION ALL SELECT before.host AS host, {number} AS window_number, "
                f"{window_of('before.time', self.length)} AS of_minute {there} AND before.vif_id = {MARK}"
            )
        minute = start_of("reached.of_minute", self.length)
        marks = (
            f"INSERT INTO {self.table} (time, end_minute_time, host, vif_id, revision, vanished) "
            f"SELECT {minute} AS minute_time, {start}, due.host, {MARK}, due.revision, 1 "
            "FROM (SELECT host, window_number, arrayJoin(range(min(of_minute), window_number + 1)) AS of_minute "
            f"FROM ({reached}) GROUP BY host, window_number) AS reached INNER JOIN ({due}) AS due "
            "ON reached.host = due.host AND reached.window_number = due.window_number WHERE minute_time "
        )
        # A block becomes a part for each partition; the one of the windows themselves is to be the last.
        first, last = _bounds(windows)
        midnight = last * self.window_ns // DAY_NS * DAY_NS
        found = [f"{marks} >= {instant(midnight)}"]
        if (first - self.windows_before) * self.window_ns < midnight:
            found.insert(0, f"{marks} < {instant(midnight)}")
        return found

    def _before(self, windows: Sequence[Window], keys: Sequence[str], vifs: Vifs) -> str:
        """Return SQL for the keys that earlier fills of the windows left, with nothing to add."""
        number, there = self._there_before(windows)
        named = ", ".join(f"before.{key} AS {'row_time' if key == 'time' else key}" for key in keys)
        nothing = ", ".join(f"0 AS {name}" for name in self.rollup.measures)
        return (
            f"SELECT {number} AS window_number, {named}, {nothing}, 0 AS present {there} "
            f"AND before.vif_id != {MARK}{_of_vifs(vifs, 'before.')}"
        )

    def _there_before(self, windows: Sequence[Window]) -> tuple[str, str]:
        """Return SQL: the number of the window whose fill left a row `before`, and from where and on what condition."""
        first, last = _bounds(windows)
        number = window_of("before.end_minute_time" if self.is_spread else "before.time", self.length)
        span = self._span("before.time", first - self.windows_before, last)
        return number, f"FROM {self.table} AS before WHERE {span} AND (before.host, {number}) IN ({_pairs(windows)})"

    def _touches(self, first: int | str, last: int | str, hosts: Iterable[str]) -> str:
        # Rows of before the column was there name only the span.
        minutes = (
            "if(empty(touched_minutes), range(toUInt32(intDiv(toUnixTimestamp64Nano(first_event_time), 60000000000)), "
            "toUInt32(intDiv(toUnixTimestamp64Nano(last_event_time), 60000000000) + 1)), touched_minutes)"
        )
        return (
            f"SELECT host, toInt64(arrayJoin({minutes})) AS window_number, count() AS revision FROM ledger "
            f"WHERE time >= {self._start(first, -_CLOCKS_DIFFER_NS)} AND stage = 'processor' "
            f"AND startsWith(of_stream, '{self.rollup.kind}.') AND out_rows_count > 0 "
            f"AND last_event_time >= {self._start(first, -EARLIER_NS)} "
            f"AND first_event_time <= {self._start(last, self.window_ns)}{_only(hosts)} "
            f"GROUP BY host, window_number HAVING window_number BETWEEN {first} AND {last}"
        )

    def _span(self, time: str, first: int | str, last: int | str) -> str:
        return f"{time} >= {self._start(first)} AND {time} < {self._start(last, self.window_ns)}"

    def _start(self, number: int | str, plus_ns: int = 0) -> str:
        """Return SQL: an instant so long after the start of a window."""
        if isinstance(number, int):
            return instant(max(0, number * self.window_ns + plus_ns))
        return f"fromUnixTimestamp64Nano({number} * {self.window_ns} + ({plus_ns}), 'UTC')"


def tiers_of(rollup: Rollup) -> list[Tier]:
    """Return the tiers of a kind, from the finest on."""
    return [Tier(rollup, length) for length in LENGTHS]


def _bounds(windows: Iterable[Window]) -> tuple[int, int]:
    numbers = [window.number for window in windows]
    return min(numbers), max(numbers)


def _pairs(windows: Iterable[Window]) -> str:
    return ", ".join(f"({quoted(window.host)}, {window.number})" for window in windows)


def _of_vifs(vifs: Vifs, prefix: str) -> str:
    return "" if vifs == EVERY_VIF else f" AND {prefix}vif_id BETWEEN {vifs.first} AND {vifs.last}"


def _only(hosts: Iterable[str], prefix: str = "") -> str:
    listed = ", ".join(quoted(host) for host in sorted(hosts))
    return f" AND {prefix}host IN ({listed})" if listed else ""
