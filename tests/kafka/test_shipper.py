"""The shipper against a real broker: everything arrives, in order, whatever is killed."""

from __future__ import annotations

from pathlib import Path

from tests.kafka.making import fill, in_topics, migrate, settings_of, shipper, spool_of
from tests.lab.kafka import Cluster

STREAMS = ("inventory.netlink", "counters.netlink", "ledger.agent")


def test_everything_in_the_spool_arrives_once_and_in_order(kafka: Cluster, tmp_path: Path) -> None:
    """Without faults each batch is in its kind's topic once, a host's in one partition, in the spool's order."""
    settings = kafka.settings()
    assert migrate(tmp_path, settings).returncode == 0
    spool = spool_of(tmp_path / "data")
    made = fill(spool, 10, streams=STREAMS)
    with shipper(tmp_path / "data", settings) as running:
        running.await_empty()
        running.await_ready()
        made |= fill(spool, 10, streams=STREAMS)
        running.await_empty()
    assert in_topics(kafka, settings_of(tmp_path, settings)) == dict.fromkeys(made, 1)
    spool.close()
