"""How long each table keeps its rows: the settings in `[keep]`, brought to the tables that are there.

A table is made with the defaults. Here its TTL is compared with the settings, and altered where it differs; rows that
are there are not written again for it (`materialize_ttl_after_modify = 0`), but parts learn their new age where that is
all that is written, so that a shorter time frees space at the next merges.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ingest.store.client import StoreRefused
from ingest.store.migrate import Store
from viflux import logs
from viflux.registry import KINDS, Kind
from viflux.settings.schema import Keep

_TTL = re.compile(r"\bTTL\s+(.*?)(?:\s+SETTINGS\b|$)", re.DOTALL)
_INTERVAL = re.compile(r"toInterval(\w+)\((\d+)\)")
_SECONDS = {"Second": 1, "Minute": 60, "Hour": 3_600, "Day": 86_400, "Week": 7 * 86_400}


@dataclass(frozen=True)
class Change:
    """A table whose TTL was altered.

    Attributes:
        table: Its name.
        before: What it was, as the engine writes it; empty for none.
        after: What it is now.
    """

    table: str
    before: str
    after: str


def kept_ns(kind: Kind, keep: Keep) -> int:
    """Return how long a kind's rows are kept after their event time."""
    return int(getattr(keep, kind.keep[0][0]))


def apply(store: Store, database: str, keep: Keep) -> list[Change]:
    """Bring the TTL of every table to the settings.

    Args:
        store: A client that may alter tables.
        database: Where they are.
        keep: The settings.

    Returns:
        What was altered; empty where all agreed.

    Raises:
        StoreRefused: The store said no.
        StoreUnavailable: It did not answer; it can be done again without harm.
    """
    found = engines(store, database, KINDS.values())
    changes = []
    for kind in KINDS.values():
        if kind.table_name not in found:
            continue
        match = _TTL.search(found[kind.table_name])
        before, after = match[1] if match else "", kind.ttl(keep.days)
        wanted = [keep.days[name] * 86_400 for name, _ in kind.keep]
        known = _seconds(before)
        if known == wanted:
            continue
        table = f"{database}.{kind.table_name}"
        store.command(f"ALTER TABLE {table} MODIFY TTL {after} SETTINGS materialize_ttl_after_modify = 0")
        if any(new < old for new, old in zip(wanted, known, strict=False)):
            _tell_parts(store, table)
        changes.append(Change(kind.table_name, before, after))
    return changes


def engines(store: Store, database: str, kinds: Iterable[Kind]) -> dict[str, str]:
    """Return, by table, what the engine says of those that are there: sorting key, TTL and settings."""
    names = ", ".join(f"'{kind.table_name}'" for kind in kinds)
    sql = f"SELECT name, engine_full FROM system.tables WHERE database = '{database}' AND name IN ({names})"
    return {row["name"]: str(row["engine_full"]) for row in store.query_rows(sql)}


def in_words(changes: Iterable[Change]) -> list[str]:
    """Return one line for each change."""
    return [f"{change.table}: keeps rows for {_days(change.after)} (was {_days(change.before)})" for change in changes]


def _tell_parts(store: Store, table: str) -> None:
    """Have the ages of parts reckoned anew, without their rows; an engine that cannot does it when it merges them."""
    try:
        store.command(f"ALTER TABLE {table} MODIFY SETTING materialize_ttl_recalculate_only = 1")
        store.command(f"ALTER TABLE {table} MATERIALIZE TTL SETTINGS mutations_sync = 0")
    except StoreRefused as error:
        logs.get("store").info("a shorter time holds from the next merges on", table=table, reason=error.message[:200])


def _seconds(ttl: str) -> list[int]:
    return [int(number) * _SECONDS.get(unit, 0) for unit, number in _INTERVAL.findall(ttl)]


def _days(ttl: str) -> str:
    known = [f"{seconds // 86_400}d" for seconds in _seconds(ttl)] or re.findall(r"INTERVAL (\d+) DAY", ttl)
    return " and ".join(text if text.endswith("d") else f"{text}d" for text in known) or "ever"
