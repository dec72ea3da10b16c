"""The store on a disk that others fill: it refuses early, goes on by itself, and never acknowledges a failed write."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from ingest.store.client import StoreClient, StoreRefused
from ingest.store.codes import Code
from ingest.store.connection import StoreUnavailable
from tests.lab.disk import Neighbour, small_disk
from tests.running import RunningStore, running_store, until
from viflux.paths import DataPaths
from viflux.telemetry import ask

ROWS = 100_000
_MIB = 1 << 20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", "240m") as folder:
        yield folder


def make_table(store: StoreClient) -> None:
    # A column that is short on the wire and long on the disk.
    store.command(
        "CREATE TABLE t (n UInt64, batch UInt32, same UInt64 CODEC(NONE)) ENGINE = MergeTree "
        "PARTITION BY batch % 2 ORDER BY n SETTINGS non_replicated_deduplication_window = 100, fsync_after_insert = 1"
    )


def rows_of(batch: int) -> pa.Table:
    numbers = pa.array(range(batch * ROWS, (batch + 1) * ROWS), pa.uint64())
    return pa.table({"n": numbers, "batch": [batch] * ROWS, "same": pa.array([77] * ROWS, pa.uint64())})


def insert(store: StoreClient, batch: int) -> None:
    store.insert_arrow_stream("t", rows_of(batch), f"batch {batch}")


def totals(store: StoreClient) -> tuple[int, int]:
    """All rows, and all different ones."""
    found = store.query_rows("SELECT count() AS rows, uniqExact(n) AS different FROM t")[0]
    return found["rows"], found["different"]


@pytest.mark.root
def test_it_refuses_before_the_disk_is_full_and_goes_on_when_there_is_room(disk: Path) -> None:
    """Rows and `INSERT … SELECT` are refused for now, reads are answered, /readyz says why, no restart is needed."""
    with running_store(disk / "data") as running:
        store, paths = running.writer(), DataPaths(running.settings.data_dir)
        make_table(store)
        insert(store, 0)
        neighbour = Neighbour(disk)
        neighbour.leave(20 * _MIB)
        for request in (
            lambda: insert(store, 1),
            lambda: store.command("INSERT INTO t SELECT 1, 1, 1"),
        ):
            with pytest.raises(StoreRefused, match=r"24MiB stay free \(store\.min_free\)") as refused:
                request()
            assert refused.value.code == Code.NOT_ENOUGH_SPACE
            assert refused.value.is_temporary
        assert totals(store) == (ROWS, ROWS)
        assert "no rows are taken; free space on" in ask(paths, "store", "/readyz")[1]
        assert "viflux_store_refused_inserts_total 2.0" in ask(paths, "store", "/metrics")[1]
        neighbour.release()
        insert(store, 1)
        assert totals(store) == (2 * ROWS, 2 * ROWS)
        until("the store is ready again", lambda: ask(paths, "store", "/readyz")[0] == 200)
        lines = [line for line in running.log.read_text().splitlines() if "disk_guard" in line]
        assert len(lines) == 2, lines


def failing(store: RunningStore, largest_file: int) -> None:
    """From now on every write of the store beyond this offset of a file fails (EFBIG)."""
    resource.prlimit(store.process.pid, resource.RLIMIT_FSIZE, (largest_file, largest_file))


def test_an_insert_whose_write_failed_is_not_acknowledged(tmp_path: Path) -> None:
    """The engine would report success and keep a broken part; the store ends instead, and rows can be sent again."""
    with running_store(tmp_path / "data") as running:
        make_table(running.writer())
        insert(running.writer(), 0)
        failing(running, 700_000)
        with pytest.raises(StoreUnavailable):
            insert(running.writer(), 1)
        assert running.process.wait(10) == 1
        assert "the store ends at once" in running.log.read_text()
    with running_store(tmp_path / "data") as running:
        store = running.writer()
        assert totals(store) == (ROWS, ROWS)
        assert "broken parts lie aside" in running.log.read_text()
        store.insert_arrow_stream("t", rows_of(1), "batch 1, again")
        assert totals(store) == (2 * ROWS, 2 * ROWS)


def test_a_merge_whose_write_failed_takes_nothing_away(tmp_path: Path) -> None:
    """What was merged is back after the restart, to the row."""
    with running_store(tmp_path / "data") as running:
        store = running.writer()
        make_table(store)
        store.command("SYSTEM STOP MERGES t")
        for batch in (0, 2, 4):
            insert(store, batch)
        failing(running, 1_200_000)
        store.command("SYSTEM START MERGES t")
        with pytest.raises(StoreUnavailable):
            store.command("OPTIMIZE TABLE t FINAL")
        assert running.process.wait(10) == 1
    with running_store(tmp_path / "data") as running:
        assert totals(running.writer()) == (3 * ROWS, 3 * ROWS)


def test_the_log_of_queries_is_bounded(tmp_path: Path) -> None:
    """It is kept by days for three of them, and emptied when it outgrows its bound within one."""
    with running_store(tmp_path / "data", ["store.max_log_bytes=1KiB"]) as running:
        store = running.writer()
        store.command("SELECT 7")
        store.command("SYSTEM FLUSH LOGS")
        made = store.query_rows("SELECT partition_key, engine_full FROM system.tables WHERE name = 'query_log'")[0]
        assert made["partition_key"] == "event_date"
        assert "TTL event_date + toIntervalDay(3)" in made["engine_full"]
        sevens = "SELECT count() AS rows FROM system.query_log WHERE query LIKE 'SELECT 7%'"
        assert store.query_rows(sevens)[0]["rows"]
        until("it is emptied", lambda: store.query_rows(sevens) == [{"rows": 0}], 25)
