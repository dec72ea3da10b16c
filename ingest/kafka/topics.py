"""The topics of the bus: one a record kind and one for dead letters, made or checked by `viflux migrate`."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, ClusterMetadata, ConfigResource, NewTopic, ResourceType

from ingest.kafka.connection import Configuration, client_configuration
from ingest.kafka.message import LARGEST_MESSAGE_BYTES, TOPIC_MESSAGE_BYTES
from ingest.kafka.trouble import ALL_AWAY, told
from viflux.clock import Clock
from viflux.errors import VifluxError
from viflux.registry import KINDS
from viflux.settings.schema import Kafka

LAYOUT = "v1"
"""Version of the messages' layout (`ingest.kafka.message`), the last part of each topic's name."""

KINDS_ON_THE_BUS = tuple(kind.name for kind in KINDS.values() if kind.record)

_ASK_SECONDS = 10.0
_FIND_SECONDS = 5.0
_PAUSE_SECONDS = 2.0
_DESIRED_COPIES = 3


class TopicsError(VifluxError):
    """The topics are not as they have to be, or cannot be made."""


class BrokersAwayError(TopicsError):
    """No broker answered; later one may."""


@dataclass(frozen=True)
class Topics:
    """What was found and done.

    Attributes:
        made: Names of topics that were made now.
        partitions: Partitions of each topic.
    """

    made: tuple[str, ...]
    partitions: int


def topic_of(kafka: Kafka, kind: str) -> str:
    """Return the topic of a record kind."""
    return f"{kafka.topic_prefix}.{kind}.{LAYOUT}"


def all_topics(kafka: Kafka) -> dict[str, str]:
    """Return the topic of each record kind that travels over the bus."""
    return {kind: topic_of(kafka, kind) for kind in KINDS_ON_THE_BUS}


def deadletter_topic(kafka: Kafka) -> str:
    """Return the topic of what the processors cannot store."""
    return topic_of(kafka, "deadletter")


def prepare(kafka: Kafka) -> Topics:
    """Make the topics that are missing, and check those that are there.

    Raises:
        BrokersAwayError: No broker answers.
        TopicsError: A topic cannot be made, or one is there that would lose or disorder batches.
        UsageError: A file of the settings cannot be read.
    """
    admin = _Admin(kafka)
    found = admin.cluster()
    wanted = list(all_topics(kafka).values())
    counts = {name: len(found.topics[name].partitions) for name in wanted if name in found.topics}
    partitions = _same_count(counts) or kafka.partitions
    letters = deadletter_topic(kafka)
    admin.require_fit(list(counts))
    if letters in found.topics:
        admin.require_fit([letters], compacted=True)
    missing = [name for name in wanted if name not in counts]
    copies = kafka.replication or min(_DESIRED_COPIES, len(found.brokers))
    if copies > len(found.brokers):
        raise TopicsError(
            f"kafka.replication: {copies} copies need as many brokers, and {len(found.brokers)} are there; "
            "start the others or set it lower"
        )
    wanted_new = [_new_topic(kafka, name, partitions, copies) for name in missing]
    if letters not in found.topics:
        wanted_new.append(_new_topic(kafka, letters, 1, copies, compacted=True))
    made = admin.make(wanted_new)
    return Topics(tuple(made), partitions)


def prepare_patiently(kafka: Kafka, clock: Clock, log: Any) -> Topics:
    """Do as `prepare`, again and again while no broker answers; one line says so, one that they are back."""
    never = threading.Event()
    waited = False
    while True:
        try:
            found = prepare(kafka)
        except BrokersAwayError as error:
            if not waited:
                log.warning("the topics cannot be looked at yet", reason=str(error))
            waited = True
            clock.wait(never, _PAUSE_SECONDS)
        else:
            if waited:
                log.info("the brokers answer again")
            return found


def _same_count(counts: dict[str, int]) -> int | None:
    if not counts:
        return None
    fewest, most = min(counts, key=counts.__getitem__), max(counts, key=counts.__getitem__)
    if counts[fewest] != counts[most]:
        raise TopicsError(
            f"topic {fewest} has {counts[fewest]} partitions and {most} has {counts[most]}; all must have the same "
            f"number, for a host's batches of all kinds belong to one processor: give {fewest} {counts[most]} too"
        )
    return counts[most]


def _new_topic(kafka: Kafka, name: str, partitions: int, copies: int, *, compacted: bool = False) -> NewTopic:
    # A dead letter stays until somebody removes it.
    keeping = {"cleanup.policy": "delete", "retention.ms": str(kafka.retention // 1_000_000)}
    return NewTopic(
        name,
        num_partitions=partitions,
        replication_factor=copies,
        config={
            **({"cleanup.policy": "compact"} if compacted else keeping),
            "max.message.bytes": str(TOPIC_MESSAGE_BYTES),
            # Of three copies two must have a batch before it is acknowledged; of two, one may be down.
            "min.insync.replicas": str(max(1, copies - 1)),
            # Retention counts from the arrival. By the sender's clock, a host that is a week behind would send what is
            # deleted at once, and one that is two hours ahead would be refused.
            "message.timestamp.type": "LogAppendTime",
        },
    )


class _Admin:
    """Questions to the brokers, with errors for a person."""

    def __init__(self, kafka: Kafka) -> None:
        self._kafka = kafka
        self._newest_error = ""
        configuration: Configuration = {**client_configuration(kafka, "migrate"), "error_cb": self._note}
        self._client = AdminClient(configuration)

    def cluster(self) -> ClusterMetadata:
        """Return what the cluster says of itself."""
        try:
            return self._client.list_topics(timeout=_FIND_SECONDS)
        except KafkaException as error:
            self._client.poll(0)
            raise BrokersAwayError(self._newest_error or told(error.args[0], self._kafka)) from error

    def make(self, topics: list[NewTopic]) -> list[str]:
        """Make topics and wait until they are there; return the names of those that were not there before."""
        if not topics:
            return []
        made = []
        for name, future in self._client.create_topics(topics, operation_timeout=_ASK_SECONDS).items():
            error = _outcome(future)
            if error is None:
                made.append(name)
            elif error.code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise TopicsError(f"topic {name} cannot be made: {told(error, self._kafka, name)}")
        return made

    def require_fit(self, names: list[str], *, compacted: bool = False) -> None:
        """Raise `TopicsError` where a topic would lose batches; one whose configuration may not be read is taken.

        Args:
            names: Topics that are there.
            compacted: They hold dead letters, of which each stays until it is removed.
        """
        resources = [ConfigResource(ResourceType.TOPIC, name) for name in names]
        if not resources:
            return
        for resource, future in self._client.describe_configs(resources, request_timeout=_ASK_SECONDS).items():
            if _outcome(future) is not None:
                continue
            said = {key: entry.value for key, entry in future.result().items()}
            policy = said.get("cleanup.policy") or ""
            if compacted and policy != "compact":
                raise TopicsError(
                    f"topic {resource.name} has the cleanup.policy {policy}, which deletes dead letters for their age; "
                    "set it to compact"
                )
            if not compacted and "compact" in policy:
                raise TopicsError(
                    f"topic {resource.name} is compacted, which keeps one batch of each host and deletes the others; "
                    "set its cleanup.policy to delete"
                )
            largest = int(said.get("max.message.bytes") or TOPIC_MESSAGE_BYTES)
            if largest < max(LARGEST_MESSAGE_BYTES, 1 << 20):
                raise TopicsError(
                    f"topic {resource.name} takes {largest} bytes at once; set its max.message.bytes to "
                    f"{TOPIC_MESSAGE_BYTES} or more"
                )

    def _note(self, error: KafkaError) -> None:
        # "All brokers are down" says less than what came before it.
        if error.code() != ALL_AWAY or not self._newest_error:
            self._newest_error = told(error, self._kafka)


def _outcome(future: Future[object]) -> KafkaError | None:
    try:
        future.result(2 * _ASK_SECONDS)
    except KafkaException as error:
        found: KafkaError = error.args[0]
        return found
    return None
