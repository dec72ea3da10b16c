"""Beside another program at tcx, with full maps, and with interfaces that come and go."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.collectors.agent_process import AgentProcess
from tests.flow import verdicts
from tests.flow.conftest import TALK, Street, total
from tests.lab.network import lab, need_root, run
from tests.lab.programs import held_by, is_loaded
from tests.running import until

pytestmark = pytest.mark.root


def test_another_program_decides_as_without_the_probe(street: Street) -> None:
    """Its drops and redirects happen whether it came before or after, and flows are counted on both sides of them."""
    one, two = street.vif_id(street.one.outer), street.vif_id(street.two.outer)
    port = street.one.outer.name
    aim = socket.if_nametoindex(street.two.outer.name)
    expected = {"dropped": 0, "redirected": 0}
    for verdict, name in ((verdicts.DROP, "dropped"), (verdicts.REDIRECT, "redirected")):
        program = verdicts.longer_than(500, verdict, aim)
        for is_first in (True, False):
            if not is_first:
                # The probe is attached again, after the other program.
                street.probe.follow(street.watch, counting_points=False, names=[])
            with verdicts.attached(program, port, verdicts.INGRESS):
                street.follow()
                assert len(verdicts.held(port, verdicts.INGRESS)) == 2
                arrived = street.send_short_and_long()
            assert arrived == (50 if verdict == verdicts.DROP else 80)
            expected[name] += arrived
            rows = street.drain()
            assert total(rows, "packets", vif_id=one, direction=0, dst_port=6000) == 50
            assert total(rows, "packets", vif_id=one, direction=0, dst_port=6001) == 30
            assert total(rows, "packets", vif_id=two, direction=1, protocol=17) == arrived
    assert len(verdicts.held(port, verdicts.INGRESS)) == 1, "the other program is gone, the probe is not"


@pytest.mark.parametrize("has_probe", [True, False])
def test_another_program_comes_and_goes_while_traffic_runs(street: Street, has_probe: bool) -> None:
    """Forty times; each time it decides at once and all else passes, as it does without the probe, and is counted."""
    one, two = street.vif_id(street.one.outer), street.vif_id(street.two.outer)
    port, aim = street.one.outer.name, socket.if_nametoindex(street.two.outer.name)
    if not has_probe:
        street.probe.follow(street.watch, counting_points=False, names=[])
    programs = [verdicts.longer_than(500, verdict, aim) for verdict in (verdicts.DROP, verdicts.REDIRECT)]
    before = street.two.inner.counters()["rx_packets"]
    words = [sys.executable, str(TALK), "paced", street.two.address, "6400", "100", "2000", "0"]
    passed, stopped, rows = 0, 0, []
    # Somebody listens, so no answer says that nobody does.
    with street.sink(street.two, street.two.address, 6400), street.sink(street.two, street.two.address, 6401):
        sender = subprocess.Popen([*street.one.inner.prefix(), *words])
        try:
            for at in range(40):
                with verdicts.attached(programs[at % 2], port, verdicts.INGRESS):
                    street.talk(street.one, "udp", street.two.address, 6401, 5, 1000)
                    if at % 2:
                        passed += 5
                    else:
                        stopped += 5
                street.talk(street.one, "udp", street.two.address, 6401, 3, 1000)
                passed += 3
                rows += street.drain()
        finally:
            sender.kill()
            sender.wait()
        more, counted = street.settle()
    rows += more
    small = counted[port]["rx_packets"] - passed - stopped
    assert small > 500
    assert street.two.inner.counters()["rx_packets"] - before == small + passed
    if not has_probe:
        assert not rows
        return
    for vif_id, direction, longer in ((one, 0, passed + stopped), (two, 1, passed)):
        here = {"vif_id": vif_id, "direction": direction}
        assert total(rows, "packets", dst_port=6400, **here) == small
        assert total(rows, "packets", dst_port=6401, **here) == longer
        assert total(rows, "skb_packets", **here) == small + longer
    assert not street.lost


def test_behind_another_program_only_what_it_let_through_is_counted() -> None:
    """With the order `last` the other program decides as before, and what it dropped is in no flow; gone, all is."""
    need_root("loads programs into the kernel")
    with lab() as network:
        street = Street(network, is_last=True)
        one, port = street.vif_id(street.one.outer), street.one.outer.name

        def counted() -> tuple[int, int]:
            arrived = street.send_short_and_long()
            return arrived, total(street.drain(), "packets", vif_id=one, direction=0, protocol=17)

        street.probe.follow(street.watch, counting_points=False, names=[])
        with verdicts.attached(verdicts.longer_than(500, verdicts.DROP), port, verdicts.INGRESS):
            street.follow()
            assert counted() == (50, 50)
        assert counted() == (80, 80)


@pytest.mark.parametrize("ring_bytes", [64 << 10, 4 << 20])
def test_full_maps_lose_nothing_that_is_not_counted(ring_bytes: int) -> None:
    """More flows than the maps hold go through the ring; what that cannot take is counted by VIF and direction."""
    need_root("loads programs into the kernel")
    with lab() as network:
        street = Street(network, entries=256, ring_bytes=ring_bytes)
        sent = street.talk(street.one, "many", street.two.address, 5_000)["packets"]
        rows, counted = street.settle()
        for end, direction, side in ((street.one, 0, "rx"), (street.two, 1, "tx")):
            vif_id = street.vif_id(end.outer)
            told = [lost for lost in street.lost if lost[:2] == (vif_id, direction == 1)]
            lost_packets, lost_bytes = sum(lost[2] for lost in told), sum(lost[3] for lost in told)
            here = {"vif_id": vif_id, "direction": direction}
            assert total(rows, "packets", **here) + lost_packets == counted[end.outer.name][f"{side}_packets"] >= sent
            assert total(rows, "bytes", **here) + lost_bytes == counted[end.outer.name][f"{side}_bytes"]
            assert (lost_packets > 0) == (ring_bytes < 1 << 20), lost_packets
        assert not street.probe.drain().lost, "a loss is told once"


def test_a_drain_under_load_counts_each_packet_once(street: Street) -> None:
    """Drains while packets flow neither lose nor double one of them."""
    flood = street.one.flood(street.two, 20_000)
    rows = []
    try:
        for _ in range(150):
            rows += street.drain()
    finally:
        flood.kill()
        flood.wait()
    more, interfaces = street.settle()
    rows += more
    counted = interfaces[street.one.outer.name]
    one = {"vif_id": street.vif_id(street.one.outer), "direction": 0}
    assert total(rows, "skb_packets", **one) == counted["rx_packets"] > 1_000
    assert total(rows, "skb_bytes", **one) == counted["rx_bytes"]


def test_a_flow_that_goes_on_waits_for_its_timeout() -> None:
    """Rows come when a flow was idle for long enough, and then tell all of it at once."""
    need_root("loads programs into the kernel")
    with lab() as network:
        street = Street(network, active_ns=3_600 * 10**9, inactive_ns=3_600 * 10**9)
        for _ in range(3):
            street.talk(street.one, "udp", street.two.address, 7000, 4, 100)
            assert not street.drain(whole=False)
        assert street.probe.drain().waiting >= 2
        rows = street.drain(whole=True)
        one = {"vif_id": street.vif_id(street.one.outer), "dst_port": 7000}
        assert total(rows, "packets", **one) == 12


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[AgentProcess]:
    """An agent that counts flows of all interfaces of the labs."""
    need_root("loads programs into the kernel")
    settings = (
        "agent.sources=inventory,counters,ebpf",
        "counters.interval=1s",
        "ebpf.active_timeout=1s",
        "ebpf.inactive_timeout=1s",
        "ebpf.vifs=vx*",
    )
    process = AgentProcess(tmp_path / "data", *(word for one in settings for word in ("--set", one)))
    yield process
    process.close()


def test_interfaces_come_and_go_under_a_running_agent(agent: AgentProcess) -> None:
    """A birth is watched within a second, fifty a second do no harm, and a killed agent leaves nothing behind."""
    with lab() as network:
        bridge = network.bridge()
        agent.start()
        one = network.container("a", bridge, "198.51.100.1")
        two = network.container("b", bridge, "198.51.100.2")
        port = one.outer.name

        def is_watched() -> bool:
            return all(len(verdicts.held(port, where, agent.pid)) == 1 for where in (verdicts.INGRESS, verdicts.EGRESS))

        # One second is what is promised; the rest is for a machine that has other things to do.
        until("the new interface is watched", is_watched, 5)
        flapping = f"{network.tag}f"
        network.adopt(flapping)
        for _ in range(100):
            run("ip", "link", "add", flapping, "type", "veth", "peer", "name", f"{flapping}p")
            run("ip", "link", "del", flapping)
        one.send(two, 70, 300)

        def told() -> bool:
            rows = agent.rows("flows.ebpf", dst_port=9, direction=0, vif_id=agent.vif(port)["vif_id"])
            return sum(int(row["packets"]) for row in rows) == 70

        until("the flow's rows are in the spool", told, 30)
        (row,) = agent.rows("flows.ebpf", dst_port=9, direction=0, vif_id=agent.vif(port)["vif_id"])[:1]
        assert row["bytes"] / row["packets"] == 342
        own = held_by(agent.pid)
        agent.kill()
        until("the kernel took the programs back", lambda: not any(map(is_loaded, own)), 10)
        before = two.inner.counters()["rx_packets"]
        one.send(two, 10)
        assert two.inner.counters()["rx_packets"] - before == 10, "traffic goes on"
        agent.start()
        until("a new agent watches it", is_watched, 5)
        own = held_by(agent.pid)
        code, _ = agent.stop()
        assert code == 0
        until("the kernel took these back, too", lambda: not any(map(is_loaded, own)), 10)
