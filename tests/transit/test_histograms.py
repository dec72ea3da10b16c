"""Whose times are told, and what of samples that have none."""

from __future__ import annotations

import pytest

from tests.transit.conftest import Switch, longest_ns, packets, udp_frame

pytestmark = pytest.mark.root


def send(switch: Switch, source: str, target: str, count: int, *, via: str = "") -> None:
    frame = udp_frame(switch.macs[source], switch.macs[via or target], switch.address(source), switch.address(target))
    told = switch.send(source, "same", "eth0", frame, 1, count, 0)
    assert told == {"sent": count}


def test_each_packet_is_in_the_histogram_of_its_pair(switch: Switch) -> None:
    """Bridged, routed from the bridge and routed to the bridge; nothing else is told."""
    with switch.probed():
        switch.drain()
        send(switch, "a", "b", 300)
        send(switch, "a", "d", 200, via="lan")
        send(switch, "d", "c", 100, via="out")
        found = switch.drain()
    told = {pair: packets(buckets) for pair, buckets in found.items()}
    # What is routed to the bridge leaves by the bridge, and then by a port of it.
    assert told == {("a", "b"): 300, ("a", "out"): 200, ("out", "lan"): 100, ("out", "c"): 100}
    for buckets in found.values():
        assert all(bucket.to_ns - bucket.from_ns - 1 <= 0.03 * bucket.from_ns for bucket in buckets)
        assert 0 < longest_ns(buckets) < 10**9
    assert switch.totals["sampling_rate"] == pytest.approx(1.0, rel=0.2)


def test_a_queue_is_part_of_the_way(switch: Switch) -> None:
    """With a shaped queue on the way out, packets have waited there; those by another interface have not."""
    frame_bytes = 60
    switch.inside(
        "tc", "qdisc", "replace", "dev", "b", "root", "tbf", "rate", "80kbit", "burst", "100", "limit", "9999"
    )
    try:
        with switch.probed():
            switch.drain()
            send(switch, "a", "b", 11)
            send(switch, "a", "c", 11)
            found = dict(switch.drain())
            while packets(found.get(("a", "b"), ())) < 11:
                for pair, buckets in switch.drain().items():
                    found[pair] = [*found.get(pair, ()), *buckets]
    finally:
        switch.inside("tc", "qdisc", "del", "dev", "b", "root")
    # Ten frames at 10,000 bytes a second are before the last.
    waited_ns = 10 * frame_bytes / 10_000 * 1e9
    assert waited_ns * 0.8 < longest_ns(found["a", "b"]) < waited_ns * 1.5
    assert packets(found["a", "c"]) == 11
    assert longest_ns(found["a", "c"]) < waited_ns / 2


def test_one_of_so_many_is_sampled(switch: Switch) -> None:
    """The share is right within what chance allows, and the rate is told."""
    with switch.probed(one_of=8):
        switch.drain()
        send(switch, "a", "b", 16_000)
        found = switch.drain()
    # The gap between samples is uniform of 1 to 15: a standard deviation of 4.3, so of 2,000 gaps 24.
    assert packets(found["a", "b"]) == pytest.approx(2_000, abs=150)
    assert switch.totals["sampling_rate"] == pytest.approx(8, rel=0.1)


def test_what_takes_too_long_is_counted(switch: Switch) -> None:
    """A packet that waits longer than is told has no time, and is in the count of those."""
    switch.inside(
        "tc", "qdisc", "replace", "dev", "b", "root", "tbf", "rate", "80kbit", "burst", "100", "limit", "9999"
    )
    try:
        with switch.probed(longest_ns=20_000_000):
            switch.drain()
            send(switch, "a", "b", 11)
            told, expired = 0, 0
            while told + expired < 11:
                told += packets(switch.drain().get(("a", "b"), ()))
                expired += switch.totals["expired_packets"]
    finally:
        switch.inside("tc", "qdisc", "del", "dev", "b", "root")
    assert expired >= 6
    assert told >= 2


def test_histograms_without_room_are_counted(switch: Switch) -> None:
    """What the agent has no bucket for is not told, and is counted."""
    with switch.probed(most_buckets=1):
        switch.drain()
        send(switch, "a", "b", 300)
        send(switch, "a", "d", 300, via="lan")
        found = switch.drain()
    told = sum(packets(buckets) for buckets in found.values())
    assert told + switch.totals["unplaced_packets"] >= 600
    assert switch.totals["unplaced_packets"] > 0


def test_windows_share_the_time(switch: Switch) -> None:
    """With a share of the time, about that share of packets is sampled, and nothing is attached after the end."""
    with switch.probed(share=0.2, window_ns=20_000_000):
        switch.drain()
        frame = udp_frame(switch.macs["a"], switch.macs["b"], switch.address("a"), switch.address("b"))
        sent = switch.send("a", "same", "eth0", frame, 400, 20, 0.01)["sent"]
        found = switch.drain()
        rate = switch.totals["sampling_rate"]
    assert 2 < rate < 15
    assert packets(found["a", "b"]) == pytest.approx(sent / rate, rel=0.35)
