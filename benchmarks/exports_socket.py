"""A UDP port's queue and drops, as the kernel shows them (proc(5), net/udp)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Queue:
    """What waits in the sockets of a port, and what they dropped since they were opened."""

    waiting_bytes: int
    dropped: int


def queue(port: int) -> Queue | None:
    """Return the sum over a port's sockets; None where nobody listens."""
    found = [
        fields
        for line in Path("/proc/net/udp").read_text(encoding="ascii").splitlines()[1:]
        if int((fields := line.split())[1].split(":")[1], 16) == port
    ]
    if not found:
        return None
    return Queue(sum(int(fields[4].split(":")[1], 16) for fields in found), sum(int(fields[-1]) for fields in found))


def wait_until_taken(port: int, seconds: float = 60) -> None:
    """Return when nothing waits in a port's sockets.

    Raises:
        TimeoutError: It is not taken.
    """
    deadline = time.monotonic() + seconds
    while (now := queue(port)) is not None and now.waiting_bytes:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{now.waiting_bytes} bytes still wait at port {port}")
        time.sleep(0.02)
