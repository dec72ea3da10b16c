"""The stream `hosts.cost`: what the agent and its probes cost, each interval, beside the budget."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prometheus_client import Gauge

from collectors import _native
from collectors.agent.batches import batches
from collectors.agent.happenings import Problems
from collectors.agent.source import Source
from collectors.agent.waiting import Waiting
from collectors.cost.meter import REFUSED, Meter, resident_bytes
from collectors.cost.shedding import Shedding, steps

if TYPE_CHECKING:
    from collections.abc import Mapping

    from collectors.agent.happenings import Happenings
    from collectors.agent.kernel_source import KernelSource
    from collectors.agent.source import Turn
    from viflux.clock import Clock
    from viflux.settings import Settings
    from viflux.spool import Batch, Unread

STREAM = "hosts.cost"
AGENT = "agent"

_CORES = Gauge(
    "viflux_agent_cost_cores", "Processors that a component takes; NaN where that is not known", ["component"]
)
_LEVEL = Gauge("viflux_agent_shed_level", "How many steps are taken to stay in the budget; 0: nothing is left out")
_BUDGET = Gauge("viflux_agent_budget_cores", "Setting agent.budget")
_MAP_BYTES = Gauge("viflux_agent_map_bytes", "Memory of the kernel that a probe's maps hold", ["component"])
_UNKNOWN = float("nan")


@dataclass(frozen=True, kw_only=True)
class CostRow:
    """One component over one interval; the members are columns of `hosts`."""

    time: int
    duration_ns: int
    component: str
    cpu_ns: int | None
    cost_reason: str = ""
    runs_count: int | None = None
    run_ns: float | None = None
    resident_bytes: int = 0
    resident_private_bytes: int = 0
    map_memory_bytes: int = 0
    map_entries_count: int = 0
    map_capacity_count: int = 0
    overflowed_packets: int = 0
    uncounted_packets: int = 0
    counted_ns: int = 0
    budget_cores: float = 0.0
    cost_cores: float | None = None
    shed: str = ""
    shed_level: int = 0
    flow_sampling_rate: int = 0
    critical_flow_sampling_rate: int = 0


class Cost(Source):
    """Measures, makes rows, and has the probes leave out what the budget has no room for.

    Args:
        probes: What counts in the kernel, by the probes' names.
        settings: With `agent.budget`, and at which rate flows are sampled where nothing is left out.
        clock: Where the time comes from.
    """

    streams = (STREAM,)

    def __init__(self, probes: Mapping[str, KernelSource[Any]], settings: Settings, clock: Clock) -> None:
        self._probes = probes
        budget_cores = settings.agent.budget
        self._budget_cores = budget_cores
        self._shedding = Shedding(steps(probes, settings.ebpf.sampling), budget_cores)
        self._clock = clock
        self._meter = Meter(self._probes, clock)
        self._waiting = Waiting(STREAM)
        self._problems = Problems("cost")
        self._has_told_refusal = False
        self._since = (clock.now_ns(), clock.monotonic_ns(), time.process_time_ns())
        _BUDGET.set(budget_cores)
        for name, probe in self._probes.items():
            _MAP_BYTES.labels(name).set(probe.memory_bytes())

    def watermarks(self, turn: Turn) -> Mapping[str, int]:  # noqa: ARG002
        """Return the instant before which all rows are committed or proposed."""
        return {STREAM: self._waiting.watermark_ns}

    def patience_ns(self) -> int:
        """Return how long it may be until the next `turn`."""
        return self._meter.patience_ns()

    def turn(self) -> bool:
        """Measure where that is due; return whether the probes are to be drained, since what they leave out changes."""
        tick = self._meter.turn()
        if self._meter.refusal and not self._has_told_refusal:
            self._has_told_refusal = True
            detail = (
                "what the programs in the kernel cost is not known, and not in the budget: the kernel refuses its "
                f"statistics ({self._meter.refusal}); that needs CAP_SYS_ADMIN, or sysctl kernel.bpf_stats_enabled=1"
            )
            self._problems.add("cost_unknown", AGENT, detail)
        if tick is None:
            return False
        cost_cores = tick.process_cores + sum(tick.program_cores.values())
        before = self._shedding.step
        has_changed = self._shedding.judge(cost_cores, self._clock.monotonic_ns())
        spent = (
            f"{cost_cores:.3f} of {self._budget_cores:g} cores are spent, {tick.process_cores:.3f} by the agent itself"
        )
        if has_changed:
            self._apply()
            step = self._shedding.step
            event = "probe_shed" if step.level > before.level else "probe_restored"
            detail = f"level {step.level} of {self._shedding.last_level}: {step.words}; {spent}"
            self._problems.add(event, step.shed, detail, step.level)
        if self._shedding.is_spent(cost_cores):
            detail = f"{spent}, and nothing more can be left out; raise agent.budget, or name fewer of agent.sources"
            self._problems.add("budget_exceeded", AGENT, detail)
        return has_changed

    def _apply(self) -> None:
        step = self._shedding.step
        _LEVEL.set(step.level)
        for probe in self._probes.values():
            probe.shed(step)

    def propose(self, turn: Turn) -> list[Batch]:
        """Return batches that are not committed; the probes were drained before, so that their work is in them."""
        if turn.ends_interval:
            rows = self._rows()
            self._waiting.add(batches(STREAM, _native.encode_cost(rows)), self._since[0])
        return self._waiting.propose()

    def _rows(self) -> list[CostRow]:
        now_ns, monotonic_ns, process_ns = self._clock.now_ns(), self._clock.monotonic_ns(), time.process_time_ns()
        began_ns, monotonic_began_ns, process_began_ns = self._since
        self._since = (now_ns, monotonic_ns, process_ns)
        duration_ns = max(1, monotonic_ns - monotonic_began_ns)
        # A clock that was set back makes no interval that begins before its end of the other clock.
        when = (min(began_ns, now_ns), duration_ns)
        rows = [self._row_of(name, probe, *when) for name, probe in self._probes.items()]
        unknown = next((row.cost_reason for row in rows if row.cost_reason), "")
        cpu_ns = process_ns - process_began_ns
        resident, private = resident_bytes()
        whole = None if unknown else (cpu_ns + sum(row.cpu_ns or 0 for row in rows)) / duration_ns
        own = CostRow(
            time=when[0],
            duration_ns=duration_ns,
            component=AGENT,
            cpu_ns=cpu_ns,
            cost_reason=unknown,
            resident_bytes=resident,
            resident_private_bytes=private,
            map_memory_bytes=sum(row.map_memory_bytes for row in rows),
            overflowed_packets=sum(row.overflowed_packets for row in rows),
            uncounted_packets=sum(row.uncounted_packets for row in rows),
            budget_cores=self._budget_cores,
            cost_cores=whole,
            shed=self._shedding.step.shed,
            shed_level=self._shedding.step.level,
            flow_sampling_rate=self._shedding.step.others if "flow" in self._probes else 0,
            critical_flow_sampling_rate=self._shedding.step.critical if "flow" in self._probes else 0,
        )
        _CORES.labels(AGENT).set(cpu_ns / duration_ns)
        for row in rows:
            _CORES.labels(row.component).set(_UNKNOWN if row.cost_cores is None else row.cost_cores)
        return [own, *rows]

    def _row_of(self, name: str, probe: KernelSource[Any], began_ns: int, duration_ns: int) -> CostRow:
        account = probe.take_account()
        run_ns, reason = self._meter.take_run_ns(name)
        cpu_ns = None if run_ns is None else round(run_ns * account.runs)
        if account.runs == 0 and reason != REFUSED:
            cpu_ns, reason = 0, ""
        return CostRow(
            time=began_ns,
            duration_ns=duration_ns,
            component=name,
            cpu_ns=cpu_ns,
            cost_reason=reason,
            runs_count=account.runs,
            run_ns=run_ns,
            map_memory_bytes=probe.memory_bytes(),
            map_entries_count=account.entries,
            map_capacity_count=probe.capacity,
            overflowed_packets=account.overflowed_packets,
            uncounted_packets=account.uncounted_packets,
            counted_ns=0 if account.was_away else duration_ns,
            cost_cores=None if cpu_ns is None else cpu_ns / duration_ns,
        )

    def lost(self, turn: Turn) -> list[Unread]:  # noqa: ARG002
        """Return what was lost since the last commit."""
        return self._waiting.lost()

    def commit(self) -> None:
        """What was proposed is written."""
        self._waiting.commit()

    def tell_problems(self, happenings: Happenings, now_ns: int) -> None:
        """Make events and log lines of what a person should know."""
        self._problems.tell(happenings, now_ns)

    def close(self) -> None:
        """End what is switched on in the kernel."""
        self._meter.close()
