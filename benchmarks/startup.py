"""The whole product with 50 VIFs: how fast it shows them, how fast a new one is stored, how much memory it takes."""

from __future__ import annotations

import json
import statistics
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure
from benchmarks.fleet import fleet
from benchmarks.process import children, cpu_seconds, proportional_megabytes
from tests.lab.network import run
from tests.lab.product import Product, wait_for
from viflux.errors import VifluxError

BIRTHS = 20


def measure() -> list[Figure]:
    """Start `viflux up` beside 25 namespaces with a veth each and watch the page and the tables."""
    with fleet(25) as tag, tempfile.TemporaryDirectory() as folder:
        product = Product(Path(folder) / "data", **{"counters.interval": "10s"})
        started = time.monotonic()
        product.start()
        try:
            vifs = _seconds_until(started, lambda: sum(vif["ifname"].startswith(tag) for vif in _vifs(product)) >= 25)
            rates = _seconds_until(
                started,
                lambda: all(
                    (vif["rate_to"] or {}).get("value") is not None
                    for vif in _vifs(product)
                    if vif["ifname"].startswith(tag)
                ),
            )
            sli = _seconds_until(
                started, lambda: product.sql("SELECT 1 AS one FROM viflux.sli WHERE window_seconds = 60 LIMIT 1"), 180
            )
            births = [_birth(product, tag, number) for number in range(BIRTHS)]
            wait_for("two minutes of idling", lambda: time.monotonic() - started > 240, 300)
            processes = children(product.pid())
            pss = {pid: proportional_megabytes(pid) for pid in processes}
            cpu = sum(cpu_seconds(pid) for pid in processes)
            time.sleep(60)
            idle = (sum(cpu_seconds(pid) for pid in processes) - cpu) / 60
        finally:
            product.stop()
    shares = ", ".join(f"{value:.0f}" for value in sorted(pss.values(), reverse=True))
    return [
        Figure("`up` on a built tree → 50 VIFs on the page", vifs, "s", 5),
        Figure("`up` → first rates of all of them", rates, "s", 15, "waits for the next 10 s boundary"),
        Figure("`up` → first one-minute SLI", sli, "s", 100, "of the first, partial minute"),
        Figure(
            "interface born → inventory row in the store, p95",
            statistics.quantiles(births, n=20)[-1],
            "s",
            3,
            f"{BIRTHS} births, median {statistics.median(births):.2f} s; includes the query's own start, about 0.3 s",
        ),
        Figure("`up` with 50 VIFs, idle: sum of PSS", sum(pss.values()), "MB", 800, f"by process: {shares}"),
        Figure("`up` with 50 VIFs, idle: CPU of all processes", 100 * idle, "% of a core"),
    ]


def _vifs(product: Product) -> list[dict[str, Any]]:
    try:
        with urllib.request.urlopen(f"{product.web}/api/v1/vifs", timeout=2) as answer:
            found: list[dict[str, Any]] = json.load(answer)["vifs"]
            return found
    except (urllib.error.URLError, OSError):
        return []


def _seconds_until(started: float, probe: Callable[[], Any], deadline: float = 60) -> float:
    wait_for("the page or table has it", lambda: _quietly(probe), deadline)
    return time.monotonic() - started


def _quietly(probe: Callable[[], Any]) -> Any:
    try:
        return probe()
    except VifluxError:
        return None


def _birth(product: Product, tag: str, number: int) -> float:
    name = f"{tag}b{number}"
    began = time.monotonic()
    run("ip", "-n", f"{tag}-0", "link", "add", name, "type", "veth", "peer", "name", f"{name}p")
    return _seconds_until(began, lambda: product.sql(f"SELECT 1 AS one FROM viflux.inventory WHERE ifname = '{name}'"))
