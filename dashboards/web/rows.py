"""Turns the rows of the board's queries into what page and API show."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

import msgspec

from analytics.catalogue import CATALOGUE, target_of
from analytics.hurts import vif_name, workload_name
from dashboards.web import figures
from dashboards.web.figures import Cell, Figure, figure_of

_SLICE_SECONDS = 10
_LOSS_AT_MOST = target_of(CATALOGUE["M2"]).at_most
_UTILISATION_AT_MOST = target_of(CATALOGUE["M1"]).at_most
_SEARCHED = ("owner", "service", "tenant", "workload", "mac_address")
_COVERAGE = target_of(CATALOGUE["M9"])
_SLICED = ("rate_to", "rate_from", "utilisation", "loss_to", "loss_from")
_FIGURES = (*_SLICED, "coverage")


class VifRow(msgspec.Struct, frozen=True):
    """One VIF.

    Attributes:
        vif_id: 16 hex digits.
        is_counted: A counting point or an uplink: shown at first.
        figures_time: Start of the 10 s window of the figures, RFC 3339; empty for none.
        words: Labels that can be searched though no cell shows them whole.
        columns: The query's columns, exact; figures as objects.
        cells: What is shown, by the board's column names.
    """

    vif_id: str
    is_counted: bool
    figures_time: str
    words: str
    columns: dict[str, Any]
    cells: dict[str, Cell]

    def matches(self, words: str) -> bool:
        """Whether every word is in one of the texts or labels of the row; case does not matter."""
        shown = " ".join([*(f"{cell.text} {cell.note}" for cell in self.cells.values()), self.words]).casefold()
        return all(word in shown for word in words.casefold().split())


def vif_row(row: dict[str, Any]) -> VifRow:
    """Make a row of the panel `vifs` ready to be shown."""
    by_name = {name: figure_of(row[name]) for name in _FIGURES}
    measured = [by_name[name] for name in ("rate_to", "rate_from")]
    times = [by_name[name].time for name in _SLICED if by_name[name].is_there]
    cells = {
        "name": _name(row),
        "kind": Cell(row["kind"], sort=row["kind"]),
        "side": Cell(row["side"], sort=row["side"]),
        "workload": _workload(row),
        "owner": _owner(row),
        "state": _state(row),
        "rate_to": figures.rate(by_name["rate_to"]),
        "rate_from": figures.rate(by_name["rate_from"]),
        "loss_to": figures.loss(by_name["loss_to"], _LOSS_AT_MOST),
        "loss_from": figures.loss(by_name["loss_from"], _LOSS_AT_MOST),
        "utilisation": figures.utilisation(
            by_name["utilisation"],
            int(row["provisioned_rate_bits_per_second"]),
            row["provisioned_rate_origin"],
            _UTILISATION_AT_MOST,
        ),
        "coverage": figures.coverage(
            by_name["coverage"], row["coverage_part"], int(row["coverage_samples_count"]), _COVERAGE
        ),
        "completeness": figures.completeness(measured),
    }
    columns = {name: value for name, value in row.items() if name not in _FIGURES}
    return VifRow(
        vif_id=row["vif_id"],
        is_counted=bool(row["counting_point"]) or row["side"] == "uplink",
        figures_time=max(times, default=""),
        words=" ".join([row["vif_id"], *(row[name] for name in _SEARCHED if row[name])]),
        columns={**columns, **{name: figure if figure.is_there else None for name, figure in by_name.items()}},
        cells=cells,
    )


def stats(rows: list[dict[str, Any]]) -> dict[str, Cell]:
    """Make the rows of the panel `scopes` ready to be shown: a cell for each of its columns."""
    found = {(row["scope"], row["sli"], row["part"]): figure_of(row["figure"]) for row in rows}
    absent = Figure(None, None, None, 0.0, "", "1970-01-01")

    def figure(scope: str, sli: str, part: str) -> Figure:
        return found.get((scope, sli, part), absent)

    return {
        "to": figures.rate(figure("host", "M1", "to")),
        "from": figures.rate(figure("host", "M1", "from")),
        "loss_to": figures.loss(figure("host", "M2", "local_to"), _LOSS_AT_MOST),
        "loss_from": figures.loss(figure("host", "M2", "local_from"), _LOSS_AT_MOST),
        "uplink_to": figures.rate(figure("uplink", "M1", "to")),
        "uplink_from": figures.rate(figure("uplink", "M1", "from")),
    }


class Row(Protocol):
    """What can be sorted and searched."""

    @property
    def is_counted(self) -> bool:
        """Whether it is shown at first."""
        ...

    @property
    def cells(self) -> dict[str, Cell]:
        """What is shown, by the board's column names."""
        ...

    def matches(self, words: str) -> bool:
        """Whether every word is in the row."""
        ...


AnyRow = TypeVar("AnyRow", bound=Row)


def arrange(rows: list[AnyRow], sort_by: str, words: str, *, every: bool) -> list[AnyRow]:
    """Choose and sort rows.

    Args:
        rows: All of them.
        sort_by: A column's name, with `-` in front for highest first.
        words: What must be in a row.
        every: Also VIFs that are neither counting points nor uplinks.
    """
    name, is_descending = sort_by.removeprefix("-"), sort_by.startswith("-")
    chosen = [row for row in rows if (every or row.is_counted) and row.matches(words)]

    def key(row: AnyRow) -> tuple[bool, float, str]:
        value = row.cells[name].sort
        if isinstance(value, str):
            return (True, 0.0, value.casefold())
        return (value is not None, value or 0.0, "")

    known = [row for row in chosen if row.cells[name].sort is not None]
    unknown = [row for row in chosen if row.cells[name].sort is None]
    return [*sorted(known, key=key, reverse=is_descending), *unknown]


def _name(row: dict[str, Any]) -> Cell:
    name, workload = vif_name(row["namespace"], row["ifname"]), workload_name(row["vif_key"])
    title = (
        f"vif_id {row['vif_id']}, ifindex {row['ifindex']}, MTU {row['mtu_bytes']}, {row['mac_address'] or 'no MAC'}"
    )
    return Cell(name, title, name, note=workload if workload != name else "")


def _workload(row: dict[str, Any]) -> Cell:
    workload = row["workload"]
    short = f"{workload[:12]}…" if len(workload) > 20 else workload
    return Cell(short or figures.DASH, workload or "Not known.", workload or None, "" if workload else "muted")


def _owner(row: dict[str, Any]) -> Cell:
    names = [row[name] for name in ("owner", "service") if row[name]]
    if not names:
        return Cell(figures.DASH, "No owner: set `owner=…;service=…` as the interface's alias.", None, "muted")
    title = ", ".join(f"{name} {row[name]}" for name in ("owner", "service", "tenant") if row[name])
    return Cell(" / ".join(names), title, " ".join(names))


def _state(row: dict[str, Any]) -> Cell:
    title = f"operational state {row['operstate']}, {'carrier' if row['has_carrier'] else 'no carrier'}"
    if not row["is_up"]:
        return Cell("down", title, "down", "warn")
    if not row["has_carrier"]:
        return Cell("no carrier", title, "no carrier", "warn")
    return Cell("up", title, "up")
