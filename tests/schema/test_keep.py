"""How long tables keep their rows follows the settings, also for tables that are there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingest.store import keep, merging
from tests.running import RunningStore, running_store, until
from viflux.errors import UsageError
from viflux.registry import KINDS
from viflux.settings import load
from viflux.settings.schema import Keep


@pytest.fixture(scope="module")
def store(tables: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStore]:
    with running_store(tmp_path_factory.mktemp("keep") / "data", tables=tables) as running:
        yield running


def kept(*assignments: str) -> Keep:
    return load(assignments=[f"keep.{each}" for each in assignments], environment={})[0].keep


def test_tables_are_made_with_the_defaults(store: RunningStore) -> None:
    """After the migrations nothing is left to alter, and a second time nothing either."""
    assert keep.apply(store.writer(), "viflux", Keep()) == []
    assert all(kind.keep for kind in KINDS.values())


def test_settings_reach_tables_that_are_there(store: RunningStore) -> None:
    """Longer and shorter, tables with one TTL and with two; a row that is now too old goes."""
    writer = store.writer()
    old = datetime.now(UTC).replace(tzinfo=None) - timedelta(days=20)
    writer.command(f"INSERT INTO viflux.events (time, event) VALUES ('{old}', 'old')")
    wanted = kept("raw=4d", "minute=10d", "history=12d")
    changes = keep.apply(writer, "viflux", wanted)
    assert {change.table for change in changes} == {
        kind.table_name for kind in KINDS.values() if kind.keep[0][0] in ("raw", "minute", "history")
    }
    assert "sli_revisions: keeps rows for 4d and 10d (was 3d and 30d)" in keep.in_words(changes)
    assert keep.apply(writer, "viflux", wanted) == []
    text = writer.query_rows("SELECT engine_full FROM system.tables WHERE database = 'viflux' AND name = 'counters'")
    assert "toIntervalDay(4)" in text[0]["engine_full"]

    def gone() -> bool:
        return writer.query_rows("SELECT time FROM viflux.events") == []

    writer.command("OPTIMIZE TABLE viflux.events FINAL")
    until("the old row is gone", gone, 20)
    assert len(keep.apply(writer, "viflux", Keep())) == len(changes)


def test_flows_are_merged_as_this_engine_can(store: RunningStore) -> None:
    """Asked for once, and nothing is left to alter a second time; other tables keep the engine's way."""
    writer = store.writer()
    assert merging.apply(writer, "viflux") == ["flows"]
    assert merging.apply(writer, "viflux") == []
    asked = "SELECT name FROM system.tables WHERE database = 'viflux' AND engine_full LIKE '%merge_selector_base = 48%'"
    assert writer.query_rows(asked) == [{"name": "flows"}]


@pytest.mark.parametrize(
    ("assignment", "reason"),
    [
        ("keep.hour=10d", r"keep\.hour: 10d is shorter than keep\.five_minutes = 90d: a coarser tier is what is left"),
        ("keep.raw=1d", r"keep\.raw: 1d is out of range"),
        ("keep.ledger=2d", r"keep\.ledger: 2d is shorter than keep\.raw = 3d: it is the ledger"),
        ("keep.minute=36h", r"keep\.minute: 36h: expected whole days"),
    ],
)
def test_what_cannot_be_is_refused(assignment: str, reason: str) -> None:
    """With the key and why."""
    with pytest.raises(UsageError, match=reason):
        load(assignments=[assignment], environment={})
