"""Attached by filters of a clsact, as on kernels without tcx: beside others' filters, flapping, after a crash."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from collectors import _native
from tests.collectors.agent_process import AgentProcess
from tests.flow import verdicts
from tests.flow.conftest import Street, total
from tests.lab.network import lab, need_root, run
from tests.lab.programs import is_loaded
from tests.running import repeated, until, wait_for

pytestmark = pytest.mark.root

SIDES = ("ingress", "egress")
RECLAIM = "from collectors import _native; print(_native.reclaim_filters())"


def ours(ifname: str) -> list[int]:
    """Return how many filters of the probe are at ingress and at egress."""
    found = [verdicts.filters(ifname, side) for side in SIDES]
    return [sum(str(one["name"]).startswith("viflux_flow") for one in side) for side in found]


def left(street: Street) -> None:
    """Detach from all."""
    street.probe.follow(street.watch, counting_points=False, names=[])


def sent(street: Street) -> tuple[int, int, int]:
    """Send short and long packets; how many arrived, and how many of each are in flows of the first port's ingress."""
    one = {"vif_id": street.vif_id(street.one.outer), "direction": 0}
    arrived = street.send_short_and_long()
    rows = street.drain()
    return arrived, total(rows, "packets", dst_port=6000, **one), total(rows, "packets", dst_port=6001, **one)


@pytest.mark.parametrize("priority", [0, 1, 2, 65_535])
@pytest.mark.parametrize("order", ["first", "last"])
def test_another_filter_decides_as_without_the_probe(order: str, priority: int) -> None:
    """What another's filter drops stays dropped, whoever came first; with `first` flows tell of it, with `last` not.

    At one and the same priority the kernel puts the newest filter before the others.
    """
    need_root("loads programs into the kernel")
    with lab() as network:
        street = Street(network, is_last=order == "last", attach="clsact")
        port = street.one.outer.name
        left(street)
        run("tc", "qdisc", "add", "dev", port, "clsact")
        with verdicts.filtered(verdicts.longer_than(500, verdicts.DROP), port, priority=priority):
            street.follow()
            is_before = order == "first" or priority == 65_535
            assert sent(street) == (50, 50, 30 if is_before else 0)
            left(street)
            assert sent(street) == (50, 0, 0)
            assert len(verdicts.filters(port, "ingress")) == 1
        assert verdicts.has_clsact(port), "it was there before"
        assert not verdicts.has_clsact(street.two.outer.name), "it was made for the probe"


@pytest.mark.parametrize("is_tcx", [True, False])
def test_a_verdict_of_another_hook_stays(is_tcx: bool) -> None:
    """Programs at tcx come before all filters: flows do not tell of what they drop. Redirects are as before."""
    need_root("loads programs into the kernel")
    with lab() as network:
        street = Street(network, attach="clsact")
        port = street.one.outer.name
        if is_tcx:
            with verdicts.attached(verdicts.longer_than(500, verdicts.DROP), port, verdicts.INGRESS):
                assert sent(street) == (50, 50, 0)
            return
        aim = next(index for index, name, _ in street.watch.local_interfaces() if name == street.two.outer.name)
        with verdicts.filtered(verdicts.longer_than(500, verdicts.REDIRECT, aim), port):
            assert sent(street) == (80, 50, 30)
        left(street)
        assert not verdicts.has_clsact(port), "the other's filter is gone, and nobody needs it"


def test_somebodys_filters_keep_the_clsact_that_was_made_for_the_probe() -> None:
    """Who put a filter into it meanwhile has it when the probe goes."""
    need_root("loads programs into the kernel")
    with lab() as network:
        street = Street(network, attach="clsact")
        port = street.one.outer.name
        with verdicts.filtered(verdicts.longer_than(500, verdicts.DROP), port):
            left(street)
            assert verdicts.has_clsact(port)
            assert sent(street)[0] == 50
        assert ours(port) == [0, 0]


def test_a_queue_without_an_egress_side_is_told() -> None:
    """Beside a queue of kind `ingress` a filter for egress would see what comes in: the interface is not watched."""
    need_root("loads programs into the kernel")
    with lab() as network:
        street = Street(network, attach="clsact")
        port = street.one.outer.name
        left(street)
        run("tc", "qdisc", "add", "dev", port, "ingress")
        told = street.probe.follow(street.watch, counting_points=False, names=[f"{network.tag}*"])
        assert [name for name, _ in told] == [port]
        assert "kind ingress" in told[0][1]
        assert ours(port) == [0, 0]


def test_filters_of_a_living_process_are_not_left_over() -> None:
    """Two probes at one interface both count all, and neither takes the other for one that was killed."""
    need_root("loads programs into the kernel")
    with lab() as network:
        street = Street(network, attach="clsact")
        port = street.one.outer.name
        with lab() as other:
            second = Street(other, attach="clsact")
            second.watch.resync()
            second.probe.follow(second.watch, counting_points=False, names=[f"{network.tag}*"])
            assert _native.reclaim_filters() == 0
            # Nor for one that may not look at other processes, as an agent of one namespace alone.
            blind = ["setpriv", "--bounding-set=-sys_ptrace", "--inh-caps=-all", sys.executable, "-c", RECLAIM]
            assert run(*blind) == "0\n"
            assert ours(port) == [2, 2], "both are there"
            assert sent(street) == (80, 50, 30)
            one = {"vif_id": street.vif_id(street.one.outer), "direction": 0}
            assert total(second.drain(), "packets", dst_port=6001, **one) == 30
            del second.probe
            assert ours(port) == [1, 1]
        left(street)
        assert not verdicts.has_clsact(port)


