"""How tables of many columns are merged, where the engine lets a table say so.

Merged column by column, a row of flows costs the same whether twelve parts or sixty become one; so sixty do, and a row
is written anew once instead of twice. The engine's rule is that parts are merged when together they are so many times
(`merge_selector_base`) as large as the largest of them; an engine without that setting keeps its own number.
"""

from __future__ import annotations

from ingest.store.keep import engines
from ingest.store.migrate import Store
from viflux.registry import KINDS

_WANTED = {"merge_selector_base": "48", "max_parts_to_merge_at_once": "64"}


def apply(store: Store, database: str) -> list[str]:
    """Bring the tables of many columns to it.

    Args:
        store: A client that may alter tables.
        database: Where they are.

    Returns:
        Names of the tables that were altered; empty where all agreed.

    Raises:
        StoreRefused: The store said no.
        StoreUnavailable: It did not answer; it can be done again without harm.
    """
    names = ", ".join(f"'{name}'" for name in _WANTED)
    known = store.query_rows(f"SELECT name FROM system.merge_tree_settings WHERE name IN ({names})")
    if len(known) < len(_WANTED):
        return []
    said = [f"{name} = {value}" for name, value in _WANTED.items()]
    altered = []
    for table, engine in engines(store, database, (kind for kind in KINDS.values() if kind.wide)).items():
        if any(setting not in engine for setting in said):
            store.command(f"ALTER TABLE {database}.{table} MODIFY SETTING {', '.join(said)}")
            altered.append(table)
    return altered
