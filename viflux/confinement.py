"""What a process gives up before it touches foreign input: files, connections, capabilities, user, life.

Each function acts on the calling process through the kernel's own interface: Landlock (`landlock(7)`, Linux
5.13; TCP since 6.7), `capabilities(7)`, `prctl(2)`. Call them in the order `become`, `die_with_parent`,
`confine`, `drop_all_capabilities`: a change of user clears the parent-death signal, and it needs the
capabilities that the last step drops.
"""

from __future__ import annotations

import ctypes
import errno
import grp
import os
import pwd
import signal
import stat
import struct
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_libc = ctypes.CDLL(None, use_errno=True)

# linux/landlock.h; these three system calls have the same number on every architecture.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_FOR_VERSION = 1
_RULE_PATH_BENEATH = 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_TRUNCATE, _IOCTL_DEV = 1 << 14, 1 << 15
_REMOVE_FILE, _MAKE_SOCK = 1 << 5, 1 << 9
_SOCKETS = _REMOVE_FILE | _MAKE_SOCK
_READING = _EXECUTE | _READ_FILE | _READ_DIR
_FILE_RIGHTS = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
_CONNECT_TCP = 1 << 1
_FIRST_ABI_WITH_TCP = 4
_FIRST_ABI_WITH_SCOPES = 6

# linux/prctl.h
_SET_PDEATHSIG, _SET_DUMPABLE, _CAPBSET_READ, _CAPBSET_DROP, _SET_NO_NEW_PRIVS, _CAP_AMBIENT = 1, 4, 23, 24, 38, 47
_AMBIENT_CLEAR_ALL = 4

# linux/capability.h: version 3 of the interface has two 32-bit words for each set.
_CAPABILITY_VERSION = 0x20080522
_CAPABILITIES = """
CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE
NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT
SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP
MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE
"""
_NUMBER_OF = {f"CAP_{name}": number for number, name in enumerate(_CAPABILITIES.split())}


@dataclass(frozen=True)
class LandlockReport:
    """What the kernel enforces after `confine`.

    Attributes:
        abi: Version of Landlock in this kernel; 0 when there is none.
        files: The allow-list of paths holds.
        tcp_denied: TCP connections are refused.
        missing: What was asked for and does not hold, for one log line at start; empty when all holds.
    """

    abi: int
    files: bool
    tcp_denied: bool
    missing: str


def confine(
    writable: Sequence[Path], readable: Sequence[Path], tcp_connect: bool, sockets: Sequence[Path] = ()
) -> LandlockReport:
    """Limit this process, and all that it starts, to some paths and (optionally) to no new TCP connections.

    Landlock binds the calling thread and what it creates later, so this must come before the first thread.
    Files that are open already stay usable. UDP is not covered. There is no way back.

    Args:
        writable: Folders and files with every right; left out where they do not exist.
        readable: Folders and files that may be read and executed; left out where they do not exist.
        sockets: Folders in which unix sockets may be made, renamed and removed; nothing in them can be read.
        tcp_connect: Whether `connect()` to TCP ports stays allowed. Accepting connections always does.

    Returns:
        What holds now. Where the kernel lacks Landlock nothing is enforced, and the report says so.

    Raises:
        RuntimeError: The process has more than one thread.
        OSError: The kernel has Landlock but refused the rules.
    """
    if (threads := _thread_count()) > 1:
        raise RuntimeError(f"confine() was called with {threads} threads; Landlock would bind only one")
    if not (abi := landlock_abi()):
        reason = os.strerror(ctypes.get_errno())
        missing = f"the kernel has no Landlock ({reason})"
        return LandlockReport(0, files=False, tcp_denied=False, missing=missing)
    handled = _rights_of(abi)
    can_deny_tcp = abi >= _FIRST_ABI_WITH_TCP
    denied_net = _CONNECT_TCP if can_deny_tcp and not tcp_connect else 0
    attributes = struct.pack("=QQQ", handled, denied_net, 0)
    size = 24 if abi >= _FIRST_ABI_WITH_SCOPES else 16 if can_deny_tcp else 8
    ruleset = _checked(_libc.syscall(_CREATE_RULESET, attributes[:size], ctypes.c_size_t(size), ctypes.c_uint32(0)))
    try:
        for path in readable:
            _allow(ruleset, path, handled & _READING)
        for path in sockets:
            _allow(ruleset, path, handled & _SOCKETS)
        for path in writable:
            _allow(ruleset, path, handled)
        forbid_new_privileges()
        _checked(_libc.syscall(_RESTRICT_SELF, ruleset, ctypes.c_uint32(0)))
    finally:
        os.close(ruleset)
    missing = ""
    if not tcp_connect and not can_deny_tcp:
        missing = f"Landlock of this kernel (ABI {abi}) cannot deny TCP connections"
    return LandlockReport(abi, files=True, tcp_denied=bool(denied_net), missing=missing)


def landlock_abi() -> int:
    """Return the version of Landlock in this kernel; 0 where there is none, and why is in the C library's errno."""
    abi: int = _libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_ASK_FOR_VERSION))
    return max(abi, 0)


def forbid_new_privileges() -> None:
    """Set `no_new_privs`: no program that is executed from here on can gain a privilege."""
    _prctl(_SET_NO_NEW_PRIVS, 1)


def drop_all_capabilities() -> None:
    """Give up every capability in every set for good; no new privileges."""
    keep_capabilities(())


