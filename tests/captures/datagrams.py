"""Bytes of frames, export datagrams and capture files: an encoder that shares nothing with the decoders."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterable, Iterator, Sequence

VARIABLE = 65535


def u8(*values: int) -> bytes:
    """Octets."""
    return bytes(values)


def u16(*values: int) -> bytes:
    """16-bit numbers, network order."""
    return struct.pack(f"!{len(values)}H", *values)


def u32(*values: int) -> bytes:
    """32-bit numbers, network order."""
    return struct.pack(f"!{len(values)}I", *values)


def u64(*values: int) -> bytes:
    """64-bit numbers, network order."""
    return struct.pack(f"!{len(values)}Q", *values)


def ip(text: str) -> bytes:
    """Return an address in 4 or 16 bytes."""
    return ipaddress.ip_address(text).packed


def mac(text: str) -> bytes:
    """Return a MAC address."""
    return bytes.fromhex(text.replace(":", ""))


# Frames


def checksum(data: bytes) -> int:
    """Return the internet checksum (RFC 1071)."""
    total = sum(struct.unpack(f"!{len(data) // 2}H", data[: len(data) & ~1])) + (data[-1] << 8 if len(data) % 2 else 0)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def ipv4(
    src: str,
    dst: str,
    protocol: int,
    payload: bytes,
    *,
    tos: int = 0,
    ttl: int = 64,
    identification: int = 1,
    fragment: int = 0,
) -> bytes:
    """Return an IPv4 packet; `fragment` is the whole 16-bit word of flags and offset."""
    head = u8(0x45, tos) + u16(20 + len(payload), identification, fragment) + u8(ttl, protocol)
    ends = ip(src) + ip(dst)
    return head + u16(checksum(head + u16(0) + ends)) + ends + payload


def ipv6(
    src: str, dst: str, next_header: int, payload: bytes, *, label: int = 0, hops: int = 64, traffic: int = 0
) -> bytes:
    """Return an IPv6 packet."""
    return (
        u32(6 << 28 | traffic << 20 | label) + u16(len(payload)) + u8(next_header, hops) + ip(src) + ip(dst) + payload
    )


def udp(src_port: int, dst_port: int, payload: bytes) -> bytes:
    """Return a UDP datagram without a checksum."""
    return u16(src_port, dst_port, 8 + len(payload), 0) + payload


def tcp(src_port: int, dst_port: int, flags: int, payload: bytes = b"") -> bytes:
    """Return a TCP segment without a checksum."""
    return u16(src_port, dst_port) + u32(1, 2) + u16(5 << 12 | flags, 512, 0, 0) + payload


def icmp(kind: int, code: int, payload: bytes = bytes(8)) -> bytes:
    """Return an ICMP message without a checksum."""
    return u8(kind, code) + u16(0) + payload


def ethernet(src: str, dst: str, ether_type: int, payload: bytes, vlans: Sequence[tuple[int, int]] = ()) -> bytes:
    """Return a frame without frame check; `vlans` are (tag protocol, tag) from the outside."""
    tags = b"".join(u16(protocol, tag) for protocol, tag in vlans)
    return mac(dst) + mac(src) + tags + u16(ether_type) + payload


def mpls(labels: Sequence[int], payload: bytes, ttl: int = 64) -> bytes:
    """Return a label stack and what it carries."""
    last = len(labels) - 1
    return b"".join(u32(label << 12 | (place == last) << 8 | ttl) for place, label in enumerate(labels)) + payload


def vxlan(vni: int, frame: bytes) -> bytes:
    """Return a VXLAN header and the frame behind it (RFC 7348)."""
    return u32(0x08000000, vni << 8) + frame


# NetFlow v9 and IPFIX


class Template:
    """A template as (element, length) or (element, length, enterprise) each; `scope` fields come first in options."""

    def __init__(self, number: int, fields: Sequence[tuple[int, ...]], scope: int = 0) -> None:
        self.number = number
        self.fields = [(*field, 0) if len(field) == 2 else field for field in fields]
        self.scope = scope

    def record(self, *values: int | bytes | str) -> bytes:
        """Encode one record; an `int` takes the field's length, a text is an address or a MAC address."""
        assert len(values) == len(self.fields), (len(values), len(self.fields))
        return b"".join(_value(value, length) for value, (_, length, _) in zip(values, self.fields, strict=True))

    def _ipfix_fields(self) -> bytes:
        return b"".join(
            u16(element | 0x8000 if enterprise else element, length) + (u32(enterprise) if enterprise else b"")
            for element, length, enterprise in self.fields
        )

    def ipfix(self) -> bytes:
        """Return the set that defines it in IPFIX."""
        head = u16(self.number, len(self.fields), *([self.scope] if self.scope else []))
        return ipfix_set(3 if self.scope else 2, head + self._ipfix_fields())

    def netflow9(self) -> bytes:
        """Return the flow set that defines it in NetFlow v9."""
        fields = b"".join(u16(element, length) for element, length, _ in self.fields)
        if self.scope:
            return ipfix_set(1, u16(self.number, 4 * self.scope, 4 * (len(self.fields) - self.scope)) + fields, 4)
        return ipfix_set(0, u16(self.number, len(self.fields)) + fields, 4)

    def withdrawal(self) -> bytes:
        """Return the set that withdraws it (RFC 7011, 8.1)."""
        return ipfix_set(3 if self.scope else 2, u16(self.number, 0))

    def data(self, *records: bytes, pad: int = 4) -> bytes:
        """Return a data set of records."""
        return ipfix_set(self.number, b"".join(records), pad)


