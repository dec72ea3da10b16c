"""The page of one VIF: its flows and its drops, by HTTP and in a real browser."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from tests.dashboards.conftest import Console
from tests.dashboards.test_browser import browser, opened
from tests.traffic.scene import MINUTE_NS, Scene

if TYPE_CHECKING:
    from playwright.sync_api import Browser

__all__ = ["browser"]


def talk(console: Console) -> Scene:
    """A container that talks to another one and to an address without a name, of which something is dropped."""
    scene = Scene(console.store, console.store.writer(), (time.time_ns() // MINUTE_NS - 3) * MINUTE_NS)
    scene.pair(0xA1, 0xA2, "veth1", "ns1", "10.0.0.1", workload="checkout")
    scene.pair(0xB1, 0xB2, "veth2", "ns2", "10.0.0.2")
    flow = {"time": 60, "vif_id": 0xA1, "src_address": "10.0.0.1", "dst_port": 443, "skb_bytes": 300_000}
    scene.flows(
        {**flow, "direction": 0, "dst_address": "10.0.0.2", "src_port": 40_000, "packets": 300},
        {**flow, "direction": 1, "src_address": "198.51.100.7", "dst_address": "10.0.0.1", "sampling_rate": 100.0},
    )
    drop = {"time": 60, "vif_id": 0xA1, "place": "somewhere"}
    scene.drops(
        {**drop, "drop_class": "loss", "reason": "QDISC_DROP", "packets": 7},
        {**drop, "drop_class": "denied", "reason": "NETFILTER_DROP", "packets": 3},
        {**drop, "vif_id": 0xA2, "drop_class": "endpoint", "reason": "NO_SOCKET", "packets": 2},
    )
    return scene


def test_flows_and_drops_of_one_vif(console: Console) -> None:
    """Peers by name, the workload's direction, what is uncertain, drops by reason; the same as exact JSON."""
    talk(console)
    status, _, html = console.get("/vif/00000000000000a1")
    assert status == 200
    text = " ".join(html.split())
    for part in ("host-a/ns2/eth0", "from workload", "to workload", "443/tcp", "https", "QDISC_DROP", "checkout"):
        assert part in text, part
    assert "± 91 %" in text
    assert text.index("QDISC_DROP") < text.index("NETFILTER_DROP")
    exact = json.loads(console.get("/api/v1/vifs/00000000000000a1")[2])
    assert [row["scaled_skb_bytes"] for row in exact["flows"]["rows"]] == [30_000_000, 300_000]
    assert [row["scaled_packets"] for row in exact["drops"]["rows"]] == [7, 3, 2]
    assert '<a href="/vif/00000000000000a1">veth1</a>' in console.get("/")[2]


def test_both_ends_of_a_pair_and_frames_that_are_no_ip(console: Console) -> None:
    """What was dropped at the other end is on the page, and says so; ARP is called that; empty columns are left out."""
    scene = talk(console)
    scene.flows({"time": 60, "vif_id": 0xB1, "direction": 1, "protocol": 0, "ether_type": 0x0806, "skb_bytes": 42})
    html = console.get("/vif/00000000000000a1")[2]
    assert '<td data-name="end" data-label="At" class="text" title="side: workload">ns1/eth0</td>' in html
    assert '<a href="/vif/00000000000000a2">ns1/eth0</a>' in html
    html = console.get("/vif/00000000000000b2")[2]
    assert ">arp</td>" in html
    assert ">veth2</td>" in html
    assert 'data-name="told"' not in html


def test_a_vif_without_flows_and_one_that_is_not_known(console: Console) -> None:
    """That nothing is there is said with the reason; what is no VIF is 404, whatever the address says."""
    talk(console)
    status, _, html = console.get("/vif/00000000000000b1")
    assert status == 200
    assert "rows of the span are of others" in html
    for address in ("/vif/00000000000000ff", "/vif/%3Cscript%3Ealert(1)%3C/script%3E", "/vif/zz"):
        status, _, html = console.get(address)
        assert status == 404
        assert "<script>alert" not in html


@pytest.mark.parametrize("width", [1440, 360])
def test_the_page_in_a_browser(console: Console, browser: Browser, width: int) -> None:
    """It comes by a click on the home page, and does not scroll sideways on a narrow screen."""
    talk(console)
    page, wrongs = opened(browser, console.url, viewport={"width": width, "height": 800})
    page.click("text=veth1")
    page.wait_for_selector("#talks")
    assert page.url.endswith("/vif/00000000000000a1")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert wrongs == []
