"""A dead letter: what it is, why it is one, where it lay. Its bytes are kept beside it by its home."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from ingest.processor.intent import Exclusion
from viflux import frame
from viflux.spool import Damaged, Entry, Position

DAMAGED = "damaged"
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
_SPOOL = "spool"
_LONGEST_REASON = 1000


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a dead letter without its bytes.

    Attributes:
        name: Where it lay: the same for the same batch at the same place.
        cause: Why it could not be stored, one word, as in the ledger.
        reason: The same, one line for a person.
        time_ns: When it was put away, UTC nanoseconds.
        source: The source's name: `spool`, or `kafka/<topic>/<partition>`.
        segment: Where it began in the source: the spool's segment; of Kafka 1.
        offset: Byte in the segment, or Kafka's offset.
        spool_id: The spool that numbered it; empty where that is damaged.
        size: Bytes of the frame, or of the damage.
        bytes_kept: Whether they are kept; beyond the bound of the home only the name is.
        day: Days since the epoch where only the batch's rows of that day were refused, else -1 for all.
        checksum: The frame's, 16 hex digits; empty of damaged bytes.
        host: As the frame says it, as all that follow; empty or 0 of damaged bytes.
        boot_id: The host's boot.
        kind: Record kind.
        version: Version of the kind's schema.
        stream: Stream of the batch.
        sequence: Its number in the stream.
        rows: How many it has.
        first_time_ns: Earliest event time.
        last_time_ns: Latest event end.
        sealed_time_ns: When it was closed.
    """

    name: str
    cause: str
    reason: str
    time_ns: int
    source: str
    segment: int
    offset: int
    spool_id: str
    size: int
    bytes_kept: bool = True
    day: int = -1
    checksum: str = ""
    host: str = ""
    boot_id: str = ""
    kind: str = ""
    version: int = 0
    stream: str = ""
    sequence: int = 0
    rows: int = 0
    first_time_ns: int = 0
    last_time_ns: int = 0
    sealed_time_ns: int = 0

    @property
    def is_damaged(self) -> bool:
        """Whether its bytes are no readable batch."""
        return not self.checksum

    @property
    def order(self) -> tuple[int, str, int, int, int]:
        """Letters sort by it: those that were put away first, of one moment as they lay."""
        return self.time_ns, self.source, self.segment, self.offset, self.day

    @property
    def start(self) -> Position:
        """Where it began in its source."""
        return Position(self.segment, self.offset)


def letter_of(item: Entry | Damaged, exclusion: Exclusion, now_ns: int, source: str) -> tuple[Letter, bytes]:
    """Return the letter of a batch or of damaged bytes, and its bytes.

    Args:
        item: What cannot be stored.
        exclusion: Why, and of which day.
        now_ns: When it is put away.
        source: Name of the source in which it lay.
    """
    data = item.frame_bytes() if isinstance(item, Entry) else item.data
    about: dict[str, Any] = {
        "name": _name_of(item, exclusion, source),
        "cause": exclusion.cause,
        "reason": exclusion.reason[:_LONGEST_REASON],
        "time_ns": now_ns,
        "source": source,
        "segment": item.start.segment,
        "offset": item.start.offset,
        "spool_id": item.spool_id,
        "size": len(data),
        "day": exclusion.day,
    }
    if isinstance(item, Entry):
        said = item.frame.metadata
        about |= {name: getattr(said, name) for name in _FROM_FRAME}
        about["checksum"] = f"{item.frame.checksum:016x}"
    return Letter(**about), data


def entry_of(letter: Letter, data: bytes) -> Entry:
    """Return the batch of a letter.

    Raises:
        FrameError: The bytes are no whole frame.
    """
    found = frame.decode(data)
    return Entry(letter.spool_id, found, letter.start, Position(letter.segment, letter.offset + 1))


_FROM_FRAME = (
    "host",
    "boot_id",
    "kind",
    "version",
    "stream",
    "sequence",
    "rows",
    "first_time_ns",
    "last_time_ns",
    "sealed_time_ns",
)


def _name_of(item: Entry | Damaged, exclusion: Exclusion, source: str) -> str:
    place = f"{item.start.segment}-{item.start.offset}" if source == _SPOOL else str(item.start.offset)
    parts = [] if source == _SPOOL else [source.removeprefix("kafka/").replace("/", "-"), place]
    parts.append(item.spool_id or "unknown")
    parts += [place] if source == _SPOOL else []
    if isinstance(item, Entry):
        parts += [_UNSAFE.sub("_", item.frame.metadata.stream), str(item.frame.metadata.sequence)]
    else:
        parts.append(DAMAGED)
    if exclusion.day >= 0:
        parts.append(f"day{exclusion.day}")
    return "-".join(parts)
