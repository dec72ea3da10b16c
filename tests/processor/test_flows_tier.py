"""The flows' minute tier: every byte of the raw rows in it once, spread over the minutes that the flows lasted."""

from __future__ import annotations

import random
import time
from collections import defaultdict
from ipaddress import IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest

from ingest.store.tiers.tier import MARK
from tests.processor.making import (
    DAY,
    FLOWS,
    MINUTE,
    SECOND,
    ask,
    batch_of,
    heartbeat,
    open_spool,
    processor,
    state_of,
    v4,
    wait_done,
)
from tests.running import RunningStore, until
from viflux.spool import SpoolWriter

MEASURES = ("bytes", "packets", "skb_bytes")
ALL = (*MEASURES, *(f"scaled_{name}" for name in MEASURES), "flows_count")
RATES = [("announced", 1.0), ("configured", 100.0), ("measured", 1.5), ("unknown", None), ("announced", 4096.0)]


def flow(end_ns: int, duration_ns: int = 0, **columns: Any) -> dict[str, Any]:
    return {
        "time": end_ns,
        "duration_ns": duration_ns,
        "vif_id": 7,
        "source_kind": "ipfix",
        "sampling_rate": 1.0,
        "sampling_origin": "announced",
        "protocol": 6,
        **columns,
    }


