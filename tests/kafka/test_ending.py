"""A processor that is told to end while a commit waits for brokers that stand still ends all the same."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ingest.kafka.group import KafkaSources
from ingest.kafka.source import KafkaSource
from ingest.processor.patience import StoppedError
from tests.kafka.making import migrate, settings_of
from tests.kafka.producing import Hosts
from tests.kafka.test_processors import Group, await_all
from tests.lab.kafka import Cluster, cluster, need_kafka
from tests.running import RunningStore, until
from viflux.clock import SystemClock
from viflux.telemetry import Health

pytestmark = pytest.mark.soak

_LONGEST_SECONDS = 15


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A broker that stands still now and then."""
    need_kafka()
    with cluster(tmp_path_factory.mktemp("still")) as made:
        yield made


def assigned(sources: KafkaSources) -> KafkaSource:
    """Return a partition that the group gave."""
    stop = threading.Event()
    found = until("a partition is assigned", lambda: sources.poll(0.1, stop).assigned or None, 30)
    assert isinstance(found[0], KafkaSource)
    return found[0]


def test_a_commit_that_nobody_answers_ends_when_the_stage_is_to_end(kafka: Cluster, tmp_path: Path) -> None:
    """The brokers stand still: the commit waits for them, and is given up when the stage is told to end."""
    assignments = kafka.settings(**{"kafka.group": f"g-{tmp_path.name}", "kafka.partitions": "1"})
    assert migrate(tmp_path / "m", assignments).returncode == 0
    stop = threading.Event()
    sources = KafkaSources(settings_of(tmp_path, assignments).kafka, Health("processor", SystemClock()), stop)
    source = assigned(sources)
    sources.commit(source, 0, "answered")
    assert sources.find(source).text == "answered"
    ended: list[type[BaseException]] = []

    def commit() -> None:
        try:
            sources.commit(source, 0, "not answered")
        except BaseException as error:  # noqa: BLE001 - it is what is looked at
            ended.append(type(error))

    committing = threading.Thread(target=commit, daemon=True)
    kafka.brokers[0].freeze()
    try:
        committing.start()
        committing.join(1)
        assert committing.is_alive()
        stop.set()
        committing.join(_LONGEST_SECONDS)
        assert ended == [StoppedError]
        leaving = threading.Thread(target=sources.close, daemon=True)
        leaving.start()
        leaving.join(_LONGEST_SECONDS)
        assert not leaving.is_alive()
    finally:
        kafka.brokers[0].thaw()
    until("what was begun is done", lambda: "leaving" not in {thread.name for thread in threading.enumerate()}, 60)


def test_a_processor_ends_while_its_brokers_stand_still_and_all_is_stored_once(
    kafka: Cluster, store: RunningStore, tmp_path: Path
) -> None:
    """Frozen under load, so that commits are under way; the next one takes up what the last one left."""
    assignments = kafka.settings(**{"kafka.group": f"g-{tmp_path.name}"})
    assert migrate(tmp_path / "m", assignments).returncode == 0
    hosts = Hosts(kafka, settings_of(tmp_path, assignments), 8)
    with ExitStack() as stack:
        group = Group(store, tmp_path, assignments, stack)
        first = group.join("first")
        group.await_partitions("first")
        hosts.hand_over(40)
        kafka.brokers[0].freeze()
        try:
            first.process.send_signal(signal.SIGTERM)
            assert first.process.wait(_LONGEST_SECONDS) == 0
        finally:
            kafka.brokers[0].thaw()
        group.join("second")
        await_all(store, hosts)
