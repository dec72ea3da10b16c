"""Packets of the kernel through `viflux up` into `viflux flows`: each packet once, peers by name, as it is followed."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.network import Lab, lab, need_root
from tests.lab.product import VIFLUX, Product, product
from tests.running import ended, until, wait_for
from tests.traffic.follower import Follower

pytestmark = [pytest.mark.root, pytest.mark.slow]

PACKETS, PAYLOAD = 700, 300
FRAME = PAYLOAD + 8 + 20 + 14


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Product]:
    need_root("loads programs into the kernel")
    settings = {"agent.sources": "inventory,counters,ebpf", "ebpf.vifs": "vx*"}
    settings |= {"ebpf.active_timeout": "1s", "ebpf.inactive_timeout": "1s"}
    with product(tmp_path / "data", None, **settings) as made:
        made.rows("the first interface is stored", "SELECT 1 AS one FROM viflux.inventory LIMIT 1")
        yield made


@pytest.fixture
def net() -> Iterator[Lab]:
    need_root()
    with lab() as made:
        yield made


def flows(running: Product, *arguments: str) -> list[dict[str, Any]]:
    words = [str(VIFLUX), "flows", *running.flags, "--format", "jsonl", *arguments]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return [json.loads(line) for line in done.stdout.splitlines()] if done.returncode == 0 else []


def test_packets_between_containers(running: Product, net: Lab) -> None:
    """Two containers on a bridge: every packet at each end once, summed once each way, followed once."""
    bridge = net.bridge()
    one, two = (net.container(name, bridge, f"198.51.100.{n}") for n, name in ((1, "a"), (2, "b")))
    for end in (one, two):
        running.rows("it is known", f"SELECT 1 AS one FROM viflux.inventory WHERE ifname = '{end.outer.name}'")
    words = [str(VIFLUX), "flows", *running.flags, "--format", "jsonl", "--follow", "--vif", one.outer.name]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with ended(process, 15):
        follower = Follower(process)
        follower.await_note("interrupt to end")
        one.send(two, PACKETS, PAYLOAD)

        def all_there() -> list[dict[str, Any]]:
            rows = flows(running, "--port", "9", "--by", "vif,peer,port", "--last", "2m")
            is_whole = len(rows) == 2 and all(row["scaled_packets"] == PACKETS for row in rows)
            return rows if is_whole else []

        def sent() -> list[dict[str, Any]]:
            return [row for row in list(follower.rows) if row["dst_port"] == 9]

        rows = wait_for("all packets are stored", all_there, 40)
        until("all packets are followed", lambda: sum(row["scaled_packets"] for row in sent()) >= PACKETS, 30)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    told = {row["ifname"]: row for row in rows}
    for end, other, direction in ((one, two, "ingress"), (two, one, "egress")):
        row = told[end.outer.name]
        assert (row["flow_direction"], row["peer_address"]) == (direction, other.address)
        assert row["peer_name"].endswith(f"/{other.namespace}/eth0")
        assert row["scaled_skb_bytes"] == PACKETS * FRAME
        assert (row["relative_error_ratio"], row["unknown_rate_flows_count"]) == (0, 0)
    assert sum(row["scaled_packets"] for row in sent()) == PACKETS
    assert {(row["ifname"], row["dst_name"]) for row in sent()} == {(one.outer.name, told[one.outer.name]["peer_name"])}
    summed = flows(running, "--port", "9", "--by", "port", "--last", "2m")
    assert {(row["workload_direction"], row["scaled_skb_bytes"]) for row in summed} == {
        ("from", PACKETS * FRAME),
        ("to", PACKETS * FRAME),
    }
