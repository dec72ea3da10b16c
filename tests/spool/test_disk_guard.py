"""The disk guard of the spool: what was read goes first, then the oldest, then nothing is taken; all of it counted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.disk import Neighbour, small_disk
from tests.spool.making import (
    acknowledge,
    assert_true_content,
    batch,
    entries_of,
    open_writer,
    segments_in,
    sequences,
    write,
)
from viflux.freespace import FreeSpace
from viflux.spool import SpoolFull

pytestmark = pytest.mark.root

KEEP = 200_000
ROOM = 40_000


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", "8m") as folder:
        yield folder


def test_it_gives_up_what_was_read_then_the_oldest_and_counts_each_batch(disk: Path) -> None:
    """The disk keeps its free bytes all the while; every batch is readable, was acknowledged, or is a loss."""
    folder = disk / "spool"
    writer = open_writer(folder, segment_bytes=64 << 10, min_free_bytes=KEEP)
    write(writer, range(1, 61), size=10_000)
    read_until = entries_of(folder)[30]
    acknowledge(folder, writer.spool_id, read_until.start)
    neighbour = Neighbour(disk)

    neighbour.leave(KEEP - ROOM)
    write(writer, range(61, 62), size=10_000)
    assert writer.disk_guard
    assert "free space on it" in writer.disk_guard
    assert writer.losses() == []
    assert len(entries_of(folder)) < 61
    assert FreeSpace.of(disk).free_bytes >= KEEP

    write(writer, range(62, 111), size=10_000)
    assert FreeSpace.of(disk).free_bytes >= KEEP - 4096 * 4
    found = entries_of(folder)
    assert_true_content(found)
    first = sequences(found)[0]
    assert sequences(found) == list(range(first, 111))
    assert {loss.cause for loss in writer.losses()} == {"spool_evicted"}
    lost = range(31, first)
    assert sum(loss.batches for loss in writer.losses()) == len(lost)
    assert sum(loss.rows for loss in writer.losses()) == sum(batch(number).rows for number in lost)

    neighbour.release()
    write(writer, range(111, 112), size=10_000)
    assert writer.disk_guard == ""


def test_what_cannot_make_the_room_is_not_evicted_for_it(disk: Path) -> None:
    """Where others fill the disk the commit is refused in one line and the unread batches stay; then it goes on."""
    folder = disk / "spool"
    writer = open_writer(folder, segment_bytes=64 << 10, min_free_bytes=KEEP)
    write(writer, range(1, 11), size=10_000)
    before = segments_in(folder)
    neighbour = Neighbour(disk)
    neighbour.leave(20_000)
    for _ in range(3):
        writer.append([batch(11, size=10_000)])
        with pytest.raises(SpoolFull, match=r"spool\.min_free keeps 195KiB; free space on it") as refused:
            writer.commit()
        assert "\n" not in str(refused.value)
    assert segments_in(folder) == before
    assert writer.losses() == []
    neighbour.release()
    write(writer, range(11, 13), size=10_000)
    assert sequences(entries_of(folder)) == list(range(1, 13))


def test_a_small_file_system_keeps_a_twentieth(disk: Path) -> None:
    """The default of half a gigabyte would let a spool on a small disk take nothing at all."""
    writer = open_writer(disk / "spool", segment_bytes=64 << 10, min_free_bytes=512 << 20)
    Neighbour(disk).leave((8 << 20) // 20 + 30_000)
    write(writer, range(1, 3), size=10_000)
    assert writer.disk_guard == ""
    writer.append([batch(3, size=30_000)])
    with pytest.raises(SpoolFull):
        writer.commit()
