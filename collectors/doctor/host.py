"""What the kernel and this machine are like, as far as it matters to the agent; each is read, none is changed."""

from __future__ import annotations

import ctypes
import os
import resource
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from collectors import _native
from collectors.agent import refusal, view
from viflux.doctor.finding import Finding, State
from viflux.profiles import SEES_ALL_NAMESPACES, capabilities, wanted

if TYPE_CHECKING:
    from collections.abc import Callable

    from viflux.settings import Settings

LEAST_KERNEL = (5, 14)
"""What Viflux is made for; single programs need other kernels."""

# bpf(2) counts the memory of maps for the cgroup since 5.11, before that against RLIMIT_MEMLOCK.
_COUNTS_BY_CGROUP = (5, 11)
_TYPES = Path("/sys/kernel/btf/vmlinux")
# The first two bytes of type information (include/uapi/linux/btf.h), in either byte order.
_TYPES_MAGIC = (b"\x9f\xeb", b"\xeb\x9f")
# adjtimex(2): TIME_ERROR, the clock is not synchronised; struct timex has 208 bytes.
_TIME_ERROR, _TIMEX_BYTES = 5, 256


def findings(settings: Settings) -> list[Finding]:
    """Return what is to be said of this host."""
    examiners: tuple[Callable[[Settings], Finding], ...] = (
        _kernel,
        _types,
        _capabilities,
        _namespaces,
        _refusals,
        _paranoid,
        _unprivileged,
        _locked_memory,
        _hidden_processes,
        _clock,
    )
    return [examine(settings) for examine in examiners]


def kernel_version() -> tuple[int, int]:
    """Return the first two numbers of the kernel's release."""
    numbers = os.uname().release.split("-")[0].split(".")
    return int(numbers[0]), int(numbers[1])


def _kernel(_: Settings) -> Finding:
    release = os.uname().release
    if kernel_version() >= LEAST_KERNEL:
        return Finding("host", "kernel", "ok", f"Linux {release}")
    least = f"Linux {LEAST_KERNEL[0]}.{LEAST_KERNEL[1]} or newer"
    return Finding("host", "kernel", "limited", f"Linux {release}", needs=least, remedy=f"run {least}")


def _types(_: Settings) -> Finding:
    try:
        with _TYPES.open("rb") as types:
            is_there = types.read(2) in _TYPES_MAGIC
    except OSError as error:
        is_there, reason = False, error.strerror
    else:
        reason = "no type information in it"
    if is_there:
        return Finding("host", "btf", "ok", f"the kernel's types are in {_TYPES}")
    remedy = "run a kernel with CONFIG_DEBUG_INFO_BTF, and give containers its /sys; else agent.profile=flows"
    return Finding("host", "btf", "limited", f"{_TYPES}: {reason}; the probe drop needs it", remedy=remedy)


def _capabilities(settings: Settings) -> Finding:
    needed = capabilities(wanted(settings), settings)
    lacking = refusal.lacking(needed)
    needs, profile = ", ".join(needed), wanted(settings).name
    if not lacking:
        return Finding("host", "capabilities", "ok", "the agent's are all here").needing(needs, profile)
    remedy = "start the agent as root, or give it these (systemd: AmbientCapabilities= and CapabilityBoundingSet=)"
    found = f"missing: {', '.join(lacking)}"
    return Finding("host", "capabilities", "limited", found, remedy=remedy).needing(needs, profile)


def _namespaces(settings: Settings) -> Finding:
    needs = ", ".join(SEES_ALL_NAMESPACES)
    is_wanted = settings.agent.all_namespaces
    limits = view.limits_of_view(settings) if is_wanted else None
    if not is_wanted:
        found = "only this network namespace is watched, as agent.all_namespaces is false"
        return Finding("host", "namespaces", "ok", found, needs=needs)
    if limits is None:
        return Finding("host", "namespaces", "ok", "all network namespaces can be seen", needs=needs)
    missing = [name for name, _ in _native.missing_capabilities()]
    state: State = "missing" if "CAP_SYS_ADMIN" in missing else "limited"
    found, _, _ = limits.partition("; run as root")
    remedy = f"start the agent as root, or give it {', '.join(missing)}, or set agent.all_namespaces=false"
    return Finding("host", "namespaces", state, found, needs=needs, remedy=remedy)


