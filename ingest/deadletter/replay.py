"""Dead letters into the store, exactly once by identity, with the processor's own code.

The life of a replay:

1. **Look.** The bytes are decoded and checked as the processor does it, and the store is asked what it has under the
   batch's identity. Another batch under it, rows older than their table keeps them, or a batch that still cannot be
   read end it here.
2. **Begin.** An event says so. It is the replay's intent: its time is that of the ledger's rows, in every try, and it
   tells rows that an unfinished replay stored from rows that came in another way.
3. **Bring.** Each piece is counted first, then inserted (`ingest.processor.delivery`); at last the ledger's rows, which
   take back what the batch was lost by.

The letter is removed by the caller after that. A replay that died anywhere is finished by the next one; two at once use
the same tokens. It needs no lock and disturbs no processor: the lane that put the letter away never brings its batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import xxhash

from ingest.deadletter.letter import Letter, entry_of
from ingest.processor import repeats
from ingest.processor.accounts import accounts_of_replay, replay_begun
from ingest.processor.batches import Rows, UnusableBatchError, rows_of
from ingest.processor.delivery import Delivery, PieceRefusedError, StandingStillError
from ingest.processor.identity import identity_of
from ingest.processor.patience import Patience
from ingest.processor.pieces import Piece
from ingest.store.client import StoreClient
from ingest.store.keep import kept_ns
from ingest.store.literals import quoted
from viflux.clock import DAY_NS, Clock
from viflux.errors import VifluxError
from viflux.frame import FrameError
from viflux.registry import KINDS
from viflux.settings.schema import Keep
from viflux.settings.units import Duration
from viflux.spool import Entry


class NotReplayedError(VifluxError):
    """The letter's rows are not in the store, and the same command would not bring them; the letter stays."""


@dataclass(frozen=True)
class Replayed:
    """A letter whose rows are all in the store.

    Attributes:
        rows: How many it has.
        was_there: They came in another way, so nothing was inserted or accounted for.
    """

    rows: int
    was_there: bool = False


