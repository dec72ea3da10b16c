"""What the exporters' page shows at one instant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from analytics.hurts import age
from dashboards.boards import EXPORTERS
from dashboards.web.figures import DASH, Cell
from dashboards.web.fresh import Fresh
from ingest.store.client import StoreClient, StoreRefused
from ingest.store.connection import StoreUnavailable
from ingest.store.exporters_command import STALE_SECONDS, nobody
from ingest.store.sql_command import address_text
from viflux.clock import NANOSECONDS, Clock
from viflux.settings import Settings

MOST_SHOWN = 200
"""Most exporters on the page, of those that the filter leaves, in the order asked for: whoever spoofs thousands of them
must not make a page that nobody can load."""

MOST_NEEDS = 20
"""Most settings that the page asks for at once."""

_FRESH_NS = 5 * NANOSECONDS
_LOOK_BACK = "1h"
_LOOK_BACK_SECONDS = 3600
_SKEW_SECONDS = 5.0
_ORIGINS = {"announced": "as it announced", "configured": "as configured", "measured": "as measured"}


class ExporterRow(msgspec.Struct, frozen=True):
    """One exporter and observation domain, or a listener that lost what cannot be said of one.

    Attributes:
        key: Tells it from the others.
        needs: What has to be set so that its volumes count; empty for nothing.
        columns: The query's columns, exact.
        cells: What is shown, by the board's column names.
    """

    key: str
    needs: str
    columns: dict[str, Any]
    cells: dict[str, Cell]
    is_counted: bool = True

    def matches(self, words: str) -> bool:
        """Whether every word is in one of the texts of the row; case does not matter."""
        shown = " ".join(f"{cell.text} {cell.note}" for cell in self.cells.values()).casefold()
        return all(word in shown for word in words.casefold().split())


@dataclass(frozen=True)
class ExportersSnapshot:
    """One state of the page.

    Attributes:
        rows: Exporters of the last hour.
        trouble: Why the rows are not of now; empty while the store answers.
        empty_text: What to say where there is no row.
    """

    rows: tuple[ExporterRow, ...] = ()
    trouble: str = ""
    empty_text: str = ""

    @property
    def needing(self) -> tuple[ExporterRow, ...]:
        """Those that something must be set for."""
        return tuple(row for row in self.rows if row.needs)


class ExportersSnapshots:
    """Asks the store at most every few seconds, however many look at the page.

    Args:
        store: A client that may read.
        settings: Where is listened, for the empty page.
        clock: For ages.
        host: The host's name, as in all records.
    """

    def __init__(self, store: StoreClient, settings: Settings, clock: Clock, host: str) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self.host = host
        self._fresh = Fresh(self._take, ExportersSnapshot(), _FRESH_NS, clock)

    def current(self) -> ExportersSnapshot:
        """Return the state of at most five seconds ago."""
        return self._fresh.current()

    def _take(self, before: ExportersSnapshot) -> ExportersSnapshot:
        query = EXPORTERS.panel("exporters").query(self._settings.store.database)
        parameters = {"lookback_seconds": _LOOK_BACK_SECONDS, "stale_seconds": STALE_SECONDS}
        try:
            found = self._store.query_rows(query, parameters)
        except (StoreUnavailable, StoreRefused) as error:
            trouble = f"Not known: {' '.join(str(error).split())[:200]}"
            return ExportersSnapshot(before.rows, trouble, trouble)
        now_ns = self._clock.now_ns()
        rows = tuple(exporter_row(row, now_ns) for row in found if row["host"] == self.host)
        said = "" if rows else nobody(self._settings, _LOOK_BACK).replace("`", "")
        return ExportersSnapshot(rows, empty_text=f"{said[:1].upper()}{said[1:]}." if said else "")


def exporter_row(row: dict[str, Any], now_ns: int) -> ExporterRow:
    """Make a row of `viflux exporters` ready to be shown."""
    row = {**row, "exporter_address": address_text(row["exporter_address"])}
    address = str(row["exporter_address"])
    is_listener = address == "::"
    key = "|".join(
        str(row[name])
        for name in ("listener", "exporter_address", "source_kind", "observation_domain_id", "exporter_port")
    )
    lost = int(row["shed_packets"]) + int(row["socket_dropped_count"])
    unusable = {
        "refused": int(row["refused_datagrams_count"]),
        "undecodable": int(row["undecodable_datagrams_count"]),
        "parked in vain": int(row["parked_dropped_datagrams_count"]),
    }
    cells = {
        "name": _name(row, address, is_listener=is_listener),
        "protocol": Cell(row["source_kind"] or DASH, sort=row["source_kind"] or None),
        "domain": Cell(DASH, sort=None, tone="muted") if is_listener else _count(row["observation_domain_id"]),
        "listener": Cell(row["listener"], sort=row["listener"]),
        "datagrams": _per_second(row["datagrams_per_second"]),
        "flows": _per_second(row["flows_per_second"]),
        "sampling": _sampling(row, is_listener=is_listener),
        "unknown": _count(row["unknown_rate_flows_count"], "flows left out of volumes, for want of a rate", "warn"),
        "templates": _count(row["templates_count"]),
        "missed": _count(row["missed_count"], f"{row['missed_unit'] or 'units'} that its sequence skipped", "warn"),
        "lost": _count(
            lost, f"{row['shed_packets']:,} shed, {row['socket_dropped_count']:,} dropped at the full socket", "warn"
        ),
        "refused": _count(
            sum(unusable.values()), ", ".join(f"{count:,} {how}" for how, count in unusable.items()), "warn"
        ),
        "parked": _count(row["parked_datagrams_count"], "datagrams that wait for a template or a sampling rate"),
        "skew": _skew(row["clock_skew_seconds"]),
        "heard": _heard(row, now_ns),
    }
    return ExporterRow(key, str(row["needs"]), row, cells)


def _name(row: dict[str, Any], address: str, *, is_listener: bool) -> Cell:
    if is_listener:
        return Cell("listener", "What cannot be said of one exporter.", "", note=row["listener"])
    port = f" port {row['exporter_port']}" if row["exporter_port"] else ""
    return Cell(address, f"{address}{port}", address, note=row["exporter_name"])


def _sampling(row: dict[str, Any], *, is_listener: bool) -> Cell:
    if is_listener:
        return Cell(DASH, tone="muted")
    if row["sampling_rate"] is None:
        return Cell("unknown", "Nobody said how it samples: its flows are left out of volumes.", None, "warn")
    rate = float(row["sampling_rate"])
    return Cell(f"1 in {rate:,g}", f"{_ORIGINS.get(row['sampling_origin'], '')}", rate, note=row["sampling_origin"])


def _per_second(value: float) -> Cell:
    return Cell(f"{value:,.0f}/s" if value >= 10 or not value else f"{value:,.1f}/s", sort=float(value))


def _count(value: int | str, title: str = "", tone: str = "") -> Cell:
    number = int(value)
    return Cell(
        f"{number:,}", f"{number:,} {title}" if title and number == 0 else title, number, tone if number else "muted"
    )


def _skew(seconds: float | None) -> Cell:
    if seconds is None:
        return Cell(DASH, "Not told.", None, "muted")
    size = abs(seconds)
    if size < 1:
        # NetFlow v9 and IPFIX tell whole seconds: less than one is no skew of the clock.
        return Cell("within 1 s", f"{seconds:+,.6f} s", seconds, "muted")
    way = "ahead" if seconds > 0 else "behind"
    text = f"{age(round(size) * NANOSECONDS)} {way}"
    return Cell(text, f"{seconds:+,.6f} s", seconds, "warn" if size >= _SKEW_SECONDS else "")


def _heard(row: dict[str, Any], now_ns: int) -> Cell:
    told = str(row["last_received_time"])
    if told.startswith("1970"):
        return Cell(DASH, "", None, "muted")
    instant = datetime.fromisoformat(told[:19]).replace(tzinfo=UTC)
    seconds = now_ns / NANOSECONDS - instant.timestamp()
    # Its row of the last interval is at most so old; then nothing comes any more.
    is_silent = seconds > STALE_SECONDS
    tone, note = ("warn", "silent") if is_silent else ("muted", "")
    return Cell(age(round(seconds) * NANOSECONDS), told, seconds, tone, note)
