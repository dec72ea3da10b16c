"""Entries of `exporters.known` that contradict each other."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from itertools import combinations

from viflux.settings.schema import KnownExporter

_SELECTORS = ("port", "domain")
_SAID = ("sampling_rate", "interfaces", "ifname", "direction", "byte_layer", "name")


def conflict(known: Sequence[KnownExporter]) -> tuple[int, int, str] | None:
    """Find two entries that say different things of the same exporter, neither of which names it more closely.

    An entry with a port or a domain goes before one without, and one with both before one with either; an entry of an
    interface speaks of that interface alone.

    Args:
        known: The entries; their addresses must be addresses.

    Returns:
        Positions of the two, and what they differ in; None where all is clear.
    """
    for (first, one), (second, other) in combinations(enumerate(known), 2):
        if _of_the_same(one, other):
            for name in _SAID:
                mine, theirs = getattr(one, name), getattr(other, name)
                if mine is not None and theirs is not None and mine != theirs:
                    return first, second, name
    return None


def _of_the_same(one: KnownExporter, other: KnownExporter) -> bool:
    if one.interface != other.interface or _address(one) != _address(other):
        return False
    pairs = [(getattr(one, name), getattr(other, name)) for name in _SELECTORS]
    can_meet = all(mine is None or theirs is None or mine == theirs for mine, theirs in pairs)
    closeness = [sum(pair[side] is not None for pair in pairs) for side in (0, 1)]
    return can_meet and closeness[0] == closeness[1]


def _address(entry: KnownExporter) -> IPv4Address | IPv6Address:
    address = ip_address(entry.address)
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
