"""`viflux doctor` on hosts that lack something: each is made for real, and an agent there says the same."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from analytics.catalogue import CATALOGUE
from collectors.agent.sources import SOURCES
from tests.collectors.agent_process import VIFLUX, AgentProcess
from tests.lab.network import need_root
from tests.running import free_port
from viflux.doctor.finding import COLUMNS
from viflux.profiles import PROBES

NOBODY = 65534
DENIED = (sys.executable, str(Path(__file__).with_name("denied.py")))
LACKING = ("setpriv", "--bounding-set=-bpf,-perfmon,-sys_admin", "--inh-caps=-all")


@dataclass
class Told:
    """What `viflux doctor` printed, and its exit code."""

    findings: dict[tuple[str, str], dict[str, Any]]
    errors: str
    code: int

    def state(self, kind: str, name: str) -> str:
        return str(self.findings[kind, name]["state"])

    def found(self, kind: str, name: str) -> str:
        return str(self.findings[kind, name]["found"])


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data folder that is not there; its parent can be reached by every user."""
    parent = Path(f"/var/tmp/viflux-{uuid.uuid4().hex[:8]}")  # noqa: S108 - the name is random
    parent.mkdir(mode=0o755)
    yield parent / "data"
    shutil.rmtree(parent)


def doctor(folder: Path, *settings: str, prefix: Sequence[str] = ()) -> Told:
    """Ask, on ports of its own."""
    own = (f"web.listen=127.0.0.1:{free_port()}", f"store.listen=127.0.0.1:{free_port()}", *settings)
    words = [*prefix, str(VIFLUX), "doctor", "--data-dir", str(folder), "--format", "jsonl"]
    words += [word for one in own for word in ("--set", one)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120, cwd="/")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert rows, done.stderr
    return Told({(row["kind"], row["name"]): row for row in rows}, done.stderr, done.returncode)


@pytest.mark.root
def test_as_root_all_runs_and_nothing_is_changed(folder: Path) -> None:
    """Each probe, source and SLI is told of with what it needs; no folder is made."""
    need_root("loads programs into the kernel")
    told = doctor(folder)
    assert (told.code, "missing and wanted" in told.errors) == (0, False), told.errors
    assert {name for kind, name in told.findings if kind == "probe"} == set(PROBES)
    assert {name for kind, name in told.findings if kind == "source"} >= set(SOURCES)
    assert {name for kind, name in told.findings if kind == "sli"} == set(CATALOGUE)
    for row in told.findings.values():
        assert tuple(row) == COLUMNS
        assert row["kind"] not in ("probe", "source", "sli") or row["profile"]
        assert row["remedy"] or row["state"] == "ok" or row["kind"] == "host", row
    for name, probe in PROBES.items():
        assert told.state("probe", name) == "ok"
        assert all(capability in told.findings["probe", name]["needs"] for capability in probe.capabilities)
    assert told.state("host", "tcx") == told.state("store", "engine") == "ok"
    assert told.found("agent", "running") == f"none runs on {folder}"
    assert not folder.exists()


@pytest.mark.root
def test_an_ordinary_user_is_told_what_needs_root(folder: Path) -> None:
    """What that user's agent cannot do is missing; without it all that is wanted runs."""
    need_root("becomes another user")
    user = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    told = doctor(folder, prefix=user)
    assert told.code == 1
    assert "asked as an ordinary user" in told.errors
    assert "missing and wanted: host namespaces, probe flow, probe drop, probe transit, source ebpf" in told.errors
    assert "source conntrack" in told.errors.rpartition("missing and wanted")[2]
    assert "CAP_NET_ADMIN" in told.found("source", "conntrack")
    assert "CAP_BPF" in told.found("probe", "flow")
    assert "root" in told.findings["probe", "flow"]["remedy"]
    assert told.state("sli", "M9") == "missing"
    assert told.state("sli", "M1") == told.state("store", "engine") == "ok"
    allowed = ("agent.profile=counters", "agent.all_namespaces=false", "agent.sources=inventory,counters")
    told = doctor(folder, *allowed, prefix=user)
    assert told.code == 0, told.errors
    assert (told.state("probe", "flow"), told.findings["probe", "flow"]["wanted"]) == ("missing", False)


