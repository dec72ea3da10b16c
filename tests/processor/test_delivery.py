"""Everything in the spool is in the store once: in good days, after kills, without a cursor, with the store away."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from tests.processor.making import (
    COUNTERS,
    DAY,
    EVENTS,
    INVENTORY,
    LEDGER,
    SECOND,
    ask,
    assert_stored_once,
    batch_of,
    done,
    heartbeat,
    open_spool,
    processor,
    state_of,
    sweep,
    wait_done,
)
from tests.running import RunningStore, running_store, until
from tests.spool.making import need_strace
from viflux.clock import ManualClock, SystemClock
from viflux.spool import SpoolWriter

MOST_RESIDENT_BYTES = 150_000_000


class Sent:
    """Writes rounds of batches of several streams, and knows what must be in the store."""

    def __init__(self, writer: SpoolWriter, start_ns: int) -> None:
        self.writer = writer
        self.start_ns = start_ns
        self.rounds = 0

    def send(self, rounds: int) -> None:
        for _ in range(rounds):
            start = self.start_ns + self.rounds * 10 * SECOND
            self.writer.append(
                [
                    batch_of(COUNTERS, sweep(start, 5)),
                    batch_of(INVENTORY, [{"time": start, "vif_id": 7, "valid_from_time": start}]),
                    batch_of(EVENTS, [{"time": start, "event": "tested", "event_count": 1}]),
                    heartbeat(start + 10 * SECOND, start + 10 * SECOND),
                ]
            )
            self.writer.commit()
            self.rounds += 1

    @property
    def rows(self) -> dict[str, int]:
        n = self.rounds
        return {"counters": 5 * n, "inventory": n, "events": n, "ledger": n}


def sent(tmp_path: Path, *, hours_ago: float = 2, **changed: int) -> Sent:
    return Sent(open_spool(tmp_path / "data", **changed), time.time_ns() - int(hours_ago * 3600 * SECOND))


def assert_exact(store: RunningStore, expected: Sent) -> None:
    """Counts, sums and identities are those that were sent; the ledger closes; both sides agree on the watermark."""
    assert_stored_once(store, expected.rows)
    sums = ask(store, "SELECT sum(rx_bytes) AS bytes, min(sequence) AS first, max(sequence) AS last FROM counters")[0]
    n = expected.rounds
    assert sums == {"bytes": n * 15_000, "first": 1, "last": n}
    short = ask(store, "SELECT sequence, count() AS rows FROM counters GROUP BY sequence HAVING rows != 5")
    assert short == []
    ledger = ask(
        store,
        "SELECT of_stream, sum(in_rows_count) AS came, sum(out_rows_count) AS stored, "
        # They were sent hours after their time, which is told, and is no loss.
        "sumIf(lost_rows_count, cause != 'late') AS lost FROM ledger "
        "WHERE stage = 'processor' GROUP BY of_stream ORDER BY of_stream",
    )
    rows = {COUNTERS: 5 * n, INVENTORY: n, EVENTS: n, LEDGER: n}
    assert {row["of_stream"]: (row["came"], row["stored"], row["lost"]) for row in ledger} == {
        stream: (count, count, 0) for stream, count in rows.items()
    }
    marks = ask(
        store, f"SELECT max(watermark_time) AS latest FROM ledger WHERE of_stream = '{COUNTERS}' GROUP BY stage"
    )
    assert len({row["latest"] for row in marks}) == 1


def test_rows_reach_their_tables_with_their_frame(tmp_path: Path, store: RunningStore) -> None:
    """Identity, times, labels, addresses and numbers come through as they were sent; memory stays small."""
    expected = sent(tmp_path)
    with processor(store) as running:
        expected.send(30)
        wait_done(running, tmp_path / "data")
        resident = psutil.Process(running.process.pid).memory_info().rss
        assert resident <= MOST_RESIDENT_BYTES
        began = time.monotonic()
        expected.send(1)
        until("a new row can be queried", lambda: ask(store, "SELECT max(sequence) AS n FROM counters")[0]["n"] == 31)
        assert time.monotonic() - began < 3
        wait_done(running, tmp_path / "data")
    assert_exact(store, expected)
    row = ask(store, "SELECT * FROM counters WHERE vif_id = 2 ORDER BY time LIMIT 1")[0]
    assert (row["host"], row["boot_id"], row["stream"], row["sequence"]) == ("host-1", "boot-1", COUNTERS, 1)
    assert (row["spool_id"], row["time_origin"]) == (expected.writer.spool_id, "event")
    assert (row["rx_bytes"], row["tx_bytes"], row["delta_kind"]) == (2000, 20, "clean")
    assert row["received_time"] < row["inserted_time"]


def test_a_processor_killed_again_and_again_stores_everything_once(tmp_path: Path, store: RunningStore) -> None:
    """Kill -9 at arbitrary moments while rows keep coming."""
    loop_of_kills(tmp_path, store, 3)


@pytest.mark.soak
def test_a_processor_killed_thirty_times_stores_everything_once(tmp_path: Path, store: RunningStore) -> None:
    """The same, longer."""
    loop_of_kills(tmp_path, store, 30)


def loop_of_kills(tmp_path: Path, store: RunningStore, rounds: int) -> None:
    expected = sent(tmp_path)
    for _ in range(rounds):
        with processor(store) as running:
            before = state_of(tmp_path / "data").get("number", 0)

            def moves(before: int = before) -> bool:
                expected.send(1)
                return state_of(tmp_path / "data").get("number", 0) >= before + 2

            until("the processor opens intents", moves, 30)
            running.kill()
    with processor(store) as running:
        wait_done(running, tmp_path / "data")
    assert_exact(store, expected)


# Each intent: the state is renamed into place when it opens and when it is done; sends carry the inserts.
STEPS = [("rename", 3), ("sendto", 33), ("fsync", 5)]
FURTHER_STEPS = [(call, when) for call in ("rename", "sendto", "fsync") for when in (4, 31)]
ALL_OTHERS = [(call, when) for call in ("rename", "sendto", "fsync") for when in (2, 6, 9, 12, 30, 32, 35, 36)]


@pytest.mark.parametrize(
    ("call", "when"),
    [
        *STEPS,
        *(pytest.param(*step, marks=pytest.mark.slow) for step in FURTHER_STEPS),
        *(pytest.param(*step, marks=pytest.mark.soak) for step in ALL_OTHERS),
    ],
)
def test_killed_at_a_step_of_an_intent(tmp_path: Path, store: RunningStore, call: str, when: int) -> None:
    """Killed exactly before a write of its state or a send to the store, it goes on without loss or repeat."""
    strace = [need_strace(), "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}"]
    expected = sent(tmp_path)
    expected.send(2)
    with processor(store, under=[*strace, "-e", f"inject={call}:signal=KILL:when={when}"]) as running:

        def killed() -> bool:
            expected.send(1)
            return running.process.poll() is not None

        until(f"{call} number {when}", killed, 120)
    with processor(store) as running:
        wait_done(running, tmp_path / "data")
    assert_exact(store, expected)


def test_a_lost_cursor_repeats_nothing(tmp_path: Path, store: RunningStore) -> None:
    """Without its file the processor begins at the oldest batch, and takes only what the store has not."""
    expected = sent(tmp_path)
    expected.send(10)
    with processor(store) as running:
        wait_done(running, tmp_path / "data")
    (tmp_path / "data" / "processor" / "spool.json").unlink()
    expected.send(5)
    with processor(store) as running:
        wait_done(running, tmp_path / "data")
    assert_exact(store, expected)
    assert not list((tmp_path / "data").glob("deadletter/*"))


def test_a_cursor_that_was_lost_in_the_middle_of_an_intent_loses_nothing(tmp_path: Path, store: RunningStore) -> None:
    """Some tables have the intent's rows and some do not: each batch is completed, none is doubled."""
    expected = sent(tmp_path)
    expected.send(10)
    with processor(store) as running:
        wait_done(running, tmp_path / "data")
    for table in ("counters", "ledger"):
        store.writer().command(f"ALTER TABLE {table} DELETE WHERE 1 SETTINGS mutations_sync = 2")
    store.writer().command(
        "ALTER TABLE inventory DELETE WHERE sequence IN (3, 4, 10) SETTINGS mutations_sync = 2",
    )
    path = tmp_path / "data" / "processor" / "spool.json"
    path.write_text("{ half a fi")
    with processor(store) as running:
        wait_done(running, tmp_path / "data")
        assert "the cursor's file is damaged" in running.log.read_text()
    assert_stored_once(store, expected.rows)
    assert ask(store, "SELECT sum(rx_bytes) AS bytes FROM counters")[0]["bytes"] == 10 * 15_000


