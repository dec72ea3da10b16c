"""Reads the catalogue's files: what an SLI says about itself, and the SELECT that computes it.

A definition is a file `mN_name.sql`. Its leading `/* … */` comment is TOML (`Sli` below); the rest is one SELECT over
its relation (a file of `analytics/relations/`) with these columns:

| column | what it is |
|---|---|
| host, window_ns, data_revision, scope, scope_key | as in the relation |
| part | a part of the header, only at the window lengths that the part has |
| numerator, denominator | Float64 or null; the value is their quotient |
| numerator_upper | where it `is_sampled`: the most that the numerator can be, itself the least; null for not known |
| samples_count, is_sampled | exported packets behind the numerator; whether one of them stands for more than itself |
| observed_ns, expected_ns | their quotient, at most 1, is the completeness, before what was lost of `streams` |
| gap_ns, reset_ns | why nothing was observed |
| own_reason | why there is no value although there are data: one of the header's `reasons`, or empty |
"""

from __future__ import annotations

import re
from importlib import resources
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from viflux.errors import VifluxError
from viflux.profiles import PROFILES

WINDOWS = (10, 60)
"""Lengths of the windows that are computed, in seconds."""

Text = Annotated[str, Meta(min_length=1)]
Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$")]
Unit = Literal["bytes/s", "packets/s", "packets/min", "flows/min", "connections/min", "s", "ratio"]
WindowSeconds = Literal[10, 60]
Scope = Literal["vif", "namespace", "host", "uplink"]
Relation = Literal["slices", "coverage", "conntrack"]
Kind = Literal["counters", "flows", "drops", "hosts"]
Showing = Literal["observed", "share"]
ProfileName = Literal["counters", "flows", "deep"]
Export = Literal["sflow", "ipfix"]

_TOLD_IN = {"counters": "counters", "hosts": "counters", "flows": "flows", "drops": "deep"}
"""The shallowest profile in which this host's agent tells a record kind."""


class CatalogueError(VifluxError):
    """A definition of the catalogue is wrong."""


