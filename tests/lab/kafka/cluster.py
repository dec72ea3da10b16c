"""A real Apache Kafka of one or three brokers, for tests and benchmarks."""

from __future__ import annotations

import base64
import os
import random
import socket
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient

from tests.lab.kafka import security
from tests.lab.kafka.broker import Broker
from tests.lab.kafka.jars import MissingJarsError, classpath
from tests.lab.kafka.security import Security
from tests.running import wait_for

START_SECONDS = 90.0
# Below the range from which the kernel takes ports for outgoing connections: a killed broker must get its port again.
_PORTS = range(20_000, 32_000)


class Cluster:
    """Running brokers.

    Attributes:
        brokers: In the order of their ids.
        security: Files for clients of a secured cluster, else None.
    """

    def __init__(self, brokers: tuple[Broker, ...], secured: Security | None) -> None:
        self.brokers = brokers
        self.security = secured
        self._admin: AdminClient | None = None

    @property
    def bootstrap(self) -> str:
        """Addresses as `kafka.brokers` wants them."""
        return ",".join(f"127.0.0.1:{broker.client_port}" for broker in self.brokers)

    @property
    def mutual(self) -> str:
        """Addresses for clients of a secured cluster that have a certificate."""
        return ",".join(f"127.0.0.1:{broker.mutual_port}" for broker in self.brokers)

    @property
    def inside(self) -> str:
        """Addresses that need neither TLS nor login, for what a test does itself."""
        return ",".join(f"127.0.0.1:{broker.port}" for broker in self.brokers)

    def settings(self, **more: str) -> dict[str, str]:
        """Settings of a client of this cluster; a `topic_prefix` of its own keeps tests apart."""
        own = {"kafka.brokers": self.bootstrap, "kafka.topic_prefix": f"t{uuid.uuid4().hex[:8]}"}
        return {**own, **(self.security.settings if self.security else {}), **more}

    @property
    def admin(self) -> AdminClient:
        """A client that may do everything."""
        if self._admin is None:
            self._admin = AdminClient({"bootstrap.servers": self.inside, "log_level": 0})
        return self._admin

    def await_ready(self, seconds: float = START_SECONDS) -> None:
        """Wait until every running broker is a member of the cluster."""
        wanted = {broker.node for broker in self.brokers if broker.is_running}

        def members() -> bool:
            for broker in self.brokers:
                assert broker.is_running or broker.node not in wanted, f"broker ended\n{broker.log_tail()}"
            try:
                return wanted <= set(self.admin.list_topics(timeout=1).brokers)
            except KafkaException:
                return False

        try:
            wait_for("the brokers are ready", members, seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n" + "\n".join(broker.log_tail() for broker in self.brokers)) from None

    def start(self) -> None:
        """Start all brokers that do not run, and wait until they are ready."""
        for broker in self.brokers:
            if not broker.is_running:
                broker.start()
        self.await_ready()

    def messages(self, topic: str) -> list[Message]:
        """Return all messages of a topic, partition by partition, up to where it ends now."""
        consumer = Consumer(
            {
                "bootstrap.servers": self.inside,
                "group.id": f"reader-{uuid.uuid4().hex[:8]}",
                "enable.auto.commit": False,
                "fetch.queue.backoff.ms": 10,
                "log_level": 0,
            }
        )
        found: list[Message] = []
        try:
            partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
            for number in partitions:
                low, high = consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=10)
                consumer.assign([TopicPartition(topic, number, low)])
                position = low
                while position < high:
                    message = consumer.poll(10)
                    assert message is not None, f"{topic}/{number}: nothing behind {position} of {high} within 10 s"
                    assert message.error() is None, message.error()
                    found.append(message)
                    position = (message.offset() or 0) + 1
        finally:
            consumer.close()
        return found

    def end(self) -> None:
        """End all brokers."""
        self._admin = None
        with ThreadPoolExecutor(len(self.brokers)) as pool:
            list(pool.map(Broker.end, self.brokers))


@contextmanager
def cluster(folder: Path, brokers: int = 1, *, secured: bool = False, **properties: str) -> Iterator[Cluster]:
    """Run a cluster until the block ends.

    Args:
        folder: Made if missing; holds all that the brokers write.
        brokers: How many.
        secured: Clients come in by TLS (the certificate is for 127.0.0.1) with a password or with a certificate of
            their own, and need ACLs.
        properties: Further properties of the brokers, with `_` for `.`.

    Raises:
        MissingJarsError: Kafka cannot be started here.
    """
    jars = classpath()
    folder.mkdir(parents=True, exist_ok=True)
    files = security.make(folder) if secured else None
    ports = free_ports(4 * brokers)
    members = tuple(
        Broker(
            node=index + 1,
            folder=folder / f"broker{index + 1}",
            classpath=jars,
            port=ports[4 * index],
            client_port=ports[4 * index + (1 if secured else 0)],
            mutual_port=ports[4 * index + (2 if secured else 0)],
            controller_port=ports[4 * index + 3],
            heap="384m" if brokers > 1 else "512m",
        )
        for index in range(brokers)
    )
    made = Cluster(members, files)
    cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "A", 1)
    more = {key.replace("_", "."): value for key, value in properties.items()}
    try:
        with ThreadPoolExecutor(brokers) as pool:
            flags = files.format_flags if files else []
            list(pool.map(lambda each: each.format(cluster_id, {**_properties(each, made), **more}, flags), members))
        made.start()
        yield made
    finally:
        made.end()


def need_kafka() -> None:
    """Skip by name where Kafka cannot be started; a failure where every real part must be there."""
    import pytest  # noqa: PLC0415 - benchmarks use this module without pytest

    try:
        classpath()
    except MissingJarsError as error:
        if os.environ.get("REQUIRE_REAL_PARTS") == "1":
            pytest.fail(str(error))
        pytest.skip(str(error))


def free_ports(count: int) -> list[int]:
    """Return TCP ports of 127.0.0.1 that nobody listens on now and no outgoing connection will take."""
    found: list[int] = []
    while len(found) < count:
        port = random.choice(_PORTS)  # noqa: S311 - not a secret
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in found:
            found.append(port)
    return found


def _properties(broker: Broker, members: Cluster) -> dict[str, str]:
    copies = str(len(members.brokers))
    in_sync = str(max(1, len(members.brokers) - 1))
    listeners = {"INSIDE": broker.port, "CONTROLLER": broker.controller_port}
    if members.security is not None:
        listeners |= {"CLIENTS": broker.client_port, "MUTUAL": broker.mutual_port}
    voters = (f"{each.node}@127.0.0.1:{each.controller_port}" for each in members.brokers)
    named = {name: f"{name}://127.0.0.1:{port}" for name, port in listeners.items()}
    return {
        "controller.quorum.voters": ",".join(voters),
        "controller.listener.names": "CONTROLLER",
        "listeners": ",".join(named.values()),
        "advertised.listeners": ",".join(text for name, text in named.items() if name != "CONTROLLER"),
        "listener.security.protocol.map": "INSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT,CLIENTS:SASL_SSL,MUTUAL:SSL",
        "inter.broker.listener.name": "INSIDE",
        "offsets.topic.num.partitions": "4",
        "offsets.topic.replication.factor": copies,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": in_sync,
        "group.initial.rebalance.delay.ms": "0",
        "auto.create.topics.enable": "false",
        # A dead broker is noticed, and a shrunk group of replicas serves again, within seconds.
        "broker.session.timeout.ms": "6000",
        "broker.heartbeat.interval.ms": "1000",
        **(members.security.broker_properties if members.security else {}),
    }
