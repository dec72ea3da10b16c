"""Renders `docs/slis.md` from the catalogue: `python -m analytics.catalogue.page`."""

from __future__ import annotations

import sys

from analytics.catalogue import CATALOGUE, REASONS, Reason, Sli, Target
from viflux.profiles import PROFILES

_HEAD = """# Service-level indicators

<!-- Rendered from analytics/catalogue by `make generate`. Do not edit. -->

Each figure is a row of the view `viflux.sli`: `numerator`, `denominator`, `value` and how complete the data behind it
are (`completeness_ratio`). A value that is not known is null, and `reason` says why; it is never 0 or a guess. To and
from are seen from the workload behind a VIF.

```sql
SELECT time, part, value, completeness_ratio, reason
FROM viflux.sli
WHERE sli = 'M1' AND scope = 'host' AND window_seconds = 60 AND time > now() - INTERVAL 1 HOUR
ORDER BY time
```

A row of 10 s closes when the host's data have passed its end; one of 60 s at the latest `window.grace` after its end.
Rows that arrive later re-open a window for `window.late`, and the newer result replaces the older one. A figure that is
made of flows stands on `samples_count` exported packets; where these were sampled, its bounds are null. Where a figure
is the least that it can be, `value_upper` is the most.
"""


def render() -> str:
    """Return the page."""
    reasons = _reasons("## Why a value is null", REASONS)
    return "\n".join([_HEAD, _profiles(), *(_section(sli) for sli in CATALOGUE.values()), reasons])


def _profiles() -> str:
    lines = [
        "## Which profile of the agent tells what\n",
        "The parts that have values in each profile of the agent (`agent.profile`), and those that exports tell.\n",
        f"| SLI | {' | '.join(f'`{name}`' for name in PROFILES)} | from exports |",
        "|---" * (len(PROFILES) + 2) + "|",
        *(_in_profiles(sli) for sli in CATALOGUE.values()),
    ]
    return "\n".join(lines) + "\n"


def _in_profiles(sli: Sli) -> str:
    depth = list(PROFILES)
    cells = []
    for name in depth:
        there = [part.name for part in sli.parts if depth.index(sli.profile_of(part)) <= depth.index(name)]
        whole = len(there) == len(sli.parts)
        cells.append("all" if whole else ", ".join(f"`{part}`" for part in there) or "none")
    exports = " or ".join(f"`{source}`" for source in sli.instead)
    cells.append(f"all, by {exports}" if exports else "none")
    return f"| [{sli.id}](#{sli.id.lower()}) {sli.name} | {' | '.join(cells)} |"


def _section(sli: Sli) -> str:
    beside = f", with the source `{sli.source}`" if sli.source else ""
    needs = " or ".join([f"profile `{sli.profile}`{beside}", *(f"source `{source}`" for source in sli.instead)])
    parts = [
        f"| `{part.name}` | {part.unit} | {_windows(part.windows or sli.windows)} | {part.meaning} |"
        for part in sli.parts
    ]
    scopes = [f"| `{name}` | {meaning} |" for name, meaning in sli.scopes.items()]
    lines = [
        f'<a id="{sli.id.lower()}"></a>\n\n## {sli.name} ({sli.id})\n',
        f"{sli.question}\n",
        "| part | unit | windows | meaning |\n|---|---|---|---|",
        *parts,
        "\n| scope | how it is summed |\n|---|---|",
        *scopes,
        f"\n* Starting target: {_target(sli.target)}.",
        f"* Completeness: {sli.completeness}",
        f"* Cannot see: {sli.cannot_see}",
        f"* Needs {needs}. Definition version {sli.definition_version}.",
    ]
    if sli.reasons:
        lines.append("\n" + _reasons("Null although data arrived:", sli.reasons).rstrip())
    return "\n".join(lines) + "\n"


def _reasons(title: str, reasons: tuple[Reason, ...]) -> str:
    rows = "\n".join(f"| `{reason.name}` | {reason.meaning} |" for reason in reasons)
    return f"{title}\n\n| reason | meaning |\n|---|---|\n{rows}\n"


def _target(target: Target | None) -> str:
    if target is None:
        return "none; what is usual differs from service to service"
    parts = ", ".join(f"`{part}`" for part in target.parts)
    span = f"from {target.at_least:g} to {target.at_most:g}" if target.at_least else f"at most {target.at_most:g}"
    return f"{parts} {span}"


def _windows(windows: tuple[int, ...]) -> str:
    return ", ".join(f"{seconds} s" for seconds in windows)


if __name__ == "__main__":
    sys.stdout.write(render())
