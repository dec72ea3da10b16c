"""The source `ebpf`, as far as transit times: how long packets take from one interface to another, as histograms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import Counter

from collectors import _native
from collectors.agent.batches import batches
from collectors.agent.kernel_source import KernelSource, ProbeKind

if TYPE_CHECKING:
    from collectors._native import HostWatch, TransitProbe
    from collectors.agent.happenings import Happenings
    from collectors.cost.shedding import Step
    from viflux.settings import Settings
    from viflux.settings.schema import Ebpf

STREAM = "latency.ebpf"

_RING_BYTES = 1 << 20
"""Some 21,000 samples; the ring is looked into at least once in each window."""
_WINDOW_NS = 50_000_000
"""Long beside the millisecond of work that putting the programs in and out is, short beside what anybody looks at."""

_BEGUN = Counter("viflux_agent_transit_begun", "Packets that were sampled where they came in")
_TOLD = Counter("viflux_agent_transit_told", "Times that were told where a sampled packet left")
_EXPIRED = Counter("viflux_agent_transit_expired", "Samples on their way when their window closed, or for too long")
_CHANGED = Counter("viflux_agent_transit_changed", "Samples of which something else left than came in")
_UNPLACED = Counter("viflux_agent_transit_unplaced", "Samples without room in the kernel or in the agent")
_MISSED = Counter("viflux_agent_transit_missed", "Runs of programs that would have interrupted another one")


class KernelTransits(KernelSource["TransitProbe"]):
    """Transit times, as rows.

    Args:
        settings: For what share of the time packets are looked at, and how many buckets are held.
        probe: At work; None while the agent is paused.
    """

    def __init__(self, settings: Ebpf, probe: TransitProbe | None) -> None:
        super().__init__("transit", STREAM, settings.transit_entries, probe)
        self._settings = settings
        self._divisor = 1

    def start(self, watch: HostWatch, happenings: Happenings, now_ns: int) -> None:  # noqa: ARG002
        """Say that it looks."""
        if self._probe is None:
            return
        share = f"{self._settings.transit_share:.0%} of the time"
        detail = f"transit times are taken of one packet of {self._settings.transit_one_of}, in {share}"
        happenings.tell(now_ns, "probe_attached", "transit", detail)
        self._log.info(detail)

    def is_full(self) -> bool:
        """Whether samples found no room since the last drain."""
        return self._probe is not None and self._probe.is_full()

    def _drain(self, probe: TransitProbe, watch: HostWatch, *, last: bool) -> None:
        try:
            harvest = probe.drain(watch, last=last)
        except RuntimeError as error:
            # What was not taken comes with a later one.
            self._problems.add("probe_undrained", "transit", f"transit times could not be taken: {error}")
            return
        _BEGUN.inc(harvest.begun)
        _TOLD.inc(harvest.told)
        _EXPIRED.inc(harvest.expired)
        _CHANGED.inc(harvest.changed)
        _UNPLACED.inc(harvest.unplaced)
        _MISSED.inc(harvest.missed)
        self._waiting.add(batches(STREAM, harvest.messages), harvest.settled_time_ns)
        self._account.add(runs=harvest.runs, entries=harvest.buckets)
        if harvest.problem:
            detail = f"packets are not looked at for now: {harvest.problem}"
            self._problems.add("transit_window_failed", "transit", detail)

    def shed(self, step: Step) -> None:
        """From the next window on look at packets for a part of the time that is set."""
        self._divisor = step.transit
        self._returned()

    def _returned(self) -> None:
        if self._probe is not None:
            self._probe.set_share(self._settings.transit_share / self._divisor)


def load(settings: Settings) -> TransitProbe:
    """Load the probe; it is attached nowhere.

    Raises:
        OSError: The kernel refuses.
    """
    return _native.TransitProbe(
        ring_bytes=_RING_BYTES,
        most_buckets=settings.ebpf.transit_entries,
        one_of=settings.ebpf.transit_one_of,
        window_ns=_WINDOW_NS,
        longest_ns=settings.ebpf.transit_longest,
        share=settings.ebpf.transit_share,
    )


TRANSIT = ProbeKind("transit", "transit times", load, KernelTransits, attach=lambda probe: probe.attach())
