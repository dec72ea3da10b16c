"""`viflux latency` on a real store."""

from __future__ import annotations

from typing import Any

import pytest

from ingest.store.latency_command import time_text
from tests.traffic.scene import HOST, Scene
from viflux.clock import NANOSECONDS

IN, OUT, OTHER = 0xA1, 0xB2, 0xC3


def store(scene: Scene, out: int, *buckets: tuple[int, int, int], at: float = 10.0) -> None:
    """Store the histogram of a pair over ten seconds."""
    shared = {"time": at, "duration_ns": 10 * NANOSECONDS, "host": HOST, "vif_id": IN, "out_vif_id": out}
    rows: list[dict[str, Any]] = [
        {**shared, "bucket_from_ns": begin, "bucket_to_ns": end, "sampled_packets": packets}
        for begin, end, packets in buckets
    ]
    scene._hand_over("latency", rows)


def named(scene: Scene) -> None:
    """Store what the VIFs are called."""
    for vif_id, ifname in ((IN, "tap0"), (OUT, "eth0"), (OTHER, "tap1")):
        scene.vif(vif_id, ifname)


def test_percentiles_are_of_the_histograms_added_up(scene: Scene) -> None:
    """Not an average of percentiles: a minute with few packets counts for those."""
    named(scene)
    store(scene, OUT, (1_000, 1_020, 94), (2_000, 2_040, 5))
    store(scene, OUT, (2_000, 2_040, 500), (9_000, 9_200, 1), at=20.0)
    (row,) = scene.ask("latency", "--last", "10m").rows
    assert (row["in_ifname"], row["out_ifname"], row["sampled_packets"]) == ("tap0", "eth0", 600)
    assert (row["p50_ns"], row["p95_ns"], row["p99_ns"], row["max_ns"]) == (2_020, 2_020, 2_020, 9_200)
    assert (row["vif_id"], row["out_vif_id"]) == (f"{IN:016x}", f"{OUT:016x}")
    assert "percentiles" not in row


@pytest.mark.parametrize(("packets", "known"), [(1, 0), (2, 1), (19, 1), (20, 2), (99, 2), (100, 3)])
def test_what_too_few_samples_do_not_tell_is_not_known(scene: Scene, packets: int, known: int) -> None:
    """It is null, not the longest."""
    store(scene, OUT, (1_000, 1_020, packets))
    (row,) = scene.ask("latency", "--last", "10m").rows
    percentiles = [row[name] for name in ("p50_ns", "p95_ns", "p99_ns")]
    assert percentiles == [1_010] * known + [None] * (3 - known)


def test_one_vif_or_one_way(scene: Scene) -> None:
    """The slowest comes first; a VIF that is not known has its id."""
    named(scene)
    store(scene, OUT, (1_000, 1_020, 100))
    store(scene, OTHER, (5_000, 5_100, 100))
    store(scene, 0xDD, (100, 102, 100))
    rows = scene.ask("latency", "--last", "10m").rows
    assert [row["out_ifname"] for row in rows] == ["tap1", "eth0", ""]
    assert [row["out_ifname"] for row in scene.ask("latency", "--last", "10m", "--vif", "eth0").rows] == ["eth0"]
    assert len(scene.ask("latency", "--last", "10m", "--from", "tap0").rows) == 3
    assert scene.ask("latency", "--last", "10m", "--from", "eth0").rows == []
    (only,) = scene.ask("latency", "--last", "10m", "--from", "tap0", "--to", "tap1").rows
    assert only["p50_ns"] == 5_050
    assert scene.ask("latency", "--vif", "tap9").exit_code == 2


def test_samples_without_a_time_are_told_beside(scene: Scene) -> None:
    """They are of all VIFs, and never a row."""
    store(scene, OUT, (1_000, 1_020, 100))
    about = {"time": 10.0, "duration_ns": 10 * NANOSECONDS, "host": HOST, "expired_packets": 7, "unplaced_packets": 2}
    scene._hand_over("latency", [about])
    said = scene.ask("latency", "--last", "10m")
    assert len(said.rows) == 1
    assert "7 were still on their way" in said.notes
    assert "2 found no room" in said.notes


def test_one_pair_is_drawn(scene: Scene) -> None:
    """Every sample is in a line, and the longest line is the most frequent."""
    named(scene)
    store(scene, OUT, (1_000, 1_020, 60), (1_500, 1_530, 30), (100_000, 102_000, 10))
    text = scene._done("latency", "--format", "table", "--last", "10m").stdout
    assert "tap0" in text
    assert "1.01 µs" in text
    lines = [line.split() for line in text.splitlines() if line.endswith("%")]
    counts = [int(line[-2]) for line in lines]
    assert sum(counts) == 100
    assert len(lines) <= 25
    assert counts[0] == 60
    assert lines[0][2] == "█" * 50


def test_nothing_says_why(scene: Scene) -> None:
    """An empty store, and a probe that is off."""
    assert "no packet was timed in" in scene.ask("latency").notes
    assert "the probe transit is off here" in scene.ask("latency", "--set", "ebpf.probes=flow").notes


@pytest.mark.parametrize(
    ("time_ns", "text"),
    [(7, "7 ns"), (1_000, "1.00 µs"), (12_345, "12.3 µs"), (999_000, "999 µs"), (2_500_000_000, "2.50 s")],
)
def test_times_have_a_unit(time_ns: int, text: str) -> None:
    """Three digits are what a bucket is good for."""
    assert time_text(time_ns) == text