def keep_capabilities(names: Iterable[str]) -> tuple[str, ...]:
    """Give up every capability but these (`CAP_NET_ADMIN`, …), also for what is executed later.

    It also sets `no_new_privs`.

    Returns:
        The named capabilities that this process did not have, and so has not now.

    Raises:
        ValueError: A name is not a capability.
        OSError: The kernel refused.
    """
    wanted = 0
    for name in names:
        if name not in _NUMBER_OF:
            raise ValueError(f"{name} is not a capability; expected a name such as CAP_NET_ADMIN")
        wanted |= 1 << _NUMBER_OF[name]
    had = _permitted()
    forbid_new_privileges()
    _prctl(_CAP_AMBIENT, _AMBIENT_CLEAR_ALL)
    _limit_bounding_set(wanted)
    _set_capabilities(wanted & had)
    return tuple(name for name, number in _NUMBER_OF.items() if (wanted & ~had) >> number & 1)


def effective_capabilities() -> frozenset[str]:
    """Return the names of what the calling thread may do now, such as `CAP_NET_ADMIN` (proc(5), `CapEff`)."""
    status = Path("/proc/thread-self/status").read_text(encoding="ascii")
    held = int(status.partition("CapEff:")[2].split()[0], 16)
    return frozenset(name for name, number in _NUMBER_OF.items() if held >> number & 1)


def become(user: str, must_read: Sequence[Path] = ()) -> str | None:
    """Change from root to a user, with that user's groups.

    Args:
        user: Name in the user database.
        must_read: Paths that the user must be able to read, besides the interpreter and this package.

    Returns:
        None when the change was made or this process is not root; otherwise why it was not made.

    Raises:
        OSError: The kernel refused the change although all was well.
    """
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        return f"user {user} does not exist"
    if entry.pw_uid == 0:
        return f"user {user} is root"
    groups = [entry.pw_gid, *(group.gr_gid for group in grp.getgrall() if user in group.gr_mem)]
    paths = [*_installation(), *must_read]
    if (unreadable := _unreadable_for(entry.pw_uid, groups, paths)) is not None:
        return f"user {user} cannot read {unreadable}"
    _limit_bounding_set(0)  # the user will lack CAP_SETPCAP for it
    _change_user(entry.pw_uid, groups)
    # A change of user takes the process's own /proc files away from it (/proc/self/auxv is needed to load the engine).
    # Nothing of root's is in its memory that another process of the new user may not see.
    _prctl(_SET_DUMPABLE, 1)
    return None


def die_with_parent(parent_pid: int) -> None:
    """Have the kernel kill this process (SIGKILL) when its parent ends, or has ended already.

    Call it after the last change of user, which clears the wish. The kernel looks at the parent's *thread*:
    it must be one that lives as long as the parent, such as its main thread.

    Args:
        parent_pid: The parent's id, taken before this process was started.
    """
    _prctl(_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:
        os.kill(os.getpid(), signal.SIGKILL)


def _rights_of(abi: int) -> int:
    # ABI 2 adds REFER, 3 TRUNCATE, 5 IOCTL_DEV. An unknown bit makes the kernel refuse the whole ruleset.
    bits = 13 if abi == 1 else 14 if abi == 2 else 15 if abi < 5 else 16
    return (1 << bits) - 1


def _allow(ruleset: int, path: Path, rights: int) -> None:
    try:
        beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(beneath).st_mode):
            rights &= _FILE_RIGHTS
        rule = struct.pack("=Qi", rights, beneath)
        _checked(_libc.syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, rule, ctypes.c_uint32(0)))
    finally:
        os.close(beneath)


def _limit_bounding_set(wanted: int) -> None:
    for number in range(64):
        if wanted >> number & 1:
            continue
        present = _libc.prctl(_CAPBSET_READ, number, 0, 0, 0)
        if present < 0:  # past the last capability that this kernel knows
            break
        # Without CAP_SETPCAP the bounding set stays, and no_new_privs alone keeps an exec from using it.
        with suppress(PermissionError):
            _prctl(_CAPBSET_DROP, number)


def _permitted() -> int:
    header, data = struct.pack("=Ii", _CAPABILITY_VERSION, 0), ctypes.create_string_buffer(24)
    _checked(_libc.capget(header, data))
    _, permitted_low, _, _, permitted_high, _ = struct.unpack("=6I", data.raw)
    return int(permitted_low | permitted_high << 32)


def _set_capabilities(permitted: int) -> None:
    low, high = permitted & 0xFFFFFFFF, permitted >> 32
    header = struct.pack("=Ii", _CAPABILITY_VERSION, 0)
    _checked(_libc.capset(header, struct.pack("=6I", low, low, 0, high, high, 0)))


def _installation() -> list[Path]:
    package = Path(__file__).resolve().parent
    return [Path(sys.executable), Path(os.__file__), package / "__init__.py"]


def _unreadable_for(uid: int, groups: list[int], paths: Sequence[Path]) -> Path | None:
    # Only the kernel knows what ACLs, mounts and modes allow together, so a child changes its user and asks.
    child = os.fork()
    if child == 0:
        index = len(paths)
        try:
            _change_user(uid, groups)
            index = next((i for i, path in enumerate(paths) if not os.access(path, os.R_OK)), len(paths))
        finally:
            os._exit(min(index, 255))
    _, status = os.waitpid(child, 0)
    index = os.waitstatus_to_exitcode(status)
    return paths[index] if 0 <= index < len(paths) else None


def _change_user(uid: int, groups: list[int]) -> None:
    os.setgroups(groups)
    os.setresgid(groups[0], groups[0], groups[0])
    os.setresuid(uid, uid, uid)


def _thread_count() -> int:
    try:
        return sum(1 for _ in Path("/proc/self/task").iterdir())
    except OSError:  # no /proc: take the caller's word
        return 1


def _prctl(option: int, argument: int) -> None:
    unused = ctypes.c_ulong(0)
    _checked(_libc.prctl(option, ctypes.c_ulong(argument), unused, unused, unused))


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno() or errno.EIO
        raise OSError(number, os.strerror(number))
    return result
