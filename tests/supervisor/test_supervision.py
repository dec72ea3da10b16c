"""The loop of `up` over small real stages, in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.running import wait_for as eventually
from viflux.paths import DataPaths
from viflux.supervisor.report import StageState, UpState, read_state

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]


class SmallUp:
    """A supervision of small stages in its own process."""

    def __init__(self, data_dir: Path) -> None:
        self.paths = DataPaths(data_dir)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *stages: dict[str, Any], python: str = sys.executable, **spec: Any) -> SmallUp:
        words = [python, "-m", "tests.supervisor.small_up"]
        words.append(json.dumps({"data_dir": str(self.paths.root), "stages": stages, **spec}))
        with (self.paths.root.parent / "up.log").open("ab") as log:
            self._process = subprocess.Popen(words, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
        return self

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process

    def log(self) -> str:
        return (self.paths.root.parent / "up.log").read_text(encoding="utf-8")

    def state(self) -> UpState | None:
        return read_state(self.paths)

    def stage(self, name: str) -> StageState:
        def own() -> UpState | None:
            state = self.state()
            return state if state is not None and state.pid == self.process.pid else None

        return next(stage for stage in eventually("there is a state", own).stages if stage.name == name)

    def await_ready(self) -> UpState:
        """Wait for the state in which this process, not an earlier one, calls all stages ready."""

        def ready() -> UpState | None:
            state = self.state()
            return state if state is not None and state.pid == self.process.pid and state.ready else None

        return eventually("all are ready", ready)

    def kill(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def journal(self) -> list[list[str]]:
        """Return what the stages noted, in the order of time."""
        texts = [path.read_text(encoding="utf-8") for path in self.paths.run.glob("journal.*")]
        return sorted((line.split() for text in texts for line in text.splitlines()), key=lambda line: int(line[3]))

    def happened(self, event: str, name: str) -> bool:
        return any(line[:2] == [event, name] for line in self.journal())


@pytest.fixture
def small_up(tmp_path: Path) -> Iterator[SmallUp]:
    made = SmallUp(tmp_path / "data")
    yield made
    made.kill()


def test_all_are_started_and_shown(small_up: SmallUp) -> None:
    """The state file has each stage with its process, and says ready when every stage says so."""
    state = small_up.start({"name": "store"}, {"name": "web"}).await_ready()
    assert state.pid == small_up.process.pid
    assert [(stage.name, stage.state, stage.restarts, stage.last_exit) for stage in state.stages] == [
        ("store", "ready", 0, ""),
        ("web", "ready", 0, ""),
    ]
    for stage in state.stages:
        assert stage.pid is not None
        assert Path(f"/proc/{stage.pid}/comm").read_text(encoding="utf-8") == "viflux-small\n"


def test_a_gate_opens_when_the_task_is_done(small_up: SmallUp) -> None:
    """What waits for a task runs after its good end, not before; a failed task is tried again."""
    failing = {"name": "migrate", "task": True, "options": ["--exit-code", "1"]}
    small_up.start(failing, {"name": "processor", "after": ["migrate"]})
    eventually("the task was tried three times", lambda: small_up.stage("migrate").restarts >= 3)
    assert small_up.stage("processor").state == "waiting"
    assert small_up.stage("processor").pid is not None
    assert not small_up.happened("runs", "processor")
    small_up.process.terminate()
    assert small_up.process.wait(20) == 0

    done = {"name": "migrate", "task": True, "options": ["--exit-code", "0"]}
    small_up.start(done, {"name": "processor", "after": ["migrate"]}).await_ready()
    names = [line[1] for line in small_up.journal() if line[0] == "runs"]
    assert names[-2:] == ["migrate", "processor"]


def test_settings_that_a_stage_refuses_end_the_start(small_up: SmallUp) -> None:
    """Wrong use before a stage was ever ready is not tried again: the others are drained, and the exit code is 2."""
    refusing = {"name": "agent", "options": ["--exit-code", "2"]}
    small_up.start({"name": "store", "drain_turn": 4}, refusing)
    assert small_up.process.wait(30) == 2
    assert "viflux: agent refused its settings, see its line above" in small_up.log()
    assert [line[1] for line in small_up.journal() if line[0] == "runs"].count("agent") == 1
    assert all(stage.pid is None for stage in small_up.state().stages)


def test_what_dies_is_started_again_alone(small_up: SmallUp) -> None:
    """A killed stage comes back under a new process with the reason shown; the others are not touched."""
    before = small_up.start({"name": "agent"}, {"name": "store"}).await_ready()
    old = {stage.name: stage.pid for stage in before.stages}
    assert old["store"] is not None
    os.kill(old["store"], signal.SIGKILL)
    again = eventually("the store is ready again", lambda: (s := small_up.stage("store")).restarts == 1 and s)
    eventually("the store is ready again", lambda: small_up.stage("store").state == "ready")
    assert again.pid != old["store"]
    assert again.last_exit == "killed by SIGKILL"
    assert small_up.stage("agent").pid == old["agent"]
    assert "store ended: killed by SIGKILL; starts again after 0.1 s" in small_up.log()


def test_the_drain_keeps_its_order(small_up: SmallUp, tmp_path: Path) -> None:
    """The agent ends first; the processor only when it is empty; then the middle; the store last."""
    left = tmp_path / "left"
    left.touch()
    small_up.start(
        {"name": "store", "drain_turn": 4},
        {"name": "agent"},
        {"name": "processor", "drain_turn": 2, "empties": True, "options": ["--left-file", str(left)]},
        {"name": "slis", "drain_turn": 3},
        {"name": "web", "drain_turn": 3},
    ).await_ready()
    small_up.process.terminate()
    eventually("the agent has ended", lambda: small_up.happened("ends", "agent"))
    eventually("the state shows it", lambda: small_up.stage("agent").state == "stopped")
    assert not small_up.happened("ends", "processor")
    assert small_up.stage("processor").pid is not None
    left.unlink()
    assert small_up.process.wait(20) == 0
    ends = [line[1] for line in small_up.journal() if line[0] == "ends"]
    assert ends[:2] == ["agent", "processor"]
    assert set(ends[2:4]) == {"slis", "web"}
    assert ends[4:] == ["store"]
    assert "all that was collected is stored" in small_up.log()


def test_a_processor_that_does_not_empty_is_not_waited_for(small_up: SmallUp, tmp_path: Path) -> None:
    """The drain ends within its limit, and says what stays in the spool."""
    left = tmp_path / "left"
    left.touch()
    small_up.start(
        {"name": "store", "drain_turn": 4},
        {"name": "processor", "drain_turn": 2, "empties": True, "options": ["--left-file", str(left)]},
    ).await_ready()
    began = time.monotonic()
    small_up.process.terminate()
    assert small_up.process.wait(20) == 0
    assert time.monotonic() - began < 15
    assert [line[1] for line in small_up.journal() if line[0] == "ends"] == ["processor", "store"]
    assert "the rest stays where it is for the next start: processor: 1 batch" in small_up.log()


def test_a_second_signal_ends_at_once(small_up: SmallUp) -> None:
    """Who presses Ctrl-C again does not wait for a stage that does not listen."""
    small_up.start({"name": "agent", "options": ["--deaf"]}, {"name": "store", "drain_turn": 4}).await_ready()
    agent = small_up.stage("agent").pid
    small_up.process.send_signal(signal.SIGINT)
    eventually("it is stopping", lambda: "stopping" in small_up.log())
    asked = time.monotonic()

    # Within a second it would count as the same wish.
    eventually("a second has passed", lambda: time.monotonic() - asked > 1.2, 5)
    small_up.process.send_signal(signal.SIGINT)
    assert small_up.process.wait(3) == 0
    assert "agent was not waited for and is killed" in small_up.log()
    assert not Path(f"/proc/{agent}").exists()


def test_a_signal_told_twice_is_one_wish(small_up: SmallUp) -> None:
    """Who is told by the process group and by `make` at once drains in order."""
    small_up.start({"name": "agent"}, {"name": "store", "drain_turn": 4}).await_ready()
    small_up.process.terminate()
    small_up.process.terminate()
    assert small_up.process.wait(15) == 0
    assert [line[1] for line in small_up.journal() if line[0] == "ends"] == ["agent", "store"]
    assert "killed" not in small_up.log()


def test_children_die_with_their_supervisor(small_up: SmallUp) -> None:
    """After `kill -9` of the supervisor no child is left, held ones included."""
    small_up.start({"name": "agent"}, {"name": "store"}, {"name": "slis", "after": ["never"]})
    eventually(
        "two are ready",
        lambda: all(small_up.state() and small_up.stage(n).state == "ready" for n in ("agent", "store")),
    )
    state = small_up.state()
    assert state is not None
    pids = [stage.pid for stage in state.stages]
    assert all(pid is not None and Path(f"/proc/{pid}").exists() for pid in pids)
    small_up.process.kill()
    small_up.process.wait()
    for pid in pids:
        eventually(f"{pid} is gone", lambda pid=pid: not lives(pid), 5)


def test_a_stuck_main_loop_is_shown(small_up: SmallUp) -> None:
    """A stage whose process is stopped is shown as not ready with a reason, and is not killed for it."""
    small_up.start({"name": "agent"}).await_ready()
    pid = small_up.stage("agent").pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    stage = eventually("it is shown", lambda: (s := small_up.stage("agent")).state == "not ready" and s, 20)
    assert "does not answer" in stage.reason
    assert stage.pid == pid
    os.kill(pid, signal.SIGCONT)
    eventually("it is ready again", lambda: small_up.stage("agent").state == "ready", 20)


def lives(pid: int) -> bool:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] not in {"Z", "X"}
