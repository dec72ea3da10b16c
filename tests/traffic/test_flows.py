"""`viflux flows` says what is true: each byte once, from whatever table, with what is not known told apart."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from ipaddress import ip_network
from typing import Any

import pytest

from tests.traffic.scene import Scene

CLIENT, SERVER, OUTSIDE = "10.0.0.1", "10.0.1.2", "198.51.100.7"


def tcp(time: float, vif_id: int, direction: int | None, src: str, dst: str, **told: Any) -> dict[str, Any]:
    ends = {"src_address": src, "dst_address": dst, "src_port": 40_000, "dst_port": 443}
    return {"time": time, "vif_id": vif_id, "skb_bytes": 1000, "packets": 10, "direction": direction, **ends, **told}


def network_of(address: str) -> str:
    return str(ip_network(f"{address}/{48 if ':' in address else 24}", strict=False))


def test_a_byte_that_passes_five_interfaces_counts_once_in_each_direction(scene: Scene) -> None:
    """From one workload to another, and one byte to the outside: seen at all ends, summed at counting points."""
    scene.pair(1, 2, "veth1", "ns1", CLIENT, workload="client")
    scene.pair(3, 4, "veth3", "ns2", SERVER, workload="server")
    scene.vif(5, "br0", side="bridge")
    scene.vif(6, "eth0", side="uplink", addresses=["192.0.2.6"])
    passed = ((2, 1), (1, 0), (5, 0), (3, 1), (4, 0))
    scene.flows(
        *(tcp(100, vif, way, CLIENT, SERVER) for vif, way in passed),
        *(tcp(100, vif, way, CLIENT, OUTSIDE, skb_bytes=500) for vif, way in ((2, 1), (1, 0), (6, 1))),
    )
    said = scene.ask("flows", "--last", "10m", "--by", "port")
    assert [(row["workload_direction"], row["scaled_skb_bytes"]) for row in said.rows] == [("from", 1500), ("to", 1000)]
    assert "counting points" in said.notes
    said = scene.ask("flows", "--last", "10m", "--by", "workload")
    assert [(row["workload"], row["workload_direction"], row["scaled_skb_bytes"]) for row in said.rows] == [
        ("client", "from", 1500),
        ("server", "to", 1000),
    ]
    said = scene.ask("flows", "--last", "10m", "--by", "port", "--at", "uplinks")
    assert [(row["workload_direction"], row["scaled_skb_bytes"]) for row in said.rows] == [("from", 500)]
    # With the VIF in it every end has its own row, and calls the other end its peer.
    said = scene.ask("flows", "--last", "10m", "--peer", SERVER)
    assert {(row["ifname"], row["flow_direction"], row["scaled_skb_bytes"]) for row in said.rows} == {
        ("eth0", "egress", 1000),
        ("veth1", "ingress", 1000),
        ("br0", "ingress", 1000),
    }
    assert {row["peer_name"] for row in said.rows} == {"host-a/ns2/eth0"}
    said = scene.ask("flows", "--last", "10m", "--vif", "veth3")
    assert [(row["peer_address"], row["port_name"], row["bits_per_second"]) for row in said.rows] == [
        (CLIENT, "https", pytest.approx(8000 / 600, abs=2))
    ]


def test_single_flows_and_tiers_give_the_same_sums(scene: Scene) -> None:
    """Random flows, long ones and sampled ones: sums by address out of raw rows are those by network out of tiers."""
    rng = random.Random(scene.origin_ns)  # noqa: S311 - other flows each time
    for vif_id in (1, 2):
        scene.vif(vif_id, f"tap{vif_id}", side="host", counting_point=True)
    rows = [
        tcp(
            rng.uniform(-300, 240),
            rng.choice([1, 2]),
            rng.choice([0, 1]),
            f"10.0.{rng.randrange(3)}.{rng.randrange(4)}",
            rng.choice(
                [f"10.9.{rng.randrange(3)}.{rng.randrange(4)}", f"2001:db8:{rng.randrange(3)}::{rng.randrange(9)}"]
            ),
            duration_ns=rng.choice([0, rng.randrange(10**9), rng.randrange(400 * 10**9)]),
            skb_bytes=rng.randrange(10**6),
            packets=rng.choice([1, rng.randrange(1, 1000)]),
            dst_port=rng.choice([53, 443]),
            sampling_rate=rate,
            sampling_origin="announced" if rate else "unknown",
        )
        for rate in rng.choices([1.0, 100.0, 0.0], k=300)
    ]
    scene.flows(*rows)
    scene.fill(330)
    assert scene.store.query_rows("SELECT count() AS n FROM flows_1m")[0]["n"] > 100
    span = ["--from", scene.text(-240), "--to", scene.text(180), "--top", "1000"]
    raw = scene.ask("flows", *span, "--by", "vif,direction,peer,port")
    tiers = scene.ask("flows", *span, "--by", "vif,direction,network,port")
    assert "from flows\n" in raw.notes
    assert "from flows_1m" in tiers.notes
    measures = (
        "scaled_skb_bytes",
        "scaled_packets",
        "flows_count",
        "unknown_rate_flows_count",
        "unknown_rate_skb_bytes",
    )
    summed: dict[tuple[Any, ...], dict[str, int]] = defaultdict(lambda: dict.fromkeys(measures, 0))
    for row in raw.rows:
        key = (row["vif_id"], row["flow_direction"], network_of(row["peer_address"]), row["service_port"])
        for name in measures:
            summed[key][name] += row[name] or 0
    found = {
        (row["vif_id"], row["flow_direction"], row["peer_network"], row["service_port"]): {
            name: row[name] or 0 for name in measures
        }
        for row in tiers.rows
    }
    assert found == summed
    every = (*span[:1], scene.text(-4000), *span[2:])
    total = scene.ask("flows", *every, "--by", "vif")
    assert sum(row["scaled_skb_bytes"] for row in total.rows) == sum(
        round(row["skb_bytes"] * row["sampling_rate"]) for row in rows if row["time"] < 180
    ) + sum(part_before(row, 180) for row in rows if row["time"] >= 180)


def part_before(row: dict[str, Any], second: float) -> int:
    """What of a flow that ends later lies before a full minute, as the tiers share it out."""
    end, span = round(row["time"] * 10**9), row["duration_ns"]
    begin, edge, whole = end - span, round(second * 10**9), round(row["skb_bytes"] * row["sampling_rate"])
    found, at = 0, begin
    while at < edge:
        following = min((at // (60 * 10**9) + 1) * 60 * 10**9, end)
        if following > edge:
            break
        found += whole * (following - at) // span
        at = following
    return found


def test_what_several_exporters_tell_is_not_added_up(scene: Scene) -> None:
    """A port with sFlow and IPFIX on has rows of each, says so, and `--exporter` takes one."""
    scene.vif(7, "port7", side="exported", kind="exported")
    sflow = {"source_kind": "sflow", "exporter_address": "192.0.2.1", "sampling_rate": 100.0, "packets": 1}
    ipfix = {"source_kind": "ipfix", "exporter_address": "192.0.2.1"}
    scene.flows(tcp(100, 7, 0, CLIENT, SERVER, **ipfix), tcp(100, 7, 0, CLIENT, SERVER, **{**sflow, "skb_bytes": 11}))
    for by in ([], ["--by", "port"]):
        said = scene.ask("flows", "--last", "10m", *by)
        assert {(row["source_kind"], row["scaled_skb_bytes"]) for row in said.rows} == {
            ("ipfix", 1000),
            ("sflow", 1100),
        }
        assert ("each exporter" if by else "several exporters tell of port7") in said.notes
    said = scene.ask("flows", "--last", "10m", "--exporter", "ipfix")
    assert [row["scaled_skb_bytes"] for row in said.rows] == [1000]
    assert "several exporters" not in said.notes


def test_the_error_of_samples(scene: Scene) -> None:
    """Of single packets it is Horvitz and Thompson's; out of a tier it is never less; unknown rates stay apart."""
    scene.vif(1, "tap1", side="host", counting_point=True)
    rng = random.Random(1)  # noqa: S311 - the same each time
    sizes = [rng.choice([64, 1514]) for _ in range(200)]
    packet = {"packets": 1, "source_kind": "sflow", "sampling_rate": 50.0, "sampling_origin": "announced"}
    scene.flows(
        *(tcp(rng.uniform(0, 50), 1, 0, CLIENT, SERVER, **{**packet, "skb_bytes": size}) for size in sizes),
        tcp(30, 1, 0, CLIENT, SERVER, **{**packet, "sampling_rate": 0.0, "sampling_origin": "unknown"}),
        tcp(30, 1, 0, CLIENT, SERVER, **{**packet, "sampling_rate": 0.0, "sampling_origin": "unknown", "dst_port": 53}),
        tcp(30, 1, 1, CLIENT, SERVER, source_kind="sflow"),
    )
    scene.fill(330)
    raw = {
        (row["flow_direction"], row["service_port"]): row
        for row in scene.ask("flows", "--last", "10m", "--by", "vif,peer,port").rows
    }
    row = raw["ingress", 443]
    assert row["scaled_skb_bytes"] == 50 * sum(sizes)
    expected = 1.96 * math.sqrt(sum(50 * 49 * size**2 for size in sizes)) / (50 * sum(sizes))
    assert row["relative_error_ratio"] == pytest.approx(expected, abs=1e-4)
    assert (row["samples_count"], row["flows_count"], row["unknown_rate_flows_count"]) == (200, 200, 1)
    assert row["unknown_rate_skb_bytes"] == 1000
    unknown = raw["ingress", 53]
    assert (unknown["scaled_skb_bytes"], unknown["bits_per_second"], unknown["relative_error_ratio"]) == (None,) * 3
    assert raw["egress", 443]["relative_error_ratio"] == 0
    tier = scene.ask("flows", "--last", "10m", "--by", "vif,port", "--port", "https", "--direction", "ingress").rows[0]
    assert tier["scaled_skb_bytes"] == row["scaled_skb_bytes"]
    assert expected <= tier["relative_error_ratio"] < 3 * expected


