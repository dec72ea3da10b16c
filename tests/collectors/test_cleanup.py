"""`viflux agent pause` and `cleanup` leave nothing in the kernel: no program, link, map, filter or queue of ours."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.collectors.agent_process import VIFLUX, AgentProcess
from tests.flow import verdicts
from tests.lab.network import Lab, lab, need_root, run
from tests.lab.programs import everything_of, exists
from tests.running import until

pytestmark = pytest.mark.root


@pytest.fixture
def network() -> Iterator[Lab]:
    """Namespaces and links that end with the test."""
    need_root("loads programs into the kernel")
    with lab() as made:
        yield made


def agent_at(tmp_path: Path, network: Lab, attach: str, namespace: str = "") -> AgentProcess:
    """Return an agent that counts flows at all interfaces of a lab that are in its namespace."""
    settings = ("counters.interval=1s", f"ebpf.attach={attach}", f"ebpf.vifs={network.tag}*")
    words = [word for one in settings for word in ("--set", one)]
    prefix = ("ip", "netns", "exec", namespace) if namespace else ()
    return AgentProcess(tmp_path / "data", *words, prefix=prefix)


def ordered(agent: AgentProcess, order: str) -> subprocess.CompletedProcess[str]:
    """Give an order as a person would."""
    words = [str(VIFLUX), "agent", order, "--data-dir", str(agent.data_dir)]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)


def queues(ifname: str, namespace: str = "") -> list[str]:
    """Return the kinds of queues at an interface, as tc(8) lists them."""
    words = ["ip", "netns", "exec", namespace] if namespace else []
    return [one["kind"] for one in json.loads(run(*words, "tc", "-j", "qdisc", "show", "dev", ifname))]


@pytest.mark.parametrize("attach", ["tcx", "clsact"])
def test_a_pause_leaves_nothing_and_takes_less_than_a_second(attach: str, tmp_path: Path, network: Lab) -> None:
    """Every program, link and map that the agent held is gone, and so are its filters and queues."""
    bridge = network.bridge()
    ends = [network.container(name, bridge, f"198.51.100.{at}") for at, name in enumerate("abcdefgh", 1)]
    agent = agent_at(tmp_path, network, attach)
    ports = [end.outer.name for end in ends]
    before = {port: queues(port) for port in ports}
    try:
        agent.start()

        def is_attached() -> bool:
            links = len([one for one in everything_of(agent.pid) if one[0] == "link"])
            return links > 2 * len(ports) if attach == "tcx" else all(map(verdicts.has_clsact, ports))

        until("it is attached to all", is_attached, 20)
        own = everything_of(agent.pid)
        assert {kind for kind, _ in own} == {"prog", "map", "link"}
        assert any(map(verdicts.has_clsact, ports)) == (attach == "clsact")
        refused = ordered(agent, "cleanup")
        assert refused.returncode == 1
        assert f"the agent runs (pid {agent.pid}); `viflux agent pause`" in refused.stderr
        assert everything_of(agent.pid) == own, "a refusal changes nothing"
        begun = time.monotonic()
        assert ordered(agent, "pause").returncode == 0
        # One second is what is promised; the rest is for a machine that has other things to do.
        assert time.monotonic() - begun < 3
        cleaned = ordered(agent, "cleanup")
        assert (cleaned.returncode, "Nothing is left to remove" in cleaned.stdout) == (0, True), cleaned.stderr
        assert f"Process {agent.pid} " not in cleaned.stdout
        assert not any(exists(*one) for one in own)
        assert everything_of(agent.pid) == set()
        assert {port: queues(port) for port in ports} == before
    finally:
        agent.close()


@pytest.mark.parametrize("is_elsewhere", [False, True])
def test_cleanup_takes_what_a_killed_agent_left_and_nothing_of_others(
    is_elsewhere: bool, tmp_path: Path, network: Lab
) -> None:
    """Its filters, their programs and maps, and the queues that were made for them, also in another namespace."""
    namespace = network.namespace("n") if is_elsewhere else ""
    inside = ["-n", namespace] if namespace else []
    one, two = f"{network.tag}1", f"{network.tag}2"
    for name in (one, two):
        if not namespace:
            network.adopt(name)
        run("ip", *inside, "link", "add", name, "type", "veth", "peer", "name", f"{name}p")
        run("ip", *inside, "link", "set", name, "up")
    within = ["ip", "netns", "exec", namespace] if namespace else []
    # Somebody else has a queue at one of them, in this namespace with a filter of his.
    run(*within, "tc", "qdisc", "add", "dev", two, "clsact")
    agent = agent_at(tmp_path, network, "clsact", namespace)
    with ExitStack() as beside:
        beside.callback(agent.close)
        if not namespace:
            beside.enter_context(verdicts.filtered(verdicts.longer_than(500, verdicts.DROP), two, priority=7))
        agent.start()

        def is_attached() -> bool:
            return all("viflux_flow" in filters(name, within) for name in (one, two))

        until("filters are at both", is_attached, 10)
        own = everything_of(agent.pid)
        agent.kill()
        assert is_attached(), "filters outlive the agent that was killed"
        assert any(exists(*each) for each in own)
        cleaned = ordered(agent, "cleanup")
        assert cleaned.returncode == 0, cleaned.stderr
        where = f" in {namespace}" if namespace else ""
        assert f"were removed{where}: " in cleaned.stdout
        assert not any(exists(*each) for each in own)
        assert "clsact" not in queues(one, namespace)
        assert "clsact" in queues(two, namespace), "it was there before"
        assert "viflux" not in filters(two, within)
        assert bool(filters(two, within)) == (not namespace), "the other's filter is there still"


def filters(ifname: str, within: list[str]) -> str:
    """Return what tc(8) lists at both sides of an interface."""
    return "".join(run(*within, "tc", "filter", "show", "dev", ifname, side) for side in ("ingress", "egress"))
