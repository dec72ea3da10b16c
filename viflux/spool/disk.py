"""The spool's disk guard: how much is missing on its file system to what is to stay free."""

from __future__ import annotations

from pathlib import Path

from viflux import logs
from viflux.freespace import FreeSpace, as_text, effective

SHARE = 20
"""On a small file system at most a twentieth is kept free: half of what the embedded store leaves."""

# Ends a little above where it began, so that one removed segment is not the end and the next commit a new begin.
_HYSTERESIS = 16


class DiskGuard:
    """Asked before each commit.

    Args:
        folder: The spool.
        min_free: Bytes that stay free; 0 for no guard.

    Attributes:
        reason: One line while the disk is nearly full: what is free, what should be, what to do; else empty.
    """

    def __init__(self, folder: Path, min_free: int) -> None:
        self.reason = ""
        self._folder = folder
        self._min_free = min_free
        self._log = logs.get("spool")

    def missing_bytes(self, incoming_bytes: int) -> int:
        """Return how many bytes must be given up before so many can be written; 0 where there is room.

        Raises:
            OSError: The file system cannot be asked.
        """
        if not self._min_free:
            return 0
        space = FreeSpace.of(self._folder)
        keep = effective(self._min_free, space.total_bytes, SHARE)
        missing = max(0, keep + incoming_bytes - space.free_bytes)
        if missing and not self.reason:
            self._log.error(
                "disk_guard: the disk is nearly full: the spool gives up what was read, then its oldest batches, and "
                "then takes nothing; free space on it",
                folder=str(self._folder),
                free_bytes=space.free_bytes,
                min_free_bytes=keep,
            )
        if missing:
            self.reason = (
                f"the disk of {self._folder} has {as_text(space.free_bytes)} free and spool.min_free keeps "
                f"{as_text(keep)}; free space on it"
            )
        elif self.reason and space.free_bytes - incoming_bytes >= keep + keep // _HYSTERESIS:
            self.reason = ""
            self._log.info("disk_guard: there is room on the disk again", free_bytes=space.free_bytes)
        return missing
