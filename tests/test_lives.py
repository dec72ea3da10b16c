"""The life of an interface as the tables tell it: renamed, moved, ended, made again; processes killed meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.fleet import fleet
from tests.lab.network import SYSFS_COUNTERS, Container, Interface, Lab, lab, need_root, run
from tests.lab.product import VIFLUX, Product, product, wait_for
from viflux.paths import DataPaths
from viflux.telemetry import ask

pytestmark = [pytest.mark.root, pytest.mark.slow]


@pytest.fixture
def net() -> Iterator[Lab]:
    need_root()
    with lab() as made:
        yield made


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """One product for all tests, each of which has interfaces of its own and leaves every process running."""
    need_root()
    with product(tmp_path_factory.mktemp("lives") / "data") as made:
        made.rows("the first interface is stored", "SELECT 1 AS one FROM viflux.inventory LIMIT 1")
        yield made


def history(running: Product, interface: Interface) -> list[dict[str, Any]]:
    """Return all states that were stored of whatever had this name in this namespace."""
    return running.sql_so_far(
        "SELECT vif_id, vif_key, change, valid_from_time, born_time, gone_time FROM viflux.inventory "
        f"WHERE ifname = '{interface.name}' AND namespace = '{interface.namespace}' ORDER BY valid_from_time, time"
    )


def living(running: Product, interface: Interface, not_id: str = "") -> dict[str, Any]:
    """Wait for a state of a living interface; its id is another than `not_id`."""

    def find() -> dict[str, Any] | None:
        rows = history(running, interface)
        ended = {row["vif_id"] for row in rows if row["gone_time"]} | {not_id}
        return next((row for row in reversed(rows) if row["vif_id"] not in ended), None)

    return wait_for(f"{interface} is in the inventory", find, 20)


def assert_true_to_the_kernel(running: Product, interfaces: list[Interface]) -> None:
    """Sums of deltas are the growth of the readings, the last reading is the kernel's, and no row is there twice."""
    for interface in interfaces:
        vif = living(running, interface)["vif_id"]

        def settled(interface: Interface = interface, vif: str = vif) -> bool:
            columns = ", ".join(
                f"max({name}_total) AS {name}_now, min({name}_total - {name}) AS {name}_first, "
                f"sum(counters.{name}) AS {name}_sum"
                for name in SYSFS_COUNTERS
            )
            rows = running.sql_so_far(f"SELECT {columns} FROM viflux.counters AS counters WHERE vif_id = 0x{vif}")
            kernel = interface.counters()
            return bool(rows) and all(
                int(rows[0][f"{name}_now"]) == kernel[name]
                and int(rows[0][f"{name}_sum"]) == kernel[name] - int(rows[0][f"{name}_first"])
                for name in SYSFS_COUNTERS
            )

        wait_for(f"the stored sums of {interface} equal the kernel's", settled, 60)
    doubles = running.sql(
        "SELECT stream, count() AS rows, uniqExact(spool_id, stream, sequence, vif_id, time) AS distinct_rows "
        "FROM viflux.counters GROUP BY stream HAVING rows != distinct_rows"
    )
    assert doubles == []


def pair(net: Lab) -> tuple[Container, Container]:
    bridge = net.bridge()
    return net.container("a", bridge, "10.99.8.1"), net.container("b", bridge, "10.99.8.2")


def test_rename_and_move_keep_the_identity(running: Product, net: Lab) -> None:
    """A new name and a new namespace are new rows of the same VIF; its counters go on without a spike."""
    one, two = net.namespace("one"), net.namespace("two")
    link = f"{net.tag}x"
    run("ip", "link", "add", link, "type", "veth", "peer", "name", f"{net.tag}y")
    net.adopt(link)
    first = living(running, Interface(link))
    run("ip", "link", "set", link, "name", f"{link}n")
    net.adopt(f"{link}n")
    renamed = living(running, Interface(f"{link}n"))
    run("ip", "link", "set", f"{link}n", "netns", one)
    moved = living(running, Interface(f"{link}n", one))
    run("ip", "-n", one, "link", "set", f"{link}n", "netns", two)
    moved_again = living(running, Interface(f"{link}n", two))
    assert {first["vif_id"]} == {row["vif_id"] for row in (renamed, moved, moved_again)}
    assert [row["change"] for row in (renamed, moved)] == ["renamed", "moved"]
    negative = running.sql(
        f"SELECT count() AS n FROM viflux.counters WHERE vif_id = 0x{first['vif_id']} AND rx_packets > rx_packets_total"
    )
    assert int(negative[0]["n"]) == 0


def make_numbered(namespace: str) -> None:
    """Make a pair whose names and indexes are always the same."""
    words = ["link", "add", "dev0", "index", "77", "type", "veth", "peer", "name", "dev1", "index", "78"]
    run("ip", "-n", namespace, *words)


