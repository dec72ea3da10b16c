"""The file in which the state of a spool is written down, whole, before the processor acts."""

from __future__ import annotations

from pathlib import Path

import msgspec

from ingest.processor.intent import Intent, State
from viflux import logs
from viflux.spool import Position, ReaderState
from viflux.spool.durable import replace_file

FORMAT = 1


class Written(ReaderState, kw_only=True):
    """The file: what the spool's writer reads of it (`ReaderState`), and what the processor needs to go on.

    Attributes:
        format: Version of this file.
        number: As in `State`, like all that follow.
        intent: The open one.
        tried_until: As there.
        high_water: By stream: all are of the one spool.
        recent: By stream.
        watermarks: As there.
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
            written = msgspec.json.decode(self._path.read_bytes(), type=Written)
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
        return _state(written) if written.format == FORMAT else None

    def write(self, state: State) -> None:
        """Make a state durable.

        Raises:
            OSError: It could not be written; the file holds what it held.
        """
        replace_file(self._path, msgspec.json.encode(_written(state)))


def _written(state: State) -> Written:
    intent = state.intent
    return Written(
        spool_id=state.source_id,
        cursor=state.cursor,
        open_from=intent.start if intent is not None else None,
        open_until=intent.end if intent is not None else None,
        number=state.number,
        intent=intent,
        tried_until=state.tried_until,
        high_water={stream: highest for (_, stream), highest in state.high_water.items()},
        recent={stream: checksums for (_, stream), checksums in state.recent.items()},
        watermarks=state.watermarks,
    )


def _state(written: Written) -> State:
    return State(
        source_id=written.spool_id,
        cursor=written.cursor,
        number=written.number,
        intent=written.intent,
        tried_until=written.tried_until,
        high_water={(written.spool_id, stream): highest for stream, highest in written.high_water.items()},
        recent={(written.spool_id, stream): checksums for stream, checksums in written.recent.items()},
        watermarks=written.watermarks,
    )