def _value(value: int | bytes | str, length: int) -> bytes:
    if isinstance(value, str):
        value = mac(value) if value.count(":") == 5 and len(value) == 17 else ip(value)
    if length == VARIABLE:
        assert isinstance(value, bytes)
        return (u8(len(value)) if len(value) < 255 else u8(255) + u16(len(value))) + value
    if isinstance(value, int):
        return value.to_bytes(length, "big")
    return value.ljust(length, b"\0")


def ipfix_set(number: int, body: bytes, pad: int = 1) -> bytes:
    """Return a set, padded to a multiple of `pad`."""
    body += bytes(-len(body) % pad)
    return u16(number, 4 + len(body)) + body


def ipfix(time: int, sequence: int, domain: int, *sets: bytes) -> bytes:
    """Return an IPFIX message (RFC 7011, 3.1)."""
    body = b"".join(sets)
    return u16(10, 16 + len(body)) + u32(time, sequence, domain) + body


def netflow9(time: int, uptime_ms: int, sequence: int, source: int, count: int, *sets: bytes) -> bytes:
    """Return a NetFlow v9 packet (RFC 3954, 5.1)."""
    return u16(9, count) + u32(uptime_ms, time, sequence, source) + b"".join(sets)


def netflow5(
    time: int,
    uptime_ms: int,
    sequence: int,
    records: Sequence[bytes],
    engine: tuple[int, int] = (0, 0),
    sampling: int = 0,
) -> bytes:
    """Return a NetFlow v5 packet; `sampling` is the whole 16-bit word of mode and interval."""
    return u16(5, len(records)) + u32(uptime_ms, time, 0, sequence) + u8(*engine) + u16(sampling) + b"".join(records)


# sFlow


def opaque(data: bytes) -> bytes:
    """Return XDR's opaque: length, data, padding."""
    return u32(len(data)) + data + bytes(-len(data) % 4)


def structure(number: int, body: bytes) -> bytes:
    """Return a structure or sample: format and length before its body."""
    return u32(number) + opaque(body)


def raw_header(frame: bytes, length: int = 0, stripped: int = 4, protocol: int = 1, most: int = 128) -> bytes:
    """Return a raw packet header of a frame whose length on the wire is `length`; frame check stripped."""
    return structure(1, u32(protocol, length or len(frame) + 4, stripped) + opaque(frame[:most]))


def flow_sample(
    sequence: int, source: int, rate: int, ends: tuple[int, int], *records: bytes, pool: int = 0, drops: int = 0
) -> bytes:
    """Return a flow sample (0:1)."""
    return structure(1, u32(sequence, source, rate, pool, drops, *ends, len(records)) + b"".join(records))


def expanded_flow_sample(
    sequence: int, source: tuple[int, int], rate: int, ends: tuple[int, int, int, int], *records: bytes
) -> bytes:
    """Return an expanded flow sample (0:3); `ends` are format and value of input and output."""
    return structure(3, u32(sequence, *source, rate, 0, 0, *ends, len(records)) + b"".join(records))


def sflow(agent: str, sub_agent: int, sequence: int, uptime_ms: int, *samples: bytes) -> bytes:
    """Return an sFlow version 5 datagram."""
    address = ip(agent)
    head = u32(5, 1 if len(address) == 4 else 2) + address
    return head + u32(sub_agent, sequence, uptime_ms, len(samples)) + b"".join(samples)


# Captures


def datagram(
    payload: bytes, port: int, src: str = "192.0.2.1", dst: str = "192.0.2.2", src_port: int = 50_000
) -> bytes:
    """Return the frame of a datagram from exporter to collector."""
    carried = udp(src_port, port, payload)
    if ":" in src:
        packet, kind = ipv6(src, dst, 17, carried), 0x86DD
    else:
        packet, kind = ipv4(src, dst, 17, carried), 0x0800
    return ethernet("00:00:5e:00:53:01", "00:00:5e:00:53:02", kind, packet)


def pcap(frames: Iterable[tuple[float, bytes]], link: int = 1) -> bytes:
    """Return a capture file with microseconds, in this machine's byte order."""
    parts = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, link)]
    for time, frame in frames:
        seconds, micros = divmod(round(time * 1_000_000), 1_000_000)
        parts.append(struct.pack("<IIII", seconds, micros, len(frame), len(frame)) + frame)
    return b"".join(parts)


def frames(capture: bytes) -> Iterator[bytes]:
    """Yield the frames of a pcap file."""
    order = "<" if capture[:4] == struct.pack("<I", 0xA1B2C3D4) else ">"
    offset = 24
    while offset + 16 <= len(capture):
        length = struct.unpack_from(f"{order}I", capture, offset + 8)[0]
        yield capture[offset + 16 : offset + 16 + length]
        offset += 16 + length


def payloads(capture: bytes) -> list[bytes]:
    """Return the UDP payloads of a capture made here: plain Ethernet, IPv4 or IPv6, no fragments."""
    return [frame[62 if frame[12:14] == b"\x86\xdd" else 42 :] for frame in frames(capture)]


def destinations(capture: bytes) -> list[str]:
    """Return where each datagram of a capture made here goes to: plain Ethernet, IPv4."""
    return [str(ipaddress.ip_address(frame[30:34])) for frame in frames(capture)]
