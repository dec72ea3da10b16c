"""The spine, end to end: real interfaces of this host through `viflux up` into SQL, compared with the kernel."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.network import SYSFS_COUNTERS, TRAFFIC, Container, Interface, Lab, lab, need_root, run
from tests.lab.product import Product, product, wait_for

pytestmark = [pytest.mark.root, pytest.mark.slow]

UPLINK = "vxuplink0"
SETTINGS = {"agent.uplinks": UPLINK, "agent.resync_interval": "5s"}

HOLD_A_TAP = """
import fcntl, signal, struct, sys
tun = open("/dev/net/tun", "r+b", buffering=0)
fcntl.ioctl(tun, 0x400454CA, struct.pack("16sH22s", sys.argv[1].encode(), 0x1002, b""))
print("held", flush=True)
signal.pause()
"""

LATEST = """
SELECT * FROM viflux.inventory
WHERE ifname = '{name}' AND namespace = '{namespace}' AND gone_time IS NULL
ORDER BY time DESC, valid_from_time DESC LIMIT 1
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    need_root()
    # No kernel here has a second physical port, so a veth stands in for it, as it does in a nested host.
    with product(tmp_path_factory.mktemp("spine") / "data", **SETTINGS) as made:
        made.rows("the first interface is stored", "SELECT 1 AS one FROM viflux.inventory LIMIT 1")
        yield made


@pytest.fixture
def net() -> Iterator[Lab]:
    need_root()
    with lab() as made:
        yield made


def state(running: Product, interface: Interface, condition: str = "1", seconds: float = 20) -> dict[str, Any]:
    """Return the newest inventory row of an interface once it satisfies an SQL condition."""
    query = f"SELECT * FROM ({LATEST.format(name=interface.name, namespace=interface.namespace)}) WHERE {condition}"
    return running.rows(f"{interface} with {condition}", query, seconds)[0]


def settled_counters(running: Product, interface: Interface, vif_id: str) -> dict[str, Any]:
    """Wait until the newest stored reading of a quiet interface is the kernel's, and return that row."""
    columns = ", ".join(f"{name}_total" for name in interface.counters())

    def same() -> dict[str, Any] | None:
        rows = running.sql(
            f"SELECT time, {columns} FROM viflux.counters WHERE vif_id = 0x{vif_id} ORDER BY time DESC LIMIT 1"
        )
        kernel = {f"{name}_total": value for name, value in interface.counters().items()}
        return rows[0] if rows and all(int(rows[0][name]) == value for name, value in kernel.items()) else None

    return wait_for(f"stored counters of {interface} equal the kernel's", same, 20)


def sums(running: Product, vif_id: str) -> dict[str, int]:
    """Add up all stored deltas of a VIF."""
    names = [*SYSFS_COUNTERS, "qdisc_dropped_packets"]
    chosen = ", ".join(f"sum(counters.{name}) AS {name}" for name in names)
    row = running.sql(f"SELECT {chosen} FROM viflux.counters AS counters WHERE vif_id = 0x{vif_id}")[0]
    return {name: int(row[name]) for name in names}


def sli(running: Product, name: str, part: str, scope: str, key: str, since: str) -> list[dict[str, Any]]:
    """Return the 10 s results of one figure since a time."""
    return running.sql(
        "SELECT time, numerator, denominator, value, completeness_ratio, reason FROM viflux.sli "
        f"WHERE window_seconds = 10 AND sli = '{name}' AND part = '{part}' AND scope = '{scope}' "
        f"AND scope_key = '{key}' AND time >= '{since}' ORDER BY time"
    )


def now(running: Product) -> str:
    """Return the store's clock, ten seconds ago, as a time that a query can compare with."""
    return str(running.sql("SELECT toString(toStartOfInterval(now(), INTERVAL 10 SECOND)) AS t")[0]["t"])


