"""One hand-over: everything that is new, with its ledger rows, in one commit of the spool, or nothing of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import Counter

from collectors.agent.batches import batches
from collectors.agent.happenings import STREAM as EVENTS
from collectors.agent.ledger import Ledger
from collectors.cost.source import STREAM as COST
from collectors.counters.source import Counters
from collectors.drop.source import STREAM as DROPS
from collectors.flow.source import STREAM as FLOWS
from collectors.inventory.source import Inventory
from viflux import logs
from viflux.spool import SpoolFull, Unread

if TYPE_CHECKING:
    from collections.abc import Iterable

    from collectors._native import HostWatch
    from collectors.agent.happenings import Happenings
    from collectors.cost.source import Cost
    from collectors.drop.source import KernelDrops
    from collectors.exporters.exports import Exports
    from collectors.flow.source import KernelFlows
    from viflux.clock import Clock
    from viflux.spool import Batch, SpoolWriter

_ROWS = Counter("viflux_agent_committed_rows", "Rows in committed batches, by stream", ["stream"])
_BYTES = Counter("viflux_agent_committed_bytes", "Bytes of committed batches, by stream", ["stream"])
_REFUSED = Counter("viflux_agent_refused_commits", "Commits that the spool could not take")


class HandOver:
    """Moves what the watch noticed into the spool; the baselines move only with a commit.

    Args:
        watch: Where rows come from.
        spool: Where they go.
        happenings: The agent's own events.
        clock: Where the time comes from.
        sources: Names of the sources that run.
        exports: What receives from exporters.
        cost: What measures the agent itself.
        flows: What counts flows in the kernel, where it does.
        drops: What counts drops in the kernel, where it does.
    """

    def __init__(
        self,
        watch: HostWatch,
        spool: SpoolWriter,
        happenings: Happenings,
        clock: Clock,
        sources: Iterable[str],
        exports: Exports,
        cost: Cost,
        flows: KernelFlows | None = None,
        drops: KernelDrops | None = None,
    ) -> None:
        self._watch = watch
        self._spool = spool
        self._happenings = happenings
        self._clock = clock
        self._inventory = Inventory()
        self._counters = Counters() if "counters" in set(sources) else None
        self._exports = exports
        self._cost = cost
        self._flows = flows
        self._drops = drops
        streams = [self._inventory.stream, EVENTS, COST, *([self._counters.stream] if self._counters else [])]
        streams += [*exports.streams, *([FLOWS] if flows else []), *([DROPS] if drops else [])]
        self._ledger = Ledger(streams, clock.now_ns())
        self._refused_since_ns: int | None = None
        self._refusals = 0
        # Readings that no row will tell of one by one: the next that is taken spans them.
        self._refused_rows = 0
        self._log = logs.get("handover")

    @property
    def is_statement_due(self) -> bool:
        """Whether the inventory must be stated whole: at start, and at the beginning of each UTC day."""
        return self._inventory.is_statement_due(self._clock.now_ns())

    def run(self, *, sweep: bool, heartbeat: bool, drain: bool = False, last: bool = False) -> bool:
        """Propose all that is new and commit it.

        Args:
            sweep: Read all counters too.
            heartbeat: Write a ledger row also for streams that have nothing new.
            drain: Take flows and drops out of the kernel too.
            last: There will be no other: rows of flows that wait for a timeout too, and of drops of unknown interfaces.

        Returns:
            Whether it was committed. If not, nothing was lost: the next hand-over has it again.
        """
        now_ns = self._clock.now_ns()
        handed_over: list[Batch] = []
        # The sweep first: it takes in events, and finds resets, that the others then tell.
        if self._counters is not None:
            if sweep:
                # What is not drained now is not to end here either.
                flows = self._flows.probe if drain and self._flows is not None else None
                handed_over += self._counters.sweep(self._watch, flows)
            else:
                handed_over += self._counters.between_sweeps(self._watch)
        baseline_bytes = self._spool.baseline_bytes(self._inventory.stream)
        handed_over += self._inventory.propose(self._watch, now_ns, baseline_bytes)
        handed_over += self._exports.propose(now_ns)
        if self._flows is not None:
            handed_over += self._flows.propose(drain=drain, whole=last)
            self._flows.tell_problems(self._happenings, now_ns)
        if self._drops is not None:
            handed_over += self._drops.propose(self._watch, drain=drain, last=last)
            self._drops.tell_problems(self._happenings, now_ns)
        # Behind the probes: what they did until now is in its rows.
        is_cost_due = last or (drain and (sweep or self._counters is None))
        handed_over += self._cost.propose(is_due=is_cost_due)
        self._cost.tell_problems(self._happenings, now_ns)
        self._exports.tell_problems(self._happenings, now_ns)
        handed_over += batches(EVENTS, self._watch.events())
        handed_over += self._happenings.propose()
        losses = self._spool.losses()
        watermarks = dict.fromkeys((self._inventory.stream, EVENTS), self._watch.settled_time_ns())
        if self._counters is not None:
            watermarks[self._counters.stream] = self._counters.watermark_ns
        watermarks[COST] = self._cost.watermark_ns
        watermarks |= self._exports.watermarks()
        if self._flows is not None:
            watermarks[FLOWS] = self._flows.watermark_ns
        if self._drops is not None:
            watermarks[DROPS] = self._drops.watermark_ns
        accounts = self._ledger.propose(
            handed_over,
            watermarks,
            losses,
            now_ns,
            is_heartbeat=heartbeat or sweep,
            next_sequence=self._spool.next_sequence,
            unread=[
                *self._exports.lost(),
                *(self._flows.lost(now_ns) if self._flows else []),
                *(self._drops.lost(now_ns) if self._drops else []),
                *self._cost.lost(),
                *self._refused_readings(),
            ],
        )
        try:
            appended = [*handed_over, *accounts]
            self._spool.append(appended, self._spool.loss_numbers())
            self._exports.prepare(self._spool, appended)
            self._spool.commit()
        except SpoolFull as error:
            self._refused(error, now_ns, handed_over)
            return False
        self._committed(handed_over, now_ns)
        return True

    def _refused_readings(self) -> list[Unread]:
        if self._counters is None or not self._refused_rows:
            return []
        return [Unread(self._counters.stream, "spool_refused", self._refused_rows)]

    def _refused(self, error: SpoolFull, now_ns: int, proposed: list[Batch]) -> None:
        self._watch.discard()
        if self._counters is not None:
            self._counters.discard()
            self._refused_rows += sum(batch.rows for batch in proposed if batch.stream == self._counters.stream)
        self._refusals += 1
        _REFUSED.inc()
        if self._refused_since_ns is None:
            self._refused_since_ns = now_ns
            self._log.error("the spool takes nothing; collection goes on and hands over later", reason=str(error))

    def _committed(self, handed_over: list[Batch], now_ns: int) -> None:
        self._watch.commit()
        self._inventory.commit()
        if self._counters is not None:
            self._counters.commit()
        self._exports.commit()
        if self._flows is not None:
            self._flows.commit()
        if self._drops is not None:
            self._drops.commit()
        self._cost.commit()
        self._happenings.commit()
        self._ledger.commit()
        for batch in handed_over:
            _ROWS.labels(batch.stream).inc(batch.rows)
            _BYTES.labels(batch.stream).inc(len(batch.payload))
        if self._refused_since_ns is not None:
            seconds = (now_ns - self._refused_since_ns) / 1e9
            detail = f"for {seconds:.0f} s the spool could not be written; rows of kind gap cover that time"
            self._happenings.tell(now_ns, "spool_refused", "spool", detail, self._refusals)
            self._log.info("the spool takes batches again", seconds=round(seconds, 1), refused=self._refusals)
            self._refused_since_ns, self._refusals, self._refused_rows = None, 0, 0
