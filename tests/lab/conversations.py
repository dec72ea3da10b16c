"""Both ends of real conversations, run inside lab namespaces.

`conversations.py serve PORT` answers TCP and UDP on all addresses of its namespace; `conversations.py talk …` makes
them; `conversations.py sink PORT` takes datagrams and throws them away.
"""

from __future__ import annotations

import argparse
import selectors
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path

ANSWER = struct.Struct("!I")
PORT = 8077


def serve(port: int) -> None:
    """Answer until the process is ended: a TCP client says how many bytes it wants, a datagram comes back as it is."""
    tcp = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=512)
    udp = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    udp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    udp.bind(("::", port))
    chooser = selectors.DefaultSelector()
    chooser.register(tcp, selectors.EVENT_READ)
    chooser.register(udp, selectors.EVENT_READ)
    _say_ready()
    while True:
        for key, _ in chooser.select():
            if key.fileobj is udp:
                payload, address = udp.recvfrom(65535)
                udp.sendto(payload, address)
            else:
                accepted, _ = tcp.accept()
                threading.Thread(target=_answer, args=(accepted,), daemon=True).start()


def _say_ready() -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()


def _answer(connection: socket.socket) -> None:
    with connection:
        while len(wanted := connection.recv(ANSWER.size, socket.MSG_WAITALL)) == ANSWER.size:
            connection.sendall(bytes(ANSWER.unpack(wanted)[0]))


def tcp(source: str, to: str, port: int, connections: int, size: int) -> None:
    """Open connections one after the other, and fetch `size` bytes by each."""
    family = socket.AF_INET6 if ":" in to else socket.AF_INET
    for _ in range(connections):
        with socket.socket(family, socket.SOCK_STREAM) as end:
            end.settimeout(20)
            if source:
                end.bind((source, 0))
            end.connect((to, port))
            end.sendall(ANSWER.pack(size))
            left = size
            while left:
                left -= len(end.recv(min(left, 65536)) or sys.exit("the connection was closed early"))


def udp(source: str, to: str, port: int, exchanges: int, size: int, sockets: int) -> None:
    """Send datagrams from several ports, each answered before the next is sent."""
    family = socket.AF_INET6 if ":" in to else socket.AF_INET
    for _ in range(sockets):
        with socket.socket(family, socket.SOCK_DGRAM) as end:
            end.settimeout(5)
            if source:
                end.bind((source, 0))
            end.connect((to, port))
            for _ in range(exchanges):
                end.send(bytes(size))
                end.recv(65535)


def sink(ports: list[int]) -> None:
    """Take datagrams, so that their sender is never refused."""
    chooser = selectors.DefaultSelector()
    for port in ports:
        end = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        end.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        end.bind(("::", port))
        chooser.register(end, selectors.EVENT_READ)
    _say_ready()
    while True:
        for key, _ in chooser.select():
            assert isinstance(key.fileobj, socket.socket)
            key.fileobj.recv(65535)


def started(prefix: list[str], *words: str) -> subprocess.Popen[bytes]:
    """Run this file with `words` in a namespace, and return when it says that it is ready."""
    child = subprocess.Popen([*prefix, sys.executable, str(Path(__file__)), *words], stdout=subprocess.PIPE)
    assert child.stdout is not None
    if child.stdout.readline() != b"ready\n":
        child.kill()
        child.wait()
        raise RuntimeError(f"{words} did not start")
    return child


def main() -> None:
    """Parse the words."""
    parser = argparse.ArgumentParser()
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb in ("serve", "sink"):
        verbs.add_parser(verb).add_argument("ports", type=int, nargs="+")
    talking = verbs.add_parser("talk")
    talking.add_argument("to")
    talking.add_argument("--source", default="")
    talking.add_argument("--port", type=int, default=PORT)
    talking.add_argument("--tcp", type=int, default=0, metavar="CONNECTIONS")
    talking.add_argument("--udp", type=int, default=0, metavar="EXCHANGES")
    talking.add_argument("--sockets", type=int, default=1)
    talking.add_argument("--size", type=int, default=100)
    asked = parser.parse_args()
    if asked.verb == "serve":
        serve(asked.ports[0])
    elif asked.verb == "sink":
        sink(asked.ports)
    else:
        tcp(asked.source, asked.to, asked.port, asked.tcp, asked.size)
        if asked.udp:
            udp(asked.source, asked.to, asked.port, asked.udp, asked.size, asked.sockets)


if __name__ == "__main__":
    main()