def test_an_interface_that_flaps_disturbs_nobody() -> None:
    """It may go at any step of attaching and of detaching: nobody else's packets are missed, and no call fails."""
    need_root("loads programs into the kernel")
    with lab() as network:
        street = Street(network, attach="clsact")
        name = f"{network.tag}f"
        network.adopt(name)
        already = watched = street.probe.watched()
        flaps = 0

        def flap() -> None:
            nonlocal flaps
            run("ip", "link", "add", name, "type", "veth", "peer", "name", f"{name}p", check=False)
            run("ip", "link", "del", name, check=False)
            flaps += 1

        def has_flapped() -> bool:
            nonlocal watched
            street.watch.resync()
            assert not street.probe.follow(street.watch, counting_points=False, names=[f"{network.tag}*"])
            watched = max(watched, street.probe.watched())
            return flaps >= 100 and watched > already

        with repeated(flap):
            wait_for("it has flapped often, and was watched", has_flapped, 60)
        assert sent(street) == (80, 50, 30)
        run("ip", "link", "del", name, check=False)
        street.follow()
        assert street.probe.watched() == already


@pytest.mark.parametrize("attach", ["tcx", "clsact"])
def test_many_interfaces_are_left_at_once(attach: str) -> None:
    """By filters all at once; links take the kernel its time, which nobody waits for."""
    need_root("loads programs into the kernel")
    with lab() as network:
        street = Street(network, attach=attach)
        names = [f"{network.tag}{side}{at}" for at in range(30) for side in "vw"]
        lines = [f"link add {one} type veth peer name {two}" for one, two in zip(names[::2], names[1::2], strict=True)]
        network.adopt(*names[::2])
        subprocess.run(["ip", "-batch", "-"], input="\n".join(lines), text=True, check=True)
        street.follow()
        held = [verdicts.held(name, verdicts.INGRESS) for name in names]
        assert all(held) == (attach == "tcx")
        begun = time.monotonic()
        del street.probe
        # Half a second is what it waits for links; the rest is for a machine that has other things to do.
        assert time.monotonic() - begun < 3
        programs = set().union(*held)
        until("no program is there", lambda: not any(is_loaded(one) for one in programs), 30)
        assert not any(sum(ours(name)) for name in names)


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[AgentProcess]:
    """An agent that counts flows of all interfaces of the labs by filters."""
    need_root("loads programs into the kernel")
    settings = (
        "agent.sources=inventory,counters,ebpf",
        "counters.interval=1s",
        "ebpf.attach=clsact",
        "ebpf.probes=flow",
        "ebpf.vifs=vx*",
    )
    process = AgentProcess(tmp_path / "data", *(word for one in settings for word in ("--set", one)))
    yield process
    process.close()


def test_a_killed_agents_filters_are_taken_back(agent: AgentProcess) -> None:
    """They stay and traffic goes on; the next agent removes them and counts each packet once. It leaves nothing."""
    with lab() as network:
        bridge = network.bridge()
        one = network.container("a", bridge, "198.51.100.1")
        two = network.container("b", bridge, "198.51.100.2")
        port, other = one.outer.name, two.outer.name
        run("tc", "qdisc", "add", "dev", other, "clsact")
        agent.start()
        until("both are watched", lambda: ours(port) == ours(other) == [1, 1], 10)
        agent.kill()
        assert ours(port) == ours(other) == [1, 1]
        before = two.inner.counters()["rx_packets"]
        one.send(two, 10)
        assert two.inner.counters()["rx_packets"] - before == 10
        killed = verdicts.filters(port, "ingress")
        agent.start()

        def is_taken_over() -> bool:
            return ours(port) == ours(other) == [1, 1] and verdicts.filters(port, "ingress") != killed

        until("a new agent watches them", is_taken_over, 10)
        one.send(two, 70, 300)

        def told() -> int:
            rows = agent.rows("flows.ebpf", dst_port=9, direction=0, vif_id=agent.vif(port)["vif_id"])
            return sum(int(row["packets"]) for row in rows)

        until("the flow's rows are in the spool", lambda: told() >= 70, 30)
        assert told() == 70
        code, _ = agent.stop()
        assert code == 0
        assert ours(port) == ours(other) == [0, 0]
        assert not verdicts.has_clsact(port)
        assert verdicts.has_clsact(other), "it was there before"


def test_cleanup_takes_back_what_a_killed_agent_left(agent: AgentProcess) -> None:
    """Without another agent too: no filter and no queue of it is left."""
    with lab() as network:
        port = network.container("a", network.bridge(), "198.51.100.1").outer.name
        agent.start()
        until("it is watched", lambda: ours(port) == [1, 1], 60)
        agent.kill()
        # Tests beside this one may have left some too.
        assert _native.reclaim_filters() >= 2
        assert ours(port) == [0, 0]
        assert not verdicts.has_clsact(port)
