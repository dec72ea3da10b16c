"""`--follow`: prints what was stored since, each second at most, until it is told to end or nobody reads any more.

What could not be asked is asked again: while the store is away nothing is missed, and nothing is printed before all of
a piece came, so nothing is printed twice.
"""

from __future__ import annotations

import select
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Protocol

import click

from ingest.store.client import StoreClient, StoreRefused
from ingest.store.connection import StoreUnavailable
from ingest.store.traffic import table, vifs
from ingest.store.traffic.arrivals import Arrival, Arrivals
from ingest.store.traffic.peers import Peers
from ingest.store.traffic.question import Filters, Span
from viflux import output
from viflux.clock import Clock
from viflux.errors import UsageError
from viflux.settings import Settings

_EVERY_SECONDS = 1.0
_MOST_ROWS = 20_000
# A VIF may come by its name later, and be called otherwise.
_NAMES_EVERY_NS = 10 * 10**9


class Query(Protocol):
    """Makes the query for single rows of some hand-overs."""

    def __call__(self, arrivals: Sequence[Arrival], vif_ids: Sequence[int], span: Span) -> str:
        """Return the SQL."""
        ...


class Ended(BaseException):
    """Somebody told the command to end while nothing was being printed."""


class Following:
    """One question that goes on.

    Args:
        settings: Names of networks.
        store: The store.
        kind: `flows` or `drops`.
        filters: What rows have to be of.
        query: For the rows.
        clock: The time.
        form: What `--format` says.
    """

    def __init__(
        self,
        settings: Settings,
        store: StoreClient,
        kind: str,
        filters: Filters,
        query: Query,
        clock: Clock,
        form: str | None,
    ) -> None:
        chosen = output.chosen(form)
        if chosen == "arrow":
            raise UsageError("--format arrow: it cannot be followed; use jsonl or csv")
        self._store = store
        self._filters = filters
        self._query = query
        self._clock = clock
        self._printer = output.Growing(chosen)
        self._is_table = chosen == "table"
        self._arrivals = Arrivals(store, kind)
        self._peers = Peers(store, settings.networks)
        self._named: dict[int, vifs.Vif] = {}
        self._vif_ids: list[int] = []
        self._named_at_ns = 0
        self._waiting: list[Arrival] = []
        self._is_away = False
        self._is_printing = False
        self._is_told = False

    def run(self, back_ns: int) -> None:
        """Print rows until the process is told to end by SIGINT or SIGTERM, or stdout is closed.

        Args:
            back_ns: Begin with what was stored so long before now.

        Raises:
            UsageError: A VIF or host that the question names is not known.
            BrokenPipeError: Nobody reads stdout any more.
        """
        with self._told_to_end():
            self._select()
            self._arrivals.begin(back_ns)
            click.echo("following what is stored from now on; interrupt to end", err=True)
            while not self._is_told:
                began = time.monotonic()
                self._turn()
                _wait(_EVERY_SECONDS - (time.monotonic() - began))

    def _turn(self) -> None:
        try:
            self._select()
            self._waiting += [piece for arrival in self._arrivals.fresh() for piece in arrival.pieces(_MOST_ROWS)]
            while self._waiting and not self._is_told:
                count = _some(self._waiting)
                self._print(self._rows(self._waiting[:count]))
                del self._waiting[:count]
        except (StoreUnavailable, StoreRefused) as error:
            if isinstance(error, StoreRefused) and not error.is_temporary:
                raise
            if not self._is_away:
                click.echo(f"{' '.join(str(error).split())}; going on when it answers", err=True)
            self._is_away = True
            return
        if self._is_away:
            click.echo("the store answers again", err=True)
        self._is_away = False

    def _rows(self, arrivals: Sequence[Arrival]) -> list[table.Row]:
        span = Span(min(each.first_ns for each in arrivals), max(each.last_ns for each in arrivals) + 1, 0)
        rows = self._store.query_rows(self._query(arrivals, self._vif_ids, span))
        if unknown := {row["vif_id"] for row in rows} - self._named.keys():
            self._named |= vifs.called(self._store, unknown, table.span_of(rows, span))
        self._peers.look_up(table.addresses_in(rows), table.span_of(rows, span))
        return table.named(rows, self._named, self._peers)

    def _print(self, rows: Sequence[table.Row]) -> None:
        if not rows:
            return
        names = [name for name in rows[0] if not self._is_table or name not in table.HIDDEN_WHILE_FOLLOWING]
        self._is_printing = True
        self._printer.write(
            [output.Column(name, is_number=name not in table.TEXT) for name in names],
            [[row[name] for name in names] for row in rows],
        )
        self._is_printing = False

    def _select(self) -> None:
        now_ns = self._clock.now_ns()
        if now_ns - self._named_at_ns < _NAMES_EVERY_NS:
            return
        span = Span(now_ns - _NAMES_EVERY_NS, now_ns, now_ns)
        try:
            found = vifs.selected(self._store, self._filters, span)
            self._vif_ids = [vif.vif_id for vif in found or ()]
        except UsageError:
            # It was there at the start: rows of it may still come.
            if not self._named_at_ns:
                raise
        self._named = {}
        self._named_at_ns = now_ns

    @contextmanager
    def _told_to_end(self) -> Iterator[None]:
        def told(_signal: int, _frame: FrameType | None) -> None:
            self._is_told = True
            if not self._is_printing:
                raise Ended

        before = {number: signal.signal(number, told) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        except Ended:
            pass
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _some(arrivals: Sequence[Arrival]) -> int:
    """Return how many of the first are asked for at once."""
    rows = 0
    for count, arrival in enumerate(arrivals):
        rows += arrival.rows
        if rows > _MOST_ROWS and count:
            return count
    return len(arrivals)


def _wait(seconds: float) -> None:
    """Wait; raise `BrokenPipeError` as soon as nobody reads stdout any more."""
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)
    if poll.poll(max(0.0, seconds) * 1000):
        raise BrokenPipeError
