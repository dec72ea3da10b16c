"""An agent that is paused has nothing in the kernel, also after a restart, and says what that costs."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.collectors.agent_process import VIFLUX, AgentProcess
from tests.lab.network import need_root
from tests.lab.programs import held_by, is_loaded
from tests.running import wait_for
from viflux import telemetry
from viflux.paths import DataPaths

pytestmark = pytest.mark.root


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[AgentProcess]:
    """An agent with all probes, attached to no interface."""
    need_root("loads programs into the kernel")
    settings = ("agent.sources=inventory,counters,ebpf", "counters.interval=1s", "ebpf.vifs=none-of-these")
    process = AgentProcess(tmp_path / "data", *(word for one in settings for word in ("--set", one)))
    yield process
    process.close()


def ordered(agent: AgentProcess, order: str) -> str:
    """Give the agent an order as a person would, and return what was printed."""
    words = [str(VIFLUX), "agent", order, "--data-dir", str(agent.data_dir)]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def test_a_pause_leaves_nothing_in_the_kernel_and_holds_over_a_restart(agent: AgentProcess) -> None:
    """All programs are gone when `pause` returns, lost rows are told, counters go on; `resume` loads them again."""
    agent.start()
    assert "profile deep" in telemetry.ask(DataPaths(agent.data_dir), "agent", "/notes")[1]
    own = held_by(agent.pid)
    assert len(own) >= 5
    assert "paused since" in ordered(agent, "pause")
    assert not held_by(agent.pid)
    wait_for("the kernel took them back", lambda: not any(map(is_loaded, own)), 10)
    agent.next_sweep()
    assert telemetry.ask(DataPaths(agent.data_dir), "agent", "/readyz")[0] == 200
    agent.kill()
    agent.start()
    assert not held_by(agent.pid)

    def told() -> bool:
        lost = [row for row in agent.rows("ledger.agent", of_stream="flows.ebpf") if row["lost_rows_count"]]
        return any(row["cause"] == "paused" for row in lost)

    wait_for("what the pause costs is told", told, 30)
    assert "profile deep" in ordered(agent, "resume")
    assert len(held_by(agent.pid)) >= 5
    agent.next_sweep()
    assert agent.events("agent_paused")
    assert agent.events("agent_resumed")


def test_a_probe_that_cannot_run_takes_the_agent_one_profile_down(tmp_path: Path) -> None:
    """Without the capabilities it runs profile `counters`, is ready, and says once what is missing."""
    need_root("gives up capabilities")
    lacking = ["setpriv", "--bounding-set=-bpf,-perfmon,-sys_admin", "--inh-caps=-all"]
    words = ("--set", "agent.sources=inventory,counters,ebpf", "--set", "counters.interval=1s")
    agent = AgentProcess(tmp_path / "data", *words, prefix=lacking)
    try:
        agent.start()
        paths = DataPaths(agent.data_dir)
        assert 'viflux_agent_profile{profile="counters"} 1.0' in telemetry.ask(paths, "agent", "/metrics")[1]
        assert telemetry.ask(paths, "agent", "/readyz")[0] == 200
        (lowered,) = agent.events("profile_lowered")
        assert "CAP_BPF and CAP_PERFMON are missing" in lowered["detail"]
        assert agent.log.read_text().count("CAP_BPF and CAP_PERFMON are missing") == 1
    finally:
        agent.close()
