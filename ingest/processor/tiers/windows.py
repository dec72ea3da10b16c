"""The windows of one tier that wait to be filled: which they are, when each may be, and the filling itself.

What waits is kept in memory only; all of it is found again in the store (`look`), so a crash, another processor's rows
and a rebalance need nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence

from prometheus_client import Counter

from ingest.processor.tiers.closing import Closing
from ingest.store.client import StoreClient
from ingest.store.tiers.tier import EVERY_VIF, Tier, Vifs, Window
from viflux.clock import NANOSECONDS, Clock

_FILLED = Counter("viflux_processor_tier_windows", "Windows of tiers that were filled.", ["tier"])
_ROWS = Counter("viflux_processor_tier_rows", "Rows that fills of tiers left.", ["tier"])
_LONG_TEXT = {"max_query_size": 8 << 20}
# A large window is filled in ranges of VIFs; what one VIF adds up may spill to disk, and what it leaves is written in
# blocks. So memory does not grow with a window.
_ROWS_OF_A_STATEMENT = 500_000
_FILL = {
    "min_insert_block_size_rows": 1_000_000,
    "min_insert_block_size_bytes": 0,
    # No key comes twice, so there is nothing to replace within a block; looking for it would double the work.
    "optimize_on_insert": 0,
    "max_insert_threads": 1,
    # Rows that come in meanwhile need the other half.
    "max_threads": max(1, (os.cpu_count() or 1) // 2),
    "max_bytes_before_external_group_by": 400_000_000,
    **_LONG_TEXT,
}
_ROWS_OF_A_FILL = 200_000
_MOST_WINDOWS = 500
_FOUND_AT_ONCE = 20_000
# A statement reads all between its first and its last window.
_LEAST_SPAN, _MOST_SPAN = 5, 60
# Where rows trickle in for hours, a window is filled again later and later, up to so many times its first pause.
_MOST_DOUBLINGS = 4
_TEN_MINUTES_NS = 600 * NANOSECONDS
_EXPIRY_MARGIN_NS = 3_600 * NANOSECONDS


class Windows:
    """One tier's windows."""

    def __init__(
        self, tier: Tier, store: StoreClient, clock: Clock, closing: Closing, *, late_ns: int, source_kept_ns: int
    ) -> None:
        self.tier = tier
        self.coarser: Windows | None = None
        self._finer: Windows | None = None
        self._store = store
        self._clock = clock
        self._closing = closing
        self._late_ns = late_ns
        self._source_kept_ns = source_kept_ns
        first_pause_ns = tier.rollup.pause_seconds * NANOSECONDS
        self._pause_ns = first_pause_ns if tier.is_finest else min(tier.window_ns // 5, _TEN_MINUTES_NS)
        self._waiting: dict[str, set[int]] = {}
        # Of a filled window: how often, and until when it is left alone, by the clock that never goes back.
        self._filled: dict[Window, tuple[int, int]] = {}
        self._at_once = 16

    def touch(self, host: str, numbers: Iterable[int]) -> None:
        """Take note of windows into which something was stored, or into whose source something was filled."""
        self._waiting.setdefault(host, set()).update(numbers)

    def look(self, since_ns: int) -> int:
        """Find stale windows in the store that begin after an instant; return how many there are at least.

        Raises:
            StoreUnavailable: The store does not answer.
            StoreRefused: It says no.
        """
        now_ns = self._clock.now_ns()
        # What the source keeps no longer in full must not replace what was made of all of it.
        since_ns = max(since_ns, now_ns - self._source_kept_ns + _EXPIRY_MARGIN_NS)
        # A host's clock may be ahead of this one.
        until_ns = now_ns + 86_400 * NANOSECONDS
        first, last = -(-since_ns // self.tier.window_ns), until_ns // self.tier.window_ns
        rows = self._store.query_rows(self.tier.stale(first, last, _FOUND_AT_ONCE))
        for row in rows:
            self.touch(str(row["host"]), (int(row["window_number"]),))
        return len(rows)

    def is_empty(self) -> bool:
        """Return whether the tier has no row at all."""
        return not self._store.query_rows(f"SELECT 1 AS found FROM {self.tier.table} LIMIT 1")

    def is_due(self) -> bool:
        """Return whether a waiting window may be filled."""
        return any(
            self._may_fill(Window(host, number)) for host, waiting in self._waiting.items() for number in waiting
        )

    def tend(self, until: Callable[[], bool]) -> int:
        """Fill the waiting windows that may be, until all are or `until` says enough; return how many were filled.

        Raises:
            StoreUnavailable: The store does not answer; the windows go on waiting.
            StoreRefused: It says no; the same.
        """
        due = sorted(
            (window for host in self._waiting for window in self._due_of(host)),
            key=lambda window: (window.number, window.host),
        )
        filled = 0
        for windows in self._chunks(due):
            filled += self.fill(windows)
            for window in windows:
                self._waiting[window.host].discard(window.number)
            if until():
                break
        self._forget()
        return filled

    def fill(self, windows: Sequence[Window], *, even_if_fresh: bool = False) -> int:
        """Fill windows of one partition that are stale; return how many were.

        Args:
            windows: Near each other.
            even_if_fresh: Fill also those whose rows are of the newest revision: what they say may be wrong.

        Raises:
            StoreUnavailable: The store does not answer; doing it again does no harm.
            StoreRefused: It says no.
        """
        computed, stored = self.revisions(windows)
        revisions = {
            window: max(computed.get(window, 0), stored.get(window, 0), 1)
            for window in windows
            if (computed.get(window, 0) > stored.get(window, 0) or even_if_fresh)
            and not self._has_expired(window, stored)
        }
        if not revisions:
            return 0
        again = [window for window in revisions if window in stored]
        rows = 0
        for statement in self.tier.fills(revisions, again=bool(again), slices=self._slices(list(revisions))):
            rows += _written(self._store.command(statement, settings=_FILL))
        self._at_once = max(1, min(_MOST_WINDOWS, 2 * self._at_once, self._at_once_for(len(revisions), rows)))
        self._note(revisions, rows)
        return len(revisions)

    def repair(self, windows: Iterable[Window]) -> None:
        """Fill windows again, whatever their rows say; raises as `fill` does."""
        for chunk in self._chunks(sorted(windows, key=lambda window: (window.number, window.host))):
            self.fill(chunk, even_if_fresh=True)

    def is_open(self, window: Window) -> bool:
        """Return whether a window has not closed yet by what is known here."""
        return not self._closing.is_closed(window.host, (window.number + 1) * self.tier.window_ns)

    def first_whole(self) -> int:
        """Return the first window that the source still keeps whole."""
        return -(-(self._clock.now_ns() - self._source_kept_ns + _EXPIRY_MARGIN_NS) // self.tier.window_ns)

    def revisions(self, windows: Sequence[Window]) -> tuple[dict[Window, int], dict[Window, int]]:
        """Return what revisions windows should have, and which their rows have; those that have none are left out."""
        numbers = [window.number for window in windows]
        span = min(numbers), max(numbers), {window.host for window in windows}
        # In this order: what comes between the two makes a window look fresh less, never more.
        asked = set(windows)
        computed = self._revisions(self.tier.computed(*span), asked)
        return computed, self._revisions(self.tier.stored(*span), asked)

    def waits(self, host: str, first: int, last: int) -> bool:
        """Return whether any of a host's windows from one to another waits."""
        return any(first <= number <= last for number in self._waiting.get(host, ()))

    def _revisions(self, sql: str, asked: set[Window]) -> dict[Window, int]:
        found = {
            Window(str(row["host"]), int(row["window_number"])): int(row["revision"])
            for row in self._store.query_rows(sql, settings=_LONG_TEXT)
        }
        return {window: revision for window, revision in found.items() if window in asked}

    def _slices(self, windows: Sequence[Window]) -> list[Vifs]:
        found = self._store.query_rows(self.tier.slices(windows, _ROWS_OF_A_STATEMENT), settings=_LONG_TEXT)
        begins = [0, *(int(row["first_vif_id"]) for row in found[1:])]
        ends = [begin - 1 for begin in begins[1:]]
        return [Vifs(begin, end) for begin, end in zip(begins, [*ends, EVERY_VIF.last], strict=True)]

    def _due_of(self, host: str) -> Iterator[Window]:
        return (window for number in self._waiting[host] if self._may_fill(window := Window(host, number)))

    def _may_fill(self, window: Window) -> bool:
        if self._clock.monotonic_ns() < self._filled.get(window, (0, 0))[1]:
            return False
        end_ns = (window.number + 1) * self.tier.window_ns
        if not self._closing.is_closed(window.host, end_ns):
            return False
        return self._finer is None or self._source_is_filled(window, end_ns)

    def _source_is_filled(self, window: Window, end_ns: int) -> bool:
        # Rows that trickle in without end must not keep a window from being filled at all.
        if self._clock.now_ns() >= end_ns + _TEN_MINUTES_NS:
            return True
        finer = self._finer
        if finer is None:
            return True
        ratio = self.tier.window_ns // finer.tier.window_ns
        return not finer.waits(window.host, window.number * ratio, (window.number + 1) * ratio - 1)

    def fills_from(self, finer: Windows) -> None:
        """Say which tier this one is filled from."""
        self._finer = finer
        finer.coarser = self

    def _chunks(self, due: Sequence[Window]) -> Iterator[list[Window]]:
        chunk: list[Window] = []
        for window in due:
            if chunk and (
                len(chunk) >= self._at_once
                or window.number - chunk[0].number >= min(_MOST_SPAN, max(_LEAST_SPAN, self._at_once))
                or self.tier.partition_of(window.number) != self.tier.partition_of(chunk[0].number)
            ):
                yield chunk
                chunk = []
            chunk.append(window)
        if chunk:
            yield chunk

    def _at_once_for(self, windows: int, rows: int) -> int:
        return _MOST_WINDOWS if not rows else windows * _ROWS_OF_A_FILL // rows

    def _note(self, revisions: Iterable[Window], rows: int) -> None:
        now_ns = self._clock.monotonic_ns()
        numbers: dict[str, set[int]] = {}
        for window in revisions:
            fills, _ = self._filled.get(window, (0, 0))
            self._filled[window] = (fills + 1, now_ns + (self._pause_ns << min(fills, _MOST_DOUBLINGS)))
            numbers.setdefault(window.host, set()).add(window.number)
        _FILLED.labels(self.tier.name).inc(sum(len(of_host) for of_host in numbers.values()))
        _ROWS.labels(self.tier.name).inc(rows)
        if self.coarser is not None:
            for host, of_host in numbers.items():
                self.coarser.touch(host, self._of_coarser(of_host))

    def _of_coarser(self, numbers: set[int]) -> set[int]:
        assert self.coarser is not None  # noqa: S101 - whoever calls has looked
        ratio = self.coarser.tier.window_ns // self.tier.window_ns
        before = self.tier.windows_before
        return {coarse for number in numbers for coarse in range((number - before) // ratio, number // ratio + 1)}

    def _forget(self) -> None:
        now_ns = self._clock.monotonic_ns()
        self._filled = {
            window: (fills, until_ns)
            for window, (fills, until_ns) in self._filled.items()
            if now_ns < until_ns + self._late_ns
        }
        self._waiting = {host: waiting for host, waiting in self._waiting.items() if waiting}

    def _has_expired(self, window: Window, stored: dict[Window, int]) -> bool:
        start_ns = window.number * self.tier.window_ns
        return window in stored and start_ns < self._clock.now_ns() - self._source_kept_ns + _EXPIRY_MARGIN_NS


def _written(summary: object) -> int:
    return int(getattr(summary, "written_rows", 0))
