"""`viflux decode`: captures of export datagrams to rows."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from collectors.decode.records import RECORDS, Records, Shown
from viflux import output
from viflux.command import verb
from viflux.errors import EXIT_FAILED, UsageError, VifluxError
from viflux.settings import Settings

if TYPE_CHECKING:
    from collectors._native import DecodedBatch

_ERRORS = "errors"
_KINDS = [kind for kind in RECORDS if kind != _ERRORS]
_STDIN = "-"


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path())
@click.option("--records", type=click.Choice(_KINDS), help="Which rows are printed; flows by default.")
@click.option("--errors", is_flag=True, help="Print a row for everything that cannot be decoded, instead of records.")
@output.format_option
@click.option("--columns", metavar="NAME,...", help="Only these columns, in this order.")
@click.option("--limit", type=click.IntRange(min=0), metavar="N", help="End after N rows.")
@click.option("--output", "path", type=click.Path(path_type=Path, dir_okay=False), help="Write rows to a file.")
@click.option(
    "--port",
    "ports",
    multiple=True,
    type=click.IntRange(1, 65_535),
    metavar="PORT",
    help="Only datagrams to this UDP port; several may be given. By default all: their content tells the protocol.",
)
@click.option("--raw-elements", is_flag=True, help="Keep elements that no column takes, by number, in raw_elements.")
@click.option("--quiet", "-q", is_flag=True, help="No progress and no summary on stderr.")
@verb()
def decode(
    settings: Settings,
    files: tuple[str, ...],
    records: str | None,
    form: str | None,
    columns: str | None,
    limit: int | None,
    path: Path | None,
    ports: tuple[int, ...],
    **flags: bool,
) -> None:
    """Print what sFlow, IPFIX and NetFlow exporters sent, from captures of their datagrams.

    Each FILE is a pcap or pcapng capture, - is standard input. Several files are one stream, in the order given: a
    template in the first one holds in the next. IP fragments are put together; what is no UDP is passed over. Nothing
    is stored, and neither the store nor the agent has to run.

    JSON lines have each column of the registry as a key, null where the exporter did not tell it. Counts are as
    exported: multiply them by sampling_rate, unless sampling_origin is unknown. Addresses are text, instants RFC 3339
    in UTC with nanoseconds, 64-bit ids 16 hex digits. --format arrow is one Arrow IPC stream.

    What the settings say of exporters (exporters.known, exporters.site) holds here too, so the rows are those that
    the agent would store.

    A summary goes to stderr. A file that is empty, cut off, damaged or no capture is told there with the byte;
    everything before that byte is decoded, and the other files too.

    \b
    Examples:
      viflux decode exports.pcap                           a table on a terminal
      viflux decode exports.pcap | jq -c 'select(.dst_port == 443)'
      viflux decode --errors exports.pcap                  what cannot be decoded, and at which byte
      viflux decode --records options exports.pcap         samplers, interface names, ...
      viflux decode --format arrow --output f.arrows *.pcap
      tcpdump -i any -U -w - udp port 6343 | viflux decode -

    Exit codes: 0 all files were read to their end, whatever was in the datagrams; 1 some file was not; 2 wrong use.
    """  # noqa: D301 - the backslash is click's mark of a paragraph that is not wrapped
    if flags["errors"] and records is not None:
        raise UsageError("--errors and --records: give one of them")
    kind = _ERRORS if flags["errors"] else records or "flows"
    _require_files(files, path)
    chosen = output.chosen(form) if path is None else form or "jsonl"
    if chosen == "arrow" and path is None and sys.stdout.isatty():
        raise UsageError("--format arrow: not on a terminal; send it to a file or a pipe")
    wanted = _wanted(RECORDS[kind], columns, chosen)
    # The native core is loaded here: `--help` must work where it is not built.
    from collectors._native import DecodeFiles  # noqa: PLC0415
    from collectors.decode import progress  # noqa: PLC0415

    exporters = settings.exporters
    source = DecodeFiles(
        files,
        records=kind,
        ports=ports,
        site=exporters.site,
        known=exporters.known,
        park_bytes=exporters.park_bytes,
        park_time_ns=exporters.park_time,
        max_exporters=exporters.max_exporters,
        max_templates=exporters.max_templates,
        raw_elements=flags["raw_elements"] or exporters.raw_elements,
    )
    is_quiet = flags["quiet"]
    batches = progress.watched(source, is_shown=not is_quiet and (path is not None or not sys.stdout.isatty()))
    failed = 0
    rows = 0

    def taken() -> Iterator[DecodedBatch]:
        nonlocal failed, rows
        for batch in _limited(batches, limit):
            rows += len(batch)
            yield batch
            failed += progress.tell_failures(source.failures())

    try:
        if chosen == "table":
            _write_table(taken(), wanted, path, is_fitted=columns is None)
        else:
            _write(taken(), kind, chosen, wanted, path)
    finally:
        failed += progress.tell_failures(source.failures())
    source.finish()
    counts = source.counts()
    if not is_quiet and (counts.packets or not failed):
        click.echo(progress.summary(counts, rows), err=True)
    if failed:
        sys.exit(EXIT_FAILED)


def _require_files(files: Iterable[str], path: Path | None) -> None:
    seen_stdin = False
    for file in files:
        if file == _STDIN:
            if seen_stdin:
                raise UsageError("- is given twice; standard input can be read once")
            if sys.stdin.isatty():
                raise UsageError(
                    "-: standard input is a terminal; send a capture to it: tcpdump -w - | viflux decode -"
                )
            seen_stdin = True
        elif not Path(file).exists():
            raise UsageError(f"{file}: there is no such file")
        elif Path(file).is_dir():
            raise UsageError(f"{file}: is a folder; name the captures in it")
        elif path is not None and path.exists() and path.samefile(file):
            raise UsageError(f"--output {path}: is one of the captures")


def _wanted(records: Records, columns: str | None, form: str) -> tuple[Shown, ...]:
    if columns is None:
        return records.named(records.table) if form == "table" else records.columns
    names = tuple(name.strip() for name in columns.split(","))
    try:
        return records.named(names)
    except KeyError as error:
        known = ", ".join(column.name for column in records.columns)
        raise UsageError(f"--columns: {error.args[0]!r} is no column; there are {known}") from error


def _limited(batches: Iterable[DecodedBatch], limit: int | None) -> Iterator[DecodedBatch]:
    if limit is None:
        yield from batches
        return
    rest = iter(batches)
    # With the last row, nothing more is read.
    while limit > 0 and (batch := next(rest, None)) is not None:
        yield batch.slice(0, limit)
        limit -= min(limit, len(batch))


def _write(
    batches: Iterable[DecodedBatch], kind: str, form: str, columns: tuple[Shown, ...], path: Path | None
) -> None:
    from collectors._native import DecodeWriter  # noqa: PLC0415

    names = [(column.name, column.form) for column in columns]
    try:
        writer = DecodeWriter(form, records=kind, columns=names, path=path)
        for batch in batches:
            writer.write(batch)
        writer.finish()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise VifluxError(f"{path or 'standard output'}: cannot be written: {error.strerror or error}") from error


def _write_table(
    batches: Iterable[DecodedBatch], columns: tuple[Shown, ...], path: Path | None, *, is_fitted: bool
) -> None:
    from collectors.decode import table  # noqa: PLC0415

    width = table.width_of_terminal() if is_fitted and path is None and sys.stdout.isatty() else None
    if path is None:
        table.write(batches, columns, sys.stdout.buffer, width)
        return
    try:
        with path.open("wb") as out:
            table.write(batches, columns, out, width)
    except OSError as error:
        raise VifluxError(f"{path}: cannot be written: {error.strerror or error}") from error
