"""The agent's part of `viflux doctor`: the host, the running agent, its probes and its sources."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from collectors import _native
from collectors.agent import pause
from collectors.agent.sources import SOURCES, require_known
from collectors.doctor import host, trial
from collectors.exporters.exports import ORIGINS
from viflux import telemetry
from viflux.doctor.finding import Finding, State, named
from viflux.errors import VifluxError
from viflux.freespace import as_text
from viflux.paths import DataPaths
from viflux.profiles import PROBES, PROFILES, probes_of, wanted
from viflux.supervisor.addresses import require_free_udp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from collectors.exporters.origin import Origin
    from viflux.settings import Settings

_ASK_AS_OWNER = "ask as the user that started it, or as root"
_TCX = "Linux 6.6 or newer"
_WITHOUT = "agent.profile=counters, or agent.sources without ebpf, does without"


def examine(settings: Settings, so_far: Sequence[Finding]) -> list[Finding]:
    """Return what is to be said of host, agent, probes and sources.

    Raises:
        UsageError: `agent.sources` is wrong.
    """
    require_known(settings)
    outcomes = trial.outcomes(settings)
    found = [*so_far, *host.findings(settings), _memory(settings, outcomes), _agent(settings)]
    found += [_probe(name, outcome, settings) for name, outcome in outcomes.items()]
    found.append(_attaching(settings, outcomes["flow"]))
    found += [_source(name, settings, found) for name in SOURCES]
    found += [_listener(origin, settings, found) for origin in ORIGINS]
    return found[len(so_far) :]


def _agent(settings: Settings) -> Finding:
    paths = DataPaths(settings.data_dir)
    status, text = telemetry.ask(paths, "agent", "/notes")
    if status == HTTPStatus.OK:
        said = "; ".join(text.splitlines()) or "it says nothing"
        is_paused = said.startswith("paused")
        remedy = "viflux agent resume" if is_paused else ""
        return Finding("agent", "running", "limited" if is_paused else "ok", f"it runs: {said}", remedy=remedy)
    if not telemetry.says_absent(status, text):
        return Finding("agent", "running", "unknown", text.strip(), remedy=_ASK_AS_OWNER)
    try:
        held = pause.read(paths)
    except VifluxError as error:
        return Finding("agent", "running", "unknown", str(error), remedy=_ASK_AS_OWNER)
    if held is not None:
        found = f"none runs on {settings.data_dir}, and one that is started will be paused"
        return Finding("agent", "running", "limited", found, remedy="viflux agent resume")
    return Finding("agent", "running", "ok", f"none runs on {settings.data_dir}")


def _probe(name: str, outcome: trial.Outcome, settings: Settings) -> Finding:
    needs = PROBES[name]
    profile = next(profile.name for profile in PROFILES.values() if name in profile.probes)
    text = f"{', '.join(needs.capabilities)}, {needs.kernel}"
    is_wanted = name in probes_of(wanted(settings), settings)
    if outcome.reason:
        remedy = f"{outcome.remedy}; {_WITHOUT}"
        return Finding("probe", name, "missing", outcome.reason, is_wanted, remedy=remedy).needing(text, profile)
    if outcome.undrained:
        found = f"it loads, and what it counts cannot be taken out: {outcome.undrained}"
        remedy = "run Linux 5.6 or newer"
        return Finding("probe", name, "missing", found, is_wanted, remedy=remedy).needing(text, profile)
    found = f"it was loaded and taken out again; its maps take {as_text(outcome.memory_bytes)} of the kernel's memory"
    return Finding("probe", name, "ok", found, is_wanted).needing(text, profile)


def _attaching(settings: Settings, flow: trial.Outcome) -> Finding:
    is_wanted = "flow" in probes_of(wanted(settings), settings)
    if flow.reason:
        found = "the probe flow does not load, so it cannot be tried"
        return Finding("host", "tcx", "unknown", found, is_wanted, remedy="see the probe flow").needing(_TCX)
    if flow.has_tcx:
        return Finding("host", "tcx", "ok", "flow is attached by links, which end with the agent", is_wanted).needing(
            _TCX
        )
    found = "the kernel has none: filters of clsact take its place, and stay where the agent is killed"
    remedy = "after a kill -9 start the agent again, or call `viflux agent cleanup`"
    return Finding("host", "tcx", "limited", found, is_wanted, remedy=remedy).needing(_TCX)


def _source(name: str, settings: Settings, found: list[Finding]) -> Finding:
    is_wanted = name in settings.agent.sources
    needs = f"source {' and '.join(SOURCES[name].needs)}" if SOURCES[name].needs else ""
    if name == "ebpf":
        return _ebpf(settings, found).needing(needs, "flows")
    refused = _native.conntrack_refusal() if name == "conntrack" else None
    if refused is not None:
        remedy = "run as root, or load nf_conntrack_netlink; or leave conntrack out of agent.sources"
        return Finding("source", name, "missing", refused, is_wanted, remedy=remedy).needing(needs, "counters")
    namespaces = named(found, "host", "namespaces")
    is_whole = namespaces is None or namespaces.state == "ok"
    text = SOURCES[name].meaning if is_whole else "of this network namespace alone"
    state: State = "ok" if is_whole else "limited"
    remedy = "" if is_whole else "see host namespaces"
    return Finding("source", name, state, text, is_wanted, remedy=remedy).needing(needs, "counters")


def _ebpf(settings: Settings, found: list[Finding]) -> Finding:
    probes = [named(found, "probe", probe) for probe in PROBES if probe in settings.ebpf.probes]
    running = [one.name for one in probes if one is not None and one.state == "ok"]
    state: State = "ok" if len(running) == len(probes) else "limited" if running else "missing"
    text = f"its probes {' and '.join(running)} run here" if running else "no probe of it runs here"
    is_wanted = bool(probes_of(wanted(settings), settings))
    return Finding("source", "ebpf", state, text, is_wanted, remedy="" if state == "ok" else "see its probes")


def _listener(origin: Origin, settings: Settings, found: list[Finding]) -> Finding:
    return _heard(origin, settings, found).needing(f"an address in {' or '.join(origin.settings)}", "counters")


def _heard(origin: Origin, settings: Settings, found: list[Finding]) -> Finding:
    addresses = origin.listens(settings)
    if not addresses:
        return Finding("source", origin.name, "ok", "no address is set, so it is off", wanted=False)
    agent = named(found, "agent", "running")
    if agent is not None and agent.found.startswith("it runs"):
        text = "a running agent hears what it was started with; `viflux exporters` shows who sends"
        return Finding("source", origin.name, "ok", text)
    for setting, address, port in addresses:
        try:
            require_free_udp(setting, f"[{address}]:{port}" if ":" in address else f"{address}:{port}")
        except VifluxError as error:
            reason, _, remedy = str(error).partition("; ")
            return Finding("source", origin.name, "missing", reason, remedy=remedy)
    listed = ", ".join(f"{address} port {port}" for _, address, port in addresses)
    return Finding("source", origin.name, "ok", f"{listed} can be heard")


def _memory(settings: Settings, outcomes: dict[str, trial.Outcome]) -> Finding:
    """Compare what programs take with what the cgroup leaves: maps count for the cgroup of who makes them."""
    names = probes_of(wanted(settings), settings)
    need = sum(outcomes[name].memory_bytes for name in names)
    left = _left_in_cgroup()
    if left is None:
        return Finding("host", "cgroup", "ok", "no limit of memory on the way to the root of the cgroups")
    found = f"the cgroup leaves {as_text(left)}, the maps of the programs take {as_text(need)}"
    if left > 2 * need:
        return Finding("host", "cgroup", "ok", found)
    remedy = "raise memory.max, or lower ebpf.entries and ebpf.ring_bytes"
    return Finding("host", "cgroup", "limited", found, remedy=remedy)


def _left_in_cgroup() -> int | None:
    """Return the least that a cgroup v2 on the way to the root still allows; None for no limit."""
    own = next((line[3:] for line in Path("/proc/self/cgroup").read_text().splitlines() if line.startswith("0::")), "")
    folder = Path("/sys/fs/cgroup") / own.lstrip("/")
    left: list[int] = []
    for at in (folder, *folder.parents):
        try:
            limit = (at / "memory.max").read_text().strip()
            if limit != "max":
                left.append(int(limit) - int((at / "memory.current").read_text()))
        except (OSError, ValueError):
            continue
    return min(left, default=None)
