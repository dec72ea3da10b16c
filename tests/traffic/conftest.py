"""A real store for all tests of the verbs, whose tables are empty for each test."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running import RunningStore, emptied, running_store
from tests.traffic.scene import MINUTE_NS, Scene


@pytest.fixture(scope="session")
def running(tables: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStore]:
    """A store that runs for the whole session."""
    with running_store(tmp_path_factory.mktemp("traffic") / "data", tables=tables) as store:
        yield store


@pytest.fixture
def scene(running: RunningStore) -> Scene:
    """Empty tables, and a scene whose second 0 was six minutes ago."""
    store = running.writer()
    emptied(store)
    return Scene(running, store, (time.time_ns() // MINUTE_NS - 6) * MINUTE_NS)
