"""What each process of an `up` that root started may still do: read from the kernel, and tried."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.network import need_root
from tests.supervisor.test_supervision import SmallUp, eventually, lives
from viflux.profiles import EVERY_CAPABILITY
from viflux.supervisor.plan import SUPERVISOR_CAPABILITIES

pytestmark = pytest.mark.root

BIT = {
    "CAP_KILL": 5,
    "CAP_SETGID": 6,
    "CAP_SETUID": 7,
    "CAP_SETPCAP": 8,
    "CAP_NET_BROADCAST": 11,
    "CAP_NET_ADMIN": 12,
    "CAP_SYS_PTRACE": 19,
    "CAP_SYS_ADMIN": 21,
    "CAP_PERFMON": 38,
    "CAP_BPF": 39,
}
EACCES = 13


def mask(names: tuple[str, ...]) -> int:
    return sum(1 << BIT[name] for name in names)


def status(pid: int | None) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def capabilities(pid: int | None) -> dict[str, int]:
    now = status(pid)
    return {name: int(now[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}


@pytest.fixture
def user() -> Iterator[str]:
    """A real system user that exists for one test."""
    need_root("adds a user")
    name = f"vfx{uuid.uuid4().hex[:8]}"
    subprocess.run(["useradd", "--system", "--no-create-home", "--user-group", name], check=True)
    yield name
    # A process of the user may still be ending; 6 means that the user is gone.
    eventually("the user is removed", lambda: subprocess.run(["userdel", name], check=False).returncode in (0, 6))


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that other users can reach, which pytest's own are not."""
    folder = Path(f"/var/tmp/viflux-{uuid.uuid4().hex[:8]}")  # noqa: S108 - the name is random and made by root
    folder.mkdir(mode=0o755)
    yield folder
    shutil.rmtree(folder)


