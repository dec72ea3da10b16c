"""One source on its way into the store.

The life of an intent:

1. **Take.** Batches behind the cursor are read and decoded up to the limits: a range. What the store has of streams
   that are met for the first time is asked (`adoption`); from that follow the batches that came before and the numbers
   that never came.
2. **Open.** The range, its exclusions and what is missing are written down by the source, before the first row is
   sent. Where the source keeps only little, the range is cut until it fits. From here on the intent fixes every row of
   every piece.
3. **Bring.** Dead letters are put away, then each piece is inserted (`delivery`), then the intent's own rows: what it
   amounts to, and the watermarks that it moves.
4. **Finish.** The cursor moves to the intent's end, and this is written down.

An intent that was opened and not finished, by this process, by one that died or by the earlier owner of a partition, is
**resumed**: read back and brought with each piece counted first. Of a source that keeps only offset and intent, the
rest of the state is asked of the store anew; exclusions and missing numbers are the intent's, so the pieces are the
same. A piece that is refused for good **narrows** the intent: a new one, written down in its place, has half of the
batches or leaves the one batch out. Where the store has a piece in part the lane **stands still**, with the intent
open, and looks again after 30 s. A lane whose source is taken away is dropped as it is: what was written down is all
that the next owner needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec
from prometheus_client import Counter

from ingest.deadletter.home import DeadLetters
from ingest.processor import repeats
from ingest.processor.accounts import Accounts, accounts_of, letters
from ingest.processor.adoption import Adoption
from ingest.processor.batches import Rows
from ingest.processor.delivery import Delivery, PieceRefusedError, StandingStillError
from ingest.processor.draft import draft, fitted, left_over, narrowed, worded
from ingest.processor.gate import Gate
from ingest.processor.intent import Intent, State
from ingest.processor.patience import Patience
from ingest.processor.pieces import own_piece, pieces_of
from ingest.processor.ranges import Limits, Range, read_range
from ingest.processor.source import Source
from ingest.processor.stillness import Stillness
from ingest.store.client import StoreClient
from viflux import logs
from viflux.clock import NANOSECONDS, Clock
from viflux.settings.schema import Keep
from viflux.settings.schema import Processor as Settings
from viflux.telemetry import Health

# Larger intents would save little and hold more memory; a piece is still bounded by the settings.
_MOST_DECODED_BYTES = 24 << 20
_MOST_BATCHES = 4096
_LOOK_FOR_ANOTHER_LOG_NS = 60 * NANOSECONDS

_SPLITS = Counter("viflux_processor_splits", "Intents that were split because a piece was refused.")


@dataclass(frozen=True)
class Means:
    """What all lanes of a processor work with; `gate` keeps the order between sources, `late_ns` is `window.late`."""

    settings: Settings
    store: StoreClient
    delivery: Delivery
    patience: Patience
    dead_letters: DeadLetters
    clock: Clock
    health: Health
    gate: Gate
    late_ns: int
    keep: Keep


@dataclass(frozen=True)
class Done:
    """An intent that is done.

    Attributes:
        intent: The intent.
        found: Its batches.
        rows: Those that were inserted.
        accounts: What it amounts to.
    """

    intent: Intent
    found: Range
    rows: Sequence[Rows]
    accounts: Accounts


class Lane:
    """Moves one source into the store, an intent a turn.

    Attributes:
        source: The source.
        state: What is known of it.
        is_full: Whether the last range ended at a limit, with more behind it.
        worked_off_ns: When such a range was done last, monotonic; 0 for never.
    """

    def __init__(self, source: Source, means: Means) -> None:
        self.source = source
        self.state = State()
        self.is_full = False
        self.worked_off_ns = 0
        self._means = means
        self._adoption = Adoption(source, means.store, means.patience, means.keep)
        self._stillness = Stillness(source.name, means.clock, means.health)
        # A source of all kinds has them in the order in which they were handed over.
        self._admits = means.gate.admits if source.kinds is not None else None
        self._looked_ns = 0
        self._log = logs.get("processor").bind(source=source.name)

    def begin(self) -> None:
        """Go on from what was written down; an intent that was left open is finished in the first turn.

        Raises:
            RevokedError: The source is not ours any more.
            SourceAwayError: It does not answer.
        """
        self.state = self.source.assign()
        self._adoption.begin()
        self._looked_ns = self._means.clock.monotonic_ns()

    def end(self) -> None:
        """Let go of the source: it is another's."""
        self._stillness.end()

    def renew(self) -> None:
        """Write the open intent down again, after this process was held up: who is not the owner any more is refused.

        Raises:
            RevokedError: The source is not ours any more.
        """
        if self.state.intent is not None:
            self._means.patience.write(lambda: self.source.open(self.state))

    def has_news(self) -> bool:
        """Whether a turn would have something to do."""
        if self._stillness.holds():
            return False
        return self.state.intent is not None or self.source.has_news(self.state.cursor)

    def left(self) -> str | None:
        """Return None when everything behind the cursor is in the store, else one line."""
        if self.state.intent is not None:
            return f"intent {self.state.intent.number} of {self.source.name} is open"
        return f"batches wait in {self.source.name}" if self.source.behind(self.state.cursor) else None

    def turn(self) -> Done | None:
        """Finish the open intent, or take a new one; return it when it is done.

        Raises:
            RevokedError: The source is not ours any more.
            SourceAwayError: It does not answer.
            StoppedError: The stage is to end.
        """
        self.is_full = False
        if self._stillness.holds():
            return None
        try:
            done = self._resume(self.state.intent) if self.state.intent is not None else self._take()
        except StandingStillError as error:
            self._stillness.begin(error)
            return None
        self._stillness.end()
        if done is None:
            self._look_for_another_log()
        elif self.is_full:
            self.worked_off_ns = self._means.clock.monotonic_ns()
        return done

    def _look_for_another_log(self) -> None:
        now_ns = self._means.clock.monotonic_ns()
        if now_ns >= self._looked_ns + _LOOK_FOR_ANOTHER_LOG_NS:
            self._looked_ns = now_ns
            if self.source.replaced(self.state):
                self.begin()

    def _take(self) -> Done | None:
        """Open an intent over what is there, and bring it in."""
        if not self.source.has_news(self.state.cursor):
            return None
        limits = Limits(self._means.settings.max_piece_rows, _MOST_DECODED_BYTES, _MOST_BATCHES)
        items = self.source.follow(self.state.cursor, self.state.tried_until)
        found = read_range(items, limits, one_spool=not self.source.source_id, admits=self._admits)
        self.is_full = found.is_full
        if not found.items:
            if not found.is_held:
                # Nothing more lies before that position: it is the end of a segment.
                self.state.tried_until = None
            return None
        entries, settings = found.entries, self._means.settings
        self.state = self._adoption.adopt(self.state, entries)
        repeated = self._means.patience.ask(
            lambda: repeats.exclusions(self._means.store, self.state, entries, found.decoded)
        )
        intent = draft(
            self.state,
            found,
            repeated,
            repeats.missing_in(self.state.high_water, entries),
            now_ns=self._means.clock.now_ns(),
            piece_rows=settings.max_piece_rows,
            piece_bytes=int(settings.max_piece_bytes),
        )
        opened = self._open(intent, found)
        return self._bring(*opened, tried=intent.tried) if opened is not None else None

    def _open(self, intent: Intent, found: Range) -> tuple[Intent, Range] | None:
        """Write an intent down; return it, cut to what fits, with its batches; None where these are gone."""
        state = fitted(self.state, intent, found, self.source.most_metadata_bytes)
        if not self._means.patience.write(lambda: self.source.open(state)):
            self._log.info("the batches were evicted before their intent was open; reading on", intent=intent.number)
            return None
        self.state = state
        opened = state.intent or intent
        return opened, found.until(opened.end)

    def _resume(self, intent: Intent) -> Done | None:
        """Finish an intent that was left open."""
        found = read_range(self.source.follow(intent.start, intent.end))
        intent = worded(intent, found)
        if found.items and found.is_of(intent):
            if intent.missing is None:
                missing = repeats.missing_in(self.state.high_water, found.entries)
                intent = msgspec.structs.replace(intent, missing=missing)
            return self._bring(intent, found, tried=True)
        self._log.error("batches of an open intent are gone or damaged; going on with those that are left")
        if not found.items:
            self.state = replace(self.state, intent=None, cursor=intent.end)
            self._means.patience.write(lambda: self.source.confirm(self.state))
            return None
        opened = self._open(left_over(intent, found, self.state.number + 1), found)
        return self._bring(*opened, tried=True) if opened is not None else None

    def _bring(self, intent: Intent, found: Range, *, tried: bool) -> Done | None:
        """Bring the pieces of an open intent in and move the cursor; narrow down what is refused for good."""
        name = f"{self.source.name}/{self.state.source_id}"
        while True:
            for letter in letters(found.items, intent.excluded):
                put = (*letter, intent.opened_time_ns, self.source.name)
                self._means.patience.write(lambda put=put: self._means.dead_letters.put(*put))  # type: ignore[misc]
            rows = found.included(intent.excluded)
            accounts = accounts_of(self.state, intent, found.items, found.decoded, self._means.late_ns)
            try:
                for piece in pieces_of(name, intent, rows):
                    self._means.delivery.deliver(piece, tried=tried)
            except PieceRefusedError as refused:
                _SPLITS.inc()
                self._log.warning(
                    "the store refused rows for good; narrowing them down",
                    piece=refused.piece.token,
                    batches=len(refused.piece.rows),
                    reason=refused.reason[:300],
                )
                until = max(self.state.tried_until or intent.end, intent.end)
                self.state = replace(self.state, tried_until=until)
                number, now_ns = self.state.number + 1, self._means.clock.now_ns()
                opened = self._open(narrowed(intent, found, refused, number, now_ns), found)
                if opened is None:
                    return None
                (intent, found), tried = opened, True
                continue
            for own in accounts.rows:
                piece = own_piece(f"{self.source.name}/own/{self.state.source_id}", intent, own)
                self._means.delivery.deliver(piece, tried=tried)
            self._finish(intent, found, accounts)
            return Done(intent, found, rows, accounts)

    def _finish(self, intent: Intent, found: Range, accounts: Accounts) -> None:
        state = replace(self.state, cursor=intent.end, intent=None)
        if state.tried_until is not None and state.tried_until <= intent.end:
            state.tried_until = None
        for entry in found.entries:
            repeats.remember(state, entry)
            said = entry.frame.metadata
            state.reached[said.host] = max(state.reached.get(said.host, 0), said.sealed_time_ns)
        for host, streams in accounts.watermarks.items():
            state.watermarks.setdefault(host, {}).update(streams)
        self._means.patience.write(lambda: self.source.confirm(state))
        self.state = state
