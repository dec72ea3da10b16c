"""Why the kernel refuses a probe: what is missing, for a person."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from viflux.confinement import effective_capabilities
from viflux.profiles import PROBES

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Refusal:
    """Why a probe does not run.

    Attributes:
        reason: One clause: what is missing.
        remedy: One clause: what to do.
    """

    reason: str
    remedy: str


def refusal(probe: str, error: OSError) -> Refusal:
    """Return what is missing for a probe that the kernel refused."""
    needs = PROBES[probe]
    if error.errno in (errno.EPERM, errno.EACCES):
        if missing := lacking(needs.capabilities):
            reason = f"{listed(missing)} {'is' if len(missing) == 1 else 'are'} missing"
            return Refusal(reason, f"start it as root, or give the agent {listed(needs.capabilities)}")
        return Refusal(f"bpf(2) is refused though no capability is missing, by {who_refuses()}", _ALLOW_BPF)
    if error.errno == errno.ENOSYS:
        return Refusal(f"bpf(2) is not there: the kernel has no BPF, or {who_refuses()} hides it", _ALLOW_BPF)
    return Refusal(f"{error.strerror or error}; that needs {needs.kernel}", f"run {needs.kernel}")


_ALLOW_BPF = "have bpf(2) allowed there (seccomp profile, lockdown, policy), or run a kernel that has BPF"


def lacking(needed: Sequence[str]) -> list[str]:
    """Return those of some capabilities that this thread does not have."""
    held = effective_capabilities()
    return [name for name in needed if name not in held]


def listed(names: Sequence[str]) -> str:
    """Return names as one says them: `A, B and C`."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def who_refuses() -> str:
    """Return who stands between this process and the kernel, as far as it can be seen."""
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    if status.partition("\nSeccomp:")[2].split()[:1] == ["2"]:
        return "a seccomp filter of this container or unit"
    lockdown = Path("/sys/kernel/security/lockdown")
    if os.access(lockdown, os.R_OK) and "[confidentiality]" in lockdown.read_text(encoding="ascii"):
        return "the kernel's lockdown (confidentiality)"
    return "a security module (AppArmor, SELinux, …)"
