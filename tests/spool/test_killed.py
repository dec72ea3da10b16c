"""A writer killed at any moment, a disk that fails: what was committed stays, nothing comes twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.spool.making import (
    STREAM,
    assert_true_content,
    batch,
    entries_of,
    missing,
    need_strace,
    open_writer,
    sequences,
    unread_rows,
    write,
)
from viflux.spool import Entry, Position, SpoolFull, SpoolReader

ROOT = Path(__file__).resolve().parents[2]
LARGE = 16 << 20


def child(folder: Path, *, max_bytes: int = LARGE, commits: int = 100_000, under: list[str] | None = None):
    command = [*(under or []), sys.executable, "-m", "tests.spool.writing_child", str(folder), str(max_bytes)]
    return subprocess.Popen(
        [*command, str(commits)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
    )


def said_by(lines: Iterator[str], word: str) -> list[int]:
    return [int(line.split()[1]) for line in lines if line.startswith(word)]


def whole(folder: Path, seen: list[int]) -> int:
    """Check the spool against what its writer had acknowledged; return the last sequence in it."""
    entries = entries_of(folder)
    assert_true_content(entries)
    found = sequences(entries)
    assert found == list(range(found[0], found[0] + len(found))) if found else not seen
    if seen:
        assert found[-1] >= seen[-1]
    return found[-1] if found else 0


def kill_after(folder: Path, lines: int, seen: list[int]) -> None:
    """Let a writer commit some times, and kill it at whatever it does next."""
    process = child(folder)
    assert process.stdout is not None
    started = process.stdout.readline().split()
    assert started[0] == "open", process.stderr.read() if process.stderr else ""
    if seen:
        assert int(started[1]) > seen[-1], "a sequence would come twice"
    for _ in range(lines):
        seen += said_by(iter([process.stdout.readline()]), "committed")
    process.send_signal(signal.SIGKILL)
    seen += said_by(process.stdout, "committed")
    process.wait(30)
    process.stdout.close()


def loop_of_kills(folder: Path, rounds: int) -> None:
    chance = random.Random(7)  # noqa: S311 - to be the same in each run
    seen: list[int] = []
    before: dict[Position, int] = {}
    for _ in range(rounds):
        kill_after(folder, chance.randrange(40), seen)
        # What a reader saw while the writer was dead must still be there after the next one opened the spool.
        now = {entry.start: entry.frame.checksum for entry in entries_of(folder)}
        assert {start: now.get(start) for start in before} == before
        before = now
        open_writer(folder, max_bytes=LARGE, segment_bytes=LARGE // 8).close()
        whole(folder, seen)
    assert seen[-1] > 20 * rounds


def test_a_writer_killed_again_and_again_loses_nothing_committed(tmp_path: Path) -> None:
    """Eight kills at arbitrary moments."""
    loop_of_kills(tmp_path / "spool", 8)


@pytest.mark.soak
def test_a_writer_killed_sixty_times_loses_nothing_committed(tmp_path: Path) -> None:
    """The same, longer."""
    loop_of_kills(tmp_path / "spool", 60)


STEPS = [("pwritev,pwritev2", 4), ("pwrite64", 9), ("fdatasync", 1), ("fdatasync", 4), ("rename", 1), ("fsync", 2)]
EVICTING_STEPS = [("unlink", 1), ("unlink", 4), ("rename", 12), ("fsync", 20)]


def killed_at(folder: Path, call: str, when: int, max_bytes: int) -> list[int]:
    inject = ["-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={when}"]
    process = child(folder, max_bytes=max_bytes, commits=400, under=[need_strace(), *inject])
    out, _ = process.communicate(timeout=60)
    lines = out.splitlines()
    assert "closed" not in lines, f"{call} number {when} was never reached"
    return said_by(iter(lines), "committed")


def check_kill_at(folder: Path, call: str, when: int, max_bytes: int) -> None:
    seen = killed_at(folder, call, when, max_bytes)
    writer = open_writer(folder, max_bytes=max_bytes, segment_bytes=max_bytes // 8, keep_acknowledged_ns=0)
    last = whole(folder, seen)
    lost = sum(loss.batches for loss in writer.losses() if loss.stream == STREAM)
    assert last % 3 == 0, "a commit is there in part"
    assert unread_rows(folder) == last // 3, "what was lost before the spool is told once for each commit"
    if not settled_anything(folder):
        assert lost + len(sequences(entries_of(folder))) == last
    assert writer.next_sequence(STREAM) == last + 1
    write(writer, range(last + 1, last + 3), size=700)
    assert sequences(entries_of(folder))[-1] == last + 2


def settled_anything(folder: Path) -> bool:
    return any(entry.frame.metadata.settles for entry in entries_of(folder))


@pytest.mark.parametrize(("call", "when"), STEPS)
def test_killed_at_a_step_of_a_commit(tmp_path: Path, call: str, when: int) -> None:
    """Exactly before the n-th write, sync or rename: the commit is there whole or not at all."""
    check_kill_at(tmp_path / "spool", call, when, 1 << 20)


@pytest.mark.parametrize(("call", "when"), EVICTING_STEPS)
def test_killed_at_a_step_of_an_eviction(tmp_path: Path, call: str, when: int) -> None:
    """Between the record of a loss, the copy of a statement and the removal: the account stays exact."""
    check_kill_at(tmp_path / "spool", call, when, 64 << 10)


@pytest.mark.soak
@pytest.mark.parametrize("call", ["pwritev,pwritev2", "pwrite64", "fdatasync", "fsync", "rename", "unlink"])
def test_killed_at_every_step(tmp_path: Path, call: str) -> None:
    """The first forty of each call."""
    for when in range(1, 41):
        check_kill_at(tmp_path / str(when) / "spool", call, when, 64 << 10)


@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
@pytest.mark.parametrize("call", ["pwritev,pwritev2", "fdatasync"])
def test_a_failing_disk_refuses_the_commit_and_damages_nothing(tmp_path: Path, call: str, error: str) -> None:
    """Three failures in a row: three refused commits, then it goes on with the same numbers."""
    folder = tmp_path / "spool"
    fault = f"inject={call}:error={error}:when=3..5"
    under = [need_strace(), "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", fault]
    process = child(folder, commits=20, under=under)
    out, err = process.communicate(timeout=60)
    lines = out.splitlines()
    assert lines[-1] == "closed", err
    full, committed = said_by(iter(lines), "full"), said_by(iter(lines), "committed")
    assert len(full) >= 1
    assert committed[-1] == 3 * (20 - len(full))
    assert sequences(entries_of(folder)) == list(range(1, committed[-1] + 1))
    assert_true_content(entries_of(folder))
    open_writer(folder).close()
    assert sequences(entries_of(folder)) == list(range(1, committed[-1] + 1))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    if os.geteuid() != 0:
        missing("mounting a small disk needs root")
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "viflux-test", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.root
def test_a_full_disk_refuses_commits_until_there_is_room(small_disk: Path) -> None:
    """One line says what to do; nothing is damaged; when space was freed, the numbers go on without a hole."""
    folder = small_disk / "spool"
    writer = open_writer(folder, segment_bytes=200_000)
    filler = small_disk / "filler"
    filler.write_bytes(bytes(500_000))
    number, refused = 1, []
    while len(refused) < 5:
        writer.append([batch(number, size=20_000)])
        try:
            writer.commit()
        except SpoolFull as error:
            refused.append(str(error))
        else:
            number += 1
    assert sequences(entries_of(folder)) == list(range(1, number))
    assert all("free space" in line and "\n" not in line for line in refused)
    filler.unlink()
    write(writer, range(number, number + 5), size=20_000)
    writer.close()
    open_writer(folder, segment_bytes=200_000).close()
    entries = entries_of(folder)
    assert sequences(entries) == list(range(1, number + 5))
    assert_true_content(entries)


def test_a_reader_beside_a_writer_sees_each_batch_once_and_whole(tmp_path: Path) -> None:
    """It follows a live writer over segments, up to the committed offset and never beyond."""
    folder = tmp_path / "spool"
    process = child(folder, max_bytes=8 << 20, commits=300)
    assert process.stdout is not None
    assert process.stdout.readline().startswith("open")
    reader, cursor, found = SpoolReader(folder), Position(0, 0), []
    while len(found) < 900:
        for item in reader.read(cursor):
            assert isinstance(item, Entry)
            found.append(item)
            cursor = item.end
        assert process.poll() in (None, 0)
    assert process.wait(30) == 0
    process.stdout.close()
    assert sequences(found) == list(range(1, 901))
    assert_true_content(found)
