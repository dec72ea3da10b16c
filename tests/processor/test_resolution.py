"""`{counters}` and `{flows}`: whatever range and grain, their rows add up to what the raw rows say."""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingest.store.tiers.resolution import Resolution, filled_until, placeholders, replaced, resolve, usual_grain_ns
from tests.processor.raw import MINUTE, SECOND, Database, Reading
from tests.running import ROOT, RunningStore, running_store, viflux
from viflux.clock import ManualClock
from viflux.settings.schema import Keep

HOUR = 60 * MINUTE
DAY = 24 * HOUR


@pytest.fixture(scope="module")
def running(tables: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStore]:
    with running_store(tmp_path_factory.mktemp("resolution") / "data", tables=tables) as store:
        yield store


def everywhere(kind: str, until_ns: int) -> dict[str, int]:
    """All tiers are filled up to an instant."""
    seconds = {"1m": 60, "5m": 300, "1h": 3600, "1d": 86_400}
    return {f"{kind}_{suffix}": until_ns // (each * SECOND) * each * SECOND for suffix, each in seconds.items()}


def cut(kind: str, from_ns: int, to_ns: int, grain_ns: int, now_ns: int) -> Resolution:
    until = everywhere(kind, now_ns)
    return resolve(kind, from_ns, to_ns, grain_ns, now_ns=now_ns, keep=Keep(), until=until)


def test_a_range_is_cut_into_the_coarsest_tiers() -> None:
    """Whole days, then hours, five minutes, minutes and raw rows at both edges, without a hole or an overlap."""
    now = time.time_ns() // DAY * DAY + 10 * HOUR + 7 * MINUTE + 30 * SECOND
    start = now // DAY * DAY - 2 * DAY + 6 * HOUR + 3 * MINUTE + 15 * SECOND
    found = cut("counters", start, now, DAY, now)
    names = [segment.source for segment in found.segments]
    assert names == [
        "counters",
        *("counters_1m", "counters_5m", "counters_1h", "counters_1d", "counters_1h", "counters_5m", "counters_1m"),
        "counters",
    ]
    assert found.segments[0].from_ns == start
    assert found.segments[-1].to_ns == now
    assert all(a.to_ns == b.from_ns for a, b in zip(found.segments, found.segments[1:], strict=False))
    assert found.notes == ()


def test_rows_are_no_coarser_than_the_grain_while_they_are_kept() -> None:
    """Where they are not, coarser ones stand for them and a note says so; where nothing is kept, a note says that."""
    now = time.time_ns() // DAY * DAY
    fine = cut("counters", now - 35 * DAY, now, MINUTE, now)
    assert [segment.source for segment in fine.segments] == ["counters_5m", "counters_1m"]
    assert any("only rows of five minutes are kept" in note for note in fine.notes)
    old = cut("counters", now - 3000 * DAY, now - 2000 * DAY, HOUR, now)
    assert old.segments == ()
    assert any("no rows are kept" in note for note in old.notes)
    assert usual_grain_ns(now - 7 * DAY, now) == HOUR
    assert usual_grain_ns(now - HOUR // 2, now) == MINUTE


@pytest.mark.parametrize(
    ("kind", "grain_ns", "reason"), [("flows", SECOND, "whole minutes"), ("counters", 0, "longer than nothing")]
)
def test_what_cannot_be_answered_is_refused(kind: str, grain_ns: int, reason: str) -> None:
    """With what to do."""
    with pytest.raises(ValueError, match=reason):
        cut(kind, 0, HOUR, grain_ns, DAY)


def test_placeholders_in_strings_and_comments_are_left_alone() -> None:
    """Only those that the query reads from are replaced."""
    text = "SELECT '{flows}', `{flows}` -- {flows}\n FROM {counters} /* {flows} */ WHERE a = {b:String}"
    assert placeholders(text) == ["counters"]
    assert replaced(text, {"counters": Resolution("(x)", (), ())}) == text.replace("{counters}", "(x)")


def test_every_range_and_grain_adds_up_to_the_raw_rows(running: RunningStore) -> None:
    """Random ranges over counters of which some minutes are filled and some are not."""
    rng = random.Random(seed := time.time_ns())  # noqa: S311 - other rows each time
    database = Database.emptied(running)
    now = time.time_ns()
    clock = ManualClock(now)
    start = now // HOUR * HOUR - 5 * HOUR
    readings = [
        Reading("host-1", rng.randrange(start, now - 2 * SECOND), rng.randrange(1, 4), rng.randrange(10**6))
        for _ in range(400)
    ]
    database.put(readings, now)
    tiers = database.tiers(clock)
    tiers.tend()
    for windows in tiers.windows["counters"]:
        windows.tend(lambda: False)
    until = filled_until(database.store, "counters", now)
    assert start < until["counters_1m"] <= now
    assert database.store.query_rows("SELECT count() AS n FROM counters_1m")[0]["n"] > 0
    sources, coarsest = set(), set()
    for _ in range(40):
        from_ns = start + rng.randrange(0, 4 * HOUR)
        to_ns = rng.choice([now, from_ns + rng.randrange(1, now - from_ns)])
        grain_ns = rng.choice([SECOND, MINUTE, 5 * MINUTE, HOUR])
        found = resolve("counters", from_ns, to_ns, grain_ns, now_ns=now, keep=Keep(), until=until)
        sources |= {segment.source for segment in found.segments}
        row = database.store.query_rows(
            f"SELECT sum(rx_bytes) AS rx_bytes, sum(rows_count) AS n, min(time) >= fromUnixTimestamp64Nano({from_ns}) "
            f"AS early FROM {found.sql}"
        )[0]
        # A row that begins up to 200 ms before its minute is of that minute.
        of = [max(r.time_ns, r.minute * MINUTE) for r in readings]
        wanted = [r.rx_bytes for r, at in zip(readings, of, strict=True) if from_ns <= at < to_ns]
        assert (row["rx_bytes"], row["n"]) == (sum(wanted), len(wanted)), (seed, found.segments)
        from_ms, to_ms = from_ns // 10**6, to_ns // 10**6
        over = database.store.query_rows(
            "SELECT sum(rx_bytes) AS rx_bytes, sum(rows_count) AS n, max(window_seconds) AS coarsest FROM "
            f"counters_over(from_ms = {from_ms}, to_ms = {to_ms}, grain_seconds = {grain_ns // SECOND})"
        )[0]
        wanted = [r.rx_bytes for r, at in zip(readings, of, strict=True) if from_ms * 10**6 <= at < to_ms * 10**6]
        assert (over["rx_bytes"], over["n"]) == (sum(wanted), len(wanted)), (seed, from_ms, to_ms, grain_ns)
        assert over["coarsest"] <= grain_ns // SECOND
        coarsest |= {over["coarsest"]}
    assert {"counters", "counters_1m"} <= sources
    assert {0, 60} <= coarsest


def test_coarser_rows_stand_for_finer_ones_that_are_no_longer_kept(running: RunningStore) -> None:
    """Also in the view, by each table's own TTL; what is past its keeping is not read, though it may be there yet."""
    database = Database.made(running, "aged")
    now = time.time_ns()
    old = (now - 35 * DAY) // DAY * DAY
    for suffix, rx_bytes in (("1m", 1), ("5m", 2), ("1h", 4)):
        database.store.command(
            f"INSERT INTO counters_{suffix}_revisions (time, host, vif_id, revision, rx_bytes) "
            f"VALUES (fromUnixTimestamp64Nano({old}, 'UTC'), 'h', 7, 1, {rx_bytes})"
        )

    def answers(grain_seconds: int) -> list[tuple[int, int]]:
        over = f"counters_over(from_ms = {old // 10**6}, to_ms = {now // 10**6}, grain_seconds = {grain_seconds})"
        rows = database.store.query_rows(f"SELECT window_seconds, rx_bytes FROM {over} ORDER BY rx_bytes")
        return [(row["window_seconds"], row["rx_bytes"]) for row in rows]

    assert answers(60) == answers(300) == answers(15) == [(300, 2)]
    assert answers(3600) == [(3600, 4)]
    database.store.command("ALTER TABLE counters_5m_revisions MODIFY TTL toDateTime(time) + INTERVAL 31 DAY")
    assert answers(60) == [(3600, 4)]


def test_flows_add_up_while_they_are_being_filled(running: RunningStore) -> None:
    """What a flow left in earlier minutes is there once, whether its end was filled or is yet to be."""
    rng = random.Random(seed := time.time_ns())  # noqa: S311 - other rows each time
    database = Database.emptied(running)
    now = time.time_ns() // MINUTE * MINUTE + SECOND
    clock = ManualClock(now)
    flows = [
        (now - rng.randrange(SECOND, 100 * MINUTE), rng.randrange(90 * MINUTE), rng.randrange(10**9))
        for _ in range(300)
    ]
    values = ", ".join(
        f"(fromUnixTimestamp64Nano({end}, 'UTC'), {lasted}, 7, {size}, 6, 1, 'announced', 'h')"
        for end, lasted, size in flows
    )
    database.store.command(
        "INSERT INTO flows (time, duration_ns, vif_id, bytes, protocol, sampling_rate, sampling_origin, host) "
        f"VALUES {values}"
    )
    minutes = sorted({(end - (lasted > 0)) // MINUTE for end, lasted, _ in flows})
    database.store.command(
        "INSERT INTO ledger (time, host, stage, of_stream, out_rows_count, first_event_time, last_event_time, "
        f"touched_minutes) VALUES (fromUnixTimestamp64Nano({now}, 'UTC'), 'h', 'processor', 'flows.ipfix', 300, "
        f"fromUnixTimestamp64Nano({minutes[0] * MINUTE}, 'UTC'), fromUnixTimestamp64Nano({now}, 'UTC'), {minutes})"
    )

    def total(from_ns: int, grain_ns: int) -> int:
        until = filled_until(database.store, "flows", now)
        found = resolve("flows", from_ns, now, grain_ns, now_ns=now, keep=Keep(), until=until)
        rows: list[dict[str, Any]] = database.store.query_rows(f"SELECT sum(bytes) AS bytes FROM {found.sql}")
        over = f"flows_over(from_ms = {from_ns // 10**6}, to_ms = {now // 10**6}, grain_seconds = {grain_ns // SECOND})"
        assert database.store.query_rows(f"SELECT sum(bytes) AS bytes FROM {over}") == rows, seed
        return int(rows[0]["bytes"])

    everything, wanted = now - 5 * HOUR, sum(size for _, _, size in flows)
    recent = now // HOUR * HOUR - HOUR
    before = {grain: total(recent, grain) for grain in (MINUTE, 5 * MINUTE)}
    assert total(everything, MINUTE) == wanted, seed
    tiers = database.tiers(clock)
    # Some of the minutes only, the newest among them: it lies behind others that are not filled.
    tiers.touch("flows", "h", rng.sample(minutes, len(minutes) // 2))
    for windows in tiers.windows["flows"]:
        windows.tend(lambda: False)
    assert total(everything, MINUTE) == wanted, seed
    assert {grain: total(recent, grain) for grain in before} == before, seed
    tiers.tend()
    assert total(everything, HOUR) == wanted, seed
    assert {grain: total(recent, grain) for grain in before} == before, seed


def test_viflux_sql_fills_the_placeholder_in(running: RunningStore) -> None:
    """And says what is wrong where it cannot."""
    database = Database.emptied(running)
    now = time.time_ns()
    database.put([Reading("host-1", now - 20 * SECOND, 1, 42)], now)
    flags = ["--data-dir", str(running.settings.data_dir), "--set", f"store.listen={running.settings.store.listen}"]
    asked = "SELECT sum(rx_bytes) AS rx_bytes FROM {counters}"

    def ask(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            viflux("sql", *flags, *words), capture_output=True, text=True, cwd=ROOT, timeout=60, check=False
        )

    assert ask(asked, "--from", "1h").stdout == '{"rx_bytes":42}\n'
    over = f"counters_over(from_ms = {now // 10**6 - 60_000}, to_ms = {now // 10**6}, grain_seconds = 60)"
    for view in (over, f"viflux.{over}"):
        assert ask(f"SELECT sum(rx_bytes) AS rx_bytes FROM {view}").stdout == '{"rx_bytes":42}\n'
    refused = ask(asked)
    assert refused.returncode == 2
    assert "{counters} needs a range" in refused.stderr
    assert ask("SELECT 1", "--grain", "5m").returncode == 2
