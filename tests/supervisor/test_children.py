"""One child over its lives, with real processes and a clock that stands still."""

from __future__ import annotations

import importlib.util
import os
import select
import signal
import sys
from pathlib import Path

import pytest

from viflux.clock import ManualClock
from viflux.profiles import COUNTERS, DEEP, EVERY_CAPABILITY, SEES_ALL_NAMESPACES
from viflux.settings import load
from viflux.supervisor.children import Child, State, command_for
from viflux.supervisor.plan import STAGES, Stage, stages_for

SECOND = 1_000_000_000


def program(text: str) -> list[str]:
    return [sys.executable, "-c", text]


def await_end(child: Child) -> str | None:
    assert child.pidfd is not None
    poll = select.poll()
    poll.register(child.pidfd, select.POLLIN)
    ready = poll.poll(20_000)
    assert ready, "the process did not end"
    return child.reap()


def test_each_death_sets_the_time_of_the_next_start() -> None:
    """The delay is counted on the given clock from the death on, doubles, and starts afresh after a healthy minute."""
    clock = ManualClock(0)
    child = Child(Stage("x"), program("raise SystemExit(7)"), clock)
    for run, delay in enumerate((0.1, 0.2, 0.4)):
        child.start()
        assert child.restarts == run
        assert await_end(child) == "exit code 7"
        assert child.state is State.RESTARTING
        assert child.next_start_ns == clock.monotonic_ns() + int(delay * SECOND)
        clock.advance(delay)
    child.start()
    clock.advance(61)
    await_end(child)
    assert child.next_start_ns == clock.monotonic_ns() + SECOND // 10
    assert child.last_exit == "exit code 7"


def test_a_signal_is_named() -> None:
    """The reason of an end by a signal carries the signal's name."""
    child = Child(Stage("x"), program("import time; time.sleep(60)"), ManualClock(0))
    child.start()
    child.signal(signal.SIGKILL)
    assert await_end(child) == "killed by SIGKILL"


def test_a_held_child_waits_for_its_go() -> None:
    """A stage that waits for others has its process at once, and runs on when it is told so."""
    child = Child(Stage("x", after=("y",)), program("import os; raise SystemExit(os.read(0, 1)[0])"), ManualClock(0))
    child.start()
    assert child.state is State.HELD
    assert child.reason == "waits for y"
    assert child.reap() is None
    child.go()
    assert child.state is State.STARTING
    assert await_end(child) == f"exit code {ord('g')}"


def test_a_task_is_done_once() -> None:
    """A task that ends well is not started again; one that fails is."""
    child = Child(Stage("x", task=True), program("import sys; sys.exit(0)"), ManualClock(0))
    child.start()
    await_end(child)
    assert child.state is State.DONE
    assert child.next_start_ns is None
    failing = Child(Stage("x", task=True), program("import sys; sys.exit(1)"), ManualClock(0))
    failing.start()
    await_end(failing)
    assert failing.state is State.RESTARTING


def test_a_program_that_cannot_be_started_is_a_death() -> None:
    """A missing interpreter is a reason with a delay, not a crash of the supervisor."""
    child = Child(Stage("x"), ["/nonexistent/python"], ManualClock(0))
    child.start()
    assert not child.is_running
    assert child.state is State.RESTARTING
    assert "cannot be started" in child.last_exit


def test_nothing_is_left_open_by_many_lives() -> None:
    """Restarts do not pile up descriptors."""
    child = Child(Stage("x", after=("y",)), program("pass"), ManualClock(0))
    child.start()
    await_end(child)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        child.start()
        child.go()
        await_end(child)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_what_a_stage_loads_while_it_waits_exists() -> None:
    """A module of the plan that was renamed would make its stage die at each start."""
    for stage in STAGES:
        for module in stage.loads:
            assert importlib.util.find_spec(module) is not None


def test_only_the_agent_keeps_anything() -> None:
    """Every other stage of the plan is confined, and changes its user where there is one."""
    for stage in STAGES:
        command = command_for(stage, [], data_dir=Path("/d"), user="somebody", tells_missing=False)
        flags = command[: command.index("--")]
        if stage.name == "agent":
            assert [flags[i + 1] for i, word in enumerate(flags) if word == "--keep"] == list(EVERY_CAPABILITY)
            assert "--user" not in flags
        else:
            assert "--keep" not in flags
            assert flags[flags.index("--user") + 1] == "somebody"
            writable = [flags[i + 1] for i, word in enumerate(flags) if word == "--writable"]
            assert writable == [*([f"/d/{folder}" for folder in stage.writes] or ["/d"]), os.devnull]


@pytest.mark.parametrize(
    ("assignments", "expected"),
    [
        ([], {*DEEP.capabilities, *SEES_ALL_NAMESPACES}),
        (["agent.sources=inventory,counters"], {*COUNTERS.capabilities, *SEES_ALL_NAMESPACES}),
        (["agent.sources=inventory,ebpf"], {*DEEP.capabilities, *SEES_ALL_NAMESPACES}),
        (["agent.sources=inventory,ebpf", "agent.profile=counters"], {*COUNTERS.capabilities, *SEES_ALL_NAMESPACES}),
        (["agent.sources=inventory,ebpf", "agent.all_namespaces=false"], {"CAP_NET_ADMIN", "CAP_BPF", "CAP_PERFMON"}),
        (["agent.sources=inventory", "agent.all_namespaces=false"], {"CAP_NET_ADMIN"}),
    ],
)
def test_the_agent_keeps_what_its_profile_needs(assignments: list[str], expected: set[str]) -> None:
    """Loading programs and entering other namespaces are rights of their own, kept only where they are asked for."""
    settings, _ = load(environment={}, assignments=assignments)
    (agent,) = [stage for stage in stages_for(settings) if stage.name == "agent"]
    assert set(agent.keeps) == expected


def test_the_bus_adds_its_stages_and_nothing_waits_for_what_is_not_there() -> None:
    """Without brokers the plan has no shipper and no topics; with them the processor waits for the topics too."""
    alone = {stage.name: stage for stage in stages_for(load(environment={})[0])}
    assert not {"shipper", "topics"} & set(alone)
    assert alone["processor"].after == ("migrate",)
    bus = {stage.name: stage for stage in stages_for(load(environment={}, assignments=["kafka.brokers=b:9092"])[0])}
    assert set(bus) == {*alone, "shipper", "topics"}
    assert bus["processor"].after == ("migrate", "topics")
    assert all(name in bus for stage in bus.values() for name in stage.after)
    assert bus["shipper"].writes == ("shipper", "deadletter", "run")
