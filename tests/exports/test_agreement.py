"""On each capture, every field that both know agrees, flow by flow, with tshark and with nfdump's collectors."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

from tests.exports import nfdump, tshark
from tests.exports.agreement import Mismatch, Row, compared, decoded
from tests.exports.differences import DIFFERENCES
from tests.lab.exporters import need_command

CAPTURES = Path(__file__).parents[1] / "captures"
NAMES = sorted(file.stem for file in CAPTURES.glob("*.pcap"))
# Where an oracle has nothing to say.
WITHOUT = {
    ("odd_damaged", "tshark"): "shows what it makes of damaged records; what Viflux makes of them is tested by itself",
    ("odd_damaged", "nfdump"): "the same",
    ("odd_transport", "nfdump"): "gets payloads, and this capture is about how they travelled",
}
CASES = [(name, oracle) for name in NAMES for oracle in ("tshark", "nfdump") if (name, oracle) not in WITHOUT]


@cache
def ours(name: str) -> list[Row]:
    return decoded(CAPTURES / f"{name}.pcap")


def theirs(name: str, oracle: str) -> list[Row]:
    capture = CAPTURES / f"{name}.pcap"
    if oracle == "nfdump":
        need_command("nfcapd", "sfcapd", "nfdump")
        return nfdump.flows(capture)
    need_command("tshark")
    return tshark.flows(capture, late=name == "odd_template_late")


@pytest.mark.parametrize(("name", "oracle"), CASES)
def test_decoders_agree(name: str, oracle: str) -> None:
    """What differs is in the table of differences, as it says there; and all that the table says does occur."""
    found: dict[str, list[Mismatch]] = defaultdict(list)
    rows = theirs(name, oracle)
    for mismatch in compared(ours(name), rows, zero_is_absent=oracle == "nfdump"):
        found[mismatch.name].append(mismatch)
    listed = {
        field: each for each in DIFFERENCES if name in each.captures and each.oracle == oracle for field in each.fields
    }
    new = {field: mismatches[:3] for field, mismatches in found.items() if field not in listed}
    assert not new, f"of {len(rows)} rows, not listed: {new}"
    gone = set(listed) - set(found)
    assert not gone, f"listed, and does not occur any more: {gone}"
    for field, mismatches in found.items():
        wrong = [mismatch for mismatch in mismatches if not listed[field].holds(mismatch)]
        assert not wrong, f"{listed[field].why}\nwhich does not hold for {len(wrong)}: {wrong[:3]}"


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("fprobe_v7", "odd_options_only")])
def test_there_is_something_to_agree_on(name: str) -> None:
    """Every capture but the two without flows that are decoded gives rows."""
    assert ours(name)


def test_each_difference_names_captures_that_are_there() -> None:
    """A capture that was renamed takes its differences along."""
    assert {name for each in DIFFERENCES for name in each.captures} <= set(NAMES)
