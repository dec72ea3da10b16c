"""What the processor writes down before it acts: its cursor and the open intent of one source, in one file."""

from __future__ import annotations

from pathlib import Path

import msgspec

from viflux import logs
from viflux.spool import Position, ReaderState
from viflux.spool.durable import replace_file

FORMAT = 1
WHOLE_BATCH = -1
REPEAT = "repeat"


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


class Intent(msgspec.Struct, frozen=True):
    """A contiguous range of batches that is about to be inserted; with the batches it fixes every row of every piece.

    Attributes:
        number: From 1 in each spool; the sequence of the intent's own ledger and event rows.
        start: Where the range begins.
        end: Where it ends (exclusive).
        batches: How many batches and pieces of damage it has.
        opened_time_ns: `time` and `received_time` of the intent's own rows.
        piece_rows: Most rows in a piece; written down because a changed setting must not move a piece's border.
        piece_bytes: Most bytes in a piece.
        tried: Batches of it were in an earlier intent, so each piece is counted before it is inserted.
        excluded: What is not inserted.
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


class State(ReaderState, kw_only=True):
    """The whole file: what the spool's writer reads of it (`ReaderState`), and what the processor needs to go on.

    Attributes:
        format: Version of this file.
        number: Number of the newest intent.
        intent: The open one, or None.
        tried_until: Batches before this position were, or may have been, in an intent that is given up.
        high_water: For each stream the highest sequence that was dealt with.
        recent: For each stream the checksums of its newest batches, by sequence.
        watermarks: For each host and stream the instant before which all events were handed over, UTC nanoseconds.
    """

    format: int = FORMAT
    number: int = 0
    intent: Intent | None = None
    tried_until: Position | None = None
    high_water: dict[str, int] = msgspec.field(default_factory=dict)
    recent: dict[str, dict[int, int]] = msgspec.field(default_factory=dict)
    watermarks: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)


class StateFile:
    """`processor/spool.json`: replaced atomically and synced before anything relies on it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)

    def read(self) -> State | None:
        """Return what was written last; None where there is nothing, or nothing readable.

        An unreadable file is set aside: everything in it can be found again from the store's raw rows.
        """
        try:
            state = msgspec.json.decode(self._path.read_bytes(), type=State)
        except FileNotFoundError:
            return None
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            aside = self._path.with_suffix(".damaged")
            self._path.rename(aside)
            logs.get("processor").error(
                "the cursor's file is damaged; starting from the oldest batch, what the store has is not stored again",
                file=str(self._path),
                kept_as=str(aside),
                reason=str(error),
            )
            return None
        return state if state.format == FORMAT else None

    def write(self, state: State) -> None:
        """Make a state durable.

        Raises:
            OSError: It could not be written; the file holds what it held.
        """
        state.open_from = state.intent.start if state.intent is not None else None
        state.open_until = state.intent.end if state.intent is not None else None
        replace_file(self._path, msgspec.json.encode(state))
