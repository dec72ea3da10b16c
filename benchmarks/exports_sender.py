"""Flow exports in a closed loop: never more on the way than the receiving socket holds."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_MANIFEST = ROOT / "collectors/native/Cargo.toml"
# Datagrams that may wait in the receiving socket.
WAITING = 1_000


@dataclass(frozen=True)
class Load:
    """What is sent.

    Attributes:
        kind: `ipfix` (20 flows of 20 fixed fields, 69 B) or `sflow` (6 samples with headers of 128 B).
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
    """Send to a port of 127.0.0.1."""
    words = [str(sender()), load.kind, f"127.0.0.1:{port}", "--exporters", str(load.exporters)]
    words += ["--count", str(load.datagrams), "--rate", str(load.rate), "--closed", str(WAITING)]
    told = json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
    return Sent(told["datagrams"], told["flows"], told["seconds"])
