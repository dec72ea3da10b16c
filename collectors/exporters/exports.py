"""All sources of exports of this agent, as the hand-over sees them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from prometheus_client import Gauge

from collectors.agent.source import Source
from collectors.exporters.listening import ACCOUNTS, Listening, hears_only_loopback
from collectors.exporters.state import Position
from collectors.ipfix.source import IPFIX
from collectors.sflow.source import SFLOW
from viflux import logs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from collectors.agent.happenings import Happenings
    from collectors.agent.source import Turn
    from viflux.paths import DataPaths
    from viflux.settings import Settings
    from viflux.spool import Batch, SpoolWriter, Unread

ORIGINS = (SFLOW, IPFIX)

SHARED_STREAMS = ("counters.sflow", "hosts.sflow", "drops.sflow", "inventory.exports", ACCOUNTS)
"""Streams that every source may have rows of."""

_MOST_WAITING_BYTES = 4 << 20
"""So much is handed over at once, before its second is over."""

_RECEIVED = Gauge("viflux_agent_export_datagrams", "Datagrams of exporters received since the start", ["listener"])
_REFUSED = Gauge("viflux_agent_export_refused", "Datagrams of exporters that are not allowed", ["listener"])
_SHED = Gauge("viflux_agent_export_shed", "Datagrams beyond their exporter's share of the queue", ["listener"])
_CUT = Gauge("viflux_agent_export_cut", "Datagrams longer than any UDP datagram should be", ["listener"])
_DROPPED = Gauge("viflux_agent_export_socket_drops", "Datagrams that the kernel dropped at the socket", ["listener"])
_QUEUED = Gauge("viflux_agent_export_queued_bytes", "Bytes of datagrams that wait to be decoded", ["source"])
_WAITING = Gauge("viflux_agent_export_waiting_bytes", "Bytes of decoded rows that wait for the spool", ["source"])
_PARKED = Gauge("viflux_agent_export_parked", "Datagrams that wait for a template or a sampling rate", ["source"])
_FLOWS = Gauge("viflux_agent_export_flows", "Flow rows decoded since the start", ["source"])
_CPU = Gauge(
    "viflux_agent_export_cpu_seconds", "Processor time since the start, by part of the work", ["source", "work"]
)
_ERRORS = Gauge("viflux_agent_export_receive_errors", "Times that the kernel refused to receive", ["source"])


class Exports(Source):
    """The sources of exports that are on.

    Args:
        sources: Opened ones, perhaps none.
    """

    def __init__(self, sources: Sequence[Listening], *, wants_local_vifs: bool = False) -> None:
        self._sources = tuple(sources)
        self.wants_local_vifs = wants_local_vifs
        self.streams = (*(source.origin.stream for source in sources), *SHARED_STREAMS) if sources else ()
        self._local: list[tuple[int, str, int]] | None = None
        self._log = logs.get("exporters")

    @classmethod
    def open(cls, settings: Settings, paths: DataPaths) -> Exports:
        """Bind the sockets of all sources that are on; nothing is received before `start`.

        Raises:
            VifluxError: An address cannot be listened on; the message names the setting.
        """
        known = settings.exporters.known
        return cls(
            [Listening(origin, settings, paths) for origin in ORIGINS if origin.listens(settings)],
            wants_local_vifs=any(entry.interfaces == "kernel" or entry.ifname for entry in known),
        )

    def __bool__(self) -> bool:
        return bool(self._sources)

    def resume(self, spool: SpoolWriter) -> None:
        """Take in what an earlier run knew, before `start`."""
        for source in self._sources:
            source.resume(self._position(source, spool, {}))

    def start(self, settings: Settings, happenings: Happenings, now_ns: int) -> None:
        """Start to receive, and say so.

        Raises:
            OSError: The kernel gives no thread.
        """
        for source in self._sources:
            source.start()
            addresses = ", ".join(source.addresses)
            happenings.tell(now_ns, "listening", source.origin.name, f"exports are received at {addresses}")
            self._log.info("listening", source=source.origin.name, addresses=addresses)
            for address in hears_only_loopback(source.origin, settings):
                detail = f"{address}: only exporters on this host are heard; name others in exporters.allow"
                happenings.tell(now_ns, "exporters_not_allowed", source.origin.name, detail)
                self._log.warning(detail)

    def stop(self) -> None:
        """Receive no more; what came is decoded, and can be proposed."""
        for source in self._sources:
            source.stop()

    @property
    def has_more(self) -> bool:
        """Whether more waits than the last proposal could take."""
        return any(source.has_more for source in self._sources)

    def has_news(self) -> bool:
        """Whether anything came since the last call, or waits."""
        # Each is asked, for each notes what it had.
        news = [source.has_news() for source in self._sources]
        return any(news)

    def is_due(self) -> bool:
        """Whether so much waits that it should be handed over at once."""
        return any(source.has_more or source.is_due(_MOST_WAITING_BYTES) for source in self._sources)

    def set_local_vifs(self, interfaces: list[tuple[int, str, int]]) -> None:
        """Tell (ifindex, name, vif_id) of the interfaces in the agent's network namespace."""
        if interfaces != self._local:
            self._local = interfaces
            for source in self._sources:
                source.set_local_vifs(interfaces)

    def propose(self, turn: Turn) -> list[Batch]:
        """Return all that was decoded since the last committed proposal."""
        return [batch for source in self._sources for batch in source.propose(turn.now_ns)]

    def watermarks(self, turn: Turn) -> Mapping[str, int]:  # noqa: ARG002
        """Return for each stream the instant before which all that was received is in committed or proposed batches.

        It is by the time of receipt: what exporters tell of is older, and what waits for a template comes late.
        """
        settled = {source.origin.stream: source.settled_time_ns for source in self._sources}
        return {**settled, **dict.fromkeys(SHARED_STREAMS, min(settled.values()))} if settled else {}

    def lost(self, turn: Turn) -> list[Unread]:  # noqa: ARG002
        """Return what the proposal knows to be lost since the last committed one."""
        return [lost for source in self._sources for lost in source.lost()]

    def prepare(self, spool: SpoolWriter, appended: Iterable[Batch]) -> None:
        """What was proposed is about to be committed.

        Args:
            spool: Which commits it.
            appended: All batches of the commit.
        """
        counts = Counter(batch.stream for batch in appended)
        for source in self._sources:
            source.prepare(self._position(source, spool, counts))

    def commit(self) -> None:
        """What was proposed is written."""
        for source in self._sources:
            source.commit()

    @staticmethod
    def _position(source: Listening, spool: SpoolWriter, counts: Mapping[str, int]) -> Position:
        streams = (source.origin.stream, *SHARED_STREAMS)
        return Position(
            spool.spool_id, {stream: spool.next_sequence(stream) + counts.get(stream, 0) for stream in streams}
        )

    def tell_problems(self, happenings: Happenings, now_ns: int) -> None:
        """Make events and log lines of what a person should know."""
        for source in self._sources:
            source.problems.tell(happenings, now_ns)

    def measure(self) -> None:
        """Bring the metrics up to date."""
        for source in self._sources:
            status = source.status()
            counted = (
                (_RECEIVED, status.received),
                (_REFUSED, status.refused),
                (_SHED, status.shed),
                (_CUT, status.cut),
                (_DROPPED, status.socket_dropped),
            )
            for gauge, values in counted:
                for address, value in zip(status.addresses, values, strict=True):
                    gauge.labels(address).set(value)
            name = source.origin.name
            _QUEUED.labels(name).set(status.queued_bytes)
            _WAITING.labels(name).set(status.waiting_bytes)
            _PARKED.labels(name).set(status.parked)
            _FLOWS.labels(name).set(status.flows)
            _ERRORS.labels(name).set(status.receive_errors)
            _CPU.labels(name, "receive").set(status.receive_cpu_ns / 1e9)
            _CPU.labels(name, "decode").set(status.decode_cpu_ns / 1e9)
            _CPU.labels(name, "encode").set(status.encode_cpu_ns / 1e9)
