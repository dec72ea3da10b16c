"""The column registry is consistent with the conventions that everything rendered from it relies on."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from viflux.registry import COLUMNS, KINDS, Column, Kind, Type
from viflux.registry.columns import once
from viflux.registry.kinds import DERIVED, FRAME
from viflux.settings.schema import Keep

columns = pytest.mark.parametrize("column", COLUMNS.values(), ids=lambda column: column.name)
kinds = pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)

UNIT_OF_ENDING = {
    "bytes": "byte",
    "packets": "packet",
    "ns": "ns",
    "seconds": "s",
    "ratio": "ratio",
    "time": "ns",
}


def test_the_kinds_of_the_spine_are_there() -> None:
    """The five kinds, each under its own name."""
    assert {"inventory", "counters", "events", "ledger", "sli"} <= set(KINDS)
    assert all(name == kind.name for name, kind in KINDS.items())
    assert all(name == column.name for name, column in COLUMNS.items())


@columns
def test_a_column_is_named_and_explained(column: Column) -> None:
    """snake_case; a meaning that is a sentence or an open list; a source."""
    assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", column.name)
    assert column.meaning.endswith((".", "…"))
    assert column.source


@columns
def test_the_name_ends_in_its_unit(column: Column) -> None:
    """A name that ends in a unit has that unit; an instant is a time type in nanoseconds, and the reverse."""
    ending = column.name.removesuffix("_total").rpartition("_")[2]
    if ending in UNIT_OF_ENDING:
        assert column.unit.startswith(UNIT_OF_ENDING[ending])
    assert (ending == "time") == (column.type in (Type.TIME, Type.TIME_OR_NULL))


@kinds
def test_a_kind_uses_only_known_columns_once(kind: Kind) -> None:
    """Every column of a record and of a table is in the registry, and is there once."""
    for names in (kind.record, kind.table):
        assert set(names) <= set(COLUMNS)
        assert len(set(names)) == len(names)
    assert kind.meaning
    assert kind.order_reason


@kinds
def test_sorting_key_partition_and_retention_use_the_kinds_columns(kind: Kind) -> None:
    """Expressions of the table name nothing that the table has not."""
    functions = {"toDate", "toStartOfHour", "toDateTime", "toStartOfFiveMinutes", "INTERVAL", "DAY", "DELETE", "WHERE"}
    functions |= {"toYYYYMM", "toStartOfMonth", "toStartOfDay"}
    for expression in (kind.order_by, kind.partition_by, kind.ttl(Keep().days)):
        words = set(re.findall(r"[A-Za-z_][A-Za-z0-9_]*", expression)) - functions
        assert words <= set(kind.table), expression
    assert "time" in kind.table


@kinds
def test_raw_tables_can_be_counted_by_batch(kind: Kind) -> None:
    """A table that batches go to has the batch's identity; of it a record may carry only when it was received."""
    if not kind.record or kind.name == "sli":
        return
    assert set(FRAME) | set(DERIVED) <= set(kind.table)
    assert set(FRAME) & set(kind.record) <= {"received_time"}


def test_each_delta_has_its_reading() -> None:
    """Each counter of the counters record is there as a delta and as the absolute reading."""
    record = KINDS["counters"].record
    readings = [name for name in record if name.endswith("_total")]
    assert len(readings) >= 9
    for name in readings:
        assert name.removesuffix("_total") in record
        assert COLUMNS[name].type is Type.TOTAL


def test_a_name_has_one_meaning() -> None:
    """Two groups may share a column; the same name with another meaning stops the start."""
    first = COLUMNS["protocol"]
    assert once((first,), (first,)) == {"protocol": first}
    with pytest.raises(ValueError, match="column protocol is in the registry twice"):
        once((first,), (replace(first, meaning="Something else."),))
