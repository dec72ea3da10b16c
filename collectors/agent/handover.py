"""One hand-over: everything that is new, with its ledger rows, in one commit of the spool, or nothing of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import Counter

from collectors.agent.ledger import Ledger
from collectors.agent.source import Turn
from viflux import logs
from viflux.spool import SpoolFull

if TYPE_CHECKING:
    from collections.abc import Sequence

    from collectors._native import HostWatch
    from collectors.agent.happenings import Happenings
    from collectors.agent.source import Source
    from viflux.clock import Clock
    from viflux.spool import Batch, SpoolWriter

_ROWS = Counter("viflux_agent_committed_rows", "Rows in committed batches, by stream", ["stream"])
_BYTES = Counter("viflux_agent_committed_bytes", "Bytes of committed batches, by stream", ["stream"])
_REFUSED = Counter("viflux_agent_refused_commits", "Commits that the spool could not take")


class HandOver:
    """Moves what the sources noticed into the spool; the baselines move only with a commit.

    Args:
        watch: Knows the interfaces; what it told is committed with the sources.
        spool: Where rows go.
        happenings: The agent's own events, which are handed over behind all else that may add to them.
        clock: Where the time comes from.
        sources: In the order in which they are asked: the sweep of the counters first, for it takes in events, and
            finds resets, that the others then tell.
        has_sweeps: One of them reads on the boundaries of the clock, and an interval ends with that; else with a drain.
    """

    def __init__(
        self,
        watch: HostWatch,
        spool: SpoolWriter,
        happenings: Happenings,
        clock: Clock,
        sources: Sequence[Source],
        *,
        has_sweeps: bool,
    ) -> None:
        self._watch = watch
        self._spool = spool
        self._happenings = happenings
        self._clock = clock
        self._sources = (*sources, happenings)
        self._has_sweeps = has_sweeps
        self._ledger = Ledger([stream for source in self._sources for stream in source.streams], clock.now_ns())
        self._refused_since_ns: int | None = None
        self._refusals = 0
        self._log = logs.get("handover")

    def look(self) -> None:
        """Let sources take readings between hand-overs, where these are due."""
        now_ns = self._clock.monotonic_ns()
        for source in self._sources:
            source.look(self._watch, now_ns)

    def run(self, *, sweep: bool, heartbeat: bool, drain: bool = False, last: bool = False) -> bool:
        """Propose all that is new and commit it.

        Args:
            sweep: Read all counters too.
            heartbeat: Write a ledger row also for streams that have nothing new.
            drain: Take what is counted in the kernel out of it too.
            last: There will be no other.

        Returns:
            Whether it was committed. If not, nothing was lost: the next hand-over has it again.
        """
        ends_interval = last or (drain and (sweep or not self._has_sweeps))
        turn = Turn(
            watch=self._watch,
            now_ns=self._clock.now_ns(),
            sweep=sweep,
            drain=drain,
            last=last,
            ends_interval=ends_interval,
        )
        handed_over: list[Batch] = []
        for source in self._sources:
            handed_over += source.propose(turn)
            source.tell_problems(self._happenings, turn.now_ns)
        losses = self._spool.losses()
        accounts = self._ledger.propose(
            handed_over,
            {stream: mark for source in self._sources for stream, mark in source.watermarks(turn).items()},
            losses,
            turn.now_ns,
            is_heartbeat=heartbeat or sweep,
            next_sequence=self._spool.next_sequence,
            unread=[lost for source in self._sources for lost in source.lost(turn)],
        )
        try:
            appended = [*handed_over, *accounts]
            self._spool.append(appended, self._spool.loss_numbers())
            for source in self._sources:
                source.prepare(self._spool, appended)
            self._spool.commit()
        except SpoolFull as error:
            self._refused(error, turn.now_ns)
            return False
        self._committed(handed_over, turn.now_ns)
        return True

    def _refused(self, error: SpoolFull, now_ns: int) -> None:
        self._watch.discard()
        for source in self._sources:
            source.discard()
        self._refusals += 1
        _REFUSED.inc()
        if self._refused_since_ns is None:
            self._refused_since_ns = now_ns
            self._log.error("the spool takes nothing; collection goes on and hands over later", reason=str(error))

    def _committed(self, handed_over: list[Batch], now_ns: int) -> None:
        self._watch.commit()
        for source in self._sources:
            source.commit()
        self._ledger.commit()
        for batch in handed_over:
            _ROWS.labels(batch.stream).inc(batch.rows)
            _BYTES.labels(batch.stream).inc(len(batch.payload))
        if self._refused_since_ns is not None:
            seconds = (now_ns - self._refused_since_ns) / 1e9
            detail = f"for {seconds:.0f} s the spool could not be written; rows of kind gap cover that time"
            self._happenings.tell(now_ns, "spool_refused", "spool", detail, self._refusals)
            self._log.info("the spool takes batches again", seconds=round(seconds, 1), refused=self._refusals)
            self._refused_since_ns, self._refusals = None, 0
