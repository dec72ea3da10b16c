"""What a flow's row takes on disk, column by column."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.figure import Figure
from tests.lab.product import Product
from tests.running import wait_for

_SMALLEST = 0.005
_PARTS = "FROM system.parts AS parts WHERE database = 'viflux' AND table = 'flows' AND active"


@dataclass(frozen=True)
class OnDisk:
    """Bytes of the rows of `flows` and `flows_1m`.

    Attributes:
        figures: Of both tables.
        table: One row a column of `flows`, the dearest first.
    """

    figures: list[Figure]
    table: str


def measure(made: Product) -> OnDisk:
    """Wait until the merges that follow a load are done, and say what is on disk."""
    wait_for(
        "no merge runs",
        lambda: not made.sql("SELECT 1 AS one FROM system.merges LIMIT 1") or None,
        300,
    )
    whole = made.sql(f"SELECT count() AS parts, sum(parts.rows) AS rows, sum(bytes_on_disk) AS bytes {_PARTS}")[0]
    rows = int(whole["rows"])
    columns = made.sql(
        "SELECT column, sum(column_data_compressed_bytes) AS bytes, sum(column_data_uncompressed_bytes) AS raw "
        "FROM system.parts_columns WHERE database = 'viflux' AND table = 'flows' AND active GROUP BY column "
        "ORDER BY bytes DESC"
    )
    tier = made.sql(
        "SELECT sum(bytes_on_disk) / sum(parts.rows) AS bytes, sum(parts.rows) AS rows FROM system.parts AS parts "
        "WHERE database = 'viflux' AND table LIKE 'flows_1m%' AND active"
    )[0]
    lines = ["| column of `flows` | B a row on disk | B a row in memory |", "|---|---|---|"]
    lines += [
        f"| `{column['column']}` | {int(column['bytes']) / rows:.3f} | {int(column['raw']) / rows:.2f} |"
        for column in columns
        if int(column["bytes"]) / rows >= _SMALLEST
    ]
    small = [column for column in columns if int(column["bytes"]) / rows < _SMALLEST]
    lines.append(f"| {len(small)} others, each | < {_SMALLEST} | |")
    note = f"{rows:,} rows in {whole['parts']} parts; conversations of the sender"
    return OnDisk(
        [
            Figure("flow row on disk", int(whole["bytes"]) / rows, "B", 30, note),
            Figure("row of the 1 min tier on disk", float(tier["bytes"]), "B", None, f"{int(tier['rows']):,} rows"),
        ],
        "\n".join(lines) + "\n",
    )
