"""The agent as a process: start, stop, full disk, missing privilege."""

from __future__ import annotations

import itertools
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.collectors.agent_process import VIFLUX, AgentProcess, resident_bytes, wait_for
from tests.lab.network import Lab, need_root, run

pytestmark = pytest.mark.root


def test_sigterm_ends_it_within_two_seconds(agent: AgentProcess) -> None:
    """It says in the spool that it stopped, and its exit code is 0."""
    agent.start()
    assert agent.events("agent_started")
    code, seconds = agent.stop()
    assert code == 0, agent.log.read_text()
    assert seconds < 2
    assert agent.events("agent_stopped")


def test_it_needs_no_pyarrow_and_little_memory(agent: AgentProcess) -> None:
    """The agent encodes in the native core: Arrow's Python library is not in its process."""
    agent.start()
    maps = Path(f"/proc/{agent.pid}/maps").read_text(encoding="utf-8")
    assert "pyarrow" not in maps
    assert "chdb" not in maps
    assert resident_bytes(agent.pid) < 80e6


def test_as_root_it_keeps_only_what_it_needs(agent: AgentProcess) -> None:
    """What its profile needs and what other namespaces need; nothing that it starts can get more."""
    agent.start()
    status = Path(f"/proc/{agent.pid}/status").read_text(encoding="ascii")
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    # CAP_NET_BROADCAST, CAP_NET_ADMIN, CAP_SYS_PTRACE, CAP_SYS_ADMIN, CAP_PERFMON, CAP_BPF
    assert int(fields["CapEff"], 16) == 1 << 11 | 1 << 12 | 1 << 19 | 1 << 21 | 1 << 38 | 1 << 39
    assert fields["NoNewPrivs"] == "1"


def test_a_second_agent_is_refused(agent: AgentProcess) -> None:
    """One line with what to do, and exit code 1; the first one goes on."""
    agent.start()
    words = [str(VIFLUX), "agent", "--data-dir", str(agent.data_dir), "--set", "counters.interval=1s"]
    second = subprocess.run(words, capture_output=True, text=True, timeout=20, check=False)
    assert second.returncode == 1
    assert len(second.stderr.strip().splitlines()) == 1, second.stderr
    assert second.stderr.startswith("viflux: ")
    agent.next_sweep()


def test_an_unknown_source_is_refused(tmp_path: Path) -> None:
    """The message names the setting, the word and the words that there are."""
    words = [str(VIFLUX), "agent", "--data-dir", str(tmp_path), "--set", "agent.sources=inventory,conutners"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 2
    known = "inventory, counters, ebpf, conntrack, sflow, ipfix"
    assert done.stderr == f"viflux: agent.sources: unknown source 'conutners'; there are {known}\n"


@pytest.mark.root
def test_cleanup_says_what_stays(tmp_path: Path) -> None:
    """Nsids cannot be taken back, and the command says so."""
    need_root("looks for programs in the kernel")
    words = [VIFLUX, "agent", "cleanup", "--data-dir", tmp_path]
    done = subprocess.run(words, capture_output=True, text=True, timeout=20, check=True)
    assert "nsid" in done.stdout
    assert "until each namespace ends" in done.stdout


def test_a_normal_user_sees_its_own_namespace_and_is_told(tmp_path: Path) -> None:
    """One warning says what is not seen and what would change it, and it is a row too."""
    need_root("becomes another user")
    folder = tmp_path / "data"
    folder.mkdir()
    nobody = 65534
    os.chown(folder, nobody, nobody)
    for parent in [tmp_path, *list(tmp_path.parents)[:3]]:
        if parent.stat().st_uid == 0 and str(parent).startswith("/tmp/"):  # noqa: S108
            parent.chmod(0o755)
    prefix = ["setpriv", f"--reuid={nobody}", f"--regid={nobody}", "--clear-groups"]
    agent = AgentProcess(folder, "--set", "counters.interval=1s", prefix=prefix)
    try:
        agent.start()
        assert {row["namespace"] for row in agent.inventory()} == {""}
        assert all(row["identity_origin"] == "sysfs" for row in agent.inventory())
        (limited,) = agent.events("view_limited")
        assert "CAP_SYS_ADMIN" in limited["detail"]
        (lowered,) = agent.events("profile_lowered")
        assert "CAP_BPF" in lowered["detail"]
        warnings = [line for line in agent.log.read_text().splitlines() if "not all is seen" in line]
        assert len(warnings) == 1
        assert "profile counters, and this network namespace only" in warnings[0]
        assert "started as root" in warnings[0]
        assert agent.stop()[0] == 0
    finally:
        agent.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MiB that is gone after the test."""
    need_root("mounts a small file system")
    folder = tmp_path / "small"
    folder.mkdir()
    run("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder))
    yield folder
    run("umount", "-l", str(folder))


def test_a_full_disk_delays_and_loses_nothing(small_disk: Path, network: Lab) -> None:
    """While the spool takes nothing the baselines stand still; afterwards the sums are the kernel's."""
    agent = AgentProcess(small_disk / "data", "--set", "counters.interval=1s", "--set", "spool.max_bytes=64MiB")
    try:
        agent.start()
        bridge = network.bridge()
        a, b = network.container("a", bridge, "192.0.2.1"), network.container("b", bridge, "192.0.2.2")
        agent.next_sweep()
        filler = small_disk / "filler"
        with filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass
        refusal = "the spool takes nothing"
        wait_for("the refusal", lambda: refusal in agent.log.read_text(), 20)
        a.send(b, 123)
        run("ip", "link", "add", f"{network.tag}f", "type", "bridge")
        network.adopt(f"{network.tag}f")
        filler.unlink()
        wait_for("the recovery", lambda: "takes batches again" in agent.log.read_text(), 10)
        agent.next_sweep()
        assert agent.log.read_text().count(refusal) == 1
        agent.vif(f"{network.tag}f")
        vif = agent.vif("eth0", a.namespace)
        rows = agent.counters(vif["vif_id"])
        assert sum(row["tx_packets"] for row in rows) == a.inner.counters()["tx_packets"] == 123
        for before, after in itertools.pairwise(rows):
            assert before["time"] + before["duration_ns"] == after["time"]
        told = wait_for("the event", lambda: agent.events("spool_refused"), 5)
        assert told[0]["event_count"] >= 1
        guard = wait_for("the guard's end", lambda: len(found := agent.events("disk_guard")) == 2 and found, 5)
        assert [row["detail"].partition(":")[0] for row in guard] == ["begun", "ended"]
        assert "spool.min_free keeps" in guard[0]["detail"]
    finally:
        agent.close()
