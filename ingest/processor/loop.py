"""The processor's loop: take what lies behind the cursor, write an intent, bring its pieces in, move the cursor."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from msgspec.structs import replace
from prometheus_client import Counter, Gauge

from ingest.processor import repeats
from ingest.processor.accounts import Accounts, accounts_of, letters
from ingest.processor.batches import OLDEST_EVENT_NS, Rows, replaced_times
from ingest.processor.deadletter import DeadLetters
from ingest.processor.delivery import Delivery, PieceRefusedError
from ingest.processor.intent import REPEAT, Exclusion, Intent, State
from ingest.processor.patience import Patience, StoppedError
from ingest.processor.pieces import pieces_of
from ingest.processor.ranges import Limits, Range, read_range
from ingest.processor.source import Source
from ingest.processor.tiers import TIERS, MinuteTier
from ingest.store.client import StoreClient
from ingest.store.migrate import migrate
from viflux import logs
from viflux.clock import Clock
from viflux.settings import Settings
from viflux.spool import Entry
from viflux.telemetry import Health

_WAIT_SECONDS = 1.0
_LOOK_FOR_ANOTHER_SPOOL_EVERY = 60
# Larger intents would save little and hold more memory; a piece is still bounded by the settings.
_MOST_DECODED_BYTES = 24 << 20
_MOST_BATCHES = 4096

_INTENTS = Counter("viflux_processor_intents", "Intents that are done.")
_BATCHES = Counter("viflux_processor_batches", "Batches that were dealt with.", ["stream"])
_REPEATS = Counter("viflux_processor_repeats", "Batches, or their rows of a day, that the store had already.")
_MISSING = Counter("viflux_processor_missing_batches", "Batches whose numbers were skipped.", ["stream"])
_REPLACED = Counter("viflux_processor_replaced_time_rows", "Rows whose event time was replaced by the received time.")
_SPLITS = Counter("viflux_processor_splits", "Intents that were split because a piece was refused.")
_WATERMARK = Gauge("viflux_processor_watermark_seconds", "Watermark, UTC seconds.", ["host", "stream"])


class Processor:
    """Moves one source into one store."""

    def __init__(
        self,
        settings: Settings,
        source: Source,
        store: StoreClient,
        dead_letters: DeadLetters,
        clock: Clock,
        health: Health,
        stop: threading.Event,
    ) -> None:
        self._settings = settings
        self._source = source
        self._store = store
        self._dead_letters = dead_letters
        self._clock = clock
        self._health = health
        self._stop = stop
        self._patience = Patience(clock, health, stop)
        self._delivery = Delivery(store, self._patience, health, clock)
        self._tiers = [
            MinuteTier(tier, store, clock, grace_ns=settings.window.grace, late_ns=settings.window.late)
            for tier in TIERS
        ]
        self._state = State()
        # The spool whose rows in the store are known; empty until its first batch is met.
        self._adopted = ""
        self._assigned = False
        self._idle_turns = 0
        self._log = logs.get("processor")

    def run(self) -> None:
        """Work until the stage is to end; what is unfinished then stays in the source."""
        self._health.drains(self.left)
        try:
            self._patience.ask(lambda: migrate(self._store, self._settings.store.database))
            self._assign()
            while not self._stop.is_set():
                self._turn()
        except StoppedError:
            pass

    def left(self) -> str | None:
        """Return None when everything behind the source's cursor is in the store, else one line."""
        if not self._assigned:
            return "not started"
        if self._state.intent is not None:
            return f"intent {self._state.intent.number} is open"
        return "batches wait in the spool" if self._source.behind(self._state.cursor) else None

    def _turn(self) -> None:
        self._health.beat()
        if self._source.wait(self._state.cursor, _WAIT_SECONDS, self._stop):
            self._clock.wait(self._stop, self._settings.processor.linger / 1e9)
            if not self._stop.is_set():
                self._take()
            self._idle_turns = 0
        else:
            self._idle_turns += 1
            if self._idle_turns % _LOOK_FOR_ANOTHER_SPOOL_EVERY == 0 and self._source.replaced(self._state):
                self._assign()
        for tier in self._tiers:
            if tier.is_due():
                self._patience.ask(tier.tend)

    def _assign(self) -> None:
        """Go on from what was written down; finish what an earlier process began."""
        self._state = self._source.assign()
        self._adopted = ""
        for tier in self._tiers:
            self._patience.ask(lambda tier=tier: tier.start(self._state.watermarks))  # type: ignore[misc]
        if self._state.intent is not None:
            self._resume(self._state.intent)
        self._assigned = True
        self._health.ready(True)

    def _take(self) -> None:
        """Open an intent over what is there, and bring it in."""
        limits = Limits(self._settings.processor.max_piece_rows, _MOST_DECODED_BYTES, _MOST_BATCHES)
        found = read_range(self._source.follow(self._state.cursor, self._state.tried_until), limits)
        if found is None:
            # Nothing more lies before that position: it is the end of a segment.
            self._state.tried_until = None
            return
        entries = found.entries
        if entries and self._adopted != entries[0].spool_id:
            self._adopt(entries)
        intent = Intent(
            number=self._state.number + 1,
            start=found.start,
            end=found.end,
            batches=len(found.items),
            opened_time_ns=self._clock.now_ns(),
            piece_rows=self._settings.processor.max_piece_rows,
            piece_bytes=int(self._settings.processor.max_piece_bytes),
            tried=self._state.tried_until is not None,
            excluded=tuple(self._excluded(found)),
        )
        if self._open(intent):
            self._bring(intent, found, tried=intent.tried)

    def _adopt(self, entries: Sequence[Entry]) -> None:
        """Go over to the spool of these batches: find what the store has of it."""
        spool_id = entries[0].spool_id
        if self._state.spool_id != spool_id:
            before = self._state
            self._state = State(
                spool_id=spool_id,
                cursor=before.cursor,
                tried_until=before.tried_until,
                watermarks=before.watermarks,
            )
        since_ns = min(entry.frame.metadata.sealed_time_ns for entry in entries) - OLDEST_EVENT_NS
        highest = self._patience.ask(lambda: repeats.high_water(self._store, spool_id, since_ns))
        for stream, sequence in highest.items():
            self._state.high_water[stream] = max(sequence, self._state.high_water.get(stream, 0))
        newest = self._patience.ask(lambda: repeats.newest_intent(self._store, spool_id))
        if newest > self._state.number:
            # The cursor was lost. What came before the oldest rows that were looked at is not missing.
            self._state.number = newest
            for entry in entries:
                said = entry.frame.metadata
                self._state.high_water.setdefault(said.stream, said.sequence - 1)
        self._adopted = spool_id

    def _excluded(self, found: Range) -> list[Exclusion]:
        """Return what of a range is not to be inserted."""
        below: list[tuple[Entry, Sequence[Rows]]] = []
        reached = dict(self._state.high_water)
        for entry in found.entries:
            said = entry.frame.metadata
            if said.sequence <= reached.get(said.stream, 0) and entry.start in found.decoded:
                below.append((entry, found.decoded[entry.start]))
            reached[said.stream] = max(reached.get(said.stream, 0), said.sequence)
        if not below:
            return found.unusable
        repeated = self._patience.ask(lambda: repeats.exclusions(self._store, self._state, below))
        return [*found.unusable, *repeated]

    def _open(self, intent: Intent) -> bool:
        state = replace(self._state, number=intent.number, intent=intent)
        if not self._patience.write(lambda: self._source.open(state)):
            self._log.info("the batches were evicted before their intent was open; reading on", intent=intent.number)
            return False
        self._state = state
        return True

    def _resume(self, intent: Intent) -> None:
        """Finish an intent that an earlier process left open."""
        self._adopted = self._state.spool_id
        found = read_range(self._source.follow(intent.start, intent.end))
        if found is not None and found.is_of(intent):
            self._bring(intent, found, tried=True)
            return
        self._log.error("batches of an open intent are gone or damaged; going on with those that are left")
        if found is None:
            self._state = replace(self._state, intent=None, cursor=intent.end)
            self._patience.write(lambda: self._source.confirm(self._state))
            return
        known = {each.start for each in intent.excluded}
        excluded = (*intent.excluded, *(each for each in found.unusable if each.start not in known))
        number = self._state.number + 1
        left = replace(intent, number=number, end=found.end, batches=len(found.items), tried=True, excluded=excluded)
        if self._open(left):
            self._bring(left, found, tried=True)

    def _bring(self, intent: Intent, found: Range, *, tried: bool) -> None:
        """Bring the pieces of an open intent in and move the cursor; narrow down what is refused for good."""
        while True:
            for item, exclusion in letters(found.items, intent.excluded):
                letter = (item, exclusion, intent.opened_time_ns)
                self._patience.write(lambda letter=letter: self._dead_letters.put(*letter))  # type: ignore[misc]
            rows = found.included(intent.excluded)
            accounts = accounts_of(self._state, intent, found.items, found.decoded)
            try:
                for piece in pieces_of(self._source.name, intent, rows):
                    self._delivery.deliver(piece, tried=tried)
            except PieceRefusedError as refused:
                narrowed = self._narrowed(intent, found, refused)
                until = max(self._state.tried_until or intent.end, intent.end)
                self._state = replace(self._state, tried_until=until)
                if not self._open(narrowed):
                    return
                intent, found, tried = narrowed, found.until(narrowed.end), True
                continue
            for own in accounts.rows:
                for piece in pieces_of(f"{self._source.name}/own", intent, [own]):
                    self._delivery.deliver(piece, tried=tried)
            self._finish(intent, found, rows, accounts)
            return

    def _narrowed(self, intent: Intent, found: Range, refused: PieceRefusedError) -> Intent:
        """Return the intent that follows one with a refused piece: half of its batches, or without the one batch."""
        _SPLITS.inc()
        parts = refused.piece.rows
        self._log.warning(
            "the store refused rows for good; narrowing them down",
            piece=refused.piece.token,
            batches=len(parts),
            reason=refused.reason[:300],
        )
        end, excluded = intent.end, intent.excluded
        if len(parts) == 1:
            excluded = (*excluded, Exclusion(parts[0].entry.start, parts[0].day, "refused", refused.reason[:1000]))
        else:
            end = parts[len(parts) // 2].entry.start
        return replace(
            intent,
            number=self._state.number + 1,
            end=end,
            batches=len(found.until(end).items),
            opened_time_ns=self._clock.now_ns(),
            tried=True,
            excluded=tuple(each for each in excluded if each.start < end),
        )

    def _finish(self, intent: Intent, found: Range, rows: Sequence[Rows], accounts: Accounts) -> None:
        state = replace(self._state, cursor=intent.end, intent=None)
        if state.tried_until is not None and state.tried_until <= intent.end:
            state.tried_until = None
        for entry in found.entries:
            repeats.remember(state, entry)
        for host, streams in accounts.watermarks.items():
            state.watermarks.setdefault(host, {}).update(streams)
        self._patience.write(lambda: self._source.confirm(state))
        self._state = state
        if found.entries:
            said = found.entries[-1].frame.metadata
            for tier in self._tiers:
                tier.touch(said.host, rows)
                tier.moved(said.host, state.watermarks.get(said.host, {}), said.sealed_time_ns)
        self._measure(intent, found, rows, accounts)

    def _measure(self, intent: Intent, found: Range, rows: Sequence[Rows], accounts: Accounts) -> None:
        _INTENTS.inc()
        for entry in found.entries:
            _BATCHES.labels(entry.frame.metadata.stream).inc()
        _REPEATS.inc(sum(each.cause == REPEAT for each in intent.excluded))
        _REPLACED.inc(sum(replaced_times(part.table) for part in rows))
        for host, streams in accounts.watermarks.items():
            for stream, instant in streams.items():
                _WATERMARK.labels(host, stream).set(instant / 1e9)
        for stream, count in accounts.missing.items():
            _MISSING.labels(stream).inc(count)
            self._log.warning("batches are missing: the spool evicted or lost them", stream=stream, batches=count)
