"""The literal table of profiles: how deep into the kernel the agent goes, and what each step needs.

| setting | what it says |
|---|---|
| `agent.profile` | how deep the agent goes at most; `auto`: as deep as this host lets it |
| `agent.sources`, `ebpf.probes` | leave sources and probes of the profile away; they never add what is deeper |
| `agent.all_namespaces` | whether other network namespaces are seen, in each profile |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from viflux.settings import Settings

SEES_ALL_NAMESPACES = ("CAP_SYS_ADMIN", "CAP_SYS_PTRACE", "CAP_NET_BROADCAST")
"""What it takes to see other namespaces: entering them, finding them in /proc, hearing all their events."""


# Without it all is read as well, but a burst of changes overruns the socket that tells of them.
_READS_INTERFACES = ("CAP_NET_ADMIN",)


@dataclass(frozen=True)
class Probe:
    """What a probe needs of a host.

    Attributes:
        capabilities: To be loaded and attached; tried one by one on Linux 6.18.
        kernel: The kernel, as a clause.
    """

    capabilities: tuple[str, ...]
    kernel: str


PROBES = {
    "flow": Probe(("CAP_BPF", "CAP_PERFMON", "CAP_NET_ADMIN"), "Linux 5.11 or newer"),
    "drop": Probe(
        ("CAP_BPF", "CAP_PERFMON"), "Linux 5.17 or newer with its type information (/sys/kernel/btf/vmlinux)"
    ),
    "transit": Probe(
        ("CAP_BPF", "CAP_PERFMON"), "Linux 5.17 or newer with its type information (/sys/kernel/btf/vmlinux)"
    ),
}
"""Programs in the kernel."""


@dataclass(frozen=True)
class Profile:
    """One profile; each has the probes of those before it.

    Attributes:
        name: Value of `agent.profile`.
        probes: Names in `PROBES`, in the order in which they are loaded.
        meaning: One clause for a person.
    """

    name: str
    probes: tuple[str, ...]
    meaning: str

    @property
    def capabilities(self) -> tuple[str, ...]:
        """What the agent keeps for it, in its own network namespace."""
        needed = (name for probe in self.probes for name in PROBES[probe].capabilities)
        return tuple(dict.fromkeys((*_READS_INTERFACES, *needed)))


COUNTERS = Profile("counters", (), "interfaces and their counters by netlink, no program in the kernel")
FLOWS = Profile("flows", ("flow",), "every packet of the selected interfaces counted by flow")
DEEP = Profile(
    "deep",
    ("flow", "drop", "transit"),
    "every packet that the kernel drops counted by its reason, and some timed from interface to interface, too",
)

PROFILES = {profile.name: profile for profile in (COUNTERS, FLOWS, DEEP)}
"""In the order of depth."""

AUTO = "auto"

EVERY_CAPABILITY = (*DEEP.capabilities, *SEES_ALL_NAMESPACES)
"""All that the agent may be started with."""


def deepest(settings: Settings) -> Profile:
    """Return the profile that the settings allow at most."""
    return DEEP if settings.agent.profile == AUTO else PROFILES[settings.agent.profile]


def probes_of(profile: Profile, settings: Settings) -> tuple[str, ...]:
    """Return the probes that run in a profile, as far as the settings leave them."""
    if "ebpf" not in settings.agent.sources:
        return ()
    return tuple(probe for probe in profile.probes if probe in settings.ebpf.probes)


def wanted(settings: Settings) -> Profile:
    """Return the profile to try first: the shallowest that has all probes that the settings leave."""
    most = deepest(settings)
    probes = probes_of(most, settings)
    return next(profile for profile in PROFILES.values() if set(probes) <= set(profile.probes))


def capabilities(profile: Profile, settings: Settings) -> tuple[str, ...]:
    """Return exactly what the agent keeps in a profile."""
    return (*profile.capabilities, *(SEES_ALL_NAMESPACES if settings.agent.all_namespaces else ()))
