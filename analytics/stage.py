"""The stage `slis`: runs the catalogue on closed windows, and keeps nothing that the tables do not say.

A window is due while the number of hand-overs that touched it differs from the one that its result was computed at.
That number is read before the data, so a result can be of newer data than it claims, never of older: then it is only
computed once more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prometheus_client import Counter, Gauge, Histogram

from analytics.catalogue import CATALOGUE, Sli
from analytics.statements import Defined, insertion, statement
from analytics.windows import ALIGNMENT_NS, Batch, DueWindow, batches
from ingest.store.client import StoreClient, StoreRefused
from ingest.store.connection import StoreUnavailable
from viflux import logs
from viflux.clock import NANOSECONDS, Clock

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping, Sequence

    from viflux.settings import Settings
    from viflux.telemetry import Health

POLL_SECONDS = 1.0
LOOK_BACK_NS = 71 * 3600 * NANOSECONDS
"""How old a window may be to be computed at all: an hour less than raw rows are kept."""
LOOK_BACK_EVERY_NS = 60 * NANOSECONDS
SILENT_NS = 24 * 3600 * NANOSECONDS
"""How long a host may say nothing and its VIFs are still expected."""
PAUSE_NS = 10 * NANOSECONDS
"""How long results stand before newer data replace them: where VIFs come and go all the time, each of them touches the
windows of the minute before, and all of these are then computed together."""
SETTLED_NS = 150 * NANOSECONDS
"""How long SLIs about flows wait behind a minute's end: exporters tell of a flow when it has ended, or once a minute,
and the flows' tier is filled `window.grace` later."""
SHORTEST_BY_CLOCK_SECONDS = 60
"""Windows shorter than this close by watermark alone."""
SHORTEST_MARGIN_NS = 60 * NANOSECONDS

_MOST_WINDOWS = 240
_MOST_WINDOWS_OF_STATEMENT = 60
_LONGEST_SPAN_SECONDS = 3600
_MATERIALIZE = "enable_materialized_cte"

WINDOWS = Counter("viflux_slis_windows_total", "Windows computed.", ["sli", "window_seconds"])
RECOMPUTED = Counter(
    "viflux_slis_recomputed_windows_total", "Windows computed once more, of newer data.", ["sli", "window_seconds"]
)
LATE = Counter(
    "viflux_slis_late_windows_total",
    "Windows whose data came later than window.late and were not used.",
    ["window_seconds"],
)
DUE = Gauge(
    "viflux_slis_due_windows_count",
    "Windows found due in the last look, at most 240 of each length.",
    ["window_seconds"],
)
STATEMENT = Histogram(
    "viflux_slis_statement_seconds", "Time of one statement that computes windows.", ["window_seconds"]
)


@dataclass(frozen=True)
class Progress:
    """What tells one state of the hand-overs from another."""

    rows_count: int
    newest_ns: int
    minutes_count: int


OF_FLOWS = "coverage"
"""The relation whose windows close when flows have come, which is later than counters."""


