"""The tiers of all kinds that have any: what waits to be filled, and when stale windows are looked for in the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ingest.processor.tiers.closing import Closing
from ingest.processor.tiers.windows import Windows
from ingest.store.client import StoreClient
from ingest.store.keep import kept_ns
from ingest.store.tiers.tier import tiers_of
from viflux.clock import NANOSECONDS, Clock
from viflux.registry import KINDS
from viflux.registry.rollups import ROLLUPS, Rollup
from viflux.settings import Settings

__all__ = ["Tiers"]

_LOOK_EVERY_NS = 60 * NANOSECONDS
_LOOK_BACK_NS = 2 * 3_600 * NANOSECONDS
# A look at all that the raw tables keep takes so small a part of the time at most.
_LOOK_DEEP_PART = 200
_DUE_EVERY_NS = NANOSECONDS // 4
_TEND_NS = NANOSECONDS


class Tiers:
    """Fills the tiers of every kind; told of what is stored, and finding by itself what it was not told of.

    Args:
        settings: `window` and `keep`.
        store: A client that may write.
        clock: The time.
    """

    def __init__(self, settings: Settings, store: StoreClient, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._closing: dict[str, Closing] = {}
        self._windows: dict[str, list[Windows]] = {}
        for rollup in ROLLUPS.values():
            self._closing[rollup.kind] = Closing(rollup, clock, settings.window.grace)
            self._windows[rollup.kind] = self._windows_of(rollup, store)
        self._look_at_ns = 0
        self._look_deep_at_ns = 0
        self._is_first_look = True
        self._asked_at_ns = 0
        self._answer = False

    @property
    def windows(self) -> Mapping[str, list[Windows]]:
        """For each kind its tiers' windows, from the finest tier on."""
        return self._windows

    def start(self, watermarks: Mapping[str, Mapping[str, int]]) -> None:
        """Take over a source: what an earlier process left unfilled or stale is looked for at the next turn.

        Args:
            watermarks: For each host the watermarks of its streams.
        """
        for host, streams in watermarks.items():
            for closing in self._closing.values():
                closing.moved(host, streams, max(streams.values(), default=0))
        self._look_deep_at_ns = 0

    def touch(self, kind: str, host: str, minutes: Iterable[int]) -> None:
        """Take note of rows that were stored: of a kind, for a host, in these minutes since the epoch."""
        if kind in self._windows:
            self._windows[kind][0].touch(host, minutes)

    def moved(self, kind: str, host: str, watermarks: Mapping[str, int], reached_ns: int) -> None:
        """Take note of how far a host's data of a kind are stored; see `Closing.moved`."""
        if kind in self._closing:
            self._closing[kind].moved(host, watermarks, reached_ns)

    def is_due(self) -> bool:
        """Return whether there is something to do; may be asked at every turn."""
        now_ns = self._clock.monotonic_ns()
        if now_ns >= min(self._look_at_ns, self._look_deep_at_ns):
            return True
        if now_ns >= self._asked_at_ns + _DUE_EVERY_NS:
            self._asked_at_ns = now_ns
            self._answer = any(windows.is_due() for windows in self._all())
        return self._answer

    def tend(self) -> int:
        """Look for stale windows where it is time to, and fill for about a second; return how many were filled.

        Raises:
            StoreUnavailable: The store does not answer; what waits goes on waiting.
            StoreRefused: It says no; the same.
        """
        self._look()
        until_ns = self._clock.monotonic_ns() + _TEND_NS
        filled = 0
        for windows in self._all():
            filled += windows.tend(lambda: self._clock.monotonic_ns() >= until_ns)
        self._asked_at_ns = 0
        return filled

    def _look(self) -> None:
        now_ns = self._clock.monotonic_ns()
        if now_ns >= self._look_deep_at_ns:
            for windows in self._all():
                # A tier that is new is filled from all that the finer one has.
                is_new = self._is_first_look and not windows.tier.is_finest and windows.is_empty()
                kept = self._kept_ns(windows.tier.source) if is_new else self._kept_ns(windows.tier.rollup.kind)
                windows.look(self._clock.now_ns() - kept - 2 * windows.tier.window_ns)
            self._is_first_look = False
            took_ns = self._clock.monotonic_ns() - now_ns
            self._look_deep_at_ns = now_ns + max(_LOOK_EVERY_NS, _LOOK_DEEP_PART * took_ns)
            self._look_at_ns = now_ns + _LOOK_EVERY_NS
        elif now_ns >= self._look_at_ns:
            for windows in self._all():
                windows.look(self._clock.now_ns() - _LOOK_BACK_NS - 2 * windows.tier.window_ns)
            self._look_at_ns = now_ns + _LOOK_EVERY_NS

    def _all(self) -> Iterable[Windows]:
        return (windows for of_kind in self._windows.values() for windows in of_kind)

    def _windows_of(self, rollup: Rollup, store: StoreClient) -> list[Windows]:
        found: list[Windows] = []
        for tier in tiers_of(rollup):
            windows = Windows(
                tier,
                store,
                self._clock,
                self._closing[rollup.kind],
                late_ns=self._settings.window.late,
                source_kept_ns=self._kept_ns(tier.source),
            )
            if found:
                windows.fills_from(found[-1])
            found.append(windows)
        return found

    def _kept_ns(self, name: str) -> int:
        return kept_ns(KINDS[name], self._settings.keep)
