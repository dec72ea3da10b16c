"""The whole product under flows: from UDP to stored with the 1 min tier, on this machine with the sender on it.

`python -m benchmarks.pipeline [--kafka] [--minutes 10] [--rate 150000] [--write]`. Without `--rate` the highest rate
that is kept up with is looked for first, in steps of a minute, and the run is made at it. Flows are IPFIX of 20 fixed
fields, filled by conversations (`traffic` of the sender), from 200 exporters, in an open loop: what the product does
not take in time is lost, and counted. With `--kafka` they go through one real broker. Exit code 1 where a bar is
missed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks import flow_rows, machine, page
from benchmarks.exports_sender import FLOWS_OF_DATAGRAM, Load, sender, sending
from benchmarks.exports_socket import queue
from benchmarks.figure import Figure, table
from benchmarks.pipeline_cost import Costs, Spent
from benchmarks.process import resident_megabytes
from ingest.store.tiers.tier import MARK
from tests.lab.kafka import cluster
from tests.lab.product import VIFLUX, Product, product
from tests.running import free_port, wait_for
from viflux.paths import DataPaths
from viflux.telemetry import ask

EXPORTERS = 200
MINUTES = 10.0
_STEP_SECONDS = 75.0
_FIRST_RATE = 100_000
_STEP = 1.25
# Keeping up: no more than so many seconds of flows are not stored when the sending ends.
_MOST_BEHIND_SECONDS = 5.0
_LOOK_SECONDS = 5.0
_DRAIN_SECONDS = 900.0
# A closed minute is filled after the grace and within a turn or two.
_TIER_SECONDS = 240.0
_BARS = {False: (150_000, 3.0), True: (75_000, 5.0)}


@dataclass(frozen=True)
class Bus:
    """What a run goes through.

    Attributes:
        kafka: Through one broker; else the spool is read directly.
    """

    kafka: bool

    @property
    def words(self) -> str:
        """For titles."""
        return "through Kafka" if self.kafka else "embedded"


class Run:
    """A running product and what is known of its flows."""

    def __init__(self, made: Product, port: int, broker: int | None) -> None:
        self.made = made
        self.port = port
        self.paths = DataPaths(made.data_dir)
        self.costs = Costs(made, broker)
        self.most: dict[str, float] = {}
        self.sent = 0
        self.seconds = 0.0
        self.lost = 0

    def stored(self) -> int:
        """Return how many flows are in the store."""
        rows = self.made.sql_so_far("SELECT count() AS found FROM viflux.flows")
        return int(rows[0]["found"]) if rows else 0

    def dropped(self) -> int:
        """Return what the kernel dropped at the socket."""
        state = queue(self.port)
        return state.dropped if state else 0

    def load(self, rate: int, seconds: float) -> int:
        """Send at a rate for a time, watching; return how many flows were not stored when it ended."""
        count = int(rate * seconds / FLOWS_OF_DATAGRAM)
        began = time.monotonic()
        with sending(Load("traffic", EXPORTERS, count, round(rate / FLOWS_OF_DATAGRAM)), self.port) as running:
            while not running.wait(_LOOK_SECONDS):
                self._look(began)
        self._look(began)
        self.sent += running.sent.flows
        self.seconds = running.sent.seconds
        return self.sent - self.stored() - self.lost

    def drain(self) -> float:
        """Wait until all that was sent is stored or lost; return the seconds that it took."""
        began = time.monotonic()
        wait_for("nothing waits in the socket", lambda: (now := queue(self.port)) and not now.waiting_bytes, 60)
        # The agent hands over each second.
        time.sleep(2.5)
        stages = ("shipper", "processor") if self.costs.broker else ("processor",)
        for stage in stages:
            wait_for(
                f"{stage} has nothing left",
                lambda stage=stage: ask(self.paths, stage, "/drainz")[0] == 200,  # type: ignore[misc]
                _DRAIN_SECONDS,
            )
        self.lost = self.sent - self.stored()
        return time.monotonic() - began

    def _look(self, began: float) -> None:
        for stage in ("agent", "shipper", "processor", "store", "slis"):
            if (pid := self.made.stage_pid(stage)) is not None:
                self.most[stage] = max(self.most.get(stage, 0.0), resident_megabytes(pid))
        print(
            f"{time.monotonic() - began:5.0f} s: {self.stored():,} stored, {self.dropped()} dropped; "
            + ", ".join(f"{stage} {most:.0f} MB" for stage, most in self.most.items()),
            file=sys.stderr,
            flush=True,
        )


@contextmanager
def running(bus: Bus, folder: Path) -> Iterator[Run]:
    """Start the product, and with Kafka a broker, in a folder."""
    folder.mkdir()
    port = free_port()
    settings = {
        "ipfix.listen": f"127.0.0.1:{port}",
        "agent.all_namespaces": "false",
        "counters.interval": "10s",
        "exporters.receive_buffer": "64MiB",
        "exporters.queue_bytes": "128MiB",
        "spool.max_bytes": "8GiB",
        "log.form": "text",
    }
    with cluster(folder / "kafka") if bus.kafka else nullcontext() as kafka:
        if kafka is not None:
            settings |= kafka.settings()
        with product(folder / "data", **settings) as made:
            paths = DataPaths(made.data_dir)
            wait_for("the product is ready", lambda: ask(paths, "processor", "/readyz")[0] == 200, 180)
            wait_for("the agent listens", lambda: queue(port) is not None, 60)
            broker = kafka.brokers[0].pid if kafka is not None else None
            yield Run(made, port, broker)
            if "-v" in sys.argv:
                print(made.log_tail(), file=sys.stderr)


def search(run: Run) -> int:
    """Return the highest rate that is kept up with for a minute and a quarter, in steps of a quarter."""
    rate, best, is_falling = _FIRST_RATE, 0, False
    while True:
        dropped = run.dropped()
        behind = run.load(rate, _STEP_SECONDS)
        lost = run.lost
        took = run.drain()
        keeps_up = behind < _MOST_BEHIND_SECONDS * rate and run.dropped() == dropped and run.lost == lost
        print(
            f"{rate:,} flows/s: {behind:,} behind at the end, stored {took:.1f} s later, {run.lost - lost:,} lost: "
            f"{'kept up' if keeps_up else 'too much'}",
            file=sys.stderr,
            flush=True,
        )
        if keeps_up and is_falling:
            return rate
        if keeps_up:
            best, rate = rate, round(rate * _STEP)
        elif best:
            return best
        else:
            is_falling, rate = True, round(rate / _STEP)


def measure(
    bus: Bus, rate: int | None = None, minutes: float = MINUTES, kept: Path | None = None
) -> tuple[list[Figure], str]:
    """Make one run; return its figures, and the table of the columns on disk.

    Args:
        bus: What it goes through.
        rate: Flows a second; None looks for the highest.
        minutes: How long.
        kept: Where the data stay; None for a folder that is removed.
    """
    least, latest = _BARS[bus.kafka]
    # It is built now, and not while the product waits for it.
    sender()
    with nullcontext(kept) if kept else tempfile.TemporaryDirectory(prefix="viflux-pipeline-") as folder:
        if rate is None:
            with running(bus, Path(folder) / "search") as run:
                rate = search(run)
        with running(bus, Path(folder) / "run") as run:
            # What starts with the first flows, and what is slow in the first minute, is no part of a steady load.
            run.load(rate, 10)
            run.drain()
            before, dropped, already = run.costs.now(), run.dropped(), run.sent
            begun_time = time.time()
            behind = run.load(rate, 60 * minutes)
            ended_time = time.time()
            sent = run.sent - already
            took = run.drain()
            # Stored is what was stored at the end of the sending, not what came after it.
            stored_rate = (sent - max(behind, 0)) / run.seconds
            _wait_for_tiers(run)
            after = run.costs.now()
            spent = after - before
            not_in_tier = _not_in_tier(run.made)
            late = run.costs.lateness(begun_time, ended_time)
            streams, ledger_is_closed = _ledger(run.made)
            listed = run.costs.listed(begun_time)
            columns = flow_rows.measure(run.made)
            most, lost = run.most, run.lost
            dropped = run.dropped() - dropped
    what = f"IPFIX, {EXPORTERS} exporters, UDP → stored with the 1 min tier, {bus.words}"
    print(listed, file=sys.stderr)
    figures = [
        Figure(f"{what}: stored", stored_rate, "flows/s", least=least, note=f"{rate:,} a second sent, {minutes:g} min"),
        Figure(f"{bus.words}: not stored when the sending ended", behind, "flows", None, f"all {took:.1f} s later"),
        Figure(f"{bus.words}: dropped by the kernel", dropped, "datagrams", 0),
        Figure(f"{bus.words}: sent and not stored", lost, "flows", 0),
        Figure(f"{bus.words}: stored and not in the 1 min tier", abs(not_in_tier), "flows", 0),
        Figure(f"{bus.words}: streams whose ledger is not closed", ledger_is_closed, "streams", 0, streams),
        Figure(f"{bus.words}: flow's datagram came → queryable, p95", late[1], "s", latest, f"median {late[0]:.2f} s"),
        *_cost_figures(bus, spent, sent),
        Figure(f"{bus.words}: processor resident, most", most["processor"], "MB", 300),
        Figure(f"{bus.words}: store resident, most", most["store"], "MB", 1000),
        Figure(f"{bus.words}: agent resident, most", most["agent"], "MB"),
        *columns.figures,
    ]
    return figures, columns.table


def embedded() -> tuple[str, list[Figure], str]:
    """Look for the rate and make the run without Kafka; return the page's section: its title, figures and text."""
    return section(Bus(kafka=False))


