"""The shipper's loop: read the spool behind the cursor, send, move the cursor over what is acknowledged."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from prometheus_client import Counter, Gauge

from ingest.deadletter.home import DeadLetters
from ingest.kafka.connection import client_configuration
from ingest.kafka.cursor import Cursor
from ingest.kafka.flight import Flight
from ingest.kafka.sender import Sender
from ingest.kafka.trouble import TOO_LARGE
from ingest.processor.intent import WHOLE_BATCH, Exclusion
from viflux import logs
from viflux.clock import Clock
from viflux.errors import UsageError
from viflux.paths import DataPaths
from viflux.settings import Settings
from viflux.spool import Damaged, Entry, Hole, SpoolReader
from viflux.telemetry import Health

_IDLE_SECONDS = 1.0
_POLL_SECONDS = 0.05
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.2, 5.0
# An acknowledgement takes milliseconds; a broker that elects a leader takes a few seconds.
_STALLED_AFTER_NS = 10_000_000_000
_FLUSH_NS = 10_000_000_000
_LOOK_AT_FILES_EVERY_NS = 5_000_000_000
_LOOK_FOR_ANOTHER_SPOOL_EVERY_NS = 10_000_000_000
# A topic that took no large message once would refuse the next set of messages as well.
_ONE_BY_ONE_NS = 600_000_000_000
# A tiny spool must not be held by what is on its way.
_SHARE_OF_SPOOL = 8
_MOST_SPANNED = 4

_BATCHES = Counter("viflux_shipper_batches", "Batches that the brokers acknowledged.", ["kind"])
_BYTES = Counter("viflux_shipper_bytes", "Bytes of these batches, before compression by the producer.")
_ANEW = Counter("viflux_shipper_restarts", "Times that sending began anew from the last acknowledged batch.")
_DAMAGED = Counter("viflux_shipper_damaged", "Damaged pieces of the spool that went to the dead letters.")
_IN_FLIGHT = Gauge("viflux_shipper_in_flight_bytes", "Bytes that are sent and not acknowledged.")
_WAITING = Gauge("viflux_shipper_waiting", "1 while batches wait because the brokers do not take them.")
_OLDEST = Gauge("viflux_shipper_oldest_time_seconds", "When the oldest batch on its way was sealed, UTC; 0 for none.")


class Shipper:
    """Moves one spool into Kafka, at least once and in the spool's order within each topic-partition.

    It is ready while batches reach the brokers, or would: brokers answer, all topics are there, and nothing has
    waited for an acknowledgement for ten seconds. After a failure one batch goes first, and only when that is
    acknowledged do the others follow.
    """

    def __init__(
        self,
        settings: Settings,
        paths: DataPaths,
        dead_letters: DeadLetters,
        clock: Clock,
        health: Health,
        stop: threading.Event,
    ) -> None:
        self._settings = settings
        self._dead_letters = dead_letters
        self._clock = clock
        self._health = health
        self._stop = stop
        self._reader = SpoolReader(paths.spool)
        self._cursor = Cursor(paths.shipper_state, self._reader, clock)
        self._reading = self._cursor.acknowledged
        self._flight = Flight()
        self._sender = Sender(settings.kafka)
        self._most_bytes = min(int(settings.kafka.max_in_flight), int(settings.spool.max_bytes) // _SHARE_OF_SPOOL)
        # Whether the brokers have been seen to answer since the last failure, and whether they took a batch.
        self._answered = False
        self._proved = self._must_prove = False
        self._one_by_one_until_ns = 0
        self._pause_seconds = _FIRST_PAUSE_SECONDS
        self._reason = ""
        self._folder_failed = False
        self._moved_ns = clock.monotonic_ns()
        self._looked_at_files_ns = self._looked_at_spool_ns = clock.monotonic_ns()
        self._log = logs.get("shipper")
        health.drains(self.left)

    def run(self) -> None:
        """Work until the stage is to end; what is not acknowledged then stays in the spool."""
        try:
            if self._cursor.is_replaced:
                self._start_over()
            while not self._stop.is_set():
                self._turn()
            self._flush()
        finally:
            self._sender.end()

    def left(self) -> str | None:
        """Return None when the brokers have everything in the spool, else one line."""
        if not self._reader.has_news(self._cursor.acknowledged):
            return None
        return f"batches wait in the spool: {self._reason}" if self._reason else "batches wait in the spool"

    def _turn(self) -> None:
        self._health.beat()
        if self._sender.failed is not None:
            self._begin_anew()
        if not self._answered and not self._look():
            return
        sent = self._send_what_there_is()
        if len(self._flight):
            self._sender.poll(0 if sent else _POLL_SECONDS)
        elif not sent:
            self._sender.poll(0)
            self._reader.wait(self._reading, _IDLE_SECONDS, self._stop, self._clock)
        self._settle()
        self._judge()
        self._look_for_another_spool()

    def _look(self) -> bool:
        """Ask the brokers whether they are there, with growing pauses; return whether they are."""
        trouble = self._sender.look()
        if trouble is None:
            self._answered = True
            self._moved_ns = self._clock.monotonic_ns()
            if not self._reason:
                self._health.ready(True)
            return True
        self._wait_for(trouble)
        self._read_files_again()
        self._clock.wait(self._stop, self._pause_seconds)
        self._pause_seconds = min(2 * self._pause_seconds, _LONGEST_PAUSE_SECONDS)
        return False

    def _send_what_there_is(self) -> bool:
        """Hand batches to the producer up to the bound; return whether there was one."""
        sent = False
        for item in self._items():
            if not self._has_room() or self._stop.is_set():
                break
            try:
                if isinstance(item, Hole):
                    self._log.info("segments of the spool are gone", first=item.start.segment, next=item.end.segment)
                elif not self._take(item):
                    break
            except OSError as error:
                self._folder_fails(error)
                break
            self._reading = item.end
            sent = True
        return sent

    def _items(self) -> Iterator[Entry | Damaged | Hole]:
        return self._reader.read(self._reading)

    def _has_room(self) -> bool:
        if not len(self._flight):
            return True
        if not self._proved or self._clock.monotonic_ns() < self._one_by_one_until_ns:
            return False
        return (
            self._flight.unacknowledged_bytes < self._most_bytes
            and self._flight.spanned_bytes < _MOST_SPANNED * self._most_bytes
        )

    def _take(self, item: Entry | Damaged) -> bool:
        """Send a batch, or park damaged bytes; return False where reading has to begin again at this place."""
        if isinstance(item, Damaged):
            exclusion = Exclusion(item.start, WHOLE_BATCH, "damaged", item.reason)
            self._dead_letters.put(item, exclusion, self._clock.now_ns(), "spool")
            _DAMAGED.inc()
            self._flight.passed_over(item.end)
            return True
        if not self._cursor.reserve(item.spool_id, item.start):
            return False
        said = item.frame.metadata
        if not len(self._flight):
            self._moved_ns = self._clock.monotonic_ns()
        sent = self._flight.send(item.end, item.frame.length, said.sealed_time_ns)

        def acknowledged() -> None:
            self._flight.acknowledge(sent)
            self._moved_ns = self._clock.monotonic_ns()
            self._proved = True
            _BATCHES.labels(said.kind).inc()
            _BYTES.inc(sent.size)

        if self._sender.send(item, acknowledged):
            return True
        self._flight.take_back(sent)
        return False

    def _settle(self) -> None:
        end = self._flight.settle()
        if end is not None:
            self._cursor.advance(end)
        try:
            self._cursor.sync()
        except OSError as error:
            self._folder_fails(error)
        else:
            if self._folder_failed:
                self._folder_failed = False
                self._health.ready(True, part="folder")
        _IN_FLIGHT.set(self._flight.unacknowledged_bytes)
        _OLDEST.set((self._flight.oldest_sealed_time_ns or 0) / 1e9)

    def _judge(self) -> None:
        """Say whether batches reach the brokers."""
        now_ns = self._clock.monotonic_ns()
        if not len(self._flight):
            if self._answered and (self._proved or not self._must_prove or not self._reader.has_news(self._reading)):
                self._takes_again()
            return
        quiet_ns = now_ns - self._moved_ns
        if quiet_ns >= _STALLED_AFTER_NS or (self._sender.all_away and self._sender.trouble):
            trouble = self._sender.trouble or "the brokers do not answer"
            self._wait_for(f"no batch was acknowledged for {quiet_ns / 1e9:.0f} s: {trouble}")
            self._read_files_again()
        elif self._proved and not self._sender.all_away:
            self._takes_again()

    def _wait_for(self, reason: str) -> None:
        _WAITING.set(1)
        self._health.ready(False, f"batches wait in the spool: {reason}")
        if not self._reason:
            self._log.warning("the brokers do not take batches; they wait in the spool", reason=reason)
        self._reason = reason

    def _takes_again(self) -> None:
        self._must_prove = False
        self._pause_seconds = _FIRST_PAUSE_SECONDS
        if self._reason:
            self._log.info("the brokers take batches again")
            self._reason = ""
            _WAITING.set(0)
            self._health.ready(True)

    def _begin_anew(self) -> None:
        """Go back to the last acknowledged batch, with a new producer."""
        reason, code = self._sender.failed or "", self._sender.failed_code
        if code in TOO_LARGE:
            self._one_by_one_until_ns = self._clock.monotonic_ns() + _ONE_BY_ONE_NS
        self._replace_sender()
        # That brokers answer does not say that they take what they have refused.
        self._must_prove = True
        self._wait_for(reason)
        self._clock.wait(self._stop, self._pause_seconds)
        self._pause_seconds = min(2 * self._pause_seconds, _LONGEST_PAUSE_SECONDS)

    def _replace_sender(self) -> None:
        _ANEW.inc()
        self._sender.end()
        self._settle()
        self._sender = Sender(self._settings.kafka)
        self._flight = Flight()
        self._reading = self._cursor.acknowledged
        self._answered = self._proved = False

    def _read_files_again(self) -> None:
        """Take a new producer where a password or a certificate was replaced."""
        now_ns = self._clock.monotonic_ns()
        if now_ns - self._looked_at_files_ns < _LOOK_AT_FILES_EVERY_NS:
            return
        self._looked_at_files_ns = now_ns
        try:
            changed = client_configuration(self._settings.kafka, "shipper") != self._sender.configuration
        except UsageError as error:
            self._health.ready(False, str(error))
            return
        if changed:
            self._log.info("login or certificates have changed: connecting anew")
            self._replace_sender()

    def _look_for_another_spool(self) -> None:
        now_ns = self._clock.monotonic_ns()
        if now_ns - self._looked_at_spool_ns < _LOOK_FOR_ANOTHER_SPOOL_EVERY_NS:
            return
        self._looked_at_spool_ns = now_ns
        if self._cursor.is_replaced:
            self._start_over()

    def _start_over(self) -> None:
        self._replace_sender()
        self._cursor.start_over()
        self._reading = self._cursor.acknowledged

    def _folder_fails(self, error: OSError) -> None:
        if isinstance(error, FileNotFoundError) and self._reader.committed() is None:
            return  # there is no spool yet
        if not self._folder_failed:
            self._log.error("the data folder cannot be written: nothing moves until it can", reason=str(error))
            self._health.ready(False, f"the data folder cannot be written: {error}", part="folder")
        self._folder_failed = True
        self._clock.wait(self._stop, _IDLE_SECONDS)

    def _flush(self) -> None:
        """Wait for what is on its way, ten seconds at most and not at all where the brokers are away."""
        until_ns = self._clock.monotonic_ns() + _FLUSH_NS
        while len(self._flight) and not self._reason and self._clock.monotonic_ns() < until_ns:
            if self._sender.failed is not None:
                break
            self._sender.poll(_POLL_SECONDS)
            self._settle()
            self._judge()
        try:
            self._cursor.sync(now=True)
        except OSError as error:
            self._folder_fails(error)
