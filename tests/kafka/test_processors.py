"""Processors of one group: they share the partitions, come, go and die, and every row is stored once."""

from __future__ import annotations

import shutil
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from confluent_kafka import TopicPartition

from ingest.kafka.message import item_of
from ingest.kafka.topics import all_topics
from tests.kafka.making import migrate, settings_of, words_of
from tests.kafka.producing import Hosts
from tests.lab.kafka import Cluster, cluster, need_kafka
from tests.processor.making import RunningProcessor, ask, processor
from tests.running import RunningStore, running_store, until
from viflux.paths import DataPaths
from viflux.spool import Entry
from viflux.telemetry import ask as ask_stage

pytestmark = pytest.mark.slow


@pytest.fixture
def store(tables: Path, tmp_path: Path) -> Iterator[RunningStore]:
    with running_store(tmp_path / "store", tables=tables) as made:
        yield made


class Group:
    """Processors of one group, each with a folder of its own as on a host of its own."""

    def __init__(self, store: RunningStore, folder: Path, settings: dict[str, str], stack: ExitStack) -> None:
        self._store = store
        self._folder = folder
        self._words = words_of(settings)
        self._stack = stack

    def join(self, name: str) -> RunningProcessor:
        """Start a processor."""
        folder = self._folder / name
        if not folder.exists():
            run = DataPaths(folder).run
            run.mkdir(parents=True)
            shutil.copy(DataPaths(self._store.settings.data_dir).store_key, run / "store.key")
        return self._stack.enter_context(processor(self._store, *self._words, data_dir=folder))

    def partitions(self, name: str) -> int:
        """How many partitions a processor works on."""
        status, text = ask_stage(DataPaths(self._folder / name), "processor", "/metrics")
        if status != 200:
            return 0
        found = [line.split()[1] for line in text.splitlines() if line.startswith("viflux_processor_sources ")]
        return int(float(found[0])) if found else 0

    def await_partitions(self, name: str, wanted: int | None = None, seconds: float = 60) -> None:
        """Wait until a processor has so many partitions, or any."""

        def has() -> bool:
            now = self.partitions(name)
            return now == wanted if wanted else now > 0

        until(f"{name} has {wanted or 'some'} partitions", has, seconds)


def stored(store: RunningStore, kind: str) -> Counter[tuple[str, str, int]]:
    """Rows of each batch that the table has."""
    rows = ask(
        store,
        f"SELECT spool_id, stream, sequence, count() AS rows FROM {kind} WHERE stream NOT LIKE '%.processor' "
        "GROUP BY spool_id, stream, sequence",
    )
    return Counter({(str(row["spool_id"]), str(row["stream"]), int(row["sequence"])): int(row["rows"]) for row in rows})


def await_all(store: RunningStore, hosts: Hosts, seconds: float = 90) -> None:
    """Wait until all that was produced is stored, once."""
    for kind, wanted in hosts.rows.items():
        total = sum(wanted.values())
        try:
            until(
                f"all rows of {kind} are stored",
                lambda kind=kind, total=total: int(ask(store, f"SELECT count() AS n FROM {kind}")[0]["n"]) >= total,  # type: ignore[misc]
                seconds,
            )
        finally:
            found = stored(store, kind)
            assert not {key: (found[key], rows) for key, rows in wanted.items() if found[key] > rows}, "doubled"
        assert found == wanted


def test_processors_share_partitions_and_come_and_go_without_loss_or_double(
    kafka: Cluster, store: RunningStore, tmp_path: Path
) -> None:
    """One scales up to two and three, one is killed, one ends: all rows of all hosts are stored once."""
    assignments = kafka.settings(**{"kafka.group": f"g-{tmp_path.name}"})
    assert migrate(tmp_path / "m", assignments).returncode == 0
    topics = len(all_topics(settings_of(tmp_path, assignments).kafka))
    hosts = Hosts(kafka, settings_of(tmp_path, assignments), 12)
    with ExitStack() as stack:
        group = Group(store, tmp_path, assignments, stack)
        first = group.join("first")
        hosts.hand_over(5)
        group.await_partitions("first", 4 * topics)
        group.join("second")
        hosts.hand_over(5)
        group.await_partitions("second", 2 * topics)
        group.await_partitions("first", 2 * topics)
        hosts.hand_over(5)
        first.kill()
        hosts.hand_over(5)
        third = group.join("third")
        hosts.hand_over(5)
        group.await_partitions("third", 2 * topics)
        third.process.terminate()
        hosts.hand_over(5)
        assert third.process.wait(20) == 0
        group.await_partitions("second", 4 * topics)
        await_all(store, hosts)


