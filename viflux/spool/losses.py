"""What is lost with a segment: one small file a segment, kept until a ledger batch that names it was read.

That is the segment's batches, and what its ledger batches were the first to tell of: what was lost before the spool.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec.structs import replace

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
# So many are told one by one, a minute each; of an outage of days the hours are enough.
_MOST_APART = 2000
# Their numbers, of at most nine bytes each, lie in the metadata of one frame.
_MOST_AT_ONCE = 4096
_LONGEST_JOINED_NS = 3600 * 1_000_000_000
_NAME = re.compile(r"([0-9]{20})(?:\.told-by-([0-9]+))?\.json")


class Loss(msgspec.Struct, frozen=True):
    """What one stream lost with one segment, or had lost before the spool when the segment's ledger said so.

    Attributes:
        number: Names the loss in `SpoolWriter.append(settles=…)`; the losses of one segment share it, and
            joined ones have the first one's.
        stream: The stream; empty where the damage does not tell.
        batches: How many batches; of what was lost before the spool how many datagrams.
        rows: How many rows; 0 where the damage does not tell.
        first_time_ns: Earliest event time, 0 for unknown.
        last_time_ns: Latest event end, 0 for unknown.
        cause: `spool_evicted`, `segment_damaged` or `numbers_skipped`; of what was lost before the spool its own.
        through_sequence: The newest of the batches, which have no hole; 0 where the damage does not tell, and for what
            was lost before the spool.
        rows_origin: `counted`; `unknown` where the damage does not tell; `at_most` where fewer batches may be lost; of
            what was lost before the spool its own.
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
    """The folder of losses that no reader has been told of yet.

    A loss is open until a committed ledger batch names it. Then it is told, but kept until the segment with that batch
    is removed: where that segment is evicted before it was read, the loss is open again.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(exist_ok=True)
        self._open: dict[int, list[Loss]] = {}
        # Of a told loss: the segment that tells it.
        self._told: dict[int, tuple[int, list[Loss]]] = {}
        for entry in os.scandir(folder):
            if (found := _NAME.fullmatch(entry.name)) is None:
                continue
            losses = msgspec.json.decode(Path(entry).read_bytes(), type=list[Loss])
            if found[2]:
                self._told[int(found[1])] = (int(found[2]), losses)
            else:
                self._open[int(found[1])] = losses

    def all(self) -> list[Loss]:
        """Return the losses that `numbers` names, oldest first; where they are many, neighbours in a stream as one."""
        found = [loss for number in self.numbers() for loss in self._open[number]]
        return found if len(found) <= _MOST_APART else _joined(found)

    def numbers(self) -> list[int]:
        """Return the numbers of the open losses, ascending; of more than 4,096 the first."""
        return sorted(self._open)[:_MOST_AT_ONCE]

    def record(self, number: int, losses: Sequence[Loss]) -> None:
        """Write the losses of a segment durably; to be called before the segment is removed."""
        replace_file(self._path(number), msgspec.json.encode(losses))
        self._open[number] = list(losses)

    def settle(self, numbers: Iterable[int], segment: int) -> None:
        """Take note that a committed batch in a segment names these losses; those that are not open are skipped."""
        # The losses of one segment share a number.
        known = [number for number in dict.fromkeys(numbers) if number in self._open]
        for number in known:
            self._path(number).rename(self._path(number, segment))
            self._told[number] = (segment, self._open.pop(number))
        if known:
            sync_folder(self._folder)

    def told_by(self, segment: int) -> set[int]:
        """Return the losses that batches of a segment name."""
        return {number for number, (by, _) in self._told.items() if by == segment}

    def reopen(self, numbers: Iterable[int]) -> None:
        """Open losses again: nobody will read the batches that name them."""
        known = [number for number in numbers if number in self._told]
        for number in known:
            segment, losses = self._told.pop(number)
            self._path(number, segment).rename(self._path(number))
            self._open[number] = losses
        if known:
            sync_folder(self._folder)

    def forget(self, segment: int) -> None:
        """Forget what a segment tells: it is about to be removed, and was read."""
        self._remove(self.told_by(segment))

    def forget_all_but(self, segments: Iterable[int]) -> None:
        """Forget what was told by segments that are not there any more."""
        there = set(segments)
        self._remove({number for number, (by, _) in self._told.items() if by not in there})

    def drop(self, numbers: Iterable[int]) -> None:
        """Remove losses that did not happen after all."""
        known = [number for number in numbers if number in self._open]
        for number in known:
            with suppress(FileNotFoundError):
                self._path(number).unlink()
            del self._open[number]
        if known:
            sync_folder(self._folder)

    def _remove(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            with suppress(FileNotFoundError):
                self._path(number, self._told[number][0]).unlink()
            del self._told[number]

    def _path(self, number: int, told_by: int | None = None) -> Path:
        told = "" if told_by is None else f".told-by-{told_by}"
        return self._folder / f"{number:020d}{told}.json"


def _joined(losses: Iterable[Loss]) -> list[Loss]:
    # What has no numbers is not between what has: of each cause its own list.
    joined: dict[tuple[str, str, str], list[Loss]] = {}
    for loss in losses:
        has_number = loss.through_sequence > 0
        like = joined.setdefault((loss.stream, *(("", "") if has_number else (loss.cause, loss.rows_origin))), [])
        before = like[-1] if like else None
        if (
            before is not None
            and (loss.through_sequence - loss.batches == before.through_sequence or not has_number)
            and (loss.cause, loss.rows_origin) == (before.cause, before.rows_origin)
            and loss.last_time_ns - before.first_time_ns <= _LONGEST_JOINED_NS
            and loss.first_time_ns > 0
        ):
            like[-1] = replace(
                before,
                batches=before.batches + loss.batches,
                rows=before.rows + loss.rows,
                first_time_ns=min(before.first_time_ns, loss.first_time_ns),
                last_time_ns=max(before.last_time_ns, loss.last_time_ns),
                through_sequence=loss.through_sequence,
            )
        else:
            like.append(loss)
    return [loss for key in sorted(joined) for loss in joined[key]]


def number_of_eviction(segment: int) -> int:
    """Return the number of the loss by eviction of a segment."""
    return 2 * segment


def number_of_damage(segment: int) -> int:
    """Return the number of the loss by damage within a segment."""
    return 2 * segment + 1


def of_segment(number: int, lost: Sequence[frame.Metadata], cause: str) -> list[Loss]:
    """Return what is lost with a segment: its batches, and what its ledger batches were the first to tell of.

    Both are added up by minute, so that it is known which minutes lack rows; at most 61 a stream, and of what was lost
    before the spool 61 a stream, cause and origin.

    Args:
        number: Names the loss.
        lost: What the batches say, in the order of the log.
        cause: Why they are lost.
    """
    return [*by_stream(number, lost, cause), *_first_told_by(number, lost)]


def by_stream(number: int, lost: Sequence[frame.Metadata], cause: str) -> list[Loss]:
    """Add up lost batches alone; arguments and minutes as `of_segment`."""
    if not lost:
        return []
    length_ns = _span_ns([said.sealed_time_ns for said in lost])
    runs: dict[str, list[list[frame.Metadata]]] = {}
    for said in lost:
        of_stream = runs.setdefault(said.stream, [])
        newest = of_stream[-1][-1] if of_stream else None
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


def _first_told_by(number: int, lost: Sequence[frame.Metadata]) -> list[Loss]:
    told = [unread for said in lost for unread in said.unread]
    if not told:
        return []
    length_ns = _span_ns([unread.last_time_ns for unread in told])
    spans: dict[tuple[str, str, str, int], list[frame.Unread]] = {}
    for unread in told:
        key = unread.stream, unread.cause, unread.rows_origin, unread.last_time_ns // length_ns
        spans.setdefault(key, []).append(unread)
    return [
        Loss(
            number=number,
            stream=stream,
            batches=sum(unread.datagrams for unread in span),
            rows=sum(unread.rows for unread in span),
            first_time_ns=min(unread.first_time_ns for unread in span),
            last_time_ns=max(unread.last_time_ns for unread in span),
            cause=cause,
            rows_origin=rows_origin,
        )
        for (stream, cause, rows_origin, _), span in sorted(spans.items())
    ]


def _span_ns(instants_ns: Sequence[int]) -> int:
    """Return the whole minutes of which at most 61 hold all of some instants."""
    return ((max(instants_ns) - min(instants_ns)) // _MINUTE_NS // _MOST_SPANS + 1) * _MINUTE_NS
