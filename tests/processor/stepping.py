"""The product's command line, sending itself a signal at a step of its inserts: `stepping STEP:N:SIGNAL verb …`.

A step is `send-TABLE`, before rows are sent, or `sent-TABLE`, after the store acknowledged them; N counts from 1.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from ingest.store.client import StoreClient
from viflux.command import main


def arm(told: str) -> None:
    """Send this process a signal when the step is reached for the n-th time; an empty text arms nothing."""
    if not told:
        return
    step, times, what = told.split(":")
    left = {step: int(times)}
    inserting = StoreClient.insert_arrow_stream

    def reached(at: str) -> None:
        if at in left:
            left[at] -= 1
            if left[at] == 0:
                os.kill(os.getpid(), signal.Signals[f"SIG{what}"])

    def insert(self: StoreClient, table: str, *given: Any, **named: Any) -> int:
        reached(f"send-{table}")
        written = inserting(self, table, *given, **named)
        reached(f"sent-{table}")
        return written

    StoreClient.insert_arrow_stream = insert  # type: ignore[method-assign]


if __name__ == "__main__":
    arm(sys.argv.pop(1))
    main()
