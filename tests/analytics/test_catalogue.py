"""The catalogue's files are whole, their page is fresh, and a wrong one is refused with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from analytics.catalogue import CATALOGUE, REASONS, page, read
from analytics.catalogue.catalogue import CatalogueError
from tests.analytics.scenario import HOST, Scenario

ROOT = Path(__file__).resolve().parents[2]
FILES = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "analytics/catalogue").glob("*.sql")}
M1 = FILES["m1_throughput.sql"]


def test_the_page_is_fresh() -> None:
    """`make generate` would not change docs/slis.md."""
    assert (ROOT / "docs/slis.md").read_text(encoding="utf-8") == page.render()


def test_every_file_is_in_the_catalogue() -> None:
    assert len(FILES) == len(CATALOGUE)
    assert list(CATALOGUE) == sorted(CATALOGUE, key=lambda sli: int(sli[1:]))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("/*\n", ""), "TOML header"),
        (('unit = "bytes/s"', 'unit = "bytes"'), "$.unit"),
        (("definition_version = 1", "definition_version = 0"), "$.definition_version"),
        (("definition_version = 1", "definition_version = 1\nunknown = 2"), "unknown"),
        (('parts = ["utilisation"]', 'parts = ["nothing"]'), "target.parts"),
        (("windows = [10, 60]", "windows = [10]"), "parts.windows"),
        (('name = "from"', 'name = "to"'), "twice"),
        (('id = "M1"', 'id = "M3"'), "m3_"),
        (("FROM slices", "FROM counters"), "one SELECT over slices"),
        (("at_most = 0.7", "at_most = 0.7\nat_least = 0.8"), "at_least must be below"),
        (('runbook = "docs/slis.md#m1"\n', ""), "runbook"),
        (('profile = "counters"', 'profile = "everything"'), "$.profile"),
        (('profile = "counters"', 'profile = "deep"'), "must be counters, as its streams say"),
        (('counters = "observed"', 'counters = "observed"\nflows = "share"'), "must be flows, as its streams say"),
    ],
)
def test_a_wrong_definition_is_refused(change: tuple[str, str], complaint: str) -> None:
    """The message names the file and the key."""
    with pytest.raises(CatalogueError, match=r"m1_throughput\.sql") as refused:
        read(M1.replace(*change), "m1_throughput.sql")
    assert complaint in str(refused.value)


def test_a_part_may_need_a_deeper_profile_and_no_shallower_one() -> None:
    """So one SLI has some figures in each profile, and more in a deeper one."""
    deeper = M1.replace('name = "from_max"', 'name = "from_max"\nprofile = "flows"')
    deeper = deeper.replace('counters = "observed"', 'counters = "observed"\nflows = "share"')
    sli = read(deeper, "m1_throughput.sql")
    assert {part.name: sli.profile_of(part) for part in sli.parts}["from_max"] == "flows"
    assert sli.profile_of(sli.parts[0]) == "counters"
    shallower = deeper.replace('profile = "counters"', 'profile = "flows"').replace(
        'name = "from_max"\nprofile = "flows"', 'name = "from_max"\nprofile = "counters"'
    )
    with pytest.raises(CatalogueError, match="no part may need less than the SLI"):
        read(shallower, "m1_throughput.sql")


def test_rows_have_exactly_the_parts_and_reasons_that_the_catalogue_names(scenario: Scenario) -> None:
    """Each part of the header at its window lengths, in each scope, and no reason that no page explains."""
    scenario.pair(1, 2)
    scenario.vif(3, "host", "tap", counting_point=True)
    scenario.vif(9, "uplink", "physical")
    for vif_id in (1, 2, 9):
        scenario.sweeps(vif_id, 0, 60, tx_packets=10)
    scenario.probe(0, 60)
    scenario.track(0, 60, 10)
    scenario.hand_over(0, 60)
    for vif_id in (1, 9):
        for direction in ("ingress", "egress"):
            scenario.flows(vif_id, 0, 100, direction=direction)
    scenario.compute(60 + 150)
    rows = scenario.store.query_rows(
        f"SELECT DISTINCT sli, part, window_seconds, scope, reason FROM {scenario.store.database}.sli"
    )
    found = {(row["sli"], row["part"], row["window_seconds"], row["scope"]) for row in rows}
    named = {
        (sli.id, part.name, seconds, scope)
        for sli in CATALOGUE.values()
        for seconds in sli.windows
        for part in sli.parts_at(seconds)
        for scope in part.scopes or sli.scopes
    }
    assert found == named
    for row in rows:
        known = {reason.name for reason in (*REASONS, *CATALOGUE[row["sli"]].reasons)}
        assert row["reason"] in known | {""}
    assert scenario.figure("M1", "to", HOST)["reason"] == ""