class Definition(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of a header; unknown keys are refused."""


class Part(Definition, frozen=True):
    """One figure of an SLI.

    Attributes:
        name: Column `part` of the rows.
        unit: Unit of its value.
        meaning: One sentence: what over what.
        windows: Window lengths at which it is computed; None for all of the SLI's.
        scopes: Scopes that it is computed for; None for all of the SLI's.
        profile: As of the SLI, where it needs a deeper one; None for the SLI's.
    """

    name: Name
    unit: Unit
    meaning: Text
    windows: tuple[WindowSeconds, ...] | None = None
    scopes: tuple[Scope, ...] | None = None
    profile: ProfileName | None = None


class Reason(Definition, frozen=True):
    """Why a value is null.

    Attributes:
        name: Column `reason` of the rows.
        meaning: One sentence for a person.
    """

    name: Name
    meaning: Text


class Target(Definition, frozen=True):
    """The starting target; an objective may set its own.

    Attributes:
        parts: The figures that it holds for.
        at_most: Highest good value.
        at_least: Lowest good value, of a target with two sides.
        hurts: Whether a VIF beyond it hurts somebody; else the numbers about it are in doubt, not the VIF.
    """

    parts: Annotated[tuple[Name, ...], Meta(min_length=1)]
    at_most: Annotated[float, Meta(gt=0)]
    at_least: Annotated[float, Meta(ge=0)] = 0.0
    hurts: bool = True

    def is_good(self, value: float) -> bool:
        """Whether a value is within the target."""
        return self.at_least <= value <= self.at_most


class Sli(Definition, frozen=True):
    """One service-level indicator.

    Attributes:
        id: For cross-reference, `M1` and so on; column `sli` of the rows.
        name: What screens call it.
        question: What it answers.
        unit: Unit of its main part.
        definition_version: Raised when a value can change; all windows are then computed anew.
        windows: Window lengths, in seconds.
        completeness: What was expected and what counts as observed.
        cannot_see: What it is blind to.
        runbook: What to read when it is bad.
        profile: Shallowest profile of the agent in which it has values; a key of `viflux.profiles.PROFILES`.
        source: Source of the agent that it cannot do without, beside the counters; empty for none.
        instead: Sources of exports with which it has values in any profile.
        target: The starting target; None where what is good differs from service to service.
        scopes: How each scope is summed, by the scope's name.
        parts: Its figures.
        relation: What the SELECT reads.
        streams: How rows of each record kind that are known to be lost show in the completeness. `observed`: they leave
            holes in the observed time, so that only wider scopes need them, for VIFs that are not known. `share`:
            nothing else shows them, so the share of rows that arrived is a factor, and none at all means no value.
            Parts of a profile in which the kind is not told do without.
        reasons: Why a value is null although data arrived; `REASONS` holds for all SLIs.
        select: The SELECT; not in the header.
    """

    id: Annotated[str, Meta(pattern=r"^M[1-9][0-9]?$")]
    name: Text
    question: Text
    unit: Unit
    definition_version: Annotated[int, Meta(ge=1)]
    windows: Annotated[tuple[WindowSeconds, ...], Meta(min_length=1)]
    completeness: Text
    cannot_see: Text
    runbook: Text
    profile: ProfileName
    scopes: dict[Scope, Text]
    parts: Annotated[tuple[Part, ...], Meta(min_length=1)]
    streams: Annotated[dict[Kind, Showing], Meta(min_length=1)]
    target: Target | None = None
    relation: Relation = "slices"
    reasons: tuple[Reason, ...] = ()
    source: str = ""
    instead: tuple[Export, ...] = ()
    select: str = ""

    def profile_of(self, part: Part) -> str:
        """Return the shallowest profile in which a part has values."""
        return part.profile or self.profile

    def shown_by(self, showing: Showing) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Return the record kinds whose lost rows show in one way, each with the parts that it is not for."""
        depth = list(PROFILES)
        return tuple(
            (
                kind,
                tuple(
                    part.name for part in self.parts if depth.index(self.profile_of(part)) < depth.index(_TOLD_IN[kind])
                ),
            )
            for kind, how in self.streams.items()
            if how == showing
        )

    def parts_at(self, window_seconds: int) -> tuple[Part, ...]:
        """Return the parts that are computed for windows of this length, in order."""
        if window_seconds not in self.windows:
            return ()
        return tuple(part for part in self.parts if part.windows is None or window_seconds in part.windows)


REASONS: tuple[Reason, ...] = (
    Reason(name="silent", meaning="Nothing arrived from the host for this window, though it was there before."),
    Reason(name="lost", meaning="Its data are known to be lost on their way; `viflux ledger` says where and why."),
    Reason(name="no_data", meaning="The VIF lived, other data of the host arrived, and none of the VIF."),
    Reason(
        name="gap", meaning="Its counters were not read for longer than 1.5 intervals, and only such a row covers it."
    ),
    Reason(name="reset", meaning="Its counters started again in the window, so what was counted in it is not known."),
    Reason(
        name="no_vifs", meaning="There is nothing to sum: no counting point or physical port was known in the window."
    ),
    Reason(name="nothing_offered", meaning="There is nothing to divide by."),
)
"""Why a value of any SLI can be null."""

_FILE = re.compile(r"(m[1-9][0-9]?)_[a-z0-9_]+\.sql")
_HEADER = re.compile(r"\A/\*\n(.*?)\n\*/\n(.*)\Z", re.DOTALL)


def target_of(sli: Sli) -> Target:
    """Return the starting target of an SLI that has one.

    Raises:
        CatalogueError: It has none.
    """
    if sli.target is None:
        raise CatalogueError(f"{sli.id} has no target")
    return sli.target


def read(text: str, file_name: str) -> Sli:
    """Read one definition.

    Args:
        text: The file's text.
        file_name: Its name, which must begin with the SLI's id; for the messages too.

    Raises:
        CatalogueError: The header or the SELECT is missing or wrong, with the key's path.
    """
    match = _HEADER.match(text)
    if match is None:
        raise CatalogueError(f"{file_name}: expected /*, a TOML header, */ and one SELECT")
    try:
        sli = msgspec.toml.decode(match[1], type=Sli)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise CatalogueError(f"{file_name}: {error}") from error
    select = match[2].strip()
    _check(sli, select, file_name)
    return msgspec.structs.replace(sli, select=select)


def _check(sli: Sli, select: str, file_name: str) -> None:
    names = [part.name for part in sli.parts]
    depth = list(PROFILES)
    profiles = [depth.index(sli.profile), *(depth.index(sli.profile_of(part)) for part in sli.parts)]
    needed = max(depth.index(_TOLD_IN[kind]) for kind in sli.streams)
    known = _FILE.fullmatch(file_name)
    complaints: dict[str, Any] = {
        f"the file's name must begin with its id, {sli.id.lower()}_": known is None or known[1] != sli.id.lower(),
        "select: only the header has it": sli.select,
        "parts: a name is there twice": len(set(names)) != len(names),
        "target.parts: not all of them are parts": sli.target and set(sli.target.parts) - set(names),
        "parts.windows: must be among the SLI's windows": any(
            set(part.windows or ()) - set(sli.windows) for part in sli.parts
        ),
        "parts: the first one must be computed at all windows, it marks a window as done": sli.parts[0].windows,
        "scopes: host is missing, it marks a window as done": "host" not in sli.scopes,
        "parts.profile: no part may need less than the SLI": min(profiles) < profiles[0],
        f"profile: with its parts it must be {depth[needed]}, as its streams say": max(profiles) != needed,
        "target: at_least must be below at_most": sli.target and sli.target.at_least >= sli.target.at_most,
        "parts.scopes: must be among the SLI's scopes": any(
            set(part.scopes or ()) - set(sli.scopes) for part in sli.parts
        ),
        f"the statement must be one SELECT over {sli.relation}": not select.startswith("SELECT")
        or ";" in select
        or f"FROM {sli.relation}" not in select,
    }
    for complaint, is_wrong in complaints.items():
        if is_wrong:
            raise CatalogueError(f"{file_name}: {complaint}")


def _read_all() -> dict[str, Sli]:
    folder = resources.files("analytics.catalogue")
    files = [entry for entry in folder.iterdir() if entry.name.endswith(".sql")]
    slis = [read(entry.read_text(encoding="utf-8"), entry.name) for entry in files]
    return {sli.id: sli for sli in sorted(slis, key=lambda sli: int(sli.id[1:]))}


CATALOGUE: dict[str, Sli] = _read_all()
"""All SLIs by id, in order."""
