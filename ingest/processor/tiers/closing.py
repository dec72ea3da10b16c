"""When a host's windows close: by its watermark, by what was handed over, or by the wall clock where it is silent."""

from __future__ import annotations

from collections.abc import Mapping

from viflux.clock import Clock
from viflux.registry.rollups import Rollup

# Who stored a host's rows fills its windows; others come in only where nobody did.
_OF_OTHERS_NS = 60 * 1_000_000_000


class Closing:
    """Knows of one kind how far each host's data are stored."""

    def __init__(self, rollup: Rollup, clock: Clock, grace_ns: int) -> None:
        self._closed_by = rollup.closed_by
        self._clock = clock
        self._grace_ns = grace_ns
        self._closed_until_ns: dict[str, int] = {}
        # By the clock that never goes back.
        self._heard_ns: dict[str, int] = {}

    def moved(self, host: str, watermarks: Mapping[str, int], reached_ns: int) -> None:
        """Take note of how far a host's data are stored.

        Args:
            host: The host.
            watermarks: Those of its streams that are known.
            reached_ns: Everything of the kind that was handed over before this instant is stored; 0 for not known.
        """
        closed_ns = max(watermarks.get(self._closed_by, 0), reached_ns - self._grace_ns)
        # Only what moves on is a sign of life: of a bus, other kinds of the host go on where this one is silent.
        if closed_ns > self._closed_until_ns.get(host, 0):
            self._closed_until_ns[host] = closed_ns
            self._heard_ns[host] = self._clock.monotonic_ns()

    def is_closed(self, host: str, end_ns: int) -> bool:
        """Return whether a host's window that ends at an instant is closed."""
        if self._closed_until_ns.get(host, 0) >= end_ns:
            return True
        heard_ns = self._heard_ns.get(host)
        if heard_ns is None:
            return self._clock.now_ns() >= end_ns + self._grace_ns + _OF_OTHERS_NS
        # A host that is catching up is not silent: its windows close by what was handed over.
        is_silent = self._clock.monotonic_ns() >= heard_ns + self._grace_ns
        return is_silent and self._clock.now_ns() >= end_ns + self._grace_ns