def test_rows_that_are_older_than_their_table_keeps_them_do_not_stop_the_source(
    tmp_path: Path, store: RunningStore
) -> None:
    """After days of outage a try with an unknown outcome cannot be counted; what is younger is stored all the same."""
    young = time.time_ns() - 10 * SECOND
    then = ManualClock(young - 5 * DAY)
    for clock, batch in (
        (then, batch_of(COUNTERS, sweep(then.now_ns() - 10 * SECOND))),
        (SystemClock(), batch_of(EVENTS, [{"time": young, "event": "after_the_outage", "event_count": 1}])),
    ):
        writer = open_spool(tmp_path / "data", clock)
        writer.append([batch])
        writer.commit()
        writer.close()
    # Without a state file every batch may have been tried, so each is counted before it is inserted.
    (tmp_path / "data" / "processor").mkdir(exist_ok=True)
    (tmp_path / "data" / "processor" / "spool.json").write_text("{ half a fi", encoding="utf-8")
    with processor(store) as running:
        wait_done(running, tmp_path / "data")
    assert ask(store, "SELECT count() AS n FROM events WHERE event = 'after_the_outage'")[0]["n"] == 1


def test_the_store_away_for_a_while_delays_rows_and_loses_none(tables: Path, tmp_path: Path) -> None:
    """One line when it goes, one when it is back; readiness follows; rows wait in the spool."""
    with running_store(tmp_path / "data", tables=tables) as first:
        expected = sent(tmp_path)
        with processor(first) as running:
            expected.send(3)
            wait_done(running, tmp_path / "data")
            first.process.terminate()
            first.process.wait(20)
            expected.send(20)
            until("the processor notices", lambda: "they wait in the spool" in running.log.read_text(), 20)
            port = int(first.url.rpartition(":")[2])
            with running_store(tmp_path / "data", port=port) as second:
                wait_done(running, tmp_path / "data")
                assert running.log.read_text().count("they wait in the spool") == 1
                assert running.log.read_text().count("the store takes rows again") == 1
                assert_exact(second, expected)


