"""The addresses of one store: one is used as long as it answers, and left for a while when it does not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from viflux.settings.address import store_urls

_FIRST_SECONDS, _LONGEST_SECONDS = 1.0, 30.0
_DEFAULT_PORTS = {"http": 8123, "https": 8443}


@dataclass
class Address:
    """One of them.

    Attributes:
        url: As the setting has it.
        pause_seconds: How long it is left alone after its last failure; 0 when it answered since.
        not_before: Monotonic time before which it is asked only if no other is left.
    """

    url: str
    pause_seconds: float = 0.0
    not_before: float = 0.0

    @property
    def scheme(self) -> str:
        """`http` or `https`."""
        return urlsplit(self.url).scheme

    @property
    def host(self) -> str:
        """Name or number, without brackets."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """The port, ClickHouse's own where none is named."""
        return urlsplit(self.url).port or _DEFAULT_PORTS[self.scheme]


class Addresses:
    """Which address is asked next; safe between threads.

    Args:
        urls: One, or several by comma, in the order of preference.
        monotonic: Where the time comes from, in seconds.
    """

    def __init__(self, urls: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._all = [Address(url) for url in store_urls(urls)]
        self._current = self._all[0]
        self._monotonic = monotonic
        self._lock = threading.Lock()

    @property
    def current(self) -> Address:
        """The address that is used, or was last."""
        return self._current

    @property
    def several(self) -> bool:
        """Whether there is more than one."""
        return len(self._all) > 1

    def others(self) -> list[Address]:
        """Return all but the current one."""
        return [address for address in self._all if address is not self._current]

    def in_turn(self) -> list[Address]:
        """Return all in the order in which they are to be tried: the current one first, unless it has just failed."""
        with self._lock:
            now = self._monotonic()
            start = self._all.index(self._current)
            turned = self._all[start:] + self._all[:start]
            # Those that rest come last, the one whose rest ends first before the others.
            return sorted(turned, key=lambda address: max(0.0, address.not_before - now))

    def answered(self, address: Address) -> None:
        """Stay with an address: it took a connection."""
        with self._lock:
            self._current = address
            address.pause_seconds = address.not_before = 0.0

    def failed(self, address: Address) -> None:
        """Leave an address alone for a while, longer each time."""
        with self._lock:
            address.pause_seconds = min(_LONGEST_SECONDS, max(_FIRST_SECONDS, 2 * address.pause_seconds))
            address.not_before = self._monotonic() + address.pause_seconds
