"""One measured figure beside its bar."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """What was measured.

    Attributes:
        what: In words, with the conditions.
        value: The measured amount, in `unit`.
        unit: Such as `ms CPU` or `MB`.
        bar: The most that it may be; None where there is no bar.
        note: How it was measured, or the spread.
    """

    what: str
    value: float
    unit: str
    bar: float | None = None
    note: str = ""

    @property
    def missed(self) -> bool:
        """Whether the figure is over its bar."""
        return self.bar is not None and self.value > self.bar


def table(figures: list[Figure]) -> str:
    """Render Markdown; a missed bar is marked."""
    rows = ["| what | measured | bar | note |", "|---|---|---|---|"]
    for figure in figures:
        bar = "" if figure.bar is None else f"≤ {figure.bar:g} {figure.unit}" + (" **missed**" if figure.missed else "")
        rows.append(f"| {figure.what} | {figure.value:.3g} {figure.unit} | {bar} | {figure.note} |")
    return "\n".join(rows) + "\n"
