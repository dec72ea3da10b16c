"""Tending the tiers in a thread of its own: a fill of minutes takes seconds, and rows must not wait for it.

What the processor has stored is noted from its own thread and taken in here, in order, before the next fill. All else
of the tiers is this thread's alone. A fill that is under way when the process ends is finished by the store or is not;
the next process finds out.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping

from ingest.processor.tiers import Tiers
from ingest.store.client import StoreRefused
from ingest.store.connection import StoreUnavailable
from viflux import logs
from viflux.clock import Clock

_LOOK_SECONDS = 0.25
_FIRST_SECONDS, _LONGEST_SECONDS = 0.5, 10.0
# How long the end of the process waits for a fill.
_END_SECONDS = 0.5


class Tending:
    """Fills tiers until it is told to stop.

    Args:
        tiers: Not used by anyone else from `begin` on.
        clock: For waiting.
        stop: Ends it.
    """

    def __init__(self, tiers: Tiers, clock: Clock, stop: threading.Event) -> None:
        self._tiers = tiers
        self._clock = clock
        self._stop = stop
        self._notes: deque[Callable[[], None]] = deque()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="tiers", daemon=True)
        self._log = logs.get("processor")

    def begin(self) -> None:
        """Start the thread."""
        self._thread.start()

    def end(self) -> None:
        """Wait a little for the fill that is under way; `stop` is set."""
        if self._thread.is_alive():
            self._thread.join(_END_SECONDS)

    def require_alive(self) -> None:
        """Raise what ended the thread, if something did."""
        if self._failure is not None:
            raise self._failure

    def start(self, watermarks: Mapping[str, Mapping[str, int]]) -> None:
        """Note that a source was taken over; see `Tiers.start`."""
        known = {host: dict(streams) for host, streams in watermarks.items()}
        self._notes.append(lambda: self._tiers.start(known))

    def touch(self, kind: str, host: str, minutes: Iterable[int]) -> None:
        """Note what was stored; see `Tiers.touch`."""
        known = tuple(minutes)
        self._notes.append(lambda: self._tiers.touch(kind, host, known))

    def moved(self, kind: str, host: str, watermarks: Mapping[str, int], reached_ns: int) -> None:
        """Note how far a host's data are stored; see `Tiers.moved`."""
        known = dict(watermarks)
        self._notes.append(lambda: self._tiers.moved(kind, host, known, reached_ns))

    def _run(self) -> None:
        try:
            pause = 0.0
            while not self._clock.wait(self._stop, pause or _LOOK_SECONDS):
                pause = self._turn(pause)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the processor's own thread raises it
            self._failure = error

    def _turn(self, pause: float) -> float:
        """Take in what was noted, and fill what is due; return how long to leave the store alone."""
        while self._notes:
            self._notes.popleft()()
        if not self._tiers.is_due():
            return 0.0
        try:
            self._tiers.tend()
        except (StoreUnavailable, StoreRefused) as error:
            if not pause:
                reason = " ".join(str(error).split())[:300]
                self._log.warning("tiers are not filled: the store does not do it; trying again", reason=reason)
            return min(_LONGEST_SECONDS, max(_FIRST_SECONDS, 2 * pause))
        return 0.0
