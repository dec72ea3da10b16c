"""The source `counters`: sweeps of all interfaces, and the last readings of those that ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collectors.agent.batches import batches

if TYPE_CHECKING:
    from collectors._native import FlowProbe, HostWatch
    from viflux.spool import Batch

STREAM = "counters.netlink"


class Counters:
    """Reads all counters on the boundaries of the clock.

    Attributes:
        watermark_ns: The instant before which the committed sweeps, with the proposed one, tell all.
    """

    stream = STREAM

    def __init__(self) -> None:
        self.watermark_ns = 0
        self._committed_ns = 0

    def sweep(self, watch: HostWatch, flows: FlowProbe | None = None) -> list[Batch]:
        """Read all counters; a sweep is a complete statement.

        Args:
            watch: Reads them.
            flows: Has what is counted from that instant on for a later drain, so that both tell of the same packets.
        """
        messages, watermark_ns, _ = watch.sweep(flows)
        self.watermark_ns = max(self.watermark_ns, watermark_ns)
        return batches(STREAM, messages, is_statement=True)

    def between_sweeps(self, watch: HostWatch) -> list[Batch]:
        """Return the last rows of interfaces that ended with a reading."""
        return batches(STREAM, watch.last_readings())

    def commit(self) -> None:
        """What was proposed is written."""
        self._committed_ns = self.watermark_ns

    def discard(self) -> None:
        """What was proposed is not written."""
        self.watermark_ns = self._committed_ns
