"""The dead letters: what cannot be stored, as it was, with the reason; one can look at the bytes."""

from __future__ import annotations

import os
import re
from pathlib import Path

import msgspec
from prometheus_client import Counter

from ingest.processor.intent import Exclusion
from viflux import logs
from viflux.spool import Damaged, Entry
from viflux.spool.durable import replace_file

MOST_BYTES = 256 << 20
_LETTERS = Counter("viflux_processor_dead_letters", "Batches that could not be stored.", ["cause"])
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")


class DeadLetters:
    """The folder `deadletter/`: per letter a `.json` and the frame's bytes as `.frame`.

    A letter's name is where it lay in its source, so writing it twice changes nothing. Beyond `MOST_BYTES` only the
    `.json` is kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._bytes: int | None = None
        self._log = logs.get("processor")

    def put(self, item: Entry | Damaged, exclusion: Exclusion, now_ns: int) -> None:
        """Write a letter durably.

        Raises:
            OSError: It could not be written.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        data = item.frame_bytes() if isinstance(item, Entry) else item.data
        path = self._folder / f"{_name_of(item, exclusion)}.json"
        is_new = not path.exists()
        keeps = self._has_room(len(data))
        if keeps:
            replace_file(path.with_suffix(".frame"), data)
        replace_file(
            path, msgspec.json.format(msgspec.json.encode(self._about(item, exclusion, now_ns, keeps)), indent=2)
        )
        if is_new:
            self._bytes = (self._bytes or 0) + (len(data) if keeps else 0)
            _LETTERS.labels(exclusion.cause).inc()
            self._log.error(
                "a batch went to the dead letters",
                cause=exclusion.cause,
                reason=exclusion.reason,
                file=str(path),
                what_to_do="look at the file; its rows are not in the store",
            )

    def _about(self, item: Entry | Damaged, exclusion: Exclusion, now_ns: int, keeps: bool) -> dict[str, object]:
        about: dict[str, object] = {
            "cause": exclusion.cause,
            "reason": exclusion.reason,
            "time_ns": now_ns,
            "spool_id": item.spool_id,
            "segment": item.start.segment,
            "offset": item.start.offset,
            "bytes_kept": keeps,
        }
        if exclusion.day >= 0:
            about["day"] = exclusion.day
        if isinstance(item, Entry):
            about["checksum"] = f"{item.frame.checksum:016x}"
            about["frame"] = msgspec.structs.asdict(item.frame.metadata)
        return about

    def _has_room(self, size: int) -> bool:
        if self._bytes is None:
            self._bytes = sum(entry.stat().st_size for entry in os.scandir(self._folder))
        return self._bytes + size <= MOST_BYTES


def _name_of(item: Entry | Damaged, exclusion: Exclusion) -> str:
    place = f"{item.spool_id or 'unknown'}-{item.start.segment}-{item.start.offset}"
    day = f"-day{exclusion.day}" if exclusion.day >= 0 else ""
    if isinstance(item, Entry):
        said = item.frame.metadata
        return f"{place}-{_UNSAFE.sub('_', said.stream)}-{said.sequence}{day}"
    return f"{place}-damaged"
