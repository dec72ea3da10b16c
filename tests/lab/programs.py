"""Programs in the kernel: which of them a process holds, and whether the kernel has them still."""

from __future__ import annotations

import ctypes
import os
import platform
import re
import struct
from contextlib import suppress
from pathlib import Path

_BPF = {"x86_64": 321, "aarch64": 280}
_PROG_GET_FD_BY_ID = 13


def held_by(pid: int) -> set[int]:
    """Return the ids of the programs that a process holds, by themselves or by their links."""
    found = set()
    for entry in Path(f"/proc/{pid}/fdinfo").iterdir():
        with suppress(OSError):
            found |= {int(number) for number in re.findall(r"^prog_id:\s*(\d+)$", entry.read_text(), re.MULTILINE)}
    return found


def is_loaded(program: int) -> bool:
    """Whether the kernel has a program with this id."""
    attribute = ctypes.create_string_buffer(struct.pack("=IIII", program, 0, 0, 0), 64)
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor: int = libc.syscall(_BPF[platform.machine()], _PROG_GET_FD_BY_ID, attribute, len(attribute))
    if descriptor >= 0:
        os.close(descriptor)
    return descriptor >= 0
