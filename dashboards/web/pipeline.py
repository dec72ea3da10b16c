"""What the pipeline's page shows at one instant: the ledger's balance, and what arrived of each host."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from analytics.hurts import age
from dashboards.boards import PIPELINE
from dashboards.web.figures import DASH, Cell
from dashboards.web.fresh import Fresh
from ingest.store.client import StoreClient, StoreRefused
from ingest.store.connection import StoreUnavailable
from ingest.store.ledger_command import summary, waiting_in
from viflux.clock import NANOSECONDS, Clock
from viflux.settings import Settings

MOST_SHOWN = 200
"""Most rows of a table; those that do not balance come first."""

_FRESH_NS = 5 * NANOSECONDS
_LOOK_BACK = "1h"
_LOOK_BACK_SECONDS = 3600
_LAGS_SECONDS = 60
_TONES = {"short": "bad", "unknown": "bad"}


@dataclass(frozen=True)
class PipelineSnapshot:
    """One state of the page.

    Attributes:
        balance: Rows of the ledger, as the query has them.
        hosts: Rows of the hosts, as the query has them.
        facts: What the rows come to, a sentence each.
        trouble: Why the rows are not of now; empty while the store answers.
        costs: What Viflux costs each host, as the query has it.
    """

    balance: tuple[dict[str, Any], ...] = ()
    hosts: tuple[dict[str, Any], ...] = ()
    facts: tuple[str, ...] = ()
    trouble: str = ""
    costs: tuple[dict[str, Any], ...] = ()

    @property
    def bad(self) -> tuple[dict[str, Any], ...]:
        """Streams with rows that nothing accounts for."""
        return tuple(row for row in self.balance if row["state"] in ("short", "unknown"))

    @property
    def headline(self) -> str:
        """The answer in one sentence."""
        if self.bad:
            return f"{len(self.bad)} of {len(self.balance)} streams do not balance: rows vanished, or doubled."
        lost = sum(int(row["lost_rows"]) for row in self.balance)
        if lost:
            return f"The ledger balances; {lost:,} rows were lost on their way, and it is known why."
        return "The ledger balances: everything that was handed over is stored, or on its way."

    def balance_cells(self) -> list[dict[str, Cell]]:
        """Return the ledger's first rows as they are shown."""
        return [_balance_cells(row) for row in self.balance[:MOST_SHOWN]]

    def host_cells(self) -> list[dict[str, Cell]]:
        """Return the first hosts as they are shown, the least complete first."""
        return [_host_cells(row) for row in self.hosts[:MOST_SHOWN]]

    def cost_cells(self) -> list[dict[str, Cell]]:
        """Return what the first hosts spend as it is shown, the dearest first."""
        return [_cost_cells(row) for row in self.costs[:MOST_SHOWN]]


class PipelineSnapshots:
    """Asks the store at most every few seconds, however many look at the page.

    Args:
        store: A client that may read.
        settings: Where this host's spool is.
        clock: For ages.
        host: The host's name.
    """

    def __init__(self, store: StoreClient, settings: Settings, clock: Clock, host: str) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self.host = host
        self._fresh = Fresh(self._take, PipelineSnapshot(), _FRESH_NS, clock)

    def current(self) -> PipelineSnapshot:
        """Return the state of at most five seconds ago."""
        return self._fresh.current()

    def _take(self, before: PipelineSnapshot) -> PipelineSnapshot:
        database = self._settings.store.database
        balance, hosts, cost = (PIPELINE.panel(name) for name in ("balance", "arrivals", "cost"))
        now_ns = self._clock.now_ns()
        try:
            rows = self._store.query_rows(
                balance.query(database), {"lookback_seconds": _LOOK_BACK_SECONDS, "host": "", "stream": ""}
            )
            of_hosts, costs = (
                tuple(self._store.query_rows(panel.query(database), {"now_ns": now_ns, "most_rows": panel.most_rows}))
                for panel in (hosts, cost)
            )
        except (StoreUnavailable, StoreRefused) as error:
            trouble = f"Not known: {' '.join(str(error).split())[:200]}"
            return PipelineSnapshot(before.balance, before.hosts, before.facts, trouble, before.costs)
        facts = summary(rows, _LOOK_BACK, waiting_in(self._settings)) if rows else []
        sentences = tuple(f"{fact[:1].upper()}{fact[1:]}." for fact in facts)
        return PipelineSnapshot(tuple(rows), of_hosts, sentences, costs=costs)


