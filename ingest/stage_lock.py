"""The lock of a stage's folder: one process of a stage works on a data folder."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from viflux.errors import VifluxError


def lock_stage(folder: Path, stage: str) -> int:
    """Take a stage's lock until the returned descriptor is closed or the process ends; the folder is made if missing.

    Args:
        folder: The stage's own folder.
        stage: Its name, for the message.

    Raises:
        VifluxError: Another process has the lock, or the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise VifluxError(f"{folder}: cannot be written: {error.strerror}; check the folder's owner") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise VifluxError(f"{folder}: another {stage} works on this data folder; stop that one first") from error
    return descriptor
