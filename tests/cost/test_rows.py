"""A real agent tells what it costs, with probes and without any."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.collectors.agent_process import AgentProcess
from tests.lab.network import Lab, lab, need_root
from tests.running import wait_for


@pytest.fixture
def network() -> Iterator[Lab]:
    """A lab of its own."""
    need_root("makes namespaces and loads programs into the kernel")
    with lab() as made:
        yield made


def agent_with(tmp_path: Path, *settings: str) -> AgentProcess:
    words = [word for one in ("counters.interval=1s", *settings) for word in ("--set", one)]
    return AgentProcess(tmp_path / "data", *words)


def of(rows: list[dict[str, Any]], component: str) -> list[dict[str, Any]]:
    return [row for row in rows if row["component"] == component]


def test_without_a_probe_there_is_the_agents_own_cost(tmp_path: Path) -> None:
    """Its processor time and memory, in rows that leave no time out; and a heartbeat of the stream."""
    agent = agent_with(tmp_path, "agent.sources=inventory,counters", "agent.all_namespaces=false", "agent.budget=0.5")
    agent.start()
    try:
        agent.next_sweep()
        agent.next_sweep()
        with Path(f"/proc/{agent.pid}/statm").open(encoding="ascii") as said:
            resident = int(said.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        assert agent.stop()[0] == 0
    finally:
        agent.close()
    rows = agent.rows("hosts.cost")
    assert {row["component"] for row in rows} == {"agent"}
    assert len(rows) >= 3
    for row in rows:
        assert row["cost_cores"] == pytest.approx(row["cpu_ns"] / row["duration_ns"])
        assert row["cpu_ns"] > 0
        assert (row["budget_cores"], row["cost_reason"], row["shed"], row["shed_level"]) == (0.5, "", "none", 0)
        assert row["resident_private_bytes"] < row["resident_bytes"] == pytest.approx(resident, rel=0.5)
    for before, after in pairwise(rows):
        # Two clocks are read one after the other.
        assert after["time"] == pytest.approx(before["time"] + before["duration_ns"], abs=5_000_000)
    ledger = agent.rows("ledger.agent", of_stream="hosts.cost")
    assert sum(row["out_rows_count"] for row in ledger) == len(rows)
    assert ledger[-1]["watermark_time"] >= rows[-1]["time"]


@pytest.mark.root
def test_each_probe_has_its_runs_and_what_they_took(tmp_path: Path, network: Lab) -> None:
    """Runs are exact; their time is known once the kernel took it for a while; maps have a size and a fill."""
    end = network.container("a", network.bridge(), "198.51.100.1")
    agent = agent_with(tmp_path, "agent.sources=inventory,counters,ebpf", f"ebpf.vifs={network.tag}*")
    agent.start()
    try:

        def sampled() -> bool:
            end.send_frames(0x88B5, 20)
            return any(row["run_ns"] is not None for row in of(agent.rows("hosts.cost"), "flow"))

        # The kernel takes the time for half a second in each five.
        wait_for("a run's time is known", sampled, 30)
        assert agent.stop()[0] == 0
    finally:
        agent.close()
    rows = agent.rows("hosts.cost")
    flows = of(rows, "flow")
    counted = sum(row["skb_packets"] for row in agent.rows("flows.ebpf"))
    assert sum(row["runs_count"] for row in flows) == counted > 0
    last = flows[-1]
    assert 20 < last["run_ns"] < 100_000
    assert last["cpu_ns"] == pytest.approx(last["run_ns"] * last["runs_count"], abs=1)
    assert max(row["map_entries_count"] for row in flows) >= 1
    assert last["map_capacity_count"] == 65_536
    assert last["map_memory_bytes"] > 2 * 65_536 * (128 + 152)
    assert of(rows, "drop")[-1]["map_memory_bytes"] > 0
    for row in rows:
        assert row["counted_ns"] == (0 if row["component"] == "agent" else row["duration_ns"])
    early = next(row for row in flows if row["runs_count"])
    if early["run_ns"] is None:
        assert (early["cpu_ns"], early["cost_cores"], early["cost_reason"]) == (None, None, "not_sampled_yet")
        (whole,) = (row for row in of(rows, "agent") if row["time"] == early["time"])
        assert (whole["cost_cores"], whole["cost_reason"]) == (None, "not_sampled_yet")
    whole = of(rows, "agent")[-1]
    spent = [row["cpu_ns"] for row in rows if row["time"] == whole["time"]]
    assert whole["cost_cores"] == pytest.approx(sum(spent) / whole["duration_ns"])
    probes = [row for row in rows if row["time"] == whole["time"] and row["component"] != "agent"]
    assert whole["map_memory_bytes"] == sum(row["map_memory_bytes"] for row in probes)


@pytest.mark.root
def test_statistics_that_the_kernel_refuses_make_the_cost_unknown(tmp_path: Path, network: Lab) -> None:
    """Null with a reason, never 0; told once."""
    end = network.container("a", network.bridge(), "198.51.100.1")
    settings = ("agent.sources=inventory,counters,ebpf", f"ebpf.vifs={network.tag}*", "agent.all_namespaces=false")
    kept = "-all,+net_admin,+bpf,+perfmon,+dac_override"
    prefix = ("setpriv", f"--bounding-set={kept}", f"--inh-caps={kept}")
    agent = agent_with(tmp_path, *settings)
    agent = AgentProcess(tmp_path / "data", *agent.words, prefix=prefix)
    agent.start()
    try:

        def refused() -> list[dict[str, Any]]:
            end.send_frames(0x88B5, 20)
            return [
                row for row in of(agent.rows("hosts.cost"), "flow") if row["cost_reason"] == "kernel_statistics_refused"
            ]

        (row, *_) = wait_for("the refusal is told", lambda: [row for row in refused() if row["runs_count"]], 30)
        assert (row["cpu_ns"], row["run_ns"], row["cost_cores"]) == (None, None, None)
        assert agent.stop()[0] == 0
    finally:
        agent.close()
    (whole,) = (one for one in of(agent.rows("hosts.cost"), "agent") if one["time"] == row["time"])
    assert whole["cpu_ns"] > 0
    assert (whole["cost_cores"], whole["cost_reason"]) == (None, "kernel_statistics_refused")
    (event,) = agent.events("cost_unknown")
    assert "CAP_SYS_ADMIN" in event["detail"]
