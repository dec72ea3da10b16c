"""All migrations, from empty and from every recorded past schema, make the golden schema; and nothing else does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace as replaced

from ingest.processor.tiers import Tiers
from ingest.store.client import StoreClient
from ingest.store.ddl import render, statements
from ingest.store.migrate import Migration, MigrationError, migrate, migrations
from tests.running import RunningStore, running_store
from viflux.clock import SystemClock

RECORDED = Path(__file__).with_name("recorded")


@pytest.fixture(scope="module")
def store(tables: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStore]:
    with running_store(tmp_path_factory.mktemp("schema") / "data", tables=tables) as running:
        yield running


def schema_of(store: RunningStore, database: str) -> dict[str, str]:
    """Return the engine's own text of each table and view, with the database's name taken out."""
    rows = store.writer().query_rows(
        "SELECT name, create_table_query AS text FROM system.tables "
        f"WHERE database = '{database}' AND name != 'schema_migrations'"
    )
    return {row["name"]: re.sub(rf"\b{database}\.|'{database}'", "", row["text"]) for row in rows}


def make(store: RunningStore, database: str, text: str) -> None:
    writer = store.writer()
    writer.command(f"CREATE DATABASE {database}")
    for statement in statements(text, database):
        writer.command(statement)


@pytest.fixture(scope="module")
def golden(store: RunningStore) -> dict[str, str]:
    make(store, "golden", render())
    return schema_of(store, "golden")


def test_from_empty(store: RunningStore, golden: dict[str, str]) -> None:
    """The migrations alone make the golden schema."""
    applied = migrate(store.writer(), "fromempty")
    assert [migration.number for migration in applied] == list(range(1, len(applied) + 1))
    assert schema_of(store, "fromempty") == golden
    assert migrate(store.writer(), "fromempty") == []


def test_a_new_database_of_an_own_store_is_made_at_once(store: RunningStore, golden: dict[str, str]) -> None:
    """The same tables and records as step by step; nothing is left to do, and what is there is left alone."""
    made = migrate(store.writer(), "atonce", is_own=True)
    assert made == migrations()
    assert schema_of(store, "atonce") == golden
    store.writer().command("INSERT INTO atonce.events (time, host, event) VALUES (now64(9), 'a', 'b')")
    for is_own in (True, False):
        assert migrate(store.writer(), "atonce", is_own=is_own) == []
    assert store.writer().query_rows("SELECT count() AS found FROM atonce.events")[0]["found"] == 1


def test_what_was_left_while_it_was_made_is_made_anew(store: RunningStore, golden: dict[str, str]) -> None:
    """Also by another version's tables; but never where a row is, whatever became of the records."""
    writer = store.writer()
    migrate(writer, "left", is_own=True)
    writer.command("TRUNCATE TABLE left.schema_migrations")
    writer.command("DROP TABLE left.events")
    writer.command("ALTER TABLE left.hosts DROP COLUMN counted_ns")
    assert migrate(writer, "left", is_own=True) == migrations()
    assert schema_of(store, "left") == golden
    writer.command("INSERT INTO left.events (time, host, event) VALUES (now64(9), 'a', 'b')")
    writer.command("TRUNCATE TABLE left.schema_migrations")
    assert migrate(writer, "left", is_own=True) == migrations()
    assert writer.query_rows("SELECT count() AS found FROM left.events")[0]["found"] == 1


class Recorded:
    """Databases as earlier versions left them, each made when it is first asked for."""

    def __init__(self, store: RunningStore) -> None:
        self._store = store
        self._schemas: dict[int, dict[str, str]] = {}

    def schema(self, number: int) -> dict[str, str]:
        """Return the schema that the migrations up to a number led to; the database `recorded{number}` has it."""
        if number not in self._schemas:
            database = f"recorded{number}"
            make(self._store, database, (RECORDED / f"{number:04}.sql").read_text(encoding="utf-8"))
            self._schemas[number] = schema_of(self._store, database)
        return self._schemas[number]


@pytest.fixture(scope="module")
def recorded(store: RunningStore) -> Recorded:
    return Recorded(store)


@pytest.mark.parametrize("migration", migrations()[1:], ids=lambda each: each.name)
def test_from_the_schema_of_the_version_before(store: RunningStore, recorded: Recorded, migration: Migration) -> None:
    """Each migration leads from one recorded schema to the next, so that all that follow lead to the newest."""
    assert recorded.schema(migration.number - 1) != recorded.schema(migration.number)
    database = f"recorded{migration.number - 1}"
    for statement in statements(migration.text, database):
        store.writer().command(statement)
    assert schema_of(store, database) == recorded.schema(migration.number)


def test_the_newest_recorded_schema_is_the_golden_one(recorded: Recorded, golden: dict[str, str]) -> None:
    """To it all recorded schemas lead."""
    assert recorded.schema(len(migrations())) == golden


