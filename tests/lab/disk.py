"""A small disk of its own for a test, and somebody else who fills it."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.spool.making import missing
from viflux.freespace import FreeSpace


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """Mount a file system of a size (`2m`) on a new folder until the block ends; needs root."""
    if os.geteuid() != 0:
        missing("mounting a small disk needs root")
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "viflux-test", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


class Neighbour:
    """Something else on the same disk, which takes space at once and gives it back at once."""

    def __init__(self, disk: Path) -> None:
        self._disk = disk
        self._file = disk / "neighbour"

    def leave(self, free_bytes: int) -> None:
        """Take what is free but for so much."""
        self.release()
        with self._file.open("wb") as file:
            while True:
                try:
                    os.posix_fallocate(file.fileno(), 0, FreeSpace.of(self._disk).free_bytes - free_bytes)
                except OSError as error:
                    # Others took of it in between, and a part of what was asked for may be taken.
                    if error.errno != errno.ENOSPC:
                        raise
                    file.truncate(0)
                else:
                    return

    def release(self) -> None:
        """Give it all back."""
        self._file.unlink(missing_ok=True)
