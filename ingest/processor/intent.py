"""What the processor knows of one source: its cursor, the open intent, and how far each stream of it was dealt with.

The cursor and the intent are written down before they are relied upon, by the source. Everything else can be found
again from the raw rows, and a source that keeps only little (`metadata`) does without it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from viflux.spool import START, Position

WHOLE_BATCH = -1
REPEAT = "repeat"

Stream = tuple[str, str]
"""A spool's id and the name of one of its streams: with a sequence the identity of a batch."""


class Exclusion(msgspec.Struct, frozen=True):
    """A batch of an intent that is not inserted, or not its rows of one day.

    Attributes:
        start: Where the batch (or the damaged bytes) begins in the source.
        day: Days since the epoch, or `WHOLE_BATCH`.
        cause: `repeat` for what the store has already; anything else is why it goes to the dead letters.
        reason: One line for a person.
    """

    start: Position
    day: int
    cause: str
    reason: str = ""


class Missing(msgspec.Struct, frozen=True):
    """Batches whose numbers were skipped.

    Attributes:
        start: Where the batch lies that came in their place: the next of its stream.
        batches: How many.
    """

    start: Position
    batches: int


class Intent(msgspec.Struct, frozen=True):
    """A contiguous range of batches that is about to be inserted; with the batches it fixes every row of every piece.

    Attributes:
        number: From 1 in each source; the sequence of the intent's own ledger and event rows.
        start: Where the range begins.
        end: Where it ends (exclusive).
        batches: How many batches and pieces of damage it has.
        opened_time_ns: `time` and `received_time` of the intent's own rows.
        piece_rows: Most rows in a piece; written down because a changed setting must not move a piece's border.
        piece_bytes: Most bytes in a piece.
        tried: Batches of it were in an earlier intent, so each piece is counted before it is inserted.
        excluded: What is not inserted.
        missing: What never came; None where an earlier version wrote it, which found it from the high water.
    """

    number: int
    start: Position
    end: Position
    batches: int
    opened_time_ns: int
    piece_rows: int
    piece_bytes: int
    tried: bool = False
    excluded: tuple[Exclusion, ...] = ()
    missing: tuple[Missing, ...] | None = None


@dataclass(kw_only=True)
class State:
    """What is known of a source.

    Attributes:
        source_id: Under which the intents' own rows are stored; of a spool its id, empty until its first batch is met.
        cursor: Everything before it is dealt with.
        number: Number of the newest intent.
        intent: The open one, or None.
        tried_until: Batches before this position were, or may have been, in an intent that is given up.
        high_water: For each stream the highest sequence that was dealt with.
        recent: For each stream the checksums of its newest batches, by sequence.
        watermarks: For each host and stream the instant before which all events were handed over, UTC nanoseconds.
        reached: For each host the newest hand-over that this process dealt with, UTC nanoseconds; not written down.
    """

    source_id: str = ""
    cursor: Position = START
    number: int = 0
    intent: Intent | None = None
    tried_until: Position | None = None
    high_water: dict[Stream, int] = field(default_factory=dict)
    recent: dict[Stream, dict[int, int]] = field(default_factory=dict)
    watermarks: dict[str, dict[str, int]] = field(default_factory=dict)
    reached: dict[str, int] = field(default_factory=dict)
