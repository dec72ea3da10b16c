"""Where not every packet is counted: what the rows say adds up to what the interfaces say, and nothing is hidden."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.flow.conftest import Street, scaled
from tests.lab.network import run

pytestmark = pytest.mark.root

INGRESS, EGRESS = 0, 1


def adds_up(street: Street, rows: list[dict[str, Any]], counted: dict[str, dict[str, int]]) -> None:
    """Scaled packets are those of the interface, but for what the harvest says that nothing stands for."""
    missing = 0.0
    for end in (street.one, street.two):
        vif_id = street.vif_id(end.outer)
        for direction, side in ((INGRESS, "rx"), (EGRESS, "tx")):
            told = scaled(rows, "skb_packets", vif_id=vif_id, direction=direction)
            assert told <= counted[end.outer.name][f"{side}_packets"] + 1e-6
            missing += counted[end.outer.name][f"{side}_packets"] - told
    assert missing == pytest.approx(street.unmatched, abs=1e-6)


def test_scaled_rows_add_up_to_what_the_interfaces_counted(street: Street) -> None:
    """To the packet, through changes of the rate; a flow's volume lies within the bounds of its samples."""
    rows: list[dict[str, Any]] = []
    for rate, count in ((1, 300), (7, 20_000), (64, 20_000), (2, 5_000), (1, 300)):
        street.probe.sample(critical=rate, others=rate)
        rows += street.drain()
        before = len(rows)
        port = street.talk(street.one, "udp", street.two.address, 6000 + rate, count, 100)["port"]
        street.counted(street.two)
        rows += street.drain()
        for end, direction in ((street.one, INGRESS), (street.two, EGRESS)):
            flow = {"src_port": port, "dst_port": 6000 + rate}
            vif_id = street.vif_id(end.outer)
            (row,) = (
                one
                for one in rows[before:]
                if {**flow, "vif_id": vif_id, "direction": direction}.items() <= one.items()
            )
            assert row["sampling_origin"] == "measured"
            if rate == 1:
                assert (row["sampling_rate"], row["packets"]) == (1.0, count)
                continue
            samples = row["packets"]
            # How many are skipped is drawn evenly from 0 to twice the mean: its deviation is rate / sqrt(3).
            off = 5 * math.sqrt(samples / 3) + 1
            assert abs(samples - count / rate) < off
            # The bounds that a reader of the row can draw hold the truth.
            lower, upper = (
                row["bytes"] * row["sampling_rate"] * (1 + sign * 4 / math.sqrt(samples)) for sign in (-1, 1)
            )
            assert lower < count * 142 < upper
    assert {row["sampling_rate"] for row in rows if row.get("dst_port") == 6001} == {1.0}
    more, counted = street.settle()
    adds_up(street, [*rows, *more], counted)


def test_critical_interfaces_are_counted_whole_while_others_are_not(street: Street) -> None:
    """The label comes from the alias, and may come and go under a running probe."""
    run("ip", "link", "set", street.two.outer.name, "alias", "criticality=critical")
    street.follow()
    street.probe.sample(critical=1, others=32)
    rows = street.drain()
    street.talk(street.one, "udp", street.two.address, 6100, 10_000, 50)
    street.counted(street.two)
    rows += street.drain()
    one, two = street.vif_id(street.one.outer), street.vif_id(street.two.outer)
    critical = [row for row in rows if row["vif_id"] == two and row.get("dst_port") == 6100]
    assert [(row["packets"], row["sampling_rate"]) for row in critical] == [(10_000, 1.0)]
    (other,) = (row for row in rows if row["vif_id"] == one and row.get("dst_port") == 6100)
    assert other["packets"] < 1_000
    assert other["packets"] * other["sampling_rate"] == pytest.approx(10_000, rel=0.01)
    run("ip", "link", "set", street.two.outer.name, "alias", "")
    street.follow()
    rows += street.drain()
    street.talk(street.one, "udp", street.two.address, 6101, 10_000, 50)
    street.counted(street.two)
    rows += street.drain()
    (row,) = (row for row in rows if row["vif_id"] == two and row.get("dst_port") == 6101)
    assert row["packets"] < 1_000
    more, counted = street.settle()
    adds_up(street, [*rows, *more], counted)
