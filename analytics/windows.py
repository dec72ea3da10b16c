"""Which windows are due, and how they are handed to the store: few statements, each over a bounded span."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from viflux.clock import NANOSECONDS

ALIGNMENT_NS = 60 * NANOSECONDS
"""Spans that are looked at begin at a full minute, else a window at their edge would seem to have fewer hand-overs."""


@dataclass(frozen=True)
class DueWindow:
    """One window of one host for which an SLI has no result at this data revision.

    Attributes:
        sli: Id in the catalogue.
        host: Whose data.
        window_ns: Its start.
        data_revision: How many hand-overs had touched it when it was asked for.
        is_recomputed: There is a result, of older data.
        is_late: Its data came too late to be used.
    """

    sli: str
    host: str
    window_ns: int
    data_revision: int
    is_recomputed: bool
    is_late: bool


@dataclass(frozen=True)
class Batch:
    """Windows of one length that one statement computes, for all SLIs of which they are due.

    Attributes:
        slis: Ids in the catalogue.
        window_seconds: Their length.
        windows: Newest first, never empty; each stands for all of `slis`.
    """

    slis: tuple[str, ...]
    window_seconds: int
    windows: tuple[DueWindow, ...]

    @property
    def from_ns(self) -> int:
        """Start of the oldest window."""
        return min(window.window_ns for window in self.windows)

    @property
    def to_ns(self) -> int:
        """End of the newest window."""
        return max(window.window_ns for window in self.windows) + self.window_seconds * NANOSECONDS


def batches(
    windows: Iterable[DueWindow], window_seconds: int, most_windows: int, longest_seconds: int
) -> Iterator[Batch]:
    """Group windows by the SLIs of which they are due into statements of bounded work.

    Args:
        windows: Newest first.
        window_seconds: Their length.
        most_windows: Most windows in one statement.
        longest_seconds: Longest span that one statement reads, for windows that lie far apart.
    """
    longest_ns = max(longest_seconds, window_seconds) * NANOSECONDS
    slis_of: dict[tuple[str, int, int], list[DueWindow]] = {}
    for window in windows:
        slis_of.setdefault((window.host, window.window_ns, window.data_revision), []).append(window)
    by_slis: dict[tuple[str, ...], list[DueWindow]] = {}
    for same in slis_of.values():
        by_slis.setdefault(tuple(sorted(window.sli for window in same)), []).append(same[0])
    for slis, due in by_slis.items():
        group: list[DueWindow] = []
        for window in due:
            newest_ns = group[0].window_ns if group else window.window_ns
            span_ns = newest_ns + window_seconds * NANOSECONDS - window.window_ns
            if group and (len(group) == most_windows or span_ns > longest_ns):
                yield Batch(slis, window_seconds, tuple(group))
                group = []
            group.append(window)
        if group:
            yield Batch(slis, window_seconds, tuple(group))
