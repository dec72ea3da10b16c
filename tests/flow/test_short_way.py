"""The probe's short way (plain TCP and UDP) and its long one (everything) count the same flow alike."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import pytest

from tests.flow.conftest import Street
from tests.flow.frames import TAG, TURNS, Shape, words
from tests.lab.network import run

pytestmark = pytest.mark.root

INGRESS, EGRESS = 0, 1
FRAMES = Path(__file__).with_name("frames.py")
SHAPES = [
    Shape(version, protocol, 7000 + version + gso_size, vlan, gso_size, payload=1000)
    for version, protocol, vlan, gso_size in itertools.product((4, 6), (6, 17), (0, 100), (0, 300))
]
"""Some differ by protocol or tag alone, and each is sent both ways: a key with a mistake would be another flow's."""


def test_packets_of_both_ways_are_of_one_flow(street_each_way: Street) -> None:
    """Frames with and without options of IP in turn: one row for each direction, exact in both units, with all flags.

    The first one makes the flow and goes the long way as those with options do; the other plain ones go the short way.
    """
    street = street_each_way
    ends = itertools.product((street.vif_id(end.outer) for end in (street.one, street.two)), (INGRESS, EGRESS))
    sides = list(itertools.product(SHAPES, ends))
    for end in (street.one, street.two):
        run(*end.inner.prefix(), sys.executable, str(FRAMES), "eth0", words(SHAPES))
        street.counted(street.one)
        street.counted(street.two)
    rows = street.drain()
    for shape, (vif_id, direction) in sides:
        here = {
            "vif_id": vif_id,
            "direction": direction,
            "protocol": shape.protocol,
            "dst_port": shape.port,
            "src_vlan" if direction == INGRESS else "dst_vlan": shape.vlan or None,
        }
        found = [row for row in rows if all(row.get(key) == value for key, value in here.items())]
        assert len(found) == 1, (shape, direction, found)
        row = found[0]
        segments, whole = shape.segments(), 2 * TURNS * shape.payload
        headers = TURNS * (shape.headers(True) + shape.headers(False))
        tags = 2 * TURNS * segments * (TAG if shape.vlan else 0)
        expected = {
            "src_port": 4000,
            "packets": 2 * TURNS * segments,
            "bytes": whole + segments * headers + tags,
            "skb_packets": 2 * TURNS,
            "skb_bytes": whole + headers,
            "tcp_flags": 0x1B if shape.protocol == 6 else None,
            "ip_ttl": 64,
            "src_mac": 2 << 40,
        }
        assert {key: row.get(key) for key in expected} == expected, (shape, direction)
    assert not street.lost
