"""Batches of many hosts, straight into the topics as their shippers would send them."""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass, field

from confluent_kafka import Producer

from ingest.kafka.message import parts_of, position_of
from ingest.kafka.topics import topic_of
from tests.kafka.making import Identity
from tests.lab.kafka import Cluster
from tests.processor.making import COUNTERS, FLOWS, SECOND, batch_of, heartbeat, sweep
from viflux import frame
from viflux.frame import Batch, Metadata
from viflux.settings import Settings
from viflux.spool import Entry

VIFS = 5


@dataclass
class Hosts:
    """Hosts that hand over a sweep, flows and a heartbeat each time.

    Attributes:
        rows: How many rows of which batch were produced.
    """

    kafka: Cluster
    settings: Settings
    count: int
    seed: int = 1
    rows: dict[str, Counter[Identity]] = field(default_factory=lambda: {"counters": Counter(), "flows": Counter()})
    _next: dict[tuple[int, str], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - not a secret
        # A tenth as in life, all in one second, so that a test of seconds covers many windows.
        self._time_ns = (time.time_ns() // (10 * SECOND) - 60) * 10 * SECOND
        self._producer = Producer(
            {
                "bootstrap.servers": self.kafka.inside,
                "enable.idempotence": True,
                "partitioner": "murmur2_random",
                "log_level": 0,
            }
        )

    def hand_over(self, times: int = 1) -> None:
        """Produce the batches of all hosts, and some of them twice; returns when the brokers have them."""
        for _ in range(times):
            for host in range(self.count):
                flows = [
                    {"time": self._time_ns, "duration_ns": 10 * SECOND, "bytes": 100, "packets": 1, "protocol": 6}
                    for _ in range(VIFS)
                ]
                self._produce(host, batch_of(COUNTERS, sweep(self._time_ns, VIFS)))
                self._produce(host, batch_of(FLOWS, flows))
                self._produce(host, heartbeat(time.time_ns(), self._time_ns + 10 * SECOND))
            self._time_ns += 10 * SECOND
        assert self._producer.flush(60) == 0

    def _produce(self, host: int, batch: Batch) -> None:
        sequence = self._next[host, batch.stream] = self._next.get((host, batch.stream), 0) + 1
        said = Metadata(
            stream=batch.stream,
            sequence=sequence,
            kind=batch.kind,
            version=batch.version,
            rows=batch.rows,
            first_time_ns=batch.first_time_ns,
            last_time_ns=batch.last_time_ns,
            sealed_time_ns=time.time_ns(),
            host=f"host-{host}",
            boot_id="boot",
        )
        spool_id = f"{self.seed:016x}{host:016x}"
        if batch.kind in self.rows:
            self.rows[batch.kind][spool_id, batch.stream, sequence] = batch.rows
        entry = Entry(
            spool_id, frame.decode(frame.encode(said, batch.payload)), position_of(sequence), position_of(sequence + 1)
        )
        parts = parts_of(entry)
        for _ in range(2 if self._random.random() < 0.1 else 1):
            self._producer.produce(
                topic_of(self.settings.kafka, batch.kind), parts.value, parts.key, headers=parts.headers
            )
        self._producer.poll(0)
