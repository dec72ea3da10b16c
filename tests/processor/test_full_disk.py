"""Store and spool on one disk that others fill: rows wait in the spool, and are stored once when it has room."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab.disk import Neighbour, small_disk
from tests.processor.making import (
    COUNTERS,
    SECOND,
    ask,
    assert_stored_once,
    batch_of,
    open_spool,
    processor,
    sweep,
    wait_done,
)
from tests.running import running_store, until
from viflux.clock import SystemClock
from viflux.freespace import FreeSpace
from viflux.paths import DataPaths
from viflux.telemetry import ask as ask_health

_MIB = 1 << 20


@pytest.mark.root
def test_rows_wait_in_the_spool_and_are_stored_once_when_there_is_room(tables: Path, tmp_path: Path) -> None:
    """The store stops first and the spool takes what comes; nothing is restarted, lost or doubled."""
    with small_disk(tmp_path / "disk", "240m") as disk, running_store(disk / "data", tables=tables) as store:
        folder = store.settings.data_dir
        writer = open_spool(folder, min_free_bytes=512 * _MIB)
        start = SystemClock().now_ns() - 3600 * SECOND
        sent = 0

        def send(rounds: int) -> None:
            nonlocal sent
            for _ in range(rounds):
                writer.append([batch_of(COUNTERS, sweep(start + sent * 10 * SECOND, 50))])
                writer.commit()
                sent += 1

        with processor(store) as running:
            send(20)
            wait_done(running, folder)
            neighbour = Neighbour(disk)
            # Less than a tenth, which the store leaves free, and more than a twentieth, which the spool does.
            neighbour.leave(18 * _MIB)
            send(60)
            waiting = "waiting for the store: Code: 243"
            until("the processor waits", lambda: waiting in ask_health(DataPaths(folder), "processor", "/readyz")[1])
            send(20)
            assert writer.disk_guard == ""
            assert writer.losses() == []
            assert FreeSpace.of(disk).free_bytes > 12 * _MIB
            assert ask(store, "SELECT count() AS rows FROM counters")[0]["rows"] == 20 * 50
            neighbour.release()
            wait_done(running, folder, 60)
        assert store.process.poll() is None
        assert_stored_once(store, {"counters": sent * 50})
        found = ask(store, "SELECT sum(rx_bytes) AS bytes, uniqExact(time, vif_id) AS readings FROM counters")[0]
        assert found == {"bytes": sent * sum(vif * 1000 for vif in range(1, 51)), "readings": sent * 50}
        writer.close()
