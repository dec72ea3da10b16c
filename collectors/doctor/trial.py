"""Programs are loaded as the agent would load them, in a process that has the agent's capabilities and no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from collectors.agent import refusal, view
from collectors.agent.probes import KINDS
from viflux.forked import signal_of, told_by_child
from viflux.profiles import DEEP, PROBES, capabilities

if TYPE_CHECKING:
    from collections.abc import Callable

    from viflux.settings import Settings


class Outcome(msgspec.Struct, frozen=True):
    """What came of loading a probe.

    Attributes:
        reason: Why it does not run; empty where it does.
        remedy: What to do about that.
        memory_bytes: Memory of the kernel that its maps hold.
        has_tcx: Of the probe `flow`: whether the kernel has tcx.
        undrained: Why what it counts could not be taken out; empty where it could.
    """

    reason: str = ""
    remedy: str = ""
    memory_bytes: int = 0
    has_tcx: bool = False
    undrained: str = ""


def outcomes(settings: Settings) -> dict[str, Outcome]:
    """Load each probe in a child process, attached to nothing, and return what came of it.

    The child keeps what the agent keeps in the deepest profile, as far as this process has it; it ends with the trial,
    and the programs with it.
    """

    def load_each(tell: Callable[[bytes], object]) -> None:
        view.give_up_other_capabilities(capabilities(DEEP, settings))
        for name in PROBES:
            # One by one: what a filter kills the process for is then known by what is not there.
            tell(msgspec.json.encode({name: _outcome(name, settings)}) + b"\n")

    told, status = told_by_child(load_each)
    found: dict[str, Outcome] = {}
    for line in told.splitlines():
        found |= msgspec.json.decode(line, type=dict[str, Outcome])
    for name in PROBES:
        found.setdefault(name, _killed(status))
    return found


def _outcome(name: str, settings: Settings) -> Outcome:
    try:
        probe = KINDS[name].load(settings)
    except OSError as error:
        refused = refusal.refusal(name, error)
        return Outcome(reason=refused.reason, remedy=refused.remedy)
    if name != "flow":
        return Outcome(memory_bytes=probe.memory_bytes())
    undrained = ""
    try:
        probe.drain(all=True)
    except RuntimeError as error:
        undrained = str(error)
    return Outcome(memory_bytes=probe.memory_bytes(), has_tcx=probe.has_tcx(), undrained=undrained)


def _killed(status: int) -> Outcome:
    if name := signal_of(status):
        by = " (a seccomp filter)" if name == "SIGSYS" else ""
        return Outcome(f"loading it ended the process by {name}{by}", "see the kernel's log")
    return Outcome("loading it ended the process", "load it by starting `viflux agent`, whose log says why")
