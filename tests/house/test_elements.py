"""The decoder's element table and the column registry name the same IPFIX elements for each column."""

from __future__ import annotations

import re
from pathlib import Path

from viflux.registry.flows import FLOWS

TABLE = Path(__file__).resolve().parents[2] / "collectors/native/wire/src/netflow/elements.rs"

# Elements of the table that fill a column with others, or fill two.
STAND_FOR = {
    "icmp": ("icmp_type", "icmp_code"),
    "sampling_interval": ("sampling_rate",),
    "sampling_space": ("sampling_rate",),
    "sampling_size": ("sampling_rate",),
    "sampling_population": ("sampling_rate",),
    "sampling_probability": ("sampling_rate",),
    "sampling_one_of": ("sampling_rate",),
}
# What decides how others are read, and so is no column's.
NO_COLUMN = {
    "ip_version",
    "start_of_exporter",
    "duration_ns",
    "section",
    "section_frame_type",
    "section_offset",
    "section_bytes",
    "selector",
}


def _table() -> dict[str, set[int]]:
    text = TABLE.read_text(encoding="utf-8")
    elements: dict[str, set[int]] = {}
    for number, name in re.findall(r'^    iana\((\d+), "(\w+)"', text, re.MULTILINE):
        for column in STAND_FOR.get(name, (name,)):
            elements.setdefault(column, set()).add(int(number))
    responder = dict(re.findall(r"^    \((\d+), (\d+)\), // responder", text, re.MULTILINE))
    for reverse, forward in responder.items():
        for numbers in elements.values():
            if int(forward) in numbers:
                numbers.add(int(reverse))
    return elements


def _registry(source: str) -> set[int]:
    told = re.search(r"IPFIX ([0-9, -]+)", source)
    numbers: set[int] = set()
    for part in re.findall(r"\d+(?:-\d+)?", told.group(1)) if told else []:
        first, _, last = part.partition("-")
        numbers.update(range(int(first), int(last or first) + 1))
    return numbers


def test_each_column_has_the_same_elements_in_both() -> None:
    """What `docs/tables.md` says of a column is what the decoder does, and every element has a column."""
    table = _table()
    registry = {column.name: _registry(column.source) for column in FLOWS}
    assert len(table) > len(FLOWS) // 2, "the table was not read"
    assert {name: sorted(numbers) for name, numbers in registry.items() if numbers} == {
        name: sorted(numbers) for name, numbers in table.items() if name not in NO_COLUMN
    }
