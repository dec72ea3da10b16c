"""The spool's writer: commits are whole, identities never repeat, and one process at a time writes."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from tests.spool.making import (
    STREAM,
    assert_true_content,
    batch,
    entries_of,
    open_writer,
    segments_in,
    sequences,
    write,
)
from viflux.frame import MAX_PAYLOAD_BYTES, FrameTooLargeError
from viflux.spool import START, Batch, SpoolCorrupt, SpoolFull, SpoolLocked, SpoolReader
from viflux.spool import segment as segments


def test_what_is_not_committed_is_not_visible(tmp_path: Path) -> None:
    """A reader sees a batch after its commit, not before."""
    writer = open_writer(tmp_path / "spool")
    writer.append([batch(1), batch(2)])
    assert entries_of(tmp_path / "spool") == []
    writer.commit()
    entries = entries_of(tmp_path / "spool")
    assert sequences(entries) == [1, 2]
    assert_true_content(entries)
    said = entries[0].frame.metadata
    assert (said.host, said.boot_id, entries[0].spool_id) == ("host-1", "boot-1", writer.spool_id)


def test_each_stream_counts_from_one_without_holes_over_segments_and_restarts(tmp_path: Path) -> None:
    """Sequences go on where they were, also when every old segment is gone."""
    folder = tmp_path / "spool"
    for start in (1, 11, 21):
        writer = open_writer(folder, segment_bytes=2000)
        for number in range(start, start + 10):
            writer.append([batch(number), batch(number, "events.agent")])
            writer.commit()
        writer.close()
    entries = entries_of(folder)
    assert sequences(entries) == sequences(entries, "events.agent") == list(range(1, 31))
    for old in segments_in(folder)[:-1]:
        old.unlink()
    writer = open_writer(folder)
    write(writer, range(31, 33))
    assert sequences(entries_of(folder))[-2:] == [31, 32]


def test_a_spool_whose_segments_were_all_deleted_gets_a_new_identity(tmp_path: Path) -> None:
    """Sequences begin again, so the spool's id must be another."""
    folder = tmp_path / "spool"
    writer = open_writer(folder)
    write(writer, range(1, 4))
    before = writer.spool_id
    writer.close()
    for path in segments_in(folder):
        path.unlink()
    writer = open_writer(folder)
    assert writer.spool_id != before
    assert len(writer.spool_id) == 32


def test_a_second_writer_is_refused_with_one_line(tmp_path: Path) -> None:
    """The line names the folder, who writes it, and what to do."""
    folder = tmp_path / "spool"
    writer = open_writer(folder)
    with pytest.raises(SpoolLocked) as refused:
        open_writer(folder)
    assert str(folder) in str(refused.value)
    assert "\n" not in str(refused.value)
    writer.close()
    open_writer(folder).close()


def test_memory_for_waiting_batches_is_bounded(tmp_path: Path) -> None:
    """Beyond the bound, what came before is committed first."""
    folder = tmp_path / "spool"
    writer = open_writer(folder, pending_bytes=1000)
    for number in range(1, 8):
        writer.append([batch(number, size=400)])
    assert sequences(entries_of(folder)) == [1, 2, 3, 4, 5, 6]
    writer.commit()
    assert sequences(entries_of(folder)) == list(range(1, 8))


def test_a_batch_that_is_too_large_is_refused_and_harms_nothing(tmp_path: Path) -> None:
    """Neither it nor its neighbours of the same append are taken."""
    writer = open_writer(tmp_path / "spool")
    writer.append([batch(1)])
    large = Batch(STREAM, "counters", 1, 1, 0, 0, bytes(MAX_PAYLOAD_BYTES + 1))
    with pytest.raises(FrameTooLargeError):
        writer.append([batch(2), large])
    writer.commit()
    assert sequences(entries_of(tmp_path / "spool")) == [1]


def test_a_newer_format_is_refused_with_one_line_and_left_alone(tmp_path: Path) -> None:
    """Neither writer nor reader touches what a newer version wrote."""
    folder = tmp_path / "spool"
    writer = open_writer(folder)
    write(writer, range(1, 3))
    spool_id = writer.spool_id
    writer.close()
    path = segments_in(folder)[0]
    newer = _with_format(spool_id, segments.FORMAT_VERSION + 1) + path.read_bytes()[-10:]
    path.write_bytes(newer)
    with pytest.raises(SpoolCorrupt) as refused:
        open_writer(folder)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)
    with pytest.raises(SpoolCorrupt):
        list(SpoolReader(folder).read(START))
    assert path.read_bytes() == newer


def _with_format(spool_id: str, version: int) -> bytes:
    original = segments.FORMAT_VERSION
    segments.FORMAT_VERSION = version
    try:
        return segments.encode_header(segments.Header(spool_id, 1, {}))
    finally:
        segments.FORMAT_VERSION = original


def test_a_segment_that_could_not_be_begun_leaves_no_batch_behind_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The header of the new segment was written before the error: a smaller commit must not go into the old one."""
    folder = tmp_path / "spool"
    writer = open_writer(folder, segment_bytes=2000)
    writer.append([batch(1)])
    writer.commit()

    def fails(_: Path) -> None:
        raise OSError(errno.EIO, "input/output error")

    with monkeypatch.context() as broken:
        broken.setattr("viflux.spool.durable.sync_folder", fails)
        writer.append([batch(number) for number in range(100, 160)])
        with pytest.raises(SpoolFull):
            writer.commit()
    assert len(segments_in(folder)) == 2
    writer.append([batch(2)])
    writer.commit()
    writer.close()
    open_writer(folder).close()
    assert sequences(entries_of(folder)) == [1, 2]
