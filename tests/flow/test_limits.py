"""Many interfaces at once, ones that come and go, full maps: nothing is lost silently, also under sampling."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from tests.flow import verdicts
from tests.flow.conftest import Street, scaled
from tests.lab.network import lab, need_root
from tests.running import wait_for

pytestmark = pytest.mark.root


# So many at one go.
FLAPS = 10


@pytest.mark.parametrize("vifs", [120, pytest.param(1_000, marks=[pytest.mark.soak, pytest.mark.timeout(300)])])
def test_many_interfaces_at_once_never_hold_the_agent_up(street: Street, vifs: int) -> None:
    """The kernel takes its time for each: they are attached to in turns of a bounded length, critical ones first."""
    tag = street.network.tag
    lines = [f"link add {tag}w{at} type veth peer name {tag}v{at}" for at in range(vifs // 2)]
    critical = f"{tag}v{vifs // 2 - 1}"
    lines.append(f"link set {critical} alias criticality=critical")
    street.probe.sample(critical=1, others=16)
    street.drain()
    already = street.probe.watched()
    try:
        subprocess.run(["ip", "-batch", "-"], input="\n".join(lines), text=True, check=True)
        street.watch.resync()
        turns = 0
        while street.probe.watched() < already + vifs:
            begun = time.monotonic()
            assert not street.probe.follow(street.watch, counting_points=False, names=[f"{tag}*"])
            # A turn is a quarter of a second and one interface; the rest is for a machine that has other things to do.
            assert time.monotonic() - begun < 3
            turns += 1
            if turns == 1:
                assert verdicts.held(critical, verdicts.INGRESS)
            assert street.probe.is_behind() == (street.probe.watched() < already + vifs)
        assert turns > 1
    finally:
        gone = "\n".join(f"link del {tag}w{at}" for at in range(vifs // 2))
        subprocess.run(["ip", "-force", "-batch", "-"], input=gone, text=True, check=False, capture_output=True)
    street.follow()
    assert street.probe.watched() == already


def test_full_maps_are_accounted_for_while_packets_are_sampled() -> None:
    """What neither map nor ring took counts for as many as it stands for; with the rows it is all that was seen."""
    need_root("loads programs into the kernel")
    with lab() as network:
        street = Street(network, entries=256, ring_bytes=4096, sampling=3)
        street.talk(street.one, "many", street.two.address, 20_000)
        street.counted(street.two)
        rows = street.drain()
        for end, direction, side in ((street.one, 0, "rx"), (street.two, 1, "tx")):
            vif_id = street.vif_id(end.outer)
            told = scaled(rows, "packets", vif_id=vif_id, direction=direction)
            lost = sum(packets for whose, egress, packets, _ in street.lost if (whose, egress) == (vif_id, direction))
            assert lost > 10_000
            assert told + lost == pytest.approx(street.counted(end)[f"{side}_packets"], abs=1)


def test_an_interface_that_flaps_disturbs_nobody_while_the_rate_changes(street: Street) -> None:
    """Made and removed as often as the kernel lets one, under a probe whose rates change: packets still add up."""
    tag = street.network.tag
    stop = threading.Event()
    flaps = 0
    flap_lines = f"link add {tag}f type veth peer name {tag}g\nlink del {tag}f\n" * FLAPS

    def flap() -> None:
        nonlocal flaps
        while not stop.is_set():
            subprocess.run(["ip", "-batch", "-"], input=flap_lines, text=True, check=True)
            flaps += FLAPS

    thread = threading.Thread(target=flap)
    begun = time.monotonic()
    thread.start()
    rows = []
    try:
        rates = iter([4, 1, 16, 2, 1, 64, 8])

        def has_flapped() -> bool:
            street.probe.sample(critical=1, others=next(rates, 5))
            street.watch.resync()
            street.probe.follow(street.watch, counting_points=False, names=[f"{tag}*"])
            street.talk(street.one, "udp", street.two.address, 6200, 1_000, 20)
            rows.extend(street.drain())
            return flaps >= 200

        wait_for("it has flapped often", has_flapped, 60)
    finally:
        stop.set()
        thread.join()
    rate = flaps / (time.monotonic() - begun)
    sys.stdout.write(f"{rate:.1f} flaps a second\n")
    # Alone the kernel does 58 on two cores: each removal waits until no processor uses the device any more.
    assert rate > 10
    street.probe.sample(critical=1, others=1)
    rows += street.drain()
    more, counted = street.settle()
    rows += more
    missing = 0.0
    for end in (street.one, street.two):
        for direction, side in ((0, "rx"), (1, "tx")):
            told = scaled(rows, "skb_packets", vif_id=street.vif_id(end.outer), direction=direction)
            missing += counted[end.outer.name][f"{side}_packets"] - told
    assert missing == pytest.approx(street.unmatched, abs=1e-3)
    assert {row["sampling_rate"] > 1 for row in rows} == {True, False}
