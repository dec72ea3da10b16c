"""The agent's programs in the kernel: which of them run here, and how they are taken out and put in again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from prometheus_client import Gauge

from collectors.agent import pause, refusal
from collectors.drop.source import DROP
from collectors.flow.source import FLOW, KernelFlows
from collectors.transit.source import TRANSIT
from viflux import logs
from viflux.errors import VifluxError
from viflux.profiles import COUNTERS, PROFILES, Profile, capabilities, probes_of, wanted

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from collectors._native import FlowProbe, HostWatch
    from collectors.agent.happenings import Happenings
    from collectors.agent.kernel_source import KernelSource
    from viflux.paths import DataPaths
    from viflux.settings import Settings

_PROFILE = Gauge("viflux_agent_profile", "1 for the profile that the agent runs", ["profile"])
_PAUSED = Gauge("viflux_agent_paused", "1 while the agent is paused: no program of it is in the kernel")


KINDS = {kind.name: kind for kind in (FLOW, DROP, TRANSIT)}
"""All probes, by the names in `viflux.profiles.PROBES`."""


class Probes:
    """What the settings want of the kernel, and what of it this host runs.

    A probe that cannot run takes the agent one profile down, and that is told; it never ends the agent.

    Attributes:
        sources: What counts, by the probe's name; without what is not wanted, or cannot be here.
        profile: The profile that is reached, as far as it is not paused.
        why_lower: What is missing for the profile that is wanted; empty where nothing is.
        pause: Since when the agent is paused; None while it is not.

    Args:
        settings: All settings.
        paths: Where a pause is written down.
    """

    def __init__(self, settings: Settings, paths: DataPaths) -> None:
        self._settings = settings
        self._paths = paths
        self._log = logs.get("agent")
        self._untold = ""
        self.profile = wanted(settings)
        self.why_lower = ""
        self.pause = pause.read(paths)
        loaded: dict[str, Any] = {}
        if self.pause is None:
            loaded = self._load(probes_of(self.profile, settings))
        self.sources: dict[str, KernelSource[Any]] = {
            name: KINDS[name].source(settings.ebpf, loaded.get(name)) for name in probes_of(self.profile, settings)
        }
        self.measure()

    def flow_probe(self) -> FlowProbe | None:
        """Return what counts flows now."""
        flows = self.sources.get(FLOW.name)
        return flows.probe if isinstance(flows, KernelFlows) else None

    @property
    def kept_capabilities(self) -> tuple[str, ...]:
        """Exactly what the agent needs from now on."""
        return capabilities(self.profile, self._settings)

    def start(self, watch: HostWatch, happenings: Happenings, now_ns: int) -> None:
        """Attach where the interfaces are, and say what came of it."""
        self._tell_lower(happenings, now_ns)
        if self.pause is not None:
            self._miss(self.pause, now_ns)
            happenings.tell(now_ns, "agent_paused", "agent", self.note)
            self._log.warning(self.note)
            return
        for source in self.sources.values():
            source.start(watch, happenings, now_ns)

    def follow(self, watch: HostWatch) -> None:
        """Attach to interfaces that came, detach from those that went."""
        for source in self.sources.values():
            source.follow(watch)

    @property
    def are_behind(self) -> bool:
        """Whether `follow` is to be called again soon."""
        return any(source.is_behind for source in self.sources.values())

    @property
    def have_more(self) -> bool:
        """Whether more rows wait than the last hand-over could take."""
        return any(source.has_more for source in self.sources.values())

    def are_full(self) -> bool:
        """Whether the kernel's maps run over, so that they are to be drained."""
        # Each is asked, for each takes in what its maps had no room for.
        full = [source.is_full() for source in self.sources.values()]
        return any(full)

    def obey(self, watch: HostWatch, happenings: Happenings, now_ns: int) -> bool:
        """Pause or resume where the file says so, and return whether it did; asked in each turn, it costs one look."""
        is_ordered = pause.file_of(self._paths).exists()
        if is_ordered == (self.pause is not None):
            return False
        if is_ordered:
            self._stop(watch, happenings, now_ns)
        else:
            self._resume(watch, happenings, now_ns)
        return True

    def _stop(self, watch: HostWatch, happenings: Happenings, now_ns: int) -> None:
        """Pause: what was counted becomes rows, and nothing is left in the kernel."""
        rates: dict[str, float] = {}
        for source in self.sources.values():
            rates |= dict.fromkeys(source.streams, source.rows_per_second)
            source.unload(watch, now_ns)
        self.pause = pause.Pause(now_ns, rates)
        happenings.tell(now_ns, "agent_paused", "agent", self.note)
        self._log.warning(self.note)
        try:
            # With what the pause costs, for the case of a restart; the order itself is written down already.
            pause.write(self._paths, self.pause)
        except VifluxError as error:
            self._log.warning(str(error))

    def _resume(self, watch: HostWatch, happenings: Happenings, now_ns: int) -> None:
        self.pause = None
        loaded = self._load(self.sources)
        happenings.tell(now_ns, "agent_resumed", "agent", f"programs are loaded again: profile {self.profile.name}")
        self._tell_lower(happenings, now_ns)
        for name, source in self.sources.items():
            source.resume(loaded.get(name), watch, happenings, now_ns)
        self._log.info(f"resumed: {self.note}")

    @property
    def note(self) -> str:
        """One line for a person: the profile, and why it is not the one that is wanted."""
        if self.pause is not None:
            since = datetime.fromtimestamp(self.pause.since_ns // 10**9, UTC)
            missing = _and([KINDS[name].what for name in self.sources])
            lost = f", {missing} are not counted" if missing else ""
            return f"paused since {since:%Y-%m-%d %H:%M:%S} UTC{lost}; `viflux agent resume` ends that"
        return ": ".join(filter(None, (f"profile {self.profile.name}", self.why_lower)))

    def _load(self, names: Collection[str]) -> dict[str, Any]:
        """Load what is wanted, from the shallowest profile on; the first that cannot run ends it."""
        most = wanted(self._settings)
        loaded: dict[str, Any] = {}
        self.why_lower = ""
        for name in names:
            kind = KINDS[name]
            try:
                probe = kind.load(self._settings)
                kind.attach(probe)
                loaded[name] = probe
            except OSError as error:
                self.why_lower = _why_lower(most, name, refusal.refusal(name, error).reason)
                self._untold = self.why_lower
                break
        self.profile = next(profile for profile in PROFILES.values() if set(loaded) <= set(profile.probes))
        return loaded

    def _miss(self, held: pause.Pause, now_ns: int) -> None:
        for source in self.sources.values():
            source.miss_from(now_ns, max(held.rows_per_second.get(stream, 0.0) for stream in source.streams))

    def _tell_lower(self, happenings: Happenings, now_ns: int) -> None:
        if not self._untold:
            return
        happenings.tell(now_ns, "profile_lowered", self.profile.name, self._untold)
        self._untold = ""

    def measure(self) -> None:
        """Say in the metrics what runs; whoever gave an order waits for that, so all else is to be said before."""
        now = COUNTERS if self.pause is not None else self.profile
        for name in PROFILES:
            _PROFILE.labels(name).set(name == now.name)
        _PAUSED.set(self.pause is not None)


def _why_lower(profile: Profile, probe: str, reason: str) -> str:
    return f"{KINDS[probe].what} are not counted, so {profile.name} is out of reach: {reason}"


def _and(names: Sequence[str]) -> str:
    """Return names as a person lists them."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
