"""The captures are small, have a note of their origin, and those that are built are what is built now."""

from __future__ import annotations

import re

import pytest

from tests.captures import build
from tests.captures.record import HERE, MOST_BYTES

NOTES = re.findall(r"^\| `(\w+)` \|", (HERE / "README.md").read_text(encoding="utf-8"), re.MULTILINE)


def test_each_capture_has_a_note_of_its_origin() -> None:
    """The README's table names every file, and no other."""
    assert sorted(NOTES) == sorted(file.stem for file in HERE.glob("*.pcap"))
    assert len(NOTES) == len(set(NOTES))


@pytest.mark.parametrize("name", sorted(NOTES))
def test_a_capture_is_small(name: str) -> None:
    """At most 200 kB, and not empty."""
    assert 24 < (HERE / f"{name}.pcap").stat().st_size <= MOST_BYTES


@pytest.mark.parametrize("name", sorted(build.CAPTURES))
def test_a_built_capture_is_what_is_built_now(name: str) -> None:
    """`python -m tests.captures.build` would change nothing."""
    assert (HERE / f"{name}.pcap").read_bytes() == build.built(name)
