"""ClickHouse 24.8, the oldest that `store.url` may name: its real engine runs all migrations, and reads all views.

It is the engine in a library, without a server: what was not run there is HTTP, users and grants, replicas. As `soak`
the tests of `analytics` run on it too.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from analytics.catalogue import CATALOGUE, REASONS
from analytics.hurts import now_hurting
from ingest.store.client import StoreClient
from ingest.store.connection import StoreTooOld
from ingest.store.migrate import migrate
from ingest.store.tiers.resolution import resolve
from ingest.store.tiers.rows import MINUTE_NS
from ingest.store.tiers.tier import Window, tiers_of
from tests.analytics.scenario import HOST, Scenario
from tests.lab.oldest_store import OldestStore, oldest_store
from tests.running import RunningStore, emptied
from viflux.clock import NANOSECONDS as SECOND
from viflux.registry import KINDS
from viflux.registry.rollups import ROLLUPS
from viflux.settings import load
from viflux.settings.schema import Keep

_A_SUM = {"counters": "rx_bytes", "flows": "bytes", "latency": "sampled_packets"}
KEY = ("time", "window_seconds", "sli", "part", "scope", "scope_key", "computed_time")


@pytest.fixture(scope="module")
def oldest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OldestStore]:
    """An engine with the tables and views that every migration left there; after a test's error it answers no other."""
    with oldest_store(tmp_path_factory.mktemp("oldest") / "engine") as engine:
        migrate(engine, engine.database)
        yield engine


def test_the_oldest_engine_runs_every_migration_and_reads_every_view(oldest: OldestStore) -> None:
    """Types, codecs, table settings and functions of the schema exist there."""
    assert oldest.command("SELECT version()").startswith("24.8.")
    names = {kind.table_name for kind in KINDS.values()} | {"sli", "counters_1m", "flows_1d", "flows_labelled"}
    for name in sorted(names):
        oldest.command(f"SELECT * FROM viflux.{name} LIMIT 1")
    assert names <= set(oldest.command("SELECT name FROM system.tables WHERE database = 'viflux'").split())


