"""One piece into the store, exactly once, whatever happened to earlier tries.

A first try carries the piece's token. Every try whose outcome is not known is counted in the raw table by identity:

* all rows there: done;
* none: insert with the same token and count again; still none means that the engine knew the token but lost the part,
  so the next token is used;
* anything else: nothing is inserted, and the source stands still until a person has looked; others go on.

A token guards against two tries that run at once. It is never trusted across a restart: after a power loss the engine
may have the token without the part, or the part without the token. Both owners of a source that changes hands use the
same token for a piece, so an insert of the earlier one that is still on its way changes nothing; one that was held up
for seconds asks first whether it is the owner yet, because the engine forgets a token after 10,000 others.
"""

from __future__ import annotations

from typing import Protocol

import pyarrow as pa
from prometheus_client import Counter

from ingest.processor.identity import conditions
from ingest.processor.patience import Patience
from ingest.processor.pieces import Piece
from ingest.store.client import StoreRefused
from ingest.store.connection import StoreUnavailable
from ingest.store.keep import kept_ns
from viflux import logs
from viflux.clock import Clock
from viflux.registry import KINDS
from viflux.settings.schema import Keep

_INSERTED = Counter("viflux_processor_inserted_rows", "Rows that are in the store.", ["table"])
_UNACKNOWLEDGED = Counter("viflux_processor_unacknowledged_tries", "Inserts whose outcome had to be counted.")
_LOST_PARTS = Counter("viflux_processor_lost_parts", "Tokens that the engine knew without having the rows.")

# What the engine says of the rows themselves (ClickHouse's ErrorCodes.cpp): parsing, types, constraints, one row's or
# the body's size. Every other code is about the store, and waiting or a person helps.
_ABOUT_THE_ROWS = frozenset((*range(25, 46), 6, 9, 20, 53, 69, 70, 72, 73, 117, 131, 190, 349, 407, 469, 636))
_RECOUNT_SECONDS = 1.0
# One token can be known without its part; a store that does that again and again is broken.
_MOST_TOKENS = 3
# How far the store's clock, or its rounding of a time-to-live, may be from ours.
_TTL_MARGIN_NS = 3600 * 1_000_000_000


class Store(Protocol):
    """What delivery needs of the store's client."""

    def insert_arrow_stream(self, table: str, body: bytes | pa.Table, token: str | None = None) -> int:
        """Insert rows as one block."""
        ...

    def query_rows(self, sql: str) -> list[dict[str, object]]:
        """Return the rows of a small result."""
        ...

    def settle(self, table: str) -> None:
        """Make sure that what was inserted at another address of the store can be counted at this one."""
        ...


class PieceRefusedError(Exception):
    """The store refused a piece for good, and has nothing of it."""

    def __init__(self, piece: Piece, reason: str) -> None:
        super().__init__(reason)
        self.piece = piece
        self.reason = reason


class StandingStillError(Exception):
    """The store has a piece in a way that must not be: the source stands still until a person has put it right.

    Attributes:
        piece: The piece.
        found: How many of its rows are there.
    """

    def __init__(self, piece: Piece, found: int, reason: str) -> None:
        super().__init__(reason)
        self.piece = piece
        self.found = found


class Delivery:
    """Brings pieces into one store."""

    def __init__(self, store: Store, patience: Patience, clock: Clock, keep: Keep) -> None:
        self._store = store
        self._keep = keep
        self._clock = clock
        self._patience = patience
        self._log = logs.get("processor")

    def deliver(self, piece: Piece, *, tried: bool) -> None:
        """Return when the store has all rows of a piece, each once.

        Args:
            piece: The rows.
            tried: The piece, or rows of it, may have been sent before.

        Raises:
            PieceRefusedError: The store refuses it for good and has nothing of it.
            StandingStillError: The store has some rows of it, or acknowledges it again and again and has none.
            RevokedError: The source is not ours any more; the outcome is found by its next owner.
            StoppedError: The stage is to end; the outcome is found at the next start.
        """
        if not tried and self._try(piece, 0):
            self._done(piece)
            return
        _UNACKNOWLEDGED.inc()
        generation = 0
        while not self._is_there(piece):
            acknowledged = self._try(piece, generation)
            if self._is_there(piece):
                break
            if acknowledged and self._is_past_keeping(piece):
                self._log.info("rows that are older than their table keeps them cannot be counted", token=piece.token)
                break
            if acknowledged:
                # The part of a try that still runs may be about to appear; a moment is longer than that takes.
                self._patience.rest(_RECOUNT_SECONDS)
                if self._is_there(piece):
                    break
                _LOST_PARTS.inc()
                self._log.warning("the store knew a token without having its rows; using the next", token=piece.token)
                generation += 1
                if generation > _MOST_TOKENS:
                    raise StandingStillError(piece, 0, f"the store acknowledges {piece.token} and has none of its rows")
        self._done(piece)

    def _is_past_keeping(self, piece: Piece) -> bool:
        """Return whether the store may have dropped the piece's oldest rows already for their age (TTL)."""
        kept = kept_ns(KINDS[piece.table], self._keep)
        return piece.bounds_ns[0] < self._clock.now_ns() - kept + _TTL_MARGIN_NS

    def _done(self, piece: Piece) -> None:
        _INSERTED.labels(piece.table).inc(piece.count)

    def _try(self, piece: Piece, generation: int) -> bool:
        """Insert once; return whether the store acknowledged it."""
        token = piece.token if generation == 0 else f"{piece.token}#{generation}"
        self._patience.require_ours()
        try:
            self._store.insert_arrow_stream(piece.table, piece.body(), token)
        except StoreUnavailable as error:
            self._patience.pause(error, writing=True)
            return False
        except StoreRefused as error:
            if error.code in _ABOUT_THE_ROWS and not error.is_temporary and not self._is_there(piece):
                self._patience.answered(wrote=True)
                raise PieceRefusedError(piece, error.message) from error
            self._patience.pause(error, writing=True)
            return False
        self._patience.answered(wrote=True)
        return True

    def _is_there(self, piece: Piece) -> bool:
        """Return whether the piece is there; False means no row of it.

        A piece whose oldest rows may have been dropped for their age is there when any of its rows is: it was one part.
        The same holds for an intent's own rows.
        """
        found = self._patience.ask(lambda: self._count(piece))
        if found in (0, piece.count) or piece.is_own or self._is_past_keeping(piece):
            return found > 0
        raise StandingStillError(piece, found, f"{piece.table} has {found} of {piece.count} rows of {piece.token}")

    def _count(self, piece: Piece) -> int:
        self._store.settle(piece.table)
        first, last = piece.bounds_ns
        within = f"time >= fromUnixTimestamp64Nano({first}, 'UTC') AND time <= fromUnixTimestamp64Nano({last}, 'UTC')"
        return sum(
            int(
                str(
                    self._store.query_rows(f"SELECT count() AS found FROM {piece.table} WHERE {within} AND {of}")[0][
                        "found"
                    ]
                )
            )
            for of in conditions(piece.identities)
        )
