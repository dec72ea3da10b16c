"""What the page shows at one instant, asked of the store at most every few seconds however many look at it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from analytics.hurts import Judgement, clock_time, now_hurting
from dashboards.boards import HOME
from dashboards.web import stages
from dashboards.web.figures import Cell
from dashboards.web.fresh import Fresh
from dashboards.web.rows import VifRow, stats, vif_row
from dashboards.web.stages import Stage
from ingest.store.client import StoreClient, StoreRefused
from ingest.store.connection import StoreUnavailable
from viflux import logs
from viflux.clock import NANOSECONDS, Clock
from viflux.paths import DataPaths
from viflux.settings import Settings

FRESH_NS = 2 * NANOSECONDS
_UNKNOWN_TABLE, _UNKNOWN_DATABASE = 60, 81


@dataclass(frozen=True)
class Snapshot:
    """One state of the page.

    Attributes:
        host: Whose VIFs.
        judgement: What hurts.
        rows: All VIFs that live.
        totals: The host's figures, by the panel's column names.
        stages: The processes; empty outside `up`.
        notes: What `up` had to say about this start.
        store_trouble: Why the rows are not of now; empty while the store answers.
        empty_text: What to say where there is no row.
        is_ready: Whether the store gave an answer.
        etag: Changes with everything above.
    """

    host: str
    judgement: Judgement
    rows: tuple[VifRow, ...] = ()
    totals: dict[str, Cell] = field(default_factory=dict)
    stages: tuple[Stage, ...] = ()
    notes: tuple[str, ...] = ()
    store_trouble: str = ""
    empty_text: str = ""
    is_ready: bool = False

    @property
    def etag(self) -> str:
        """A tag in quotes that is the same for the same content."""
        return '"' + hashlib.blake2b(repr(self).encode(), digest_size=12).hexdigest() + '"'


class Snapshots:
    """Makes snapshots; safe between threads, of which one asks while the others wait for its answer.

    Args:
        store: A client that may read.
        settings: `store.database`, `counters.interval`.
        clock: For the age of figures.
        host: The host's name, as in all records.
    """

    def __init__(self, store: StoreClient, settings: Settings, clock: Clock, host: str) -> None:
        self._store = store
        self._database = settings.store.database
        self._interval_ns = int(settings.counters.interval)
        self._paths = DataPaths(settings.data_dir)
        self._clock = clock
        self._host = host
        self._failing_since: datetime | None = None
        self._has_answered = False
        first = Snapshot(host, Judgement("unknown", "Not known yet: the page has just started."))
        # Right after a start the first rows come within seconds, and a question to empty tables costs little.
        self._fresh = Fresh(self._take, first, FRESH_NS, clock, lambda state: bool(state.rows))
        self._log = logs.get("snapshot")

    def current(self) -> Snapshot:
        """Return the state of at most two seconds ago."""
        return self._fresh.current()

    def _take(self, before: Snapshot) -> Snapshot:
        running, notes = stages.read(self._paths)
        now_ns = self._clock.now_ns()
        try:
            rows, totals, judgement = self._ask(now_ns)
        except (StoreUnavailable, StoreRefused) as error:
            return self._troubled(error, now_ns, running, notes, before)
        if self._failing_since is not None:
            self._log.info("the store answers again")
        self._failing_since = None
        self._has_answered = True
        empty = (
            "No VIF seen yet: the agent's first inventory has not been stored. It is read at once when the agent "
            "starts; if this stays, look at the agent and the processor in the list of stages."
        )
        return Snapshot(
            self._host, judgement, rows, totals, running, notes, empty_text="" if rows else empty, is_ready=True
        )

    def _ask(self, now_ns: int) -> tuple[tuple[VifRow, ...], dict[str, Cell], Judgement]:
        parameters: dict[str, Any] = {"host": self._host, "now_ns": now_ns}
        vifs, scopes = HOME.panel("vifs"), HOME.panel("scopes")
        found = self._store.query_rows(vifs.query(self._database), {**parameters, "most_rows": vifs.most_rows})
        totals = self._store.query_rows(scopes.query(self._database), parameters)
        # A figure is of the 10 s before its sweep, and the sweep comes once an interval; twice that is too old.
        stale_after_ns = 2 * max(self._interval_ns, 10 * NANOSECONDS) + 10 * NANOSECONDS
        judgement = now_hurting(self._store, self._database, self._host, now_ns, stale_after_ns)
        return tuple(vif_row(row) for row in found), stats(totals), judgement

    def _troubled(
        self,
        error: StoreUnavailable | StoreRefused,
        now_ns: int,
        running: tuple[Stage, ...],
        notes: tuple[str, ...],
        before: Snapshot,
    ) -> Snapshot:
        now = datetime.fromtimestamp(now_ns // NANOSECONDS, UTC)
        if self._failing_since is None:
            self._log.warning("no answer for the page", error=str(error))
        self._failing_since = self._failing_since or now
        since = clock_time(self._failing_since)
        if isinstance(error, StoreRefused) and error.code in (_UNKNOWN_TABLE, _UNKNOWN_DATABASE):
            headline, trouble = "Not known yet: the store is being set up.", "The store has no tables yet."
        elif isinstance(error, StoreRefused):
            headline = f"Not known: the store refuses the page's questions since {since}."
            trouble = f"The store answers with an error since {since}: {error}"
        elif not self._has_answered:
            headline = "Not known yet: the store has not answered so far."
            trouble = f"The store has not answered since the page asked first, at {since}; rows wait in the spool."
        else:
            headline = f"Not known: the store does not answer since {since}."
            trouble = f"The store does not answer since {since}: rows wait in the spool, none is lost."
        detail = f"What is shown below is of before {since}." if before.rows else ""
        return Snapshot(
            self._host,
            Judgement("unknown", headline, tuple(line for line in (trouble, detail) if line)),
            before.rows,
            before.totals,
            running,
            notes,
            store_trouble=trouble,
            empty_text="" if before.rows else trouble,
        )