def test_minutes_without_an_exporter_are_filled_anew(store: RunningStore) -> None:
    """Minutes whose raw rows are still there make room, and are filled again; older ones stay, and are read."""
    migrate(store.writer(), "minutes", known=migrations()[:2])
    writer = StoreClient.writer(replaced(store.settings, store=replaced(store.settings.store, database="minutes")))
    ages = {6: timedelta(minutes=90), 7: timedelta(hours=50), 8: timedelta(days=9)}
    now = datetime.now(UTC).replace(second=30, microsecond=0, tzinfo=None)
    for vif_id, age in ages.items():
        end = now - age
        minute = end.replace(second=0)
        writer.command(
            "INSERT INTO flows_1m_revisions (time, end_minute_time, host, vif_id, revision, bytes, flows_count) "
            f"VALUES ('{minute}', '{minute}', 'host-1', {vif_id}, 1, 100, 1)"
        )
        if age < timedelta(days=3):
            writer.command(
                "INSERT INTO flows (time, received_time, host, vif_id, source_kind, bytes) "
                f"VALUES ('{end}', '{end}', 'host-1', {vif_id}, 'ipfix', 100)"
            )
            writer.command(
                "INSERT INTO ledger (time, host, stage, of_stream, out_rows_count, first_event_time, last_event_time) "
                f"VALUES ('{end}', 'host-1', 'processor', 'flows.ipfix', 1, '{end}', '{end}')"
            )
    migrate(writer, "minutes")
    told = "SELECT vif_id, source_kind, bytes FROM flows_1m ORDER BY vif_id"
    assert [tuple(row.values()) for row in writer.query_rows(told)] == [(8, "", 100)]
    tiers = Tiers(store.settings, writer, SystemClock())
    while tiers.tend():
        pass
    assert [tuple(row.values()) for row in writer.query_rows(told)] == [
        (6, "ipfix", 100),
        (7, "ipfix", 100),
        (8, "", 100),
    ]


def test_every_version_has_a_recorded_schema() -> None:
    """Whoever adds a migration records the schema that it leads to."""
    assert [path.stem for path in sorted(RECORDED.glob("*.sql"))] == [f"{m.number:04}" for m in migrations()]


def test_statements_can_be_run_twice(store: RunningStore, golden: dict[str, str]) -> None:
    """A crash between a statement and its record does no harm."""
    writer = store.writer()
    writer.command("CREATE DATABASE twice")
    for migration in migrations():
        for _ in range(2):
            for statement in statements(migration.text, "twice"):
                writer.command(statement)
    assert schema_of(store, "twice") == golden


def test_a_newer_store_is_refused(store: RunningStore) -> None:
    """A store with a migration that this version does not know is left alone, with a line that says why."""
    newest = migrations()[-1]
    newer = replace(newest, number=newest.number + 1, name="9999_from_the_future", text="SELECT 1;\n")
    assert migrate(store.writer(), "viflux", known=[*migrations(), newer]) == [newer]
    with pytest.raises(MigrationError, match=r"made by a newer version of Viflux .*9999_from_the_future"):
        migrate(store.writer(), "viflux")


def test_an_edited_migration_is_refused(store: RunningStore) -> None:
    """An applied migration is never edited."""
    first = migrations()[0]
    migrate(store.writer(), "edited", known=[replace(first, text=first.text + "-- one more word\n")])
    with pytest.raises(MigrationError, match=r"0001_spine .* differs"):
        migrate(store.writer(), "edited", known=[first])


def test_a_store_with_flows_sorted_by_peer_is_taken_as_it_is(store: RunningStore) -> None:
    """Of before the first release: it keeps its order, and gets what came since."""
    first, flows = migrations()[:2]
    key = "(toStartOfFiveMinutes(time), vif_id, {}time)"
    text = flows.text.replace(key.format(""), key.format("dst_address, dst_port, src_address, ")).replace(
        "in the order of time", "by whom it talks to"
    )
    migrate(store.writer(), "by_peer", known=[first, replace(flows, text=text)])
    assert migrate(store.writer(), "by_peer") == migrations()[2:]
    assert migrate(store.writer(), "by_peer") == []


def test_labels_hold_as_of_the_rows_time(store: RunningStore) -> None:
    """A row has the labels of its time; what was settled within 60 s of birth holds from birth."""
    writer = store.writer()
    # An hour ago, for older rows are past their keeping time.
    born = datetime.now(UTC).replace(minute=0, second=0, microsecond=0, tzinfo=None) - timedelta(hours=1)

    def at(seconds: int) -> str:
        return f"'{born + timedelta(seconds=seconds)}'"

    def state(seconds: int, valid_from: int, change: str, owner: str) -> str:
        return f"({at(seconds)}, {at(valid_from)}, 7, '{change}', '{owner}', {at(0)})"

    states = [
        state(0, 0, "born", ""),
        state(40, 40, "changed", "first"),
        state(300, 300, "changed", "second"),
        state(360, 300, "restated", "second"),
    ]
    writer.command(
        "INSERT INTO viflux.inventory (time, valid_from_time, vif_id, change, owner, born_time) VALUES "
        + ", ".join(states)
    )
    readings = [(0, 7), (299, 7), (300, 7), (3000, 7), (0, 8)]
    writer.command(
        "INSERT INTO viflux.counters (time, vif_id, rx_bytes) VALUES "
        + ", ".join(f"({at(seconds)}, {vif}, {number})" for number, (seconds, vif) in enumerate(readings))
    )
    rows = writer.query_rows("SELECT owner FROM viflux.counters_labelled ORDER BY rx_bytes")
    assert [row["owner"] for row in rows] == ["first", "first", "second", "second", ""]
