"""Sources of many spools that keep an offset and a kilobyte: exactly once, whoever dies and wherever."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.processor.interleaved import Hosts, committed, is_done
from tests.processor.making import COUNTERS, EVENTS, SECOND, ask, batch_of, sweep
from tests.processor.rounds import KINDS, Rounds, heartbeat
from tests.processor.test_delivery import attach
from tests.running import ROOT, RunningStore, ended, running_store, until
from tests.spool.making import need_strace


class Logged(Rounds):
    """Rounds that are published into logs of one folder."""

    hosts: Hosts

    def __init__(self, folder: Path, hosts: int = 3) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        super().__init__(Hosts(folder, hosts), hosts)

    def is_stored(self) -> bool:
        return is_done(self.folder, *KINDS)

    def assert_exact(self, store: RunningStore) -> None:
        super().assert_exact(store)
        assert not list((self.folder / "deadletter").glob("*"))


@contextmanager
def processing(
    store: RunningStore, sent: Logged, *assignments: str, at: str = "", kinds: Sequence[str] = KINDS, most: int = 1024
) -> Iterator[subprocess.Popen[bytes]]:
    every = [f"store.listen={store.settings.store.listen}", "processor.linger=20ms", *assignments]
    flags = [flag for assignment in every for flag in ("--set", assignment)]
    command = [sys.executable, "-m", "tests.processor.interleaved", str(sent.folder), str(store.settings.data_dir)]
    options = ["--at", at, "--most-bytes", str(most)]
    with (sent.folder / "log.txt").open("ab") as log:
        process = subprocess.Popen([*command, ",".join(kinds), *flags, *options], cwd=ROOT, stderr=log)
    with ended(process, 20):
        yield process


def log_of(sent: Logged) -> str:
    return (sent.folder / "log.txt").read_text()


def wait_stored(process: subprocess.Popen[bytes], sent: Logged) -> None:
    def stored() -> bool:
        assert process.poll() is None, log_of(sent)[-3000:]
        return sent.is_stored()

    until("all logs are stored", stored, 60)


# After the write-down, before and after a send, before the cursor moves: of data and of own rows.
DEATHS = [
    "open-counters:1",
    "send-counters:1",
    "sent-counters:2",
    "confirm-counters:1",
    "sent-ledger:1",
    "open-events:1",
    "sent-events:1",
    "open-ledger:1",
    "sent-ledger:4",
    "confirm-ledger:1",
]


def test_killed_at_each_step_with_a_producer_that_repeats(tmp_path: Path, store: RunningStore) -> None:
    """Each life finds only an offset and a short text, and ends at another step; what comes twice is dropped."""
    sent = Logged(tmp_path / "logs")
    for step in DEATHS:
        sent.send()
        with processing(store, sent, at=f"{step}:KILL") as process:
            until(f"killed at {step}", lambda process=process: process.poll() is not None, 60)
        for kind in KINDS:
            sent.hosts.repeat(kind, 4)
    with processing(store, sent) as process:
        wait_stored(process, sent)
    sent.assert_exact(store)
    assert "batches are missing" not in log_of(sent)


def test_an_intent_that_would_say_too_much_is_cut(tmp_path: Path, store: RunningStore) -> None:
    """What is written down stays within its bytes, at the price of smaller intents."""
    sent = Logged(tmp_path / "logs")
    sent.send(4)
    with processing(store, sent) as process:
        wait_stored(process, sent)
        intents = ask(store, "SELECT max(sequence) AS n FROM ledger WHERE stream = 'ledger.processor'")[0]["n"]
    for kind in KINDS:
        sent.hosts.repeat(kind, 12)
    sent.send()
    with processing(store, sent, most=100) as process:
        wait_stored(process, sent)
    sent.assert_exact(store)
    after = ask(store, "SELECT max(sequence) AS n FROM ledger WHERE stream = 'ledger.processor'")[0]["n"]
    assert after > intents
    assert max(len(committed(sent.folder, kind)[1]) for kind in KINDS) <= 100


def test_one_that_was_stopped_in_an_insert_doubles_nothing(tmp_path: Path, store: RunningStore) -> None:
    """It goes on when its partition was taken over, the intent finished and more stored: its insert meets its token."""
    sent = Logged(tmp_path / "logs")
    sent.send(2)
    for step in ("send-counters:1", "open-events:1", "sent-ledger:1"):
        with processing(store, sent, at=f"{step}:STOP") as first:
            until("it has stopped", lambda first=first: is_stopped(first.pid), 60)
            with processing(store, sent) as second:
                wait_stored(second, sent)
                sent.send(1)
                wait_stored(second, sent)
                first.send_signal(signal.SIGCONT)
                until("it has seen that it owns nothing", lambda first=first: first.poll() is not None, 60)
        sent.send(1)
    with processing(store, sent) as last:
        wait_stored(last, sent)
    sent.assert_exact(store)
    assert "taken over by another processor" in log_of(sent)


def is_stopped(pid: int) -> bool:
    return "\nState:\tT" in Path(f"/proc/{pid}/status").read_text()


def test_an_intent_is_resumed_with_the_limits_that_it_was_opened_with(tmp_path: Path, store: RunningStore) -> None:
    """An upgrade with larger or smaller pieces does not move the borders of pieces that may be there."""
    sent = Logged(tmp_path / "logs")
    sent.send(12)
    for most, step in ((7, "sent-counters:2"), (1000, "send-counters:1"), (20, "sent-counters:1")):
        with processing(store, sent, f"processor.max_piece_rows={most}", at=f"{step}:KILL") as process:
            until("killed in the middle of its pieces", lambda process=process: process.poll() is not None, 60)
        sent.send(12)
    with processing(store, sent) as process:
        wait_stored(process, sent)
    sent.assert_exact(store)


def test_the_store_killed_while_a_piece_is_put_into_place(tables: Path, tmp_path: Path) -> None:
    """Between the token and the part the engine dies; the count finds it out for many spools as for one."""
    strace = need_strace()
    for when in (1, 2, 3):
        sent = Logged(tmp_path / str(when) / "logs")
        with running_store(tmp_path / str(when) / "data", tables=tables) as store:
            port = int(store.url.rpartition(":")[2])
            sent.send(2)
            with processing(store, sent) as process:
                wait_stored(process, sent)
            sent.send(2)
            tracer = attach(strace, store.process.pid, when)
            try:
                with processing(store, sent) as process:
                    until("the store is killed", lambda store=store: store.process.poll() is not None, 60)
                    with running_store(tmp_path / str(when) / "data", port=port) as again:
                        wait_stored(process, sent)
                        sent.assert_exact(again)
            finally:
                tracer.wait(20)


def test_a_source_that_stands_still_holds_up_no_other(tmp_path: Path, store: RunningStore) -> None:
    """A piece that is there in part stops its own log, and says so; the others go on; so does it when all is right."""
    sent = Logged(tmp_path / "logs")
    sent.send(2)
    with processing(store, sent, at="confirm-counters:1:KILL") as process:
        until("killed before the cursor moved", lambda: process.poll() is not None, 60)
    store.writer().command("ALTER TABLE counters DELETE WHERE vif_id = 1 SETTINGS mutations_sync = 2")
    sent.send(2)
    with processing(store, sent) as process:
        until("the alarm", lambda: "has a piece in part" in log_of(sent), 60)
        until("the others are stored", lambda: is_done(sent.folder, "events"), 60)
        assert not is_done(sent.folder, "counters")
    store.writer().command("ALTER TABLE counters DELETE WHERE 1 SETTINGS mutations_sync = 2")
    with processing(store, sent) as process:
        wait_stored(process, sent)
    assert ask(store, "SELECT count() AS n FROM counters")[0]["n"] == 4 * (4 + 5 + 6)


def test_a_watermark_waits_for_the_batches_that_it_covers(tmp_path: Path, store: RunningStore) -> None:
    """A ledger batch of another log is held until they are stored; what never comes is waited for only so long."""
    sent = Logged(tmp_path / "logs", hosts=2)
    sent.send(1)
    start = sent.start_ns + 10 * SECOND
    kept = sent.hosts.hand_over(
        0, batch_of(COUNTERS, sweep(start, 4)), heartbeat(start + SECOND, 2), held_back=("counters",)
    )
    mark = "SELECT max(watermark_time) AS latest FROM ledger WHERE stage = 'processor' AND host = 'host-0'"
    with processing(store, sent, "window.grace=600s") as process:
        until("the first round is stored", lambda: committed(sent.folder, "ledger")[0] == 2, 60)
        sent.hosts.hand_over(1, batch_of(EVENTS, [{"time": start, "event": "tested", "event_count": 1}]))
        until("another log went on", lambda: is_done(sent.folder, "events", "counters"), 60)
        before = ask(store, mark)[0]["latest"]
        assert not is_done(sent.folder, "ledger")
        sent.hosts.publish(kept)
        wait_stored(process, sent)
        assert ask(store, mark)[0]["latest"] > before
    # The lane of the counters is another process's now: what it has done is asked of the store.
    sent.hosts.hand_over(0, batch_of(COUNTERS, sweep(start + SECOND, 4)), heartbeat(start + 2 * SECOND, 3))
    with processing(store, sent, "window.grace=600s", kinds=["counters"]) as process:
        until("the counters are stored", lambda: is_done(sent.folder, "counters"), 60)
    with processing(store, sent, "window.grace=600s", kinds=["events", "ledger"]) as process:
        wait_stored(process, sent)
    # And a batch that was lost on its way is waited for until the grace is over.
    sent.hosts.hand_over(0, heartbeat(start + 3 * SECOND, 4))
    with processing(store, sent, "window.grace=2s") as process:
        wait_stored(process, sent)
    assert log_of(sent).count("batches that it covers have not come") == 1
