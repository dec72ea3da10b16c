# A script beside its captures, no package.
# ruff: noqa: INP001
"""Record the captures of this folder from the running kernel.

Run as root, in a network namespace of its own: `unshare -n python3 record.py`. Each file holds netlink datagrams one
after the other, as the kernel sent them (Linux 6.18, x86-64). Addresses are from documentation ranges.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import subprocess
from pathlib import Path

FOLDER = Path(__file__).parent
OTHER = f"vfxcapture{os.getpid()}"
REQUEST_AND_DUMP = 0x301
LINK, IPV4_IFADDR, IPV6_IFADDR, NSID = 1, 5, 9, 28

SETUP = f"""
ip netns add {OTHER}
ip link set lo up
ip link add br0 type bridge
ip link add up0 mtu 1400 type veth peer name down0 netns {OTHER}
ip link set up0 address 02:00:00:00:00:07 master br0 up alias owner=web;service=shop;rate=100mbit
ip addr add 192.0.2.1/24 dev br0
ip addr add 2001:db8::1/64 dev br0
ip addr add 198.51.100.1 peer 198.51.100.2/32 dev br0
ip link add vx0 type vxlan id 70000 dstport 4789 dev br0
ip link add mv0 link br0 address 02:00:00:00:00:08 type macvlan mode bridge
ip tuntap add tap0 mode tap
ip tuntap add tun0 mode tun
ip link add m0 up numtxqueues 4 type veth peer name m1 numtxqueues 4
ip link set m1 up
tc qdisc add dev up0 root tbf rate 80mbit burst 100k latency 10ms
tc qdisc add dev m0 root handle 1: htb default 20
tc class add dev m0 parent 1: classid 1:1 htb rate 40mbit
tc class add dev m0 parent 1:1 classid 1:10 htb rate 10mbit ceil 40mbit
tc class add dev m0 parent 1:1 classid 1:20 htb rate 100gbit ceil 100gbit
tc qdisc add dev m0 clsact
"""

EVENTS = f"""
ip link set up0 nomaster
ip link set up0 down
ip addr del 192.0.2.1/24 dev br0
ip link set up0 netns {OTHER}
ip link del m1
"""


def run(lines: str) -> None:
    """Run one command a line."""
    for line in lines.strip().splitlines():
        subprocess.run(line.split(), check=True)


def dump(kind: int, fixed: bytes) -> bytes:
    """Return all datagrams of a dump of message type `kind` whose fixed part is `fixed`."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as asking:
        asking.send(struct.pack("=IHHII", 16 + len(fixed), kind, REQUEST_AND_DUMP, 1, 0) + fixed)
        answer = b""
        while True:
            answer += (datagram := asking.recv(1 << 16))
            if struct.unpack_from("=H", datagram, 4)[0] == 3 or struct.pack("=H", 3) == answer[-16:-14]:
                return answer


def main() -> None:
    """Set up, record, clean up."""
    run(SETUP)
    try:
        index = socket.if_nametoindex("m0")
        captures = {
            "links": dump(18, bytes(16)),
            "addresses": dump(22, bytes(8)),
            "qdiscs": dump(38, bytes(20)),
            "classes": dump(42, struct.pack("=ii12x", 0, index)),
            "stats": dump(94, struct.pack("=8xI", 1)),
            "nsids": dump(90, bytes(4)),
        }
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as listening:
            listening.bind((0, 0))
            for group in (LINK, IPV4_IFADDR, IPV6_IFADDR, NSID):
                listening.setsockopt(270, 1, group)
            run(EVENTS)
            listening.setblocking(False)
            captures["events"] = b""
            with contextlib.suppress(BlockingIOError):
                while True:
                    captures["events"] += listening.recv(1 << 16)
        for name, datagrams in captures.items():
            (FOLDER / f"{name}.bin").write_bytes(datagrams)
    finally:
        run(f"ip netns del {OTHER}")


if __name__ == "__main__":
    main()
