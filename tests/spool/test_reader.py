"""The spool's reader: from any cursor to the committed offset, with what is missing or damaged as data."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from tests.spool.making import batch, entries_of, items_of, open_writer, segments_in, sequences, write
from viflux.clock import ManualClock, SystemClock
from viflux.spool import START, Damaged, Entry, Hole, Position, SpoolReader


def test_reading_goes_on_from_the_end_of_any_batch(tmp_path: Path) -> None:
    """Each entry's end is a cursor, over segment borders too."""
    folder = tmp_path / "spool"
    write(open_writer(folder, segment_bytes=2000), range(1, 30))
    entries = entries_of(folder)
    assert len(segments_in(folder)) > 3
    for index, entry in enumerate(entries):
        assert sequences(entries_of(folder, entry.end)) == list(range(index + 2, 30))
    reader = SpoolReader(folder)
    until = [item for item in reader.read(START, until=entries[9].end) if isinstance(item, Entry)]
    assert sequences(until) == list(range(1, 11))


def test_a_removed_segment_is_a_hole(tmp_path: Path) -> None:
    """Reading goes on behind it."""
    folder = tmp_path / "spool"
    write(open_writer(folder, segment_bytes=2000), range(1, 30))
    entries = entries_of(folder)
    cursor = entries[0].end
    segments_in(folder)[0].unlink()
    segments_in(folder)[0].unlink()
    items = items_of(folder, cursor)
    assert items[0] == Hole(cursor, Position(3, 0))
    rest = [entry for entry in entries if entry.start.segment >= 3]
    assert items[1:] == rest


def test_damage_is_data(tmp_path: Path) -> None:
    """A damaged batch in the middle is handed over as bytes with the reason; the next one is read."""
    folder = tmp_path / "spool"
    write(open_writer(folder), range(1, 6))
    entries = entries_of(folder)
    path = segments_in(folder)[0]
    content = bytearray(path.read_bytes())
    content[entries[2].start.offset + 100] ^= 4
    path.write_bytes(content)
    items = items_of(folder)
    assert sequences([item for item in items if isinstance(item, Entry)]) == [1, 2, 4, 5]
    damaged = items[2]
    assert isinstance(damaged, Damaged)
    assert (damaged.start, damaged.end) == (entries[2].start, entries[2].end)
    assert damaged.data == bytes(content[entries[2].start.offset : entries[2].end.offset])
    assert "checksum" in damaged.reason


def test_a_damaged_header_is_data(tmp_path: Path) -> None:
    """A segment whose header cannot be read is passed over as a whole."""
    folder = tmp_path / "spool"
    write(open_writer(folder, segment_bytes=2000), range(1, 20))
    entries = entries_of(folder)
    path = segments_in(folder)[1]
    path.write_bytes(b"garbage" + path.read_bytes()[7:])
    items = items_of(folder)
    damaged = [item for item in items if isinstance(item, Damaged)]
    assert [(item.start, item.end) for item in damaged] == [(Position(2, 0), Position(3, 0))]
    assert [item for item in items if isinstance(item, Entry)] == [e for e in entries if e.start.segment != 2]


def test_no_spool_yet_is_no_news(tmp_path: Path) -> None:
    """A reader may be there first."""
    reader = SpoolReader(tmp_path / "spool")
    assert reader.committed() is None
    assert list(reader.read(START)) == []
    assert not reader.wait(START, 5, threading.Event(), ManualClock(0))


def test_an_empty_spool_is_no_news(tmp_path: Path) -> None:
    """A header is nothing to read."""
    writer = open_writer(tmp_path / "spool")
    reader = SpoolReader(tmp_path / "spool")
    assert not reader.has_news(START)
    assert not reader.has_news(Position(1, 0))
    writer.append([batch(1)])
    writer.commit()
    assert reader.has_news(START)
    assert not reader.has_news(entries_of(tmp_path / "spool")[-1].end)


def test_waiting_ends_with_the_next_commit_and_costs_next_to_nothing(tmp_path: Path) -> None:
    """News within half a second of the commit; a second of waiting takes less than 2 % of a core."""
    folder = tmp_path / "spool"
    writer = open_writer(folder)
    write(writer, range(1, 2))
    reader, cursor = SpoolReader(folder), entries_of(folder)[-1].end
    used = time.thread_time()
    assert not reader.wait(cursor, 1, threading.Event(), SystemClock())
    assert time.thread_time() - used < 0.02
    timer = threading.Timer(0.2, write, (writer, range(2, 3)))
    timer.start()
    assert reader.wait(cursor, 10, threading.Event(), SystemClock())
    timer.join()
    stop = threading.Event()
    stop.set()
    assert not reader.wait(entries_of(folder)[-1].end, 10, stop, SystemClock())