def end_of(running: Product, vif: dict[str, Any]) -> list[dict[str, Any]]:
    """Wait for the row that tells when a VIF ended."""
    query = f"SELECT gone_time FROM viflux.inventory WHERE vif_id = 0x{vif['vif_id']} AND gone_time IS NOT NULL"
    return running.rows("its end is stored", query)


def made_again_while_stopped(running: Product, net: Lab, seconds: float) -> None:
    """Stop, make the device again, wait, start: it is another VIF of the same lineage, and nothing jumps."""
    namespace = net.namespace("again")
    interface = Interface("dev0", namespace)
    make_numbered(namespace)
    first = living(running, interface)
    assert running.stop() == 0
    run("ip", "-n", namespace, "link", "del", "dev0")
    make_numbered(namespace)
    time.sleep(seconds)  # the absence itself is what is tried
    running.start()
    second = living(running, interface, not_id=first["vif_id"])
    assert second["vif_id"] != first["vif_id"]
    assert second["vif_key"] == first["vif_key"]
    assert end_of(running, first)
    wild = running.sql(
        "SELECT count() AS n FROM viflux.counters WHERE rx_bytes > rx_bytes_total OR tx_bytes > tx_bytes_total"
    )
    assert int(wild[0]["n"]) == 0


def test_made_again_under_the_same_name_and_index(running: Product, net: Lab) -> None:
    """A new device is a new VIF of the same lineage."""
    namespace = net.namespace("again")
    interface = Interface("dev0", namespace)
    make_numbered(namespace)
    first = living(running, interface)
    run("ip", "-n", namespace, "link", "del", "dev0")
    make_numbered(namespace)
    second = living(running, interface, not_id=first["vif_id"])
    assert second["vif_key"] == first["vif_key"]
    assert end_of(running, first)


def test_made_again_while_nobody_watched(running: Product, net: Lab) -> None:
    """The same when the agent was stopped meanwhile."""
    made_again_while_stopped(running, net, 0)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_made_again_during_ten_minutes_of_absence(running: Product, net: Lab) -> None:
    """The same when it was stopped for ten minutes."""
    made_again_while_stopped(running, net, 600)


def killed(running: Product, net: Lab, times: int) -> None:
    """Kill each process in turn under traffic, then compare everything with the kernel."""
    a, b = pair(net)
    interfaces = [a.inner, a.outer, b.inner, b.outer]
    for interface in interfaces:
        living(running, interface)
    traffic = a.flood(b, 2000)
    try:
        for _ in range(times):
            for stage in ("agent", "processor", "store"):
                running.kill_stage(stage)
            running.kill()
            running.start()
            wait_for("up runs again", lambda: running.stage_pid("agent"), 20)
    finally:
        traffic.kill()
        traffic.wait()
    assert_true_to_the_kernel(running, interfaces)


def test_kill_each_process_under_load(running: Product, net: Lab) -> None:
    """Five rounds of kill -9 of agent, processor, store and up lose nothing and double nothing."""
    killed(running, net, 5)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_kill_each_process_twenty_times(running: Product, net: Lab) -> None:
    """Twenty rounds of the same."""
    killed(running, net, 20)


def test_store_away_delays_rows_and_loses_none(running: Product, net: Lab) -> None:
    """While the store is stopped the rows wait in the spool."""
    a, b = pair(net)
    for container in (a, b):
        living(running, container.outer)
    store = wait_for("the store runs", lambda: running.stage_pid("store"))
    os.kill(store, signal.SIGSTOP)
    try:
        a.send(b, 3000)
    finally:
        os.kill(store, signal.SIGCONT)
    assert_true_to_the_kernel(running, [a.inner, a.outer, b.inner, b.outer])


def test_a_deleted_namespace_is_let_go_at_once(running: Product, net: Lab) -> None:
    """Nothing that watches keeps a namespace alive: its veth is gone within a second of `ip netns del`."""
    a, b = pair(net)
    living(running, a.outer)
    living(running, b.inner)
    run("ip", "netns", "del", b.namespace)
    wait_for("the veth is gone", lambda: not Path(f"/sys/class/net/{b.outer.name}").exists(), 1.0)


def test_one_of_500_namespaces_is_let_go_at_once(tmp_path: Path) -> None:
    """With the agent on 500 namespaces, deleting one frees its veth within a second."""
    need_root()
    with fleet(500) as tag:
        words = [str(VIFLUX), "agent", "--data-dir", str(tmp_path), "--set", "counters.interval=1s"]
        with subprocess.Popen(words, stderr=subprocess.DEVNULL) as agent:
            try:
                paths = DataPaths(tmp_path)
                wait_for("the agent has swept", lambda: ask(paths, "agent", "/readyz")[0] == 200, 60)
                for number in (3, 250, 499):
                    run("ip", "netns", "del", f"{tag}-{number}")
                    wait_for(
                        "the veth is gone",
                        lambda number=number: not Path(f"/sys/class/net/{tag}{number}").exists(),
                        1.0,
                    )
            finally:
                agent.terminate()
