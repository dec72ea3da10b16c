"""Rounds of hand-overs of several hosts, and what the store must have of them in the end."""

from __future__ import annotations

import time
from typing import Any, Protocol

from tests.processor.making import COUNTERS, EVENTS, LEDGER, MINUTE, SECOND, ask, batch_of, sweep
from tests.running import RunningStore
from viflux.spool import Batch

KINDS = ("counters", "events", "ledger")


class Publishing(Protocol):
    """Where the batches of a host go."""

    def hand_over(self, host: int, *batches: Batch) -> Any:
        """Commit batches to the spool of a host, and publish them."""
        ...


def heartbeat(watermark_ns: int, through: int, stream: str = COUNTERS) -> Batch:
    told = {"stage": "agent", "of_stream": stream, "watermark_time": watermark_ns, "through_sequence": through}
    return batch_of(LEDGER, [{"time": watermark_ns, **told}])


class Rounds:
    """Rounds of hand-overs of several hosts, and what the store must have of them."""

    def __init__(self, hosts: Publishing, count: int) -> None:
        self.hosts = hosts
        self.count = count
        self.start_ns = time.time_ns() // MINUTE * MINUTE - 120 * MINUTE
        self.rounds = 0

    def send(self, rounds: int = 1) -> None:
        for _ in range(rounds):
            start = self.start_ns + self.rounds * 10 * SECOND
            self.rounds += 1
            for host in range(self.count):
                self.hosts.hand_over(
                    host,
                    batch_of(COUNTERS, sweep(start, 4 + host)),
                    batch_of(EVENTS, [{"time": start, "event": "tested", "event_count": 1}]),
                    heartbeat(start + 10 * SECOND, self.rounds),
                )

    def assert_exact(self, store: RunningStore) -> None:
        n = self.rounds
        for table, each in (("counters", 0), ("events", 1), ("ledger", 1)):
            rows = ask(
                store,
                f"SELECT host, count() AS rows, uniqExact(sequence) AS batches, max(sequence) AS last FROM {table} "
                "WHERE stream NOT LIKE '%.processor' GROUP BY host ORDER BY host",
            )
            assert rows == [
                {"host": f"host-{host}", "rows": n * (each or 4 + host), "batches": n, "last": n}
                for host in range(self.count)
            ], table
        account = ask(
            store,
            "SELECT host, of_stream, sum(in_rows_count) AS came, sum(out_rows_count) AS stored, "
            "sum(lost_batches_count) AS lost FROM ledger WHERE stage = 'processor' AND of_stream != '' "
            "GROUP BY host, of_stream",
        )
        told = {(row["host"], row["of_stream"]): (row["came"], row["stored"], row["lost"]) for row in account}
        for host in range(self.count):
            for stream, each in ((COUNTERS, 4 + host), (EVENTS, 1), (LEDGER, 1)):
                assert told[f"host-{host}", stream] == (n * each, n * each, 0), stream
        marks = ask(store, "SELECT host, stage, max(watermark_time) AS latest FROM ledger GROUP BY host, stage")
        assert len({row["latest"] for row in marks}) == 1
        assert len(marks) == 2 * self.count
        own = ask(
            store,
            "SELECT spool_id, sequence, uniqExact(inserted_time) AS inserts FROM ledger "
            "WHERE stream = 'ledger.processor' GROUP BY spool_id, sequence HAVING inserts > 1",
        )
        assert own == [], "an intent's own rows are one insert"
