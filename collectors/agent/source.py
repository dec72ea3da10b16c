"""What a source is to the agent: rows that are new, how far they tell all, and what is in none of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from collectors._native import HostWatch
    from collectors.agent.happenings import Happenings
    from viflux.spool import Batch, SpoolWriter, Unread


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One hand-over, as its sources see it.

    Attributes:
        watch: Knows the interfaces and their namespaces.
        now_ns: When it began, ns since the epoch.
        sweep: All counters are read.
        drain: What is counted in the kernel is taken out.
        last: There will be no other: what waits for a timeout, or for an interface to become known, is told too.
        ends_interval: An interval of what is told once for each ends here.
    """

    watch: HostWatch
    now_ns: int
    sweep: bool = False
    drain: bool = False
    last: bool = False
    ends_interval: bool = False


class Source:
    """Has rows of one or more streams.

    What `propose` returns stays proposed until `commit`: a spool that takes nothing delays rows. All other methods have
    a body here that is right for a source which loses nothing and knows no problems.

    Attributes:
        streams: Names of the streams that it has rows of, `<record kind>.<origin>`.
    """

    streams: Sequence[str] = ()

    def look(self, watch: HostWatch, monotonic_ns: int) -> None:
        """Take a reading between hand-overs, where one is due; called at least twice a second."""

    def propose(self, turn: Turn) -> list[Batch]:
        """Return batches that are not committed."""
        raise NotImplementedError

    def watermarks(self, turn: Turn) -> Mapping[str, int]:
        """Return for streams the instant before which all their rows are committed or proposed, ns since the epoch.

        Asked after all sources have proposed.
        """
        raise NotImplementedError

    def lost(self, turn: Turn) -> list[Unread]:  # noqa: ARG002
        """Return what was lost since the last commit."""
        return []

    def tell_problems(self, happenings: Happenings, now_ns: int) -> None:
        """Make events and log lines of what a person should know."""

    def prepare(self, spool: SpoolWriter, appended: Iterable[Batch]) -> None:
        """All batches of the hand-over are about to be committed."""

    def commit(self) -> None:
        """What was proposed is written, and what was lost is told."""

    def discard(self) -> None:
        """What was proposed is not written."""