def test_an_address_of_the_hosts_end_is_not_the_workloads(scene: Scene) -> None:
    """Both ends of a pair are of one lineage; an address is called after the end that has it."""
    scene.pair(1, 2, "veth1", "ns1", "10.2.0.2", addresses=["10.2.0.1"])
    scene.flows(tcp(50, 1, 0, "10.2.0.2", "10.2.0.1"), tcp(50, 1, 1, "10.2.0.3", "10.2.0.2", dst_port=80))
    said = scene.ask("flows", "--last", "10m", "--by", "vif,src,dst")
    assert {row["dst_address"]: row["dst_name"] for row in said.rows} == {
        "10.2.0.1": "host-a//veth1",
        "10.2.0.2": "host-a/ns1/eth0",
    }


def test_peers_are_called_what_they_were_then(scene: Scene) -> None:
    """An address that changed hands, one that two hosts use, one of a network of the settings, and one of nobody."""
    scene.vif(1, "tap1", side="host", counting_point=True)
    scene.vif(2, "old", at=-200, addresses=["10.1.0.1"])
    scene.vif(2, "old", at=100, addresses=[], change="changed", born_time=-200)
    scene.vif(3, "new", at=100, addresses=["10.1.0.1"])
    scene.vif(4, "near", addresses=["10.1.0.2"])
    scene.vif(5, "far", addresses=["10.1.0.2"], host="host-b")
    scene.vif(6, "one", addresses=["10.1.0.3"], host="host-b")
    scene.vif(7, "two", addresses=["10.1.0.3"], host="host-c")
    times = {"10.1.0.2": 50, "10.1.0.3": 50, "192.0.2.77": 50, "203.0.113.9": 50, "fe80::1": 50}
    scene.flows(
        *(tcp(time, 1, 0, CLIENT, address) for address, time in times.items()),
        tcp(50, 1, 0, CLIENT, "10.1.0.1", dst_port=22),
        tcp(250, 1, 0, CLIENT, "10.1.0.1", dst_port=80),
        *(tcp(time, 1, 0, CLIENT, "10.1.0.1", dst_port=53, protocol=17) for time in (50, 250)),
    )
    networks = '{"192.0.2.0/24" = "office", "192.0.0.0/16" = "all", "10.1.0.3/32" = "never"}'
    said = scene.ask("flows", "--last", "10m", "--set", f"networks={networks}")
    names = {(row["peer_address"], row["service_port"]): row["peer_name"] for row in said.rows}
    assert names == {
        ("10.1.0.1", 22): "host-a//old",
        ("10.1.0.1", 80): "host-a//new",
        ("10.1.0.1", 53): "host-a//old, then host-a//new",
        ("10.1.0.2", 443): "host-a//near",
        ("10.1.0.3", 443): "host-b//one or host-c//two",
        ("192.0.2.77", 443): "office",
        ("203.0.113.9", 443): "",
        ("fe80::1", 443): "",
    }
    said = scene.ask("flows", "--last", "10m", "--set", f"networks={networks}", "--peer", "office")
    assert [row["peer_address"] for row in said.rows] == ["192.0.2.77"]


