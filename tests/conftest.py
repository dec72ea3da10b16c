"""How the tests are shared out among processes: `make test` runs two at once."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

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
