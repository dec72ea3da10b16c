"""`viflux drops`: what was dropped where and why, each packet once."""

from __future__ import annotations

from tests.traffic.scene import Scene


def test_drops_by_reason_and_where_nobody_knows_the_interface(scene: Scene) -> None:
    """Sums by VIF, class, reason and place; of an interface that is no VIF what the row says of it."""
    scene.pair(1, 2, "veth1", "ns1", "10.0.0.1", workload="client")
    loss = {"vif_id": 1, "drop_class": "loss", "reason": "QDISC_DROP", "place": "tbf_enqueue", "drop_origin": "qdisc"}
    denied = {"vif_id": 1, "drop_class": "denied", "reason": "NETFILTER_DROP", "place": "nf_hook_slow"}
    unknown = {"vif_id": 0, "drop_class": "loss", "reason": "NO_ROUTE", "namespace": "ns9", "ifname": "eth9"}
    scene.drops(
        {**loss, "time": 100, "packets": 7, "bytes": 700},
        {**loss, "time": 110, "packets": 5, "bytes": 500},
        {**denied, "time": 110, "packets": 3, "src_address": "10.0.0.1", "dst_port": 22, "protocol": 6},
        {**unknown, "time": 120, "packets": 2},
        {**loss, "time": 120, "packets": 9, "sampling_origin": "unknown", "sampling_rate": 0.0},
        {**denied, "time": 120, "packets": 2, "sampling_rate": 10.0},
    )
    said = scene.ask("drops", "--last", "10m")
    assert [
        (row["namespace"], row["ifname"], row["drop_class"], row["reason"], row["place"], row["scaled_packets"])
        for row in said.rows
    ] == [
        ("", "veth1", "denied", "NETFILTER_DROP", "nf_hook_slow", 23),
        ("", "veth1", "loss", "QDISC_DROP", "tbf_enqueue", 12),
        ("ns9", "eth9", "loss", "NO_ROUTE", "", 2),
    ]
    assert [row["unknown_rate_packets"] for row in said.rows] == [0, 9, 0]
    assert said.rows[0]["relative_error_ratio"] == round(1.96 * (2 * 10 * 9) ** 0.5 / 23, 4)
    said = scene.ask("drops", "--last", "10m", "--class", "denied", "--by", "src,port", "--port", "ssh")
    assert [(row["src_name"], row["port_name"], row["scaled_packets"]) for row in said.rows] == [
        ("host-a/ns1/eth0", "ssh", 3)
    ]
    said = scene.ask("drops", "--last", "10m", "--workload", "client", "--by", "origin")
    assert {(row["drop_origin"], row["scaled_packets"]) for row in said.rows} == {("qdisc", 12), ("", 23)}


def test_drops_that_two_exporters_tell_of_are_not_added_up(scene: Scene) -> None:
    """The kernel's probe and an sFlow agent on one host tell of the same packets."""
    scene.vif(1, "tap1")
    drop = {"time": 100, "vif_id": 1, "drop_class": "loss", "reason": "QDISC_DROP", "packets": 4}
    scene.drops(drop, {**drop, "source_kind": "sflow", "exporter_address": "192.0.2.1"})
    said = scene.ask("drops", "--last", "10m", "--by", "reason")
    assert [(row["source_kind"], row["scaled_packets"]) for row in said.rows] == [("ebpf", 4), ("sflow", 4)]
    assert "several exporters tell of tap1" in said.notes


def test_why_there_are_no_drops(scene: Scene) -> None:
    """That nothing was dropped is told from that nobody looked."""
    said = scene.ask("drops")
    assert said.rows == []
    assert "no dropped packets were stored in the last 7 days; these are on: the source ebpf" in said.notes
    for without in ("agent.sources=inventory,counters", "agent.profile=flows", "ebpf.probes=flow"):
        said = scene.ask("drops", "--set", without)
        assert "no dropped packets were stored in the last 7 days; no source of them is on here" in said.notes


def test_rules_of_nftables(scene: Scene) -> None:
    """By rule: its name and how it is known, or those that it may have been; and only those with a text in them."""
    rule = {"rule_family": "inet", "rule_table": "fw", "rule_chain": "in", "rule_attribution": "exact"}
    denied = {"vif_id": 1, "drop_class": "denied", "reason": "NETFILTER_DROP", "time": 60}
    several = {"rule_attribution": "ambiguous", "rule_candidates": "ip a b handle 3; ip a c policy"}
    scene.drops(
        denied | rule | {"packets": 5, "rule_handle": 7, "rule_comment": "no telnet"},
        denied | rule | {"packets": 2},
        denied | several | {"packets": 1},
    )
    said = scene.ask("drops", "--last", "10m", "--by", "rule")
    assert [(row["rule"], row["rule_attribution"], row["scaled_packets"]) for row in said.rows] == [
        ('inet fw in handle 7 "no telnet"', "exact", 5),
        ("inet fw in policy", "exact", 2),
        ("ip a b handle 3; ip a c policy", "ambiguous", 1),
    ]
    said = scene.ask("drops", "--last", "10m", "--by", "rule", "--rule", "TELNET")
    assert [row["scaled_packets"] for row in said.rows] == [5]
