"""The two locks of a spool folder: one writer, and one party at a time that removes or claims segments."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from viflux.spool.errors import SpoolLocked

_WRITER = "writer.lock"
_RETENTION = "retention.lock"
_RETRY_SECONDS = 0.005


def lock_for_writing(folder: Path) -> int:
    """Take the writer's lock until the returned descriptor is closed or the process ends.

    Raises:
        SpoolLocked: Another process has it.
    """
    descriptor = os.open(folder / _WRITER, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
        os.close(descriptor)
        raise SpoolLocked(
            f"the spool {folder} is being written by another process"
            f"{f' (pid {holder})' if holder else ''}; stop that one, or use another --data-dir"
        ) from error
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


def make_retention_lock(folder: Path) -> None:
    """Create the lock's file, so that a reader without the right to write into the folder can use it."""
    os.close(os.open(folder / _RETENTION, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644))


@contextmanager
def retention_lock(folder: Path, *, patience_seconds: float | None = None) -> Iterator[None]:
    """Hold off removal of segments by the writer, or opening of an intent by a reader, for the shortest time.

    The kernel frees the lock when its holder dies.

    Args:
        folder: The spool.
        patience_seconds: How long to wait for it; for ever by default.

    Raises:
        FileNotFoundError: There is no spool yet.
        BlockingIOError: The lock could not be had in that time.
    """
    descriptor = os.open(folder / _RETENTION, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _take(descriptor, patience_seconds)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, patience_seconds: float | None) -> None:
    if patience_seconds is None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(_RETRY_SECONDS)
        else:
            return
