"""The exporters' page: who sends, what is missing, what must be set; by HTTP and in a real browser."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.dashboards.conftest import HOST, Console
from tests.dashboards.scene import inventory, sweep
from tests.dashboards.test_browser import browser, opened
from tests.running import until

if TYPE_CHECKING:
    from playwright.sync_api import Browser

__all__ = ["browser"]

SECOND = 10**9
COLUMNS = (
    "exporter_address",
    "source_kind",
    "observation_domain_id",
    "exporter_name",
    "listener",
    "received_datagrams_count",
    "exporter_port",
    "parked_datagrams_count",
    "flows_count",
    "unknown_rate_flows_count",
    "templates_count",
    "sampling_rate",
    "sampling_origin",
    "missed_count",
    "missed_unit",
    "shed_packets",
    "socket_dropped_count",
    "refused_datagrams_count",
    "clock_skew_ns",
)


def tell(console: Console, ago_seconds: int = 10, host: str = HOST, **told: Any) -> None:
    """Store one interval of one exporter."""
    row = {
        name: told.get(name, "" if "name" in name or name.endswith(("unit", "origin", "kind")) else 0)
        for name in COLUMNS
    }
    row |= {"listener": "udp:127.0.0.1:2055"}
    start = time.time_ns() - ago_seconds * SECOND
    values = ", ".join(f"'{value}'" if isinstance(value, str) else str(value) for value in row.values())
    instants = (
        f"fromUnixTimestamp64Nano({start}, 'UTC'), {10 * SECOND}, fromUnixTimestamp64Nano({start + 9 * SECOND}, 'UTC')"
    )
    console.store.writer().command(
        f"INSERT INTO viflux.exporters (host, time, duration_ns, last_received_time, {', '.join(COLUMNS)}) "
        f"VALUES ('{host}', {instants}, {values})"
    )


def three(console: Console) -> None:
    """A switch that samples, a router whose rate nobody knows, a third whose clock is wrong and that others lost."""
    switch = {"exporter_address": "::ffff:192.0.2.1", "source_kind": "sflow", "exporter_name": "leaf-1"}
    for ago in (30, 20, 10):
        tell(
            console,
            ago,
            **switch,
            received_datagrams_count=1000,
            flows_count=6000,
            sampling_rate=4096.0,
            sampling_origin="announced",
        )
    tell(
        console,
        exporter_address="::ffff:192.0.2.2",
        source_kind="netflow9",
        observation_domain_id=7,
        received_datagrams_count=20,
        flows_count=400,
        unknown_rate_flows_count=400,
        sampling_origin="unknown",
        templates_count=3,
    )
    tell(
        console,
        exporter_address="2001:db8::9",
        source_kind="ipfix",
        received_datagrams_count=5,
        flows_count=5,
        sampling_rate=1.0,
        sampling_origin="configured",
        missed_count=12,
        missed_unit="flows",
        shed_packets=3,
        clock_skew_ns=-90 * SECOND,
    )
    tell(console, exporter_address="::ffff:192.0.2.77", host="another-host")


def shown(console: Console, path: str, words: str) -> str:
    """Return the page once it has some words: a snapshot is up to five seconds old."""
    return until(f"{words!r} on {path}", lambda: body if words in (body := console.get(path)[2]) else None, 15)


def names(html: str) -> list[str]:
    return re.findall(r'data-name="name"[^>]*>([^ <]+)', html.split("<tbody>")[1])


def test_without_exporters_it_says_what_turns_listening_on(console: Console) -> None:
    """An empty page is an instruction, and the home page links to it."""
    status, _, html = console.get("/exporters")
    assert status == 200
    assert "Listeners are off: set sflow.listen" in html
    assert '<a href="/exporters">Exporters</a>' in console.get("/")[2]
    assert 'aria-current="page">Exporters' in html


def test_each_exporter_with_what_it_needs(console: Console) -> None:
    """Rates, sampling, losses; the exact setting for whose rate nobody knows; other hosts' are not shown."""
    three(console)
    html = shown(console, "/exporters", "leaf-1")
    assert names(html) == ["192.0.2.1", "192.0.2.2", "2001:db8::9"]
    assert "1 of 3 needs a setting before its flows count." in html
    needs = "exporters.known = [{address = &#34;192.0.2.2&#34;, domain = 7, sampling_rate = RATE}]"
    assert f"<code>{needs}</code>" in html
    assert "1 in 4,096" in html
    assert "600/s" in html
    assert "1 min behind" in html
    assert "3 shed, 0 dropped at the full socket" in html
    assert names(console.get("/exporters?sort=-flows")[2]) == ["192.0.2.1", "192.0.2.2", "2001:db8::9"]
    assert names(console.get("/exporters?sort=-missed")[2])[0] == "2001:db8::9"
    assert names(console.get("/exporters?q=netflow9")[2]) == ["192.0.2.2"]
    assert "No exporter matches this filter." in console.get("/exporters?q=nobody")[2]
    exact = json.loads(console.get("/api/v1/exporters")[2])["exporters"]
    assert [row["unknown_rate_flows_count"] for row in exact] == [0, 400, 0]