def two_containers(net: Lab) -> tuple[Interface, Container, Container]:
    bridge = net.bridge()
    a = net.container("a", bridge, "10.99.7.1", alias="owner=payments;service=checkout")
    b = net.container("b", bridge, "10.99.7.2")
    return bridge, a, b


def test_kinds_peers_sides_and_owner(running: Product, net: Lab) -> None:
    """The inventory names each end of a container's link as it is."""
    bridge, a, _ = two_containers(net)
    outer = state(running, a.outer, "owner = 'payments' AND peer_vif_id != 0 AND bridge_vif_id != 0")
    inner = state(running, a.inner, "is_up AND peer_vif_id != 0")
    port_of = state(running, bridge, "is_up")
    assert (outer["kind"], outer["side"], outer["counting_point"]) == ("veth", "host", True)
    assert (inner["kind"], inner["side"], inner["counting_point"]) == ("veth", "workload", False)
    assert (port_of["kind"], port_of["side"], port_of["counting_point"]) == ("bridge", "bridge", False)
    assert (outer["peer_vif_id"], inner["peer_vif_id"]) == (inner["vif_id"], outer["vif_id"])
    assert outer["link_id"] == inner["link_id"] != "0000000000000000"
    assert outer["bridge_vif_id"] == port_of["vif_id"]
    assert (outer["service"], outer["identity_origin"]) == ("checkout", "sysfs")
    assert outer["vif_key"] == inner["vif_key"]
    assert inner["addresses"] == ["10.99.7.1"] or "::ffff:10.99.7.1" in str(inner["addresses"])
    told = f"SELECT * FROM viflux.inventory WHERE vif_id = 0x{outer['vif_id']} ORDER BY time LIMIT 1"
    assert running.printed(told) == running.sql(told) != []


def test_every_stored_counter_is_the_kernels(running: Product, net: Lab) -> None:
    """After known traffic the readings, and the sums of the deltas since birth, are the kernel's."""
    bridge, a, b = two_containers(net)
    for container in (a, b):
        state(running, container.outer, "is_up")
    a.send(b, 5000, 200)
    for interface in (a.inner, a.outer, b.inner, b.outer, bridge):
        vif = state(running, interface)["vif_id"]
        settled_counters(running, interface, vif)
        kernel = interface.counters()
        stored = sums(running, vif)
        assert {name: stored[name] for name in kernel} == kernel, interface
    assert b.inner.counters()["rx_packets"] >= 5000


def test_loss_is_drops_of_the_sending_end_and_nothing_else(running: Product, net: Lab) -> None:
    """A full tbf towards a container is its `local_to`; frames of an unhandled type change rx_dropped and no SLI."""
    _, a, b = two_containers(net)
    outer = state(running, b.outer, "peer_vif_id != 0")["vif_id"]
    inner = state(running, b.inner, "is_up")["vif_id"]
    b.outer.set_queue("tbf", "rate", "8mbit", "burst", "10kb", "limit", "30kb")
    state(running, b.outer, "qdisc = 'tbf' AND provisioned_rate_bits_per_second = 8000000")
    since = now(running)
    a.send(b, 5000, 1000)
    a.send_frames(0x88CC, 100)
    wait_for("the queue is empty", lambda: b.outer.qdisc()["backlog"] == 0, 20)
    settled_counters(running, b.outer, outer)
    drops = int(b.outer.qdisc()["drops"])
    assert drops > 100
    assert sums(running, outer)["qdisc_dropped_packets"] == drops
    assert sums(running, inner)["rx_dropped_packets"] >= 100
    offered = b.outer.counters()["tx_packets"] + drops

    def complete() -> list[dict[str, Any]] | None:
        rows = sli(running, "M2", "local_to", "vif", outer, since)
        return rows if sum(row["numerator"] or 0 for row in rows) == drops else None

    rows = wait_for("M2 local_to has all drops", complete, 40)
    measured = [row for row in rows if row["denominator"]]
    assert sum(row["numerator"] for row in measured) == drops
    assert sum(row["denominator"] for row in measured) <= offered
    for row in measured:
        if row["denominator"] >= 1000:
            assert row["value"] == pytest.approx(row["numerator"] / row["denominator"])
            assert row["completeness_ratio"] == pytest.approx(1.0, abs=0.02)
        else:
            assert (row["value"], row["reason"]) == (None, "below_1000_packets")
    from_rows = sli(running, "M2", "local_from", "vif", outer, since)
    assert sum(row["numerator"] or 0 for row in from_rows) == 0


