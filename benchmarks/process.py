"""CPU time and memory of a process, as the kernel accounts them."""

from __future__ import annotations

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """Return user and system time since the process began (proc(5), stat, fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def thread_seconds(pid: int) -> dict[str, list[float]]:
    """Return the same of each thread that lives, by name; a name has at most 15 bytes."""
    found: dict[str, list[float]] = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            head, _, fields = (task / "stat").read_text(encoding="utf-8").rpartition(")")
        except FileNotFoundError:
            continue
        spent = fields.split()
        found.setdefault(head.partition("(")[2], []).append((int(spent[11]) + int(spent[12])) / _TICKS)
    return found


def resident_megabytes(pid: int) -> float:
    """Return RSS in MB (10⁶ bytes)."""
    return _kilobytes(f"/proc/{pid}/status", "VmRSS:") * 1024 / 1e6


def proportional_megabytes(pid: int) -> float:
    """Return PSS in MB (10⁶ bytes)."""
    return _kilobytes(f"/proc/{pid}/smaps_rollup", "Pss:") * 1024 / 1e6


def children(pid: int) -> list[int]:
    """Return a process and everything below it."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text(encoding="utf-8").split():
            found += children(int(child))
    return found


def _kilobytes(path: str, key: str) -> int:
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        if line.startswith(key):
            return int(line.split()[1])
    raise LookupError(f"{path} has no {key}")
