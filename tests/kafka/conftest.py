"""One broker for all tests of this folder; a test that harms it starts its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.kafka import Cluster, cluster, need_kafka


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    need_kafka()
    with cluster(tmp_path_factory.mktemp("kafka")) as made:
        yield made
