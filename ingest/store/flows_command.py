"""`viflux flows`: who talks to whom at which VIF, how much, and how well that is known."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

import click

from ingest.store.asking import in_one_line
from ingest.store.client import StoreClient
from ingest.store.tiers.resolution import filled_until
from ingest.store.traffic import singles, sums, table, vifs
from ingest.store.traffic.arrivals import Arrival
from ingest.store.traffic.dimensions import DIRECTION, EXPORTER, FLOW_DIMENSIONS, VIF, chosen, listed
from ingest.store.traffic.following import Following
from ingest.store.traffic.notes import contest_text, incomplete, nothing
from ingest.store.traffic.options import filter_options, list_options, span_options
from ingest.store.traffic.peers import Peers
from ingest.store.traffic.question import DIRECTIONS, Filters, Span, peers_of, port_of, protocol_of
from viflux.clock import SystemClock
from viflux.command import verb
from viflux.errors import UsageError
from viflux.settings import Settings
from viflux.settings.units import Duration

# Addresses of a busy hour are sums over a hundred million flows.
_LONGEST_SECONDS = 70.0
_ADDRESSES_UP_TO_NS = Duration.parse("1h")

_HELP = f"""Show who talks to whom, the most first.

Rows are sums over a span of whole minutes. By default there is one for each VIF, direction, peer, protocol and port of
the service; beyond an hour, unless a VIF or a peer is named, peers are networks. --by tells rows apart by something
else:

\b
{listed(FLOW_DIMENSIONS)}

A packet is seen at each VIF that it passes, so rows of different VIFs may be of the same packets: do not add them up.
Where --by leaves VIFs out, only those are summed that see each byte once in each direction: counting points, where
there are none the interfaces of each exporter, else uplinks; --at says which. Of a VIF that several exporters watch,
each has its rows.

scaled_skb_bytes and scaled_packets are what the VIF moved, in the units of its counters, with sampled flows scaled by
their rate; relative_error_ratio is by how much of itself the bytes may be off, 95 times of 100. Flows of unknown rate
are in unknown_rate_… alone. A peer is named by the VIF that had the address then, else by the setting networks.

Notes are on stderr: what span and tables it is, what is known to be lost, and why there may be nothing.

\b
Examples:
  viflux flows                                      who talks, in the last 5 minutes
  viflux flows --vif veth12ab --last 1h             at one VIF
  viflux flows --by port --last 7d                  what a week's traffic is, from the tiers
  viflux flows --peer 192.0.2.0/24 --port https     with one network
  viflux flows --by src,dst --protocol icmp         what only single flows say
  viflux flows --follow --vif tap0 | jq .           each flow as it is stored

