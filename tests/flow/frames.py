"""Frames of flows, plain and with options of IP in turn, sent inside a namespace: `frames.py INTERFACE SHAPES`.

SHAPES is a JSON list of `Shape`. Options of IP are in no flow's key, so both kinds of frame are of one flow.
"""

from __future__ import annotations

import json
import socket
import struct
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass

ETHERNET, TAG = 14, 4
TURNS = 4
"""So many frames of each kind, a plain one first."""
_SOL_PACKET, _PACKET_VNET_HDR = 263, 15
_NEEDS_CHECKSUM = 1
_GSO = {(4, 6): 1, (6, 6): 4, (4, 17): 5, (6, 17): 5}
"""linux/virtio_net.h, by IP's version and protocol."""


@dataclass(frozen=True)
class Shape:
    """What the frames of one flow are like.

    Attributes:
        version: Of IP, 4 or 6.
        protocol: 6 (TCP) or 17 (UDP).
        port: Destination port.
        vlan: 802.1Q tag, 0 for none.
        gso_size: Payload of a segment where the kernel is to cut the frame up, else 0.
        payload: Bytes behind the transport header, in each frame.
    """

    version: int
    protocol: int
    port: int
    vlan: int
    gso_size: int
    payload: int

    def options(self, is_plain: bool) -> int:
        """Bytes of IP's options or extension header."""
        return 0 if is_plain else 4 if self.version == 4 else 8

    def headers(self, is_plain: bool) -> int:
        """Bytes before the payload, without a tag."""
        return ETHERNET + (20 if self.version == 4 else 40) + self.options(is_plain) + (20 if self.protocol == 6 else 8)

    def segments(self) -> int:
        """Packets that a frame is on a wire."""
        return -(-self.payload // self.gso_size) if self.gso_size else 1


def _transport(shape: Shape, turn: int, is_plain: bool) -> bytes:
    if shape.protocol == 17:
        return struct.pack(">HHHH", 4000, shape.port, 8 + shape.payload, 0)
    # Frames with options have one flag, so that the others are known by plain ones alone.
    flags = (0x02, 0x10, 0x18, 0x01)[turn] if is_plain else 0x10
    return struct.pack(">HHIIBBHHH", 4000, shape.port, 0, 0, 5 << 4, flags, 1000, 0, 0)


def _checksum(header: bytes) -> int:
    # RFC 1071; a bridge with filters drops what is wrong.
    total = sum(word for (word,) in struct.iter_unpack(">H", header))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _internet(shape: Shape, behind: int, is_plain: bool) -> bytes:
    options = shape.options(is_plain)
    if shape.version == 4:
        words = (0x45 + options // 4, 0, 20 + options + behind, 1, 0, 64, shape.protocol)
        rest = bytes([192, 0, 2, 1, 192, 0, 2, 2]) + bytes([1] * options)
        checksum = _checksum(struct.pack(">BBHHHBBH", *words, 0) + rest)
        return struct.pack(">BBHHHBBH", *words, checksum) + rest
    addresses = b"".join(socket.inet_pton(socket.AF_INET6, f"2001:db8:9::{end}") for end in (1, 2))
    following = bytes([shape.protocol, 0, 1, 4, 0, 0, 0, 0]) if options else b""
    front = struct.pack(">IHBB", 6 << 28, options + behind, 60 if options else shape.protocol, 64)
    return front + addresses + following


def frames(shape: Shape) -> Iterator[bytes]:
    """Each with the header in front that tells the kernel of GSO."""
    for turn in range(TURNS):
        for is_plain in (True, False):
            transport = _transport(shape, turn, is_plain)
            internet = _internet(shape, len(transport) + shape.payload, is_plain)
            tag = struct.pack(">HH", 0x8100, shape.vlan) if shape.vlan else b""
            link = b"\xff" * 6 + b"\x02" + bytes(5) + tag + (b"\x08\x00" if shape.version == 4 else b"\x86\xdd")
            start = len(link) + len(internet)
            offload = bytes(10)
            if shape.gso_size:
                kind = _GSO[shape.version, shape.protocol]
                checksum = 16 if shape.protocol == 6 else 6
                length = start + len(transport)
                offload = struct.pack("=BBHHHH", _NEEDS_CHECKSUM, kind, length, shape.gso_size, start, checksum)
            yield offload + link + internet + transport + bytes(shape.payload)


def words(shapes: list[Shape]) -> str:
    """Return the shapes as an argument of this program."""
    return json.dumps([asdict(shape) for shape in shapes])


def _send(interface: str, shapes: list[Shape]) -> None:
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sender:
        sender.setsockopt(_SOL_PACKET, _PACKET_VNET_HDR, 1)
        sender.bind((interface, 0))
        for shape in shapes:
            for frame in frames(shape):
                sender.send(frame)


if __name__ == "__main__":
    _send(sys.argv[1], [Shape(**shape) for shape in json.loads(sys.argv[2])])
