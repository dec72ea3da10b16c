"""Two processors of one group on real brokers: one dies or stops at a step of an intent, the other takes over."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from confluent_kafka import Producer

from ingest.kafka.message import parts_of
from ingest.kafka.topics import deadletter_topic, topic_of
from tests.kafka.making import flags_of, migrate, settings_of, spool_of
from tests.lab.kafka import Cluster
from tests.processor.making import ask
from tests.processor.rounds import KINDS, Rounds
from tests.running import ROOT, RunningStore, ended, until
from viflux import telemetry
from viflux.paths import DataPaths
from viflux.settings import Settings
from viflux.spool import Batch, Entry, Position, SpoolReader

HOSTS = 6


class Shipped:
    """Spools of some hosts, whose batches are sent to the brokers."""

    def __init__(self, folder: Path, cluster: Cluster, settings: Settings) -> None:
        self._settings = settings
        self._producer = Producer(
            {"bootstrap.servers": cluster.inside, "acks": "all", "partitioner": "murmur2_random", "linger.ms": 0}
        )
        self._folders = [folder / f"data-{n}" for n in range(HOSTS)]
        self._writers = [spool_of(data, host=f"host-{n}") for n, data in enumerate(self._folders)]
        self._cursors = [Position(0, 0)] * HOSTS

    def hand_over(self, host: int, *batches: Batch) -> None:
        """Commit batches, and send what is new in the spool."""
        self._writers[host].append(batches)
        self._writers[host].commit()
        reader = SpoolReader(DataPaths(self._folders[host]).spool)
        entries = [item for item in reader.read(self._cursors[host]) if isinstance(item, Entry)]
        self._cursors[host] = entries[-1].end
        for entry in entries:
            parts = parts_of(entry)
            self._producer.produce(
                topic_of(self._settings.kafka, entry.frame.metadata.kind),
                key=parts.key,
                value=parts.value,
                headers=parts.headers,
            )
        assert self._producer.flush(30) == 0


class Member:
    """A processor of the group."""

    def __init__(self, process: subprocess.Popen[bytes], data_dir: Path, log: Path) -> None:
        self.process = process
        self.data_dir = data_dir
        self.log = log

    def has_all(self) -> bool:
        """Whether everything in its partitions is stored."""
        assert self.process.poll() is None, self.log.read_text()[-3000:]
        try:
            return telemetry.ask(DataPaths(self.data_dir), "processor", "/drainz")[0] == 200
        except OSError:
            return False

    def is_stopped(self) -> bool:
        return "\nState:\tT" in Path(f"/proc/{self.process.pid}/status").read_text()


@contextmanager
def member(store: RunningStore, data_dir: Path, settings: Mapping[str, str], at: str = "") -> Iterator[Member]:
    (data_dir / "run").mkdir(parents=True)
    shutil.copy(store.settings.data_dir / "run" / "store.key", data_dir / "run" / "store.key")
    own = {"store.listen": store.settings.store.listen, "processor.linger": "20ms", **settings}
    command = [sys.executable, "-m", "tests.processor.stepping", at, "processor", "--data-dir", str(data_dir)]
    log = data_dir.with_suffix(".log")
    with log.open("ab") as stderr:
        process = subprocess.Popen([*command, *flags_of(own)], cwd=ROOT, stdin=subprocess.DEVNULL, stderr=stderr)
    with ended(process, 30):
        yield Member(process, data_dir, log)


@pytest.mark.slow
def test_a_partition_that_changes_hands_is_stored_once(kafka: Cluster, tmp_path: Path, store: RunningStore) -> None:
    """Killed between write-down and insert, killed between insert and commit, and stopped in an insert until later."""
    settings = kafka.settings(**{"kafka.partitions": "4", "kafka.group": f"g-{tmp_path.name[-20:]}"})
    assert migrate(tmp_path / "data", settings).returncode == 0
    sent = Rounds(Shipped(tmp_path, kafka, settings_of(tmp_path / "data", settings)), HOSTS)
    sent.send(3)
    with member(store, tmp_path / "first", settings, "send-counters:2:KILL") as first:
        until("killed before an insert", lambda: first.process.poll() is not None, 90)
    with member(store, tmp_path / "second", settings) as second:
        sent.send(2)
        with member(store, tmp_path / "third", settings, "sent-counters:2:KILL") as third:

            def killed() -> bool:
                sent.send(1)
                return third.process.poll() is not None

            until("killed before a commit", killed, 90)
        with member(store, tmp_path / "fourth", settings, "send-counters:2:STOP") as fourth:

            def stopped() -> bool:
                sent.send(1)
                return fourth.is_stopped()

            until("stopped in an insert", stopped, 90)
            counted = f"SELECT count() AS n FROM counters HAVING n = {sum(4 + n for n in range(HOSTS)) * sent.rounds}"
            until("its partitions were taken over and stored", lambda: bool(ask(store, counted)), 90)
            sent.send(1)
            fourth.process.send_signal(signal.SIGCONT)
            until("it is a member again", lambda: "partitions were assigned" in fourth.log.read_text(), 90)
            sent.send(2)
            until("both have stored all", lambda: fourth.has_all() and second.has_all(), 90)
        sent.send(1)
        until("the last one has stored all", lambda: second.has_all() and bool(ask(store, everything(sent))), 90)
        sent.assert_exact(store)
        assert "batches are missing" not in second.log.read_text()
    assert kafka.messages(deadletter_topic(settings_of(tmp_path / "data", settings).kafka)) == []


def everything(sent: Rounds) -> str:
    """SQL: a row where each table has the newest batch of each stream; a ledger batch may come after its grace."""
    newest = "SELECT spool_id, stream, max(sequence) AS newest FROM {} WHERE stream NOT LIKE '%.processor' GROUP BY ALL"
    streams = " UNION ALL ".join(newest.format(table) for table in KINDS)
    return f"SELECT count() AS n FROM ({streams}) WHERE newest = {sent.rounds} HAVING n = {HOSTS * len(KINDS)}"