def test_a_queue_inside_the_container_is_its_local_from(running: Product, net: Lab) -> None:
    """Drops of the container's own queue are loss from the workload, shown at the counting point."""
    _, a, b = two_containers(net)
    outer = state(running, a.outer, "peer_vif_id != 0")["vif_id"]
    a.inner.set_queue("tbf", "rate", "8mbit", "burst", "10kb", "limit", "30kb")
    since = now(running)
    a.send(b, 3000, 1000)
    wait_for("the queue is empty", lambda: a.inner.qdisc()["backlog"] == 0, 20)
    drops = int(a.inner.qdisc()["drops"])
    assert drops > 100

    def complete() -> bool:
        rows = sli(running, "M2", "local_from", "vif", outer, since)
        return sum(row["numerator"] or 0 for row in rows) == drops

    wait_for("M2 local_from has all drops", complete, 40)
    assert sum(row["numerator"] or 0 for row in sli(running, "M2", "local_to", "vif", outer, since)) == 0


def test_a_byte_between_containers_is_counted_once_each_way(running: Product, net: Lab) -> None:
    """A to B: the counting points say A's bytes from the workload and B's bytes to the workload."""
    _, a, b = two_containers(net)
    since = now(running)
    points = {c.namespace: state(running, c.outer, "peer_vif_id != 0")["vif_id"] for c in (a, b)}
    a.send(b, 4000, 500)
    for container in (a, b):
        settled_counters(running, container.outer, points[container.namespace])

    def bytes_of(part: str, container: Container) -> float:
        rows = sli(running, "M1", part, "vif", points[container.namespace], since)
        return sum(row["numerator"] or 0 for row in rows)

    sent, got = a.inner.counters()["tx_bytes"], b.inner.counters()["rx_bytes"]
    wait_for("from-workload bytes of A", lambda: bytes_of("from", a) == sent, 40)
    wait_for("to-workload bytes of B", lambda: bytes_of("to", b) == got, 40)
    host = running.sql("SELECT DISTINCT host FROM viflux.inventory")[0]["host"]
    ids = ", ".join(f"'{vif}'" for vif in points.values())
    for part in ("to", "from"):
        whole = sum(row["numerator"] or 0 for row in sli(running, "M1", part, "host", host, since))
        points_sum = running.sql(
            "SELECT sum(numerator) AS n FROM viflux.sli WHERE window_seconds = 10 AND sli = 'M1' "
            f"AND part = '{part}' AND scope = 'vif' AND scope_key IN ({ids}) AND time >= '{since}'"
        )[0]["n"]
        assert whole >= points_sum > 0