def random_flow(rng: random.Random, from_ns: int, to_ns: int) -> dict[str, Any]:
    origin, rate = rng.choice(RATES)
    unit = rng.choice([1, SECOND, MINUTE])
    end = rng.randrange(from_ns // unit, to_ns // unit) * unit
    duration = rng.choice([0, 1, rng.randrange(10**9), rng.randrange(MINUTE), rng.randrange(70 * MINUTE), 2**63])
    octets = rng.choice([(10, 0, rng.randrange(3), rng.randrange(256)), (192, 0, 2, rng.randrange(256))])
    told: dict[str, Any] = {
        "vif_id": rng.randrange(1, 4),
        "protocol": rng.choice([1, 6, 17]),
        "bytes": rng.choice([0, 1, rng.randrange(10**4), rng.randrange(10**12)]),
        "packets": rng.choice([1, rng.randrange(10**6)]),
        "skb_bytes": rng.randrange(10**9),
        "sampling_origin": origin,
        "source_kind": rng.choice(["ipfix", "sflow"]),
        "exporter_address": v4(192, 0, 2, rng.randrange(1, 3)),
        "src_address": v4(*octets),
        "dst_address": rng.choice([v4(198, 51, 100, rng.randrange(256)), IPv6Address("2001:db8:1:2::3").packed]),
        "src_port": rng.choice([0, 53, 443, 40_000]),
        "dst_port": rng.choice([0, 53, 443, 40_000]),
    }
    if rate is not None:
        told["sampling_rate"] = rate
    if (direction := rng.choice([0, 1, None])) is not None:
        told["direction"] = direction
        if rng.random() < 0.2:
            told["direction_meaning"] = "own"
    row = {**flow(end, duration), **told}
    return row if rate is not None else {name: value for name, value in row.items() if name != "sampling_rate"}


def scaled(row: dict[str, Any], name: str) -> int:
    whole = row.get(name, 0)
    return 0 if row["sampling_origin"] == "unknown" else round(whole * row["sampling_rate"])


def expected_minutes(row: dict[str, Any]) -> dict[int, dict[str, int]]:
    """The rule, flow by flow: shares by overlap, rounded down, the rest to the last minute, an hour back at most."""
    end, span = row["time"], min(row.get("duration_ns", 0), 60 * MINUTE)
    last = (end - (span > 0)) // MINUTE
    minutes: dict[int, dict[str, int]] = {}
    sums = {**{name: row.get(name, 0) for name in MEASURES}, **{f"scaled_{n}": scaled(row, n) for n in MEASURES}}
    left = dict(sums)
    for minute in range((end - span) // MINUTE, last):
        overlap = min(end, (minute + 1) * MINUTE) - max(end - span, minute * MINUTE)
        minutes[minute] = {name: whole * overlap // span for name, whole in sums.items()}
        left = {name: left[name] - share for name, share in minutes[minute].items()}
    minutes[last] = {**left, "flows_count": 1}
    return minutes


def key_of(row: dict[str, Any]) -> tuple[Any, ...]:
    ports = sorted((row.get("src_port", 0), row.get("dst_port", 0)))
    service = 0 if row["protocol"] not in (6, 17) else ports[0] or ports[1]
    way = "" if row.get("direction_meaning") else {0: "ingress", 1: "egress"}.get(row.get("direction"), "")
    to_source = way == "egress" or (not way and service > 0 and row["src_port"] == service != row["dst_port"])
    address = ip_address(row.get("src_address" if to_source else "dst_address", bytes(16)))
    assert isinstance(address, IPv6Address)
    network = ip_network((address, 120 if address.ipv4_mapped else 48), strict=False)
    assert isinstance(network, IPv6Network)
    peer = network.network_address
    exporter = IPv6Address(row.get("exporter_address", bytes(16)))
    told = (row["sampling_origin"], way, row["source_kind"], str(exporter.ipv4_mapped or exporter))
    return (row["vif_id"], row["protocol"], service, str(peer.ipv4_mapped or peer), *told)


def expected_tier(rows: list[dict[str, Any]]) -> dict[tuple[Any, ...], dict[str, int]]:
    tier: dict[tuple[Any, ...], dict[str, int]] = defaultdict(lambda: dict.fromkeys(ALL, 0))
    for row in rows:
        for minute, sums in expected_minutes(row).items():
            for name, share in sums.items():
                tier[(minute, *key_of(row))][name] += share
    return dict(tier)


def stored_tier(store: RunningStore, where: str = "1") -> dict[tuple[Any, ...], dict[str, int]]:
    rows = ask(
        store,
        "SELECT intDiv(toUnixTimestamp(time), 60) AS minute, vif_id, protocol, service_port, "
        "replace(toString(peer_network), '::ffff:', '') AS peer, sampling_origin, flow_direction, source_kind, "
        "replace(toString(exporter_address), '::ffff:', '') AS exporter, "
        f"{', '.join(ALL)} FROM flows_1m WHERE {where}",
    )
    names = ("minute", "vif_id", "protocol", "service_port", "peer", "sampling_origin", "flow_direction", "source_kind")
    names += ("exporter",)
    return {tuple(row[name] for name in names): {name: row[name] for name in ALL} for row in rows}


def put(writer: SpoolWriter, rows: list[dict[str, Any]]) -> None:
    for start in range(0, len(rows), 400):
        writer.append([batch_of(FLOWS, rows[start : start + 400])])
    writer.commit()


def sums(tier: dict[tuple[Any, ...], dict[str, int]]) -> dict[str, int]:
    return {name: sum(row[name] for row in tier.values()) for name in ALL}


def stored_sums(store: RunningStore) -> dict[str, int]:
    found: dict[str, int] = ask(store, f"SELECT {', '.join(f'sum({name}) AS {name}' for name in ALL)} FROM flows_1m")[0]
    return found


def test_every_byte_is_in_the_tier_once(tmp_path: Path, store: RunningStore) -> None:
    """Random flows over midnight and hours, through kills between two fills, with late ones: equal to an own count."""
    now = time.time_ns()
    rng = random.Random(now)  # noqa: S311 - other flows each time
    midnight = now // DAY * DAY
    rows = [random_flow(rng, now - 50 * MINUTE, now - 3 * MINUTE) for _ in range(1500)]
    # Of an end more than a day ago the time would be replaced: late in the evening the midnight is out of reach.
    around = max(midnight - 30 * MINUTE, now - 1410 * MINUTE), min(midnight + 45 * MINUTE, now - 3 * MINUTE)
    rows += [random_flow(rng, *around) for _ in range(500)]
    late = [random_flow(rng, now - 50 * MINUTE, now - 3 * MINUTE) for _ in range(300)]
    writer = open_spool(tmp_path / "data")
    put(writer, rows)
    for wanted in (1, 15, 30):
        with processor(store) as running:

            def some(wanted: int = wanted) -> bool:
                return len(ask(store, "SELECT DISTINCT end_minute_time FROM flows_1m_revisions")) >= wanted

            until("some minutes are filled", some, 30)
            running.kill()
    with processor(store) as running:
        wait_done(running, tmp_path / "data")
        wanted_sums = sums(expected_tier(rows))
        until("all are filled", lambda: stored_sums(store) == wanted_sums, 120)
        put(writer, late)
        wait_done(running, tmp_path / "data")
        rows += late
        wanted_sums = sums(expected_tier(rows))
        until("late ones are added", lambda: stored_sums(store) == wanted_sums, 60)
    assert stored_tier(store) == expected_tier(rows), f"seed {now}"
    raw = ask(store, "SELECT sum(flows.bytes) AS bytes, sum(flows.skb_bytes) AS skb_bytes, count() AS n FROM flows")[0]
    tier = sums(stored_tier(store))
    assert (tier["bytes"], tier["skb_bytes"], tier["flows_count"]) == (raw["bytes"], raw["skb_bytes"], raw["n"])


@pytest.mark.parametrize("missing", ["toUnixTimestamp(time) >= {today}", "vif_id >= 8", "vif_id > 9"])
def test_a_half_written_fill_is_filled_again(tmp_path: Path, store: RunningStore, missing: str) -> None:
    """A fill that ended before its last block or its marks does not count as done, nor does the earlier day alone."""
    midnight = time.time_ns() // DAY * DAY
    if time.time_ns() < midnight + 5 * MINUTE:
        pytest.skip("too soon after midnight for a closed minute of today")
    rows = [flow(midnight + 90 * SECOND, 10 * MINUTE, bytes=1_000_000, vif_id=vif) for vif in (7, 8, 9)]
    writer = open_spool(tmp_path / "data")
    put(writer, rows)
    marked = f"SELECT count() AS n FROM flows_1m_revisions WHERE vif_id = {MARK} AND time = end_minute_time"
    with processor(store) as running:
        until("it is filled", lambda: ask(store, marked)[0]["n"] == 1, 20)
        assert stored_tier(store) == expected_tier(rows)
        running.kill()
    where = missing.format(today=midnight // SECOND)
    store.writer().command(f"ALTER TABLE flows_1m_revisions DELETE WHERE {where} SETTINGS mutations_sync = 2")
    assert ask(store, marked)[0]["n"] == 0
    with processor(store):
        until("it is filled again", lambda: ask(store, marked)[0]["n"] == 1, 20)
        assert stored_tier(store) == expected_tier(rows)


def test_a_minute_waits_for_what_is_handed_over_within_its_grace(tmp_path: Path, store: RunningStore) -> None:
    """A minute of which flows keep coming is not filled before its grace is over, in the order of the hand-over."""
    minute = (time.time_ns() // MINUTE - 3) * MINUTE
    writer = open_spool(tmp_path / "data")
    put(writer, [flow(minute + SECOND, bytes=1)])
    with processor(store, "window.grace=5m") as running:
        wait_done(running, tmp_path / "data")
        writer.append([heartbeat(time.time_ns(), time.time_ns(), FLOWS)])
        writer.commit()
        wait_done(running, tmp_path / "data")
        assert stored_tier(store) == {}
    with processor(store, "window.grace=2s"):
        until("it is filled", lambda: sums(stored_tier(store))["bytes"] == 1, 20)


def test_a_wrong_clock_touches_only_its_own_minutes(tmp_path: Path, store: RunningStore) -> None:
    """A batch with one row of twenty hours ago fills two minutes, not twelve hundred."""
    now = time.time_ns()
    rows = [flow(now - 20 * 60 * MINUTE, bytes=5), flow(now - 4 * MINUTE, bytes=7)]
    writer = open_spool(tmp_path / "data")
    put(writer, rows)
    with processor(store) as running:
        until("both are filled", lambda: stored_tier(store) == expected_tier(rows), 60)
        assert state_of(tmp_path / "data")["intent"] is None
        filled = ask(store, "SELECT count(DISTINCT end_minute_time) AS n FROM flows_1m_revisions")[0]["n"]
        assert filled == 2
        assert running.process.poll() is None


def test_flows_carry_the_labels_of_their_time(tmp_path: Path, store: RunningStore) -> None:
    """The view joins what held at the end of the flow."""
    now = time.time_ns()
    writer = open_spool(tmp_path / "data")
    states = [
        {"time": now - offset, "valid_from_time": now - offset, "born_time": now - 9 * MINUTE, "vif_id": 7, **labels}
        for offset, labels in (
            (9 * MINUTE, {"change": "born", "owner": "first", "kind": "exported", "side": "exported"}),
            (5 * MINUTE, {"change": "changed", "owner": "second", "kind": "exported", "side": "exported"}),
        )
    ]
    writer.append([batch_of("inventory.exports", states)])
    put(writer, [flow(now - 6 * MINUTE, bytes=1), flow(now - 4 * MINUTE, bytes=2), flow(now - MINUTE, vif_id=8)])
    with processor(store) as running:
        wait_done(running, tmp_path / "data")
    found = ask(store, "SELECT owner, side, bytes FROM flows_labelled ORDER BY time")
    assert [(row["owner"], row["side"], row["bytes"]) for row in found] == [
        ("first", "exported", 1),
        ("second", "exported", 2),
        ("", "", 0),
    ]
