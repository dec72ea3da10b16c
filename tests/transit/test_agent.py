"""A running agent tells transit times, and leaves nothing behind, also where it is killed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.collectors.agent_process import AgentProcess
from tests.lab.network import need_root
from tests.lab.programs import held_by, is_loaded
from tests.running import until, wait_for
from tests.transit.conftest import Switch, udp_frame

pytestmark = pytest.mark.root


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[AgentProcess]:
    """An agent that looks at every packet, and tells each second."""
    need_root("loads programs into the kernel")
    settings = (
        *("agent.sources=inventory,counters,ebpf", "counters.interval=1s", "ebpf.probes=transit"),
        *("ebpf.transit_share=1", "ebpf.transit_one_of=1"),
    )
    process = AgentProcess(tmp_path / "data", *(word for one in settings for word in ("--set", one)))
    yield process
    process.close()


def test_an_agent_tells_times_and_leaves_nothing_behind(agent: AgentProcess, switch: Switch) -> None:
    """Each packet is in a row of its pair, the programs are gone after a kill, and a new agent goes on."""
    agent.start()
    own = held_by(agent.pid)
    assert len(own) == 9
    inside, outside = (agent.vif(name, switch.namespace)["vif_id"] for name in "ab")
    frame = udp_frame(switch.macs["a"], switch.macs["b"], switch.address("a"), switch.address("b"))

    def told() -> int:
        rows = agent.rows("latency.ebpf", vif_id=inside, out_vif_id=outside)
        return sum(row["sampled_packets"] for row in rows)

    switch.send("a", "same", "eth0", frame, 1, 90, 0)
    assert wait_for("the agent's rows are in the spool", told, 20) == 90
    agent.kill()
    until("the kernel took the programs back", lambda: not any(map(is_loaded, own)), 10)
    agent.start()
    switch.send("a", "same", "eth0", frame, 1, 40, 0)
    # What the agent was handed before it was told to end is in its last rows.
    code, _ = agent.stop()
    assert code == 0
    assert told() == 130
    ledger = agent.rows("ledger.agent", of_stream="latency.ebpf")
    assert sum(row["out_rows_count"] for row in ledger) == len(agent.rows("latency.ebpf"))
    assert not any(row["lost_rows_count"] for row in ledger)
