"""The SLIs' part of `viflux doctor`: which of them have values with what runs here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics.catalogue import CATALOGUE
from viflux.doctor.finding import Finding
from viflux.profiles import PROFILES, probes_of, wanted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.catalogue import Sli
    from viflux.settings import Settings


def examine(settings: Settings, so_far: Sequence[Finding]) -> list[Finding]:
    """Return a finding for each SLI of the catalogue."""
    loads = {one.name for one in so_far if one.kind == "probe" and one.state == "ok"}
    here = loads & set(probes_of(wanted(settings), settings))
    run = {one.name for one in so_far if one.kind == "source" and one.wanted and one.state in ("ok", "limited")}
    return [_finding(sli, settings, here, run) for sli in CATALOGUE.values()]


def _finding(sli: Sli, settings: Settings, here: set[str], run: set[str]) -> Finding:
    needs = f"source {sli.source}" if sli.source else ""
    needs += f"or the source {' or '.join(sli.instead)}" if sli.instead else ""
    return _valued(sli, settings, here, run).needing(needs, sli.profile)


def _valued(sli: Sli, settings: Settings, here: set[str], run: set[str]) -> Finding:
    if "counters" not in settings.agent.sources:
        found, remedy = f"{sli.name}: the source counters is left away", "name counters in agent.sources"
        return Finding("sli", sli.id, "missing", found, wanted=False, remedy=remedy)
    if sli.source and sli.source not in run:
        is_wanted = sli.source in settings.agent.sources
        remedy = "see its source" if is_wanted else f"name {sli.source} in agent.sources"
        return Finding("sli", sli.id, "missing", f"{sli.name}: no part", is_wanted, remedy=remedy)
    by = [source for source in sli.instead if source in run]
    without = [part for part in sli.parts if not by and not _probes(sli.profile_of(part)) <= here]
    if not without:
        aside = f", by {' and '.join(by)}" if by and not _probes(sli.profile) <= here else ""
        return Finding("sli", sli.id, "ok", f"{sli.name}: all parts{aside}")
    asked = set(probes_of(wanted(settings), settings))
    is_wanted = all(_probes(sli.profile_of(part)) <= asked for part in without)
    remedy = "see the probes" if is_wanted else f"agent.profile={sli.profile} or deeper, with the source ebpf"
    remedy += f"; or listen: {' or '.join(f'{source}.listen' for source in sli.instead)}" if sli.instead else ""
    if len(without) == len(sli.parts):
        return Finding("sli", sli.id, "missing", f"{sli.name}: no part", is_wanted, remedy=remedy)
    found = f"{sli.name}: without {', '.join(part.name for part in without)}"
    return Finding("sli", sli.id, "limited", found, is_wanted, remedy=remedy)


def _probes(profile: str) -> set[str]:
    return set(PROFILES[profile].probes)
