"""How far this process can see: said once at start, in one line."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from collectors import _native
from viflux.confinement import keep_capabilities
from viflux.supervisor.plan import capabilities_of_agent

if TYPE_CHECKING:
    from viflux.settings import Settings


def limits_of_view(settings: Settings) -> str | None:
    """Return one line on what is not seen and what would change it; None when all is seen."""
    if not settings.agent.all_namespaces:
        return "only this network namespace is watched, as agent.all_namespaces is false; set it to true to see all"
    missing = _native.missing_capabilities()
    if not missing:
        return None
    names = ", ".join(name for name, _ in missing)
    losses = "; ".join(dict.fromkeys(loss for _, loss in missing))
    return f"{losses}; run as root, or give the agent {names}, to change that"


def give_up_other_capabilities(settings: Settings) -> None:
    """As root keep only what the view needs, and the probes where they are on."""
    if os.geteuid() == 0:
        keep_capabilities(capabilities_of_agent(settings))
