"""Numbered migrations: the only way in which tables come to be and change.

Each file `migrations/NNNN_name.sql` is applied once, in order, and recorded in `schema_migrations` with its checksum.
Its statements can be run twice without harm (`IF NOT EXISTS`, `OR REPLACE`), because a crash may come between a
statement and its record.

In a store that is nobody else's a database that is not there yet gets the tables in the form that all migrations make,
at once: tests show that both ways end in the same tables, and it takes a third of the time. Its comment says that it is
being made; one that was left so, without a row in any table, is dropped and made anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, Protocol

from ingest.store.ddl import render, statements
from viflux.errors import VifluxError

# Migrations that were edited before the first release, with the checksums of their earlier texts. What such a store has
# otherwise only costs more: the sorting key of `flows` was (five minutes, VIF, peer, time).
_EARLIER = {2: frozenset(("dc0e9c7e37ebc0c04a68457d4133707635c68141d38ebf83409c8675d7b7659c",))}

BEING_MADE = "viflux: being made, as long as schema_migrations has no rows"
"""Comment of a database that may be dropped and made anew while no table of it has a row."""


class MigrationError(VifluxError):
    """The store's tables and this version of Viflux do not fit."""


class Store(Protocol):
    """What a migration needs of the store's client."""

    def command(self, sql: str) -> Any:
        """Run one statement."""
        ...

    def query_rows(self, sql: str) -> list[dict[str, Any]]:
        """Return the rows of a small result."""
        ...

    def require_one_store(self, *, is_new: bool) -> None:
        """Refuse several addresses that are not one store."""
        ...


@dataclass(frozen=True)
class Migration:
    """One file of `migrations/`.

    Attributes:
        number: From 1, without holes.
        name: The file's name without its ending.
        text: SQL with `{database}` in place of the name.
    """

    number: int
    name: str
    text: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text, 64 hex digits."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def migrations() -> list[Migration]:
    """Return all migrations that this version knows, in order."""
    files = sorted(
        (entry for entry in (resources.files("ingest.store") / "migrations").iterdir() if entry.name.endswith(".sql")),
        key=lambda entry: entry.name,
    )
    return [
        Migration(int(entry.name[:4]), entry.name.removesuffix(".sql"), entry.read_text(encoding="utf-8"))
        for entry in files
    ]


def migrate(
    store: Store, database: str, known: Sequence[Migration] | None = None, *, is_own: bool = False
) -> list[Migration]:
    """Bring the store to this version.

    Args:
        store: A client that may create tables.
        database: Made when it is missing.
        known: The migrations; those of this version by default.
        is_own: Nobody else can be making tables in this store: a new database may be made at once, with all of `known`.

    Returns:
        What was applied now; empty where the store was up to date.

    Raises:
        MigrationError: The store was made by a newer version, or an applied migration was edited since.
    """
    known = migrations() if known is None else known
    there = f"SELECT count() AS found FROM system.tables WHERE database = '{database}' AND name = 'schema_migrations'"
    if not store.query_rows(there)[0]["found"]:
        store.require_one_store(is_new=True)
    if is_own and _is_to_be_made(store, database):
        _make(store, database, known)
        store.require_one_store(is_new=False)
        return list(known)
    store.command(f"CREATE DATABASE IF NOT EXISTS {database}")
    _create_records(store, database)
    done = {row["number"]: row for row in store.query_rows(f"SELECT * FROM {database}.schema_migrations")}
    _check(done, known, database)
    applied = [migration for migration in known if migration.number not in done]
    for migration in applied:
        for statement in statements(migration.text, database):
            store.command(statement)
        _record(store, database, [migration])
    store.require_one_store(is_new=False)
    return applied


def _is_to_be_made(store: Store, database: str) -> bool:
    """Whether there is no such database, or one that has nothing but what was left while it was made."""
    found = store.query_rows(f"SELECT comment FROM system.databases WHERE name = '{database}'")
    if not found:
        return True
    if found[0]["comment"] != BEING_MADE:
        return False
    rows = store.query_rows(f"SELECT sum(total_rows) AS found FROM system.tables WHERE database = '{database}'")
    return not rows[0]["found"]


def _make(store: Store, database: str, known: Sequence[Migration]) -> None:
    left = store.query_rows(f"SELECT count() AS found FROM system.tables WHERE database = '{database}'")
    if left[0]["found"]:
        store.command(f"DROP DATABASE {database} SYNC")
    store.command(f"CREATE DATABASE IF NOT EXISTS {database} COMMENT '{BEING_MADE}'")
    _create_records(store, database)
    for statement in statements(render(), database):
        store.command(statement)
    _record(store, database, known)


def _create_records(store: Store, database: str) -> None:
    store.command(
        f"CREATE TABLE IF NOT EXISTS {database}.schema_migrations "
        "(number UInt32, name String, checksum String, applied_time DateTime64(9, 'UTC') DEFAULT now64(9, 'UTC')) "
        "ENGINE = MergeTree ORDER BY number SETTINGS fsync_after_insert = 1"
    )


def _record(store: Store, database: str, applied: Sequence[Migration]) -> None:
    rows = ", ".join(f"({one.number}, '{one.name}', '{one.checksum}')" for one in applied)
    store.command(f"INSERT INTO {database}.schema_migrations (number, name, checksum) VALUES {rows}")


def _check(done: dict[int, dict[str, Any]], known: Sequence[Migration], database: str) -> None:
    newest = known[-1].number
    if done and max(done) > newest:
        name = done[max(done)]["name"]
        raise MigrationError(
            f"database {database} was made by a newer version of Viflux (migration {name}; this version knows up to "
            f"{newest:04}); install that version or point store.url and data_dir elsewhere"
        )
    for migration in known:
        row = done.get(migration.number)
        if row is not None and row["checksum"] not in {migration.checksum, *_EARLIER.get(migration.number, ())}:
            raise MigrationError(
                f"migration {migration.name} in database {database} differs from the file of this version; "
                "an applied migration is never edited, add a new one"
            )
