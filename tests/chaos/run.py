"""A chaos run from its start to its table."""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.chaos import plan as plans
from tests.chaos.account import Account, Tiers, account, tiers
from tests.chaos.plan import Shape
from tests.chaos.scene import Scene, scene
from tests.running import wait_for

SPOOL = "1MiB"
"""So small that some of the outages are longer than it lasts."""
SETTLE_SECONDS = 300.0
"""Longest time until a thing is settled that takes ten on an idle machine."""
_AHEAD_SECONDS = 4 * 3600
_DAY_SECONDS = 86_400
# So long after the end of a day its windows are closed and what is not filled is wrong.
_CLOSED_SECONDS = 1800
# Until a processor that fills what it found is ended for the next one.
_FILL_SECONDS = 20.0


@dataclass(frozen=True)
class Run:
    """What is to be run.

    Attributes:
        seed: Of the plan and the load.
        seconds: How long faults happen.
        shape: What runs.
        pace: Mean seconds between faults.
        longest: Longest fault in seconds.
        disk: Size of the disk that data folders are on, as tmpfs takes it.
        spool: Bound of the spool, as `spool.max_bytes` takes it.
    """

    seed: int
    seconds: float
    shape: Shape
    pace: float
    longest: float
    disk: str
    spool: str

    def plan(self) -> tuple[plans.Fault, ...]:
        """Return what will be done."""
        return plans.make(self.seed, self.seconds, self.shape, pace=self.pace, longest=self.longest)

    def make(self) -> Account:
        """Run it; return the table."""
        with (
            tempfile.TemporaryDirectory(prefix="viflux-chaos-") as folder,
            scene(Path(folder), self.shape, self.seed, self.disk, self.spool) as running,
        ):
            try:
                running.load.announce()
                running.load.once()
                _until("the first of each exporter is stored", running, lambda: _has_newest(running))
                with running.load.running():
                    running.carry_out(self.plan())
                print("faults are over", file=sys.stderr, flush=True)
                return account(running, settle(running))
            except BaseException:
                print(running.says(), file=sys.stderr, flush=True)
                raise


def settle(running: Scene) -> Tiers:
    """Wait until everything that was sent is stored or lost for good, and every window of it is closed.

    Returns:
        The tiers as they are then.
    """
    running.load.once()
    _until("all is ready again", running, lambda: all(stage.is_ready() for stage in running.stages.values()))
    running.load.once()
    _until("the newest of each exporter is stored", running, lambda: _has_newest(running))
    agent = running.stages["agent"]
    # Minutes close behind the agent's clock, so that it need not be waited for.
    agent.clock.step(_AHEAD_SECONDS)
    _until("all minutes are closed", running, lambda: _is_closed(running))
    assert agent.stop() == 0, agent.log_tail()
    _until("everything is drained", running, lambda: _is_drained(running))
    now = time.time()
    later = int(_DAY_SECONDS - (now + _AHEAD_SECONDS) % _DAY_SECONDS + _AHEAD_SECONDS + _CLOSED_SECONDS)
    processors = [stage for stage in running.stages.values() if stage.verb == "processor"]
    for stage in processors:
        stage.clock.step(later)
    running.later.step(later)
    found = Tiers(Counter(open=1), [], 0, "")
    begun = -_FILL_SECONDS

    def is_closed() -> bool:
        nonlocal found, begun
        # A new one fills at once what it finds stale; the one before leaves a window alone that it has just filled.
        if time.monotonic() >= begun + _FILL_SECONDS:
            for stage in processors:
                stage.stop()
                stage.start()
            for stage in processors:
                wait_for(f"{stage.name} is ready", stage.is_ready, SETTLE_SECONDS)
            begun = time.monotonic()
        found = tiers(running)
        return not {"open", "unfilled"} & found.states.keys()

    _until("no window of a tier is open", running, is_closed)
    return found


def _has_newest(running: Scene) -> bool:
    newest = [f"(toIPv6('::ffff:{each.address}'), {each.last})" for each in running.load.exporters]
    found = running.ask_so_far(
        "SELECT uniqExact(exporter_address) AS n FROM flows WHERE (exporter_address, sequence_number) IN "
        f"({', '.join(newest)})"
    )
    return bool(found) and int(found[0]["n"]) == len(newest)


def _is_closed(running: Scene) -> bool:
    found = running.ask_so_far(
        "SELECT count() AS n, min(mark) < now() + 3600 AS is_open "
        "FROM (SELECT of_stream, max(watermark_time) AS mark FROM ledger "
        "WHERE stage = 'processor' AND (of_stream LIKE 'counters%' OR of_stream LIKE 'flows%') GROUP BY of_stream)"
    )
    return bool(found) and int(found[0]["n"]) > 0 and not int(found[0]["is_open"])


def _is_drained(running: Scene) -> bool:
    return all(stage.is_drained() for stage in running.stages.values() if stage.verb in ("shipper", "processor"))


def _until(what: str, running: Scene, probe: object) -> None:
    began = time.monotonic()
    deadline = began + SETTLE_SECONDS
    while not probe():  # type: ignore[operator]
        running.mind()
        assert time.monotonic() < deadline, f"not within {SETTLE_SECONDS:g} s: {what}"
        time.sleep(0.2)
    print(f"{time.monotonic() - began:7.1f} s  until {what}", file=sys.stderr, flush=True)
