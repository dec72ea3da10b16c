"""The committed offset: a small file that the writer updates after each sync, and beyond which no reader looks.

It is not synced itself. After a power loss it may be older than what was committed, never newer; the writer finds the
true end in the segment when it opens the spool, because the last frame of each commit says that it is one.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path

import xxhash

from viflux.spool.position import Position

NAME = "committed"
_MAGIC = b"VFLXCOM1"
_FIXED = struct.Struct("<8sQQQ")


def read_committed(folder: Path) -> Position | None:
    """Return the committed offset; None where there is none, or it is being written just now."""
    try:
        data = (folder / NAME).read_bytes()
    except FileNotFoundError:
        return None
    if len(data) != _FIXED.size:
        return None
    magic, segment, offset, checksum = _FIXED.unpack(data)
    if magic != _MAGIC or xxhash.xxh3_64_intdigest(data[:24]) != checksum:
        return None
    return Position(segment, offset)


class CommittedOffset:
    """The writer's side: one open file, overwritten in place, so that publishing needs no space on the disk."""

    def __init__(self, folder: Path) -> None:
        self._descriptor = os.open(folder / NAME, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)

    def publish(self, position: Position) -> None:
        """Let readers see everything before `position`, which must be on the disk already."""
        head = struct.pack("<8sQQ", _MAGIC, position.segment, position.offset)
        os.pwrite(self._descriptor, head + xxhash.xxh3_64_intdigest(head).to_bytes(8, "little"), 0)

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)