def through_kafka() -> tuple[str, list[Figure], str]:
    """Do the same through Kafka."""
    return section(Bus(kafka=True))


def section(
    bus: Bus, rate: int | None = None, minutes: float = MINUTES, kept: Path | None = None
) -> tuple[str, list[Figure], str]:
    """Make one run as `measure` does; return the page's section."""
    figures, columns = measure(bus, rate, minutes, kept)
    return f"The whole product, {bus.words}", figures, f"{machine.describe()}\n\n{table(figures)}\n{columns}"


def _cost_figures(bus: Bus, spent: Spent, flows: int) -> list[Figure]:
    bars = {"processor": 0.3}
    return [
        Figure(f"{bus.words}: {part}", seconds * 1e6 / flows, "µs CPU a flow", bars.get(part))
        for part, seconds in spent.parts.items()
    ]


def _wait_for_tiers(run: Run) -> None:
    """Wait until the fill of the last flow's minute is done; asked so that it costs next to nothing."""
    last = "SELECT max(time) AS newest FROM viflux.flows WHERE time > now() - INTERVAL 1 HOUR"
    newest = run.made.sql(last)[0]["newest"]
    # Minutes are filled oldest first, and the mark says that one is done.
    query = (
        f"SELECT 1 AS filled FROM viflux.flows_1m_revisions WHERE vif_id = {MARK} AND time = end_minute_time "
        f"AND time >= toStartOfMinute(parseDateTime64BestEffort('{newest}', 9, 'UTC')) LIMIT 1"
    )
    # What is missing is a figure of the table, and no reason to have none.
    with suppress(AssertionError):
        wait_for("the last minute is in the tier", lambda: run.made.sql_so_far(query), _TIER_SECONDS)