@pytest.mark.soak
def test_a_frozen_processor_is_replaced_and_doubles_nothing_when_it_goes_on(
    kafka: Cluster, store: RunningStore, tmp_path: Path
) -> None:
    """Stopped in the middle of its work, it loses its partitions; awake again it is refused, and joins anew."""
    assignments = kafka.settings(**{"kafka.group": f"g-{tmp_path.name}"})
    assert migrate(tmp_path / "m", assignments).returncode == 0
    topics = len(all_topics(settings_of(tmp_path, assignments).kafka))
    hosts = Hosts(kafka, settings_of(tmp_path, assignments), 6, seed=2)
    with ExitStack() as stack:
        group = Group(store, tmp_path, assignments, stack)
        first = group.join("first")
        group.await_partitions("first", 4 * topics)
        hosts.hand_over(4)
        until("it has begun", lambda: stored(store, "counters"), 30)
        first.process.send_signal(signal.SIGSTOP)
        try:
            hosts.hand_over(4)
            group.join("second")
            group.await_partitions("second", 4 * topics)
            await_all(store, hosts)
        finally:
            first.process.send_signal(signal.SIGCONT)
        hosts.hand_over(4)
        group.await_partitions("first", 2 * topics)
        await_all(store, hosts)


@pytest.mark.soak
def test_what_the_topics_delete_too_early_is_told_and_counted(
    kafka: Cluster, store: RunningStore, tmp_path: Path
) -> None:
    """Batches that were deleted before anyone read them are missing in the ledger; what is left is stored."""
    assignments = kafka.settings(**{"kafka.group": f"g-{tmp_path.name}", "kafka.partitions": "1"})
    assert migrate(tmp_path / "m", assignments).returncode == 0
    settings = settings_of(tmp_path, assignments)
    hosts = Hosts(kafka, settings, 1, seed=3)
    with ExitStack() as stack:
        group = Group(store, tmp_path, assignments, stack)
        first = group.join("first")
        group.await_partitions("first")
        hosts.hand_over(3)
        await_all(store, hosts)
        first.process.terminate()
        assert first.process.wait(20) == 0
        before = len(kafka.messages(all_topics(settings.kafka)["counters"]))
        hosts.hand_over(4)
        place = TopicPartition(all_topics(settings.kafka)["counters"], 0, before + 2)
        kafka.admin.delete_records([place])[place].result(20)
        gone = before + 2
        left = {
            item.frame.metadata.sequence
            for item in map(item_of, kafka.messages(place.topic))
            if isinstance(item, Entry) and item.start.offset >= gone
        }
        again = group.join("first")
        until("the newest batch is stored", lambda: (7 in {key[2] for key in stored(store, "counters")}) or None, 60)
        found = {key[2] for key in stored(store, "counters")}
        assert found == {1, 2, 3, *left}
        lost = (
            "SELECT sum(lost_batches_count) AS n FROM ledger "
            "WHERE stage = 'processor' AND of_stream = 'counters.netlink'"
        )
        until("the loss is told", lambda: int(ask(store, lost)[0]["n"]) == 7 - len(found), 30)
        assert "kept its batches for too short a time" in again.log.read_text(encoding="utf-8")


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_three_brokers_one_killed_at_peak_lose_nothing(store: RunningStore, tmp_path: Path) -> None:
    """Of three brokers each is killed once while batches pour in; two processors store all of them once."""
    need_kafka()
    with cluster(tmp_path / "kafka", 3) as kafka, ExitStack() as stack:
        assignments = kafka.settings()
        assert migrate(tmp_path / "m", assignments).returncode == 0
        hosts = Hosts(kafka, settings_of(tmp_path, assignments), 20)
        group = Group(store, tmp_path, assignments, stack)
        group.join("first")
        group.join("second")
        for broker in kafka.brokers:
            hosts.hand_over(10)
            broker.kill()
            hosts.hand_over(20)
            kafka.start()
            hosts.hand_over(10)
        await_all(store, hosts, 300)
