"""ClickHouse 24.8, the oldest that `store.url` may name: its real engine runs all migrations, and reads all views.

It is the engine in a library, without a server: what was not run there is HTTP, users and grants, replicas.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ingest.store.client import StoreClient, StoreTooOld
from ingest.store.ddl import statements
from ingest.store.migrate import migrations
from ingest.store.tiers.resolution import resolve
from ingest.store.tiers.rows import MINUTE_NS
from ingest.store.tiers.tier import Window, tiers_of
from tests.running import ROOT, RunningStore
from tests.spool.making import missing
from viflux.registry import KINDS
from viflux.registry.rollups import ROLLUPS
from viflux.settings import load
from viflux.settings.schema import Keep

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


def test_tiers_are_filled_checked_and_read_there(tmp_path: Path) -> None:
    """Every statement of the tiers, with what it should say: found stale, filled, filled again, and one row for all."""
    made = [text for each in migrations() for text in statements(each.text, "viflux")]
    minute = time.time_ns() // MINUTE_NS - 1440
    at = f"fromUnixTimestamp64Nano({minute * MINUTE_NS + 1}, 'UTC')"
    common = "time, duration_ns, vif_id, host"
    counted, flowed = f"({at}, 10000000000, 7, 'h', 'clean', 41)", f"({at}, 90000000000, 7, 'h', 41, 6, 'announced', 1)"
    raw = [
        f"INSERT INTO viflux.counters ({common}, delta_kind, rx_bytes) VALUES {counted}",
        f"INSERT INTO viflux.flows ({common}, bytes, protocol, sampling_origin, sampling_rate) VALUES {flowed}",
        *(
            "INSERT INTO viflux.ledger (time, host, stage, of_stream, out_rows_count, first_event_time, "
            f"last_event_time, touched_minutes) VALUES ({at}, 'h', 'processor', '{kind}.x', 1, {at}, {at}, [{minute}])"
            for kind in ROLLUPS
        ),
    ]
    fills: list[str] = []
    reads: list[str] = []
    for rollup in ROLLUPS.values():
        for tier in tiers_of(rollup):
            number = minute * MINUTE_NS // tier.window_ns
            fills.append(tier.stale(number - 1, number + 1, 10))
            revisions = {Window("h", number): 1}
            fills += [*tier.fills(revisions, again=False), *tier.fills(revisions, again=True)]
            reads.append(f"SELECT count() FROM ({tier.filled_rows(number - 100, number + 1)})")
        until = {tier.name: (minute - 1) * MINUTE_NS for tier in tiers_of(rollup)}
        now_ns = (minute + 30) * MINUTE_NS
        found = resolve(rollup.kind, now_ns - 7200 * 10**9, now_ns, MINUTE_NS, now_ns=now_ns, keep=Keep(), until=until)
        reads.append(f"SELECT sum({'rx_bytes' if rollup.kind == 'counters' else 'bytes'}) FROM {found.sql}")
        now_ms = now_ns // 10**6
        over = f"{rollup.kind}_over(from_ms = {now_ms - 7_200_000}, to_ms = {now_ms}, grain_seconds = 60)"
        reads.append(f"SELECT sum({'rx_bytes' if rollup.kind == 'counters' else 'bytes'}) FROM {over}")
    every = ["CREATE DATABASE viflux", *made, "USE viflux", *raw, *fills, *reads]
    answers = run_on_oldest(tmp_path / "data", every)[-len(reads) :]
    assert answers[4] == answers[5] == answers[10] == answers[11] == "41"
    assert all(int(answer) > 0 for answer in answers)
