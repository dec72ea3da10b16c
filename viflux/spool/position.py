"""Where something lies in a spool, and the file in which a reader says how far it has come."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import msgspec

from viflux.spool.durable import replace_file


class Position(NamedTuple):
    """A byte in a spool; positions compare in the order of the log.

    Attributes:
        segment: Number of the segment, from 1; 0 is before the first.
        offset: Byte within the segment's file. 0 means the segment's first frame.
    """

    segment: int
    offset: int


START = Position(0, 0)


class ReaderState(msgspec.Struct, kw_only=True):
    """What the writer has to know of a reader before it removes a segment; a reader's file may hold more.

    Attributes:
        spool_id: The spool that the positions are about.
        cursor: Everything before it is acknowledged.
        open_from: Where an open intent begins, or None.
        open_until: Where it ends (exclusive), or None.
    """

    spool_id: str = ""
    cursor: Position = START
    open_from: Position | None = None
    open_until: Position | None = None

    def holds(self, segment: int) -> bool:
        """Whether an open intent has a batch in that segment."""
        if self.open_from is None or self.open_until is None:
            return False
        return self.open_from.segment <= segment <= self.open_until.segment


def read_state(path: Path) -> ReaderState | None:
    """Return the reader's state, or None where there is no file yet.

    Raises:
        msgspec.MsgspecError: The file is not a reader's state.
        OSError: It cannot be read.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    return msgspec.json.decode(data, type=ReaderState)


def write_state(path: Path, state: ReaderState) -> None:
    """Replace the reader's file atomically and durably."""
    replace_file(path, msgspec.json.encode(state))
