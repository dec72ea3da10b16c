"""One source of exports at work: opened, started, asked for what it has, stopped."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from collectors import _native
from collectors.agent.batches import batches
from collectors.agent.happenings import Problems
from collectors.exporters.state import Position, StateFile
from viflux import logs
from viflux.clock import DAY_NS
from viflux.errors import VifluxError
from viflux.settings.address import network
from viflux.spool import Unread
from viflux.supervisor.addresses import udp_refusal

if TYPE_CHECKING:
    from collectors.exporters.origin import Origin
    from viflux.paths import DataPaths
    from viflux.settings import Settings
    from viflux.spool import Batch

_MOST_TAKEN_BYTES = 8 << 20
"""Taken at one go: half of what the spool's writer takes before it commits."""

_SKIPPED_HERE = ("socket", "shed")
"""Causes of loss here that exporters' sequence numbers show as well; they come before `exporter_gap`."""


ACCOUNTS = "exporters.agent"
"""Stream of the accounts of exporters."""

_UNUSABLE = "what an earlier run knew of exporters cannot be used"
_ANEW = "their templates and rates are learned anew"
_BEHIND = "what was kept of exporters is not of the same instant as the newest rows, as after a loss of power"
_UPPER_BOUND = "gaps that are found at this start may have been received in part"
_NO_GAP = "what exporters sent before this start is not counted as a gap"


class Listening:
    """The listeners of one source.

    What `propose` returns stays proposed until `commit`. Where the spool refuses it, it waits here; the native core
    stops to decode when `exporters.queue_bytes` wait, and sheds whole datagrams when as many wait to be decoded.

    Args:
        origin: Which source it is.
        settings: All settings; the source must be on.
        paths: Where its state is kept.

    Raises:
        VifluxError: An address cannot be listened on.
    """

    def __init__(self, origin: Origin, settings: Settings, paths: DataPaths) -> None:
        self.origin = origin
        self.settled_time_ns = 0
        self._file = StateFile(paths.exporters / f"{origin.name}.state") if settings.exporters.state else None
        self._log = logs.get("exporters")
        self._native = _open(origin, settings)
        self._waiting: list[Batch] = []
        # It holds for exactly what was handed over until then; None where that is not known.
        self._proposed_state: bytes | None = None
        self._written: tuple[bytes, Position] | None = None
        self._prepared: tuple[bytes, Position] | None = None
        self._is_partial = False
        self.problems = Problems("exporters")
        self._totals: dict[str, tuple[int, int]] = {}
        self._accounted: dict[str, tuple[int, int]] = {}
        self._rows_per_datagram = 0.0
        self._received = -1
        self._stated_day: int | None = None
        self._proposed_day: int | None = None

    @property
    def addresses(self) -> list[str]:
        """Where it listens."""
        return self._native.addresses()

    @property
    def has_more(self) -> bool:
        """Whether more waits than the last proposal could take."""
        return self._is_partial

    def resume(self, position: Position) -> None:
        """Take in what an earlier run knew of exporters, before `start`.

        Args:
            position: Where the spool is.
        """
        known = self._file.resume(position, ACCOUNTS) if self._file else None
        if known is None:
            return
        if not known.state:
            detail = f"{_UNUSABLE} (its checksum is wrong, or its version is another one): {_ANEW}"
            self.problems.add("exports_state_unreadable", self.origin.stream, detail)
            return
        if not known.is_current:
            said = _UPPER_BOUND if known.has_numbers else _NO_GAP
            self.problems.add("exports_state_behind", self.origin.stream, f"{_BEHIND}: {said}")
        self._native.restore(known.state, accounts=known.has_untold_accounts, numbers=known.has_numbers)

    def start(self) -> None:
        """Start the threads; they have the capabilities that this one has now."""
        self._native.start()

    def status(self) -> _native.ListenerStatus:
        """Return what was counted so far."""
        return self._native.status()

    def is_due(self, most_waiting_bytes: int) -> bool:
        """Whether so much waits that it should be handed over at once."""
        return self.status().waiting_bytes >= most_waiting_bytes

    def has_news(self) -> bool:
        """Whether anything came since the last call, or waits."""
        status = self.status()
        received, self._received = self._received, sum(status.received)
        return self._received != received or status.waiting_bytes > 0 or status.parked > 0

    def set_local_vifs(self, interfaces: list[tuple[int, str, int]]) -> None:
        """Tell (ifindex, name, vif_id) of the interfaces in the agent's network namespace."""
        self._native.set_local_vifs(interfaces)

    def propose(self, now_ns: int) -> list[Batch]:
        """Return what was decoded; a second call before `commit` returns the same.

        Interfaces of exporters are stated whole at start and once each UTC day.
        """
        if self._waiting:
            return self._waiting
        self._proposed_day = now_ns // DAY_NS
        handed = self._native.take(_MOST_TAKEN_BYTES, whole=self._stated_day != self._proposed_day)
        for stream, messages in handed.messages:
            self._waiting += batches(stream, messages)
        self._is_partial = handed.is_partial
        if handed.state is not None or self._waiting:
            # Without rows the one before still holds.
            self._proposed_state = handed.state
        for problem in handed.problems:
            self.problems.add(*problem)
        self.settled_time_ns = max(self.settled_time_ns, handed.settled_time_ns)
        self._totals = {cause: (datagrams, flows) for cause, datagrams, flows in handed.lost}
        if handed.decoded_datagrams:
            self._rows_per_datagram = handed.flows / handed.decoded_datagrams
        return self._waiting

    def lost(self) -> list[Unread]:
        """Return what the proposal knows to be lost since the last committed one.

        Where whole datagrams were lost, their rows are reckoned by the mean of those that were decoded. Refused ones
        are of exporters that nobody wants to hear: they are no loss of rows. What was lost here is missing in the
        exporters' sequence numbers too: `exporter_gap` is what they skipped beyond that.
        """
        found = []
        here = 0
        for cause, (datagrams, flows) in self._totals.items():
            before = self._accounted.get(cause, (0, 0))
            more = max(0, datagrams - before[0])
            rows = max(0, flows - before[1]) + round(more * self._rows_per_datagram)
            if cause in _SKIPPED_HERE:
                here += rows
            elif cause == "refused":
                rows = 0
            elif cause == "exporter_gap":
                rows, more = max(0, rows - here), 0
            if rows or more:
                # Only flows that an exporter's numbers skipped are counted; rows of whole datagrams are reckoned.
                is_counted = (more == 0 and cause == "exporter_gap") or cause == "refused"
                origin = "counted" if is_counted else "estimated"
                found.append(Unread(self.origin.stream, cause, rows, more, origin))
        return found

    def prepare(self, position: Position) -> None:
        """What was proposed is about to be written: the spool will be at `position` then."""
        self._prepared = None
        state = self._proposed_state
        if state is None or self._file is None:
            return
        if self._written is not None and self._written[0] is state and self._written[1] == position:
            return
        try:
            self._file.prepare(state, position)
            self._prepared = (state, position)
        except OSError as error:
            self._not_kept(error)

    def commit(self) -> None:
        """What was proposed is written."""
        self._waiting = []
        self._stated_day = self._proposed_day
        self._native.settle()
        self._accounted = dict(self._totals)
        if self._prepared is not None and self._file is not None:
            try:
                self._file.adopt()
                self._written = self._prepared
            except OSError as error:
                self._not_kept(error)
        self._prepared = None

    def _not_kept(self, error: OSError) -> None:
        # The next one has it again; a kill before that leaves the run after it with an older one, which it tells.
        self._log.warning("the state of exporters cannot be kept", reason=str(error))

    def stop(self) -> None:
        """Receive no more and decode what came; what is left can still be proposed."""
        self._native.stop()


