"""A steady load of known truth: exporters that number their datagrams, and frames over one interface."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from tests.collectors.export_making import Exporter, flows_set, ipfix, rate_sets, sflow, template_set

_SAMPLES = 5
_NUMBERS = 1 << 32
_PAUSE_SECONDS = 0.01


class Told(NamedTuple):
    """What one datagram has.

    Attributes:
        rows: How many flows or samples.
        ports: How many source ports its rows have.
        bytes: The sum of their bytes as told.
    """

    rows: int
    ports: int
    bytes: int


@dataclass
class Numbered:
    """An exporter that knows what it sent.

    Attributes:
        address: Its own.
        stream: Which stream its rows come in.
        told: By what the datagram says of its number.
    """

    address: str
    stream: str
    told: dict[int, Told]

    def __init__(self, address: str, kind: str, target: str, chance: random.Random) -> None:
        self.address = address
        self.stream = "flows.sflow" if kind == "sflow" else "flows.ipfix"
        self.told = {}
        self._kind = kind
        self._exporter = Exporter(target, address)
        self._chance = chance
        # Near the end, so that the numbers wrap in a long run.
        self._number = _NUMBERS - chance.randrange(1, 50_000)

    @property
    def last(self) -> int:
        """Number of the newest datagram, 0 before the first."""
        return next(reversed(self.told), 0)

    def announce(self) -> None:
        """Send the template, and the sampling rate as one record, which takes a number."""
        if self._kind == "sflow":
            return
        after = (self._number + 1) % _NUMBERS
        self._send(ipfix(after if self._kind == "own" else self._number, template_set(), rate_sets(1)))
        self._number = after

    def send(self) -> None:
        """Send a datagram; whether anybody listens is no matter."""
        if self._kind == "sflow":
            number = len(self.told) + 1
            self.told[number] = Told(_SAMPLES, 1, _SAMPLES * 1_518)
            self._send(sflow(number, _SAMPLES, agent=self.address))
            return
        rows = self._chance.randrange(1, 12)
        after = (self._number + rows) % _NUMBERS
        number = after if self._kind == "own" else self._number
        self._number = after
        size = 64 + number % 60_000
        self.told[number] = Told(rows, rows, rows * size)
        self._send(ipfix(number, flows_set(rows, 1024 + number % 50_000, size)))

    def close(self) -> None:
        """Close its socket."""
        self._exporter.close()

    def _send(self, datagram: bytes) -> None:
        try:
            self._exporter.send(datagram)
        except ConnectionRefusedError:
            # That was the answer to the one before; this one was not sent.
            self._exporter.send(datagram)


class Load:
    """All exporters, and frames that go out of one interface.

    Args:
        ipfix: Port of the listener for IPFIX.
        sflow: Port of the one for sFlow.
        seed: Decides sizes and numbers.
        interface: Where frames go out.
    """

    def __init__(self, ipfix: int, sflow: int, seed: int, interface: str) -> None:
        chance = random.Random(seed)  # noqa: S311 - not a secret
        self.exporters = (
            Numbered("127.0.0.41", "first", f"127.0.0.1:{ipfix}", chance),
            Numbered("127.0.0.42", "own", f"127.0.0.1:{ipfix}", chance),
            Numbered("127.0.0.43", "sflow", f"127.0.0.1:{sflow}", chance),
        )
        self._interface = interface
        self._chance = chance
        self._stop = threading.Event()

    def announce(self) -> None:
        """Send what goes before flows."""
        for exporter in self.exporters:
            exporter.announce()

    def once(self) -> None:
        """Send one datagram of each exporter."""
        for exporter in self.exporters:
            exporter.send()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Send in the background until the block ends."""
        thread = threading.Thread(target=self._run, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()

    def close(self) -> None:
        """Close all sockets."""
        for exporter in self.exporters:
            exporter.close()

    def _run(self) -> None:
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as frames:
            frame = bytes(12) + b"\x88\xb5" + bytes(100)
            while not self._stop.wait(_PAUSE_SECONDS):
                self.once()
                frames.sendto(frame, (self._interface, 0))
