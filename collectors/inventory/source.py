"""The source `inventory`: rows of interfaces that came, changed or went, and statements of all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collectors.agent.batches import batches
from collectors.agent.source import Source
from viflux.clock import DAY_NS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from collectors.agent.source import Turn
    from viflux.spool import Batch

STREAM = "inventory.netlink"

# Changes of a quiet day are far less; under heavy churn a restart must not have to read the whole day.
_CHANGES_BYTES = 4 << 20


class Inventory(Source):
    """States the whole inventory at start and once a UTC day, and changes in between.

    Args:
        baseline_bytes: Returns what a restart would have to read: the last statement and all changes since.
    """

    streams = (STREAM,)

    def __init__(self, baseline_bytes: Callable[[], int]) -> None:
        self._baseline_bytes = baseline_bytes
        self._stated_day: int | None = None
        self._statement_bytes = 0
        self._proposed: tuple[int, int] | None = None

    def is_statement_due(self, now_ns: int) -> bool:
        """Whether the UTC day has no statement of the whole inventory yet."""
        return self._stated_day != now_ns // DAY_NS

    def propose(self, turn: Turn) -> list[Batch]:
        """Return what changed; the whole inventory where a statement is due, or where changes outgrew the last one."""
        has_outgrown = self._baseline_bytes() > _CHANGES_BYTES + 4 * self._statement_bytes
        whole = has_outgrown or self.is_statement_due(turn.now_ns)
        proposed = batches(STREAM, turn.watch.inventory(turn.now_ns, whole), is_statement=whole)
        size = sum(len(batch.payload) for batch in proposed)
        self._proposed = (turn.now_ns // DAY_NS, size) if whole else None
        return proposed

    def watermarks(self, turn: Turn) -> Mapping[str, int]:
        """Return the instant up to which the kernel's messages were read."""
        return {STREAM: turn.watch.settled_time_ns()}

    def commit(self) -> None:
        """What was proposed is written."""
        if self._proposed is not None:
            self._stated_day, self._statement_bytes = self._proposed
