"""The shipper against real brokers: everything arrives, whatever is killed, and each fault is told in one line."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType

from ingest.kafka.topics import all_topics
from tests.kafka.making import Identity, fill, in_topics, migrate, settings_of, shipper, spool_of
from tests.lab.kafka import Cluster, cluster, need_kafka
from tests.running import wait_for
from viflux.spool import Batch

STREAMS = ("inventory.netlink", "counters.netlink", "ledger.agent")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def fragile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A broker that may be harmed; whoever does that makes it whole again."""
    need_kafka()
    with cluster(tmp_path_factory.mktemp("fragile")) as made:
        yield made


def topics_of(kafka: Cluster, tmp_path: Path, **more: str) -> dict[str, str]:
    settings = kafka.settings(**more)
    done = migrate(tmp_path / "data", settings)
    assert done.returncode == 0, done.stderr
    return settings


def arrived(kafka: Cluster, settings: dict[str, str], tmp_path: Path) -> dict[Identity, int]:
    return in_topics(kafka, settings_of(tmp_path / "data", settings))


def test_everything_in_the_spool_arrives_once_and_in_order(kafka: Cluster, tmp_path: Path) -> None:
    """Without faults each batch is in its kind's topic once, a host's in one partition, in the spool's order."""
    settings = topics_of(kafka, tmp_path)
    spool = spool_of(tmp_path / "data")
    made = fill(spool, 10, streams=STREAMS)
    with shipper(tmp_path / "data", settings) as running:
        running.await_empty()
        running.await_ready()
        made |= fill(spool, 10, streams=STREAMS)
        running.await_empty()
        assert "wait" not in running.lines()
    assert arrived(kafka, settings, tmp_path) == dict.fromkeys(made, 1)
    spool.close()


def test_killed_brokers_and_shippers_lose_nothing(fragile: Cluster, tmp_path: Path) -> None:
    """The broker is away at the start, killed under load, and the shipper is killed twice: all is there."""
    settings = topics_of(fragile, tmp_path)
    [broker] = fragile.brokers
    broker.kill()
    spool = spool_of(tmp_path / "data")
    made = fill(spool, 20, streams=STREAMS)
    with shipper(tmp_path / "data", settings) as running:
        reason = running.await_reason("no broker of kafka.brokers")
        assert "refused" in reason
        fragile.start()
        running.await_empty()
        running.await_ready()
        assert running.lines().count("the brokers do not take batches") == 1
        assert running.lines().count("the brokers take batches again") == 1
    for _ in range(2):
        with shipper(tmp_path / "data", settings) as running:
            made |= fill(spool, 15, streams=STREAMS, size=20_000)
            running.kill()
    with shipper(tmp_path / "data", settings) as running:
        made |= fill(spool, 20, streams=STREAMS, size=20_000)
        broker.kill()
        made |= fill(spool, 20, streams=STREAMS, size=20_000)
        fragile.start()
        running.await_empty()
    assert set(arrived(fragile, settings, tmp_path)) == made
    spool.close()


@pytest.mark.soak
def test_a_broker_that_stands_still_is_told_and_waited_for(fragile: Cluster, tmp_path: Path) -> None:
    """With the broker stopped in its tracks nothing is acknowledged; it goes on, and each batch is there once."""
    settings = topics_of(fragile, tmp_path)
    spool = spool_of(tmp_path / "data")
    [broker] = fragile.brokers
    with shipper(tmp_path / "data", settings) as running:
        running.await_ready()
        broker.freeze()
        try:
            made = fill(spool, 5, streams=STREAMS)
            running.await_reason("no batch was acknowledged for 1")
        finally:
            broker.thaw()
        running.await_empty()
        running.await_ready()
    assert arrived(fragile, settings, tmp_path) == dict.fromkeys(made, 1)
    spool.close()


@pytest.mark.soak
def test_missing_and_deleted_topics_are_told(kafka: Cluster, tmp_path: Path) -> None:
    """Before `viflux migrate`, and after somebody deleted a topic, it says which one is not there; then goes on."""
    settings = kafka.settings()
    spool = spool_of(tmp_path / "data")
    made = fill(spool, 3)
    counters = f"{settings['kafka.topic_prefix']}.counters.v1"
    with shipper(tmp_path / "data", settings) as running:
        running.await_reason("is not there; `viflux migrate` makes it")
        assert migrate(tmp_path / "data", settings).returncode == 0
        running.await_empty()
        assert set(arrived(kafka, settings, tmp_path)) == made
        kafka.admin.delete_topics([counters], operation_timeout=10)[counters].result(20)
        wait_for("the topic is gone", lambda: counters not in kafka.admin.list_topics(timeout=5).topics)
        after = fill(spool, 3)
        running.await_reason(f"topic {counters} is not there", 60)
        assert migrate(tmp_path / "data", settings).returncode == 0
        running.await_empty()
        assert set(arrived(kafka, settings, tmp_path)) == after
    spool.close()