def _refusals(_: Settings) -> Finding:
    status = _text("/proc/self/status")
    seccomp = status.partition("\nSeccomp:")[2].split()[:1]
    filtered = "a seccomp filter is on (the probes' lines say whether it lets bpf(2) through)"
    parts = [filtered if seccomp == ["2"] else "no seccomp filter"]
    lockdown = _text("/sys/kernel/security/lockdown")
    mode = lockdown.partition("[")[2].partition("]")[0] or "none"
    parts.append(f"lockdown {mode}")
    if mode == "confidentiality":
        return Finding("host", "refusals", "limited", "; ".join(parts), remedy="boot with lockdown=integrity or none")
    return Finding("host", "refusals", "limited" if seccomp == ["2"] else "ok", "; ".join(parts))


def _paranoid(_: Settings) -> Finding:
    value = _text("/proc/sys/kernel/perf_event_paranoid").strip() or "not there"
    found = f"kernel.perf_event_paranoid is {value}"
    if "CAP_PERFMON" in refusal.lacking(("CAP_PERFMON",)):
        return Finding("host", "perf_events", "ok", f"{found}; it decides nothing here: programs need CAP_PERFMON")
    return Finding("host", "perf_events", "ok", f"{found}; CAP_PERFMON passes it, whatever it is")


def _unprivileged(_: Settings) -> Finding:
    value = _text("/proc/sys/kernel/unprivileged_bpf_disabled").strip() or "not there"
    meaning = "CAP_BPF passes it" if value != "0" else "it should be 1 or 2, but Viflux does not need either"
    return Finding("host", "unprivileged_bpf", "ok", f"kernel.unprivileged_bpf_disabled is {value}; {meaning}")


def _locked_memory(_: Settings) -> Finding:
    if kernel_version() >= _COUNTS_BY_CGROUP:
        return Finding("host", "memlock", "ok", "the kernel counts memory of maps for the cgroup, not by memlock")
    soft, _hard = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    if soft == resource.RLIM_INFINITY or "CAP_SYS_RESOURCE" not in refusal.lacking(("CAP_SYS_RESOURCE",)):
        return Finding("host", "memlock", "ok", "locked memory is not limited")
    found = f"locked memory is limited to {soft} bytes, and this kernel counts maps in it"
    return Finding("host", "memlock", "limited", found, remedy="raise it: LimitMEMLOCK=infinity, ulimit -l unlimited")


def _hidden_processes(settings: Settings) -> Finding:
    options = next((line.split()[3] for line in _text("/proc/mounts").splitlines() if line.split()[1] == "/proc"), "")
    hidden = next((one for one in options.split(",") if one.startswith(("hidepid=", "subset="))), "")
    if not hidden or hidden in ("hidepid=0", "hidepid=off"):
        return Finding("host", "proc", "ok", "/proc shows all processes")
    if not settings.agent.all_namespaces or not refusal.lacking(("CAP_SYS_PTRACE",)):
        return Finding("host", "proc", "ok", f"/proc is mounted with {hidden}; CAP_SYS_PTRACE passes it")
    found = f"/proc is mounted with {hidden}: namespaces and owners behind hidden processes are not found"
    return Finding("host", "proc", "limited", found, remedy="give the agent CAP_SYS_PTRACE")


def _clock(_: Settings) -> Finding:
    buffer = ctypes.create_string_buffer(_TIMEX_BYTES)
    libc = ctypes.CDLL(None, use_errno=True)
    state = libc.adjtimex(buffer)
    if state < 0:
        return Finding("host", "clock", "unknown", f"adjtimex(2): {os.strerror(ctypes.get_errno())}")
    if state != _TIME_ERROR:
        return Finding("host", "clock", "ok", "the kernel's clock is synchronised")
    found = "the kernel does not know its clock as synchronised; rows of several hosts may not fit together"
    return Finding("host", "clock", "limited", found, remedy="run chrony, systemd-timesyncd or ptp4l on this machine")


def _text(path: str) -> str:
    with suppress(OSError):
        return Path(path).read_text(encoding="utf-8", errors="replace")
    return ""
