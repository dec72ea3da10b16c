"""How far this process can see: said once at start, in one line."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from collectors import _native
from viflux.confinement import keep_capabilities

if TYPE_CHECKING:
    from collections.abc import Sequence

    from collectors.agent.probes import Probes
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


def give_up_other_capabilities(kept: Sequence[str]) -> None:
    """As root keep only these."""
    if os.geteuid() == 0:
        keep_capabilities(kept)


def summary(probes: Probes, limits: str | None) -> str:
    """Return one line for a person: the profile, and what is not seen."""
    if os.geteuid() != 0 and probes.pause is None and probes.why_lower and limits:
        return (
            f"profile {probes.profile.name}, and this network namespace only: a normal user may neither load programs "
            "into the kernel nor enter namespaces; started as root, Viflux counts flows and drops of all of this host"
        )
    return "; ".join(filter(None, (probes.note, limits)))
