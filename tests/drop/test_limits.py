"""What does not fit, what is not known, and who comes and goes: nothing of it is lost silently."""

from __future__ import annotations

import pytest

from collectors import _native
from tests.drop.conftest import RECEIVER, SENDER, Road, Told, rows_of
from tests.lab.network import Interface, run

pytestmark = pytest.mark.root

KIND = 0x9200
"""An EtherType that nobody handles."""


@pytest.fixture(autouse=True)
def _nothing_before(road: Road) -> None:
    road.drain()


def frames(road: Road, count: int, kinds: int = 1) -> None:
    """Have frames of so many EtherTypes dropped at the router."""
    road.send(road.sender, "frames", "eth0", road.macs[road.ends[1]], hex(KIND), count, kinds)


def test_a_full_map_is_counted(road: Road) -> None:
    """Beside a probe that has room for all, one with a small map says how many it could not take."""
    with road.beside(entries=16):
        frames(road, 2, 40)
        told = sum(road.drain().values())
        packets, size = road.harvest.map_full
        # Others on this host may drop packets too.
        assert told < 80 <= told + packets
        assert size >= 50 * (80 - told)
    assert sum(road.drain().values()) == 80, "the other one has all"
    assert road.harvest.map_full == (0, 0)


def test_samples_are_parts_of_the_count(road: Road) -> None:
    """Some packets are told with their addresses; with the row of the others they add up."""
    with road.beside(samples=4):
        road.send(road.sender, "udp", RECEIVER, 5400, 3, 100, 5)
        told = road.drain()
        rows = road.rows
    what = Told(road.ends[3], 0, "endpoint", "NO_SOCKET", "__udp4_lib_rcv")
    assert told == {what: 15}
    named = [row for row in rows if row["dst_port"]]
    assert sum(row["skb_packets"] for row in named) == 4
    assert {row["dst_port"] for row in named} <= set(range(5400, 5405))
    mapped = [bytes(row["src_address"])[-4:] for row in named]
    assert set(mapped) == {bytes(int(part) for part in SENDER.split("."))}
    assert {row["dst_mac"] for row in named} == {int(road.macs[road.ends[3]].replace(":", ""), 16)}
    assert sum(row["bytes"] for row in rows) == 15 * 108
    assert sum(row["packets"] for row in rows) == 15
    assert sum(road.drain().values()) == 15, "the probe without samples has them in one row"
    assert len(road.rows) == 1


def test_a_reason_without_a_meaning_is_loss_and_told_once(road: Road) -> None:
    """By name, with the first packets of it."""
    with road.beside(meanings=[]):
        frames(road, 3)
        assert {(what.drop_class, what.reason) for what in road.drain()} == {("loss", "UNHANDLED_PROTO")}
        assert "UNHANDLED_PROTO" in road.harvest.unknown_reasons
        frames(road, 3)
        assert sum(road.drain().values()) == 3
        assert "UNHANDLED_PROTO" not in road.harvest.unknown_reasons


def test_an_interface_that_came_or_went_just_now_keeps_its_drops(road: Road) -> None:
    """What is not known yet waits for the next drain, and so does the watermark; what is gone is remembered."""
    at = road.router
    run("ip", "-n", at, "link", "add", "new0", "type", "veth", "peer", "name", "new1")
    for name in ("new0", "new1"):
        run("ip", "-n", at, "link", "set", name, "up")
    begun = road.harvest.settled_time_ns
    road.send(at, "frames", "new1", "02:00:00:00:00:77", hex(KIND), 5)
    # Without a look at what is new.
    early = road.probe.drain(road.watch)
    assert not [row for row in rows_of(early.messages) if row["ether_type"] == KIND]
    assert early.settled_time_ns == begun
    told = road.drain()
    assert told[Told(Interface("new0", at), 0, "benign", "UNHANDLED_PROTO", "__netif_receive_skb_core")] == 5
    (vif_id,) = {row["vif_id"] for row in road.rows if row["ether_type"] == KIND}
    assert vif_id
    road.send(at, "frames", "new1", "02:00:00:00:00:77", hex(KIND), 4)
    run("ip", "-n", at, "link", "del", "new0")
    road.watch.resync()
    rows = rows_of(road.probe.drain(road.watch, last=True).messages)
    assert [(row["vif_id"], row["skb_packets"]) for row in rows if row["ether_type"] == KIND] == [(vif_id, 4)]


def test_an_interface_that_nobody_knows_is_told_by_name(road: Road) -> None:
    """Where only the own namespace is seen, a row has the interface's name and its namespace's inode."""
    blind = _native.HostWatch(
        host="test",
        machine_id=bytes(16),
        boot_id=bytes(16),
        interval_ns=10**9,
        namespace_dirs=[],
        all_namespaces=False,
    )
    blind.resync()
    frames(road, 6)
    rows = rows_of(road.probe.drain(blind, last=True).messages)
    (row,) = (row for row in rows if row["ether_type"] == KIND)
    inode = run("ip", "netns", "exec", road.router, "readlink", "/proc/self/ns/net").strip()
    index = run("ip", "netns", "exec", road.router, "cat", "/sys/class/net/left/ifindex").strip()
    assert (row["vif_id"], row["namespace"], row["ifname"]) == (0, inode, "left")
    assert (row["in_if_index"], row["direction"], row["skb_packets"]) == (int(index), 0, 6)
