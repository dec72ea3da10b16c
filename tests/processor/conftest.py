"""A real store with its tables, for one test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running import RunningStore, running_store


@pytest.fixture
def store(tables: Path, tmp_path: Path) -> Iterator[RunningStore]:
    """Run a store on the folder `data` of the test."""
    with running_store(tmp_path / "data", tables=tables) as running:
        yield running