def readable_python(user: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return an interpreter that the user can run with this environment's packages, or skip by name."""
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    monkeypatch.setenv("PYTHONPATH", packages)
    for python in (sys.executable, shutil.which("python3", path="/usr/bin:/usr/local/bin")):
        words = ["runuser", "-u", user, "--", str(python), "-c", "import msgspec._core, structlog, click, pytest"]
        if python and subprocess.run(words, capture_output=True, check=False).returncode == 0:
            return python
    reason = "a Python that every user can run, with this environment's packages"
    if os.environ.get("REQUIRE_REAL_PARTS") == "1":
        pytest.fail(f"missing: {reason}")
    pytest.skip(f"missing: {reason}")


@pytest.fixture
def running(user: str, shared: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallUp]:
    """An `up` of root with a user for the others, of an agent and a processor that try to write around."""
    tries = [str(shared / "data" / "processor" / "own"), str(shared / "open" / "outside"), "/dev/null"]
    (shared / "open").mkdir()
    (shared / "open").chmod(0o777)
    options = [part for path in tries for part in ("--writes", path)]
    made = SmallUp(shared / "data").start(
        {"name": "agent", "keeps": list(EVERY_CAPABILITY)},
        {"name": "processor", "drain_turn": 2, "options": options},
        python=readable_python(user, monkeypatch),
        prepare=True,
        user=user,
    )
    yield made
    made.kill()


def test_only_the_agent_keeps_capabilities(running: SmallUp, user: str) -> None:
    """The agent has exactly its own, `up` these and what it needs to start the others, the others none for good."""
    running.await_ready()
    agent, processor = running.stage("agent").pid, running.stage("processor").pid
    agents = mask(EVERY_CAPABILITY)
    assert capabilities(agent) == {"CapInh": 0, "CapPrm": agents, "CapEff": agents, "CapBnd": agents, "CapAmb": 0}
    assert capabilities(processor) == dict.fromkeys(("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"), 0)
    ups = agents | mask(SUPERVISOR_CAPABILITIES)
    assert capabilities(running.process.pid)["CapEff"] == ups
    assert status(processor)["NoNewPrivs"] == status(agent)["NoNewPrivs"] == "1"


def test_the_others_run_as_the_user(running: SmallUp, user: str) -> None:
    """Real, effective, saved and file-system ids are the user's, with no group of root's."""
    running.await_ready()
    entry = pwd.getpwnam(user)
    processor, agent = status(running.stage("processor").pid), status(running.stage("agent").pid)
    assert processor["Uid"].split() == [str(entry.pw_uid)] * 4
    assert processor["Gid"].split() == [str(entry.pw_gid)] * 4
    assert processor["Groups"].split() == [str(entry.pw_gid)]
    assert agent["Uid"].split() == ["0"] * 4
    assert str(entry.pw_gid) in agent["Groups"].split()


def test_the_others_write_to_the_data_folder_only(running: SmallUp) -> None:
    """A folder that everybody may write to stays shut for a confined stage; the data folder and /dev/null do not."""
    running.await_ready()
    eventually("all was tried", lambda: running.happened("wrote:null", "processor"))
    assert running.happened("wrote:own", "processor")
    assert running.happened(f"refused:outside:{EACCES}", "processor")


def test_agent_and_others_read_each_other_without_capabilities(running: SmallUp, user: str) -> None:
    """The agent reads what the processor wrote and the reverse; neither writes in the other's folder."""
    running.await_ready()
    eventually("it was written", lambda: running.happened("wrote:own", "processor"))
    entry = pwd.getpwnam(user)
    own = running.paths.processor / "own"
    assert (own.stat().st_uid, own.stat().st_gid, own.stat().st_mode & 0o777) == (entry.pw_uid, entry.pw_gid, 0o640)
    modes = {
        folder.name: (folder.stat().st_uid, folder.stat().st_gid, folder.stat().st_mode & 0o7777)
        for folder in (running.paths.spool, running.paths.processor, running.paths.store, running.paths.run)
    }
    assert modes == {
        "spool": (0, entry.pw_gid, 0o2750),
        "processor": (entry.pw_uid, entry.pw_gid, 0o2750),
        "store": (entry.pw_uid, entry.pw_gid, 0o2700),
        "run": (0, entry.pw_gid, 0o3770),
    }
    # Seen through the agent's own credentials: root without DAC_OVERRIDE, in the user's group.
    words = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--groups", str(entry.pw_gid), "cat", str(own)]
    assert subprocess.run(words, capture_output=True, check=True).stdout == b"x"
    words[-2:] = ["touch", str(running.paths.processor / "foreign")]
    assert subprocess.run(words, capture_output=True, check=False).returncode == 1


def test_kill_of_up_reaches_every_user(running: SmallUp) -> None:
    """The death of `up` kills its children whatever user they have changed to."""
    pids = [stage.pid for stage in running.await_ready().stages]
    running.kill()
    for pid in pids:
        eventually(f"{pid} is gone", lambda pid=pid: not lives(pid), 5)


def test_a_planted_link_is_not_followed(running: SmallUp, shared: Path) -> None:
    """What a stage puts in the way of the state file cannot make root write elsewhere."""
    running.await_ready()
    target = shared / "target"
    target.write_text("mine", encoding="utf-8")
    (running.paths.run / "up.json.fresh").symlink_to(target)
    agent = running.stage("agent").pid
    assert agent is not None
    os.kill(agent, signal.SIGKILL)
    eventually("the state was written again", lambda: running.stage("agent").restarts == 1)
    assert target.read_text(encoding="utf-8") == "mine"
    assert target.stat().st_mode & 0o777 == 0o644


def test_users_come_and_go(
    user: str, shared: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """A folder that root's stages filled is usable for the user's, and again for root's once the user is gone."""
    python = readable_python(user, monkeypatch)
    stage = {"name": "processor", "options": ["--writes", str(shared / "data" / "processor" / "own")]}
    made = SmallUp(shared / "data")
    request.addfinalizer(made.kill)
    for wanted in ("nobody-of-that-name", user, "nobody-of-that-name"):
        made.start(stage, python=python, prepare=True, user=wanted)
        state = made.await_ready()
        uid = status(state.stages[0].pid)["Uid"].split()[0]
        assert uid == str(pwd.getpwnam(user).pw_uid if wanted == user else 0)
        assert capabilities(state.stages[0].pid)["CapEff"] == 0
        assert bool(state.notes) == (wanted != user)
        made.process.terminate()
        assert made.process.wait(20) == 0
    assert [line[0] for line in made.journal()].count("wrote:own") == 3


def test_a_user_that_cannot_read_the_installation_is_not_taken(
    user: str, shared: Path, request: pytest.FixtureRequest
) -> None:
    """Where the user could not even start Python, the stages stay root without capabilities, and `up` says why."""
    hidden = shared / "hidden"
    hidden.mkdir(mode=0o700)
    made = SmallUp(hidden / "data").start({"name": "processor"}, prepare=True, user=user)
    request.addfinalizer(made.kill)
    state = made.await_ready()
    pid = state.stages[0].pid
    assert status(pid)["Uid"].split() == ["0"] * 4
    assert capabilities(pid)["CapEff"] == 0
    assert status(pid)["NoNewPrivs"] == "1"
    assert any(f"user {user} cannot read" in note for note in state.notes)
    made.process.terminate()
    assert made.process.wait(20) == 0
