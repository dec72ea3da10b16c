"""The column registry: every column of every record kind, named once.

From it are rendered the Rust schema, `docs/tables.md` and the golden DDL (`make generate`).
"""

from viflux.registry.column import Column, Type
from viflux.registry.columns import COLUMNS
from viflux.registry.kinds import KINDS, Kind

__all__ = ["COLUMNS", "KINDS", "Column", "Kind", "Type"]
