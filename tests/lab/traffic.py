"""Traffic with known counts, run inside a lab namespace: `traffic.py udp ADDRESS PACKETS SIZE`, `flood`, `frames`."""

from __future__ import annotations

import socket
import sys
import time

DISCARD_PORT = 9


def udp(address: str, packets: int, size: int) -> None:
    """Send `packets` datagrams; a full send buffer blocks and loses nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        payload = bytes(size)
        for _ in range(packets):
            sender.sendto(payload, (address, DISCARD_PORT))


def flood(address: str, rate: int) -> None:
    """Send about `rate` datagrams a second in bursts each 10 ms, until the process is ended."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        burst = max(1, rate // 100)
        due = time.monotonic()
        while True:
            for _ in range(burst):
                try:
                    sender.sendto(b"x" * 64, (address, DISCARD_PORT))
                except ConnectionRefusedError:
                    continue
            due += 0.01
            time.sleep(max(0.0, due - time.monotonic()))


def frames(interface: str, ethertype: int, count: int) -> None:
    """Send broadcast frames of an ethertype."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sender:
        sender.bind((interface, 0))
        frame = b"\xff" * 6 + b"\x02" + bytes(5) + ethertype.to_bytes(2, "big") + bytes(46)
        for _ in range(count):
            sender.send(frame)


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    if command == "udp":
        udp(arguments[0], int(arguments[1]), int(arguments[2]))
    elif command == "flood":
        flood(arguments[0], int(arguments[1]))
    elif command == "frames":
        frames(arguments[0], int(arguments[1]), int(arguments[2]))
