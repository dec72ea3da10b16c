"""`viflux ledger`: what was handed over, stored, is under way and was lost, and whether that adds up."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from ingest.store.asking import look_back_seconds
from ingest.store.completeness import completeness_since
from ingest.store.sql_command import answer_of, print_result
from viflux import output
from viflux.command import verb
from viflux.paths import DataPaths
from viflux.settings import Settings
from viflux.spool import START, SpoolReader
from viflux.spool.position import read_state

BALANCE = Path(__file__).with_name("balance.sql")
_COMPLETENESS = """SELECT time, host, of_stream, stored_rows, lost_rows, completeness_ratio, is_estimated
FROM ({view})
WHERE time >= toStartOfMinute(now() - toIntervalSecond({{lookback_seconds:UInt32}}))
    AND ({{host:String}} = '' OR host = {{host:String}})
    AND ({{stream:String}} IN ('', of_stream) OR startsWith(of_stream, concat({{stream:String}}, '.')))
ORDER BY time, host, of_stream
LIMIT 100000
"""
_SINCE = "toUnixTimestamp64Nano(now64(9) - toIntervalSecond({lookback_seconds:UInt32} + 3600))"

# Of a month of a thousand hosts it takes seconds.
_LONGEST_SECONDS = 60.0

_ONLY_IF_ANY = frozenset(
    (
        "in_flight_rows",
        "unknown_batches_count",
        "unexplained_batches_count",
        "at_most_batches_count",
        "unread_rows",
        "late_rows",
        "is_estimated",
    )
)
"""Columns that a table leaves out where no row has anything in them."""

UNBALANCED = ("short", "unknown")
"""States in which rows are missing that nothing accounts for."""


@click.command()
@click.option("--last", default="1h", show_default=True, metavar="DURATION", help="How far to look back, up to 30d.")
@click.option("--host", default="", metavar="HOST", help="Only this host.")
@click.option("--stream", default="", metavar="STREAM", help="Only this stream, or all of a kind, such as counters.")
@click.option("--completeness", is_flag=True, help="Show completeness by host, stream and minute instead.")
@output.format_option
@verb()
def ledger(settings: Settings, last: str, host: str, stream: str, *, completeness: bool, form: str | None) -> None:
    """Show where the ledger balances and where not.

    One row for each host and stream, over all hand-overs of the look back:

    \b
      handed over = stored + in flight + lost + difference

    handed over: rows that the agent put into its spool. stored: rows in the store. in flight: rows that the processor
    has not dealt with yet. lost: rows that will not come, by cause, such as spool_evicted (the spool was full),
    segment_damaged, missing (never came out of the spool or Kafka), or what sent a batch to the dead letters (refused,
    unreadable, other_content, …). unread: rows that were lost before the spool and so were never handed over: socket,
    shed, parked, undecodable, exporter_gap, spool_refused; those of whole datagrams are estimated from the mean rows of
    the datagrams that were decoded.

    \b
    State:
      balanced   every row is stored, or it is known what became of it
      in flight  the rest is on its way, or the spool has not told yet what it lost
      unknown    batches were lost and nothing tells how many rows they had
      short      the difference is not 0: rows vanished, or came twice

    Nothing is cut by a window's edge: the two sides are compared hand-over by hand-over, each batch by its number. What
    the balance cannot see is in docs/ledger.md.

    Exit code 1 where any row is short or unknown.
    """  # noqa: D301 - click keeps lines behind the character \\b as they are
    parameters = {
        "lookback_seconds": str(look_back_seconds("--last", last, "the ledger is kept")),
        "host": host,
        "stream": stream,
    }
    if completeness:
        view = completeness_since(_SINCE).replace("{database}", settings.store.database)
        print_result(settings, _COMPLETENESS.format(view=view), parameters, form)
        return
    query = BALANCE.read_text(encoding="utf-8")
    answer = answer_of(settings, query, parameters, form, _LONGEST_SECONDS)
    rows = answer.rows
    if output.chosen(form) == "table":
        _print_table(rows)
    else:
        answer.write()
    for line in summary(rows, last, waiting_in(settings)):
        click.echo(line, err=True)
    if any(row["state"] in UNBALANCED for row in rows):
        sys.exit(1)


def summary(rows: Sequence[Mapping[str, Any]], last: str, waiting: Mapping[str, tuple[int, int]]) -> list[str]:
    """Say in one line what the rows come to, and in another what waits in the spool of this host.

    Args:
        rows: Of `balance.sql`.
        last: How far was looked back, for the text.
        waiting: For each stream of this host's spool batches and rows behind the reader's cursor.
    """
    lines = []
    if not rows:
        lines.append(f"nothing was handed over in the last {last}")
    else:
        total = {name: sum(int(row[name]) for row in rows) for name in _SUMMED}
        states = ", ".join(
            f"{count} {state}"
            for state in ("short", "unknown", "in flight", "balanced")
            if (count := sum(row["state"] == state for row in rows))
        )
        lines.append(
            f"{len(rows)} streams in the last {last}: {states}; {total['handed_over_rows']} rows handed over = "
            f"{total['stored_rows']} stored + {total['in_flight_rows']} in flight + {total['lost_rows']} lost"
            f" + {total['difference_rows']} difference"
        )
    letters = sum(int(row["rows_by_cause"].get(cause, 0)) for row in rows for cause in _LETTERS)
    if letters:
        lines.append(f"{letters} rows are dead letters: `viflux deadletter list` says why and what to do")
    if waiting:
        batches, count = (sum(each[index] for each in waiting.values()) for index in (0, 1))
        lines.append(f"{batches} batches with {count} rows wait in this host's spool")
    return lines


_LETTERS = ("refused", "unreadable", "unknown_kind", "unknown_version", "other_content", "damaged")
_SUMMED = ("handed_over_rows", "stored_rows", "in_flight_rows", "lost_rows", "difference_rows")


def waiting_in(settings: Settings) -> dict[str, tuple[int, int]]:
    """Return for each stream of this host's spool how many batches and rows its reader has not dealt with."""
    paths = DataPaths(settings.data_dir)
    reader = paths.spool_reader_state(is_shipped=bool(settings.kafka.brokers))
    try:
        state = read_state(reader)
        return SpoolReader(paths.spool).waiting(state.cursor if state else START)
    except (msgspec.MsgspecError, OSError):
        # Of another host, or of another user: the store says what it knows.
        return {}


def _print_table(rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        return
    shown = [{**row, "rows_by_cause": _causes(row["rows_by_cause"])} for row in rows]
    names = [name for name in shown[0] if name not in _ONLY_IF_ANY or any(row[name] for row in shown)]
    columns = [output.Column(name, is_number=not isinstance(shown[0][name], str)) for name in names]
    output.write_rows(columns, ([row[name] for name in names] for row in shown), "table")


def _causes(rows: Mapping[str, Any]) -> str:
    return ", ".join(f"{cause} {rows[cause]}" for cause in sorted(rows, key=lambda cause: -int(rows[cause])))
