"""Waiting for the store: backoff with jitter, one log line when it goes and one when it is back."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import TypeVar

from prometheus_client import Counter, Gauge

from ingest.processor.source import RevokedError, SourceAwayError
from ingest.store.client import StoreRefused
from ingest.store.connection import StoreUnavailable
from viflux import logs
from viflux.clock import NANOSECONDS, Clock
from viflux.telemetry import Health

_FIRST_SECONDS, _LONGEST_SECONDS = 0.1, 5.0
# A group gives a member up after 10 s without a heartbeat.
_SURE_FOR_NS = 5 * NANOSECONDS
_FAILURES = Counter("viflux_processor_store_failures", "Requests that the store did not answer or put off.")
_WAITING = Gauge("viflux_processor_store_waiting", "1 while rows wait because the store does not take them.")

Result = TypeVar("Result")


class StoppedError(Exception):
    """The stage was told to end while it waited."""


class Patience:
    """Asks the store until it answers, or until the stage is to end."""

    def __init__(
        self,
        clock: Clock,
        health: Health,
        stop: threading.Event,
        keep_alive: Callable[[], None] = lambda: None,
        renew: Callable[[], None] = lambda: None,
    ) -> None:
        self._clock = clock
        self._health = health
        self._stop = stop
        self._keep_alive = keep_alive
        self._renew = renew
        self._alive_ns = clock.monotonic_ns()
        self._seconds = _FIRST_SECONDS
        self._reason = ""
        self._waits_for_write = False

    def ask(self, request: Callable[[], Result]) -> Result:
        """Return what `request` returns, calling it again while the store is away or says no.

        Only for requests that can be repeated without harm.

        Raises:
            StoppedError: The stage is to end.
        """
        while True:
            try:
                result = request()
            except (StoreUnavailable, StoreRefused) as error:
                self.pause(error)
            else:
                self.answered()
                return result

    def write(self, change: Callable[[], Result]) -> Result:
        """Return what `change` returns, calling it again while the data folder, or the source, cannot be written.

        Raises:
            StoppedError: The stage is to end.
        """
        failed = False
        while True:
            try:
                result = change()
            except (OSError, SourceAwayError) as error:
                if not failed:
                    what = "the data folder" if isinstance(error, OSError) else "the bus"
                    logs.get("processor").error(
                        f"{what} cannot be written: nothing moves until it can", reason=str(error)
                    )
                    self._health.ready(False, f"{what} cannot be written: {error}", part="folder")
                failed = True
                self._rest_or_forget(_LONGEST_SECONDS)
            else:
                if failed:
                    self._health.ready(True, part="folder")
                return result

    def _rest_or_forget(self, seconds: float) -> None:
        try:
            self.rest(seconds)
        except RevokedError:
            # What could not be written is another's to write now.
            self._health.ready(True, part="folder")
            raise

    def pause(self, error: StoreUnavailable | StoreRefused, *, writing: bool = False) -> None:
        """Wait a while, longer each time.

        Args:
            error: What the store, or its absence, said.
            writing: It was said of an insert: answers to questions do not mean then that rows are taken again.

        Raises:
            StoppedError: The stage is to end.
        """
        _FAILURES.inc()
        _WAITING.set(1)
        reason = " ".join(str(error).split())[:300]
        kind = f"{type(error).__name__} {getattr(error, 'code', '')}"
        if not self._reason:
            logs.get("processor").warning("the store does not take rows; they wait in the spool", reason=reason)
        elif kind != self._reason:
            logs.get("processor").info("the store still does not take rows", reason=reason)
        if kind != self._reason:
            self._health.ready(False, f"waiting for the store: {reason}")
        self._reason = kind
        self._waits_for_write = writing and isinstance(error, StoreRefused)
        self.rest(self._seconds * (0.5 + random.random()))  # noqa: S311 - jitter, not a secret
        self._seconds = min(_LONGEST_SECONDS, self._seconds * 2)

    def answered(self, *, wrote: bool = False) -> None:
        """The store answered; `wrote` says that it took rows."""
        if self._waits_for_write and not wrote:
            return
        self._waits_for_write = False
        if self._reason:
            logs.get("processor").info("the store takes rows again")
            self._health.ready(True)
        self._seconds, self._reason = _FIRST_SECONDS, ""
        _WAITING.set(0)

    def alive(self) -> None:
        """The process took part in its group just now."""
        self._alive_ns = self._clock.monotonic_ns()

    def require_ours(self) -> None:
        """Make sure, before rows are sent, that the source was not taken over while this process was held up.

        Raises:
            RevokedError: It was.
        """
        if self._clock.monotonic_ns() >= self._alive_ns + _SURE_FOR_NS:
            self._renew()
            self.alive()

    def rest(self, seconds: float) -> None:
        """Wait without doing anything.

        Raises:
            StoppedError: The stage is to end.
            RevokedError: The source for which this waits is not ours any more.
        """
        self._health.beat()
        self._keep_alive()
        self.alive()
        if self._clock.wait(self._stop, seconds):
            raise StoppedError
        self._health.beat()
