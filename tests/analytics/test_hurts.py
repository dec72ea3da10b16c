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
        "new_count": 0,
        "judged_count": 10,
        "off_count": 0,
        "known_count": 10,
        "with_utilisation_count": 10,
        "known_directions_count": 20,
        "few_packets_directions_count": 0,
        "few_lost_packets": 0.0,
        "idle_directions_count": 0,
        "unseen_directions_count": 0,
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
    assert judgement.details == ("Packet loss, each direction: 20 within target.", "Utilisation: 10 within target.")


def test_what_could_not_be_judged_is_said_and_why() -> None:
    changes: dict[str, Any] = {"known_count": 3, "with_utilisation_count": 1, "known_directions_count": 4}
    changes |= {"few_packets_directions_count": 5, "idle_directions_count": 6, "unseen_directions_count": 3}
    changes |= {"off_count": 1, "new_count": 1, "judged_count": 9}
    judgement = judge(facts(**changes), NOW_NS, 30 * SECOND)
    assert (judgement.level, judgement.headline) == ("fine", "Nothing hurts of what can be judged: 3 of 10 VIFs.")
    assert judgement.details == (
        (
            "Packet loss, each direction: 4 within target, 5 with too few packets for a ratio (none lost), "
            "6 without any packet, 3 whose sender is not visible."
        ),
        "Utilisation: 1 within target, 8 without a known promised rate.",
        "1 VIF is administratively down or has no carrier.",
        "1 VIF is too new: its first figures are on the way.",
    )


@pytest.mark.parametrize(
    ("vifs_count", "words"), [(1, "the one VIF cannot be judged"), (9, "none of the 9 VIFs can be")]
)
def test_where_nothing_can_be_judged_it_is_not_fine(vifs_count: int, words: str) -> None:
    unknown = {"known_count": 0, "with_utilisation_count": 0, "known_directions_count": 0}
    changes = {"vifs_count": vifs_count, "judged_count": vifs_count, "few_packets_directions_count": 2, **unknown}
    judgement = judge(facts(**changes), NOW_NS, 30 * SECOND)
    assert judgement.level == "unknown"
    assert words in judgement.headline


@pytest.mark.parametrize("known_count", [0, 9])
def test_packets_lost_by_a_quiet_vif_are_not_fine(known_count: int) -> None:
    """Half of 200 packets is no ratio by the definition, and yet nobody may call it well."""
    quiet = {"few_packets_directions_count": 1, "few_lost_packets": 100.0, "known_count": known_count}
    judgement = judge(facts(**quiet), NOW_NS, 30 * SECOND)
    assert (judgement.level, "packets were lost" in judgement.headline) == ("unknown", True)
    assert "1 with too few packets for a ratio (100 lost)" in judgement.details[0]


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
        ({"new_count": 10, "judged_count": 0}, "the first 10 s of the 10 VIFs are still being read"),
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


def test_a_vif_is_complete_only_while_both_directions_are(scenario: Scenario) -> None:
    """The end inside stops being read at 30 s, the one on the host is read on."""
    scenario.pair(1, 2, ifname="veth1", vif_key=f"{HOST}/blue/eth0")
    scenario.sweeps(1, 0, 60, tx_packets=2000)
    scenario.sweeps(2, 0, 30, tx_packets=2000)
    scenario.hand_over(0, 60)
    scenario.compute(65)
    judgement = now_hurting(scenario.store, scenario.store.database, HOST, scenario.at(65), 30 * SECOND)
    since = datetime.fromtimestamp(scenario.at(30) // SECOND, UTC)
    assert judgement.level == "unknown"
    assert judgement.details[0].startswith(f"Data of 1 VIF are incomplete since {since:%H:%M:%S} UTC")


def test_births_and_dead_links_are_no_lack_of_data(scenario: Scenario) -> None:
    """A VIF that came in the window is new, in the one after it is missing; one without carrier is said to be so."""
    scenario.vif(1, "host", "tap", counting_point=True, ifname="tap1", vif_key=f"{HOST}//tap1")
    scenario.vif(2, "host", "tap", counting_point=True, ifname="tap2", vif_key=f"{HOST}//tap2", has_carrier=False)
    scenario.vif(3, "host", "tap", at=54.0, counting_point=True, ifname="tap3", vif_key=f"{HOST}//tap3")
    scenario.sweeps(1, 0, 70, tx_packets=5000)
    scenario.sweeps(2, 0, 70)
    scenario.hand_over(0, 60)
    scenario.compute(65)
    database = scenario.store.database
    judgement = now_hurting(scenario.store, database, HOST, scenario.at(65), 30 * SECOND)
    assert (judgement.level, judgement.headline) == ("fine", "Nothing hurts of what can be judged: 1 of 3 VIFs.")
    assert judgement.details == (
        "Packet loss, each direction: 1 within target, 1 whose sender is not visible.",
        "Utilisation: 2 without a known promised rate.",
        "1 VIF is administratively down or has no carrier.",
        "1 VIF is too new: its first figures are on the way.",
    )
    scenario.hand_over(60, 70)
    scenario.compute(75)
    judgement = now_hurting(scenario.store, database, HOST, scenario.at(75), 30 * SECOND)
    assert (judgement.level, judgement.headline) == (
        "unknown",
        "Nothing that was measured hurts, but data are missing.",
    )


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
