"""Packets of a known number, sent from the namespace that this runs in; what was sent is printed as JSON.

`packets.py udp ADDRESS PORT COUNT SIZE [PORTS]` · `packets.py whole ADDRESS PORT COUNT SIZE` ·
`packets.py connect ADDRESS PORT COUNT` · `packets.py raw ADDRESS PROTOCOL COUNT` ·
`packets.py frames IFNAME MAC ETHERTYPE COUNT [KINDS]` · `packets.py from IFNAME MAC SOURCE ADDRESS COUNT TTL` ·
`packets.py deaf ADDRESS PORT`
"""

from __future__ import annotations

import json
import socket
import struct
import sys
from contextlib import suppress

_MTU_DISCOVER, _PROBE = 10, 3


def udp(address: str, port: int, count: int, size: int, ports: int = 1) -> dict[str, int]:
    """Send so many datagrams to each of so many ports, from one port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for _ in range(count):
            for number in range(ports):
                # A rule on the way out is an error at once, though the packet was made.
                with suppress(ConnectionRefusedError, PermissionError):
                    sender.sendto(bytes(size), (address, port + number))
        return {"port": sender.getsockname()[1]}


def whole(address: str, port: int, count: int, size: int) -> dict[str, int]:
    """Send datagrams that may not be cut, whatever is known of the way."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.IPPROTO_IP, _MTU_DISCOVER, _PROBE)
        for _ in range(count):
            sender.sendto(bytes(size), (address, port))
        return {"port": sender.getsockname()[1]}


def connect(address: str, port: int, count: int) -> dict[str, int]:
    """Try to connect so often; how often it was refused."""
    refused = 0
    for _ in range(count):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as caller:
            try:
                caller.connect((address, port))
            except ConnectionRefusedError:
                refused += 1
    return {"refused": refused}


def raw(address: str, protocol: int, count: int) -> dict[str, int]:
    """Send packets of an IP protocol."""
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, protocol) as sender:
        for _ in range(count):
            sender.sendto(bytes(20), (address, 0))
    return {}


def frames(ifname: str, mac: str, ethertype: str, count: int, kinds: int = 1) -> dict[str, int]:
    """Send so many Ethernet frames of a type, and of the types that follow it, to an address of the link."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sender:
        sender.bind((ifname, 0))
        head = bytes.fromhex(mac.replace(":", "")) + bytes.fromhex("020000000001")
        for kind in range(kinds):
            for _ in range(count):
                sender.send(head + struct.pack("!H", int(ethertype, 16) + kind) + bytes(50))
    return {}


def spoofed(ifname: str, mac: str, source: str, address: str, count: int, ttl: int) -> dict[str, int]:
    """Send UDP over IPv4 with a source address and a time to live of one's choice."""
    payload = struct.pack("!HHHH", 4000, 5000, 8, 0)
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28, 1, 0, ttl, 17, 0, *map(socket.inet_aton, (source, address)))
    words = struct.unpack("!10H", head)
    total = sum(words)
    total = (total & 0xFFFF) + (total >> 16)
    head = head[:10] + struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF) + head[12:]
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sender:
        sender.bind((ifname, 0))
        ethernet = bytes.fromhex(mac.replace(":", "")) + bytes.fromhex("020000000001") + b"\x08\x00"
        for _ in range(count):
            sender.send(ethernet + head + payload)
    return {}


def deaf(address: str, port: int) -> dict[str, int]:
    """Have a socket with the smallest buffer that never reads, until the input ends."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        receiver.bind((address, port))
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.read()
    return {}


if __name__ == "__main__":
    what, *words = sys.argv[1:]
    done = {
        "udp": udp,
        "whole": whole,
        "connect": connect,
        "raw": raw,
        "frames": frames,
        "from": spoofed,
        "deaf": deaf,
    }[what](*(int(word) if word.isdecimal() else word for word in words))
    sys.stdout.write(f"{json.dumps(done)}\n")
