"""`viflux exporters`: who sends what, how it samples, and what of it is missing."""

from __future__ import annotations

from pathlib import Path

import click

from ingest.store.client import StoreClient, StoreRefused, StoreUnavailable
from ingest.store.sql_command import print_result
from viflux import output
from viflux.command import verb
from viflux.errors import UsageError, VifluxError
from viflux.paths import DataPaths
from viflux.settings import Settings
from viflux.settings.units import Duration
from viflux.supervisor.addresses import EXPORT_SETTINGS, export_listeners
from viflux.supervisor.report import read_state

QUERY = Path(__file__).with_name("exporters.sql")

_STALE_SECONDS = 30
"""An exporter without a row for so long sends nothing now: a row is written each 10 s."""


@click.command()
@click.option("--since", default="1h", show_default=True, metavar="DURATION", help="How far to look back, such as 10m.")
@output.format_option
@verb()
def exporters(settings: Settings, since: str, form: str | None) -> None:
    """Show who sends flow exports.

    One row for each exporter and observation domain: datagrams and flows a second in its newest interval, templates,
    sampling rate and where that came from, and over the whole look back what sequence numbers skipped, what was shed,
    refused or undecodable. `needs` has the exact setting where a rate must be given: without one its flows are left out
    of volumes.
    """
    parameters = {"lookback_seconds": str(_seconds(since)), "stale_seconds": str(_STALE_SECONDS)}
    if _is_empty(settings, parameters):
        click.echo(_nobody(settings, since), err=True)
        return
    print_result(settings, QUERY.read_text(encoding="utf-8"), parameters, form)


def _seconds(since: str) -> int:
    try:
        span = Duration.parse(since)
    except ValueError as error:
        raise UsageError(f"--since: {error}") from error
    if not Duration.parse("1s") <= span <= Duration.parse("30d"):
        raise UsageError(f"--since: {since} is out of range; expected 1s to 30d, for so long rows are kept")
    return int(span.seconds)


def _is_empty(settings: Settings, parameters: dict[str, str]) -> bool:
    question = (
        "SELECT count() AS count FROM exporters WHERE time >= now64(9) - toIntervalSecond({lookback_seconds:UInt32})"
    )
    try:
        rows = StoreClient.reader(settings).query_rows(question, {"lookback_seconds": parameters["lookback_seconds"]})
    except StoreRefused as error:
        raise VifluxError(" ".join(error.message.split())) from error
    except StoreUnavailable as error:
        raise VifluxError(f"{error}") from error
    return int(rows[0]["count"]) == 0


def _nobody(settings: Settings, since: str) -> str:
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
