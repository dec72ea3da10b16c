"""One broker for all tests of this folder; a test that harms it starts its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.kafka import Cluster, cluster, need_kafka
from tests.running import RunningStore, running_store


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    need_kafka()
    with cluster(tmp_path_factory.mktemp("kafka")) as made:
        yield made


@pytest.fixture
def store(tables: Path, tmp_path: Path) -> Iterator[RunningStore]:
    """Run a store on the folder `data` of the test."""
    with running_store(tmp_path / "data", tables=tables) as running:
        yield running
