"""`viflux check`: compare the tiers with what they are made of, and fill again what differs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from viflux import output
from viflux.command import verb
from viflux.errors import UsageError, VifluxError
from viflux.instant import instant_text
from viflux.registry.rollups import ROLLUPS
from viflux.settings import Settings
from viflux.settings.units import Duration

if TYPE_CHECKING:
    from ingest.processor.tiers.check import Finding

_COLUMNS = (
    output.Column("tier"),
    output.Column("against"),
    output.Column("state"),
    output.Column("host"),
    output.Column("time"),
    output.Column("windows_count", is_number=True),
    output.Column("rows_count", is_number=True),
    output.Column("expected_rows_count", is_number=True),
    output.Column("column"),
    output.Column("value", is_number=True),
    output.Column("expected_value", is_number=True),
)


@click.command()
@click.option("--since", default="1h", show_default=True, help="How far back; 1h, 3d, ….")
@click.option("--kind", "kinds", multiple=True, type=click.Choice(tuple(ROLLUPS)), help="Only tiers of this kind.")
@click.option("--repair", is_flag=True, help="Fill again what differs.")
@output.format_option
@verb()
def check(settings: Settings, since: str, kinds: tuple[str, ...], form: str | None, *, repair: bool) -> None:
    """Compare every tier with what it is made of, to the row and the sum.

    The minutes are compared with the raw rows, each coarser tier with the next finer one. Windows that are not closed
    yet, or whose late rows wait to be filled in, are `open`; those of which the other side is no longer kept are
    `expired`. Exit code 1 where a window differs, or was never filled; with --repair, where it still does.
    """
    chosen = output.chosen(form)
    if chosen == "arrow" and sys.stdout.isatty():
        raise UsageError("--format arrow: not on a terminal; send it to a file or a pipe")
    try:
        back_ns = int(Duration.parse(since))
    except ValueError as error:
        raise UsageError(f"--since {since}: {error}") from error
    # Here and not above: `--help` needs neither Arrow nor the store's client.
    from ingest.processor.tiers import Tiers  # noqa: PLC0415
    from ingest.processor.tiers.check import Check, is_wrong  # noqa: PLC0415
    from ingest.store.asking import in_one_line  # noqa: PLC0415
    from ingest.store.client import StoreClient  # noqa: PLC0415
    from viflux.clock import SystemClock  # noqa: PLC0415

    clock = SystemClock()
    store = StoreClient.writer(settings)
    tiers = Tiers(settings, store, clock).windows
    findings: list[Finding] = []
    with in_one_line():
        for kind in kinds or tuple(ROLLUPS):
            findings += Check(tiers[kind], store, clock).run(clock.now_ns() - back_ns, repair=repair)
    rows = [
        (
            each.tier,
            each.against,
            each.state,
            each.host,
            instant_text(each.start_ns),
            each.windows,
            each.rows,
            each.expected_rows,
            each.column or None,
            each.value,
            each.expected,
        )
        for each in findings
    ]
    if chosen == "arrow":
        _write_arrow(rows)
    else:
        output.write_rows(_COLUMNS, rows, chosen)
    if is_wrong(findings):
        sys.stdout.flush()
        raise VifluxError("tiers differ from what they are made of; `viflux check --repair` fills them again")


def _write_arrow(rows: Sequence[Sequence[Any]]) -> None:
    import pyarrow as pa  # noqa: PLC0415

    types = [pa.string()] * 5 + [pa.int64()] * 3 + [pa.string()] + [pa.float64()] * 2
    arrays = [pa.array([row[index] for row in rows], kind) for index, kind in enumerate(types)]
    table = pa.table(arrays, names=[column.name for column in _COLUMNS])
    with pa.ipc.new_stream(sys.stdout.buffer, table.schema) as stream:
        stream.write_table(table)
    sys.stdout.buffer.flush()
