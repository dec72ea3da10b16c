"""What is answered: rows with their names, and what is to be said beside them; the same for the verbs and the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import click

from ingest.store.client import StoreClient
from ingest.store.tiers.resolution import filled_until
from ingest.store.traffic import discarded, sums, table, vifs
from ingest.store.traffic.dimensions import DIRECTION, EXPORTER, VIF
from ingest.store.traffic.notes import contest_text, hidden, incomplete, nothing
from ingest.store.traffic.peers import Peers
from ingest.store.traffic.question import Filters, Span
from viflux.settings import Settings

_SCOPED = {
    "workloads": "summed are counting points: each byte of a workload once in each direction",
    "exported": "summed are the interfaces of each exporter: each of its bytes once in each direction",
    "uplinks": "summed are uplinks: what went into and out of hosts",
}
_ANY = ("workloads", "exported", "uplinks")


@dataclass(frozen=True)
class Answer:
    """Rows, the largest first.

    Attributes:
        rows: Columns by name, in order; names of VIFs, peers, protocols and ports beside their numbers.
        span: What they are of.
        found: How many there are, before the cut.
        tables: Where they were read from.
        notes: What their reader should know, or why there are none.
    """

    rows: list[table.Row]
    span: Span
    found: int
    tables: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def heading(self) -> str:
        """What the rows are: how many of how many, of when, and from where; empty for none."""
        if not self.rows:
            return ""
        cut = f"the first {len(self.rows)} of {self.found}" if self.found > len(self.rows) else f"all {self.found}"
        return f"{cut} rows, {self.span.text} ({self.span.seconds:.0f} s), from {', '.join(self.tables)}"

    def show(self, form: str | None) -> None:
        """Print the rows in a format, and on stderr what is to be said beside them."""
        table.write(self.rows, form)
        for line in (self.heading, *self.notes):
            if line:
                click.echo(line, err=True)


@dataclass(frozen=True)
class Order:
    """Which rows come first, and how many at most.

    Attributes:
        sort: One of the keys of `sums.SORTS`, of drops of `discarded.SORTS`.
        top: How many.
    """

    sort: str
    top: int


def flows(
    store: StoreClient,
    settings: Settings,
    span: Span,
    filters: Filters,
    by: Sequence[str],
    at: str | None,
    order: Order,
) -> Answer:
    """Return sums over flows.

    Args:
        store: The store.
        settings: Names of networks, how long rows are kept, which sources are on.
        span: Of when; widened to whole minutes.
        filters: What flows have to be of.
        by: Dimensions; the direction is always one.
        at: Which VIFs, of `sums.SCOPES`; None lets the dimensions decide.
        order: Which rows.

    Raises:
        UsageError: A name is not known, or rows of the span are not kept any more.
        StoreRefused: The store said no.
        StoreUnavailable: It did not answer.
    """
    named = vifs.selected(store, filters, span)
    dimensions = list(by)
    # A sum over both directions would count what passes through twice.
    if DIRECTION not in dimensions:
        dimensions.insert(1 if VIF in dimensions else 0, DIRECTION)
    if VIF not in dimensions and named is not None and len(named) > 1 and at is None:
        dimensions.insert(0, VIF)
    source = _source(store, settings, span, filters, dimensions, [vif.vif_id for vif in named or ()])
    is_one = VIF in dimensions or (named is not None and len(named) == 1)
    scopes: tuple[str, ...] = (at,) if at is not None else ("",) if is_one else _ANY
    notes = list(source.notes)
    rows: list[table.Row] = []
    for scope in scopes:
        told = [*dimensions, *([EXPORTER] if scope == "exported" and EXPORTER not in dimensions else [])]
        contest = "" if EXPORTER in told else contest_text(store, sums.contested(source, scope, filters), source.span)
        if contest:
            told.append(EXPORTER)
        rows = store.query_rows(sums.statement(source, told, filters, scope, sort=order.sort, top=order.top))
        if rows:
            notes += [contest] if contest else []
            notes += [_SCOPED[scope]] if scope and at is None else []
            break
    called = vifs.called(store, (row["vif_id"] for row in rows if "vif_id" in row), source.span)
    if rows and "peer_network" in rows[0] and any(vif.is_outward for vif in called.values()):
        notes.append("peer_network of uplinks, overlays and workloads' own ends is their own end's; --by peer is not")
    notes += incomplete(store, "flows", source.span, vifs.hosts_of(named, filters), settings.store.database)
    notes += hidden(store, source.span, [vif.vif_id for vif in named or ()], vifs.hosts_of(named, filters))
    if not rows:
        notes.insert(0, nothing(store, settings, "flows", source.span, filters))
    return _answer(store, settings, rows, called, source.span, source.tables, notes)


def drops(
    store: StoreClient,
    settings: Settings,
    span: Span,
    filters: Filters,
    why: discarded.Why,
    by: Sequence[str],
    order: Order,
) -> Answer:
    """Return sums over dropped packets; arguments and errors as `flows`.

    Args:
        store: The store.
        settings: As for `flows`.
        span: Of when.
        filters: What they have to be of.
        why: What they were dropped for.
        by: Dimensions.
        order: Which rows.
    """
    named = vifs.selected(store, filters, span)
    source = discarded.rows(span, [vif.vif_id for vif in named or ()], filters, why, settings.keep)
    notes = []
    told = list(by)
    if EXPORTER not in told and (contest := contest_text(store, discarded.contested(source), span)):
        told.append(EXPORTER)
        notes.append(contest)
    rows = store.query_rows(discarded.statement(source, span, told, sort=order.sort, top=order.top))
    called = vifs.called(store, (row["vif_id"] for row in rows if "vif_id" in row), span)
    notes += incomplete(store, "drops", span, vifs.hosts_of(named, filters), settings.store.database)
    if not rows:
        notes.insert(0, nothing(store, settings, "drops", span, filters))
    return _answer(store, settings, rows, called, span, ("drops",), notes)


def _source(
    store: StoreClient,
    settings: Settings,
    span: Span,
    filters: Filters,
    by: Sequence[str],
    vif_ids: Sequence[int],
) -> sums.Source:
    if sums.needs_raw(by, filters):
        return sums.from_raw(span, vif_ids, filters, settings.keep)
    return sums.from_tiers(span, vif_ids, settings.keep, filled_until(store, "flows", span.now_ns))


def _answer(
    store: StoreClient,
    settings: Settings,
    rows: list[table.Row],
    called: dict[int, vifs.Vif],
    span: Span,
    tables: tuple[str, ...],
    notes: Sequence[str],
) -> Answer:
    peers = Peers(store, settings.networks)
    peers.look_up(table.addresses_in(rows), table.span_of(rows, span))
    found = int(rows[0]["groups_count"]) if rows else 0
    return Answer(table.named(rows, called, peers), span, found, tables, tuple(notes))
