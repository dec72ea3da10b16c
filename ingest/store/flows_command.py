"""`viflux flows`: who talks to whom at which VIF, how much, and how well that is known."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

import click

from ingest.store.asking import in_one_line
from ingest.store.client import StoreClient
from ingest.store.traffic import answers, singles, sums
from ingest.store.traffic.answers import Order
from ingest.store.traffic.arrivals import Arrival
from ingest.store.traffic.dimensions import DIRECTION, FLOW_DIMENSIONS, VIF, chosen, listed
from ingest.store.traffic.following import Following
from ingest.store.traffic.options import filter_options, list_options, span_options
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
    pair: bool,
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
        is_pair=pair,
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
        order = Order(sort, top)
        answer = answers.flows(store, settings, span, filters, _by(by, span, filters), at, order)
        answer.show(form)


def _by(text: str | None, span: Span, filters: Filters) -> tuple[str, ...]:
    if text is not None:
        return chosen(text, FLOW_DIMENSIONS)
    is_narrow = bool(filters.vif or filters.peers)
    peer = "peer" if is_narrow or span.to_ns - span.from_ns <= _ADDRESSES_UP_TO_NS else "network"
    return (VIF, DIRECTION, peer, "port") if peer == "network" else (VIF, DIRECTION, peer, "ethertype", "port")
