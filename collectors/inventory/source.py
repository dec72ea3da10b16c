"""The source `inventory`: rows of interfaces that came, changed or went, and statements of all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collectors.agent.batches import batches

if TYPE_CHECKING:
    from collectors._native import HostWatch
    from viflux.spool import Batch

STREAM = "inventory.netlink"

_DAY_NS = 86_400 * 1_000_000_000


class Inventory:
    """States the whole inventory at start and once a UTC day, and changes in between."""

    stream = STREAM

    def __init__(self) -> None:
        self._stated_day: int | None = None
        self._proposed_day: int | None = None

    def is_statement_due(self, now_ns: int) -> bool:
        """Whether the UTC day has no complete statement yet."""
        return self._stated_day != now_ns // _DAY_NS

    def propose(self, watch: HostWatch, now_ns: int) -> list[Batch]:
        """Return what changed; the whole inventory where a statement is due."""
        whole = self.is_statement_due(now_ns)
        self._proposed_day = now_ns // _DAY_NS if whole else None
        return batches(STREAM, watch.inventory(now_ns, whole), is_statement=whole)

    def commit(self) -> None:
        """What was proposed is written."""
        if self._proposed_day is not None:
            self._stated_day = self._proposed_day
