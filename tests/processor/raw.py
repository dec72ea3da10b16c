"""Raw rows and their ledger rows put into a store by hand, and what the tiers should make of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ingest.processor.tiers import Tiers
from ingest.store.client import StoreClient
from ingest.store.migrate import migrate
from tests.running import RunningStore, emptied
from viflux.clock import Clock
from viflux.registry.rollups import LENGTHS
from viflux.settings import Settings, load

SECOND = 10**9
MINUTE = 60 * SECOND


@dataclass(frozen=True)
class Reading:
    """One raw row of `counters`."""

    host: str
    time_ns: int
    vif: int
    rx_bytes: int
    duration_ns: int = 10 * SECOND
    delta_kind: str = "clean"

    @property
    def minute(self) -> int:
        return (self.time_ns + 200 * 10**6) // MINUTE

    @property
    def rate(self) -> float:
        measured = self.delta_kind == "clean" and self.duration_ns > 0
        return self.rx_bytes * 1e9 / self.duration_ns if measured else 0.0


@dataclass
class Database:
    """A database in a running store, with its tables, and the readings that were put into it."""

    settings: Settings
    store: StoreClient
    readings: list[Reading] = field(default_factory=list)

    @classmethod
    def made(cls, running: RunningStore, name: str) -> Database:
        """Make a database of a name, for a test that alters tables."""
        migrate(running.writer(), name)
        return cls._of(running, name)

    @classmethod
    def emptied(cls, running: RunningStore) -> Database:
        """Take the store's own database, and all rows out of it."""
        database = cls.there(running)
        emptied(database.store)
        return database

    @classmethod
    def there(cls, running: RunningStore) -> Database:
        """Take the store's own database as it is."""
        return cls._of(running, running.settings.store.database)

    @classmethod
    def _of(cls, running: RunningStore, name: str) -> Database:
        every = [f"store.listen={running.settings.store.listen}", f"store.database={name}"]
        settings, _ = load(data_dir=running.settings.data_dir, assignments=every, environment={})
        return cls(settings, StoreClient.writer(settings))

    def tiers(self, clock: Clock) -> Tiers:
        return Tiers(self.settings, StoreClient.writer(self.settings), clock)

    def put(self, readings: Sequence[Reading], ledger_time_ns: int, *, known: bool = True) -> None:
        """Store readings as one hand-over a host; without `known`, their ledger rows are left to `account`."""
        values = ", ".join(
            f"({_time(r.time_ns)}, {r.duration_ns}, {r.vif}, '{r.delta_kind}', {r.rx_bytes}, '{r.host}')"
            for r in readings
        )
        self.store.command(
            f"INSERT INTO counters (time, duration_ns, vif_id, delta_kind, rx_bytes, host) VALUES {values}"
        )
        self.readings += readings
        if known:
            self.account(readings, ledger_time_ns)

    def account(self, readings: Sequence[Reading], ledger_time_ns: int) -> None:
        """Put the processor's ledger rows of a hand-over."""
        hosts: dict[str, list[Reading]] = defaultdict(list)
        for reading in readings:
            hosts[reading.host].append(reading)
        values = ", ".join(
            f"({_time(ledger_time_ns)}, '{host}', 'processor', 'counters.netlink', {len(of)}, "
            f"{_time(min(r.time_ns for r in of))}, {_time(max(r.time_ns + r.duration_ns for r in of))}, "
            f"{sorted({r.minute for r in of})})"
            for host, of in hosts.items()
        )
        self.store.command(
            "INSERT INTO ledger (time, host, stage, of_stream, out_rows_count, first_event_time, last_event_time, "
            f"touched_minutes) VALUES {values}"
        )

    def expected(self, seconds: int) -> dict[tuple[str, int, int], tuple[int, int, int, int, float]]:
        """Return for each host, window and VIF of a tier what its row should say."""
        found: dict[tuple[str, int, int], list[Any]] = defaultdict(lambda: [0, 0, 0, 0, 0.0])
        for r in self.readings:
            row = found[r.host, r.minute * 60 // seconds, r.vif]
            row[0] += r.rx_bytes
            row[1] += 1
            row[2] += r.duration_ns if r.delta_kind == "clean" else 0
            row[3] += 0 if r.delta_kind == "clean" else r.duration_ns
            row[4] = max(row[4], r.rate)
        return {key: tuple(row) for key, row in found.items()}

    def stored(self, suffix: str, seconds: int) -> dict[tuple[str, int, int], tuple[int, int, int, int, float]]:
        """Return the same of what a tier's view shows."""
        rows = self.store.query_rows(
            f"SELECT host, intDiv(toUnixTimestamp(time), {seconds}) AS number, vif_id, rx_bytes, rows_count, "
            f"covered_ns, gap_ns, rx_bytes_per_second_max AS rate FROM counters_{suffix}"
        )
        return {
            (row["host"], row["number"], row["vif_id"]): (
                row["rx_bytes"],
                row["rows_count"],
                row["covered_ns"],
                row["gap_ns"],
                row["rate"],
            )
            for row in rows
        }

    def wrong_tiers(self, until_ns: int) -> list[str]:
        """Return the tiers that do not say what the readings say of windows that ended before an instant."""
        return [length.suffix for length in LENGTHS if not self.is_right(length.suffix, length.seconds, until_ns)]

    def is_right(self, suffix: str, seconds: int, until_ns: int) -> bool:
        """Return whether a tier says what the readings say of windows that ended before an instant."""
        expected = {
            key: row for key, row in self.expected(seconds).items() if (key[1] + 1) * seconds * SECOND <= until_ns
        }
        return self.stored(suffix, seconds) == expected


def _time(ns: int) -> str:
    return f"fromUnixTimestamp64Nano({ns}, 'UTC')"
