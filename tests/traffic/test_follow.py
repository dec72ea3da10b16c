"""`--follow` against a real store: everything once, whatever happens to the store, the reader or the command."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.running import ROOT, RunningStore, ended, free_port, running_store, viflux
from tests.traffic.follower import Follower
from tests.traffic.scene import MINUTE_NS, Scene


@contextmanager
def following(store: RunningStore, verb: str, *arguments: str) -> Iterator[Follower]:
    flags = ("--data-dir", store.settings.data_dir, "--set", f"store.listen={store.settings.store.listen}")
    process = subprocess.Popen(
        viflux(verb, *flags, "--format", "jsonl", "--follow", *arguments),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with ended(process, 15):
        follower = Follower(process)
        follower.await_note("interrupt to end")
        yield follower


def test_each_row_comes_once_and_late_ones_too(scene: Scene) -> None:
    """What was there is not printed; what comes is, late rows as well, each once."""
    scene.pair(1, 2, "veth1", "ns1", "10.0.0.1")
    scene.vif(5, "veth5")
    scene.flows({"time": 1, "vif_id": 1, "src_port": 9})
    with following(scene.running, "flows", "--vif", "veth1") as follower:
        for number in range(5):
            # Each hand-over has rows of the past as well, and of another VIF.
            scene.flows(
                {"time": 300 + number, "vif_id": 1, "src_port": 2 * number + 1, "skb_bytes": 7},
                {"time": 2, "vif_id": 1, "src_port": 2 * number, "sampling_rate": 0.0, "sampling_origin": "unknown"},
                {"time": 300, "vif_id": 5, "src_port": 99},
            )
        follower.await_rows(10)
        scene.flows({"time": 303, "vif_id": 1, "src_port": 50_077, "dst_port": 443, "src_address": "10.0.0.1"})
        follower.await_rows(11)
        follower.process.send_signal(signal.SIGINT)
        assert follower.process.wait(10) == 0
    *first, last = follower.rows
    scaled = {row["src_port"]: row["scaled_skb_bytes"] for row in first}
    assert len(first) == 10
    assert scaled == {number: 7 if number % 2 else None for number in range(10)}
    assert (last["ifname"], last["src_name"], last["port_name"]) == ("veth1", "host-a/ns1/eth0", "https")


def test_it_goes_on_after_the_store_was_killed(tables: Path, tmp_path: Path) -> None:
    """Rows of before and after the store was killed and started anew are printed once each; SIGTERM ends it."""
    port = free_port()
    origin = (time.time_ns() // MINUTE_NS - 6) * MINUTE_NS
    with running_store(tmp_path / "data", port=port, tables=tables) as store:
        scene = Scene(store, store.writer(), origin)
        with following(store, "drops") as follower:
            scene.drops({"time": 1, "reason": "before", "drop_class": "loss"})
            follower.await_rows(1)
            store.process.kill()
            store.process.wait()
            follower.await_note("going on when it answers")
            with running_store(tmp_path / "data", port=port) as again:
                scene.store = again.writer()
                scene.drops({"time": 2, "reason": "after", "drop_class": "loss"})
                follower.await_rows(2)
                follower.await_note("answers again")
                scene.drops({"time": 2, "reason": "last", "drop_class": "denied"})
                follower.await_rows(3)
                follower.process.send_signal(signal.SIGTERM)
                assert follower.process.wait(10) == 0
    assert [row["reason"] for row in follower.rows] == ["before", "after", "last"]


@pytest.mark.parametrize("has_rows", [False, True])
def test_it_ends_with_its_reader(scene: Scene, has_rows: bool) -> None:
    """A closed pipe ends it within seconds, without an error, whether or not there is anything to print."""
    flags = ("--data-dir", scene.running.settings.data_dir)
    listen = f"store.listen={scene.running.settings.store.listen}"
    reading, writing = os.pipe()
    process = subprocess.Popen(
        viflux("flows", *flags, "--set", listen, "--follow", "--last", "1m"),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=writing,
        stderr=subprocess.PIPE,
    )
    os.close(writing)
    with ended(process, 15):
        assert process.stderr is not None
        assert b"interrupt to end" in process.stderr.readline()
        if has_rows:
            scene.flows({"time": 300, "vif_id": 1})
            assert json.loads(os.read(reading, 65_536))["vif_id"] == "0000000000000001"
        os.close(reading)
        assert process.wait(10) == 0
        assert process.stderr.read() == b""
