"""Capture files of every form around the same frames."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

MICROSECONDS, NANOSECONDS = 0xA1B2C3D4, 0xA1B23C4D
ETHERNET, RAW, LOOP, SLL, SLL2, NULL, IPV4, IPV6 = 1, 101, 108, 113, 276, 0, 228, 229

Frames = Iterable[tuple[int, bytes]]
"""Time in ns, and bytes."""


def pcap(frames: Frames, *, order: str = "<", magic: int = MICROSECONDS, link: int = ETHERNET) -> bytes:
    """Return a pcap file."""
    tick = 1 if magic == NANOSECONDS else 1_000
    parts = [struct.pack(f"{order}IHHiIII", magic, 2, 4, 0, 0, 262_144, link)]
    for time_ns, frame in frames:
        seconds, rest = divmod(time_ns, 1_000_000_000)
        parts.append(struct.pack(f"{order}IIII", seconds, rest // tick, len(frame), len(frame)) + frame)
    return b"".join(parts)


def block(order: str, kind: int, body: bytes) -> bytes:
    """Return a block of a pcapng file."""
    body += bytes(-len(body) % 4)
    length = struct.pack(f"{order}I", len(body) + 12)
    return struct.pack(f"{order}I", kind) + length + body + length


def section(order: str = "<", links: Sequence[int] = (ETHERNET,)) -> bytes:
    """Return the beginning of a pcapng file, or a new section of one: interfaces with nanoseconds."""
    header = block(order, 0x0A0D0D0A, struct.pack(f"{order}IHHq", 0x1A2B3C4D, 1, 0, -1))
    option = struct.pack(f"{order}HHBxxxHH", 9, 1, 9, 0, 0)
    return header + b"".join(block(order, 1, struct.pack(f"{order}HHI", link, 0, 0) + option) for link in links)


def enhanced(frames: Frames, order: str = "<", interface: int = 0) -> bytes:
    """Return enhanced packet blocks."""
    parts = []
    for time_ns, frame in frames:
        head = struct.pack(f"{order}IIIII", interface, time_ns >> 32, time_ns & 0xFFFFFFFF, len(frame), len(frame))
        parts.append(block(order, 6, head + frame))
    return b"".join(parts)


def pcapng(frames: Frames, order: str = "<", link: int = ETHERNET) -> bytes:
    """Return a pcapng file of one section and interface."""
    return section(order, (link,)) + enhanced(frames, order)


def frames_of(file: bytes) -> list[tuple[int, bytes]]:
    """Return the frames of a pcap file as `tests.captures` writes them: little-endian, microseconds."""
    frames, at = [], 24
    while at < len(file):
        seconds, micros, length, _ = struct.unpack_from("<IIII", file, at)
        frames.append((seconds * 1_000_000_000 + micros * 1_000, file[at + 16 : at + 16 + length]))
        at += 16 + length
    return frames


def linked(frame: bytes, link: int) -> bytes:
    """Return an untagged Ethernet frame as another link type has it."""
    kind, packet = frame[12:14], frame[14:]
    family = 2 if kind == b"\x08\x00" else 10
    return {
        ETHERNET: frame,
        RAW: packet,
        IPV4: packet,
        IPV6: packet,
        LOOP: struct.pack("!I", family) + packet,
        NULL: struct.pack("<I", family) + packet,
        SLL: struct.pack("!HHH8s2s", 0, 1, 6, frame[6:12] + bytes(2), kind) + packet,
        SLL2: struct.pack("!2sHIHBB8s", kind, 0, 3, 1, 0, 6, frame[6:12] + bytes(2)) + packet,
    }[link]
