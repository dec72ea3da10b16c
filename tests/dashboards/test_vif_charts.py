"""The charts of a VIF's page: their figures by HTTP, and drawn in a real browser."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.dashboards.conftest import Console
from tests.dashboards.scene import inventory, sweep
from tests.dashboards.test_browser import browser, opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser

__all__ = ["browser"]

PAGE = f"/vif/{11:016x}"


def course(console: Console, query: str = "") -> dict[str, Any]:
    """Return what the charts draw."""
    status, _, text = console.get(f"/api/v1/vifs/{11:016x}/course{query}")
    assert status == 200
    found: dict[str, Any] = json.loads(text)
    return found


def by_second(console: Console, found: dict[str, Any], way: str, figure: str) -> dict[int, Any]:
    """Return a figure of a direction by the second of the scene."""
    start = console.scenario.origin_ns // 1_000_000_000
    return {time - start: value for time, value in zip(found["times"], found[way][figure], strict=True)}


def test_what_was_not_read_is_a_gap_and_says_why(console: Console) -> None:
    """Figures are those of M1 and M2; a step without a reading is null with its reason, before and after too."""
    inventory(console.scenario)
    sweep(console.scenario, -40, -20, lost=100)
    sweep(console.scenario, -10, 0)
    found = course(console)
    assert found["step_seconds"] == 10
    assert len(found["times"]) == 30
    rate = by_second(console, found, "to", "bits_per_second")
    assert [rate[second] for second in (-40, -30, -20, -10)] == [1e6, 1e6, None, 1e6]
    assert by_second(console, found, "to", "lost_packets")[-30] == 100
    assert by_second(console, found, "to", "packets_per_second")[-30] == 500
    assert by_second(console, found, "from", "lost_packets")[-30] == 0
    reasons = by_second(console, found, "to", "reasons")
    assert reasons[-30] == ""
    assert reasons[-20]
    assert reasons[-200]
    ratios = by_second(console, found, "to", "completeness_ratio")
    assert (ratios[-30], ratios[-20]) == (1, 0)


def test_ranges_and_what_is_no_vif(console: Console) -> None:
    """An hour is of steps of a minute; an unknown range is the shortest; no id is 404, an unknown one empty."""
    inventory(console.scenario)
    sweep(console.scenario, -120, 0)
    console.scenario.compute(60)
    found = course(console, "?range=1h")
    assert (found["step_seconds"], len(found["times"])) == (60, 60)
    rate = by_second(console, found, "to", "bits_per_second")
    # Whatever minute the scene began in: one that lies in it whole has the mean rate.
    assert max(value for value in rate.values() if value is not None) == pytest.approx(1e6)
    assert len(course(console, "?range=6h")["times"]) == 72
    assert course(console, "?range=<script>")["range"] == "5m"
    assert console.get("/api/v1/vifs/zz/course")[0] == 404
    assert set(json.loads(console.get(f"/api/v1/vifs/{99:016x}/course")[2])["to"]["bits_per_second"]) == {None}


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_drawn_and_kept_live(console: Console, browser: Browser, width: int, scheme: Any) -> None:
    """Drawn under the strict policy, told to who cannot see it, walked by keys, and followed without a reload."""
    inventory(console.scenario)
    sweep(console.scenario, -60, -20)
    page, wrongs = opened(
        browser, f"{console.url}{PAGE}", viewport={"width": width, "height": 900}, color_scheme=scheme
    )
    chart = page.get_by_role("img", name="Rate. to workload: newest 1.00 Mbit/s, highest 1.00 Mbit/s")
    chart.wait_for(timeout=15_000)
    assert chart.locator("canvas").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    chart.focus()
    page.keyboard.press("ArrowLeft")
    page.locator(".tip").get_by_text("to workload: not known").first.wait_for(timeout=5000)
    known = page.locator(".tip").get_by_text("to workload: 1.00 Mbit/s").first
    for _ in range(30):
        page.keyboard.press("ArrowLeft")
        if known.is_visible():
            break
    assert known.is_visible()
    page.get_by_text("These figures as a table").click()
    assert page.locator("#course-table tbody tr").count() == 30
    assert "1.00 Mbit/s" in page.locator("#course-table").inner_text()
    page.evaluate("window.isTheSamePage = true")
    sweep(console.scenario, -20, 0, blue_bytes=2_500_000)
    page.get_by_role("img", name="newest 2.00 Mbit/s").wait_for(timeout=25_000)
    assert page.evaluate("window.isTheSamePage")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("link", name="1 hour").click()
    page.wait_for_url("**range=1h")
    assert wrongs == []


def test_without_a_figure_it_is_said_why(console: Console, browser: Browser) -> None:
    """No axis without a figure: words instead, and what to look at; without JavaScript the figures have an address."""
    inventory(console.scenario)
    page, wrongs = opened(browser, f"{console.url}{PAGE}")
    page.locator("#charts figure .empty").first.get_by_text("Nothing is known of this range").wait_for()
    assert page.locator("#charts canvas").count() == 0
    assert wrongs == []
    page, _ = opened(browser, f"{console.url}{PAGE}", java_script_enabled=False)
    assert "Their figures as JSON" in page.locator("#charts").inner_text()


def test_drawing_is_loaded_only_where_something_is_drawn(console: Console) -> None:
    """The other pages stay as light as they were, and the licence is stated in what is served."""
    inventory(console.scenario)
    assert "echarts" not in console.get("/")[2]
    assert "echarts" not in console.get("/pipeline")[2]
    assert "echarts" not in console.get(f"/vif/{99:016x}")[2]
    assert "/static/echarts/echarts.js" in console.get(PAGE)[2]
    assert "Apache-2.0" in console.get("/static/echarts/echarts.js")[2][:200]
    assert "Apache License" in console.get("/static/echarts/LICENSE")[2]
