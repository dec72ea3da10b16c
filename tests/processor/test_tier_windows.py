"""All tiers against raw rows: late and vanished rows, wrong clocks, two fillers, a killed store; time moves by hand."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.processor.tiers import Tiers
from ingest.processor.tiers.check import Check, Finding, is_wrong
from tests.processor.raw import MINUTE, SECOND, Database, Reading
from tests.running import RunningStore, running_store
from viflux.clock import ManualClock

DAY = 86_400 * SECOND


@pytest.fixture(scope="module")
def running(tables: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStore]:
    with running_store(tmp_path_factory.mktemp("tiers") / "data", tables=tables) as store:
        yield store


def day_before_yesterday() -> int:
    """The start of a day that is over; raw rows of it, and of the hour before, are kept for the time of a test."""
    return ((time.time_ns() + 2 * 3600 * SECOND) // DAY - 2) * DAY


def some_readings(rng: random.Random, from_ns: int, to_ns: int, count: int) -> list[Reading]:
    return [
        Reading(
            host=f"host-{rng.randrange(3)}",
            time_ns=rng.randrange(from_ns, to_ns) - rng.choice([0, 100_000_000]),
            vif=rng.randrange(1, 5),
            rx_bytes=rng.choice([0, rng.randrange(10**6), rng.randrange(10**15)]),
            duration_ns=rng.choice([0, 10 * SECOND]),
            delta_kind=rng.choice(["clean", "clean", "clean", "gap", "reset"]),
        )
        for _ in range(count)
    ]


def catch_up(clock: ManualClock, *tiers: Tiers) -> None:
    """Let time pass, some hours, until nothing is left to fill."""
    for _ in range(4):
        clock.advance(10_000)
        for _ in range(40):
            if not sum(each.tend() for each in tiers if each.is_due()):
                break


def findings(database: Database, clock: ManualClock, since_ns: int, *, repair: bool = False) -> list[Finding]:
    check = Check(database.tiers(clock).windows["counters"], database.store, clock)
    return list(check.run(since_ns, repair=repair))


@pytest.mark.parametrize("rows_of_a_statement", [3, 1_000_000])
def test_every_tier_is_what_the_raw_rows_say(
    running: RunningStore, monkeypatch: pytest.MonkeyPatch, rows_of_a_statement: int
) -> None:
    """Random rows around midnight in any order, late ones between the fills, a clock that is set back and forward."""
    monkeypatch.setattr("ingest.processor.tiers.windows._ROWS_OF_A_STATEMENT", rows_of_a_statement)
    seed = time.time_ns()
    rng = random.Random(seed)  # noqa: S311 - other rows each time
    start = day_before_yesterday()
    database = Database.emptied(running)
    clock = ManualClock(start + 26 * 3600 * SECOND)
    tiers = database.tiers(clock)
    for step in (0, -7_200, 7_200, 3_600):
        clock.step(step)
        database.put(some_readings(rng, start - 3600 * SECOND, start + 2 * 3600 * SECOND, 300), clock.now_ns())
        for _ in range(5):
            clock.advance(30)
            tiers.tend()
    catch_up(clock, tiers)
    assert database.wrong_tiers(start + DAY) == [], f"seed {seed}"
    assert not is_wrong(findings(database, clock, start - DAY))
    assert tiers.tend() == 0


def test_a_row_that_vanishes_is_not_shown(running: RunningStore) -> None:
    """Raw rows of a VIF were taken out, as an alarm may ask for: a repair leaves no trace of them in any tier."""
    start = day_before_yesterday()
    database = Database.emptied(running)
    clock = ManualClock(start + 25 * 3600 * SECOND)
    readings = [Reading("host-1", start + step * MINUTE, vif, 1000 + vif) for step in range(90) for vif in (1, 2)]
    database.put(readings, clock.now_ns())
    tiers = database.tiers(clock)
    catch_up(clock, tiers)
    assert database.wrong_tiers(start + DAY) == []
    database.store.command("ALTER TABLE counters DELETE WHERE vif_id = 2 SETTINGS mutations_sync = 2")
    database.readings = [reading for reading in database.readings if reading.vif != 2]
    found = findings(database, clock, start)
    assert {each.tier for each in found if each.state == "differs"} == {"counters_1m"}
    assert is_wrong(found)
    assert not is_wrong(findings(database, clock, start, repair=True))
    assert database.wrong_tiers(start + DAY) == []
    late = [Reading("host-1", start + 10 * MINUTE, 2, 7)]
    database.put(late, clock.now_ns())
    catch_up(clock, tiers)
    assert database.wrong_tiers(start + DAY) == []


def test_two_fillers_do_no_harm(running: RunningStore) -> None:
    """Both find the same windows, each with another part of an intent before its eyes."""
    seed = time.time_ns()
    rng = random.Random(seed)  # noqa: S311 - other rows each time
    start = day_before_yesterday()
    database = Database.emptied(running)
    clock = ManualClock(start + 25 * 3600 * SECOND)
    one, other = database.tiers(clock), database.tiers(clock)
    for _ in range(4):
        rows = some_readings(rng, start, start + 3600 * SECOND, 200)
        database.put(rows[:100], clock.now_ns(), known=False)
        one.start({})
        one.tend()
        database.put(rows[100:], clock.now_ns(), known=False)
        other.start({})
        other.tend()
        database.account(rows, clock.now_ns())
        one.tend()
        clock.advance(61)
    catch_up(clock, one, other)
    assert database.wrong_tiers(start + DAY) == [], f"seed {seed}"


def test_a_fill_that_another_did_is_not_done_again(running: RunningStore) -> None:
    """Where the store has the newest revision, nothing is inserted."""
    start = day_before_yesterday()
    database = Database.emptied(running)
    clock = ManualClock(start + 25 * 3600 * SECOND)
    readings = [Reading("host-1", start, 1, 5)]
    one, other = database.tiers(clock), database.tiers(clock)
    database.put(readings, clock.now_ns())
    other.touch("counters", "host-1", [start // MINUTE])
    assert one.tend() > 0
    assert sum(windows.tend(lambda: False) for windows in other.windows["counters"]) == 0


def test_check_tells_open_and_expired_from_wrong(running: RunningStore) -> None:
    """A minute that has not closed is open; what raw keeps no longer is expired; a lost tier row is unfilled."""
    database = Database.emptied(running)
    now = time.time_ns() // MINUTE * MINUTE + 5 * SECOND
    clock = ManualClock(now)
    old = now - 40 * MINUTE
    database.put([Reading("host-1", now - 4 * SECOND, 1, 5), Reading("host-1", old, 1, 7)], now)
    found = {(each.tier, each.state): each for each in findings(database, clock, now - 5 * DAY)}
    assert found["counters_1m", "open"].windows == 1
    assert found["counters_1m", "unfilled"].start_ns == old // MINUTE * MINUTE
    assert found["counters_1m", "expired"].windows > 24 * 60
    assert ("counters_1m", "equal") not in found
    repaired = findings(database, clock, now - 3600 * SECOND, repair=True)
    assert ("counters_1m", "repaired") in {(each.tier, each.state) for each in repaired}
    assert not is_wrong(repaired)
    database.store.command(
        "INSERT INTO counters_1m_revisions SELECT * REPLACE (rx_bytes + 1 AS rx_bytes) FROM counters_1m_revisions"
    )
    [different] = [
        each
        for each in findings(database, clock, now - 3600 * SECOND)
        if each.tier == "counters_1m" and each.state == "differs"
    ]
    assert (different.column, different.value, different.expected) == ("rx_bytes", 8, 7)


def test_many_hosts_share_a_fill(running: RunningStore) -> None:
    """A thousand hosts make a few parts a minute, not a thousand; no fill reaches over a partition."""
    start = day_before_yesterday()
    database = Database.emptied(running)
    clock = ManualClock(start + 25 * 3600 * SECOND)
    readings = [Reading(f"host-{host}", start + minute * MINUTE, 1, 1) for host in range(1000) for minute in (-1, 0)]
    database.put(readings, clock.now_ns())
    database.store.command("SYSTEM STOP MERGES counters_1m_revisions")
    tiers = database.tiers(clock)
    while not database.is_right("1m", 60, start + DAY):
        assert tiers.tend() > 0
    parts = database.store.query_rows(
        "SELECT count() AS parts, uniqExact(partition) AS partitions, sum(rows) AS rows FROM system.parts "
        "WHERE database = currentDatabase() AND table = 'counters_1m_revisions' AND active"
    )[0]
    # A row and a mark for each host and minute.
    assert parts["rows"] == 4000
    assert parts["partitions"] == 2
    assert parts["parts"] <= 32
    database.store.command("SYSTEM START MERGES counters_1m_revisions")
