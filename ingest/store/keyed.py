"""Conditions on time that the tables' sorting keys can use.

Most keys begin with a coarse time, such as `toStartOfFiveMinutes(time)`. The engine does not derive from `time >= x`
that this is not before that of x, so of a part nearly all is read unless it is said.
"""

from __future__ import annotations

import re

from ingest.store.literals import instant
from viflux.registry import KINDS

_COARSE = re.compile(r"\((\w+)\(time\),")


def since(kind: str, time: str, from_ns: int) -> str:
    """Return SQL: whether a time is not before an instant.

    Args:
        kind: Whose table is read.
        time: Its column `time`, with the alias that it has there.
        from_ns: The instant, nanoseconds since the epoch.
    """
    return f"{time} >= {instant(from_ns)}{_coarse(kind, time, '>=', from_ns)}"


def until(kind: str, time: str, to_ns: int, *, inclusive: bool = False) -> str:
    """Return SQL: whether a time is before an instant, or at it; arguments as `since`."""
    return f"{time} {'<=' if inclusive else '<'} {instant(to_ns)}{_coarse(kind, time, '<=', to_ns)}"


def _coarse(kind: str, time: str, comparison: str, ns: int) -> str:
    found = _COARSE.match(KINDS[kind].order_by)
    return f" AND {found[1]}({time}) {comparison} {found[1]}({instant(ns)})" if found else ""
