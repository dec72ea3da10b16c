"""A wall clock that is set back: a process that uses Kafka's client library ends, and is started again.

The library's threads wait until an instant of the wall clock (https://github.com/confluentinc/librdkafka/issues/2145).
Set back by two hours they stand still for two hours: no connection is made, no heartbeat is sent, and the thread that
asks them stands still as well, so that nobody in the process could put it right. Where the clock is set forward they
wake too early, which does no harm.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from viflux import logs
from viflux.clock import NANOSECONDS, Clock
from viflux.errors import EXIT_FAILED

LEAST_SECONDS = 5.0
"""A step that is shorter is over before a new process would do its work."""

_LOOK_SECONDS = 1.0
_PATIENCE_SECONDS = 3.0


class SetBack:
    """Compares the wall clock with the monotonic one.

    Args:
        clock: Both.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._least_ns = self._bounds_ns()[0]

    def look(self) -> float:
        """Return by how many seconds the wall clock was set back since the last look; 0 where it was not."""
        least_ns, most_ns = self._bounds_ns()
        back_ns = self._least_ns - most_ns
        self._least_ns = least_ns
        return max(0.0, back_ns / NANOSECONDS)

    def _bounds_ns(self) -> tuple[int, int]:
        # A process that is frozen between two readings must not see a step.
        before_ns = self._clock.monotonic_ns()
        now_ns = self._clock.now_ns()
        return now_ns - self._clock.monotonic_ns(), now_ns - before_ns


@contextmanager
def ends_when_set_back(clock: Clock, stop: threading.Event, end: Callable[[int], object] = os._exit) -> Iterator[None]:
    """End the process when the clock is set back while the block runs, which has a moment to end by itself.

    What is unfinished then is finished at the next start, as after any other kill.

    Args:
        clock: The stage's.
        stop: Set to end the block.
        end: Ends the process at once with an exit code: the library's threads might hold up any other end.

    Raises:
        SystemExit: The clock was set back and the block ended in time. Services are started again after a failure, so
            this is one.
    """
    done, is_back = threading.Event(), threading.Event()
    set_back = SetBack(clock)

    def watch() -> None:
        while not clock.wait(done, _LOOK_SECONDS):
            if (seconds := set_back.look()) >= LEAST_SECONDS:
                logs.get("kafka").error(
                    "the clock of this host was set back, and Kafka's client library would stand still for as long: "
                    "this process ends, to be started again; nothing is lost",
                    seconds=round(seconds),
                )
                is_back.set()
                stop.set()
                clock.wait(done, _PATIENCE_SECONDS)
                end(EXIT_FAILED)
                return

    threading.Thread(target=watch, name="set-back", daemon=True).start()
    try:
        yield
    finally:
        done.set()
    if is_back.is_set():
        raise SystemExit(EXIT_FAILED)
