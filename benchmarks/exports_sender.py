"""Flow exports: in a closed loop, with never more on the way than the receiving socket holds, or at a rate alone."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_MANIFEST = ROOT / "collectors/native/Cargo.toml"
# Datagrams that may wait in the receiving socket.
WAITING = 1_000
FLOWS_OF_DATAGRAM = 20


@dataclass(frozen=True)
class Load:
    """What is sent.

    Attributes:
        kind: `ipfix` (20 flows of 20 fixed fields, 69 B), `traffic` (the same, as conversations fill them) or `sflow`
            (6 samples with headers of 128 B).
        exporters: As many source addresses in 127/8.
        datagrams: In all.
        rate: Datagrams a second; 0 as fast as they are taken.
    """

    kind: str
    exporters: int
    datagrams: int
    rate: int = 0


@dataclass(frozen=True)
class Sent:
    """What was sent, as the sender says."""

    datagrams: int
    flows: int
    seconds: float


@cache
def sender() -> Path:
    """Build the sender, and return its path."""
    words = ["cargo", "build", "-q", "--release", "--locked", "--manifest-path", str(_MANIFEST)]
    subprocess.run([*words, "-p", "probes", "--example", "export_sender"], check=True)
    return _MANIFEST.parent / "target/release/examples/export_sender"


def send(load: Load, port: int) -> Sent:
    """Send to a port of 127.0.0.1, in a closed loop."""
    words = [*_words(load, port), "--closed", str(WAITING)]
    return _sent(subprocess.run(words, capture_output=True, text=True, check=True).stdout)


class Sending:
    """A sender that runs.

    Attributes:
        sent: What it sent; known when it has ended.
    """

    def __init__(self, child: subprocess.Popen[str]) -> None:
        self._child = child
        self.sent = Sent(0, 0, 0.0)

    def wait(self, seconds: float) -> bool:
        """Wait for its end, at most so long; return whether it has ended.

        Raises:
            RuntimeError: It failed.
        """
        try:
            told, _ = self._child.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            return False
        if self._child.returncode:
            raise RuntimeError(f"the sender ended with {self._child.returncode}")
        self.sent = _sent(told)
        return True


@contextmanager
def sending(load: Load, port: int) -> Iterator[Sending]:
    """Send to a port of 127.0.0.1 in an open loop; what has not ended at the end is ended."""
    with subprocess.Popen(_words(load, port), stdout=subprocess.PIPE, text=True) as child:
        try:
            yield Sending(child)
        finally:
            if child.poll() is None:
                child.kill()


def _words(load: Load, port: int) -> list[str]:
    words = [str(sender()), load.kind, f"127.0.0.1:{port}", "--exporters", str(load.exporters)]
    return [*words, "--count", str(load.datagrams), "--rate", str(load.rate)]


def _sent(told: str) -> Sent:
    said = json.loads(told)
    return Sent(said["datagrams"], said["flows"], said["seconds"])
