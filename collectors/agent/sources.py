"""The literal table of sources: what `agent.sources` may name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from collectors.exporters.exports import ORIGINS
from viflux.errors import UsageError

if TYPE_CHECKING:
    from viflux.settings import Settings


@dataclass(frozen=True)
class KnownSource:
    """One source that can be named.

    Attributes:
        streams: Record kinds and origin of what it tells.
        meaning: One clause for a person.
        needs: Sources that it cannot do without.
    """

    streams: tuple[str, ...]
    meaning: str
    needs: tuple[str, ...] = ()


SOURCES: dict[str, KnownSource] = {
    "inventory": KnownSource(("inventory.netlink",), "every interface in every network namespace, as a history"),
    "counters": KnownSource(("counters.netlink",), "link and queue counters of every interface", needs=("inventory",)),
    "ebpf": KnownSource(
        ("flows.ebpf", "drops.ebpf"),
        "flows of interfaces and dropped packets with their reasons, counted in the kernel",
        needs=("inventory",),
    ),
    "conntrack": KnownSource(
        ("hosts.conntrack", "holders.conntrack"),
        "how full the connection tracking of every network namespace is, and who fills it",
        needs=("inventory",),
    ),
}


_LISTENING = {origin.name: origin for origin in ORIGINS}


def require_known(settings: Settings) -> None:
    """Refuse a list of sources that cannot run.

    A source that listens is on when a setting names where; it may be in the list, and need not be.

    Raises:
        UsageError: A name is unknown, or a source lacks one that it needs, or an address to listen on.
    """
    listed = settings.agent.sources
    for name in listed:
        if name in _LISTENING and not _LISTENING[name].listens(settings):
            where = " or ".join(_LISTENING[name].settings)
            raise UsageError(f"agent.sources: {name} needs an address to listen on; set {where}")
    named = tuple(name for name in listed if name not in _LISTENING)
    for name in named:
        if name not in SOURCES:
            raise UsageError(f"agent.sources: unknown source {name!r}; there are {', '.join([*SOURCES, *_LISTENING])}")
        for need in SOURCES[name].needs:
            if need not in named:
                raise UsageError(f"agent.sources: {name} needs {need}; name both")
    if listed and not named:
        raise UsageError(f"agent.sources: {', '.join(listed)} needs inventory; name both")
    if not named:
        raise UsageError(f"agent.sources: empty; there are {', '.join([*SOURCES, *_LISTENING])}")
