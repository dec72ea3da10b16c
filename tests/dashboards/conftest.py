"""A real store with tables, and the real console before it."""

from __future__ import annotations

import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ingest.store.client import StoreClient
from tests.analytics.scenario import Scenario
from tests.running import ROOT, RunningStore, emptied, free_port, running_store, until, viflux

HOST = "host-a"


@dataclass
class Console:
    """A running console.

    Attributes:
        url: Its address, without a slash at the end.
        scenario: Rows of the host that it shows; second 0 is half a minute ago.
        store: The store that it asks.
    """

    url: str
    scenario: Scenario
    store: RunningStore
    process: subprocess.Popen[bytes]

    def get(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, dict[str, str], str]:
        """Return status, headers by name in lower case, and body; no status raises."""
        request = urllib.request.Request(f"{self.url}{path}", headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, {k.lower(): v for k, v in error.headers.items()}, error.read().decode()


@pytest.fixture(scope="module")
def store(tables: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStore]:
    """A store for a file of tests."""
    with running_store(tmp_path_factory.mktemp("web") / "data", tables=tables) as running:
        yield running


@pytest.fixture
def console(store: RunningStore, tmp_path: Path) -> Iterator[Console]:
    """A console over an empty store."""
    writer: StoreClient = store.writer()
    emptied(writer)
    port = free_port()
    flags = [f"store.listen={store.settings.store.listen}", f"web.listen=127.0.0.1:{port}", f"host={HOST}"]
    arguments = [flag for assignment in flags for flag in ("--set", assignment)]
    with (tmp_path / "web.log").open("wb") as log:
        process = subprocess.Popen(
            viflux("web", "--data-dir", store.settings.data_dir, *arguments), cwd=ROOT, stderr=log
        )
    second_ns = 1_000_000_000
    origin_ns = (time.time_ns() // second_ns // 10 - 3) * 10 * second_ns
    running = Console(f"http://127.0.0.1:{port}", Scenario(writer, origin_ns), store, process)

    def answers() -> bool:
        assert process.poll() is None, (tmp_path / "web.log").read_text()
        try:
            return running.get("/static/icon.svg")[0] == 200
        except OSError:
            return False

    try:
        until("the console answers", answers, 30)
        yield running
    finally:
        process.terminate()
        assert process.wait(15) == 0
        writer.close()
