"""Dead letters in a compacted topic: of each name the newest message holds, and one without a value removes it.

| part of the message | holds |
|---|---|
| key | the letter's name |
| value | the frame's bytes, or the damaged ones; empty where they were not kept |
| headers `viflux-<field>` | each field of the letter (`ingest.deadletter.letter`) as text: cause, reason, … |
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import msgspec
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from ingest.deadletter.home import Room, tell
from ingest.deadletter.letter import Letter, letter_of
from ingest.kafka.connection import client_configuration
from ingest.kafka.message import bytes_of
from ingest.kafka.topics import deadletter_topic
from ingest.kafka.trouble import END_OF_PARTITION, TIMED_OUT, told
from ingest.processor.intent import Exclusion
from ingest.processor.source import SourceAwayError
from viflux import logs
from viflux.errors import VifluxError
from viflux.settings.schema import Kafka
from viflux.spool import Damaged, Entry

_HEADER = "viflux-"
_ASK_SECONDS = 10.0
# Others add and remove letters as well, so what this process knows of the room grows old.
_COUNT_EVERY_SECONDS = 60.0
_LONGEST_MESSAGE_BYTES = (1 << 20) + (64 << 10)


class TopicLetters:
    """The topic; see `DeadLetters` for what its members promise."""

    def __init__(self, kafka: Kafka) -> None:
        self.topic = deadletter_topic(kafka)
        self.place = f"topic {self.topic}"
        self._kafka = kafka
        self._producer: Producer | None = None
        self._room: Room | None = None
        self._counted_time = 0.0
        # Where the newest message of each name lies.
        self._at: dict[str, tuple[int, int]] = {}

    def put(self, item: Entry | Damaged, exclusion: Exclusion, now_ns: int, source: str) -> None:
        """Keep a letter; one that is known to be there is left alone.

        Raises:
            SourceAwayError: The brokers do not take it: nothing goes on until they do.
        """
        letter, data = letter_of(item, exclusion, now_ns, source)
        if letter.name in self._at:
            return
        try:
            room = self._room_for(len(data))
            if letter.name in self._at:
                return
            if not room.fits(len(data)):
                letter, data = msgspec.structs.replace(letter, bytes_kept=False), b""
            if room.names():
                self._at[letter.name] = self._send(letter.name, data, _headers_of(letter))
        except KafkaException as error:
            self._producer = None
            raise SourceAwayError(
                f"a dead letter cannot be kept: {told(error.args[0], self._kafka, self.topic)}"
            ) from error
        room.letters += 1
        room.bytes += len(data)
        tell(letter, self.place)

    def letters(self) -> list[Letter]:
        """Return all letters."""
        try:
            found = self._read()
        except KafkaException as error:
            raise VifluxError(f"dead letters: {told(error.args[0], self._kafka, self.topic)}") from error
        return sorted(found, key=lambda letter: letter.order)

    def data(self, letter: Letter) -> bytes | None:
        """Return the bytes of a letter that `letters` has told of."""
        if not letter.bytes_kept or letter.name not in self._at:
            return None
        partition, offset = self._at[letter.name]
        try:
            with self._consumer() as consumer:
                consumer.assign([TopicPartition(self.topic, partition, offset)])
                message = _next(consumer, time.monotonic() + _ASK_SECONDS)
        except KafkaException as error:
            raise VifluxError(f"dead letters: {told(error.args[0], self._kafka, self.topic)}") from error
        if message is None or message.offset() != offset or _text(message.key()) != letter.name:
            return None  # removed, and compacted away
        return bytes_of(message.value())

    def remove(self, letter: Letter) -> None:
        """Remove a letter by a message without a value."""
        try:
            self._send(letter.name, None, [])
        except KafkaException as error:
            raise VifluxError(
                f"the letter cannot be removed: {told(error.args[0], self._kafka, self.topic)}"
            ) from error
        self._at.pop(letter.name, None)

    def _room_for(self, size: int) -> Room:
        room = self._room
        is_old = time.monotonic() - self._counted_time > _COUNT_EVERY_SECONDS
        if room is None or (is_old and not room.fits(size)):
            room = Room()
            for letter in self._read():
                room.letters += 1
                room.bytes += letter.size if letter.bytes_kept else 0
            self._room, self._counted_time = room, time.monotonic()
        return room

    def _send(self, name: str, value: bytes | None, headers: list[tuple[str, str | bytes | None]]) -> tuple[int, int]:
        """Send a message and wait until all copies in sync have it; return its partition and offset."""
        if self._producer is None:
            self._producer = Producer(
                {
                    **client_configuration(self._kafka, "deadletter"),
                    "enable.idempotence": True,
                    "acks": "all",
                    "compression.type": "zstd",
                    "message.max.bytes": _LONGEST_MESSAGE_BYTES,
                    "message.timeout.ms": int(_ASK_SECONDS * 1000),
                }
            )
        reported: list[tuple[KafkaError | None, Message]] = []
        self._producer.produce(
            self.topic, value, name, headers=headers, on_delivery=lambda error, sent: reported.append((error, sent))
        )
        self._producer.flush(2 * _ASK_SECONDS)
        if not reported:
            raise KafkaException(KafkaError(TIMED_OUT))
        error, sent = reported[0]
        if error is not None:
            raise KafkaException(error)
        return sent.partition() or 0, sent.offset() or 0

    def _read(self) -> list[Letter]:
        """Read the topic up to where it ends now."""
        found: dict[str, Letter] = {}
        at: dict[str, tuple[int, int]] = {}

        def take(message: Message) -> None:
            name, place = _text(message.key()), (message.partition() or 0, message.offset() or 0)
            found.pop(name, None)
            at.pop(name, None)
            if message.value() is None:
                return
            if (letter := _letter_in(message)) is None:
                logs.get("deadletter").warning("a message is no dead letter", topic=self.topic, offset=place[1])
                return
            found[name], at[name] = letter, place

        with self._consumer() as consumer:
            self._each(consumer, take)
        self._at = at
        return list(found.values())

    def _each(self, consumer: Consumer, take: Callable[[Message], None]) -> None:
        described = consumer.list_topics(self.topic, timeout=_ASK_SECONDS).topics[self.topic]
        if described.error is not None:
            raise KafkaException(described.error)
        left: set[int] = set()
        begin: list[TopicPartition] = []
        for number in described.partitions:
            low, high = consumer.get_watermark_offsets(TopicPartition(self.topic, number), timeout=_ASK_SECONDS)
            if low < high:
                left.add(number)
                begin.append(TopicPartition(self.topic, number, low))
        consumer.assign(begin)
        while left:
            message = _next(consumer, time.monotonic() + _ASK_SECONDS, ends=True)
            if message is None:
                raise KafkaException(KafkaError(TIMED_OUT))
            if message.error() is not None:
                left.discard(message.partition() or 0)
            elif (message.partition() or 0) in left:
                take(message)

    @contextmanager
    def _consumer(self) -> Iterator[Consumer]:
        consumer = Consumer(
            {
                **client_configuration(self._kafka, "deadletter"),
                # It takes part in no group; the library wants a name all the same.
                "group.id": f"{self._kafka.group}-deadletter",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "earliest",
                "fetch.queue.backoff.ms": 10,
            }
        )
        try:
            yield consumer
        finally:
            with suppress(KafkaException):
                consumer.close()


def _next(consumer: Consumer, until: float, *, ends: bool = False) -> Message | None:
    """Return the next message, or with `ends` the news that a partition ends; None where none came."""
    while (left := until - time.monotonic()) > 0:
        message = consumer.poll(left)
        if message is None:
            return None
        error = message.error()
        if error is None or (ends and error.code() == END_OF_PARTITION):
            return message
        if error.code() == END_OF_PARTITION:
            return None
        raise KafkaException(error)
    return None


def _headers_of(letter: Letter) -> list[tuple[str, str | bytes | None]]:
    return [(f"{_HEADER}{name}", str(value).encode()) for name, value in msgspec.structs.asdict(letter).items()]


def _letter_in(message: Message) -> Letter | None:
    said: dict[str, Any] = {}
    headers: Any = message.headers()
    for name, value in headers or ():
        if name.startswith(_HEADER) and value is not None:
            said[name.removeprefix(_HEADER)] = _text(value)
    try:
        return msgspec.convert(said, Letter, strict=False)
    except msgspec.ValidationError:
        return None


def _text(value: bytes | str | None) -> str:
    return bytes_of(value).decode(errors="replace")