def test_a_store_killed_again_and_again_ends_with_every_row_once(tables: Path, tmp_path: Path) -> None:
    """Kill -9 of the store while the processor inserts."""
    kills_of_the_store(tables, tmp_path, 2)


@pytest.mark.soak
def test_a_store_killed_fifteen_times_ends_with_every_row_once(tables: Path, tmp_path: Path) -> None:
    """The same, longer."""
    kills_of_the_store(tables, tmp_path, 15)


def kills_of_the_store(tables: Path, tmp_path: Path, rounds: int) -> None:
    expected = sent(tmp_path)
    port: int | None = None
    for _ in range(rounds):
        with running_store(tmp_path / "data", port=port, tables=tables) as store:
            port = int(store.url.rpartition(":")[2])
            with processor(store):
                before = state_of(tmp_path / "data").get("number", 0)

                def moves(before: int = before) -> bool:
                    expected.send(1)
                    return state_of(tmp_path / "data").get("number", 0) >= before + 2

                until("the processor opens intents", moves, 30)
                store.process.send_signal(signal.SIGKILL)
                store.process.wait(20)
                expected.send(1)
    with running_store(tmp_path / "data", port=port) as store, processor(store) as running:
        wait_done(running, tmp_path / "data")
        assert_exact(store, expected)


def test_the_hole_in_the_deduplication_log_loses_nothing(tables: Path, tmp_path: Path) -> None:
    """Killed between writing the token and the part, the engine takes a retry for a duplicate; the count finds out.

    The k-th rename after the store was traced is one that puts a part of the intent into place.
    """
    logs = [store_killed_at_rename(tables, tmp_path / str(when), when) for when in (1, 2, 3)]
    assert any("knew a token without having its rows" in log for log in logs), "the hole was never hit"


def store_killed_at_rename(tables: Path, folder: Path, when: int) -> str:
    strace = need_strace()
    folder.mkdir()
    expected = sent(folder)
    with running_store(folder / "data", tables=tables) as store:
        port = int(store.url.rpartition(":")[2])
        with processor(store) as running:
            expected.send(2)
            wait_done(running, folder / "data")
        expected.send(3)
        tracer = attach(strace, store.process.pid, when)
        try:
            with processor(store) as running:
                until("the store is killed at the rename", lambda: store.process.poll() is not None, 30)
                with running_store(folder / "data", port=port) as again:
                    wait_done(running, folder / "data")
                    assert_exact(again, expected)
        finally:
            tracer.wait(20)
    return running.log.read_text()


