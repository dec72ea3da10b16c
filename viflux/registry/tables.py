"""Render the reference of all tables: `python -m viflux.registry.tables` prints `docs/tables.md`."""

from __future__ import annotations

import sys

from viflux.registry.column import Column
from viflux.registry.kinds import KINDS, Kind

_HEAD = """# Tables

Rendered from the column registry by `make generate`. Do not edit.

All tables are in the database `viflux`. Instants are UTC; 64-bit ids are printed as 16 hex digits by `viflux sql` and
written in SQL as `0x…`. Addresses are 16 bytes with IPv4 mapped. A column has the same name in Arrow, SQL, JSON, the
command line and panels.

The views of the tiers (`viflux.counters_1m`, `viflux.flows_1d`, …) and `viflux.sli` show the newest revision of each
row of the tables behind them; `flows_1m` adds up what flows that ended in different minutes left in each.
`viflux.vif_history` has one row a state of a VIF with the instant from which it holds; `viflux.counters_labelled` is
`viflux.counters` with the labels that held at each row's time, and so are `viflux.flows_labelled` for `viflux.flows`
and `viflux.drops_labelled` for `viflux.drops`. A row of `viflux.drops` itself has namespace and name of the interface
only where that is no VIF that is known (`vif_id` 0).
"""


def render() -> str:
    """Return the page in Markdown: one section a record kind."""
    return _HEAD + "".join(_section(kind) for kind in KINDS.values())


def _section(kind: Kind) -> str:
    view = f", read through the view `viflux.{kind.name}`" if kind.table_name != kind.name else ""
    rows = "".join(_row(column) for column in kind.table_columns)
    return (
        f"\n## {kind.name}\n\n{kind.meaning}\n\n"
        f"Table `viflux.{kind.table_name}`{view}. Sorted by `{kind.order_by}`: {kind.order_reason}. "
        f"Partitioned by `{kind.partition_by}`. {_kept(kind)}\n\n"
        f"| column | type | unit | meaning | source |\n|---|---|---|---|---|\n{rows}"
    )


def _kept(kind: Kind) -> str:
    parts = [f"`keep.{name}`{f' where `{where}`' if where else ''}" for name, where in kind.keep]
    whole = "; dropped by whole parts" if kind.whole_parts else ""
    return f"Kept for {', '.join(parts)}{whole}."


def _row(column: Column) -> str:
    cells = (f"`{column.name}`", column.type.value.clickhouse, column.unit, column.meaning, column.source)
    return f"| {' | '.join(cells)} |\n"


if __name__ == "__main__":
    sys.stdout.write(render())
