"""The processor's loop: its sources turn by turn in one thread, and the tiers in another.

Each source has a `Lane`; a turn of it is one intent. One range is in memory at a time, whatever the number of sources.
A lane that stands still, or whose source does not answer, holds up no other; a store that does not answer holds up all.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from prometheus_client import Counter, Gauge

from ingest.deadletter.home import DeadLetters
from ingest.processor.delivery import Delivery
from ingest.processor.gate import Gate
from ingest.processor.intent import REPEAT, Stream
from ingest.processor.lane import Done, Lane, Means
from ingest.processor.patience import Patience, StoppedError
from ingest.processor.source import RevokedError, Source, SourceAwayError, Sources
from ingest.processor.tiers import Tiers
from ingest.processor.tiers.tending import Tending
from ingest.store import keep
from ingest.store.client import StoreClient
from ingest.store.migrate import migrate
from viflux import logs
from viflux.clock import NANOSECONDS, Clock
from viflux.registry.rollups import ROLLUPS
from viflux.settings import Settings
from viflux.telemetry import Health

_WAIT_SECONDS = 1.0
# Until something is looked at again that has news and cannot go on.
_HELD_SECONDS = 0.2
_FILL_SECONDS = 900.0
# Under load intents begin a second apart unless they are full: few large parts are merged less often than many small
# ones, and the agents hand over each second anyway.
_MANY_ROWS = 10_000
_APART_NS = NANOSECONDS

_INTENTS = Counter("viflux_processor_intents", "Intents that are done.")
_BATCHES = Counter("viflux_processor_batches", "Batches that were dealt with.", ["stream"])
_REPEATS = Counter("viflux_processor_repeats", "Batches, or their rows of a day, that the store had already.")
_MISSING = Counter("viflux_processor_missing_batches", "Batches whose numbers were skipped.", ["stream"])
_LATE = Counter(
    "viflux_processor_late_rows", "Stored rows of events that ended `window.late` or more before.", ["kind"]
)
_REPLACED = Counter("viflux_processor_replaced_time_rows", "Rows whose event time was replaced by the received time.")
_SOURCES = Gauge("viflux_processor_sources", "Sources that this process works on.")
_REVOKED = Counter("viflux_processor_revoked_sources", "Sources that another process took over.")
_WATERMARK = Gauge("viflux_processor_watermark_seconds", "Watermark, UTC seconds.", ["host", "stream"])


class Processor:
    """Moves the sources that it is given into one store."""

    def __init__(
        self,
        settings: Settings,
        sources: Sources,
        store: StoreClient,
        dead_letters: DeadLetters,
        clock: Clock,
        health: Health,
        stop: threading.Event,
    ) -> None:
        self._settings = settings
        self._sources = sources
        self._store = store
        self._clock = clock
        self._health = health
        self._stop = stop
        self._patience = Patience(clock, health, stop, self._keep_alive, self._renew)
        delivery = Delivery(store, self._patience, clock, settings.keep)
        gate = Gate(self, store, self._patience, clock, grace_ns=settings.window.grace, keep=settings.keep)
        self._means = Means(
            settings.processor,
            store,
            delivery,
            self._patience,
            dead_letters,
            clock,
            health,
            gate,
            int(settings.window.late),
            settings.keep,
        )
        # A fill that was given up is done again from its beginning, so it is waited for.
        patient = StoreClient.writer(settings, _FILL_SECONDS)
        self._tiers = Tending(Tiers(settings, patient, clock), clock, stop)
        self._lanes: dict[Source, Lane] = {}
        # The source for which the store is being waited for.
        self._turning: Source | None = None
        self._started = False
        # When a turn that moved many rows began last, by the clock that never goes back.
        self._many_rows_ns = -_APART_NS
        self._log = logs.get("processor")
        health.drains(self.left)

    def run(self) -> None:
        """Work until the stage is to end; what is unfinished then stays in the sources."""
        try:
            self._patience.ask(lambda: migrate(self._store, self._settings.store.database))
            for line in self._patience.ask(self._apply_keep):
                self._log.info("how long rows are kept was changed", table=line)
            self._tiers.begin()
            while not self._stop.is_set():
                self._tiers.require_alive()
                self._round()
        except StoppedError:
            pass
        finally:
            self._sources.close()
            self._tiers.end()

    def left(self) -> str | None:
        """Return None when everything behind the sources' cursors is in the store, else one line."""
        if not self._started:
            return "not started"
        if (unknown := self._sources.left()) is not None:
            return unknown
        return next((left for lane in list(self._lanes.values()) if (left := lane.left()) is not None), None)

    def height(self, stream: Stream) -> int | None:
        """Return a stream's high water as the lane of its kind knows it, None where none has met it."""
        known = (lane.state.high_water.get(stream) for lane in self._lanes_of(stream[1].partition(".")[0]))
        return next((height for height in known if height is not None), None)

    def worked_off_ns(self, kind: str) -> int:
        """Return when a lane of a kind last did an intent with more behind it, monotonic; 0 for never."""
        return max((lane.worked_off_ns for lane in self._lanes_of(kind)), default=0)

    def _lanes_of(self, kind: str) -> Iterable[Lane]:
        return (lane for lane in self._lanes.values() if lane.source.kinds is None or kind in lane.source.kinds)

    def _apply_keep(self) -> list[str]:
        return keep.in_words(keep.apply(self._store, self._settings.store.database, self._settings.keep))

    def _round(self) -> None:
        """Give each source a turn."""
        self._health.beat()
        has_news = any(lane.is_full for lane in self._lanes.values())
        self._change(0 if has_news else _WAIT_SECONDS)
        if not has_news and self._started and any(lane.has_news() for lane in self._lanes.values()):
            paced_ns = self._many_rows_ns + _APART_NS - self._clock.monotonic_ns()
            self._clock.wait(self._stop, max(self._settings.processor.linger, paced_ns) / NANOSECONDS)
            self._change(0)
        moved = [self._turn(lane) for lane in list(self._lanes.values()) if not self._stop.is_set()]
        if not self._started:
            self._started = True
            self._health.ready(True)
        if not any(moved) and any(lane.has_news() for lane in self._lanes.values()):
            self._patience.rest(_HELD_SECONDS)

    def _change(self, seconds: float) -> None:
        """Wait for news; drop what was revoked and begin what was assigned."""
        changes = self._sources.poll(seconds, self._stop)
        self._patience.alive()
        for source in changes.revoked:
            self._drop(source)
        for source in changes.assigned:
            lane = Lane(source, self._means)
            self._lanes[source] = lane
            self._while_turning(source, lambda lane=lane: self._begin(lane))  # type: ignore[misc]
        if changes.assigned or changes.revoked:
            _SOURCES.set(len(self._lanes))

    def _begin(self, lane: Lane) -> None:
        self._patience.write(lane.begin)
        self._tiers.start(lane.state.watermarks)

    def _turn(self, lane: Lane) -> bool:
        """Give a source its turn; return whether an intent was done."""
        done: list[Done] = []
        began_ns = self._clock.monotonic_ns()

        def turn() -> None:
            if (finished := lane.turn()) is not None:
                done.append(finished)

        self._while_turning(lane.source, turn)
        for each in done:
            self._tell_tiers(lane, each)
            self._measure(lane, each)
            if sum(part.count for part in each.rows) >= _MANY_ROWS:
                self._many_rows_ns = began_ns
        return bool(done)

    def _while_turning(self, source: Source, work: Callable[[], None]) -> None:
        self._turning = source
        try:
            work()
        except RevokedError:
            _REVOKED.inc()
            self._log.warning("the source was taken over by another processor", source=source.name)
            self._drop(source)
        except SourceAwayError as error:
            self._log.warning("the source does not answer; trying again", source=source.name, reason=str(error))
        finally:
            self._turning = None

    def _drop(self, source: Source) -> None:
        lane = self._lanes.pop(source, None)
        if lane is not None:
            lane.end()

    def _keep_alive(self) -> None:
        self._sources.keep_alive(self._turning)

    def _renew(self) -> None:
        if self._turning is not None and (lane := self._lanes.get(self._turning)) is not None:
            lane.renew()

    def _tell_tiers(self, lane: Lane, done: Done) -> None:
        hosts = {entry.frame.metadata.host for entry in done.found.entries}
        for (kind, host), minutes in done.accounts.touched.items():
            self._tiers.touch(kind, host, minutes)
        for kind in ROLLUPS:
            # What was handed over of a kind is stored only as far as the source that holds the kind has come.
            holds_kind = lane.source.kinds is None or kind in lane.source.kinds
            for host in hosts:
                if holds_kind or host in done.accounts.watermarks:
                    watermarks = lane.state.watermarks.get(host, {})
                    self._tiers.moved(kind, host, watermarks, lane.state.reached[host] if holds_kind else 0)

    def _measure(self, lane: Lane, done: Done) -> None:
        _INTENTS.inc()
        for entry in done.found.entries:
            _BATCHES.labels(entry.frame.metadata.stream).inc()
        _REPEATS.inc(sum(each.cause == REPEAT for each in done.intent.excluded))
        _REPLACED.inc(sum(part.replaced for part in done.rows))
        # A series a host and stream is for one host; of thousands the ledger tells.
        for host, streams in done.accounts.watermarks.items() if lane.source.kinds is None else ():
            for stream, instant in streams.items():
                _WATERMARK.labels(host, stream).set(instant / 1e9)
        for kind, count in done.accounts.late.items():
            _LATE.labels(kind).inc(count)
            self._log.warning(
                "rows came too late: tiers have them, SLIs that have a result are not computed again",
                kind=kind,
                rows=count,
            )
        for stream, count in done.accounts.missing.items():
            _MISSING.labels(stream).inc(count)
            self._log.warning("batches are missing: they were evicted or lost", stream=stream, batches=count)
