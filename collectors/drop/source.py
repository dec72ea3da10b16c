"""The source `ebpf`, as far as drops: what the kernel drops is counted in the kernel, and told for each interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import Counter

from collectors import _native
from collectors.agent.batches import batches
from collectors.agent.kernel_source import KernelSource, ProbeKind
from collectors.drop.places import meanings

if TYPE_CHECKING:
    from collectors._native import DropProbe, HostWatch
    from collectors.agent.happenings import Happenings
    from collectors.cost.shedding import Step
    from viflux.settings import Settings
    from viflux.settings.schema import Ebpf

STREAM = "drops.ebpf"

_RING_BYTES = 256 << 10
"""Some 2,400 samples; what does not fit is a packet without a sample."""

_DRAINED = Counter("viflux_agent_drop_drained", "Kinds of drops that were taken out of the kernel's maps")
_LOST = Counter("viflux_agent_drop_lost_packets", "Dropped packets that are in no row, the maps being full")
_MISSED = Counter("viflux_agent_drop_missed", "Drops that interrupted the counting of another one, and are in no row")
_UNSAMPLED = Counter(
    "viflux_agent_drop_unsampled_packets", "Dropped packets whose sample found no room; they are counted"
)
_MESSAGES = Counter("viflux_agent_drop_messages", "What was freed as dropped and is no packet of a network")


class KernelDrops(KernelSource["DropProbe"]):
    """Dropped packets, as rows.

    Args:
        settings: How many drops it tells apart, and of how many packets the addresses.
        probe: Counting; None while the agent is paused.
    """

    def __init__(self, settings: Ebpf, probe: DropProbe | None) -> None:
        super().__init__("drop", STREAM, settings.drop_entries, probe)
        self._samples = settings.drop_samples
        self._are_samples_told = True

    def start(self, watch: HostWatch, happenings: Happenings, now_ns: int) -> None:  # noqa: ARG002
        """Say that it counts."""
        if self._probe is None:
            return
        detail = "drops of all namespaces are counted in the kernel, at the tracepoint kfree_skb"
        happenings.tell(now_ns, "probe_attached", "drop", detail)
        self._log.info(detail)

    def is_full(self) -> bool:
        """Whether the kernel's map ran over since the last drain."""
        return self._probe is not None and self._probe.is_full()

    def _drain(self, probe: DropProbe, watch: HostWatch, *, last: bool) -> None:
        try:
            harvest = probe.drain(watch, last=last)
        except RuntimeError as error:
            # What was not taken stays in the kernel, and comes with a later one.
            detail = f"drops could not be taken out of the kernel: {error}"
            self._problems.add("probe_undrained", "drop", detail)
            return
        _DRAINED.inc(harvest.drained)
        _UNSAMPLED.inc(harvest.unsampled)
        _MESSAGES.inc(harvest.messages_count)
        self._waiting.add(batches(STREAM, harvest.messages), harvest.settled_time_ns)
        packets, size = harvest.map_full
        self._account.add(runs=harvest.runs, entries=harvest.drained, uncounted_packets=packets + harvest.missed)
        if packets:
            _LOST.inc(packets)
            self._waiting.lose("map_full", packets)
            detail = f"{packets} dropped packets, {size} bytes are in no row: the map was full; raise ebpf.drop_entries"
            self._problems.add("drop_packets_lost", "drop", detail, packets)
        if harvest.missed:
            _MISSED.inc(harvest.missed)
            self._waiting.lose("probe_missed", harvest.missed)
        for name in harvest.unknown_reasons:
            detail = f"the kernel drops packets for the reason {name}, which is not known here; it is counted as loss"
            self._problems.add("drop_reason_unknown", name, detail)

    def shed(self, step: Step) -> None:
        """From the next drain on tell the addresses of some packets, or of none; counts are exact."""
        self._are_samples_told = step.level == 0
        self._returned()

    def _returned(self) -> None:
        if self._probe is not None:
            self._probe.set_samples(self._samples if self._are_samples_told else 0)


def load(settings: Settings) -> DropProbe:
    """Load the probe; it is attached nowhere.

    Raises:
        OSError: The kernel refuses.
    """
    return _native.DropProbe(
        entries=settings.ebpf.drop_entries,
        ring_bytes=_RING_BYTES,
        samples=settings.ebpf.drop_samples,
        meanings=meanings(),
    )


DROP = ProbeKind("drop", "drops", load, KernelDrops, attach=lambda probe: probe.attach())
