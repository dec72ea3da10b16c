"""What was dropped is in the SLIs where it belongs, once: situations made by real packets, through `viflux up`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.drop.conftest import RECEIVER, Road, nft
from tests.lab.ahead import compute_now
from tests.lab.network import Interface, lab, need_root, run
from tests.lab.product import Product, product
from tests.running import until
from viflux.clock import NANOSECONDS

pytestmark = [pytest.mark.root, pytest.mark.slow]

MINUTE_NS = 60 * NANOSECONDS
# Longer than all situations take.
SITUATIONS_NS = 20 * NANOSECONDS

RULES = """
table ip lab {
 chain way {
  type filter hook forward priority 0
  udp dport 7000-7002 counter drop comment "no games"
 }
}
"""


@pytest.fixture
def street() -> Iterator[Road]:
    """A road of its own, for its queues and routes are changed."""
    need_root("loads programs into the kernel")
    with lab() as network:
        yield Road(network)


@pytest.fixture
def running(tmp_path: Path, street: Road) -> Iterator[Product]:
    """The product, with the interfaces of the road stored and drops counted."""
    settings = {"agent.sources": "inventory,counters,ebpf", "ebpf.vifs": "none-of-these"}
    with product(tmp_path / "data", None, **settings) as made:
        names = ", ".join(f"'{namespace}'" for namespace in (street.sender, street.router, street.receiver))
        known = (
            f"SELECT 1 AS one FROM viflux.inventory WHERE namespace IN ({names}) AND ifname != 'lo' "
            "AND peer_vif_id != 0 AND has_carrier HAVING uniqExact(vif_id) = 4"
        )
        made.rows("all four ends are stored", known)
        made.rows("drops are counted", "SELECT 1 AS one FROM viflux.hosts WHERE component = 'drop' AND counted_ns > 0")
        yield made


def ends(running: Product, street: Road) -> dict[Interface, dict[str, Any]]:
    """Return the newest state of each end."""
    return {
        end: running.sql(
            f"SELECT vif_id, counting_point FROM viflux.inventory WHERE namespace = '{end.namespace}' "
            f"AND ifname = '{end.name}' ORDER BY time DESC, valid_from_time DESC LIMIT 1"
        )[0]
        for end in street.ends
    }


def figures(running: Product, vif_id: str, minute_ns: int) -> dict[tuple[str, str], dict[str, Any]]:
    """Return a minute's M2, M6 and M11 of a VIF, by SLI and part."""
    rows = running.sql(
        "SELECT sli, part, numerator, denominator, value, value_upper, reason FROM viflux.sli "
        f"WHERE scope = 'vif' AND scope_key = '{vif_id}' AND window_seconds = 60 AND sli IN ('M2', 'M6', 'M11') "
        f"AND toUnixTimestamp64Nano(time) = {minute_ns}"
    )
    return {(row["sli"], row["part"]): row for row in rows}


def stored(running: Product, at_ns: int) -> None:
    """Wait until what happened before an instant is in the store: counters and drops are told in one hand-over."""
    running.rows(
        "counters and drops are stored",
        f"SELECT 1 AS one FROM viflux.hosts WHERE component = 'drop' AND toUnixTimestamp64Nano(time) > {at_ns} LIMIT 1",
    )


def test_each_drop_is_in_its_sli_once(running: Product, street: Road) -> None:
    """A rule, a full queue, no route, a way that is too narrow, a closed port and a frame that nobody handles."""
    left, right = street.ends[1], street.ends[2]
    nft(street.router, RULES)
    stored(running, time.time_ns())  # of rules that were changed in an interval none is named
    until("there is enough of the minute left", lambda: time.time_ns() % MINUTE_NS < MINUTE_NS - SITUATIONS_NS, 30)
    minute_ns = time.time_ns() // MINUTE_NS * MINUTE_NS
    before = {end: end.counters()["tx_packets"] for end in street.ends}
    street.send(street.sender, "udp", RECEIVER, 7000, 10, 100, 3)
    right.set_queue("tbf", "rate", "64kbit", "burst", "1600", "limit", "3000")
    street.send(street.sender, "udp", RECEIVER, 53, 50, 1000)
    until("the queue is empty", lambda: right.qdisc()["backlog"] == 0, 10)
    queue_drops = int(right.qdisc()["drops"])
    street.send(street.sender, "udp", "192.0.2.9", 5000, 4, 100)
    run("ip", "-n", street.router, "link", "set", "right", "mtu", "1000")
    street.send(street.sender, "whole", RECEIVER, 5000, 3, 1200)
    run("ip", "-n", street.router, "link", "set", "right", "mtu", "1500")
    street.send(street.sender, "udp", RECEIVER, 5100, 5, 100)
    street.send(street.sender, "frames", "eth0", street.macs[left], "0x88b5", 6)
    over_ns = time.time_ns()
    assert over_ns // MINUTE_NS * MINUTE_NS == minute_ns, "the situations took longer than they may"
    sent = {end: end.counters()["tx_packets"] - before[end] for end in street.ends}
    assert queue_drops >= 40
    stored(running, over_ns)
    compute_now(running)

    # Behind each link's end that counts is the workload, by what the inventory says of it.
    known = ends(running, street)
    into_left = "from" if known[left]["counting_point"] else "to"
    out_of_right = "to" if known[right]["counting_point"] else "from"
    dropped = {
        street.ends[0]: {("M11", f"core_{into_left}"): 7, ("M2", f"local_{into_left}"): 7},
        right: {("M11", f"queue_{out_of_right}"): queue_drops, ("M2", f"local_{out_of_right}"): queue_drops},
    }
    dropped[street.ends[0]] |= {("M6", f"flows_{into_left}"): 3, ("M6", f"packets_{into_left}"): 30}
    for one, other in ((street.ends[0], left), (right, street.ends[3])):
        for end in (one, other):
            found = figures(running, known[end]["vif_id"], minute_ns)
            assert {name for name, _ in found} == {"M2", "M6", "M11"}, found
            assert {key: row["numerator"] for key, row in found.items() if row["numerator"]} == dropped[one], end
            assert {row["reason"] for row in found.values()} <= {"", "below_1000_packets"}
    # What was dropped behind the wire was sent; what the queue dropped was not.
    offered = figures(running, known[left]["vif_id"], minute_ns)["M2", f"local_{into_left}"]["denominator"]
    assert sent[street.ends[0]] <= offered <= sent[street.ends[0]] + 20
    offered = figures(running, known[right]["vif_id"], minute_ns)["M2", f"local_{out_of_right}"]["denominator"]
    assert sent[right] + queue_drops <= offered <= sent[right] + queue_drops + 20
    # The agent reads the clock of flows by a trial run at each drain: what that gives back is no packet.
    assert running.sql("SELECT 1 AS one FROM viflux.drops WHERE place = 'bpf_prog_test_run_skb'") == []
    assert rules_of(running, known[left]["vif_id"]) == [{"rule_comment": "no games", "packets": 30}]


def rules_of(running: Product, vif_id: str) -> list[dict[str, Any]]:
    """Return which rules denied how many packets at a VIF."""
    return running.sql(
        "SELECT rule_comment, toUInt32(sum(drops.packets)) AS packets FROM viflux.drops AS drops "
        f"WHERE vif_id = 0x{vif_id} AND drop_class = 'denied' GROUP BY rule_comment"
    )
