"""The agent's programs in the kernel: which of them run here, and how they are taken out and put in again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from prometheus_client import Gauge

from collectors.agent import pause, refusal
from collectors.drop import source as drop
from collectors.flow import source as flow
from viflux import logs
from viflux.errors import VifluxError
from viflux.profiles import COUNTERS, PROFILES, Profile, capabilities, probes_of, wanted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from collectors._native import DropProbe, FlowProbe, HostWatch
    from collectors.agent.happenings import Happenings
    from viflux.paths import DataPaths
    from viflux.settings import Settings

_PROFILE = Gauge("viflux_agent_profile", "1 for the profile that the agent runs", ["profile"])
_PAUSED = Gauge("viflux_agent_paused", "1 while the agent is paused: no program of it is in the kernel")


class Probes:
    """What the settings want of the kernel, and what of it this host runs.

    A probe that cannot run takes the agent one profile down, and that is told; it never ends the agent.

    Attributes:
        flows: What counts flows; None where that is not wanted, or cannot be here.
        drops: What counts drops; as above.
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
        self.flows: flow.KernelFlows | None = None
        self.drops: drop.KernelDrops | None = None
        self.profile = wanted(settings)
        self.why_lower = ""
        self.pause = pause.read(paths)
        names = probes_of(self.profile, settings)
        loaded: tuple[FlowProbe | None, DropProbe | None] = (None, None)
        if self.pause is None:
            loaded = self._load(names)
            names = probes_of(self.profile, settings)
        if "flow" in names:
            self.flows = flow.KernelFlows(settings.ebpf, loaded[0])
        if "drop" in names:
            self.drops = drop.KernelDrops(loaded[1], settings.ebpf)
        self.measure()

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
        if self.drops is not None:
            self.drops.start(happenings, now_ns)
        if self.flows is not None:
            self.flows.start(watch, happenings, now_ns)

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
        rates = {}
        if self.flows is not None:
            rates[flow.STREAM] = self.flows.rows_per_second
            self.flows.unload(now_ns)
        if self.drops is not None:
            rates[drop.STREAM] = self.drops.rows_per_second
            self.drops.unload(watch, now_ns)
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
        names = [name for name, there in (("flow", self.flows), ("drop", self.drops)) if there is not None]
        flow_probe, drop_probe = self._load(names)
        happenings.tell(now_ns, "agent_resumed", "agent", f"programs are loaded again: profile {self.profile.name}")
        self._tell_lower(happenings, now_ns)
        if self.flows is not None:
            self.flows.resume(flow_probe, watch, happenings, now_ns)
        if self.drops is not None:
            self.drops.resume(drop_probe, happenings, now_ns)
        self._log.info(f"resumed: {self.note}")

    @property
    def note(self) -> str:
        """One line for a person: the profile, and why it is not the one that is wanted."""
        if self.pause is not None:
            since = datetime.fromtimestamp(self.pause.since_ns // 10**9, UTC)
            missing = " and ".join(name for name, there in (("flows", self.flows), ("drops", self.drops)) if there)
            lost = f", {missing} are not counted" if missing else ""
            return f"paused since {since:%Y-%m-%d %H:%M:%S} UTC{lost}; `viflux agent resume` ends that"
        return ": ".join(filter(None, (f"profile {self.profile.name}", self.why_lower)))

    def _load(self, names: Sequence[str]) -> tuple[FlowProbe | None, DropProbe | None]:
        """Load what is wanted, from the shallowest profile on; the first that cannot run ends it."""
        most = wanted(self._settings)
        loaded: set[str] = set()
        flow_probe, drop_probe = None, None
        self.why_lower = ""
        for name in names:
            try:
                if name == "flow":
                    flow_probe = flow.load(self._settings)
                else:
                    drop_probe = drop.load(self._settings)
                    drop_probe.attach()
                loaded.add(name)
            except OSError as error:
                self.why_lower = _why_lower(most, name, refusal.refusal(name, error).reason)
                self._untold = self.why_lower
                break
        self.profile = next(profile for profile in PROFILES.values() if loaded <= set(profile.probes))
        return flow_probe, drop_probe

    def _miss(self, held: pause.Pause, now_ns: int) -> None:
        rates = held.rows_per_second
        if self.flows is not None:
            self.flows.miss_from(now_ns, rates.get(flow.STREAM, 0.0))
        if self.drops is not None:
            self.drops.miss_from(now_ns, rates.get(drop.STREAM, 0.0))

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
    what = {"flow": "flows", "drop": "drops"}[probe]
    return f"{what} are not counted, so {profile.name} is out of reach: {reason}"