def _balance_cells(row: dict[str, Any]) -> dict[str, Cell]:
    causes = {cause: int(count) for cause, count in row["rows_by_cause"].items()}
    why = ", ".join(f"{cause.replace('_', ' ')} {count:,}" for cause, count in sorted(causes.items()))
    about = "estimated in part" if row["is_estimated"] else ""
    unknown = int(row["unknown_batches_count"])
    state = str(row["state"])
    return {
        "host": Cell(str(row["host"])),
        "stream": Cell(str(row["of_stream"])),
        "state": Cell(state, tone=_TONES.get(state, ""), note=f"{unknown:,} batches" if unknown else ""),
        "handed_over": _count(row["handed_over_rows"]),
        "stored": _count(row["stored_rows"]),
        "in_flight": _count(row["in_flight_rows"]),
        "lost": _count(row["lost_rows"], why, "warn"),
        "causes": Cell(why or DASH, tone="" if why else "muted", note=about),
        "difference": _count(row["difference_rows"], "rows that nothing explains", "bad"),
        "unread": _count(row["unread_rows"], why, "warn"),
    }


def _host_cells(row: dict[str, Any]) -> dict[str, Cell]:
    instant, stream = row["worst"]
    lag = float(row["lag_seconds"])
    least = row["least_completeness_ratio"]
    where = f"{stream} at {str(instant)[11:16]} UTC" if least is not None and least < 1 else ""
    return {
        "host": Cell(str(row["host"])),
        "completeness": _share(row["completeness_ratio"]),
        "least": _share(least, where),
        "lag": Cell(
            age(round(max(0.0, lag)) * NANOSECONDS) if lag < 10 * _LOOK_BACK_SECONDS else DASH,
            "",
            lag,
            "warn" if lag > _LAGS_SECONDS else "muted",
        ),
        "parked": _count(row["parked_datagrams_count"], "datagrams wait", "warn"),
        "letters": _count(row["letters_count"], "see viflux deadletter list", "bad"),
    }


def _cost_cells(row: dict[str, Any]) -> dict[str, Cell]:
    cost, budget = row["cost_cores"], float(row["budget_cores"])
    why = str(row["cost_reason"]).replace("_", " ")
    is_over = cost is not None and float(cost) > budget
    return {
        "host": Cell(str(row["host"])),
        "cost": Cell(DASH, why, None, "muted", why)
        if cost is None
        else Cell(f"{float(cost):.3f}", f"{float(cost):.6f}", float(cost), "warn" if is_over else ""),
        "budget": Cell(f"{budget:g}", "", budget, "muted"),
        "shed": _shed(row),
        "resident": _megabytes(row["resident_bytes"]),
        "maps": _megabytes(row["map_memory_bytes"]),
    }


def _shed(row: dict[str, Any]) -> Cell:
    level = int(row["shed_level"])
    if not level:
        return Cell("nothing", "", 0, "muted")
    others, critical = int(row["flow_sampling_rate"]), int(row["critical_flow_sampling_rate"])
    words = "addresses of dropped packets"
    if row["shed"] != "drop_samples":
        words = f"all but one of {others:,} packets in flows"
        words += f", of critical VIFs one of {critical:,}" if critical > 1 else "; critical VIFs are whole"
    return Cell(words, f"level {level}", level, "warn")


def _megabytes(value: Any) -> Cell:
    size = int(value)
    return Cell(f"{size / 1e6:,.0f} MB", f"{size:,} bytes", size, "" if size else "muted")


def _share(ratio: float | None, note: str = "") -> Cell:
    if ratio is None:
        return Cell(DASH, "Nothing was handed over.", None, "muted")
    # Rounded down, so 100 % is never a guess.
    text = f"{math.floor(ratio * 1000) / 10:g} %"
    return Cell(text, f"{ratio:.6%}", ratio, "muted" if ratio == 1 else "warn", note)


def _count(value: Any, title: str = "", tone: str = "") -> Cell:
    number = int(value)
    return Cell(f"{number:,}", title if number else "", number, tone if number else "muted")
