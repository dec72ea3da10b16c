"""One measured figure beside its bar."""

from __future__ import annotations

from dataclasses import dataclass

_LARGE = 1000


@dataclass(frozen=True)
class Figure:
    """What was measured.

    Attributes:
        what: In words, with the conditions.
        value: The measured amount, in `unit`.
        unit: Such as `ms CPU` or `MB`.
        bar: The most that it may be; None where there is no bar.
        note: How it was measured, or the spread.
        least: The least that it may be, where more is better.
    """

    what: str
    value: float
    unit: str
    bar: float | None = None
    note: str = ""
    least: float | None = None

    @property
    def missed(self) -> bool:
        """Whether the figure is over its bar, or under the least that it may be."""
        is_over = self.bar is not None and self.value > self.bar
        return is_over or (self.least is not None and self.value < self.least)

    @property
    def bars(self) -> str:
        """The bar in words; a missed one is marked."""
        words = "" if self.bar is None else f"≤ {self.bar:g} {self.unit}"
        words += "" if self.least is None else f"≥ {self.least:,g} {self.unit}"
        return words + (" **missed**" if self.missed else "")

    @property
    def measured(self) -> str:
        """The amount with its unit, three digits of it; of large ones all."""
        amount = f"{self.value:,.0f}" if abs(self.value) >= _LARGE else f"{self.value:.3g}"
        return f"{amount} {self.unit}"


def table(figures: list[Figure]) -> str:
    """Render Markdown; a missed bar is marked."""
    rows = ["| what | measured | bar | note |", "|---|---|---|---|"]
    rows += [f"| {figure.what} | {figure.measured} | {figure.bars} | {figure.note} |" for figure in figures]
    return "\n".join(rows) + "\n"
