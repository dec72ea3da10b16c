"""The source `counters`: sweeps of all interfaces, and the last readings of those that ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collectors.agent.batches import batches
from collectors.agent.source import Source
from viflux.spool import Unread

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from collectors._native import FlowProbe
    from collectors.agent.source import Turn
    from viflux.spool import Batch

STREAM = "counters.netlink"


class Counters(Source):
    """Reads all counters on the boundaries of the clock; each sweep is a complete statement.

    Args:
        flow_probe: Returns what counts flows now. Where it is drained with a sweep, what it counts from the instant of
            the reading on is for a later drain, so that both tell of the same packets.
    """

    streams = (STREAM,)

    def __init__(self, flow_probe: Callable[[], FlowProbe | None] = lambda: None) -> None:
        self._flow_probe = flow_probe
        self._watermark_ns = 0
        self._committed_ns = 0
        self._proposed_rows = 0
        # Readings that no row will tell of one by one: the next that is taken spans them.
        self._refused_rows = 0

    def propose(self, turn: Turn) -> list[Batch]:
        """Return a sweep where one is due, else the last rows of interfaces that ended with a reading."""
        if turn.sweep:
            # What is not drained now is not to end here either.
            messages, watermark_ns, _ = turn.watch.sweep(self._flow_probe() if turn.drain else None)
            self._watermark_ns = max(self._watermark_ns, watermark_ns)
            proposed = batches(STREAM, messages, is_statement=True)
        else:
            proposed = batches(STREAM, turn.watch.last_readings())
        self._proposed_rows = sum(batch.rows for batch in proposed)
        return proposed

    def watermarks(self, turn: Turn) -> Mapping[str, int]:  # noqa: ARG002
        """Return the instant of the last sweep."""
        return {STREAM: self._watermark_ns}

    def lost(self, turn: Turn) -> list[Unread]:  # noqa: ARG002
        """Return the readings that the spool refused."""
        return [Unread(STREAM, "spool_refused", self._refused_rows)] if self._refused_rows else []

    def commit(self) -> None:
        """What was proposed is written."""
        self._committed_ns = self._watermark_ns
        self._refused_rows = 0

    def discard(self) -> None:
        """What was proposed is not written."""
        self._watermark_ns = self._committed_ns
        self._refused_rows += self._proposed_rows
