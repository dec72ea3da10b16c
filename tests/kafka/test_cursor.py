"""The shipper's cursor and the spool's writer: what is on its way is never evicted, what is acknowledged may go."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.kafka.cursor import Cursor
from tests.kafka.making import fill, in_spool, spool_of
from viflux.clock import ManualClock
from viflux.paths import DataPaths
from viflux.spool import Entry, SpoolFull

SEGMENT = 64 << 10


def test_reserved_segments_survive_and_the_rest_is_evicted_and_told(tmp_path: Path) -> None:
    """With the first segment on its way, the bound takes later ones; each loss is named, and none of the first."""
    spool = spool_of(tmp_path, max_bytes=4 * SEGMENT, segment_bytes=SEGMENT)
    fill(spool, 12, size=10_000)
    cursor = Cursor(DataPaths(tmp_path).shipper_state, in_spool(tmp_path), ManualClock(1))
    first = next(item for item in in_spool(tmp_path).read(cursor.acknowledged) if isinstance(item, Entry))
    assert cursor.reserve(first.spool_id, first.start)
    fill(spool, 40, size=10_000)
    left = [item for item in in_spool(tmp_path).read(cursor.acknowledged) if isinstance(item, Entry)]
    assert left[0] == first
    held = {item.frame.metadata.sequence for item in left if item.start.segment == first.start.segment}
    there = {item.frame.metadata.sequence for item in left}
    lost = sum(loss.batches for loss in spool.losses())
    assert lost == 52 - len(there)
    assert held == set(range(1, len(held) + 1))
    spool.close()


def test_a_segment_that_was_evicted_is_not_reserved(tmp_path: Path) -> None:
    """What the ledger counts as lost must not be sent."""
    spool = spool_of(tmp_path, max_bytes=4 * SEGMENT, segment_bytes=SEGMENT)
    fill(spool, 2, size=10_000)
    cursor = Cursor(DataPaths(tmp_path).shipper_state, in_spool(tmp_path), ManualClock(1))
    first = next(item for item in in_spool(tmp_path).read(cursor.acknowledged) if isinstance(item, Entry))
    fill(spool, 40, size=10_000)
    assert not cursor.reserve(first.spool_id, first.start)
    spool.close()


def test_the_file_is_written_once_a_second_and_read_back(tmp_path: Path) -> None:
    """A cursor that moves all the time costs one write a second; after a crash it is at most so old."""
    spool = spool_of(tmp_path)
    fill(spool, 5)
    clock = ManualClock(1)
    path = DataPaths(tmp_path).shipper_state
    cursor = Cursor(path, in_spool(tmp_path), clock)
    entries = [item for item in in_spool(tmp_path).read(cursor.acknowledged) if isinstance(item, Entry)]
    assert cursor.reserve(entries[0].spool_id, entries[0].start)
    cursor.advance(entries[0].end)
    cursor.sync()
    written = path.read_bytes()
    clock.advance(1)
    cursor.sync()
    assert path.read_bytes() != written
    cursor.advance(entries[1].end)
    cursor.sync()
    assert Cursor(path, in_spool(tmp_path), clock).acknowledged == entries[0].end
    cursor.sync(now=True)
    assert Cursor(path, in_spool(tmp_path), clock).acknowledged == entries[1].end
    spool.close()


def test_a_spool_that_is_held_whole_takes_no_more(tmp_path: Path) -> None:
    """Where everything is on its way, the writer says that it is full instead of dropping what may arrive."""
    spool = spool_of(tmp_path, max_bytes=4 * SEGMENT, segment_bytes=SEGMENT)
    cursor = Cursor(DataPaths(tmp_path).shipper_state, in_spool(tmp_path), ManualClock(1))

    def reserve_all() -> None:
        for _ in range(60):
            fill(spool, 1, size=10_000)
            last = [item for item in in_spool(tmp_path).read(cursor.acknowledged) if isinstance(item, Entry)][-1]
            assert cursor.reserve(last.spool_id, last.start)

    with pytest.raises(SpoolFull, match="an open intent needs it"):
        reserve_all()
    spool.close()
