"""`viflux conntrack` on a real store."""

from __future__ import annotations

from typing import Any

from tests.traffic.scene import HOST, Scene, mapped
from viflux.clock import NANOSECONDS

ROUTER, VIF = "router", 0xAB


def store(scene: Scene, *rows: dict[str, Any], host: str = HOST) -> None:
    """Store what the agent would have read of one namespace, ten seconds a row."""
    told = [
        {
            "time": 10.0 * number,
            "duration_ns": 10 * NANOSECONDS,
            "host": host,
            "namespace": ROUTER,
            "conntrack_readings_count": 10,
            "conntrack_max_count": 1000,
            **{f"conntrack_{name}" if name != "namespace" else name: value for name, value in row.items()},
        }
        for number, row in enumerate(rows)
    ]
    scene._insert("hosts", told)


def holders(scene: Scene, at: float, *rows: tuple[str, str, int, int]) -> None:
    """Store a look: what the row is about, address, VIF, entries, of 500 seen ones of 2,000."""
    told = [
        {
            "time": at,
            "host": HOST,
            "namespace": ROUTER,
            "holder": holder,
            "holder_address": mapped(address or "::"),
            "holder_reach": "link" if vif_id else "unknown",
            "vif_id": vif_id,
            "held_count": held,
            "seen_count": 500,
            "conntrack_entries_count": 2000,
        }
        for holder, address, vif_id, held in rows
    ]
    scene._insert("holders", told)


def test_the_newest_figures_and_what_happened_in_the_span(scene: Scene) -> None:
    """The peak is the span's, also where it is over; what is not known any more is null though it was."""
    store(
        scene,
        {"entries_count": 100, "peak_count": 990, "growth_per_second": 5.0, "full_seconds": 20.0, "dropped_packets": 7},
        {"entries_count": 50, "peak_count": 60, "dropped_packets": 2, "early_dropped_count": 1},
    )
    said = scene.ask("conntrack", "--last", "10m")
    (row,) = said.rows
    assert (row["namespace"], row["entries_count"], row["peak_count"], row["peak_ratio"]) == (ROUTER, 50, 990, 0.99)
    assert (row["growth_per_second"], row["full_seconds"]) == (None, None)
    assert (row["dropped_packets"], row["early_dropped_count"]) == (9, 1)


def test_the_fullest_comes_first_and_one_without_a_limit_last(scene: Scene) -> None:
    """Its share of the limit is not known; it is not 0."""
    store(scene, {"entries_count": 9, "peak_count": 9, "max_count": 0, "namespace": "unlimited"})
    store(scene, {"entries_count": 1, "peak_count": 1, "namespace": "quiet"})
    store(scene, {"entries_count": 1, "peak_count": 900, "namespace": ""})
    rows = scene.ask("conntrack", "--last", "10m").rows
    assert [(row["namespace"], row["peak_ratio"]) for row in rows] == [("", 0.9), ("quiet", 0.001), ("unlimited", None)]
    only = scene.ask("conntrack", "--last", "10m", "--namespace", "host").rows
    assert [row["namespace"] for row in only] == [""]


def test_holders_are_of_the_newest_look_and_scaled(scene: Scene) -> None:
    """By address and by VIF; what was seen of it is said."""
    scene.vif(VIF, "veth7", namespace=ROUTER)
    holders(scene, 10.0, ("address", "192.0.2.9", 0, 500))
    holders(
        scene,
        20.0,
        ("address", "192.0.2.1", VIF, 400),
        ("address", "192.0.2.2", 0, 100),
        ("vif", "", VIF, 400),
    )
    addresses = scene.ask("conntrack", "--last", "10m", "--by", "address").rows
    assert [(row["address"], row["held_count"], row["estimated_count"]) for row in addresses] == [
        ("192.0.2.1", 400, 1600),
        ("192.0.2.2", 100, 400),
    ]
    assert [(row["ifname"], row["reach"]) for row in addresses] == [("veth7", "link"), ("", "unknown")]
    (vif,) = scene.ask("conntrack", "--last", "10m", "--by", "vif").rows
    assert (vif["vif_id"], vif["ifname"], vif["share_ratio"]) == (f"{VIF:016x}", "veth7", 0.8)
    assert (vif["seen_count"], vif["entries_count"]) == (500, 2000)


def test_rows_about_exporters_and_costs_are_not_taken_for_namespaces(scene: Scene) -> None:
    """They are in the same table."""
    row = {"time": 1.0, "duration_ns": 1, "host": HOST, "component": "agent"}
    scene._insert("hosts", [row])
    said = scene.ask("conntrack", "--last", "10m")
    assert said.rows == []
    assert "nothing was read" in said.notes
    assert "no connections were looked at" in scene.ask("conntrack", "--by", "vif").notes
    assert "the source conntrack is off here" in scene.ask("conntrack", "--set", "agent.sources=inventory").notes


def test_a_wrong_span_is_refused(scene: Scene) -> None:
    """In one line, with the exit code of wrong use."""
    said = scene.ask("conntrack", "--last", "soon")
    assert (said.exit_code, said.rows) == (2, [])
