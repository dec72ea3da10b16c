"""From batches in a spool to flow coverage: the real processor fills the tier, the real stage compares it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from analytics.stage import SliStage
from tests.processor.making import (
    COUNTERS,
    INVENTORY,
    MINUTE,
    SECOND,
    ask,
    batch_of,
    heartbeat,
    open_spool,
    processor,
    v4,
    wait_done,
)
from tests.running import RunningStore, running_store, until
from viflux.clock import SystemClock

TAP, PORT, MUTE = 7, 8, 9


@pytest.fixture
def store(tables: Path, tmp_path: Path) -> Iterator[RunningStore]:
    with running_store(tmp_path / "data", tables=tables) as running:
        yield running


def vif(minute_ns: int, vif_id: int, kind: str, side: str, **told: Any) -> dict[str, Any]:
    start = minute_ns - 10 * MINUTE
    times = {"time": start, "valid_from_time": start, "born_time": start}
    return {**times, "vif_id": vif_id, "change": "born", "kind": kind, "side": side, **told}


def counters(start_ns: int, seconds: int, vif_id: int, rx_bytes: int, tx_bytes: int) -> dict[str, Any]:
    told = {"delta_kind": "clean", "rx_bytes": rx_bytes, "tx_bytes": tx_bytes}
    return {"time": start_ns, "duration_ns": seconds * SECOND, "vif_id": vif_id, **told}


def flow(end_ns: int, seconds: int, vif_id: int, skb_bytes: int, **told: Any) -> dict[str, Any]:
    row = {"time": end_ns, "duration_ns": seconds * SECOND, "vif_id": vif_id, "skb_bytes": skb_bytes, "packets": 10}
    row |= {"received_time": end_ns, "source_kind": "ipfix", "exporter_address": v4(192, 0, 2, 1)}
    return {**row, "sampling_rate": 1.0, "sampling_origin": "announced", **told}


def test_flows_and_counters_of_the_same_bytes_agree(tmp_path: Path, store: RunningStore) -> None:
    """A tap watched at 1:1 with flows over the minute's border, a sampled switch port, and one without counters."""
    minute = (time.time_ns() // MINUTE - 6) * MINUTE
    writer = open_spool(tmp_path / "data")
    states = [
        vif(minute, TAP, "tap", "host", counting_point=True, criticality="critical"),
        vif(minute, PORT, "exported", "exported", link_speed_bits_per_second=10**6),
        vif(minute, MUTE, "exported", "exported"),
    ]
    sweeps = [counters(minute + step * 10 * SECOND, 10, TAP, 1000, 500) for step in range(6)]
    readings = [counters(minute + offset * SECOND, 30, PORT, 30_000, 0) for offset in (-15, 15, 45)]
    flows = [
        flow(minute + 30 * SECOND, 60, TAP, 6000),
        flow(minute + 90 * SECOND, 60, TAP, 6000),
        flow(minute + 45 * SECOND, 30, TAP, 3000),
        # The same traffic once more, by samples of another exporter.
        flow(minute + 30 * SECOND, 0, TAP, 40, packets=2, sampling_rate=100.0, exporter_address=v4(192, 0, 2, 2)),
        flow(minute + 20 * SECOND, 0, PORT, 295, packets=2, sampling_rate=100.0, direction=0),
        flow(minute + 40 * SECOND, 0, PORT, 300, packets=2, sampling_rate=100.0, direction=0),
        flow(minute + 40 * SECOND, 0, PORT, 119, packets=1, sampling_rate=0.0, sampling_origin="unknown", direction=0),
        flow(minute + 50 * SECOND, 0, MUTE, 100),
    ]
    writer.append([batch_of(INVENTORY, states[:1]), batch_of("inventory.exports", states[1:])])
    writer.append([batch_of(COUNTERS, sweeps), batch_of("counters.sflow", readings), batch_of("flows.ipfix", flows)])
    writer.append([heartbeat(minute + MINUTE, minute + MINUTE)])
    writer.commit()
    with processor(store) as running:
        wait_done(running, tmp_path / "data")

        def all_filled() -> bool:
            return ask(store, "SELECT sum(flows_count) AS n FROM flows_1m")[0]["n"] == len(flows)

        until("the tier is filled", all_filled, 30)
    stage = SliStage(store.writer(), store.settings, SystemClock())
    while stage.step():
        pass
    rows = ask(
        store,
        "SELECT scope_key, part, value, samples_count, completeness_ratio, reason FROM sli WHERE sli = 'M9' "
        f"AND scope IN ('vif', 'host') AND toUnixTimestamp(time) = {minute // SECOND} ORDER BY scope_key, part",
    )
    assert [tuple(row.values()) for row in rows] == [
        ("0000000000000007", "both", 1, 20, 1, ""),
        ("0000000000000008", "ingress", 59_500 / 60_000, 4, pytest.approx(595 / 714), ""),
        ("0000000000000009", "both", None, 0, 1, "no_counters"),
        ("host-1", "both", 1, 20, 1, ""),
        ("host-1", "critical_covered", 1, 0, 1, ""),
    ]
    m1 = ask(
        store,
        "SELECT scope_key, value FROM sli WHERE sli = 'M1' AND part = 'utilisation' AND scope = 'vif' "
        f"AND window_seconds = 60 AND toUnixTimestamp(time) = {minute // SECOND} AND value IS NOT NULL",
    )
    assert m1 == [{"scope_key": "0000000000000008", "value": 0.008}]
