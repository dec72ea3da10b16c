"""The tables and views that the store should have, rendered from the column registry.

`make generate` writes the result to `ingest/store/golden.sql`. Tables are never created from it: migrations create
them, and a test shows that the migrations and this page agree.
"""

from __future__ import annotations

import sys
from importlib import resources

from ingest.store.tiers.over import filled_view, over_view
from viflux.registry import KINDS, Column, Kind
from viflux.registry.rollups import LENGTHS, ROLLUPS, Length, Rollup
from viflux.settings.schema import Keep

# Guards two tries of one piece that run at once; nothing relies on it across a restart.
_DEDUPLICATION_WINDOW = 10_000
# Of tables with many columns: parts in one file, rows merged row by row, and parts that are merged, up to so much.
_ONE_FILE_BYTES = 128 << 20
_LARGEST_PART_BYTES = 512 << 20
# A batch is found by its number whatever time its rows are of: rows that lie together came together.
_BY_NUMBER = "INDEX by_sequence sequence TYPE minmax GRANULARITY 1"


def render() -> str:
    """Return the whole schema as SQL statements, each ended by a semicolon; `{database}` stands for its name."""
    tables = [_table(kind) for kind in KINDS.values()]
    tiers = [_tier_view(rollup, length) for rollup in ROLLUPS.values() for length in LENGTHS]
    over = [view for rollup in ROLLUPS.values() for view in (filled_view(rollup), over_view(rollup))]
    return "\n\n".join([*tables, *tiers, *over, *(view.strip() for view in _views())]) + "\n"


def statements(text: str, database: str) -> list[str]:
    """Split a schema or a migration into its statements, with the database's name filled in.

    A statement ends with a semicolon at the end of a line; comments are kept with the statement that follows.
    """
    parts = text.replace("{database}", database).split(";\n")
    return [part.strip() for part in parts if _has_code(part)]


def _has_code(part: str) -> bool:
    return any(line.strip() and not line.strip().startswith("--") for line in part.splitlines())


def _table(kind: Kind) -> str:
    codecs = dict(kind.codecs)
    columns = ",\n".join(f"    {_column(column, codecs.get(column.name, ''))}" for column in kind.table_columns)
    settings = ["index_granularity = 8192"]
    if kind.record:
        # Raw rows: a repeated token is refused while an intent is open, and what is acknowledged is on the disk.
        # Derived rows need neither: whatever is lost of them is computed again from the raw rows.
        settings.append(f"non_replicated_deduplication_window = {_DEDUPLICATION_WINDOW}")
        settings += ["fsync_after_insert = 1", "fsync_part_directory = 1"]
        if kind.wide:
            # A part of many columns in one file costs two thirds to write: that is what inserts leave. Larger ones are
            # what merges leave; they are merged column by column, with less memory and in runs of rows. A part that
            # holds more than the span that the sorting key begins with is as good as two.
            settings += [
                f"min_bytes_for_wide_part = {_ONE_FILE_BYTES}",
                f"max_bytes_to_merge_at_max_space_in_pool = {_LARGEST_PART_BYTES}",
            ]
    if kind.whole_parts:
        settings.append("ttl_only_drop_parts = 1")
    if kind.record:
        columns += f",\n    {_BY_NUMBER}"
    columns += "".join(f",\n    INDEX by_{name} {name} TYPE minmax GRANULARITY 1" for name in kind.indexed)
    primary_key = f"PRIMARY KEY {kind.primary_key}\n" if kind.primary_key else ""
    return (
        f"-- {kind.meaning}\n"
        f"-- Sorted by {kind.order_by}: {kind.order_reason}.\n"
        f"CREATE TABLE {{database}}.{kind.table_name}\n(\n{columns}\n)\n"
        f"ENGINE = {kind.engine}\n"
        f"PARTITION BY {kind.partition_by}\n"
        f"{primary_key}ORDER BY {kind.order_by}\n"
        f"TTL {kind.ttl(Keep().days)}\n"
        f"SETTINGS {', '.join(settings)};"
    )


def _column(column: Column, own_codec: str) -> str:
    form = column.type.value
    codec = own_codec or form.codec
    default = " DEFAULT now64(9, 'UTC')" if column.name == "inserted_time" else ""
    comment = column.meaning.replace("\\", "\\\\").replace("'", "\\'")
    return f"`{column.name}` {form.clickhouse}{default} COMMENT '{comment}'" + (f" CODEC({codec})" if codec else "")


def _tier_view(rollup: Rollup, length: Length) -> str:
    name = f"{rollup.kind}_{length.suffix}"
    keys = ("time", "host", "vif_id", *rollup.keys)
    source = f"{{database}}.{rollup.table_of(length.suffix)} AS revisions FINAL\nWHERE NOT vanished"
    if rollup.row_keys(length.suffix) == keys:
        says = f"The newest revision of each window of {length.meaning}."
        columns, group = [*keys, "revision", *rollup.measures], ""
    else:
        says = "What flows left in each minute, of the newest revision of each minute in which they ended."
        sums = [f"sum(revisions.{name}) AS {name}" for name in rollup.sums]
        columns = [*keys, *sums, *(f"max(revisions.{name}) AS {name}" for name in rollup.maxima)]
        group = f"\nGROUP BY {', '.join(keys)}"
    if "exporter_address" in keys:
        says += (
            "\n-- Where several exporters watch a VIF, each of them tells of the same packets: their rows are "
            "alternatives, not parts."
        )
    listed = ",\n".join(f"    {column}" for column in columns)
    return (
        f"-- {says}\nCREATE VIEW {{database}}.{name} AS\nSELECT\n{listed}\nFROM {source}{group}\n"
        "SETTINGS do_not_merge_across_partitions_select_final = 1;"
    )


def _views() -> list[str]:
    folder = resources.files("ingest.store") / "views"
    return [
        entry.read_text(encoding="utf-8")
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".sql")
    ]


if __name__ == "__main__":
    sys.stdout.write(render())