def test_what_is_needed_outlives_the_exporters_next_start(console: Console) -> None:
    """A port is named only where it tells two exporters apart; what waits for a template needs no rate."""
    unknown = {
        "source_kind": "netflow9",
        "sampling_origin": "unknown",
        "unknown_rate_flows_count": 4,
        "templates_count": 1,
    }
    tell(console, 300, exporter_address="::ffff:192.0.2.3", exporter_port=5000, **unknown)
    tell(console, exporter_address="::ffff:192.0.2.3", exporter_port=6000, **unknown)
    for port in (7000, 8000):
        tell(console, exporter_address="::ffff:192.0.2.4", exporter_port=port, **unknown)
    waiting = {"source_kind": "ipfix", "sampling_origin": "unknown", "parked_datagrams_count": 9}
    tell(console, exporter_address="::ffff:192.0.2.5", **waiting)
    tell(console, exporter_address="::ffff:192.0.2.6", **waiting, templates_count=1)
    shown(console, "/exporters", "192.0.2.6")
    rows = json.loads(console.get("/api/v1/exporters")[2])["exporters"]
    needs: dict[str, set[str]] = {}
    for row in rows:
        needs.setdefault(row["exporter_address"], set()).add(row["needs"])
    entry = 'exporters.known = [{{address = "{}", {}domain = 0, sampling_rate = RATE}}]'
    assert needs == {
        "192.0.2.3": {entry.format("192.0.2.3", "")},
        "192.0.2.4": {entry.format("192.0.2.4", f"port = {port}, ") for port in (7000, 8000)},
        "192.0.2.5": {""},
        "192.0.2.6": {entry.format("192.0.2.6", "")},
    }


def test_thousands_of_spoofed_exporters_are_no_heavy_page(console: Console) -> None:
    """The page shows the first of them in the order asked for, says how many are left out, and finds each."""
    start = time.time_ns() - 10 * SECOND
    console.store.writer().command(
        "INSERT INTO viflux.exporters (host, time, duration_ns, last_received_time, listener, exporter_address, "
        "source_kind, sampling_origin, unknown_rate_flows_count, received_datagrams_count) "
        f"SELECT '{HOST}', fromUnixTimestamp64Nano({start}, 'UTC'), {10 * SECOND}, "
        f"fromUnixTimestamp64Nano({start}, 'UTC'), 'udp:127.0.0.1:2055', "
        "toIPv6(concat('::ffff:198.18.', toString(intDiv(number, 256)), '.', toString(number % 256))), 'netflow5', "
        "'unknown', 1, number + 1 FROM numbers(4096)"
    )
    html = shown(console, "/exporters?sort=-datagrams", "198.18.15.255")
    assert "first 200 of 4,096 in this order; 3,896 are left out" in html
    assert len(html) < 500_000
    assert len(names(html)) == 200
    assert "and 4,076 more" in html
    assert names(console.get("/exporters?q=198.18.3.7+netflow5")[2])[0].startswith("198.18.3.7")
    rows = json.loads(console.get("/api/v1/exporters")[2])["exporters"]
    assert {row["exporter_address"] for row in rows} >= {"198.18.0.0", "198.18.15.255"}


