"""Programs, links and maps in the kernel: which of them a process holds, and whether the kernel has them still."""

from __future__ import annotations

import ctypes
import os
import platform
import re
import struct
from contextlib import suppress
from pathlib import Path

_BPF = {"x86_64": 321, "aarch64": 280}
_GET_FD_BY_ID = {"prog": 13, "map": 14, "link": 30}


def held_by(pid: int) -> set[int]:
    """Return the ids of the programs that a process holds, by themselves or by their links."""
    return {number for kind, number in everything_of(pid) if kind == "prog"}


def is_loaded(program: int) -> bool:
    """Whether the kernel has a program with this id."""
    return exists("prog", program)


def everything_of(pid: int) -> set[tuple[str, int]]:
    """Return all programs, links and maps that a process holds: (`prog`, `link` or `map`, id)."""
    found = set()
    for entry in Path(f"/proc/{pid}/fdinfo").iterdir():
        with suppress(OSError):
            told = re.findall(r"^(prog|link|map)_id:\s*(\d+)$", entry.read_text(), re.MULTILINE)
            found |= {(kind, int(number)) for kind, number in told}
    return found


def exists(kind: str, number: int) -> bool:
    """Whether the kernel has such a thing: `prog`, `link` or `map`."""
    attribute = ctypes.create_string_buffer(struct.pack("=IIII", number, 0, 0, 0), 64)
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor: int = libc.syscall(_BPF[platform.machine()], _GET_FD_BY_ID[kind], attribute, len(attribute))
    if descriptor >= 0:
        os.close(descriptor)
    return descriptor >= 0
