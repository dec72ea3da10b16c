"""The one-minute tier: filled when a minute has closed, filled again for late rows, true to the raw rows."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from tests.processor.making import (
    COUNTERS,
    MINUTE,
    SECOND,
    ask,
    batch_of,
    heartbeat,
    open_spool,
    processor,
    sweep,
    wait_done,
)
from tests.running import RunningStore, until
from viflux.registry import KINDS
from viflux.spool import SpoolWriter

DELTAS = [name for name in KINDS["counters_1m"].table if name in KINDS["counters"].record][2:]


def put(writer: SpoolWriter, rows: list[dict[str, Any]], watermark_ns: int) -> None:
    writer.append([batch_of(COUNTERS, rows), heartbeat(watermark_ns, watermark_ns)])
    writer.commit()


def tier(store: RunningStore, where: str = "1") -> list[dict[str, Any]]:
    return ask(
        store,
        "SELECT toUnixTimestamp(time) AS minute, vif_id, revision, covered_ns, gap_ns, rows_count, rx_bytes, "
        "rx_bytes_per_second_max AS rate, qdisc_backlog_bytes_max AS backlog "
        f"FROM counters_1m WHERE {where} ORDER BY time, vif_id",
    )


def full_minute(minute_ns: int, **changed: Any) -> list[dict[str, Any]]:
    return [row for step in range(6) for row in sweep(minute_ns + step * 10 * SECOND, 2, **changed)]


def test_a_minute_is_filled_when_the_watermark_passes_its_end(tmp_path: Path, store: RunningStore) -> None:
    """Not before; a row that begins up to 200 ms early belongs to the minute; gaps count in sums and nowhere else."""
    minute = (time.time_ns() // MINUTE - 5) * MINUTE
    rows = full_minute(minute - SECOND // 10)
    rows += sweep(minute + MINUTE - SECOND // 10, 2)
    rows += sweep(minute + 30 * SECOND, 1, delta_kind="gap", rx_bytes=10**9, qdisc_backlog_bytes=10**6)
    rows += sweep(minute + 31 * SECOND, 1, delta_kind="new", duration_ns=0, rx_bytes=0, qdisc_backlog_bytes=77)
    writer = open_spool(tmp_path / "data")
    put(writer, rows, minute + MINUTE - 1)
    with processor(store, "window.grace=10m") as running:
        wait_done(running, tmp_path / "data")
        put(writer, sweep(minute + MINUTE + 10 * SECOND, 2), minute + MINUTE)
        until("the minute is filled", lambda: len(tier(store)) == 2, 20)
    first, second = tier(store)
    assert first["minute"] == minute // SECOND
    assert (first["covered_ns"], first["gap_ns"], first["rows_count"]) == (60 * SECOND, 10 * SECOND, 8)
    assert (first["rx_bytes"], first["rate"], first["backlog"]) == (6000 + 10**9, 100, 77)
    assert (second["vif_id"], second["rx_bytes"], second["rate"], second["rows_count"]) == (2, 12_000, 200, 6)


def test_late_rows_fill_a_minute_again_within_the_hour_and_are_counted_beyond(
    tmp_path: Path, store: RunningStore
) -> None:
    """The newest revision is what the view shows; rows of two hours ago are in the tier too, and counted."""
    now_minute = time.time_ns() // MINUTE
    recent, old = (now_minute - 10) * MINUTE, (now_minute - 120) * MINUTE
    writer = open_spool(tmp_path / "data")
    put(writer, full_minute(old), old + MINUTE)
    put(writer, full_minute(recent), recent + 2 * MINUTE)
    with processor(store) as running:
        until("both are filled", lambda: len(tier(store)) == 4, 60)
        before = tier(store)
        assert [row["rx_bytes"] for row in before] == [6000, 12_000, 6000, 12_000]
        put(writer, [*sweep(recent + 5 * SECOND, 2), *sweep(old + 5 * SECOND, 2)], recent + 2 * MINUTE + 1)
        late = f"minute = {recent // SECOND}"
        until(
            "the recent one is filled again",
            lambda: [row["rx_bytes"] for row in tier(store, late)] == [7000, 14_000],
            20,
        )
        until("the old one too", lambda: [row["rx_bytes"] for row in tier(store)[:2]] == [7000, 14_000], 20)
    assert "rows came too late: tiers have them" in running.log.read_text()
    told = ask(store, "SELECT sum(lost_rows_count) AS late FROM ledger WHERE cause = 'late'")
    assert told[0]["late"] == 14, "those of the minute of two hours ago"
    old_rows = tier(store, f"minute = {old // SECOND}")
    assert [(row["rx_bytes"], row["rows_count"]) for row in old_rows] == [(7000, 7), (14_000, 7)]
    assert all(
        row["revision"] > earlier["revision"] for row, earlier in zip(tier(store, late), before[2:], strict=True)
    )


def test_a_silent_host_closes_by_the_wall_clock(tmp_path: Path, store: RunningStore) -> None:
    """Without a watermark the minute is filled after its grace."""
    minute = (time.time_ns() // MINUTE - 5) * MINUTE
    writer = open_spool(tmp_path / "data")
    put(writer, full_minute(minute), minute + 30 * SECOND)
    with processor(store, "window.grace=2s"):
        until("the minute is filled", lambda: len(tier(store)) == 2, 20)


def test_what_an_earlier_process_left_unfilled_is_filled_at_start(tmp_path: Path, store: RunningStore) -> None:
    """Also tier rows that a power loss took: the tier is brought to the raw rows' state, delta by delta."""
    minute = (time.time_ns() // MINUTE - 30) * MINUTE
    writer = open_spool(tmp_path / "data")
    for step in range(4):
        put(writer, full_minute(minute + step * MINUTE), minute + (step + 1) * MINUTE)
    with processor(store) as running:
        until("all are filled", lambda: len(tier(store)) == 8, 20)
        running.kill()
    store.writer().command(
        f"ALTER TABLE counters_1m_revisions DELETE WHERE toUnixTimestamp(time) >= {minute // SECOND + 60} "
        "SETTINGS mutations_sync = 2"
    )
    with processor(store):
        until("all are filled again", lambda: len(tier(store)) == 8, 20)
    sums = ", ".join(f"sum({name}) AS {name}" for name in DELTAS)
    assert ask(store, f"SELECT {sums} FROM counters_1m") == ask(
        store, f"SELECT {', '.join(f'sum(raw.{name}) AS {name}' for name in DELTAS)} FROM counters AS raw"
    )
