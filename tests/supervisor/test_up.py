"""`viflux up` with its real stages: ready, restarted, killed, drained."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.lab.network import need_root
from tests.supervisor.test_privileges import capabilities, mask, status
from tests.supervisor.test_refusals import ROOT, arguments, free_port
from tests.supervisor.test_supervision import eventually, lives
from viflux.paths import DataPaths
from viflux.profiles import DEEP, SEES_ALL_NAMESPACES
from viflux.supervisor.report import StageState, UpState, read_state
from viflux.telemetry import ask

pytestmark = pytest.mark.slow

STAGES = ("store", "agent", "processor", "slis", "web")


class RealUp:
    """A `viflux up` on ports and a folder of its own."""

    def __init__(self, data_dir: Path) -> None:
        self.paths = DataPaths(data_dir)
        self.web, self.store = free_port(), free_port()
        self._log = data_dir.parent / "up.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process

    def start(self, *more: str) -> RealUp:
        words = arguments(self.paths.root, "--set", "counters.interval=1s", *more, web=self.web, store=self.store)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(words, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
        return self

    def log(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    def state(self) -> UpState | None:
        state = read_state(self.paths)
        return state if state is not None and state.pid == self.process.pid else None

    def stages(self) -> dict[str, StageState]:
        return {stage.name: stage for stage in eventually("there is a state", self.state).stages}

    def await_ready(self) -> dict[str, StageState]:
        """Wait until each stage is ready at the same time; return them."""

        def all_ready() -> dict[str, StageState] | None:
            assert self.process.poll() is None, self.log()
            stages = self.stages()
            return stages if all(stages[name].state == "ready" for name in STAGES) else None

        try:
            return eventually("every stage is ready", all_ready, 60)
        except AssertionError as error:
            states = {name: (stage.state, stage.reason) for name, stage in self.stages().items()}
            raise AssertionError(f"{error}\n{states}\n{self.log()[-4000:]}") from None

    def query(self, sql: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.store}/", data=sql.encode(), timeout=10) as reply:
            text: str = reply.read().decode().strip()
        return text

    def answers(self, sql: str, accept: Callable[[str], bool]) -> str:
        """Ask until the answer is accepted; a store that is away is asked again."""

        def once() -> str | None:
            try:
                answer = self.query(sql)
            except OSError:
                return None
            return answer if accept(answer) else None

        return eventually(f"an accepted answer to {sql}", once, 60)

    def end(self) -> float:
        """End it with SIGTERM; return how many seconds that took."""
        began = time.monotonic()
        self.process.terminate()
        assert self.process.wait(30) == 0, self.log()
        return time.monotonic() - began

    def kill(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()


@pytest.fixture
def up(tmp_path: Path) -> Iterator[RealUp]:
    made = RealUp(tmp_path / "data")
    yield made
    made.kill()


def test_all_get_ready_store_rows_and_end_in_order(up: RealUp) -> None:
    """Every stage gets ready and answers for itself, this host's loopback is stored, and the drain leaves nothing."""
    stages = up.start().await_ready()
    assert stages["migrate"].state == "done"
    assert all(stage.restarts == 0 for stage in stages.values()), up.log()
    for name in STAGES:
        assert ask(up.paths, name, "/livez")[0] == 200
        assert "process_resident_memory_bytes" in ask(up.paths, name, "/metrics")[1]
    up.answers("SELECT count() FROM viflux.inventory WHERE ifname = 'lo'", lambda answer: int(answer) > 0)
    with urllib.request.urlopen(f"http://127.0.0.1:{up.web}/", timeout=10) as page:
        assert page.status == 200
    pids = [stage.pid for stage in stages.values() if stage.pid is not None]
    assert up.end() < 15
    assert "all that was collected is stored" in up.log()
    assert "is killed" not in up.log()
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


@pytest.mark.root
def test_real_stages_keep_what_the_plan_says(up: RealUp) -> None:
    """Once all is loaded and running, the agent has exactly its capabilities, and no other stage has any."""
    need_root("reads what root's processes keep")
    for name, stage in up.start().await_ready().items():
        if stage.pid is None:
            continue
        held = capabilities(stage.pid)
        expected = mask((*DEEP.capabilities, *SEES_ALL_NAMESPACES)) if name == "agent" else 0
        assert (name, held["CapPrm"], held["CapEff"], held["CapBnd"]) == (name, expected, expected, expected)
        assert (name, status(stage.pid)["NoNewPrivs"]) == (name, "1")


def test_a_dead_store_stops_nobody_else(up: RealUp) -> None:
    """After `kill -9` of the store the other stages are the same processes, and new rows come in."""
    before = up.start().await_ready()
    newest = "SELECT max(inserted_time) FROM viflux.counters"
    old = up.answers(newest, lambda answer: not answer.startswith("1970"))
    assert before["store"].pid is not None
    os.kill(before["store"].pid, signal.SIGKILL)
    eventually("the store was started again", lambda: up.stages()["store"].restarts == 1)
    after = up.await_ready()
    assert after["store"].last_exit == "killed by SIGKILL"
    assert {name: after[name].pid for name in STAGES if name != "store"} == {
        name: before[name].pid for name in STAGES if name != "store"
    }
    up.answers(newest, lambda answer: answer > old)


def test_a_killed_up_is_succeeded_at_once(up: RealUp) -> None:
    """After `kill -9` of `up` no stage is left, and the next `up` on the same folder and ports is not refused."""
    before = up.start().await_ready()
    up.kill()
    after = up.start().await_ready()
    assert not {before[name].pid for name in STAGES} & {after[name].pid for name in STAGES}
    for stage in before.values():
        if stage.pid is not None:
            # What is left may still have to be reaped by the machine's first process.
            eventually(f"{stage.name} is gone", lambda pid=stage.pid: not lives(pid), 5)
    up.answers("SELECT count() FROM viflux.counters WHERE sequence = 0", lambda answer: answer == "0")


def test_an_existing_server_is_used_as_it_is(up: RealUp, tmp_path: Path) -> None:
    """With `store.url` no store is started; tables are made and rows stored in the server that is there."""
    other = RealUp(tmp_path / "other")
    other.store, other.web = free_port(), free_port()
    words = arguments(other.paths.root, web=other.web, store=other.store)
    words[words.index("up")] = "store"
    with (tmp_path / "store.log").open("wb") as log:
        server = subprocess.Popen(words, cwd=ROOT, stdout=log, stderr=log)
    try:
        key = eventually("the store wrote its key", lambda: _text(other.paths.store_key))
        up.paths.run.mkdir(parents=True)
        up.paths.store_key.write_text(key, encoding="ascii")
        up.start("--set", f"store.url=http://127.0.0.1:{other.store}")
        stages = eventually("there is a state", up.state).stages
        assert "store" not in {stage.name for stage in stages}
        eventually("it is ready", lambda: (state := up.state()) and state.ready, 60)
        assert list(up.paths.store.iterdir()) == []
        other.answers("SELECT count() FROM viflux.inventory", lambda answer: int(answer) > 0)
        assert up.end() < 15
    finally:
        server.terminate()
        server.wait(20)


def _text(path: Path) -> str | None:
    return path.read_text(encoding="ascii") if path.exists() else None
