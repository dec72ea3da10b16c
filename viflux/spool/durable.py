"""Writing small files so that a power loss leaves either the old or the new one."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

_MOST_PARTS = 1024
"""UIO_MAXIOV of linux/uio.h."""


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


def write_parts(descriptor: int, parts: Sequence[bytes | memoryview], offset: int) -> None:
    """Write parts one behind the other from `offset` on, without joining them; as `write_all` for the rest."""
    for start in range(0, len(parts), _MOST_PARTS):
        some = parts[start : start + _MOST_PARTS]
        size = sum(map(len, some))
        written = os.pwritev(descriptor, some, offset)
        if written < size:
            write_all(descriptor, b"".join(some)[written:], offset + written)
        offset += size


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
