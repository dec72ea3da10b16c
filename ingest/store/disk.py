"""The store's disk guard: it stops taking rows before the disk is full, and ends the engine when a write has failed.

Measured with engine 26.9 on a full file system: a `write` that fails with ENOSPC raises nothing. An insert is
acknowledged and its part has empty files; a merge puts such a part in the place of good ones, which are removed eight
minutes later. So the disk must not become full, and a failed write must not pass unseen:

| what | when |
|---|---|
| the engine reserves nothing (`keep_free_space_bytes`): no insert, no merge that needs room | free < `store.min_free` |
| inserts are refused with 243 and a text that says what to do; reading and whole-part expiry go on | the same |
| merges that are under way are cancelled | free < half of it |
| the process ends at once, before anything is acknowledged | the engine counted a failed write |

After that end the engine, opening its folder, sets parts with missing bytes aside and takes the merged-away ones back.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from prometheus_client import Counter, Gauge

from ingest.store.codes import Code, StoreError, refusal
from ingest.store.engine import Engine, Handle
from viflux import logs
from viflux.freespace import FreeSpace, as_text, effective
from viflux.telemetry import Health

SHARE = 10
"""On a small file system at most a tenth is kept free."""

_FREE = Gauge("viflux_store_free_bytes", "Free bytes of the store's file system.")
_GUARDING = Gauge("viflux_store_disk_guard", "1 while inserts are refused because the disk is nearly full.")
_REFUSED = Counter("viflux_store_refused_inserts", "Inserts that the disk guard refused.")
_REFUSED_BYTES = Counter("viflux_store_refused_bytes", "Bytes of the bodies of refused inserts.")

# Ends a little above where it began: else every part that is merged away would be a line in the log.
_HYSTERESIS = 16
# The sources of a merge stay for `old_parts_lifetime` (480 s), so a look now and then is early enough for them.
_CALM_LOOKS = 30
_FAILED_WRITES = "SELECT sum(value) FROM system.events WHERE event = 'WriteBufferFromFileDescriptorWriteFailed'"


def keep_free_bytes(folder: Path, min_free: int) -> int:
    """Return how many bytes of a folder's file system the store leaves free."""
    return effective(min_free, FreeSpace.of(folder).total_bytes, SHARE)


class DiskGuard:
    """Looks at the free space each second, and at every insert.

    Args:
        engine: The running engine, opened with the same number of bytes as `keep_free_space_bytes`.
        folder: Its data.
        min_free: Bytes that stay free.
        health: Told while the guard holds.
        end: Ends the process at once; not to return.
    """

    def __init__(
        self,
        engine: Engine,
        folder: Path,
        min_free: int,
        health: Health,
        end: Callable[[], None] = lambda: os._exit(1),
    ) -> None:
        self._engine = engine
        self._folder = folder
        self._min_free = min_free
        self._health = health
        self._end = end
        self._lock = threading.Lock()
        self._holds = False
        self._is_cancelled = False
        self._looks = 0
        self._refused = 0
        self._failed_writes = int(engine.handle_value(_FAILED_WRITES))
        self._log = logs.get("store")

    def look(self) -> None:
        """Look at the disk; blocks for a millisecond or two when the engine has to be asked or told something."""
        free = self._free_bytes()
        self._take(free)
        if self._holds and free < self._min_free // 2:
            self._cancel_merges()
        self._looks += 1
        if free < 2 * self._min_free or self._looks % _CALM_LOOKS == 0:
            with suppress(StoreError), self._engine.handle() as handle:
                self.require_written(handle)

    def admit(self, incoming_bytes: int) -> None:
        """Refuse an insert that the disk has no room for.

        Args:
            incoming_bytes: Size of its body, which is laid down on the same disk.

        Raises:
            StoreError: 243; nothing of it was stored, and it may be sent again.
        """
        free = self._free_bytes()
        self._take(free)
        if not self._holds and free - incoming_bytes >= self._min_free:
            return
        self._refused += 1
        _REFUSED.inc()
        _REFUSED_BYTES.inc(incoming_bytes)
        raise refusal(
            Code.NOT_ENOUGH_SPACE,
            f"The disk of {self._folder} has {as_text(free)} free and {as_text(self._min_free)} stay free "
            "(store.min_free): rows are not taken until there is room; free space on it, or keep rows for less long.",
        )

    def require_written(self, handle: Handle) -> None:
        """End the process if a write of the engine has failed; to be called before anything is acknowledged."""
        failed = int(handle.query(_FAILED_WRITES, "TSVRaw").body)
        if failed == self._failed_writes:
            return
        self._failed_writes = failed
        self._log.critical(
            "the engine could not write to its disk and would go on with broken parts: the store ends at once, and at "
            "its next start sets them aside; is the disk full or failing?",
            folder=str(self._folder),
            free_bytes=self._free_bytes(),
        )
        sys.stderr.flush()
        self._end()

    def _free_bytes(self) -> int:
        free = FreeSpace.of(self._folder).free_bytes
        _FREE.set(free)
        return free

    def _take(self, free: int) -> None:
        with self._lock:
            self._begin_or_end(free)

    def _begin_or_end(self, free: int) -> None:
        if not self._holds and free < self._min_free:
            self._holds = True
            _GUARDING.set(1)
            reason = f"the disk has {as_text(free)} free and store.min_free keeps {as_text(self._min_free)}"
            self._log.error(
                "disk_guard: the disk is nearly full: no rows are taken until there is room, reading goes on; "
                "free space on it, or keep rows for less long",
                folder=str(self._folder),
                free_bytes=free,
                min_free_bytes=self._min_free,
            )
            self._health.ready(False, f"{reason}: no rows are taken; free space on {self._folder}", part="disk")
        elif self._holds and free >= self._min_free + self._min_free // _HYSTERESIS:
            self._holds = self._is_cancelled = False
            _GUARDING.set(0)
            self._log.info("disk_guard: there is room again, rows are taken", free_bytes=free, refused=self._refused)
            self._refused = 0
            self._health.ready(True, part="disk")

    def _cancel_merges(self) -> None:
        """End the merges that run: they reserved their room, but something else is taking it."""
        if self._is_cancelled:
            return
        self._is_cancelled = True
        with suppress(StoreError), self._engine.handle() as handle:
            # Started again at once: without room the engine chooses none but those that drop what has expired.
            handle.command("SYSTEM STOP MERGES")
            handle.command("SYSTEM START MERGES")
