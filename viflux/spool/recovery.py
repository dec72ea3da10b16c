"""Opening a spool that somebody left: what its segments hold, where they end, what is damaged."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from viflux import frame, logs
from viflux.spool import losses, segment
from viflux.spool.committed import read_committed
from viflux.spool.durable import sync_folder
from viflux.spool.losses import Loss, Losses
from viflux.spool.position import Position, ReaderState
from viflux.spool.retention import Closed
from viflux.spool.segment import Damage, HeaderError, Placed
from viflux.spool.statements import Reference, Statements

_QUARANTINE = "quarantine"
_MOST_QUARANTINED = 4


@dataclass
class Found:
    """What was found in a spool folder.

    Attributes:
        closed: Segments that are not written to any more.
        active: The segment to go on with; None where a new one must be begun.
        spool_id: Id to go on with; empty where a new one must be made.
        last_number: The highest segment number that was ever seen, 0 for none.
        next_sequence: For each stream the sequence of its next batch.
        settled: For each loss that a committed batch names the segment of that batch.
    """

    closed: list[Closed] = field(default_factory=list)
    active: Closed | None = None
    spool_id: str = ""
    last_number: int = 0
    next_sequence: dict[str, int] = field(default_factory=dict)
    settled: dict[int, int] = field(default_factory=dict)


def recover(folder: Path, statements: Statements, covers: dict[str, int], lost: Losses, reader: ReaderState) -> Found:
    """Read a spool folder whose writer's lock is held; cut the torn tail, set damaged segments aside.

    Args:
        folder: The spool.
        statements: Told of every frame that lies in a segment.
        covers: For each stream the last segment that its kept file stands for.
        lost: Told of what damage took away.
        reader: How far the reader has come: it has seen only what was committed.

    Raises:
        SpoolCorrupt: A newer version wrote the spool.
    """
    found = Found()
    numbers = segment.numbers_in(folder)
    for number in numbers:
        # An eviction that was cut short before the segment was gone has lost nothing.
        lost.drop([losses.number_of_eviction(number)])
    for number in numbers:
        found.last_number = number
        _read_segment(folder, number, number == numbers[-1], statements, covers, lost, reader, found)
    for loss, number in found.settled.items():
        lost.settle([loss], number)
    # An evicted segment opened again what it told before it went: one that is gone was read.
    lost.forget_all_but(numbers)
    return found


def _read_segment(
    folder: Path,
    number: int,
    is_last: bool,
    statements: Statements,
    covers: dict[str, int],
    lost: Losses,
    reader: ReaderState,
    found: Found,
) -> None:
    path = segment.path_of(folder, number)
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        try:
            header, first = segment.read_header(descriptor, path)
        except HeaderError as error:
            _set_aside(folder, number, descriptor, str(error), lost, reader)
            found.spool_id, found.next_sequence = ("", {}) if is_last else (found.spool_id, found.next_sequence)
            return
        size = os.fstat(descriptor).st_size
        if found.closed and found.closed[-1].number == number - 1 and header.previous_end:
            previous = found.closed[-1]
            found.closed[-1] = Closed(previous.number, previous.spool_id, previous.first, header.previous_end)
        items = list(segment.walk(descriptor, first, size, check=is_last))
        end = size
        damaged: list[Damage] = []
        if is_last:
            end = _committed_end(folder, number, first, items, reader)
            items = [item for item in items if item.offset < end]
            damaged = [item for item in items if isinstance(item, Damage)]
            if end < size:
                os.ftruncate(descriptor, end)
                os.fsync(descriptor)
    finally:
        os.close(descriptor)
    for item in items:
        if isinstance(item, Placed) and covers.get(item.metadata.stream, 0) < number:
            reference = Reference(number, item.offset, item.length, item.metadata.sequence)
            statements.add(item.metadata.stream, item.metadata.statement, reference)
    found.settled |= {loss: number for item in items if isinstance(item, Placed) for loss in item.metadata.settles}
    found.spool_id = header.spool_id
    this = Closed(number, header.spool_id, first, end)
    if not is_last:
        found.closed.append(this)
        return
    found.next_sequence = _next_sequences(header.next_sequence, items)
    if damaged:
        found.closed.append(this)
        _quarantine_copy(folder, number)
        _record_damage(number, header.next_sequence, items, lost, reader)
        logs.get("spool").error(
            "a segment is damaged; its readable batches are kept, the rest is lost, new batches go into a new one",
            segment=str(path),
            at_byte=damaged[0].offset,
            damaged_bytes=sum(item.length for item in damaged),
            reason=damaged[0].reason,
            copy=str(folder / _QUARANTINE / path.name),
            what_to_do="check the disk",
        )
    else:
        found.active = this


def _committed_end(folder: Path, number: int, first: int, items: list[Placed | Damage], reader: ReaderState) -> int:
    # Whole groups count. A group that is damaged, is the last one and was never published is a torn write; damage
    # before something that was committed later is real damage.
    published = first
    committed = read_committed(folder)
    for seen in (committed, reader.cursor, reader.open_until):
        if seen is not None and seen.segment == number:
            published = max(published, seen.offset)
    end = first
    group_is_whole = True
    ends: list[tuple[int, bool]] = []
    for item in items:
        behind = item.offset + item.length
        if isinstance(item, Damage):
            group_is_whole = False
        elif item.metadata.ends_commit:
            ends.append((behind, group_is_whole))
            group_is_whole = True
    for position, (behind, whole) in enumerate(ends):
        if whole or position < len(ends) - 1 or behind <= published:
            end = behind
    size = items[-1].offset + items[-1].length if items else first
    return max(end, min(published, size))


def _next_sequences(begun: dict[str, int], items: list[Placed | Damage]) -> dict[str, int]:
    # Damage may hide batches: a stream that is not seen after it skips as many numbers as could be hidden.
    following = dict(begun)
    streams = _streams_of(begun, items)
    hidden = 0
    hidden_when_seen: dict[str, int] = {}
    for item in items:
        heads = _heads_of(item, following, streams)
        if heads is None:
            hidden += item.length // frame.FIXED_BYTES + 1
        else:
            for said in heads:
                following[said.stream] = said.sequence + 1
                hidden_when_seen[said.stream] = hidden
    return {stream: number + hidden - hidden_when_seen.get(stream, 0) for stream, number in following.items()}


def _streams_of(begun: dict[str, int], items: list[Placed | Damage]) -> set[str]:
    """Return the streams that a checksum vouches for: the segment's header's and whole frames'."""
    return set(begun) | {item.metadata.stream for item in items if isinstance(item, Placed)}


