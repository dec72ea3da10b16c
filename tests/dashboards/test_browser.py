"""The page in a real browser: sorting, searching, staying live, at both widths, and without JavaScript."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.dashboards.conftest import Console
from tests.dashboards.scene import inventory, sweep

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = Path("/usr/bin/chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; not installed is a skip, and a failure where real parts are required."""
    if not CHROMIUM.exists():
        if os.environ.get("REQUIRE_REAL_PARTS") == "1":
            pytest.fail(f"{CHROMIUM} is not installed, and REQUIRE_REAL_PARTS=1")
        pytest.skip(f"{CHROMIUM} is not installed")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  # absent where no browser is

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()


def opened(browser: Browser, url: str, **options: Any) -> tuple[Page, list[str]]:
    """Open a page; whatever goes wrong in it, a blocked resource too, is in the list."""
    page = browser.new_context(**options).new_page()
    wrongs: list[str] = []
    page.on("pageerror", lambda error: wrongs.append(str(error)))
    page.on("console", lambda message: wrongs.append(message.text) if message.type == "error" else None)
    page.on(
        "request", lambda request: None if request.url.startswith("http://127.0.0.1") else wrongs.append(request.url)
    )
    page.goto(url)
    return page, wrongs


def names(page: Page) -> list[str]:
    return [text.split()[0] for text in page.locator('tbody td[data-name="name"]').all_inner_texts()]


def test_sorting_and_searching_stay_in_the_address(console: Console, browser: Browser) -> None:
    inventory(console.scenario)
    sweep(console.scenario, 0, 20)
    page, wrongs = opened(browser, f"{console.url}/")
    page.wait_for_selector(".live.on")
    page.get_by_text("1.00 Mbit/s").first.wait_for()
    assert names(page) == ["enp1s0", "tap7", "veth-blue", "veth-green"]
    page.get_by_role("link", name="To workload").click()
    assert names(page) == ["veth-blue", "tap7", "enp1s0", "veth-green"]
    assert page.locator("th[aria-sort]").get_attribute("aria-sort") == "descending"
    page.get_by_role("link", name="To workload").press("Enter")
    assert names(page) == ["veth-green", "enp1s0", "tap7", "veth-blue"]
    page.keyboard.press("/")
    page.keyboard.type("veth")
    assert names(page) == ["veth-green", "veth-blue"]
    assert "q=veth" in page.url
    assert "sort=rate_to" in page.url
    page.reload()
    page.wait_for_selector(".live.on")
    assert names(page) == ["veth-green", "veth-blue"]
    page.get_by_label("Filter the interfaces").fill("")
    page.get_by_label("all VIFs").check()
    assert len(names(page)) == 7
    assert wrongs == []


def test_the_page_follows_without_a_reload(console: Console, browser: Browser) -> None:
    """New figures, a breach and a new VIF come by themselves; filter and focus stay."""
    inventory(console.scenario)
    page, wrongs = opened(browser, f"{console.url}/?q=blue")
    page.wait_for_selector(".live.on")
    page.evaluate("window.isTheSamePage = true")
    page.get_by_label("Filter the interfaces").focus()
    assert names(page) == ["veth-blue"]
    sweep(console.scenario, 0, 20, lost=100)
    page.get_by_text("2.0 %", exact=True).wait_for(timeout=15_000)
    page.locator("tr.hurting").wait_for()
    assert page.locator(".headline").inner_text() == "1 of 4 VIFs hurts now."
    assert "1 of 4 VIFs hurts now." in page.title()
    console.scenario.vif(77, "host", "tap", counting_point=True, ifname="tap-blue-2")
    console.scenario.flush()
    page.get_by_text("tap-blue-2").wait_for(timeout=15_000)
    assert names(page) == ["tap-blue-2", "veth-blue"]
    assert page.evaluate("window.isTheSamePage && document.activeElement.name") == "q"
    assert wrongs == []


def test_a_console_that_is_gone_is_said(console: Console, browser: Browser) -> None:
    """Old figures are never left standing as if they were live."""
    page, _ = opened(browser, f"{console.url}/")
    page.wait_for_selector(".live.on")
    page.route("**/api/**", lambda route: route.abort())
    page.locator(".live.lost").wait_for(timeout=15_000)
    assert "what you see is old" in page.locator("#live").inner_text()
    page.unroute("**/api/**")
    page.locator(".live.on").wait_for(timeout=15_000)


@pytest.mark.parametrize("width", [360, 768, 1280, 1600])
def test_nothing_is_cut_off(console: Console, browser: Browser, width: int) -> None:
    """The page itself never scrolls sideways, and no rate or loss is clipped on a phone."""
    inventory(console.scenario)
    sweep(console.scenario, 0, 20)
    page, wrongs = opened(browser, f"{console.url}/", viewport={"width": width, "height": 800})
    page.get_by_text("1.00 Mbit/s").first.wait_for(timeout=15_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    clipped = page.evaluate(
        "[...document.querySelectorAll('td.bits_per_second, td.ratio, #totals dd')]"
        ".filter(node => node.scrollWidth > node.clientWidth + 1).map(node => node.textContent)"
    )
    assert clipped == []
    assert wrongs == []


def test_it_works_without_script(console: Console, browser: Browser) -> None:
    inventory(console.scenario)
    sweep(console.scenario, 0, 20)
    page, _ = opened(browser, f"{console.url}/?q=veth", java_script_enabled=False)
    with page.expect_navigation():
        page.get_by_role("link", name="To workload").click()
    assert names(page) == ["veth-blue", "veth-green"]
    page.get_by_label("Filter the interfaces").fill("tap")
    with page.expect_navigation():
        page.get_by_role("button", name="Show").click()
    assert names(page) == ["tap7"]


def test_dark_and_light_follow_the_system(console: Console, browser: Browser) -> None:
    grounds = set()
    for scheme in ("light", "dark"):
        page, _ = opened(browser, f"{console.url}/", color_scheme=scheme)
        grounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len(grounds) == 2
