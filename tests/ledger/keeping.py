"""An agent's hand-overs as it makes them, rows and accounts in one commit, and what the ledger says of them."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from collectors.agent.ledger import Ledger
from tests.processor.making import COUNTERS, EVENTS, FLOWS, INVENTORY, MINUTE, SECOND, ask, batch_of, sweep
from tests.running import ROOT, RunningStore, viflux
from viflux.spool import Batch, SpoolWriter, Unread

STREAMS = (COUNTERS, FLOWS, INVENTORY, EVENTS)


class Keeper:
    """Hands over to a spool, with the agent's own ledger."""

    def __init__(self, spool: SpoolWriter) -> None:
        self.spool = spool
        self.ledger = Ledger(STREAMS, time.time_ns())
        self.handed_over: dict[str, int] = {}

    def hand_over(self, batches: Sequence[Batch] = (), unread: Sequence[Unread] = (), watermark_ns: int = 0) -> None:
        """Commit batches with the ledger's rows on them."""
        now_ns = time.time_ns()
        accounts = self.ledger.propose(
            batches,
            dict.fromkeys(STREAMS, watermark_ns or now_ns),
            self.spool.losses(),
            now_ns,
            is_heartbeat=True,
            next_sequence=self.spool.next_sequence,
            unread=unread,
        )
        self.spool.append([*batches, *accounts], self.spool.loss_numbers())
        self.spool.commit()
        self.ledger.commit()
        for batch in batches:
            self.handed_over[batch.stream] = self.handed_over.get(batch.stream, 0) + batch.rows

    def sweeps(self, count: int, vifs: int = 20) -> None:
        """Hand over so many sweeps of different sizes, each in two batches, all of the minute before this."""
        start_ns = time.time_ns() // MINUTE * MINUTE - MINUTE
        for number in range(count):
            at_ns = start_ns + number % 6 * 10 * SECOND
            some, others = sweep(at_ns, vifs + number % 3), sweep(at_ns, 1 + number % 2)
            self.hand_over([batch_of(COUNTERS, some), batch_of(COUNTERS, others)])


def balance(store: RunningStore, stream: str = COUNTERS) -> dict[str, Any]:
    """The whole balance of a stream."""
    rows = ask(
        store,
        "SELECT sum(handed_over_rows) AS handed_over, sum(b.stored_rows) AS stored, sum(in_flight_rows) AS in_flight, "
        "sum(b.lost_rows) AS lost, sum(difference_rows) AS difference, sum(unknown_batches_count) AS unknown, "
        "sum(unexplained_batches_count) AS unexplained, sumMap(lost_by_cause) AS causes, "
        "sumMap(unread_by_cause) AS unread, sum(b.late_rows) AS late, groupUniqArray(state) AS states "
        f"FROM ledger_balance AS b WHERE of_stream = '{stream}'",
    )
    return rows[0]


def verb(data_dir: Path, store: RunningStore, *arguments: str) -> tuple[int, list[dict[str, Any]], str]:
    """Run `viflux ledger`; return its exit code, rows and what it says."""
    done = subprocess.run(
        viflux("ledger", "--data-dir", data_dir, "--set", f"store.listen={store.settings.store.listen}", *arguments),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def assert_closed(store: RunningStore, keeper: Keeper, stream: str = COUNTERS) -> dict[str, Any]:
    """The balance closes to the row: with what was handed over, and with what is in the raw table."""
    found = balance(store, stream)
    raw = ask(store, f"SELECT count() AS rows FROM {stream.partition('.')[0]} WHERE stream = '{stream}'")[0]["rows"]
    assert found["stored"] == raw, (found, raw)
    assert found["handed_over"] == keeper.handed_over[stream], (found, keeper.handed_over)
    assert found["stored"] + found["in_flight"] + found["lost"] == found["handed_over"], found
    assert (found["difference"], found["unknown"], found["unexplained"]) == (0, 0, 0), found
    assert sum(found["causes"].values()) == found["lost"], found
    return found