class SliStage:
    """Computes due windows, step by step.

    Args:
        store: The writer's client.
        settings: `store.database`, `counters.interval`, `window.grace`, `window.late`.
        clock: Wall clock for the grace and for `computed_time`.
        catalogue: The SLIs; all of this version by default.
    """

    def __init__(
        self, store: StoreClient, settings: Settings, clock: Clock, catalogue: Mapping[str, Sli] = CATALOGUE
    ) -> None:
        self._store = store
        self._clock = clock
        self._catalogue = catalogue
        self._database = settings.store.database
        self._grace_ns = int(settings.window.grace)
        self._late_ns = int(settings.window.late)
        self._margin_ns = max(SHORTEST_MARGIN_NS, int(settings.counters.interval) * 3 // 2)
        self._lengths = sorted(
            {seconds for sli in catalogue.values() if sli.relation != OF_FLOWS for seconds in sli.windows}
        )
        self._seen: tuple[Progress, int] | None = None
        self._looked_back_ns: int | None = None
        self._recomputed_in = 0
        self._is_behind = True
        self._stop: threading.Event | None = None
        self._late: set[tuple[int, DueWindow]] = set()
        self._log = logs.get("slis")

    def step(self) -> int:
        """Compute what is due, a bounded amount of it, newest first.

        Returns:
            How many windows were computed; 0 where nothing was due.

        Raises:
            StoreUnavailable: The store does not answer; nothing is lost, call again.
            StoreRefused: The store refuses a statement.
        """
        now_ns = self._clock.now_ns()
        progress = self._progress(now_ns)
        seen, self._seen = self._seen, (progress, (now_ns - self._grace_ns) // ALIGNMENT_NS)
        looks_back = self._looked_back_ns is None or now_ns - self._looked_back_ns >= LOOK_BACK_EVERY_NS
        if seen == self._seen and not (self._is_behind or looks_back):
            return 0
        # A minute is looked for where one may have closed; what re-opens one is found when looking back.
        minute_passed = seen is None or (seen[0].minutes_count, seen[1]) != (progress.minutes_count, self._seen[1])
        reach_ns = LOOK_BACK_NS if looks_back or self._is_behind else self._late_ns + 5 * ALIGNMENT_NS
        # On a span of clock time, so that a step that replaces results is one that computes new ones too.
        recompute = self._is_behind or now_ns // PAUSE_NS != self._recomputed_in
        self._recomputed_in = now_ns // PAUSE_NS
        computed, found = 0, 0
        for window_seconds in self._lengths:
            if window_seconds < SHORTEST_BY_CLOCK_SECONDS or minute_passed or looks_back or self._is_behind:
                due = self._due(window_seconds, now_ns, reach_ns, recompute=recompute)
                found = max(found, len(due))
                computed += self._compute(window_seconds, due)
        if looks_back or self._is_behind:
            # Flows come later than counters, and again and again: once a minute is often enough.
            is_first = self._looked_back_ns is None
            due = self._due_of_flows(now_ns, LOOK_BACK_NS if is_first else self._late_ns + 5 * ALIGNMENT_NS)
            found = max(found, len(due))
            computed += self._compute(60, due)
        self._is_behind = found == _MOST_WINDOWS and computed > 0
        if looks_back and not self._is_behind:
            self._looked_back_ns = now_ns
        return computed

    def run(self, stop: threading.Event, health: Health) -> None:
        """Step until `stop` is set; a store that does not answer is waited for."""
        self._stop = stop
        failing = ""
        while not stop.is_set():
            health.beat()
            try:
                computed = self.step()
            except (StoreUnavailable, StoreRefused) as error:
                if failing != str(error):
                    self._log.warning("store does not take SLIs", error=str(error))
                failing, computed = str(error), 0
                health.ready(False, failing)
            else:
                if failing:
                    self._log.info("store takes SLIs again")
                failing = ""
                health.ready(True)
            if not (self._is_behind and computed):
                self._clock.wait(stop, POLL_SECONDS)

    def _progress(self, now_ns: int) -> Progress:
        from_ns = now_ns - SILENT_NS
        rows = self._store.query_rows(statement("progress", self._database), parameters={"from_ns": from_ns})
        return Progress(*(int(rows[0][name]) for name in ("rows_count", "newest_ns", "minutes_count")))

    def _due(self, window_seconds: int, now_ns: int, reach_ns: int, *, recompute: bool) -> list[DueWindow]:
        by_clock_ns = now_ns - self._grace_ns if window_seconds >= SHORTEST_BY_CLOCK_SECONDS else 0
        rows = self._store.query_rows(
            statement("due", self._database),
            parameters={
                "window_seconds": window_seconds,
                "slis": self._defined(window_seconds, of_flows=False),
                "now_ns": now_ns,
                "from_ns": (now_ns - reach_ns) // ALIGNMENT_NS * ALIGNMENT_NS,
                "by_clock_ns": by_clock_ns,
                "late_ns": self._late_ns,
                "silent_ns": SILENT_NS,
                "recompute": recompute,
                "most_windows": _MOST_WINDOWS,
            },
        )
        return self._due_windows(window_seconds, rows)

    def _due_of_flows(self, now_ns: int, reach_ns: int) -> list[DueWindow]:
        rows = self._store.query_rows(
            statement("due_flows", self._database),
            parameters={
                "slis": self._defined(60, of_flows=True),
                "now_ns": now_ns,
                "from_ns": (now_ns - reach_ns) // ALIGNMENT_NS * ALIGNMENT_NS,
                "until_ns": now_ns - SETTLED_NS,
                "late_ns": self._late_ns,
                "most_windows": _MOST_WINDOWS,
            },
        )
        return self._due_windows(60, rows)

    def _defined(self, window_seconds: int, *, of_flows: bool) -> list[tuple[str, str, int]]:
        return [
            (sli.id, sli.parts[0].name, sli.definition_version)
            for sli in self._catalogue.values()
            if (sli.relation == OF_FLOWS) == of_flows and window_seconds in sli.windows
        ]

    def _due_windows(self, window_seconds: int, rows: Sequence[Mapping[str, Any]]) -> list[DueWindow]:
        due = [
            DueWindow(
                sli=str(row["sli"]),
                host=str(row["host"]),
                window_ns=int(row["window_ns"]),
                data_revision=int(row["data_revision"]),
                is_recomputed=bool(row["is_recomputed"]),
                is_late=bool(row["is_late"]),
            )
            for row in rows
        ]
        self._count_late(window_seconds, [window for window in due if window.is_late])
        due = [window for window in due if not window.is_late]
        DUE.labels(window_seconds).set(len(due))
        return due

    def _count_late(self, window_seconds: int, windows: Sequence[DueWindow]) -> None:
        fresh = {(window_seconds, window) for window in windows} - self._late
        if fresh:
            LATE.labels(window_seconds).inc(len(fresh))
            self._log.warning("data came too late for their windows", window_seconds=window_seconds, windows=len(fresh))
        oldest_ns = self._clock.now_ns() - LOOK_BACK_NS
        self._late = {known for known in self._late if known[1].window_ns >= oldest_ns} | fresh

    def _compute(self, window_seconds: int, due: Sequence[DueWindow]) -> int:
        computed = 0
        by_relation: dict[str, list[DueWindow]] = {}
        for window in due:
            by_relation.setdefault(self._catalogue[window.sli].relation, []).append(window)
        together = (
            batch
            for windows in by_relation.values()
            for batch in batches(windows, window_seconds, _MOST_WINDOWS_OF_STATEMENT, _LONGEST_SPAN_SECONDS)
        )
        for batch in together:
            # With a backlog one step takes many seconds; the rest is as due after the next start.
            if self._stop is not None and self._stop.is_set():
                break
            self._insert(batch)
            computed += len(batch.windows) * len(batch.slis)
        return computed

    def _has_losses(self, batch: Batch) -> bool:
        rows = self._store.query_rows(
            statement("has_losses", self._database),
            parameters={"from_ns": batch.from_ns, "hosts": sorted({window.host for window in batch.windows})},
        )
        return bool(int(rows[0]["has_losses"]))

    def _insert(self, batch: Batch) -> None:
        slis = [self._catalogue[name] for name in batch.slis]
        defined = tuple(
            Defined(
                sli.id,
                sli.definition_version,
                sli.select,
                sli.shown_by("observed"),
                sli.shown_by("share"),
            )
            for sli in slis
        )
        # Servers of before 26 know no materialized relations.
        materializes = self._store.knows_setting(_MATERIALIZE)
        with STATEMENT.labels(batch.window_seconds).time():
            self._store.command(
                insertion(
                    defined,
                    slis[0].relation,
                    self._database,
                    has_losses=self._has_losses(batch),
                    materializes=materializes,
                ),
                parameters={
                    "windows": [(window.host, window.window_ns, window.data_revision) for window in batch.windows],
                    "window_seconds": batch.window_seconds,
                    "from_ns": batch.from_ns,
                    "to_ns": batch.to_ns,
                    "margin_ns": self._margin_ns,
                    "computed_ns": self._clock.now_ns(),
                },
                settings={_MATERIALIZE: 1} if materializes else None,
            )
        recomputed = sum(window.is_recomputed for window in batch.windows)
        for sli in slis:
            WINDOWS.labels(sli.id, batch.window_seconds).inc(len(batch.windows))
            RECOMPUTED.labels(sli.id, batch.window_seconds).inc(recomputed)
