"""A real store for all tests of a run, whose tables are empty for each test."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.store.client import StoreClient
from ingest.store.migrate import migrate
from tests.analytics.scenario import Scenario
from tests.lab.oldest_store import oldest_store
from tests.running import emptied, running_store

MINUTE_NS = 60_000_000_000


@pytest.fixture(scope="session")
def writer(tables: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreClient]:
    """A client of a store that runs for the whole session."""
    with running_store(tmp_path_factory.mktemp("slis") / "data", tables=tables) as store:
        client = store.writer()
        yield client
        client.close()


@pytest.fixture(scope="session")
def oldest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreClient]:
    """ClickHouse 24.8 with its tables."""
    with oldest_store(tmp_path_factory.mktemp("oldest") / "engine") as store:
        migrate(store, store.database)
        yield store


@pytest.fixture(params=["embedded", pytest.param("oldest", marks=pytest.mark.soak)])
def scenario(request: pytest.FixtureRequest) -> Scenario:
    """Empty tables, and a host whose second 0 was ten minutes ago."""
    store = request.getfixturevalue("oldest" if request.param == "oldest" else "writer")
    emptied(store)
    return Scenario(store, (time.time_ns() // MINUTE_NS - 10) * MINUTE_NS)
