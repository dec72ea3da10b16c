"""A finding: one thing that was looked at, whether it is as it should be, and what to do."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Literal

State = Literal["ok", "limited", "missing", "unknown"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; its fields are the columns that `viflux doctor` prints, in this order.

    Attributes:
        kind: What it is: `host`, `agent`, `probe`, `source`, `store` or `sli`.
        name: Which one.
        state: `ok`; `limited`: it works, with a part missing; `missing`: it does not; `unknown`: that cannot be told.
        wanted: Whether the settings ask for it. Where a wanted one is missing, `viflux doctor` fails.
        found: What was seen, one clause.
        profile: The shallowest profile of the agent that has it; empty for what each needs.
        needs: Capabilities, kernel, settings: one clause; empty for nothing.
        remedy: What to do, one clause; empty where nothing is to be done.
    """

    kind: str
    name: str
    state: State
    found: str
    wanted: bool = True
    profile: str = ""
    needs: str = ""
    remedy: str = ""

    def needing(self, needs: str, profile: str = "") -> Finding:
        """Return the same with what it needs."""
        return replace(self, needs=needs, profile=profile)


COLUMNS = tuple(field.name for field in fields(Finding))
"""Names of what a finding tells, in order."""


def named(findings: list[Finding], kind: str, name: str) -> Finding | None:
    """Return the finding of a kind and name; None where that was not looked at."""
    return next((one for one in findings if (one.kind, one.name) == (kind, name)), None)
