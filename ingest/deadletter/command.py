"""`viflux deadletter`: look at what could not be stored, bring it in after a fix, or give it up."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from viflux import output
from viflux.clock import DAY_NS, Clock, SystemClock
from viflux.command import verb
from viflux.errors import UsageError, VifluxError
from viflux.instant import instant_text
from viflux.paths import DataPaths
from viflux.settings import Settings
from viflux.settings.units import Duration

if TYPE_CHECKING:
    from ingest.deadletter.home import DeadLetters
    from ingest.deadletter.letter import Letter
    from ingest.deadletter.replay import Replay
    from ingest.deadletter.shown import Shown

Command = TypeVar("Command", bound=Callable[..., Any])

_GIVE_UP_NS = 60 * 1_000_000_000
_COLUMNS = (
    output.Column("time"),
    output.Column("cause"),
    output.Column("host"),
    output.Column("stream"),
    output.Column("sequence", is_number=True),
    output.Column("rows", is_number=True),
    output.Column("size_bytes", is_number=True),
    output.Column("bytes_kept"),
    output.Column("name"),
    output.Column("reason"),
)


@dataclass(frozen=True)
class Kept:
    """A letter and its home."""

    letter: Letter
    home: DeadLetters


@dataclass(frozen=True)
class Choice:
    """Which letters a command is for.

    Attributes:
        names: Their names, or beginnings of names that no other has; none with `every`.
        every: All that the filters let through.
        cause: Only with this cause; empty for any, as the others.
        host: Only of this host.
        kind: Only of this record kind.
        since: Only those put away within so long.
    """

    names: tuple[str, ...] = ()
    every: bool = False
    cause: str = ""
    host: str = ""
    kind: str = ""
    since: str = ""

    def admits(self, letter: Letter, since_ns: int) -> bool:
        """Whether the filters let a letter through."""
        wanted = ((self.cause, letter.cause), (self.host, letter.host), (self.kind, letter.kind))
        return letter.time_ns >= since_ns and all(value in ("", said) for value, said in wanted)


@click.group(subcommand_metavar="list|show|replay|drop [OPTIONS] [NAME]...")
def deadletter() -> None:
    """What could not be stored: look at it, bring it in after a fix, or give it up.

    A batch becomes a dead letter where trying again would not help: its checksum is wrong (damaged), this version does
    not know its kind or schema version, its payload is not what it says (unreadable), another batch was stored under
    its identity (other_content), or the store refuses its rows for good (refused). Its bytes are kept with the reason:
    of the spool in the data folder's `deadletter/`, with `kafka.brokers` in the topic `<prefix>.deadletter.v1`, and
    what the shipper finds damaged in the folder. At most 256 MiB in each; beyond that letters are only named.

    The rest goes on meanwhile, and the ledger counts the letter's rows as lost by its cause until they are replayed.

    \b
      viflux deadletter list --cause refused
      viflux deadletter show 4f0c
      viflux deadletter replay --all --cause refused
      viflux deadletter drop 4f0c

    docs/deadletters.md has each cause with its fix.
    """  # noqa: D301 - click keeps lines behind the character \\b as they are


def _filters(command: Command) -> Command:
    for flag in (
        click.option("--since", default="", metavar="DURATION", help="Only those put away within it, such as 24h."),
        click.option("--kind", default="", metavar="KIND", help="Only of this record kind, such as flows."),
        click.option("--host", default="", metavar="HOST", help="Only of this host."),
        click.option("--cause", default="", metavar="CAUSE", help="Only with this cause, such as refused."),
    ):
        command = flag(command)
    return command


def _chosen(command: Command) -> Command:
    command = _filters(command)
    command = click.option("--all", "every", is_flag=True, help="All that the filters let through.")(command)
    return click.argument("names", nargs=-1, metavar="[NAME]...")(command)


@deadletter.command(name="list", short_help="List what could not be stored.")
@_filters
@output.format_option
@verb("deadletter")
def list_(settings: Settings, form: str | None, **filters: Any) -> None:
    """List the dead letters, oldest first.

    Damaged bytes have no host, stream and rows: nothing in them can be trusted. `name` is where the letter lay; other
    commands take it, or its beginning.
    """
    if form == "arrow":
        raise UsageError("--format arrow: letters are printed as table, jsonl or csv")
    found = _select(settings, Choice(every=True, **filters))
    if not found:
        click.echo(_none(filters), err=True)
    elif output.chosen(form) == "table":
        output.write_rows(_COLUMNS, (_line(kept.letter) for kept in found), "table")
        click.echo(_sum(found), err=True)
    else:
        output.write_rows(_COLUMNS, (_line(kept.letter) for kept in found), output.chosen(form))


@deadletter.command(short_help="Show what letters are, and their rows or bytes.")
@_chosen
@click.option("--rows", "most_rows", type=click.IntRange(0, 100_000), default=10, show_default=True, help="Most rows.")
@click.option(
    "--bytes", "most_bytes", type=click.IntRange(0, 1 << 20), default=512, show_default=True, help="Most bytes in hex."
)
@click.option("--format", "form", type=click.Choice(["table", "jsonl"]), help="Text, or one JSON object a letter.")
@verb("deadletter")
def show(settings: Settings, form: str | None, most_rows: int, most_bytes: int, **choice: Any) -> None:
    """Show what a letter is, why it is one, and the rows of it that can be read.

    Of a schema version that this Viflux does not know rows are shown as they are in the batch. Bytes that cannot be
    read are printed in hex, the frame's from its begin: magic, checksum, lengths, metadata, payload. Columns without
    any value are left out of the table.
    """
    from ingest.deadletter.shown import shown  # noqa: PLC0415 - Arrow is loaded only where rows are read

    found = _required(settings, Choice(**choice))
    for index, kept in enumerate(found):
        what = shown(kept.letter, kept.home.data(kept.letter), most_rows, most_bytes)
        if output.chosen(form) == "jsonl":
            sys.stdout.buffer.write(msgspec.json.encode(_object(what)) + b"\n")
        else:
            if index:
                click.echo()
            _print(what, kept.home.place)


@deadletter.command(short_help="Bring letters into the store after a fix.")
@_chosen
@verb("deadletter")
def replay(settings: Settings, **choice: Any) -> None:
    """Bring the rows of letters into the store, each exactly once, and remove these letters.

    To be run after the fix: a newer Viflux for an unknown version, an altered table for what the store refused. It runs
    beside a working processor, counts in the store before it inserts, and can be killed and run again at any time.
    The ledger then says that the rows are stored, and tiers and SLIs of their minutes are computed again, within
    the bounds for late rows.

    A letter stays, with the reason on stderr and exit code 1, where its rows cannot be brought: damaged bytes, an
    identity that another batch has, rows that are older than their table keeps them, or a cause that is still there.
    """
    from ingest.deadletter.replay import NotReplayedError  # noqa: PLC0415 - `--help` needs neither Arrow nor the store

    found = _required(settings, Choice(**choice))
    engine, limit = _engine(settings)
    brought = rows = 0
    for kept in found:
        name = kept.letter.name
        limit.begin()
        try:
            done = engine.bring(kept.letter, kept.home.data(kept.letter))
        except NotReplayedError as error:
            click.echo(f"{name}: not replayed: {error}", err=True)
            continue
        kept.home.remove(kept.letter)
        brought, rows = brought + 1, rows + done.rows
        how = "were in the store already" if done.was_there else "are in the store"
        click.echo(f"{name}: its {done.rows} rows {how}", err=True)
    left = len(found) - brought
    click.echo(f"{brought} letters with {rows} rows replayed, {left} not", err=True)
    if left:
        sys.exit(1)


@deadletter.command(short_help="Remove letters for good.")
@_chosen
@click.option("--yes", is_flag=True, help="Do not ask.")
@verb("deadletter")
def drop(settings: Settings, *, yes: bool, **choice: Any) -> None:
    """Remove letters with their bytes; their rows stay lost, and the ledger goes on saying so.

    Asks on a terminal; elsewhere `--yes` is needed.
    """
    found = _required(settings, Choice(**choice))
    if not yes:
        if not sys.stdin.isatty():
            raise UsageError(f"drop removes {len(found)} letters for good; say so with --yes")
        click.echo(_sum(found), err=True)
        click.confirm("Remove them for good?", abort=True, err=True)
    for kept in found:
        kept.home.remove(kept.letter)
    click.echo(f"{len(found)} letters dropped", err=True)


def _homes(settings: Settings) -> list[DeadLetters]:
    from ingest.deadletter.folder import FolderLetters  # noqa: PLC0415

    homes: list[DeadLetters] = [FolderLetters(DataPaths(settings.data_dir).deadletter)]
    if settings.kafka.brokers:
        from ingest.kafka.deadletter import TopicLetters  # noqa: PLC0415 - only where there is a bus

        homes.append(TopicLetters(settings.kafka))
    return homes


def _select(settings: Settings, choice: Choice) -> list[Kept]:
    """Return the letters of a choice, oldest first.

    Raises:
        UsageError: A name is not that of one letter.
    """
    since_ns = time.time_ns() - _span(choice.since) if choice.since else 0
    every = [Kept(letter, home) for home in _homes(settings) for letter in home.letters()]
    every.sort(key=lambda kept: kept.letter.order)
    admitted = [kept for kept in every if choice.admits(kept.letter, since_ns)]
    if choice.every:
        return admitted
    found: dict[str, Kept] = {}
    for name in choice.names:
        begins = [kept for kept in admitted if kept.letter.name.startswith(name)]
        exact = [kept for kept in begins if kept.letter.name == name]
        if len(exact or begins) != 1:
            count = len(begins)
            raise UsageError(
                f"{name}: {count} letters have names that begin so; give more of the name"
                if count
                else f"{name}: there is no such letter; `viflux deadletter list` names them"
            )
        kept = (exact or begins)[0]
        found[kept.letter.name] = kept
    return list(found.values())


def _required(settings: Settings, choice: Choice) -> list[Kept]:
    if bool(choice.names) == choice.every:
        raise UsageError("name the letters, or say --all")
    return _select(settings, choice)


def _span(text: str) -> int:
    try:
        return int(Duration.parse(text))
    except ValueError as error:
        raise UsageError(f"--since: {error}") from error


def _none(filters: dict[str, str]) -> str:
    return "no dead letter matches" if any(filters.values()) else "there are no dead letters: nothing was refused"


def _sum(found: Sequence[Kept]) -> str:
    causes: dict[str, int] = {}
    for kept in found:
        causes[kept.letter.cause] = causes.get(kept.letter.cause, 0) + 1
    said = ", ".join(f"{count} {cause}" for cause, count in sorted(causes.items(), key=lambda each: -each[1]))
    rows = sum(kept.letter.rows for kept in found)
    return f"{len(found)} dead letters with {rows} rows: {said}" if found else "no dead letter matches"


def _line(letter: Letter) -> list[Any]:
    none = None if letter.is_damaged else letter.sequence
    rows = None if letter.is_damaged else letter.rows
    kept = letter.bytes_kept
    return [
        instant_text(letter.time_ns),
        letter.cause,
        letter.host,
        letter.stream,
        none,
        rows,
        letter.size,
        kept,
        letter.name,
        letter.reason,
    ]


def _object(what: Shown) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(what.letter)
    return {**found, "head": what.head, "rows_shown": what.rows, "unreadable": what.unreadable, "hex": what.data.hex()}


def _print(what: Shown, place: str) -> None:
    from ingest.deadletter.shown import hexdump, instant  # noqa: PLC0415

    letter = what.letter
    facts = {
        "letter": letter.name,
        "cause": letter.cause,
        "reason": letter.reason,
        "put away": instant(letter.time_ns),
        "kept in": place,
        "lay in": f"{letter.source}, segment {letter.segment} byte {letter.offset}"
        if letter.source == "spool"
        else f"{letter.source}, offset {letter.offset}",
        "spool": letter.spool_id or "not readable",
        "bytes": f"{letter.size}" + ("" if letter.bytes_kept else ", not kept"),
    }
    if not letter.is_damaged:
        facts |= {
            "host": letter.host,
            "stream": f"{letter.stream}, sequence {letter.sequence}, {letter.kind} of version {letter.version}",
            "rows": str(letter.rows)
            + ("" if letter.day < 0 else f"; refused: those of {instant(letter.day * DAY_NS)[:10]}"),
            "event time": f"{instant(letter.first_time_ns)} to {instant(letter.last_time_ns)}",
            "sealed": instant(letter.sealed_time_ns),
        }
    for name, value in facts.items():
        click.echo(f"{name:<11} {value}")
    if what.head is not None:
        said = ", ".join(f"{name} {value}" for name, value in what.head.items() if value not in ("", None, []))
        click.echo(f"{'its head':<11} {said} (not certain: the checksum is wrong)")
    click.echo()
    sys.stdout.flush()
    if what.rows:
        names = [name for name in what.rows[0] if any(row[name] not in _NOTHING for row in what.rows)]
        columns = [output.Column(name, is_number=isinstance(what.rows[0][name], int | float)) for name in names]
        output.write_rows(columns, ([row[name] for name in names] for row in what.rows), "table")
        if letter.rows > len(what.rows):
            click.echo(f"… and {letter.rows - len(what.rows)} more rows (--rows)")
        return
    if what.unreadable:
        click.echo(f"no rows: {what.unreadable}")
    for line in hexdump(what.data):
        click.echo(line)


_NOTHING: tuple[Any, ...] = (None, "", 0, False, [], "0" * 16, "0" * 32)


class _Limit:
    """How long the store may stay away while one letter is brought."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began_ns = clock.monotonic_ns()

    def begin(self) -> None:
        """The next letter has the whole time."""
        self._began_ns = self._clock.monotonic_ns()

    def require(self) -> None:
        """Raise `VifluxError` when the time is over."""
        if self._clock.monotonic_ns() - self._began_ns > _GIVE_UP_NS:
            raise VifluxError("the store has taken no rows for a minute; see its log, then replay again")


def _engine(settings: Settings) -> tuple[Replay, _Limit]:
    from ingest.deadletter.replay import Replay  # noqa: PLC0415
    from ingest.processor.delivery import Delivery  # noqa: PLC0415
    from ingest.processor.patience import Patience  # noqa: PLC0415
    from ingest.store.client import StoreClient  # noqa: PLC0415
    from viflux.telemetry import Health  # noqa: PLC0415

    clock = SystemClock()
    store = StoreClient.writer(settings)
    store.query_rows("SELECT 1")
    limit = _Limit(clock)
    patience = Patience(clock, Health("deadletter", clock), threading.Event(), limit.require)
    return Replay(store, Delivery(store, patience, clock, settings.keep), patience, settings.keep, clock), limit
