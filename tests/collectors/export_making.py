"""Datagrams of exporters, byte by byte, as small as they can be."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Sequence
from ipaddress import ip_address

TEMPLATE = 256
OPTIONS = 257

_FIELDS = ((8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (1, 8), (2, 8), (10, 4), (14, 4), (152, 8), (153, 8))
_RECORD = struct.Struct(">4s4sHHBQQIIQQ")


def _set(number: int, body: bytes) -> bytes:
    return struct.pack(">HH", number, 4 + len(body)) + body


def template_set() -> bytes:
    """Return the set that announces what `flows_set` has."""
    fields = b"".join(struct.pack(">HH", *field) for field in _FIELDS)
    return _set(2, struct.pack(">HH", TEMPLATE, len(_FIELDS)) + fields)


def rate_sets(rate: int, domain: int = 0) -> bytes:
    """Return an options template with its one record: the domain samples 1 in `rate` packets (element 34)."""
    template = _set(3, struct.pack(">HHHHHHH", OPTIONS, 2, 1, 149, 4, 34, 4))
    return template + _set(OPTIONS, struct.pack(">II", domain, rate))


def flows_set(count: int, first_port: int = 1024, size_bytes: int = 1000) -> bytes:
    """Return `count` flows of one packet each, told apart by their source port."""
    now_ms = int(time.time() * 1000)
    rows = (
        _RECORD.pack(
            bytes((192, 0, 2, 1)), bytes((198, 51, 100, 2)), first_port + at, 443, 6, size_bytes, 1, 3, 4,
            now_ms - 1000, now_ms - 10,
        )
        for at in range(count)
    )  # fmt: skip
    return _set(TEMPLATE, b"".join(rows))


def ipfix(sequence: int, *sets: bytes, domain: int = 0) -> bytes:
    """Return an IPFIX message."""
    body = b"".join(sets)
    return struct.pack(">HHIII", 10, 16 + len(body), int(time.time()), sequence, domain) + body


def sflow(sequence: int, samples: int, agent: str = "192.0.2.9", rate: int = 64) -> bytes:
    """Return an sFlow v5 datagram with samples of TCP headers."""
    body = b""
    for at in range(samples):
        header = bytes.fromhex("020000000001020000000002" + "0800") + bytes.fromhex(
            "450005dc1234400040060000" + "c0000201" + "c6336402" + "040001bb" + "00000000" * 2 + "5010ffff00000000"
        )
        record = struct.pack(">IIII", 1, 1_518, 4, len(header)) + header + b"\0" * (-len(header) % 4)
        number = sequence * samples + at
        sample = struct.pack(">IIIIIIII", number, 3, rate, number * rate, 0, 3, 4, 1)
        sample += struct.pack(">II", 1, len(record)) + record
        body += struct.pack(">II", 1, len(sample)) + sample
    return struct.pack(">II4sIIII", 5, 1, ip_address(agent).packed, 0, sequence, sequence * 1000, samples) + body


class Exporter:
    """A socket that sends from an address of its own.

    Args:
        target: Where to, as listeners write it.
        source: Its address; every 127.x.y.z is this host's.
    """

    def __init__(self, target: str, source: str | None = None) -> None:
        host, _, port = target.rpartition(":")
        host = host.strip("[]")
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        if source is not None:
            self._socket.bind((source, 0))
        self._socket.connect((host, int(port)))
        self.sent = 0
        self.sequence = 0

    def send(self, *datagrams: bytes) -> None:
        """Send datagrams; on loopback they are in the receiver's socket, or dropped there, when this returns."""
        for datagram in datagrams:
            self._socket.send(datagram)
            self.sent += 1

    def flows(
        self, count: int, *, announce: bool = False, rate: int = 1, domain: int = 0, first_port: int = 1024
    ) -> None:
        """Send an IPFIX message with flows; with `announce` template and rate go before."""
        sets = [template_set(), rate_sets(rate, domain)] if announce else []
        self.send(ipfix(self.sequence, *sets, flows_set(count, first_port), domain=domain))
        self.sequence += count + (1 if announce else 0)

    def close(self) -> None:
        """Close it."""
        self._socket.close()


def rows_of(messages: Sequence[tuple[str, list[tuple[bytes, int, int, int]]]], stream: str) -> int:
    """Return how many rows of a stream were handed over."""
    return sum(rows for name, encoded in messages if name == stream for _, rows, _, _ in encoded)
