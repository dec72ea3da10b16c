"""Writing small files so that a power loss leaves either the old or the new one."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Make what was created, renamed or removed in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_all(descriptor: int, data: bytes, offset: int) -> None:
    """Write all of `data` at `offset`; a short write (a full disk) goes on until the error shows."""
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, offset)
        view = view[written:]
        offset += written


def replace_file(path: Path, data: bytes) -> None:
    """Replace a file's content atomically and durably: write beside it, sync, rename, sync the folder.

    Raises:
        OSError: Nothing was changed.
    """
    beside = path.with_name(f".{path.name}.new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    try:
        write_all(descriptor, data, 0)
        os.fsync(descriptor)
    except OSError:
        with suppress(OSError):
            beside.unlink()
        raise
    finally:
        os.close(descriptor)
    beside.rename(path)
    sync_folder(path.parent)
