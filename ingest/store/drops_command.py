"""`viflux drops`: which packets were dropped where, why, and whether that is loss."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

import click

from ingest.store.asking import in_one_line
from ingest.store.client import StoreClient
from ingest.store.traffic import answers, discarded, singles
from ingest.store.traffic.answers import Order
from ingest.store.traffic.arrivals import Arrival
from ingest.store.traffic.dimensions import DROP_DIMENSIONS, chosen, listed
from ingest.store.traffic.following import Following
from ingest.store.traffic.options import filter_options, list_options, span_options
from ingest.store.traffic.question import Filters, Span, peers_of, port_of, protocol_of
from viflux.clock import SystemClock
from viflux.command import verb
from viflux.settings import Settings

_LONGEST_SECONDS = 70.0

_HELP = f"""Show which packets were dropped where and why, the most first.

Rows are sums over a span. By default there is one for each VIF, class, reason and place; --by tells rows apart by
something else:

\b
{listed(DROP_DIMENSIONS)}

\b
Classes:
  loss      the network lost the packet
  denied    a policy refused it
  endpoint  who it was for did not want it, such as a closed port
  benign    nobody misses it

Drops that belong to no VIF have the id 0 and say only host and place. Where several exporters tell of one VIF, each has
its rows, for they tell of the same packets. scaled_packets are scaled by the sampling rate; packets of unknown rate are
in unknown_rate_packets alone.

\b
Examples:
  viflux drops                                what was dropped in the last 5 minutes
  viflux drops --class loss --last 1h         only what hurts
  viflux drops --vif veth12ab --by reason     why, at one VIF
  viflux drops --by src,dst,port --class denied
  viflux drops --by rule --class denied       which rule of nftables it was
  viflux drops --follow                       each row as it is stored

docs/flows.md has the rest.
"""


@click.command(help=_HELP)
@filter_options
@click.option("--class", "drop_class", type=click.Choice(discarded.CLASSES), help="Only of this class.")
@click.option("--reason", default="", metavar="REASON", help="Only for this reason.")
@click.option("--place", default="", metavar="PLACE", help="Only at this place of the packet's path.")
@click.option(
    "--rule", default="", metavar="TEXT", help="Only by rules of nftables with this in their name or comment."
)
@span_options
@click.option("--by", default="vif,class,reason,place", metavar="NAME,…", help="What rows are told apart by.")
@list_options(tuple(discarded.SORTS))
@verb()
def drops(  # noqa: D103 - the text is above; one argument a flag
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
    drop_class: str | None,
    reason: str,
    place: str,
    rule: str,
    last: str | None,
    since: str | None,
    until: str,
    by: str,
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
        exporter=exporter,
    )
    why = discarded.Why(reason=reason, drop_class=drop_class or "", place=place, rule=rule)
    told = chosen(by, DROP_DIMENSIONS)
    with in_one_line(), closing(StoreClient.reader(settings, _LONGEST_SECONDS)) as store:
        if follow:

            def query(arrivals: Sequence[Arrival], vif_ids: Sequence[int], span: Span) -> str:  # noqa: ARG001
                return singles.drops(arrivals, vif_ids, filters, why)

            back_ns = Span.followed(last, since, until, clock.now_ns())
            Following(settings, store, "drops", filters, query, clock, form).run(back_ns)
            return
        span = Span.asked(last, since, until, clock.now_ns())
        answer = answers.drops(store, settings, span, filters, why, told, Order(sort, top))
        answer.show(form)
