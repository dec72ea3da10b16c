"""Traffic whose packets and bytes the sender knows, run inside a namespace; what it sent is printed as JSON.

`talk.py serve ADDRESS PORT` · `talk.py tcp ADDRESS PORT BYTES` · `talk.py udp ADDRESS PORT COUNT SIZE` ·
`talk.py segmented ADDRESS PORT COUNT SEGMENTS SIZE` · `talk.py many ADDRESS COUNT` ·
`talk.py stream ADDRESS PORT BYTES` · `talk.py sink ADDRESS PORT` · `talk.py paced ADDRESS PORT SIZE RATE IS_TCP`
"""

from __future__ import annotations

import json
import signal
import socket
import struct
import sys
import time
from itertools import count as counting

_UDP_SEGMENT = 103
# linux/tcp.h, struct tcp_info.
_SEGS_OUT, _BYTES_SENT = 136, 200


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def serve(address: str, port: int) -> None:
    """Take connections one by one, read each to its end, then say so by closing it; says `ready` first."""
    with socket.create_server((address, port), family=_family(address)) as server:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            peer, _ = server.accept()
            with peer:
                while peer.recv(1 << 20):
                    pass


def tcp(address: str, port: int, size: int) -> dict[str, int]:
    """Send so many bytes, and wait until the other side has read all and closed."""
    with socket.socket(_family(address)) as sender:
        sender.connect((address, port))
        sender.sendall(bytes(size))
        sender.shutdown(socket.SHUT_WR)
        sender.recv(1)
        info = sender.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
        (segments,) = struct.unpack_from("=I", info, _SEGS_OUT)
        (sent,) = struct.unpack_from("=Q", info, _BYTES_SENT)
        return {"segments": segments, "payload": sent, "port": sender.getsockname()[1]}


def sink(address: str, port: int) -> None:
    """Hold a socket for datagrams that nobody reads, until this process is ended; says `ready` first."""
    with socket.socket(_family(address), socket.SOCK_DGRAM) as receiver:
        receiver.bind((address, port))
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        signal.pause()


def stream(address: str, port: int, size: int) -> dict[str, int]:
    """Send so many bytes as fast as it goes, and wait until the other side has read all."""
    chunk = bytes(1 << 20)
    with socket.socket(_family(address)) as sender:
        sender.connect((address, port))
        for _ in range(size // len(chunk)):
            sender.sendall(chunk)
        sender.shutdown(socket.SHUT_WR)
        sender.recv(1)
        return {"payload": size // len(chunk) * len(chunk)}


def paced(address: str, port: int, size: int, rate: int, is_tcp: int) -> None:
    """Send so many bytes at a time, `rate` times a second, twice that and half of it in turns, until it is ended."""
    with socket.socket(_family(address), socket.SOCK_STREAM if is_tcp else socket.SOCK_DGRAM) as sender:
        sender.connect((address, port))
        payload = bytes(size)
        begun = due = time.monotonic()
        for _ in counting():
            busy = int(due - begun) // 3 % 2 == 0
            for _ in range(max(1, (rate * 2 if busy else rate // 2) // 100)):
                sender.sendall(payload)
            due += 0.01
            time.sleep(max(0.0, due - time.monotonic()))


def udp(address: str, port: int, count: int, size: int) -> dict[str, int]:
    """Send so many datagrams from one port."""
    with socket.socket(_family(address), socket.SOCK_DGRAM) as sender:
        for _ in range(count):
            sender.sendto(bytes(size), (address, port))
        return {"port": sender.getsockname()[1]}


def segmented(address: str, port: int, count: int, segments: int, size: int) -> dict[str, int]:
    """Hand the kernel so many buffers, each of several datagrams that it cuts up late (UDP GSO)."""
    with socket.socket(_family(address), socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.IPPROTO_UDP, _UDP_SEGMENT, size)
        for _ in range(count):
            sender.sendto(bytes(size * segments), (address, port))
        return {"port": sender.getsockname()[1]}


def many(address: str, count: int) -> dict[str, int]:
    """Send one datagram to each of so many pairs of ports."""
    sent = 0
    while sent < count:
        with socket.socket(_family(address), socket.SOCK_DGRAM) as sender:
            for port in range(1024, min(65_000, 1024 + count - sent)):
                sender.sendto(b"x", (address, port))
                sent += 1
    return {"packets": sent}


if __name__ == "__main__":
    what, where, *numbers = sys.argv[1:]
    done = {
        "serve": serve,
        "sink": sink,
        "tcp": tcp,
        "stream": stream,
        "udp": udp,
        "segmented": segmented,
        "many": many,
        "paced": paced,
    }[what](where, *(int(number) for number in numbers))
    sys.stdout.write(f"{json.dumps(done)}\n")
