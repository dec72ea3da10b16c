"""`viflux exporters`: who sends what, how it samples, and what of it is missing."""

from __future__ import annotations

from pathlib import Path

import click

from ingest.store.asking import look_back_seconds
from ingest.store.sql_command import address_text, answer_of
from viflux import output
from viflux.command import verb
from viflux.paths import DataPaths
from viflux.settings import Settings
from viflux.supervisor.addresses import EXPORT_SETTINGS, export_listeners
from viflux.supervisor.report import read_state

QUERY = Path(__file__).with_name("exporters.sql")

# A person waits for the answer; it takes tens of milliseconds.
_LONGEST_SECONDS = 15.0

STALE_SECONDS = 30
"""An exporter without a row for so long sends nothing now: a row is written each 10 s."""

_ONLY_IF_ANY = frozenset(
    (
        "exporter_name",
        "exporter_port",
        "unknown_rate_flows_count",
        "missed_unit",
        "missed_count",
        "socket_dropped_count",
        "shed_packets",
        "refused_datagrams_count",
        "undecodable_datagrams_count",
        "parked_datagrams_count",
        "parked_dropped_datagrams_count",
        "needs",
    )
)
"""Columns that a table leaves out where no row has anything in them: what is wrong then stands out."""


@click.command()
@click.option("--since", default="1h", show_default=True, metavar="DURATION", help="How far to look back, such as 10m.")
@output.format_option
@verb()
def exporters(settings: Settings, since: str, form: str | None) -> None:
    """Show who sends flow exports.

    One row for each exporter and observation domain: datagrams and flows a second in its newest interval, templates,
    sampling rate and where that came from, and over the whole look back what sequence numbers skipped, what was shed,
    refused or undecodable. `needs` has the exact setting where a rate must be given: without one its flows are left out
    of volumes. A table leaves out counts of losses that are all 0.
    """
    parameters = {
        "lookback_seconds": str(look_back_seconds("--since", since, "rows are kept")),
        "stale_seconds": str(STALE_SECONDS),
    }
    query = QUERY.read_text(encoding="utf-8")
    answer = answer_of(settings, query, parameters, form, _LONGEST_SECONDS)
    rows = answer.rows
    if not rows:
        click.echo(nobody(settings, since), err=True)
    if output.chosen(form) != "table":
        answer.write()
        return
    if not rows:
        return
    names = [name for name in rows[0] if name not in _ONLY_IF_ANY or any(row[name] for row in rows)]
    columns = [output.Column(name, is_number=not isinstance(rows[0][name], str)) for name in names]
    output.write_rows(columns, ([address_text(row[name]) for name in names] for row in rows), "table")
    for need in dict.fromkeys(row["needs"] for row in rows if row["needs"]):
        click.echo(f"set {need}", err=True)


def nobody(settings: Settings, since: str) -> str:
    """Say why there is no exporter: where is listened, or what turns listening on."""
    state = read_state(DataPaths(settings.data_dir))
    listeners = (state.exports if state is not None else {}) or export_listeners(settings)
    if not listeners:
        names = ", ".join(EXPORT_SETTINGS[:-1])
        return (
            f"listeners are off: set {names} or {EXPORT_SETTINGS[-1]}, such as "
            "`viflux up --set sflow.listen=127.0.0.1:6343`"
        )
    heard = "; ".join(f"{setting.partition('.')[0]} on {', '.join(heard)}" for setting, heard in listeners.items())
    return f"no exporter was heard in the last {since}; listening on {heard}"
