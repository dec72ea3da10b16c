"""The embedded engine's own log tables: kept three days by their TTL, and within `store.max_log_bytes` by this room.

There is one, `system.query_log`: the engine makes only those that its configuration names, and begins it anew at each
start. On an existing server these tables are the operator's and nothing here touches them.
"""

from __future__ import annotations

from contextlib import suppress

from ingest.store.codes import StoreError
from ingest.store.engine import Engine, Handle, quote
from viflux import logs

_EVERY_LOOKS = 10


class LogTables:
    """Keeps them within a bound.

    Args:
        engine: The running engine.
        max_bytes: Most bytes of all of them on disk.
    """

    def __init__(self, engine: Engine, max_bytes: int) -> None:
        self._engine = engine
        self._max_bytes = max_bytes
        self._looks = 0
        self._log = logs.get("store")

    def look(self) -> None:
        """Trim them each ten seconds; to be called each second."""
        if self._looks % _EVERY_LOOKS == 0:
            with suppress(StoreError):
                self.trim()
        self._looks += 1

    def trim(self) -> None:
        """Drop the oldest days until the rest is within the bound; within a day all of it.

        Raises:
            StoreError: The engine could not do it now.
        """
        with self._engine.handle() as handle:
            days = _days(handle)
            stored = sum(size for _, _, size in days)
            for table, day, size in days[:-1]:
                if stored <= self._max_bytes:
                    return
                handle.command(f"ALTER TABLE system.{table} DROP PARTITION ID {quote(day)}")
                stored -= size
            if stored > self._max_bytes:
                handle.command(f"TRUNCATE TABLE system.{days[-1][0]}")
                self._log.info("the log of queries outgrew store.max_log_bytes within a day and was emptied")

    def tell_broken(self) -> None:
        """Say which parts the engine has set aside because bytes of them were missing."""
        with self._engine.handle() as handle:
            sql = "SELECT database || '.' || table, name FROM system.detached_parts WHERE reason LIKE 'broken%'"
            found = [line.split("\t") for line in _lines(handle, sql)]
        if found:
            self._log.warning(
                "broken parts lie aside in the store's folder: a write failed earlier; what they were made of is in "
                "use again, so drop them (ALTER TABLE … DROP DETACHED PART) when no rows are missed",
                parts=[f"{table} {part}" for table, part in found[:10]],
                count=len(found),
            )


def _days(handle: Handle) -> list[tuple[str, str, int]]:
    """Return table, partition and bytes of each day of each log table, oldest first."""
    sql = (
        "SELECT table, partition_id, sum(bytes_on_disk) FROM system.parts WHERE database = 'system' AND active "
        "GROUP BY table, partition_id ORDER BY partition_id"
    )
    rows = [line.split("\t") for line in _lines(handle, sql)]
    return [(table, day, int(size)) for table, day, size in rows]


def _lines(handle: Handle, sql: str) -> list[str]:
    return handle.query(sql, "TSVRaw").body.decode().splitlines()
