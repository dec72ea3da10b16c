"""Buffers that are freed and used again at once for packets that look the same: no time is told that was not taken.

Packets come in bursts with pauses between. What is told of a buffer that another packet had before the pause would be
as long as the pause; what really happens is over long before it ends.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from tests.transit.conftest import Bucket, Switch, longest_ns, packets, udp_frame

pytestmark = pytest.mark.root

PAUSE, BURSTS, COUNT = 0.2, 25, 300
FALSE_NS = 150_000_000
"""Longer than anything here takes, the sender's own pauses by the scheduler apart; shorter than a pause."""

ECHO = """
import socket, sys
with socket.create_server(("0.0.0.0", int(sys.argv[1]))) as server:
    print("ready", flush=True)
    caller, _ = server.accept()
    while data := caller.recv(4096):
        caller.sendall(data)
"""


@pytest.fixture
def crowded(switch: Switch) -> Iterator[Switch]:
    """Every packet has copies: what comes in by `a` is mirrored to `c`, and taps look at all interfaces."""
    words = ["ip", "netns", "exec", switch.namespace, "nft", "-f", "-"]
    hook = 'type filter hook ingress device "a" priority 0'
    mirror = f'table netdev mirror {{\n chain a {{\n {hook}\n dup to "c"\n }}\n}}\n'
    subprocess.run(words, input=mirror, text=True, check=True)
    try:
        yield switch
    finally:
        switch.inside("nft", "delete", "table", "netdev", "mirror")


@contextmanager
def tapped(switch: Switch) -> Iterator[None]:
    """Have a socket that gets a copy of each packet of each interface, and frees it at some later time."""
    text = "import socket\ns = socket.socket(17, 3, 768)\nprint('ready', flush=True)\nwhile True: s.recv(1)"
    words = ["ip", "netns", "exec", switch.namespace, sys.executable, "-c", text]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            yield
        finally:
            process.kill()


def storm(switch: Switch, target_mac: str, target: str) -> int:
    """Send the same frame in bursts from `a`; how many went out."""
    frame = udp_frame(switch.macs["a"], target_mac, switch.address("a"), target)
    return switch.send("a", "same", "eth0", frame, BURSTS, COUNT, PAUSE)["sent"]


def of(found: dict[tuple[str, str], Sequence[Bucket]], outside: str) -> Sequence[Bucket]:
    return found.get(("a", outside), ())


@pytest.mark.parametrize("is_tapped", [False, True], ids=["", "tapped"])
@pytest.mark.parametrize("where", ["flooded", "to the switch", "unknown", "dropped in a queue"])
def test_packets_that_all_look_the_same(crowded: Switch, where: str, *, is_tapped: bool) -> None:
    """Flooded and mirrored copies take the addresses of packets that ended here, and none of them has a false time."""
    targets = {
        "flooded": ("ff:ff:ff:ff:ff:ff", "198.51.100.255"),
        "to the switch": (crowded.macs["lan"], "198.51.100.254"),
        "unknown": ("02:00:00:00:00:99", "198.51.100.99"),
        "dropped in a queue": (crowded.macs["b"], crowded.address("b")),
    }
    if where == "dropped in a queue":
        shape = ["tbf", "rate", "8mbit", "burst", "2000", "limit", "3000"]
        crowded.inside("tc", "qdisc", "replace", "dev", "b", "root", *shape)
    try:
        with crowded.probed():
            crowded.drain()
            if is_tapped:
                with tapped(crowded):
                    storm(crowded, *targets[where])
            else:
                storm(crowded, *targets[where])
            found = dict(crowded.drain())
    finally:
        if where == "dropped in a queue":
            crowded.inside("tc", "qdisc", "del", "dev", "b", "root")
    assert crowded.totals["sampling_rate"] == pytest.approx(1, rel=0.2)
    assert crowded.harvest.begun >= BURSTS * COUNT
    assert all(longest_ns(buckets) < FALSE_NS for buckets in found.values()), found
    if where == "dropped in a queue":
        assert 0 < packets(of(found, "b")) < BURSTS * COUNT


def test_what_a_socket_takes_is_forgotten(crowded: Switch) -> None:
    """TCP frees what it took in a way of its own; buffers go on to be used for copies of the same conversation."""
    words = ["ip", "netns", "exec", crowded.namespace, sys.executable, "-c", ECHO, "7007"]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline() == b"ready\n"
            with crowded.probed():
                crowded.drain()
                told = crowded.send("a", "talk", "198.51.100.254", 7007, BURSTS, 100, PAUSE)
                found = dict(crowded.drain())
        finally:
            server.kill()
    assert told == {"sent": BURSTS * 100}
    assert crowded.harvest.begun >= BURSTS * 100
    # Nothing is left to wait for: the last segments of the end apart, all that came in is known to have ended here.
    assert crowded.harvest.expired <= crowded.harvest.begun * 0.02
    assert all(longest_ns(buckets) < FALSE_NS for buckets in found.values()), found