def test_a_version_below_is_refused_in_one_line(store: RunningStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is made there."""
    monkeypatch.setattr("ingest.store.connection._OLDEST", (99, 1))
    settings, _ = load(environment={}, assignments=[f"store.url={store.url}", "store.user=default"])
    with pytest.raises(StoreTooOld, match=r"store\.url: .* is ClickHouse 26\.[\d.]+; 99\.1 or newer is needed"):
        StoreClient.writer(settings).command("SELECT 1")


def test_tiers_are_filled_checked_and_read_there(oldest: OldestStore) -> None:
    """Every statement of the tiers, with what it should say: found stale, filled, filled again, and one row for all."""
    minute = time.time_ns() // MINUTE_NS - 1440
    at = f"fromUnixTimestamp64Nano({minute * MINUTE_NS + 1}, 'UTC')"
    common = "time, duration_ns, vif_id, host"
    counted, flowed = f"({at}, 10000000000, 7, 'h', 'clean', 41)", f"({at}, 90000000000, 7, 'h', 41, 6, 'announced', 1)"
    bucket = "out_vif_id, bucket_from_ns, bucket_to_ns, sampled_packets"
    raw = [
        f"INSERT INTO viflux.counters ({common}, delta_kind, rx_bytes) VALUES {counted}",
        f"INSERT INTO viflux.flows ({common}, bytes, protocol, sampling_origin, sampling_rate) VALUES {flowed}",
        f"INSERT INTO viflux.latency ({common}, {bucket}) VALUES ({at}, 10000000000, 7, 'h', 8, 1024, 1053, 41)",
        *(
            "INSERT INTO viflux.ledger (time, host, stage, of_stream, out_rows_count, first_event_time, "
            f"last_event_time, touched_minutes) VALUES ({at}, 'h', 'processor', '{kind}.x', 1, {at}, {at}, [{minute}])"
            for kind in ROLLUPS
        ),
    ]
    fills: list[str] = []
    reads: list[str] = []
    for rollup in ROLLUPS.values():
        for tier in tiers_of(rollup):
            number = minute * MINUTE_NS // tier.window_ns
            fills.append(tier.stale(number - 1, number + 1, 10))
            revisions = {Window("h", number): 1}
            fills += [*tier.fills(revisions, again=False), *tier.fills(revisions, again=True)]
            reads.append(f"SELECT count() FROM ({tier.filled_rows(number - 100, number + 1)})")
        until = {tier.name: (minute - 1) * MINUTE_NS for tier in tiers_of(rollup)}
        now_ns = (minute + 30) * MINUTE_NS
        found = resolve(rollup.kind, now_ns - 7200 * 10**9, now_ns, MINUTE_NS, now_ns=now_ns, keep=Keep(), until=until)
        reads.append(f"SELECT sum({_A_SUM[rollup.kind]}) FROM {found.sql}")
        now_ms = now_ns // 10**6
        over = f"{rollup.kind}_over(from_ms = {now_ms - 7_200_000}, to_ms = {now_ms}, grain_seconds = 60)"
        reads.append(f"SELECT sum({_A_SUM[rollup.kind]}) FROM {over}")
    for text in ["USE viflux", *raw, *fills]:
        oldest.command(text)
    answers = [oldest.command(text) for text in reads]
    assert [answers[at] for at in (4, 5, 10, 11, 16, 17)] == ["41"] * 6
    assert all(int(answer) > 0 for answer in answers)


def test_slis_are_those_of_the_embedded_engine(oldest: OldestStore, store: RunningStore) -> None:
    """The stage's own run over the same rows on either engine: every column of what is newest, and what hurts."""
    newest = store.writer()
    migrate(newest, newest.database)
    origin_ns = (time.time_ns() // MINUTE_NS - 10) * MINUTE_NS
    found = []
    for engine in (oldest, newest):
        emptied(engine)
        scenario = Scenario(engine, origin_ns)
        windows = tell(scenario)
        hurting = now_hurting(engine, engine.database, HOST, scenario.at(125), 30 * SECOND)
        rows = engine.query_rows(f"SELECT * FROM {engine.database}.sli_revisions FINAL")
        found.append((windows, hurting, sorted(rows, key=lambda row: [str(row[name]) for name in KEY])))
    newest.close()
    assert [engine.knows_setting("enable_materialized_cte") for engine in (oldest, newest)] == [False, True]
    assert found[0][:2] == found[1][:2]
    assert found[0][1].level == "hurting"
    assert len(found[0][2]) == len(found[1][2])
    for old, new in zip(found[0][2], found[1][2], strict=True):
        for name, value in new.items():  # sums of shared-out rows are made in any order
            assert old[name] == (pytest.approx(value) if isinstance(value, float) else value), (name, old)
    known = {(row["sli"], row["part"]) for row in found[0][2] if row["value"] is not None}
    assert known == {(sli.id, part.name) for sli in CATALOGUE.values() for part in sli.parts}
    reasons = {row["reason"] for row in found[0][2]}
    assert reasons >= {reason.name for reason in REASONS} - {"no_vifs", "nothing_offered"}


def tell(scenario: Scenario) -> list[int]:
    """Let all happen to a host that SLIs tell apart; return how many windows each of two looks computed."""
    rated = {"provisioned_rate_bits_per_second": 8000, "provisioned_rate_origin": "tbf", "ifname": "veth1"}
    scenario.vif(1, "host", counting_point=True, peer_vif_id=2, vif_key=f"{HOST}/blue/eth0", **rated)
    scenario.vif(2, "workload", peer_vif_id=1)
    scenario.vif(3, "uplink", "physical", link_speed_bits_per_second=10**9)
    scenario.vif(4, "host", "tap", counting_point=True, criticality="critical", born=-600)
    scenario.vif(5, "host", "tap", counting_point=True, born=30, gone=95)
    scenario.vif(6, "exported", "exported", counting_point=True)
    scenario.sweeps(1, 0.15, 120.15, tx_packets=900, qdisc_dropped_packets=40, tx_bytes=9000, rx_bytes=700)
    scenario.sweeps(2, 3, 123, tx_packets=500, tx_bytes=700, rx_bytes=9000)
    scenario.sweeps(3, 0, 120, every=4.0, tx_packets=7, rx_bytes=10**7, tx_bytes=333)
    scenario.sweeps(4, 0, 60, rx_bytes=1000, tx_bytes=2000)
    scenario.count(4, 60, 25, "gap", rx_bytes=500)
    scenario.count(4, 85, 35, "reset")
    scenario.sweeps(5, 40, 90, tx_packets=3)
    scenario.probe(0, 90)
    scenario.probe(90, 120, share=0.5)
    for vif_id, way in ((1, "egress"), (2, "ingress"), (3, "ingress"), (0, "egress")):
        scenario.drop(vif_id, 7, 30, way=way)
        scenario.drop(vif_id, 40, 3, way=way, drop_class="denied", flow=("192.0.2.1", "192.0.2.2", vif_id))
        scenario.drop(vif_id, 70, 5, way=way, drop_class="denied")
    for minute in (0.0, 60.0):
        scenario.flows(1, minute, 60, packets=7, rate=70, direction="ingress")
        scenario.flows(1, minute, 52_000, packets=80, direction="egress", exporter="192.0.2.2")
        scenario.flows(3, minute, 300, packets=3, origin="unknown", direction="egress")
        scenario.flows(4, minute, 17_000)
        scenario.flows(6, minute, 100)
    scenario.track(0, 60, 300, namespace="blue", full_seconds=70.0)
    scenario.track(0, 120, 900, dropped_packets=4, early_dropped_count=2)
    scenario.hand_over(-60, 60, out_rows_count=90)
    scenario.hand_over(0, 60, of_stream="flows.ipfix", out_rows_count=40)
    scenario.hand_over(60, 120, out_rows_count=90)
    scenario.hand_over(60, 120, of_stream="flows.ipfix", out_rows_count=40)
    scenario.lose(61, 119, "flows.ipfix", "shed", 10)
    scenario.lose(121, 179, "counters.netlink", "spool_evicted", 6)
    early = scenario.compute(122)
    scenario.hand_over(30, 90)
    return [early, scenario.compute(400)]
