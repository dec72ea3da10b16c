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
# Elements of one column that tell something of another.
ALSO = {"351": "tunnel"}
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


def _table() -> dict[str, set[str]]:
    text = TABLE.read_text(encoding="utf-8")
    enterprises = dict(re.findall(r"^const (\w+): u32 = (\d+);", text, re.MULTILINE))
    lines = [(number, name) for number, name in re.findall(r'^    iana\((\d+), "(\w+)"', text, re.MULTILINE)]
    for enterprise, number, name in re.findall(r'^    of\((\w+), (\d+), "(\w+)"', text, re.MULTILINE):
        lines.append((f"{enterprises[enterprise]}/{number}", name))
    elements: dict[str, set[str]] = {}
    for number, name in lines:
        for column in (*STAND_FOR.get(name, (name,)), *ALSO.get(number, "").split()):
            elements.setdefault(column, set()).add(number)
    responder = dict(re.findall(r"^    \((\d+), (\d+)\), // responder", text, re.MULTILINE))
    for reverse, forward in responder.items():
        for numbers in elements.values():
            if forward in numbers:
                numbers.add(reverse)
    return elements


def _registry(source: str) -> set[str]:
    told = re.search(r"IPFIX ([0-9, /-]+)", source)
    numbers: set[str] = set()
    for part in re.findall(r"\d+/\d+|\d+(?:-\d+)?", told.group(1)) if told else []:
        first, _, last = part.partition("-")
        numbers.update(map(str, range(int(first), int(last or first) + 1)) if "/" not in part else (part,))
    return numbers


def test_each_column_has_the_same_elements_in_both() -> None:
    """What `docs/tables.md` says of a column is what the decoder does, and every element has a column."""
    table = _table()
    registry = {column.name: _registry(column.source) for column in FLOWS}
    assert len(table) > len(FLOWS) // 2, "the table was not read"
    assert {name: sorted(numbers) for name, numbers in registry.items() if numbers} == {
        name: sorted(numbers) for name, numbers in table.items() if name not in NO_COLUMN
    }
