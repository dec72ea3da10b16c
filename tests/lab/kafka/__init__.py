"""Apache Kafka itself, started by tests: never a mock."""

from tests.lab.kafka.broker import Broker
from tests.lab.kafka.cluster import Cluster, cluster, need_kafka
from tests.lab.kafka.jars import MissingJarsError
from tests.lab.kafka.security import PASSWORD, USER, Security

__all__ = ["PASSWORD", "USER", "Broker", "Cluster", "MissingJarsError", "Security", "cluster", "need_kafka"]
