"""Opening a spool after a crash: torn tails are cut, damage is set aside and counted, nothing committed is lost."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.spool.making import (
    STREAM,
    assert_true_content,
    batch,
    entries_of,
    items_of,
    open_writer,
    segments_in,
    sequences,
    write,
)
from viflux.spool import Damaged, Entry


def test_a_torn_tail_is_cut_at_every_length(tmp_path: Path) -> None:
    """However much of an unpublished commit reached the disk, the commit is gone or whole."""
    folder = tmp_path / "spool"
    writer = open_writer(folder)
    write(writer, range(1, 4))
    committed = (folder / "committed").read_bytes()
    before = segments_in(folder)[0].read_bytes()
    writer.append([batch(4), batch(5)])
    writer.commit()
    writer.close()
    whole = segments_in(folder)[0].read_bytes()
    for length in range(len(before), len(whole) + 1):
        segments_in(folder)[0].write_bytes(whole[:length])
        (folder / "committed").write_bytes(committed)
        writer = open_writer(folder)
        writer.append([batch(6 if length == len(whole) else 4)])
        writer.commit()
        assert writer.losses() == []
        writer.close()
        found = sequences(entries_of(folder))
        assert found == ([1, 2, 3, 4, 5, 6] if length == len(whole) else [1, 2, 3, 4])
        segments_in(folder)[0].write_bytes(before)


def test_a_stale_committed_offset_loses_nothing(tmp_path: Path) -> None:
    """The offset's file is not synced: after a power loss it may be old, empty or gone."""
    folder = tmp_path / "spool"
    writer = open_writer(folder)
    write(writer, range(1, 3))
    stale = (folder / "committed").read_bytes()
    write(writer, range(3, 6))
    writer.close()
    for left in (stale, b"", bytes(32), None):
        if left is None:
            (folder / "committed").unlink()
        else:
            (folder / "committed").write_bytes(left)
        open_writer(folder).close()
        assert sequences(entries_of(folder)) == [1, 2, 3, 4, 5]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_takes_only_the_batches_that_it_hit(tmp_path: Path, data: st.DataObject) -> None:
    """Any flipped byte of a committed segment: the rest stays readable, the loss is counted, numbers never repeat."""
    folder = tmp_path / f"{len(list(tmp_path.iterdir()))}" / "spool"
    writer = open_writer(folder)
    first_end = segments_in(folder)[0].stat().st_size
    write(writer, range(1, 8))
    last_begins = segments_in(folder)[0].stat().st_size
    write(writer, range(8, 9))
    writer.close()
    path = segments_in(folder)[0]
    content = bytearray(path.read_bytes())
    at = data.draw(st.integers(min_value=first_end, max_value=len(content) - 1))
    content[at] ^= data.draw(st.integers(min_value=1, max_value=255))
    path.write_bytes(content)

    writer = open_writer(folder)
    losses = writer.losses()
    told = [(loss.stream, loss.cause, loss.rows_origin) for loss in losses]
    if told != [(STREAM, "numbers_skipped", "at_most")]:
        # Behind it another batch shows what is missing; of the last one only its own head can tell.
        assert told in ([(STREAM, "segment_damaged", "counted")], [(STREAM, "segment_damaged", "unknown")])
        assert losses[0].batches == 1
    else:
        assert at >= last_begins
    writer.append([batch(100)])
    writer.commit()
    items = items_of(folder)
    old = [item for item in items if isinstance(item, Entry) and item.start.segment == 1]
    assert_true_content(old)
    assert len(old) == 7
    assert sum(isinstance(item, Damaged) for item in items) == 1
    assert sequences(entries_of(folder))[-1] > 8
    assert len(set(sequences(entries_of(folder)))) == 8
    assert (folder / "quarantine" / path.name).read_bytes() == bytes(content)
    writer.append([batch(101)], settles=[losses[0].number])
    writer.commit()
    assert writer.losses() == []
    writer.close()
    writer = open_writer(folder)
    assert writer.losses() == []
    writer.close()


def test_a_damaged_name_makes_no_stream(tmp_path: Path) -> None:
    """A flipped letter of a new stream's name: its number is neither counted twice nor given again."""
    for batches in (1, 2):
        folder = tmp_path / str(batches) / "spool"
        writer = open_writer(folder)
        write(writer, range(1, batches + 1))
        writer.close()
        path = segments_in(folder)[0]
        path.write_bytes(path.read_bytes().replace(STREAM.encode(), STREAM.upper().encode(), 1))
        writer = open_writer(folder)
        told = [(loss.stream, loss.batches, loss.cause) for loss in writer.losses()]
        assert told == ([("", 1, "segment_damaged")] if batches == 1 else [(STREAM, 1, "segment_damaged")])
        write(writer, range(batches + 1, batches + 2))
        assert len(set(sequences(entries_of(folder)))) == batches
        writer.close()


def test_a_damaged_header_sets_the_segment_aside(tmp_path: Path) -> None:
    """The batches of the segment are a loss; the spool goes on under a new id, because its numbers are not known."""
    folder = tmp_path / "spool"
    writer = open_writer(folder)
    before = writer.spool_id
    write(writer, range(1, 4))
    writer.close()
    path = segments_in(folder)[0]
    path.write_bytes(b"\xff" + path.read_bytes()[1:])
    writer = open_writer(folder)
    assert writer.spool_id != before
    assert [(loss.stream, loss.batches, loss.rows) for loss in writer.losses()] == [(STREAM, 3, 2 + 3 + 4)]
    write(writer, range(1, 2))
    assert sequences(entries_of(folder)) == [1]
    assert not path.exists()
    assert (folder / "quarantine" / path.name).exists()


def test_a_segment_that_lost_committed_bytes_is_damage_and_not_a_torn_tail(tmp_path: Path) -> None:
    """What was published and is not there any more is counted, and its numbers are not given again."""
    folder = tmp_path / "spool"
    writer = open_writer(folder)
    write(writer, range(1, 6))
    writer.close()
    path = segments_in(folder)[0]
    os.truncate(path, path.stat().st_size - 500)
    writer = open_writer(folder)
    assert [loss.cause for loss in writer.losses()] == ["numbers_skipped"]
    write(writer, range(1, 2))
    found = sequences(entries_of(folder))
    assert found[:3] == [1, 2, 3]
    assert found[3] > 5
