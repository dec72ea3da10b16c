"""The source `ebpf`, as far as drops: what the kernel drops is counted in the kernel, and told for each interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import Counter

from collectors import _native
from collectors.agent.batches import batches
from collectors.agent.happenings import Problems
from collectors.agent.waiting import Waiting
from collectors.cost.account import Account
from collectors.drop.reasons import MEANINGS
from viflux import logs

if TYPE_CHECKING:
    from collectors._native import DropProbe, HostWatch
    from collectors.agent.happenings import Happenings
    from viflux.settings import Settings
    from viflux.settings.schema import Ebpf
    from viflux.spool import Batch, Unread

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


class KernelDrops:
    """The probe at work.

    What `propose` returns stays proposed until `commit`, so a spool that takes nothing delays rows and loses none, up
    to 64 MiB of them.

    Args:
        probe: Loaded, not attached.
        settings: How many drops it tells apart, and of how many packets the addresses.
    """

    def __init__(self, probe: DropProbe, settings: Ebpf) -> None:
        self._probe = probe
        self.capacity = settings.drop_entries
        self._samples = settings.drop_samples
        self._account = Account()
        self._waiting = Waiting(STREAM)
        self._problems = Problems("drop")
        self._log = logs.get("drop")

    @property
    def has_more(self) -> bool:
        """Whether more waits than the last proposal could take."""
        return self._waiting.has_more

    def start(self, happenings: Happenings, now_ns: int) -> bool:
        """Begin to count, and say so; whether the kernel allows it."""
        try:
            self._probe.attach()
        except OSError as error:
            detail = f"drops are not counted in the kernel: {error.strerror or error}"
            happenings.tell(now_ns, "probe_refused", "drop", detail)
            self._log.warning(detail)
            return False
        detail = "drops of all namespaces are counted in the kernel, at the tracepoint kfree_skb"
        happenings.tell(now_ns, "probe_attached", "drop", detail)
        self._log.info(detail)
        return True

    def is_full(self) -> bool:
        """Whether the kernel's map ran over since the last drain."""
        return self._probe.is_full()

    def propose(self, watch: HostWatch, *, drain: bool, last: bool = False) -> list[Batch]:
        """Return rows that are not committed, about 8 MiB of them at most.

        Args:
            watch: Knows whose the interfaces are.
            drain: Take out what was counted in the kernel first.
            last: There will be no other: rows also of interfaces that are not known yet.
        """
        if drain:
            self._drain(watch, last=last)
        return self._waiting.propose()

    def _drain(self, watch: HostWatch, *, last: bool) -> None:
        try:
            harvest = self._probe.drain(watch, last=last)
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
            detail = f"this kernel drops packets for the reason {name}, which is not known here; it is counted as loss"
            self._problems.add("drop_reason_unknown", name, detail)

    def tell_samples(self, *, is_told: bool) -> None:
        """From the next drain on addresses of some packets are told, or none; counts are exact either way."""
        self._probe.set_samples(self._samples if is_told else 0)

    def runs(self) -> tuple[int, int]:
        """Return how often the program ran and for how many ns, while the kernel took the time."""
        return self._probe.runs()

    def memory_bytes(self) -> int:
        """Return the memory of the kernel that the maps hold."""
        return self._probe.memory_bytes()

    def take_account(self) -> Account:
        """Return what was done since the last call."""
        return self._account.take()

    @property
    def watermark_ns(self) -> int:
        """The instant before which all drops are in committed or proposed rows."""
        return self._waiting.watermark_ns

    def lost(self) -> list[Unread]:
        """Return what was lost since the last commit; a packet that is in no row is one row at most."""
        return self._waiting.lost()

    def commit(self) -> None:
        """What was proposed is written."""
        self._waiting.commit()

    def tell_problems(self, happenings: Happenings, now_ns: int) -> None:
        """Make events and log lines of what a person should know."""
        self._problems.tell(happenings, now_ns)


def load(settings: Settings) -> tuple[KernelDrops | None, str]:
    """Load the probe where the source is on and this host can run it.

    Returns:
        The source, or None; and one line on what is not seen for the lack of it, or an empty text.
    """
    if "ebpf" not in settings.agent.sources or "drop" not in settings.ebpf.probes:
        return None, ""
    try:
        probe = _native.DropProbe(
            entries=settings.ebpf.drop_entries,
            ring_bytes=_RING_BYTES,
            samples=settings.ebpf.drop_samples,
            meanings=[(name, *meaning) for name, meaning in MEANINGS.items()],
        )
    except OSError as error:
        needs = "CAP_BPF and CAP_PERFMON, and Linux 5.17 or newer with its type information (BTF)"
        return None, f"drops are not counted in the kernel: {error.strerror or error}; that needs {needs}"
    return KernelDrops(probe, settings.ebpf), ""
