"""A range of a source with its rows: what an intent is made over, and what it is read back as."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from ingest.processor.batches import Rows, UnusableBatchError, rows_of
from ingest.processor.intent import WHOLE_BATCH, Exclusion, Intent
from viflux.spool import Damaged, Entry, Position


@dataclass(frozen=True)
class Limits:
    """Where a range ends although more is there.

    Attributes:
        rows: Rows that may be exceeded by one batch.
        decoded_bytes: The same of decoded bytes: what a range holds in memory.
        batches: Most batches.
    """

    rows: int
    decoded_bytes: int
    batches: int


@dataclass
class Range:
    """Contiguous batches and damaged bytes of one source, decoded.

    Attributes:
        items: In the order of the source, never empty in a finished range.
        decoded: For the start of each usable batch its rows by day.
        unusable: Exclusions of what cannot be decoded.
        is_full: It ended at a limit: more is there.
        is_held: It ended before a batch that has to wait.
    """

    items: list[Entry | Damaged] = field(default_factory=list)
    decoded: dict[Position, list[Rows]] = field(default_factory=dict)
    unusable: list[Exclusion] = field(default_factory=list)
    is_full: bool = False
    is_held: bool = False

    @property
    def start(self) -> Position:
        """Where it begins."""
        return self.items[0].start

    @property
    def end(self) -> Position:
        """Where it ends (exclusive)."""
        return self.items[-1].end

    @property
    def entries(self) -> list[Entry]:
        """Its batches."""
        return [item for item in self.items if isinstance(item, Entry)]

    def take(self, item: Entry | Damaged) -> int:
        """Add an item; return the bytes in memory that hold its rows."""
        self.items.append(item)
        if isinstance(item, Damaged):
            self.unusable.append(Exclusion(item.start, WHOLE_BATCH, "damaged", item.reason))
            return 0
        try:
            days = rows_of(item)
        except UnusableBatchError as error:
            self.unusable.append(Exclusion(item.start, WHOLE_BATCH, error.cause, str(error)))
            return 0
        self.decoded[item.start] = days
        return sum(part.held_bytes for part in days)

    def hold(self) -> None:
        """Give the last item back: it has to wait."""
        item = self.items.pop()
        self.decoded.pop(item.start, None)
        self.unusable = [each for each in self.unusable if each.start != item.start]
        self.is_held = True

    def until(self, end: Position) -> Range:
        """Return the part before `end`."""
        return Range([item for item in self.items if item.start < end], self.decoded, self.unusable)

    def included(self, excluded: Sequence[Exclusion]) -> list[Rows]:
        """Return the rows that are to be inserted, in the order of the source."""
        out = {(each.start, each.day) for each in excluded}
        return [
            part
            for item in self.items
            for part in self.decoded.get(item.start, ())
            if (item.start, WHOLE_BATCH) not in out and (item.start, part.day) not in out
        ]

    def is_of(self, intent: Intent) -> bool:
        """Whether these are the batches that an intent was opened over."""
        known = {each.start for each in intent.excluded}
        return (
            len(self.items) == intent.batches
            and self.end == intent.end
            and all(each.start in known for each in self.unusable)
        )


def read_range(
    items: Iterable[Entry | Damaged],
    limits: Limits | None = None,
    *,
    one_spool: bool = False,
    admits: Callable[[Entry, Sequence[Rows]], bool] | None = None,
) -> Range:
    """Read a range up to its limits, or to where something else begins; without items where there is nothing.

    Args:
        items: What lies behind the cursor.
        limits: None reads all: an intent's batches were limited when it was opened.
        one_spool: End where another spool or host begins.
        admits: Asked about each usable batch; the range ends before one that is not admitted.
    """
    found = Range()
    first: Entry | None = None
    rows = size = 0
    for item in items:
        if isinstance(item, Entry):
            first = first or item
            if one_spool and (item.spool_id, item.frame.metadata.host) != (first.spool_id, first.frame.metadata.host):
                break
            rows += item.frame.metadata.rows
        size += found.take(item)
        if admits and isinstance(item, Entry) and not admits(item, found.decoded.get(item.start, ())):
            found.hold()
            break
        if limits is not None and (
            rows >= limits.rows or size >= limits.decoded_bytes or len(found.items) >= limits.batches
        ):
            found.is_full = True
            break
    return found
