"""Interfaces that come, go, move and change names faster than anybody can look: in the end the history is right."""

from __future__ import annotations

import json
import random
import subprocess
import time

import pytest

from tests.collectors.agent_process import AgentProcess, Row, wait_for
from tests.lab.network import Lab, run

pytestmark = [pytest.mark.root, pytest.mark.timeout(240)]


class Churn:
    """Random changes to pairs in a few namespaces, the same ones for the same seed."""

    def __init__(self, namespaces: list[str], tag: str, seed: int) -> None:
        self._namespaces = namespaces
        self._tag = tag
        self._dice = random.Random(seed)  # noqa: S311 - a repeatable test, no secret
        self._next = 0
        self.links: dict[str, str] = {}

    def step(self) -> None:
        """Do one thing."""
        dice = self._dice
        if len(self.links) < 10 or dice.random() < 0.3:
            self._add()
            return
        name = dice.choice(sorted(self.links))
        namespace = self.links[name]
        action = dice.choice(["delete", "recreate", "rename", "move", "mtu", "up", "down"])
        if action in {"delete", "recreate"}:
            index = json.loads(run("ip", "-n", namespace, "-j", "link", "show", name))[0]["ifindex"]
            self._delete(name)
            if action == "recreate":
                self._add(name, namespace, index)
        elif action == "rename":
            self._next += 1
            new = f"{self._tag}r{self._next}"
            run("ip", "-n", namespace, "link", "set", name, "down")
            run("ip", "-n", namespace, "link", "set", name, "name", new)
            self.links[new] = self.links.pop(name)
        elif action == "move":
            other = dice.choice([one for one in self._namespaces if one != namespace])
            run("ip", "-n", namespace, "link", "set", name, "netns", other)
            self.links[name] = other
        elif action == "mtu":
            run("ip", "-n", namespace, "link", "set", name, "mtu", str(dice.randrange(1_000, 1_500)))
        else:
            run("ip", "-n", namespace, "link", "set", name, action)

    def _add(self, name: str = "", namespace: str = "", index: int = 0) -> None:
        self._next += 1
        name = name or f"{self._tag}m{self._next}"
        namespace = namespace or self._dice.choice(self._namespaces)
        other = self._dice.choice(self._namespaces)
        words = ["ip", "-n", namespace, "link", "add", name]
        words += ["index", str(index)] if index else []
        run(*words, "type", "veth", "peer", "name", f"{self._tag}p{self._next}", "netns", other)
        self.links[name] = namespace
        self.links[f"{self._tag}p{self._next}"] = other

    def _delete(self, name: str) -> None:
        run("ip", "-n", self.links.pop(name), "link", "del", name)
        # Its other end went with it.
        alive = self.alive()
        self.links = {one: where for one, where in self.links.items() if (where, one) in alive}

    def alive(self) -> dict[tuple[str, str], tuple[int, int, bool]]:
        """Return (ifindex, MTU, up) of each interface but loopback, by namespace and name, as the kernel says."""
        found = {}
        for namespace in self._namespaces:
            for link in json.loads(run("ip", "-n", namespace, "-j", "link", "show")):
                if link["ifname"] != "lo":
                    found[namespace, link["ifname"]] = (link["ifindex"], link["mtu"], "UP" in link["flags"])
        return found


def told(agent: AgentProcess, namespaces: list[str]) -> dict[int, Row]:
    """Return the newest row of each VIF that was ever in these namespaces."""
    newest: dict[int, Row] = {}
    for row in agent.inventory():
        if row["namespace"] in namespaces and row["ifname"] != "lo":
            newest[row["vif_id"]] = row
    return newest


@pytest.mark.parametrize("is_killed", [False, True], ids=["under one agent", "with the agent killed in between"])
def test_after_a_storm_the_inventory_is_the_kernels(agent: AgentProcess, network: Lab, is_killed: bool) -> None:
    """Three hundred random changes; each living interface is one VIF with its state, and nothing else lives."""
    agent.start()
    namespaces = [network.namespace(f"s{at}") for at in range(4)]
    churn = Churn(namespaces, network.tag, seed=int(is_killed))
    for at in range(300):
        churn.step()
        if is_killed and at % 100 == 50:
            agent.kill()
        if is_killed and at % 100 == 80:
            agent.start()
    alive = churn.alive()

    def is_right() -> bool:
        living = [row for row in told(agent, namespaces).values() if row["gone_time"] is None]
        states = {(r["namespace"], r["ifname"]): (r["ifindex"], r["mtu_bytes"], r["is_up"]) for r in living}
        return len(states) == len(living) and states == alive

    wait_for("an inventory like the kernel's", is_right, 3)
    agent.next_sweep()
    told_late = [row["detail"] for row in agent.events("resync_corrected")]
    # What others do on this host at the same time is not this test's.
    assert not [detail for detail in told_late if network.tag in detail]
    for vif_id, row in told(agent, namespaces).items():
        rows = agent.counters(vif_id)
        for column in ("tx_packets", "rx_packets", "tx_bytes", "rx_bytes"):
            readings = [reading[f"{column}_total"] for reading in rows]
            assert sum(reading[column] for reading in rows) <= max(readings, default=0), (row["ifname"], column)
        assert "reset" not in {reading["delta_kind"] for reading in rows}, row["ifname"]
        history = agent.inventory(vif_id=vif_id)
        ends = [at for at, entry in enumerate(history) if entry["gone_time"] is not None]
        assert ends in ([], [len(history) - 1]), [entry["change"] for entry in history]


def test_short_lives_are_counted(agent: AgentProcess, network: Lab) -> None:
    """Interfaces that live for less than a look each have a birth and an end."""
    agent.start()
    namespace = network.namespace("s")
    count = 200
    lines = "".join("link add x type veth peer name y\nlink del x\n" for _ in range(count))
    subprocess.run(["ip", "-n", namespace, "-batch", "-"], input=lines.encode(), check=True)

    def all_are_told() -> bool:
        return len(agent.inventory(ifname="x", namespace=namespace, change="gone")) >= count

    wait_for("the ends of all", all_are_told, 10)
    births = agent.inventory(ifname="x", namespace=namespace, change="born")
    assert len({row["vif_id"] for row in births}) == len(births) == count
    begun = time.monotonic()
    agent.next_sweep()
    assert time.monotonic() - begun < 5
