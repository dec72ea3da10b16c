"""Where partitions begin and end, asked for many at once.

The consumer's own connection answers only after the fetch that waits on it, which is up to half a second for each
question; so this client has connections of its own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable

from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from ingest.kafka.connection import client_configuration
from ingest.kafka.trouble import TIMED_OUT
from viflux.settings.schema import Kafka

Place = tuple[str, int]
Bounds = tuple[int, int]

_FRESH_SECONDS = 0.2
_EARLIEST: OffsetSpec = OffsetSpec.earliest()  # type: ignore[no-untyped-call]
_LATEST: OffsetSpec = OffsetSpec.latest()  # type: ignore[no-untyped-call]


class Ends:
    """Questions about the ends of partitions; safe between threads."""

    def __init__(self, kafka: Kafka) -> None:
        self._client = AdminClient(client_configuration(kafka, "processor-ends"))
        self._lock = threading.Lock()
        self._known: dict[Place, int] = {}
        self._known_time = 0.0

    def bounds(self, places: Iterable[Place], seconds: float) -> dict[Place, Bounds]:
        """Return of each partition its first offset and the one behind its last.

        Raises:
            KafkaException: The brokers did not answer within that time, or not for all of them.
        """
        wanted = [TopicPartition(*place) for place in places]
        first = self._ask(wanted, _EARLIEST, seconds)
        last = self._ask(wanted, _LATEST, seconds)
        return {place: (first[place], last[place]) for place in first}

    def end_of(self, place: Place, others: Iterable[Place], seconds: float) -> int:
        """Return the offset behind a partition's last, at most a moment old.

        Args:
            place: The partition.
            others: All about which the same may be asked next; they are asked about with it.
            seconds: Longest time for the answer.

        Raises:
            KafkaException: The brokers did not answer.
        """
        with self._lock:
            if time.monotonic() - self._known_time > _FRESH_SECONDS or place not in self._known:
                wanted = [TopicPartition(*each) for each in {place, *others}]
                self._known = self._ask(wanted, _LATEST, seconds)
                self._known_time = time.monotonic()
            return self._known[place]

    def _ask(self, wanted: list[TopicPartition], which: OffsetSpec, seconds: float) -> dict[Place, int]:
        if not wanted:
            return {}
        answers = self._client.list_offsets(dict.fromkeys(wanted, which), request_timeout=seconds)
        found: dict[Place, int] = {}
        for place, future in answers.items():
            try:
                found[place.topic, place.partition] = future.result(2 * seconds).offset
            except TimeoutError as error:
                raise KafkaException(KafkaError(TIMED_OUT)) from error
        return found
