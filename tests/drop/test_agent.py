"""A running agent counts drops beside others, and leaves nothing behind, also where it is killed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.collectors.agent_process import AgentProcess
from tests.drop.conftest import Road
from tests.lab.network import need_root
from tests.lab.programs import held_by, is_loaded
from tests.running import until, wait_for

pytestmark = pytest.mark.root


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[AgentProcess]:
    """An agent that counts drops each second."""
    need_root("loads programs into the kernel")
    settings = ("agent.sources=inventory,counters,ebpf", "counters.interval=1s", "ebpf.probes=drop")
    process = AgentProcess(tmp_path / "data", *(word for one in settings for word in ("--set", one)))
    yield process
    process.close()


def test_an_agent_tells_drops_and_leaves_nothing_behind(agent: AgentProcess, road: Road) -> None:
    """Rows are exact beside another probe, each program is gone after a kill, and a new agent counts on."""
    agent.start()
    left = road.ends[1]
    own = held_by(agent.pid)
    assert own
    assert all(is_loaded(program) for program in own)
    road.drain()
    road.send(road.sender, "frames", "eth0", road.macs[left], "0x9500", 9)

    def told() -> list[dict[str, object]]:
        return agent.rows("drops.ebpf", ether_type=0x9500)

    rows = wait_for("the agent's rows are in the spool", told, 20)
    (vif,) = agent.inventory(namespace=left.namespace, ifname=left.name)[-1:]
    assert {row["vif_id"] for row in rows} == {vif["vif_id"]}
    assert sum(int(str(row["skb_packets"])) for row in rows) == 9 == sum(road.drain().values())
    assert {(row["drop_class"], row["reason"]) for row in rows} == {("benign", "UNHANDLED_PROTO")}
    assert {row["duration_ns"] for row in rows} != {0}
    agent.kill()
    until("the kernel took the program back", lambda: not any(map(is_loaded, own)), 10)
    agent.start()
    road.send(road.sender, "frames", "eth0", road.macs[left], "0x9500", 4)
    # What the agent was handed before it was told to end is in its last rows.
    code, _ = agent.stop()
    assert code == 0
    assert sum(int(str(row["skb_packets"])) for row in told()) == 13
    assert sum(road.drain().values()) == 4
    ledger = agent.rows("ledger.agent", of_stream="drops.ebpf")
    assert sum(row["out_rows_count"] for row in ledger) == len(agent.rows("drops.ebpf"))
    assert not any(row["lost_rows_count"] for row in ledger)
