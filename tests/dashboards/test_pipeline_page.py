"""The pipeline's page: does the ledger balance, what arrived; by HTTP and in a real browser at both widths."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from tests.dashboards.conftest import Console
from tests.dashboards.test_browser import browser, opened
from tests.running import until

if TYPE_CHECKING:
    from playwright.sync_api import Browser

__all__ = ["browser"]

SECOND = 10**9


def account(console: Console, stage: str, stream: str, host: str = "host-a", **columns: int | str) -> None:
    """Store a ledger row on a hand-over of ten seconds ago."""
    at = time.time_ns() // (60 * SECOND) * 60 * SECOND - 50 * SECOND
    instants = dict.fromkeys(("time", "received_time", "watermark_time", "first_event_time", "last_event_time"), at)
    row = {"stage": stage, "of_stream": stream, "host": host, "spool_id": "a", "of_spool_id": "a", **columns}
    values = [f"fromUnixTimestamp64Nano({value}, 'UTC')" for value in instants.values()]
    values += [f"'{value}'" if isinstance(value, str) else str(value) for value in row.values()]
    console.store.writer().command(
        f"INSERT INTO viflux.ledger ({', '.join([*instants, *row])}) VALUES ({', '.join(values)})"
    )


def fill(console: Console) -> None:
    """One stream that balances, one that lost what it can explain, one that is short."""
    for stream, lost in (("counters.netlink", 0), ("flows.ipfix", 250)):
        account(console, "agent", stream, out_rows_count=1000, batches_count=2, through_sequence=2)
        account(
            console,
            "processor",
            stream,
            in_rows_count=1000,
            out_rows_count=1000 - lost,
            batches_count=2,
            through_sequence=2,
        )
        if lost:
            account(console, "processor", stream, lost_rows_count=lost, cause="refused", lost_rows_origin="counted")
    account(console, "agent", "inventory.netlink", "host-b", out_rows_count=10, batches_count=1, through_sequence=1)
    account(
        console,
        "processor",
        "inventory.netlink",
        "host-b",
        in_rows_count=9,
        out_rows_count=9,
        batches_count=1,
        through_sequence=1,
    )


def spend(console: Console, host: str, cost: float | None, **columns: int | str) -> None:
    """Store what the agent of a host says of itself."""
    at = time.time_ns() - 10 * SECOND
    row = {"host": host, "component": "agent", "duration_ns": 10 * SECOND, "budget_cores": "0.25", **columns}
    row["cost_cores"] = "NULL" if cost is None else str(cost)
    values = [
        f"'{value}'" if name in ("host", "component", "shed", "cost_reason") else str(value)
        for name, value in row.items()
    ]
    console.store.writer().command(
        f"INSERT INTO viflux.hosts (time, {', '.join(row)}) "
        f"VALUES (fromUnixTimestamp64Nano({at}, 'UTC'), {', '.join(values)})"
    )


def test_the_empty_page_says_what_to_do(console: Console) -> None:
    """Nothing was handed over: no zero, no 100 %."""
    status, _, page = console.get("/pipeline")
    assert status == 200
    assert "Nothing was handed over in the last hour" in page, page
    assert "%" not in page.partition("<main")[2].partition("</main>")[0]


def test_what_does_not_balance_comes_first_at_both_widths(console: Console, browser: Browser) -> None:
    """The sentence, the rows and their causes; no column runs out of a phone's screen."""
    fill(console)
    spend(console, "host-a", 0.3, shed="other_flows", shed_level=3, flow_sampling_rate=4, critical_flow_sampling_rate=1)
    spend(console, "host-b", None, shed="none", cost_reason="kernel_statistics_refused")

    def told() -> dict[str, object] | None:
        found = json.loads(console.get("/api/v1/pipeline")[2])
        return found if len(found["balance"]) == 3 else None

    found = until("the page is fresh", told, 20)
    assert [row["state"] for row in found["balance"]] == ["short", "balanced", "balanced"]  # type: ignore[attr-defined]
    for viewport in ({"width": 1400, "height": 900}, {"width": 390, "height": 844}):
        page, wrongs = opened(browser, f"{console.url}/pipeline", viewport=viewport)
        page.locator("#ledger tbody tr").first.wait_for()
        assert "1 of 3 streams do not balance" in page.locator(".headline").inner_text()
        assert page.locator("#ledger tbody tr").count() == 3
        first = page.locator("#ledger tbody tr").first.inner_text()
        assert "inventory.netlink" in first
        assert "short" in first
        assert "refused 250" in page.locator('#ledger td[data-name="causes"]').all_inner_texts()
        assert page.locator('#hosts td[data-name="completeness"]').first.inner_text() == "87.5 %"
        costs = [row.split() for row in page.locator("#costs tbody tr").all_inner_texts()]
        assert [row[0] for row in costs] == ["host-a", "host-b"]
        cost, unknown = page.locator('#costs td[data-name="cost"]').all_inner_texts()
        assert cost == "0.300"
        assert unknown.endswith("kernel statistics refused")
        left_out = page.locator('#costs td[data-name="shed"]').all_inner_texts()
        assert left_out == ["all but one of 4 packets in flows; critical VIFs are whole", "nothing"]
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert wrongs == []
        page.context.close()
