"""A store that is killed in the middle of a fill: what it has after a restart is made right, to the row."""

from __future__ import annotations

import random
import threading
import time
from pathlib import Path

import pytest

from ingest.processor.tiers import Tiers
from ingest.store.client import StoreClient, StoreRefused
from ingest.store.connection import StoreUnavailable
from tests.processor.raw import MINUTE, SECOND, Database, Reading
from tests.running import running_store
from viflux.clock import ManualClock

DAY = 86_400 * SECOND


@pytest.mark.soak
def test_a_store_killed_in_a_fill_leaves_no_trace(tables: Path, tmp_path: Path) -> None:
    """Thrice at a random moment, with late rows between; a fill that was not ended is done again."""
    rng = random.Random(seed := time.time_ns())  # noqa: S311 - another moment each time
    start = ((time.time_ns() + 2 * 3600 * SECOND) // DAY - 2) * DAY
    clock = ManualClock(start + 25 * 3600 * SECOND)
    readings = [
        Reading(f"host-{host}", start + minute * MINUTE, vif, rng.randrange(10**6))
        for host in range(20)
        for minute in range(10)
        for vif in range(1, 6)
    ]
    database: Database | None = None
    for part in range(3):
        with running_store(tmp_path / "data", tables=tables) as running:
            again = Database.there(running)
            again.readings = database.readings if database else []
            database = again
            database.put(readings[part::3], clock.now_ns())
            filler = threading.Thread(target=_fill_until_it_fails, args=(database.tiers(clock),))
            filler.start()
            time.sleep(rng.uniform(0.0, 1.0))
            running.process.kill()
            running.process.wait(30)
            filler.join(60)
            assert not filler.is_alive()
    assert database is not None
    with running_store(tmp_path / "data") as running:
        again = Database.there(running)
        again.readings = database.readings
        tiers = again.tiers(clock)
        for _ in range(4):
            clock.advance(10_000)
            while tiers.tend():
                pass
        assert again.wrong_tiers(start + DAY) == [], f"seed {seed}"
        assert StoreClient.writer(again.settings).query_rows("SELECT count() AS n FROM counters_1d")[0]["n"] == 100


def _fill_until_it_fails(tiers: Tiers) -> None:
    try:
        while True:
            tiers.tend()
    except (StoreUnavailable, StoreRefused):
        pass