def _heads_of(item: Placed | Damage, following: dict[str, int], streams: set[str]) -> tuple[frame.Metadata, ...] | None:
    """Return what an item is known to have been; None where that is not known.

    The head of a damaged frame may be damaged too: it is believed where its stream is known and its number is due.
    """
    if isinstance(item, Placed):
        return (item.metadata,)
    due = dict(following)
    for said in item.said:
        if said.stream not in streams or said.sequence != due.get(said.stream, 1):
            return None
        due[said.stream] = said.sequence + 1
    return item.said or None


def _record_damage(
    number: int, begun: dict[str, int], items: list[Placed | Damage], lost: Losses, reader: ReaderState
) -> None:
    name = losses.number_of_damage(number)
    expected = dict(begun)
    streams = _streams_of(begun, items)
    found: list[Loss] = []
    known: list[frame.Metadata] = []
    unread = is_hidden = False
    for item in items:
        heads = _heads_of(item, expected, streams)
        if isinstance(item, Damage):
            unread = unread or Position(number, item.offset) >= reader.cursor
            known += heads or ()
            is_hidden = is_hidden or heads is None
        for said in heads or ():
            stream, sequence = said.stream, said.sequence
            if (gap := sequence - expected.get(stream, 1)) > 0:
                found.append(Loss(name, stream, gap, 0, 0, 0, losses.DAMAGED, sequence - 1, losses.UNKNOWN))
            expected[stream] = sequence + 1
    if not unread:
        return
    found += losses.by_stream(name, known, losses.DAMAGED)
    if is_hidden:
        # Of streams that are not seen after it: perhaps none, at most as many as numbers are skipped.
        following = _next_sequences(begun, items)
        found += [
            Loss(name, stream, due - expected.get(stream, 1), 0, 0, 0, losses.SKIPPED, due - 1, losses.AT_MOST)
            for stream, due in sorted(following.items())
            if due > expected.get(stream, 1)
        ]
    readable = {loss for item in items if isinstance(item, Placed) for loss in item.metadata.settles}
    lost.reopen(lost.told_by(number) - readable)
    lost.record(name, found or [Loss(name, "", 1, 0, 0, 0, losses.DAMAGED, 0, losses.UNKNOWN)])


def _set_aside(folder: Path, number: int, descriptor: int, reason: str, lost: Losses, reader: ReaderState) -> None:
    path = segment.path_of(folder, number)
    size = os.fstat(descriptor).st_size
    if Position(number, size) > reader.cursor:
        readable = [item for item in segment.walk(descriptor, 0, size, check=True) if isinstance(item, Placed)]
        unread = [item.metadata for item in readable if Position(number, item.offset) >= reader.cursor]
        name = losses.number_of_damage(number)
        read = {loss for item in readable if item.metadata not in unread for loss in item.metadata.settles}
        lost.reopen(lost.told_by(number) - read)
        lost.record(
            name,
            losses.of_segment(name, unread, losses.DAMAGED)
            or [Loss(name, "", 1, 0, 0, 0, losses.DAMAGED, 0, losses.UNKNOWN)],
        )
    _quarantine_copy(folder, number)
    path.unlink()
    sync_folder(folder)
    logs.get("spool").error(
        "a segment's header is damaged; the whole segment was set aside and counts as lost",
        segment=str(path),
        reason=reason,
        copy=str(folder / _QUARANTINE / path.name),
        what_to_do="check the disk",
    )


def _quarantine_copy(folder: Path, number: int) -> None:
    quarantine = folder / _QUARANTINE
    quarantine.mkdir(exist_ok=True)
    path = segment.path_of(folder, number)
    with suppress(FileExistsError):
        os.link(path, quarantine / path.name)
    for oldest in segment.numbers_in(quarantine)[:-_MOST_QUARANTINED]:
        segment.path_of(quarantine, oldest).unlink()
    sync_folder(quarantine)
