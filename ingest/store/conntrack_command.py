"""`viflux conntrack`: how full connection tracking is, when it will be full, and who fills it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ingest.store.sql_command import address_text, answer_of
from ingest.store.traffic.options import span_options
from ingest.store.traffic.question import Span
from viflux import output
from viflux.clock import SystemClock
from viflux.command import verb
from viflux.settings import Settings

_FOLDER = Path(__file__).parent
_QUERIES = {"namespace": "conntrack.sql", "address": "holders.sql", "vif": "holders.sql"}
_LONGEST_SECONDS = 30.0
_HOST = "host"
"""What is typed for the host's own namespace, which has no name."""

_NOT_OF_VIFS = ("address", "zone")
_ONLY_IF_ANY = frozenset(("zone", "workload", "holder_namespace", "insert_failed_packets", "invalid_packets"))
"""Columns that a table leaves out where no row has anything in them."""


@click.command()
@click.option("--host", default="", metavar="HOST", help="Only this host.")
@click.option(
    "--namespace", default=None, metavar="NAME", help=f"Only this network namespace; `{_HOST}` for the host's own."
)
@click.option(
    "--by", type=click.Choice(tuple(_QUERIES)), default="namespace", show_default=True, help="What a row is about."
)
@span_options
@click.option("--top", type=click.IntRange(1, 100_000), default=20, show_default=True, help="So many rows at most.")
@output.format_option
@verb()
def conntrack(
    settings: Settings,
    *,
    host: str,
    namespace: str | None,
    by: str,
    last: str | None,
    since: str | None,
    until: str,
    top: int,
    form: str | None,
) -> None:
    """Show how full connection tracking is, and who fills it.

    By default there is one row for each network namespace, the fullest first: entries now, the peak of the span, the
    limit, growth and the time until the table is full at that growth; and what happened in the span. dropped_packets
    found the table full, early_dropped_count connections were thrown out of it to make room: either means that it was
    full. insert_failed_packets is no sign of that: two packets of one connection came at once.

    The limit is the host's setting net.netfilter.nf_conntrack_max; the kernel holds each namespace's own number against
    it. The host's own namespace has no name. growth_per_second and full_seconds are null where they are not known, and
    full_seconds also where the table does not grow.

    \b
    --by address   whose connections they are: sources of first packets, before translation
    --by vif       the same by VIF, as far as an address is of one

    Holders are found by looking at seen_count of entries_count connections, which come in random order; share_ratio is
    their share of those, estimated_count the same of all. reach says how an address was found to be of a VIF: `own` and
    `link` are sure, `only` means that no other VIF of the host has the address, and `ambiguous` that several have.

    \b
    Examples:
      viflux conntrack                              all namespaces
      viflux conntrack --by vif --namespace router  who fills one
      viflux conntrack --last 1h --format jsonl
    """  # noqa: D301 - click's mark for lines that stay as they are
    span = Span.asked(last, since, until, SystemClock().now_ns())
    parameters = {
        "from_ns": str(span.from_ns),
        "to_ns": str(span.to_ns),
        "host": host,
        "every": str(int(namespace is None)),
        "namespace": "" if namespace in (None, _HOST) else str(namespace),
        "holder": by,
        "top": str(top),
    }
    query = (_FOLDER / _QUERIES[by]).read_text(encoding="utf-8")
    answer = answer_of(settings, query, parameters, form, _LONGEST_SECONDS)
    if not answer.rows:
        click.echo(_nothing(settings, span, by, host, namespace), err=True)
    if output.chosen(form) != "table":
        answer.write()
    elif answer.rows:
        _write_table(answer.rows, by)


def _write_table(rows: list[dict[str, Any]], by: str) -> None:
    left_out = {"vif_id", "reach", *(_NOT_OF_VIFS if by == "vif" else ())} if by != "namespace" else set()
    if by == "address":
        left_out -= {"reach"}
    names = [name for name in rows[0] if name not in left_out]
    names = [name for name in names if name not in _ONLY_IF_ANY or any(row[name] for row in rows)]
    if len({row["host"] for row in rows}) == 1:
        names.remove("host")
    shown = [{**row, "namespace": row["namespace"] or f"({_HOST})"} for row in rows]
    columns = [output.Column(name, is_number=not isinstance(rows[0][name], str)) for name in names]
    output.write_rows(columns, ([address_text(row[name]) for name in names] for row in shown), "table")


def _nothing(settings: Settings, span: Span, by: str, host: str, namespace: str | None) -> str:
    """Return why there are no rows."""
    of = " of this host" if host else ""
    of += "" if namespace is None else " of this namespace"
    if by != "namespace":
        return (
            f"no connections{of} were looked at in {span.text}: tables were empty, or conntrack.holders is 0; "
            "`viflux conntrack` shows how full they are"
        )
    if "conntrack" in settings.agent.sources:
        return f"nothing{of} was read in {span.text}; `viflux doctor` says whether the source conntrack can run here"
    return "the source conntrack is off here: name it in agent.sources"