def test_the_peer_of_a_port_that_leads_out_is_the_other_side(scene: Scene) -> None:
    """At an uplink ingress is what others sent; without a direction it is the end that is not the port's own."""
    scene.vif(6, "eth0", side="uplink", addresses=["192.0.2.6"])
    out = {"src_address": "192.0.2.6", "dst_address": OUTSIDE, "src_port": 443, "dst_port": 50_000}
    scene.flows(
        tcp(10, 6, 0, OUTSIDE, "192.0.2.6"),
        {**tcp(10, 6, 1, "", ""), **out},
        {**tcp(10, 6, None, "", ""), **out},
        tcp(10, 6, None, OUTSIDE, "192.0.2.6", skb_bytes=7),
    )
    said = scene.ask("flows", "--last", "10m", "--vif", "eth0", "--peer", "198.51.100.0/24")
    assert {(row["flow_direction"], row["peer_address"], row["scaled_skb_bytes"]) for row in said.rows} == {
        ("ingress", OUTSIDE, 1000),
        ("egress", OUTSIDE, 1000),
        ("", OUTSIDE, 1007),
    }


def test_why_there_is_nothing(scene: Scene) -> None:
    """No source, nothing in the span, nothing that matches, and names that are not known, with the nearest ones."""
    said = scene.ask("flows")
    assert (said.exit_code, said.rows) == (0, [])
    assert "these are on: the source ebpf (the agent does not run here)" in said.notes
    named = ("--set", "agent.sources=inventory,counters")
    said = scene.ask("flows", *named)
    assert "no source of them is on here: `viflux up --set agent.sources=inventory,counters,ebpf`" in said.notes
    assert "these are on: ipfix on 127.0.0.1:4739" in scene.ask("flows", *named, "--set", "ipfix.listen=4739").notes
    scene.vif(1, "veth12ab", workload="checkout")
    scene.flows(tcp(10, 1, 0, CLIENT, SERVER))
    assert "the newest of the last 7 days are of " + scene.text(10) in scene.ask("flows", "--last", "1m").notes
    assert "1 rows of the span are of others" in scene.ask("flows", "--last", "10m", "--port", "99").notes
    for arguments, text in (
        (["--vif", "veth12ba"], "--vif: no VIF 'veth12ba' is known in this span; nearest: veth12ab"),
        (["--workload", "chekout"], "--workload: no workload 'chekout' is known in this span; nearest: checkout"),
        (["--host", "host-b"], "--host: no host 'host-b' is known in this span; nearest: host-a"),
        (["--peer", "10.0.0.1/8"], "--peer: expected an address"),
        (["--port", "nosuch"], "--port: expected a number from 1 to 65535 or a name such as"),
        (["--by", "vif,colour"], "--by: expected names out of vif, host"),
        (["--by", "peer", "--last", "20d"], "single addresses and ports are kept for 3d"),
        (["--exporter", "nosuch"], "--exporter: expected an exporter's address"),
    ):
        said = scene.ask("flows", *arguments)
        assert (said.exit_code, text in said.notes) == (2, True), said.notes


