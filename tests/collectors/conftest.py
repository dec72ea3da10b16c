"""A lab of real namespaces and a real agent for each test that asks for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.collectors.agent_process import AgentProcess
from tests.lab.network import Lab, lab, need_root


@pytest.fixture
def network() -> Iterator[Lab]:
    """Namespaces and links that end with the test."""
    need_root()
    with lab() as made:
        yield made


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[AgentProcess]:
    """An agent with a sweep each second; it is not started."""
    need_root("watches all namespaces")
    process = AgentProcess(tmp_path / "data", "--set", "counters.interval=1s", "--set", "agent.resync_interval=5s")
    yield process
    process.close()
