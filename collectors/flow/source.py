"""The source `ebpf`, as far as flows: the probe follows the interfaces, and is drained on the clock's boundaries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import Counter, Gauge

from collectors import _native
from collectors.agent.batches import batches
from collectors.agent.kernel_source import KernelSource, ProbeKind
from collectors.flow.visibility import Visibility

if TYPE_CHECKING:
    from collectors._native import FlowProbe, HostWatch
    from collectors.agent.happenings import Happenings
    from collectors.cost.shedding import Step
    from viflux.settings import Settings
    from viflux.settings.schema import Ebpf

STREAM = "flows.ebpf"
COUNTING_POINTS = "counting_points"

_WATCHED = Gauge("viflux_agent_flow_interfaces", "Interfaces whose packets are counted by flow in the kernel")
_DRAINED = Counter("viflux_agent_flow_drained", "Flows that were taken out of the kernel's maps")
_OVERFLOWED = Counter("viflux_agent_flow_overflowed", "Packets that came through the ring, the maps being full")
_LOST = Counter("viflux_agent_flow_lost_packets", "Packets that are in no flow, maps and ring being full")
_WAITING = Gauge("viflux_agent_flow_waiting", "Flows that wait for their active or inactive timeout")


class KernelFlows(KernelSource["FlowProbe"]):
    """Packets by flow, as rows.

    Args:
        settings: Which interfaces it follows.
        probe: Loaded, attached nowhere; None while the agent is paused.
    """

    def __init__(self, settings: Ebpf, probe: FlowProbe | None) -> None:
        super().__init__("flow", STREAM, settings.entries, probe)
        self._counting_points = COUNTING_POINTS in settings.vifs
        self._names = [name for name in settings.vifs if name != COUNTING_POINTS]
        self._rates = (settings.sampling, settings.sampling)
        self._visibility = Visibility(self._problems)

    def unload(self, watch: HostWatch, now_ns: int) -> None:
        """Take out what was counted, and leave nothing in the kernel; from then on all is missed."""
        super().unload(watch, now_ns)
        _WATCHED.set(0)

    def start(self, watch: HostWatch, happenings: Happenings, now_ns: int) -> None:
        """Remove what a killed run left, attach to the interfaces that are there, and say so."""
        reclaimed = _native.reclaim_filters()
        if reclaimed:
            detail = "filters that an earlier run left at interfaces were removed"
            happenings.tell(now_ns, "probe_reclaimed", "flow", detail, reclaimed)
            self._log.warning(detail, count=reclaimed)
        if self._probe is None:
            return
        self.follow(watch)
        detail = f"flows of {self._probe.watched()} interfaces are counted in the kernel, by {self._probe.way()}"
        happenings.tell(now_ns, "probe_attached", "flow", detail)
        self._log.info(detail)

    def follow(self, watch: HostWatch) -> None:
        """Attach to interfaces that came, detach from those that went or are not selected any more."""
        if self._probe is None:
            return
        self._visibility.keep({vif_id for _, _, vif_id in watch.local_interfaces()})
        for name, reason in self._probe.follow(watch, counting_points=self._counting_points, names=self._names):
            self._problems.add("probe_refused", name, f"flows of the interface are not seen: {reason}")
        _WATCHED.set(self._probe.watched())

    @property
    def is_behind(self) -> bool:
        """Whether `follow` ended before all interfaces were attached to, and is to be called again soon."""
        return self._probe is not None and self._probe.is_behind()

    def is_full(self) -> bool:
        """Take in what the maps had no room for; whether there was any."""
        return self._probe is not None and self._probe.relieve() > 0

    def _drain(self, probe: FlowProbe, watch: HostWatch, *, last: bool) -> None:  # noqa: ARG002
        try:
            harvest = probe.drain(all=last)
        except RuntimeError as error:
            # What was not taken stays in the kernel, and comes with a later one.
            self._problems.add("probe_undrained", "flow", f"flows could not be taken out of the kernel: {error}")
            return
        _DRAINED.inc(harvest.drained)
        _OVERFLOWED.inc(harvest.overflowed)
        _WAITING.set(harvest.waiting)
        self._account.add(
            runs=harvest.runs,
            entries=harvest.map_entries,
            overflowed_packets=harvest.overflowed,
            uncounted_packets=sum(packets for _, _, packets, _ in harvest.lost),
        )
        self._waiting.add(batches(STREAM, harvest.messages), harvest.settled_time_ns)
        self._visibility.take(harvest.sights, harvest.settled_time_ns)
        if harvest.unmatched:
            self._waiting.lose("unsampled", harvest.unmatched)
        for vif_id, is_egress, packets, size in harvest.lost:
            _LOST.inc(packets)
            self._waiting.lose("map_full", packets)
            side = "egress" if is_egress else "ingress"
            detail = (
                f"{packets} packets, {size} bytes at {side} are in no flow: maps and ring were full; raise ebpf.entries"
            )
            self._problems.add("flow_packets_lost", f"{vif_id:016x}", detail, packets)

    def shed(self, step: Step) -> None:
        """From the next drain on count one packet of so many: of critical VIFs, of others."""
        self._rates = (step.critical, step.others)
        self._returned()

    def _returned(self) -> None:
        if self._probe is not None:
            critical, others = self._rates
            self._probe.sample(critical=critical, others=others)


def load(settings: Settings) -> FlowProbe:
    """Load the probe; it is attached nowhere.

    Raises:
        OSError: The kernel refuses.
    """
    ebpf = settings.ebpf
    # Each drain makes rows of all flows where the timeouts are no longer than the time between two drains.
    is_short = max(ebpf.active_timeout, ebpf.inactive_timeout) <= settings.counters.interval
    return _native.FlowProbe(
        entries=ebpf.entries,
        ring_bytes=int(ebpf.ring_bytes),
        sampling=ebpf.sampling,
        active_ns=0 if is_short else int(ebpf.active_timeout),
        inactive_ns=int(ebpf.inactive_timeout),
        is_last=ebpf.order == "last",
        attach=ebpf.attach,
    )


FLOW = ProbeKind("flow", "flows", load, KernelFlows)
