"""What the answer to "what hurts now" says, word for word where it matters, and that it is never fine without data."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analytics.hurts import Facts, WorstVif, age, judge, now_hurting, percent
from tests.analytics.scenario import HOST, Scenario

SECOND = 1_000_000_000
NOW = datetime(2026, 11, 22, 12, 0, 5, tzinfo=UTC)
NOW_NS = int(NOW.timestamp()) * SECOND
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WORST = WorstVif(12.0, 0.012, 0.001, "M2", "local_to", 10, "", "veth1", "host-a/blue/eth0", "00000000000000ff")


def facts(**changes: Any) -> Facts:
    """Ten VIFs, all well, read until five seconds ago."""
    normal = {
        "vifs_count": 10,
        "judged_count": 10,
        "with_utilisation_count": 4,
        "with_loss_count": 6,
        "hurting_count": 0,
        "incomplete_count": 0,
        "least_completeness_ratio": 1.0,
        "incomplete_since_time": EPOCH,
        "newest_slice_time": NOW - timedelta(seconds=15),
        "worst_vifs": (),
    }
    return Facts(**{**normal, **changes})


def test_nothing_hurts() -> None:
    judgement = judge(facts(), NOW_NS, 30 * SECOND)
    assert (judgement.level, judgement.headline) == ("fine", "Nothing hurts: all 10 VIFs are within target.")
    assert "Loss could be judged for 6 of 10" in judgement.details[0]


def test_a_breach_is_named_with_its_place_and_target() -> None:
    judgement = judge(facts(hurting_count=7, worst_vifs=(WORST,)), NOW_NS, 30 * SECOND)
    assert (judgement.level, judgement.headline) == ("hurting", "7 of 10 VIFs hurt now.")
    assert judgement.details == (
        "veth1 (blue/eth0) loses 1.2 % of the packets to its workload in the last 10 s (target: at most 0.1 %)",
        "and 6 more",
    )
    assert judgement.hurting_vif_ids == ("00000000000000ff",)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"vifs_count": 0, "judged_count": 0}, "no VIF of this host has been seen yet"),
        ({"newest_slice_time": EPOCH, "judged_count": 0}, "the first 10 s of the 10 VIFs are still being read"),
        ({"newest_slice_time": NOW - timedelta(seconds=130)}, "nothing has arrived since 11:58:05 UTC, 2 min ago"),
        ({"incomplete_count": 1, "least_completeness_ratio": 0.25}, "data are missing"),
        ({"judged_count": 9}, "data are missing"),
    ],
)
def test_missing_data_are_never_fine(changes: dict[str, Any], words: str) -> None:
    judgement = judge(facts(**changes), NOW_NS, 30 * SECOND)
    assert judgement.level == "unknown"
    assert words in judgement.headline


def test_incomplete_data_say_since_when() -> None:
    since = datetime(2026, 11, 22, 11, 58, 0, tzinfo=UTC)
    changes = {"incomplete_count": 2, "least_completeness_ratio": 0.25, "incomplete_since_time": since}
    judgement = judge(facts(**changes), NOW_NS, 30 * SECOND)
    assert judgement.details == (
        "Data of 2 VIFs are incomplete since 11:58:00 UTC; the least complete has 25 % of what was expected.",
    )


def test_a_stale_breach_is_told_as_the_past() -> None:
    stale = facts(hurting_count=1, worst_vifs=(WORST,), newest_slice_time=NOW - timedelta(hours=3))
    judgement = judge(stale, NOW_NS, 30 * SECOND)
    assert judgement.level == "unknown"
    assert judgement.details[0] == "When last seen, 1 VIF was beyond target."


def test_the_store_is_asked_right(scenario: Scenario) -> None:
    """Loss above target of one pair, a full tap, one VIF half read: all from the newest 10 s window."""
    scenario.pair(1, 2, ifname="veth1", vif_key=f"{HOST}/blue/eth0")
    scenario.vif(3, "host", "tap", counting_point=True, ifname="tap3", vif_key=f"{HOST}//tap3")
    scenario.vif(4, "host", "tap", counting_point=True, ifname="tap4", vif_key=f"{HOST}//tap4")
    scenario.sweeps(1, 0, 60, tx_packets=2000)
    scenario.sweeps(2, 0, 60, tx_packets=1980, qdisc_dropped_packets=20)
    scenario.sweeps(3, 0, 60, tx_packets=5000)
    scenario.sweeps(4, 0, 50, tx_packets=5000)
    scenario.count(4, 50, 5, tx_packets=5000)
    scenario.hand_over(0, 60)
    scenario.compute(65)
    database = scenario.store.database
    judgement = now_hurting(scenario.store, database, HOST, scenario.at(65), 30 * SECOND)
    assert judgement.level == "hurting"
    assert judgement.headline == "1 of 3 VIFs hurts now."
    assert judgement.details[0].startswith("veth1 (blue/eth0) loses 1.0 % of the packets from its workload")
    assert judgement.details[1].startswith("Data of 1 VIF are incomplete since ")
    assert judgement.details[1].endswith("the least complete has 50 % of what was expected.")
    assert judgement.hurting_vif_ids == ("0000000000000001",)
    assert now_hurting(scenario.store, database, HOST, scenario.at(300), 30 * SECOND).level == "unknown"
    assert now_hurting(scenario.store, database, "nobody", scenario.at(65), 30 * SECOND).level == "unknown"


@pytest.mark.parametrize(
    ("ratio", "text"), [(0, "0 %"), (0.00012, "0.012 %"), (0.012, "1.2 %"), (0.7, "70 %"), (12.5, "1,250 %")]
)
def test_percent(ratio: float, text: str) -> None:
    assert percent(ratio) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(-3, "0 s"), (59, "59 s"), (61, "1 min"), (7_300, "2 h"), (200_000, "2 d")]
)
def test_age(seconds: int, text: str) -> None:
    assert age(seconds * SECOND) == text