docs/flows.md has the rest.
"""


@click.command(help=_HELP)
@filter_options
@click.option("--direction", type=click.Choice(DIRECTIONS), help="Of the VIF, or from or to its workload.")
@span_options
@click.option("--by", default=None, metavar="NAME,…", help="What rows are told apart by.")
@click.option("--at", type=click.Choice(sums.SCOPES), help="Which VIFs are summed, or shown.")
@list_options(tuple(sums.SORTS))
@verb()
def flows(  # noqa: D103 - the text is above; one argument a flag
    settings: Settings,
    *,
    vif: str,
    workload: str,
    host: str,
    peer: str,
    port: str,
    protocol: str,
    exporter: str,
    direction: str | None,
    last: str | None,
    since: str | None,
    until: str,
    by: str | None,
    at: str | None,
    top: int,
    sort: str,
    follow: bool,
    form: str | None,
) -> None:
    clock = SystemClock()
    filters = Filters(
        vif=vif,
        workload=workload,
        host=host,
        peers=peers_of(peer, settings.networks),
        port=port_of(port),
        protocol=protocol_of(protocol),
        direction=direction or "",
        exporter=exporter,
    )
    with in_one_line(), closing(StoreClient.reader(settings, _LONGEST_SECONDS)) as store:
        if follow:
            if by is not None or at is not None:
                raise UsageError("--by, --at: what is followed is not summed; leave them out")

            def query(arrivals: Sequence[Arrival], vif_ids: Sequence[int], span: Span) -> str:
                return singles.flows(arrivals, vif_ids, filters, span)

            back_ns = Span.followed(last, since, until, clock.now_ns())
            Following(settings, store, "flows", filters, query, clock, form).run(back_ns)
            return
        span = Span.asked(last, since, until, clock.now_ns())
        found = _Question(settings, store, span, filters)
        found.print_top(_by(by, span, filters), at, sort=sort, most=top, form=form)


def _by(text: str | None, span: Span, filters: Filters) -> tuple[str, ...]:
    if text is not None:
        return chosen(text, FLOW_DIMENSIONS)
    is_narrow = bool(filters.vif or filters.peers)
    peer = "peer" if is_narrow or span.to_ns - span.from_ns <= _ADDRESSES_UP_TO_NS else "network"
    return (VIF, DIRECTION, peer, "port")


class _Question:
    """One question: where it is read from, what is summed, and what is said about it."""

    def __init__(self, settings: Settings, store: StoreClient, span: Span, filters: Filters) -> None:
        self._settings = settings
        self._store = store
        self._span = span
        self._filters = filters
        self._vifs = vifs.selected(store, filters, span)

    def print_top(self, by: Sequence[str], at: str | None, *, sort: str, most: int, form: str | None) -> None:
        """Print the rows, and on stderr what they are."""
        dimensions = list(by)
        # A sum over both directions would count what passes through twice.
        if DIRECTION not in dimensions:
            dimensions.insert(1 if VIF in dimensions else 0, DIRECTION)
        if VIF not in dimensions and self._vifs is not None and len(self._vifs) > 1 and at is None:
            dimensions.insert(0, VIF)
        source = self._source(dimensions)
        notes = list(source.notes)
        rows: list[table.Row] = []
        for scope in self._scopes(dimensions, at):
            told = [*dimensions, *([EXPORTER] if scope == "exported" and EXPORTER not in dimensions else [])]
            if EXPORTER not in told and (note := self._contest(source, scope)):
                told.append(EXPORTER)
                notes.append(note)
            sql = sums.statement(source, told, self._filters, scope, sort=sort, top=most)
            rows = self._store.query_rows(sql)
            if rows:
                if scope and at is None:
                    notes.append(_SCOPED[scope])
                break
        self._print(rows, source, notes, form)

    def _print(self, rows: list[table.Row], source: sums.Source, notes: list[str], form: str | None) -> None:
        called = vifs.called(self._store, (row["vif_id"] for row in rows if "vif_id" in row), source.span)
        peers = Peers(self._store, self._settings.networks)
        peers.look_up(table.addresses_in(rows), table.span_of(rows, source.span))
        if rows and "peer_network" in rows[0] and any(vif.is_outward for vif in called.values()):
            notes.append(
                "peer_network of uplinks, overlays and workloads' own ends is their own end's; --by peer is not"
            )
        database = self._settings.store.database
        notes += incomplete(self._store, "flows", source.span, self._filters.host, database)
        table.write(table.named(rows, called, peers), form)
        if rows:
            count = rows[0]["groups_count"]
            cut = f"the first {len(rows)} of {count}" if count > len(rows) else f"all {count}"
            tables = ", ".join(source.tables)
            notes.insert(0, f"{cut} rows, {source.span.text} ({source.span.seconds:.0f} s), from {tables}")
        else:
            notes.insert(0, nothing(self._store, self._settings, "flows", source.span, self._filters))
        for note in notes:
            click.echo(note, err=True)

    def _source(self, by: Sequence[str]) -> sums.Source:
        vif_ids = [vif.vif_id for vif in self._vifs or ()]
        if sums.needs_raw(by, self._filters):
            return sums.from_raw(self._span, vif_ids, self._filters, self._settings.keep)
        return self._tiers(vif_ids)

    def _tiers(self, vif_ids: Sequence[int]) -> sums.Source:
        until = filled_until(self._store, "flows", self._span.now_ns)
        return sums.from_tiers(self._span, vif_ids, self._settings.keep, until)

    def _scopes(self, by: Sequence[str], at: str | None) -> tuple[str, ...]:
        if at is not None:
            return (at,)
        if VIF in by or (self._vifs is not None and len(self._vifs) == 1):
            return ("",)
        return ("workloads", "exported", "uplinks")

    def _contest(self, source: sums.Source, scope: str) -> str:
        """Return a note where several exporters tell of a VIF; empty where none do."""
        return contest_text(self._store, sums.contested(source, scope, self._filters), source.span)


_SCOPED = {
    "workloads": "summed are counting points: each byte of a workload once in each direction",
    "exported": "summed are the interfaces of each exporter: each of its bytes once in each direction",
    "uplinks": "summed are uplinks: what went into and out of hosts",
}
