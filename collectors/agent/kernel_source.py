"""What every source has that is counted by programs in the kernel: its rows, what it is missing, what its work cost."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from collectors.agent.happenings import Problems
from collectors.agent.source import Source
from collectors.agent.waiting import Waiting
from collectors.cost.account import Account
from viflux import logs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from collectors._native import HostWatch
    from collectors.agent.happenings import Happenings
    from collectors.agent.source import Turn
    from collectors.cost.shedding import Step
    from viflux.settings import Settings
    from viflux.settings.schema import Ebpf
    from viflux.spool import Batch, Unread


class Loaded(Protocol):
    """A probe whose programs are in the kernel."""

    def runs(self) -> tuple[int, int]:
        """Return how often they ran and for how many ns, while the kernel took the time."""
        ...

    def memory_bytes(self) -> int:
        """Return the memory of the kernel that its maps hold."""
        ...


Probe = TypeVar("Probe", bound=Loaded)


@dataclass(frozen=True)
class ProbeKind:
    """A probe, as the agent runs it.

    Attributes:
        name: Key of `viflux.profiles.PROBES`.
        what: What it counts, for sentences.
        load: Loads its programs, attached nowhere; raises OSError where the kernel refuses.
        source: Makes its rows; without a probe while the agent is paused.
        attach: Attaches what is not attached to interfaces; raises OSError where the kernel refuses.
    """

    name: str
    what: str
    load: Callable[[Settings], Any]
    source: Callable[[Ebpf, Any], KernelSource[Any]]
    attach: Callable[[Any], None] = lambda _: None


class KernelSource(Source, Generic[Probe]):
    """A probe at work, or away while the agent is paused.

    What `propose` returns stays proposed until `commit`, so a spool that takes nothing delays rows and loses none, up
    to 64 MiB of them.

    Of a probe of its own a source has at least `_drain` and `start`.

    Attributes:
        capacity: Entries that each of its maps that count holds.

    Args:
        name: Of the probe.
        stream: Of its rows.
        capacity: As above.
        probe: Loaded; None while the agent is paused.
    """

    def __init__(self, name: str, stream: str, capacity: int, probe: Probe | None) -> None:
        self.capacity = capacity
        self.streams = (stream,)
        self._probe = probe
        self._waiting = Waiting(stream)
        self._account = Account(was_away=probe is None)
        self._problems = Problems(name)
        self._log = logs.get(name)

    @property
    def probe(self) -> Probe | None:
        """Whose programs are in the kernel; None while the agent is paused."""
        return self._probe

    @property
    def has_more(self) -> bool:
        """Whether more waits than the last proposal could take."""
        return self._waiting.has_more

    @property
    def rows_per_second(self) -> float:
        """How many rows there were lately."""
        return self._waiting.rows_per_second

    @property
    def is_behind(self) -> bool:
        """Whether `follow` ended before it had done all, and is to be called again soon."""
        return False

    def is_full(self) -> bool:
        """Whether the kernel's maps run over, so that they are to be drained."""
        return False

    def start(self, watch: HostWatch, happenings: Happenings, now_ns: int) -> None:
        """Attach to the interfaces that are there, where it does not count already, and say so."""
        raise NotImplementedError

    def follow(self, watch: HostWatch) -> None:
        """Attach to interfaces that came, detach from those that went or are not selected any more."""

    def shed(self, step: Step) -> None:
        """From the next drain on leave out what a step says. It holds over a pause."""

    def _drain(self, probe: Probe, watch: HostWatch, *, last: bool) -> None:
        """Take out what was counted, and have it wait for the spool.

        Args:
            probe: In the kernel.
            watch: Knows whose the interfaces are.
            last: There will be no other: also what waits for a timeout, or for an interface to become known.
        """
        raise NotImplementedError

    def _returned(self) -> None:
        """A probe was loaded anew: tell it what holds over a pause."""

    def propose(self, turn: Turn) -> list[Batch]:
        """Return rows that are not committed, about 8 MiB of them at most."""
        if turn.drain and self._probe is not None:
            self._drain(self._probe, turn.watch, last=turn.last)
        return self._waiting.propose()

    def watermarks(self, turn: Turn) -> Mapping[str, int]:  # noqa: ARG002
        """Return the instant before which everything is in committed or proposed rows."""
        return dict.fromkeys(self.streams, self._waiting.watermark_ns)

    def miss_from(self, since_ns: int, rows_per_second: float) -> None:
        """Count as missed what the kernel would have told since an instant, were the agent not paused."""
        self._waiting.miss_from(since_ns, rows_per_second)

    def unload(self, watch: HostWatch, now_ns: int) -> None:
        """Take out what was counted, and leave nothing in the kernel; from then on all is missed."""
        if self._probe is None:
            return
        self._drain(self._probe, watch, last=True)
        self._probe = None
        self._account.was_away = True
        self.miss_from(now_ns, self.rows_per_second)

    def resume(self, probe: Probe | None, watch: HostWatch, happenings: Happenings, now_ns: int) -> None:
        """Count again, with a probe that was loaded anew; without one where the kernel refused it."""
        self._waiting.miss_until(now_ns)
        self._probe = probe
        if probe is not None:
            self._returned()
        self.start(watch, happenings, now_ns)

    def runs(self) -> tuple[int, int]:
        """Return how often the programs ran and for how many ns, while the kernel took the time.

        Raises:
            OSError: There are none: the agent is paused.
        """
        if self._probe is None:
            raise OSError(errno.ENODATA, "the agent is paused")
        return self._probe.runs()

    def memory_bytes(self) -> int:
        """Return the memory of the kernel that the maps hold."""
        return self._probe.memory_bytes() if self._probe is not None else 0

    def take_account(self) -> Account:
        """Return what was done since the last call."""
        taken, self._account = self._account, Account(was_away=self._probe is None)
        return taken

    def lost(self, turn: Turn) -> list[Unread]:
        """Return what was lost since the last commit; a packet that is in no row is one row at most."""
        return self._waiting.lost(turn.now_ns)

    def commit(self) -> None:
        """What was proposed is written."""
        self._waiting.commit()

    def tell_problems(self, happenings: Happenings, now_ns: int) -> None:
        """Make events and log lines of what a person should know."""
        self._problems.tell(happenings, now_ns)
