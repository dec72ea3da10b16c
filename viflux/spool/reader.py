"""The reader of a spool: walks the log from a cursor up to the committed offset, and waits for news."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from viflux import frame
from viflux.clock import Clock
from viflux.spool import segment
from viflux.spool.committed import read_committed
from viflux.spool.lock import retention_lock
from viflux.spool.position import Position
from viflux.spool.segment import Damage, HeaderError

_MOST_DAMAGED_BYTES = 1 << 20
_LOOK_EVERY_SECONDS = 0.1


@dataclass(frozen=True)
class Entry:
    """A whole batch.

    Attributes:
        spool_id: With the frame's stream and sequence its identity.
        frame: The batch, its checksum verified.
        start: Where it begins.
        end: Where the next one begins.
    """

    spool_id: str
    frame: frame.Frame
    start: Position
    end: Position

    def frame_bytes(self) -> bytes:
        """Return the frame as it lies in the spool."""
        return frame.encode(self.frame.metadata, self.frame.payload)


@dataclass(frozen=True)
class Damaged:
    """Bytes that hold no readable batch.

    Attributes:
        spool_id: Empty where the segment's header is damaged too.
        start: Where they begin.
        end: Where reading goes on.
        reason: What is wrong.
        data: The first MiB of them.
    """

    spool_id: str
    start: Position
    end: Position
    reason: str
    data: bytes


@dataclass(frozen=True)
class Hole:
    """Segments that were there once and are not any more: acknowledged long ago, or evicted.

    Attributes:
        start: Where reading stood.
        end: Where it goes on.
    """

    start: Position
    end: Position


class SpoolReader:
    """Reads a spool while another process writes it; it needs no right to write into the folder."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def committed(self) -> Position | None:
        """Return the committed offset; None where there is no spool yet."""
        return read_committed(self._directory)

    def spool_ids(self) -> set[str]:
        """Return the ids of all segments that are there."""
        ids: set[str] = set()
        for number in self._numbers():
            try:
                with _Segment(self._directory, number) as opened:
                    ids.add(opened.header.spool_id)
            except (FileNotFoundError, HeaderError):
                continue
        return ids

    def first_segment(self) -> int | None:
        """Return the number of the oldest segment, None for none."""
        numbers = self._numbers()
        return numbers[0] if numbers else None

    def has_segments(self, first: int, last: int) -> bool:
        """Whether all segments from `first` to `last` are still there; ask under `claiming`."""
        return set(range(first, last + 1)) <= set(self._numbers())

    def claiming(self) -> AbstractContextManager[None]:
        """Hold off the removal of segments while an intent is being written down."""
        return retention_lock(self._directory)

    def has_news(self, cursor: Position) -> bool:
        """Whether something lies between the cursor and the committed offset."""
        limit = self.committed()
        if limit is None or cursor >= limit:
            return False
        if cursor.segment == limit.segment and cursor.offset > 0:
            return True
        # The segment that is being written may hold nothing yet, and its header is no news.
        return self._first_offset(limit.segment) < limit.offset or next(self.read(cursor), None) is not None

    def wait(self, cursor: Position, seconds: float, stop: threading.Event, clock: Clock) -> bool:
        """Wait for something behind the cursor, at most `seconds` or until `stop`; return whether it came."""
        deadline = clock.monotonic_ns() + int(seconds * 1e9)
        while not self.has_news(cursor):
            left = (deadline - clock.monotonic_ns()) / 1e9
            if left <= 0 or clock.wait(stop, min(left, _LOOK_EVERY_SECONDS)):
                return self.has_news(cursor)
        return True

    def waiting(self, cursor: Position) -> dict[str, tuple[int, int]]:
        """Return for each stream how many batches and rows lie behind the cursor; only heads are read."""
        found: dict[str, tuple[int, int]] = {}
        limit = self.committed()
        if limit is None:
            return found
        for number in self._numbers():
            if not cursor.segment <= number <= limit.segment:
                continue
            try:
                with _Segment(self._directory, number) as opened:
                    first = max(opened.first, cursor.offset if number == cursor.segment else 0)
                    end = limit.offset if number == limit.segment else self._end_of(number, opened)
                    for item in segment.walk(opened.descriptor, first, end, check=False):
                        if not isinstance(item, Damage):
                            batches, rows = found.get(item.metadata.stream, (0, 0))
                            found[item.metadata.stream] = (batches + 1, rows + item.metadata.rows)
            except (FileNotFoundError, HeaderError):
                continue
        return found

    def read(self, cursor: Position, until: Position | None = None) -> Iterator[Entry | Damaged | Hole]:
        """Yield what lies behind the cursor, in order, up to the committed offset.

        Args:
            cursor: Where to begin; `Position(n, 0)` is the first batch of segment n.
            until: Stop here, at or before the committed offset.

        Raises:
            SpoolCorrupt: A newer version wrote a segment.
        """
        limit = self.committed()
        if until is not None:
            limit = until
        while limit is not None and cursor < limit:
            number = self._at_or_after(cursor.segment)
            if number is None or number > limit.segment:
                return
            if number > cursor.segment:
                if cursor.segment > 0:
                    yield Hole(cursor, Position(number, 0))
                cursor = Position(number, 0)
            try:
                yield from self._read_segment(number, cursor.offset, limit)
            except FileNotFoundError:
                # Removed between the look and the opening: the next look shows the hole.
                if self._at_or_after(number) == number:
                    raise
                continue
            cursor = Position(number + 1, 0)

    def _read_segment(self, number: int, offset: int, limit: Position) -> Iterator[Entry | Damaged]:
        following = Position(number + 1, 0)
        try:
            opened = _Segment(self._directory, number)
        except HeaderError as error:
            yield Damaged("", Position(number, offset), following, str(error), b"")
            return
        with opened:
            is_limit = number == limit.segment
            end = limit.offset if is_limit else self._end_of(number, opened)
            offset = max(offset, opened.first)
            spool_id = opened.header.spool_id
            while offset < end:
                start = Position(number, offset)
                try:
                    found = segment.read_frame(opened.descriptor, offset, end)
                except frame.FrameError:
                    damage = next(iter(segment.walk(opened.descriptor, offset, end, check=True)))
                    if not isinstance(damage, Damage):
                        continue
                    data = os.pread(opened.descriptor, min(damage.length, _MOST_DAMAGED_BYTES), offset)
                    offset += damage.length
                    yield Damaged(spool_id, start, Position(number, offset), damage.reason, data)
                    continue
                offset += found.length
                yield Entry(spool_id, found, start, Position(number, offset))

    def _end_of(self, number: int, opened: _Segment) -> int:
        size = os.fstat(opened.descriptor).st_size
        try:
            with _Segment(self._directory, number + 1) as following:
                return min(size, following.header.previous_end or size)
        except (FileNotFoundError, HeaderError):
            return size

    def _first_offset(self, number: int) -> int:
        try:
            with _Segment(self._directory, number) as opened:
                return opened.first
        except (FileNotFoundError, HeaderError):
            return 0

    def _at_or_after(self, number: int) -> int | None:
        return next((there for there in self._numbers() if there >= number), None)

    def _numbers(self) -> list[int]:
        try:
            return segment.numbers_in(self._directory)
        except FileNotFoundError:
            return []


class _Segment:
    """An open segment file with its header."""

    def __init__(self, directory: Path, number: int) -> None:
        path = segment.path_of(directory, number)
        self.descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self.header, self.first = segment.read_header(self.descriptor, path)
        except BaseException:
            os.close(self.descriptor)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.descriptor)
