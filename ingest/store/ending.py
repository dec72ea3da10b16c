"""How a stage that waits for the store ends on a signal, also when the store never answers.

A store that is stopped, or that dies while a tracer holds it, keeps its connections open, and a request would wait for
its timeout. So a signal lets the request in flight go on for a moment and then breaks it off; what it did is unknown,
which every caller has to deal with anyway.
"""

from __future__ import annotations

import atexit
import signal
import threading
from typing import TYPE_CHECKING

from ingest.store.connection import StoreUnavailable

if TYPE_CHECKING:
    from ingest.store.client import StoreClient

PATIENCE_SECONDS = 3.0
"""How long a request in flight is waited for; an ordinary insert takes a tenth of it."""


def end_on_signals(stop: threading.Event, store: StoreClient) -> None:
    """Let SIGTERM and SIGINT set `stop`, and end the main thread's request to `store` if it takes too long then.

    The request ends with `StoreUnavailable`. To be called from the main thread, before it asks the store anything.
    """

    def told(*_: object) -> None:
        stop.set()
        signal.setitimer(signal.ITIMER_REAL, PATIENCE_SECONDS, PATIENCE_SECONDS)

    def waited(*_: object) -> None:
        if store.is_waiting:
            raise StoreUnavailable(f"the store at {store.url} has not answered, and the stage is to end")

    signal.signal(signal.SIGALRM, waited)
    # The interpreter takes its handlers back before it is gone: an alarm in between would kill a stage that is done.
    atexit.register(signal.setitimer, signal.ITIMER_REAL, 0)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, told)
