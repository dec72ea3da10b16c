"""The topics: made alike, checked where they are there, and refused where they would lose or disorder batches."""

from __future__ import annotations

from pathlib import Path

from confluent_kafka.admin import ConfigResource, NewTopic, ResourceType

from ingest.kafka.topics import all_topics
from tests.kafka.making import migrate, settings_of
from tests.lab.kafka import Cluster
from tests.lab.kafka.cluster import free_ports
from tests.running import wait_for


def make(kafka: Cluster, name: str, partitions: int, **config: str) -> None:
    topic = NewTopic(name, partitions, 1, config={key.replace("_", "."): value for key, value in config.items()})
    for future in kafka.admin.create_topics([topic], operation_timeout=10).values():
        future.result(20)
    wait_for("the topic is known", lambda: name in kafka.admin.list_topics(timeout=5).topics)


def test_missing_topics_are_made_alike(kafka: Cluster, tmp_path: Path) -> None:
    """All kinds get a topic with the same partitions and what keeps batches safe; a second run changes nothing."""
    settings = kafka.settings(**{"kafka.partitions": "3", "kafka.retention": "2h"})
    done = migrate(tmp_path, settings)
    assert done.returncode == 0, done.stderr
    names = list(all_topics(settings_of(tmp_path, settings).kafka).values())
    found = kafka.admin.list_topics(timeout=10).topics
    assert {name: len(found[name].partitions) for name in names} == dict.fromkeys(names, 3)
    resources = [ConfigResource(ResourceType.TOPIC, name) for name in names]
    for future in kafka.admin.describe_configs(resources).values():
        said = {key: entry.value for key, entry in future.result(10).items()}
        assert said["retention.ms"] == "7200000"
        assert said["cleanup.policy"] == "delete"
        assert said["message.timestamp.type"] == "LogAppendTime"
        assert int(said["max.message.bytes"]) > 1 << 20
        assert said["min.insync.replicas"] == "1"
    letters = f"{settings['kafka.topic_prefix']}.deadletter.v1"
    assert len(found[letters].partitions) == 1
    [future] = kafka.admin.describe_configs([ConfigResource(ResourceType.TOPIC, letters)]).values()
    assert future.result(10)["cleanup.policy"].value == "compact"
    again = migrate(tmp_path, settings)
    assert again.returncode == 0
    assert "the topics are there, with 3 partitions each" in again.stderr


def test_missing_ones_follow_those_that_are_there(kafka: Cluster, tmp_path: Path) -> None:
    """Where somebody made one topic, the others get its number of partitions, not the setting's."""
    settings = kafka.settings()
    make(kafka, f"{settings['kafka.topic_prefix']}.flows.v1", 7)
    done = migrate(tmp_path, settings)
    assert "with 7 partitions" in done.stderr
    counts = {
        len(kafka.admin.list_topics(timeout=10).topics[name].partitions)
        for name in all_topics(settings_of(tmp_path, settings).kafka).values()
    }
    assert counts == {7}


def test_topics_that_do_not_fit_are_refused_in_one_line(kafka: Cluster, tmp_path: Path) -> None:
    """Other numbers of partitions, compaction and a small limit are each one line that says what to do."""
    cases = [
        ([("flows", 4, {}), ("counters", 6, {})], ["has 4 partitions", "has 6", "give"]),
        ([("flows", 4, {"cleanup_policy": "compact"})], ["is compacted", "cleanup.policy to delete"]),
        ([("deadletter", 1, {"cleanup_policy": "delete"})], ["deletes dead letters", "set it to compact"]),
        ([("flows", 4, {"max_message_bytes": "1000000"})], ["takes 1000000 bytes", "max.message.bytes"]),
    ]
    for topics, parts in cases:
        settings = kafka.settings()
        for kind, partitions, config in topics:
            make(kafka, f"{settings['kafka.topic_prefix']}.{kind}.v1", partitions, **config)
        done = migrate(tmp_path, settings)
        assert done.returncode == 1
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr
        assert all(part in done.stderr for part in parts), done.stderr


def test_brokers_that_are_away_are_one_line(kafka: Cluster, tmp_path: Path) -> None:
    """Nobody at the address: exit code 1, the address and the system's own words."""
    [port] = free_ports(1)
    done = migrate(tmp_path, {"kafka.brokers": f"127.0.0.1:{port}"})
    assert done.returncode == 1
    assert done.stderr.startswith(f"viflux: no broker of kafka.brokers (127.0.0.1:{port}) answers:"), done.stderr
    assert "refused" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