def _not_in_tier(made: Product) -> int:
    """Return how many flows the 1 min tier does not count."""
    # A flow is counted in the minute in which it ended. The view adds up by all keys, which takes memory of its own.
    counted = "SELECT sum(flows_count) AS filled FROM viflux.flows_1m_revisions FINAL WHERE NOT vanished"
    filled = made.sql(counted)[0]["filled"]
    return int(made.sql("SELECT count() AS found FROM viflux.flows")[0]["found"]) - int(filled)


def _ledger(made: Product) -> tuple[str, int]:
    """Return what the ledger says of the flows, and how many streams are not closed."""
    words = [str(VIFLUX), "ledger", *made.flags, "--last", "2h", "--format", "jsonl"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    flows = next(row for row in rows if row["of_stream"] == "flows.ipfix")
    counted = ("handed_over_rows", "stored_rows", "lost_rows", "unread_rows", "difference_rows")
    told = ", ".join(f"{flows[name]} {name.removesuffix('_rows').replace('_', ' ')}" for name in counted)
    open_states = [row for row in rows if row["state"] in ("short", "unknown")]
    return f"flows.ipfix: {told}", len(open_states) + (done.returncode != 0 and not open_states)


def main() -> int:
    """Measure, print, and with `--write` put the tables into docs/benchmarks.md."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pipeline", description=__doc__)
    parser.add_argument("--kafka", action="store_true", help="through one real broker")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="how long the run is (10)")
    parser.add_argument("--rate", type=int, help="flows a second; looked for by default")
    parser.add_argument("--write", action="store_true", help="write the tables to docs/benchmarks.md")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="an existing folder in which the data stay")
    parser.add_argument("-v", action="store_true", help="show the product's log")
    arguments = parser.parse_args()
    bus = Bus(arguments.kafka)
    title, figures, shown = section(bus, arguments.rate, arguments.minutes, arguments.keep)
    print(shown)
    if arguments.write:
        page.write(title, shown)
    return 1 if any(figure.missed for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