@pytest.mark.root
@pytest.mark.parametrize(
    ("prefix", "lost", "reason"),
    [
        pytest.param("no types", {"drop", "transit"}, "type information", id="without_types"),
        pytest.param(DENIED, {"flow", "drop", "transit"}, "a seccomp filter of this container or unit", id="seccomp"),
        pytest.param(LACKING, {"flow", "drop", "transit"}, "CAP_BPF and CAP_PERFMON are missing", id="capabilities"),
    ],
)
def test_doctor_and_agent_say_the_same_of_what_is_missing(
    folder: Path, prefix: Sequence[str], lost: set[str], reason: str
) -> None:
    """A probe that is missing for one is missing for the other, for the same reason."""
    need_root("loads programs into the kernel")
    if prefix == "no types":
        empty = folder.with_name("empty")
        empty.touch()
        mount = f"mount --bind {empty} /sys/kernel/btf/vmlinux && exec " + '"$@"'
        prefix = ("unshare", "--mount", "sh", "-c", mount, "sh")
    told = doctor(folder, prefix=prefix)
    assert told.code == 1
    assert {name for name in PROBES if told.state("probe", name) == "missing"} == lost
    assert all(reason in told.found("probe", name) and told.findings["probe", name]["remedy"] for name in lost)
    assert told.state("host", "btf") == ("limited" if "flow" not in lost else "ok")
    assert told.state("host", "tcx") == ("ok" if "flow" not in lost else "unknown")
    less = "flows" if "flow" not in lost else "counters"
    content = doctor(folder, f"agent.profile={less}", "agent.all_namespaces=false", prefix=prefix)
    assert (content.code, content.state("probe", "drop")) == (0, "missing"), content.errors
    agent = AgentProcess(folder, "--set", "counters.interval=1s", "--set", "ebpf.vifs=none-of-these", prefix=prefix)
    try:
        agent.start()
        (lowered,) = agent.events("profile_lowered")
        assert lowered["subject"] == less
        name = "drop" if "flow" not in lost else "flow"
        assert told.found("probe", name) in lowered["detail"]
    finally:
        agent.close()


@pytest.mark.root
def test_a_paranoid_kernel_is_no_obstacle(folder: Path) -> None:
    """Whatever perf_event_paranoid is, programs load with CAP_PERFMON, and that is said."""
    need_root("sets a sysctl")
    paranoid = Path("/proc/sys/kernel/perf_event_paranoid")
    before = paranoid.read_text(encoding="ascii")
    paranoid.write_text("3", encoding="ascii")
    try:
        told = doctor(folder)
    finally:
        paranoid.write_text(before, encoding="ascii")
    assert told.found("host", "perf_events") == "kernel.perf_event_paranoid is 3; CAP_PERFMON passes it, whatever it is"
    assert told.state("probe", "flow") == told.state("probe", "drop") == "ok"


@pytest.mark.root
def test_a_running_agent_is_asked(folder: Path) -> None:
    """What it says is told; a pause is, too, also when no agent runs."""
    need_root("loads programs into the kernel")
    agent = AgentProcess(folder, "--set", "counters.interval=1s", "--set", "ebpf.vifs=none-of-these")
    try:
        agent.start()
        assert "it runs: profile deep" in doctor(folder).found("agent", "running")
        subprocess.run([str(VIFLUX), "agent", "pause", "--data-dir", str(folder)], check=True, capture_output=True)
        told = doctor(folder)
        assert told.state("agent", "running") == "limited"
        assert told.findings["agent", "running"]["remedy"] == "viflux agent resume"
    finally:
        agent.close()
    assert "will be paused" in doctor(folder).found("agent", "running")


@pytest.mark.root
def test_an_address_in_use_is_missing(folder: Path) -> None:
    """Of a face and of a listener, with what to do; both fail, for both are wanted."""
    need_root("reads what root's agent keeps")
    with socket.socket() as taken, socket.socket(type=socket.SOCK_DGRAM) as heard:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        heard.bind(("127.0.0.1", 0))
        web, sflow = taken.getsockname()[1], heard.getsockname()[1]
        told = doctor(
            folder, f"web.listen=127.0.0.1:{web}", f"sflow.listen=127.0.0.1:{sflow}", "agent.profile=counters"
        )
    assert told.code == 1
    assert "missing and wanted: source sflow, store web.listen" in told.errors
    assert told.findings["store", "web.listen"]["remedy"]
    assert "in use" in told.found("source", "sflow")


def test_the_table_has_a_line_for_what_is_needed_and_what_is_to_be_done(folder: Path) -> None:
    """A person reads states, needs and remedies; wrong settings are refused before anything is tried."""
    words = [str(VIFLUX), "doctor", "--data-dir", str(folder), "--format", "table", "--set", "agent.profile=flows"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd="/")
    assert "needs profile flows, CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN, Linux 5.11 or newer" in done.stdout
    assert os.geteuid() != 0 or "(not asked for by the settings)" in done.stdout
    refused = subprocess.run([*words, "--set", "agent.sources=conutners"], capture_output=True, text=True, check=False)
    assert (refused.returncode, "unknown source 'conutners'" in refused.stderr) == (2, True)
