"""The stage's own SQL, one statement a file; `{database}` stands for the database's name."""

from __future__ import annotations

import functools
from importlib import resources


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
def insertion(select: str, database: str) -> str:
    """Return the statement that stores one SLI over a set of windows.

    Args:
        select: The catalogue's SELECT.
        database: Name of the database that holds the tables.
    """
    relation = (resources.files("analytics.relations") / "slices.sql").read_text(encoding="utf-8")
    text = (resources.files("analytics.statements") / "insert.sql").read_text(encoding="utf-8")
    for placeholder, filling in (("{relation}", relation.rstrip()), ("{definition}", select)):
        text = text.replace(placeholder, filling)
    return text.replace("{database}", database)
