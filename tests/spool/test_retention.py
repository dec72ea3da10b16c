"""What leaves a spool: acknowledged segments after a while, the oldest when it is full; each with an account."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec.structs import replace as replace_unread

from tests.spool.making import (
    GAP,
    NOON_NS,
    STREAM,
    acknowledge,
    assert_true_content,
    batch,
    entries_of,
    items_of,
    open_writer,
    segments_in,
    sequences,
    unread_rows,
    write,
)
from viflux.clock import ManualClock
from viflux.spool import START, Entry, Hole, Position, SpoolFull, SpoolReader

SMALL = {"max_bytes": 64 << 10, "segment_bytes": 8 << 10}


def test_a_full_spool_evicts_the_oldest_and_accounts_for_every_batch(tmp_path: Path) -> None:
    """What was appended is either readable or in the losses, to the row, and the folder stays within its bound."""
    folder = tmp_path / "spool"
    writer = open_writer(folder, **SMALL)
    write(writer, range(1, 201), size=1000)
    found = entries_of(folder)
    losses = writer.losses()
    assert losses
    assert {loss.cause for loss in losses} == {"spool_evicted"}
    assert sequences(found) == list(range(sequences(found)[0], 201))
    assert sum(loss.batches for loss in losses) + len(found) == 200
    assert sum(loss.rows for loss in losses) + sum(entry.frame.metadata.rows for entry in found) == sum(
        batch(number).rows for number in range(1, 201)
    )
    assert min(loss.first_time_ns for loss in losses) == NOON_NS + 1
    assert max(loss.last_time_ns for loss in losses) == NOON_NS + sequences(found)[0] - 1 + 10
    assert sum(path.stat().st_size for path in segments_in(folder)) <= 64 << 10
    assert_true_content(found)


def test_losses_last_until_a_committed_batch_names_them(tmp_path: Path) -> None:
    """They survive a restart; naming them without a commit settles nothing."""
    folder = tmp_path / "spool"
    writer = open_writer(folder, **SMALL)
    write(writer, range(1, 100), size=1000)
    losses = writer.losses()
    numbers = [loss.number for loss in losses]
    writer.append([batch(1, "ledger.agent")], settles=numbers[:2])
    assert writer.losses() == losses
    writer.close()
    writer = open_writer(folder, **SMALL)
    assert writer.losses() == losses
    writer.append([batch(1, "ledger.agent")], settles=numbers[:2])
    writer.commit()
    assert [loss.number for loss in writer.losses()] == numbers[2:]
    writer.close()
    writer = open_writer(folder, **SMALL)
    assert [loss.number for loss in writer.losses()] == numbers[2:]


def test_a_crash_between_the_ledger_commit_and_the_settling_counts_no_loss_twice(tmp_path: Path) -> None:
    """The committed ledger batch itself says what it has named."""
    folder = tmp_path / "spool"
    writer = open_writer(folder, **SMALL)
    write(writer, range(1, 100), size=1000)
    numbers = [loss.number for loss in writer.losses()]
    files = {path: path.read_bytes() for path in (folder / "losses").glob("*.json")}
    writer.append([batch(1, "ledger.agent")], settles=numbers)
    writer.commit()
    writer.close()
    for path, content in files.items():
        path.write_bytes(content)
    writer = open_writer(folder, **SMALL)
    assert writer.losses() == []


def test_a_crash_between_the_record_of_a_loss_and_the_removal_loses_nothing(tmp_path: Path) -> None:
    """A segment that is still there is not lost, whatever a file says."""
    folder = tmp_path / "spool"
    writer = open_writer(folder, **SMALL)
    write(writer, range(1, 30), size=1000)
    assert writer.losses() == []
    writer.close()
    (folder / "losses" / f"{2:020d}.json").write_text(
        '[{"number":2,"stream":"counters.netlink","batches":7,"rows":9,"first_time_ns":1,"last_time_ns":2,'
        '"cause":"spool_evicted"}]'
    )
    writer = open_writer(folder, **SMALL)
    assert writer.losses() == []
    assert sequences(entries_of(folder)) == list(range(1, 30))


def test_what_was_acknowledged_is_no_loss(tmp_path: Path) -> None:
    """Batches before the cursor are done, also in the middle of a segment."""
    folder = tmp_path / "spool"
    writer = open_writer(folder, **SMALL)
    write(writer, range(1, 11), size=1000)
    cursor = entries_of(folder)[2].end
    acknowledge(folder, writer.spool_id, cursor)
    write(writer, range(11, 80), size=1000)
    found = entries_of(folder, cursor)
    assert sequences(found)[0] > 8
    assert sum(loss.batches for loss in writer.losses()) == 79 - 3 - len(found)


def test_acknowledged_segments_are_kept_a_while_and_then_removed(tmp_path: Path) -> None:
    """Five minutes for a second look; then they go, and that is no loss."""
    folder = tmp_path / "spool"
    clock = ManualClock(NOON_NS)
    writer = open_writer(folder, clock, segment_bytes=4096, keep_acknowledged_ns=300 * 10**9)
    write(writer, range(1, 20), size=1000)
    before = len(segments_in(folder))
    acknowledge(folder, writer.spool_id, entries_of(folder)[-1].end)
    clock.advance(2)
    writer.commit()
    clock.advance(299)
    writer.commit()
    assert len(segments_in(folder)) == before
    clock.advance(2)
    writer.commit()
    assert len(segments_in(folder)) == 1
    assert writer.losses() == []
    write(writer, range(20, 21))
    assert sequences(entries_of(folder))[-1] == 20


def test_a_reader_of_another_spool_acknowledges_nothing(tmp_path: Path) -> None:
    """A state that was left from an earlier spool in the same folder must not remove what nobody read."""
    folder = tmp_path / "spool"
    clock = ManualClock(NOON_NS)
    writer = open_writer(folder, clock, segment_bytes=4096, keep_acknowledged_ns=0)
    acknowledge(folder, "f" * 32, Position(1000, 0))
    write(writer, range(1, 20), size=1000)
    clock.advance(10)
    writer.commit()
    assert sequences(entries_of(folder)) == list(range(1, 20))


def test_an_open_intent_is_never_evicted(tmp_path: Path) -> None:
    """The next oldest goes instead; when nothing is left to evict, the commit is refused and says why."""
    folder = tmp_path / "spool"
    writer = open_writer(folder, **SMALL)
    write(writer, range(1, 40), size=1000)
    entries = entries_of(folder)
    acknowledge(folder, writer.spool_id, START, open_until=entries[9].end)
    write(writer, range(40, 120), size=1000)
    assert sequences(entries_of(folder))[:10] == list(range(1, 11))
    items = items_of(folder)
    assert sum(isinstance(item, Hole) for item in items) == 1
    assert sum(loss.batches for loss in writer.losses()) + len(entries_of(folder)) == 119
    newest = entries_of(folder)[-1]
    acknowledge(folder, writer.spool_id, START, open_until=newest.end)
    with pytest.raises(SpoolFull, match=r"raise spool\.max_bytes"):
        write(writer, range(120, 400), size=1000)
    refused_after = sequences(entries_of(folder))[-1]
    acknowledge(folder, writer.spool_id, entries_of(folder)[-1].end)
    write(writer, range(refused_after + 1, refused_after + 5), size=1000)
    assert_true_content(entries_of(folder))
    assert sequences(entries_of(folder))[-1] == refused_after + 4


def test_opening_an_intent_and_eviction_cannot_race(tmp_path: Path) -> None:
    """A claim that was made under the lock holds, however fast the writer evicts."""
    folder = tmp_path / "spool"
    writer = open_writer(folder, **SMALL)
    write(writer, range(1, 60), size=1000)
    spool_id = writer.spool_id
    stop = threading.Event()
    problems: list[str] = []
    claims = [0]

    def claim() -> None:
        reader = SpoolReader(folder)
        while not stop.is_set():
            first = reader.first_segment()
            assert first is not None
            taken = [item for _, item in zip(range(5), reader.read(Position(first, 0)), strict=False)]
            entries = [item for item in taken if isinstance(item, Entry)]
            if not entries:
                continue
            begin, end = entries[0].start, entries[-1].end
            with reader.claiming():
                if not reader.has_segments(begin.segment, end.segment):
                    continue
                acknowledge(folder, spool_id, begin, open_until=end)
            claims[0] += 1
            wanted = [entry.frame.checksum for entry in entries if entry.start >= begin]
            for _ in range(5):
                again = [item for item in reader.read(begin, until=end) if isinstance(item, Entry)]
                if [entry.frame.checksum for entry in again] != wanted:
                    problems.append(f"{begin}-{end}: {len(again)} of {len(wanted)}")

    thread = threading.Thread(target=claim)
    thread.start()
    try:
        for number in range(60, 600):
            writer.append([batch(number, size=1000)])
            writer.commit()
    finally:
        stop.set()
        thread.join(60)
    assert problems == []
    assert claims[0] > 10
    assert writer.losses()


def test_the_stream_of_a_loss_is_named(tmp_path: Path) -> None:
    """Each stream has its own loss."""
    folder = tmp_path / "spool"
    writer = open_writer(folder, **SMALL)
    for number in range(1, 100):
        writer.append([batch(number, size=500), batch(number, "events.agent", size=500)])
        writer.commit()
    lost = writer.losses()
    assert {loss.stream for loss in lost} == {STREAM, "events.agent"}
    for stream in (STREAM, "events.agent"):
        kept = sequences(entries_of(folder), stream)
        assert sum(loss.batches for loss in lost if loss.stream == stream) + len(kept) == 99


def test_what_evicted_ledger_batches_told_is_told_again_until_it_was_read(tmp_path: Path) -> None:
    """Summed by cause and minute; again where the telling batch is evicted too; not what was read."""
    folder = tmp_path / "spool"
    minute = 60 * 10**9
    writer = open_writer(folder, **SMALL)

    def account(number: int) -> None:
        ended_ns = NOON_NS + number // 10 * minute + 1
        gap = replace_unread(GAP, rows=number, first_time_ns=ended_ns - 1, last_time_ns=ended_ns)
        shed = replace_unread(gap, cause="shed", rows=1, datagrams=2, rows_origin="estimated")
        writer.append([replace(batch(number, "ledger.agent", 1000), unread=(gap, shed))])
        writer.commit()

    for number in range(1, 31):
        account(number)
    read = entries_of(folder)[4].end
    acknowledge(folder, writer.spool_id, read)
    for number in range(31, 101):
        account(number)
    first_left = sequences(entries_of(folder), "ledger.agent")[0]
    again = [loss for loss in writer.losses() if loss.cause != "spool_evicted"]
    rows = Counter[str]()
    for loss in again:
        rows[loss.cause] += loss.rows
        assert loss.last_time_ns - loss.first_time_ns <= 1, "no minute has rows of another one"
    assert rows == {"exporter_gap": sum(range(6, first_left)), "shed": first_left - 6}
    assert sum(loss.batches for loss in again) == 2 * rows["shed"]
    assert {loss.rows_origin for loss in again if loss.cause == "shed"} == {"estimated"}
    # A batch tells of them, and is evicted as well.
    for _ in range(2):
        writer.append([batch(writer.next_sequence("ledger.agent"), "ledger.agent")], writer.loss_numbers())
        writer.commit()
        assert writer.losses() == []
        write(writer, range(writer.next_sequence(STREAM), writer.next_sequence(STREAM) + 80), size=1000)
        found = [loss for loss in writer.losses() if loss.cause == "exporter_gap"]
        assert sum(loss.rows for loss in found) == sum(range(6, 101))
    writer.append([batch(writer.next_sequence("ledger.agent"), "ledger.agent")], writer.loss_numbers())
    writer.commit()
    acknowledge(folder, writer.spool_id, entries_of(folder)[-1].end)
    write(writer, range(writer.next_sequence(STREAM), writer.next_sequence(STREAM) + 200), size=1000)
    assert unread_rows(folder) == 0
    assert {loss.cause for loss in writer.losses()} == {"spool_evicted"}


def test_of_very_many_losses_the_oldest_are_told_first(tmp_path: Path) -> None:
    """Their numbers fit into the head of a frame, however many segments went; the others are told next."""
    folder = tmp_path / "spool"
    writer = open_writer(folder, **SMALL)
    writer.close()
    for number in range(2, 20_000, 2):
        (folder / "losses" / f"{number:020d}.json").write_text(
            f'[{{"number":{number},"stream":"flows.ipfix","batches":0,"rows":1,"first_time_ns":{NOON_NS + number},'
            f'"last_time_ns":{NOON_NS + number},"cause":"shed","rows_origin":"estimated"}}]'
        )
    # The number of the first segment is that of one that is there.
    (folder / "losses" / f"{2:020d}.json").unlink()
    writer = open_writer(folder, **SMALL)
    told = 0
    while losses := writer.losses():
        assert len(losses) < 2_000
        told += sum(loss.rows for loss in losses)
        writer.append([batch(writer.next_sequence("ledger.agent"), "ledger.agent")], writer.loss_numbers())
        writer.commit()
    assert told == 9_998