class Replay:
    """Brings letters into one store."""

    def __init__(self, store: StoreClient, delivery: Delivery, patience: Patience, keep: Keep, clock: Clock) -> None:
        self._store = store
        self._delivery = delivery
        self._patience = patience
        self._keep = keep
        self._clock = clock

    def bring(self, letter: Letter, data: bytes | None) -> Replayed:
        """Return when all rows of a letter are in the store, each once.

        Args:
            letter: The letter.
            data: Its bytes; None where they were not kept.

        Raises:
            NotReplayedError: It cannot be replayed, as the message says; nothing of it was inserted now.
            StoreUnavailable: The store does not answer.
            StoppedError: The command is to end; the next one finishes.
        """
        source_id = _source_id(letter)
        begun_ns = self._begun_ns(source_id, letter)
        if begun_ns is not None and self._is_accounted(source_id, begun_ns):
            # Everything is in; what is left is to remove the letter.
            return Replayed(letter.rows)
        entry, every = self._decoded(letter, data)
        missing = self._missing(letter, entry, every)
        days = [rows for rows in every if letter.day in (-1, rows.day)]
        total = sum(rows.count for rows in days)
        if begun_ns is None and not missing:
            return Replayed(total, was_there=True)
        self._require_young(letter, missing)
        if begun_ns is None:
            days = missing
            begun_ns = self._begin(source_id, letter, entry, sum(rows.count for rows in days))
        try:
            for rows in days:
                table = KINDS[letter.kind].table_name
                token = f"replay/{source_id}/{table}/{rows.day}"
                self._delivery.deliver(Piece(table, rows.day, (rows,), token), tried=True)
            self._deliver_own(source_id, accounts_of_replay(source_id, entry, days, letter.cause, begun_ns), tried=True)
        except PieceRefusedError as error:
            raise NotReplayedError(
                f"the store still refuses its rows: {' '.join(error.reason.split())[:300]}"
            ) from error
        except StandingStillError as error:
            raise NotReplayedError(
                f"{error}; compare these rows with `viflux deadletter show`, delete them, and replay again"
            ) from error
        return Replayed(total)

    def _decoded(self, letter: Letter, data: bytes | None) -> tuple[Entry, list[Rows]]:
        if letter.is_damaged:
            raise NotReplayedError(
                f"damaged bytes hold no rows that could be trusted ({letter.reason}); `show` prints them, then drop it"
            )
        if data is None:
            raise NotReplayedError(
                "its bytes were not kept, because there were too many letters; it can only be dropped"
            )
        try:
            entry = entry_of(letter, data)
            days = rows_of(entry)
        except FrameError as error:
            raise NotReplayedError(f"the letter itself is damaged: {error}") from error
        except UnusableBatchError as error:
            raise NotReplayedError(f"this version of Viflux cannot read it: {error}; a newer one may") from error
        return entry, days

    def _missing(self, letter: Letter, entry: Entry, every: Sequence[Rows]) -> list[Rows]:
        """Return those of the letter's rows that the store has not.

        Raises:
            NotReplayedError: It has others under their identity.
        """
        said = entry.frame.metadata
        table = KINDS[said.kind].table_name
        identity = identity_of(entry)
        found = self._patience.ask(lambda: repeats.stored_by_day(self._store, table, [identity]))
        expected = {(identity, rows.day): repeats.summary(rows) for rows in every}
        if any(expected.get(day) != there for day, there in found.items()):
            raise NotReplayedError(
                f"the store has another batch as {said.stream} {said.sequence} of spool {entry.spool_id}, and one "
                "identity is never given to two; was a spool's folder copied? `show` prints these rows; drop the letter"
            )
        return [rows for rows in every if letter.day in (-1, rows.day) and (identity, rows.day) not in found]

    def _require_young(self, letter: Letter, days: Sequence[Rows]) -> None:
        kept = kept_ns(KINDS[letter.kind], self._keep)
        if any(rows.last_time_ns < self._clock.now_ns() - kept for rows in days):
            raise NotReplayedError(
                f"its rows are older than {KINDS[letter.kind].table_name} keeps them ({Duration(kept)}) and would be "
                "dropped at once; lengthen it in [keep], or drop the letter"
            )

    def _begun_ns(self, source_id: str, letter: Letter) -> int | None:
        """Return when the letter's replay began, as the store has it; None where none did."""
        since_ns = letter.time_ns - DAY_NS
        sql = (
            "SELECT toUnixTimestamp64Nano(min(time)) AS begun FROM events "
            f"WHERE time >= fromUnixTimestamp64Nano({since_ns}, 'UTC') "
            f"AND spool_id = {quoted(source_id)} AND stream = 'events.processor' HAVING count() > 0"
        )
        found = self._patience.ask(lambda: self._store.query_rows(sql))
        return int(str(found[0]["begun"])) if found else None

    def _is_accounted(self, source_id: str, begun_ns: int) -> bool:
        sql = (
            f"SELECT count() AS found FROM ledger WHERE time = fromUnixTimestamp64Nano({begun_ns}, 'UTC') "
            f"AND spool_id = {quoted(source_id)} AND stream = 'ledger.processor'"
        )
        return int(str(self._patience.ask(lambda: self._store.query_rows(sql))[0]["found"])) > 0

    def _begin(self, source_id: str, letter: Letter, entry: Entry, rows: int) -> int:
        """Write down that the replay begins; return when, as the store has it."""
        now_ns = self._clock.now_ns()
        detail = f"was a dead letter ({letter.cause}): {letter.reason}"
        event = replay_begun(source_id, entry, rows, detail, now_ns)
        self._deliver_own(source_id, event, tried=False)
        # Another command may have begun at the same moment: its row holds then, for the token is the same.
        begun_ns = self._begun_ns(source_id, letter)
        if begun_ns is None:
            # The engine knew the token without having the row.
            self._deliver_own(source_id, event, tried=True)
        return begun_ns or now_ns

    def _deliver_own(self, source_id: str, rows: Rows, *, tried: bool) -> None:
        table = rows.entry.frame.metadata.kind
        piece = Piece(table, rows.day, (rows,), f"replay/{source_id}/{table}", is_own=True)
        self._delivery.deliver(piece, tried=tried)


def _source_id(letter: Letter) -> str:
    """Return the id under which a replay's own rows are stored: that of the batch, whatever letters there are of it."""
    identity = f"replay\0{letter.spool_id}\0{letter.stream}\0{letter.sequence}\0{letter.day}"
    return xxhash.xxh3_128_hexdigest(identity.encode())
