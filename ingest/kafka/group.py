"""The consumer group of the processors: which topic-partitions are this process's, and what they hold.

All topics have the same number of partitions and are assigned by range, so partition n of each of them is one
process's: a host's batches of all kinds come to one place. A rebalance takes all partitions back first; what was
written down is in the commits, so the next owner goes on from there, also where it is the same one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from ingest.kafka.connection import Configuration, client_configuration
from ingest.kafka.ends import Bounds, Ends, Place
from ingest.kafka.message import item_of
from ingest.kafka.source import Found, KafkaSource
from ingest.kafka.topics import all_topics
from ingest.kafka.trouble import ALL_AWAY, AUTO_OFFSET_RESET, AWAY, END_OF_PARTITION, NOT_OURS, STOPS_READING, told
from ingest.processor.patience import StoppedError
from ingest.processor.source import Changes, RevokedError, Source, SourceAwayError
from viflux import logs
from viflux.settings.schema import Kafka
from viflux.telemetry import Health

MOST_BUFFERED_BYTES = 48 << 20
"""Of all partitions together, besides what the client library has fetched ahead."""

_SLICE_SECONDS = 0.25
# An answer to a commit does not end the poll in which it comes.
_SHORT_SLICE_SECONDS = 0.002
_LEAVE_SECONDS = 3.0
_ASK_SECONDS = 5.0
_LIVE_ASK_SECONDS = 0.3
_MOST_AT_ONCE = 2000
_LOOK_EVERY_SECONDS = 2.0
# Trouble that was not told again for so long, while the brokers answer, is over.
_QUIET_SECONDS = 5.0
# A refused commit is followed by a rebalance at once; where none came, the partition is taken up again.
_ORPHANED_SECONDS = 15.0

_WAITING = "waiting for partitions"

Commit = tuple[str, int, int, str]
"""Topic, partition, offset and metadata."""

Result = TypeVar("Result")


class KafkaSources:
    """The partitions that the group gives this process; see `Sources` for what its members promise.

    `/readyz` says why no partition can be read, where that is so.
    """

    def __init__(self, kafka: Kafka, health: Health, stop: threading.Event) -> None:
        self._kafka = kafka
        self._health = health
        self._stop = stop
        self._kinds = {topic: kind for kind, topic in all_topics(kafka).items()}
        self._sources: dict[Place, KafkaSource] = {}
        self._given: list[TopicPartition] | None = None
        self._orphans: dict[Place, float] = {}
        self._revoked: list[Source] = []
        self._arrived = False
        self._cluster_id = ""
        self._is_member = False
        self._detail = self._trouble = ""
        self._trouble_time = self._looked_time = 0.0
        # Commits that were sent, with the answer once it is there; those of a revoked partition are not waited for.
        self._commits: dict[Commit, list[KafkaError | None]] = {}
        self._ends = Ends(kafka)
        self._log = logs.get("processor")
        self._consumer = Consumer({**_consuming(kafka, self._note), "on_commit": self._committed})
        health.ready(False, _WAITING, part="kafka")
        self._consumer.subscribe(
            list(self._kinds), on_assign=self._assigned, on_revoke=self._taken, on_lost=self._taken
        )

    def poll(self, seconds: float, stop: threading.Event) -> Changes:
        """Wait for batches of any partition, or for a change of partitions."""
        until = time.monotonic() + seconds
        while True:
            left = until - time.monotonic()
            self.pump(max(0.0, min(left, _SLICE_SECONDS)))
            assigned = self._begun()
            revoked, self._revoked = self._revoked, []
            if assigned or revoked or self._arrived or left <= _SLICE_SECONDS or stop.is_set():
                self._arrived = False
                self._look()
                return Changes(assigned, revoked)

    def keep_alive(self, waiting: Source | None) -> None:
        """Take part in the group while the store is waited for."""
        self.pump(0)
        if isinstance(waiting, KafkaSource) and waiting.is_revoked:
            raise RevokedError(waiting.name)

    def left(self) -> str | None:
        """Return one line while the group has not given this process its partitions, or took them back."""
        return None if self._is_member else _WAITING

    def close(self) -> None:
        """Leave the group, so that others take the partitions at once; brokers that do not answer are not waited for.

        They give the partitions to others when they have heard nothing for a session's timeout.
        """
        # It waits for commits that are under way, and those have no end where no broker answers.
        leaving = threading.Thread(target=self._consumer.close, name="leaving", daemon=True)
        leaving.start()
        leaving.join(_LEAVE_SECONDS)
        if leaving.is_alive():
            self._log.warning("the brokers do not answer: the group gives the partitions to others in some seconds")

    def pump(self, seconds: float, wanted: KafkaSource | None = None) -> None:
        """Take in what was fetched, and changes of the group; wait for the first at most so long.

        Args:
            seconds: How long.
            wanted: A source that is fetched of although enough is buffered.

        Raises:
            StoppedError: The stage is to end, and a source waits for batches.
        """
        if wanted is not None and self._stop.is_set():
            raise StoppedError
        if wanted is not None and wanted.is_paused:
            self._pause(wanted, is_paused=False)
        for _ in range(_MOST_AT_ONCE):
            message = self._consumer.poll(seconds)
            if message is None:
                break
            self._take(message)
            seconds = 0
        self.balance(wanted)

    def balance(self, wanted: KafkaSource | None = None) -> None:
        """Fetch of partitions of which little is here, and not of those of which much is.

        Each may hold as much as all others leave free, and a fair share in any case.
        """
        free = MOST_BUFFERED_BYTES - sum(source.buffer.size for source in self._sources.values())
        limit = max(free, MOST_BUFFERED_BYTES // (2 * max(1, len(self._sources))))
        for source in self._sources.values():
            if source.is_revoked:
                continue
            if not source.is_paused and source.buffer.size >= limit and source is not wanted:
                self._pause(source, is_paused=True)
            elif source.is_paused and source.buffer.size < limit // 2:
                self._pause(source, is_paused=False)

    def find(self, source: KafkaSource) -> Found:
        """Return what was written down for a partition and where it begins and ends, as the brokers say now."""
        place = (source.topic, source.partition)
        return self._asked(source, lambda: self._found([place])[place])

    def bounds(self, source: KafkaSource) -> Bounds:
        """Return the first offset of a partition and the one behind its last, as the brokers say now."""
        place = (source.topic, source.partition)
        return self._asked(source, lambda: self._ends.bounds([place], _ASK_SECONDS)[place])

    def end_of(self, source: KafkaSource) -> int:
        """Return the offset behind a partition's last; a large one where nobody answers. Safe from any thread."""
        with suppress(KafkaException):
            return self._ends.end_of((source.topic, source.partition), list(self._sources), _LIVE_ASK_SECONDS)
        return 1 << 62

    def seek(self, source: KafkaSource, offset: int) -> None:
        """Fetch from an offset on."""
        self._asked(source, lambda: self._consumer.seek(_place(source, offset)))

    def commit(self, source: KafkaSource, offset: int, text: str) -> None:
        """Commit an offset with its metadata; done when this returns.

        Raises:
            RevokedError: The brokers say that the partition is another's, or the group took it back meanwhile.
            SourceAwayError: It failed.
            StoppedError: The stage is to end, and no broker answers: whether it is done is not known.
        """
        wanted = TopicPartition(source.topic, source.partition, offset, metadata=text)
        commit = (source.topic, source.partition, offset, text)
        answers: list[KafkaError | None] = []
        self._commits[commit] = answers
        try:
            self._asked(source, lambda: self._consumer.commit(offsets=[wanted], asynchronous=True))
            self._await_answer(source, answers)
        finally:
            if self._commits.get(commit) is answers:
                del self._commits[commit]
        if answers[0] is not None:
            self._refused(source, answers[0])

    def _await_answer(self, source: KafkaSource, answers: list[KafkaError | None]) -> None:
        # A synchronous commit waits for as long as no broker answers, deaf to signals and to the group, which waits for
        # its members. A next one before the answer could be overtaken by this one, so there is no other end.
        began = time.monotonic()
        while not answers:
            waited = time.monotonic() - began
            self._health.beat()
            self.pump(_SHORT_SLICE_SECONDS if waited < _SLICE_SECONDS else _SLICE_SECONDS / 4)
            if not answers and source.is_revoked:
                raise RevokedError(source.name)
            if not answers and self._stop.is_set() and waited >= _LEAVE_SECONDS:
                raise StoppedError

    def _committed(self, error: KafkaError | None, partitions: list[TopicPartition]) -> None:
        for each in partitions:
            answers = self._commits.get((each.topic, each.partition, each.offset, each.metadata or ""))
            if answers is not None:
                answers.append(each.error or error)

    def _asked(self, source: KafkaSource, question: Callable[[], Result]) -> Result:
        try:
            return question()
        except KafkaException as error:
            self._refused(source, error.args[0])
            raise

    def _refused(self, source: KafkaSource, error: KafkaError) -> None:
        if error.code() in NOT_OURS:
            if not source.is_revoked:
                source.is_revoked = True
                self._orphans[source.topic, source.partition] = time.monotonic()
            raise RevokedError(source.name)
        raise SourceAwayError(told(error, self._kafka, source.topic))

    def _assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        # Fetching begins when it is known where: in `_begun`, which may ask again.
        consumer.assign([])
        self._given = partitions

    def _taken(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        self._given = None
        self._is_member = False
        self._tell()
        for each in partitions:
            source = self._sources.pop((each.topic, each.partition), None)
            self._orphans.pop((each.topic, each.partition), None)
            if source is not None:
                source.is_revoked = True
                self._revoked.append(source)
        self._log.info("partitions were given back", partitions=len(partitions))

    def _begun(self) -> Sequence[Source]:
        """Begin to fetch of partitions that were given, from where they were committed; return them."""
        if self._given is None:
            return self._adopted_orphans()
        places = [(each.topic, each.partition) for each in self._given]
        try:
            self._cluster_id = self._cluster_id or self._consumer.list_topics(timeout=_ASK_SECONDS).cluster_id or ""
            found = self._found(places)
        except KafkaException as error:
            self._note(error.args[0])
            return ()
        self._given = None
        self._consumer.assign([TopicPartition(*place, found[place].begin) for place in places])
        # A ledger's batch goes by what the other kinds have reached, so it comes after them in each round.
        places.sort(key=lambda place: (self._kinds[place[0]] == "ledger", place))
        made = [self._source(place, found[place]) for place in places]
        self._log.info("partitions were assigned", partitions=len(made))
        self._is_member = True
        self._tell()
        return made

    def _adopted_orphans(self) -> Sequence[Source]:
        late = [place for place, since in self._orphans.items() if time.monotonic() - since >= _ORPHANED_SECONDS]
        if not late:
            return ()
        try:
            found = self._found(late)
        except KafkaException:
            return ()
        made = [self._source(place, found[place]) for place in late]
        for source in made:
            del self._orphans[source.topic, source.partition]
        return made

    def _found(self, places: list[Place]) -> dict[Place, Found]:
        if not places:
            return {}
        bounds = self._ends.bounds(places, _ASK_SECONDS)
        found = {}
        for each in self._consumer.committed([TopicPartition(*place) for place in places], timeout=_ASK_SECONDS):
            if each.error is not None:
                raise KafkaException(each.error)
            offset = each.offset if each.offset >= 0 else None
            found[each.topic, each.partition] = Found(offset, each.metadata or "", *bounds[each.topic, each.partition])
        return found

    def _source(self, place: Place, found: Found) -> KafkaSource:
        source = KafkaSource(self, self._cluster_id, place, self._kinds[place[0]], found)
        self._sources[place] = source
        return source

    def _take(self, message: Message) -> None:
        error = message.error()
        source = self._sources.get((message.topic() or "", message.partition() or 0))
        if error is None:
            if source is not None and not source.is_revoked:
                self._arrived |= source.buffer.put(item_of(message))
        elif error.code() == END_OF_PARTITION:
            if source is not None:
                source.buffer.ended(message.offset() or 0)
        elif error.code() in AUTO_OFFSET_RESET:
            if source is not None:
                with suppress(SourceAwayError):  # it is told again
                    source.out_of_range()
        else:
            self._note(error, message.topic() or "")

    def _pause(self, source: KafkaSource, *, is_paused: bool) -> None:
        change = self._consumer.pause if is_paused else self._consumer.resume
        with suppress(KafkaException):  # between two assignments there is nothing to pause
            change([_place(source)])
            source.is_paused = is_paused

    def _note(self, error: KafkaError, topic: str = "") -> None:
        text = told(error, self._kafka, topic)
        if error.code() in AWAY and error.code() != ALL_AWAY:
            self._detail = text
        if error.code() not in STOPS_READING:
            return
        if error.code() == ALL_AWAY:
            text = self._detail or text
        if not self._trouble:
            self._log.warning("the brokers cannot be read; batches wait there and in the spools", reason=text)
        self._trouble, self._trouble_time = text, time.monotonic()
        self._tell()

    def _tell(self) -> None:
        reason = self._trouble or ("" if self._is_member else _WAITING)
        self._health.ready(not reason, reason, part="kafka")

    def _look(self) -> None:
        """Find out whether trouble is over."""
        now = time.monotonic()
        if not self._trouble or now - self._looked_time < _LOOK_EVERY_SECONDS:
            return
        self._looked_time = now
        try:
            found = self._consumer.list_topics(timeout=1.0)
        except KafkaException:
            return
        missing = [topic for topic in self._kinds if topic not in found.topics]
        if missing or now - self._trouble_time < _QUIET_SECONDS:
            return
        self._detail = self._trouble = ""
        self._log.info("the brokers can be read again")
        self._tell()


def _place(source: KafkaSource, offset: int | None = None) -> TopicPartition:
    if offset is None:
        return TopicPartition(source.topic, source.partition)
    return TopicPartition(source.topic, source.partition, offset)


def _consuming(kafka: Kafka, note: Callable[[KafkaError], None]) -> Configuration:
    return {
        **client_configuration(kafka, "processor"),
        "error_cb": note,
        "group.id": kafka.group,
        "partition.assignment.strategy": "range",
        # What is done is committed by the intents, nothing else.
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        # What is not there any more is told, not passed over.
        "auto.offset.reset": "error",
        "enable.partition.eof": True,
        # An owner that died is replaced within this time; a thread of the library sends the heartbeats. Brokers take no
        # less, unless their group.min.session.timeout.ms was changed.
        "session.timeout.ms": 6_000,
        "heartbeat.interval.ms": 1_500,
        "max.poll.interval.ms": 300_000,
        # With an empty queue the library waits so long before it fetches again; its default, a second, is a lag.
        "fetch.queue.backoff.ms": 10,
        "fetch.wait.max.ms": 500,
        "fetch.max.bytes": 8 << 20,
        "max.partition.fetch.bytes": 2 << 20,
        "queued.max.messages.kbytes": 16 << 10,
    }
