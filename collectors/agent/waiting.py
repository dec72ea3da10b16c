"""Encoded rows of a probe that wait until the spool takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from viflux.spool import Batch

_MOST_TAKEN_BYTES = 8 << 20
"""Proposed at one go: half of what the spool's writer takes before it commits."""

_MOST_WAITING_BYTES = 64 << 20
"""What waits while the spool takes nothing; rows beyond it are lost, and counted."""


class Waiting:
    """Batches in order; what is proposed stays until it is committed.

    Attributes:
        dropped_rows: Rows that found no room since they were last told.
    """

    def __init__(self) -> None:
        self.dropped_rows = 0
        self._batches: list[Batch] = []
        self._bytes = 0
        self._proposed = 0
        self._has_more = False

    @property
    def has_more(self) -> bool:
        """Whether more waits than the last proposal could take."""
        return self._has_more

    def add(self, fresh: Iterable[Batch]) -> None:
        """Take in batches, up to 64 MiB of them."""
        for batch in fresh:
            if self._bytes + len(batch.payload) > _MOST_WAITING_BYTES:
                self.dropped_rows += batch.rows
            else:
                self._batches.append(batch)
                self._bytes += len(batch.payload)

    def propose(self) -> list[Batch]:
        """Return what was not committed yet, about 8 MiB of it at most."""
        size = self._proposed = 0
        for batch in self._batches:
            if self._proposed and size + len(batch.payload) > _MOST_TAKEN_BYTES:
                break
            size += len(batch.payload)
            self._proposed += 1
        self._has_more = self._proposed < len(self._batches)
        return self._batches[: self._proposed]

    def commit(self) -> None:
        """What was proposed is written."""
        self._bytes -= sum(len(batch.payload) for batch in self._batches[: self._proposed])
        del self._batches[: self._proposed]
        self._proposed = 0
