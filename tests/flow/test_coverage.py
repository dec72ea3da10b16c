"""Flow coverage (M9) through `viflux up`: flows of the kernel and the interfaces' counters tell of the same bytes."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.flow.conftest import TALK
from tests.lab.ahead import compute_now
from tests.lab.network import Container, Lab, lab, need_root, run
from tests.lab.product import Product, product
from tests.running import until
from viflux import telemetry
from viflux.clock import NANOSECONDS
from viflux.paths import DataPaths

pytestmark = [pytest.mark.root, pytest.mark.slow]

MINUTE_NS = 60 * NANOSECONDS
LEAST_SECONDS = 12
PARTS = ("ingress", "egress", "both")
# Sender, receiver, whether over IPv6, whether TCP, bytes at a time, times a second.
TALKS = (
    (0, 1, False, True, 65_536, 100),
    (1, 2, True, True, 16_384, 200),
    (2, 0, False, False, 1_000, 2_000),
    (0, 2, True, False, 200, 3_000),
)


@contextmanager
def running_on(tmp_path: Path, tag: str, **settings: str) -> Iterator[Product]:
    settings = {"agent.sources": "inventory,counters,ebpf", "counters.interval": "10s", **settings}
    with product(tmp_path / "data", None, **settings, **{"ebpf.vifs": f"{tag}a,{tag}b,{tag}c"}) as made:
        made.rows("the first interface is stored", "SELECT 1 AS one FROM viflux.inventory LIMIT 1")
        yield made


def street(network: Lab, running: Product) -> list[Container]:
    """Three containers on a bridge, with IPv4 and IPv6, each of whose ports the probe is at."""
    bridge = network.bridge()
    ends = [network.container(name, bridge, f"198.51.100.{at}") for at, name in enumerate("abc", 1)]
    for at, end in enumerate(ends, 1):
        run(*end.inner.prefix(), "sysctl", "-qw", "net.ipv6.conf.eth0.disable_ipv6=0")
        run("ip", "-n", end.namespace, "addr", "add", f"2001:db8::{at}/64", "dev", "eth0", "nodad")

    def are_watched() -> bool:
        _, text = telemetry.ask(DataPaths(running.data_dir), "agent", "/metrics")
        return "\nviflux_agent_flow_interfaces 3.0\n" in text

    until("all three are watched", are_watched, 20)
    return ends


@contextmanager
def talking(ends: list[Container]) -> Iterator[None]:
    """Traffic that comes and goes, between all of them."""
    with ExitStack() as stack:

        def begin(end: Container, *words: str | int) -> subprocess.Popen[str]:
            line = [*end.inner.prefix(), sys.executable, str(TALK), *map(str, words)]
            process = subprocess.Popen(line, stdout=subprocess.PIPE, text=True)
            stack.callback(process.communicate)
            stack.callback(process.kill)
            return process

        for port, (by, to, is_ipv6, is_tcp, size, rate) in enumerate(TALKS, 5001):
            address = f"2001:db8::{to + 1}" if is_ipv6 else ends[to].address
            server = begin(ends[to], "serve" if is_tcp else "sink", address, port)
            assert server.stdout is not None
            assert server.stdout.readline() == "ready\n"
            begin(ends[by], "paced", address, port, size, rate, int(is_tcp))
        yield


def figures(running: Product, ends: list[Container], minute_ns: int) -> list[dict[str, Any]]:
    """Return M9 of a minute, of each port and part."""
    names = ", ".join(f"'{end.outer.name}'" for end in ends)
    return running.sql(
        "SELECT ifname, part, value, numerator, denominator, completeness_ratio, reason FROM viflux.sli AS sli "
        "INNER JOIN (SELECT DISTINCT lower(leftPad(hex(vif_id), 16, '0')) AS scope_key, ifname "
        f"FROM viflux.inventory WHERE ifname IN ({names})) AS known ON sli.scope_key = known.scope_key "
        f"WHERE sli = 'M9' AND scope = 'vif' AND toUnixTimestamp64Nano(sli.time) = {minute_ns} ORDER BY ifname, part"
    )


def agree(running: Product, ends: list[Container], minute_ns: int, least_bytes: int) -> None:
    """Of each port and direction flows and counters are the same within a thousandth."""
    found = figures(running, ends, minute_ns)
    for row in found:
        sys.stdout.write(json.dumps(row) + "\n")
    assert [(row["ifname"], row["part"]) for row in found] == [
        (end.outer.name, part) for end in ends for part in sorted(PARTS)
    ]
    for row in found:
        assert row["denominator"] > least_bytes, row
        assert 0.999 <= row["value"] <= 1.001, row


def end_of_minute(least_seconds: float) -> int:
    """Return the start of the next minute that is at least so far away, after it came."""
    at_ns = -(-(time.time_ns() + int(least_seconds * NANOSECONDS)) // MINUTE_NS) * MINUTE_NS
    until("the minute ends", lambda: time.time_ns() >= at_ns, 60 + least_seconds + 5)
    return at_ns


def await_sweep(running: Product, ends: list[Container], at_ns: int) -> None:
    """Wait until the readings that end a minute are stored, and the flows until then."""
    for kind, ended in (("counters", "time + toIntervalNanosecond(duration_ns)"), ("flows", "time")):
        running.rows(
            f"{kind} until the end of the minute are stored",
            f"SELECT 1 AS one FROM viflux.{kind} WHERE vif_id IN (SELECT vif_id FROM viflux.inventory "
            f"WHERE ifname = '{ends[0].outer.name}') AND toUnixTimestamp64Nano({ended}) >= {at_ns} LIMIT 1",
        )


def test_flows_and_counters_agree_over_the_end_of_a_minute(tmp_path: Path) -> None:
    """Traffic that comes and goes, over both families: each direction of each port within a thousandth."""
    need_root("loads programs into the kernel")
    with lab() as network, running_on(tmp_path, network.tag) as running:
        ends = street(network, running)
        with talking(ends):
            minute_ns = end_of_minute(LEAST_SECONDS)
            await_sweep(running, ends, minute_ns)
        compute_now(running)
        agree(running, ends, minute_ns - MINUTE_NS, 10**6)


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("timeouts", [{}, {"ebpf.active_timeout": "60s", "ebpf.inactive_timeout": "15s"}])
def test_flows_and_counters_agree_minute_by_minute(tmp_path: Path, timeouts: dict[str, str]) -> None:
    """Five minutes of it, as the running stages themselves compute them; also where flows wait for longer timeouts."""
    need_root("loads programs into the kernel")
    with lab() as network, running_on(tmp_path, network.tag, **timeouts) as running:
        ends = street(network, running)
        with talking(ends):
            first_ns = end_of_minute(LEAST_SECONDS)
            last_ns = end_of_minute(235)
            await_sweep(running, ends, last_ns)
        for minute_ns in range(first_ns - MINUTE_NS, last_ns, MINUTE_NS):
            until(
                "the stage has computed it", lambda at=minute_ns: len(figures(running, ends, at)) == 3 * len(ends), 240
            )
        compute_now(running)
        for minute_ns in range(first_ns - MINUTE_NS, last_ns, MINUTE_NS):
            agree(running, ends, minute_ns, 10**6)
