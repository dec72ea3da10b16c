"""`viflux agent cleanup`: takes out of the kernel what no agent holds any more, and looks whether that is all."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from collectors import _native
from viflux import telemetry
from viflux.errors import VifluxError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from viflux.paths import DataPaths
    from viflux.settings import Settings

# A program goes when nobody runs it any more, some milliseconds after its last holder let go.
_GONE_SECONDS = 5.0
# The kernel takes some 20 ms for each interface whose links a paused agent gives up.
_LEFT_SECONDS = 60.0
_LOOK_AGAIN_SECONDS = 0.05


@dataclass(frozen=True)
class Cleaned:
    """What was done, and what is there still.

    Attributes:
        removed: Filters that were removed, by namespace; empty for this process's own.
        unread: Namespaces that could not be looked into, each with the reason.
        held: Processes that hold programs of ours, agents at work: their ids.
        left: What of ours no process holds and is still there, such as `program 7 viflux_flow_in`.
    """

    removed: dict[str, int]
    unread: list[str]
    held: list[int]
    left: list[str]


def require_no_agent(paths: DataPaths) -> int | None:
    """Refuse to clean up beside the agent of a data folder, unless it is paused.

    Returns:
        The id of the paused agent, which may still be letting go; None where none runs.

    Raises:
        VifluxError: It runs.
    """
    status, text = telemetry.ask(paths, "agent", "/metrics")
    if telemetry.says_absent(status, text):
        return None
    pid = telemetry.pid_of(paths, "agent")
    if "viflux_agent_paused 1.0" in text.splitlines():
        return pid
    if pid is None:
        raise VifluxError(f"{paths.root}: {text.strip()}; call it as the user that started the agent, or as root")
    raise VifluxError(
        f"{paths.root}: the agent runs (pid {pid}); `viflux agent pause` takes all that it has out of the kernel, or "
        "stop it, then try again"
    )


def clean(settings: Settings, paused: int | None = None) -> Cleaned:
    """Remove the filters of killed agents in all namespaces, and find what else there is of ours.

    Programs by links, and maps, go by themselves with the process that held them.

    Args:
        settings: Where named namespaces are.
        paused: Id of an agent that was paused: it is waited for until it holds nothing.

    Raises:
        VifluxError: This process may not do so.
    """
    try:
        outcomes = _native.reclaim_everywhere(list(settings.agent.namespace_dirs))
        traces = _settled(paused)
    except OSError as error:
        raise VifluxError(
            f"the kernel does not let this process look for programs: {error.strerror or error}; call it as root"
        ) from error
    return Cleaned(
        removed={name: removed for name, removed, _ in outcomes if removed},
        unread=[f"{name or 'this namespace'}: {reason}" for name, _, reason in outcomes if reason],
        held=sorted({pid for *_, pids in traces for pid in pids}),
        left=[f"{thing} {number} {name}" for thing, number, name, pids in traces if not pids],
    )


def _settled(paused: int | None) -> Sequence[tuple[str, int, str, Sequence[int]]]:
    """Return what there is of ours, once all of it is held by agents at work, or some time has passed."""
    begun = time.monotonic()
    while True:
        traces = _native.find_traces()
        is_leaving = any(paused in pids for *_, pids in traces)
        is_left = any(not pids for *_, pids in traces)
        waited = time.monotonic() - begun
        if not (is_leaving and waited < _LEFT_SECONDS) and not (is_left and waited < _GONE_SECONDS):
            return traces
        time.sleep(_LOOK_AGAIN_SECONDS)


def name_of(pid: int) -> str:
    """Return what a process is called, for a person."""
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return "ended meanwhile"
