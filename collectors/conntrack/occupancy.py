"""How full the table of a network namespace was over an interval, from readings. Pure: time is an argument."""

from __future__ import annotations

from dataclasses import dataclass, field

FEWEST_POINTS = 3
"""A line through two readings says nothing of what is between them."""


@dataclass(frozen=True)
class Counters:
    """What happened in a namespace since it was made.

    Attributes:
        dropped: Packets that found the table full.
        early_dropped: Entries thrown out to make room.
        insert_failed: Packets whose entry was there already.
        invalid: Packets of no connection that could be.
    """

    dropped: int
    early_dropped: int
    insert_failed: int
    invalid: int

    def since(self, before: Counters) -> Counters | None:
        """Return what was added; None where one went back, for then nobody knows."""
        added = Counters(
            self.dropped - before.dropped,
            self.early_dropped - before.early_dropped,
            self.insert_failed - before.insert_failed,
            self.invalid - before.invalid,
        )
        return None if min(added.dropped, added.early_dropped, added.insert_failed, added.invalid) < 0 else added


@dataclass(frozen=True, kw_only=True)
class Row:
    """One namespace over one interval; the members are columns of `hosts`."""

    time: int
    duration_ns: int
    namespace: str
    conntrack_entries_count: int
    conntrack_peak_count: int
    conntrack_max_count: int | None
    conntrack_readings_count: int
    conntrack_growth_per_second: float | None
    conntrack_full_seconds: float | None
    conntrack_dropped_packets: int | None
    conntrack_early_dropped_count: int | None
    conntrack_insert_failed_packets: int | None
    conntrack_invalid_packets: int | None


@dataclass
class Table:
    """One namespace's table.

    Attributes:
        name: Of the namespace.
        since_ns: From when on it is told of, ns since the epoch.
        points: Readings of this interval: ns since the epoch, entries.
        max: How many it may hold, 0 for no limit; None where the kernel does not tell.
        before: Counters at the end of the interval before.
        now: The newest.
    """

    name: str
    since_ns: int
    points: list[tuple[int, int]] = field(default_factory=list)
    max: int | None = None
    before: Counters | None = None
    now: Counters | None = None

    def read(self, time_ns: int, entries: int, most: int | None) -> None:
        """Take in a reading."""
        self.points.append((time_ns, entries))
        self.max = most

    def end(self, end_ns: int) -> Row | None:
        """End the interval and return its row; None where there was no reading. The next one begins."""
        points, self.points = self.points, []
        since_ns, self.since_ns = min(self.since_ns, end_ns), end_ns
        added = self.now.since(self.before) if self.now is not None and self.before is not None else None
        self.before = self.now
        if not points:
            return None
        entries = points[-1][1]
        growth = slope(points)
        return Row(
            time=since_ns,
            duration_ns=end_ns - since_ns,
            namespace=self.name,
            conntrack_entries_count=entries,
            conntrack_peak_count=max(entries for _, entries in points),
            conntrack_max_count=self.max,
            conntrack_readings_count=len(points),
            conntrack_growth_per_second=growth,
            conntrack_full_seconds=seconds_to_full(entries, self.max, growth),
            conntrack_dropped_packets=added.dropped if added else None,
            conntrack_early_dropped_count=added.early_dropped if added else None,
            conntrack_insert_failed_packets=added.insert_failed if added else None,
            conntrack_invalid_packets=added.invalid if added else None,
        )


def slope(points: list[tuple[int, int]]) -> float | None:
    """Return the slope of the least-squares line through readings, in entries/s.

    Args:
        points: ns since the epoch, entries.

    Returns:
        None with fewer than three readings, or where they are of one instant.
    """
    if len(points) < FEWEST_POINTS:
        return None
    first_ns = points[0][0]
    seconds = [(time_ns - first_ns) / 1e9 for time_ns, _ in points]
    mean_seconds = sum(seconds) / len(points)
    mean_entries = sum(entries for _, entries in points) / len(points)
    spread = sum((at - mean_seconds) ** 2 for at in seconds)
    if spread == 0:
        return None
    both = ((at - mean_seconds) * (entries - mean_entries) for at, (_, entries) in zip(seconds, points, strict=True))
    return sum(both) / spread


def seconds_to_full(entries: int, most: int | None, growth: float | None) -> float | None:
    """Return how long until the table is full; 0 where it is, None where it is not known or does not come.

    Args:
        entries: It has now.
        most: It may have; 0 or None for no limit that is known.
        growth: Entries a second.
    """
    if not most:
        return None
    if entries >= most:
        return 0.0
    if growth is None or growth <= 0:
        return None
    return (most - entries) / growth
