"""What is asked for at most every few seconds, however many look at it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from viflux.clock import Clock

State = TypeVar("State")
Key = TypeVar("Key", bound=Hashable)


class Fresh(Generic[State]):
    """Takes a state when the last one is too old; safe between threads, of which one asks while the others wait.

    Args:
        take: Makes the state of now from the one before.
        first: What the first one is made from.
        fresh_ns: How old a state may be.
        is_settled: Whether a state will be much the same for so long; one that is not is fresh for a quarter of it.
        clock: For its age.
    """

    def __init__(
        self,
        take: Callable[[State], State],
        first: State,
        fresh_ns: int,
        clock: Clock,
        is_settled: Callable[[State], bool] = lambda _: True,
    ) -> None:
        self._take = take
        self._state = first
        self._fresh_ns = fresh_ns
        self._clock = clock
        self._is_settled = is_settled
        self._lock = threading.Lock()
        self._taken_ns: int | None = None

    def current(self) -> State:
        """Return a state that is fresh."""
        with self._lock:
            now_ns = self._clock.monotonic_ns()
            fresh_ns = self._fresh_ns if self._is_settled(self._state) else self._fresh_ns // 4
            if self._taken_ns is None or now_ns - self._taken_ns >= fresh_ns:
                self._state = self._take(self._state)
                self._taken_ns = self._clock.monotonic_ns()
            return self._state


class Remembered(Generic[Key, State]):
    """Fresh states by what they are of, the last ones that were asked for; safe between threads.

    Args:
        most: How many are kept.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Key, Fresh[State]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Key, make: Callable[[], Fresh[State]]) -> Fresh[State]:
        """Return what is kept under a key; what is not is made."""
        with self._lock:
            state = self._kept.pop(key, None) or make()
            self._kept[key] = state
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return state