def test_a_byte_to_the_uplink_is_counted_once_in_each_scope(running: Product, net: Lab) -> None:
    """Container to uplink: its bytes are once in the host's from-workload sum and once in `uplink`."""
    bridge = net.bridge()
    a = net.container("a", bridge, "10.99.6.1")
    world = net.namespace("world")
    run("ip", "link", "add", UPLINK, "type", "veth", "peer", "name", "eth0", "netns", world)
    net.adopt(UPLINK)
    run("sysctl", "-qw", f"net.ipv6.conf.{UPLINK}.disable_ipv6=1")
    run("ip", "link", "set", UPLINK, "master", bridge.name, "up")
    run("ip", "-n", world, "link", "set", "eth0", "up")
    mac = json.loads(run("ip", "-n", world, "-j", "link", "show", "eth0"))[0]["address"]
    run("ip", "-n", a.namespace, "neigh", "replace", "10.99.6.9", "lladdr", mac, "dev", "eth0")
    uplink = Interface(UPLINK)
    port = state(running, uplink, "is_up AND bridge_vif_id != 0")
    assert (port["side"], port["counting_point"]) == ("uplink", False)
    inner = state(running, a.inner, "is_up AND peer_vif_id != 0")
    since = now(running)
    before = {"from": a.inner.counters()["tx_bytes"], "uplink": uplink.counters()["tx_bytes"]}
    run(*a.inner.prefix(), sys.executable, str(TRAFFIC), "udp", "10.99.6.9", "3000", "700")
    settled_counters(running, a.inner, inner["vif_id"])
    settled_counters(running, uplink, port["vif_id"])
    sent = a.inner.counters()["tx_bytes"] - before["from"]
    assert sent >= 3000 * 742
    assert uplink.counters()["tx_bytes"] - before["uplink"] >= 3000 * 742
    host = running.sql("SELECT DISTINCT host FROM viflux.inventory")[0]["host"]

    def total(scope: str, since: str) -> float:
        return sum(row["numerator"] or 0 for row in sli(running, "M1", "from", scope, host, since))

    def vif_total(vif_id: str) -> float:
        return sum(row["numerator"] or 0 for row in sli(running, "M1", "from", "vif", vif_id, since))

    wait_for("the uplink's bytes", lambda: vif_total(port["vif_id"]) >= sent, 40)
    others = running.sql(
        "SELECT sum(numerator) AS n FROM viflux.sli WHERE window_seconds = 10 AND sli = 'M1' AND part = 'from' "
        f"AND scope = 'vif' AND time >= '{since}' AND scope_key IN ("
        "SELECT lower(leftPad(hex(vif_id), 16, '0')) FROM viflux.inventory WHERE counting_point)"
    )[0]["n"]
    assert sent <= total("host", since) <= others
    assert sent <= total("uplink", since) < 2 * sent


def test_a_tap_belongs_to_the_machine_that_holds_it(running: Product, net: Lab, tmp_path: Path) -> None:
    """The process that has a tap open names its workload; what such a sender drops is not visible here."""
    name = f"{net.tag}tap"
    holder = tmp_path / "hold.py"
    holder.write_text(HOLD_A_TAP, encoding="utf-8")
    words = ["bash", "-c", f"exec -a qemu-system-x86_64 {sys.executable} {holder} {name} -name guest=vm7,debug=on"]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as machine:
        try:
            assert machine.stdout is not None
            assert machine.stdout.readline() == b"held\n"
            row = state(running, Interface(name), "workload != ''")
            assert (row["kind"], row["side"], row["counting_point"]) == ("tap", "host", True)
            assert row["workload"].endswith("vm7")
            query = (
                "SELECT part, reason FROM viflux.sli WHERE window_seconds = 10 AND sli = 'M2' "
                f"AND scope_key = '{row['vif_id']}' AND part = 'local_from' AND completeness_ratio > 0"
            )
            assert running.rows("its loss", query, 30)[0]["reason"] == "sender_not_visible"
        finally:
            machine.kill()


def test_nobody_hides_behind_a_name(running: Product, net: Lab) -> None:
    """A name that begins with a dot, or is no text, is an interface like any other."""
    odd = b"\xff\xfe" + net.tag.encode()
    dotted = f".{net.tag}"
    subprocess.run(["ip", "link", "add", dotted, "type", "veth", "peer", "name", odd], check=True)
    net.adopt(dotted)
    first = state(running, Interface(dotted), "peer_vif_id != 0")
    second = state(running, Interface(f"\ufffd\ufffd{net.tag}"), "peer_vif_id != 0")
    assert (first["peer_vif_id"], second["peer_vif_id"]) == (second["vif_id"], first["vif_id"])
    assert {first["identity_origin"], second["identity_origin"]} == {"sysfs"}