def test_hostile_names_stay_text(console: Console) -> None:
    """What an exporter or an operator calls something is never markup."""
    tell(console, exporter_address="::1", source_kind="ipfix", exporter_name="<script>alert(1)</script>")
    html = shown(console, "/exporters", "alert(1)")
    assert "<script>alert" not in html


def test_coverage_is_on_the_home_page(console: Console) -> None:
    """The share of a VIF's bytes that flows tell of, with its packets; without a flow source it is not connected."""
    inventory(console.scenario)
    sweep(console.scenario, 0, 20)
    tap = "fedcba9876543210"
    minute = (time.time() // 60 - 4) * 60
    console.store.writer().command(
        "INSERT INTO viflux.sli_revisions (time, host, window_seconds, sli, part, scope, scope_key, numerator, "
        "denominator, value, completeness_ratio, samples_count, computed_time) VALUES "
        f"(toDateTime64({minute:.0f}, 9, 'UTC'), '{HOST}', 60, 'M9', 'both', 'vif', '{tap}', 900, 1000, 0.9, 1, 17, "
        "now64(9))"
    )
    html = shown(console, "/", "flows tell of 900 of 1,000 bytes received and sent, from 17 exported packets")
    assert "target 95 % to 105 %" in html
    assert html.count("Not connected: no flow of this interface") == 3
    vifs = {vif["vif_id"]: vif for vif in json.loads(console.get("/api/v1/vifs")[2])["vifs"]}
    assert vifs[tap]["coverage"]["value"] == 0.9


@pytest.mark.parametrize("width", [360, 768, 1280, 1600])
def test_nothing_is_cut_off(console: Console, browser: Browser, width: int) -> None:
    """The page never scrolls sideways; the setting to write is there whole."""
    three(console)
    shown(console, "/exporters", "leaf-1")
    page, wrongs = opened(browser, f"{console.url}/exporters", viewport={"width": width, "height": 800})
    page.get_by_text("sampling_rate = RATE").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if width >= 1280:
        assert page.evaluate("(box => box.scrollWidth - box.clientWidth)(document.querySelector('.scroll'))") <= 0
    clipped = page.evaluate(
        "[...document.querySelectorAll('td, code')]"
        ".filter(node => node.scrollWidth > node.clientWidth + 1 && node.clientWidth).map(node => node.textContent)"
    )
    assert clipped == []
    assert wrongs == []


def test_it_follows_by_itself_and_works_without_script(console: Console, browser: Browser) -> None:
    """A new exporter comes without a reload; sorting and filtering are plain addresses."""
    page, wrongs = opened(browser, f"{console.url}/exporters")
    page.wait_for_selector(".live.on")
    page.evaluate("window.isTheSamePage = true")
    three(console)
    page.get_by_text("leaf-1").wait_for(timeout=30_000)
    assert page.evaluate("window.isTheSamePage")
    assert wrongs == []
    plain, _ = opened(browser, f"{console.url}/exporters", java_script_enabled=False)
    with plain.expect_navigation():
        plain.get_by_role("link", name="Missed").click()
    assert plain.locator('tbody td[data-name="name"]').first.inner_text().startswith("2001:db8::9")
    plain.get_by_label("Filter the exporters").fill("sflow")
    with plain.expect_navigation():
        plain.get_by_role("button", name="Show").click()
    assert plain.locator("tbody tr").count() == 1
    with plain.expect_navigation():
        plain.get_by_role("link", name="Now", exact=True).click()
    assert plain.url == f"{console.url}/"
