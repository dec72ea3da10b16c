"""What was fetched of one topic-partition and is not dealt with yet. Pure state."""

from __future__ import annotations

from collections import deque

from viflux.spool import Damaged, Entry


class Buffer:
    """Batches from `first` up to `following`, in the order of their offsets.

    They stay until `forget`: an intent that has to be brought in again is read again.

    Attributes:
        first: Offset from which on everything that the partition has is here.
        following: Offset of what is fetched next.
        ends_at: Where the partition ended when it was last looked at, None where it went on.
        size: Bytes of all batches here.
    """

    def __init__(self, first: int) -> None:
        self.first = self.following = first
        self.ends_at: int | None = None
        self.size = 0
        self._items: deque[Entry | Damaged] = deque()

    def __len__(self) -> int:
        return len(self._items)

    def covers(self, offset: int) -> bool:
        """Whether reading can begin there without fetching anew."""
        return self.first <= offset <= self.following

    def put(self, item: Entry | Damaged) -> bool:
        """Take what was fetched; return False for what is here or was forgotten."""
        if item.start.offset < self.following:
            return False
        self._items.append(item)
        self.following = item.end.offset
        self.ends_at = None
        self.size += _size(item)
        return True

    def ended(self, offset: int) -> None:
        """Note that the partition has nothing at or behind an offset just now."""
        self.following = max(self.following, offset)
        self.ends_at = self.following

    def since(self, offset: int) -> list[Entry | Damaged]:
        """Return what is here at and behind an offset."""
        return [item for item in self._items if item.start.offset >= offset]

    def has(self, offset: int) -> bool:
        """Whether something is here at or behind an offset."""
        return bool(self._items) and self._items[-1].start.offset >= offset

    def forget(self, offset: int) -> None:
        """Let go of everything before an offset."""
        while self._items and self._items[0].start.offset < offset:
            self.size -= _size(self._items.popleft())
        self.first = max(self.first, min(offset, self.following))

    def restart(self, offset: int) -> None:
        """Let go of everything; what is fetched from now on begins there."""
        self._items.clear()
        self.size = 0
        self.first = self.following = offset
        self.ends_at = None


def _size(item: Entry | Damaged) -> int:
    return item.frame.length if isinstance(item, Entry) else len(item.data)
