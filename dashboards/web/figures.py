"""How the console writes figures: the text of a cell, the exact numbers behind it, and what it sorts by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from analytics.catalogue import Target
from analytics.hurts import percent
from dashboards.boards import Column, Panel

DASH = "\N{EN DASH}"

REASONS = {
    "silent": "nothing arrived from the host",
    "lost": "its data were lost on their way; see the pipeline page",
    "no_data": "nothing was read of it in this window",
    "gap": "its counters were not read for too long",
    "reset": "its counters started again",
    "no_vifs": "there is nothing to add up",
    "nothing_offered": "nothing was offered",
    "rate_unknown": "its promised rate is not known: no tbf or htb root, no rate= in its alias",
    "sender_not_visible": "the end that sends is not visible from this host",
    "below_1000_packets": "fewer than 1,000 packets, too few for a ratio",
    "no_counters": "its exporter tells no counters to compare with",
    "sampling_rate_unknown": "the sampling rate of its flows is not known; see the exporters' page",
    "counters_incomplete": "its counters were not read for the whole minute",
}
"""The catalogue's reasons, short enough for a tooltip."""


class Figure(msgspec.Struct, frozen=True):
    """One figure of a query, a tuple in SQL.

    Attributes:
        value: None where it is not known.
        reason: Why it is not; empty where it is.
        time: Start of its window, RFC 3339; the epoch where there is no figure at all.
    """

    value: float | None
    numerator: float | None
    denominator: float | None
    completeness_ratio: float
    reason: str
    time: str

    @property
    def is_there(self) -> bool:
        """Whether the window has this figure at all."""
        return not self.time.startswith("1970-01-01")


class Cell(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one cell shows.

    Attributes:
        text: As short as can be.
        title: The exact numbers, or why there is none.
        sort: What the column is sorted by; None comes last in both directions.
        note: What stands beside the text, softer.
        tone: `bad`, `warn`, `muted` or nothing; never the only sign, the text says it too.
    """

    text: str
    title: str = ""
    sort: float | str | None = None
    tone: str = ""
    note: str = ""

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing in it to read."""
        return self.text in ("", "0", DASH) and not self.note


def columns_of(panel: Panel, rows: Sequence[Mapping[str, Cell]]) -> list[Column]:
    """Return the columns of a table, without those that may be left out and have nothing in any row."""
    return [each for each in panel.columns if not each.is_optional or any(not row[each.name].is_blank for row in rows)]


def rate(figure: Figure) -> Cell:
    """Write a rate in bits per second; the figure is in bytes per second."""
    if not figure.is_there:
        return _absent()
    if figure.value is None:
        return _unknown(figure)
    seconds = f"{figure.denominator:g} s" if figure.denominator else "no time"
    title = f"{figure.value * 8:,.0f} bit/s: {figure.numerator:,.0f} bytes in {seconds} read"
    return Cell(bits_per_second(figure.value * 8), title, figure.value)


def loss(figure: Figure, at_most: float) -> Cell:
    """Write a share of lost packets; above `at_most` it is bad."""
    if not figure.is_there:
        return _absent()
    if figure.value is None:
        counts = ""
        if figure.denominator is not None:
            counts = f"; {figure.numerator or 0:,.0f} lost of {figure.denominator:,.0f} offered"
        lost = bool(figure.numerator)
        return Cell(
            f"{figure.numerator:,.0f} pkt" if lost else DASH, _why(figure) + counts, None, "warn" if lost else "muted"
        )
    title = (
        f"{figure.numerator:,.0f} lost of {figure.denominator:,.0f} offered packets; target at most {percent(at_most)}"
    )
    if not figure.value:
        return Cell("0 %", title, 0.0, "muted")
    return Cell(percent(figure.value), title, figure.value, "bad" if figure.value > at_most else "")


def utilisation(figure: Figure, rate_bits_per_second: int, origin: str, at_most: float) -> Cell:
    """Write the share of the promised rate, with that rate."""
    promised, note = "", ""
    if rate_bits_per_second:
        note = f"of {bits_per_second(rate_bits_per_second)}"
        promised = f"{rate_bits_per_second:,} bit/s promised ({origin.replace('_', ' ')})"
    if not figure.is_there or figure.value is None:
        unknown = _unknown(figure) if figure.is_there else _absent()
        return msgspec.structs.replace(unknown, title=f"{unknown.title}; {promised}", note=note) if note else unknown
    title = f"{figure.numerator:,.0f} bit/s of {promised}; target at most {percent(at_most)}"
    tone = "bad" if figure.value > at_most else ""
    return Cell(percent(figure.value), title, figure.value, tone, note)


def coverage(figure: Figure, part: str, samples_count: int, target: Target) -> Cell:
    """Write the share of counted bytes that flows tell of; outside its target the flows are in doubt."""
    if not figure.is_there:
        return Cell(DASH, "Not connected: no flow of this interface was seen within the hour.", None, "muted")
    if figure.value is None:
        return _unknown(figure)
    whole = {"both": "received and sent", "ingress": "received", "egress": "sent"}[part]
    title = (
        f"flows tell of {figure.numerator:,.0f} of {figure.denominator:,.0f} bytes {whole}, from {samples_count:,} "
        f"exported packets; target {percent(target.at_least)} to {percent(target.at_most)}"
    )
    return Cell(percent(figure.value), title, figure.value, "" if target.is_good(figure.value) else "warn")


def completeness(figures: list[Figure]) -> Cell:
    """Write the least completeness of a row's figures; it rounds down, so 100 % is never a guess."""
    there = [figure for figure in figures if figure.is_there]
    if not there:
        return _absent()
    least = min(figure.completeness_ratio for figure in there)
    if least >= 1:
        return Cell("100 %", "All expected data of this window arrived.", 1.0, "muted")
    text = f"{min(99.9, int(least * 1000) / 10):g} %"
    reasons = {REASONS.get(figure.reason, figure.reason) for figure in there if figure.reason and not figure.value}
    because = f": {'; '.join(sorted(reasons))}" if least == 0 and reasons else ""
    return Cell(text, f"{least:.4%} of the expected data arrived{because}.", least, "warn")


def bits_per_second(value: float) -> str:
    """Write bits per second with an SI prefix and three digits: `12.3 Mbit/s`."""
    for factor, prefix in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= factor * 0.9995:
            scaled = value / factor
            digits = 2 if scaled < 9.995 else 1 if scaled < 99.95 else 0
            return f"{scaled:.{digits}f} {prefix}bit/s"
    return f"{value:.0f} bit/s"


def figure_of(parts: Any) -> Figure:
    """Read a figure from a query's tuple (a list in JSON)."""
    return Figure(*parts)


def _absent() -> Cell:
    return Cell(DASH, "No figure of the last three minutes.", None, "muted")


def _unknown(figure: Figure) -> Cell:
    return Cell(DASH, _why(figure), None, "muted")


def _why(figure: Figure) -> str:
    return f"Not known: {REASONS.get(figure.reason, figure.reason)}"
