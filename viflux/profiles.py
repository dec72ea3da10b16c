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


@dataclass(frozen=True)
class Profile:
    """One profile; each has the probes and capabilities of those before it.

    Attributes:
        name: Value of `agent.profile`.
        probes: Programs in the kernel, in the order in which they are loaded.
        capabilities: What the agent keeps for it, in its own network namespace.
        meaning: One clause for a person.
    """

    name: str
    probes: tuple[str, ...]
    capabilities: tuple[str, ...]
    meaning: str


COUNTERS = Profile(
    "counters",
    (),
    # Without it all is read as well, but a burst of changes overruns the socket that tells of them.
    ("CAP_NET_ADMIN",),
    "interfaces and their counters by netlink, no program in the kernel",
)
FLOWS = Profile(
    "flows",
    ("flow",),
    # Measured on Linux 6.18: loading needs all three, attaching none.
    ("CAP_NET_ADMIN", "CAP_BPF", "CAP_PERFMON"),
    "every packet of the selected interfaces counted by flow",
)
DEEP = Profile(
    "deep",
    ("flow", "drop"),
    # Tracing needs no more: CAP_BPF and CAP_PERFMON alone load and attach it.
    FLOWS.capabilities,
    "every packet that the kernel drops counted by its reason, too",
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
