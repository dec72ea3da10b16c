"""Frames of a known number, sent from the namespace that this runs in; what was sent is printed as JSON.

`frames.py same IFNAME FRAME BURSTS COUNT PAUSE` sends one frame (hex) again and again: COUNT times at once, BURSTS
times, PAUSE seconds between. `frames.py talk ADDRESS PORT BURSTS COUNT PAUSE` sends COUNT lines over one TCP
connection and reads the answers.
"""

from __future__ import annotations

import json
import socket
import sys
import time


def same(ifname: str, frame: str, bursts: int, count: int, pause: float) -> dict[str, int]:
    """Send a frame again and again."""
    sent = 0
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sender:
        sender.bind((ifname, 0))
        data = bytes.fromhex(frame)
        for _ in range(bursts):
            for _ in range(count):
                try:
                    sender.send(data)
                    sent += 1
                except OSError:
                    # The interface's queue is full: the frame was dropped.
                    time.sleep(0)
            time.sleep(pause)
    return {"sent": sent}


def talk(address: str, port: int, bursts: int, count: int, pause: float) -> dict[str, int]:
    """Have a conversation with oneself, over TCP."""
    with socket.create_connection((address, port)) as caller:
        for _ in range(bursts):
            for _ in range(count):
                caller.sendall(bytes(100))
                left = 100
                while left:
                    left -= len(caller.recv(left))
            time.sleep(pause)
    return {"sent": bursts * count}


if __name__ == "__main__":
    _, what, where, which, *numbers = sys.argv
    bursts, count, pause = int(numbers[0]), int(numbers[1]), float(numbers[2])
    done = same(where, which, bursts, count, pause) if what == "same" else talk(where, int(which), bursts, count, pause)
    sys.stdout.write(json.dumps(done))
