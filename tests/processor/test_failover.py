"""The address of the store goes away in the middle of an insert: the processor goes on at another one, once."""

from __future__ import annotations

from pathlib import Path

from tests.lab.terminator import terminator
from tests.processor.making import (
    COUNTERS,
    SECOND,
    assert_stored_once,
    batch_of,
    open_spool,
    processor,
    sweep,
    wait_done,
)
from tests.running import RunningStore
from viflux.clock import SystemClock


def test_an_insert_whose_answer_was_lost_with_its_address_is_counted_at_the_next(
    store: RunningStore, tmp_path: Path
) -> None:
    """It was stored, the answer never came: at the other address it is found by counting, and not sent again."""
    port = int(store.url.rpartition(":")[2])
    password = tmp_path / "password"
    password.write_text(store.key, encoding="ascii")
    folder = tmp_path / "collector"
    writer = open_spool(folder)
    start = SystemClock().now_ns() - 600 * SECOND

    def send(rounds: range) -> None:
        for number in rounds:
            writer.append([batch_of(COUNTERS, sweep(start + number * 10 * SECOND, 20))])
            writer.commit()

    with terminator(port) as first, terminator(port) as second:
        urls = f"store.url=http://127.0.0.1:{first.port}, http://127.0.0.1:{second.port}"
        login = ["store.user=viflux", f"store.password_file={password}"]
        with processor(store, urls, *login, data_dir=folder) as running:
            send(range(10))
            wait_done(running, folder)
            assert not [line for line in second.requests if "insert_deduplication_token" in line]
            first.keep_answer_to(b"insert_deduplication_token")
            send(range(10, 20))
            assert first.held.wait(20)
            first.cut()
            wait_done(running, folder, 60)
            send(range(20, 25))
            wait_done(running, folder, 60)
        assert_stored_once(store, {"counters": 25 * 20})
    writer.close()
