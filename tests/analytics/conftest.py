"""A real store for all tests of a run, and a database of its own for each test."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from ingest.store.client import StoreClient
from ingest.store.migrate import migrate
from tests.analytics.scenario import Scenario
from tests.lab.oldest_store import oldest_store
from tests.running import running_store

MINUTE_NS = 60_000_000_000


@pytest.fixture(scope="session")
def writer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreClient]:
    """A client of a store that runs for the whole session."""
    with running_store(tmp_path_factory.mktemp("slis") / "data") as store:
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
def scenario(request: pytest.FixtureRequest) -> Iterator[Scenario]:
    """An empty database, and a host whose second 0 was ten minutes ago."""
    origin_ns = (time.time_ns() // MINUTE_NS - 10) * MINUTE_NS
    if request.param == "oldest":
        # Migrations cost this engine ten seconds.
        store = request.getfixturevalue("oldest")
        for table in ("inventory", "counters", "flows_1m_revisions", "ledger", "sli_revisions"):
            store.command(f"TRUNCATE TABLE {store.database}.{table}")
        yield Scenario(store, origin_ns)
        return
    writer = request.getfixturevalue("writer")
    database = f"viflux_{os.urandom(4).hex()}"
    migrate(writer, database)
    writer.database = database
    yield Scenario(writer, origin_ns)
    writer.command(f"DROP DATABASE {database}")
