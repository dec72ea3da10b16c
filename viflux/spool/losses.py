"""What the spool itself lost: one small file a segment, kept until a committed ledger batch names it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from viflux import frame
from viflux.spool.durable import replace_file, sync_folder

EVICTED = "spool_evicted"
DAMAGED = "segment_damaged"
SKIPPED = "numbers_skipped"

COUNTED = "counted"
UNKNOWN = "unknown"
AT_MOST = "at_most"

_MINUTE_NS = 60 * 1_000_000_000
_MOST_SPANS = 60


class Loss(msgspec.Struct, frozen=True):
    """What one stream lost with one segment.

    Attributes:
        number: Names the loss in `SpoolWriter.append(settles=…)`; the losses of one segment share it.
        stream: The stream; empty where the damage does not tell.
        batches: How many batches.
        rows: How many rows; 0 where the damage does not tell.
        first_time_ns: Earliest event time, 0 for unknown.
        last_time_ns: Latest event end, 0 for unknown.
        cause: `spool_evicted`, `segment_damaged` or `numbers_skipped`.
        through_sequence: The newest of the batches, which have no hole; 0 where the damage does not tell.
        rows_origin: `counted`; `unknown` where the damage does not tell; `at_most` where fewer batches may be lost.
    """

    number: int
    stream: str
    batches: int
    rows: int
    first_time_ns: int
    last_time_ns: int
    cause: str
    through_sequence: int = 0
    rows_origin: str = COUNTED


class Losses:
    """The folder of losses that no ledger batch has named yet."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(exist_ok=True)
        self._open: dict[int, list[Loss]] = {}
        for entry in os.scandir(folder):
            if entry.name.endswith(".json") and entry.name[:-5].isdigit():
                self._open[int(entry.name[:-5])] = msgspec.json.decode(Path(entry).read_bytes(), type=list[Loss])

    def all(self) -> list[Loss]:
        """Return the losses that are not settled, oldest first."""
        return [loss for number in sorted(self._open) for loss in self._open[number]]

    def record(self, number: int, losses: Sequence[Loss]) -> None:
        """Write the losses of a segment durably; to be called before the segment is removed."""
        replace_file(self._path(number), msgspec.json.encode(losses))
        self._open[number] = list(losses)

    def settle(self, numbers: Iterable[int]) -> None:
        """Forget losses that a committed ledger batch has named; unknown numbers are settled already."""
        known = [number for number in numbers if number in self._open]
        for number in known:
            with suppress(FileNotFoundError):
                self._path(number).unlink()
            del self._open[number]
        if known:
            sync_folder(self._folder)

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:020d}.json"


def number_of_eviction(segment: int) -> int:
    """Return the number of the loss by eviction of a segment."""
    return 2 * segment


def number_of_damage(segment: int) -> int:
    """Return the number of the loss by damage within a segment."""
    return 2 * segment + 1


def by_stream(number: int, lost: Sequence[frame.Metadata], cause: str) -> list[Loss]:
    """Add up lost batches by stream and minute, so that it is known which minutes lack rows; at most 61 a stream.

    Args:
        number: Names the loss.
        lost: What the batches say, in the order of the log.
        cause: Why they are lost.
    """
    if not lost:
        return []
    first = min(said.sealed_time_ns for said in lost)
    spans = (max(said.sealed_time_ns for said in lost) - first) // _MINUTE_NS // _MOST_SPANS + 1
    runs: dict[str, list[list[frame.Metadata]]] = {}
    for said in lost:
        of_stream = runs.setdefault(said.stream, [])
        newest = of_stream[-1][-1] if of_stream else None
        length_ns = spans * _MINUTE_NS
        if (
            newest is None
            or said.sequence != newest.sequence + 1
            or said.sealed_time_ns // length_ns != newest.sealed_time_ns // length_ns
        ):
            of_stream.append([])
        of_stream[-1].append(said)
    return [
        Loss(
            number=number,
            stream=stream,
            batches=len(run),
            rows=sum(said.rows for said in run),
            first_time_ns=min(said.first_time_ns for said in run),
            last_time_ns=max(said.last_time_ns for said in run),
            cause=cause,
            through_sequence=run[-1].sequence,
        )
        for stream in sorted(runs)
        for run in runs[stream]
    ]
