"""Packets that another program takes past the hook: the VIF is marked, and not shown as idle."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from collectors.flow import visibility
from ingest.store.traffic import notes
from tests.collectors.agent_process import AgentProcess
from tests.flow import verdicts
from tests.flow.conftest import Street, total
from tests.lab.network import lab, need_root, run
from tests.running import until

pytestmark = pytest.mark.root

PACKETS = 200


@pytest.fixture
def street() -> Iterator[Street]:
    """With a watch that reads containers' ends too."""
    need_root("loads programs into the kernel")
    with lab() as network:
        yield Street(network, all_namespaces=True)


def test_packets_that_are_handed_to_the_other_end_of_a_veth_hide_it(street: Street) -> None:
    """As a CNI does with bpf_redirect_peer: the port counts nothing, the other end does; gone, all is visible again."""
    one, two = street.vif_id(street.one.outer), street.vif_id(street.two.outer)
    aim = socket.if_nametoindex(street.two.outer.name)
    sights: list[tuple[int, bool, bool, int, int, int]] = []

    def swept() -> list[dict[str, Any]]:
        street.talk(street.one, "udp", street.two.address, 6500, PACKETS, 1000)
        street.counted(street.two)
        street.watch.sweep(street.probe)
        street.watch.commit()
        rows = street.drain()
        sights.extend(street.sights)
        return rows

    swept()
    redirect = verdicts.longer_than(500, verdicts.REDIRECT_PEER, aim)
    with verdicts.attached(redirect, street.one.outer.name, verdicts.INGRESS):
        port = street.two.outer.counters()["tx_packets"]
        end = street.two.inner.counters()["rx_packets"]
        rows = swept()
        assert not sights, "once is chance"
        rows += swept()
        assert street.two.outer.counters()["tx_packets"] == port
        assert street.two.inner.counters()["rx_packets"] == end + 2 * PACKETS
    assert total(rows, "packets", vif_id=one, direction=0, dst_port=6500) == 2 * PACKETS
    assert total(rows, "packets", vif_id=two, direction=1, dst_port=6500) == 0
    size = PACKETS * (1000 + 8 + 20 + 14)
    assert sights == [(two, True, True, PACKETS, size, 0)]
    sights.clear()
    swept()
    assert sights == [(two, True, False, PACKETS, size, size)]


def test_the_agent_tells_when_it_begins_and_when_it_ends(tmp_path: Path) -> None:
    """By events that name the VIF and the direction; traffic that the program sees is never told of."""
    need_root("loads programs into the kernel")
    with lab() as network:
        bridge = network.bridge()
        settings = ("agent.sources=inventory,counters,ebpf", "counters.interval=1s", f"ebpf.vifs={network.tag}*")
        agent = AgentProcess(tmp_path / "data", *(word for one in settings for word in ("--set", one)))
        try:
            agent.start()
            one = network.container("a", bridge, "198.51.100.1")
            two = network.container("b", bridge, "198.51.100.2")
            for end in (one, two):
                held = partial(verdicts.held, end.outer.name, verdicts.EGRESS, agent.pid)
                until("its port is watched", lambda held=held: bool(held()), 20)

            def told(event: str) -> bool:
                one.send(two, 100, 1000)
                agent.next_sweep()
                return bool(agent.events(event))

            assert not told(visibility.HIDDEN)
            redirect = verdicts.longer_than(500, verdicts.REDIRECT_PEER, socket.if_nametoindex(two.outer.name))
            with verdicts.attached(redirect, one.outer.name, verdicts.INGRESS):
                until("it is told", lambda: told(visibility.HIDDEN), 40)
            until("its end is told", lambda: told(visibility.VISIBLE), 40)
            subject = f"{agent.vif(two.outer.name)['vif_id']:016x} egress"
            for event in (visibility.HIDDEN, visibility.VISIBLE):
                assert [row["subject"] for row in agent.events(event)] == [subject]
        finally:
            agent.close()


def test_the_agent_and_the_store_call_it_the_same() -> None:
    """Events by name, in the notes of `viflux flows` and in the statement of M9."""
    assert (notes.HIDDEN, notes.VISIBLE) == (visibility.HIDDEN, visibility.VISIBLE)
    relation = (resources.files("analytics.relations") / "coverage.sql").read_text(encoding="utf-8")
    assert f"event IN ('{visibility.HIDDEN}', '{visibility.VISIBLE}')" in relation


def test_a_netkit_is_a_pair_whose_packets_are_seen_or_not(street: Street) -> None:
    """A netkit without programs of its own passes all on: it is watched as any, and visible."""
    name = f"{street.network.tag}k"
    words = ["ip", "link", "add", name, "type", "netkit", "peer", "name", "eth1", "netns", street.one.namespace]
    if subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("this kernel has no netkit devices (CONFIG_NETKIT)")
    street.network.adopt(name)
    run("ip", "addr", "add", "192.0.2.1/24", "dev", name)
    run("ip", "link", "set", name, "up")
    run("ip", "-n", street.one.namespace, "addr", "add", "192.0.2.2/24", "dev", "eth1")
    run("ip", "-n", street.one.namespace, "link", "set", "eth1", "up")
    street.follow()
    told = []
    for _ in range(4):
        run("ping", "-q", "-c", "20", "-i", "0.01", "192.0.2.2")
        street.watch.sweep(street.probe)
        street.watch.commit()
        told += street.drain()
        assert not street.sights
    vif_id = next(vif_id for _, ifname, vif_id in street.watch.local_interfaces() if ifname == name)
    for direction in (0, 1):
        assert total(told, "packets", vif_id=vif_id, direction=direction, protocol=1) == 80
