"""Compares tiers with what they are made of: window by window, to the row and the sum.

The finest tier is compared with the raw rows, each coarser one with the next finer. A window is equal where both sides
have as many rows and the same wrap-around sum of their hashes over all columns. What differs is looked at again, column
by column, unless the store says that the window still waits to be filled: then it is open, not wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ingest.processor.tiers.windows import Windows
from ingest.store.client import StoreClient
from ingest.store.tiers.rows import added_up
from ingest.store.tiers.tier import Tier, Window
from viflux.clock import NANOSECONDS, Clock

EQUAL, DIFFERS, UNFILLED, REPAIRED, OPEN, EXPIRED = "equal", "differs", "unfilled", "repaired", "open", "expired"
WRONG = (DIFFERS, UNFILLED)

# An hour of minutes, a quarter of a day of five minutes, and so on: what is added up at once.
_WINDOWS_AT_ONCE = 60
# A window that nobody has filled for so long after its end waits for nobody.
_PATIENCE_NS = 600 * NANOSECONDS
_MOST_IN_DETAIL = 500
_LIMITS = {"max_query_size": 8 << 20, "max_bytes_before_external_group_by": 400_000_000}


@dataclass(frozen=True)
class Finding:
    """What was found of one window, or of many that are alike.

    Attributes:
        tier: The tier's view.
        against: What it was compared with.
        state: `equal`, `differs`, `unfilled` (closed long ago and never filled), `repaired`, `open` (not closed yet, or
            late rows wait to be filled in) or `expired` (the other side is no longer kept whole).
        host: The host; None where several windows are alike.
        start_ns: Start of the window, or of the first one.
        windows: How many they are.
        rows: Rows of the tier.
        expected_rows: Rows that it should have.
        column: Which column differs; empty for none.
        value: Its sum, or its highest.
        expected: What that should be.
    """

    tier: str
    against: str
    state: str
    host: str | None
    start_ns: int
    windows: int
    rows: int = 0
    expected_rows: int = 0
    column: str = ""
    value: float | None = None
    expected: float | None = None


@dataclass(frozen=True)
class _Sides:
    window: Window
    rows: int
    expected_rows: int


class Check:
    """Compares the tiers of one kind.

    Args:
        tiers: Their windows, from the finest tier on.
        store: A client that may read them all; to repair, write.
        clock: The time.
    """

    def __init__(self, tiers: Sequence[Windows], store: StoreClient, clock: Clock) -> None:
        self._tiers = tiers
        self._store = store
        self._clock = clock

    def run(self, since_ns: int, *, repair: bool) -> Iterator[Finding]:
        """Yield what is found, tier by tier.

        Args:
            since_ns: Windows that end after this instant are looked at.
            repair: Fill what differs again, and look once more.

        Raises:
            StoreUnavailable: The store does not answer.
            StoreRefused: It says no.
        """
        for windows in self._tiers:
            yield from self._of_tier(windows, since_ns, repair=repair)

    def _of_tier(self, windows: Windows, since_ns: int, *, repair: bool) -> Iterator[Finding]:
        tier = windows.tier
        first = since_ns // tier.window_ns
        last = self._clock.now_ns() // tier.window_ns
        whole = windows.first_whole()
        if first < whole:
            gone = min(whole, last + 1) - first
            yield Finding(tier.name, tier.source, EXPIRED, None, first * tier.window_ns, gone)
        equal, equal_rows, equal_first = 0, 0, 0
        open_windows: list[_Sides] = []
        for start in self._starts(tier, max(first, whole), last):
            end = min(start + _WINDOWS_AT_ONCE - 1, last)
            same, rows, different = self._compared(windows, start, end)
            equal, equal_rows = equal + same, equal_rows + rows
            equal_first = equal_first or (start if same else 0)
            wrong, waiting = self._told_apart(windows, different)
            open_windows += waiting
            if repair and wrong:
                wrong_before = {sides.window: sides for sides in wrong}
                windows.repair(wrong_before)
                _, _, different = self._compared(windows, start, end)
                wrong, _ = self._told_apart(windows, [each for each in different if each.window in wrong_before])
                left = {sides.window for sides in wrong}
                for window, sides in wrong_before.items():
                    if window not in left:
                        yield self._finding(windows, REPAIRED, sides)
            yield from self._in_detail(windows, wrong)
        if open_windows:
            earliest = min(sides.window.number for sides in open_windows) * tier.window_ns
            rows, expected = sum(s.rows for s in open_windows), sum(s.expected_rows for s in open_windows)
            yield Finding(tier.name, tier.source, OPEN, None, earliest, len(open_windows), rows, expected)
        if equal:
            start_ns = equal_first * tier.window_ns
            yield Finding(tier.name, tier.source, EQUAL, None, start_ns, equal, equal_rows, equal_rows)

    def _starts(self, tier: Tier, first: int, last: int) -> list[int]:
        """Return where spans of `_WINDOWS_AT_ONCE` windows begin; those in which neither side has a row are left out.

        To compare an empty span costs as much as one of a small host: half a second, for the statement's analysis.
        """
        sql = (
            f"SELECT DISTINCT {first} + intDiv(window_number - {first}, {_WINDOWS_AT_ONCE}) * {_WINDOWS_AT_ONCE} "
            f"AS start FROM ({tier.held(first, last)}) ORDER BY start"
        )
        return [int(row["start"]) for row in self._store.query_rows(sql, settings=_LIMITS)] if first <= last else []

    def _compared(self, windows: Windows, first: int, last: int) -> tuple[int, int, list[_Sides]]:
        """Return how many windows are equal, their rows, and the others."""
        sql = (
            "SELECT countIf(is_equal) AS equal, sumIf(rows, is_equal) AS equal_rows, "
            "groupArrayIf((host, window_number, rows, expected_rows), NOT is_equal) AS different FROM ("
            "SELECT if(stored.host != '', stored.host, expected.host) AS host, "
            "if(stored.host != '', stored.window_number, expected.window_number) AS window_number, "
            "stored.rows AS rows, expected.rows AS expected_rows, "
            "stored.rows = expected.rows AND stored.digest = expected.digest AS is_equal "
            f"FROM ({self._digests(windows, self._stored_rows(windows, first, last))}) AS stored "
            f"FULL OUTER JOIN ({self._digests(windows, self._expected_rows(windows, first, last))}) AS expected "
            "ON stored.host = expected.host AND stored.window_number = expected.window_number)"
        )
        found = self._store.query_rows(sql, settings=_LIMITS)[0]
        different = [
            _Sides(Window(host, number), rows, expected) for host, number, rows, expected in found["different"]
        ]
        return int(found["equal"]), int(found["equal_rows"]), different

    def _told_apart(self, windows: Windows, different: Sequence[_Sides]) -> tuple[list[_Sides], list[_Sides]]:
        """Return which windows are wrong, and which still wait to be filled."""
        wrong: list[_Sides] = []
        waiting: list[_Sides] = []
        for at in range(0, len(different), _MOST_IN_DETAIL):
            some = different[at : at + _MOST_IN_DETAIL]
            computed, stored = windows.revisions([sides.window for sides in some])
            for sides in some:
                window = sides.window
                end_ns = (window.number + 1) * windows.tier.window_ns
                may_wait = window in stored or self._clock.now_ns() < end_ns + _PATIENCE_NS
                is_stale = computed.get(window, 0) > stored.get(window, 0)
                (waiting if windows.is_open(window) or (is_stale and may_wait) else wrong).append(sides)
        return wrong, waiting

    def _in_detail(self, windows: Windows, wrong: Sequence[_Sides]) -> Iterator[Finding]:
        for sides in wrong[:_MOST_IN_DETAIL]:
            if not sides.rows:
                yield self._finding(windows, UNFILLED, sides)
                continue
            measures = windows.tier.rollup.measures
            stored = self._totals(windows, self._stored_rows(windows, sides.window.number, sides.window.number), sides)
            wanted = self._totals(
                windows, self._expected_rows(windows, sides.window.number, sides.window.number), sides
            )
            columns = [name for name in measures if stored[name] != wanted[name]]
            for name in columns or [""]:
                yield self._finding(windows, DIFFERS, sides, name, stored.get(name), wanted.get(name))
        if len(wrong) > _MOST_IN_DETAIL:
            rest = wrong[_MOST_IN_DETAIL:]
            start_ns = min(sides.window.number for sides in rest) * windows.tier.window_ns
            yield Finding(windows.tier.name, windows.tier.source, DIFFERS, None, start_ns, len(rest))

    def _totals(self, windows: Windows, rows: str, sides: _Sides) -> dict[str, Any]:
        rollup = windows.tier.rollup
        totals = [f"sum(part.{name}) AS {name}" for name in rollup.sums]
        totals += [f"max(part.{name}) AS {name}" for name in rollup.maxima]
        sql = f"SELECT {', '.join(totals)} FROM ({rows}) AS part WHERE part.host = {{host:String}}"
        return self._store.query_rows(sql, {"host": sides.window.host}, _LIMITS)[0]

    def _finding(
        self,
        windows: Windows,
        state: str,
        sides: _Sides,
        column: str = "",
        value: float | None = None,
        expected: float | None = None,
    ) -> Finding:
        tier, window = windows.tier, sides.window
        start_ns = window.number * tier.window_ns
        return Finding(
            tier.name,
            tier.source,
            state,
            window.host,
            start_ns,
            1,
            sides.rows,
            sides.expected_rows,
            column,
            value,
            expected,
        )

    def _stored_rows(self, windows: Windows, first: int, last: int) -> str:
        return windows.tier.filled_rows(first, last)

    def _expected_rows(self, windows: Windows, first: int, last: int) -> str:
        tier = windows.tier
        names = ("row_time" if key == "time" else key for key in tier.rollup.row_keys(tier.length.suffix))
        more = ", any(part.window_number) AS window_number"
        return added_up(tier.rollup, tuple(names), tier.source_rows(first, last), more)

    def _digests(self, windows: Windows, rows: str) -> str:
        tier = windows.tier
        keys = ("row_time" if key == "time" else key for key in tier.rollup.row_keys(tier.length.suffix))
        hashed = ", ".join((*keys, *tier.rollup.measures))
        return (
            f"SELECT host, window_number, count() AS rows, sum(cityHash64({hashed})) AS digest "
            f"FROM ({rows}) GROUP BY host, window_number"
        )


def is_wrong(findings: Iterable[Finding]) -> bool:
    """Return whether any finding is a difference that is left."""
    return any(finding.state in WRONG for finding in findings)
