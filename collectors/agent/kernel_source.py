"""What every source has that is counted by programs in the kernel: its rows, what it is missing, what its work cost."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from collectors.agent.happenings import Problems
from collectors.agent.waiting import Waiting
from collectors.cost.account import Account
from viflux import logs

if TYPE_CHECKING:
    from collectors.agent.happenings import Happenings
    from viflux.spool import Unread


class Loaded(Protocol):
    """A probe whose programs are in the kernel."""

    def runs(self) -> tuple[int, int]:
        """Return how often they ran and for how many ns, while the kernel took the time."""
        ...

    def memory_bytes(self) -> int:
        """Return the memory of the kernel that its maps hold."""
        ...


Probe = TypeVar("Probe", bound=Loaded)


class KernelSource(Generic[Probe]):
    """A probe at work, or away while the agent is paused.

    What `propose` returns stays proposed until `commit`, so a spool that takes nothing delays rows and loses none, up
    to 64 MiB of them.

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
    def watermark_ns(self) -> int:
        """The instant before which everything is in committed or proposed rows."""
        return self._waiting.watermark_ns

    def miss_from(self, since_ns: int, rows_per_second: float) -> None:
        """Count as missed what the kernel would have told since an instant, were the agent not paused."""
        self._waiting.miss_from(since_ns, rows_per_second)

    def _leave(self, now_ns: int) -> None:
        """Leave nothing in the kernel; from now on all is missed."""
        self._probe = None
        self._account.was_away = True
        self.miss_from(now_ns, self.rows_per_second)

    def _return(self, probe: Probe | None, now_ns: int) -> None:
        """Count again, with a probe that was loaded anew; without one where the kernel refused it."""
        self._waiting.miss_until(now_ns)
        self._probe = probe

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

    def lost(self, now_ns: int) -> list[Unread]:
        """Return what was lost since the last commit; a packet that is in no row is one row at most."""
        return self._waiting.lost(now_ns)

    def commit(self) -> None:
        """What was proposed is written."""
        self._waiting.commit()

    def tell_problems(self, happenings: Happenings, now_ns: int) -> None:
        """Make events and log lines of what a person should know."""
        self._problems.tell(happenings, now_ns)
