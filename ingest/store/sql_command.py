"""`viflux sql`: run a read-only query and print its rows as they are meant to be read outside the store."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from ingest.store.asking import in_one_line
from ingest.store.client import StoreClient
from ingest.store.tiers.resolution import filled_until, placeholders, replaced, resolve, usual_grain_ns
from viflux import output
from viflux.clock import SystemClock
from viflux.command import verb
from viflux.errors import UsageError
from viflux.instant import parse_instant
from viflux.settings import Settings
from viflux.settings.units import Duration

if TYPE_CHECKING:
    import pyarrow as pa

# Whole integers, instants as RFC 3339 in UTC, and bytes that are no text as U+FFFD instead of as broken JSON.
_FORMS = {
    "output_format_json_quote_64bit_integers": 0,
    "date_time_output_format": "iso",
    "output_format_json_validate_utf8": 1,
}
_NUMBER = re.compile(r"(?:Nullable\(|LowCardinality\()*(?:U?Int\d+|Float\d+|BFloat16|Decimal)")
_ID = re.compile(r"(?:Nullable\(|LowCardinality\()*UInt64\)*")


@click.command()
@click.argument("query", required=False)
@click.option("--file", "file", type=click.Path(path_type=Path, dir_okay=False), help="Read the query from a file.")
@click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="Value of {NAME:Type} in the query.")
@click.option(
    "--from", "since", metavar="TIME", help="Start of the range of {counters} and {flows}; 2h: two hours ago."
)
@click.option("--to", "until", metavar="TIME", default="now", show_default=True, help="End of that range, not in it.")
@click.option("--grain", metavar="DURATION", help="Finest step that the query tells apart; by default by the range.")
@output.format_option
@verb()
def sql(
    settings: Settings,
    query: str | None,
    file: Path | None,
    params: tuple[str, ...],
    since: str | None,
    until: str,
    grain: str | None,
    form: str | None,
) -> None:
    """Run a read-only SQL query.

    The query is the argument, the content of --file, or what stdin has. 64-bit ids (columns whose name ends in `_id`)
    are printed as 16 hex digits, instants as RFC 3339, what is not known as null.

    {counters} and {flows} in the query stand for rows of the range --from to --to out of the coarsest tier that answers
    it at --grain, and of raw rows where no tier has them yet: FROM {counters}. docs/sql.md tells what is in them.
    """
    text = _with_tiers(settings, _query_text(query, file), since, until, grain)
    print_result(settings, text, _parameters(params), form)


def print_result(settings: Settings, text: str, parameters: dict[str, str], form: str | None) -> None:
    """Run a read-only query and print its rows to stdout.

    Args:
        settings: Where the store is.
        text: The query.
        parameters: Values of `{name:Type}` in it.
        form: What `--format` says; None lets the output decide.

    Raises:
        VifluxError: The store refused the query or did not answer.
    """
    chosen = _printable(form)
    client = StoreClient.reader(settings)
    with in_one_line():
        if chosen == "arrow":
            _print_arrow(client.query_arrow(text, parameters))
            return
        columns, rows = _opened(client, text, parameters)
        if columns:
            output.write_rows(columns, rows, chosen)


@dataclass(frozen=True)
class Answer:
    """A small result that was asked for once, for those who look at its rows before they print them.

    Attributes:
        rows: One dict a row, columns in order.
        write: Prints them to stdout in the form that was asked for, as `print_result` does.
    """

    rows: list[dict[str, Any]]
    write: Callable[[], None]


def answer_of(
    settings: Settings, text: str, parameters: Mapping[str, str], form: str | None, most_seconds: float
) -> Answer:
    """Run a read-only query whose result is small.

    Args:
        settings: Where the store is.
        text: The query.
        parameters: Values of `{name:Type}` in it.
        form: What `--format` says; None lets the output decide.
        most_seconds: How long the answer may take.

    Raises:
        VifluxError: The store refused the query or did not answer.
    """
    chosen = _printable(form)
    # Callers that ask again and again must not leave a connection each behind them.
    with in_one_line(), closing(StoreClient.reader(settings, most_seconds)) as client:
        if chosen == "arrow":
            import pyarrow as pa  # noqa: PLC0415

            table = client.query_arrow(text, dict(parameters))
            maps = [field.name for field in table.schema if pa.types.is_map(field.type)]
            found = table.to_pylist()
            return Answer(
                [{**row, **{name: dict(row[name]) for name in maps}} for row in found], lambda: _print_arrow(table)
            )
        columns, lists = _opened(client, text, parameters)
        rows = list(lists)
    names = [column.name for column in columns]

    def write() -> None:
        output.write_rows(columns, rows, chosen)

    return Answer([dict(zip(names, row, strict=True)) for row in rows], write)


def _query_text(query: str | None, file: Path | None) -> str:
    if query is not None and file is not None:
        raise UsageError("give the query as an argument or with --file, not both")
    if query is None and file is None and sys.stdin.isatty():
        raise UsageError('no query: give it as an argument (viflux sql "SELECT …"), with --file, or on stdin')
    try:
        text = query if query is not None else file.read_text(encoding="utf-8") if file else sys.stdin.read()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file or 'stdin'}: the query cannot be read: {error}") from error
    if not text.strip():
        raise UsageError("the query is empty")
    return text


def _with_tiers(settings: Settings, text: str, since: str | None, until: str, grain: str | None) -> str:
    kinds = placeholders(text)
    if not kinds:
        if since is not None or grain is not None:
            raise UsageError("--from and --grain are for {counters} and {flows}; the query has neither")
        return text
    if since is None:
        raise UsageError(f"{{{kinds[0]}}} needs a range: give its start with --from, such as --from 2h")
    now_ns = SystemClock().now_ns()
    client = StoreClient.reader(settings)
    try:
        from_ns, to_ns = parse_instant(since, now_ns), parse_instant(until, now_ns)
        grain_ns = int(Duration.parse(grain)) if grain is not None else usual_grain_ns(from_ns, to_ns)
        with in_one_line():
            found = {
                kind: resolve(
                    kind,
                    from_ns,
                    to_ns,
                    grain_ns,
                    now_ns=now_ns,
                    keep=settings.keep,
                    until=filled_until(client, kind, now_ns),
                )
                for kind in dict.fromkeys(kinds)
            }
    except ValueError as error:
        raise UsageError(f"--from, --to, --grain: {error}") from error
    for kind, resolution in found.items():
        for note in resolution.notes:
            click.echo(f"{{{kind}}}: {note}", err=True)
    return replaced(text, found)


def _parameters(params: Sequence[str]) -> dict[str, str]:
    found = {}
    for param in params:
        name, separator, value = param.partition("=")
        if not separator or not name.isidentifier():
            raise UsageError(f"--param {param}: expected NAME=VALUE")
        found[name] = value
    return found


def _printable(form: str | None) -> str:
    chosen = output.chosen(form)
    if chosen == "arrow" and sys.stdout.isatty():
        raise UsageError("--format arrow: not on a terminal; send it to a file or a pipe")
    return chosen


def _opened(
    client: StoreClient, text: str, parameters: Mapping[str, str]
) -> tuple[list[output.Column], Iterator[list[Any]]]:
    """Return the columns of an answer, none where there is none, and its rows as they are read outside the store."""
    lines = _lines(client.stream(text, "JSONCompactEachRowWithNamesAndTypes", dict(parameters), _FORMS))
    names: list[str] = msgspec.json.decode(next(lines, b"[]"))
    types: list[str] = msgspec.json.decode(next(lines, b"[]"))
    as_text = [_is_id(name, kind) for name, kind in zip(names, types, strict=True)]
    columns = [
        output.Column(name, is_number=_NUMBER.match(kind) is not None and not is_id)
        for name, kind, is_id in zip(names, types, as_text, strict=True)
    ]
    outside = [
        _id_text if is_id else address_text if "IPv6" in kind else None
        for kind, is_id in zip(types, as_text, strict=True)
    ]
    decoder = msgspec.json.Decoder(list[Any])
    rows = (
        [
            value if change is None else change(value)
            for value, change in zip(decoder.decode(line), outside, strict=True)
        ]
        for line in lines
    )
    return columns, rows


def _print_arrow(table: pa.Table) -> None:
    import pyarrow as pa  # noqa: PLC0415

    for index, field in enumerate(table.schema):
        if field.type == pa.uint64() and _is_id(field.name, "UInt64"):
            digits = pa.chunked_array([[_id_text(value) for value in table.column(index).to_pylist()]], pa.string())
            table = table.set_column(index, pa.field(field.name, pa.string(), field.nullable), digits)
    with pa.ipc.new_stream(sys.stdout.buffer, table.schema) as stream:
        stream.write_table(table)
    sys.stdout.buffer.flush()


def _is_id(name: str, kind: str) -> bool:
    return name.endswith("_id") and _ID.fullmatch(kind) is not None


def _id_text(value: int | None) -> str | None:
    return None if value is None else f"{value:016x}"


def address_text(value: Any) -> Any:
    """Return a value with addresses as a person writes them: IPv4 without the prefix that maps it into IPv6."""
    if isinstance(value, str):
        return value[7:] if value.startswith("::ffff:") and "." in value else value
    if isinstance(value, list):
        return [address_text(part) for part in value]
    if isinstance(value, dict):
        return {key: address_text(part) for key, part in value.items()}
    return value


def _lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        yield from whole
    if rest:
        yield rest
