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
def insertion(definitions: tuple[tuple[str, int, str], ...], database: str) -> str:
    """Return the statement that stores SLIs over a set of windows; one for all, for most of its cost is the relation.

    Args:
        definitions: Of each SLI its id, its definition version and the catalogue's SELECT.
        database: Name of the database that holds the tables.
    """
    relation = (resources.files("analytics.relations") / "slices.sql").read_text(encoding="utf-8")
    text = (resources.files("analytics.statements") / "insert.sql").read_text(encoding="utf-8")
    figures = "\nUNION ALL\n".join(
        f"SELECT '{sli}' AS sli, toUInt32({version}) AS definition_version, {', '.join(_FIGURE)}\nFROM\n(\n{select}\n)"
        for sli, version, select in definitions
    )
    for placeholder, filling in (("{relation}", relation.rstrip()), ("{figures}", figures)):
        text = text.replace(placeholder, filling)
    return text.replace("{database}", database)
