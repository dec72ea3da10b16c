"""What the client library's errors mean to a person: what, where, and what to do."""
# ruff: noqa: SLF001 - the library's own error codes have names that begin with an underscore

from __future__ import annotations

from confluent_kafka import KafkaError

from ingest.kafka.message import TOPIC_MESSAGE_BYTES
from viflux.settings.schema import Kafka

AWAY = frozenset(
    (
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError._TRANSPORT,
        KafkaError._RESOLVE,
        KafkaError._TIMED_OUT,
        KafkaError.REQUEST_TIMED_OUT,
    )
)
"""No broker could be talked to."""

ALL_AWAY = KafkaError._ALL_BROKERS_DOWN
"""Says less than what came before it."""

TIMED_OUT = KafkaError._TIMED_OUT

TOPIC_MISSING = frozenset((KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION))

TOO_LARGE = frozenset((KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_MSG_SIZE))

END_OF_PARTITION = KafkaError._PARTITION_EOF

AUTO_OFFSET_RESET = frozenset((KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE))

NOT_OURS = frozenset(
    (
        KafkaError.ILLEGAL_GENERATION,
        KafkaError.UNKNOWN_MEMBER_ID,
        KafkaError.REBALANCE_IN_PROGRESS,
        KafkaError.FENCED_INSTANCE_ID,
        KafkaError.FENCED_MEMBER_EPOCH,
        KafkaError.STALE_MEMBER_EPOCH,
        KafkaError._ASSIGNMENT_LOST,
        KafkaError._MAX_POLL_EXCEEDED,
        KafkaError._FENCED,
    )
)
"""The partition is another member's, or is being handed over."""

_LOGIN = frozenset((KafkaError._AUTHENTICATION, KafkaError.SASL_AUTHENTICATION_FAILED))
_RIGHTS = frozenset(
    (
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
    )
)

STOPS_READING = frozenset((ALL_AWAY, KafkaError._SSL, *_LOGIN, *_RIGHTS, *TOPIC_MISSING))
"""As long as one of these is told, nothing can be read."""

_SENTENCES: tuple[tuple[frozenset[int], str], ...] = (
    (AWAY, "no broker of kafka.brokers ({brokers}) answers: {text}"),
    (
        _LOGIN,
        "the brokers refuse the login of {user}: {text}; check kafka.user and kafka.password_file",
    ),
    (
        frozenset((KafkaError._SSL,)),
        "TLS with the brokers fails: {text}; check kafka.ca_file, kafka.certificate_file, names in kafka.brokers",
    ),
    (TOPIC_MISSING, "topic {topic} is not there; `viflux migrate` makes it"),
    (
        TOO_LARGE,
        "topic {topic} does not take a message of this size; set its max.message.bytes to {topic_bytes} or more",
    ),
    (
        _RIGHTS,
        "user {user} lacks a right: {text} {topic}; docs/kafka.md lists the rights that it needs",
    ),
    (
        frozenset((KafkaError.NOT_ENOUGH_REPLICAS, KafkaError.NOT_ENOUGH_REPLICAS_AFTER_APPEND)),
        "topic {topic} has fewer copies in sync than its min.insync.replicas; start the brokers that are down",
    ),
    (
        frozenset((KafkaError.INVALID_TIMESTAMP,)),
        "topic {topic} refuses this host's clock; set its message.timestamp.type to LogAppendTime",
    ),
)


def told(error: KafkaError, kafka: Kafka, topic: str = "") -> str:
    """Return an error of the client library as one line that says what to do where that is known."""
    text = _detail(error)
    facts = {
        "brokers": ",".join(kafka.brokers),
        "user": kafka.user or ("of kafka.certificate_file" if kafka.certificate_file else "ANONYMOUS"),
        "topic": topic,
        "text": text,
        "topic_bytes": TOPIC_MESSAGE_BYTES,
    }
    # Since TLS 1.3 brokers refuse a client's certificate after the handshake: the library sees a broken connection.
    code = KafkaError._SSL if error.code() in AWAY and "SSL routines::" in text else error.code()
    for codes, sentence in _SENTENCES:
        if code in codes:
            return " ".join(sentence.format(**facts).split())
    return f"{topic}: {text}" if topic else text


def _detail(error: KafkaError) -> str:
    # As the library writes it: address with its protocol, what happened, and in brackets after how many milliseconds.
    text = " ".join(error.str().split()).partition(" (after ")[0]
    if "://" in text:
        text = text.partition("://")[2]
    return text[:300]
