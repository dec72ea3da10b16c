"""ClickHouse 24.8, the oldest that `store.url` may name: its real engine runs all migrations, and reads all views.

It is the engine in a library, without a server: what was not run there is HTTP, users and grants, replicas.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ingest.store.client import StoreClient, StoreTooOld
from ingest.store.ddl import statements
from ingest.store.migrate import migrations
from tests.running import ROOT, RunningStore
from tests.spool.making import missing
from viflux.registry import KINDS
from viflux.settings import load

OLDEST = Path(sys.prefix) / "oldest"


def run_on_oldest(folder: Path, texts: list[str]) -> list[str]:
    """Return the results, or fail with the first error."""
    if not (OLDEST / "chdb").is_dir():
        missing(f"chdb 2.1.1 (ClickHouse 24.8) is not in {OLDEST}; `make .venv/.developer` puts it there")
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests/lab/oldest_engine.py"), str(folder)],
        env={**os.environ, "PYTHONPATH": str(OLDEST)},
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=True,
        timeout=250,
    )
    answers = json.loads(done.stdout)
    assert len(answers) == len(texts), answers[-1]
    assert "error" not in answers[-1], answers[-1]
    return [answer["result"].strip() for answer in answers]


def test_the_oldest_engine_runs_every_migration_and_reads_every_view(tmp_path: Path) -> None:
    """Types, codecs, table settings and functions of the schema exist there; SLIs need a newer one."""
    made = [text for each in migrations() for text in statements(each.text, "viflux")]
    names = sorted({kind.table_name for kind in KINDS.values()} | {"sli", "counters_1m", "flows_1d", "flows_labelled"})
    reads = [f"SELECT * FROM viflux.{name} LIMIT 1" for name in names]
    listed = "SELECT name FROM system.tables WHERE database = 'viflux'"
    every = ["SELECT version()", "CREATE DATABASE viflux", *made, *reads, listed]
    found = run_on_oldest(tmp_path / "data", every)
    assert found[0].strip('"').startswith("24.8.")
    assert set(names) <= set(found[-1].replace('"', "").split())


def test_a_version_below_is_refused_in_one_line(store: RunningStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is made there."""
    monkeypatch.setattr("ingest.store.client._OLDEST", (99, 1))
    settings, _ = load(environment={}, assignments=[f"store.url={store.url}", "store.user=default"])
    with pytest.raises(StoreTooOld, match=r"store\.url: .* is ClickHouse 26\.[\d.]+; 99\.1 or newer is needed"):
        StoreClient.writer(settings).command("SELECT 1")
