"""Something is tried in a child process, for it cannot be taken back, or may end the process that tries it."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def told_by_child(work: Callable[[Callable[[bytes], object]], None]) -> tuple[bytes, int]:
    """Run `work` in a child of this process, and wait for its end.

    Args:
        work: Gets a function that tells bytes to this process. An error that it raises ends the child without a word.

    Returns:
        All that was told, and how the child ended (wait(2)).
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            work(lambda told: os.write(writing, told))
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as telling:
        told = telling.read()
    return told, os.waitpid(child, 0)[1]


def signal_of(status: int) -> str:
    """Return the name of the signal that ended a child; empty where none did."""
    return signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else ""
