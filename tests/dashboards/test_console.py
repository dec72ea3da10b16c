"""The console's answers, by HTTP, from the real application over the real store."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess

import pytest

from dashboards.boards import BOARDS
from tests.dashboards.conftest import Console
from tests.dashboards.scene import inventory, sweep
from tests.running import ROOT, free_port, memory_bytes, until, viflux


def fresh(console: Console, path: str, words: str) -> str:
    """Return the body once it has some words: a snapshot is up to two seconds old."""
    return until(f"{words!r} on {path}", lambda: body if words in (body := console.get(path)[2]) else None, 10)


def names(html: str) -> list[str]:
    return re.findall(r'data-name="name"[^>]*><a [^>]*>([^ <]+)', html.split("<tbody>")[1])


def test_an_empty_host_says_so(console: Console) -> None:
    """Nothing was seen: not fine, not zero, but what is missing."""
    status, _, html = console.get("/")
    assert status == 200
    assert "Not known: no VIF of this host has been seen yet." in html
    assert "No VIF seen yet: the agent&#39;s first inventory" in html
    assert "judgement fine" not in html


def test_vifs_are_there_before_any_figure(console: Console) -> None:
    """With the inventory alone the table is full, and no rate is 0."""
    inventory(console.scenario)
    html = fresh(console, "/", "veth-blue")
    assert names(html) == ["enp1s0", "tap7", "veth-blue", "veth-green"]
    assert "the first 10 s of the 4 VIFs are still being read" in html
    assert ">0 bit/s" not in html


def test_figures_links_and_search_without_script(console: Console) -> None:
    """Sorting and filtering are plain addresses; units, tooltips and totals are there."""
    inventory(console.scenario)
    sweep(console.scenario, 0, 20)
    html = fresh(console, "/?sort=-rate_to", "1.00 Mbit/s")
    assert names(html) == ["veth-blue", "tap7", "enp1s0", "veth-green"]
    assert "Nothing hurts of what can be judged: 4 of 4 VIFs." in html
    assert "1,000,000 bit/s: 1,250,000 bytes in 10 s read" in html
    assert "0.02 %" in html  # 200 kbit/s out of a gigabit port
    assert names(console.get("/?q=TEAM-blue")[2]) == ["veth-blue"]
    assert names(console.get("/?q=eth0&all=1")[2]) == ["blue/eth0", "green/eth0", "veth-blue", "veth-green"]
    assert "No interface matches this filter." in console.get("/?q=nothing-like-it")[2]
    assert len(names(console.get("/?sort=nonsense&all=1")[2])) == 7


def test_loss_above_target_is_the_first_thing_said(console: Console) -> None:
    inventory(console.scenario)
    sweep(console.scenario, 0, 20, lost=100)
    html = fresh(console, "/", "hurts now")
    assert "1 of 4 VIFs hurts now." in html
    assert "veth-blue (blue/eth0) loses 2.0 % of the packets to its workload in the last 10 s" in html
    assert re.search(r'<tr data-vif-id="000000000000000b" class="hurting">', html)


def test_the_api_has_exact_numbers_and_text_ids(console: Console) -> None:
    """64-bit ids are 16 hex digits, figures are in the base unit, an unchanged answer is 304."""
    inventory(console.scenario)
    sweep(console.scenario, 0, 20)
    fresh(console, "/", "1.00 Mbit/s")
    status, headers, body = console.get("/api/v1/vifs")
    vifs = {vif["ifname"]: vif for vif in json.loads(body)["vifs"] if vif["counting_point"]}
    assert vifs["tap7"]["vif_id"] == "fedcba9876543210"
    assert vifs["veth-blue"]["rate_to"] == {
        "value": 125000,
        "numerator": 1250000,
        "denominator": 10,
        "completeness_ratio": 1,
        "reason": "",
        "time": vifs["veth-blue"]["rate_to"]["time"],
    }
    assert vifs["tap7"]["loss_from"]["reason"] == "sender_not_visible"
    assert status == 200
    assert console.get("/api/v1/vifs", {"If-None-Match": headers["etag"]})[0] == 304
    assert console.get("/api/v1/vifs?view=cells", {"If-None-Match": headers["etag"]})[0] == 200


def test_markup_in_a_name_stays_text(console: Console) -> None:
    """What an alias or a namespace says is never markup."""
    console.scenario.vif(1, "host", "tap", counting_point=True, ifname="<b>x</b>", owner='"><script>alert(1)</script>')
    console.scenario.flush()
    html = fresh(console, "/", "&lt;b&gt;x")
    assert "<script>alert" not in html


def test_headers_forbid_everything_from_elsewhere(console: Console) -> None:
    for path in ("/", "/api/v1/vifs", "/static/page.js", "/nothing"):
        headers = console.get(path)[1]
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe-inline" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
    html = console.get("/")[2]
    assert not re.search(r"https?://(?!127\.0\.0\.1)", html)
    assert not re.search(r"<script(?! src)|style=|<style| on[a-z]+=", html)


@pytest.mark.parametrize(
    ("host", "status"),
    [("evil.example", 421), ("127.0.0.1.evil.example:80", 421), ("localhost", 200), ("[::1]:80", 200)],
)
def test_a_name_that_is_not_this_machines_is_refused(console: Console, host: str, status: int) -> None:
    """A page elsewhere cannot read the console through a name of its own that points here."""
    assert console.get("/", {"Host": host})[0] == status


def test_a_store_that_is_gone_is_said_and_the_rows_stay(console: Console) -> None:
    """The last known rows stay with the time since when they are old, and the page recovers."""
    inventory(console.scenario)
    fresh(console, "/", "veth-blue")
    console.store.process.send_signal(signal.SIGSTOP)
    try:
        html = until(
            "the page says it",
            lambda: body if "the store does not answer since" in (body := console.get("/")[2]) else None,
            40,
        )
    finally:
        console.store.process.send_signal(signal.SIGCONT)
    assert "rows wait in the spool, none is lost" in html
    assert "veth-blue" in html
    assert "judgement unknown" in html
    fresh(console, "/", "are still being read")


def test_health_and_metrics_of_all_stages(console: Console) -> None:
    """Each line names its stage; a stage that runs is up, and its own metrics are there."""
    assert console.get("/livez")[:1] == (200,)
    assert console.get("/readyz")[2] == "ok\n"
    status, headers, text = console.get("/metrics")
    assert (status, headers["content-type"].split(";")[0]) == (200, "text/plain")
    assert 'viflux_stage_up{stage="web"} 1' in text
    assert 'viflux_stage_up{stage="store"} 1' in text
    assert re.search(r'process_resident_memory_bytes\{stage="web"\} \d', text)
    families = re.findall(r"^# TYPE (\S+)", text, re.MULTILINE)
    assert len(families) == len(set(families))


def test_it_is_small(console: Console) -> None:
    """70 MB resident after work."""
    inventory(console.scenario)
    fresh(console, "/", "veth-blue")
    assert memory_bytes(console.process.pid, "VmRSS") <= 70 << 20


@pytest.mark.parametrize(
    ("address", "code", "words"),
    [
        ("0.0.0.0:8686", 2, "beyond loopback"),
        ("192.0.2.1:8686", 2, "beyond loopback"),
        ("8686", 2, "expected HOST:PORT"),
    ],
)
def test_it_refuses_to_listen_beyond_loopback(
    tmp_path_factory: pytest.TempPathFactory, address: str, code: int, words: str
) -> None:
    command = viflux("web", "--data-dir", tmp_path_factory.mktemp("web"), "--set", f"web.listen={address}")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == code
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_busy_port_is_one_line(tmp_path_factory: pytest.TempPathFactory) -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        command = viflux("web", "--data-dir", tmp_path_factory.mktemp("web"), "--set", f"web.listen=127.0.0.1:{port}")
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "cannot listen" in done.stderr


def test_each_panels_query_runs_and_has_its_columns(console: Console) -> None:
    """Every query is run against the shipped tables, bounded, and filtered by time on the raw column."""
    for board in BOARDS.values():
        for panel in board.panels:
            sql = panel.query("viflux")
            assert "LIMIT" in sql
            assert re.search(r"(AND|WHERE) ((exporters|balance)\.)?time >=", sql)
            parameters = {"host": "host-a", "now_ns": console.scenario.at(0), "most_rows": 10}
            parameters |= {"lookback_seconds": 60, "stale_seconds": 30, "stream": ""}
            assert console.scenario.store.query_rows(sql, parameters) == []
