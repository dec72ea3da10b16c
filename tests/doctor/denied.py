"""Runs a command to which the kernel refuses bpf(2), by a real seccomp filter: `python denied.py COMMAND …`."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys

_BPF = {"x86_64": 321, "aarch64": 280}
# linux/prctl.h and linux/seccomp.h
_NO_NEW_PRIVS, _SECCOMP, _FILTER = 38, 22, 2
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def deny_bpf() -> None:
    """Refuse bpf(2) with EPERM to this process and all that it starts."""
    instructions = b"".join(
        struct.pack("=HBBI", *one)
        for one in (
            (0x20, 0, 0, 0),  # the number of the call
            (0x15, 0, 1, _BPF[platform.machine()]),
            (0x06, 0, 0, _ERRNO | errno.EPERM),
            (0x06, 0, 0, _ALLOW),
        )
    )
    text = ctypes.create_string_buffer(instructions, len(instructions))
    libc = ctypes.CDLL(None, use_errno=True)
    program = _Program(len(instructions) // 8, ctypes.addressof(text))
    zero = ctypes.c_ulong(0)
    if libc.prctl(_NO_NEW_PRIVS, ctypes.c_ulong(1), zero, zero, zero) or libc.prctl(
        _SECCOMP, ctypes.c_ulong(_FILTER), ctypes.byref(program), zero, zero
    ):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


if __name__ == "__main__":
    deny_bpf()
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 - the command is the test's own