def attach(strace: str, pid: int, when: int):
    inject = f"inject=rename,renameat,renameat2:signal=KILL:when={when}"
    tracer = subprocess.Popen(
        [strace, "-f", "-qq", "-o", "/dev/null", "-e", "trace=rename,renameat,renameat2", "-e", inject, "-p", str(pid)]
    )

    def traced() -> bool:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
        return all("TracerPid:\t0\n" not in (thread / "status").read_text() for thread in threads)

    until("strace has taken hold of every thread", traced, 20)
    return tracer


def test_a_second_processor_is_refused(tmp_path: Path, store: RunningStore) -> None:
    """Two on one data folder would insert every row twice."""
    sent(tmp_path).send(1)
    with processor(store) as running:
        wait_done(running, tmp_path / "data")
        with processor(store) as second:
            assert second.process.wait(20) == 1
    assert "another processor works on this data folder" in running.log.read_text()


def test_midnight_and_many_days_make_one_piece_a_day(tmp_path: Path, store: RunningStore) -> None:
    """A batch over a midnight is split between two partitions, and counted as one batch."""
    midnight = time.time_ns() // DAY * DAY
    rows = [*sweep(midnight - 15 * SECOND, 4), *sweep(midnight - 5 * SECOND, 4), *sweep(midnight + 5 * SECOND, 4)]
    writer = open_spool(tmp_path / "data")
    writer.append([batch_of(COUNTERS, rows), batch_of(COUNTERS, sweep(midnight + 15 * SECOND, 4))])
    writer.commit()
    with processor(store) as running:
        wait_done(running, tmp_path / "data")
    assert_stored_once(store, {"counters": 16})
    days = ask(store, "SELECT toDate(time) AS day, count() AS rows FROM counters GROUP BY day ORDER BY day")
    assert [row["rows"] for row in days] == [8, 8]
    account = ask(
        store, f"SELECT * FROM ledger WHERE stage = 'processor' AND of_stream = '{COUNTERS}' AND cause != 'late'"
    )
    assert [(row["in_rows_count"], row["out_rows_count"]) for row in account] == [(16, 16)]


def test_sigterm_ends_it_within_seconds_and_leaves_nothing_undone(tmp_path: Path, store: RunningStore) -> None:
    """Under load and with the store away alike."""
    expected = sent(tmp_path)
    expected.send(20)
    with processor(store) as running:
        until("it has begun", lambda: state_of(tmp_path / "data").get("number", 0) >= 1, 20)
        running.process.terminate()
        assert running.process.wait(5) == 0
    store.process.terminate()
    store.process.wait(20)
    expected.send(5)
    with processor(store) as running:
        until("it waits", lambda: "they wait in the spool" in running.log.read_text(), 20)
        running.process.terminate()
        assert running.process.wait(5) == 0
    port = int(store.url.rpartition(":")[2])
    with running_store(tmp_path / "data", port=port) as again, processor(again) as running:
        wait_done(running, tmp_path / "data")
        assert_exact(again, expected)
    assert done(tmp_path / "data")


def test_sigterm_ends_it_while_the_store_hangs(tmp_path: Path, store: RunningStore) -> None:
    """A store that keeps its connections and never answers holds up neither the end nor what comes after it."""
    expected = sent(tmp_path)
    expected.send(2)
    with processor(store) as running:
        wait_done(running, tmp_path / "data")
        # Else the processor may be asking for the tier when the store stops, and opens no intent.
        until("the tier is filled", lambda: ask(store, "SELECT sum(rows_count) AS n FROM counters_1m")[0]["n"] == 10)

        def hangs_in_an_intent() -> bool:
            """Where it was asking for a tier just then, it goes on and the store is stopped again."""
            store.process.send_signal(signal.SIGSTOP)
            expected.send(1)
            try:
                until("an intent is open", lambda: state_of(tmp_path / "data").get("intent") is not None, 3)
            except AssertionError:
                store.process.send_signal(signal.SIGCONT)
                return False
            return True

        try:
            until("an intent is open while the store hangs", hangs_in_an_intent, 60)
            running.process.terminate()
            assert running.process.wait(20) == 0
        finally:
            store.process.send_signal(signal.SIGCONT)
    with processor(store) as running:
        wait_done(running, tmp_path / "data")
    assert_exact(store, expected)
