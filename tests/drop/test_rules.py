"""Which rule of nftables denied a packet: told where it can be, and where it cannot, why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.drop.conftest import RECEIVER, SENDER, Road, in_namespace, nft
from tests.lab.network import run

pytestmark = pytest.mark.root


class Rule(NamedTuple):
    """What a row says of the rule."""

    how: str
    table: str = ""
    chain: str = ""
    handle: int = 0
    comment: str = ""


@pytest.fixture
def rules(road: Road) -> Iterator[Road]:
    """The road with a sample of each kind of drop, and without rules in the end."""
    with road.beside(samples=16):
        yield road
    for namespace in (road.sender, road.router, road.receiver):
        in_namespace(namespace, "nft", "flush", "ruleset")
    road.drain()


def stand(road: Road, text: str, namespace: str = "") -> None:
    """Have rules that stood before the interval begins."""
    nft(namespace or road.router, text)
    road.drain()


def forward(*lines: str, policy: str = "accept", family: str = "ip", more: str = "") -> str:
    """Return a table `t` with a chain `c` at forward."""
    inner = "\n".join(lines)
    hook = f"type filter hook forward priority 0; policy {policy};"
    return f"table {family} t {{\n{more}\nchain c {{\n{hook}\n{inner}\n}}\n}}"


def send(road: Road, port: int, count: int = 3) -> None:
    """Send datagrams through the router."""
    road.send(road.sender, "udp", RECEIVER, port, count, 100)


def told(road: Road) -> Counter[Rule]:
    """Drain: packets by what is told of their rule."""
    road.drain()
    found: Counter[Rule] = Counter()
    for row in road.rows:
        if row["reason"] == "NETFILTER_DROP":
            names = ("rule_attribution", "rule_table", "rule_chain", "rule_handle", "rule_comment")
            found[Rule(*(row[name] for name in names))] += row["skb_packets"]
    return found


def handle(road: Road, text: str, namespace: str = "") -> int:
    """Return the handle of the one rule that has a text."""
    listed = in_namespace(namespace or road.router, "nft", "-a", "list", "ruleset").splitlines()
    (line,) = (line for line in listed if text in line and "# handle" in line)
    return int(line.rsplit(" ", 1)[1])


def candidates(road: Road) -> set[str]:
    """Return what the denied packets may have been dropped by."""
    texts = {row["rule_candidates"] for row in road.rows if row["reason"] == "NETFILTER_DROP"}
    return {one for text in texts for one in text.split("; ")}


def test_the_only_rule_that_can_have_is_it(rules: Road) -> None:
    """By port, with its comment and what it logs; in a chain that is jumped to; by a reject; by a policy."""
    inner = 'chain inner {\nudp dport 5001 log prefix "seen: " reject\nreturn\nudp dport 5002 drop\n}'
    stand(
        rules,
        forward(
            'udp dport 5000 drop comment "no such thing"',
            f"iifname left ip saddr {SENDER} jump inner",
            "udp dport 5003 accept",
            "ip protocol icmp accept",
            "tcp dport 1-9 drop",
            "ip daddr 192.0.2.0/24 drop",
            "ct state established accept",
            "ct state invalid drop",
            policy="drop",
            more=inner,
        ),
    )
    for port, count in ((5000, 3), (5001, 4), (5002, 5), (5003, 6)):
        send(rules, port, count)
    assert told(rules) == {
        Rule("exact", "t", "c", handle(rules, "dport 5000"), "no such thing"): 3,
        Rule("exact", "t", "inner", handle(rules, "dport 5001")): 4,
        Rule("exact", "t", "c"): 5,
    }
    assert {row["rule_log_prefix"] for row in rules.rows if row["place"] == "nft_do_chain"} == {"", "seen: "}
    assert {row["rule_family"] for row in rules.rows if row["place"] == "nft_do_chain"} == {"ip"}
    # The same again, out of what is remembered; and what netfilter did not drop has none.
    send(rules, 5002, 2)
    send(rules, 5003, 2)
    assert told(rules) == {Rule("exact", "t", "c"): 2}
    assert {row["rule_attribution"] for row in rules.rows if row["reason"] != "NETFILTER_DROP"} == {""}


def test_counters_decide_or_it_is_ambiguous(rules: Road) -> None:
    """Sets may have anything: of several rules the one whose counter moved, and where all or none count, each."""
    sets = "set a { type ipv4_addr; elements = { 203.0.113.1 } }\nset b { type ipv4_addr; elements = { 203.0.113.2 } }"
    stand(rules, forward("ip daddr @a counter drop", "ip daddr @b counter drop", more=sets))
    send(rules, 5000)
    first = handle(rules, "@a")
    assert told(rules) == {Rule("counter", "t", "c", first): 3}, "the other one never counted"
    in_namespace(rules.router, "nft", "add", "element", "ip", "t", "b", "{ 203.0.113.1 }")
    in_namespace(rules.router, "nft", "delete", "element", "ip", "t", "a", "{ 203.0.113.1 }")
    rules.drain()
    send(rules, 5000, 1)
    # Both have counted, and since when is not known before the second reading.
    assert told(rules) == {Rule("ambiguous"): 1}
    assert candidates(rules) == {f"ip t c handle {first}", f"ip t c handle {handle(rules, '@b')}"}
    send(rules, 5000, 2)
    assert told(rules) == {Rule("counter", "t", "c", handle(rules, "@b")): 2}
    in_namespace(rules.router, "nft", "flush", "ruleset")
    stand(rules, forward("ip daddr @a drop", "ip daddr @b drop", more=sets))
    send(rules, 5000)
    assert told(rules) == {Rule("ambiguous"): 3}


def test_no_rule_is_told_that_was_not_there(rules: Road) -> None:
    """Rules that changed in the interval are named as those that stood in the end, and as no more."""
    stand(rules, forward("udp dport 5000 drop"))
    send(rules, 5000)
    in_namespace(rules.router, "nft", "flush", "ruleset")
    nft(rules.router, forward("ip protocol udp drop"))
    assert told(rules) == {Rule("changed"): 3}
    assert candidates(rules) == {f"ip t c handle {handle(rules, 'protocol udp')}"}
    send(rules, 5000)
    assert told(rules) == {Rule("exact", "t", "c", handle(rules, "protocol udp")): 3}


def test_the_way_out_and_other_families(rules: Road) -> None:
    """Output is not forward; inet, netdev at the interface, maps of verdicts."""
    output = (
        "table inet o { chain out { type filter hook output priority 0; policy drop; \n udp dport 5009 accept\n }\n}"
    )
    stand(rules, output, rules.sender)
    stand(rules, "table ip x { chain f { type filter hook forward priority 0; policy drop; }\n}", rules.sender)
    send(rules, 5000, 2)
    assert told(rules) == {Rule("exact", "o", "out"): 2}
    in_namespace(rules.sender, "nft", "flush", "ruleset")
    netdev = "table netdev n { chain i { type filter hook ingress device left priority 0; \n udp dport 5000 drop\n }\n}"
    verdicts = forward("udp dport vmap { 5001 : drop, 5002 : jump deep }", more="chain deep { counter drop\n }")
    stand(rules, f"{netdev}\n{verdicts}")
    for port, count in ((5000, 2), (5002, 3)):
        send(rules, port, count)
    found = told(rules)
    assert found[Rule("exact", "n", "i", handle(rules, "dport 5000"))] == 2
    # The map itself drops something, too.
    assert found[Rule("ambiguous")] == 3
    assert f"ip t deep handle {handle(rules, 'counter packets')}" in candidates(rules)


def test_a_bridge(rules: Road) -> None:
    """The family bridge drops on the way to another port."""
    for words in (
        "link add name br type bridge mcast_snooping 0",
        "link add p type veth peer name q",
        "link set dev p master br up",
        "link set dev q up",
        "link add u type veth peer name v",
        "link set dev u master br up",
        "link set dev v up",
        "link set dev br up",
    ):
        run("ip", "-n", rules.receiver, *words.split())
    try:
        bridge = "table bridge b { chain f { type filter hook forward priority 0;\n ether type 0x88b6 drop\n }\n}"
        stand(rules, bridge, rules.receiver)
        rules.send(rules.receiver, "frames", "q", "ff:ff:ff:ff:ff:ff", "0x88b6", 4)
        assert told(rules) == {Rule("exact", "b", "f", handle(rules, "0x88b6", rules.receiver)): 4}
    finally:
        for link in ("br", "p", "u"):
            run("ip", "-n", rules.receiver, "link", "del", link, check=False)


def test_ten_thousand_rules(rules: Road) -> None:
    """As many are read, and the one is found; of more it is said that they were not read."""
    lines = [f"ip saddr 10.{number >> 8}.{number & 255}.1 drop" for number in range(9_998)]
    stand(rules, forward(*lines, "udp dport 5000 drop", "udp dport 5001 accept"))
    send(rules, 5000)
    assert told(rules) == {Rule("exact", "t", "c", handle(rules, "dport 5000")): 3}
    in_namespace(rules.router, "nft", "add", "rule", "ip", "t", "c", "udp", "dport", "5002", "accept")
    rules.drain()
    send(rules, 5000)
    assert told(rules) == {Rule("unread"): 3}


def test_rules_are_not_changed(rules: Road) -> None:
    """What `nft` lists, counters too, is the same before and after."""
    stand(rules, forward("udp dport 5000 counter drop"))
    send(rules, 5000)
    before = in_namespace(rules.router, "nft", "-a", "list", "ruleset")
    told(rules)
    assert in_namespace(rules.router, "nft", "-a", "list", "ruleset") == before
