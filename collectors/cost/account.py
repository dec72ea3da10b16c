"""What a probe says of its work, for the rows of its cost."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Account:
    """What a probe did since its last account.

    Attributes:
        runs: How often its programs ran, as its maps say.
        entries: Most entries that lay in one of its maps that count.
        overflowed_packets: Packets that came through the ring.
        uncounted_packets: Packets that are in no row.
        was_away: It was not in the kernel for some of the time.
    """

    runs: int = 0
    entries: int = 0
    overflowed_packets: int = 0
    uncounted_packets: int = 0
    was_away: bool = False

    def add(self, *, runs: int, entries: int, overflowed_packets: int = 0, uncounted_packets: int = 0) -> None:
        """Take in a drain."""
        self.runs += runs
        self.entries = max(self.entries, entries)
        self.overflowed_packets += overflowed_packets
        self.uncounted_packets += uncounted_packets
