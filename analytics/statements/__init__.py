"""The stage's own SQL, one statement a file; `{database}` stands for the database's name."""

from __future__ import annotations

import functools
import re
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

from ingest.store.completeness import completeness_since

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


_FIGURE = (
    "host",
    "window_ns",
    "data_revision",
    "scope",
    "scope_key",
    "part",
    "numerator",
    "numerator_upper",
    "denominator",
    "samples_count",
    "is_sampled",
    "observed_ns",
    "expected_ns",
    "gap_ns",
    "reset_ns",
    "own_reason",
)


# A batch is accounted for within the hour, and its rows are younger than its accounts.
_SINCE = "({from_ns:Int64} - 3600000000000)"


_ONLY_FOR = re.compile(r"-- \{only for (?P<kind>\w+)\n(?P<lines>.*?)-- only for (?P=kind)\}\n", re.DOTALL)


_JOINED = (
    "LEFT JOIN arrived ON figures.host = arrived.host "
    "AND intDiv(figures.window_ns, 60000000000) * 60000000000 = arrived.minute_ns"
)


class Defined(NamedTuple):
    """What a statement needs of an SLI.

    Attributes:
        id: Id in the catalogue.
        version: Of its definition.
        select: The catalogue's SELECT.
        observed: Record kinds whose lost rows leave holes in the observed time, each with the parts that it is not for.
        shared: Record kinds of whose rows the share that arrived is a factor of the completeness, the same way.
    """

    id: str
    version: int
    select: str
    observed: tuple[tuple[str, tuple[str, ...]], ...]
    shared: tuple[tuple[str, tuple[str, ...]], ...]


@functools.cache
def statement(name: str, database: str) -> str:
    """Return a statement of this folder.

    Args:
        name: The file's name without its ending.
        database: Name of the database that holds the tables.
    """
    return _part(name).replace("{database}", database)


def _part(name: str) -> str:
    return (resources.files("analytics.statements") / f"{name}.sql").read_text(encoding="utf-8")


@functools.cache
def insertion(
    definitions: tuple[Defined, ...], relation_name: str, database: str, *, has_losses: bool, materializes: bool
) -> str:
    """Return the statement that stores SLIs over a set of windows; one for all, for most of its cost is the relation.

    Args:
        definitions: The SLIs.
        relation_name: What they all read, a file of `analytics/relations`.
        database: Name of the database that holds the tables.
        has_losses: Whether the ledger tells of any; to look at them costs more than a small host's rows.
        materializes: Whether the server can compute a relation once for all that read it; else it does so for each SLI.
    """
    kinds = {kind for sli in definitions for kind, _ in (*sli.observed, *sli.shared)}
    relation = _relation(relation_name, kinds)
    text = _part("insert")
    figures = "\nUNION ALL\n".join(
        f"SELECT '{sli.id}' AS sli, toUInt32({sli.version}) AS definition_version, "
        f"{_listed(sli.observed)} AS observed_kinds, {_listed(sli.shared)} AS shared_kinds, "
        f"{', '.join(_FIGURE)}\nFROM\n(\n{sli.select}\n)"
        for sli in definitions
    )
    fillings = (
        ("{relation_name}", relation_name),
        ("{relation}", relation.rstrip()),
        # ClickHouse 24.8 knows a function only in the SELECT that defines it, so each that uses one has its text.
        *((f"{{{name}}}", "\n" + _part(name).rstrip()) for name in ("snap", "added", "within")),
        ("{figures}", figures),
        ("{losses}", _part("losses").replace("{arrived}", completeness_since(_SINCE)) + "\n" if has_losses else ""),
        ("{ratios}", "arrived.ratios" if has_losses else "CAST(map(), 'Map(String, Float64)')"),
        ("{joined}", _JOINED if has_losses else ""),
        (" AS MATERIALIZED", " AS MATERIALIZED" if materializes else " AS"),
    )
    for placeholder, filling in fillings:
        text = text.replace(placeholder, filling)
    return text.replace("{database}", database)


def _relation(name: str, kinds: Collection[str]) -> str:
    """Return a relation's text without the lines that are only for other record kinds."""
    text = (resources.files("analytics.relations") / f"{name}.sql").read_text(encoding="utf-8")
    return _ONLY_FOR.sub(lambda found: found["lines"] if found["kind"] in kinds else "", text)


def _listed(kinds: Iterable[tuple[str, tuple[str, ...]]]) -> str:
    """Return SQL: the kinds that are for a row's part."""
    for_all = ", ".join(f"'{kind}'" for kind, parts in kinds if not parts)
    for_some = [f"if(part IN ({', '.join(map(repr, parts))}), [], ['{kind}'])" for kind, parts in kinds if parts]
    listed = f"arrayConcat([{for_all}], {', '.join(for_some)})" if for_some else f"[{for_all}]"
    return f"CAST({listed}, 'Array(String)')"
