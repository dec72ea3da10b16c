"""The source `inventory`: rows of interfaces that came, changed or went, and statements of all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collectors.agent.batches import batches
from viflux.clock import DAY_NS

if TYPE_CHECKING:
    from collectors._native import HostWatch
    from viflux.spool import Batch

STREAM = "inventory.netlink"

# Changes of a quiet day are far less; under heavy churn a restart must not have to read the whole day.
_CHANGES_BYTES = 4 << 20


class Inventory:
    """States the whole inventory at start and once a UTC day, and changes in between."""

    stream = STREAM

    def __init__(self) -> None:
        self._stated_day: int | None = None
        self._statement_bytes = 0
        self._proposed: tuple[int, int] | None = None

    def is_statement_due(self, now_ns: int, baseline_bytes: int = 0) -> bool:
        """Whether the whole inventory must be stated.

        Args:
            now_ns: The time.
            baseline_bytes: What a restart would have to read: the last statement and all changes since.

        Returns:
            True where the UTC day has no statement yet, or where the changes outgrew the last one.
        """
        outgrown = baseline_bytes > _CHANGES_BYTES + 4 * self._statement_bytes
        return self._stated_day != now_ns // DAY_NS or outgrown

    def propose(self, watch: HostWatch, now_ns: int, baseline_bytes: int) -> list[Batch]:
        """Return what changed; the whole inventory where a statement is due."""
        whole = self.is_statement_due(now_ns, baseline_bytes)
        proposed = batches(STREAM, watch.inventory(now_ns, whole), is_statement=whole)
        size = sum(len(batch.payload) for batch in proposed)
        self._proposed = (now_ns // DAY_NS, size) if whole else None
        return proposed

    def commit(self) -> None:
        """What was proposed is written."""
        if self._proposed is not None:
            self._stated_day, self._statement_bytes = self._proposed
