"""Dead letters of a real broker's topics: kept in a compacted topic, replayed after the fix exactly once, dropped."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from confluent_kafka import Producer

from ingest.kafka.message import parts_of
from ingest.kafka.topics import deadletter_topic, topic_of
from tests.kafka.making import flags_of, migrate, settings_of, shipper, spool_of, words_of
from tests.lab.kafka import Cluster
from tests.processor.making import (
    COUNTERS,
    SECOND,
    RunningProcessor,
    ask,
    assert_stored_once,
    batch_of,
    processor,
    sweep,
)
from tests.processor.test_deadletter import deadletter
from tests.running import RunningStore, until
from tests.spool.making import need_strace
from viflux import telemetry
from viflux.paths import DataPaths
from viflux.spool import START, Entry, SpoolReader, SpoolWriter


def poisoned(writer: SpoolWriter) -> None:
    """Commit good batches around one of a newer version and one that the store refuses."""
    now = time.time_ns()
    good = batch_of(COUNTERS, sweep(now, 3))
    refused = batch_of(COUNTERS, sweep(now - SECOND, 4, rx_packets=666))
    writer.append([good, dataclasses.replace(good, version=99), refused, good])
    writer.commit()


def send_changed(cluster: Cluster, topic: str, data_dir: Path) -> None:
    """Send the first batch again with a byte turned over, and another batch under its identity."""
    reader = SpoolReader(DataPaths(data_dir).spool)
    first = next(item for item in reader.read(START) if isinstance(item, Entry))
    other = batch_of(COUNTERS, sweep(time.time_ns(), 2))
    said = first.frame.metadata
    changed = type(said)(**{**{name: getattr(said, name) for name in said.__struct_fields__}, "rows": 2})
    same = Entry(first.spool_id, dataclasses.replace(first.frame, metadata=changed, payload=other.payload), *START_END)
    producer = Producer({"bootstrap.servers": cluster.inside, "acks": "all", "partitioner": "murmur2_random"})
    for entry, flip in ((first, 1), (same, 0)):
        parts = parts_of(entry)
        value = parts.value[:-9] + bytes([parts.value[-9] ^ flip]) + parts.value[-8:]
        producer.produce(topic, value, parts.key, headers=parts.headers)
        assert producer.flush(30) == 0


START_END = (START, START)


@pytest.mark.soak
def test_poison_of_a_topic_is_kept_replayed_once_and_dropped(
    kafka: Cluster, tmp_path: Path, store: RunningStore
) -> None:
    """The rest is stored; a second reader of the poison adds no letter; a killed replay is finished by the next."""
    folder = store.settings.data_dir
    settings = kafka.settings(**{"kafka.partitions": "1"})
    known = settings_of(folder, settings).kafka
    assert migrate(folder, settings).returncode == 0
    store.writer().command("ALTER TABLE counters ADD CONSTRAINT tested CHECK rx_packets != 666")
    poisoned(spool_of(folder))
    with shipper(folder, settings) as shipping:
        shipping.await_empty()
    send_changed(kafka, topic_of(known, "counters"), folder)

    def verb(*words: str, under: tuple[str, ...] = ()) -> tuple[int, str, str]:
        done = deadletter(store, *words, *flags_of(settings), under=under)
        return done.returncode, done.stdout, done.stderr

    def listed() -> dict[str, dict]:
        return {letter["cause"]: letter for letter in map(json.loads, verb("list")[1].splitlines())}

    def work(more: Mapping[str, str]) -> AbstractContextManager[RunningProcessor]:
        return processor(store, *words_of({**settings, **more}))

    def drained() -> bool:
        return telemetry.ask(DataPaths(folder), "processor", "/drainz")[0] == 200

    with work({}) as running:
        until("all is dealt with", lambda: len(listed()) == 4 and drained(), 90)
    assert "a dead letter cannot be kept" not in running.log.read_text()
    assert_stored_once(store, {"counters": 6})
    found = listed()
    assert found.keys() == {"unknown_version", "refused", "damaged", "other_content"}
    assert found["refused"]["name"].startswith(f"{topic_of(known, 'counters')}-0-2-")
    code, text, _ = verb("show", found["damaged"]["name"], "--format", "table")
    assert (code, "checksum" in text, "56 46 42 31" in text) == (0, True, True)
    before = len(kafka.messages(deadletter_topic(known)))
    with work({"kafka.group": "another"}):
        until("all is dealt with again", drained, 90)
    assert len(kafka.messages(deadletter_topic(known))) == before
    store.writer().command("ALTER TABLE counters DROP CONSTRAINT tested")
    # Before the last send: the rows are in, and the ledger does not say so yet.
    trace = (need_strace(), "-f", "-qq", "-o", str(tmp_path / "sends"), "-e", "trace=sendto")
    assert verb("replay", found["refused"]["name"], under=(*trace, "-e", "inject=sendto:signal=KILL:when=12"))[0] != 0
    code, _, said = verb("replay", "--all")
    assert code == 1
    assert "1 letters with 4 rows replayed, 3 not" in said
    assert_stored_once(store, {"counters": 10})
    told = "SELECT sum(out_rows_count) AS n FROM ledger WHERE cause = 'replayed:refused'"
    assert ask(store, told) == [{"n": 4}]
    assert listed().keys() == {"unknown_version", "damaged", "other_content"}
    gone = [message for message in kafka.messages(deadletter_topic(known)) if message.value() is None]
    assert [message.key().decode() for message in gone] == [found["refused"]["name"]]
    assert verb("drop", "--all", "--yes")[0] == 0
    assert listed() == {}