def test_what_is_lost_is_said(scene: Scene) -> None:
    """Where rows of the span are known to be lost there is a line with the completeness, else there is none."""
    scene.vif(1, "tap1")
    scene.flows(*(tcp(second, 1, 0, CLIENT, SERVER) for second in range(60, 120)))
    assert "completeness" not in scene.ask("flows", "--last", "10m").notes
    scene.lose("flows", 60, 119, 20)
    said = scene.ask("flows", "--last", "10m")
    assert "completeness 0.7500 of flows.test of host-a: 20 rows of the span are lost" in said.notes
    assert "completeness" not in scene.ask("flows", "--last", "1m").notes


@pytest.mark.parametrize("by", ["peer", "network"])
def test_five_minutes_of_one_vif_are_read_by_the_key(scene: Scene, by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 200,000 flows of an hour and 500 VIFs two queries read four granules each at most, of 25."""
    scene.vif(77, "tap77", side="host")
    scene.store.command(
        "INSERT INTO flows (time, vif_id, host, source_kind, protocol, skb_bytes, packets, sampling_rate, "
        "sampling_origin, direction) SELECT now64(9) - toIntervalMillisecond(number * 18), 1 + number % 500, 'host-a', "
        "'ebpf', 6, 100, 1, 1, 'measured', 0 FROM numbers(200000)"
    )
    asked: list[str] = []
    query = type(scene.store).query_rows

    def noted(store: Any, sql: str, *arguments: Any, **named: Any) -> list[dict[str, Any]]:
        asked.append(sql)
        return query(store, sql, *arguments, **named)

    monkeypatch.setattr(type(scene.store), "query_rows", noted)
    said = scene.ask("flows", "--vif", "tap77", "--by", f"vif,{by}")
    # What no tier has yet is read from raw rows: here the minute that is not over.
    assert said.rows[0]["flows_count"] > (30 if by == "peer" else 0)
    read = 0
    for sql in (each for each in asked if " flows AS raw" in each or " FROM flows " in each):
        reads = query(scene.store, f"EXPLAIN ESTIMATE {sql}")
        read += sum(int(row["rows"]) for row in reads if row["table"] == "flows")
    # Three, and one more where the span goes over a bound of the key's coarse time.
    assert 0 < read <= 8 * 8192, read


def test_every_form_has_the_same_columns(scene: Scene) -> None:
    """CSV names the columns of JSON; a table shows names in place of numbers and leaves out what says nothing."""
    scene.pair(1, 2, "veth1", "ns1", CLIENT)
    scene.flows(tcp(10, 1, 0, CLIENT, SERVER))
    row = scene.ask("flows", "--last", "10m").rows[0]
    assert scene.printed("flows", "--last", "10m", "--format", "csv").splitlines()[0] == ",".join(row)
    head, _, line = scene.printed("flows", "--last", "10m", "--format", "table").splitlines()
    assert head.split() == [
        "ifname",
        "flow_direction",
        "peer_address",
        "protocol_name",
        "service_port",
        "port_name",
        "scaled_skb_bytes",
        "scaled_packets",
        "bits_per_second",
        "flows_count",
    ]
    assert line.split()[:6] == ["veth1", "ingress", SERVER, "tcp", "443", "https"]


def test_a_vif_whose_packets_are_not_seen_is_not_shown_as_idle(scene: Scene) -> None:
    """With and without rows, of that VIF and of all, until the agent says that it is visible again."""
    scene.pair(1, 2, "veth1", "ns1", CLIENT)
    scene.pair(3, 4, "veth3", "ns2", SERVER)
    scene.flows(tcp(100, 1, 0, CLIENT, SERVER))
    detail = "dataplane not visible: of 400 packets the probe saw 0 bytes"
    scene.event("dataplane_not_visible", f"{3:016x} egress", 90, detail)
    for words in ((), ("--vif", "veth3"), ("--by", "port")):
        assert f"veth3, egress: {detail}" in scene.ask("flows", "--last", "10m", *words).notes, words
    assert "dataplane" not in scene.ask("flows", "--last", "10m", "--vif", "veth1").notes
    scene.event("dataplane_visible", f"{3:016x} egress", 95)
    assert "dataplane" not in scene.ask("flows", "--last", "10m", "--vif", "veth3").notes
