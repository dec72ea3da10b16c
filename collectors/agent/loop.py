"""The agent's main loop: waits for changes, sweeps on the clock's boundaries, resyncs, keeps a heartbeat."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from prometheus_client import Gauge

from collectors import _native
from collectors.agent import view
from collectors.agent.handover import HandOver
from collectors.agent.happenings import Happenings
from collectors.conntrack.source import Conntrack
from collectors.cost.source import Cost
from collectors.counters.source import STREAM as COUNTERS
from collectors.counters.source import Counters
from collectors.inventory.source import STREAM as INVENTORY
from collectors.inventory.source import Inventory
from viflux import __version__, logs
from viflux.clock import NANOSECONDS, next_boundary_ns
from viflux.supervisor import runs_under_up

if TYPE_CHECKING:
    from collectors.agent.host import Host
    from collectors.agent.probes import Probes
    from collectors.agent.source import Source
    from collectors.exporters.exports import Exports
    from viflux.clock import Clock
    from viflux.settings import Settings
    from viflux.spool import SpoolWriter
    from viflux.telemetry import Health

HEARTBEAT_NS = 10 * NANOSECONDS
"""Longest time between two ledger rows of a stream."""

# Longest time that a decoded flow waits for the spool.
_EXPORT_NS = NANOSECONDS
# How often it is looked whether more than a second's worth came.
_LONGEST_WAIT_UNDER_EXPORTS_NS = 100_000_000
# A drain costs as many rows as there are flows: where the maps run over, the ring takes the rest of the second.
_RELIEF_NS = NANOSECONDS
# A burst of changes (a thousand interfaces at once) becomes a few commits; one change is a row well within a second.
_GATHER_NS = 200_000_000
# A signal that comes just before the wait is seen after at most this time.
_LONGEST_WAIT_NS = 500_000_000

_VIFS = Gauge("viflux_agent_vifs", "Interfaces that are known now")
_NAMESPACES = Gauge("viflux_agent_namespaces", "Network namespaces that are known now")
_OVERFLOWS = Gauge("viflux_agent_netlink_overflows", "Times that the kernel threw events away since the start")
_CORRECTIONS = Gauge("viflux_agent_resync_corrections", "Differences found by resyncs since the start")
_MALFORMED = Gauge("viflux_agent_netlink_malformed", "Kernel messages that could not be understood since the start")
_SCANS = Gauge("viflux_agent_proc_scans", "Looks through /proc for namespaces since the start")
_UNREAD = Gauge("viflux_agent_unread_namespaces", "Times that a namespace could not be read since the start")


class Agent:
    """The collector of one host.

    Args:
        settings: All settings.
        host: Who this host is.
        spool: Where batches go; opened, and closed by whoever opened it.
        clock: Where the time comes from.
        health: Where progress is told.
        limits: One line on what is not seen, or None.
        exports: What receives from exporters; bound, not yet started.
        probes: The programs in the kernel; loaded, attached nowhere.
    """

    def __init__(
        self,
        settings: Settings,
        host: Host,
        spool: SpoolWriter,
        clock: Clock,
        health: Health,
        limits: str | None,
        exports: Exports,
        probes: Probes,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._health = health
        self._limits = limits
        self._exports = exports
        self._probes = probes
        self._has_exports_news = False
        self._next_export_ns = 0
        self._next_relief_ns = 0
        self._log = logs.get("agent")
        self._names = settings.agent.sources
        self._sweeps = "counters" in self._names
        self._watch = _native.HostWatch(
            host=host.name,
            machine_id=host.machine_id,
            boot_id=host.boot_id,
            interval_ns=settings.counters.interval,
            namespace_dirs=settings.agent.namespace_dirs,
            all_namespaces=settings.agent.all_namespaces,
            uplinks=settings.agent.uplinks,
        )
        self._spool = spool
        self._happenings = Happenings()
        self._corrections = 0
        self._overflows = 0
        self._disk_guard = ""
        self._gather_until_ns: int | None = None

    def run(self, stop: threading.Event) -> None:
        """Collect until `stop` is set; then hand over what is known and return within two seconds."""
        self._start()
        self._cost = Cost(self._probes.sources, self._settings, self._clock)
        self._inventory = Inventory(lambda: self._spool.baseline_bytes(INVENTORY))
        self._hand_over = HandOver(
            self._watch, self._spool, self._happenings, self._clock, self._sources(), has_sweeps=self._sweeps
        )
        self._exports.resume(self._spool)
        # Before the first hand-over, which may take its time: what exporters sent since the sockets are bound waits.
        self._exports.start(self._settings, self._happenings, self._clock.now_ns())
        self._probes.start(self._watch, self._happenings, self._clock.now_ns())
        # Interfaces that were there before have their baseline from now on, not from the first boundary.
        self._run_hand_over(sweep=True, heartbeat=True, drain=True)
        now_ns = self._clock.now_ns()
        interval_ns = int(self._settings.counters.interval)
        self._next_sweep_ns = next_boundary_ns(now_ns, interval_ns)
        self._next_resync_ns = now_ns + self._settings.agent.resync_interval
        self._next_heartbeat_ns = now_ns + HEARTBEAT_NS
        while not stop.is_set():
            self._turn(interval_ns)
            self._health.beat()
        self._cost.close()
        now_ns = self._clock.now_ns()
        self._happenings.tell(now_ns, "agent_stopped", "agent", "the agent was told to stop")
        self._watch.poll(0)
        self._exports.stop()
        is_first = True
        while self._hand_over.run(sweep=False, heartbeat=True, drain=is_first, last=True) and self._has_more():
            is_first = False

    def _sources(self) -> list[Source]:
        """Return what has rows, in the order of a hand-over."""
        return [
            # First: it takes in events, and finds resets, that the others then tell.
            *([Counters(self._probes.flow_probe)] if self._sweeps else []),
            self._inventory,
            self._exports,
            *self._probes.sources.values(),
            *([Conntrack(self._settings.conntrack, self._clock.now_ns())] if "conntrack" in self._names else []),
            # Behind the probes: what they did until now is in its rows.
            self._cost,
        ]

    def _start(self) -> None:
        now_ns = self._clock.now_ns()
        is_newest = self._spool.baseline_is_newest(COUNTERS)
        if not is_newest:
            detail = "the newest readings in the spool are damaged, all counters start with a new baseline"
            self._log.error(detail)
            self._happenings.tell(now_ns, "baseline_unreadable", "spool", detail)
        try:
            states, readings = self._watch.restore(
                [bytes(batch.payload) for batch in self._spool.baseline(INVENTORY)],
                [bytes(batch.payload) for batch in self._spool.baseline(COUNTERS)],
                is_newest=is_newest,
            )
        except ValueError as error:
            # Going on without is safe: everything becomes a new baseline.
            states = readings = 0
            detail = f"what an earlier run wrote cannot be read, all counters start with a new baseline: {error}"
            self._log.error(detail)
            self._happenings.tell(now_ns, "baseline_unreadable", "spool", detail)
        self._watch.resync()
        counts = self._watch.counts()
        self._corrections = counts.corrections
        detail = (
            f"version {__version__}; {self._probes.note}; {counts.vifs} interfaces in {counts.namespaces} namespaces"
        )
        self._happenings.tell(now_ns, "agent_started", "agent", detail)
        self._log.info(
            "agent started",
            profile=self._probes.profile.name,
            interfaces=counts.vifs,
            namespaces=counts.namespaces,
            hears_all_namespaces=self._watch.sees_all_namespaces(),
            restored_states=states,
            restored_readings=readings,
        )
        summary = view.summary(self._probes, self._limits)
        self._health.note(summary)
        if self._limits is not None:
            self._happenings.tell(now_ns, "view_limited", "agent", self._limits)
        if (self._limits or self._probes.why_lower) and not runs_under_up():  # which says so itself
            self._log.warning(f"not all is seen: {summary}")

    def _turn(self, interval_ns: int) -> None:
        now_ns = self._clock.now_ns()
        if self._probes.obey(self._watch, self._happenings, now_ns):
            self._health.note(view.summary(self._probes, self._limits))
            self._probes.measure()
        has_news = self._watch.poll(self._patience_ns(now_ns))
        if has_news and self._gather_until_ns is None:
            self._gather_until_ns = self._clock.now_ns() + _GATHER_NS
        self._hand_over.look()
        is_shed = self._cost.turn()
        now_ns = self._clock.now_ns()
        if now_ns >= self._next_resync_ns or now_ns < self._next_resync_ns - self._settings.agent.resync_interval:
            self._resync(now_ns)
            has_news = True
            self._next_resync_ns = now_ns + self._settings.agent.resync_interval
        if has_news or self._probes.are_behind:
            self._probes.follow(self._watch)
        # A clock that was set back would leave the next boundary far away.
        is_sweep = self._sweeps and (now_ns >= self._next_sweep_ns or self._next_sweep_ns - now_ns > interval_ns)
        is_heartbeat = now_ns >= self._next_heartbeat_ns or self._next_heartbeat_ns - now_ns > HEARTBEAT_NS
        is_gathered = self._gather_until_ns is not None and (
            now_ns >= self._gather_until_ns or self._gather_until_ns - now_ns > _GATHER_NS
        )
        is_export = self._is_export_due(now_ns)
        is_drain = is_shed or (is_sweep if self._sweeps else is_heartbeat) or self._is_drain_due(now_ns)
        is_statement = self._inventory.is_statement_due(now_ns)
        if is_sweep or is_heartbeat or is_gathered or is_export or is_drain or is_statement:
            self._run_hand_over(sweep=is_sweep, heartbeat=is_heartbeat, drain=is_drain)
        if is_sweep:
            self._next_sweep_ns = next_boundary_ns(now_ns, interval_ns)
        if is_sweep or is_heartbeat:
            self._next_heartbeat_ns = now_ns + HEARTBEAT_NS

    def _has_more(self) -> bool:
        return self._exports.has_more or self._probes.have_more

    def _is_drain_due(self, now_ns: int) -> bool:
        """Whether the kernel's maps run over, and were not drained for it within the second."""
        if not self._probes.are_full():
            return False
        is_due = now_ns >= self._next_relief_ns or self._next_relief_ns - now_ns > _RELIEF_NS
        if is_due:
            self._next_relief_ns = now_ns + _RELIEF_NS
        return is_due

    def _is_export_due(self, now_ns: int) -> bool:
        is_second = now_ns >= self._next_export_ns or self._next_export_ns - now_ns > _EXPORT_NS
        if is_second:
            self._next_export_ns = now_ns + _EXPORT_NS
            self._has_exports_news = self._exports.has_news()
        return self._has_exports_news and (is_second or self._exports.is_due())

    def _patience_ns(self, now_ns: int) -> int:
        deadlines = [self._next_resync_ns, self._next_heartbeat_ns]
        if self._sweeps:
            deadlines.append(self._next_sweep_ns)
        if self._gather_until_ns is not None:
            deadlines.append(self._gather_until_ns)
        if self._probes.are_behind:
            return 0
        longest_ns = _LONGEST_WAIT_UNDER_EXPORTS_NS if self._has_exports_news else _LONGEST_WAIT_NS
        return max(0, min(longest_ns, min(deadlines) - now_ns, self._cost.patience_ns()))

    def _run_hand_over(self, *, sweep: bool, heartbeat: bool, drain: bool = False) -> None:
        self._tell_problems()
        if self._exports.wants_local_vifs:
            self._exports.set_local_vifs(self._watch.local_interfaces())
        committed = self._hand_over.run(sweep=sweep, heartbeat=heartbeat, drain=drain)
        while committed and self._probes.have_more:
            committed = self._hand_over.run(sweep=False, heartbeat=False)
        # A spool that is full is not asked again before the next sweep or heartbeat.
        self._gather_until_ns = None
        if committed and (sweep or not self._sweeps):
            self._health.ready(True)
        elif not committed:
            self._health.ready(False, "the spool takes nothing")
        self._tell_disk_guard()
        self._exports.measure()
        counts = self._watch.counts()
        _VIFS.set(counts.vifs)
        _NAMESPACES.set(counts.namespaces)
        _OVERFLOWS.set(counts.overflows)
        _CORRECTIONS.set(counts.corrections)
        _MALFORMED.set(counts.malformed)
        _SCANS.set(counts.scans)
        _UNREAD.set(counts.unread_namespaces)

    def _tell_disk_guard(self) -> None:
        guard = self._spool.disk_guard
        if bool(guard) != bool(self._disk_guard):
            detail = f"begun: {guard}" if guard else "ended: there is room on the spool's disk again"
            self._happenings.tell(self._clock.now_ns(), "disk_guard", "spool", detail)
        if guard != self._disk_guard:
            self._health.ready(not guard, guard, part="disk")
        self._disk_guard = guard

    def _resync(self, now_ns: int) -> None:
        self._watch.resync()
        corrected = self._watch.counts().corrections - self._corrections
        if corrected:
            self._corrections += corrected
            samples = "; ".join(self._watch.corrected())
            detail = f"a full read found differences that no event had told of, such as {samples}"
            self._happenings.tell(now_ns, "resync_corrected", "inventory", detail, corrected)
            self._log.info("resync corrected the inventory", differences=corrected, such_as=samples)
        self._gather_until_ns = now_ns

    def _tell_problems(self) -> None:
        now_ns = self._clock.now_ns()
        overflowed = self._watch.counts().overflows - self._overflows
        if overflowed:
            self._overflows += overflowed
            detail = "the kernel threw link events away; all namespaces were read anew"
            self._happenings.tell(now_ns, "netlink_overflow", "inventory", detail, overflowed)
        for subject, detail in self._watch.problems():
            self._happenings.tell(now_ns, "namespace_unreadable", subject, detail)
            self._log.warning("a namespace could not be read", namespace=subject or "own", reason=detail)
