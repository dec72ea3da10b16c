"""Programs of somebody else at tcx and clsact, such as a CNI's: a few instructions, loaded without a library."""

from __future__ import annotations

import ctypes
import json
import os
import platform
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.lab.network import run
from tests.lab.programs import held_by

_BPF = {"x86_64": 321, "aarch64": 280}
_PROG_LOAD, _PROG_QUERY, _LINK_CREATE = 5, 16, 28
_SCHED_CLS = 3
_MOST = 64
INGRESS, EGRESS = 46, 47
# linux/rtnetlink.h, linux/pkt_sched.h: REQUEST, ACK, EXCL and CREATE; protocol ETH_P_ALL in the order of the network.
_NEWTFILTER, _CREATE, _NESTED = 44, 0x605, 0x8000
_CLSACT_INGRESS, _ETH_P_ALL = 0xFFFFFFF2, socket.htons(3)
NEXT, DROP, REDIRECT, REDIRECT_PEER = -1, 2, 7, 1007
_HELPERS = {REDIRECT: 23, REDIRECT_PEER: 155}
_libc = ctypes.CDLL(None, use_errno=True)


def _bpf(command: int, attribute: ctypes.Array[ctypes.c_char]) -> int:
    code: int = _libc.syscall(_BPF[platform.machine()], command, attribute, len(attribute))
    if code < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return code


def _instruction(code: int, to: int, of: int, offset: int, value: int) -> bytes:
    return struct.pack("=BBhi", code, of << 4 | to, offset, value)


def longer_than(size: int, then: int, redirect_to: int = 0) -> bytes:
    """A program that says `then` to packets of more bytes than `size`, and next to all others.

    Args:
        size: Of the frame.
        then: `DROP`, `REDIRECT` to egress of an interface, or `REDIRECT_PEER` to ingress of the veth's other end.
        redirect_to: Its ifindex.
    """
    answer = [_instruction(0xB7, 0, 0, 0, then)]
    if then in _HELPERS:
        # bpf_redirect or bpf_redirect_peer; the arguments are the interface and flags.
        answer = [
            _instruction(0xB7, 1, 0, 0, redirect_to),
            _instruction(0xB7, 2, 0, 0, 0),
            _instruction(0x85, 0, 0, 0, _HELPERS[then]),
        ]
    return b"".join(
        [
            _instruction(0x61, 3, 1, 0, 0),  # the length of the packet
            _instruction(0xB7, 0, 0, 0, NEXT),
            _instruction(0xB5, 3, 0, len(answer), size),  # not longer: on to the exit
            *answer,
            _instruction(0x95, 0, 0, 0, 0),
        ]
    )


@contextmanager
def _loaded(program: bytes) -> Iterator[int]:
    text = ctypes.create_string_buffer(program, len(program))
    licence = ctypes.create_string_buffer(b"GPL")
    load = struct.pack("=IIQQ", _SCHED_CLS, len(program) // 8, ctypes.addressof(text), ctypes.addressof(licence))
    loaded = _bpf(_PROG_LOAD, ctypes.create_string_buffer(load, 128))
    try:
        yield loaded
    finally:
        os.close(loaded)


@contextmanager
def attached(program: bytes, ifname: str, where: int) -> Iterator[None]:
    """Have the program at the end of those at an interface."""
    with _loaded(program) as loaded:
        create = struct.pack("=IIII", loaded, socket.if_nametoindex(ifname), where, 0)
        link = _bpf(_LINK_CREATE, ctypes.create_string_buffer(create, 64))
        try:
            yield
        finally:
            os.close(link)


@contextmanager
def filtered(program: bytes, ifname: str, *, priority: int = 0) -> Iterator[None]:
    """Have the program as a filter at the ingress of an interface that has a clsact.

    Args:
        program: Its verdict is the filter's.
        ifname: The interface.
        priority: Lower ones see a packet first; 0: as the kernel chooses, which is what most tools do.
    """
    place = struct.pack("=BxxxIIII", 0, socket.if_nametoindex(ifname), 0, _CLSACT_INGRESS, priority << 16 | _ETH_P_ALL)
    with _loaded(program) as loaded:
        options = _attribute(6, struct.pack("=I", loaded)) + _attribute(7, b"somebody\0") + _attribute(8, b"\1\0\0\0")
        body = place + _attribute(1, b"bpf\0") + _attribute(2 | _NESTED, options)
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as asking:
            asking.send(struct.pack("=IHHII", 16 + len(body), _NEWTFILTER, _CREATE, 1, 0) + body)
            (code,) = struct.unpack_from("=i", asking.recv(1 << 16), 16)
        if code:
            raise OSError(-code, os.strerror(-code))
    try:
        yield
    finally:
        for number in {one["pref"] for one in filters(ifname, "ingress") if one.get("name") == "somebody"}:
            run("tc", "filter", "del", "dev", ifname, "ingress", "pref", str(number))


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def filters(ifname: str, side: str) -> list[dict[str, Any]]:
    """Return the filters at a side of an interface, as tc lists them: number of the program, name and priority."""
    listed = json.loads(run("tc", "-j", "filter", "show", "dev", ifname, side) or "[]")
    return [
        {"pref": one["pref"], "name": one["options"].get("bpf_name"), "program": one["options"]["prog"]["id"]}
        for one in listed
        if "prog" in one.get("options", {})
    ]


def has_clsact(ifname: str) -> bool:
    """Whether an interface has a clsact."""
    return any(one["kind"] == "clsact" for one in json.loads(run("tc", "-j", "qdisc", "show", "dev", ifname)))


def held(ifname: str, where: int, pid: int | None = None) -> set[int]:
    """Return the ids of the programs at tcx of an interface that a process holds; others' beside them are not told.

    Args:
        ifname: The interface; where there is none of that name, nothing is at it.
        where: `INGRESS` or `EGRESS`.
        pid: The process; this one by default.
    """
    try:
        index = socket.if_nametoindex(ifname)
    except OSError:
        return set()
    ids = (ctypes.c_uint32 * _MOST)()
    asked = struct.pack("=IIIIQI", index, where, 0, 0, ctypes.addressof(ids), _MOST)
    query = ctypes.create_string_buffer(asked, 64)
    _bpf(_PROG_QUERY, query)
    (found,) = struct.unpack_from("=I", query, 24)
    return set(ids[:found]) & held_by(pid or os.getpid())
