"""How the tests are shared out among processes, `make test` runs two at once; and what is made once for all of them."""

from __future__ import annotations

import fcntl
import os
from functools import cache
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

from ingest.store.migrate import migrate
from tests.running import running_store

_ROOT = Path(__file__).resolve().parents[1]


class Rows(LoadScopeScheduling):
    """Gives each process whole modules, which share a store or a browser.

    Modules that make network namespaces see each other's, so they follow one another in one process.
    """

    def _split_scope(self, nodeid: str) -> str:
        return _row_of(nodeid.partition("::")[0])


@cache
def _row_of(module: str) -> str:
    return "root" if "pytest.mark.root" in (_ROOT / module).read_text(encoding="utf-8") else module


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Rows:
    """Share out tests by rows."""
    return Rows(config, log)


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with all tables and no rows, to begin stores with: migrations take a second or two each time."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = shared / "tables"
    with (shared / "tables.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            with running_store(shared / "tables.new") as store:
                migrate(store.writer(), store.settings.store.database)
            (shared / "tables.new").rename(folder)
    return folder
