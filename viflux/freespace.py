"""Free space of a file system, and the line below which a writer of ours stops before the disk is full.

Full disks are met early because they are not met well: databases, logs and shells of the same host fail at the same
moment, and the embedded engine does not notice a write that failed.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from viflux.settings.units import Size


@dataclass(frozen=True)
class FreeSpace:
    """What `statvfs` says of a file system.

    Attributes:
        total_bytes: Its size.
        free_bytes: What this process may still use of it.
    """

    total_bytes: int
    free_bytes: int

    @classmethod
    def of(cls, folder: Path) -> FreeSpace:
        """Ask the file system that a folder lies on; one system call, about a microsecond.

        Raises:
            OSError: The folder cannot be reached.
        """
        said = os.statvfs(folder)
        # Blocks that are kept for root are counted as free for root only: the kernel would hand them out, too, but
        # they are what lets a person log in and clean up.
        return cls(said.f_blocks * said.f_frsize, said.f_bavail * said.f_frsize)


def effective(wanted: int, total_bytes: int, share: int) -> int:
    """Return the bytes that are to stay free: what is wanted, and on a small file system at most a share of it.

    Args:
        wanted: The setting.
        total_bytes: Size of the file system; 0 where it does not tell.
        share: 20 for at most a twentieth.
    """
    return int(min(wanted, total_bytes // share) if total_bytes else wanted)


def as_text(amount: int) -> str:
    """Return an amount for people: whole MiB, or KiB where it is less than one."""
    for unit in (1 << 20, 1 << 10):
        if amount >= unit:
            return str(Size(amount // unit * unit)) if amount < 1 << 30 else f"{amount / (1 << 30):.1f}GiB"
    return f"{amount}B"