def test_a_topic_that_takes_only_small_messages_is_told(kafka: Cluster, tmp_path: Path) -> None:
    """A batch larger than the topic takes waits, with the setting to change in one line; then it goes on."""
    settings = topics_of(kafka, tmp_path)
    counters = all_topics(settings_of(tmp_path, settings).kafka)["counters"]
    limit(kafka, counters, 2_000)
    spool = spool_of(tmp_path / "data")
    handed_over = 0

    def is_told() -> bool:
        # Brokers apply a topic's new setting some time after they have said yes to it.
        nonlocal handed_over
        if running.is_empty():
            # Text of no pattern, which compression leaves large.
            spool.append([Batch("counters.netlink", "counters", 1, 1, 1, 2, os.urandom(50_000))])
            spool.commit()
            handed_over += 1
        status, text = running.readiness()
        return status != 200 and "set its max.message.bytes" in text

    with shipper(tmp_path / "data", settings) as running:
        wait_for("the topic's limit is told", is_told, 90)
        limit(kafka, counters, 1_179_648)
        running.await_empty()
    assert len(arrived(kafka, settings, tmp_path)) == handed_over
    spool.close()


def limit(kafka: Cluster, topic: str, size: int) -> None:
    entry = ConfigEntry("max.message.bytes", str(size), incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
    for future in kafka.admin.incremental_alter_configs([resource]).values():
        future.result(10)


@pytest.mark.soak
def test_what_the_bound_evicts_is_told_and_nothing_else_is_missing(fragile: Cluster, tmp_path: Path) -> None:
    """With the broker away and a small spool, every batch has arrived or is named as evicted, and none is both."""
    settings = topics_of(fragile, tmp_path, **{"spool.max_bytes": "1MiB", "spool.segment_bytes": "64KiB"})
    [broker] = fragile.brokers
    spool = spool_of(tmp_path / "data", max_bytes=1 << 20, segment_bytes=64 << 10)
    with shipper(tmp_path / "data", settings) as running:
        made = fill(spool, 3, size=20_000)
        running.await_empty()
        broker.kill()
        made |= fill(spool, 100, size=20_000)
        running.await_reason("no broker of kafka.brokers")
        lost = sum(loss.batches for loss in spool.losses())
        fragile.start()
        running.await_empty()
    assert lost > 0
    assert lost == sum(loss.batches for loss in spool.losses())
    found = arrived(fragile, settings, tmp_path)
    assert set(found) <= made
    assert len(found) == len(made) - lost
    spool.close()


def test_damaged_bytes_go_to_the_dead_letters(kafka: Cluster, tmp_path: Path) -> None:
    """A frame that was damaged on the disk is parked with its bytes and holds up none of those behind it."""
    settings = topics_of(kafka, tmp_path)
    spool = spool_of(tmp_path / "data")
    made = fill(spool, 5)
    [segment] = (tmp_path / "data/spool").glob("*.segment")
    data = bytearray(segment.read_bytes())
    at = data.index(b"counters.netlink 2 counters.netlink 2 ")
    data[at + 3] ^= 0xFF
    segment.write_bytes(data)
    with shipper(tmp_path / "data", settings) as running:
        running.await_empty()
    assert {identity[2] for identity in made - set(arrived(kafka, settings, tmp_path))} == {3}
    [letter] = (tmp_path / "data/deadletter").glob("*.frame")
    assert b"counters.netlink 2 " in letter.read_bytes()
    spool.close()


@pytest.mark.soak
def test_it_ends_soon_whatever_the_broker_does(fragile: Cluster, tmp_path: Path) -> None:
    """SIGTERM ends it within seconds, with the broker there and with the broker stopped in its tracks."""
    settings = topics_of(fragile, tmp_path)
    spool = spool_of(tmp_path / "data")
    [broker] = fragile.brokers
    with shipper(tmp_path / "data", settings) as running:
        running.await_ready()
        broker.freeze()
        try:
            fill(spool, 3)
            running.process.send_signal(signal.SIGTERM)
            assert running.process.wait(15) == 0
        finally:
            broker.thaw()
    spool.close()
