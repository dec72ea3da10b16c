"""The idempotent producer of the shipper: batches in, acknowledgements and troubles out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from ingest.kafka.connection import Configuration, client_configuration
from ingest.kafka.message import parts_of
from ingest.kafka.topics import all_topics, topic_of
from ingest.kafka.trouble import ALL_AWAY, told
from viflux.settings.schema import Kafka
from viflux.spool import Entry

_LOOK_SECONDS = 1.0
_PURGE_SECONDS = 1.0


class Sender:
    """One producer from its start to its end; after a failure another takes its place.

    Order holds within a partition, and a batch that this producer sends again is in the topic once. What an earlier
    producer sent and never heard of may be there twice: whoever reads knows it by its identity.

    Attributes:
        trouble: The newest error as one line for a person, empty since the newest acknowledgement.
        all_away: No broker could be reached, since the newest acknowledgement.
        failed: Why a batch was refused or the producer broke; then it is to be replaced. None while it works.
        failed_code: The library's code of that.
    """

    def __init__(self, kafka: Kafka) -> None:
        self._kafka = kafka
        self.configuration = client_configuration(kafka, "shipper")
        self.trouble = ""
        self.all_away = False
        self.failed: str | None = None
        self.failed_code = 0
        self._ended = False
        self._producer = Producer(_producing(self.configuration, kafka, self._note))

    def look(self) -> str | None:
        """Return None where the brokers answer and all topics are there, else what is wrong; takes up to a second."""
        try:
            found = self._producer.list_topics(timeout=_LOOK_SECONDS)
        except KafkaException as error:
            self._producer.poll(0)
            return self.trouble or told(error.args[0], self._kafka)
        self._producer.poll(0)
        missing = [name for name in all_topics(self._kafka).values() if name not in found.topics]
        if missing:
            return told(KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART), self._kafka, missing[0])
        self.trouble, self.all_away = "", False
        return None

    def send(self, entry: Entry, acknowledged: Callable[[], None]) -> bool:
        """Hand a batch to the producer; return False where it takes none just now.

        Args:
            entry: The batch.
            acknowledged: Called from `poll` when all replicas in sync have it.
        """
        topic = topic_of(self._kafka, entry.frame.metadata.kind)
        parts = parts_of(entry)

        def reported(error: KafkaError | None, _: Message) -> None:
            if self._ended:
                return
            if error is None:
                self.trouble, self.all_away = "", False
                acknowledged()
            else:
                self._fail(error, topic)

        try:
            self._producer.produce(
                topic,
                parts.value,
                parts.key,
                headers=parts.headers,
                timestamp=parts.timestamp_ms,
                on_delivery=reported,
            )
        except BufferError:
            return False
        except KafkaException as error:
            self._fail(error.args[0], topic)
            return False
        return True

    def poll(self, seconds: float) -> None:
        """Take in what the brokers said, waiting for it at most so long."""
        self._producer.poll(seconds)

    def end(self) -> None:
        """Drop what is not acknowledged; nothing is called back any more."""
        self._ended = True
        with suppress(KafkaException):
            self._producer.purge()
            self._producer.flush(_PURGE_SECONDS)

    def _note(self, error: KafkaError) -> None:
        if error.fatal():
            self._fail(error, "")
        elif error.code() == ALL_AWAY:
            self.all_away = True
            self.trouble = self.trouble or told(error, self._kafka)
        else:
            self.trouble = told(error, self._kafka)

    def _fail(self, error: KafkaError, topic: str) -> None:
        # What fails after the first is its consequence.
        if self.failed is None:
            self.failed, self.failed_code = told(error, self._kafka, topic), error.code()


def _producing(configuration: Configuration, kafka: Kafka, note: Callable[[KafkaError], None]) -> Configuration:
    return {
        **configuration,
        "error_cb": note,
        "enable.idempotence": True,
        "acks": "all",
        # As Java's producer does it with a key, so that other tools find a host in the same partition.
        "partitioner": "murmur2_random",
        "compression.type": "zstd",
        # Rows are compressed already; a higher level would look harder for what is not there.
        "compression.level": 1,
        "linger.ms": 20,
        "batch.size": 1 << 20,
        "message.max.bytes": 1 << 20,
        # While brokers are away batches wait for them without end; the spool's bound is the limit, not the clock.
        "message.timeout.ms": 0,
        "request.timeout.ms": 30_000,
        "retry.backoff.max.ms": 2_000,
        # The shipper's own bound is below this one.
        "queue.buffering.max.kbytes": max(4 * int(kafka.max_in_flight) >> 10, 64 << 10),
        "topic.metadata.propagation.max.ms": 5_000,
    }
