"""`vif_id` and `link_id` as the native core makes them, computed a second time from their byte layout."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest
import xxhash

_FILE = Path(__file__).parents[2] / "collectors/native/wire/tests/vectors/vif_id.json"
_VECTORS: list[dict[str, Any]] = json.loads(_FILE.read_text())


def _vif_layout(vector: dict[str, Any]) -> bytes:
    """Version 1: origin, machine id, boot id, then the inode, or cookie, ifindex and incarnation; little-endian."""
    boot = bytes.fromhex(vector["machine_id"]) + bytes.fromhex(vector["boot_id"])
    if vector["origin"] == "sysfs":
        return b"\x01\x01" + boot + struct.pack("<Q", vector["inode"])
    return b"\x01\x02" + boot + struct.pack("<QIQ", vector["netns_cookie"], vector["ifindex"], vector["incarnation"])


def _link_layout(vector: dict[str, Any]) -> bytes:
    """Version 1: the lower of both ends' ids first, so that the order does not matter."""
    ends = sorted(int(vector[end], 16) for end in ("one_vif_id", "other_vif_id"))
    return b"\x01\x03" + struct.pack("<QQ", *ends)


def _exported_layout(vector: dict[str, Any]) -> bytes:
    """Version 1: exporter address, observation domain, ifIndex; the site has no length and comes last."""
    numbers = struct.pack("<II", vector["observation_domain_id"], vector["if_index"])
    return b"\x01\x04" + bytes.fromhex(vector["exporter_address"]) + numbers + vector["site"].encode()


@pytest.mark.parametrize("vector", _VECTORS, ids=lambda vector: f"{vector['origin']}-{_VECTORS.index(vector)}")
def test_ids_follow_from_the_layout(vector: dict[str, Any]) -> None:
    """The committed id is xxh3-64, seed 0, of the documented bytes."""
    if vector["origin"] == "link":
        layout, expected = _link_layout(vector), vector["link_id"]
    elif vector["origin"] == "exporter":
        layout, expected = _exported_layout(vector), vector["vif_id"]
    else:
        layout, expected = _vif_layout(vector), vector["vif_id"]
    assert f"{max(xxhash.xxh3_64_intdigest(layout), 1):016x}" == expected


def test_vectors_cover_every_layout() -> None:
    """A vector file that lost a layout would prove nothing about it."""
    assert {vector["origin"] for vector in _VECTORS} == {"sysfs", "cookie", "link", "exporter"}