def _open(origin: Origin, settings: Settings) -> _native.ExportListener:
    exporters = settings.exporters
    listens = origin.listens(settings)
    arguments: dict[str, Any] = {
        "stream": origin.stream,
        "listen": [(host, port) for _, host, port in listens],
        "sockets": exporters.sockets,
        "receive_buffer": int(exporters.receive_buffer),
        "queue_bytes": int(exporters.queue_bytes),
        "allow": [network(text) for text in exporters.allow],
        "site": exporters.site,
        "known": list(exporters.known),
        "park_bytes": int(exporters.park_bytes),
        "park_time_ns": int(exporters.park_time),
        "max_exporters": exporters.max_exporters,
        "max_templates": exporters.max_templates,
        "raw_elements": exporters.raw_elements,
    }
    try:
        return _native.ExportListener(**arguments)
    except OSError as error:
        setting, host, port = listens[int(error.filename)] if str(error.filename).isdigit() else listens[0]
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        raise VifluxError(f"{setting}: {udp_refusal(error, address)}") from error


def hears_only_loopback(origin: Origin, settings: Settings) -> list[str]:
    """Return the addresses beyond loopback at which nobody is heard because `exporters.allow` is empty."""
    if settings.exporters.allow:
        return []
    return [
        f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        for _, host, port in origin.listens(settings)
        if not ipaddress.ip_address(host).is_loopback
    ]
