"""What the engine has freed does not stay with the store."""

from __future__ import annotations

from ingest.store.memory import MOST_BYTES
from tests.running import RunningStore, memory_bytes, wait_for

_IN_MEMORY = {"max_threads": 1, "max_bytes_before_external_group_by": 0, "max_bytes_ratio_before_external_group_by": 0}
# Many groups, which are all freed at the end.
_LARGE = "SELECT count() AS found FROM (SELECT number, count() FROM numbers(16000000) GROUP BY number)"

_GIVEN_BACK = "SELECT count() AS times FROM system.query_log WHERE query = 'SYSTEM JEMALLOC PURGE'"


def test_freed_memory_goes_back(store: RunningStore) -> None:
    """After a question that took half a gigabyte the store soon holds less than the bound."""
    assert store.writer().query_rows(_LARGE, settings=_IN_MEMORY) == [{"found": 16_000_000}]
    assert memory_bytes(store.process.pid, "VmHWM") > MOST_BYTES
    # The engine's allocator would do it by itself in the end, so it is asked who did.
    wait_for("freed pages are given back", lambda: times_given_back(store), 10)
    wait_for("the store holds less", lambda: memory_bytes(store.process.pid, "VmRSS") < MOST_BYTES, 10)


def times_given_back(store: RunningStore) -> int:
    """Return how often the store has told its allocator to."""
    store.writer().command("SYSTEM FLUSH LOGS")
    return int(store.writer().query_rows(_GIVEN_BACK)[0]["times"])
