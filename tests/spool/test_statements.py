"""Baselines: the newest complete statement and what follows it outlive acknowledgement, eviction and restarts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.spool.making import NOON_NS, STREAM, acknowledge, batch, entries_of, open_writer, segments_in
from viflux.clock import ManualClock
from viflux.spool import STATEMENT_BEGINS, STATEMENT_ENDS, SpoolWriter

WHOLE = STATEMENT_BEGINS | STATEMENT_ENDS


def numbers_of(writer: SpoolWriter, stream: str = STREAM) -> list[int]:
    return [found.first_time_ns - NOON_NS for found in writer.baseline(stream)]


def put(writer: SpoolWriter, number: int, statement: int = 0, stream: str = STREAM, size: int = 300) -> None:
    writer.append([batch(number, stream, size, statement)])
    writer.commit()


def test_the_baseline_is_the_newest_complete_statement_and_what_follows(tmp_path: Path) -> None:
    """A statement that has only begun counts as what follows the one before."""
    writer = open_writer(tmp_path / "spool")
    put(writer, 1)
    assert numbers_of(writer) == []
    put(writer, 2, STATEMENT_BEGINS)
    put(writer, 3)
    assert numbers_of(writer) == []
    put(writer, 4, STATEMENT_ENDS)
    put(writer, 5)
    assert numbers_of(writer) == [2, 3, 4, 5]
    put(writer, 6, STATEMENT_BEGINS)
    assert numbers_of(writer) == [2, 3, 4, 5, 6]
    put(writer, 7, STATEMENT_ENDS)
    assert numbers_of(writer) == [6, 7]
    put(writer, 8, WHOLE)
    assert numbers_of(writer) == [8]
    assert numbers_of(writer, "events.agent") == []


def test_what_is_not_committed_is_not_in_the_baseline(tmp_path: Path) -> None:
    """The baseline of a delta is the last committed reading."""
    writer = open_writer(tmp_path / "spool")
    put(writer, 1, WHOLE)
    writer.append([batch(2, statement=WHOLE)])
    assert numbers_of(writer) == [1]


@pytest.mark.parametrize("way", ["acknowledged", "evicted"])
def test_the_baseline_outlives_its_segments_and_restarts(tmp_path: Path, way: str) -> None:
    """Batch for batch the same, when all segments that held it are gone, and after opening the spool anew."""
    folder = tmp_path / "spool"
    clock = ManualClock(NOON_NS)
    options = {"max_bytes": 64 << 10, "segment_bytes": 4 << 10, "keep_acknowledged_ns": 0}
    writer = open_writer(folder, clock, **options)
    put(writer, 1, STATEMENT_BEGINS, "inventory.netlink")
    put(writer, 2, STATEMENT_ENDS, "inventory.netlink")
    put(writer, 3, 0, "inventory.netlink")
    for number in range(1, 150):
        put(writer, number, WHOLE, size=1000)
        if number % 40 == 0:
            put(writer, 3 + number // 40, 0, "inventory.netlink")
        if way == "acknowledged":
            acknowledge(folder, writer.spool_id, entries_of(folder)[-1].end)
            clock.advance(2)
    writer.commit()
    assert entries_of(folder)[0].frame.metadata.sequence > 90
    expected = [1, 2, 3, 4, 5, 6]
    assert numbers_of(writer, "inventory.netlink") == expected
    assert numbers_of(writer) == [149]
    before = writer.baseline("inventory.netlink")
    assert writer.baseline_bytes("inventory.netlink") > sum(len(found.payload) for found in before)
    for _ in range(3):
        writer.close()
        writer = open_writer(folder, clock, **options)
        assert writer.baseline("inventory.netlink") == before
        assert numbers_of(writer) == [149]
    put(writer, 7, WHOLE, "inventory.netlink")
    assert numbers_of(writer, "inventory.netlink") == [7]
    for number in range(150, 260):
        put(writer, number, WHOLE, size=1000)
    writer.close()
    writer = open_writer(folder, clock, **options)
    assert numbers_of(writer, "inventory.netlink") == [7]
    assert sum(path.stat().st_size for path in (*segments_in(folder), *(folder / "kept").iterdir())) <= 64 << 10


def test_a_crash_between_the_copy_and_the_removal_shows_each_batch_once(tmp_path: Path) -> None:
    """The kept file and the segment may both hold a batch; it is taken from one."""
    folder = tmp_path / "spool"
    options = {"max_bytes": 64 << 10, "segment_bytes": 4 << 10, "keep_acknowledged_ns": 0}
    writer = open_writer(folder, **options)
    put(writer, 1, WHOLE, "inventory.netlink")
    put(writer, 2, 0, "inventory.netlink")
    saved = segments_in(folder)[0]
    content = saved.read_bytes()
    for number in range(1, 100):
        put(writer, number, size=1000)
    assert not saved.exists()
    assert numbers_of(writer, "inventory.netlink") == [1, 2]
    writer.close()
    saved.write_bytes(content)
    writer = open_writer(folder, **options)
    assert numbers_of(writer, "inventory.netlink") == [1, 2]


def test_a_baseline_that_grows_without_end_is_given_up_before_it_fills_the_spool(tmp_path: Path) -> None:
    """Collection goes on; the stream has no baseline until its next statement."""
    folder = tmp_path / "spool"
    writer = open_writer(folder, max_bytes=64 << 10, segment_bytes=4 << 10)
    put(writer, 1, WHOLE)
    for number in range(2, 200):
        put(writer, number, size=1000)
    assert numbers_of(writer) == []
    put(writer, 200, WHOLE)
    assert numbers_of(writer) == [200]


def test_a_statement_with_a_missing_batch_is_not_complete(tmp_path: Path) -> None:
    """Damage within the newest statement: the one before it is the baseline again."""
    folder = tmp_path / "spool"
    writer = open_writer(folder)
    put(writer, 1, WHOLE)
    put(writer, 2, STATEMENT_BEGINS)
    damaged_from = entries_of(folder)[-1].end.offset
    put(writer, 3)
    put(writer, 4, STATEMENT_ENDS)
    writer.close()
    content = bytearray(segments_in(folder)[0].read_bytes())
    content[damaged_from + 200] ^= 1
    segments_in(folder)[0].write_bytes(content)
    writer = open_writer(folder)
    assert numbers_of(writer)[0] == 1


def test_a_baseline_tells_whether_newer_batches_were_lost(tmp_path: Path) -> None:
    """After damage an older statement is the baseline, and a delta from it would count again what may be stored."""
    folder = tmp_path / "spool"
    writer = open_writer(folder)
    put(writer, 1, WHOLE)
    end = segments_in(folder)[0].stat().st_size
    put(writer, 2, WHOLE)
    writer.close()
    writer = open_writer(folder)
    assert (numbers_of(writer), writer.baseline_is_newest(STREAM)) == ([2], True)
    writer.close()
    content = bytearray(segments_in(folder)[0].read_bytes())
    content[end + 40] ^= 1
    segments_in(folder)[0].write_bytes(content)
    writer = open_writer(folder)
    assert (numbers_of(writer), writer.baseline_is_newest(STREAM)) == ([1], False)
    put(writer, 3, WHOLE)
    assert (numbers_of(writer), writer.baseline_is_newest(STREAM)) == ([3], True)
    writer.close()
