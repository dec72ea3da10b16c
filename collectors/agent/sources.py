"""The literal table of sources: what `agent.sources` may name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from viflux.errors import UsageError


@dataclass(frozen=True)
class Source:
    """One source.

    Attributes:
        stream: Record kind and origin of what it tells.
        meaning: One clause for a person.
        needs: Sources that it cannot do without.
    """

    stream: str
    meaning: str
    needs: tuple[str, ...] = ()


SOURCES: dict[str, Source] = {
    "inventory": Source("inventory.netlink", "every interface in every network namespace, as a history"),
    "counters": Source("counters.netlink", "link and queue counters of every interface", needs=("inventory",)),
}


def require_known(names: Iterable[str]) -> None:
    """Refuse a list of sources that cannot run.

    Raises:
        UsageError: A name is unknown, or a source lacks one that it needs.
    """
    named = tuple(names)
    for name in named:
        if name not in SOURCES:
            raise UsageError(f"agent.sources: unknown source {name!r}; there are {', '.join(SOURCES)}")
        for need in SOURCES[name].needs:
            if need not in named:
                raise UsageError(f"agent.sources: {name} needs {need}; name both")
    if not named:
        raise UsageError(f"agent.sources: empty; there are {', '.join(SOURCES)}")
