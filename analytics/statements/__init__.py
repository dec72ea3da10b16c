"""The stage's own SQL, one statement a file; `{database}` stands for the database's name."""

from __future__ import annotations

import functools
from importlib import resources

_FIGURE = (
    "host",
    "window_ns",
    "data_revision",
    "scope",
    "scope_key",
    "part",
    "numerator",
    "denominator",
    "samples_count",
    "is_sampled",
    "observed_ns",
    "expected_ns",
    "gap_ns",
    "reset_ns",
    "own_reason",
)


@functools.cache
def statement(name: str, database: str) -> str:
    """Return a statement of this folder.

    Args:
        name: The file's name without its ending.
        database: Name of the database that holds the tables.
    """
    text = (resources.files("analytics.statements") / f"{name}.sql").read_text(encoding="utf-8")
    return text.replace("{database}", database)


@functools.cache
def insertion(definitions: tuple[tuple[str, int, str], ...], relation_name: str, database: str) -> str:
    """Return the statement that stores SLIs over a set of windows; one for all, for most of its cost is the relation.

    Args:
        definitions: Of each SLI its id, its definition version and the catalogue's SELECT.
        relation_name: What they all read, a file of `analytics/relations`.
        database: Name of the database that holds the tables.
    """
    relation = (resources.files("analytics.relations") / f"{relation_name}.sql").read_text(encoding="utf-8")
    text = (resources.files("analytics.statements") / "insert.sql").read_text(encoding="utf-8")
    figures = "\nUNION ALL\n".join(
        f"SELECT '{sli}' AS sli, toUInt32({version}) AS definition_version, {', '.join(_FIGURE)}\nFROM\n(\n{select}\n)"
        for sli, version, select in definitions
    )
    fillings = (("{relation_name}", relation_name), ("{relation}", relation.rstrip()), ("{figures}", figures))
    for placeholder, filling in fillings:
        text = text.replace(placeholder, filling)
    return text.replace("{database}", database)
